//! Columns of a form: one reaches to where the next label starts, however short its own label is, and a text field whose label
//! heads the column of a table has all of its cells.

use std::rc::Rc;

use super::candidate::Candidate;
use super::context::{ABOVE, Context, Place, Surroundings};
use super::layout::{Rect, Span};

/// How well a label stands over a text of its column that starts behind the label's end.
const IN_COLUMN: f32 = 0.85;
/// Lines above a text that are searched for the label of its column, and how far above it stands at most, in font sizes.
const LINES: usize = 4;
const NEAR: f32 = 2.5;
/// Letters that a label has at least.
const LETTERS: usize = 3;
/// How far apart the rows of a table stand at most, in font sizes, and how much further than the first two of them.
const APART: f32 = 4.0;
const LOOSER: f32 = 1.0;
/// Bytes of a cell, at most; longer ones are paragraphs.
const LONGEST_CELL: usize = 60;
/// Cells of a column that are one text, at most.
const MOST_CELLS: usize = 40;

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

    /// The cells of a column from its first one, which stands under a label of the template: texts of one kind, in line with each
    /// other, with other cells in their rows. `None` where there is no second one.
    pub(super) fn cells_of_column(&self, first: usize) -> Option<Vec<Span>> {
        let layout = self.layout;
        let own = &layout.segments[first];
        if !self.is_cell(first) || !self.has_neighbours(own.line) {
            return None;
        }
        let page = layout.pages[layout.lines[own.line].page].clone();
        let mut cells = vec![first];
        let mut gap: Option<f32> = None;
        for line in own.line + 1..page.end {
            let last = &layout.segments[cells[cells.len() - 1]];
            let most = gap.map_or(APART, |gap| gap + LOOSER) * own.size;
            if layout.lines[line].rect.y0 - last.rect.y1 > most || cells.len() == MOST_CELLS {
                break;
            }
            let mut under = layout.lines[line].segments.clone();
            let Some(next) = under.find(|&s| layout.segments[s].rect.overlap_x(own.rect) > 0.0) else {
                continue;
            };
            let found = &layout.segments[next];
            let is_like = is_in_line(own.rect, found.rect, own.size)
                && is_mostly_digits(layout.text(found)) == is_mostly_digits(layout.text(own));
            if !is_like
                || !self.is_cell(next)
                || !self.has_neighbours(line)
                || found.rect.y0 < last.rect.centre_y()
            {
                break;
            }
            gap.get_or_insert((found.rect.y0 - last.rect.y1) / own.size);
            cells.push(next);
        }
        (cells.len() > 1).then(|| cells.iter().map(|&cell| layout.segments[cell].span()).collect())
    }

    fn is_cell(&self, segment: usize) -> bool {
        let label = &self.segments[segment];
        let text = self.layout.text(&self.layout.segments[segment]);
        !self.is_label(segment)
            && text.len() <= LONGEST_CELL
            && text.contains(char::is_alphanumeric)
            && !label.matches.iter().any(|m| m.similarity > 0.97)
    }

    /// Whether other cells stand in a line.
    fn has_neighbours(&self, line: usize) -> bool {
        let mut segments = self.layout.lines[line].segments.clone();
        segments.len() > 1 && segments.all(|s| !self.is_label(s))
    }
}

/// Whether two cells are set left, right or in the middle of the same column.
fn is_in_line(a: Rect, b: Rect, size: f32) -> bool {
    [(a.x0, b.x0), (a.x1, b.x1), (a.centre_x(), b.centre_x())].iter().any(|(a, b)| (a - b).abs() < 0.8 * size)
}

/// Whether half of a text and more are digits.
fn is_mostly_digits(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    2 * digits >= text.chars().filter(|c| c.is_alphanumeric()).count()
}
