use std::io::{Cursor, Read};

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
    String::from_utf8(bytes(format, options, extractions)).unwrap()
}

fn bytes(format: Format, options: &CsvOptions, extractions: &[Extraction]) -> Vec<u8> {
    let mut exporter = Exporter::new(format, &template(), options).unwrap();
    let mut out = Vec::new();
    exporter.begin(&mut out);
    for extraction in extractions {
        exporter.row(extraction, &mut out).unwrap();
    }
    exporter.end(&mut out).unwrap();
    out
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

/// A file inside a workbook.
fn part(workbook: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// A cell of a sheet: its attributes, and what is between its tags.
fn cell<'a>(sheet: &'a str, at: &str) -> (&'a str, &'a str) {
    let start = sheet.find(&format!("<c r=\"{at}\"")).unwrap_or_else(|| panic!("{at} is empty: {sheet}"));
    let (attributes, rest) = sheet[start..].split_once('>').unwrap();
    match attributes.strip_suffix('/') {
        Some(attributes) => (attributes, ""),
        None => (attributes, rest.split_once("</c>").unwrap().0),
    }
}

/// How a cell is filled, as RRGGBB.
fn fill(workbook: &[u8], sheet: &str, at: &str) -> Option<String> {
    let styles = part(workbook, "xl/styles.xml");
    let nth = |list: &str, item: &str, n: usize| {
        let list =
            styles.split_once(&format!("<{list} ")).unwrap().1.split_once(&format!("</{list}>")).unwrap().0;
        list.split(&format!("<{item}")).skip(1).nth(n).unwrap().to_owned()
    };
    let number = |text: &str, key: &str| -> usize {
        let (_, rest) = text.split_once(&format!("{key}=\"")).unwrap();
        rest.split_once('"').unwrap().0.parse().unwrap()
    };
    let xf = nth("cellXfs", "xf ", number(cell(sheet, at).0, " s"));
    let fill = nth("fills", "fill>", number(&xf, "fillId"));
    let (_, rgb) = fill.split_once("<fgColor rgb=\"FF")?;
    Some(rgb[..6].to_owned())
}

#[test]
fn a_workbook_has_typed_cells_and_a_sheet_for_each_table() {
    let dated = json!({"custom_id": "=1+1", "filename": "-2+3.pdf"});
    let book = bytes(Format::Xlsx, &CsvOptions::default(), &[failed(), extraction(dated)]);
    let names = part(&book, "xl/workbook.xml");
    assert!(
        names.contains("<sheet name=\"documents\"") && names.contains("<sheet name=\"line_items\""),
        "{names}"
    );

    let documents = part(&book, "xl/worksheets/sheet1.xml");
    let text = |sheet: &str, at: &str| {
        let (attributes, content) = cell(sheet, at);
        assert!(attributes.contains("t=\"inlineStr\""), "{at}: {attributes}");
        content.replace("<is><t>", "").replace("</t></is>", "")
    };
    for (at, expected) in [
        ("A1", "document_id"),
        ("K1", "total"),
        ("L1", "total__confidence"),
        ("E2", "encrypted"),
        ("B3", "-2+3.pdf"),
        ("C3", "=1+1"),
        ("N3", "-1,234.50"),
    ] {
        assert_eq!(text(&documents, at), expected, "{at}");
    }
    for (at, expected) in [("F3", "2"), ("K3", "-1234.5"), ("L3", "0.97"), ("M3", "0"), ("U3", "2")] {
        assert_eq!(cell(&documents, at).1, format!("<v>{expected}</v>"), "{at}");
    }
    // 2026-05-01T10:00:00 in days since the end of 1899.
    assert!(cell(&documents, "I3").1.starts_with("<v>46143.4166"), "{:?}", cell(&documents, "I3"));
    assert!(!documents.contains("r=\"K2\""), "a failed document has no values");

    let lines = part(&book, "xl/worksheets/sheet2.xml");
    assert_eq!((text(&lines, "D2"), cell(&lines, "G2").1), ("Bolt, steel".to_owned(), "<v>40</v>"));
    assert_eq!((text(&lines, "D3"), cell(&lines, "C3").1), ("=1+1".to_owned(), "<v>2</v>"));
    for sheet in [&documents, &lines] {
        assert!(!sheet.contains("<f>"), "there is no formula");
    }

    // Confident, unsure, and unsure within a table.
    assert_eq!(fill(&book, &documents, "K3"), None);
    assert_eq!(fill(&book, &documents, "P3").as_deref(), Some("FFEB9C"));
    assert_eq!(fill(&book, &lines, "G2"), None);
    assert_eq!(fill(&book, &lines, "D3").as_deref(), Some("FFEB9C"));
}

#[test]
fn a_missing_value_that_needs_a_look_is_red() {
    let missing = json!({"fields": [{"name": "total", "type": "currency", "value": null, "source": null, "page": null,
        "bbox": null, "confidence": 0.0, "method": null, "needs_review": true, "review_reason": "missing", "review": null}]});
    let book = bytes(Format::Xlsx, &CsvOptions::default(), &[extraction(missing)]);
    let documents = part(&book, "xl/worksheets/sheet1.xml");
    assert_eq!(fill(&book, &documents, "K2").as_deref(), Some("FFC7CE"));
}

#[test]
fn a_workbooks_bytes_follow_from_its_content() {
    let book = || bytes(Format::Xlsx, &CsvOptions::default(), &[extraction(json!({}))]);
    let first = book();
    assert_eq!(first, book());
    assert!(
        part(&first, "docProps/core.xml").contains("2000-01-01T00:00:00Z"),
        "the clock has no part in it"
    );
}

#[test]
fn an_unknown_table_is_refused_with_the_names_of_those_there_are() {
    for name in ["items", "total"] {
        let options = CsvOptions { table: Some(name.to_owned()), excel: false };
        let error = Exporter::new(Format::Csv, &template(), &options).map(|_| ()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the template has no table field \"{name}\"; it has line_items"),
        );
    }
}
