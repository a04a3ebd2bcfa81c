//! Lines and phrases of a document: the geometry that tables are found in.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;

use sheaf_types::{Document, Page, Word};

use super::lexicon::{Lexicon, Likeness, Stop};
use super::{header, numbers};
use crate::parse::fold::tight;

/// Gap that parts two phrases, in mean character widths of its two neighbours: more than one blank of a monospaced
/// font, less than two.
const PHRASE_GAP: f32 = 1.25;
/// A character counts at most this wide, in heights of its word: wide letters would hide a gap.
const WIDEST_CHARACTER: f32 = 0.65;
/// Upper and lower part of the page in which lines that stand on several pages are headers and footers.
const MARGIN: f32 = 0.15;
/// A horizontal line is a rule of a table from this length on, in points.
const SHORTEST_RULE: f32 = 12.0;

/// A word in points, origin top left of its page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'d> {
    pub(super) word: &'d Word,
    /// The page's number.
    pub(super) page: u32,
    pub(super) x0: f32,
    pub(super) x1: f32,
    pub(super) y0: f32,
    pub(super) y1: f32,
    /// Whether it is a number by itself.
    pub(super) number: bool,
    /// Whether it stands with a number: a currency, a sign, a percent sign.
    pub(super) attached: bool,
    /// Whether it has a percent sign.
    pub(super) percent: bool,
    /// Mean width of its characters.
    pub(super) character: f32,
}

impl<'d> Token<'d> {
    fn new(word: &'d Word, page: &Page) -> Self {
        let b = word.bbox;
        let (x0, x1) = (b.x0 * page.width, b.x1 * page.width);
        let (y0, y1) = (b.y0 * page.height, b.y1 * page.height);
        let count = word.text.chars().count().max(1) as f32;
        let number = numbers::is_number(&word.text);
        Self {
            word,
            page: page.number,
            x0,
            x1,
            y0,
            y1,
            number,
            attached: !number && numbers::goes_with_number(&word.text),
            percent: word.text.contains('%'),
            character: ((x1 - x0) / count).min(WIDEST_CHARACTER * (y1 - y0)),
        }
    }

    pub(super) fn text(&self) -> &'d str {
        &self.word.text
    }

    pub(super) fn height(&self) -> f32 {
        self.y1 - self.y0
    }

    pub(super) fn middle(&self) -> f32 {
        f32::midpoint(self.y0, self.y1)
    }

    /// The gap to the next word of the line as a share of what would part two phrases: 1 or more parts them.
    pub(super) fn gap_to(&self, next: &Self) -> f32 {
        let unit = f32::midpoint(self.character, next.character).max(0.5);
        (next.x0 - self.x1) / (PHRASE_GAP * unit)
    }
}

/// Words that stand on one line of a page, from left to right.
#[derive(Debug)]
pub(super) struct Line<'d> {
    /// Index of the page.
    pub(super) page: usize,
    pub(super) tokens: Vec<Token<'d>>,
    /// For each token, whether a vertical rule stands between it and the one before.
    bordered: Vec<bool>,
    /// Runs of tokens without a wide gap or a vertical rule between them.
    pub(super) phrases: Vec<Range<usize>>,
    pub(super) y0: f32,
    pub(super) y1: f32,
    /// The labels that it would consist of as a header.
    labels: OnceCell<Vec<Range<usize>>>,
    /// Whether it is the header of some table.
    heads: OnceCell<bool>,
    endings: OnceCell<Vec<LineEnding>>,
}

/// A phrase that says that a line is no row.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineEnding {
    /// Index of the phrase.
    pub(super) phrase: usize,
    pub(super) stop: Stop,
    pub(super) likeness: Likeness,
}

