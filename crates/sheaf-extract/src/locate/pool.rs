//! Everything found on a document, and what each of it is worth for a field.
//!
//! Typed candidates and their contexts are collected once; every field then scores those of its shape.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use rust_decimal::Decimal;
use rustc_hash::FxHashSet;
use sheaf_types::{FieldKind, Region};

use super::address;
use super::candidate::{self, Candidate, Typed};
use super::context::Surroundings;
use super::enums::EnumFinder;
use super::field::Field;
use super::labels::Labels;
use super::layout::{BLANK, Layout, Span, TAB};
use super::party::Parties;
use super::payment::Payment;
use super::profile::{locale, titled};
use super::prose::Passage;
use super::prose::Prose;
use super::score::{self, Evidence, Loose};
use super::signature::{self, Signature};
use super::text::{self, Part, TextCandidate};
use super::typed;
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

/// What it costs a due date to be the last day for a discount.
const FOR_DISCOUNT: f32 = 0.4;

/// What it costs a total to stand in a tax summary.
const IN_SUMMARY: f32 = 0.25;

/// Evidence under this cannot become an answer by anything that is added to it.
const NOTHING: f32 = 0.05;

/// The score of the first address of a document.
const FIRST_ADDRESS: f32 = 0.6;

/// The score of a text right beside its label.
const BESIDE_LABEL: f32 = 0.85;

/// What it costs words to be where a code is expected.
const WORDS_FOR_CODE: f32 = 0.15;

/// Matches of a pattern that are looked at.
const MATCHES: usize = 200;

/// What it is worth for a total to be what was paid less the change.
const SETTLED: f32 = 0.12;

/// The score of such a total without a label.
const BY_PAYMENT: f32 = 0.5;

/// How much better a rounded total is than the one before rounding.
const ROUNDED: f32 = 0.1;

/// The score of what matches a field's pattern and has no label.
const BY_PATTERN: f32 = 0.42;

/// Words of a text beside a label that names a party, a place or a span of time: more are a clause of the contract.
const MOST_WORDS: usize = 10;

/// Under this, the words around a passage say that it is something else than what its label would make it.
const AGAINST: f32 = 0.0;

/// What it is worth for a text to answer a question about the field.
const ANSWERS: f32 = 0.12;

/// What it costs a text to answer a question about another field.
const ANSWERS_ANOTHER: f32 = 0.4;

/// What it costs a text to be the label of another field.
const LABEL_OF_ANOTHER: f32 = 0.65;

/// What it costs a text to hold its label, where what stands behind the label is a candidate of its own.
const WITH_LABEL: f32 = 0.25;

/// What it costs a text to be no more than what stands where a person showed one: it ends where a gap is, not where its sense does.
const SHOWN: f32 = 0.12;

