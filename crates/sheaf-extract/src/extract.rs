//! From a document and a template to fields with provenance.

use std::fmt::Write;

use sheaf_types::{
    Document, FieldKind, FieldResult, FieldSpec, FieldValue, Method, PageWarning, Region, ReviewReason,
    TemplateSpec,
};

use crate::confidence::{Signals, Weights};
use crate::embedded::EInvoice;
use crate::embedded::compare::Comparison;
use crate::ground;
use crate::llm::{Ask, Question};
use crate::locate::assign::{Choice, assign};
use crate::locate::field::Field;
use crate::locate::labels::Labels;
use crate::locate::layout::Layout;
use crate::locate::{Pool, Scored, table};

/// Finds the template's fields on the document: one result a field, in the template's order.
///
/// Total and deterministic: the same document and template give the same results on every machine.
#[must_use]
pub fn extract(document: &Document, template: &TemplateSpec) -> Vec<FieldResult> {
    extract_with(document, template, None)
}

/// The same, with what the e-invoice inside the document's file states as a second opinion.
#[must_use]
pub fn extract_with(
    document: &Document,
    template: &TemplateSpec,
    invoice: Option<&EInvoice>,
) -> Vec<FieldResult> {
    extract_and_ask(document, template, invoice, None).0
}

/// The same, and the question for a language model that the results leave open, if one is to be asked.
#[must_use]
pub fn extract_and_ask(
    document: &Document,
    template: &TemplateSpec,
    invoice: Option<&EInvoice>,
    ask: Option<&Ask>,
) -> (Vec<FieldResult>, Option<Question>) {
    let taught = extract_taught(document, template, &[], invoice, ask);
    (taught.results, taught.question)
}

/// What was found with the places that lessons name.
pub(crate) struct Taught {
    /// One a field, in the template's order.
    pub(crate) results: Vec<FieldResult>,
    /// What is found without the lessons; empty where they name no place.
    pub(crate) by_rules: Vec<FieldResult>,
    pub(crate) question: Option<Question>,
}

/// The same, with the places that lessons name for fields, in the template's order; none where there are no lessons.
pub(crate) fn extract_taught(
    document: &Document,
    template: &TemplateSpec,
    places: &[Option<Region>],
    invoice: Option<&EInvoice>,
    ask: Option<&Ask>,
) -> Taught {
    let unread = document.pages.iter().any(|page| page.warnings.iter().any(|w| *w != PageWarning::Blank));
    located(document, template, |pool, rules| {
        let table = |field: &FieldSpec| {
            (field.kind == FieldKind::Table).then(|| table::extract(document, field, &pool.locale))
        };
        let tables: Vec<Option<FieldResult>> = template.fields.iter().map(table).collect();
        let results = |found: &[Found<'_>], tables: Vec<Option<FieldResult>>| -> Vec<FieldResult> {
            let result = |(Found { field, candidates, choice }, table): (&Found<'_>, Option<FieldResult>)| {
                let mut result = table.unwrap_or_else(|| chosen(pool, field, candidates, choice));
                if let Some(invoice) = invoice {
                    let compare = Comparison { pool, invoice, threshold: template.confidence_threshold };
                    result = compare.field(field, candidates, result);
                }
                ground::name_cells(document, &mut result);
                review(result, field, template.confidence_threshold, unread, choice)
            };
            found.iter().zip(tables).map(result).collect()
        };
        let is_taught = places.iter().any(Option::is_some);
        let by_rules = if is_taught { results(&rules, tables.clone()) } else { Vec::new() };
        let found = if is_taught { taught(pool, rules, places) } else { rules };
        let results = results(&found, tables);
        let question = ask.and_then(|ask| Question::new(pool, &found, &results, template, ask));
        Taught { results, by_rules, question }
    })
}

/// A field, what may be its value, and which of that was chosen.
pub(crate) struct Found<'a> {
    pub(crate) field: Field<'a>,
    pub(crate) candidates: Vec<Scored>,
    choice: Choice,
}

/// Looks for the template's fields on the document by rules alone, and hands what was found, in the template's order, to `then`.
fn located<T>(
    document: &Document,
    template: &TemplateSpec,
    then: impl FnOnce(&Pool<'_>, Vec<Found<'_>>) -> T,
) -> T {
    let layout = Layout::new(document);
    let labels = Labels::new(template);
    let pool = Pool::new(&layout, &labels, template.locale.as_deref());
    let fields = Field::all(template);
    let mut candidates: Vec<Vec<Scored>> = fields.iter().map(|field| pool.candidates(field)).collect();
    pool.complete_totals(&fields, &mut candidates);
    then(&pool, choose(fields, candidates))
}

/// What is found instead with the places that lessons name.
fn taught<'a>(pool: &Pool<'_>, rules: Vec<Found<'a>>, places: &[Option<Region>]) -> Vec<Found<'a>> {
    let look_again = |(mut found, place): (Found<'a>, &Option<Region>)| {
        found.field.taught = *place;
        if place.is_some() {
            found.candidates = pool.candidates(&found.field);
        }
        (found.field, found.candidates)
    };
    let (fields, candidates) = rules.into_iter().zip(places).map(look_again).unzip();
    choose(fields, candidates)
}

