//! Text drawn twice in one place, for a bolder look or a shadow.

use hayro_font::kurbo::Point;
use rustc_hash::FxHashMap;

use super::content::Glyph;

/// How near the second character stands to the first, in ems.
const NEAR: f64 = 0.12;
/// Side of the cells that the page is searched by, in points.
const CELL: f64 = 4.0;
/// Equal characters looked at in one cell: readable text has fewer.
const MAX_IN_CELL: usize = 64;
/// No character.
const NONE: u32 = u32::MAX;
/// Characters drawn one after the other and no further apart than this belong together, in ems.
const ADJOINING: f64 = 1.5;

/// Characters of a page by what they are and where they stand.
#[derive(Default)]
struct Grid {
    /// The last known of each character in each cell.
    last: FxHashMap<u64, u32>,
    /// Where each stands, and the one known before it.
    known: Vec<(Point, u32)>,
}

/// Leaves the first of each text drawn twice. A single character that stands on an equal one, amid text that does
/// not, is another text's.
pub(super) fn remove(glyphs: &mut Vec<Glyph>) {
    let mut grid = Grid::default();
    grid.last.reserve(glyphs.len());
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
    !glyph.code.text.is_empty() && !glyph.code.is_blank()
}

impl Grid {
    /// Whether an equal character stands there already; if not, this one does from now on.
    fn holds_or_takes(&mut self, glyph: &Glyph) -> bool {
        let Some(c) = glyph.code.text.chars().next().filter(|c| *c != ' ') else { return false };
        // A narrow character's neighbour is near as well.
        let near = (NEAR * glyph.size).min(0.5 * glyph.advance.hypot()).min(4.0 * CELL);
        // Places on the page are positive: truncation rounds down.
        let cell = |x: f64| (x / CELL) as i32;
        let at = glyph.origin;
        for x in cell(at.x - near)..=cell(at.x + near) {
            for y in cell(at.y - near)..=cell(at.y + near) {
                if self.has_near(c, (x, y), at, near) {
                    return true;
                }
            }
        }
        let index = self.known.len() as u32;
        let before = self.last.insert(key(c, cell(at.x), cell(at.y)), index);
        self.known.push((at, before.unwrap_or(NONE)));
        false
    }

    fn has_near(&self, c: char, (x, y): (i32, i32), at: Point, near: f64) -> bool {
        let mut next = self.last.get(&key(c, x, y)).copied().unwrap_or(NONE);
        for _ in 0..MAX_IN_CELL {
            let Some((place, before)) = self.known.get(next as usize) else { return false };
            if (place.x - at.x).abs() < near && (place.y - at.y).abs() < near {
                return true;
            }
            next = *before;
        }
        false
    }
}

/// A character takes 21 bits; cells that share a key further out are told apart by their places.
fn key(c: char, x: i32, y: i32) -> u64 {
    (u64::from(c) << 43) ^ (u64::from(x as u32) << 21) ^ u64::from(y as u32)
}
