//! The page as lines, segments and tokens.
//!
//! - A **line** is the words of one height, from left to right, with its text: words joined by a blank, or by a tab where
//!   a wide gap or a drawn rule parts them.
//! - A **segment** is what stands between two tabs: a cell, a label, a column's share of a line.
//! - A **token** is a run of letters or digits, folded: what labels are compared by.
//!
//! Everything found later (labels, candidates, values) is a range of bytes in a line's text, so that its words, its box
//! and its verbatim source follow from one [`Span`]. Boxes here are in points, upright, origin top left.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use sheaf_types::{BoundingBox, Document, Page, Word};

use super::lines::{Frame, group_lines};
use super::marks::{TickBox, boxes_lead};
use super::misread;
use crate::lexicon::is_label_character;
use crate::parse::fold::fold;

/// A gap wider than this many font heights parts two segments. Blanks are a quarter to a third of the height, in
/// monospaced text 0.6; justified text stays under 0.9.
const SEGMENT_GAP: f32 = 0.9;

/// The same in widths of a letter, for recognised words, whose height says little of the width of a blank: a typewriter's is as
/// wide as its letters.
const SEGMENT_GAP_LETTERS: f32 = 1.7;

/// The box of a form goes with what it is for over a gap of so many font heights.
const BOX_GAP: f32 = 4.0;

/// Words in brackets are one text over gaps of so many font heights, if so few of them stand behind the gap.
const BRACKET_GAP: f32 = 4.0;
const BRACKETED: usize = 4;

/// A recognised sentence goes on over gaps of so many font heights, and the next one begins behind narrower ones.
const SENTENCE_GAP: f32 = 3.0;
const NEXT_SENTENCE_GAP: f32 = 2.0;
/// Words before the gap in a sentence, and words of a line of sentences.
const SENTENCE: usize = 4;
const SENTENCES: usize = 6;

/// Words parted by a blank.
pub(crate) const BLANK: char = ' ';
/// Words parted by a wide gap or a rule.
pub(crate) const TAB: char = '\t';

/// A rectangle in points of the upright page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x0: f32,
    pub(crate) y0: f32,
    pub(crate) x1: f32,
    pub(crate) y1: f32,
}

impl Rect {
    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        }
    }

    pub(crate) fn width(self) -> f32 {
        self.x1 - self.x0
    }

    pub(crate) fn height(self) -> f32 {
        self.y1 - self.y0
    }

    pub(crate) fn centre_x(self) -> f32 {
        f32::midpoint(self.x0, self.x1)
    }

    pub(crate) fn centre_y(self) -> f32 {
        f32::midpoint(self.y0, self.y1)
    }

    /// How far the two overlap from left to right; negative where they do not.
    pub(crate) fn overlap_x(self, other: Self) -> f32 {
        self.x1.min(other.x1) - self.x0.max(other.x0)
    }

    pub(crate) fn overlap_y(self, other: Self) -> f32 {
        self.y1.min(other.y1) - self.y0.max(other.y0)
    }
}

/// A run of letters or digits of a line.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// Bytes of the line's text.
    pub(crate) range: Range<usize>,
    /// Bytes of the line's folded text.
    folded: Range<usize>,
    /// Whether a colon stands between this token and the next.
    pub(crate) colon: bool,
    /// Whether an opening bracket stands before it.
    pub(crate) opens: bool,
}

/// What stands between two wide gaps of a line.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// Index of its line in [`Layout::lines`].
    pub(crate) line: usize,
    /// Bytes of the line's text.
    pub(crate) range: Range<usize>,
    /// Indices into the line's tokens.
    pub(crate) tokens: Range<usize>,
    /// Covers its words.
    pub(crate) rect: Rect,
    /// Height of its font.
    pub(crate) size: f32,
    /// Whether all its words are bold.
    pub(crate) bold: bool,
    /// The box of a form before or behind it: bytes of the line's text.
    pub(super) tick_box: Option<(Range<usize>, TickBox)>,
}

impl Segment {
    /// All of its text.
    pub(crate) fn span(&self) -> Span {
        Span { line: self.line, range: self.range.clone() }
    }
}

