//! Every table of a document, without a template.
//!
//! Where lines are drawn around cells, they make the table (`ruled`); what they leave out is found from the texts (`refine`).
//! Elsewhere lines of several phrases (`text`) that stand below one another are looked at together (`gutters`): the gutters that
//! few of them cross part columns (`columns`), and lines that belong to one cell become one row (`rows`). Paragraphs are left out
//! before that (`prose`). Each grid says how much it looks like a table (`score`), because columns of words are also found in
//! forms, lists and signatures.
//!
//! The work grows with the words of a page, times the logarithm for sorting.

mod columns;
mod gutters;
mod prose;
mod refine;
mod rows;
mod ruled;
mod score;
mod strokes;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sheaf_types::{BoundingBox, Document, Page};

use crate::locate::lines::Frame;
use strokes::Strokes;
use text::{Line, Token};

/// A table, or what could be one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// The page it stands on, counted from 1.
    pub page: u32,
    /// Covers its cells, as fractions of the displayed page.
    pub bbox: BoundingBox,
    /// How sure it is that this is a table at all, 0 to 1: from 0.5 on it likely is.
    pub score: f32,
    /// Whether drawn lines make its cells.
    pub ruled: bool,
    /// How many rows it has; at least 1.
    pub rows: usize,
    /// How many columns it has; at least 1.
    pub columns: usize,
    /// The cells that hold text, row by row, each from left to right.
    pub cells: Vec<Cell>,
}

/// A cell of a [`Grid`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Index of the row in which it begins.
    pub row: usize,
    /// Index of the column in which it begins.
    pub column: usize,
    /// How many rows it covers; at least 1.
    pub row_span: usize,
    /// How many columns it covers; at least 1.
    pub column_span: usize,
    /// Its words in reading order, joined by single blanks, without the dots that lead to the next column.
    pub text: String,
    /// Covers its words, as fractions of the displayed page.
    pub bbox: BoundingBox,
}

impl Grid {
    /// The texts as `rows` rows of `columns` each; a cell's text stands where it begins, all else is empty.
    #[must_use]
    pub fn texts(&self) -> Vec<Vec<&str>> {
        let mut texts = vec![vec![""; self.columns]; self.rows];
        for cell in &self.cells {
            texts[cell.row][cell.column] = &cell.text;
        }
        texts
    }

    /// Whether its cells lie within its rows and columns, of which there are not too many: what [`Grid::texts`] relies on. True
    /// of all that [`tables`] answers.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let places = self.rows.saturating_mul(self.columns);
        let lies_within = |cell: &Cell| cell.row < self.rows && cell.column < self.columns;
        places <= MOST_PLACES && self.cells.iter().all(lies_within)
    }
}

/// A grid with more places for cells is a drawing, in points or dashes.
const MOST_PLACES: usize = 1_000_000;

/// Everything on a document's pages that could be a table, page by page, from top to bottom; [`Grid::score`] says how likely
/// it is one.
///
/// Tables that go on on the next page are one grid a page. Words that do not read the way most of their page do are left out.
#[must_use]
pub fn tables(document: &Document) -> Vec<Grid> {
    document.pages.iter().flat_map(on_page).collect()
}

fn on_page(page: &Page) -> Vec<Grid> {
    let frame = Frame::of(page);
    let strokes = Strokes::new(page, &frame);
    let mut tokens = text::tokens(page, &frame);
    let ruled = ruled::tables(&mut tokens, &strokes);
    let mut lines = text::lines(&tokens, &strokes);
    if let Some(rest) = prose::leave_out(&lines, frame.width) {
        lines = text::lines(&rest, &strokes);
    }
    let unruled = gutters::tables(&lines, &strokes);
    let ruled = ruled.into_iter().map(|areas| (areas, true));
    let all = ruled.chain(unruled.into_iter().map(|areas| (areas, false)));
    let mut grids: Vec<Grid> = all.filter_map(|(areas, ruled)| grid(page.number, areas, ruled)).collect();
    grids.sort_by(|a, b| a.bbox.y0.total_cmp(&b.bbox.y0).then(a.bbox.x0.total_cmp(&b.bbox.x0)));
    grids
}

/// A cell while its table is being found; rows and columns are indices, the last ones inclusive.
#[derive(Debug, Clone)]
struct Area<'d> {
    top: usize,
    left: usize,
    bottom: usize,
    right: usize,
    tokens: Vec<Token<'d>>,
}

impl<'d> Area<'d> {
    fn lines(&self, strokes: &Strokes) -> Vec<Line<'d>> {
        text::lines(&self.tokens, strokes)
    }
}

/// A grid of these cells, without the rows and columns in which none begins; `None` where there are none, or far too many.
fn grid(page: u32, areas: Vec<Area<'_>>, ruled: bool) -> Option<Grid> {
    let tops: BTreeSet<usize> = areas.iter().map(|area| area.top).collect();
    let lefts: BTreeSet<usize> = areas.iter().map(|area| area.left).collect();
    let (tops, lefts): (Vec<usize>, Vec<usize>) = (tops.into_iter().collect(), lefts.into_iter().collect());
    let before = |kept: &[usize], index: usize| kept.partition_point(|other| *other < index);
    let mut cells: Vec<Cell> = Vec::with_capacity(areas.len());
    for area in areas {
        let (row, column) = (before(&tops, area.top), before(&lefts, area.left));
        cells.push(Cell {
            row,
            column,
            row_span: before(&tops, area.bottom + 1) - row,
            column_span: before(&lefts, area.right + 1) - column,
            text: text::join(&area.tokens),
            bbox: area.tokens.iter().map(|token| token.bbox).reduce(BoundingBox::union)?,
        });
    }
    cells.sort_by_key(|cell| (cell.row, cell.column));
    let bbox = cells.iter().map(|cell| cell.bbox).reduce(BoundingBox::union)?;
    let mut grid = Grid { page, bbox, score: 0.0, ruled, rows: tops.len(), columns: lefts.len(), cells };
    grid.score = (score::score(&grid) * 100.0).round() / 100.0;
    grid.is_sound().then_some(grid)
}
