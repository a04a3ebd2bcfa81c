//! Columns of lines that stand below one another: what is left between the gutters, which few lines cross.

use super::text::{Line, Token, extent, is_number};

/// Share of the lines that may cross a gutter: titles, headings of groups.
const CROSSED: f32 = 0.2;
/// How wide a blank within a phrase has to be for a gutter to part the phrase there, as a share of the gap that parts phrases:
/// more than a blank between words.
const BLANK: f32 = 0.7;

/// A column, from left to right; text may stand out on both sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Column {
    pub(super) x0: f32,
    pub(super) x1: f32,
}

/// The columns of lines, from left to right; they do not overlap.
pub(super) fn columns(lines: &[Line<'_>]) -> Vec<Column> {
    let mut ends: Vec<(f32, bool)> = Vec::new();
    for (x0, x1) in lines.iter().flat_map(Line::phrases).map(extent) {
        ends.extend([(x0, true), (x1, false)]);
    }
    ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    let most = (CROSSED * lines.len() as f32) as usize;
    let (mut depth, mut start) = (0, 0.0);
    let mut columns = Vec::new();
    for (x, begins) in ends {
        if begins {
            depth += 1;
            if depth == most + 1 {
                start = x;
            }
        } else {
            if depth == most + 1 {
                columns.push(Column { x0: start, x1: x });
            }
            depth -= 1;
        }
    }
    columns
}

/// Index of the column that holds a place or is nearest to it.
pub(super) fn column_at(columns: &[Column], x: f32) -> usize {
    let next = columns.partition_point(|column| column.x1 < x);
    let distance = |index: usize| {
        columns.get(index).map_or(f32::INFINITY, |column| (column.x0 - x).max(x - column.x1).max(0.0))
    };
    match next.checked_sub(1) {
        Some(before) if distance(before) <= distance(next) => before,
        _ => next.min(columns.len().saturating_sub(1)),
    }
}

/// The columns that a text reaches into by more than `share` of their width, as a range of indices; empty for none.
pub(super) fn reached(columns: &[Column], (x0, x1): (f32, f32), share: f32) -> std::ops::Range<usize> {
    let reaches = |column: &Column| {
        let common = column.x1.min(x1) - column.x0.max(x0);
        common > 1.0 && common >= share * (column.x1 - column.x0)
    };
    let first = columns.partition_point(|column| column.x1 < x0);
    let last = columns.partition_point(|column| column.x0 <= x1);
    let within = first.min(last)..last;
    let from = within.clone().find(|&index| reaches(&columns[index]));
    let to = within.rev().find(|&index| reaches(&columns[index]));
    match (from, to) {
        (Some(from), Some(to)) => from..to + 1,
        _ => 0..0,
    }
}

/// The parts of a phrase: it is parted at every gutter it crosses, or not at all if a word stands across one of them.
pub(super) fn parts<'t, 'd>(phrase: &'t [Token<'d>], columns: &[Column]) -> Vec<&'t [Token<'d>]> {
    let (x0, x1) = extent(phrase);
    let first = columns.partition_point(|column| column.x1 <= x0 + 1.0);
    let behind = columns.partition_point(|column| column.x0 < x1 - 1.0);
    let mut parts = Vec::new();
    let mut start = 0;
    for gutter in columns[first.min(behind)..behind].windows(2) {
        let Some(cut) = blank_in(phrase, gutter[0].x1, gutter[1].x0) else { return vec![phrase] };
        if cut > start {
            parts.push(&phrase[start..cut]);
            start = cut;
        }
    }
    parts.push(&phrase[start..]);
    parts
}

/// Index of the token before which a blank lies in the gutter from `x0` to `x1` that may part the phrase.
fn blank_in(phrase: &[Token<'_>], x0: f32, x1: f32) -> Option<usize> {
    let first = phrase.partition_point(|token| token.rect.x0 < x0 - 0.5).max(1);
    let is_value = |text: &str| is_number(text) && text.chars().any(|c| c.is_ascii_digit());
    (first..phrase.len()).take_while(|&next| phrase[next - 1].rect.x1 <= x1 + 0.5).find(|&next| {
        let (left, right) = (&phrase[next - 1], &phrase[next]);
        let common = x1.min(right.rect.x0) - x0.max(left.rect.x1);
        common >= -0.5 && (left.gap_to(right) >= BLANK || is_value(right.text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_belongs_to_the_nearest_column() {
        let columns = [Column { x0: 0.0, x1: 10.0 }, Column { x0: 20.0, x1: 30.0 }];
        assert_eq!([-5.0, 5.0, 12.0, 18.0, 50.0].map(|x| column_at(&columns, x)), [0, 0, 0, 1, 1]);
        assert_eq!(column_at(&[], 5.0), 0);
    }

    #[test]
    fn a_heading_reaches_into_the_columns_it_covers() {
        let columns: Vec<Column> =
            [0.0, 20.0, 40.0].map(|x0| Column { x0, x1: x0 + 10.0 }).into_iter().collect();
        assert_eq!(reached(&columns, (18.0, 52.0), 0.5), 1..3);
        assert_eq!(reached(&columns, (8.5, 30.0), 0.5), 1..2);
        assert_eq!(reached(&columns, (12.0, 15.0), 0.5), 0..0);
    }
}