/// The words of one height.
#[derive(Debug)]
pub(crate) struct Line {
    /// Index of its page in the document.
    pub(crate) page: usize,
    /// The words' texts, joined.
    pub(crate) text: String,
    /// For each word its index on the page and the byte of `text` where it starts.
    words: Vec<(usize, usize)>,
    folded: String,
    pub(crate) tokens: Vec<Token>,
    /// Indices into [`Layout::segments`].
    pub(crate) segments: Range<usize>,
    pub(crate) rect: Rect,
}

impl Line {
    /// The folded text of a token.
    pub(crate) fn folded(&self, token: &Token) -> &str {
        &self.folded[token.folded.clone()]
    }
}

/// A range of a line's text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Span {
    /// Index into [`Layout::lines`].
    pub(crate) line: usize,
    /// Bytes of the line's text.
    pub(crate) range: Range<usize>,
}

impl Span {
    /// Whether two ranges have text in common.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.line == other.line && self.range.start < other.range.end && other.range.start < self.range.end
    }
}

/// A document's lines, segments and tokens.
#[derive(Debug)]
pub(crate) struct Layout<'d> {
    document: &'d Document,
    /// Page by page, from top to bottom.
    pub(crate) lines: Vec<Line>,
    /// Line by line, from left to right.
    pub(crate) segments: Vec<Segment>,
    /// For each page its lines, as indices into `lines`.
    pub(crate) pages: Vec<Range<usize>>,
    /// For each page how it is turned.
    frames: Vec<Frame>,
    /// For each page how far to the right its text reaches.
    rights: Vec<f32>,
}

impl<'d> Layout<'d> {
    pub(crate) fn new(document: &'d Document) -> Self {
        let mut layout = Self {
            document,
            lines: Vec::new(),
            segments: Vec::new(),
            pages: Vec::new(),
            frames: Vec::new(),
            rights: Vec::new(),
        };
        for (index, page) in document.pages.iter().enumerate() {
            let first = layout.lines.len();
            let frame = Frame::of(page);
            for line in group_lines(page, &frame) {
                layout.push_line(index, page, &frame, &line);
            }
            // A number on the margin is no text.
            let own = layout.lines.get(first).map_or(layout.segments.len(), |line| line.segments.start);
            let segments = &layout.segments[own..];
            let widest = |least: usize| {
                let long = segments.iter().filter(|segment| segment.tokens.len() >= least);
                long.map(|segment| segment.rect.x1).reduce(f32::max)
            };
            let right = widest(SENTENCE).or_else(|| widest(0)).unwrap_or(0.0);
            layout.rights.push(right);
            layout.pages.push(first..layout.lines.len());
            layout.frames.push(frame);
        }
        layout
    }

    /// Every run of up to `most` words that stand beside one another in a line, in reading order.
    pub(crate) fn runs(&self, most: usize) -> impl Iterator<Item = Span> {
        self.lines.iter().enumerate().flat_map(move |(index, line)| {
            let words = &self.document.pages[line.page].words;
            let end = |&(word, start): &(usize, usize)| start + words[word].text.len();
            (0..line.words.len()).flat_map(move |first| {
                let last = line.words.len().min(first + most);
                let from = line.words[first].1;
                line.words[first..last].iter().map(move |word| Span { line: index, range: from..end(word) })
            })
        })
    }

    pub(crate) fn line_of(&self, segment: &Segment) -> &Line {
        &self.lines[segment.line]
    }

    /// The verbatim text of a segment.
    pub(crate) fn text(&self, segment: &Segment) -> &str {
        &self.lines[segment.line].text[segment.range.clone()]
    }

    pub(crate) fn tokens(&self, segment: &Segment) -> &[Token] {
        &self.lines[segment.line].tokens[segment.tokens.clone()]
    }

    /// Whether a colon ends a segment.
    pub(crate) fn ends_in_colon(&self, segment: &Segment) -> bool {
        self.tokens(segment).last().is_some_and(|token| token.colon)
    }

