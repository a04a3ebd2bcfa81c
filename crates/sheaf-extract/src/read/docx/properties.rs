//! How runs and paragraphs look, as far as it moves or hides text (ISO/IEC 29500-1, 17.3).

use crate::read::typeset::Face;
use crate::xml::{Element, Xml};

/// Twentieths of a point.
const TWIPS: f64 = 20.0;
/// Lengths beyond this are not meant, in points.
const LONGEST: f64 = 2_000.0;
/// Font sizes that are set, in points.
const SIZES: std::ops::RangeInclusive<f64> = 4.0..=72.0;
const DEFAULT_SIZE: f64 = 10.0;
const MOST_TABS: usize = 100;

/// What a style or a run says of its text; `None` leaves it to the style below.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RunProperties {
    pub(super) size: Option<f64>,
    pub(super) bold: Option<bool>,
    pub(super) hidden: Option<bool>,
    pub(super) capitals: Option<bool>,
}

/// Where a line stands between its edges, or its text at a tab stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// What a style or a paragraph says of its lines; lengths in points.
#[derive(Debug, Clone, Default)]
pub(super) struct ParagraphProperties {
    pub(super) align: Option<Align>,
    /// Indent of the left edge.
    pub(super) left: Option<f64>,
    /// Further indent of the first line; negative where it hangs out.
    pub(super) first: Option<f64>,
    pub(super) before: Option<f64>,
    pub(super) after: Option<f64>,
    pub(super) starts_page: Option<bool>,
    /// Places from the paragraph's left margin.
    pub(super) tabs: Vec<(f64, Align)>,
    /// The list it is an item of.
    pub(super) list: Option<u32>,
    /// Level within the list, from 0.
    pub(super) level: Option<usize>,
    pub(super) style: Option<String>,
    pub(super) mark: RunProperties,
}

impl RunProperties {
    /// Reads a run's properties up to their end; the style they name besides.
    pub(super) fn read(xml: &mut Xml<'_>) -> (Self, Option<String>) {
        let mut properties = Self::default();
        let mut style = None;
        while let Some(element) = xml.child() {
            match element.name() {
                "rStyle" => style = element.attribute("val"),
                "sz" => {
                    let size = element.number::<f64>("val").filter(|size| size.is_finite());
                    properties.size = size.map(|half| (half / 2.0).clamp(*SIZES.start(), *SIZES.end()));
                }
                "b" => properties.bold = Some(element.switch("val")),
                "vanish" => properties.hidden = Some(element.switch("val")),
                "caps" => properties.capitals = Some(element.switch("val")),
                _ => {}
            }
            xml.skip();
        }
        (properties, style)
    }

    /// These, and what they leave open by those of `below`.
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            size: self.size.or(below.size),
            bold: self.bold.or(below.bold),
            hidden: self.hidden.or(below.hidden),
            capitals: self.capitals.or(below.capitals),
        }
    }

    pub(super) fn face(self) -> Face {
        Face { size: self.size.unwrap_or(DEFAULT_SIZE), bold: self.bold.unwrap_or(false) }
    }
}

impl ParagraphProperties {
    /// Takes in one property of a paragraph; whether it was one. Reads past its end if so.
    pub(super) fn take(&mut self, xml: &mut Xml<'_>, element: &Element<'_>) -> bool {
        match element.name() {
            "pStyle" => self.style = element.attribute("val"),
            "jc" => {
                self.align = match element.attribute("val").as_deref() {
                    Some("center") => Some(Align::Centre),
                    Some("right" | "end") => Some(Align::Right),
                    _ => Some(Align::Left),
                };
            }
            "ind" => {
                self.left = points(element, "left").or(points(element, "start")).or(self.left);
                let hanging = points(element, "hanging").map(|hanging| -hanging);
                self.first = hanging.or(points(element, "firstLine")).or(self.first);
            }
            "spacing" => {
                self.before = points(element, "before").or(self.before);
                self.after = points(element, "after").or(self.after);
            }
            "pageBreakBefore" => self.starts_page = Some(element.switch("val")),
            "rPr" => {
                self.mark = RunProperties::read(xml).0;
                return true;
            }
            "tabs" => {
                while let Some(tab) = xml.child() {
                    let align = match tab.attribute("val").as_deref() {
                        Some("right" | "end" | "decimal") => Some(Align::Right),
                        Some("center") => Some(Align::Centre),
                        Some("clear" | "bar") => None,
                        _ => Some(Align::Left),
                    };
                    if let (Some(at), Some(align), true) =
                        (points(&tab, "pos"), align, self.tabs.len() < MOST_TABS)
                    {
                        self.tabs.push((at, align));
                    }
                    xml.skip();
                }
                return true;
            }
            "numPr" => {
                while let Some(part) = xml.child() {
                    match part.name() {
                        "ilvl" => self.level = part.number("val"),
                        "numId" => self.list = part.number("val"),
                        _ => {}
                    }
                    xml.skip();
                }
                return true;
            }
            _ => return false,
        }
        xml.skip();
        true
    }

    /// These, and what they leave open by those of `below`.
    pub(super) fn over(self, below: &Self) -> Self {
        let mut tabs = self.tabs;
        tabs.extend(below.tabs.iter().copied().take(MOST_TABS));
        Self {
            align: self.align.or(below.align),
            left: self.left.or(below.left),
            first: self.first.or(below.first),
            before: self.before.or(below.before),
            after: self.after.or(below.after),
            starts_page: self.starts_page.or(below.starts_page),
            tabs,
            list: self.list.or(below.list),
            level: self.level.or(below.level),
            style: self.style.or_else(|| below.style.clone()),
            mark: self.mark,
        }
    }
}

/// A length in points, given in twentieths of one.
pub(super) fn points(element: &Element<'_>, name: &str) -> Option<f64> {
    let twips = element.number::<f64>(name).filter(|twips| twips.is_finite())?;
    Some((twips / TWIPS).clamp(-LONGEST, LONGEST))
}
