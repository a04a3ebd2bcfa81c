//! Extractions as an Excel workbook: a sheet with a row a document, and one for each table field with a row a line.
//!
//! Cells have types: numbers and dates are numbers to Excel, and text is text, whatever it starts with. Rows go to temporary
//! files as they come, so that memory does not grow with them. Values that somebody should look at are amber, those that
//! are likely wrong or missing are red.

use std::collections::{HashMap, HashSet};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};
use sheaf_types::{CellResult, Extraction, FieldKind, FieldResult, FieldSpec, FieldValue, Template};

use super::DOCUMENT_COLUMNS;

/// Rows of a sheet, its header included (Excel specifications and limits).
const MOST_ROWS: u32 = 1_048_576;
/// UTF-16 units of a cell's text (same place).
const LONGEST_TEXT: usize = 32_767;
/// Characters of a sheet's name (same place).
const LONGEST_NAME: usize = 31;
/// Digits that a number keeps (same place).
const MOST_DIGITS: usize = 15;
/// Digits after the point that a number shows.
const MOST_DECIMALS: usize = 30;
/// Under this share of the template's threshold, a confidence is red.
const RED_SHARE: f32 = 0.5;
/// Fill of cells, as Excel's own styles "neutral" and "bad" have it.
const AMBER: u32 = 0x00FF_EB9C;
const RED: u32 = 0x00FF_C7CE;
/// When every workbook was made, so that its bytes follow from its content alone.
const CREATED: &str = "2000-01-01T00:00:00";

/// A workbook being written.
pub(super) struct Book {
    workbook: Workbook,
    styles: Styles,
    names: HashSet<String>,
    threshold: f32,
    fields: Vec<FieldSpec>,
    documents: Sheet,
    tables: Vec<(FieldSpec, Sheet)>,
}

/// Where the next row of a sheet goes.
struct Sheet {
    index: usize,
    row: u32,
}

impl Book {
    pub(super) fn new(template: &Template) -> Result<Self, XlsxError> {
        let mut workbook = Workbook::new();
        let created = ExcelDateTime::parse_from_str(CREATED)?;
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
        let mut names = HashSet::new();
        let fields = template.spec.fields.clone();
        let documents = add_sheet(&mut workbook, &mut names, "documents", document_header(&fields))?;
        let mut tables = Vec::new();
        for field in fields.iter().filter(|field| field.kind == FieldKind::Table) {
            let sheet = add_sheet(&mut workbook, &mut names, &field.name, table_header(field))?;
            tables.push((field.clone(), sheet));
        }
        let threshold = template.spec.confidence_threshold;
        Ok(Self { workbook, styles: Styles::default(), names, threshold, fields, documents, tables })
    }

    /// One document and the lines of its tables.
    pub(super) fn row(&mut self, extraction: &Extraction) -> Result<(), XlsxError> {
        let results = extraction.fields.as_deref().unwrap_or_default();
        let mut cells = vec![
            Cell::text(extraction.document_id.to_string()),
            Cell::text(&*extraction.filename),
            Cell::optional(extraction.custom_id.as_deref(), Cell::text),
            Cell::text(extraction.status.as_str()),
            Cell::optional(extraction.error.as_ref(), |error| Cell::text(error.code.as_str())),
            Cell::optional(extraction.pages, Cell::count),
            Cell::text(extraction.tier.as_str()),
            Cell::count(extraction.template_version),
            Cell::time(&extraction.created_at),
            Cell::optional(extraction.finished_at.as_deref(), Cell::time),
        ];
        for field in &self.fields {
            let result = results.iter().find(|result| result.name == field.name);
            let colour = result.map_or(Colour::None, |result| self.colour(result));
            cells.push(
                match result.and_then(|result| result.value.as_ref()) {
                    None => Cell::EMPTY,
                    Some(FieldValue::Scalar(text)) => Cell::value(field.kind, text),
                    // The lines are on the table's own sheet.
                    Some(FieldValue::Rows(rows)) => Cell::count(rows.len() as u32),
                }
                .coloured(colour),
            );
            cells.push(Cell::optional(result, |result| Cell::share(result.confidence)));
            cells.push(Cell::optional(result, |result| Cell::flag(result.needs_review)));
            cells.push(Cell::optional(result.and_then(|result| result.source.as_deref()), Cell::text));
            cells.push(Cell::optional(result.and_then(|result| result.page), Cell::count));
        }
        write(&mut self.workbook, &mut self.styles, &mut self.documents, &cells)?;

        let mut tables = std::mem::take(&mut self.tables);
        for (field, sheet) in &mut tables {
            if let Some(result) = results.iter().find(|result| result.name == field.name) {
                self.lines(field, sheet, extraction, result)?;
            }
        }
        self.tables = tables;
        Ok(())
    }

