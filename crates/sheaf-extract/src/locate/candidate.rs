//! Candidates: everything on the document that could be a value of some type.
//!
//! Dates, numbers and codes are found once per document, line by line, whatever the fields are.

use std::cell::OnceCell;
use std::ops::Range;
use std::rc::Rc;

use super::context::Context;
use super::field::End;
use super::layout::{BLANK, Layout, Line, Rect, Span, TAB, Token};
use crate::parse::currency;
use crate::parse::date::{self, RawDate};
use crate::parse::locale::DecimalMark;
use crate::parse::number::{self, Number};

/// Words and digits of a code with blanks in it, and how many capitals it may start with.
const WORDS: usize = 6;
const DIGITS: usize = 3;
const LETTERS: usize = 4;

/// What a candidate could be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Typed {
    /// A day, and where it is an end of a range, which one.
    Date(RawDate, Option<End>),
    /// A number or an amount.
    Number(Number),
    /// An identifier.
    Code,
    /// Words.
    Text,
}

/// A part of the document that could be a value.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// Its lines, from top to bottom; never empty.
    pub(crate) spans: Vec<Span>,
    /// Its words, joined by blanks.
    pub(crate) source: String,
    /// Where its label may end: its own start, or that of the range it is the end of.
    pub(crate) label_end: usize,
    /// The segment of its first line.
    pub(crate) segment: usize,
    pub(crate) rect: Rect,
    pub(crate) typed: Typed,
    /// Whether it is the sum of the amounts above it in its column.
    pub(crate) is_sum: bool,
    /// Whether it is a code of several words and all that stands at its place.
    pub(crate) is_whole: bool,
    /// The labels around it, once [`Surroundings::contexts`](super::context::Surroundings::contexts) has looked for them.
    pub(super) contexts: OnceCell<Rc<[Context]>>,
}

impl Candidate {
    pub(crate) fn new(layout: &Layout<'_>, spans: Vec<Span>, typed: Typed) -> Option<Self> {
        let first = spans.first()?;
        let rect = spans.iter().map(|span| layout.rect(span)).reduce(Rect::union)?;
        Some(Self {
            source: layout.source(&spans),
            label_end: first.range.start,
            segment: layout.segment_at(first.line, first.range.start),
            rect,
            typed,
            spans,
            is_sum: false,
            is_whole: false,
            contexts: OnceCell::new(),
        })
    }

    pub(crate) fn line(&self) -> usize {
        self.spans[0].line
    }

    pub(crate) fn start(&self) -> usize {
        self.spans[0].range.start
    }
}

/// The dates of all lines.
pub(crate) fn dates(layout: &Layout<'_>) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for (index, line) in layout.lines.iter().enumerate() {
        let found = date::find(&line.text);
        let mut in_range = false;
        for (at, this) in found.iter().enumerate() {
            let joined =
                found.get(at + 1).filter(|next| joins_range(&line.text[this.range.end..next.range.start]));
            let end = match (in_range, joined.is_some()) {
                (true, _) => Some(End::Last),
                (false, true) => Some(End::First),
                (false, false) => None,
            };
            let span = Span { line: index, range: this.range.clone() };
            if let Some(mut candidate) = Candidate::new(layout, vec![span], Typed::Date(this.date, end)) {
                if in_range && let Some(first) = candidates.last() {
                    candidate.label_end = first.label_end;
                    candidate.segment = first.segment;
                    candidate.rect = candidate.rect.union(first.rect);
                }
                candidates.push(candidate);
            }
            in_range = !in_range && joined.is_some();
        }
        candidates.extend(wrapped_date(layout, index));
    }
    candidates
}

/// A date that a line of running text breaks: "this 5th day of / March, 2010".
fn wrapped_date(layout: &Layout<'_>, index: usize) -> Option<Candidate> {
    let (line, next) = (&layout.lines[index], layout.lines.get(index + 1)?);
    let near = next.page == line.page && next.rect.y0 - line.rect.y1 < line.rect.height();
    let month = |tokens: &[Token], line: &Line| {
        tokens.iter().any(|t| !date::month_languages(line.folded(t)).is_empty())
    };
    let tail = &line.tokens[line.tokens.len().saturating_sub(5)..];
    let head = &next.tokens[..next.tokens.len().min(4)];
    if !near || tail.is_empty() || head.is_empty() {
        return None;
    }
    let start = tail[0].range.start;
    let end = head[head.len() - 1].range.end;
    let first = line.text[start..].trim_end();
    let digits = first.bytes().chain(next.text[..end].bytes()).any(|b| b.is_ascii_digit());
    if !digits || !(month(tail, line) || month(head, next)) {
        return None;
    }
    let joined = format!("{first} {}", &next.text[..end]);
    let broken = first.len();
    let found = date::find(&joined).into_iter().find(|f| f.range.start < broken && f.range.end > broken)?;
    let spans = vec![
        Span { line: index, range: start + found.range.start..start + broken },
        Span { line: index + 1, range: 0..found.range.end - broken - 1 },
    ];
    Candidate::new(layout, spans, Typed::Date(found.date, None))
}

