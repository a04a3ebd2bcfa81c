//! The styles of a document, each with what it takes over from others (ISO/IEC 29500-1, 17.7).

use std::collections::HashMap;

use super::properties::{ParagraphProperties, RunProperties};
use crate::xml::Xml;

/// Styles based on styles: Word's own stay under ten.
const MOST_LEVELS: usize = 12;

/// A style.
#[derive(Debug, Clone, Default)]
pub(super) struct Style {
    pub(super) run: RunProperties,
    pub(super) paragraph: ParagraphProperties,
    based_on: Option<String>,
}

/// The styles of a document.
#[derive(Debug, Default)]
pub(super) struct Styles {
    styles: HashMap<String, Style>,
    /// What holds where no style says otherwise.
    defaults: Style,
    /// The style of paragraphs that name none.
    normal: Option<String>,
}

impl Styles {
    pub(super) fn parse(text: &str) -> Self {
        let mut styles = Self::default();
        let mut xml = Xml::new(text);
        xml.child();
        while let Some(element) = xml.child() {
            match element.name() {
                "docDefaults" => {
                    while let Some(group) = xml.child() {
                        let is_run = group.name() == "rPrDefault";
                        while let Some(properties) = xml.child() {
                            match properties.name() {
                                "rPr" if is_run => styles.defaults.run = RunProperties::read(&mut xml).0,
                                "pPr" => styles.defaults.paragraph = paragraph(&mut xml),
                                _ => xml.skip(),
                            }
                        }
                    }
                }
                "style" => {
                    let id = element.attribute("styleId").unwrap_or_default();
                    let is_default = element.attribute("default").is_some() && element.switch("default");
                    if is_default && element.attribute("type").is_some_and(|kind| kind == "paragraph") {
                        styles.normal = Some(id.clone());
                    }
                    let style = style(&mut xml);
                    styles.styles.insert(id, style);
                }
                _ => xml.skip(),
            }
        }
        styles
    }

    /// A paragraph style by its id, or that of paragraphs without one, with all that it is based on.
    pub(super) fn paragraph(&self, id: Option<&str>) -> Style {
        let mut style = self.chain(id.or(self.normal.as_deref()));
        style.run = style.run.over(self.defaults.run);
        style.paragraph = style.paragraph.over(&self.defaults.paragraph);
        style
    }

    /// A character style by its id, with all that it is based on.
    pub(super) fn chain(&self, id: Option<&str>) -> Style {
        let mut style = Style::default();
        let mut next = id.and_then(|id| self.styles.get(id));
        for _ in 0..MOST_LEVELS {
            let Some(below) = next else { break };
            style.run = style.run.over(below.run);
            style.paragraph = style.paragraph.over(&below.paragraph);
            next = below.based_on.as_deref().and_then(|id| self.styles.get(id));
        }
        style
    }
}

fn style(xml: &mut Xml<'_>) -> Style {
    let mut style = Style::default();
    while let Some(element) = xml.child() {
        match element.name() {
            "basedOn" => {
                style.based_on = element.attribute("val");
                xml.skip();
            }
            "rPr" => style.run = RunProperties::read(xml).0,
            "pPr" => style.paragraph = paragraph(xml),
            _ => xml.skip(),
        }
    }
    style
}

fn paragraph(xml: &mut Xml<'_>) -> ParagraphProperties {
    let mut properties = ParagraphProperties::default();
    while let Some(element) = xml.child() {
        if !properties.take(xml, &element) {
            xml.skip();
        }
    }
    properties
}
