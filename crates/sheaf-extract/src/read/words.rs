//! From characters with places to words.
//!
//! Geometry decides what belongs together: the baseline, and the gap against the size of the font. A blank parts
//! words only where it is drawn in the flow of the text, since blanks are missing, doubled, or drawn over other
//! characters in many files.

use hayro_font::kurbo::{Point, Rect, Vec2};
use sheaf_types::TextSource;

use super::content::Glyph;
use super::order::Placed;
use super::rtl;

/// Gap between characters that parts words, in ems.
const WORD_GAP: f64 = 0.12;
/// The same where a blank was drawn between them: text layers of scans squeeze their blanks.
const BLANK_GAP: f64 = -0.15;
/// How far back the pen may go within a word (kerning, accents), in ems.
const OVERLAP: f64 = 0.4;
/// How far the baseline may move within a word, in ems.
const BASELINE_SLACK: f64 = 0.15;
/// How much smaller the smaller of two sizes within a word may be.
const SIZE_RATIO: f64 = 0.7;

/// A word in coordinates of the displayed page: points, origin top left.
#[derive(Debug, Clone)]
pub(super) struct Fragment {
    pub(super) text: String,
    pub(super) bounds: Rect,
    pub(super) confidence: f32,
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) turn: u8,
    pub(super) source: TextSource,
    /// Where the first character begins.
    start: Point,
    /// Where the last one ends.
    end: Point,
    /// Unit vector of the writing direction.
    direction: Vec2,
    /// Letter spacing after the last character.
    spacing: f64,
    is_rtl: bool,
}

impl Placed for Fragment {
    fn bounds(&self) -> Rect {
        self.bounds
    }

    fn turn(&self) -> u8 {
        self.turn
    }

    fn text(&self) -> &str {
        &self.text
    }
}

/// The words that the characters form, in the order drawn.
pub(super) fn words(glyphs: &[Glyph]) -> Vec<Fragment> {
    let mut words: Vec<Fragment> = Vec::new();
    let mut blank = true;
    for (index, glyph) in glyphs.iter().enumerate() {
        let text = &*glyph.code.text;
        let last = words.last_mut();
        if glyph.code.is_blank() {
            blank |= last.is_none_or(|word| word.is_followed_by(glyph));
            continue;
        }
        if glyph.code.is_undecodable() && glyph.advance == Vec2::ZERO {
            continue;
        }
        if text.is_empty() {
            // Part of what another character says, or nothing at all.
            if let Some(word) = last.filter(|word| !blank && word.accepts(glyph, false)) {
                word.append(glyph, text);
            }
            continue;
        }
        match last {
            Some(word) if !blank && word.takes_in_front(glyph, text) => word.prepend(glyph, text),
            Some(word) if !is_placed_word(glyphs, index) && word.accepts(glyph, blank) => {
                word.append(glyph, text);
            }
            _ => words.push(Fragment::new(glyph, text)),
        }
        blank = false;
    }
    for word in words.iter_mut().filter(|word| word.is_rtl) {
        word.text = rtl::logical(&word.text);
    }
    words
}

/// Whether a word begins by the way it was drawn: text layers of scans show each word by itself, stretched to its
/// place on the image, and leave no gap. Others show each character by itself.
fn is_placed_word(glyphs: &[Glyph], index: usize) -> bool {
    let glyph = &glyphs[index];
    let Some(last) = index.checked_sub(1).map(|last| &glyphs[last]) else { return false };
    let shows_with = |other: Option<&Glyph>, show| other.is_some_and(|other| other.show == show);
    glyph.invisible
        && glyph.show != last.show
        && (glyph.stretch - last.stretch).abs() > 0.005 * last.stretch
        && (shows_with(glyphs.get(index + 1), glyph.show)
            || shows_with(index.checked_sub(2).and_then(|before| glyphs.get(before)), last.show))
}

impl Fragment {
    /// A word set upright at a place of its own, not drawn character by character.
    pub(super) fn typeset(text: String, bounds: Rect, size: f64, bold: bool) -> Self {
        Self {
            is_rtl: rtl::has_rtl(&text),
            text,
            bounds,
            confidence: 1.0,
            size,
            bold,
            turn: 0,
            source: TextSource::Text,
            start: Point::new(bounds.x0, bounds.y1),
            end: Point::new(bounds.x1, bounds.y1),
            direction: Vec2::new(1.0, 0.0),
            spacing: 0.0,
        }
    }

    fn new(glyph: &Glyph, text: &str) -> Self {
        let is_rtl = rtl::has_rtl(text);
        Self {
            text: if is_rtl { reversed(text) } else { text.to_owned() },
            bounds: bounds(glyph),
            confidence: glyph.code.confidence,
            size: glyph.size,
            bold: glyph.bold,
            turn: turn(glyph),
            source: TextSource::Text,
            start: glyph.origin,
            end: glyph.origin + glyph.advance,
            direction: direction(glyph),
            spacing: glyph.spacing,
            is_rtl,
        }
    }