/// Whether what stands between two dates makes them a range.
fn joins_range(between: &str) -> bool {
    let between = between.trim_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
    matches!(
        between.to_lowercase().as_str(),
        "-" | "–"
            | "—"
            | "→"
            | "to"
            | "bis"
            | "bis zum"
            | "au"
            | "al"
            | "a"
            | "t/m"
            | "tot"
            | "tot en met"
            | "through"
            | "thru"
            | "until"
            | "hasta"
            | "até"
            | "ate"
            | "/"
            | "to:"
            | "and"
    )
}

/// The numbers of all lines, except those that are parts of dates.
pub(crate) fn numbers(layout: &Layout<'_>, dates: &[Candidate], mark: DecimalMark) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for index in 0..layout.lines.len() {
        let taken: Vec<Range<usize>> = dates
            [dates.partition_point(|d| d.line() < index)..dates.partition_point(|d| d.line() <= index)]
            .iter()
            .map(|d| d.spans[0].range.clone())
            .collect();
        let text = &layout.lines[index].text;
        for (range, number) in numbers_of(text, mark) {
            if taken.iter().any(|t| t.start < range.end && range.start < t.end) {
                continue;
            }
            let span = Span { line: index, range };
            candidates.extend(Candidate::new(layout, vec![span], Typed::Number(number)));
        }
    }
    mark_sums(layout, &mut candidates);
    candidates
}

/// Marks amounts that are the sum of two or more amounts right above them in their column.
fn mark_sums(layout: &Layout<'_>, candidates: &mut [Candidate]) {
    // Page, place and amount of each, in hundredths: a number has 18 digits at most.
    let places: Vec<(usize, Rect, Option<i128>)> = candidates
        .iter()
        .map(|c| {
            let amount = match &c.typed {
                Typed::Number(n) if n.decimals == 2 && !n.percent => Some(hundredths(&n.value)),
                _ => None,
            };
            (layout.lines[c.line()].page, c.rect, amount)
        })
        .collect();
    for (index, &(page, own, amount)) in places.iter().enumerate() {
        let Some(amount) = amount.filter(|&amount| amount != 0) else { continue };
        let size = layout.segments[candidates[index].segment].size;
        let mut top = own;
        let mut sum = 0;
        let mut rows = 0;
        for &(other_page, other, part) in places[..index].iter().rev() {
            if other_page != page || top.y0 - other.y1 > 6.0 * size || rows > 40 {
                break;
            }
            let Some(part) = part else { continue };
            if (other.x1 - own.x1).abs() > 0.7 * size || other.y1 > top.y0 + 0.4 * size {
                continue;
            }
            top = other;
            sum += part;
            rows += 1;
            if rows >= 2 && sum == amount {
                candidates[index].is_sum = true;
                break;
            }
        }
    }
}

/// A canonical decimal with two decimals, in hundredths.
fn hundredths(value: &str) -> i128 {
    let digits = value.bytes().filter(u8::is_ascii_digit);
    let amount = digits.fold(0, |amount, digit| 10 * amount + i128::from(digit - b'0'));
    if value.starts_with('-') { -amount } else { amount }
}

/// Words of a line with their bytes.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split([BLANK, TAB]).filter_map(move |word| {
        let range = start..start + word.len();
        start = range.end + 1;
        (!word.is_empty()).then_some(range)
    })
}

