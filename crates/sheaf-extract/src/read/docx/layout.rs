//! Setting paragraphs and tables on pages.
//!
//! Where the last program that showed the document noted its page breaks, these are the pages; else a page is full when
//! its height is. A row of a table stays on one page.

use hayro_font::kurbo::{Rect, Vec2};
use sheaf_types::Page;

use super::content::{Block, Cell, Merge, Paragraph, Section, Table, Token};
use super::lines::{Break, DEFAULT_FACE, NARROWEST, lines};
use crate::read::Limits;
use crate::read::typeset::Canvas;

/// From a cell's edge to its text, in points.
const PADDING: f64 = 5.4;
/// From the page's edge to header and footer, in points.
const HEADER: f64 = 36.0;

/// The headers or footers of a section, by the pages that they are for.
#[derive(Debug, Default)]
pub(super) struct Running {
    pub(super) default: Vec<Block>,
    /// On the first page, where the section says so.
    pub(super) first: Option<Vec<Block>>,
}

/// A section, its content, and what runs along on each of its pages.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) section: Section,
    pub(super) blocks: Vec<Block>,
    pub(super) header: Running,
    pub(super) footer: Running,
}

/// The pages of a document; more than the limit are not made: one beyond it tells that there are.
pub(super) fn pages(parts: &[Part], has_rendered_breaks: bool, limits: &Limits) -> Vec<Page> {
    let Some(first) = parts.first() else { return Vec::new() };
    let mut flow = Flow {
        pages: Vec::new(),
        canvas: Canvas::default(),
        names: Names::default(),
        part: first,
        page_of_part: 0,
        running: 0,
        y: 0.0,
        bottom: 0.0,
        has_rendered_breaks,
        words: 0,
        limits,
    };
    flow.start_page();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            flow.part = part;
            if !part.section.is_continuous {
                flow.page_of_part = 0;
                flow.break_page();
            }
        }
        for block in &part.blocks {
            flow.block(block);
        }
    }
    flow.finish_page();
    flow.pages
}

/// The page that is being filled.
struct Flow<'p> {
    pages: Vec<Page>,
    canvas: Canvas,
    names: Names,
    part: &'p Part,
    /// Pages of the section before this one.
    page_of_part: usize,
    /// Words of the header and footer that the page starts with.
    running: usize,
    /// Where the next line goes.
    y: f64,
    /// Where the page is full.
    bottom: f64,
    has_rendered_breaks: bool,
    /// Words on the pages before.
    words: usize,
    limits: &'p Limits,
}

/// How many paragraphs and tables there were: they are called by their numbers.
#[derive(Debug, Default)]
struct Names {
    paragraphs: usize,
    tables: usize,
}

