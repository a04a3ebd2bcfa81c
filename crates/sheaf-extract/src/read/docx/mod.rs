//! Word-processing documents in Office Open XML (WordprocessingML, ISO/IEC 29500-1, 17).
//!
//! The file says what stands on the pages but not where; [`layout`] sets it much as a word processor would.

mod content;
mod layout;
mod lines;
mod numbering;
mod properties;
mod story;
mod styles;

use std::collections::HashMap;

use sheaf_types::{Document, PageWarning};

use super::package::{Package, Relationships};
use super::{Limits, ReadError};
use content::{Block, Paragraph, Section, Token};
use layout::{Part, Running};
use numbering::Numbering;
use story::Reader;
use styles::Styles;

/// Reads a document.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    let mut package = Package::open(bytes, limits)?;
    let root = package.relationships("")?;
    let path = root.of_kind("officeDocument").unwrap_or("word/document.xml").to_owned();
    let main = package.part(&path)?.ok_or(ReadError::Corrupt)?;
    let parts = package.relationships(&path)?;
    let mut part_of_kind = |kind| match parts.of_kind(kind) {
        Some(path) => package.part(path).map(Option::unwrap_or_default),
        None => Ok(String::new()),
    };
    let styles = Styles::parse(&part_of_kind("styles")?);
    let numbering = Numbering::parse(&part_of_kind("numbering")?);
    let notes = [part_of_kind("footnotes")?, part_of_kind("endnotes")?];
    let mut reader = Reader::new(&styles, numbering, limits.max_words);

    let mut body = reader.story(&main);
    let has_rendered_breaks = has_rendered_breaks(&body);
    // Notes stand at the end: where their pages end is not known before they are set.
    let last_section = body.iter().rposition(|block| matches!(block, Block::Section(_)));
    let notes: Vec<Block> = notes.iter().flat_map(|notes| reader.story(notes)).collect();
    let end = last_section.filter(|&at| at + 1 == body.len()).unwrap_or(body.len());
    body.splice(end..end, notes);

    let parts = sections(body, &mut reader, &mut package, &parts)?;
    let mut pages = layout::pages(&parts, has_rendered_breaks, limits);
    if pages.len() > limits.max_pages {
        return Err(ReadError::TooManyPages { pages: pages.len(), limit: limits.max_pages });
    }
    for (missing, warning) in
        [(reader.is_damaged, PageWarning::Damaged), (reader.is_truncated, PageWarning::Truncated)]
    {
        if let Some(last) = pages.last_mut().filter(|_| missing) {
            last.warnings.push(warning);
        }
    }
    Ok(Document { pages })
}

/// Parts the body at the ends of its sections and reads what runs along with each; a section without a header or footer
/// has that of the one before.
fn sections(
    body: Vec<Block>,
    reader: &mut Reader<'_>,
    package: &mut Package<'_>,
    references: &Relationships,
) -> Result<Vec<Part>, ReadError> {
    let mut parts = Vec::new();
    let mut blocks = Vec::new();
    // Ids of the parts that run along, by kind and pages.
    let mut running: HashMap<(String, String), String> = HashMap::new();
    let mut close = |blocks: &mut Vec<Block>, section: Section| -> Result<(), ReadError> {
        for (kind, pages, id) in section.parts.iter().cloned() {
            running.insert((kind, pages), id);
        }
        let mut story = |kind: &str, pages: &str| -> Result<Option<Vec<Block>>, ReadError> {
            let id = running.get(&(kind.to_owned(), pages.to_owned()));
            let Some(path) = id.and_then(|id| references.target(id)) else { return Ok(None) };
            Ok(package.part(path)?.map(|text| reader.story(&text)))
        };
        let mut along = |kind: &str| -> Result<Running, ReadError> {
            let first =
                if section.has_title_page { Some(story(kind, "first")?.unwrap_or_default()) } else { None };
            Ok(Running { default: story(kind, "default")?.unwrap_or_default(), first })
        };
        let (header, footer) = (along("header")?, along("footer")?);
        parts.push(Part { section, blocks: std::mem::take(blocks), header, footer });
        Ok(())
    };
    for block in body {
        match block {
            Block::Section(section) => close(&mut blocks, section)?,
            block => blocks.push(block),
        }
    }
    // The body ends with its last section, unless it is damaged.
    if !blocks.is_empty() {
        close(&mut blocks, Section::default())?;
    }
    if parts.is_empty() {
        parts.push(Part::default());
    }
    Ok(parts)
}

/// Whether the last program that showed the document noted where its pages ended.
fn has_rendered_breaks(blocks: &[Block]) -> bool {
    let has = |paragraph: &Paragraph| paragraph.tokens.contains(&Token::RenderedPage);
    blocks.iter().any(|block| match block {
        Block::Paragraph(paragraph) => has(paragraph),
        Block::Table(table) => table.rows.iter().flatten().any(|cell| has_rendered_breaks(&cell.blocks)),
        Block::Section(_) => false,
    })
}

#[cfg(test)]
mod tests;
