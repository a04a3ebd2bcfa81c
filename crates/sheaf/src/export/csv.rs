//! Extractions as CSV (RFC 4180): UTF-8, comma, CRLF, quotes only where needed.

use std::fmt::Display;

use serde::Serialize;
use sheaf_types::{Extraction, FieldSpec, FieldValue, Template};

use super::DOCUMENT_COLUMNS;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A row a document, a group of columns a field.
#[derive(Debug)]
pub(super) struct Wide {
    excel: bool,
    fields: Vec<String>,
}

impl Wide {
    pub(super) fn new(template: &Template, excel: bool) -> Self {
        Self { excel, fields: template.spec.fields.iter().map(|field| field.name.clone()).collect() }
    }

    pub(super) fn header(&self, out: &mut Vec<u8>) {
        let mut line = Line::first(out, self.excel);
        for column in DOCUMENT_COLUMNS {
            line.cell(column);
        }
        for name in &self.fields {
            line.cell(name);
            for suffix in ["confidence", "needs_review", "source", "page", "bbox"] {
                line.cell(&format!("{name}__{suffix}"));
            }
        }
        line.end();
    }

    pub(super) fn row(&self, extraction: &Extraction, out: &mut Vec<u8>) {
        let mut line = Line::next(out);
        line.display(Some(extraction.document_id));
        line.cell(&extraction.filename);
        line.text(extraction.custom_id.as_deref());
        line.cell(extraction.status.as_str());
        line.text(extraction.error.as_ref().map(|error| error.code.as_str()));
        line.display(extraction.pages);
        line.cell(extraction.tier.as_str());
        line.display(Some(extraction.template_version));
        line.cell(&extraction.created_at);
        line.text(extraction.finished_at.as_deref());
        let results = extraction.fields.as_deref().unwrap_or_default();
        for name in &self.fields {
            let result = results.iter().find(|result| result.name == *name);
            match result.and_then(|result| result.value.as_ref()) {
                None => line.cell(""),
                Some(FieldValue::Scalar(text)) => line.cell(text),
                Some(FieldValue::Rows(rows)) => line.json(Some(rows)),
            }
            line.display(result.map(|result| result.confidence));
            line.display(result.map(|result| result.needs_review));
            line.text(result.and_then(|result| result.source.as_deref()));
            line.display(result.and_then(|result| result.page));
            line.json(result.and_then(|result| result.bbox));
        }
        line.end();
    }
}

/// A row a line of one table field, a group of columns a column.
#[derive(Debug)]
pub(super) struct Table {
    excel: bool,
    field: String,
    columns: Vec<String>,
}

impl Table {
    pub(super) fn new(field: &FieldSpec, excel: bool) -> Self {
        let columns = field.columns.iter().map(|column| column.name.clone()).collect();
        Self { excel, field: field.name.clone(), columns }
    }

    pub(super) fn header(&self, out: &mut Vec<u8>) {
        let mut line = Line::first(out, self.excel);
        for column in ["document_id", "filename", "row"] {
            line.cell(column);
        }
        for name in &self.columns {
            line.cell(name);
            for suffix in ["confidence", "page", "bbox"] {
                line.cell(&format!("{name}__{suffix}"));
            }
        }
        line.end();
    }

    /// None for a document in which no such table was found.
    pub(super) fn rows(&self, extraction: &Extraction, out: &mut Vec<u8>) {
        let results = extraction.fields.as_deref().unwrap_or_default();
        let Some(result) = results.iter().find(|result| result.name == self.field) else { return };
        let Some(FieldValue::Rows(rows)) = &result.value else { return };
        for (i, values) in rows.iter().enumerate() {
            let cells = result.cells.as_ref().and_then(|cells| cells.get(i));
            let mut line = Line::next(out);
            line.display(Some(extraction.document_id));
            line.cell(&extraction.filename);
            line.display(Some(i + 1));
            for name in &self.columns {
                let cell = cells.and_then(|cells| cells.get(name));
                line.text(values.get(name).and_then(Option::as_deref));
                line.display(cell.map(|cell| cell.confidence));
                line.display(cell.map(|cell| cell.provenance.page));
                line.json(cell.map(|cell| cell.provenance.bbox));
            }
            line.end();
        }
    }
}

/// A line being written; what is `None` is an empty cell.
struct Line<'a> {
    out: &'a mut Vec<u8>,
    started: bool,
}

impl<'a> Line<'a> {
    fn first(out: &'a mut Vec<u8>, excel: bool) -> Self {
        if excel {
            out.extend_from_slice(BYTE_ORDER_MARK);
        }
        Self::next(out)
    }

    fn next(out: &'a mut Vec<u8>) -> Self {
        Self { out, started: false }
    }

    fn text(&mut self, text: Option<&str>) {
        self.cell(text.unwrap_or_default());
    }

    fn display(&mut self, value: Option<impl Display>) {
        self.cell(&value.map(|value| value.to_string()).unwrap_or_default());
    }

    fn json(&mut self, value: Option<impl Serialize>) {
        // Neither boxes nor rows can fail to be written: they hold strings and numbers only.
        self.cell(&value.and_then(|value| serde_json::to_string(&value).ok()).unwrap_or_default());
    }

    fn cell(&mut self, text: &str) {
        if self.started {
            self.out.push(b',');
        }
        self.started = true;
        let escape = if is_formula(text) { "'" } else { "" };
        if text.contains([',', '"', '\r', '\n']) {
            self.out.push(b'"');
            self.out.extend_from_slice(escape.as_bytes());
            self.out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
            self.out.push(b'"');
        } else {
            self.out.extend_from_slice(escape.as_bytes());
            self.out.extend_from_slice(text.as_bytes());
        }
    }

    fn end(self) {
        self.out.extend_from_slice(b"\r\n");
    }
}

/// Whether a spreadsheet would run the cell instead of showing it.
///
/// A signed number (`-1234.50`, `-1,234.50`) is no formula: escaping it would turn it into text.
fn is_formula(text: &str) -> bool {
    if !text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        return false;
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or_default();
    let number = digits.contains(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','));
    !number
}