impl<'d> Line<'d> {
    fn new(page: usize, mut tokens: Vec<Token<'d>>, rules: &PageRules) -> Self {
        tokens.sort_by(|a, b| a.x0.total_cmp(&b.x0));
        let y0 = tokens.iter().map(|t| t.y0).fold(f32::INFINITY, f32::min);
        let y1 = tokens.iter().map(|t| t.y1).fold(f32::NEG_INFINITY, f32::max);
        let bordered: Vec<bool> =
            (0..tokens.len()).map(|i| i > 0 && rules.part(&tokens[i - 1], &tokens[i])).collect();
        let mut phrases = Vec::new();
        let mut start = 0;
        for i in 1..=tokens.len() {
            if i == tokens.len() || bordered[i] || tokens[i - 1].gap_to(&tokens[i]) >= 1.0 {
                phrases.push(start..i);
                start = i;
            }
        }
        Self {
            page,
            tokens,
            bordered,
            phrases,
            y0,
            y1,
            labels: OnceCell::new(),
            heads: OnceCell::new(),
            endings: OnceCell::new(),
        }
    }

    /// The labels that it would consist of as a header, as far as they can be told apart.
    pub(super) fn labels(&self) -> &[Range<usize>] {
        self.labels.get_or_init(|| header::labels(self))
    }

    /// Whether the line consists of labels of columns and little else: the header of some table.
    pub(super) fn heads_a_table(&self) -> bool {
        *self.heads.get_or_init(|| header::heads_a_table(self))
    }

    /// The phrases that are labels of lines that are no rows, numbers left out.
    pub(super) fn endings(&self) -> &[LineEnding] {
        self.endings.get_or_init(|| {
            let labels = self.phrases.iter().enumerate().filter_map(|(phrase, range)| {
                let words = self.tokens[range.clone()].iter();
                let words = words.filter(|t| !t.number && (!t.attached || t.text() == "/"));
                let text = words.map(Token::text).collect::<Vec<_>>().join(" ");
                if text.is_empty() {
                    return None;
                }
                let (stop, likeness) = Lexicon::get().stop(&text)?;
                Some(LineEnding { phrase, stop, likeness })
            });
            labels.collect()
        })
    }

    /// Whether a vertical rule stands left of a token, right of the one before.
    pub(super) fn is_bordered(&self, token: usize) -> bool {
        self.bordered[token]
    }

    pub(super) fn middle(&self) -> f32 {
        f32::midpoint(self.y0, self.y1)
    }

    pub(super) fn height(&self) -> f32 {
        self.y1 - self.y0
    }

    pub(super) fn text(&self, range: Range<usize>) -> String {
        join(&self.tokens[range])
    }

    pub(super) fn is_bold(&self) -> bool {
        self.tokens.iter().all(|t| t.word.bold)
    }

    /// Median height of the font, in points.
    pub(super) fn font_size(&self) -> f32 {
        median(self.tokens.iter().map(|t| t.word.font_size)).unwrap_or_default()
    }
}

/// The words' texts, joined by single spaces.
pub(super) fn join(tokens: &[Token<'_>]) -> String {
    tokens.iter().map(Token::text).collect::<Vec<_>>().join(" ")
}

/// The middle value; of two, the lower one.
pub(super) fn median(values: impl Iterator<Item = f32>) -> Option<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// A drawn line in points: where it stands across its direction, and from where to where it reaches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    pub(super) at: f32,
    pub(super) from: f32,
    pub(super) to: f32,
}

/// The drawn lines of a page.
#[derive(Debug, Default)]
pub(super) struct PageRules {
    pub(super) horizontal: Vec<Stroke>,
    pub(super) vertical: Vec<Stroke>,
}

impl PageRules {
    fn new(page: &Page) -> Self {
        let mut rules = Self::default();
        for rule in &page.rules {
            let b = rule.bbox;
            let (x0, x1, y0, y1) =
                (b.x0 * page.width, b.x1 * page.width, b.y0 * page.height, b.y1 * page.height);
            if x1 - x0 >= y1 - y0 {
                if x1 - x0 >= SHORTEST_RULE {
                    rules.horizontal.push(Stroke { at: f32::midpoint(y0, y1), from: x0, to: x1 });
                }
            } else {
                rules.vertical.push(Stroke { at: f32::midpoint(x0, x1), from: y0, to: y1 });
            }
        }
        rules
    }

    /// Whether a vertical rule stands between two words of a line.
    fn part(&self, left: &Token<'_>, right: &Token<'_>) -> bool {
        let (from, to) = (left.x1 - 1.0, right.x0 + 1.0);
        let middle = f32::midpoint(left.middle(), right.middle());
        self.vertical.iter().any(|v| v.at >= from && v.at <= to && v.from <= middle && v.to >= middle)
    }

