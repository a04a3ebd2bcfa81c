//! The Standard tier and the model, for and against each other.

use serde_json::{Value, json};
use sheaf_types::{FieldResult, FieldValue, Method, ReviewReason};

use super::{question, template};
use crate::locate::sample::page;

/// The total after an answer, given how sure the Standard tier is of its own.
fn joined(confidence: Option<f32>, answer: &Value) -> FieldResult {
    let document = page(&["Subtotal   10.00", "Total      12.00"]);
    let template = template(&json!([{"name": "total", "type": "currency", "anchor": "Total"}]));
    let (mut own, question) = question(&document, &template);
    assert_eq!(own[0].value, Some(FieldValue::Scalar("12.00".into())));
    match confidence {
        Some(confidence) => own[0].confidence = confidence,
        None => own = vec![crate::ground::nothing(&template.fields[0])],
    }
    question.join(&template, own, &json!({"total": answer})).swap_remove(0)
}

fn value(result: &FieldResult) -> Option<&str> {
    match &result.value {
        Some(FieldValue::Scalar(value)) => Some(value),
        _ => None,
    }
}

#[test]
fn agreement_makes_a_value_surer_and_keeps_how_it_was_found() {
    let result = joined(Some(0.5), &json!({"value": "12.00", "lines": [2]}));
    assert_eq!((value(&result), result.method), (Some("12.00"), Some(Method::Anchor)));
    assert!(result.confidence > 0.9 && !result.needs_review, "{result:?}");
    assert_eq!(result.alternative, None);
}

#[test]
fn disagreement_is_shown_and_the_surer_value_stands() {
    let result = joined(Some(0.5), &json!({"value": "10.00", "lines": [1]}));
    assert_eq!((value(&result), result.method), (Some("10.00"), Some(Method::Llm)));
    assert_eq!((result.needs_review, result.review_reason), (true, Some(ReviewReason::Inconsistent)));
    let other = result.alternative.unwrap();
    assert_eq!((other.value, other.source.as_str()), (FieldValue::Scalar("12.00".into()), "12.00"));
    assert_eq!(other.method, Method::Anchor);

    let result = joined(Some(0.97), &json!({"value": "10.00", "lines": [1]}));
    assert_eq!((value(&result), result.method), (Some("12.00"), Some(Method::Anchor)));
    assert!(result.needs_review && result.confidence <= 0.7);
    assert_eq!(result.alternative.unwrap().value, FieldValue::Scalar("10.00".into()));
}

#[test]
fn what_the_rules_did_not_find_comes_from_the_model_if_it_stands_there() {
    let result = joined(None, &json!({"value": "12.00", "lines": [2]}));
    assert_eq!((value(&result), result.method), (Some("12.00"), Some(Method::Llm)));
    assert!(!result.needs_review);
    let result = joined(None, &json!({"value": "13.00", "lines": [2]}));
    assert_eq!((value(&result), result.review_reason), (None, Some(ReviewReason::Ungrounded)));
    assert!(result.needs_review);
}

#[test]
fn a_value_that_stands_nowhere_takes_nothing_away() {
    let result = joined(Some(0.97), &json!({"value": "13.00", "lines": [2]}));
    assert_eq!((value(&result), result.confidence, result.needs_review), (Some("12.00"), 0.97, false));
}

#[test]
fn a_value_that_the_model_denies_is_less_sure() {
    let result = joined(Some(0.9), &json!({"value": null, "lines": []}));
    assert_eq!((value(&result), result.review_reason), (Some("12.00"), Some(ReviewReason::LowConfidence)));
    assert!(result.confidence < 0.75);
}

#[test]
fn an_answer_of_another_shape_changes_nothing() {
    for answer in [json!([1, 2]), json!({"value": {"a": 1}}), json!({"value": [12]})] {
        let result = joined(Some(0.9), &answer);
        assert_eq!((value(&result), result.confidence), (Some("12.00"), 0.9), "{answer}");
    }
}