/// The numbers of a line: words that are numbers once currencies and marks are peeled off, joined with a currency or a
/// sign that stands beside them, and groups of thousands parted by blanks.
pub(crate) fn numbers_of(text: &str, mark: DecimalMark) -> Vec<(Range<usize>, Number)> {
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return Vec::new();
    }
    let words: Vec<Range<usize>> = words(text).collect();
    let mut found = Vec::new();
    let mut next = 0;
    while next < words.len() {
        let at = next;
        next += 1;
        let Some((core, read)) = number_core(text, &words[at], mark) else { continue };
        let mut range = core.clone();
        // "1 234 567,89": the groups after the first have three digits, a blank before and none missing.
        if is_short_group(&text[range.clone()]) && range.end == words[at].end {
            while let Some(group) = words.get(next) {
                let joined = text.as_bytes()[group.start - 1] == BLANK as u8
                    && starts_with_group(&text[group.clone()]);
                let longer = range.start..group.end;
                let core = joined.then(|| trimmed(text, &longer)).flatten();
                let Some(core) = core.filter(|c| number::read(&text[c.clone()], mark).is_some()) else {
                    break;
                };
                // Without decimals at the end, blanks group only what starts with fewer than four digits anyway.
                range = core;
                next += 1;
                if range.end < group.end || text[range.clone()].contains([',', '.']) {
                    break;
                }
            }
        }
        // A currency or sign as a word of its own, before and after.
        if at > 0 && range.start == words[at].start {
            let before = &words[at - 1];
            let word = &text[before.clone()];
            let blank = before.end + 1 == range.start && text.as_bytes()[before.end] == BLANK as u8;
            let sign = matches!(word, "-" | "−" | "+") && is_amount(&text[range.clone()]);
            if blank && (sign || is_currency_word(word)) {
                range.start = before.start;
            }
        }
        if let Some(after) = words.get(next)
            && range.end + 1 == after.start
            && text.as_bytes()[range.end] == BLANK as u8
            && is_currency_word(&text[after.clone()])
        {
            range.end = after.start + text[after.clone()].trim_end_matches(['.', ',', ')', ';']).len();
            next += 1;
        }
        let number = if range == core { Some(read) } else { number::read(&text[range.clone()], mark) };
        if let Some(mut number) = number {
            // "20 %" is a share as much as "20%".
            number.percent |= text[range.end..].trim_start_matches(BLANK).starts_with('%');
            found.push((range, number));
        }
    }
    found
}

fn is_currency_word(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',', ')', ';', ':']);
    // Names such as "Real" or "won" are words; signs and capital codes are not.
    let sign =
        word.chars().any(|c| !c.is_alphanumeric()) || word.chars().all(char::is_uppercase) || word.len() <= 2;
    currency::code_of(word).is_some() && (sign || word.eq_ignore_ascii_case("euro"))
}

fn is_amount(text: &str) -> bool {
    text.contains(['.', ','])
}

fn is_short_group(text: &str) -> bool {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// `234`, `234,50`, `234.50`: what may follow a blank within a number.
fn starts_with_group(word: &str) -> bool {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    digits == 3 && !word[3..].starts_with(|c: char| c.is_alphanumeric())
}

/// The part of a word that is a number, and that number: without brackets, colons and points around it; `None` where letters
/// (other than a currency's) or other digits are part of the word.
fn number_core(text: &str, word: &Range<usize>, mark: DecimalMark) -> Option<(Range<usize>, Number)> {
    let range = trimmed(text, word)?;
    let core = &text[range.clone()];
    if let Some(number) = number::read(core, mark) {
        return Some((range, number));
    }
    // "Total:$12.00", "(EUR)12,00", "x10": only a label that ends in a colon or bracket may be glued to a number.
    let cut = core.rfind([':', ']', '='])? + 1;
    let rest = range.start + cut..range.end;
    let number = number::read(&text[rest.clone()], mark).filter(|_| rest.len() > 1)?;
    Some((rest, number))
}

/// A range without the marks that stand around a value in a sentence; a pair of brackets around it stays.
fn trimmed(text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let mut range = range.clone();
    loop {
        let word = &text[range.clone()];
        let last = word.chars().next_back()?;
        let first = word.chars().next()?;
        if matches!(last, '.' | ',' | ';' | ':' | '*' | '|') || last == ')' && !word.contains('(') {
            range.end -= last.len_utf8();
        } else if matches!(first, ':' | '*' | ';' | '|' | '=' | '~') || first == '(' && !word.contains(')') {
            range.start += first.len_utf8();
        } else {
            return Some(range);
        }
        if range.is_empty() {
            return None;
        }
    }
}

/// The codes of all lines: words with a digit, and longer ones whose next words belong to them.
pub(crate) fn codes(layout: &Layout<'_>, dates: &[Candidate]) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (index, line) in layout.lines.iter().enumerate() {
        let text = &line.text;
        if !text.bytes().any(|b| b.is_ascii_digit()) {
            continue;
        }
        let dates =
            &dates[dates.partition_point(|d| d.line() < index)..dates.partition_point(|d| d.line() <= index)];
        let words: Vec<Range<usize>> = words(text).collect();
        for (at, word) in words.iter().enumerate() {
            let Some(range) = code_core(text, word).filter(|range| !is_zip_code(text, range)) else {
                continue;
            };
            let dated = |r: &Range<usize>| {
                dates.iter().any(|d| d.spans[0].range.start < r.end && r.start < d.spans[0].range.end)
            };
            // "FV/27/04/2024": a number by month, and no date.
            let is_lettered = text[range.clone()].starts_with(char::is_alphabetic)
                && dates.iter().any(|d| {
                    range.start + 1 < d.start()
                        && text[..d.start()].ends_with(['/', '-'])
                        && d.spans[0].range.end == range.end
                });
            if dated(&range) && !is_lettered {
                continue;
            }
            let mut long = range.clone();
            for next in &words[at + 1..] {
                let blank = long.end + 1 == next.start && text.as_bytes()[long.end] == BLANK as u8;
                if !blank
                    || dated(next)
                    || !continues_code(text, &long, next)
                    || is_stroke(layout, index, &long, next)
                {
                    break;
                }
                long.end = next.end;
            }
            let long = trimmed(text, &long).unwrap_or(long);
            if long != range && balanced(&text[long.clone()]) {
                candidates.extend(code(layout, index, long));
            }
            candidates.extend(code(layout, index, range));
        }
    }
    candidates
}