    /// Whether a segment is what a form offers to be ticked.
    pub(crate) fn is_offered(&self, segment: &Segment) -> bool {
        segment.tick_box.is_some() && !self.ends_in_colon(segment)
    }

    /// Index of the segment that holds a byte of a line.
    pub(crate) fn segment_at(&self, line: usize, byte: usize) -> usize {
        let range = self.lines[line].segments.clone();
        let within = self.segments[range.clone()].partition_point(|s| s.range.end <= byte);
        (range.start + within).min(range.end.saturating_sub(1))
    }

    /// The words of a span.
    fn words(&self, span: &Span) -> impl Iterator<Item = &'d Word> {
        let line = &self.lines[span.line];
        let words = &self.document.pages[line.page].words;
        let first = line.words.partition_point(|&(_, start)| start <= span.range.start).saturating_sub(1);
        line.words[first..]
            .iter()
            .take_while(|&&(_, start)| start < span.range.end)
            .map(|&(word, _)| &words[word])
    }

    /// The words of a line, each with the byte of its text at which it starts.
    pub(crate) fn placed_words(&self, line: usize) -> impl Iterator<Item = (usize, &'d Word)> {
        let line = &self.lines[line];
        let words = &self.document.pages[line.page].words;
        line.words.iter().map(|&(word, start)| (start, &words[word]))
    }

    /// The box on the displayed page that covers the words of `spans`, which are all on one page.
    pub(crate) fn bbox(&self, spans: &[Span]) -> Option<BoundingBox> {
        spans.iter().flat_map(|span| self.words(span)).map(|word| word.bbox).reduce(BoundingBox::union)
    }

    /// How sure the least sure word of `spans` is, 0 to 1, and whether any was recognised on an image.
    pub(crate) fn words_sure(&self, spans: &[Span]) -> (f32, bool) {
        spans.iter().flat_map(|span| self.words(span)).fold((1.0, false), |(least, recognised), word| {
            (least.min(word.confidence), recognised || word.source.is_ocr())
        })
    }

    /// The mean width of the letters and blanks of a segment.
    pub(crate) fn letter_width(&self, segment: &Segment) -> f32 {
        segment.rect.width() / self.text(segment).chars().count().max(1) as f32
    }

    /// Whether a word of a segment was recognised on an image.
    pub(crate) fn is_recognised(&self, segment: &Segment) -> bool {
        let span = segment.span();
        self.words(&span).any(|word| word.source.is_ocr())
    }

    /// The segments of the next lines of a page, `most` at most, that start above a height.
    pub(super) fn right_below(&self, line: usize, height: f32, most: usize) -> impl Iterator<Item = usize> {
        let page = self.lines[line].page;
        self.lines[line + 1..]
            .iter()
            .take(most)
            .take_while(move |next| next.page == page && next.rect.y0 < height)
            .flat_map(|next| next.segments.clone())
    }

    pub(crate) fn document(&self) -> &'d Document {
        self.document
    }

    /// The verbatim text of `spans`: their words joined by single blanks.
    pub(crate) fn source(&self, spans: &[Span]) -> String {
        let mut parts = spans.iter().map(|span| &self.lines[span.line].text[span.range.clone()]);
        match (parts.next(), parts.len()) {
            // Words of a line are joined by single blanks already.
            (Some(part), 0) if !part.contains(TAB) => part.trim_matches(BLANK).to_owned(),
            (first, _) => source_of(first.into_iter().chain(parts)),
        }
    }

    /// The rectangle of a part of a line, by its words.
    pub(crate) fn rect(&self, span: &Span) -> Rect {
        let line = &self.lines[span.line];
        let frame = &self.frames[line.page];
        self.words(span).map(|word| frame.rect(word.bbox)).reduce(Rect::union).unwrap_or(line.rect)
    }

    /// The words whose middle is in a box on a page, counted from 1; a span for each line that has some.
    pub(crate) fn spans_in(&self, page: u32, bbox: BoundingBox) -> Vec<Span> {
        let Some(index) = self.document.pages.iter().position(|one| one.number == page) else {
            return Vec::new();
        };
        let words = &self.document.pages[index].words;
        let span = |number: usize| {
            let line = &self.lines[number];
            let is_in = |&(word, _): &(usize, usize)| bbox.holds_middle_of(words[word].bbox);
            let first = line.words.iter().position(is_in)?;
            let last = line.words.iter().rposition(is_in)?;
            let start = line.words[first].1;
            let end = line.words.get(last + 1).map_or(line.text.len(), |&(_, next)| next);
            Some(Span { line: number, range: start..start + line.text[start..end].trim_end().len() })
        };
        self.pages[index].clone().filter_map(span).collect()
    }

    /// Number of the page, counted from 1.
    pub(crate) fn page_number(&self, page: usize) -> u32 {
        self.document.pages[page].number
    }

    /// The drawn lines of each page, in points of the upright one, and its width.
    pub(super) fn rules(&self) -> impl Iterator<Item = (f32, impl Iterator<Item = Rect>)> {
        self.document
            .pages
            .iter()
            .zip(&self.frames)
            .map(|(page, frame)| (frame.width, page.rules.iter().map(|rule| frame.rect(rule.bbox))))
    }

    /// How far to the right the text of a page reaches, in points.
    pub(crate) fn right_of(&self, page: usize) -> f32 {
        self.rights[page]
    }

    /// Size of the upright page in points.
    pub(crate) fn page_size(&self, page: usize) -> (f32, f32) {
        let frame = &self.frames[page];
        (frame.width, frame.height)
    }

    fn push_line(&mut self, page_index: usize, page: &Page, frame: &Frame, words: &[(usize, Rect)]) {
        let line_index = self.lines.len();
        let first_segment = self.segments.len();
        let length = words.iter().map(|&(index, _)| page.words[index].text.len() + 1).sum();
        let mut line = Line {
            page: page_index,
            text: String::with_capacity(length),
            words: Vec::with_capacity(words.len()),
            folded: String::with_capacity(length),
            tokens: Vec::with_capacity(words.len()),
            segments: first_segment..first_segment,
            rect: Rect { x0: 0.0, y0: 0.0, x1: 0.0, y1: 0.0 },
        };
        let usual = usual_letter_width(words.iter().map(|&(index, rect)| (&page.words[index], rect)));
        let mut open: Option<Segment> = None;
        let mut first_word = 0;
        let has_box = words.iter().any(|&(index, _)| TickBox::of_sign(&page.words[index].text).is_some());
        let boxes_lead = has_box.then(|| {
            let texts = words.iter().map(|&(index, rect)| (page.words[index].text.as_str(), rect));
            boxes_lead(&texts.collect::<Vec<_>>())
        });
        let boxes_lead = boxes_lead.flatten();
        let mut last: Option<(&Word, Rect, f32)> = None;
        for (at, &(index, rect)) in words.iter().enumerate() {
            let word = &page.words[index];
            let size = font_size(word, rect);
            let tick_box = TickBox::of_sign(&word.text);
            // "(Jane   A. Roe)".
            let is_closed =
                || words[at..].iter().take(BRACKETED).any(|&(i, _)| page.words[i].text.ends_with(')'));
            let parted = last.is_some_and(|(word_before, before, before_size)| {
                let gap = rect.x0 - before.x1;
                // What a box is for goes with it, and nothing else does.
                let is_after = TickBox::of_sign(&word_before.text).is_some();
                if let Some(lead) = boxes_lead.filter(|_| tick_box.is_some() || is_after) {
                    return tick_box.is_some() == lead || gap > BOX_GAP * size;
                }
                let opens = word_before.text.starts_with('(') && !word_before.text.contains(')');
                if opens && gap < BRACKET_GAP * size && is_closed() {
                    return false;
                }
                if runs_on(page, words, first_word..at, gap / size) && !frame.ruled_between(before, rect) {
                    return false;
                }
                let letter = letter_width(word, rect).max(letter_width(word_before, before)).max(usual);
                gap > (SEGMENT_GAP * size.min(before_size)).max(SEGMENT_GAP_LETTERS * letter)
                    || gap > 0.3 * size && frame.ruled_between(before, rect)
            });
            if last.is_some() {
                line.text.push(if parted { TAB } else { BLANK });
            }
            if parted {
                self.segments.extend(open.take());
                first_word = at;
            }
            let start = line.text.len();
            line.words.push((index, start));
            // A word is a run without blanks; should one hold a blank or a tab all the same, it may not part the line.
            if word.text.bytes().all(|b| b.is_ascii_graphic()) {
                line.text.push_str(&word.text);
            } else {
                let part = |c: char| c.is_whitespace() || c.is_control();
                line.text.extend(word.text.chars().map(|c| if part(c) { '\u{a0}' } else { c }));
            }
            let first_token = line.tokens.len();
            push_tokens(&mut line, start, word.source.is_ocr());
            line.rect = if last.is_some() { line.rect.union(rect) } else { rect };
            let segment = open.get_or_insert(Segment {
                line: line_index,
                range: start..start,
                tokens: first_token..first_token,
                rect,
                size,
                bold: true,
                tick_box: None,
            });
            if let Some(tick_box) = tick_box {
                segment.tick_box = Some((start..line.text.len(), tick_box));
            }
            segment.range.end = line.text.len();
            segment.tokens.end = line.tokens.len();
            segment.rect = segment.rect.union(rect);
            segment.size = segment.size.max(size);
            segment.bold &= word.bold;
            last = Some((word, rect, size));
        }
        self.segments.extend(open);
        line.segments.end = self.segments.len();
        self.lines.push(line);
    }
}

