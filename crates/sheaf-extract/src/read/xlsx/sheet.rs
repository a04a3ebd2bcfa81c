//! A sheet's cells, as shown.

use std::collections::{HashMap, HashSet};

use super::number_format::{NumberFormat, general};
use super::styles::{Align, Borders, Styles};
use crate::read::typeset::Face;
use crate::xml::{Content, Element, Xml};

/// Rows and columns that a sheet may have.
const MOST_ROWS: u32 = 1 << 20;
const MOST_COLUMNS: u32 = 1 << 14;
/// Merged ranges that are looked at.
const MOST_MERGES: usize = 100_000;
/// Cells without text whose borders are kept.
const MOST_BORDERED: usize = 50_000;

/// What the sheets of a workbook share.
pub(super) struct Workbook {
    pub(super) styles: Styles,
    pub(super) strings: Vec<Box<str>>,
    pub(super) since_1904: bool,
}

/// A row and a column, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) row: u32,
    pub(super) column: u32,
}

impl Place {
    /// `B7`.
    pub(super) fn name(self) -> String {
        let mut letters = Vec::new();
        let mut rest = self.column + 1;
        while rest > 0 {
            letters.push(b'A' + ((rest - 1) % 26) as u8);
            rest = (rest - 1) / 26;
        }
        letters
            .iter()
            .rev()
            .map(|&letter| char::from(letter))
            .chain((self.row + 1).to_string().chars())
            .collect()
    }

    fn parse(name: &str) -> Option<Self> {
        let name = name.trim().trim_start_matches('$');
        let digits = name.find(|c: char| !c.is_ascii_alphabetic())?;
        let column = name[..digits].bytes().try_fold(0_u32, |column, letter| {
            column.checked_mul(26)?.checked_add(u32::from(letter.to_ascii_uppercase() - b'A') + 1)
        })?;
        let row: u32 = name[digits..].trim_start_matches('$').parse().ok()?;
        let place = Self { row: row.checked_sub(1)?, column: column.checked_sub(1)? };
        (place.row < MOST_ROWS && place.column < MOST_COLUMNS).then_some(place)
    }
}

/// A cell that shows something, or whose edges are drawn.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) place: Place,
    pub(super) text: String,
    pub(super) face: Face,
    pub(super) align: Align,
    pub(super) wraps: bool,
    /// Numbers and dates, which are never broken into lines.
    pub(super) is_number: bool,
    pub(super) borders: Borders,
}

/// What a sheet says of a column.
#[derive(Debug, Clone, Copy, Default)]
struct Column {
    /// In characters of the default font.
    width: Option<f64>,
    is_hidden: bool,
}

/// A sheet as it is shown.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// Row by row, from left to right, those of hidden rows and columns left out.
    pub(super) cells: Vec<Cell>,
    /// The last cell of a merged range, by its first.
    pub(super) merges: HashMap<Place, Place>,
    columns: Vec<Column>,
    pub(super) hidden_rows: HashSet<u32>,
    /// Heights of rows that differ, in points.
    pub(super) heights: HashMap<u32, f64>,
    /// Height of the others, in points.
    pub(super) default_height: Option<f64>,
    default_width: Option<f64>,
    /// Whether a limit was reached.
    pub(super) is_truncated: bool,
    /// Whether the sheet is malformed; what stood before the fault is there.
    pub(super) is_damaged: bool,
}

impl Sheet {
    /// Reads a sheet, up to `room` words.
    pub(super) fn parse(text: &str, workbook: &Workbook, room: usize) -> Self {
        let mut sheet = Self::default();
        let mut xml = Xml::new(text);
        xml.child();
        while let Some(element) = xml.child() {
            match element.name() {
                "sheetFormatPr" => {
                    sheet.default_height = element.number("defaultRowHeight").filter(|h: &f64| h.is_finite());
                    sheet.default_width = element.number("defaultColWidth").filter(|w: &f64| w.is_finite());
                    xml.skip();
                }
                "cols" => sheet.read_columns(&mut xml),
                "sheetData" => sheet.read_rows(&mut xml, workbook, room),
                "mergeCells" => sheet.read_merges(&mut xml),
                _ => xml.skip(),
            }
        }
        sheet.is_damaged = xml.is_damaged();
        sheet
    }

    /// The width of a column in characters of the default font; `None` where the sheet does not say.
    pub(super) fn column_width(&self, column: u32) -> Option<f64> {
        self.columns.get(column as usize).and_then(|column| column.width).or(self.default_width)
    }

    pub(super) fn is_column_hidden(&self, column: u32) -> bool {
        self.columns.get(column as usize).is_some_and(|column| column.is_hidden)
    }

    fn read_columns(&mut self, xml: &mut Xml<'_>) {
        while let Some(element) = xml.child() {
            if let (Some(first @ 1..), Some(last)) = (element.number("min"), element.number::<usize>("max")) {
                let last = last.min(MOST_COLUMNS as usize);
                let width = element.number("width").filter(|width: &f64| width.is_finite());
                let is_hidden =
                    element.attribute("hidden").is_some() && element.switch("hidden") || width == Some(0.0);
                if self.columns.len() < last {
                    self.columns.resize(last, Column::default());
                }
                if let Some(columns) = self.columns.get_mut(first - 1..last) {
                    columns.fill(Column { width, is_hidden });
                }
            }
            xml.skip();
        }
    }