    /// The whole file.
    pub(super) fn finish(&mut self) -> Result<Vec<u8>, XlsxError> {
        self.workbook.save_to_buffer()
    }

    fn lines(
        &mut self,
        field: &FieldSpec,
        sheet: &mut Sheet,
        extraction: &Extraction,
        result: &FieldResult,
    ) -> Result<(), XlsxError> {
        let Some(FieldValue::Rows(rows)) = &result.value else { return Ok(()) };
        for (i, values) in rows.iter().enumerate() {
            let found = result.cells.as_ref().and_then(|cells| cells.get(i));
            let mut cells = vec![
                Cell::text(extraction.document_id.to_string()),
                Cell::text(&*extraction.filename),
                Cell::count(i as u32 + 1),
            ];
            for column in &field.columns {
                let cell: Option<&CellResult> = found.and_then(|cells| cells.get(&column.name));
                let value = values.get(&column.name).and_then(Option::as_deref);
                let colour = cell.map_or(Colour::None, |cell| self.colour_of(cell.confidence));
                cells.push(Cell::optional(value, |text| Cell::value(column.kind, text)).coloured(colour));
                cells.push(Cell::optional(cell, |cell| Cell::share(cell.confidence)));
                cells.push(Cell::optional(cell, |cell| Cell::count(cell.provenance.page)));
            }
            if sheet.row == MOST_ROWS {
                *sheet = add_sheet(&mut self.workbook, &mut self.names, &field.name, table_header(field))?;
            }
            write(&mut self.workbook, &mut self.styles, sheet, &cells)?;
        }
        Ok(())
    }

    fn colour(&self, result: &FieldResult) -> Colour {
        match &result.value {
            None if result.needs_review => Colour::Red,
            None => Colour::None,
            Some(_) => match self.colour_of(result.confidence) {
                Colour::None if result.needs_review => Colour::Amber,
                colour => colour,
            },
        }
    }

    fn colour_of(&self, confidence: f32) -> Colour {
        if confidence >= self.threshold {
            Colour::None
        } else if confidence >= self.threshold * RED_SHARE {
            Colour::Amber
        } else {
            Colour::Red
        }
    }
}

/// A new sheet under this name or, where there is one, under the name with a number.
fn add_sheet(
    workbook: &mut Workbook,
    names: &mut HashSet<String>,
    name: &str,
    header: Vec<String>,
) -> Result<Sheet, XlsxError> {
    let index = names.len();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name(unique(name, names))?.set_freeze_panes(1, 0)?;
    let bold = Format::new().set_bold();
    for (column, title) in (0u16..).zip(header) {
        sheet.write_string_with_format(0, column, title, &bold)?;
    }
    Ok(Sheet { index, row: 1 })
}

fn document_header(fields: &[FieldSpec]) -> Vec<String> {
    let of = |field: &FieldSpec| {
        let suffixes = ["", "__confidence", "__needs_review", "__source", "__page"];
        suffixes.map(|suffix| format!("{}{suffix}", field.name))
    };
    DOCUMENT_COLUMNS.map(str::to_owned).into_iter().chain(fields.iter().flat_map(of)).collect()
}

