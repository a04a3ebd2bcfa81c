//! Where a text stands among the words that were shown.
//!
//! The folded text is searched for as it is, in time linear in the document. Where that finds nothing and the document was
//! recognised, or looks like it, a few letters may differ: the text is cut into one piece more than may differ, one of
//! which must then stand there as it is, and what is around it is compared letter by letter. Digits never differ.

use std::ops::Range;

use memchr::memmem;

use super::index::{Index, Stream, push_char, skeleton};
use super::transcript::Line;
use crate::locate::layout::{Span, source_of};
use crate::parse::fold::tight;

/// Of so many letters one may differ.
const LETTERS_AN_ERROR: usize = 7;
/// Most letters that may differ.
const MOST_ERRORS: usize = 12;
/// Places that are compared letter by letter, at most, for one text.
const MOST_COMPARED: usize = 64;
/// Places of a text that are told apart, at most.
const MOST_PLACES: usize = 512;
/// Shortest text, folded, that may begin or end where a letter and a digit meet.
const SHORTEST_GLUED: usize = 4;
/// Shortest text, folded, that may begin or end within a recognised word, in which blanks get lost.
const SHORTEST_WITHIN: usize = 8;
/// Longest text that is looked for, in bytes: longer than any that a template asks for.
const LONGEST: usize = 4_000;

/// How well a text and what stands there agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Closeness {
    /// But for case, blanks and punctuation.
    Same,
    /// A number is written in words on one side.
    Worded,
    /// Characters that recognition confuses differ.
    Confused,
    /// Other characters differ, too.
    Near,
    /// As a model reads it on a picture, where recognition spells it otherwise.
    Pictured,
}

/// Where a text stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// Of lines, from top to bottom.
    pub(super) spans: Vec<Span>,
    pub(super) closeness: Closeness,
}

