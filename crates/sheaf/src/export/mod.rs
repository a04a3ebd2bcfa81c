//! Results as files, row by row, in memory that does not grow with the batch.
//!
//! The API streams them and the command line writes them; both call [`Exporter`], so that the bytes are the same.

mod csv;
mod json;
mod xlsx;

use rust_xlsxwriter::XlsxError;
use sheaf_types::{Extraction, FieldKind, Template};

/// The shape of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, a row a document or a row a line of one table.
    Csv,
    /// One array.
    Json,
    /// An object a line.
    Jsonl,
    /// An Excel workbook: a sheet of documents, and one for each table field.
    Xlsx,
}

impl Format {
    const ALL: [Self; 4] = [Self::Csv, Self::Json, Self::Jsonl, Self::Xlsx];

    /// The name in the API, which is the file's extension too.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Xlsx => "xlsx",
        }
    }

    /// The format with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// For the `Content-Type` header.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Jsonl => "application/x-ndjson",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// What the wide exports say of a document before its fields.
const DOCUMENT_COLUMNS: [&str; 10] = [
    "document_id",
    "filename",
    "custom_id",
    "status",
    "error",
    "pages",
    "tier",
    "template_version",
    "created_at",
    "finished_at",
];

/// What is asked of a CSV file beyond the default; the other formats take none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CsvOptions {
    /// Starts with a byte order mark, without which Excel takes the file for its own code page.
    pub excel: bool,
    /// Name of a table field: a row a line of that table instead of a row a document.
    pub table: Option<String>,
}

/// An export that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// The template has no such table.
    #[error("the template has no table field \"{name}\"; {}", list(tables))]
    UnknownTable {
        /// What was asked for.
        name: String,
        /// The tables it has.
        tables: Vec<String>,
    },
    /// The workbook cannot be written: the disk for temporary files is full, most likely.
    #[error("the workbook cannot be written: {0}")]
    Workbook(String),
}

impl From<XlsxError> for ExportError {
    fn from(error: XlsxError) -> Self {
        Self::Workbook(error.to_string())
    }
}

fn list(tables: &[String]) -> String {
    if tables.is_empty() { "it has none".to_owned() } else { format!("it has {}", tables.join(", ")) }
}

/// Writes one export: [`begin`](Self::begin), then [`row`](Self::row) for each extraction in upload order, then
/// [`end`](Self::end). The bytes depend on nothing but the template and the extractions.
pub struct Exporter {
    layout: Layout,
    /// Whether a row stands before the next one.
    started: bool,
}

enum Layout {
    Wide(csv::Wide),
    Table(csv::Table),
    Json,
    Jsonl,
    Xlsx(Box<xlsx::Book>),
}

impl Exporter {
    /// An export of what `template` found.
    ///
    /// # Errors
    /// `UnknownTable` where `options` name a table that the template does not have; `Workbook`.
    pub fn new(format: Format, template: &Template, options: &CsvOptions) -> Result<Self, ExportError> {
        let layout = match (format, &options.table) {
            (Format::Csv, None) => Layout::Wide(csv::Wide::new(template, options.excel)),
            (Format::Csv, Some(name)) => {
                let tables = || template.spec.fields.iter().filter(|field| field.kind == FieldKind::Table);
                match tables().find(|field| field.name == *name) {
                    Some(field) => Layout::Table(csv::Table::new(field, options.excel)),
                    None => {
                        let tables = tables().map(|field| field.name.clone()).collect();
                        return Err(ExportError::UnknownTable { name: name.clone(), tables });
                    }
                }
            }
            (Format::Json, _) => Layout::Json,
            (Format::Jsonl, _) => Layout::Jsonl,
            (Format::Xlsx, _) => Layout::Xlsx(Box::new(xlsx::Book::new(template)?)),
        };
        Ok(Self { layout, started: false })
    }

    /// What stands before the first row.
    pub fn begin(&self, out: &mut Vec<u8>) {
        match &self.layout {
            Layout::Wide(wide) => wide.header(out),
            Layout::Table(table) => table.header(out),
            Layout::Json => out.push(b'['),
            Layout::Jsonl | Layout::Xlsx(_) => {}
        }
    }

    /// One document; without `fields` it is written as one that has none yet.
    ///
    /// # Errors
    /// `Workbook`.
    pub fn row(&mut self, extraction: &Extraction, out: &mut Vec<u8>) -> Result<(), ExportError> {
        match &mut self.layout {
            Layout::Wide(wide) => wide.row(extraction, out),
            Layout::Table(table) => table.rows(extraction, out),
            Layout::Json => {
                out.extend_from_slice(if self.started { b",\n" } else { b"\n" });
                json::row(extraction, out);
            }
            Layout::Jsonl => {
                json::row(extraction, out);
                out.push(b'\n');
            }
            Layout::Xlsx(book) => book.row(extraction)?,
        }
        self.started = true;
        Ok(())
    }

    /// What stands after the last row; of a workbook, all of it.
    ///
    /// # Errors
    /// `Workbook`.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        match &mut self.layout {
            Layout::Json => out.extend_from_slice(b"\n]\n"),
            Layout::Xlsx(book) => out.append(&mut book.finish()?),
            Layout::Wide(_) | Layout::Table(_) | Layout::Jsonl => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
