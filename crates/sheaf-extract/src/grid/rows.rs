//! From the lines of a table to its rows: a cell may have several lines.

use std::collections::BTreeMap;

use super::Area;
use super::columns::Columns;
use super::strokes::Strokes;
use super::text::{Line, Token, extent, is_number, join};

/// Share of a line's height in which two lines of one row overlap: cells of one line stand at the middle of taller ones.
const OVERLAP: f32 = 0.3;
/// Lines across the table from which on they part its rows.
const FEWEST_RULES: usize = 3;
/// Blank between two lines of one cell, in heights of a line.
const LEADING: f32 = 0.6;
/// How far the lines of one label may be off one another, in heights of a line.
const SLACK: f32 = 0.3;
/// A blank between words, in heights of a line.
const BLANK: f32 = 0.3;

/// What stands in one column of a row.
#[derive(Debug)]
struct Cell<'d> {
    x0: f32,
    x1: f32,
    /// Columns that some line of it reaches into.
    first: usize,
    last: usize,
    tokens: Vec<Token<'d>>,
}

impl<'d> Cell<'d> {
    fn is_in_one_column(&self) -> bool {
        self.first == self.last
    }

    /// Takes in what follows, or precedes, this cell's text.
    fn join(&mut self, other: Self, before: bool) {
        self.x0 = self.x0.min(other.x0);
        self.x1 = self.x1.max(other.x1);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        let at = if before { 0 } else { self.tokens.len() };
        self.tokens.splice(at..at, other.tokens);
    }
}

/// One or more lines.
#[derive(Debug)]
struct Row<'d> {
    top: f32,
    bottom: f32,
    /// By the column that holds their middle.
    cells: BTreeMap<usize, Cell<'d>>,
}

impl<'d> Row<'d> {
    fn new(line: &Line<'d>, columns: &Columns) -> Self {
        let mut row = Self { top: line.top, bottom: line.bottom, cells: BTreeMap::new() };
        for part in line.phrases().flat_map(|phrase| columns.parts(phrase)) {
            let (x0, x1) = extent(part);
            let column = columns.at(f32::midpoint(x0, x1));
            let reached = columns.reached((x0, x1), 1.0);
            let (first, last) =
                if reached.is_empty() { (column, column) } else { (reached.start, reached.end - 1) };
            row.put(column, Cell { x0, x1, first, last, tokens: part.to_vec() });
        }
        row
    }

    fn put(&mut self, column: usize, cell: Cell<'d>) {
        match self.cells.get_mut(&column) {
            Some(there) => there.join(cell, false),
            None => {
                self.cells.insert(column, cell);
            }
        }
    }

    fn join(&mut self, other: Self) {
        self.bottom = self.bottom.max(other.bottom);
        for (column, cell) in other.cells {
            self.put(column, cell);
        }
    }

    fn height(&self) -> f32 {
        self.bottom - self.top
    }

    /// Whether most of what stands right of the first column is numbers.
    fn is_of_numbers(&self) -> bool {
        let right = self.cells.range(1..).count();
        let numbers = self.cells.range(1..).filter(|(_, cell)| is_number(&join(&cell.tokens))).count();
        right > 0 && 2 * numbers >= right
    }
}

/// The cells of a table of these lines and columns.
pub(super) fn areas<'d>(lines: &[Line<'d>], columns: &Columns, strokes: &Strokes) -> Vec<Area<'d>> {
    let rows = level(lines.iter().map(|line| Row::new(line, columns)).collect());
    let rows = ruled(rows, columns.extent(), strokes);
    let rows = headed(rows, strokes);
    let rows = wrapped(rows, columns, strokes);
    rows.into_iter().enumerate().flat_map(|(index, row)| placed(index, row, columns)).collect()
}

/// Joins lines that overlap in height.
fn level(lines: Vec<Row<'_>>) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for line in lines {
        match rows.last_mut() {
            Some(row) if row.bottom.min(line.bottom) - line.top > OVERLAP * line.height() => row.join(line),
            _ => rows.push(line),
        }
    }
    rows
}

/// Joins lines between two rules, where rules part the rows.
fn ruled<'d>(rows: Vec<Row<'d>>, width: (f32, f32), strokes: &Strokes) -> Vec<Row<'d>> {
    let ruled = |above: &Row<'d>, below: &Row<'d>| {
        let from = above.bottom - 0.3 * above.height();
        strokes.cross((from, below.top + 0.3 * below.height()), width)
    };
    let rules: Vec<bool> = rows.windows(2).map(|pair| ruled(&pair[0], &pair[1])).collect();
    if rules.iter().filter(|rule| **rule).count() < FEWEST_RULES {
        return rows;
    }
    let mut bands: Vec<Vec<Row<'d>>> = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        match bands.last_mut() {
            Some(band) if !rules[index - 1] => band.push(row),
            _ => bands.push(vec![row]),
        }
    }
    let mut rows = Vec::new();
    for band in bands {
        // A band with several rows of numbers is a group of rows.
        if band.iter().filter(|row| row.is_of_numbers()).count() > 1 {
            rows.extend(band);
        } else {
            rows.extend(band.into_iter().reduce(|mut row, line| {
                row.join(line);
                row
            }));
        }
    }
    rows
}

