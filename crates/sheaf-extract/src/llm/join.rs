//! The Standard tier's results and a model's answer, put together.
//!
//! | the Standard tier | the model | answer |
//! |---|---|---|
//! | a value | the same | it, surer than before |
//! | a value | another that stands on the page | the surer of the two, flagged inconsistent, with the other beside it |
//! | a text | a longer one of which it is a part | the longer, flagged inconsistent, with the part beside it |
//! | a value | that there is none | the value, much less sure |
//! | a value | one that stands nowhere | the value, less sure |
//! | nothing | one that stands on the page by a label of the field | the model's |
//! | nothing | one that stands elsewhere on the page | the model's, not sure enough to be accepted unseen |
//! | nothing | one that stands nowhere | none, flagged ungrounded |
//! | nothing | one that it reads on a picture, where recognition saw nearly that | the model's, always for review |

use std::str::FromStr;

use rust_decimal::Decimal;
use serde_json::Value;
use sheaf_types::{FieldKind, FieldResult, FieldSpec, FieldValue, Method, ReviewReason, TemplateSpec};

use super::Question;
use super::answer::{Said, said};
use super::find::Closeness;
use super::ground::{Grounded, Wanted};
use super::index::Index;
use crate::ground;
use crate::locate::field::Field;
use crate::parse::fold::tight;

/// How sure a value is that stands where the model says, in these very words.
const CITED: f32 = 0.92;
/// What it costs to stand elsewhere, and to stand in several places none of which was cited.
const NOT_CITED: f32 = 0.06;
const SEVERAL_PLACES: f32 = 0.12;
/// What it costs to be written otherwise.
const WORDED: f32 = 0.04;
const CONFUSED: f32 = 0.06;
const NEAR: f32 = 0.16;
/// What it costs that the source can be read in two ways.
const AMBIGUOUS: f32 = 0.3;
/// How much of the confidence hangs on that of the least sure word.
const BY_WORDS: f32 = 0.4;
/// How sure a value is that only the model reads so, on a picture: less than any template would accept unseen.
const PICTURED: f32 = 0.3;
/// Most that both together are sure of.
const SUREST: f32 = 0.99;
/// Most confidence that is left where the two contradict each other.
const CONTRADICTED: f32 = 0.7;
/// What is left of the confidence in a value that the rules did not find, and that stands by no label of its field: where the
/// rules find nothing there mostly is nothing, and whatever a model then names stands somewhere.
const ALONE: f32 = 0.75;
/// By how much the odds of a value shrink that the model says is not there.
const DENIED: f32 = 0.03;
/// The same where the model names one that stands nowhere: it was made up, or it is what recognition did not make out, and
/// then the rules have taken something else.
const PASSED_OVER: f32 = 0.15;

impl Question {
    /// The results with what a model's `answer` adds to them. `own` are those of the Standard tier, one a field of the
    /// template; the answer is JSON of any shape.
    #[must_use]
    pub fn join(&self, template: &TemplateSpec, own: Vec<FieldResult>, answer: &Value) -> Vec<FieldResult> {
        let index = Index::new(&self.transcript);
        let read = self.transcript.as_read(&self.pictured, answer);
        let read = read.as_ref().map(Index::new);
        let join = |(result, field): (FieldResult, &FieldSpec)| {
            if !self.fields.contains(&field.name) {
                return result;
            }
            let joined = match said(answer, &field.name, field.kind == FieldKind::Table) {
                Said::Unanswered => return result,
                // What does not stand on the pages that were shown may stand on others.
                Said::Absent if self.transcript.is_partial => return result,
                Said::Absent => doubted(result, DENIED),
                Said::Value(cited) => {
                    let hint = result.page.zip(result.bbox);
                    let ground = |index: &Index<'_>| index.ground(Wanted::field(field), &cited, hint);
                    let found = ground(&index).or_else(|| ground(read.as_ref()?));
                    with(field, result, found.map(|found| of_scalar(field, found)), &index)
                }
                Said::Rows(rows) => {
                    let (mut table, mut dropped) = index.table(field, &rows);
                    if dropped > 0
                        && let Some(read) = &read
                    {
                        let (as_read, lacking) = read.table(field, &rows);
                        if lacking < dropped {
                            (table, dropped) = (as_read, lacking);
                        }
                    }
                    let mut joined = with(field, result, table, &index);
                    if dropped > 0 && joined.method == Some(Method::Llm) {
                        joined.review_reason = Some(ReviewReason::Ungrounded);
                    }
                    joined
                }
            };
            reviewed(joined, template.confidence_threshold)
        };
        own.into_iter().zip(&template.fields).map(join).collect()
    }
}

