//! Columns: which word of a line belongs to which cell of the header.
//!
//! The words of a line go to columns from left to right, never back. Among all such assignments the cheapest is
//! taken (dynamic programming): a word costs its distance to the column and a misfit of its kind, parting words that
//! stand close costs, and so does keeping words together across a wide gap or a drawn border.

use super::header::{Header, HeaderCell};
use super::lexicon::Content;
use super::lines::{Line, PageRules, Token};

// Costs, in units of "as far off as one character height".

/// A height of distance from the column's edge.
const DISTANCE: f32 = 0.5;
/// The same, to the right of a column of text, where long text reaches.
const DISTANCE_IN_TEXT: f32 = 0.1;
/// A height of misalignment of a number with the edges and the middle of its column.
const ALIGNMENT: f32 = 0.08;
/// The share of a word that reaches over its column's edges, where it overlaps the column.
const OVERLAP: f32 = 0.5;
/// Words that are no number in a column of numbers.
const WORD_AS_NUMBER: f32 = 1.5;
/// A unit behind a number.
const UNIT: f32 = 0.2;
/// A label before a number: "net: 5.00".
const LABEL: f32 = 0.5;
/// A number in a column of text.
const NUMBER_AS_TEXT: f32 = 0.3;
/// A percentage in a column of amounts, an amount in a column of percentages.
const PERCENT_MISFIT: f32 = 2.0;
/// Parting two words that touch; less the wider the gap.
const PART_CLOSE: f32 = 3.0;
/// Keeping words together across a gap that parts phrases, in a column of numbers and in others, for each such gap
/// that would find room.
const KEEP_ACROSS_GAP: (f32, f32) = (1.0, 0.3);
/// Gaps that count at most.
const WIDEST_GAP: f32 = 8.0;
/// Keeping words together across a drawn border.
const KEEP_ACROSS_BORDER: f32 = 4.0;
/// How far below its header a table's borders begin, in points.
const BORDER_GAP: f32 = 40.0;
/// A second number in a cell of a column of numbers.
const SECOND_NUMBER: f32 = 3.0;

/// A column of the page: where it reaches, and what stands in it.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) x0: f32,
    pub(super) x1: f32,
    pub(super) content: Content,
}

/// For every word of the line, the column it belongs to.
pub(super) type Assignment = Vec<usize>;

/// The columns under a header: as wide as its labels, or as its borders where they are drawn.
pub(super) fn under(header: &Header, contents: &[Content], rules: &PageRules) -> Vec<Column> {
    let below = rules.vertical.iter().filter(|v| v.to > header.y1 && v.from < header.y1 + BORDER_GAP);
    let borders: Vec<f32> = below.map(|v| v.at).collect();
    header
        .cells
        .iter()
        .zip(contents)
        .enumerate()
        .map(|(i, (cell, &content))| {
            let left = i.checked_sub(1).map_or(f32::NEG_INFINITY, |l| middle(&header.cells[l]));
            let right = header.cells.get(i + 1).map_or(f32::INFINITY, middle);
            let borders = || borders.iter().copied().filter(|&at| at > left && at < right);
            let x0 = borders().filter(|&at| at <= cell.x0 + 2.0).fold(f32::NEG_INFINITY, f32::max);
            let x1 = borders().filter(|&at| at >= cell.x1 - 2.0).fold(f32::INFINITY, f32::min);
            // Text starts below its label and reaches to the next one; numbers end anywhere near theirs.
            let open =
                header.cells.get(i + 1).filter(|_| !content.is_numeric()).map_or(cell.x1, |next| next.x0);
            Column {
                x0: if x0.is_finite() { x0 } else { cell.x0 },
                x1: if x1.is_finite() { x1 } else { open.max(cell.x1) },
                content,
            }
        })
        .collect()
}

fn middle(cell: &HeaderCell) -> f32 {
    f32::midpoint(cell.x0, cell.x1)
}