/// Joins the lines of a label in the header, column by column; a heading over several columns stays by itself.
fn headed<'d>(mut rows: Vec<Row<'d>>, strokes: &Strokes) -> Vec<Row<'d>> {
    let header = rows.iter().position(Row::is_of_numbers).unwrap_or(0);
    for lower in (1..header).rev() {
        let (before, after) = rows.split_at_mut(lower);
        let (Some(above), Some(below)) = (before.last_mut(), after.first_mut()) else { continue };
        let height = above.height();
        if below.top - above.bottom > LEADING * height {
            continue;
        }
        let covered: Vec<(usize, usize)> = above.cells.values().map(|cell| (cell.first, cell.last)).collect();
        let is_open = |column: Option<usize>, below: &Row<'d>| {
            column.is_some_and(|column| {
                // Sorted by the column of the middle, so that few are looked at.
                let next = covered.partition_point(|&(_, last)| last < column);
                below.cells.contains_key(&column)
                    && covered.get(next).is_none_or(|&(first, _)| first > column)
            })
        };
        let labels: Vec<usize> = above.cells.keys().copied().collect();
        for column in labels {
            let (Some(label), Some(rest)) = (above.cells.get(&column), below.cells.get(&column)) else {
                continue;
            };
            let common = (label.x0.max(rest.x0), label.x1.min(rest.x1));
            let heights = (above.bottom - 0.3 * height, below.top + 0.3 * height);
            let is_heading = common.0 >= common.1
                || !label.is_in_one_column()
                || !rest.is_in_one_column()
                || !is_aligned(label, rest, SLACK * height)
                || strokes.cross(heights, common)
                || is_open(column.checked_sub(1), below) && is_open(Some(column + 1), below);
            if is_heading {
                continue;
            }
            if let (Some(label), Some(rest)) = (above.cells.remove(&column), below.cells.get_mut(&column)) {
                rest.join(label, true);
            }
        }
        // What stands beside the lower line's labels goes with them, unless a heading is left.
        let goes_along = |(column, cell): (&usize, &Cell<'d>)| {
            cell.is_in_one_column() && !below.cells.contains_key(column)
        };
        if above.cells.iter().all(goes_along) {
            below.cells.append(&mut above.cells);
        }
    }
    rows.retain(|row| !row.cells.is_empty());
    rows
}

/// Whether two lines of a label share an edge or their middle, give or take `slack` points.
fn is_aligned(a: &Cell<'_>, b: &Cell<'_>, slack: f32) -> bool {
    let off = [a.x0 - b.x0, a.x1 - b.x1, f32::midpoint(a.x0, a.x1) - f32::midpoint(b.x0, b.x1)];
    off.iter().any(|off| off.abs() <= slack)
}

/// Joins a line of one cell with the row above where it continues a cell of that.
fn wrapped<'d>(rows: Vec<Row<'d>>, columns: &Columns, strokes: &Strokes) -> Vec<Row<'d>> {
    // How far each column's texts reach to the right.
    let mut right = vec![f32::NEG_INFINITY; columns.len()];
    for (&column, cell) in rows.iter().flat_map(|row| &row.cells).filter(|(_, cell)| cell.is_in_one_column())
    {
        right[column] = right[column].max(cell.x1);
    }
    let mut joined: Vec<Row<'d>> = Vec::new();
    let mut rows = rows.into_iter().peekable();
    while let Some(row) = rows.next() {
        match joined.last_mut() {
            Some(above) if continues(above, &row, rows.peek(), &right, columns, strokes) => above.join(row),
            _ => joined.push(row),
        }
    }
    joined
}

/// Whether a row is the next line of a cell of the row above.
fn continues(
    above: &Row<'_>,
    row: &Row<'_>,
    next: Option<&Row<'_>>,
    right: &[f32],
    columns: &Columns,
    strokes: &Strokes,
) -> bool {
    let mut cells = row.cells.iter();
    let (Some((&column, cell)), None) = (cells.next(), cells.next()) else { return false };
    let Some(begun) = above.cells.get(&column).filter(|_| above.cells.len() > 1) else { return false };
    let (gap, height) = (row.top - above.bottom, row.height());
    if !cell.is_in_one_column()
        || gap >= LEADING * height
        || strokes.cross((above.bottom - 2.0, row.top + 2.0), columns.extent_of(column))
    {
        return false;
    }
    let Some(first) = cell.tokens.first() else { return false };
    let would_fit = begun.x1 + BLANK * height + first.rect.width() <= right[column] + 1.0;
    // A heading of a group of rows: those are indented.
    let heads = next.and_then(|next| next.cells.get(&column)).is_some_and(|next| next.x0 > cell.x0 + 1.0);
    let is_nearer = next.is_none_or(|next| next.top - row.bottom > gap + 0.15 * height);
    let is_lower = first.text.starts_with(char::is_lowercase);
    !would_fit && (is_lower || !heads && cell.x0 >= begun.x0 - 1.0)
        || is_nearer && !heads && !row.is_of_numbers()
}

/// A row's cells with the columns they cover.
fn placed<'d>(index: usize, row: Row<'d>, columns: &Columns) -> Vec<Area<'d>> {
    let mut areas: Vec<Area<'d>> = Vec::new();
    let mut cells = row.cells.into_iter().peekable();
    while let Some((column, cell)) = cells.next() {
        // Numbers stand out of narrow columns; a heading's ends are above the columns it is for.
        let is_number = is_number(&join(&cell.tokens));
        let least = if is_number { f32::INFINITY } else { 0.4 * (row.bottom - row.top) };
        let covered = columns.reached((cell.x0, cell.x1), least);
        let before = areas.last().map_or(0, |area| area.right + 1);
        let behind = cells.peek().map_or(columns.len(), |(next, _)| *next);
        let (mut left, mut right) = (column, column);
        if !covered.is_empty() {
            left = covered.start.clamp(before.min(column), column);
            right = (covered.end - 1).clamp(column, behind - 1);
        }
        areas.push(Area { top: index, left, bottom: index, right, tokens: cell.tokens });
    }
    areas
}
