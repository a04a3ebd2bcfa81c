//! Which labels stand in the boxes of a form, and whose they are: those of what stands in the same box, or in the box right below.

use std::rc::Rc;

use super::candidate::Candidate;
use super::context::{ABOVE, Context, FAR, Place, Surroundings};
use super::layout::Rect;

/// A label is less of one of what stands beyond the edge of its box, if something else stands in the box with it.
pub(super) const BEYOND_BOX: f32 = 0.6;
/// Height of the box of a heading, in its font sizes.
const HEADING_LINES: f32 = 3.5;
/// How well a label stands over a text that is in its box on the form and not under it.
pub(super) const IN_BOX: f32 = 0.9;
/// What each line between them takes from that.
const LOWER_IN_BOX: f32 = 0.03;
/// Lines that a box on a form has at most.
const BOX_LINES: f32 = 7.0;

impl Surroundings<'_> {
    /// How much of a label a segment still is for a text at this place: less beyond the edge of its box on a form, if something
    /// else stands in the box with it.
    pub(super) fn within_box(&self, label: usize, text: Rect) -> f32 {
        if self.segments[label].matches.is_empty() {
            return 1.0;
        }
        let around = self.answered[label].get_or_init(|| self.answered_box(label));
        if around.is_some_and(|around| !holds(around, text)) { BEYOND_BOX } else { 1.0 }
    }

    /// Whether a text below a label stands in the box that the label heads from a box of its own, wherever in it; `None` where it
    /// heads none.
    pub(super) fn in_headed_box(&self, label: usize, text: Rect) -> Option<bool> {
        if self.segments[label].matches.is_empty() {
            return None;
        }
        let headed = self.headed[label].get_or_init(|| self.headed_box(label)).as_ref()?;
        Some(headed.x0 < text.centre_x() && text.centre_x() < headed.x1)
    }

    /// The box right below that of a label which stands alone in its own, as the heading of a column does: between the same rules, and
    /// with a text that is no label.
    fn headed_box(&self, label: usize) -> Option<Rect> {
        let layout = self.layout;
        let own = &layout.segments[label];
        let page = layout.lines[own.line].page;
        let around = self.boxes.around(page, own.rect).filter(|found| found.is_closed)?.rect;
        if around.height() > HEADING_LINES * own.size {
            return None;
        }
        let just_below = Rect { y0: around.y1 + 0.3 * own.size, y1: around.y1 + 0.6 * own.size, ..own.rect };
        let below = self.boxes.around(page, just_below).filter(|found| found.is_closed)?.rect;
        if (below.x0 - around.x0).abs() >= own.size || (below.x1 - around.x1).abs() >= own.size {
            return None;
        }
        let lines = own.line..(own.line + 2 * BOX_LINES as usize).min(layout.pages[page].end);
        let mut near = lines.flat_map(|line| layout.lines[line].segments.clone()).filter(|&s| s != label);
        let is_alone = !near.clone().any(|s| holds(around, layout.segments[s].rect));
        (is_alone && near.any(|s| holds(below, layout.segments[s].rect) && !self.is_label(s)))
            .then_some(below)
    }

    /// The box of a label on a form, if something else than labels stands in it, under the label.
    fn answered_box(&self, label: usize) -> Option<Rect> {
        let layout = self.layout;
        let own = &layout.segments[label];
        let page = layout.lines[own.line].page;
        let around = self.boxes.around(page, own.rect).filter(|found| found.is_closed)?.rect;
        if around.height() > BOX_LINES * own.size {
            return None;
        }
        let below = own.line + 1..layout.pages[page].end;
        let mut below =
            below.take(2 * BOX_LINES as usize).flat_map(|line| layout.lines[line].segments.clone());
        let is_answer = |s: usize| {
            let text = &layout.segments[s];
            holds(around, text.rect) && !self.is_label(s) && !layout.text(text).starts_with('(')
        };
        below.any(is_answer).then_some(around)
    }

    /// The label that stands first in the candidate's box on a form, whatever place it has there; where others label it, the box
    /// must be closed, and nothing stand beside the label.
    pub(super) fn in_box(&self, candidate: &Candidate, is_labelled: bool) -> Option<Context> {
        let layout = self.layout;
        let own = &layout.segments[candidate.segment];
        let page = layout.lines[own.line].page;
        let around = self.boxes.around(page, candidate.rect);
        let around = around.filter(|found| found.is_closed || !is_labelled)?.rect;
        if around.height() > BOX_LINES * own.size {
            return None;
        }
        let above = layout.pages[page].start..own.line;
        let segments =
            above.rev().take(2 * BOX_LINES as usize).flat_map(|l| layout.lines[l].segments.clone());
        let label = segments.filter(|&s| holds(around, layout.segments[s].rect)).min_by(|&a, &b| {
            let start = |s: usize| layout.segments[s].rect.y0 + 0.1 * layout.segments[s].rect.x0;
            start(a).total_cmp(&start(b))
        })?;
        let gap = -layout.segments[label].rect.overlap_x(own.rect) / own.size;
        if is_labelled && (gap > FAR || self.segments[label].below < 1.0) {
            return None;
        }
        let lines = own.line - layout.segments[label].line;
        let geometry = ABOVE[0] * IN_BOX - LOWER_IN_BOX * lines as f32;
        let matches = Rc::clone(&self.segments[label].matches);
        Some(Context { place: Place::Above, geometry, matches, segment: Some(label) })
    }
}

/// Whether the middle of a text stands in a box.
fn holds(around: Rect, text: Rect) -> bool {
    (around.x0..around.x1).contains(&text.centre_x()) && (around.y0..around.y1).contains(&text.centre_y())
}
