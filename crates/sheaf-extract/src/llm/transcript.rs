//! What a model is shown of a document: numbered lines, and where each of their words stands.

use serde::{Deserialize, Serialize};
use sheaf_types::{BoundingBox, FieldKind};

use crate::extract::Found;
use crate::locate::Pool;
use crate::locate::candidate::Typed;
use crate::locate::layout::{Layout, Span, TAB};
use crate::parse::Locale;
use crate::parse::date::RawDate;

/// Bytes that make a token, by estimate: less than in any language that is written in letters, as numbers cost more.
const BYTES_A_TOKEN: usize = 3;
/// Tokens that a line costs beside its words.
const TOKENS_A_LINE: usize = 4;
/// What a page gains by being the first.
const FIRST_PAGE: f32 = 0.5;
/// What a page with the most numbers gains where a table is asked for.
const NUMBERS: f32 = 0.5;
/// Candidates of a field that say where it may stand.
const BEST: usize = 3;
/// Characters across a page, to which gaps are widened so that columns stay apart.
const COLUMNS: f32 = 100.0;
/// Blanks that a gap is widened to, at least and at most.
const GAP: (usize, usize) = (2, 90);
/// How odd a document's words are where they are taken for those of a bad recognition, 0 to 1.
const DOUBTFUL: f32 = 0.3;

/// The lines of the pages that a model is shown, in reading order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// Numbered from 1 as the model sees them.
    pub(super) lines: Vec<Line>,
    /// The dates of these lines.
    pub(super) dates: Vec<DateSpot>,
    /// The numbers of these lines that are no part of a date.
    pub(super) numbers: Vec<NumberSpot>,
    /// How the whole document writes numbers and dates.
    pub(super) locale: Locale,
    /// The only currency of the document.
    pub(super) currency: Option<String>,
    /// Whether pages, or parts of them, did not fit.
    pub(super) is_partial: bool,
    /// Whether the document's words look badly recognised, whoever did it.
    pub(super) is_doubtful: bool,
}

/// The words of one height.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) page: u32,
    /// Words joined by a blank, or by a tab where a wide gap parts them.
    pub(super) text: String,
    pub(super) words: Vec<Word>,
}

/// Where a date stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DateSpot {
    /// Of lines, from top to bottom.
    pub(super) spans: Vec<Span>,
    pub(super) date: RawDate,
}

/// Where a number stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct NumberSpot {
    pub(super) span: Span,
    /// A decimal.
    pub(super) value: String,
    pub(super) is_percent: bool,
}

/// Where a word of a line stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Word {
    /// The byte of the line's text at which it starts.
    pub(super) start: usize,
    pub(super) bbox: BoundingBox,
    /// 0 to 1.
    pub(super) confidence: f32,
    /// Whether it was recognised on an image.
    pub(super) is_ocr: bool,
    /// Whether recognition spells it otherwise than a model that was shown the page.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_misread: bool,
    /// The cell of a spreadsheet or the paragraph of a text document in which it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cell: Option<String>,
}

