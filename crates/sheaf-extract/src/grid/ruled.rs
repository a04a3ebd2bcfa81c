//! Tables whose cells are drawn: lines that cross make a lattice, and where a line is missing between two of its squares,
//! they are one cell.

use std::collections::BTreeMap;

use super::Area;
use super::refine;
use super::strokes::{Stroke, Strokes};
use super::text::Token;

/// How far a line may end from the one it meets, in points.
const REACH: f32 = 3.0;
/// Lines that are this near stand at one place of the lattice, in points.
const SAME: f32 = 2.5;
/// A lattice with more squares is a drawing.
const MOST_SQUARES: usize = 1_000_000;
/// Cells with words that a table has at least.
const FEWEST_CELLS: usize = 4;
/// Lines of several phrases in one cell from which on it holds a table of its own.
const NESTED_LINES: usize = 3;

/// The cells of each drawn table; their words are taken out of `tokens`.
pub(super) fn tables<'d>(tokens: &mut Vec<Token<'d>>, strokes: &Strokes) -> Vec<Vec<Area<'d>>> {
    let mut lattices = lattices(strokes);
    lattices.sort_by(|a, b| b.size().total_cmp(&a.size()));
    let mut tables = Vec::new();
    for lattice in lattices {
        let (inside, outside): (Vec<_>, Vec<_>) =
            tokens.iter().copied().partition(|token| lattice.holds(token));
        if let Some(areas) = lattice.areas(&inside, strokes) {
            tables.push(areas);
            *tokens = outside;
        }
    }
    tables
}

/// Lines that cross, as the places they stand at.
#[derive(Debug)]
struct Lattice {
    /// Left to right, one more than columns.
    x: Vec<f32>,
    /// Top to bottom, one more than rows.
    y: Vec<f32>,
    across: Vec<Stroke>,
    upright: Vec<Stroke>,
}

/// The lattices of two columns and two rows or more.
fn lattices(strokes: &Strokes) -> Vec<Lattice> {
    let (across, upright) = (&strokes.across, &strokes.upright);
    let mut sets = Sets::new(across.len() + upright.len());
    for (i, a) in across.iter().enumerate() {
        let first = upright.partition_point(|u| u.at < a.from - REACH);
        for (j, u) in upright.iter().enumerate().skip(first) {
            if u.at > a.to + REACH {
                break;
            }
            if u.from - REACH <= a.at && a.at <= u.to + REACH {
                sets.join(i, across.len() + j);
            }
        }
    }
    let mut groups: BTreeMap<usize, (Vec<Stroke>, Vec<Stroke>)> = BTreeMap::new();
    for (i, a) in across.iter().enumerate() {
        groups.entry(sets.of(i)).or_default().0.push(*a);
    }
    for (j, u) in upright.iter().enumerate() {
        groups.entry(sets.of(across.len() + j)).or_default().1.push(*u);
    }
    let lattices = groups.into_values().filter(|(across, upright)| across.len() > 1 && !upright.is_empty());
    lattices
        .map(|(across, upright)| {
            // Tables are often open at their sides.
            let ends = |strokes: &[Stroke]| {
                let from = strokes.iter().map(|s| s.from).fold(f32::INFINITY, f32::min);
                [from, strokes.iter().map(|s| s.to).fold(f32::NEG_INFINITY, f32::max)]
            };
            let x = places(upright.iter().map(|s| s.at).chain(ends(&across)));
            let y = places(across.iter().map(|s| s.at).chain(ends(&upright)));
            Lattice { x, y, across, upright }
        })
        .filter(|lattice| lattice.x.len() > 2 && lattice.y.len() > 2)
        .filter(|lattice| lattice.x.len() * lattice.y.len() <= MOST_SQUARES)
        .collect()
}

/// The means of values that are near one another, in order.
fn places(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.chunk_by(|a, b| b - a <= SAME).map(|near| near.iter().sum::<f32>() / near.len() as f32).collect()
}

impl Lattice {
    fn size(&self) -> f32 {
        let length = |at: &[f32]| at.last().copied().unwrap_or(0.0) - at.first().copied().unwrap_or(0.0);
        length(&self.x) * length(&self.y)
    }

    fn holds(&self, token: &Token<'_>) -> bool {
        let within =
            |at: &[f32], v: f32| at.first().is_some_and(|a| *a <= v) && at.last().is_some_and(|b| v <= *b);
        within(&self.x, token.rect.centre_x()) && within(&self.y, token.middle())
    }

