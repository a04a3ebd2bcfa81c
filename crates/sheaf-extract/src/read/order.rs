//! Reading order: lines from top to bottom, words from left to right.

use hayro_font::kurbo::Rect;

use super::rtl;

/// A word with a place.
pub(crate) trait Placed {
    /// Where it stands, y downwards.
    fn bounds(&self) -> Rect;
    /// Reading direction in quarter turns clockwise from upright.
    fn turn(&self) -> u8;
    /// Its characters.
    fn text(&self) -> &str;
}

/// Sorts words into reading order. Upright text comes first, then text turned by one, two and three quarters,
/// each in its own reading direction.
pub(crate) fn sort<W: Placed>(words: &mut Vec<W>) {
    let mut placed: Vec<(Place, W)> = words.drain(..).map(|word| (Place::new(&word), word)).collect();
    placed.sort_by(|(a, _), (b, _)| {
        (a.turn.cmp(&b.turn)).then(a.middle().total_cmp(&b.middle())).then(a.along.total_cmp(&b.along))
    });
    // Lines are settled one after the other from the top, so that the order is total whatever the boxes.
    let mut line: Option<Place> = None;
    let mut number = 0_usize;
    let mut keyed: Vec<(usize, f64, W)> = Vec::with_capacity(placed.len());
    for (place, word) in placed {
        match &mut line {
            Some(line) if line.shares(&place) => {
                if place.bottom - place.top > line.bottom - line.top {
                    *line = place;
                }
            }
            _ => {
                number += 1;
                line = Some(place);
            }
        }
        keyed.push((number, place.along, word));
    }
    keyed.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    for line in keyed.chunk_by_mut(|a, b| a.0 == b.0) {
        if reads_from_the_right(line.iter().map(|(_, _, word)| word)) {
            line.reverse();
            line.chunk_by_mut(|a, b| !rtl::has_rtl(a.2.text()) && !rtl::has_rtl(b.2.text()))
                .for_each(<[_]>::reverse);
        }
    }
    words.extend(keyed.into_iter().map(|(_, _, word)| word));
}

/// Whether most letters of a line are of a script written from right to left.
fn reads_from_the_right<'w, W: Placed + 'w>(line: impl Iterator<Item = &'w W>) -> bool {
    let (mut rtl, mut ltr) = (0, 0);
    for c in line.flat_map(|word| word.text().chars()).filter(|c| c.is_alphabetic()) {
        *(if rtl::is_rtl(c) { &mut rtl } else { &mut ltr }) += 1;
    }
    rtl > ltr
}

/// A word's place in its own reading direction.
#[derive(Debug, Clone, Copy)]
struct Place {
    turn: u8,
    along: f64,
    top: f64,
    bottom: f64,
}

impl Place {
    fn new(word: &impl Placed) -> Self {
        let b = word.bounds();
        let (along, top, bottom) = match word.turn() {
            0 => (b.x0, b.y0, b.y1),
            1 => (b.y0, -b.x1, -b.x0),
            2 => (-b.x1, -b.y1, -b.y0),
            _ => (-b.y1, b.x0, b.x1),
        };
        Self { turn: word.turn(), along, top, bottom }
    }

    fn middle(&self) -> f64 {
        f64::midpoint(self.top, self.bottom)
    }

    /// Whether two words stand on one line: they overlap by half of the lower one's height.
    fn shares(&self, other: &Self) -> bool {
        let overlap = self.bottom.min(other.bottom) - self.top.max(other.top);
        let height = (self.bottom - self.top).min(other.bottom - other.top);
        self.turn == other.turn && overlap > 0.5 * height
    }
}
