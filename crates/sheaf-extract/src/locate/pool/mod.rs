//! Everything found on a document, and what each of it is worth for a field.
//!
//! Typed candidates and their contexts are collected once; every field then scores those of its shape.

mod texts;
mod totals;
mod typed;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use sheaf_types::FieldKind;

use super::candidate::{self, Candidate, Typed, is_code_of_words};
use super::context::Surroundings;
use super::field::Field;
use super::labels::{Labels, printed};
use super::layout::{Layout, Span};
use super::party::Parties;
use super::payment::Payment;
use super::profile::{locale, titled};
use super::prose::Prose;
use super::score::{self, Evidence, Loose};
use super::signature::Signature;
use super::text::{self, Part, TextCandidate};
use super::typed::is_behind_colon;
use crate::ablation::{Family, uses};
use crate::confidence::document_oddness;
use crate::lexicon::{ConceptId, Shape};
use crate::parse::{Locale, Parsed};

/// Candidates that are kept for a field.
const KEPT: usize = 24;

/// A best candidate under this has no label to speak of.
const LABELLED: f32 = 0.45;

/// What another place with the same value is worth.
const REPEATED: f32 = 0.015;

/// Evidence under this cannot become an answer by anything that is added to it.
const NOTHING: f32 = 0.05;

/// The score of what matches a field's pattern and has no label.
const BY_PATTERN: f32 = 0.42;

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
    /// What was paid less the change is this amount.
    pub(crate) settled: bool,
    /// A name that a legal form ends.
    pub(crate) ends_in_legal_form: bool,
}

/// Everything found on a document before any field is looked at.
pub(crate) struct Pool<'a> {
    pub(crate) surroundings: Surroundings<'a>,
    pub(crate) locale: Locale,
    dates: Vec<Candidate>,
    /// Different days named.
    days: usize,
    /// Those of them that no label right before them explains.
    bare_days: usize,
    pub(crate) numbers: Vec<Candidate>,
    codes: OnceCell<Vec<Candidate>>,
    payment: OnceCell<Payment>,
    /// Those that start in each segment.
    texts: Vec<OnceCell<Vec<TextCandidate>>>,
    parties: OnceCell<Parties>,
    prose: OnceCell<Prose<'a>>,
    signatures: OnceCell<Vec<Signature>>,
    oddness: OnceCell<f32>,
    /// Concepts whose documents carry this document's title.
    titled: Vec<ConceptId>,
}

impl<'a> Pool<'a> {
    pub(crate) fn new(layout: &'a Layout<'a>, labels: &'a Labels, tag: Option<&str>) -> Self {
        let dates = candidate::dates(layout);
        let surroundings = Surroundings::new(layout, labels, &dates);
        let locale = locale(&surroundings, &dates, tag);
        let numbers = candidate::numbers(layout, &dates, locale.decimal);
        let titled = titled(&surroundings);
        let days: HashSet<&str> = dates.iter().map(|d| d.source.as_str()).collect();
        let days = days.len();
        let bare = dates.iter().filter(|date| !is_behind_colon(layout, date));
        let bare_days = bare.map(|d| d.source.as_str()).collect::<HashSet<&str>>().len();
        let texts = layout.segments.iter().map(|_| OnceCell::new()).collect();
        Self {
            surroundings,
            locale,
            dates,
            days,
            bare_days,
            numbers,
            codes: OnceCell::new(),
            payment: OnceCell::new(),
            texts,
            parties: OnceCell::new(),
            prose: OnceCell::new(),
            signatures: OnceCell::new(),
            oddness: OnceCell::new(),
            titled,
        }
    }

    /// The candidates of a field, the best first.
    pub(crate) fn candidates(&self, field: &Field<'_>) -> Vec<Scored> {
        let mut scored = self.scored_by(field, &Loose::default());
        // Where the label is nowhere as the template has it, one that resembles it will do.
        if scored.first().is_none_or(|best| best.score < LABELLED) && !field.spec.anchors.is_empty() {
            let loose = self.surroundings.resembling(field);
            if !loose.is_empty() {
                scored = self.scored_by(field, &loose);
            }
        }
        let is_total = ["grand_total", "gross_amount"].iter().any(|total| field.is(total));
        if is_total && scored.first().is_none_or(|best| best.score < LABELLED) {
            scored.extend(self.only_total(field));
            rank(&mut scored);
        }
        // The total of a bill that only says what to pay, and what to pay where only the total is named.
        let other = match () {
            () if field.is("grand_total") => Some("amount_due"),
            () if field.is("amount_due") => Some("grand_total"),
            () => None,
        };
        if let Some(other) = other.filter(|_| scored.first().is_none_or(|best| best.score < LABELLED)) {
            scored.extend(self.total_by(field, other));
            rank(&mut scored);
        }
        scored.truncate(KEPT);
        scored
    }

