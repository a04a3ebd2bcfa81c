//! Tables without borders: runs of lines of several phrases, and the columns between the gutters of a run.

use std::ops::Range;

use super::Area;
use super::columns::Columns;
use super::rows;
use super::strokes::Strokes;
use super::text::{Line, extent, median};

/// Lines of one phrase in a row that a table may have: headings of groups, wrapped cells.
const MOST_SINGLE: usize = 3;
/// Blank between two lines of a table, in heights of the page's lines.
const WIDEST_BLANK: f32 = 2.0;
/// A new header begins after a step this much wider than the table's lines are apart.
const STEP: f32 = 1.12;
/// Lines of one phrase above a table's first row that are looked at.
const MOST_ABOVE: usize = 3;

/// The cells of each table.
pub(super) fn tables<'d>(lines: &[Line<'d>], strokes: &Strokes) -> Vec<Vec<Area<'d>>> {
    let mut tables = Vec::new();
    let mut above = 0;
    for run in runs(lines).into_iter().flat_map(|run| split(lines, run)) {
        let Some((run, columns)) = trim(lines, run, above, strokes) else { continue };
        above = run.end;
        tables.push(rows::areas(&lines[run], &columns, strokes));
    }
    tables
}

/// Ranges of lines that begin and end with one of several phrases, and have few others between.
fn runs(lines: &[Line<'_>]) -> Vec<Range<usize>> {
    let blank = WIDEST_BLANK * median(lines.iter().map(Line::height));
    let mut runs: Vec<Range<usize>> = Vec::new();
    // Where the run that is open began, and the lower edge of its last line.
    let mut open: Option<(usize, f32)> = None;
    let mut single = 0;
    for (index, line) in lines.iter().enumerate() {
        if open.is_some_and(|(_, bottom)| line.top - bottom > blank) || single > MOST_SINGLE {
            runs.extend(open.take().map(|(start, _)| start..index));
        }
        single = if line.is_parted() { 0 } else { single + 1 };
        let bottom = open.map_or(f32::NEG_INFINITY, |(_, bottom)| bottom).max(line.bottom);
        if line.is_parted() || open.is_some() {
            open = Some((open.map_or(index, |(start, _)| start), bottom));
        }
    }
    runs.extend(open.map(|(start, _)| start..lines.len()));
    runs.into_iter().filter_map(|run| parted(lines, run)).collect()
}

/// A range without lines of one phrase at its ends, if two others are left.
fn parted(lines: &[Line<'_>], run: Range<usize>) -> Option<Range<usize>> {
    let first = run.clone().find(|&index| lines[index].is_parted())?;
    let last = run.rev().find(|&index| lines[index].is_parted())?;
    (first < last).then_some(first..last + 1)
}

/// Parts a run where a new table begins: after rows of numbers, behind a wider step, lines without numbers.
fn split(lines: &[Line<'_>], run: Range<usize>) -> Vec<Range<usize>> {
    let step = |index: usize| lines[index].top - lines[index - 1].top;
    let usual = median((run.start + 1..run.end).map(step));
    // For each line the first row of numbers from there on, and whether a line of labels stands before that.
    let mut ahead = vec![(run.end, false); run.len() + 1];
    for index in run.clone().rev() {
        let (row, labels) = ahead[index - run.start + 1];
        ahead[index - run.start] = match &lines[index] {
            line if line.is_row_of_numbers() => (index, false),
            line => (row, labels || line.is_parted()),
        };
    }
    let mut tables = Vec::new();
    let (mut start, mut parted_lines, mut numbers) = (run.start, 0, false);
    for index in run.clone() {
        let (row, labels) = ahead[index - run.start];
        let begins = numbers && labels && row < run.end && parted_lines > 1;
        if begins && step(index) >= STEP * usual {
            tables.extend(parted(lines, start..index));
            (start, parted_lines, numbers) = (index, 0, false);
        }
        parted_lines += usize::from(lines[index].is_parted());
        numbers |= lines[index].is_row_of_numbers();
    }
    tables.extend(parted(lines, start..run.end));
    tables
}

/// A run without titles above it and notes below, with the headings that a drawn line gives to it, and its columns; `None`
/// where it has less than two. Lines before `above` belong to others.
fn trim(
    lines: &[Line<'_>],
    run: Range<usize>,
    above: usize,
    strokes: &Strokes,
) -> Option<(Range<usize>, Columns)> {
    let all = several(Columns::of(lines[run.clone()].iter()))?;
    let (mut start, mut end) = (run.start, run.end);
    while start + 1 < end && is_title(&lines[start], &all) {
        start += 1;
    }
    while end - start > 2 && is_title(&lines[end - 1], &all) {
        end -= 1;
    }
    let width = all.extent();
    let mut heading = start;
    while heading > above && start - heading < MOST_ABOVE {
        let (line, below) = (&lines[heading - 1], &lines[heading]);
        let is_apart = below.top - line.bottom > 1.5 * line.height();
        if is_apart || strokes.cross((line.bottom - 2.0, below.top + 2.0), width) {
            break;
        }
        heading -= 1;
        if strokes.cross((line.top - 1.2 * line.height(), line.top + 2.0), width) {
            start = heading;
            break;
        }
    }
    let columns = several(Columns::of(lines[start..end].iter()))?;
    Some((start..end, columns))
}

fn several(columns: Columns) -> Option<Columns> {
    (columns.len() > 1).then_some(columns)
}

/// Whether a line is no row of a table with these columns: it is one phrase, or runs across them.
fn is_title(line: &Line<'_>, columns: &Columns) -> bool {
    let parts: Vec<_> = line.phrases().flat_map(|phrase| columns.parts(phrase)).collect();
    let widest = parts.iter().map(|part| columns.reached(extent(part), 1.0).len()).max().unwrap_or(0);
    !line.is_parted()
        || widest > 2 && 2 * widest >= columns.len()
        || columns.len() < 4 && widest == columns.len()
        || widest > 1 && parts.len() == 1
}
