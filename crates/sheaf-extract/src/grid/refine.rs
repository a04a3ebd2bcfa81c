//! What the drawn lines of a table leave out: columns within a cell, cells side by side in a wide one, rows within a band.

use std::collections::BTreeMap;

use super::Area;
use super::columns::Columns;
use super::strokes::Strokes;
use super::text::{Line, Token, extent, is_number, join, lines};

/// Lines of two numbers from which on a drawn column is several, if most of its lines are such.
const FEWEST_LINES: usize = 3;
/// Words from which on a cell across a whole table is a caption or a note.
const CAPTION: usize = 8;

/// Cells as finer ones, where their texts say so; `x` are the edges of the drawn columns in points.
pub(super) fn refine<'d>(areas: Vec<Area<'d>>, x: &[f32], strokes: &Strokes) -> Vec<Area<'d>> {
    let (areas, x) = part_columns(areas, x, strokes);
    let areas = areas.into_iter().flat_map(|area| part_wide(area, &x, strokes)).collect();
    part_bands(areas, strokes)
}

/// Leaves out captions and notes: long texts across the whole table in its first and last rows.
pub(super) fn without_captions(mut areas: Vec<Area<'_>>) -> Vec<Area<'_>> {
    let width = areas.iter().map(|area| area.right + 1).max().unwrap_or(0);
    loop {
        let caption = |row: usize| {
            let mut at = (0..areas.len()).filter(|&i| areas[i].top <= row && row <= areas[i].bottom);
            let only = at.next().filter(|_| at.next().is_none())?;
            let area = &areas[only];
            let is_wide = area.right - area.left + 1 >= width.saturating_sub(1).max(2);
            (is_wide && area.tokens.len() >= CAPTION).then_some(only)
        };
        let first = areas.iter().map(|area| area.top).min();
        let last = areas.iter().map(|area| area.bottom).max();
        let Some(index) = first.and_then(caption).or_else(|| last.and_then(caption)) else { return areas };
        areas.remove(index);
    }
}

/// Parts drawn columns that hold several columns of numbers; answers the new edges, too.
fn part_columns<'d>(areas: Vec<Area<'d>>, x: &[f32], strokes: &Strokes) -> (Vec<Area<'d>>, Vec<f32>) {
    let count = x.len() - 1;
    let mut lines_of: Vec<Vec<Line<'d>>> = (0..count).map(|_| Vec::new()).collect();
    for area in areas.iter().filter(|area| area.left == area.right) {
        lines_of[area.left].extend(area.lines(strokes));
    }
    let within: Vec<Option<Columns>> = lines_of
        .iter()
        .map(|lines| {
            let values = || lines.iter().filter(|line| line.numbers() > 1);
            let count = values().count();
            (count >= FEWEST_LINES && 2 * count >= lines.len()).then(|| Columns::of(values()))
        })
        .collect();
    // For each drawn column the first of those it becomes.
    let mut first = vec![0];
    let mut edges = vec![x[0]];
    for (column, within) in within.iter().enumerate() {
        edges.extend(within.iter().flat_map(Columns::gutters));
        edges.push(x[column + 1]);
        first.push(edges.len() - 1);
    }
    let mut fine = Vec::new();
    for area in areas {
        let (left, right) = (first[area.left], first[area.right + 1] - 1);
        let Some(within) = within[area.left].as_ref().filter(|_| area.left == area.right) else {
            fine.push(Area { left, right, ..area });
            continue;
        };
        let mut cells: BTreeMap<usize, Vec<Token<'d>>> = BTreeMap::new();
        let mut is_heading = false;
        for line in area.lines(strokes) {
            let parted = |phrase| if is_number(&join(phrase)) { within.parts(phrase) } else { vec![phrase] };
            for part in line.phrases().flat_map(parted) {
                let (x0, x1) = extent(part);
                is_heading |= within.reached((x0, x1), 1.0).len() > 1;
                let column = left + within.at(f32::midpoint(x0, x1));
                cells.entry(column).or_default().extend_from_slice(part);
            }
        }
        if is_heading {
            fine.push(Area { left, right, ..area });
        } else {
            let cell = |(column, tokens)| Area { left: column, right: column, tokens, ..area };
            fine.extend(cells.into_iter().map(cell));
        }
    }
    (fine, edges)
}

