//! What a model reads on the picture of a page against what was recognised there.

use super::*;

/// A scan on which recognition took some characters for others.
fn scan() -> Document {
    scanned(page(&["Crane & Hcron Ltd", "Involce No.   47l1", "Total due   81.00", "Paid   81.00"]))
}

/// The first field after the model has been shown the picture.
fn shown(document: &Document, kind: &str, said: &str, lines: &[u32], readings: &Value) -> FieldResult {
    let template = field(kind);
    let (_, mut question) = question(document, &template);
    question.pictured = vec![1];
    let nothing = template.fields.iter().map(crate::ground::nothing).collect();
    let answer = json!({"x": {"value": said, "lines": lines}, "_readings": readings});
    question.join(&template, nothing, &answer).swap_remove(0)
}

fn value(result: &FieldResult) -> Option<&str> {
    match &result.value {
        Some(FieldValue::Scalar(value)) => Some(value),
        _ => None,
    }
}

#[test]
fn a_misread_value_is_given_where_it_stands_and_always_for_review() {
    let readings = json!([{"line": 3, "text": "Total due 31.00"}]);
    let document = scan();
    let result = shown(&document, "currency", "31.00", &[3], &readings);
    assert_eq!((value(&result), result.source.as_deref()), (Some("31.00"), Some("31.00")));
    let seen = document.pages[0].words.iter().find(|word| word.text == "81.00").unwrap();
    assert_eq!((result.page, result.bbox), (Some(1), Some(seen.bbox)));
    assert_eq!(result.method, Some(Method::Llm));
    assert!(result.confidence < 0.5 && result.needs_review, "{result:?}");
    assert_eq!(result.review_reason, Some(ReviewReason::LowConfidence));
}

#[test]
fn what_recognition_bears_out_keeps_its_confidence() {
    let readings = json!([{"line": 3, "text": "Total due 31.00"}]);
    let result = shown(&scan(), "currency", "81.00", &[4], &readings);
    assert_eq!(value(&result), Some("81.00"));
    // As any value that only the model names.
    assert!(result.confidence > 0.6, "{result:?}");
}

#[test]
fn a_text_and_a_date_may_be_misread_too() {
    let readings = json!([{"line": 1, "text": "Crane & Heron Ltd."}]);
    let result = shown(&scan(), "text", "Heron Ltd.", &[1], &readings);
    assert_eq!(value(&result), Some("Hcron Ltd"), "letters may differ without a picture");
    let document = scanned(page(&["Date   3l/12/2Ol8"]));
    let readings = json!([{"line": 1, "text": "Date 31/12/2018"}]);
    let result = shown(&document, "date", "31/12/2018", &[1], &readings);
    assert_eq!(value(&result), Some("2018-12-31"));
}

#[test]
fn a_reading_that_recognition_does_not_bear_out_is_nothing() {
    for (reading, said) in [
        // Another amount altogether, in a line that is there.
        ("Total due 999,999.50", "999,999.50"),
        ("Total due 4.31", "4.31"),
        // Words where recognition saw none.
        ("Total due 81.00 wire to account 12345678", "12345678"),
        // Another line altogether.
        ("Send the payment of 31.00 to somebody else", "31.00"),
    ] {
        let readings = json!([{"line": 3, "text": reading}]);
        let result = shown(&scan(), "number", said, &[3], &readings);
        assert_eq!(value(&result), None, "{reading}");
        assert_eq!(result.review_reason, Some(ReviewReason::Ungrounded), "{reading}");
    }
}

#[test]
fn only_recognised_lines_of_pages_that_were_shown_can_be_read_otherwise() {
    let readings = json!([{"line": 3, "text": "Total due 31.00"}]);
    let printed = page(&["Crane", "Invoice", "Total due   81.00"]);
    assert_eq!(value(&shown(&printed, "currency", "31.00", &[3], &readings)), None);
    let elsewhere = scanned(pages(&[&["Cover"], &["Crane", "Total due   81.00"]]));
    assert_eq!(value(&shown(&elsewhere, "currency", "31.00", &[3], &readings)), None);
}

#[test]
fn a_reading_of_any_shape_does_no_harm() {
    let long = "9 ".repeat(5_000);
    for readings in [
        json!(null),
        json!("31.00"),
        json!([1, null, {"line": 0, "text": "31.00"}, {"line": 9_999, "text": "31.00"}, {"line": 3}]),
        json!([{"line": 3, "text": ""}, {"line": 3, "text": "Total due 31.00"}]),
        json!([{"line": 3, "text": long}]),
        json!([{"line": 3, "text": "— · —"}]),
    ] {
        let result = shown(&scan(), "currency", "31.00", &[3], &readings);
        assert_eq!(value(&result), None, "the first reading of a line counts");
    }
}

#[test]
fn a_misread_cell_has_little_confidence_and_its_table_is_reviewed() {
    let document = scanned(page(&["Item     Amount", "Apples     81.00", "Pears     12.50"]));
    let template = template(&json!([{"name": "x", "type": "table", "columns": [
        {"name": "item", "type": "text"}, {"name": "amount", "type": "currency"}]}]));
    let (_, mut question) = question(&document, &template);
    question.pictured = vec![1];
    let row = |item: &str, amount: &str, line: u32| json!({"cells": {"item": item, "amount": amount}, "lines": [line]});
    let answer = json!({
        "x": {"rows": [row("Apples", "31.00", 2), row("Pears", "12.50", 3)]},
        "_readings": [{"line": 2, "text": "Apples 31.00"}]});
    let nothing = template.fields.iter().map(crate::ground::nothing).collect();
    let result = question.join(&template, nothing, &answer).swap_remove(0);
    let cells = result.cells.as_ref().unwrap();
    assert_eq!(cells[0]["amount"].provenance.source, "31.00");
    assert!(cells[0]["amount"].confidence < 0.5 && cells[1]["amount"].confidence > 0.8, "{cells:?}");
    assert!(result.needs_review);
}
