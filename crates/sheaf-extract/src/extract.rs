//! From a document and a template to fields with provenance.

use std::fmt::Write;

use sheaf_types::{
    Document, FieldKind, FieldResult, FieldValue, Method, PageWarning, ReviewReason, TemplateSpec,
};

use crate::confidence::Signals;
use crate::ground;
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
    let layout = Layout::new(document);
    let labels = Labels::new(template);
    let pool = Pool::new(&layout, &labels, template.locale.as_deref());
    let fields = Field::all(template);
    let candidates: Vec<Vec<Scored>> = fields.iter().map(|field| pool.candidates(field)).collect();
    let choices = assign(&fields, &candidates);
    let unread = document.pages.iter().any(|page| page.warnings.iter().any(|w| *w != PageWarning::Blank));
    fields
        .iter()
        .zip(&candidates)
        .zip(&choices)
        .map(|((field, candidates), choice)| {
            let result = match field.spec.kind {
                FieldKind::Table => table::extract(&pool, field),
                _ => chosen(&pool, field, candidates, choice),
            };
            review(result, field, template.confidence_threshold, unread, choice)
        })
        .collect()
}

/// Why the fields got their values: for each field its best candidates with what speaks for them, as text for people who
/// work on the engine.
#[must_use]
pub fn explain(document: &Document, template: &TemplateSpec) -> String {
    let layout = Layout::new(document);
    let labels = Labels::new(template);
    let pool = Pool::new(&layout, &labels, template.locale.as_deref());
    let fields = Field::all(template);
    let candidates: Vec<Vec<Scored>> = fields.iter().map(|field| pool.candidates(field)).collect();
    let choices = assign(&fields, &candidates);
    let mut text = format!("{:?}\n", pool.locale);
    for (index, line) in layout.lines.iter().enumerate() {
        let _ = writeln!(text, "  | {index} {}", line.text.replace('\t', " ⇥ "));
    }
    for ((field, candidates), choice) in fields.iter().zip(&candidates).zip(&choices) {
        let _ = writeln!(text, "{} ({:?}) adds up: {:?}", field.spec.name, field.shape, choice.adds_up);
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
}

/// The result for the candidate chosen, traced to the page.
fn chosen(pool: &Pool<'_>, field: &Field<'_>, candidates: &[Scored], choice: &Choice) -> FieldResult {
    let Some(chosen) = choice.index.and_then(|index| candidates.get(index)) else {
        return ground::nothing(field.spec);
    };
    let layout = pool.surroundings.layout;
    let Some(place) = ground::ground(layout, &pool.locale, field.spec, &chosen.spans, &chosen.parsed.value)
    else {
        return ground::ungrounded(field.spec);
    };
    let settled = match field.spec.kind {
        FieldKind::Date => pool.locale.order_settled,
        _ => pool.locale.decimal_settled,
    };
    let word = layout.word_confidence(&chosen.spans);
    let signals = Signals::new(chosen, candidates, choice.adds_up, settled, word);
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
        confidence: signals.confidence(),
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
    } else if choice.adds_up == Some(false) {
        Some(ReviewReason::Inconsistent)
    } else {
        (result.confidence < threshold).then_some(ReviewReason::LowConfidence)
    };
    result.needs_review = reason.is_some();
    result.review_reason = reason;
    result
}
