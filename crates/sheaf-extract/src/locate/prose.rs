//! Values in running text: how long a contract lasts, and between whom it is. The law that governs it is found in the same
//! stream (`governing`).
//!
//! The document is read as one stream of tokens, across lines. Candidates are recognised by their shape (a state, a span
//! of time, a capitalised name) and scored by the words around them.

use std::ops::Range;
use std::sync::LazyLock;

use super::flow;
use super::labels::Printed;
use super::layout::{BLANK, Layout, Segment, Span, TAB};
use super::names;
use crate::ablation::{Family, uses};
use crate::lexicon::{LABEL_WORDS, listed_under};
use crate::parse::duration::{self, Unit};

/// Words on either side of one that its sentence is looked for in.
const SENTENCE: usize = 60;
/// Words of a heading that ends in a point, at most.
const HEADING: usize = 5;
/// Tokens from the start of the document in which the parties are named.
const OPENING: usize = 700;
/// The share of the way to the right edge of the page's text that a line takes which does not wrap.
const SHORT: f32 = 0.6;
/// The share of the way to that edge that a line takes which wraps.
const FULL: f32 = 0.85;
/// The score of a name that a sentence sets behind what it is.
const APPOSED: f32 = 0.6;
/// The score of one behind words that say whose it is, and how many those are ("paid for by").
const PHRASED: f32 = 0.5;
const PHRASE: usize = 3;
/// The score of one before a bracket that says what it is, and words before that in the bracket, at most.
const DEFINED: f32 = 0.7;
const IN_BRACKET: usize = 2;
/// What it costs a span of time to be that of another covenant.
const OF_COVENANT: f32 = 0.22;
/// Words between a span of time and a promise not to do something, and those before the promise that say whose it is, at most.
const PROMISE: usize = 12;
const SUBJECT: usize = 4;
/// Words between a cell's first line and its second, at most.
const LONGEST_ROW: usize = 40;
/// Words that a party's name may have.
const LONGEST_NAME: usize = 12;

/// Words by what they say of a span of time.
static TERMS: LazyLock<Terms> = LazyLock::new(|| {
    let list = |key| listed_under(include_str!("../../data/terms.txt"), key, " ");
    Terms {
        covenants: list("covenants"),
        promises: list("promises"),
        not: list("not"),
        confidence: list("confidence"),
        duties: list("duties"),
    }
});

struct Terms {
    covenants: Vec<&'static str>,
    promises: Vec<&'static str>,
    not: Vec<&'static str>,
    confidence: Vec<&'static str>,
    duties: Vec<&'static str>,
}

/// A token of the stream.
#[derive(Debug)]
pub(super) struct Word<'l> {
    line: usize,
    /// Bytes of the line's text.
    range: Range<usize>,
    pub(super) folded: &'l str,
    /// As printed.
    pub(super) text: &'l str,
    opens: bool,
    /// Left and right edge of the column of text that it stands in; the page's where there is but one.
    column: (f32, f32),
}

/// A document as running text.
#[derive(Debug)]
pub(crate) struct Prose<'l> {
    pub(super) words: Vec<Word<'l>>,
    layout: &'l Layout<'l>,
}

/// A part of the text with what speaks for it, about 0 to 1.
#[derive(Debug, Clone)]
pub(crate) struct Passage {
    pub(crate) spans: Vec<Span>,
    pub(crate) score: f32,
    /// Whether a label beside it counts, whatever the words around it say.
    pub(crate) may_be_labelled: bool,
}

impl<'l> Prose<'l> {
    pub(crate) fn new(layout: &'l Layout<'l>) -> Self {
        let pages = layout.pages.iter().filter(|_| uses(Family::Sentences));
        let parts = pages.flat_map(|page| flow::columns(layout, page.clone()));
        let words = parts.flat_map(|part| {
            let line = &layout.lines[part.line];
            line.tokens[part.tokens.clone()].iter().map(move |token| Word {
                line: part.line,
                range: token.range.clone(),
                folded: line.folded(token),
                text: &line.text[token.range.clone()],
                opens: token.opens,
                column: part.column,
            })
        });
        Self { words: words.collect(), layout }
    }