    /// The cells with words, if this is a table.
    fn areas<'d>(&self, inside: &[Token<'d>], strokes: &Strokes) -> Option<Vec<Area<'d>>> {
        let (columns, rows) = (self.x.len() - 1, self.y.len() - 1);
        let mut sets = self.squares();
        let mut bounds: BTreeMap<usize, Area<'d>> = BTreeMap::new();
        for row in 0..rows {
            for column in 0..columns {
                let area = bounds.entry(sets.of(row * columns + column)).or_insert_with(|| Area {
                    top: row,
                    left: column,
                    bottom: row,
                    right: column,
                    tokens: Vec::new(),
                });
                area.left = area.left.min(column);
                area.right = area.right.max(column);
                area.bottom = row;
            }
        }
        let index = |at: &[f32], v: f32| at[1..at.len() - 1].partition_point(|edge| *edge <= v);
        for token in inside {
            let square = index(&self.y, token.middle()) * columns + index(&self.x, token.rect.centre_x());
            if let Some(area) = bounds.get_mut(&sets.of(square)) {
                area.tokens.push(*token);
            }
        }
        let areas: Vec<Area<'d>> = bounds.into_values().filter(|area| !area.tokens.is_empty()).collect();
        let areas = refine::refine(areas, &self.x, strokes);
        is_table(&areas, strokes).then(|| {
            let mut areas = refine::without_captions(areas);
            for area in &mut areas {
                area.tokens = area.lines(strokes).into_iter().flat_map(|line| line.tokens).collect();
            }
            areas
        })
    }

    /// The squares, row by row, joined where no line stands between them.
    fn squares(&self) -> Sets {
        let (columns, rows) = (self.x.len() - 1, self.y.len() - 1);
        let (beside, below) =
            (borders(&self.upright, &self.x, &self.y), borders(&self.across, &self.y, &self.x));
        let mut sets = Sets::new(rows * columns);
        for row in 0..rows {
            for column in 0..columns {
                let square = row * columns + column;
                if column + 1 < columns && !beside[(column + 1) * rows + row] {
                    sets.join(square, square + 1);
                }
                if row + 1 < rows && !below[(row + 1) * columns + column] {
                    sets.join(square, square + columns);
                }
            }
        }
        sets
    }
}

/// For each place of the lattice and each step along it, whether a line is drawn there.
fn borders(strokes: &[Stroke], places: &[f32], along: &[f32]) -> Vec<bool> {
    let steps = along.len() - 1;
    let middle = |step: usize| f32::midpoint(along[step], along[step + 1]);
    let mut drawn = vec![false; places.len() * steps];
    for stroke in strokes {
        let next = places.partition_point(|place| *place < stroke.at - SAME);
        for (place, _) in places.iter().enumerate().skip(next).take_while(|(_, at)| **at <= stroke.at + SAME)
        {
            for step in 0..steps {
                drawn[place * steps + step] |=
                    stroke.from - 1.0 <= middle(step) && middle(step) <= stroke.to + 1.0;
            }
        }
    }
    drawn
}

/// Whether cells are those of a table, not the frames of a form or of a page.
fn is_table(areas: &[Area<'_>], strokes: &Strokes) -> bool {
    let differ = |at: fn(&Area<'_>) -> usize| areas.iter().any(|area| at(area) != at(&areas[0]));
    if areas.len() < FEWEST_CELLS || !differ(|area| area.left) || !differ(|area| area.top) {
        return false;
    }
    let all: usize = areas.iter().map(|area| area.tokens.len()).sum();
    let holds_table =
        |area: &&Area<'_>| area.lines(strokes).iter().filter(|line| line.is_parted()).count() >= NESTED_LINES;
    let nested: usize = areas.iter().filter(holds_table).map(|area| area.tokens.len()).sum();
    2 * nested < all
}

/// Things in sets that can be joined.
#[derive(Debug)]
struct Sets {
    parent: Vec<usize>,
}

impl Sets {
    fn new(count: usize) -> Self {
        Self { parent: (0..count).collect() }
    }

    /// The thing that stands for a thing's set.
    fn of(&mut self, mut thing: usize) -> usize {
        while self.parent[thing] != thing {
            self.parent[thing] = self.parent[self.parent[thing]];
            thing = self.parent[thing];
        }
        thing
    }

    /// The lower one stands for both, so that the order of things is kept.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.of(a), self.of(b));
        self.parent[a.max(b)] = a.min(b);
    }
}