/// Whether the recognised words of a line are running text over the gap behind some of them, of so many font heights: a
/// sentence that goes on, or the next one. Typists leave wide blanks, and margins are straightened with them.
fn runs_on(page: &Page, words: &[(usize, Rect)], before: Range<usize>, gap: f32) -> bool {
    let text = |&(index, _): &(usize, Rect)| page.words[index].text.as_str();
    let is_small = |word: &str| word.starts_with(char::is_lowercase);
    let [next, following, ..] = &words[before.end..] else { return false };
    let last = text(&words[before.end - 1]);
    let is_followed = following.1.x0 - next.1.x1 < SEGMENT_GAP * next.1.height();
    if gap > SENTENCE_GAP || !is_followed || !page.words[next.0].source.is_ocr() || !is_small(last) {
        return false;
    }
    if last.ends_with('.') {
        let small = words.iter().filter(|word| is_small(text(word))).count();
        return gap < NEXT_SENTENCE_GAP && words.len() >= SENTENCES && 2 * small >= words.len();
    }
    before.len() >= SENTENCE && is_small(text(next)) && last.ends_with(char::is_alphanumeric)
}

/// The words of parts of lines, joined by single blanks.
pub(crate) fn source_of<'t>(parts: impl Iterator<Item = &'t str>) -> String {
    let mut source = String::new();
    for word in parts.flat_map(|part| part.split([BLANK, TAB])).filter(|word| !word.is_empty()) {
        if !source.is_empty() {
            source.push(BLANK);
        }
        source.push_str(word);
    }
    source
}