    /// Spans of time, scored by what the text around them says lasts.
    pub(crate) fn durations(&self) -> Vec<Passage> {
        let mut found = Vec::new();
        for at in 1..self.words.len() {
            if duration::until(self.words[at - 1].folded, self.words[at].folded).is_some() {
                if let Some(spans) = self.spans(at - 1..at + 1) {
                    let (score, may_be_labelled) = (0.35 + self.lasts(at), !self.is_of_covenant(at));
                    found.push(Passage { spans, score, may_be_labelled });
                }
                continue;
            }
            let weight = match duration::unit(self.words[at].folded) {
                Some(Unit::Days | Unit::Weeks) => -0.3,
                Some(Unit::Months) => -0.03,
                Some(Unit::Years) => 0.0,
                None => continue,
            };
            // "two (2) years" says the number twice; the figures are what people write down.
            let count = &self.words[at - 1];
            let figures = count.folded.bytes().all(|b| b.is_ascii_digit()) && count.folded.len() <= 3;
            if !figures && duration::count(count.folded).is_none() {
                continue;
            }
            // "Twenty-four months".
            let tens = !figures && at > 1 && duration::tens(self.words[at - 2].folded).is_some();
            let Some(spans) = self.spans(at - 1 - usize::from(tens)..at + 1) else { continue };
            let mut score = 0.35 + weight + self.lasts(at);
            if figures {
                score += 0.05;
            }
            found.push(Passage { spans, score, may_be_labelled: !self.is_of_covenant(at) });
        }
        found
    }

    fn lasts(&self, at: usize) -> f32 {
        let window = &self.words[at.saturating_sub(30)..(at + 25).min(self.words.len())];
        let near = &self.words[at.saturating_sub(12)..(at + 14).min(self.words.len())];
        let mut score = 0.0;
        for (stems, weight) in [
            (&["terminat", "expire", "expiration"][..], 0.14),
            (&["survive", "continu", "remain", "effect", "force", "bind"], 0.08),
            (&["confidential", "obligation", "undertaking", "disclos", "duties"], 0.08),
            (&["agreement"], 0.06),
        ] {
            if starts_any(window, stems) {
                score += weight;
            }
        }
        let before = &self.words[at.saturating_sub(12)..at];
        if starts_any(before, &["term", "period"]) {
            score += 0.06;
        }
        // Of two spans, that of confidence is wanted: "Term: 1 year. Term of confidentiality: 3 years".
        if starts_any(before, &["confiden", "secre"]) {
            score += 0.05;
        }
        // What must be done within a time does not last so long.
        if before.iter().rev().take(3).any(|word| word.folded == "within") {
            score -= 0.25;
        }
        // "Covers what is disclosed during the year after its date": how long it stays a secret is said elsewhere.
        if before.iter().rev().take(5).any(|word| word.folded == "during") {
            score -= 0.1;
        }
        let after: Vec<&str> = self.words[at + 1..].iter().take(7).map(|w| w.folded).collect();
        if after
            .first()
            .is_some_and(|w| matches!(*w, "from" | "after" | "following" | "commencing" | "beginning"))
            && after
                .iter()
                .any(|w| matches!(*w, "date" | "hereof" | "disclosure" | "effective" | "ends" | "ended"))
        {
            score += 0.14;
        }
        for (stems, weight) in [
            (&["employ"][..], -0.1),
            (&["notice", "prior", "preceding", "previous", "past", "old", "age", "experience"], -0.15),
            (&["salary", "bonus", "payment", "vest", "interest", "option", "shares"], -0.12),
        ] {
            if starts_any(near, stems) {
                score += weight;
            }
        }
        if self.is_of_covenant(at) { score - OF_COVENANT } else { score }
    }