impl Transcript {
    /// The pages on which the fields that are asked for are likely to stand, then the others, as far as `budget` (in
    /// tokens) goes.
    pub(super) fn new(pool: &Pool<'_>, asked: &[&Found<'_>], budget: usize) -> Self {
        let layout = pool.surroundings.layout;
        let mut transcript = Self {
            lines: Vec::new(),
            dates: Vec::new(),
            numbers: Vec::new(),
            locale: pool.locale,
            currency: pool.only_currency().map(str::to_owned),
            is_partial: false,
            is_doubtful: pool.oddness() > DOUBTFUL,
        };
        let mut left = budget;
        // For each page how many of its lines are shown.
        let mut shown = vec![0; layout.pages.len()];
        for page in by_promise(pool, asked) {
            for line in layout.pages[page].clone() {
                let cost = layout.lines[line].text.len() / BYTES_A_TOKEN + TOKENS_A_LINE;
                if cost > left {
                    break;
                }
                left -= cost;
                shown[page] += 1;
            }
            transcript.is_partial |= shown[page] < layout.pages[page].len();
        }
        // For each line of the document its place among those that are shown.
        let mut places = vec![None; layout.lines.len()];
        for (range, shown) in layout.pages.iter().zip(shown) {
            for line in range.clone().take(shown) {
                places[line] = Some(transcript.lines.len());
                transcript.lines.push(Line::new(layout, line));
            }
        }
        transcript.find_typed(pool, &places);
        transcript
    }

    /// Takes over the dates and numbers that were found on the lines that are shown.
    fn find_typed(&mut self, pool: &Pool<'_>, places: &[Option<usize>]) {
        let shown = |span: &Span| Some(Span { line: places[span.line]?, range: span.range.clone() });
        for candidate in pool.dates() {
            let spans: Option<Vec<Span>> = candidate.spans.iter().map(shown).collect();
            if let (Some(spans), Typed::Date(date, _)) = (spans, &candidate.typed) {
                self.dates.push(DateSpot { spans, date: *date });
            }
        }
        for candidate in &pool.numbers {
            if let ([span], Typed::Number(number)) = (candidate.spans.as_slice(), &candidate.typed)
                && let Some(span) = shown(span)
            {
                let (value, is_percent) = (number.value.clone(), number.percent);
                self.numbers.push(NumberSpot { span, value, is_percent });
            }
        }
    }

    /// The lines as the model sees them: each with its number, columns apart, and nothing that is not seen on the page.
    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        let mut page = 0;
        for (line, number) in self.lines.iter().zip(1..) {
            if line.page != page {
                page = line.page;
                text.push_str(&format!("== page {page} ==\n"));
            }
            text.push_str(&format!("{number}| "));
            line.render(&mut text);
            text.push('\n');
        }
        text
    }

    /// How many lines it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl Line {
    fn new(layout: &Layout<'_>, index: usize) -> Self {
        let line = &layout.lines[index];
        let page = &layout.document().pages[line.page];
        let words = layout.placed_words(index).map(|(start, word)| Word {
            start,
            bbox: word.bbox,
            confidence: word.confidence,
            is_ocr: word.source.is_ocr(),
            is_misread: false,
            cell: page.cell_at(word.bbox).map(str::to_owned),
        });
        Self { page: page.number, text: line.text.clone(), words: words.collect() }
    }

    /// The words that `range` of the text touches.
    pub(super) fn words_in(&self, range: &std::ops::Range<usize>) -> &[Word] {
        let first = self.words.partition_point(|word| word.start <= range.start).saturating_sub(1);
        let end = self.words.partition_point(|word| word.start < range.end);
        &self.words[first.min(end)..end]
    }

    fn render(&self, out: &mut String) {
        let mut column = 0;
        for (at, part) in self.text.split(TAB).enumerate() {
            if at > 0 {
                let start = part.as_ptr() as usize - self.text.as_ptr() as usize;
                let word = self.words.iter().find(|word| word.start >= start);
                let target = word.map_or(0.0, |word| word.bbox.x0.clamp(0.0, 1.0) * COLUMNS) as usize;
                let gap = target.saturating_sub(column).clamp(GAP.0, GAP.1);
                out.extend(std::iter::repeat_n(' ', gap));
                column += gap;
            }
            for c in part.chars().filter(|&c| !is_invisible(c)) {
                out.push(c);
                column += 1;
            }
        }
    }
}

/// Marks that say something to a model and nothing to a reader: joiners, direction overrides, tags.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The pages, those first on which the fields are likely to stand.
fn by_promise(pool: &Pool<'_>, asked: &[&Found<'_>]) -> Vec<usize> {
    let layout = pool.surroundings.layout;
    let mut promise = vec![0.0f32; layout.pages.len()];
    if let Some(first) = promise.first_mut() {
        *first += FIRST_PAGE;
    }
    for found in asked {
        for candidate in found.candidates.iter().take(BEST) {
            if let Some(span) = candidate.spans.first() {
                promise[layout.lines[span.line].page] += candidate.score.max(0.0);
            }
        }
    }
    if asked.iter().any(|found| found.field.spec.kind == FieldKind::Table) {
        let mut counts = vec![0usize; layout.pages.len()];
        for number in pool.numbers.iter().filter(|number| matches!(number.typed, Typed::Number(_))) {
            counts[layout.lines[number.line()].page] += 1;
        }
        let most = counts.iter().copied().max().unwrap_or(0).max(1) as f32;
        for (promise, count) in promise.iter_mut().zip(counts) {
            *promise += NUMBERS * count as f32 / most;
        }
    }
    let mut order: Vec<usize> = (0..promise.len()).collect();
    order.sort_by(|&a, &b| promise[b].total_cmp(&promise[a]).then(a.cmp(&b)));
    order
}
