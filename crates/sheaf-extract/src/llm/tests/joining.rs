//! The Standard tier and the model, for and against each other.

use serde_json::{Value, json};
use sheaf_types::{BoundingBox, FieldResult, FieldValue, Method, ReviewReason};

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
fn what_only_the_model_names_is_accepted_by_its_label_and_reviewed_elsewhere() {
    let result = joined(None, &json!({"value": "10.00", "lines": [1]}));
    assert_eq!((value(&result), result.method), (Some("10.00"), Some(Method::Llm)));
    assert_eq!((result.needs_review, result.review_reason), (true, Some(ReviewReason::LowConfidence)));
    // Under its label, beside it with the name of the field as the label, and of a table under the heads of its columns.
    let accepted = |lines: &[&str], field: Value, answer: Value| {
        let document = page(lines);
        let template = template(&json!([field]));
        let (_, question) = question(&document, &template);
        let nothing = vec![crate::ground::nothing(&template.fields[0])];
        let result = question.join(&template, nothing, &json!({"x_ref": answer})).swap_remove(0);
        assert!(result.value.is_some(), "{result:?}");
        !result.needs_review
    };
    let text = |anchor: &str| json!({"name": "x_ref", "type": "text", "anchor": anchor});
    let says = || json!({"value": "B-77", "lines": [2]});
    assert!(accepted(&["Our sign     Date", "B-77         May"], text("Our sign"), says()));
    assert!(!accepted(&["Our sign     Date", "May          B-77"], text("Our sign"), says()));
    assert!(accepted(&["Dear Sirs,", "X ref: B-77"], text("Our sign"), says()));
    assert!(!accepted(&["Our sign", "B-77 X ref"], text("Your sign"), says()));
    let table = json!({"name": "x_ref", "type": "table", "columns": [
        {"name": "item", "type": "text"}, {"name": "count", "type": "number"}]});
    let rows = || json!({"rows": [{"cells": {"item": "Apples", "count": 3}, "lines": [2]}]});
    assert!(accepted(&["Item      Count", "Apples    3"], table.clone(), rows()));
    assert!(!accepted(&["Dear Sirs,", "Apples    3"], table, rows()));
}

#[test]
fn a_value_that_stands_nowhere_leaves_a_sure_one_accepted_and_an_unsure_one_for_review() {
    let passed_over = |confidence| joined(Some(confidence), &json!({"value": "13.00", "lines": [2]}));
    let sure = passed_over(0.98);
    assert_eq!((value(&sure), sure.needs_review), (Some("12.00"), false));
    assert!(sure.confidence < 0.98);
    let unsure = passed_over(0.9);
    assert_eq!((value(&unsure), unsure.review_reason), (Some("12.00"), Some(ReviewReason::LowConfidence)));
    assert_eq!(passed_over(0.0).confidence, 0.0);
    assert_eq!(passed_over(1.0).confidence, 1.0);
}

#[test]
fn of_a_text_and_a_part_of_it_the_whole_is_given_and_the_part_is_shown() {
    let document = page(&["Sold by", "Crane & Heron", "Trading Ltd", "Heron Street 5"]);
    let template = template(&json!([{"name": "seller", "type": "text", "anchor": "Sold by"}]));
    let (mut own, question) = question(&document, &template);
    let whole = json!({"seller": {"value": "Crane & Heron Trading Ltd", "lines": [2, 3]}});
    let found =
        question.join(&template, vec![crate::ground::nothing(&template.fields[0])], &whole).swap_remove(0);
    let part = |text: &str, bbox| FieldResult {
        value: Some(FieldValue::Scalar(text.into())),
        source: Some(text.into()),
        page: Some(1),
        bbox: Some(bbox),
        confidence: 0.97,
        method: Some(Method::Anchor),
        ..own[0].clone()
    };
    let place = found.bbox.unwrap();
    let first_line = BoundingBox { y1: f32::midpoint(place.y0, place.y1), ..place };
    let short = part("Crane & Heron", first_line);
    // The same words elsewhere are another text.
    let elsewhere = part("Heron", BoundingBox { y0: place.y1, y1: place.y1 + 0.02, ..place });
    own[0] = short;
    let joined = question.join(&template, own, &whole).swap_remove(0);
    assert_eq!(value(&joined), Some("Crane & Heron Trading Ltd"));
    assert_eq!((joined.needs_review, joined.review_reason), (true, Some(ReviewReason::Inconsistent)));
    assert_eq!(joined.alternative.unwrap().value, FieldValue::Scalar("Crane & Heron".into()));
    let joined = question.join(&template, vec![elsewhere], &whole).swap_remove(0);
    assert_eq!(value(&joined), Some("Heron"));
}

#[test]
fn a_value_that_the_model_denies_is_less_sure() {
    let result = joined(Some(0.9), &json!({"value": null, "lines": []}));
    assert_eq!((value(&result), result.review_reason), (Some("12.00"), Some(ReviewReason::LowConfidence)));
    assert!(result.confidence < 0.75);
    let result = joined(Some(0.99), &json!({"value": null, "lines": []}));
    assert!(result.needs_review, "however sure the rules are: {result:?}");
}

#[test]
fn an_answer_of_another_shape_changes_nothing() {
    for answer in [json!([1, 2]), json!({"value": {"a": 1}}), json!({"value": [12]})] {
        let result = joined(Some(0.9), &answer);
        assert_eq!((value(&result), result.confidence), (Some("12.00"), 0.9), "{answer}");
    }
}
