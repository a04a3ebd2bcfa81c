//! Reading order: lines from top to bottom, words from left to right.

use std::collections::BTreeSet;

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

/// Lines looked at above and below a word, no further off than its own height: those nearest.
const CANDIDATES: usize = 16;
/// Steps of the key that lines are found by, a unit of length: fine enough for points and for fractions of a page.
const KEY: f64 = 1e5;

/// The words in reading order. Upright text comes first, then text turned by one, two and three quarters, each in its
/// own reading direction.
///
/// Words are taken from left to right, and each follows the line whose last word it overlaps most. So lines may
/// lean, as those of scans do, and the order is total whatever the boxes.
pub(crate) fn sort<W: Placed>(words: Vec<W>) -> Vec<W> {
    let mut placed: Vec<(Place, W)> = words.into_iter().map(|word| (Place::new(&word), word)).collect();
    placed.sort_by(|(a, _), (b, _)| {
        (a.turn.cmp(&b.turn)).then(a.start.total_cmp(&b.start)).then(a.middle().total_cmp(&b.middle()))
    });
    let mut lines: Vec<Line<W>> = Vec::new();
    let mut by_height: BTreeSet<(u8, i64, usize)> = BTreeSet::new();
    for (place, word) in placed {
        let key = |height: f64| (place.turn, (height * KEY) as i64, 0);
        let (middle, reach) = (place.middle(), place.bottom - place.top);
        let above = by_height.range(key(middle - reach)..key(middle)).rev().take(CANDIDATES);
        let below = by_height.range(key(middle)..=key(middle + reach)).take(CANDIDATES);
        let nearest = above
            .chain(below)
            .map(|(_, _, index)| (lines[*index].last.overlap(&place), *index))
            .filter(|(overlap, _)| *overlap > 0.5)
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let index = if let Some((_, index)) = nearest {
            by_height.remove(&lines[index].key(index));
            lines[index].push(place, word);
            index
        } else {
            lines.push(Line { last: place, sum: place.middle(), words: vec![word] });
            lines.len() - 1
        };
        by_height.insert(lines[index].key(index));
    }
    lines.sort_by(|a, b| a.last.turn.cmp(&b.last.turn).then(a.height().total_cmp(&b.height())));
    lines.into_iter().flat_map(Line::into_words).collect()
}

/// Words that follow one another.
struct Line<W> {
    last: Place,
    /// Of the words' heights on the page.
    sum: f64,
    words: Vec<W>,
}

impl<W: Placed> Line<W> {
    fn push(&mut self, place: Place, word: W) {
        self.last = place;
        self.sum += place.middle();
        self.words.push(word);
    }

    fn height(&self) -> f64 {
        self.sum / self.words.len() as f64
    }

    fn key(&self, index: usize) -> (u8, i64, usize) {
        (self.last.turn, (self.last.middle() * KEY) as i64, index)
    }

    fn into_words(mut self) -> Vec<W> {
        if reads_from_the_right(&self.words) {
            self.words.reverse();
            let is_ltr = |word: &W| !rtl::has_rtl(word.text());
            self.words.chunk_by_mut(|a, b| is_ltr(a) && is_ltr(b)).for_each(<[_]>::reverse);
        }
        self.words
    }
}

/// Whether most letters of a line are of a script written from right to left.
pub(super) fn reads_from_the_right<W: Placed>(words: &[W]) -> bool {
    if !words.iter().any(|word| rtl::has_rtl(word.text())) {
        return false;
    }
    let letters = words.iter().flat_map(|word| word.text().chars()).filter(|c| c.is_alphabetic());
    let (rtl, ltr): (Vec<char>, Vec<char>) = letters.partition(|c| rtl::is_rtl(*c));
    rtl.len() > ltr.len()
}

/// A word's place in its own reading direction.
#[derive(Debug, Clone, Copy)]
struct Place {
    turn: u8,
    start: f64,
    top: f64,
    bottom: f64,
}

impl Place {
    fn new(word: &impl Placed) -> Self {
        let b = word.bounds();
        let (start, top, bottom) = match word.turn() {
            0 => (b.x0, b.y0, b.y1),
            1 => (b.y0, -b.x1, -b.x0),
            2 => (-b.x1, -b.y1, -b.y0),
            _ => (-b.y1, b.x0, b.x1),
        };
        Self { turn: word.turn(), start, top, bottom }
    }

    fn middle(&self) -> f64 {
        f64::midpoint(self.top, self.bottom)
    }

    /// What two words share of the lower one's height, 0 to 1.
    fn overlap(&self, other: &Self) -> f64 {
        let shared = self.bottom.min(other.bottom) - self.top.max(other.top);
        shared / (self.bottom - self.top).min(other.bottom - other.top).max(f64::MIN_POSITIVE)
    }
}
