//! How cells look: number format, font, alignment and borders, by the index that a cell names (ISO/IEC 29500-1, 18.8).

use std::collections::HashMap;

use super::number_format::NumberFormat;
use crate::read::typeset::Face;
use crate::xml::{Element, Xml};

/// Formats that a workbook may have; spreadsheets allow 65,490.
const MOST_STYLES: usize = 65_490;
/// Font sizes that are set, in points.
const SIZES: std::ops::RangeInclusive<f64> = 4.0..=72.0;
const DEFAULT_FACE: Face = Face { size: 11.0, bold: false };

/// Where a cell's text stands between its edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// Which edges of a cell are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Borders {
    pub(super) left: bool,
    pub(super) top: bool,
    pub(super) right: bool,
    pub(super) bottom: bool,
}

impl Borders {
    pub(super) fn any(self) -> bool {
        self != Self::default()
    }
}

/// How a cell looks.
#[derive(Debug, Clone)]
pub(super) struct Style {
    pub(super) format: NumberFormat,
    pub(super) face: Face,
    /// `None`: numbers to the right, text to the left.
    pub(super) align: Option<Align>,
    pub(super) wraps: bool,
    pub(super) borders: Borders,
}

/// The looks of a workbook.
#[derive(Debug)]
pub(super) struct Styles {
    styles: Vec<Style>,
    default: Style,
}

impl Styles {
    pub(super) fn parse(text: &str) -> Self {
        let mut formats = HashMap::new();
        let mut faces = Vec::new();
        let mut borders = Vec::new();
        let mut styles = Vec::new();
        let mut xml = Xml::new(text);
        xml.child();
        while let Some(element) = xml.child() {
            match element.name() {
                "numFmts" => each(&mut xml, |xml, format| {
                    if let (Some(id), Some(code)) =
                        (format.number::<u32>("numFmtId"), format.attribute("formatCode"))
                    {
                        formats.insert(id, NumberFormat::parse(&code));
                    }
                    xml.skip();
                }),
                "fonts" => each(&mut xml, |xml, _| faces.push(face(xml))),
                "borders" => each(&mut xml, |xml, _| borders.push(edges(xml))),
                "cellXfs" => each(&mut xml, |xml, format| {
                    let index = |name| format.number::<usize>(name);
                    let id = format.number("numFmtId").unwrap_or(0);
                    let mut style = Style {
                        format: formats.get(&id).cloned().unwrap_or_else(|| NumberFormat::built_in(id)),
                        face: index("fontId").and_then(|at| faces.get(at)).copied().unwrap_or(DEFAULT_FACE),
                        align: None,
                        wraps: false,
                        borders: index("borderId")
                            .and_then(|at| borders.get(at))
                            .copied()
                            .unwrap_or_default(),
                    };
                    alignment(xml, &mut style);
                    if styles.len() < MOST_STYLES {
                        styles.push(style);
                    }
                }),
                _ => xml.skip(),
            }
        }
        let face = faces.first().copied().unwrap_or(DEFAULT_FACE);
        let default = Style {
            format: NumberFormat::built_in(0),
            face,
            align: None,
            wraps: false,
            borders: Borders::default(),
        };
        Self { styles, default }
    }

    /// The look with an index; the workbook's default where there is none.
    pub(super) fn get(&self, index: usize) -> &Style {
        self.styles.get(index).unwrap_or(&self.default)
    }
}

/// Calls `f` for each child of the current element; `f` must read past the child's end.
fn each<'x>(xml: &mut Xml<'x>, mut f: impl FnMut(&mut Xml<'x>, &Element<'x>)) {
    while let Some(child) = xml.child() {
        f(xml, &child);
    }
}

fn face(xml: &mut Xml<'_>) -> Face {
    let mut face = DEFAULT_FACE;
    each(xml, |xml, property| {
        match property.name() {
            "sz" => {
                let size = property.number::<f64>("val").filter(|size| size.is_finite());
                face.size = size.unwrap_or(face.size).clamp(*SIZES.start(), *SIZES.end());
            }
            "b" => face.bold = property.switch("val"),
            _ => {}
        }
        xml.skip();
    });
    face
}

fn edges(xml: &mut Xml<'_>) -> Borders {
    let mut borders = Borders::default();
    each(xml, |xml, edge| {
        let drawn = edge.attribute("style").is_some_and(|style| style != "none");
        match edge.name() {
            "left" | "start" => borders.left = drawn,
            "right" | "end" => borders.right = drawn,
            "top" => borders.top = drawn,
            "bottom" => borders.bottom = drawn,
            _ => {}
        }
        xml.skip();
    });
    borders
}

fn alignment(xml: &mut Xml<'_>, style: &mut Style) {
    each(xml, |xml, property| {
        if property.name() == "alignment" {
            style.wraps = property.attribute("wrapText").is_some() && property.switch("wrapText");
            style.align = match property.attribute("horizontal").as_deref() {
                Some("left" | "justify" | "fill" | "distributed") => Some(Align::Left),
                Some("center" | "centerContinuous") => Some(Align::Centre),
                Some("right") => Some(Align::Right),
                _ => None,
            };
        }
        xml.skip();
    });
}
