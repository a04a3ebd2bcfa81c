//! From a document and a field to scored candidates.
//!
//! The document is laid out once ([`layout`]), its labels and typed candidates are found once ([`labels`],
//! [`candidate`]); each field then scores the candidates of its shape by the labels around them ([`context`],
//! [`score`]) and by what they look like ([`typed`], [`party`]). [`assign`] chooses for all fields together.

pub(crate) mod assign;
pub(crate) mod candidate;
pub(crate) mod context;
pub(crate) mod field;
pub(crate) mod labels;
pub(crate) mod layout;
pub(crate) mod names;
pub(crate) mod party;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod score;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod typed;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use sheaf_types::FieldKind;

use crate::lexicon::{ConceptId, Key, LANGUAGES, LEXICON, Shape};
use crate::parse::{self, Locale, Parsed, locale::Votes};
use candidate::{Candidate, Typed};
use context::{Context, Surroundings};
use field::Field;
use layout::{Layout, Span};
use party::Parties;
use score::Evidence;
use text::{Part, TextCandidate};

/// Candidates that are kept for a field.
const KEPT: usize = 24;

/// What another place with the same value is worth.
const REPEATED: f32 = 0.015;

/// A candidate with what it is worth for a field.
#[derive(Debug, Clone)]
pub(crate) struct Scored {
    pub(crate) spans: Vec<Span>,
    pub(crate) source: String,
    pub(crate) parsed: Parsed,
    pub(crate) evidence: Evidence,
    /// The evidence's score with everything added to it.
    pub(crate) score: f32,
    /// Occurrences of the same value that score nearly as well.
    pub(crate) repeats: usize,
}

/// Everything found on a document before any field is looked at.
pub(crate) struct Pool<'a> {
    pub(crate) surroundings: Surroundings<'a>,
    pub(crate) locale: Locale,
    dates: Vec<(Candidate, Vec<Context>)>,
    numbers: Vec<Candidate>,
    numbers_in_context: OnceCell<Vec<(Candidate, Vec<Context>)>>,
    codes: OnceCell<Vec<(Candidate, Vec<Context>)>>,
    texts: OnceCell<Vec<(TextCandidate, Vec<Context>)>>,
    parties: OnceCell<Parties>,
    /// Concepts whose documents carry this document's title.
    titled: Vec<ConceptId>,
}

impl<'a> Pool<'a> {
    pub(crate) fn new(layout: &'a Layout<'a>, labels: &'a labels::Labels, tag: Option<&str>) -> Self {
        let dates = candidate::dates(layout);
        let surroundings = Surroundings::new(layout, labels, &dates);
        let locale = locale(&surroundings, &dates, tag);
        let numbers = candidate::numbers(layout, &dates, locale.decimal);
        let titled = titled(&surroundings);
        let dates = in_context(&surroundings, dates);
        Self {
            surroundings,
            locale,
            dates,
            numbers,
            numbers_in_context: OnceCell::new(),
            codes: OnceCell::new(),
            texts: OnceCell::new(),
            parties: OnceCell::new(),
            titled,
        }
    }

