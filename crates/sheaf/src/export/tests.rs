use serde_json::{Value, json};
use sheaf_types::{Extraction, Template};

use super::*;

const DOCUMENT: &str = "0198c0de-0000-7000-8000-000000000001";

fn template() -> Template {
    serde_json::from_value(json!({
        "id": "0198c0de-0000-7000-8000-0000000000aa", "version": 3, "name": "Invoice",
        "created_at": "2026-05-01T00:00:00.000Z", "updated_at": "2026-05-01T00:00:00.000Z",
        "fields": [
            {"name": "total", "type": "currency"},
            {"name": "note", "type": "text"},
            {"name": "line_items", "type": "table", "columns": [
                {"name": "description", "type": "text"}, {"name": "amount", "type": "currency"}]}
        ]
    }))
    .unwrap()
}

/// A document that went well, changed by `change` (members of the extraction).
#[expect(clippy::needless_pass_by_value, reason = "a change is written where it is made")]
fn extraction(change: Value) -> Extraction {
    let mut json = json!({
        "id": "0198c0de-0000-7000-8000-0000000000ee", "batch_id": null,
        "document_id": DOCUMENT, "filename": "a.pdf", "custom_id": "order 7",
        "template_id": "0198c0de-0000-7000-8000-0000000000aa", "template_version": 3,
        "status": "completed", "tier": "standard", "error": null, "attempts": 1, "pages": 2,
        "created_at": "2026-05-01T10:00:00.000Z", "started_at": "2026-05-01T10:00:01.000Z",
        "finished_at": "2026-05-01T10:00:02.000Z", "engine": null, "warnings": [],
        "fields": [
            {"name": "total", "type": "currency", "value": "-1234.50", "currency": "USD", "source": "-1,234.50",
             "page": 1, "bbox": [0.5, 0.25, 0.75, 0.3], "confidence": 0.97, "method": "anchor",
             "needs_review": false, "review": null},
            {"name": "note", "type": "text", "value": "pay \"now\", please", "source": "pay \"now\", please",
             "page": 2, "bbox": [0.0, 0.0, 1.0, 0.1], "confidence": 0.5, "method": "regex",
             "needs_review": true, "review_reason": "low_confidence", "review": null},
            {"name": "line_items", "type": "table",
             "value": [{"description": "Bolt, steel", "amount": "40.00"}, {"description": "=1+1", "amount": null}],
             "cells": [
                {"description": {"source": "Bolt, steel", "page": 1, "bbox": [0.1, 0.5, 0.4, 0.52], "confidence": 0.9},
                 "amount": {"source": "40.00", "page": 1, "bbox": [0.8, 0.5, 0.9, 0.52], "confidence": 0.8}},
                {"description": {"source": "=1+1", "page": 2, "bbox": [0.1, 0.1, 0.4, 0.12], "confidence": 0.7}}],
             "source": null, "page": 1, "bbox": [0.1, 0.5, 0.9, 0.52], "confidence": 0.85, "method": "table",
             "needs_review": false, "review": null}
        ]
    });
    for (key, value) in change.as_object().unwrap() {
        json[key] = value.clone();
    }
    serde_json::from_value(json).unwrap()
}

fn failed() -> Extraction {
    extraction(json!({
        "filename": "broken.pdf", "custom_id": null, "status": "failed", "pages": null, "fields": [],
        "error": {"code": "encrypted", "detail": "opens with a password only", "retryable": false}
    }))
}