/// Whether a text of several words is one code: "FC 22/14/7", "(803) 555-0177", "388 / 2024", "M 2508 7713 0092". Its words have
/// digits and capitals, but for a few capitals that it starts with and single ones behind.
pub(crate) fn is_code_of_words(text: &str) -> bool {
    let words: Vec<&str> = text.split(BLANK).collect();
    let is_of_code = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "-/.()+".contains(c);
    let has_digit = |word: &str| word.bytes().any(|b| b.is_ascii_digit());
    let fits = |(at, word): (usize, &&str)| {
        let most = if at == 0 { LETTERS } else { 1 };
        let is_capitals = word.len() <= most && word.bytes().all(|b| b.is_ascii_uppercase());
        let is_stroke = at > 0 && at + 1 < words.len() && matches!(*word, "/" | "-");
        has_digit(word) && word.chars().all(is_of_code) || is_capitals || is_stroke
    };
    (2..=WORDS).contains(&words.len())
        && text.bytes().filter(u8::is_ascii_digit).count() >= DIGITS
        && words.iter().enumerate().all(fits)
        && !text.chars().all(|c| c.is_ascii_digit() || c == BLANK)
        && balanced(text)
        && number::read(text, DecimalMark::Point).is_none_or(|number| number.currency.is_none())
}

fn code(layout: &Layout<'_>, line: usize, range: Range<usize>) -> Option<Candidate> {
    Candidate::new(layout, vec![Span { line, range }], Typed::Code)
}

/// Whether five digits follow a town and a state of the USA: "Springfield, IL 62704".
fn is_zip_code(text: &str, range: &Range<usize>) -> bool {
    let is_code = text[range.clone()]
        .split('-')
        .next()
        .is_some_and(|first| first.len() == 5 && first.bytes().all(|b| b.is_ascii_digit()));
    if !is_code {
        return false;
    }
    let mut before = text[..range.start].split_whitespace().rev();
    let state = before.next().unwrap_or_default().replace('.', "");
    let is_state = state.len() == 2 && state.bytes().all(|b| b.is_ascii_uppercase());
    is_state && before.next().is_some_and(|town| town.len() > 3 && town.ends_with(','))
}

fn balanced(text: &str) -> bool {
    text.matches('(').count() == text.matches(')').count()
}

/// The part of a word that could be a code: after a glued label and a number sign, without marks around it.
fn code_core(text: &str, word: &Range<usize>) -> Option<Range<usize>> {
    let mut range = trimmed(text, word)?;
    let core = &text[range.clone()];
    if let Some(cut) = core.rfind([':', '#', '°', 'º', '№']) {
        let sign = core[cut..].chars().next()?;
        let rest = range.start + cut + sign.len_utf8()..range.end;
        if !rest.is_empty() {
            range = rest;
        }
    }
    range.start += glued_label(&text[range.clone()]);
    let core = &text[range.clone()];
    let digits = core.bytes().filter(u8::is_ascii_digit).count();
    (digits > 0 && core.len() <= 40 && !core.contains(['@', '€', '%'])).then_some(range)
}

/// How many bytes of a word are "Nr." before a number, where no blank parts them.
fn glued_label(word: &str) -> usize {
    let Some((label, number)) = word.split_once('.') else { return 0 };
    let is_label = matches!(label.to_lowercase().as_str(), "nr" | "no" | "num" | "nro");
    if is_label && number.starts_with(char::is_alphanumeric) { label.len() + 1 } else { 0 }
}

