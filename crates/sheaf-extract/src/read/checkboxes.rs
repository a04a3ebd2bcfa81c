//! Boxes to tick on a scan, found in its pixels: recognition leaves them out, or takes them for letters.
//!
//! A box is a frame of four whole sides with its corners, nearly square, as large as a letter and free of others: the sides of
//! "D" and "O" are not whole, and a cell of a table has neighbours. What is ink within it ticks it.

use image::GrayImage;
use sheaf_types::{BoundingBox, Word};

use super::scan::covered;

/// Side of a box in heights of a word, and the least in pixels.
const SIDE: [f32; 2] = [0.5, 1.7];
const LEAST: u32 = 9;
/// Height against width, at most, either way.
const SQUARE: f32 = 1.22;
/// Share of each side that is ink, and their sum.
const WHOLE: f32 = 0.9;
const ALL_WHOLE: f32 = 3.75;
/// Most of the ink right beside it, up to such a part of its width: a letter bulges there, a cell goes on.
const OUTSIDE: f32 = 0.3;
const NEAR: u32 = 8;
/// Most of the ink in an area of three boxes' width and height: a screen is no paper.
const AROUND: f32 = 0.45;
/// Share of a side that is left to the frame when its inside is looked at.
const FRAME: f32 = 0.3;
/// Share of the inside that is ink where the box is ticked, and where that is sure; more than the last is a blot.
const TICKED: f32 = 0.1;
const UNSURE: std::ops::RangeInclusive<f32> = 0.05..=0.15;
const BLOT: f32 = 0.75;
/// How sure a box is, and one of which it is not sure whether it is ticked.
const SURE: f32 = 0.95;
const DOUBTED: f32 = 0.6;
/// Share of a box that a word covers to stand in its place.
const SAME: f32 = 0.5;

/// What a box is as a word.
const EMPTY_BOX: &str = "☐";
const TICKED_BOX: &str = "☒";

/// Ink of a page, by pixel.
#[derive(Clone, Copy)]
struct Ink<'p> {
    pixels: &'p [u8],
    width: u32,
    height: u32,
}

/// The outline of a box in pixels; the ends are exclusive.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Frame {
    x0: u32,
    y0: u32,
    x1: u32,
    y1: u32,
    /// Sum of the shares of the sides that are ink.
    whole: f32,
}

/// Adds the boxes of a page to its words, which `letter` pixels are the usual height of; a box that was taken for a letter or a
/// mark is that no more. Says whether there are any.
pub(super) fn add(words: &mut Vec<Word>, ink: &GrayImage, letter: f32) -> bool {
    let Some(first) = words.first() else { return false };
    let source = first.source;
    let ink = Ink { pixels: ink.as_raw(), width: ink.width(), height: ink.height() };
    let (width, height) = (ink.width as f32, ink.height as f32);
    let mut boxes = Vec::new();
    for frame in frames(ink, letter) {
        let inside = ink.inside(frame);
        let bbox = BoundingBox {
            x0: frame.x0 as f32 / width,
            y0: frame.y0 as f32 / height,
            x1: frame.x1 as f32 / width,
            y1: frame.y1 as f32 / height,
        };
        let is_ticked = inside >= TICKED;
        if inside > BLOT || words.iter().any(|word| is_letter_of(word, bbox, is_ticked)) {
            continue;
        }
        words.retain(|word| covered(word.bbox, bbox) < SAME);
        let near = words.iter().min_by(|a, b| apart(a.bbox, bbox).total_cmp(&apart(b.bbox, bbox)));
        boxes.push(Word {
            text: if is_ticked { TICKED_BOX } else { EMPTY_BOX }.to_owned(),
            bbox,
            confidence: if UNSURE.contains(&inside) { DOUBTED } else { SURE },
            font_size: near.map_or(0.0, |near| near.font_size),
            bold: false,
            turn: 0,
            source,
        });
    }
    let any = !boxes.is_empty();
    words.extend(boxes);
    any
}

/// How far the middles of two boxes are apart.
fn apart(a: BoundingBox, b: BoundingBox) -> f32 {
    let middle = |b: BoundingBox| (f32::midpoint(b.x0, b.x1), f32::midpoint(b.y0, b.y1));
    let ((ax, ay), (bx, by)) = (middle(a), middle(b));
    (ax - bx).hypot(ay - by)
}

/// Whether a frame is a letter of a recognised word rather than a box: that word has more letters, and one where the frame is, or is
/// no letter that a box is taken for.
fn is_letter_of(word: &Word, frame: BoundingBox, is_ticked: bool) -> bool {
    if covered(frame, word.bbox) < SAME {
        return false;
    }
    let letters: Vec<char> = word.text.chars().collect();
    let along = (f32::midpoint(frame.x0, frame.x1) - word.bbox.x0) / word.bbox.width();
    let at = (along * letters.len() as f32) as usize;
    let is_mark = |c: char| {
        matches!(c, '□' | '☐' | '☒' | '☑' | '■' | '口' | '×' | '✓' | '[' | ']' | '|' | '_' | '-' | '.')
    };
    let is_taken_for =
        |c: char| if is_ticked { matches!(c, 'x' | 'X') } else { matches!(c, 'O' | 'D' | '0') };
    let is_box = match letters[..] {
        [letter] => is_mark(letter) || is_taken_for(letter),
        _ => letters.get(at).copied().is_some_and(is_mark),
    };
    word.turn != 0 || !is_box
}

