//! Columns of lines that stand below one another: what is left between the gutters, which few lines cross.

use std::ops::Range;

use super::text::{Line, Token, extent, is_number, median};

/// Share of the lines that may cross a gutter: titles, headings of groups.
const CROSSED: f32 = 0.2;
/// How wide a blank within a phrase has to be for a gutter to part the phrase there, as a share of the gap that parts phrases,
/// and in blanks that are usual in these lines.
const BLANK: f32 = 0.7;
const USUAL_BLANKS: f32 = 1.25;

/// A column, from left to right; text may stand out on both sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Column {
    pub(super) x0: f32,
    pub(super) x1: f32,
}

/// Columns side by side; they do not overlap.
#[derive(Debug)]
pub(super) struct Columns {
    list: Vec<Column>,
    /// What parts a phrase at a gutter, as a share of the gap that parts phrases.
    blank: f32,
}

impl Columns {
    /// Those of lines that stand below one another.
    pub(super) fn of<'l, 'd: 'l>(lines: impl Iterator<Item = &'l Line<'d>> + Clone) -> Self {
        let mut ends: Vec<(f32, bool)> = Vec::new();
        for (x0, x1) in lines.clone().flat_map(Line::phrases).map(extent) {
            ends.extend([(x0, true), (x1, false)]);
        }
        ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let most = (CROSSED * lines.clone().count() as f32) as usize;
        let (mut depth, mut start) = (0, 0.0);
        let mut list = Vec::new();
        for (x, begins) in ends {
            if begins {
                depth += 1;
                if depth == most + 1 {
                    start = x;
                }
            } else {
                if depth == most + 1 {
                    list.push(Column { x0: start, x1: x });
                }
                depth -= 1;
            }
        }
        let blanks = lines.flat_map(Line::phrases).flat_map(|phrase| phrase.windows(2));
        let usual = median(blanks.map(|pair| pair[0].gap_to(&pair[1])));
        Self { list, blank: BLANK.max(USUAL_BLANKS * usual) }
    }

    /// Those between these edges.
    pub(super) fn between(edges: &[f32]) -> Self {
        let list = edges.windows(2).map(|pair| Column { x0: pair[0], x1: pair[1] }).collect();
        Self { list, blank: BLANK }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// From where to where all of them reach.
    pub(super) fn extent(&self) -> (f32, f32) {
        let (first, last) = (self.list.first(), self.list.last());
        (first.map_or(0.0, |column| column.x0), last.map_or(0.0, |column| column.x1))
    }

    pub(super) fn extent_of(&self, index: usize) -> (f32, f32) {
        (self.list[index].x0, self.list[index].x1)
    }

    /// The middles of the gutters.
    pub(super) fn gutters(&self) -> impl Iterator<Item = f32> {
        self.list.windows(2).map(|pair| f32::midpoint(pair[0].x1, pair[1].x0))
    }

    /// Index of the column that holds a place or is nearest to it.
    pub(super) fn at(&self, x: f32) -> usize {
        let next = self.list.partition_point(|column| column.x1 < x);
        let distance = |index: usize| {
            self.list.get(index).map_or(f32::INFINITY, |column| (column.x0 - x).max(x - column.x1).max(0.0))
        };
        match next.checked_sub(1) {
            Some(before) if distance(before) <= distance(next) => before,
            _ => next.min(self.list.len().saturating_sub(1)),
        }
    }

    /// The columns that a text reaches into by more than `least` points or half of their width, as a range of indices; empty for
    /// none.
    pub(super) fn reached(&self, (x0, x1): (f32, f32), least: f32) -> Range<usize> {
        let reaches = |column: &Column| {
            column.x1.min(x1) - column.x0.max(x0) > least.min(0.5 * (column.x1 - column.x0))
        };
        let first = self.list.partition_point(|column| column.x1 < x0);
        let last = self.list.partition_point(|column| column.x0 <= x1);
        let within = first.min(last)..last;
        let from = within.clone().find(|&index| reaches(&self.list[index]));
        let to = within.rev().find(|&index| reaches(&self.list[index]));
        match (from, to) {
            (Some(from), Some(to)) => from..to + 1,
            _ => 0..0,
        }
    }

    /// The parts of a phrase: it is parted at every gutter it crosses, or not at all if there is none of them that parts it.
    pub(super) fn parts<'t, 'd>(&self, phrase: &'t [Token<'d>]) -> Vec<&'t [Token<'d>]> {
        let (x0, x1) = extent(phrase);
        let first = self.list.partition_point(|column| column.x1 <= x0 + 1.0);
        let behind = self.list.partition_point(|column| column.x0 < x1 - 1.0);
        let mut parts = Vec::new();
        let mut start = 0;
        for gutter in self.list[first.min(behind)..behind].windows(2) {
            let Some(cut) = self.blank_in(phrase, gutter[0].x1, gutter[1].x0) else { return vec![phrase] };
            if cut > start {
                parts.push(&phrase[start..cut]);
                start = cut;
            }
        }
        parts.push(&phrase[start..]);
        parts
    }

    /// Index of the token before which a blank lies in the gutter from `x0` to `x1` that may part the phrase.
    fn blank_in(&self, phrase: &[Token<'_>], x0: f32, x1: f32) -> Option<usize> {
        let first = phrase.partition_point(|token| token.rect.x0 < x0 - 0.5).max(1);
        let is_value = |text: &str| is_number(text) && text.chars().any(|c| c.is_ascii_digit());
        (first..phrase.len()).take_while(|&next| phrase[next - 1].rect.x1 <= x1 + 0.5).find(|&next| {
            let (left, right) = (&phrase[next - 1], &phrase[next]);
            let common = x1.min(right.rect.x0) - x0.max(left.rect.x1);
            common >= -0.5 && (left.gap_to(right) >= self.blank || is_value(right.text))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_belongs_to_the_nearest_column() {
        let mut columns = Columns::between(&[0.0, 10.0, 20.0, 30.0]);
        columns.list.remove(1);
        assert_eq!([-5.0, 5.0, 12.0, 18.0, 50.0].map(|x| columns.at(x)), [0, 0, 0, 1, 1]);
        assert_eq!(Columns::between(&[]).at(5.0), 0);
    }

    #[test]
    fn a_heading_reaches_into_the_columns_it_covers() {
        let mut columns = Columns::between(&[0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
        columns.list.remove(3);
        columns.list.remove(1);
        assert_eq!(columns.reached((16.0, 52.0), 5.0), 1..3);
        assert_eq!(columns.reached((8.5, 30.0), 5.0), 1..2);
        assert_eq!(columns.reached((8.5, 30.0), 1.0), 0..2);
        assert_eq!(columns.reached((12.0, 15.0), 1.0), 0..0);
    }
}