fn table_header(field: &FieldSpec) -> Vec<String> {
    let columns = field
        .columns
        .iter()
        .flat_map(|column| ["", "__confidence", "__page"].map(|suffix| format!("{}{suffix}", column.name)));
    ["document_id", "filename", "row"].map(str::to_owned).into_iter().chain(columns).collect()
}

/// The name, short enough and unlike those before. Excel keeps "history" for itself.
fn unique(name: &str, names: &mut HashSet<String>) -> String {
    let mut unique: String = name.chars().take(LONGEST_NAME).collect();
    let mut n = 1;
    while unique == "history" || names.contains(&unique) {
        n += 1;
        let suffix = format!("_{n}");
        unique = name.chars().take(LONGEST_NAME - suffix.len()).collect::<String>() + &suffix;
    }
    names.insert(unique.clone());
    unique
}

fn write(
    workbook: &mut Workbook,
    styles: &mut Styles,
    sheet: &mut Sheet,
    cells: &[Cell],
) -> Result<(), XlsxError> {
    let worksheet = workbook.worksheet_from_index(sheet.index)?;
    for (column, cell) in (0u16..).zip(cells) {
        let style = styles.of(cell.style, cell.colour);
        match &cell.content {
            Content::Empty if cell.colour == Colour::None => continue,
            Content::Empty => worksheet.write_blank(sheet.row, column, style)?,
            Content::Text(text) => {
                worksheet.write_string_with_format(sheet.row, column, shorten(text), style)?
            }
            Content::Number(number) => {
                worksheet.write_number_with_format(sheet.row, column, *number, style)?
            }
            Content::Time(time) => worksheet.write_datetime_with_format(sheet.row, column, time, style)?,
            Content::Flag(flag) => worksheet.write_boolean_with_format(sheet.row, column, *flag, style)?,
        };
    }
    sheet.row += 1;
    Ok(())
}

/// As much of a text as a cell holds.
fn shorten(text: &str) -> &str {
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > LONGEST_TEXT
    });
    end.map_or(text, |(end, _)| &text[..end])
}

struct Cell {
    content: Content,
    style: Style,
    colour: Colour,
}