fn choose(fields: Vec<Field<'_>>, candidates: Vec<Vec<Scored>>) -> Vec<Found<'_>> {
    let choices = assign(&fields, &candidates);
    let found = fields.into_iter().zip(candidates).zip(choices);
    found.map(|((field, candidates), choice)| Found { field, candidates, choice }).collect()
}

/// A value as it was chosen, with what its confidence is computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The field's name.
    pub field: String,
    /// The field's type.
    pub kind: FieldKind,
    /// The value.
    pub value: String,
    /// The signals, in the order of [`SIGNALS`](crate::confidence::SIGNALS).
    pub signals: Weights,
    /// It contradicts other values, and needs review whatever its confidence.
    pub inconsistent: bool,
}

/// The values that [`extract`] would give to the fields that are no tables, with the signals of their confidence: what the
/// weights of the signals are fitted to.
#[must_use]
pub fn observe(document: &Document, template: &TemplateSpec) -> Vec<Observation> {
    located(document, template, |pool, found| {
        let observation = |Found { field, candidates, choice }: &Found<'_>| {
            let chosen = choice.index.and_then(|index| candidates.get(index))?;
            Some(Observation {
                field: field.spec.name.clone(),
                kind: field.spec.kind,
                value: chosen.parsed.value.clone(),
                signals: Signals::new(field, chosen, candidates, choice, pool).0,
                inconsistent: choice.adds_up == Some(false),
            })
        };
        found.iter().filter_map(observation).collect()
    })
}

/// Why the fields got their values: for each field its best candidates with what speaks for them, as text for people who
/// work on the engine.
#[must_use]
pub fn explain(document: &Document, template: &TemplateSpec) -> String {
    located(document, template, |pool, found| {
        let mut text = format!("{:?}\n", pool.locale);
        for (index, line) in pool.surroundings.layout.lines.iter().enumerate() {
            let _ = writeln!(text, "  | {index} {}", line.text.replace('\t', " ⇥ "));
        }
        for Found { field, candidates, choice } in &found {
            let _ = writeln!(text, "{} ({:?}) adds up: {:?}", field.spec.name, field.shape, choice.adds_up);
            if let Some(chosen) = choice.index.and_then(|index| candidates.get(index)) {
                let signals = Signals::new(field, chosen, candidates, choice, pool);
                let _ = writeln!(text, "  {:.3} of {signals:?}", signals.confidence());
            }
            for (index, candidate) in candidates.iter().enumerate().take(8) {
                let mark = if choice.index == Some(index) { '*' } else { ' ' };
                let line = candidate.spans.first().map_or(0, |span| span.line);
                let _ = writeln!(
                    text,
                    "  {mark} {:.3} {:?} line {line} [{}] repeats {} {:?}",
                    candidate.score,
                    candidate.parsed.value,
                    candidate.source,
                    candidate.repeats,
                    candidate.evidence
                );
            }
        }
        text
    })
}

/// The result for the candidate chosen, with what contests it.
fn chosen(pool: &Pool<'_>, field: &Field<'_>, candidates: &[Scored], choice: &Choice) -> FieldResult {
    let other = choice.rival.and_then(|rival| {
        let instead = Choice { index: Some(rival), adds_up: None, rival: choice.index };
        traced(pool, field, candidates, &instead).into_alternative()
    });
    FieldResult { alternative: other.map(Box::new), ..traced(pool, field, candidates, choice) }
}

/// The result for the candidate chosen, traced to the page.
fn traced(pool: &Pool<'_>, field: &Field<'_>, candidates: &[Scored], choice: &Choice) -> FieldResult {
    let Some(chosen) = choice.index.and_then(|index| candidates.get(index)) else {
        return ground::nothing(field.spec);
    };
    let layout = pool.surroundings.layout;
    let Some(place) = ground::ground(layout, &pool.locale, field, &chosen.spans, &chosen.parsed.value) else {
        return ground::ungrounded(field.spec);
    };
    let signals = Signals::new(field, chosen, candidates, choice, pool);
    let labelled = chosen.evidence.similarity > 0.0;
    FieldResult {
        value: Some(FieldValue::Scalar(chosen.parsed.value.clone())),
        currency: (field.spec.kind == FieldKind::Currency)
            .then(|| pool.currency(chosen))
            .flatten()
            .map(str::to_owned),
        source: Some(place.source),
        page: Some(place.page),
        bbox: Some(place.bbox),
        confidence: signals.confidence().min(field.most_confidence(chosen.evidence.by_anchor)),
        method: Some(if labelled { Method::Anchor } else { Method::Regex }),
        ..ground::nothing(field.spec)
    }
}

/// Whether somebody should look at a result, and why.
fn review(
    mut result: FieldResult,
    field: &Field<'_>,
    threshold: f32,
    unread: bool,
    choice: &Choice,
) -> FieldResult {
    if result.review_reason.is_some() {
        return result;
    }
    let reason = if result.value.is_none() {
        (field.spec.required || unread).then_some(ReviewReason::Missing)
    } else if choice.adds_up == Some(false) && result.method != Some(Method::Embedded) {
        Some(ReviewReason::Inconsistent)
    } else {
        (result.confidence < threshold).then_some(ReviewReason::LowConfidence)
    };
    result.needs_review = reason.is_some();
    result.review_reason = reason;
    if !result.needs_review {
        result.alternative = None;
    }
    result
}