    /// The candidates of a field, the best first.
    pub(crate) fn candidates(&self, field: &Field<'_>) -> Vec<Scored> {
        let mut scored = match (field.spec.kind, field.shape) {
            (FieldKind::Table, _) => Vec::new(),
            (FieldKind::Enum, _) => self.enums(field),
            (_, Shape::Date) => self.typed(field, &self.dates),
            (_, Shape::Amount) => self.typed(field, self.numbers()),
            (_, Shape::Code) => self.typed(field, self.codes()),
            _ => self.free(field),
        };
        scored.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| first(a).cmp(&first(b))));
        count_repeats(&mut scored);
        for found in &mut scored {
            found.score += REPEATED * found.repeats.min(3) as f32;
        }
        scored.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| first(a).cmp(&first(b))));
        scored.truncate(KEPT);
        scored
    }

    fn numbers(&self) -> &[(Candidate, Vec<Context>)] {
        self.numbers_in_context.get_or_init(|| in_context(&self.surroundings, self.numbers.clone()))
    }

    fn codes(&self) -> &[(Candidate, Vec<Context>)] {
        self.codes.get_or_init(|| {
            let dates: Vec<Candidate> = self.dates.iter().map(|(date, _)| date.clone()).collect();
            in_context(&self.surroundings, candidate::codes(self.surroundings.layout, &dates))
        })
    }

    fn texts(&self) -> &[(TextCandidate, Vec<Context>)] {
        self.texts.get_or_init(|| {
            text::texts(&self.surroundings)
                .into_iter()
                .map(|text| {
                    let contexts = self.surroundings.contexts(&text.candidate);
                    (text, contexts)
                })
                .collect()
        })
    }

    fn typed(&self, field: &Field<'_>, candidates: &[(Candidate, Vec<Context>)]) -> Vec<Scored> {
        let lines = self.surroundings.layout.lines.len();
        candidates
            .iter()
            .filter(|(candidate, _)| typed::possible(field, candidate))
            .filter_map(|(candidate, contexts)| {
                let evidence = score::by_labels(field, contexts, &self.titled);
                let mut scored = self.scored(field, candidate, evidence)?;
                scored.score += typed::fit(field, candidate, &scored.source);
                let position = score::position(candidate, lines);
                // Totals come last, dates and numbers of the document first.
                scored.score += match field.shape {
                    Shape::Amount => 0.03 * position,
                    _ => -0.04 * position,
                };
                Some(scored)
            })
            .collect()
    }

    fn free(&self, field: &Field<'_>) -> Vec<Scored> {
        let is_party = field.is("seller") || field.is("buyer");
        let is_name = matches!(field.shape, Shape::Name | Shape::Person);
        self.texts()
            .iter()
            .filter(|(text, _)| {
                !(text.part == Part::Whole && self.surroundings.is_label(text.candidate.segment))
            })
            .filter_map(|(text, contexts)| {
                let mut evidence = score::by_labels(field, contexts, &self.titled);
                if is_party {
                    let parties = self.parties.get_or_init(|| Parties::new(&self.surroundings));
                    let by_place = parties.score(&self.surroundings, field, text)?;
                    evidence.score = evidence.score.max(by_place);
                }
                let mut scored = self.scored(field, &text.candidate, evidence)?;
                scored.score += typed::fit(field, &text.candidate, &scored.source);
                scored.score += match text.part {
                    Part::Whole => 0.0,
                    Part::AfterColon => 0.02,
                    Part::AfterLabel => -0.04,
                    Part::Head => -0.05,
                    Part::WithoutId if is_name => 0.03,
                    Part::WithoutId => -0.05,
                    Part::Name if is_name => 0.05,
                    Part::Name => -0.02,
                };
                scored.score += 0.03 * (text.candidate.spans.len() - 1) as f32;
                scored.score -= 0.03 * score::position(&text.candidate, self.surroundings.layout.lines.len());
                Some(scored)
            })
            .collect()
    }

    /// The values of an enum wherever they stand as words, or as signs of currencies.
    fn enums(&self, field: &Field<'_>) -> Vec<Scored> {
        let layout = self.surroundings.layout;
        let values = &field.spec.enum_values;
        let currencies = parse::enumeration::are_currencies(values);
        let mut scored = Vec::new();
        for (index, line) in layout.lines.iter().enumerate() {
            for range in enum_spans(&line.text, values, currencies) {
                let spans = vec![Span { line: index, range }];
                let Some(candidate) = Candidate::new(layout, spans, Typed::Text) else { continue };
                let contexts = self.surroundings.contexts(&candidate);
                let evidence = score::by_labels(field, &contexts, &self.titled);
                if let Some(mut found) = self.scored(field, &candidate, evidence) {
                    // Without a label what stands most often wins; see `count_repeats`.
                    found.score =
                        found.score.max(0.45) - 0.01 * score::position(&candidate, layout.lines.len());
                    scored.push(found);
                }
            }
        }
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for found in &scored {
            *votes.entry(values.iter().find(|v| **v == found.parsed.value).map_or("", |v| v)).or_default() +=
                1;
        }
        let all = scored.len().max(1) as f32;
        let votes: BTreeMap<String, usize> = votes.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        for found in &mut scored {
            found.score += 0.35 * votes.get(&found.parsed.value).copied().unwrap_or(0) as f32 / all;
        }
        scored
    }

    fn scored(&self, field: &Field<'_>, candidate: &Candidate, evidence: Evidence) -> Option<Scored> {
        let layout = self.surroundings.layout;
        let source = layout.source(&candidate.spans);
        if field.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(&source)) {
            return None;
        }
        let parsed = parse::value(field.spec.kind, &source, &self.locale, &field.spec.enum_values)?;
        let mut score = evidence.score;
        if field.region.is_some() {
            let page = layout.page_number(layout.lines[candidate.line()].page);
            score += layout.bbox(&candidate.spans).map_or(0.0, |bbox| score::by_region(field, page, bbox));
        }
        Some(Scored { spans: candidate.spans.clone(), source, parsed, evidence, score, repeats: 0 })
    }
}