/// The frames of a page, each once.
fn frames(ink: Ink<'_>, letter: f32) -> Vec<Frame> {
    let [least, most] = SIDE.map(|side| (side * letter) as u32);
    let least = least.max(LEAST);
    let mut found: Vec<Frame> = Vec::new();
    for y in 0..ink.height.saturating_sub(least) {
        let mut x = 0;
        while x < ink.width {
            if !ink.is_either(x, y, x, y + 1) {
                x += 1;
                continue;
            }
            let start = x;
            while x < ink.width && ink.is_either(x, y, x, y + 1) {
                x += 1;
            }
            if (least..=most).contains(&(x - start)) {
                found.extend(frame_below(ink, start, x, y).filter(|&frame| stands_free(ink, frame)));
            }
        }
    }
    // The two edges of a thick line give a frame each.
    found.sort_by(|a, b| b.whole.total_cmp(&a.whole));
    let mut kept: Vec<Frame> = Vec::new();
    for frame in found {
        if !kept.iter().any(|other| frame.overlaps(*other)) {
            kept.push(frame);
        }
    }
    kept
}

/// The best frame whose upper side is the ink of two rows from `x0` to `x1`.
fn frame_below(ink: Ink<'_>, x0: u32, x1: u32, y0: u32) -> Option<Frame> {
    let side = (x1 - x0) as f32;
    let heights = (side / SQUARE) as u32..=(side * SQUARE) as u32;
    let share = |count: usize, all: u32| count as f32 / all as f32;
    let across = |y: u32| share((x0..x1).filter(|&x| ink.is_either(x, y, x, y + 1)).count(), x1 - x0);
    let top = across(y0);
    let frame = |height: u32| {
        let y1 = y0 + height;
        if y1 >= ink.height {
            return None;
        }
        let down = |x: u32| share((y0..y1).filter(|&y| ink.is_either(x, y, x + 1, y)).count(), height);
        let left = down(x0).max(down(x0 + 1));
        let right = down(x1 - 3).max(down(x1 - 2));
        let bottom = across(y1 - 2);
        let whole = top + bottom + left + right;
        let is_whole = left.min(right).min(bottom) >= WHOLE && whole >= ALL_WHOLE;
        is_whole.then_some(Frame { x0, y0, x1, y1, whole })
    };
    heights.filter_map(frame).max_by(|a, b| a.whole.total_cmp(&b.whole))
}

/// Whether a frame has its corners, no line through it, and little ink right outside its left and right: above and below, the next
/// box may touch it.
fn stands_free(ink: Ink<'_>, frame: Frame) -> bool {
    let Frame { x0, y0, x1, y1, .. } = frame;
    let corner = |x: u32, y: u32| ink.share([x, y, x + 2, y + 2]) > 0.0;
    let (middle, near) = ((y1 - y0) / 5, ((x1 - x0) / NEAR).max(1));
    let outside = [(x0.saturating_sub(1 + near), x0.saturating_sub(1)), (x1 + 1, x1 + 1 + near)];
    // The next box, or the cells of a table; thick lines are no others.
    let edge = frame.edge();
    let has_line = || {
        (y0 + edge..y1 - edge).any(|y| ink.share([x0, y, x1, y + 1]) >= WHOLE)
            || (x0 + edge..x1 - edge).any(|x| ink.share([x, y0, x + 1, y1]) >= WHOLE)
    };
    let side = x1 - x0;
    let around = [x0.saturating_sub(side), y0.saturating_sub(side), x1 + side, y1 + side];
    ink.share(around) <= AROUND
        && corner(x0, y0)
        && corner(x1 - 2, y0)
        && corner(x0, y1 - 2)
        && corner(x1 - 2, y1 - 2)
        && outside.iter().all(|&(from, to)| ink.share([from, y0 + middle, to, y1 - middle]) <= OUTSIDE)
        && !has_line()
}

impl Frame {
    /// How many pixels from its outline its inside begins.
    fn edge(self) -> u32 {
        ((FRAME * (self.x1 - self.x0) as f32) as u32).max(3)
    }

    /// Whether two frames are mostly in one place.
    fn overlaps(self, other: Self) -> bool {
        let across = self.x1.min(other.x1).saturating_sub(self.x0.max(other.x0));
        let down = self.y1.min(other.y1).saturating_sub(self.y0.max(other.y0));
        3 * across > self.x1 - self.x0 && 3 * down > self.y1 - self.y0
    }
}