impl Flow<'_> {
    /// Prepares a page: its header stands above, its footer below what will come.
    fn start_page(&mut self) {
        let section = &self.part.section;
        let is_first = self.page_of_part == 0 && section.has_title_page;
        self.page_of_part += 1;
        self.running = 0;
        self.y = section.top;
        self.bottom = section.height - section.bottom;
        // Running text must not multiply beyond the limit.
        if self.words > self.limits.max_words {
            return;
        }
        for (running, name, is_header) in
            [(&self.part.header, "header", true), (&self.part.footer, "footer", false)]
        {
            let blocks = running.first.as_ref().filter(|_| is_first).unwrap_or(&running.default);
            let width = section.width - section.left - section.right;
            let mut canvas = Canvas::default();
            let height = stack(&mut canvas, blocks, section.left, 0.0, width, &mut Names::default());
            if canvas.is_empty() {
                continue;
            }
            let y =
                if is_header { HEADER } else { (section.height - HEADER - height).max(section.height / 2.0) };
            canvas.forget_names();
            canvas.cell(name.to_owned(), Rect::new(0.0, 0.0, section.width, height));
            self.canvas.append(canvas, Vec2::new(0.0, y));
            if is_header {
                self.y = self.y.max(y + height);
            } else {
                self.bottom = self.bottom.min(y);
            }
        }
        self.running = self.canvas.len();
    }

    fn finish_page(&mut self) {
        let canvas = std::mem::take(&mut self.canvas);
        self.words += canvas.len();
        let number = u32::try_from(self.pages.len() + 1).unwrap_or(u32::MAX);
        let section = &self.part.section;
        let (width, height) = canvas.extent();
        self.pages.push(canvas.page(
            number,
            section.width.max(width),
            section.height.max(height),
            self.limits,
        ));
    }

    /// Goes to the next page, unless too many are there already.
    fn break_page(&mut self) {
        if self.pages.len() <= self.limits.max_pages {
            self.finish_page();
            self.start_page();
        }
    }

    fn is_page_empty(&self) -> bool {
        self.canvas.len() == self.running
    }

    /// Whether something of this height still goes on the page; where the breaks are known, everything does.
    fn has_room(&self, height: f64) -> bool {
        self.has_rendered_breaks || self.y + height <= self.bottom || self.is_page_empty()
    }

    /// Names what was set since `top`.
    fn name(&mut self, name: &str, x: f64, width: f64, top: f64) {
        if self.y > top {
            self.canvas.cell(name.to_owned(), Rect::new(x, top, x + width, self.y));
        }
    }

    fn block(&mut self, block: &Block) {
        let section = &self.part.section;
        let (x, width) = (section.left, section.width - section.left - section.right);
        match block {
            Block::Paragraph(paragraph) => self.paragraph(paragraph, x, width),
            Block::Table(table) => {
                for row in rows(table, x, width, &mut self.names) {
                    let noted = self.has_rendered_breaks && row.has_rendered_break && !self.is_page_empty();
                    if noted || !self.has_room(row.height) {
                        self.break_page();
                    }
                    self.canvas.append(row.canvas, Vec2::new(0.0, self.y));
                    self.y += row.height;
                }
            }
            Block::Section(_) => {}
        }
    }

    fn paragraph(&mut self, paragraph: &Paragraph, x: f64, width: f64) {
        let properties = &paragraph.properties;
        if properties.starts_page.unwrap_or(false) && !self.is_page_empty() {
            self.break_page();
        }
        self.names.paragraphs += 1;
        let name = format!("paragraph {}", self.names.paragraphs);
        if !self.is_page_empty() {
            self.y += properties.before.unwrap_or(0.0).max(0.0);
        }
        let mut top = self.y;
        for line in lines(paragraph, width) {
            let breaks = match line.break_before {
                Break::None => !self.has_room(line.height),
                Break::Page => true,
                Break::Rendered => self.has_rendered_breaks && !self.is_page_empty(),
            };
            if breaks {
                self.name(&name, x, width, top);
                self.break_page();
                top = self.y;
            }
            line.set(&mut self.canvas, x, self.y);
            self.y += line.height;
        }
        self.name(&name, x, width, top);
        for blocks in &paragraph.boxes {
            let mut canvas = Canvas::default();
            let height = stack(&mut canvas, blocks, x, 0.0, width, &mut self.names);
            if !self.has_room(height) {
                self.break_page();
            }
            self.canvas.append(canvas, Vec2::new(0.0, self.y));
            self.y += height;
        }
        self.y += properties.after.unwrap_or(0.0).max(0.0);
    }
}

/// Sets blocks one below the other without breaking pages; returns their height.
fn stack(canvas: &mut Canvas, blocks: &[Block], x: f64, top: f64, width: f64, names: &mut Names) -> f64 {
    let mut y = top;
    for block in blocks {
        match block {
            Block::Paragraph(paragraph) => {
                for line in lines(paragraph, width) {
                    line.set(canvas, x, y);
                    y += line.height;
                }
                for blocks in &paragraph.boxes {
                    y += stack(canvas, blocks, x, y, width, names);
                }
                y += paragraph.properties.after.unwrap_or(0.0).max(0.0);
            }
            Block::Table(table) => {
                for row in rows(table, x, width, names) {
                    canvas.append(row.canvas, Vec2::new(0.0, y));
                    y += row.height;
                }
            }
            Block::Section(_) => {}
        }
    }
    y - top
}

/// A row of a table, set with its upper edge at 0.
struct Row {
    canvas: Canvas,
    height: f64,
    has_rendered_break: bool,
}