/// The Standard tier's result and the model's, where it stands on the page.
fn with(field: &FieldSpec, own: FieldResult, found: Option<FieldResult>, index: &Index<'_>) -> FieldResult {
    let Some(found) = found else {
        return if own.value.is_some() { doubted(own, PASSED_OVER) } else { ground::ungrounded(field) };
    };
    if own.value.is_none() {
        let left = if index.is_labelled(field, &found) { 1.0 } else { ALONE };
        return FieldResult { confidence: rounded(found.confidence * left), ..found };
    }
    if agree(field, &own, &found) {
        let together = 1.0 - (1.0 - own.confidence) * (1.0 - found.confidence);
        let confidence = rounded(together.min(SUREST).max(own.confidence));
        // What made it doubtful has been answered.
        return FieldResult { confidence, review_reason: None, alternative: None, ..own };
    }
    let is_own = own.confidence >= found.confidence && !is_part(&own, &found);
    let (first, second) = if is_own { (own, found) } else { (found, own) };
    FieldResult {
        confidence: rounded(first.confidence.min(CONTRADICTED)),
        review_reason: Some(ReviewReason::Inconsistent),
        alternative: second.into_alternative().map(Box::new),
        ..first
    }
}

/// A value of the rules of which the odds that it is right are so many times what they were.
fn doubted(own: FieldResult, times: f32) -> FieldResult {
    let (right, wrong) = (own.confidence * times, 1.0 - own.confidence);
    // Nothing of nothing: a value of which nobody was sure at all.
    let confidence = if right > 0.0 { right / (right + wrong) } else { 0.0 };
    FieldResult { confidence: rounded(confidence), ..own }
}

/// Whether a text is a part of what the model says stands in its place.
fn is_part(own: &FieldResult, found: &FieldResult) -> bool {
    let (Some(part), Some(whole)) = (&own.source, &found.source) else { return false };
    let meet = own.bbox.zip(found.bbox).is_some_and(|(own, found)| own.iou(found) > 0.0);
    own.kind == FieldKind::Text && own.page == found.page && meet && tight(whole).contains(&tight(part))
}

fn of_scalar(field: &FieldSpec, found: Grounded) -> FieldResult {
    let value = Field::alone(field).meant(&found.source).unwrap_or_else(|| found.value.clone());
    FieldResult {
        confidence: trust(&found),
        review_reason: (found.closeness == Closeness::Pictured).then_some(ReviewReason::LowConfidence),
        value: Some(FieldValue::Scalar(value)),
        currency: found.currency,
        source: Some(found.source),
        page: Some(found.page),
        bbox: Some(found.bbox),
        cell: found.cell,
        method: Some(Method::Llm),
        ..ground::nothing(field)
    }
}

/// How sure a value is by how it stands on the page.
pub(super) fn trust(found: &Grounded) -> f32 {
    let written = match found.closeness {
        Closeness::Same => 0.0,
        Closeness::Worded => WORDED,
        Closeness::Confused => CONFUSED,
        Closeness::Near => NEAR,
        Closeness::Pictured => return PICTURED,
    };
    let place = match (found.is_cited, found.is_single) {
        (true, _) => 0.0,
        (false, true) => NOT_CITED,
        (false, false) => SEVERAL_PLACES,
    };
    let ambiguous = if found.is_certain { 0.0 } else { AMBIGUOUS };
    rounded((CITED - written - place - ambiguous) * (1.0 - BY_WORDS * (1.0 - found.least.clamp(0.0, 1.0))))
}

/// Whether a result needs a look, and why.
fn reviewed(mut result: FieldResult, threshold: f32) -> FieldResult {
    if result.review_reason.is_none() && result.value.is_some() {
        result.review_reason = (result.confidence < threshold).then_some(ReviewReason::LowConfidence);
    }
    result.needs_review = result.review_reason.is_some();
    result
}

/// Whether both results say the same.
fn agree(field: &FieldSpec, own: &FieldResult, found: &FieldResult) -> bool {
    match (&own.value, &found.value) {
        (Some(FieldValue::Scalar(own)), Some(FieldValue::Scalar(found))) => same(field.kind, own, found),
        (Some(FieldValue::Rows(own)), Some(FieldValue::Rows(found))) => {
            own.len() == found.len()
                && own.iter().zip(found).all(|(own, found)| {
                    field.columns.iter().all(|column| {
                        let value = |row: &indexmap::IndexMap<String, Option<String>>| {
                            row.get(&column.name).cloned().flatten()
                        };
                        match (value(own), value(found)) {
                            (Some(own), Some(found)) => same(column.kind, &own, &found),
                            (None, None) => true,
                            _ => false,
                        }
                    })
                })
        }
        _ => false,
    }
}

fn same(kind: FieldKind, a: &str, b: &str) -> bool {
    match kind {
        FieldKind::Number | FieldKind::Currency => {
            Decimal::from_str(a).is_ok_and(|a| Decimal::from_str(b) == Ok(a))
        }
        FieldKind::Text => tight(a) == tight(b),
        FieldKind::Date | FieldKind::Enum | FieldKind::Table => a == b,
    }
}

/// Three decimals, as all confidences have.
fn rounded(confidence: f32) -> f32 {
    (confidence.clamp(0.0, 1.0) * 1000.0).round() / 1000.0
}