impl Index<'_> {
    /// The places where a text stands, those that agree best; none where it stands nowhere.
    pub(super) fn places(&self, text: &str) -> Vec<Place> {
        let text = text.trim();
        if text.is_empty() || text.len() > LONGEST {
            return Vec::new();
        }
        let found = self.exactly(text, None);
        if !found.is_empty() {
            return found;
        }
        for variant in worded(text) {
            let found = self.exactly(&variant, Some(Closeness::Worded));
            if !found.is_empty() {
                return found;
            }
        }
        self.nearly(text)
    }

    /// The places on a page where a text stands but for characters that recognition confuses, along its lines.
    pub(super) fn on_page(&self, text: &str, page: u32) -> Vec<Place> {
        self.search(&self.rows, self.rows.of_page(page), text, None)
    }

    fn exactly(&self, text: &str, closeness: Option<Closeness>) -> Vec<Place> {
        let all = |stream: &Stream| self.search(stream, 0..stream.bytes.len(), text, closeness);
        let mut places = all(&self.rows);
        if places.is_empty() {
            places = all(self.columns());
        }
        // Where one place says it in these very characters, those that only resemble them are others.
        let best = places.iter().map(|place| place.closeness).min();
        places.retain(|place| Some(place.closeness) == best);
        places
    }

    /// Where a text stands within a part of a stream.
    fn search(
        &self,
        stream: &Stream,
        within: Range<usize>,
        text: &str,
        closeness: Option<Closeness>,
    ) -> Vec<Place> {
        let wanted = skeleton(text);
        if wanted.is_empty() || !stream.may_hold(&wanted) {
            return Vec::new();
        }
        let finder = memmem::Finder::new(&wanted);
        overlapping(&finder, &stream.bytes[within.clone()])
            .map(|at| within.start + at..within.start + at + wanted.len())
            .filter(|range| self.is_bounded(stream, range))
            .map(|range| self.place(stream, range, text, closeness))
            .take(MOST_PLACES)
            .collect()
    }

    /// Places where a few letters differ, the best only.
    fn nearly(&self, text: &str) -> Vec<Place> {
        let wanted = Letters::of(text);
        let errors = (wanted.bytes.len() / LETTERS_AN_ERROR).min(MOST_ERRORS);
        if errors == 0 || !self.may_be_wrong() {
            return Vec::new();
        }
        let mut best: Option<(usize, Vec<Place>)> = None;
        for stream in [&self.rows, self.columns()] {
            for (range, differing) in self.approximately(stream, &wanted, errors) {
                let place = self.place(stream, range, text, Some(Closeness::Near));
                if !place.spans.iter().any(|span| self.is_doubtful(span)) {
                    continue;
                }
                match &mut best {
                    Some((least, places)) if *least == differing => places.push(place),
                    Some((least, _)) if *least < differing => {}
                    _ => best = Some((differing, vec![place])),
                }
            }
            if best.is_some() {
                break;
            }
        }
        let mut places = best.map_or_else(Vec::new, |(_, places)| places);
        places.dedup();
        places
    }

    /// Ranges of the stream that differ from the text in at most `errors` letters, and in how many.
    fn approximately(&self, stream: &Stream, wanted: &Letters, errors: usize) -> Vec<(Range<usize>, usize)> {
        let length = wanted.bytes.len();
        let piece = length / (errors + 1);
        let mut found: Vec<(Range<usize>, usize)> = Vec::new();
        let mut compared = 0;
        for part in 0..=errors {
            let start = part * piece;
            let end = if part == errors { length } else { start + piece };
            if !stream.may_hold(&wanted.bytes[start..end]) {
                continue;
            }
            let finder = memmem::Finder::new(&wanted.bytes[start..end]);
            for at in finder.find_iter(&stream.bytes) {
                // Found around another of its pieces.
                if found.iter().any(|(range, _)| range.contains(&at)) {
                    continue;
                }
                compared += 1;
                if compared > MOST_COMPARED {
                    return found;
                }
                let from = at.saturating_sub(start + errors);
                let to = (at + (length - start) + errors).min(stream.bytes.len());
                let lines = &self.transcript.lines;
                if let Some((range, differing)) = wanted.within(stream, from..to, errors, lines)
                    && self.is_bounded(stream, &range)
                {
                    found.push((range, differing));
                }
            }
        }
        found
    }

    fn place(&self, stream: &Stream, range: Range<usize>, text: &str, closeness: Option<Closeness>) -> Place {
        let lines = &self.transcript.lines;
        let mut spans = stream.spans(range, lines);
        take_marks(&mut spans, text, lines);
        let closeness = closeness.unwrap_or_else(|| {
            let same = tight(&self.source(&spans)) == tight(text);
            if same { Closeness::Same } else { Closeness::Confused }
        });
        Place { spans, closeness }
    }

    /// Whether what stands there begins and ends as words do.
    fn is_bounded(&self, stream: &Stream, range: &Range<usize>) -> bool {
        let lines = &self.transcript.lines;
        let is_edge = |before: usize, after: usize| {
            let (left, right) = (stream.spots[before], stream.spots[after]);
            // Within a character that folds to several.
            if left == right {
                return false;
            }
            if left.line != right.line {
                return true;
            }
            let line = &lines[left.line as usize];
            let (left, right) = (left.byte as usize, right.byte as usize);
            let Some(last) = line.text[left..].chars().next() else { return true };
            let Some(first) = line.text[right..].chars().next() else { return true };
            if left + last.len_utf8() < right {
                return true;
            }
            let kinds_meet = last.is_ascii_digit() != first.is_ascii_digit();
            let within = range.len() >= SHORTEST_WITHIN
                && self
                    .is_doubtful(&Span { line: stream.spots[after].line as usize, range: right..right + 1 });
            kinds_meet && range.len() >= SHORTEST_GLUED || within
        };
        let starts = range.start == 0 || is_edge(range.start - 1, range.start);
        let ends = range.end == stream.spots.len() || is_edge(range.end - 1, range.end);
        starts && ends
    }

    /// Whether anything that was shown may be wrongly recognised.
    fn may_be_wrong(&self) -> bool {
        let transcript = self.transcript;
        transcript.is_doubtful
            || transcript.lines.iter().any(|line| line.words.iter().any(|word| word.is_ocr))
    }

    /// Whether a word there may be wrongly recognised.
    fn is_doubtful(&self, span: &Span) -> bool {
        self.transcript.is_doubtful
            || self.transcript.lines[span.line].words_in(&span.range).iter().any(|word| word.is_ocr)
    }

    /// The verbatim text of spans: their words joined by single blanks.
    pub(super) fn source(&self, spans: &[Span]) -> String {
        source_of(spans.iter().map(|span| &self.transcript.lines[span.line].text[span.range.clone()]))
    }
}

/// A text as it stands in a stream, and which of its bytes are digits.
struct Letters {
    bytes: Vec<u8>,
    is_digit: Vec<bool>,
}

impl Letters {
    fn of(text: &str) -> Self {
        let mut letters = Self { bytes: Vec::new(), is_digit: Vec::new() };
        for c in text.chars() {
            push_char(c, &mut letters.bytes);
            letters.is_digit.resize(letters.bytes.len(), c.is_ascii_digit());
        }
        letters
    }