    /// Whether a span of time is that of another covenant than the one of confidence: nobody's staff is solicited, no shares are
    /// bought and no options are held for so long, nor is anything else left undone.
    fn is_of_covenant(&self, at: usize) -> bool {
        let sentence = self.sentence(at);
        starts_any(&self.words[sentence.clone()], &TERMS.covenants) || self.forbids_other(at, sentence)
    }

    /// Whether the promise nearest to a span of time in its sentence is not to do something that is no breach of confidence: "he will
    /// not serve the companies named below", "it shall not, for six months, call on a supplier".
    fn forbids_other(&self, at: usize, sentence: Range<usize>) -> bool {
        let is = |at: usize, words: &[&str]| words.contains(&self.words[at].folded);
        let promises = (sentence.start + 1..sentence.end).filter(|&not| {
            is(not, &TERMS.not) && is(not - 1, &TERMS.promises) && not.abs_diff(at) <= PROMISE
        });
        let Some(not) = promises.min_by_key(|not| not.abs_diff(at)) else { return false };
        let subject = &self.words[(not - 1).saturating_sub(SUBJECT).max(sentence.start)..not];
        let rest = &self.words[not + 1..sentence.end];
        !starts_any(rest, &TERMS.confidence) && !starts_any(subject, &TERMS.duties)
    }

    /// The words of the sentence that a word stands in, with the heading right before it.
    pub(super) fn sentence(&self, at: usize) -> Range<usize> {
        let ends = |&word: &usize| self.ends_sentence(word);
        let first = at.saturating_sub(SENTENCE);
        let last = (at + SENTENCE).min(self.words.len().saturating_sub(1));
        let start_of = |at: usize| (first..at).rev().find(ends).map_or(first, |end| end + 1);
        let start = start_of(at);
        // "Section 7. Standstill."
        let above = start_of(start.saturating_sub(1));
        let start = if start - above <= HEADING { above } else { start };
        start..(at..last).find(ends).unwrap_or(last) + 1
    }

    /// Whether a point behind a word ends its sentence. Behind a short word it may end an abbreviation, but behind a number that ends
    /// its line: "named in Annex 1."
    fn ends_sentence(&self, at: usize) -> bool {
        let word = &self.words[at];
        let Some(rest) = self.layout.lines[word.line].text[word.range.end..].strip_prefix('.') else {
            return false;
        };
        let is_number = word.text.bytes().all(|b| b.is_ascii_digit());
        let is_long = word.text.len() > 3 && (rest.is_empty() || rest.starts_with([BLANK, TAB]));
        is_long || is_number && rest.is_empty()
    }

    /// Up to `most` words before one, as far as they stand in its own column of a table.
    pub(super) fn of_column(&self, at: usize, most: usize) -> &[Word<'l>] {
        let parts = |&before: &usize| {
            let (word, next) = (&self.words[before], &self.words[before + 1]);
            next.line > word.line && !self.is_one_column(word, next)
        };
        let from = at.saturating_sub(most);
        let start = (from..at).rev().find(parts).map_or(from, |parted| parted + 1);
        &self.words[start..at]
    }

    /// Names of the contract's parties, scored by where they are named.
    pub(crate) fn parties(&self) -> Vec<Passage> {
        let mut found = Vec::new();
        let opening = self.words.len().min(OPENING);
        let mut after_between = None;
        // Where the second halves of names start that a cell of a table wraps.
        let mut halves: Vec<usize> = Vec::new();
        for at in 0..opening {
            let word = &self.words[at];
            if after_between.is_none()
                && matches!(word.folded, "between" | "among")
                && word.text == word.folded
            {
                after_between = Some(at);
            }
            if !self.starts_name(at) || halves.contains(&at) {
                continue;
            }
            let Some(end) = self.name_end(at) else { continue };
            let Some(mut spans) = self.spans(self.with_article(at)..end) else { continue };
            if let Some(half) = self.rest_in_cell(end) {
                halves.push(half.start);
                spans.extend(self.spans(half).into_iter().flatten());
            }
            let look = names::look(&self.layout.source(&spans));
            if !look.name || look.address || look.reachable {
                continue;
            }
            let mut score: f32 = 0.12;
            if look.ends_in_legal_form {
                score += 0.25;
            } else if look.legal_form {
                score += 0.08;
            }
            if self.is_defined(end) {
                score += 0.22;
            }
            if self.has_role(at) {
                score += 0.45;
            }
            if let Some(between) = after_between.filter(|&b| at - b < 60) {
                score += if at - between <= 2 { 0.4 } else { 0.15 };
            }
            score -= 0.2 * at as f32 / OPENING as f32;
            found.push(Passage { spans, score, may_be_labelled: true });
        }
        found
    }