/// Cuts the word that starts at byte `start` of the line into tokens, with what labels they may be where it was recognised.
fn push_tokens(line: &mut Line, start: usize, recognised: bool) {
    let Line { text, tokens, folded, .. } = line;
    let word = &text[start..];
    let mut open: Option<usize> = None;
    let mut opens = false;
    let mut close = |range: Range<usize>, opens: bool, tokens: &mut Vec<Token>| {
        let from = folded.len();
        let piece = &word[range.clone()];
        if piece.is_ascii() {
            folded.push_str(piece);
            folded[from..].make_ascii_lowercase();
        } else {
            folded.extend(fold(piece).chars().filter(|&c| is_label_character(c)));
        }
        if recognised && let Some(meant) = misread::meant(&folded[from..], word[range.end..].chars().next()) {
            folded.replace_range(from.., &meant);
        }
        if folded.len() > from {
            let range = start + range.start..start + range.end;
            tokens.push(Token { range, folded: from..folded.len(), colon: false, opens });
        }
    };
    for (at, c) in word.char_indices() {
        let single = is_label_character(c);
        if c.is_alphanumeric() {
            open.get_or_insert(at);
            continue;
        }
        if let Some(from) = open.take() {
            close(from..at, std::mem::take(&mut opens), tokens);
        }
        if single {
            close(at..at + c.len_utf8(), std::mem::take(&mut opens), tokens);
        }
        match c {
            '(' | '[' => opens = true,
            ':' => {
                if let Some(token) = tokens.last_mut() {
                    token.colon = true;
                }
            }
            _ => {}
        }
    }
    if let Some(from) = open {
        close(from..word.len(), opens, tokens);
    }
}