    /// The part of `window` that differs least, if in at most `errors` letters (Sellers, "The theory and computation of
    /// evolutionary distances", 1980); a digit that differs costs more than that.
    fn within(
        &self,
        stream: &Stream,
        window: Range<usize>,
        errors: usize,
        lines: &[Line],
    ) -> Option<(Range<usize>, usize)> {
        let worst = errors + 1;
        let n = self.bytes.len();
        // For each prefix of the text the least cost of ending here, and where that began.
        let mut costs: Vec<(usize, usize)> = vec![(0, window.start); n + 1];
        for at in 1..=n {
            let cost = costs[at - 1].0 + if self.is_digit[at - 1] { worst } else { 1 };
            costs[at] = (cost.min(worst), window.start);
        }
        let mut best: Option<(Range<usize>, usize)> = None;
        for place in window.clone() {
            let spot = stream.spots[place];
            let border = spot.line == u32::MAX;
            let digit = !border
                && lines[spot.line as usize].text[spot.byte as usize..]
                    .starts_with(|c: char| c.is_ascii_digit());
            let mut diagonal = costs[0];
            costs[0] = (0, place + 1);
            for at in 1..=n {
                let same = self.bytes[at - 1] == stream.bytes[place];
                let differs = if digit || self.is_digit[at - 1] || border { worst } else { 1 };
                let swap = (diagonal.0 + if same { 0 } else { differs }, diagonal.1);
                let skip_page = (costs[at].0 + if digit || border { worst } else { 1 }, costs[at].1);
                let skip_text =
                    (costs[at - 1].0 + if self.is_digit[at - 1] { worst } else { 1 }, costs[at - 1].1);
                diagonal = costs[at];
                let least = [swap, skip_page, skip_text].into_iter().min_by_key(|cost| cost.0);
                costs[at] = least.map_or((worst, place), |(cost, from)| (cost.min(worst), from));
            }
            let (cost, from) = costs[n];
            if cost <= errors && from <= place && best.as_ref().is_none_or(|(_, least)| cost < *least) {
                best = Some((from..place + 1, cost));
            }
        }
        best
    }
}

/// All places of a needle, also those that overlap.
fn overlapping<'h>(finder: &'h memmem::Finder<'_>, hay: &'h [u8]) -> impl Iterator<Item = usize> + 'h {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + finder.find(hay.get(from..)?)?;
        from = at + 1;
        Some(at)
    })
}

/// Takes in the marks around a text that the page shows, too ("Ltd.", "(12)", "#7"), and those at which it is broken.
fn take_marks(spans: &mut [Span], text: &str, lines: &[Line]) {
    let is_mark = |c: char| !c.is_alphanumeric();
    let breaks = spans.len().saturating_sub(1);
    for span in &mut spans[..breaks] {
        let rest = &lines[span.line].text[span.range.end..];
        let marks = rest.find(|c: char| c.is_alphanumeric() || c.is_whitespace()).unwrap_or(rest.len());
        span.range.end += marks;
    }
    let tail = &text[text.trim_end_matches(is_mark).len()..];
    let head = &text[..text.len() - text.trim_start_matches(is_mark).len()];
    if let Some(last) = spans.last_mut()
        && lines[last.line].text[last.range.end..].starts_with(tail)
    {
        last.range.end += tail.len();
    }
    if let Some(first) = spans.first_mut()
        && lines[first.line].text[..first.range.start].ends_with(head)
    {
        first.range.start -= head.len();
    }
}

/// How a text with a small number may stand on a page: "2 years" as "two years", "two (2) years", "2 (two) years",
/// "two-year".
fn worded(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some(at) = words.iter().position(|word| number_word(word).is_some()) else { return Vec::new() };
    // A number alone is too little to go by.
    if words.len() < 2 || words.len() > 6 {
        return Vec::new();
    }
    let digits = words[at];
    let Some(word) = number_word(digits) else { return Vec::new() };
    let with = |number: &str, rest: &[&str]| {
        let mut all = words[..at].to_vec();
        all.push(number);
        all.extend(rest);
        all.join(" ")
    };
    let rest = &words[at + 1..];
    let singular: Vec<&str> = rest.iter().map(|word| word.strip_suffix('s').unwrap_or(word)).collect();
    let mut variants = Vec::new();
    for rest in [rest, &singular] {
        for number in
            [format!("{word} {digits}"), format!("{digits} {word}"), word.to_owned(), digits.to_owned()]
        {
            variants.push(with(&number, rest));
        }
    }
    variants
}

/// The English word for a small number in digits.
fn number_word(digits: &str) -> Option<&'static str> {
    const WORDS: [&str; 20] = [
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
    ];
    let number: usize = digits.parse().ok()?;
    match number {
        1..=20 => Some(WORDS[number - 1]),
        24 => Some("twenty-four"),
        30 => Some("thirty"),
        36 => Some("thirty-six"),
        48 => Some("forty-eight"),
        60 => Some("sixty"),
        90 => Some("ninety"),
        _ => None,
    }
}