impl Ink<'_> {
    fn is(self, x: u32, y: u32) -> bool {
        x < self.width && y < self.height && self.pixels[(y * self.width + x) as usize] > 0
    }

    /// Whether one of two pixels is ink: a line may lean.
    fn is_either(self, x: u32, y: u32, other_x: u32, other_y: u32) -> bool {
        self.is(x, y) || self.is(other_x, other_y)
    }

    /// The share of an area that is ink; what lies outside the page is none.
    fn share(self, [x0, y0, x1, y1]: [u32; 4]) -> f32 {
        let count =
            (y0..y1).flat_map(|y| (x0..x1).map(move |x| (x, y))).filter(|&(x, y)| self.is(x, y)).count();
        count as f32 / ((x1 - x0) * (y1 - y0)).max(1) as f32
    }

    /// The share of a frame's inside that is ink.
    fn inside(self, frame: Frame) -> f32 {
        let (Frame { x0, y0, x1, y1, .. }, edge) = (frame, frame.edge());
        self.share([x0 + edge, y0 + edge, x1 - edge, y1 - edge])
    }
}

#[cfg(test)]
mod tests {
    use image::Luma;
    use sheaf_types::TextSource;

    use super::*;

    const WIDTH: u32 = 760;
    const HEIGHT: u32 = 1_000;
    /// Height of the words, in pixels.
    const LETTER: f32 = 20.0;

    fn draw(page: &mut GrayImage, x: u32, y: u32) {
        page.put_pixel(x, y, Luma([255]));
    }

    fn line(page: &mut GrayImage, [x0, y0, x1, y1]: [u32; 4]) {
        (y0..y1).for_each(|y| (x0..x1).for_each(|x| draw(page, x, y)));
    }

    /// A box of so many pixels, leaning by one pixel.
    fn outline(page: &mut GrayImage, x: u32, y: u32, side: u32) {
        line(page, [x, y, x + side / 2, y + 1]);
        line(page, [x + side / 2, y + 1, x + side, y + 2]);
        line(page, [x, y + side, x + side, y + side + 1]);
        line(page, [x, y, x + 1, y + side]);
        line(page, [x + side - 1, y, x + side, y + side]);
    }

    fn cross(page: &mut GrayImage, x: u32, y: u32, side: u32) {
        for at in 3..side - 3 {
            for thick in 0..2 {
                draw(page, x + at + thick, y + at);
                draw(page, x + side - 1 - at + thick, y + at);
            }
        }
    }

    fn word(text: &str, [x0, y0, x1, y1]: [u32; 4]) -> Word {
        let [x0, x1] = [x0, x1].map(|x| x as f32 / WIDTH as f32);
        let [y0, y1] = [y0, y1].map(|y| y as f32 / HEIGHT as f32);
        Word {
            text: text.into(),
            bbox: BoundingBox { x0, y0, x1, y1 },
            confidence: 0.9,
            font_size: 12.0,
            bold: false,
            turn: 0,
            source: TextSource::Paddle,
        }
    }

    fn texts(page: &GrayImage, mut words: Vec<Word>) -> Vec<String> {
        add(&mut words, page, LETTER);
        words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn boxes_beside_words_are_found_with_what_is_in_them() {
        let mut page = GrayImage::new(WIDTH, HEIGHT);
        outline(&mut page, 100, 200, 15);
        outline(&mut page, 100, 217, 15);
        cross(&mut page, 100, 217, 15);
        outline(&mut page, 300, 217, 20);
        let words = vec![word("Yes", [122, 198, 160, 216]), word("No", [122, 217, 150, 234])];
        assert_eq!(texts(&page, words), ["Yes", "No", EMPTY_BOX, TICKED_BOX, EMPTY_BOX]);
    }

    #[test]
    fn a_mark_that_was_recognised_in_a_box_is_the_box() {
        let mut page = GrayImage::new(WIDTH, HEIGHT);
        outline(&mut page, 100, 200, 16);
        cross(&mut page, 100, 200, 16);
        let words = vec![word("X", [101, 200, 115, 216]), word("Yes", [122, 198, 160, 216])];
        assert_eq!(texts(&page, words), ["Yes", TICKED_BOX]);
    }

    #[test]
    fn letters_cells_and_blots_are_no_boxes() {
        let mut page = GrayImage::new(WIDTH, HEIGHT);
        // The square letter of a heading.
        outline(&mut page, 120, 100, 16);
        // A table of square cells.
        for at in 0..4 {
            line(&mut page, [100 + 18 * at, 300, 101 + 18 * at, 355]);
            line(&mut page, [100, 300 + 18 * at, 155, 301 + 18 * at]);
        }
        line(&mut page, [300, 500, 316, 516]);
        // A side is missing, and a letter bulges.
        outline(&mut page, 300, 600, 16);
        (601..616).for_each(|y| page.put_pixel(300, y, Luma([0])));
        outline(&mut page, 300, 700, 16);
        line(&mut page, [316, 702, 319, 715]);
        assert_eq!(texts(&page, vec![word("FORM", [100, 98, 160, 118])]), ["FORM"]);
    }
}