    fn scored_by(&self, field: &Field<'_>, loose: &Loose) -> Vec<Scored> {
        let mut scored = match (field.spec.kind, field.shape) {
            (FieldKind::Table, _) => Vec::new(),
            (FieldKind::Enum, _) => self.enums(field, loose),
            (_, Shape::Date) => self.typed(field, &self.dates, loose),
            (_, Shape::Amount) => {
                let mut scored = self.typed(field, &self.numbers, loose);
                if (field.is("grand_total") || field.is("amount_due")) && uses(Family::Arithmetic) {
                    self.settle(field, &mut scored);
                }
                scored
            }
            (_, Shape::Code) => match field.form {
                Some(form) if field.taught.is_none() => self.formed(field, form, loose),
                _ => self.codes_or_words(field, loose),
            },
            (_, Shape::Address) => self.addresses(field, loose),
            (_, Shape::Place) => self.passages(field, Prose::places, loose),
            (_, Shape::Duration) => self.passages(field, Prose::durations, loose),
            (_, Shape::Party) => self.passages(field, Prose::parties, loose),
            (_, Shape::Person) => {
                let mut scored = self.free(field, loose);
                scored.extend(self.signed(field));
                scored
            }
            _ => self.free(field, loose),
        };
        if field.spec.kind == FieldKind::Text {
            scored.extend(self.matching(field, loose));
            scored.extend(self.shown(field));
        }
        rank(&mut scored);
        count_repeats(&mut scored);
        for found in scored.iter_mut().filter(|_| uses(Family::Repetition)) {
            found.score += REPEATED * found.repeats.min(3) as f32;
        }
        rank(&mut scored);
        scored
    }

    /// The dates of the document, in reading order.
    pub(crate) fn dates(&self) -> impl Iterator<Item = &Candidate> {
        self.dates.iter()
    }

    fn codes(&self) -> &[Candidate] {
        self.codes.get_or_init(|| {
            let mut codes = candidate::codes(self.surroundings.layout, &self.dates);
            // Most are numbers as well, with the same labels around them; both are in reading order.
            let mut numbers = self.numbers.as_slice();
            for code in &mut codes {
                let place = (code.line(), code.start());
                let before = numbers.iter().take_while(|n| (n.line(), n.start()) < place).count();
                numbers = &numbers[before..];
                if let Some(number) = numbers.first().filter(|number| number.spans == code.spans) {
                    self.surroundings.contexts(number);
                    code.contexts = number.contexts.clone();
                }
            }
            let whole = self.whole_codes();
            codes.retain(|code| whole.iter().all(|whole| whole.spans != code.spans));
            codes.extend(whole);
            codes
        })
    }

    /// Codes with blanks in them that are all that stands beside or under something.
    fn whole_codes(&self) -> Vec<Candidate> {
        let layout = self.surroundings.layout;
        let has_digit = |&s: &usize| layout.text(&layout.segments[s]).bytes().any(|b| b.is_ascii_digit());
        let is_dated = |code: &Span| self.dates.iter().any(|date| date.spans[0].overlaps(code));
        // "No 4711" is a label and a number.
        let is_labelled = |span: &Span| {
            let line = &layout.lines[span.line];
            let mut tokens = line.tokens.iter().filter(|token| token.range.start >= span.range.start);
            let first = tokens
                .next()
                .map(|first| self.surroundings.labels.classify(&printed(line, std::slice::from_ref(first))));
            first.is_some_and(|labels| labels.iter().any(|m| m.similarity >= 0.99))
        };
        let texts = (0..layout.segments.len()).filter(has_digit).flat_map(|s| self.texts(s));
        texts
            .filter(|text| matches!(text.part, Part::Whole | Part::AfterColon | Part::AfterLabel))
            .filter(|text| text.candidate.spans.len() == 1 && is_code_of_words(&text.candidate.source))
            .filter(|text| !is_dated(&text.candidate.spans[0]) && !is_labelled(&text.candidate.spans[0]))
            .filter_map(|text| Candidate::new(layout, text.candidate.spans.clone(), Typed::Code))
            .map(|code| Candidate { is_whole: true, ..code })
            .collect()
    }

