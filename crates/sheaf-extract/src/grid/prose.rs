//! Paragraphs: lines of many words below one another that reach as far to the right as the widest of them, and are no items with
//! numbers beside them.

use std::collections::{BTreeMap, HashSet};

use super::text::{Line, Token, extent, is_number};

/// Lines of a paragraph.
const FEWEST_LINES: usize = 4;
/// Least width of a paragraph, as a share of the page's.
const NARROWEST: f32 = 0.2;
/// Words in a line of it, on average.
const WORDS: f32 = 5.0;
/// A line that reaches this far is full, as a share of the widest one's width.
const FULL: f32 = 0.82;
/// Share of full lines: paragraphs have a last line.
const FULL_LINES: f32 = 0.55;
/// Items below one another are no paragraph, however long: fewer of their lines begin without a capital, and more of them have
/// numbers beside them, than these shares.
const GOING_ON: f32 = 0.3;
const BESIDE_NUMBERS: f32 = 0.75;
/// Share of its words that may be numbers.
const NUMBERS: f32 = 0.3;
/// How far a line may begin from the paragraph's left edge, in points; and one of many words, which may be indented.
const EDGE: f32 = 3.0;
const INDENT: f32 = 20.0;
/// Leading between two lines, in heights of a line.
const LEADING: f32 = 1.0;

/// Lines below one another with one left edge.
struct Paragraph<'l, 'd> {
    left: f32,
    /// Lower edge and height of its last line.
    bottom: f32,
    height: f32,
    phrases: Vec<&'l [Token<'d>]>,
    /// How many of its lines have numbers beside them.
    beside_numbers: usize,
}

/// The words of a page's lines that stand in no paragraph; `None` where there is no paragraph. `width` is the page's.
pub(super) fn leave_out<'d>(lines: &[Line<'d>], width: f32) -> Option<Vec<Token<'d>>> {
    // By the left edge, in steps, so that few are near; of several the last stands for all.
    let mut open: BTreeMap<i32, Paragraph<'_, 'd>> = BTreeMap::new();
    let mut prose: HashSet<usize> = HashSet::new();
    let mut close = |paragraph: Paragraph<'_, 'd>| {
        if is_prose(&paragraph, width) {
            prose.extend(paragraph.phrases.into_iter().flatten().map(|token| token.index));
        }
    };
    for line in lines {
        let has_numbers = line.numbers() > 0;
        for phrase in line.phrases() {
            let x0 = extent(phrase).0;
            let step = |x: f32| (x / EDGE).floor() as i32;
            let follows = |paragraph: &Paragraph<'_, 'd>| {
                let gap = line.top - paragraph.bottom;
                let off = (x0 - paragraph.left).abs();
                (-EDGE..=LEADING * paragraph.height).contains(&gap)
                    && (off <= EDGE || off <= INDENT && phrase.len() as f32 >= WORDS)
            };
            let near = open
                .range(step(x0 - INDENT)..=step(x0 + INDENT))
                .filter(|(_, paragraph)| follows(paragraph))
                .min_by(|a, b| (x0 - a.1.left).abs().total_cmp(&(x0 - b.1.left).abs()))
                .map(|(key, _)| *key);
            let mut paragraph = near.and_then(|key| open.remove(&key)).unwrap_or_else(|| Paragraph {
                left: x0,
                bottom: 0.0,
                height: 0.0,
                phrases: Vec::new(),
                beside_numbers: 0,
            });
            paragraph.left = paragraph.left.min(x0);
            (paragraph.bottom, paragraph.height) = (line.bottom, line.height());
            paragraph.phrases.push(phrase);
            paragraph.beside_numbers += usize::from(has_numbers);
            if let Some(over) = open.insert(step(paragraph.left), paragraph) {
                close(over);
            }
        }
    }
    open.into_values().for_each(&mut close);
    let is_left = |token: &&Token<'d>| !prose.contains(&token.index);
    let left = || lines.iter().flat_map(|line| &line.tokens).filter(is_left).copied().collect();
    (!prose.is_empty()).then(left)
}

fn is_prose(paragraph: &Paragraph<'_, '_>, width: f32) -> bool {
    let lines = paragraph.phrases.len();
    let ends: Vec<f32> = paragraph.phrases.iter().map(|phrase| extent(phrase).1).collect();
    let widest = ends.iter().copied().fold(f32::NEG_INFINITY, f32::max) - paragraph.left;
    let full = ends.iter().filter(|end| **end >= paragraph.left + FULL * widest).count();
    let words: usize = paragraph.phrases.iter().map(|phrase| phrase.len()).sum();
    let numbers = paragraph.phrases.iter().flat_map(|phrase| phrase.iter());
    let numbers = numbers.filter(|token| is_number(token.text)).count();
    let goes_on = |phrase: &&&[Token<'_>]| {
        let first = phrase.first().and_then(|token| token.text.chars().next());
        first.is_some_and(|c| c.is_alphabetic() && !c.is_uppercase())
    };
    let going_on = paragraph.phrases.iter().skip(1).filter(goes_on).count();
    let are_items = (going_on as f32) < GOING_ON * (lines as f32 - 1.0)
        && paragraph.beside_numbers as f32 >= BESIDE_NUMBERS * lines as f32;
    lines >= FEWEST_LINES
        && !are_items
        && widest >= NARROWEST * width
        && full as f32 >= FULL_LINES * lines as f32
        && words as f32 >= WORDS * lines as f32
        && (numbers as f32) < NUMBERS * words as f32
}