fn export(format: Format, options: &CsvOptions, extractions: &[Extraction]) -> String {
    let mut exporter = Exporter::new(format, &template(), options).unwrap();
    let mut out = Vec::new();
    exporter.begin(&mut out);
    for extraction in extractions {
        exporter.row(extraction, &mut out);
    }
    exporter.end(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_wide_csv_has_a_row_a_document_and_six_columns_a_field() {
    let csv = export(Format::Csv, &CsvOptions::default(), &[extraction(json!({})), failed()]);
    let expected = concat!(
        "document_id,filename,custom_id,status,error,pages,tier,template_version,created_at,finished_at,",
        "total,total__confidence,total__needs_review,total__source,total__page,total__bbox,",
        "note,note__confidence,note__needs_review,note__source,note__page,note__bbox,",
        "line_items,line_items__confidence,line_items__needs_review,line_items__source,line_items__page,",
        "line_items__bbox\r\n",
        "0198c0de-0000-7000-8000-000000000001,a.pdf,order 7,completed,,2,standard,3,",
        "2026-05-01T10:00:00.000Z,2026-05-01T10:00:02.000Z,",
        "-1234.50,0.97,false,\"-1,234.50\",1,\"[0.5,0.25,0.75,0.3]\",",
        "\"pay \"\"now\"\", please\",0.5,true,\"pay \"\"now\"\", please\",2,\"[0.0,0.0,1.0,0.1]\",",
        "\"[{\"\"description\"\":\"\"Bolt, steel\"\",\"\"amount\"\":\"\"40.00\"\"},",
        "{\"\"description\"\":\"\"=1+1\"\",\"\"amount\"\":null}]\",0.85,false,,1,\"[0.1,0.5,0.9,0.52]\"\r\n",
        "0198c0de-0000-7000-8000-000000000001,broken.pdf,,failed,encrypted,,standard,3,",
        "2026-05-01T10:00:00.000Z,2026-05-01T10:00:02.000Z,,,,,,,,,,,,,,,,,,\r\n",
    );
    assert_eq!(csv, expected);
}

#[test]
fn a_table_in_long_form_has_a_row_a_line_and_none_for_a_failed_document() {
    let options = CsvOptions { table: Some("line_items".to_owned()), ..CsvOptions::default() };
    let csv = export(Format::Csv, &options, &[failed(), extraction(json!({}))]);
    let expected = concat!(
        "document_id,filename,row,description,description__confidence,description__page,description__bbox,",
        "amount,amount__confidence,amount__page,amount__bbox\r\n",
        "0198c0de-0000-7000-8000-000000000001,a.pdf,1,\"Bolt, steel\",0.9,1,\"[0.1,0.5,0.4,0.52]\",",
        "40.00,0.8,1,\"[0.8,0.5,0.9,0.52]\"\r\n",
        "0198c0de-0000-7000-8000-000000000001,a.pdf,2,'=1+1,0.7,2,\"[0.1,0.1,0.4,0.12]\",,,,\r\n",
    );
    assert_eq!(csv, expected);
}

#[test]
fn the_excel_dialect_starts_with_a_byte_order_mark() {
    let options = CsvOptions { excel: true, table: None };
    let csv = export(Format::Csv, &options, &[]);
    assert!(csv.starts_with("\u{feff}document_id,"), "{csv}");
    assert_eq!(csv.matches('\u{feff}').count(), 1);
}

#[test]
fn json_is_an_array_of_documents_and_a_failed_one_has_no_fields() {
    let rows = [extraction(json!({})), failed()];
    let whole: Value = serde_json::from_str(&export(Format::Json, &CsvOptions::default(), &rows)).unwrap();
    let row = &whole[0];
    assert_eq!(
        row.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["document_id", "filename", "custom_id", "status", "error", "pages", "template_version", "fields"]
    );
    assert_eq!(row["document_id"], DOCUMENT);
    assert_eq!(row["fields"][0]["value"], "-1234.50");
    assert_eq!(row["fields"][2]["cells"][0]["amount"]["source"], "40.00");
    assert_eq!(
        whole[1],
        json!({"document_id": DOCUMENT, "filename": "broken.pdf", "custom_id": null, "status": "failed",
               "error": {"code": "encrypted", "detail": "opens with a password only", "retryable": false},
               "pages": null, "template_version": 3, "fields": []})
    );
    assert_eq!(whole.as_array().unwrap().len(), 2);
}

#[test]
fn json_without_a_document_is_an_empty_array() {
    let json = export(Format::Json, &CsvOptions::default(), &[]);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), json!([]));
}

#[test]
fn json_lines_are_the_rows_of_the_array() {
    let rows = [extraction(json!({})), failed()];
    let array: Vec<Value> =
        serde_json::from_str(&export(Format::Json, &CsvOptions::default(), &rows)).unwrap();
    let text = export(Format::Jsonl, &CsvOptions::default(), &rows);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, array);
}

#[test]
fn text_that_would_run_as_a_formula_is_escaped_and_numbers_are_not() {
    for (text, cell) in [
        ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "\"'\r=1\""),
        ("-12.00 EUR", "'-12.00 EUR"),
        ("+49 30 901820", "'+49 30 901820"),
        ("-", "'-"),
        ("-1234.50", "-1234.50"),
        ("+5", "+5"),
        ("-1.234,50", "\"-1.234,50\""),
        ("12-3", "12-3"),
        ("a=b", "a=b"),
        ("", ""),
    ] {
        let options = CsvOptions::default();
        let csv = export(Format::Csv, &options, &[extraction(json!({"custom_id": text, "fields": []}))]);
        let expected = format!("\r\n{DOCUMENT},a.pdf,{cell},completed,,2,");
        assert!(csv.contains(&expected), "{text:?}: {csv}");
    }
}

#[test]
fn any_text_comes_back_from_a_csv_reader_as_it_was() {
    for name in
        ["two\nlines.pdf", "q\"uote\".pdf", "a,b.pdf", " blank .pdf", "Rechnung März.pdf", "\"", "x\r\n"]
    {
        let csv = export(Format::Csv, &CsvOptions::default(), &[extraction(json!({"filename": name}))]);
        let mut reader = ::csv::Reader::from_reader(csv.as_bytes());
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 1, "{name:?}");
        assert_eq!(&rows[0][1], name);
    }
}

#[test]
fn a_document_that_waits_is_a_row_without_values() {
    let waiting = extraction(json!({"status": "pending", "pages": null, "finished_at": null, "fields": []}));
    let csv = export(Format::Csv, &CsvOptions::default(), &[waiting]);
    let row = csv.lines().nth(1).unwrap();
    assert!(
        row.ends_with(&format!("pending,,,standard,3,2026-05-01T10:00:00.000Z,{}", ",".repeat(18))),
        "{row}"
    );
}

#[test]
fn an_unknown_table_is_refused_with_the_names_of_those_there_are() {
    for name in ["items", "total"] {
        let options = CsvOptions { table: Some(name.to_owned()), excel: false };
        let error = Exporter::new(Format::Csv, &template(), &options).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the template has no table field \"{name}\"; it has line_items"),
        );
    }
}
