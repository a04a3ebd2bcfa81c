//! Setting a sheet's cells on a page.
//!
//! Columns are as wide as the sheet says, and wider where numbers or short texts need it, so that a gap parts what
//! stands in neighbouring cells. Rows and columns without anything in them are kept, but long runs of them are not.

use std::collections::BTreeMap;

use hayro_font::kurbo::Rect;
use sheaf_types::{Page, PageWarning};

use super::sheet::{Cell, Place, Sheet};
use super::styles::Align;
use crate::read::Limits;
use crate::read::typeset::{Canvas, Face, LINE_HEIGHT, wrap};

/// Width of a character of the default font, in points.
const CHARACTER: f64 = 5.25;
/// Width of a column that the sheet says nothing of, in characters.
const DEFAULT_WIDTH: f64 = 9.14;
const DEFAULT_HEIGHT: f64 = 15.0;
/// Least gap between the texts of two neighbouring cells, in font sizes.
const GAP: f64 = 1.2;
/// Texts are broken into lines once they make a column wider than this, in points; those that spread over empty
/// neighbours at four times it.
const WIDEST_FORCED: f64 = 260.0;
/// Widest and highest that a row or column may claim to be, in points.
const LARGEST: f64 = 1_500.0;
/// Rows or columns without anything in them that are kept of a run.
const MOST_EMPTY: u32 = 3;
const MARGIN: f64 = 18.0;

/// The page that a sheet makes.
pub(super) fn page(sheet: &Sheet, name: &str, number: u32, limits: &Limits) -> Page {
    let grid = Grid::new(sheet);
    let mut canvas = Canvas::default();
    if sheet.is_truncated {
        canvas.warn(PageWarning::Truncated);
    }
    if sheet.is_damaged {
        canvas.warn(PageWarning::Damaged);
    }
    for (index, cell) in sheet.cells.iter().enumerate() {
        let bounds = grid.bounds(cell.place, grid.last(cell.place));
        if !cell.text.is_empty() {
            let shown = set(&mut canvas, cell, bounds, grid.text_width(index));
            canvas.cell(format!("{name}!{}", cell.place.name()), bounds.union(shown));
        }
        for (drawn, edge) in [
            (cell.borders.left, Rect::new(bounds.x0, bounds.y0, bounds.x0, bounds.y1)),
            (cell.borders.top, Rect::new(bounds.x0, bounds.y0, bounds.x1, bounds.y0)),
            (cell.borders.right, Rect::new(bounds.x1, bounds.y0, bounds.x1, bounds.y1)),
            (cell.borders.bottom, Rect::new(bounds.x0, bounds.y1, bounds.x1, bounds.y1)),
        ] {
            if drawn {
                canvas.rule(edge);
            }
        }
    }
    let (width, height) = canvas.extent();
    canvas.page(number, width.max(grid.width) + MARGIN, height.max(grid.height) + MARGIN, limits)
}

/// Sets a cell's lines; returns what they cover.
fn set(canvas: &mut Canvas, cell: &Cell, bounds: Rect, width: f64) -> Rect {
    let padding = cell.face.size * GAP / 2.0;
    let lines = lines(cell, width);
    let line_height = cell.face.line_height();
    let mut shown: Option<Rect> = None;
    // Text stands at the bottom of its cell unless the sheet says otherwise.
    let mut y = (bounds.y1 - lines.len() as f64 * line_height).max(bounds.y0);
    for line in lines {
        let length = line_width(&line);
        let x = match cell.align {
            Align::Left => bounds.x0 + padding,
            Align::Centre => (bounds.center().x - length / 2.0).max(bounds.x0 + padding),
            Align::Right => (bounds.x1 - padding - length).max(bounds.x0 + padding),
        };
        let end = canvas.line(line, x, y, line_height);
        let set = Rect::new(x, y, end, y + line_height);
        shown = Some(shown.map_or(set, |shown| shown.union(set)));
        y += line_height;
    }
    shown.unwrap_or(bounds)
}

fn lines(cell: &Cell, width: f64) -> Vec<Vec<(&str, Face)>> {
    cell.text.lines().flat_map(|line| wrap(words(line, cell.face), width)).collect()
}

fn words(text: &str, face: Face) -> impl Iterator<Item = (&str, Face)> {
    text.split_whitespace().map(move |word| (word, face))
}

fn line_width(words: &[(&str, Face)]) -> f64 {
    words.iter().map(|(word, face)| face.width(word) + face.blank()).sum::<f64>()
        - words.last().map_or(0.0, |(_, face)| face.blank())
}

/// Where rows and columns stand, in points.
struct Grid<'s> {
    sheet: &'s Sheet,
    /// Left edges of the columns up to one past the last.
    lefts: Vec<f64>,
    /// Upper and lower edge of every row that has something in it.
    rows: BTreeMap<u32, (f64, f64)>,
    width: f64,
    height: f64,
    /// For each cell how wide its lines may be.
    text_widths: Vec<f64>,
}

impl<'s> Grid<'s> {
    fn new(sheet: &'s Sheet) -> Self {
        let mut grid = Self {
            sheet,
            lefts: Vec::new(),
            rows: BTreeMap::new(),
            width: 0.0,
            height: 0.0,
            text_widths: vec![f64::INFINITY; sheet.cells.len()],
        };
        grid.place_columns();
        grid.place_rows();
        grid
    }