fn first(scored: &Scored) -> (usize, usize) {
    scored.spans.first().map_or((0, 0), |span| (span.line, span.range.start))
}

/// Counts for each candidate how often its value stands elsewhere with a score not far below; repetition confirms.
fn count_repeats(scored: &mut [Scored]) {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for found in scored.iter().filter(|s| s.score > 0.3) {
        *places.entry(found.parsed.value.clone()).or_default() += 1;
    }
    for found in scored.iter_mut() {
        found.repeats = places.get(&found.parsed.value).map_or(0, |n| n - usize::from(found.score > 0.3));
    }
}

fn in_context(surroundings: &Surroundings<'_>, candidates: Vec<Candidate>) -> Vec<(Candidate, Vec<Context>)> {
    candidates
        .into_iter()
        .map(|candidate| {
            let contexts = surroundings.contexts(&candidate);
            (candidate, contexts)
        })
        .collect()
}

/// The document's locale: votes of its numbers and dates, the template's tag, the language of its labels.
fn locale(surroundings: &Surroundings<'_>, dates: &[Candidate], tag: Option<&str>) -> Locale {
    let mut votes = Votes::default();
    for word in
        surroundings.layout.lines.iter().flat_map(|line| line.text.split([layout::BLANK, layout::TAB]))
    {
        votes.count_number(word);
    }
    for date in dates {
        if let Typed::Date(raw, _) = date.typed {
            votes.count_date(raw);
        }
    }
    votes.decide(tag, language(surroundings))
}