fn rows(table: &Table, x: f64, width: f64, names: &mut Names) -> Vec<Row> {
    names.tables += 1;
    let number = names.tables;
    let edges = column_edges(table, x, width);
    let edge = |column: usize| edges[column.min(edges.len() - 1)];
    let mut rows: Vec<Row> = Vec::new();
    // Cells that go on below: the row in which they start, and the height that they need.
    let mut tall: Vec<(usize, usize, f64)> = Vec::new();
    for (index, cells) in table.rows.iter().enumerate() {
        let mut row = Row { canvas: Canvas::default(), height: 0.0, has_rendered_break: false };
        for cell in cells {
            let (x0, x1) = (edge(cell.column), edge(cell.column + cell.span));
            if cell.merge == Merge::Continues {
                continue;
            }
            let inner = (x1 - x0 - 2.0 * PADDING).max(NARROWEST);
            let height = stack(&mut row.canvas, &cell.blocks, x0 + PADDING, 1.0, inner, names) + 2.0;
            let end = last_merged(table, index, cell);
            if end > index {
                tall.push((index, end, height));
            } else {
                row.height = row.height.max(height);
            }
            row.has_rendered_break |= cell.column == 0 && starts_with_rendered_break(&cell.blocks);
        }
        row.height = row.height.max(DEFAULT_FACE.line_height());
        rows.push(row);
    }
    for (start, end, height) in tall {
        let there: f64 = rows[start..=end].iter().map(|row| row.height).sum();
        rows[end].height += (height - there).max(0.0);
    }
    for (index, cells) in table.rows.iter().enumerate() {
        for cell in cells.iter().filter(|cell| cell.merge != Merge::Continues) {
            let end = last_merged(table, index, cell);
            let height: f64 = rows[index..=end].iter().map(|row| row.height).sum();
            let bounds = Rect::new(edge(cell.column), 0.0, edge(cell.column + cell.span), height);
            let canvas = &mut rows[index].canvas;
            canvas.cell(format!("table {number} {}", cell_name(index, cell.column)), bounds);
            // Drawn or not, the edges tell what stands in which column.
            let Rect { x0, y0, x1, y1 } = bounds;
            for (x0, y0, x1, y1) in [(x0, y0, x1, y0), (x0, y1, x1, y1), (x0, y0, x0, y1), (x1, y0, x1, y1)] {
                canvas.rule(Rect::new(x0, y0, x1, y1));
            }
        }
    }
    rows
}

/// The last row that a cell merged downwards covers.
fn last_merged(table: &Table, row: usize, cell: &Cell) -> usize {
    if cell.merge != Merge::Starts {
        return row;
    }
    let goes_on = |cells: &&Vec<Cell>| {
        cells.iter().any(|below| below.column == cell.column && below.merge == Merge::Continues)
    };
    row + table.rows[row + 1..].iter().take_while(goes_on).count()
}

/// Left edges of the columns and the right edge of the last: as the table says, and wide enough for the longest word.
fn column_edges(table: &Table, x: f64, width: f64) -> Vec<f64> {
    let cells = || table.rows.iter().flatten();
    let count = cells().map(|cell| cell.column + cell.span).max().unwrap_or(0).max(1);
    let mut widths = table.widths.clone();
    widths.resize(count.max(widths.len()), 0.0);
    let stated: f64 = widths.iter().sum();
    if stated < NARROWEST {
        let share = width / widths.len() as f64;
        widths.fill(share);
    }
    for cell in cells().filter(|cell| cell.span == 1) {
        let own = &mut widths[cell.column];
        *own = own.max(longest_word(&cell.blocks) + 2.0 * PADDING);
    }
    let mut at = x - PADDING;
    let mut edges = vec![at];
    for width in widths {
        at += width;
        edges.push(at);
    }
    edges
}

fn longest_word(blocks: &[Block]) -> f64 {
    let of_block = |block: &Block| match block {
        Block::Paragraph(paragraph) => paragraph
            .tokens
            .iter()
            .map(|token| if let Token::Word(word, face) = token { face.width(word) } else { 0.0 })
            .fold(0.0, f64::max),
        Block::Table(table) => column_edges(table, 0.0, 0.0).last().map_or(0.0, |right| right + PADDING),
        Block::Section(_) => 0.0,
    };
    blocks.iter().map(of_block).fold(0.0, f64::max)
}

fn starts_with_rendered_break(blocks: &[Block]) -> bool {
    matches!(blocks.first(), Some(Block::Paragraph(paragraph)) if paragraph.tokens.first() == Some(&Token::RenderedPage))
}

/// `B2`.
fn cell_name(row: usize, column: usize) -> String {
    let mut name = String::new();
    if column >= 26 {
        name.push(char::from(b'A' + (column / 26 - 1).min(25) as u8));
    }
    name.push(char::from(b'A' + (column % 26) as u8));
    name + &(row + 1).to_string()
}