enum Content {
    Empty,
    Text(String),
    Number(f64),
    Time(ExcelDateTime),
    Flag(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Style {
    /// Stays text also when somebody edits it.
    Text,
    /// With this many digits after the point.
    Number(usize),
    Date,
    Time,
    Plain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Colour {
    None,
    Amber,
    Red,
}

impl Cell {
    const EMPTY: Self = Self::new(Content::Empty, Style::Plain);

    const fn new(content: Content, style: Style) -> Self {
        Self { content, style, colour: Colour::None }
    }

    fn optional<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::EMPTY, cell)
    }

    fn text(text: impl Into<String>) -> Self {
        Self::new(Content::Text(text.into()), Style::Text)
    }

    fn count(count: u32) -> Self {
        Self::new(Content::Number(f64::from(count)), Style::Plain)
    }

    /// A confidence, with the digits that its text has.
    fn share(share: f32) -> Self {
        Self::new(Content::Number(share.to_string().parse().unwrap_or_default()), Style::Plain)
    }

    fn flag(flag: bool) -> Self {
        Self::new(Content::Flag(flag), Style::Plain)
    }

    /// RFC 3339 in UTC.
    fn time(text: &str) -> Self {
        match ExcelDateTime::parse_from_str(text) {
            Ok(time) => Self::new(Content::Time(time), Style::Time),
            Err(_) => Self::text(text),
        }
    }

    /// A field's value; what Excel cannot hold as what it is, is text.
    fn value(kind: FieldKind, text: &str) -> Self {
        let typed = match kind {
            FieldKind::Number | FieldKind::Currency => Self::number(text),
            FieldKind::Date => Self::date(text),
            FieldKind::Text | FieldKind::Enum | FieldKind::Table => None,
        };
        typed.unwrap_or_else(|| Self::text(text))
    }

    fn number(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let canonical = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.bytes().all(|c| c.is_ascii_digit() || c == b'.');
        let significant = digits.trim_start_matches(['0', '.']).bytes().filter(u8::is_ascii_digit).count();
        let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        if !canonical || significant > MOST_DIGITS || decimals > MOST_DECIMALS {
            return None;
        }
        Some(Self::new(Content::Number(text.parse().ok()?), Style::Number(decimals)))
    }

    fn date(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        // Excel's calendar starts in 1900, and has a day in it that never was: 29 February 1900.
        let year: u16 = year.parse().ok().filter(|year| *year > 1900)?;
        let date = ExcelDateTime::from_ymd(year, month.parse().ok()?, day.parse().ok()?).ok()?;
        Some(Self::new(Content::Time(date), Style::Date))
    }

    fn coloured(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }
}

/// Formats by what they are for.
#[derive(Default)]
struct Styles(HashMap<(Style, Colour), Format>);

impl Styles {
    fn of(&mut self, style: Style, colour: Colour) -> &Format {
        self.0.entry((style, colour)).or_insert_with(|| {
            let format = match style {
                Style::Plain => Format::new(),
                Style::Text => Format::new().set_num_format("@"),
                Style::Number(0) => Format::new().set_num_format("0"),
                Style::Number(decimals) => {
                    Format::new().set_num_format(format!("0.{}", "0".repeat(decimals)))
                }
                Style::Date => Format::new().set_num_format("yyyy-mm-dd"),
                Style::Time => Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            };
            match colour {
                Colour::None => format,
                Colour::Amber => format.set_background_color(AMBER),
                Colour::Red => format.set_background_color(RED),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_excel_calls_them_and_text_where_it_would_lose_something() {
        for (kind, text, expected) in [
            (FieldKind::Currency, "-1234.50", "number -1234.5 with 2"),
            (FieldKind::Number, "2", "number 2 with 0"),
            (FieldKind::Number, "0.000", "number 0 with 3"),
            (FieldKind::Number, "123456789012345", "number 123456789012345 with 0"),
            (FieldKind::Number, "1234567890123456", "text"),
            (FieldKind::Number, "1e5", "text"),
            (FieldKind::Number, "=1", "text"),
            (FieldKind::Date, "2026-05-01", "date 46143"),
            (FieldKind::Date, "1899-05-01", "text"),
            (FieldKind::Date, "2026-02-30", "text"),
            (FieldKind::Text, "12", "text"),
            (FieldKind::Enum, "=PAID", "text"),
        ] {
            let cell = Cell::value(kind, text);
            let found = match (&cell.content, cell.style) {
                (Content::Number(number), Style::Number(decimals)) => {
                    format!("number {number} with {decimals}")
                }
                (Content::Time(time), Style::Date) => format!("date {}", time.to_excel()),
                (Content::Text(found), Style::Text) if found == text => "text".to_owned(),
                _ => "something else".to_owned(),
            };
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn sheets_have_names_that_excel_takes() {
        let mut names = HashSet::new();
        let long = "a".repeat(40);
        let found: Vec<String> =
            ["items", "items", "history", &long, &long].map(|name| unique(name, &mut names)).into();
        let (first, second) = ("a".repeat(31), "a".repeat(29) + "_2");
        assert_eq!(found, ["items", "items_2", "history_2", first.as_str(), second.as_str()]);
    }

    #[test]
    fn a_text_is_as_long_as_a_cell() {
        assert_eq!(shorten(&"a".repeat(40_000)).len(), LONGEST_TEXT);
        assert_eq!(shorten(&"😀".repeat(20_000)).chars().count(), LONGEST_TEXT / 2);
        assert_eq!(shorten("short"), "short");
    }
}
