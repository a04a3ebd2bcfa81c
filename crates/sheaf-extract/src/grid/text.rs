//! The words of a page as lines and phrases, in points of the upright page.

use std::ops::Range;

use sheaf_types::{BoundingBox, Page};

use super::strokes::Strokes;
use crate::locate::layout::Rect;
use crate::locate::lines::Frame;

/// Gap that parts two phrases, in mean widths of its neighbours' characters: more than one blank of a monospaced font, less
/// than two.
const PHRASE_GAP: f32 = 1.25;
/// A character counts at most this wide, in heights of its word: wide letters would hide a gap.
const WIDEST_CHARACTER: f32 = 0.65;
/// How far the middles of two neighbours of one line may be apart, and those of any two, in heights of the smaller word.
const LEVEL: [f32; 2] = [0.35, 0.6];
/// This many dots or more at a word's end lead the eye to the next column; fewer belong to the text.
const LEADERS: usize = 4;
/// Letters that a number may bring along: a unit, a currency.
const LETTERS_OF_NUMBER: usize = 3;

/// A word, where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'d> {
    /// As printed, without what leads the eye to the next column.
    pub(super) text: &'d str,
    /// Which of the page's words it is.
    pub(super) index: usize,
    /// On the displayed page.
    pub(super) bbox: BoundingBox,
    pub(super) rect: Rect,
}

impl Token<'_> {
    pub(super) fn middle(&self) -> f32 {
        self.rect.centre_y()
    }

    /// Mean width of its characters.
    fn character(&self) -> f32 {
        let count = self.text.chars().count().max(1) as f32;
        (self.rect.width() / count).min(WIDEST_CHARACTER * self.rect.height())
    }

    /// The gap to the next word of the line as a share of what parts two phrases: 1 or more parts them.
    pub(super) fn gap_to(&self, next: &Self) -> f32 {
        let unit = f32::midpoint(self.character(), next.character()).max(0.5);
        (next.rect.x0 - self.rect.x1) / (PHRASE_GAP * unit)
    }
}

/// Words that stand on one line, from left to right.
#[derive(Debug)]
pub(super) struct Line<'d> {
    pub(super) tokens: Vec<Token<'d>>,
    /// Runs of tokens without a wide gap or a drawn line between them; never empty.
    pub(super) phrases: Vec<Range<usize>>,
    pub(super) top: f32,
    pub(super) bottom: f32,
}

impl<'d> Line<'d> {
    fn new(mut tokens: Vec<Token<'d>>, strokes: &Strokes) -> Self {
        tokens.sort_by(|a, b| a.rect.x0.total_cmp(&b.rect.x0));
        let mut phrases = Vec::new();
        let mut start = 0;
        for next in 1..=tokens.len() {
            let parted = match tokens.get(next) {
                None => true,
                Some(right) => {
                    let left = &tokens[next - 1];
                    left.gap_to(right) >= 1.0
                        || is_grouped_number(left.text) && is_grouped_number(right.text)
                        || strokes.part(left.rect, right.rect)
                }
            };
            if parted {
                phrases.push(start..next);
                start = next;
            }
        }
        let top = tokens.iter().map(|token| token.rect.y0).fold(f32::INFINITY, f32::min);
        let bottom = tokens.iter().map(|token| token.rect.y1).fold(f32::NEG_INFINITY, f32::max);
        Self { tokens, phrases, top, bottom }
    }

    pub(super) fn height(&self) -> f32 {
        self.bottom - self.top
    }

    /// The tokens of each phrase.
    pub(super) fn phrases(&self) -> impl Iterator<Item = &[Token<'d>]> {
        self.phrases.iter().map(|range| &self.tokens[range.clone()])
    }

    /// How many phrases are numbers.
    pub(super) fn numbers(&self) -> usize {
        self.phrases().filter(|phrase| is_number(&join(phrase))).count()
    }

    /// Whether it could be a row.
    pub(super) fn is_parted(&self) -> bool {
        self.phrases.len() > 1
    }

