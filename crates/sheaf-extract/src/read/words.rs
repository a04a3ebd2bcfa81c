//! From characters with places to words.
//!
//! Geometry decides what belongs together: the baseline, and the gap against the size of the font. A drawn
//! blank only lowers the gap that parts two words, since blanks are missing, doubled, or drawn over other
//! characters in many files.

use hayro_font::kurbo::{Point, Rect, Vec2};
use unicode_normalization::UnicodeNormalization;

use super::content::Glyph;
use super::font::UNDECODABLE;

/// Gap between characters that parts words, in ems.
const WORD_GAP: f64 = 0.12;
/// The same where a blank was drawn between them.
const BLANK_GAP: f64 = 0.03;
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
    /// Where the pen went to.
    end: Point,
    /// Unit vector of the writing direction.
    direction: Vec2,
    spacing: f64,
}

/// The words that the characters form, in the order drawn.
pub(super) fn words(glyphs: &[Glyph]) -> Vec<Fragment> {
    let mut words: Vec<Fragment> = Vec::new();
    let mut blank = true;
    for glyph in glyphs {
        let text = printable(&glyph.code.text);
        if text.is_empty() {
            blank = true;
            continue;
        }
        match words.last_mut() {
            Some(word) if word.accepts(glyph, blank) => word.push(glyph, &text),
            _ => words.push(Fragment::new(glyph, text)),
        }
        blank = false;
    }
    words
}

impl Fragment {
    fn new(glyph: &Glyph, text: String) -> Self {
        Self {
            text,
            bounds: bounds(glyph),
            confidence: glyph.code.confidence,
            size: glyph.size,
            bold: glyph.bold,
            turn: turn(glyph),
            end: glyph.origin + glyph.advance,
            direction: direction(glyph),
            spacing: glyph.spacing,
        }
    }

    fn push(&mut self, glyph: &Glyph, text: &str) {
        self.text.push_str(text);
        self.bounds = self.bounds.union(bounds(glyph));
        self.confidence = self.confidence.min(glyph.code.confidence);
        self.size = self.size.max(glyph.size);
        self.bold &= glyph.bold;
        self.end = glyph.origin + glyph.advance;
        self.spacing = glyph.spacing;
    }

    fn accepts(&self, glyph: &Glyph, blank: bool) -> bool {
        if self.turn != turn(glyph) {
            return false;
        }
        let (small, large) = (self.size.min(glyph.size), self.size.max(glyph.size));
        let step = glyph.origin - self.end;
        let gap = (step.dot(self.direction) - self.spacing) / large;
        let drift = step.cross(self.direction).abs() / large;
        small >= SIZE_RATIO * large
            && drift <= BASELINE_SLACK
            && gap >= -OVERLAP
            && gap <= if blank { BLANK_GAP } else { WORD_GAP }
    }
}

/// The characters of a code that leave ink: ligatures as letters, blanks and controls left out.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Latin and Arabic ligatures and presentation forms.
            '\u{FB00}'..='\u{FB06}'
            | '\u{FB13}'..='\u{FB17}'
            | '\u{FB50}'..='\u{FDFF}'
            | '\u{FE70}'..='\u{FEFC}' => {
                out.extend(std::iter::once(c).nfkc().filter(|c| !c.is_whitespace()));
            }
            // Where a soft hyphen is drawn, the line ends there and it shows.
            '\u{AD}' => out.push('-'),
            // Zero-width characters and marks of direction.
            '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' => {}
            c if c.is_control() || c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out
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
        bad += word.text.matches(UNDECODABLE).count();
    }
    if all == 0 { 0.0 } else { bad as f64 / all as f64 }
}