/// Whether recognition may have read a lone stroke behind a number as a one: "1601132 /", whose other part is empty.
fn is_stroke(layout: &Layout<'_>, line: usize, code: &Range<usize>, next: &Range<usize>) -> bool {
    let text = &layout.lines[line].text;
    let (code, word) = (&text[code.clone()], &text[next.clone()]);
    let is_number = code.len() > 4 && code.bytes().all(|b| b.is_ascii_digit());
    word == "1" && is_number && layout.words_sure(&[Span { line, range: next.clone() }]).1
}

/// Whether the next word belongs to a code: digits, or a bracket such as "(Rev 0)".
fn continues_code(text: &str, code: &Range<usize>, next: &Range<usize>) -> bool {
    let word = &text[next.clone()];
    let code = &text[code.clone()];
    let opened = !balanced(code);
    // "(GLN)" behind a number says what kind it is.
    let is_kind = word.starts_with('(') && word.ends_with(')') && !word.bytes().any(|b| b.is_ascii_digit());
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let all_code = digits > 0 && word.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '/' | '.'));
    opened || word.starts_with('(') && word.len() <= 6 && !is_kind || all_code || word == "-"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locate::sample::page;

    fn sources(lines: &[&str], find: impl Fn(&Layout<'_>) -> Vec<Candidate>) -> Vec<String> {
        let document = page(lines);
        let layout = Layout::new(&document);
        find(&layout).iter().map(|c| layout.source(&c.spans)).collect()
    }

    #[test]
    fn numbers_take_their_currency_and_their_groups() {
        let find = |layout: &Layout<'_>| numbers(layout, &dates(layout), DecimalMark::Comma);
        for (line, expected) in [
            ("Total: 1 234,50 EUR", vec!["1 234,50 EUR"]),
            ("Total:$1,234.50", vec!["$1,234.50"]),
            ("$ 42.00   x", vec!["$ 42.00"]),
            ("Rs 1939 x 1 Night", vec!["Rs 1939", "1"]),
            ("am 05.03.2018 um 12", vec!["12"]),
            ("2 100,00   3", vec!["2 100,00", "3"]),
            ("2    100,00", vec!["2", "100,00"]),
            ("(12.00) -3,50 4,50- 12,-", vec!["(12.00)", "-3,50", "4,50-", "12,-"]),
            ("RE-2018/55 A4", vec![]),
            ("19 % 37,62.", vec!["19", "37,62"]),
        ] {
            assert_eq!(sources(&[line], find), expected, "{line}");
        }
    }

    #[test]
    fn dates_know_whether_they_end_a_range() {
        let document = page(&["Flight 03/09/20 - 03/17/20   Printed 04/01/20"]);
        let layout = Layout::new(&document);
        let ends: Vec<Option<End>> = dates(&layout)
            .iter()
            .map(|c| match c.typed {
                Typed::Date(_, end) => end,
                _ => None,
            })
            .collect();
        assert_eq!(ends, [Some(End::First), Some(End::Last), None]);
    }

    #[test]
    fn codes_leave_out_labels_and_keep_what_belongs_to_them() {
        let find = |layout: &Layout<'_>| codes(layout, &dates(layout));
        for (line, expected) in [
            ("Nr. 471102 vom 05.03.2018", vec!["471102"]),
            ("Facture n\u{b0}562044387 du", vec!["562044387"]),
            ("Hdln#: 9752880 (Rev 0)", vec!["9752880 (Rev 0)", "9752880", "0"]),
            ("Kunde 549910 (GLN)", vec!["549910"]),
            ("INV/2023/03/0008", vec!["INV/2023/03/0008"]),
            ("Springfield, IL 62704 or PO 62704", vec!["62704"]),
            ("#2436316-1", vec!["2436316-1"]),
            ("Handelsrechnung Nr.471102", vec!["471102"]),
            ("No.RE-471102", vec!["RE-471102"]),
        ] {
            assert_eq!(sources(&[line], find), expected, "{line}");
        }
    }

    #[test]
    fn a_code_may_have_blanks_in_it() {
        for code in ["KD 31/12/4", "(555) 010-0123", "412 / 2023", "Q 2711 0098", "ABX 448120 T"] {
            assert!(is_code_of_words(code), "{code}");
        }
        for text in ["EUR 1234", "4711 1", "Lot 22-B", "4711", "ROOMS 214", "12 PCS", "A B", "Q 4711 of 12"] {
            assert!(!is_code_of_words(text), "{text}");
        }
    }
}
