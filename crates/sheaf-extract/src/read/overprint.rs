//! Characters drawn twice in one place, for a bolder look or a shadow.

use hayro_font::kurbo::Point;
use rustc_hash::FxHashMap;

use super::content::Glyph;

/// How near the second character stands to the first, in ems.
const NEAR: f64 = 0.12;
/// Side of the cells that the page is searched by, in points.
const CELL: f64 = 4.0;

/// Leaves the first of each.
pub(super) fn remove(glyphs: &mut Vec<Glyph>) {
    let mut cells: FxHashMap<(i32, i32), Vec<(Point, char)>> = FxHashMap::default();
    glyphs.retain(|glyph| {
        let Some(c) = glyph.code.text.chars().next().filter(|c| !c.is_whitespace()) else { return true };
        // A narrow character's neighbour is near as well.
        let near = (NEAR * glyph.size).min(0.5 * glyph.advance.hypot());
        let cell = |p: Point| ((p.x / CELL).floor() as i32, (p.y / CELL).floor() as i32);
        let at = glyph.origin;
        let (low, high) =
            (cell(Point::new(at.x - near, at.y - near)), cell(Point::new(at.x + near, at.y + near)));
        let is_repeat =
            (low.0..=high.0).flat_map(|x| (low.1..=high.1).map(move |y| (x, y))).take(64).any(|cell| {
                cells.get(&cell).is_some_and(|known| {
                    known.iter().any(|(p, other)| {
                        *other == c && (p.x - at.x).abs() < near && (p.y - at.y).abs() < near
                    })
                })
            });
        if !is_repeat {
            cells.entry(cell(at)).or_default().push((at, c));
        }
        !is_repeat
    });
}
