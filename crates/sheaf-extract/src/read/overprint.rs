//! Text drawn twice in one place, for a bolder look or a shadow.

use hayro_font::kurbo::Point;
use rustc_hash::FxHashMap;

use super::content::Glyph;

/// How near the second character stands to the first, in ems.
const NEAR: f64 = 0.12;
/// Side of the cells that the page is searched by, in points.
const CELL: f64 = 4.0;
/// Characters known of one cell: readable text has fewer.
const MAX_IN_CELL: usize = 64;
/// Characters drawn one after the other and no further apart than this belong together, in ems.
const ADJOINING: f64 = 1.5;

/// Characters of a page by where they stand.
#[derive(Default)]
struct Grid {
    cells: FxHashMap<(i32, i32), Vec<(Point, char)>>,
}

/// Leaves the first of each text drawn twice. A single character that stands on an equal one, amid text that does
/// not, is another text's.
pub(super) fn remove(glyphs: &mut Vec<Glyph>) {
    let mut grid = Grid::default();
    let mut repeats: Vec<bool> = glyphs.iter().map(|glyph| grid.holds_or_takes(glyph)).collect();
    if !repeats.contains(&true) {
        return;
    }
    let joins = |a: usize, b: usize| match (glyphs.get(a), glyphs.get(b)) {
        (Some(a), Some(b)) => is_ink(a) && is_ink(b) && a.origin.distance(b.origin) < ADJOINING * a.size,
        _ => false,
    };
    let alone: Vec<usize> = (0..glyphs.len())
        .filter(|i| {
            let neighbours = [i.wrapping_sub(1), i + 1];
            repeats[*i]
                && neighbours.iter().any(|n| joins(*i, *n))
                && !neighbours.iter().any(|n| joins(*i, *n) && repeats[*n])
        })
        .collect();
    for index in alone {
        repeats[index] = false;
    }
    let mut repeats = repeats.into_iter();
    glyphs.retain(|_| !repeats.next().unwrap_or(false));
}

fn is_ink(glyph: &Glyph) -> bool {
    glyph.code.text.chars().next().is_some_and(|c| !c.is_whitespace())
}

impl Grid {
    /// Whether an equal character stands there already; if not, this one does from now on.
    fn holds_or_takes(&mut self, glyph: &Glyph) -> bool {
        let Some(c) = glyph.code.text.chars().next().filter(|c| !c.is_whitespace()) else { return false };
        // A narrow character's neighbour is near as well.
        let near = (NEAR * glyph.size).min(0.5 * glyph.advance.hypot()).min(4.0 * CELL);
        let cell = |x: f64, y: f64| ((x / CELL).floor() as i32, (y / CELL).floor() as i32);
        let at = glyph.origin;
        let (low, high) = (cell(at.x - near, at.y - near), cell(at.x + near, at.y + near));
        for x in low.0..=high.0 {
            for y in low.1..=high.1 {
                let known = self.cells.get(&(x, y)).map_or(&[][..], Vec::as_slice);
                if known
                    .iter()
                    .any(|(p, k)| *k == c && (p.x - at.x).abs() < near && (p.y - at.y).abs() < near)
                {
                    return true;
                }
            }
        }
        let known = self.cells.entry(cell(at.x, at.y)).or_default();
        if known.len() < MAX_IN_CELL {
            known.push((at, c));
        }
        false
    }
}
