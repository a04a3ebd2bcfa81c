//! What a document holds: paragraphs, tables and sections (ISO/IEC 29500-1, 17.2 to 17.6).

use super::properties::{ParagraphProperties, points};
use crate::read::typeset::Face;
use crate::xml::Xml;

/// A piece of a paragraph.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(String, Face),
    Tab,
    /// A break of the line.
    Line,
    /// A break of the page that the author set.
    Page,
    /// Where the last program to show the document broke its page.
    RenderedPage,
}

#[derive(Debug, Default)]
pub(super) struct Paragraph {
    pub(super) tokens: Vec<Token>,
    pub(super) properties: ParagraphProperties,
    /// Of an empty paragraph's line.
    pub(super) face: Option<Face>,
    /// Text boxes anchored here.
    pub(super) boxes: Vec<Vec<Block>>,
}

#[derive(Debug)]
pub(super) enum Block {
    Paragraph(Paragraph),
    Table(Table),
    /// The section that ends here.
    Section(Section),
}

#[derive(Debug, Default)]
pub(super) struct Table {
    /// Widths of the columns in points, as far as they are stated.
    pub(super) widths: Vec<f64>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// How a cell takes part in a merge with those above or below.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Merge {
    #[default]
    None,
    Starts,
    Continues,
}

#[derive(Debug, Default)]
pub(super) struct Cell {
    /// First column, from 0.
    pub(super) column: usize,
    /// Columns that it covers.
    pub(super) span: usize,
    pub(super) merge: Merge,
    pub(super) blocks: Vec<Block>,
}

/// Pages of one size with one header and footer; lengths in points.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// Whether it starts on the page on which the one before ended.
    pub(super) is_continuous: bool,
    /// Whether its first page has a header and footer of its own.
    pub(super) has_title_page: bool,
    /// References to headers and footers: kind of part, pages (`default`, `first`, `even`), id.
    pub(super) parts: Vec<(String, String, String)>,
}

impl Default for Section {
    /// A4 with margins of an inch.
    fn default() -> Self {
        Self {
            width: 595.0,
            height: 842.0,
            left: 72.0,
            right: 72.0,
            top: 72.0,
            bottom: 72.0,
            is_continuous: false,
            has_title_page: false,
            parts: Vec::new(),
        }
    }
}

impl Section {
    /// Reads a section's properties up to their end.
    pub(super) fn read(xml: &mut Xml<'_>) -> Self {
        let mut section = Self::default();
        while let Some(element) = xml.child() {
            let length =
                |name: &str, default: f64| points(&element, name).map_or(default, |length| length.max(0.0));
            match element.name() {
                "pgSz" => {
                    section.width = length("w", section.width).max(72.0);
                    section.height = length("h", section.height).max(72.0);
                }
                "pgMar" => {
                    section.left = length("left", section.left).min(section.width * 0.4);
                    section.right = length("right", section.right).min(section.width * 0.4);
                    section.top = length("top", section.top).min(section.height * 0.4);
                    section.bottom = length("bottom", section.bottom).min(section.height * 0.4);
                }
                "type" => {
                    section.is_continuous = element.attribute("val").is_some_and(|kind| kind == "continuous");
                }
                "titlePg" => section.has_title_page = element.switch("val"),
                kind @ ("headerReference" | "footerReference") => section.parts.push((
                    kind.trim_end_matches("Reference").to_owned(),
                    element.attribute("type").unwrap_or_else(|| "default".to_owned()),
                    element.attribute("id").unwrap_or_default(),
                )),
                _ => {}
            }
            xml.skip();
        }
        section
    }
}