    /// Whether a rule between the heights `y0` and `y1` covers most of the way from `x0` to `x1`.
    pub(super) fn cross(&self, y0: f32, y1: f32, x0: f32, x1: f32) -> bool {
        // Cells have borders of their own: several pieces at one height make one rule.
        let covered: f32 = self
            .horizontal
            .iter()
            .filter(|h| h.at >= y0 && h.at <= y1)
            .map(|h| (h.to.min(x1) - h.from.max(x0)).max(0.0))
            .sum();
        covered >= 0.5 * (x1 - x0)
    }
}

/// The lines of a document without rotated words and running heads, and the rules of its pages.
#[derive(Debug)]
pub(super) struct Lines<'d> {
    pub(super) lines: Vec<Line<'d>>,
    pub(super) rules: Vec<PageRules>,
}

impl<'d> Lines<'d> {
    pub(super) fn new(document: &'d Document) -> Self {
        let rules: Vec<PageRules> = document.pages.iter().map(PageRules::new).collect();
        let mut lines = Vec::new();
        for (index, page) in document.pages.iter().enumerate() {
            let mut tokens: Vec<Token<'d>> = page
                .words
                .iter()
                .filter(|word| word.turn == 0 && !word.text.trim().is_empty())
                .map(|word| Token::new(word, page))
                .filter(|t| t.x1 > t.x0 && t.y1 > t.y0)
                .collect();
            tokens.sort_by(|a, b| a.middle().total_cmp(&b.middle()));
            let mut current: Vec<Token<'d>> = Vec::new();
            for token in tokens {
                if !current.is_empty() && !on_one_line(&current, &token) {
                    lines.push(Line::new(index, std::mem::take(&mut current), &rules[index]));
                }
                current.push(token);
            }
            if !current.is_empty() {
                lines.push(Line::new(index, current, &rules[index]));
            }
        }
        let mut all = Self { lines, rules };
        all.drop_running_heads(document);
        all
    }

    /// Leaves out lines in the margins that stand at the same height on several pages, page numbers ignored.
    fn drop_running_heads(&mut self, document: &Document) {
        if document.pages.len() < 2 {
            return;
        }
        let key = |line: &Line<'_>| -> Option<(u32, String)> {
            let height = document.pages.get(line.page)?.height;
            let at = line.middle() / height;
            if (MARGIN..1.0 - MARGIN).contains(&at) {
                return None;
            }
            if line.tokens.iter().filter(|t| t.number && t.text().contains(['.', ','])).count() >= 2 {
                return None;
            }
            let words = line.tokens.iter().map(Token::text).filter(|word| !is_page_number(word));
            let bare = tight(&words.collect::<String>());
            // Two thousandths of the page are two points on A4.
            Some(((at * 250.0).round() as u32, bare))
        };
        let mut pages: HashMap<(u32, String), Vec<usize>> = HashMap::new();
        for line in &self.lines {
            if let Some(key) = key(line) {
                let seen = pages.entry(key).or_default();
                if !seen.contains(&line.page) {
                    seen.push(line.page);
                }
            }
        }
        self.lines.retain(|line| {
            let repeats = key(line).and_then(|key| pages.get(&key)).is_some_and(|seen| seen.len() > 1);
            // A table's header that every page repeats is wanted.
            !repeats || line.heads_a_table()
        });
    }
}

/// `2`, `2/3`, `-2-`.
fn is_page_number(word: &str) -> bool {
    word.len() <= 5 && word.chars().all(|c| c.is_ascii_digit() || matches!(c, '/' | '-' | '|'))
}

/// Whether a word stands on the line of the words before it, which come sorted by their middles.
fn on_one_line(line: &[Token<'_>], token: &Token<'_>) -> bool {
    line.last().is_some_and(|last| {
        let height = last.height().min(token.height());
        let first = line.iter().map(Token::middle).fold(f32::INFINITY, f32::min);
        token.middle() - last.middle() < 0.35 * height && token.middle() - first < 0.6 * height
    })
}