/// Parts a cell across several columns whose phrases stand in different ones.
fn part_wide<'d>(area: Area<'d>, x: &[f32], strokes: &Strokes) -> Vec<Area<'d>> {
    if area.left == area.right || area.top != area.bottom {
        return vec![area];
    }
    let columns = Columns::between(x);
    let mut cells: Vec<Area<'d>> = Vec::new();
    for line in area.lines(strokes) {
        let mut next = area.left;
        for phrase in line.phrases() {
            let reached = columns.reached(extent(phrase), 1.0);
            let (left, right) = (reached.start.max(area.left), reached.end.min(area.right + 1));
            if right <= left || left < next {
                return vec![area];
            }
            next = right;
            cells.push(Area { left, right: right - 1, tokens: phrase.to_vec(), ..area });
        }
    }
    cells.sort_by_key(|cell| cell.left);
    let mut joined: Vec<Area<'d>> = Vec::new();
    for cell in cells {
        match joined.last_mut() {
            Some(last) if cell.left <= last.right => {
                last.right = last.right.max(cell.right);
                last.tokens.extend(cell.tokens);
            }
            _ => joined.push(cell),
        }
    }
    if joined.len() > 1 { joined } else { vec![area] }
}

/// Parts bands of cells that hold a column of numbers each into as many rows as they have lines.
fn part_bands<'d>(areas: Vec<Area<'d>>, strokes: &Strokes) -> Vec<Area<'d>> {
    let mut bands: BTreeMap<usize, Vec<&Area<'d>>> = BTreeMap::new();
    for area in areas.iter().filter(|area| area.top == area.bottom) {
        bands.entry(area.top).or_default().push(area);
    }
    // For each band that is several rows the lowest middle of a word in each.
    let heights: BTreeMap<usize, Vec<f32>> =
        bands.into_iter().filter_map(|(row, cells)| Some((row, rows_within(&cells, strokes)?))).collect();
    if heights.is_empty() {
        return areas;
    }
    let rows = areas.iter().map(|area| area.bottom + 1).max().unwrap_or(0);
    let mut first = vec![0];
    for row in 0..rows {
        first.push(first[row] + heights.get(&row).map_or(1, Vec::len));
    }
    let mut fine = Vec::new();
    for area in areas {
        let Some(heights) = heights.get(&area.top).filter(|_| area.top == area.bottom) else {
            fine.push(Area { top: first[area.top], bottom: first[area.bottom + 1] - 1, ..area });
            continue;
        };
        let mut cells: BTreeMap<usize, Vec<Token<'d>>> = BTreeMap::new();
        for token in &area.tokens {
            let line = heights.partition_point(|height| *height < token.middle()).min(heights.len() - 1);
            cells.entry(first[area.top] + line).or_default().push(*token);
        }
        fine.extend(cells.into_iter().map(|(row, tokens)| Area { top: row, bottom: row, tokens, ..area }));
    }
    fine
}

/// The lowest middle of a word in each line of a band, where its cells hold a number in each line; `None` where the band is
/// one row.
fn rows_within(cells: &[&Area<'_>], strokes: &Strokes) -> Option<Vec<f32>> {
    let tall: Vec<Vec<Line<'_>>> =
        cells.iter().map(|area| area.lines(strokes)).filter(|lines| lines.len() > 1).collect();
    let of_numbers = |lines: &&Vec<Line<'_>>| lines.iter().all(|line| is_number(&join(&line.tokens)));
    let numbers = tall.iter().filter(of_numbers).count();
    if cells.len() < 2 || numbers == 0 || 2 * numbers < tall.len() {
        return None;
    }
    let tokens: Vec<Token<'_>> = cells.iter().flat_map(|area| area.tokens.iter().copied()).collect();
    let lowest = |line: &Line<'_>| line.tokens.iter().map(Token::middle).fold(f32::NEG_INFINITY, f32::max);
    Some(lines(&tokens, strokes).iter().map(lowest).collect())
}
