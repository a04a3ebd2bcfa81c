//! The labels of columns: a column of a form reaches to where the next label starts, however short its own label is.

use std::rc::Rc;

use super::candidate::Candidate;
use super::context::{ABOVE, Context, Place, Surroundings};

/// How well a label stands over a text of its column that starts behind the label's end.
const IN_COLUMN: f32 = 0.85;
/// Lines above a text that are searched for the label of its column, and how far above it stands at most, in font sizes.
const LINES: usize = 4;
const NEAR: f32 = 2.5;
/// Letters that a label has at least.
const LETTERS: usize = 3;

impl Surroundings<'_> {
    /// The label of the column that a text is the first of its line in: of what starts left of it in the lines above, what
    /// starts furthest to the right.
    pub(super) fn of_column(&self, candidate: &Candidate) -> Option<Context> {
        let layout = self.layout;
        let own = &layout.segments[candidate.segment];
        let line = &layout.lines[own.line];
        // What stands alone in its line is in no column.
        if candidate.start() != own.range.start || line.segments.len() < 2 {
            return None;
        }
        let first = layout.pages[line.page].start.max(own.line.saturating_sub(LINES));
        let letters = |s: usize| {
            layout.text(&layout.segments[s]).chars().filter(|c| c.is_alphabetic()).count() >= LETTERS
        };
        let is_above = |&s: &usize| {
            let rect = layout.segments[s].rect;
            rect.x0 <= own.rect.x0 + own.size
                && rect.centre_y() < own.rect.centre_y() - 0.5 * own.size
                && own.rect.y0 - rect.y1 < NEAR * own.size
        };
        let above = (first..own.line).flat_map(|line| layout.lines[line].segments.clone());
        let start = |s: usize| layout.segments[s].rect.x0;
        let label = above
            .filter(is_above)
            .filter(|&s| letters(s))
            .max_by(|&a, &b| start(a).total_cmp(&start(b)).then(a.cmp(&b)))?;
        let is_first = (line.segments.start..candidate.segment).all(|s| start(s) < start(label) - own.size);
        (self.is_label(label) && is_first).then(|| Context {
            place: Place::Above,
            geometry: ABOVE[0] * IN_COLUMN,
            matches: Rc::clone(&self.segments[label].matches),
            segment: Some(label),
        })
    }
}