    /// A word of a form field's value.
    pub(super) fn of_form(text: String, bounds: Rect, size: f64, turn: u8) -> Self {
        Self {
            text,
            bounds,
            confidence: 1.0,
            size,
            bold: false,
            turn,
            source: TextSource::Form,
            start: bounds.origin(),
            end: bounds.origin(),
            direction: Vec2::new(1.0, 0.0),
            spacing: 0.0,
            is_rtl: false,
        }
    }

    fn append(&mut self, glyph: &Glyph, text: &str) {
        let is_rtl = rtl::has_rtl(text);
        if is_rtl {
            self.text.extend(text.chars().rev());
        } else {
            self.text.push_str(text);
        }
        self.end = glyph.origin + glyph.advance;
        self.spacing = glyph.spacing;
        self.cover(glyph, is_rtl);
    }

    fn prepend(&mut self, glyph: &Glyph, text: &str) {
        self.text.insert_str(0, &reversed(text));
        self.start = glyph.origin;
        self.cover(glyph, true);
    }

    fn cover(&mut self, glyph: &Glyph, is_rtl: bool) {
        self.bounds = self.bounds.union(bounds(glyph));
        self.confidence = self.confidence.min(glyph.code.confidence);
        self.size = self.size.max(glyph.size);
        self.bold &= glyph.bold;
        self.is_rtl |= is_rtl;
    }

    fn accepts(&self, glyph: &Glyph, blank: bool) -> bool {
        let (gap, drift) = self.step(self.end, glyph.origin, glyph);
        self.is_alike(glyph)
            && drift <= BASELINE_SLACK
            && gap >= -OVERLAP
            && gap <= if blank { BLANK_GAP } else { WORD_GAP }
    }

    /// Whether a character written from right to left comes next where the pen was placed for each.
    fn takes_in_front(&self, glyph: &Glyph, text: &str) -> bool {
        if !self.is_rtl || !rtl::has_rtl(text) {
            return false;
        }
        let (gap, drift) = self.step(glyph.origin + glyph.advance, self.start, glyph);
        let (behind, _) = self.step(self.end, glyph.origin, glyph);
        self.is_alike(glyph) && drift <= BASELINE_SLACK && gap.abs() <= WORD_GAP && gap.abs() < behind.abs()
    }

    fn is_followed_by(&self, blank: &Glyph) -> bool {
        let (gap, drift) = self.step(self.end, blank.origin, blank);
        drift <= BASELINE_SLACK && gap >= -OVERLAP
    }

    fn is_alike(&self, glyph: &Glyph) -> bool {
        let (small, large) = (self.size.min(glyph.size), self.size.max(glyph.size));
        self.turn == turn(glyph) && small >= SIZE_RATIO * large
    }

    /// Along and across the writing direction, in ems, without letter spacing.
    fn step(&self, from: Point, to: Point, glyph: &Glyph) -> (f64, f64) {
        let em = self.size.max(glyph.size);
        let step = to - from;
        ((step.dot(self.direction) - self.spacing.max(0.0)) / em, step.cross(self.direction).abs() / em)
    }
}

/// One glyph's characters as they would stand from left to right, if its script is read from the right.
fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

fn bounds(glyph: &Glyph) -> Rect {
    let (start, end) = (glyph.origin, glyph.origin + glyph.advance);
    Rect::from_points(start + glyph.ascent, end + glyph.descent)
        .union(Rect::from_points(start + glyph.descent, end + glyph.ascent))
}

fn direction(glyph: &Glyph) -> Vec2 {
    let length = glyph.advance.hypot();
    if length > 0.0 { glyph.advance / length } else { Vec2::new(1.0, 0.0) }
}

/// Quarter turns clockwise. Mirrored text counts as upright: its characters stand in upright order.
fn turn(glyph: &Glyph) -> u8 {
    let (along, up) = (glyph.advance, glyph.ascent);
    if along.x.abs() + up.y.abs() >= along.y.abs() + up.x.abs() {
        if along.x < 0.0 && up.y > 0.0 { 2 } else { 0 }
    } else if up.x > 0.0 {
        1
    } else {
        3
    }
}

/// The share of characters without a Unicode value, 0 to 1.
pub(super) fn undecodable_share(words: &[Fragment]) -> f64 {
    let (mut bad, mut all) = (0_usize, 0_usize);
    for word in words {
        all += word.text.chars().count();
        bad += word.text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    }
    if all == 0 { 0.0 } else { bad as f64 / all as f64 }
}
