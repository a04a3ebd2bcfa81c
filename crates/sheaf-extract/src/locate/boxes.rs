//! The boxes of a form: what stands between four drawn lines belongs together, wherever in the box it stands.

use super::layout::{Layout, Rect};

/// A rule is thinner than this, in points.
const THIN: f32 = 4.0;
/// How far a rule may reach into a text, or end short of its middle, in points.
const SLACK: f32 = 2.5;

/// The rules of one page, in points of the upright page.
#[derive(Debug)]
struct Rules {
    width: f32,
    horizontal: Vec<Rect>,
    vertical: Vec<Rect>,
}

/// A box of a form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FormBox {
    pub(crate) rect: Rect,
    /// Upright rules are at both sides of it: lines to write on have none.
    pub(crate) is_closed: bool,
}

/// The rules of a document's pages.
#[derive(Debug)]
pub(crate) struct Boxes {
    pages: Vec<Rules>,
}

impl Boxes {
    pub(crate) fn new(layout: &Layout<'_>) -> Self {
        let pages = layout.rules().map(|(width, rects)| {
            let (mut horizontal, mut vertical) = (Vec::new(), Vec::new());
            for rect in rects {
                if rect.height() < THIN && rect.width() > rect.height() {
                    horizontal.push(rect);
                } else if rect.width() < THIN {
                    vertical.push(rect);
                }
            }
            Rules { width, horizontal, vertical }
        });
        Self { pages: pages.collect() }
    }

    /// The box around a place: from the nearest rules on its four sides, of which the page's edges may stand for two; `None`
    /// where there is no rule above or below.
    pub(crate) fn around(&self, page: usize, rect: Rect) -> Option<FormBox> {
        let rules = &self.pages[page];
        let (x, y) = (rect.centre_x(), rect.centre_y());
        let across = rules.horizontal.iter().filter(|r| r.x0 - SLACK <= x && x <= r.x1 + SLACK);
        let (above, below) = nearest(across.map(|r| r.centre_y()), rect.y0, rect.y1);
        let (above, below) = (above?, below?);
        let upright = rules.vertical.iter().filter(|r| r.y0 - SLACK <= y && y <= r.y1 + SLACK);
        let (left, right) = nearest(upright.map(|r| r.centre_x()), rect.x0, rect.x1);
        let rect = Rect { x0: left.unwrap_or(0.0), y0: above, x1: right.unwrap_or(rules.width), y1: below };
        Some(FormBox { rect, is_closed: left.is_some() && right.is_some() })
    }
}

/// Of where rules are, the nearest before and the nearest behind a text from `start` to `end`.
fn nearest(rules: impl Iterator<Item = f32>, start: f32, end: f32) -> (Option<f32>, Option<f32>) {
    let middle = f32::midpoint(start, end);
    let (mut before, mut behind): (Option<f32>, Option<f32>) = (None, None);
    for at in rules {
        if at < start + SLACK && at < middle {
            before = Some(before.map_or(at, |nearest| nearest.max(at)));
        } else if at > end - SLACK && at > middle {
            behind = Some(behind.map_or(at, |nearest| nearest.min(at)));
        }
    }
    (before, behind)
}

#[cfg(test)]
mod tests {
    use sheaf_types::{BoundingBox, Document, Page, Rule};

    use super::*;

    #[test]
    fn a_box_is_bounded_by_the_nearest_rules() {
        let rule = |x0: f32, y0: f32, x1: f32, y1: f32| Rule { bbox: BoundingBox { x0, y0, x1, y1 } };
        let page = Page {
            number: 1,
            width: 100.0,
            height: 100.0,
            words: Vec::new(),
            rules: vec![
                rule(0.1, 0.2, 0.9, 0.21),
                rule(0.1, 0.4, 0.9, 0.41),
                rule(0.1, 0.6, 0.9, 0.61),
                rule(0.5, 0.2, 0.51, 0.6),
            ],
            cells: Vec::new(),
            warnings: Vec::new(),
        };
        let document = Document { pages: vec![page] };
        let boxes = Boxes::new(&Layout::new(&document));
        let at = |x0: f32, y0: f32| boxes.around(0, Rect { x0, y0, x1: x0 + 10.0, y1: y0 + 5.0 });
        let open = |rect: Rect| Some(FormBox { rect, is_closed: false });
        assert_eq!(at(60.0, 25.0), open(Rect { x0: 50.5, y0: 20.5, x1: 100.0, y1: 40.5 }));
        assert_eq!(at(20.0, 50.0), open(Rect { x0: 0.0, y0: 40.5, x1: 50.5, y1: 60.5 }));
        assert_eq!(at(20.0, 80.0), None);
    }
}