    fn read_rows(&mut self, xml: &mut Xml<'_>, workbook: &Workbook, room: usize) {
        let mut words = 0;
        let mut bordered = 0;
        let mut next_row = 0;
        while let Some(element) = xml.child() {
            let row = element.number::<u32>("r").map_or(next_row, |number| number.saturating_sub(1));
            next_row = row.saturating_add(1);
            if row >= MOST_ROWS || words >= room {
                self.is_truncated |= words >= room;
                xml.skip();
                continue;
            }
            let height = element.number::<f64>("ht").filter(|height| height.is_finite());
            if element.attribute("hidden").is_some() && element.switch("hidden") || height == Some(0.0) {
                self.hidden_rows.insert(row);
                xml.skip();
                continue;
            }
            let first = self.cells.len();
            let mut next_column = 0;
            while let Some(element) = xml.child() {
                let place = element.attribute("r").and_then(|name| Place::parse(&name));
                let column = place.map_or(next_column, |place| place.column);
                next_column = column.saturating_add(1);
                let cell = cell(xml, &element, Place { row, column }, workbook);
                if column >= MOST_COLUMNS || self.is_column_hidden(column) {
                    continue;
                }
                if cell.text.is_empty() {
                    bordered += 1;
                    if !cell.borders.any() || bordered > MOST_BORDERED {
                        continue;
                    }
                }
                let own = cell.text.split_whitespace().count();
                if words + own > room {
                    self.is_truncated = true;
                    continue;
                }
                words += own;
                self.cells.push(cell);
            }
            if self.cells.len() > first
                && let Some(height) = height
            {
                self.heights.insert(row, height);
            }
        }
        // Writers list rows and cells in order, but need not.
        self.cells.sort_by_key(|cell| cell.place);
        self.cells.dedup_by_key(|cell| cell.place);
    }

    fn read_merges(&mut self, xml: &mut Xml<'_>) {
        while let Some(element) = xml.child() {
            if let Some(range) = element.attribute("ref")
                && let Some((first, last)) = range.split_once(':')
                && let (Some(first), Some(last)) = (Place::parse(first), Place::parse(last))
                && first.row <= last.row
                && first.column <= last.column
                && self.merges.len() < MOST_MERGES
            {
                self.merges.insert(first, last);
            }
            xml.skip();
        }
    }
}

fn cell(xml: &mut Xml<'_>, element: &Element<'_>, place: Place, workbook: &Workbook) -> Cell {
    let style = workbook.styles.get(element.number("s").unwrap_or(0));
    let kind = element.attribute("t");
    let mut value = None;
    let mut inline = None;
    while let Some(child) = xml.child() {
        match child.name() {
            "v" => value = Some(xml.text()),
            "is" => inline = Some(rich_text(xml)),
            _ => xml.skip(),
        }
    }
    let value = value.unwrap_or_default();
    let mut is_number = false;
    let mut align = Align::Left;
    let text = match kind.as_deref() {
        Some("s") => {
            value.trim().parse().ok().and_then(|at: usize| workbook.strings.get(at)).map(ToString::to_string)
        }
        Some("inlineStr") => inline,
        Some("str") => Some(unescape(&value)),
        Some("b") => {
            align = Align::Centre;
            match value.trim() {
                "1" | "true" => Some("TRUE".to_owned()),
                "0" | "false" => Some("FALSE".to_owned()),
                _ => None,
            }
        }
        Some("e") => {
            align = Align::Centre;
            Some(value)
        }
        Some("d") => {
            (is_number, align) = (true, Align::Right);
            Some(value.trim().trim_end_matches("T00:00:00").trim_end_matches("T00:00:00Z").to_owned())
        }
        _ => {
            (is_number, align) = (true, Align::Right);
            value.trim().parse().ok().map(|number| show(&style.format, number, workbook.since_1904))
        }
    };
    Cell {
        place,
        text: text.map(|text| text.trim().to_owned()).unwrap_or_default(),
        face: style.face,
        align: style.align.unwrap_or(align),
        wraps: style.wraps,
        is_number,
        borders: style.borders,
    }
}

fn show(format: &NumberFormat, number: f64, since_1904: bool) -> String {
    if number.is_finite() { format.show(number, since_1904) } else { general(number) }
}

/// The text of a string with formatted runs, without the readings that may stand above it.
pub(super) fn rich_text(xml: &mut Xml<'_>) -> String {
    let mut text = String::new();
    while let Some(content) = xml.content() {
        if let Content::Element(element) = content {
            match element.name() {
                "t" => text.push_str(&xml.text()),
                "r" => text.push_str(&rich_text(xml)),
                _ => xml.skip(),
            }
        }
    }
    unescape(&text)
}

/// Control characters are written as `_x000D_` (ISO/IEC 29500-1, 22.9.2.19).
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let code = rest.get(2..6).filter(|_| rest.as_bytes().get(6) == Some(&b'_'));
        match code.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = &rest[7..];
            }
            None => {
                out.push_str("_x");
                rest = &rest[2..];
            }
        }
    }
    out.push_str(rest);
    out
}
