//! Values that a person gives, in the form of the API.

use indexmap::IndexMap;
use jiff::civil::Date;
use serde_json::Value;
use sheaf_types::{ColumnSpec, FieldKind, FieldSpec, FieldValue, Provenance};

use crate::error::{Result, StoreError};

const LONGEST: usize = 10_000;
const MOST_ROWS: usize = 10_000;

/// A place that a person named, if it can be one.
pub(super) fn check_provenance(at: Provenance) -> Result<Provenance> {
    let edges = [at.bbox.x0, at.bbox.y0, at.bbox.x1, at.bbox.y1];
    let is_box = edges.iter().all(|edge| (0.0..=1.0).contains(edge))
        && at.bbox.x0 < at.bbox.x1
        && at.bbox.y0 < at.bbox.y1;
    let fault = if at.source.trim().is_empty()
        || at.source.chars().count() > LONGEST
        || at.source.contains('\0')
    {
        Some(("/provenance/source", "expected the text on the page"))
    } else if at.page == 0 {
        Some(("/provenance/page", "expected a page number, counted from 1"))
    } else if !is_box {
        Some(("/provenance/bbox", "expected [x0, y0, x1, y1] as fractions of the page, x0 < x1 and y0 < y1"))
    } else {
        None
    };
    fault.map_or(Ok(at), |(pointer, detail)| Err(StoreError::invalid(pointer, detail)))
}

/// The value of a field; `None` for null.
pub(super) fn read(field: &FieldSpec, value: &Value) -> Result<Option<FieldValue>> {
    if value.is_null() {
        return Ok(None);
    }
    if field.kind != FieldKind::Table {
        return scalar(field.kind, &field.enum_values, "/value", value)
            .map(|text| Some(FieldValue::Scalar(text)));
    }
    let rows = value.as_array().filter(|rows| rows.len() <= MOST_ROWS);
    let rows = rows.ok_or_else(|| StoreError::invalid("/value", "expected a list of rows"))?;
    let rows: Result<_> = rows.iter().enumerate().map(|(i, row)| read_row(field, i, row)).collect();
    Ok(Some(FieldValue::Rows(rows?)))
}

fn read_row(field: &FieldSpec, i: usize, row: &Value) -> Result<IndexMap<String, Option<String>>> {
    let object = row.as_object();
    let object = object
        .ok_or_else(|| StoreError::invalid(format!("/value/{i}"), "expected an object, column to value"))?;
    if let Some(stranger) = object.keys().find(|key| field.columns.iter().all(|column| column.name != **key))
    {
        return Err(StoreError::invalid(format!("/value/{i}"), format!("has no column {stranger:?}")));
    }
    let cell = |column: &ColumnSpec| {
        let cell = match object.get(&column.name) {
            None | Some(Value::Null) => None,
            Some(value) => {
                let pointer = format!("/value/{i}/{}", column.name);
                Some(scalar(column.kind, &column.enum_values, &pointer, value)?)
            }
        };
        Ok((column.name.clone(), cell))
    };
    field.columns.iter().map(cell).collect()
}

fn scalar(kind: FieldKind, enum_values: &[String], pointer: &str, value: &Value) -> Result<String> {
    let wrong = |expected: &str| Err(StoreError::invalid(pointer, format!("expected {expected}")));
    let is_decimal = matches!(kind, FieldKind::Number | FieldKind::Currency);
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if is_decimal => number.to_string(),
        _ => return wrong("a text"),
    };
    if text.trim().is_empty() || text.chars().count() > LONGEST || text.contains('\0') {
        return wrong("a text that is not empty, or null where the document has no value");
    }
    match kind {
        FieldKind::Number | FieldKind::Currency if !is_canonical(&text) => {
            wrong("a decimal number, such as 1234.50 or -7")
        }
        FieldKind::Date if !text.parse::<Date>().is_ok_and(|date| date.to_string() == text) => {
            wrong("a day, such as 2026-05-31")
        }
        FieldKind::Enum if !enum_values.contains(&text) => {
            wrong(&format!("one of {}", enum_values.join(", ")))
        }
        _ => Ok(text),
    }
}

/// Digits, perhaps a minus before and a point among them.
fn is_canonical(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, part].iter().all(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sheaf_types::TemplateSpec;

    use super::*;

    #[test]
    fn a_value_fits_its_type_or_is_refused() {
        let spec = TemplateSpec::from_json(&json!({"name": "t", "fields": [
            {"name": "text", "type": "text"}, {"name": "number", "type": "number"},
            {"name": "currency", "type": "currency"}, {"name": "date", "type": "date"},
            {"name": "state", "type": "enum", "enum_values": ["PAID", "DUE"]},
            {"name": "lines", "type": "table", "columns": [
                {"name": "what", "type": "text"}, {"name": "price", "type": "currency"}]}
        ]}))
        .unwrap();
        for (name, value, fits) in [
            ("text", json!("a b"), true),
            ("text", json!(null), true),
            ("text", json!(""), false),
            ("text", json!(12), false),
            ("text", json!(["a"]), false),
            ("number", json!("-12"), true),
            ("number", json!("12.50"), true),
            ("number", json!(12.5), true),
            ("number", json!("1,234"), false),
            ("number", json!("--1"), false),
            ("number", json!("1."), false),
            ("number", json!("."), false),
            ("currency", json!("abc"), false),
            ("currency", json!("1e5"), false),
            ("currency", json!(true), false),
            ("date", json!("2024-02-29"), true),
            ("date", json!("2023-02-29"), false),
            ("date", json!("29.02.2024"), false),
            ("date", json!("20240229"), false),
            ("state", json!("PAID"), true),
            ("state", json!("paid"), false),
            ("lines", json!([{"what": "a", "price": "1.00"}, {"what": null}]), true),
            ("lines", json!([]), true),
            ("lines", json!("a"), false),
            ("lines", json!([{"what": "a", "price": "dear"}]), false),
            ("lines", json!([{"other": "a"}]), false),
            ("lines", json!(["a"]), false),
        ] {
            let field = spec.fields.iter().find(|field| field.name == name).unwrap();
            let read = read(field, &value);
            assert_eq!(read.is_ok(), fits, "{name} {value}: {read:?}");
        }
    }
}
