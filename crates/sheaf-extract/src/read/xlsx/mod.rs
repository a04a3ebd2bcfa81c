//! Spreadsheets in Office Open XML (SpreadsheetML, ISO/IEC 29500-1, 18).
//!
//! A visible sheet is a page; hidden sheets, rows and columns are left out, as they are on the screen. Cells show what a
//! spreadsheet shows: numbers by their format, formulas by the value they last had.

mod grid;
mod number_format;
mod serial_date;
mod sheet;
mod styles;

use std::time::Instant;

use sheaf_types::{Document, Page};

use super::package::Package;
use super::{Limits, ReadError};
use crate::xml::Xml;
use sheet::{Sheet, Workbook};
use styles::Styles;

/// Texts that a workbook's cells may share.
const MOST_STRINGS: usize = 2_000_000;

/// Reads a workbook.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    let deadline = Instant::now() + limits.max_duration;
    let mut package = Package::open(bytes, limits)?;
    let root = package.relationships("")?;
    let path = root.of_kind("officeDocument").unwrap_or("xl/workbook.xml").to_owned();
    let main = package.part(&path)?.ok_or(ReadError::Corrupt)?;
    let parts = package.relationships(&path)?;
    let (since_1904, sheets) = outline(&main);
    let mut part_of_kind = |kind| match parts.of_kind(kind) {
        Some(path) => package.part(path).map(Option::unwrap_or_default),
        None => Ok(String::new()),
    };
    let workbook = Workbook {
        styles: Styles::parse(&part_of_kind("styles")?),
        strings: shared_strings(&part_of_kind("sharedStrings")?),
        since_1904,
    };
    let mut pages: Vec<Page> = Vec::new();
    let mut room = limits.max_words;
    for entry in sheets.iter().filter(|entry| !entry.is_hidden) {
        if Instant::now() > deadline {
            return Err(ReadError::Timeout { seconds: limits.max_duration.as_secs() });
        }
        // Sheets that are charts or macros have no such part, or no cells in it.
        let Some(text) = parts.target(&entry.reference).map(|path| package.part(path)).transpose()?.flatten()
        else {
            continue;
        };
        if pages.len() >= limits.max_pages {
            return Err(ReadError::TooManyPages { pages: sheets.len(), limit: limits.max_pages });
        }
        let sheet = Sheet::parse(&text, &workbook, room.min(limits.max_words_per_page));
        let number = u32::try_from(pages.len() + 1).unwrap_or(u32::MAX);
        let page = grid::page(&sheet, &entry.name, number, limits);
        room = room.saturating_sub(page.words.len());
        pages.push(page);
    }
    if pages.is_empty() {
        return Err(ReadError::Corrupt);
    }
    Ok(Document { pages })
}

/// A sheet as the workbook lists it.
struct Entry {
    name: String,
    reference: String,
    is_hidden: bool,
}

/// Whether dates count from 1904, and the sheets in order.
fn outline(text: &str) -> (bool, Vec<Entry>) {
    let mut since_1904 = false;
    let mut sheets = Vec::new();
    let mut xml = Xml::new(text);
    xml.child();
    while let Some(element) = xml.child() {
        match element.name() {
            "workbookPr" => {
                since_1904 = element.attribute("date1904").is_some() && element.switch("date1904");
                xml.skip();
            }
            "sheets" => {
                while let Some(sheet) = xml.child() {
                    sheets.push(Entry {
                        name: sheet.attribute("name").unwrap_or_default(),
                        reference: sheet.attribute("id").unwrap_or_default(),
                        is_hidden: sheet.attribute("state").is_some_and(|state| state != "visible"),
                    });
                    xml.skip();
                }
            }
            _ => xml.skip(),
        }
    }
    (since_1904, sheets)
}

fn shared_strings(text: &str) -> Vec<Box<str>> {
    let mut strings = Vec::new();
    let mut xml = Xml::new(text);
    xml.child();
    while strings.len() < MOST_STRINGS
        && let Some(_item) = xml.child()
    {
        strings.push(sheet::rich_text(&mut xml).into());
    }
    strings
}

#[cfg(test)]
mod tests;