    fn texts(&self, segment: usize) -> &[TextCandidate] {
        self.texts[segment].get_or_init(|| text::texts(&self.surroundings, segment))
    }

    fn parties(&self) -> &Parties {
        self.parties
            .get_or_init(|| Parties::new(&self.surroundings, &self.titled, self.payment().hands_over()))
    }

    fn payment(&self) -> &Payment {
        self.payment.get_or_init(|| Payment::new(&self.surroundings, &self.numbers))
    }

    /// How odd the document's words are, 0 to 1.
    pub(crate) fn oddness(&self) -> f32 {
        *self.oddness.get_or_init(|| document_oddness(self.surroundings.layout.document()))
    }

    /// The currency of an amount: what stands with it, else the only one of the document.
    pub(crate) fn currency(&self, amount: &Scored) -> Option<&'static str> {
        amount.parsed.currency.or_else(|| self.only_currency())
    }

    /// The currency that all amounts have which name one.
    pub(crate) fn only_currency(&self) -> Option<&'static str> {
        let mut codes = self.numbers.iter().filter_map(|candidate| match &candidate.typed {
            Typed::Number(number) => number.currency,
            _ => None,
        });
        let first = codes.next()?;
        codes.all(|code| code == first).then_some(first)
    }

    fn scored(&self, field: &Field<'_>, candidate: &Candidate, evidence: Evidence) -> Option<Scored> {
        // What has nothing to speak for it is not looked at any closer.
        let drawn = field.place().is_some() || field.pattern.is_some() || field.spec.kind == FieldKind::Enum;
        if evidence.score < NOTHING && !drawn {
            return None;
        }
        let layout = self.surroundings.layout;
        let source = candidate.source.clone();
        let mut score = evidence.score;
        if let Some(pattern) = &field.pattern {
            if !pattern.is_match(&source) {
                return None;
            }
            // A pattern is as much of a hint as a weak label, where there is no label.
            score = score.max(BY_PATTERN);
        }
        let parsed = match (&candidate.typed, field.spec.kind) {
            // It has been read already.
            (Typed::Number(number), FieldKind::Number | FieldKind::Currency) if !number.percent => {
                Parsed { value: number.value.clone(), currency: number.currency, certain: number.certain }
            }
            _ => field.read(&source, &self.locale)?,
        };
        if field.place().is_some() {
            let page = layout.page_number(layout.lines[candidate.line()].page);
            let by_place =
                layout.bbox(&candidate.spans).map_or(0.0, |bbox| score::by_place(field, page, bbox));
            // What a person showed is the field's, whatever it is labelled.
            if field.taught.is_some() && by_place > 0.0 {
                score = score.max(0.0);
            }
            score += by_place;
        }
        let spans = candidate.spans.clone();
        Some(Scored {
            spans,
            source,
            parsed,
            evidence,
            score,
            repeats: 0,
            settled: false,
            ends_in_legal_form: false,
        })
    }
}

/// Sorts candidates, the best first, and those that are as good in reading order.
fn rank(scored: &mut [Scored]) {
    scored.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| first(a).cmp(&first(b))));
}

fn first(scored: &Scored) -> (usize, usize) {
    scored.spans.first().map_or((0, 0), |span| (span.line, span.range.start))
}

/// Counts for each candidate how often its value stands elsewhere with a score not far below; repetition confirms.
fn count_repeats(scored: &mut [Scored]) {
    let mut places: BTreeMap<String, BTreeSet<(usize, usize)>> = BTreeMap::new();
    for found in scored.iter().filter(|s| s.score > 0.3) {
        places.entry(found.parsed.value.clone()).or_default().insert(first(found));
    }
    for found in scored.iter_mut() {
        found.repeats = places
            .get(&found.parsed.value)
            .map_or(0, |places| places.len() - usize::from(places.contains(&first(found))));
    }
}
