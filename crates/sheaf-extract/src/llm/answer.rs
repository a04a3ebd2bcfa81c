//! A model's answer, as far as it has the shape that was asked for.
//!
//! Whatever does not fit is passed over: the answer comes from outside.

use serde_json::{Map, Value};

/// Rows of a table that are looked at.
const MOST_ROWS: usize = 2_000;
/// Lines of one citation that are looked at.
const MOST_LINES: usize = 50;

/// What a model says about one field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// Nothing, or nothing that can be understood.
    Unanswered,
    /// That the document does not state it.
    Absent,
    /// A value, and the lines it is said to stand on.
    Value(Cited),
    /// The rows of a table.
    Rows(Vec<RowSaid>),
}

/// A value with the numbers of lines, as indices.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cited {
    pub(super) text: String,
    pub(super) lines: Vec<usize>,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RowSaid {
    pub(super) lines: Vec<usize>,
    /// By the name of the column.
    pub(super) cells: Map<String, Value>,
}

/// What an answer says about a field.
pub(super) fn said(answer: &Value, field: &str, is_table: bool) -> Said {
    match answer.get(field) {
        None => Said::Unanswered,
        Some(Value::Null) => Said::Absent,
        Some(value) if is_table => rows(value),
        Some(value) => scalar(value),
    }
}

fn scalar(value: &Value) -> Said {
    let (value, lines) = match value {
        Value::Object(object) => (object.get("value").unwrap_or(&Value::Null), lines(object.get("lines"))),
        bare => (bare, Vec::new()),
    };
    match (value, text(value)) {
        (Value::Null, _) => Said::Absent,
        (_, Some(text)) if text.is_empty() => Said::Absent,
        (_, Some(text)) => Said::Value(Cited { text, lines }),
        (_, None) => Said::Unanswered,
    }
}

fn rows(value: &Value) -> Said {
    let rows = match value {
        Value::Object(object) => object.get("rows").unwrap_or(&Value::Null),
        bare => bare,
    };
    match rows {
        Value::Null => Said::Absent,
        Value::Array(rows) if rows.is_empty() => Said::Absent,
        Value::Array(rows) => Said::Rows(rows.iter().take(MOST_ROWS).filter_map(row).collect()),
        _ => Said::Unanswered,
    }
}

fn row(value: &Value) -> Option<RowSaid> {
    let object = value.as_object()?;
    let cells = object.get("cells").and_then(Value::as_object).unwrap_or(object);
    Some(RowSaid { lines: lines(object.get("lines")), cells: cells.clone() })
}

/// A value as text; `None` for lists and objects.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Numbers of lines, counted from 1 in the answer and from 0 here.
fn lines(value: Option<&Value>) -> Vec<usize> {
    let items = match value {
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let number = |item: &Value| {
        let number = item.as_u64().or_else(|| item.as_str()?.trim().parse().ok())?;
        usize::try_from(number).ok()?.checked_sub(1)
    };
    items.iter().take(MOST_LINES).filter_map(number).collect()
}