/// The language most of the document's known labels are in.
fn language(surroundings: &Surroundings<'_>) -> Option<&'static str> {
    let mut counts = [0usize; LANGUAGES.len()];
    for label in &surroundings.segments {
        let mut seen = [false; LANGUAGES.len()];
        for found in label.matches.iter().filter(|m| m.similarity > 0.9) {
            if let Some(language) = found.language {
                seen[usize::from(language)] = true;
            }
        }
        for (count, seen) in counts.iter_mut().zip(seen) {
            *count += usize::from(seen);
        }
    }
    let best = *counts.iter().max()?;
    let unique = counts.iter().filter(|&&c| c == best).count() == 1;
    (best > 0 && unique).then(|| counts.iter().position(|&c| c == best).map(|i| LANGUAGES[i])).flatten()
}

/// The concepts that the document's title names: a segment of its first page that is a title and nothing else, or starts
/// with one in a large font.
fn titled(surroundings: &Surroundings<'_>) -> Vec<ConceptId> {
    let layout = surroundings.layout;
    let Some(page) = layout.pages.first() else { return Vec::new() };
    let (_, height) = layout.page_size(0);
    let mut best: Option<(f32, &[ConceptId])> = None;
    for line in &layout.lines[page.clone()] {
        for segment in &layout.segments[line.segments.clone()] {
            if segment.rect.y0 > 0.5 * height || segment.tokens.len() > 4 {
                continue;
            }
            let text = layout.text(segment).trim_end_matches(|c: char| !c.is_alphanumeric());
            let concepts = LEXICON.titled(text);
            if !concepts.is_empty() && best.is_none_or(|(size, _)| segment.size > size * 1.05) {
                best = Some((segment.size, concepts));
            }
        }
    }
    best.map_or_else(Vec::new, |(_, concepts)| concepts.to_vec())
}

/// Where the values of an enum stand in a line.
fn enum_spans(text: &str, values: &[String], currencies: bool) -> Vec<std::ops::Range<usize>> {
    let folded = parse::fold::fold(text);
    let mut spans = Vec::new();
    // Folding may change lengths; then only exact spellings are looked for.
    let same = folded.len() == text.len();
    for value in values {
        let (needle, hay) = if same {
            (parse::fold::fold(value).into_owned(), folded.as_ref())
        } else {
            (value.clone(), text)
        };
        for (at, _) in hay.match_indices(needle.as_str()) {
            let end = at + needle.len();
            let free = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
            let bounded =
                free(hay[..at].chars().next_back()) || hay[..at].ends_with(|c: char| c.is_ascii_digit());
            let bounded = bounded
                && (free(hay[end..].chars().next()) || hay[end..].starts_with(|c: char| c.is_ascii_digit()));
            // A short code in other case is a word ("All" is no Albanian lek).
            let cased = !currencies || text.get(at..end) == Some(value.as_str());
            if bounded
                && cased
                && text.is_char_boundary(at)
                && text.is_char_boundary(end)
                && !text[at..end].contains([layout::TAB])
            {
                spans.push(at..end);
            }
        }
    }
    if currencies {
        for (at, c) in text.char_indices().filter(|(_, c)| {
            !c.is_alphanumeric() && !c.is_whitespace() && !c.is_ascii_punctuation() || *c == '$'
        }) {
            let range = at..at + c.len_utf8();
            if parse::enumeration::read(&text[range.clone()], values).is_some() {
                spans.push(range);
            }
        }
        let mut start = 0;
        for word in text.split([layout::BLANK, layout::TAB]) {
            let range = start..start + word.len();
            start = range.end + 1;
            let letters =
                word.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | ')' | '('));
            let letters = letters.trim_start_matches('(');
            let at = range.start + (word.len() - word.trim_start_matches('(').len());
            if !letters.is_empty()
                && letters.len() <= 5
                && letters.chars().any(char::is_alphabetic)
                && parse::enumeration::read(letters, values).is_some()
                && !spans.iter().any(|s| s.start == at)
                && (letters.chars().next().is_some_and(char::is_uppercase)
                    || letters == "euro"
                    || letters == "zł")
            {
                spans.push(at..at + letters.len());
            }
        }
    }
    spans.sort_by_key(|s| s.start);
    spans
}

/// How much a field listens to a label, given the document's title.
pub(crate) fn listens(field: &Field<'_>, key: Key, titled: &[ConceptId]) -> f32 {
    let weight = field.weight(key);
    match key {
        // Of several numbers a document could be known by, its title says which is its own.
        Key::Concept(concept) if weight > 0.0 && field.concepts().nth(1).is_some() && !titled.is_empty() => {
            if titled.contains(&concept) {
                weight.max(0.94)
            } else {
                weight * 0.9
            }
        }
        _ => weight,
    }
}

impl Pool<'_> {
    /// The currency of an amount: what stands with it, else the only one of the document.
    pub(crate) fn currency(&self, amount: &Scored) -> Option<&'static str> {
        amount.parsed.currency.or_else(|| {
            let mut codes = self.numbers.iter().filter_map(|candidate| match &candidate.typed {
                Typed::Number(number) => number.currency,
                _ => None,
            });
            let first = codes.next()?;
            codes.all(|code| code == first).then_some(first)
        })
    }
}