/// What it costs an amount to be what another one is reckoned on, or to be part of a label.
const ASIDE: f32 = 0.4;

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
        let texts = layout.segments.iter().map(|_| OnceCell::new()).collect();
        Self {
            surroundings,
            locale,
            dates,
            days,
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
            (_, Shape::Code) => self.codes_or_words(field, loose),
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
        scored.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| first(a).cmp(&first(b))));
        count_repeats(&mut scored);
        for found in scored.iter_mut().filter(|_| uses(Family::Repetition)) {
            found.score += REPEATED * found.repeats.min(3) as f32;
        }
        scored.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| first(a).cmp(&first(b))));
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
            codes
        })
    }

    fn texts(&self, segment: usize) -> &[TextCandidate] {
        self.texts[segment].get_or_init(|| text::texts(&self.surroundings, segment))
    }

    fn parties(&self) -> &Parties {
        self.parties.get_or_init(|| Parties::new(&self.surroundings, &self.titled))
    }

    fn typed(&self, field: &Field<'_>, candidates: &[Candidate], loose: &Loose) -> Vec<Scored> {
        let lines = self.surroundings.layout.lines.len();
        candidates
            .iter()
            .filter(|candidate| typed::possible(field, candidate))
            .filter_map(|candidate| {
                let contexts = self.surroundings.contexts(candidate);
                let mut evidence = score::by_labels(field, contexts, &self.titled, loose);
                if matches!(candidate.typed, Typed::Date(..)) {
                    let alone =
                        typed::own_date(field, self.surroundings.layout, candidate, self.days, evidence);
                    evidence.score = evidence.score.max(alone);
                }
                let mut scored = self.scored(field, candidate, evidence)?;
                if field.is("due_date") && typed::is_for_discount(self.surroundings.layout, candidate) {
                    scored.score -= FOR_DISCOUNT;
                }
                if field.is("effective_date") {
                    scored.score += typed::effective(self.surroundings.layout, candidate);
                }
                scored.score += typed::fit(field, candidate);
                let position = score::position(candidate, lines);
                // Totals come last, dates and numbers of the document first.
                let aside = self.surroundings.is_base(candidate) || self.surroundings.is_in_label(candidate);
                if field.shape == Shape::Amount && aside {
                    scored.score -= ASIDE;
                }
                let total = field.is("grand_total") || field.is("amount_due");
                if total && self.surroundings.is_in_tax_summary(candidate) {
                    scored.score -= IN_SUMMARY;
                }
                scored.score += match field.shape {
                    Shape::Amount => 0.03 * position,
                    _ => -0.04 * position,
                };
                Some(scored)
            })
            .collect()
    }

    /// Lets what was paid, given back and rounded off speak for a total, whatever its label.
    fn settle(&self, field: &Field<'_>, scored: &mut Vec<Scored>) {
        let payment = self.payment.get_or_init(|| Payment::new(&self.surroundings, &self.numbers));
        let value = |found: &Scored| found.parsed.value.parse::<Decimal>().ok();
        // The best score of each amount by its label.
        let mut labelled: HashMap<Decimal, f32> = HashMap::new();
        for found in scored.iter() {
            if let Some(value) = value(found) {
                let best = labelled.entry(value).or_default();
                *best = best.max(found.score);
            }
        }
        let known: FxHashSet<(usize, usize)> = scored.iter().map(first).collect();
        for candidate in &self.numbers {
            if !known.contains(&(candidate.line(), candidate.start()))
                && let Some(found) =
                    self.scored(field, candidate, Evidence { score: NOTHING, ..Evidence::default() })
            {
                scored.push(found);
            }
        }
        for found in scored.iter_mut() {
            let Some(total) = value(found).filter(|total| *total > Decimal::ZERO) else { continue };
            let settled = payment.settles(total);
            found.settled = settled;
            if self.is_before_tax(found, total, &labelled) {
                found.score -= IN_SUMMARY;
                continue;
            }
            let unrounded = payment
                .before_rounding(total)
                .filter_map(|before| labelled.get(&before))
                .fold(0.0, |best: f32, &score| best.max(score));
            // The label of a total that was rounded afterwards is the label of what it was rounded to.
            if unrounded > LABELLED && (settled || found.score > LABELLED) {
                found.score = found.score.max(unrounded + ROUNDED);
            } else if settled {
                found.score = (found.score + SETTLED).max(BY_PAYMENT);
            }
        }
    }

    /// Whether the amount to the right of this one is the tax that makes it another labelled total: "Total 70.75 4.25" in a
    /// summary of taxes.
    fn is_before_tax(&self, found: &Scored, net: Decimal, labelled: &HashMap<Decimal, f32>) -> bool {
        let Some(span) = found.spans.first() else { return false };
        let line = &self.numbers[self.numbers.partition_point(|c| c.line() < span.line)..];
        let line = line.iter().take_while(|c| c.line() == span.line);
        let right = line.filter(|c| c.start() >= span.range.end);
        let Some(Typed::Number(tax)) = right.min_by_key(|c| c.start()).map(|c| &c.typed) else {
            return false;
        };
        let tax: Decimal = tax.value.parse().unwrap_or_default();
        !tax.is_zero() && labelled.get(&(net + tax)).is_some_and(|&score| score > LABELLED)
    }

    fn free(&self, field: &Field<'_>, loose: &Loose) -> Vec<Scored> {
        let is_party = (field.is("seller") || field.is("buyer")) && uses(Family::Parties);
        let is_name = matches!(field.shape, Shape::Name | Shape::Person);
        let segments = 0..self.surroundings.segments.len();
        segments
            .filter(|&segment| !is_party || !Parties::is_in_row(&self.surroundings, segment))
            .flat_map(|segment| self.texts(segment))
            .filter(|text| match text.part {
                Part::Block => field.shape == Shape::Text,
                Part::Lines => field.shape == Shape::Name && !is_party,
                Part::Title => field.is("signer_title"),
                _ => true,
            })
            .filter_map(|text| {
                let by_place = if is_party {
                    Some(self.parties().score(&self.surroundings, field, text)?)
                } else {
                    None
                };
                let contexts = self.surroundings.contexts(&text.candidate);
                let mut evidence = score::by_labels(field, contexts, &self.titled, loose);
                if let Some(by_place) = by_place {
                    let by_label = evidence.score;
                    evidence.score = by_label.max(by_place) + 0.25 * by_label.min(by_place).max(0.0);
                }
                let mut scored = self.scored(field, &text.candidate, evidence)?;
                scored.ends_in_legal_form = is_name && text.look.ends_in_legal_form;
                if is_name {
                    let person = field.shape == Shape::Person;
                    scored.score += typed::name_fit(&text.candidate.source, text.look, person);
                }
                scored.score += match text.part {
                    Part::Whole => 0.0,
                    Part::AfterColon => 0.02,
                    Part::AfterLabel => -0.04,
                    Part::Head => -0.05,
                    Part::WithoutId if is_name => 0.03,
                    Part::WithoutId => -0.05,
                    Part::Name if is_name => 0.05,
                    Part::Name => -0.02,
                    Part::Block => 0.04,
                    Part::Lines => 0.05,
                    Part::Title => 0.0,
                };
                if field.shape == Shape::Person {
                    let both = contexts.iter().any(score::names_and_titles);
                    scored.score += typed::person_fit(field, text, both);
                }
                match self.surroundings.answers(field, &text.candidate) {
                    Some(true) if contexts.iter().any(score::names_something) => scored.score += ANSWERS,
                    Some(true) => {}
                    Some(false) => scored.score -= ANSWERS_ANOTHER,
                    None => {}
                }
                if is_name && text.labelled && !text.look.ends_in_legal_form {
                    scored.score -= if field.shape == Shape::Person { 0.3 } else { 0.15 };
                } else if text.colon {
                    scored.score -= WITH_LABEL;
                }
                if self.surroundings.is_label_of_another(field, &text.candidate) {
                    scored.score -= LABEL_OF_ANOTHER;
                }
                if is_name && contexts.iter().any(score::names_something) {
                    scored.score += 0.1;
                }
                scored.score += 0.03 * (text.candidate.spans.len() - 1).min(2) as f32;
                scored.score -= 0.03 * score::position(&text.candidate, self.surroundings.layout.lines.len());
                Some(scored)
            })
            .collect()
    }

    /// Names and titles of those who signed, whatever labels say.
    fn signed(&self, field: &Field<'_>) -> Vec<Scored> {
        let is_title = field.is("signer_title");
        if !is_title && !field.is("signer_name") || !uses(Family::Looks) {
            return Vec::new();
        }
        let lines = self.surroundings.layout.lines.len();
        let signatures = self.signatures.get_or_init(|| signature::signatures(&self.surroundings));
        let signatures = signatures.iter().filter(|found| found.is_title == is_title);
        signatures
            .filter_map(|found| {
                let evidence = Evidence { score: found.score, ..Evidence::default() };
                let scored = self.scored(field, &found.candidate, evidence)?;
                let position = score::position(&found.candidate, lines);
                Some(Scored { score: scored.score - 0.03 * position, ..scored })
            })
            .collect()
    }

    /// Addresses by their labels; without one, the first of the document.
    fn addresses(&self, field: &Field<'_>, loose: &Loose) -> Vec<Scored> {
        let lines = self.surroundings.layout.lines.len();
        let found: Vec<Scored> = address::addresses(&self.surroundings)
            .into_iter()
            .filter_map(|candidate| {
                let contexts = self.surroundings.contexts(&candidate);
                let mut evidence = score::by_labels(field, contexts, &self.titled, loose);
                evidence.score = evidence.score.max(FIRST_ADDRESS - 0.2 * score::position(&candidate, lines));
                self.scored(field, &candidate, evidence)
            })
            .collect();
        // "Via" and "Calle" are labels of streets, and parts of them.
        let part_of_found = |text: &Scored| {
            let (line, start) = first(text);
            found.iter().any(|address| first(address).0 == line && first(address).1 < start)
        };
        let labelled: Vec<Scored> = self
            .free(field, loose)
            .into_iter()
            .filter(|f| f.score >= BESIDE_LABEL && !part_of_found(f))
            .collect();
        found.into_iter().chain(labelled).collect()
    }

    /// What a text field's pattern matches within lines.
    fn matching(&self, field: &Field<'_>, loose: &Loose) -> Vec<Scored> {
        let Some(pattern) = &field.pattern else { return Vec::new() };
        let layout = self.surroundings.layout;
        let matches = layout.lines.iter().enumerate().flat_map(|(line, l)| {
            pattern.find_iter(&l.text).map(move |m| {
                let start = m.end() - m.as_str().trim_start().len();
                Span { line, range: start..start + m.as_str().trim().len() }
            })
        });
        let whole = |span: &Span| {
            !span.range.is_empty() && !layout.lines[span.line].text[span.range.clone()].contains(TAB)
        };
        matches
            .filter(whole)
            .take(MATCHES)
            .filter_map(|span| Candidate::new(layout, vec![span], Typed::Text))
            .filter_map(|candidate| {
                let contexts = self.surroundings.contexts(&candidate);
                let evidence = score::by_labels(field, contexts, &self.titled, loose);
                self.scored(field, &candidate, evidence)
            })
            .collect()
    }

    /// What stands where a person showed a text, which need not look like one.
    fn shown(&self, field: &Field<'_>) -> Option<Scored> {
        let Region { page, bbox } = field.taught?;
        let layout = self.surroundings.layout;
        let candidate = Candidate::new(layout, layout.spans_in(page, bbox), Typed::Text)?;
        let contexts = self.surroundings.contexts(&candidate);
        let evidence = score::by_labels(field, contexts, &self.titled, &Loose::default());
        let scored = self.scored(field, &candidate, evidence)?;
        Some(Scored { score: scored.score - SHOWN, ..scored })
    }

    /// Codes; where none has the field's label, the words that do. A reference may be somebody's name, and a label may mean
    /// something else than what it is usually the label of ("Project: Dry Garden"); a number of an invoice is no word.
    fn codes_or_words(&self, field: &Field<'_>, loose: &Loose) -> Vec<Scored> {
        let mut scored = self.typed(field, self.codes(), loose);
        let may_be_words = field.concept.is_none() || field.is("reference");
        if may_be_words && scored.iter().all(|found| found.score < LABELLED) {
            let labelled = self.free(field, loose).into_iter().filter(|found| found.score >= BESIDE_LABEL);
            scored.extend(labelled.map(|found| Scored { score: found.score - WORDS_FOR_CODE, ..found }));
        }
        scored
    }

    /// Passages of running text, and labelled texts where the document is a form.
    fn passages(
        &self,
        field: &Field<'_>,
        find: impl Fn(&Prose<'a>) -> Vec<Passage>,
        loose: &Loose,
    ) -> Vec<Scored> {
        let layout = self.surroundings.layout;
        let prose = self.prose.get_or_init(|| Prose::new(layout));
        let found: Vec<Scored> = find(prose)
            .into_iter()
            .filter_map(|passage| {
                let candidate = Candidate::new(layout, passage.spans, Typed::Text)?;
                let contexts = self.surroundings.contexts(&candidate);
                let label = score::by_labels(field, contexts, &self.titled, &Loose::default());
                // A form's label beside the value is as good as the words of a sentence around it.
                let is_label = label.similarity > 0.95 && passage.score > AGAINST;
                let labelled = if is_label { 0.9 * label.score } else { 0.0 };
                let evidence = Evidence { score: passage.score.max(labelled), ..label };
                self.scored(field, &candidate, evidence)
            })
            .collect();
        if found.iter().any(|f| f.score >= LABELLED) {
            return found;
        }
        let is_clause = |found: &Scored| {
            found.source.starts_with(char::is_lowercase) || found.source.split(BLANK).count() > MOST_WORDS
        };
        let labelled = self.free(field, loose).into_iter();
        let labelled = labelled.filter(|found| found.score >= BESIDE_LABEL && !is_clause(found));
        found.into_iter().chain(labelled).collect()
    }

    /// The values of an enum wherever they stand as words, or as signs of currencies.
    fn enums(&self, field: &Field<'_>, loose: &Loose) -> Vec<Scored> {
        let layout = self.surroundings.layout;
        let finder = EnumFinder::new(&field.spec.enum_values);
        let mut scored = Vec::new();
        for (index, line) in layout.lines.iter().enumerate() {
            for range in finder.spans(&line.text) {
                let spans = vec![Span { line: index, range }];
                let Some(candidate) = Candidate::new(layout, spans, Typed::Text) else { continue };
                let contexts = self.surroundings.contexts(&candidate);
                let evidence = score::by_labels(field, contexts, &self.titled, loose);
                if let Some(mut found) = self.scored(field, &candidate, evidence) {
                    let segment = &layout.segments[candidate.segment];
                    // A currency may stand anywhere; another value is more likely one where it stands by itself.
                    let least = match () {
                        () if finder.currencies => 0.45,
                        () if candidate.source.len() == segment.range.len() => 0.55,
                        () if self.surroundings.is_label(candidate.segment) => 0.2,
                        () => 0.4,
                    };
                    found.score =
                        found.score.max(least) - 0.01 * score::position(&candidate, layout.lines.len());
                    scored.push(found);
                }
            }
        }
        let mut votes: BTreeMap<String, usize> = BTreeMap::new();
        for found in &scored {
            *votes.entry(found.parsed.value.clone()).or_default() += 1;
        }
        let all = scored.len().max(1) as f32;
        // What stands most often wins.
        for found in &mut scored {
            found.score += 0.35 * votes.get(&found.parsed.value).copied().unwrap_or(0) as f32 / all;
        }
        scored
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