/// The mean width of a recognised word's letters; 0 where it has too few to tell, or states its text.
fn letter_width(word: &Word, rect: Rect) -> f32 {
    if !word.source.is_ocr() {
        return 0.0;
    }
    let letters = word.text.chars().count();
    if letters > 1 { rect.width() / letters as f32 } else { 0.0 }
}

/// The mean width of the letters of a line's recognised words: initials are too narrow to tell it.
fn usual_letter_width<'p>(words: impl Iterator<Item = (&'p Word, Rect)>) -> f32 {
    let (width, letters) = words
        .filter(|(word, _)| word.source.is_ocr() && word.text.chars().count() > 1)
        .fold((0.0, 0.0), |(width, letters), (word, rect)| {
            (width + rect.width(), letters + word.text.chars().count() as f32)
        });
    if letters > 0.0 { width / letters } else { 0.0 }
}

fn font_size(word: &Word, rect: Rect) -> f32 {
    let height = rect.height().max(0.1);
    // A font size that has nothing to do with the box is a scaled font.
    if word.font_size > 0.4 * height && word.font_size < 2.5 * height { word.font_size } else { height }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::locate::sample::page;

    fn texts(lines: &[&str]) -> Vec<String> {
        let document = page(lines);
        let layout = Layout::new(&document);
        layout.lines.iter().map(|line| line.text.clone()).collect()
    }

    #[test]
    fn wide_gaps_part_segments_and_blanks_do_not() {
        assert_eq!(texts(&["Invoice No.     4711", "Date  x"]), ["Invoice No.\t4711", "Date\tx"]);
    }

    #[test]
    fn tokens_are_folded_runs_of_letters_and_digits() {
        let document = page(&["Rechnungs-Nr.: F\u{e4}llig (EUR) N\u{b0}5"]);
        let layout = Layout::new(&document);
        let line = &layout.lines[0];
        let tokens: Vec<&str> = line.tokens.iter().map(|t| line.folded(t)).collect();
        assert_eq!(tokens, ["rechnungs", "nr", "fallig", "eur", "n", "5"]);
        assert_eq!(
            line.tokens.iter().map(|t| t.colon).collect::<Vec<_>>(),
            [false, true, false, false, false, false]
        );
        assert!(line.tokens[3].opens);
    }

    #[test]
    fn a_span_knows_its_source_and_its_box() {
        let document = page(&["Total:   $1,234.50 due"]);
        let layout = Layout::new(&document);
        let start = layout.lines[0].text.find('$').unwrap();
        let span = Span { line: 0, range: start..start + 9 };
        assert_eq!(layout.source(std::slice::from_ref(&span)), "$1,234.50");
        assert_eq!(layout.bbox(&[span]), Some(document.pages[0].words[1].bbox));
    }

    #[test]
    fn a_page_that_reads_sideways_is_turned_upright() {
        let mut document = page(&["Invoice No.     4711", "Date            today"]);
        let page = &mut document.pages[0];
        // Turn the page a quarter clockwise: what was at the top is at the right.
        for word in &mut page.words {
            let b = word.bbox;
            word.bbox = BoundingBox { x0: 1.0 - b.y1, y0: b.x0, x1: 1.0 - b.y0, y1: b.x1 };
            word.turn = 1;
        }
        std::mem::swap(&mut page.width, &mut page.height);
        let layout = Layout::new(&document);
        let lines: Vec<&str> = layout.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(lines, ["Invoice No.\t4711", "Date\ttoday"]);
    }
}