/// Widens columns to what stands in them: the numbers of lines that fill at least two columns of numbers.
pub(super) fn refine<'a>(
    columns: &mut [Column],
    lines: impl Iterator<Item = (&'a Line<'a>, &'a Assignment)>,
) {
    let mut extents: Vec<Option<(f32, f32)>> = vec![None; columns.len()];
    for (line, assignment) in lines {
        let numeric = |&(token, &column): &(&Token<'_>, &usize)| {
            columns[column].content.is_numeric() && (token.number || token.attached)
        };
        let numbers: Vec<(&Token<'_>, usize)> =
            line.tokens.iter().zip(assignment).filter(numeric).map(|(t, &c)| (t, c)).collect();
        let mut filled: Vec<usize> = numbers.iter().map(|&(_, c)| c).collect();
        filled.dedup();
        if filled.len() < 2 {
            continue;
        }
        for (token, column) in numbers {
            let extent = extents[column].get_or_insert((token.x0, token.x1));
            *extent = (extent.0.min(token.x0), extent.1.max(token.x1));
        }
    }
    for i in 0..columns.len() {
        let Some((x0, x1)) = extents[i] else { continue };
        // A column never reaches over its neighbours' labels.
        let left = i.checked_sub(1).map_or(f32::NEG_INFINITY, |l| columns[l].x1.min(columns[i].x0));
        let right = columns.get(i + 1).map_or(f32::INFINITY, |r| r.x0.max(columns[i].x1));
        columns[i].x0 = columns[i].x0.min(x0.max(left));
        columns[i].x1 = columns[i].x1.max(x1.min(right));
    }
}

/// Assigns the words of a line to columns.
pub(super) fn assign(line: &Line<'_>, columns: &[Column]) -> Assignment {
    let (words, count) = (line.tokens.len(), columns.len());
    if words == 0 || count == 0 {
        return Vec::new();
    }
    // A state is a column and whether a number stands in its cell already; a cost for each.
    let mut cost = vec![[f32::INFINITY; 2]; count];
    let mut next = cost.clone();
    // For each word and state, the state that the word before is in.
    let mut from = vec![[0; 2]; words * count];
    for (i, token) in line.tokens.iter().enumerate() {
        let number = token.number;
        next.fill([f32::INFINITY; 2]);
        let back = &mut from[i * count..(i + 1) * count];
        let link = i.checked_sub(1).map(|p| Link::new(&line.tokens[p], token, line.is_bordered(i)));
        // The cheapest state of the columns to the left.
        let mut left = (f32::INFINITY, 0);
        // A currency stands where its number stands.
        let amount = line
            .tokens
            .get(i + 1)
            .filter(|next| !number && token.attached && next.number && token.gap_to(next) < 1.0);
        for (c, column) in columns.iter().enumerate() {
            let place = distance(amount.unwrap_or(token), column);
            let (cost, next, back) = (cost[c], &mut next[c], &mut back[c]);
            let mut enter = |had_number: bool, previous: usize, total: f32| {
                let had_number = usize::from(had_number);
                if total < next[had_number] {
                    next[had_number] = total;
                    back[had_number] = previous;
                }
            };
            let fresh = place + misfit(token, column, number, false);
            let Some(link) = &link else {
                enter(number, c * 2 + usize::from(number), fresh);
                continue;
            };
            enter(number, left.1, left.0 + fresh + link.part);
            let numeric = column.content.is_numeric();
            for (cost, had) in [(cost[0], false), (cost[1], true)] {
                let seen = c * 2 + usize::from(had);
                let keep = if numeric { link.keep.0 } else { link.keep.1 };
                let second = if had && number && numeric && !link.groups { SECOND_NUMBER } else { 0.0 };
                let total = cost + place + misfit(token, column, number, had) + keep + second;
                enter(had || number, seen, total);
                if cost < left.0 {
                    left = (cost, seen);
                }
            }
        }
        std::mem::swap(&mut cost, &mut next);
    }
    let cost = cost.as_flattened();
    let mut state = (0..cost.len()).min_by(|&a, &b| cost[a].total_cmp(&cost[b])).unwrap_or(0);
    let from = from.as_flattened();
    let mut assignment = vec![0; words];
    for i in (0..words).rev() {
        assignment[i] = state / 2;
        state = from[i * cost.len() + state];
    }
    assignment
}

/// What it costs to part two neighbours and to keep them together.
struct Link {
    part: f32,
    /// In a column of numbers, and in others.
    keep: (f32, f32),
    /// Whether the second word may continue the digits of the first (`1 234,50`).
    groups: bool,
}

impl Link {
    fn new(left: &Token<'_>, right: &Token<'_>, bordered: bool) -> Self {
        if bordered {
            return Self { part: 0.0, keep: (KEEP_ACROSS_BORDER, KEEP_ACROSS_BORDER), groups: false };
        }
        let gap = left.gap_to(right);
        let close = gap < 1.0;
        Self {
            part: if close { PART_CLOSE * (1.0 - gap.max(0.0)) } else { 0.0 },
            keep: if close {
                (0.0, 0.0)
            } else {
                let gaps = gap.min(WIDEST_GAP);
                (gaps * KEEP_ACROSS_GAP.0, gaps * KEEP_ACROSS_GAP.1)
            },
            groups: close && is_group(left.text(), right.text()),
        }
    }
}

fn is_group(left: &str, right: &str) -> bool {
    let head = right.bytes().take_while(u8::is_ascii_digit).count();
    let tail = left.trim_start_matches(['-', '−', '+', '€', '$', '£']);
    head == 3 && (1..=3).contains(&tail.len()) && tail.bytes().all(|b| b.is_ascii_digit())
}

/// What it costs that a word stands where it stands.
fn distance(token: &Token<'_>, column: &Column) -> f32 {
    let height = token.height().max(1.0);
    let (before, after) =
        ((column.x0 - token.x1).max(0.0) / height, (token.x0 - column.x1).max(0.0) / height);
    let text = matches!(column.content, Content::Text);
    let gap = DISTANCE * before + if text { DISTANCE_IN_TEXT } else { DISTANCE } * after;
    if !column.content.is_numeric() {
        let inside = (token.x1.min(column.x1) - token.x0.max(column.x0)).max(0.0);
        return gap + OVERLAP * (1.0 - inside / (token.x1 - token.x0).max(0.1));
    }
    let aligned = (token.x0 - column.x0)
        .abs()
        .min((token.x1 - column.x1).abs())
        .min((f32::midpoint(token.x0, token.x1) - f32::midpoint(column.x0, column.x1)).abs());
    gap + ALIGNMENT * (aligned / height).min(10.0)
}

/// What it costs that such a word stands in such a column.
fn misfit(token: &Token<'_>, column: &Column, number: bool, had_number: bool) -> f32 {
    match column.content {
        Content::Text | Content::Date if number => NUMBER_AS_TEXT,
        Content::Number | Content::Money if token.percent => PERCENT_MISFIT,
        _ if !column.content.is_numeric() || number || token.attached => 0.0,
        _ if had_number => UNIT,
        _ if token.text().ends_with(':') => LABEL,
        _ => WORD_AS_NUMBER,
    }
}