    fn place_columns(&mut self) {
        let sheet = self.sheet;
        let last = sheet.cells.iter().map(|cell| self.last(cell.place).column).max().unwrap_or(0);
        let columns = last as usize + 1;
        let mut used = vec![false; columns];
        let mut widths: Vec<f64> = (0..=last)
            .map(|column| {
                let characters = sheet.column_width(column).unwrap_or(DEFAULT_WIDTH);
                if sheet.is_column_hidden(column) {
                    0.0
                } else {
                    (characters * CHARACTER).clamp(0.0, LARGEST)
                }
            })
            .collect();
        for (index, cell) in sheet.cells.iter().enumerate() {
            used[cell.place.column as usize] = true;
            let needed = longest_line(cell) + cell.face.size * GAP;
            let is_merged = sheet.merges.contains_key(&cell.place);
            let next = sheet.cells.get(index + 1).filter(|next| next.place.row == cell.place.row);
            let has_room = next.is_none_or(|next| next.place.column > cell.place.column + 1);
            let spreads = !cell.is_number && !cell.wraps && (is_merged || has_room);
            if !spreads {
                let widest = if cell.is_number { LARGEST } else { WIDEST_FORCED };
                let own = &mut widths[cell.place.column as usize];
                *own = own.max(needed.min(widest));
            }
        }
        let mut left = MARGIN;
        let mut empty = 0;
        for (width, used) in widths.iter().zip(used) {
            self.lefts.push(left);
            empty = if used { 0 } else { empty + 1 };
            if empty <= MOST_EMPTY {
                left += width;
            }
        }
        self.lefts.push(left);
        self.width = left;
        // What each text may spread over: its own cell, the empty ones to its right, or the merged range.
        for (index, cell) in sheet.cells.iter().enumerate() {
            let end = self.last(cell.place).column as usize + 1;
            let own = self.lefts[end] - self.lefts[cell.place.column as usize];
            let next = sheet.cells.get(index + 1).filter(|next| next.place.row == cell.place.row);
            let free = match next {
                _ if cell.wraps || cell.align != Align::Left => own,
                Some(_) if sheet.merges.contains_key(&cell.place) => own,
                Some(next) => self.lefts[next.place.column as usize] - self.lefts[cell.place.column as usize],
                None => own.max(4.0 * WIDEST_FORCED),
            };
            if !cell.is_number {
                self.text_widths[index] = (free.max(own) - cell.face.size * GAP).max(cell.face.size);
            }
        }
    }

    fn place_rows(&mut self) {
        let sheet = self.sheet;
        let mut y = MARGIN;
        let mut next_row = 0;
        for (first, row) in rows(&sheet.cells) {
            let number = row[0].place.row;
            let gap = (next_row..number)
                .filter(|row| !sheet.hidden_rows.contains(row))
                .take(MOST_EMPTY as usize)
                .count();
            y += gap as f64 * self.row_height(number);
            next_row = number + 1;
            let needed =
                row.iter().enumerate().filter(|(_, cell)| !sheet.merges.contains_key(&cell.place)).map(
                    |(at, cell)| {
                        lines(cell, self.text_widths[first + at]).len() as f64 * cell.face.line_height()
                    },
                );
            let height = needed.fold(self.row_height(number), f64::max);
            self.rows.insert(number, (y, y + height));
            y += height;
        }
        self.height = y;
    }

    fn row_height(&self, row: u32) -> f64 {
        let own = self.sheet.heights.get(&row).copied().or(self.sheet.default_height);
        own.unwrap_or(DEFAULT_HEIGHT).clamp(LINE_HEIGHT, LARGEST)
    }

    /// The last cell of the range that starts at `place`: itself where it is not merged.
    fn last(&self, place: Place) -> Place {
        let last = self.sheet.merges.get(&place).copied().unwrap_or(place);
        // A range may reach far beyond what is shown; what it covers matters only as far as something stands beside it.
        Place { row: last.row, column: last.column.min(place.column + 64) }
    }

    fn bounds(&self, first: Place, last: Place) -> Rect {
        let x0 = self.lefts[first.column as usize];
        let x1 = self.lefts[last.column as usize + 1];
        let (y0, own) = self.rows.get(&first.row).copied().unwrap_or_default();
        let y1 = self.rows.range(first.row..=last.row).next_back().map_or(own, |(_, &(_, bottom))| bottom);
        Rect::new(x0, y0, x1.max(x0), y1.max(own))
    }

    fn text_width(&self, index: usize) -> f64 {
        self.text_widths[index]
    }
}

fn longest_line(cell: &Cell) -> f64 {
    cell.text.lines().map(|line| line_width(&words(line, cell.face).collect::<Vec<_>>())).fold(0.0, f64::max)
}

/// The cells of each row, with the index of the first.
fn rows(cells: &[Cell]) -> impl Iterator<Item = (usize, &[Cell])> {
    let mut first = 0;
    cells.chunk_by(|a, b| a.place.row == b.place.row).map(move |row| {
        let start = first;
        first += row.len();
        (start, row)
    })
}