    /// Whether most of what stands right of the first phrase is numbers.
    pub(super) fn is_row_of_numbers(&self) -> bool {
        let right = self.phrases.len() - 1;
        let numbers = self.phrases().skip(1).filter(|phrase| is_number(&join(phrase))).count();
        right > 0 && 2 * numbers >= right
    }
}

/// The words' texts, joined by single blanks.
pub(super) fn join(tokens: &[Token<'_>]) -> String {
    tokens.iter().map(|token| token.text).collect::<Vec<_>>().join(" ")
}

/// From where to where words that stand on one line reach.
pub(super) fn extent(tokens: &[Token<'_>]) -> (f32, f32) {
    tokens
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(x0, x1), t| (x0.min(t.rect.x0), x1.max(t.rect.x1)))
}

/// The words of a page that read the way most do.
pub(super) fn tokens<'d>(page: &'d Page, frame: &Frame) -> Vec<Token<'d>> {
    let upright = page.words.iter().enumerate().filter(|(_, word)| word.turn % 4 == frame.turn());
    upright
        .filter_map(|(index, word)| {
            let whole = word.text.trim();
            let led = whole.trim_end_matches(['.', '_', '…', '·']);
            let count = whole.chars().count();
            let kept = led.chars().count();
            let text = if count - kept >= LEADERS { led } else { whole };
            let mut rect = frame.rect(word.bbox);
            (rect.x0, rect.x1) = (rect.x0.min(rect.x1), rect.x0.max(rect.x1));
            (rect.y0, rect.y1) = (rect.y0.min(rect.y1), rect.y0.max(rect.y1));
            if text.len() < whole.len() {
                rect.x1 = rect.x0 + rect.width() * kept as f32 / count as f32;
            }
            (!text.is_empty()).then_some(Token { text, index, bbox: word.bbox, rect })
        })
        .collect()
}

/// Groups words into lines, from top to bottom.
pub(super) fn lines<'d>(tokens: &[Token<'d>], strokes: &Strokes) -> Vec<Line<'d>> {
    let mut sorted = tokens.to_vec();
    sorted.sort_by(|a, b| a.middle().total_cmp(&b.middle()));
    let mut lines = Vec::new();
    let mut open: Vec<Token<'d>> = Vec::new();
    for token in sorted {
        if let (Some(first), Some(last)) = (open.first(), open.last()) {
            let height = last.rect.height().min(token.rect.height()).max(1.0);
            let level = token.middle() - last.middle() < LEVEL[0] * height
                && token.middle() - first.middle() < LEVEL[1] * height;
            if !level {
                lines.push(Line::new(std::mem::take(&mut open), strokes));
            }
        }
        open.push(token);
    }
    if !open.is_empty() {
        lines.push(Line::new(open, strokes));
    }
    lines
}

/// The middle value; of two, the upper one. Zero where there is none.
pub(super) fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Whether a text is what a column of numbers holds: a number with a unit or sign, or a sign that stands for none.
pub(super) fn is_number(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let has_digit = text.chars().any(|c| c.is_ascii_digit());
    letters == 0 || has_digit && letters <= LETTERS_OF_NUMBER || letters == 1 && text.starts_with('(')
}

/// `1,234` or `0.5`: a number that is whole, so that another one beside it is another number.
fn is_grouped_number(text: &str) -> bool {
    let core = text.trim_matches(|c: char| !c.is_alphanumeric());
    let parts: Vec<&str> = core.split(['.', ',']).collect();
    parts.len() > 1 && parts.iter().all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_bring_a_unit_or_stand_for_none() {
        for text in ["12", "1,234.50 €", "20 Stk", "(13.8–17.1)", "–", "(X)", "*2,247", "$000"] {
            assert!(is_number(text), "{text}");
        }
        for text in ["Total", "2 reclassifications", "Q1 results", "Ref."] {
            assert!(!is_number(text), "{text}");
        }
    }

    #[test]
    fn two_numbers_with_separators_are_two_and_blanks_group_thousands() {
        assert!(is_grouped_number("2,776,284") && is_grouped_number("*0.6"));
        assert!(!is_grouped_number("100") && !is_grouped_number("12.") && !is_grouped_number("v1.2"));
    }
}