    /// Names that a sentence sets beside what they are: "the advertiser, Citizens for Example, for", "Citizens for Example (the
    /// "Advertiser")", "paid for by Citizens for Example". `is_label` tells of words whether they say that.
    pub(crate) fn apposed(&self, is_label: impl Fn(&[Printed<'_>]) -> bool) -> Vec<Passage> {
        let are_label = |words: Range<usize>| {
            let printed: Vec<Printed<'_>> =
                self.words[words].iter().map(|word| Printed { text: word.folded, colon: false }).collect();
            is_label(&printed)
        };
        let behind = (0..self.words.len().saturating_sub(1)).filter_map(|at| {
            let score = self.introduces(at, are_label)?;
            Some((self.name_behind(at + 1)?, score))
        });
        let before = (1..self.words.len()).filter_map(|at| {
            let opens = self.bracket_of(at).filter(|_| are_label(at..at + 1))?;
            Some((self.name_before(opens)?, DEFINED))
        });
        let found = behind.chain(before).filter_map(|(words, score)| {
            let spans = self.spans(words)?;
            let is_name = names::look(&self.layout.source(&spans)).name;
            is_name.then_some(Passage { spans, score, may_be_labelled: true })
        });
        found.collect()
    }

    /// What it says for a name behind a word that this is what the name is of ("the advertiser, "), or ends the words that say so
    /// ("paid for by").
    fn introduces(&self, at: usize, are_label: impl Fn(Range<usize>) -> bool) -> Option<f32> {
        let word = &self.words[at];
        let is_apposed =
            self.gap(at) == ", " && at > 0 && LABEL_WORDS.definite.contains(&self.words[at - 1].folded);
        let is_phrase = self.gap(at) == " " && at + 1 >= PHRASE && LABEL_WORDS.whose.contains(&word.folded);
        match () {
            () if is_apposed && are_label(at..at + 1) => Some(APPOSED),
            () if is_phrase && are_label(at + 1 - PHRASE..at + 1) => Some(PHRASED),
            () => None,
        }
    }

    /// The words of a name that a sentence goes on with, up to the next mark.
    fn name_behind(&self, start: usize) -> Option<Range<usize>> {
        let ends = |&end: &usize| {
            let is_form = self.words.get(end).is_some_and(|next| names::is_legal_form(next.folded));
            self.gap(end - 1).starts_with([',', ';', '.', '|', ')']) && !is_form
        };
        let last = (start + LONGEST_NAME).min(self.words.len());
        let end = has_capital(self.words[start].text).then(|| (start + 2..=last).find(ends))??;
        Some(start..end)
    }

    /// The first word of the bracket that a word closes, if hardly more stands in it: `("Advertiser")`, `(hereinafter the "Client")`.
    fn bracket_of(&self, at: usize) -> Option<usize> {
        let first = (at.saturating_sub(IN_BRACKET)..=at).rev().find(|&first| self.words[first].opens)?;
        let is_closed = self.gap(at).contains(')') || at + 1 == self.words.len();
        (first > 0 && is_closed).then_some(first)
    }

    /// The words of a name right before a bracket: back to where a mark or a small word that is none of a name stands.
    fn name_before(&self, bracket: usize) -> Option<Range<usize>> {
        let is_small = |at: usize| !has_capital(self.words[at].text);
        let may_join = |at: usize| {
            let form = names::is_legal_form(self.words[at + 1].folded);
            joins(self.gap(at)) || form && matches!(self.gap(at), ", " | "., ")
        };
        let is_part = |at: usize| !is_small(at) || LABEL_WORDS.within.contains(&self.words[at].folded);
        let gap = self.gap(bracket - 1);
        let wraps = self.words[bracket - 1].line != self.words[bracket].line && gap != "|";
        let stands_beside = wraps || gap.trim_start_matches(['.', ' ', '\t']).starts_with('(');
        let mut start = bracket - 1;
        while start > 0 && bracket - start < LONGEST_NAME && may_join(start - 1) && is_part(start - 1) {
            start -= 1;
        }
        // "Between Example Inc. and Citizens for Example" names two.
        let is_between = start > 0 && self.words[start - 1].folded == "between";
        let and = (start..bracket).rev().find(|&at| self.words[at].folded == "and");
        let start = and.filter(|_| is_between).map_or(start, |and| and + 1);
        let start = (start..bracket).find(|&at| !is_small(at))?;
        (stands_beside && bracket - start >= 2).then_some(start..bracket)
    }

    /// Whether a name may start at this word: capital, and not in the middle of one.
    fn starts_name(&self, at: usize) -> bool {
        let word = &self.words[at];
        let goes_on = |at: usize| at > 0 && has_capital(self.words[at - 1].text) && joins(self.gap(at - 1));
        let joined = goes_on(at)
            && match self.words[at - 1].folded {
                inner if is_inner(inner) => goes_on(at - 1) && !is_common(self.words[at - 2].folded),
                before => !is_common(before),
            };
        has_capital(word.text)
            && !is_common(word.folded)
            && !joined
            && !word.opens
            && !self.quoted(at)
            && !self.is_cut_off(at)
    }

    /// Whether a word starts a line of a column in which the line above ends in "&", so that a name began there.
    fn is_cut_off(&self, at: usize) -> bool {
        let word = &self.words[at];
        let segment = self.segment(word);
        let Some(above) = word.line.checked_sub(1).map(|above| &self.layout.lines[above]) else {
            return false;
        };
        let mut column = self.layout.segments[above.segments.clone()].iter();
        segment.range.start == word.range.start
            && above.page == self.layout.lines[word.line].page
            && column.any(|s| {
                s.rect.overlap_x(segment.rect) > 0.0 && self.layout.text(s).trim_end().ends_with('&')
            })
    }

    /// Whether the label beside a name is a role of which the text speaks: "Supplier: Example Inc.", and "the Supplier shall".
    fn has_role(&self, at: usize) -> bool {
        let word = &self.words[at];
        let index = self.layout.segment_at(word.line, word.range.start);
        let segment = &self.layout.segments[index];
        let line = &self.layout.lines[word.line];
        let before = self.layout.tokens(segment);
        let before = &before[..before.partition_point(|token| token.range.end <= word.range.start)];
        let label = match before.last() {
            Some(last) if last.colon => before,
            None if index > line.segments.start => self.layout.tokens(&self.layout.segments[index - 1]),
            _ => return false,
        };
        let role: Vec<&str> = label.iter().map(|token| line.folded(token)).collect();
        let speaks = |said: &[Word<'_>]| {
            said[0].folded == "the"
                && said[1].text.starts_with(char::is_uppercase)
                && said[1..].iter().map(|word| word.folded).eq(role.iter().copied())
        };
        (1..=2).contains(&role.len())
            && self.words.windows(role.len() + 1).filter(|said| speaks(said)).nth(1).is_some()
    }

    /// Where a name starts that has an article: "between The Example Company", where no sentence begins with it.
    fn with_article(&self, at: usize) -> usize {
        let Some([before, article]) = at.checked_sub(2).and_then(|from| self.words.get(from..at)) else {
            return at;
        };
        let within = before.text.starts_with(char::is_lowercase) && article.text == "The";
        if within && self.gap(at - 2) == " " && self.gap(at - 1) == " " { at - 1 } else { at }
    }

    /// One past the last word of the name that starts at `at`; `None` where there is none.
    fn name_end(&self, at: usize) -> Option<usize> {
        let mut end = at + 1;
        while end < self.words.len() && end - at < LONGEST_NAME {
            let word = &self.words[end];
            let gap = self.gap(end - 1);
            let capital = word.text.starts_with(char::is_uppercase);
            // "As" begins a sentence, "AS" ends a name.
            let form = names::is_legal_form(word.folded)
                && (capital || word.folded == "plc")
                && (word.folded != "as" || word.text == "AS")
                || word.folded.len() == 1 && capital
                || self.is_in_dotted_form(at, end);
            // After "Inc." the name has ended.
            if names::is_unmistakable_form(self.words[end - 1].folded) && !form {
                break;
            }
            // Nor does it go on in the next line behind a form that other words may follow: "Example Company" over "Ohio".
            let connects = matches!(word.folded, "of" | "and" | "de" | "for" | "the" | "van" | "von");
            let is_wrapped = word.line != self.words[end - 1].line;
            if is_wrapped && names::is_legal_form(self.words[end - 1].folded) && !form && !connects {
                break;
            }
            let possessive = matches!(gap, "’" | "'") && word.folded.len() <= 2;
            let joined =
                joins(gap) || matches!(gap, "." | ". " | ".-") || matches!(gap, ", " | "., ") && form;
            if !joined || word.opens || self.quoted(end) {
                break;
            }
            let capital = has_capital(word.text) || word.text.bytes().all(|b| b.is_ascii_digit());
            // A full stop ends a sentence unless it ends an initial or a short form.
            if gap == ". " && !form && self.words[end - 1].text.len() > 3 {
                break;
            }
            let connects = connects
                && self.words.get(end + 1).is_some_and(|next| next.text.starts_with(char::is_uppercase))
                && word.folded != "and";
            let common =
                is_common(word.folded) && !names::is_legal_form(word.folded) && !is_inner(word.folded);
            if !(capital && !common || connects || form || possessive) {
                break;
            }
            end += 1;
        }
        (end - at >= 2).then_some(end)
    }

    /// The rest of a name that ends before a word, where it stands in one of several cells of a line and the next line of that cell
    /// ends it in its legal form: "Example Valley" over "Mills Inc.".
    fn rest_in_cell(&self, end: usize) -> Option<Range<usize>> {
        let last = &self.words[end - 1];
        let (line, cell) = (&self.layout.lines[last.line], self.segment(last));
        let below = self.layout.lines.get(last.line + 1)?;
        let is_near = below.page == line.page && below.rect.y0 - line.rect.y1 < line.rect.height();
        if line.segments.len() == 1 || cell.range.end != last.range.end || !is_near {
            return None;
        }
        let mut cells = self.layout.segments[below.segments.clone()].iter();
        let rest = cells.find(|other| (other.rect.x0 - cell.rect.x0).abs() < 0.5 * cell.size)?;
        let starts = |word: &Word<'_>| word.line == last.line + 1 && word.range.start == rest.range.start;
        let start = end + self.words[end..].iter().take(LONGEST_ROW).position(starts)?;
        let is_form = |at: usize| names::is_legal_form(self.words[at].folded);
        let capitals = self.words[start..].iter().take_while(|word| has_capital(word.text));
        let capitals =
            capitals.take_while(|word| word.line == last.line + 1 && word.range.end <= rest.range.end);
        let after = start + capitals.count();
        (after > start && !is_form(end - 1) && is_form(after - 1)).then_some(start..after)
    }

    /// Whether a word of a name is one of the letters of a legal form that points part: "S.p.A.", "s.r.o.".
    fn is_in_dotted_form(&self, name: usize, at: usize) -> bool {
        let is_letter = |at: usize| self.words.get(at).is_some_and(|word| word.folded.len() == 1);
        let parted = |at: usize| is_letter(at) && is_letter(at + 1) && self.gap(at) == ".";
        let start = (name + 1..at).rev().take_while(|&before| parted(before)).last().unwrap_or(at);
        let end = (at..).find(|&last| !parted(last)).unwrap_or(at);
        let letters: String = self.words[start..=end].iter().map(|word| word.folded).collect();
        end > start && is_letter(at) && names::is_legal_form(&letters)
    }

    /// Whether a definition follows: `("Company")`, `(the “Company”)`, `(“X”)`.
    fn is_defined(&self, end: usize) -> bool {
        self.words[end..].iter().take(28).position(|w| w.opens).is_some_and(|opens| {
            opens == 0 || self.words[end..end + opens].iter().all(|w| w.folded != "between")
        }) && self.words.get(end).is_some_and(|w| w.opens || !w.text.starts_with(char::is_uppercase))
    }

    /// What stands between a word and the next one, if both are on one line; a blank where the line wraps.
    fn gap(&self, at: usize) -> &'l str {
        let (Some(word), Some(next)) = (self.words.get(at), self.words.get(at + 1)) else { return "" };
        if word.line != next.line {
            let line = &self.layout.lines[word.line];
            let segment = self.segment(word);
            if next.line < word.line || !self.is_one_column(word, next) {
                return "|";
            }
            // A line that ends early ends there for a reason: "Erika Example" over "Example Inc.".
            let (left, right) = word.column;
            if line.page == self.layout.lines[next.line].page
                && segment.rect.x1 - left < SHORT * (right - left)
            {
                return "|";
            }
            return match line.text[word.range.end..segment.range.end].trim_end() {
                "," => ", ",
                "" => " ",
                "." => ". ",
                "&" => " & ",
                _ => "|",
            };
        }
        &self.layout.lines[word.line].text[word.range.end..next.range.start]
    }

    /// Whether the text of a line goes on with the next word, and not with another one right below it in its own column.
    fn is_one_column(&self, word: &Word<'_>, next: &Word<'_>) -> bool {
        let below = &self.layout.segments[self.layout.lines[next.line].segments.clone()];
        let own = self.segment(word).rect;
        let is_below = |segment: &Segment| segment.rect.overlap_x(own) > 0.0;
        is_below(self.segment(next)) || !below.iter().any(is_below) || self.is_filled_in(word, below)
    }

    /// Whether a word ends a line whose gaps stand within a sentence, as those of a form do that was filled in ("is made
    /// between" before "Example"), and no column of it goes on in the line below.
    fn is_filled_in(&self, word: &Word<'_>, below: &[Segment]) -> bool {
        let line = &self.layout.lines[word.line];
        let own = self.segment(word);
        let segments = &self.layout.segments[line.segments.clone()];
        let [.., before, last] = segments else { return false };
        let says = self.layout.text(before).rsplit(BLANK).next().unwrap_or_default();
        last.range == own.range
            && says.chars().all(char::is_lowercase)
            && own.rect.x1 > FULL * self.layout.right_of(line.page)
            && below.iter().all(|segment| (segment.rect.x0 - own.rect.x0).abs() > own.size)
    }

    fn segment(&self, word: &Word<'_>) -> &'l Segment {
        &self.layout.segments[self.layout.segment_at(word.line, word.range.start)]
    }

    fn quoted(&self, at: usize) -> bool {
        let word = &self.words[at];
        self.layout.lines[word.line].text[..word.range.start].ends_with(['“', '"', '”', '\''])
    }

    /// The words as spans, with brackets that stand around the first and points that end abbreviations; `None` where they
    /// are on different pages.
    pub(super) fn spans(&self, words: Range<usize>) -> Option<Vec<Span>> {
        let mut spans: Vec<Span> = Vec::new();
        for word in &self.words[words] {
            match spans.last_mut() {
                Some(span) if span.line == word.line => span.range.end = word.range.end,
                last => {
                    let goes_on = last.is_some();
                    // What stands behind the last word of a line that wraps ("&", a comma) is part of the passage.
                    if let Some(last) = last {
                        let at = self.layout.segment_at(last.line, last.range.end - 1);
                        last.range.end = self.layout.segments[at].range.end;
                    }
                    // What stands before the first word of a line that a name goes on in is part of it, too.
                    let from = self.segment(word).range.start;
                    let before = self.layout.lines[word.line].text[from..word.range.start].trim();
                    let start = if goes_on && before == "&" { from } else { word.range.start };
                    spans.push(Span { line: word.line, range: start..word.range.end });
                }
            }
        }
        let first = spans.first()?;
        let page = self.layout.lines[first.line].page;
        if spans.iter().any(|s| self.layout.lines[s.line].page != page) {
            return None;
        }
        let text = &self.layout.lines[first.line].text;
        if text[first.range.clone()].starts_with(|c: char| c.is_ascii_digit())
            && text[..first.range.start].ends_with('(')
        {
            spans[0].range.start -= 1;
        }
        let last = spans.len() - 1;
        let span = &mut spans[last];
        let text = &self.layout.lines[span.line].text;
        let word = text[span.range.clone()].rsplit([' ', '.']).next().unwrap_or_default();
        if text[span.range.end..].starts_with('.')
            && (word.len() == 1 || names::is_legal_form(&word.to_lowercase()))
        {
            span.range.end += 1;
        }
        Some(spans)
    }
}

/// Whether a word starts with one of some stems.
fn starts_any(words: &[Word<'_>], stems: &[&str]) -> bool {
    words.iter().any(|word| stems.iter().any(|stem| word.folded.starts_with(stem)))
}

/// Whether a word has a capital as names do: "Example", "eExample".
fn has_capital(word: &str) -> bool {
    word.chars().take(2).any(char::is_uppercase)
}

/// Whether what stands between two words leaves them parts of one name.
fn joins(gap: &str) -> bool {
    matches!(gap, " " | "-" | "’" | "'" | "’ " | "' " | " & ")
}

/// Words of those that stand within names all the same: "First Example State Bank".
fn is_inner(folded: &str) -> bool {
    matches!(folded, "private" | "state" | "united" | "street" | "mutual")
}

/// Words that start sentences and headings of contracts and no names.
fn is_common(folded: &str) -> bool {
    matches!(
        folded,
        "this"
            | "the"
            | "agreement"
            | "whereas"
            | "exhibit"
            | "confidentiality"
            | "confidential"
            | "nondisclosure"
            | "disclosure"
            | "non"
            | "mutual"
            | "between"
            | "and"
            | "by"
            | "party"
            | "parties"
            | "company"
            | "dear"
            | "ladies"
            | "gentlemen"
            | "re"
            | "date"
            | "dated"
            | "effective"
            | "recitals"
            | "in"
            | "a"
            | "an"
            | "of"
            | "employee"
            | "director"
            | "recipient"
            | "information"
            | "section"
            | "article"
            | "page"
            | "ex"
            | "now"
            | "therefore"
            | "with"
            | "as"
            | "for"
            | "to"
            | "on"
            | "it"
            | "you"
            | "your"
            | "we"
            | "our"
            | "mr"
            | "mrs"
            | "ms"
            | "attention"
            | "attn"
            | "re:"
            | "subject"
            | "letter"
            | "compete"
            | "not"
            | "covenant"
            | "employment"
            | "january"
            | "february"
            | "march"
            | "april"
            | "may"
            | "june"
            | "july"
            | "august"
            | "september"
            | "october"
            | "november"
            | "december"
            | "street"
            | "suite"
            | "avenue"
            | "road"
            | "state"
            | "united"
            | "executive"
            | "officer"
            | "president"
            | "chief"
            | "vice"
            | "term"
            | "terms"
            | "title"
            | "name"
            | "each"
            | "such"
            | "all"
            | "any"
            | "if"
            | "is"
            | "are"
            | "purpose"
            | "evaluation"
            | "material"
            | "secrecy"
            | "proprietary"
            | "solicitation"
            | "competition"
            | "form"
            | "confidentially"
            | "board"
            | "directors"
            | "personal"
            | "private"
            | "strictly"
            | "undersigned"
            | "discloser"
            | "receiving"
            | "disclosing"
    )
}
