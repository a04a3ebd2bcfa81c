//! The lines drawn on a page, pieces of one line joined.

use sheaf_types::Page;

use crate::locate::layout::Rect;
use crate::locate::lines::Frame;

/// How far the pieces of one line may be off it, in points: borders of neighbouring cells are often drawn twice.
const OFF: f32 = 2.0;
/// A gap between two pieces of one line, in points.
const GAP: f32 = 3.0;
/// Shortest line across and shortest upright one, in points.
const SHORTEST: [f32; 2] = [12.0, 6.0];
/// A page with more lines in one direction shows a drawing; its lines are no borders.
const MOST: usize = 2_000;

/// A line in points of the upright page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stroke {
    /// Where it stands across its direction.
    pub(super) at: f32,
    /// Where it begins.
    pub(super) from: f32,
    /// Where it ends.
    pub(super) to: f32,
}

/// The lines of a page, sorted by where they stand.
#[derive(Debug, Default)]
pub(super) struct Strokes {
    /// From left to right; at a height each.
    pub(super) across: Vec<Stroke>,
    /// From top to bottom.
    pub(super) upright: Vec<Stroke>,
}

impl Strokes {
    pub(super) fn new(page: &Page, frame: &Frame) -> Self {
        let (mut across, mut upright) = (Vec::new(), Vec::new());
        for rect in page.rules.iter().map(|rule| frame.rect(rule.bbox)) {
            if rect.width() >= rect.height() {
                across.push(Stroke { at: rect.centre_y(), from: rect.x0, to: rect.x1 });
            } else {
                upright.push(Stroke { at: rect.centre_x(), from: rect.y0, to: rect.y1 });
            }
        }
        let strokes = Self { across: joined(across, SHORTEST[0]), upright: joined(upright, SHORTEST[1]) };
        if strokes.across.len().max(strokes.upright.len()) > MOST { Self::default() } else { strokes }
    }

    /// Whether an upright line stands between two words of a line.
    pub(super) fn part(&self, left: Rect, right: Rect) -> bool {
        let middle = f32::midpoint(left.centre_y(), right.centre_y());
        let first = self.upright.partition_point(|stroke| stroke.at < left.x1 - 1.0);
        self.upright[first..]
            .iter()
            .take_while(|stroke| stroke.at <= right.x0 + 1.0)
            .any(|stroke| stroke.from <= middle && middle <= stroke.to)
    }

    /// Whether lines between two heights cover half of the way from `x0` to `x1` or more.
    pub(super) fn cross(&self, heights: (f32, f32), (x0, x1): (f32, f32)) -> bool {
        let first = self.across.partition_point(|stroke| stroke.at < heights.0);
        let covered: f32 = self.across[first..]
            .iter()
            .take_while(|stroke| stroke.at <= heights.1)
            .map(|stroke| (stroke.to.min(x1) - stroke.from.max(x0)).max(0.0))
            .sum();
        covered > 0.0 && covered >= 0.5 * (x1 - x0)
    }
}

/// Joins pieces at nearly one place that touch; what is shorter than `shortest` then is left out.
fn joined(mut pieces: Vec<Stroke>, shortest: f32) -> Vec<Stroke> {
    pieces.sort_by(|a, b| a.at.total_cmp(&b.at));
    let mut strokes: Vec<Stroke> = Vec::new();
    let mut rest = pieces.as_mut_slice();
    while let Some(first) = rest.first().map(|stroke| stroke.at) {
        let is_gap = |pair: &[Stroke]| pair[1].at - pair[0].at > OFF || pair[1].at - first > 2.0 * OFF;
        let end = rest.windows(2).position(is_gap).map_or(rest.len(), |last| last + 1);
        let (level, after) = std::mem::take(&mut rest).split_at_mut(end);
        rest = after;
        let at = level.iter().map(|stroke| stroke.at).sum::<f32>() / level.len() as f32;
        level.sort_by(|a, b| a.from.total_cmp(&b.from));
        let begun = strokes.len();
        for piece in level.iter() {
            match strokes[begun..].last_mut() {
                Some(last) if piece.from <= last.to + GAP => last.to = last.to.max(piece.to),
                _ => strokes.push(Stroke { at, ..*piece }),
            }
        }
    }
    strokes.retain(|stroke| stroke.to - stroke.from >= shortest);
    strokes.sort_by(|a, b| a.at.total_cmp(&b.at));
    strokes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_of_neighbouring_cells_are_one_line() {
        let piece = |at, from, to| Stroke { at, from, to };
        let pieces = vec![
            piece(50.0, 100.0, 200.0),
            piece(50.8, 201.0, 300.0),
            piece(50.0, 340.0, 400.0),
            piece(80.0, 100.0, 104.0),
        ];
        let lines = joined(pieces, 12.0);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!((lines[0].from, lines[0].to), (100.0, 300.0));
        assert_eq!((lines[1].from, lines[1].to), (340.0, 400.0));
    }
}
