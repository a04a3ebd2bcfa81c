//! From the XML of a story (body, header, notes) to the paragraphs and tables that it shows.
//!
//! Deleted and hidden text is left out; a field stands with its last result.

use super::content::{Block, Cell, Merge, Paragraph, Section, Table, Token};
use super::numbering::Numbering;
use super::properties::{ParagraphProperties, RunProperties, points};
use super::styles::Styles;
use crate::xml::{Content, Element, Xml};

/// Columns that a table may have; Word allows 63.
const MOST_COLUMNS: usize = 256;

/// Reads stories, one after the other.
pub(super) struct Reader<'s> {
    pub(super) styles: &'s Styles,
    pub(super) numbering: Numbering,
    /// Words that may still be read.
    pub(super) room: usize,
    pub(super) is_truncated: bool,
    pub(super) is_damaged: bool,
    /// For each field that is open, whether its instruction is being read and not its result.
    fields: Vec<bool>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(styles: &'s Styles, numbering: Numbering, room: usize) -> Self {
        Self { styles, numbering, room, is_truncated: false, is_damaged: false, fields: Vec::new() }
    }

    /// The blocks of a part whose root holds them, or holds elements that do (`body`, `footnote`).
    pub(super) fn story(&mut self, text: &str) -> Vec<Block> {
        let mut xml = Xml::new(text);
        let mut blocks = Vec::new();
        xml.child();
        self.fields.clear();
        self.blocks(&mut xml, &mut blocks);
        self.is_damaged |= xml.is_damaged();
        blocks
    }

    fn blocks(&mut self, xml: &mut Xml<'_>, blocks: &mut Vec<Block>) {
        while let Some(element) = xml.child() {
            match element.name() {
                "p" => {
                    let (paragraph, section) = self.paragraph(xml);
                    blocks.push(Block::Paragraph(paragraph));
                    blocks.extend(section.map(Block::Section));
                }
                "tbl" => {
                    let table = self.table(xml);
                    blocks.push(Block::Table(table));
                }
                "sectPr" => blocks.push(Block::Section(Section::read(xml))),
                // Notes that only draw the line above the notes have a type.
                "footnote" | "endnote" if element.attribute("type").is_some_and(|kind| kind != "normal") => {
                    xml.skip();
                }
                "body" | "footnote" | "endnote" | "sdt" | "sdtContent" | "customXml" | "ins" | "moveTo" => {
                    self.blocks(xml, blocks);
                }
                "AlternateContent" => self.alternative(xml, |reader, xml| reader.blocks(xml, blocks)),
                _ => xml.skip(),
            }
        }
    }

    fn paragraph(&mut self, xml: &mut Xml<'_>) -> (Paragraph, Option<Section>) {
        let mut paragraph = Paragraph::default();
        let mut section = None;
        let mut is_open = false;
        while let Some(element) = xml.child() {
            // The properties come first; paragraphs without any have a style all the same.
            let mut properties = ParagraphProperties::default();
            let has_properties = element.name() == "pPr";
            while has_properties && let Some(property) = xml.child() {
                if property.name() == "sectPr" {
                    section = Some(Section::read(xml));
                } else if !properties.take(xml, &property) {
                    xml.skip();
                }
            }
            if !std::mem::replace(&mut is_open, true) {
                self.open(&mut paragraph, properties);
            }
            if !has_properties {
                let style = paragraph.properties.mark;
                self.inline(xml, &element, style, &mut paragraph);
            }
        }
        (paragraph, section)
    }

    /// Gives a paragraph its properties with those of its style, and its list item's label.
    fn open(&mut self, paragraph: &mut Paragraph, own: ParagraphProperties) {
        let style = self.styles.paragraph(own.style.as_deref());
        let mark = own.mark.over(style.run);
        let mut properties = own.over(&style.paragraph);
        properties.tabs.sort_by(|a, b| a.0.total_cmp(&b.0));
        properties.mark = style.run;
        paragraph.face = Some(mark.face());
        let label = properties
            .list
            .and_then(|list| self.numbering.next(list, properties.level, properties.style.as_deref()));
        if let Some(label) = label {
            self.text(&label, mark, paragraph);
            paragraph.tokens.push(Token::Tab);
        }
        paragraph.properties = properties;
    }

    /// Reads one element within a paragraph.
    fn inline(
        &mut self,
        xml: &mut Xml<'_>,
        element: &Element<'_>,
        style: RunProperties,
        paragraph: &mut Paragraph,
    ) {
        match element.name() {
            "r" => self.run(xml, style, paragraph),
            "hyperlink" | "ins" | "moveTo" | "smartTag" | "fldSimple" | "sdt" | "sdtContent" | "dir"
            | "bdo" | "customXml" | "oMath" | "oMathPara" | "ruby" | "rubyBase" => {
                while let Some(child) = xml.child() {
                    self.inline(xml, &child, style, paragraph);
                }
            }
            "AlternateContent" => self.alternative(xml, |reader, xml| {
                while let Some(child) = xml.child() {
                    reader.inline(xml, &child, style, paragraph);
                }
            }),
            _ => xml.skip(),
        }
    }

    fn run(&mut self, xml: &mut Xml<'_>, style: RunProperties, paragraph: &mut Paragraph) {
        let mut properties = style;
        while let Some(element) = xml.child() {
            if element.name() == "rPr" {
                let (own, character_style) = RunProperties::read(xml);
                let named = character_style.map(|id| self.styles.chain(Some(&id)).run).unwrap_or_default();
                properties = own.over(named).over(style);
            } else {
                self.run_content(xml, &element, properties, paragraph);
            }
        }
    }

    fn run_content(
        &mut self,
        xml: &mut Xml<'_>,
        element: &Element<'_>,
        run: RunProperties,
        paragraph: &mut Paragraph,
    ) {
        let is_shown = !run.hidden.unwrap_or(false) && !self.fields.contains(&true);
        match element.name() {
            "t" => {
                let text = xml.text();
                if is_shown {
                    self.text(&text, run, paragraph);
                }
                return;
            }
            "drawing" | "pict" | "object" => return self.boxes(xml, paragraph),
            "AlternateContent" => {
                return self.alternative(xml, |reader, xml| {
                    while let Some(child) = xml.child() {
                        reader.run_content(xml, &child, run, paragraph);
                    }
                });
            }
            "fldChar" => match element.attribute("fldCharType").as_deref() {
                Some("begin") => self.fields.push(true),
                Some("separate") => {
                    if let Some(instruction) = self.fields.last_mut() {
                        *instruction = false;
                    }
                }
                Some("end") => {
                    self.fields.pop();
                }
                _ => {}
            },
            "noBreakHyphen" if is_shown => self.text("-", run, paragraph),
            "tab" | "ptab" if is_shown => paragraph.tokens.push(Token::Tab),
            "br" if is_shown => {
                let is_page = element.attribute("type").is_some_and(|kind| kind == "page");
                paragraph.tokens.push(if is_page { Token::Page } else { Token::Line });
            }
            "cr" if is_shown => paragraph.tokens.push(Token::Line),
            "lastRenderedPageBreak" => paragraph.tokens.push(Token::RenderedPage),
            _ => {}
        }
        xml.skip();
    }

    /// Adds text to a paragraph: to its last word where no blank stands between.
    fn text(&mut self, text: &str, run: RunProperties, paragraph: &mut Paragraph) {
        let capitals = run.capitals.unwrap_or(false).then(|| text.to_uppercase());
        let text = capitals.as_deref().unwrap_or(text);
        let face = run.face();
        for (at, word) in text.split(char::is_whitespace).enumerate() {
            if at > 0 {
                close_word(paragraph);
            }
            let word: String = word.chars().filter(|&c| c != '\u{ad}' && !c.is_control()).collect();
            if word.is_empty() {
                continue;
            }
            match paragraph.tokens.last_mut() {
                Some(Token::Word(last, _)) if !last.is_empty() => last.push_str(&word),
                last => {
                    if self.room == 0 {
                        self.is_truncated = true;
                        return;
                    }
                    self.room -= 1;
                    match last {
                        Some(open @ Token::Word(..)) => *open = Token::Word(word, face),
                        _ => paragraph.tokens.push(Token::Word(word, face)),
                    }
                }
            }
        }
    }

    /// Reads the first of several forms of the same thing.
    fn alternative(&mut self, xml: &mut Xml<'_>, mut read: impl FnMut(&mut Self, &mut Xml<'_>)) {
        let mut is_read = false;
        while xml.child().is_some() {
            if is_read {
                xml.skip();
            } else {
                read(self, xml);
                is_read = true;
            }
        }
    }

    /// Text boxes, wherever they stand in a drawing.
    fn boxes(&mut self, xml: &mut Xml<'_>, paragraph: &mut Paragraph) {
        while let Some(content) = xml.content() {
            let Content::Element(element) = content else { continue };
            match element.name() {
                "txbxContent" => {
                    let mut blocks = Vec::new();
                    let fields = std::mem::take(&mut self.fields);
                    self.blocks(xml, &mut blocks);
                    self.fields = fields;
                    paragraph.boxes.push(blocks);
                }
                "AlternateContent" => self.alternative(xml, |reader, xml| reader.boxes(xml, paragraph)),
                _ => self.boxes(xml, paragraph),
            }
        }
    }

    fn table(&mut self, xml: &mut Xml<'_>) -> Table {
        let mut table = Table::default();
        self.table_content(xml, &mut table);
        table
    }

    fn table_content(&mut self, xml: &mut Xml<'_>, table: &mut Table) {
        while let Some(element) = xml.child() {
            match element.name() {
                "tblGrid" => {
                    while let Some(column) = xml.child() {
                        if table.widths.len() < MOST_COLUMNS {
                            table.widths.push(points(&column, "w").unwrap_or(0.0).max(0.0));
                        }
                        xml.skip();
                    }
                }
                "tr" => {
                    let row = self.row(xml);
                    table.rows.extend(row);
                }
                "sdt" | "sdtContent" | "customXml" | "ins" | "moveTo" => self.table_content(xml, table),
                _ => xml.skip(),
            }
        }
    }

    /// A row; `None` where it is deleted.
    fn row(&mut self, xml: &mut Xml<'_>) -> Option<Vec<Cell>> {
        let mut cells = Vec::new();
        let mut is_deleted = false;
        let mut column = 0;
        self.row_content(xml, &mut cells, &mut column, &mut is_deleted);
        (!is_deleted).then_some(cells)
    }

    fn row_content(
        &mut self,
        xml: &mut Xml<'_>,
        cells: &mut Vec<Cell>,
        column: &mut usize,
        is_deleted: &mut bool,
    ) {
        while let Some(element) = xml.child() {
            match element.name() {
                "trPr" => {
                    while let Some(property) = xml.child() {
                        match property.name() {
                            "gridBefore" => *column = property.number("val").unwrap_or(0).min(MOST_COLUMNS),
                            "del" => *is_deleted = true,
                            _ => {}
                        }
                        xml.skip();
                    }
                }
                "tc" => {
                    let cell = self.cell(xml, *column);
                    *column = cell.column + cell.span;
                    if *column <= MOST_COLUMNS {
                        cells.push(cell);
                    }
                }
                "sdt" | "sdtContent" | "customXml" => self.row_content(xml, cells, column, is_deleted),
                _ => xml.skip(),
            }
        }
    }

    fn cell(&mut self, xml: &mut Xml<'_>, column: usize) -> Cell {
        let mut cell = Cell { column, span: 1, ..Cell::default() };
        let mut first = true;
        // The properties come first; everything else is blocks, which read up to the cell's end.
        while let Some(element) = xml.child() {
            match element.name() {
                "tcPr" if first => {
                    while let Some(property) = xml.child() {
                        match property.name() {
                            "gridSpan" => {
                                cell.span = property.number("val").unwrap_or(1).clamp(1, MOST_COLUMNS);
                            }
                            "vMerge" => {
                                let starts = property.attribute("val").is_some_and(|val| val == "restart");
                                cell.merge = if starts { Merge::Starts } else { Merge::Continues };
                            }
                            _ => {}
                        }
                        xml.skip();
                    }
                }
                "p" => {
                    let (paragraph, _) = self.paragraph(xml);
                    cell.blocks.push(Block::Paragraph(paragraph));
                }
                "tbl" => {
                    let table = self.table(xml);
                    cell.blocks.push(Block::Table(table));
                }
                "sdt" | "sdtContent" | "customXml" | "ins" | "moveTo" => self.blocks(xml, &mut cell.blocks),
                _ => xml.skip(),
            }
            first = false;
        }
        cell
    }
}

/// Ends the last word: an empty one marks that a blank stood there.
fn close_word(paragraph: &mut Paragraph) {
    if let Some(Token::Word(last, face)) = paragraph.tokens.last()
        && !last.is_empty()
    {
        let face = *face;
        paragraph.tokens.push(Token::Word(String::new(), face));
    }
}
