//! Which words of a page stand on one line, and how the page is turned.
//!
//! Lines are grouped by the overlap of heights with the nearest word of the line, so that slanted scans and mixed sizes
//! hold; words printed over one another are parted into lines of their own.

use sheaf_types::{BoundingBox, Page, Word};

use super::layout::Rect;

/// Words whose heights overlap by this share stand on one line.
const SAME_LINE: f32 = 0.5;

/// Recognised words that are less sure are scribbles as often as words: they join the lines of the others, and begin none of them.
const DOUBTFUL: f32 = 0.3;

/// By how much the box of a word may reach over a rule beside it, as a share of its height.
const OVER_RULE: f32 = 0.07;

/// Share of a word's height that a line beside it covers at least: strokes of signatures cross part of it.
const MOST_OF_WORD: f32 = 0.85;

/// How a page is turned so that most of its words read upright.
#[derive(Debug)]
pub(crate) struct Frame {
    turn: u8,
    pub(crate) width: f32,
    pub(super) height: f32,
    page_width: f32,
    page_height: f32,
    /// Left-right positions and vertical extents of upright rules.
    verticals: Vec<Rect>,
}

impl Frame {
    pub(crate) fn of(page: &Page) -> Self {
        let mut letters = [0usize; 4];
        for word in &page.words {
            letters[usize::from(word.turn % 4)] += word.text.len();
        }
        let turn = (0..4u8).max_by_key(|&t| (letters[usize::from(t)], std::cmp::Reverse(t))).unwrap_or(0);
        let mut frame = Self::turned(page, turn);
        frame.verticals = page
            .rules
            .iter()
            .map(|rule| frame.rect(rule.bbox))
            .filter(|rect| rect.width() < 3.0 && rect.height() > 6.0)
            .collect();
        frame.verticals.sort_by(|a, b| a.x0.total_cmp(&b.x0));
        frame
    }

    fn turned(page: &Page, turn: u8) -> Self {
        let (page_width, page_height) = (page.width.max(1.0), page.height.max(1.0));
        let (width, height) =
            if turn.is_multiple_of(2) { (page_width, page_height) } else { (page_height, page_width) };
        Self { turn, width, height, page_width, page_height, verticals: Vec::new() }
    }

    /// Quarter turns clockwise from upright that its words read in, 0 to 3.
    pub(crate) fn turn(&self) -> u8 {
        self.turn
    }

    /// A box of the displayed page in points of the upright one.
    pub(crate) fn rect(&self, b: BoundingBox) -> Rect {
        let finite = |v: f32| if v.is_finite() { v.clamp(-1.0, 2.0) } else { 0.0 };
        let (x0, x1) = (finite(b.x0) * self.page_width, finite(b.x1) * self.page_width);
        let (y0, y1) = (finite(b.y0) * self.page_height, finite(b.y1) * self.page_height);
        match self.turn {
            0 => Rect { x0, y0, x1, y1 },
            1 => Rect { x0: y0, y0: self.height - x1, x1: y1, y1: self.height - x0 },
            2 => {
                Rect { x0: self.width - x1, y0: self.height - y1, x1: self.width - x0, y1: self.height - y0 }
            }
            _ => Rect { x0: self.width - y1, y0: x0, x1: self.width - y0, y1: x1 },
        }
    }

    pub(super) fn ruled_between(&self, left: Rect, right: Rect) -> bool {
        // A box may reach a little over the line beside it, but not as far as over the first stroke of a letter.
        let over = OVER_RULE * left.height().min(right.height());
        let first = self.verticals.partition_point(|rule| rule.x1 < left.x1 - over);
        self.verticals[first..]
            .iter()
            .take_while(|rule| rule.x0 <= right.x0 + over)
            .filter(|rule| (left.x1 - over..=right.x0 + over).contains(&rule.centre_x()))
            .any(|rule| {
                let covers =
                    |word: Rect| rule.y1.min(word.y1) - rule.y0.max(word.y0) >= MOST_OF_WORD * word.height();
                covers(left) && covers(right)
            })
    }
}

/// The words of a page in lines from top to bottom, each from left to right; words that do not read the way most do are
/// left out, as are words without a letter or digit or sign. Each word is its index and where it stands.
pub(super) fn group_lines(page: &Page, frame: &Frame) -> Vec<Vec<(usize, Rect)>> {
    let mut words: Vec<(usize, Rect)> = page
        .words
        .iter()
        .enumerate()
        .filter(|(_, word)| word.turn % 4 == frame.turn && !word.text.trim().is_empty())
        .map(|(index, word)| (index, frame.rect(word.bbox)))
        .collect();
    let is_doubtful =
        |index: usize| page.words[index].source.is_ocr() && page.words[index].confidence < DOUBTFUL;
    let order = |&(index, rect): &(usize, Rect)| (is_doubtful(index), rect.centre_y(), index);
    words.sort_by(|a, b| {
        let ((doubtful_a, y_a, a), (doubtful_b, y_b, b)) = (order(a), order(b));
        doubtful_a.cmp(&doubtful_b).then(y_a.total_cmp(&y_b)).then(a.cmp(&b))
    });
    let first_doubtful = words.partition_point(|&(index, _)| !is_doubtful(index));
    let mut lines: Vec<(Rect, Vec<(usize, Rect)>)> = Vec::new();
    // Lines that may still take a word: those not far above it.
    let mut open = 0;
    let is_dash =
        |index: usize| page.words[index].text.chars().all(|c| matches!(c, '-' | '–' | '—' | '~' | '='));
    for (at, (index, rect)) in words.into_iter().enumerate() {
        if at == first_doubtful {
            open = 0;
            lines.sort_by(|(a, _), (b, _)| a.y1.total_cmp(&b.y1));
        }
        while open < lines.len() && lines[open].0.y1 < rect.y0 - 50.0 {
            open += 1;
        }
        let best = lines[open..]
            .iter()
            .enumerate()
            .filter(|(_, (line, _))| line.overlap_y(rect) > 0.0)
            .filter_map(|(i, (line, members))| {
                let (beside, near) = nearest(members, rect).unwrap_or((index, *line));
                let (small, large) = sorted(near.height(), rect.height());
                let share = near.overlap_y(rect) / small;
                // A title in large print spans several lines of small print: only feet or middles at one height make one
                // line, or letters of one width, as the box of a recognised word may hold ink above and below it. A dash is
                // small and stands at any height.
                let level = large < 1.9 * small
                    || is_alike(&page.words[beside], near, &page.words[index], rect)
                    || (near.y1 - rect.y1).abs() < 0.35 * small
                    || (near.centre_y() - rect.centre_y()).abs() < 0.25 * small
                    || if rect.height() < near.height() { is_dash(index) } else { is_dash(beside) };
                (share >= SAME_LINE && level).then_some((open + i, share))
            })
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        match best {
            Some((line, _)) => {
                lines[line].0 = lines[line].0.union(rect);
                lines[line].1.push((index, rect));
            }
            None => lines.push((rect, vec![(index, rect)])),
        }
    }
    lines.sort_by(|a, b| a.0.centre_y().total_cmp(&b.0.centre_y()));
    lines
        .into_iter()
        .flat_map(|(_, mut members)| {
            members.sort_by(|(i, a), (j, b)| a.x0.total_cmp(&b.x0).then(i.cmp(j)));
            tracks(members)
        })
        .collect()
}

/// Parts words of one height that are printed over one another (a text too long for its cell runs into the next one):
/// each word follows the one it stands behind, not the one it stands on.
fn tracks(members: Vec<(usize, Rect)>) -> Vec<Vec<(usize, Rect)>> {
    if members.windows(2).all(|pair| !is_on(pair[0].1, pair[1].1)) {
        return vec![members];
    }
    let mut tracks: Vec<(Rect, Vec<(usize, Rect)>)> = Vec::new();
    for (index, rect) in members {
        let cost = |last: &Rect| {
            let height = last.height().max(0.1);
            let level = (last.y1 - rect.y1).abs() / height;
            let gap = (rect.x0 - last.x1) / height;
            (!is_on(*last, rect)).then_some(5.0 * level + 0.1 * gap.max(0.0))
        };
        let best = tracks
            .iter()
            .enumerate()
            .filter_map(|(i, (last, _))| cost(last).map(|c| (i, c)))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        match best {
            Some((track, _)) => {
                tracks[track].0 = rect;
                tracks[track].1.push((index, rect));
            }
            None => tracks.push((rect, vec![(index, rect)])),
        }
    }
    tracks.into_iter().map(|(_, words)| words).collect()
}

/// Whether two recognised words that stand side by side are set in letters of about one width.
fn is_alike(a: &Word, a_rect: Rect, b: &Word, b_rect: Rect) -> bool {
    let letters = |word: &Word| word.text.chars().count();
    let (a_width, b_width) = (a_rect.width() / letters(a) as f32, b_rect.width() / letters(b) as f32);
    let (narrow, wide) = sorted(a_width, b_width);
    let gap = -a_rect.overlap_x(b_rect);
    a.source.is_ocr()
        && b.source.is_ocr()
        && letters(a).min(letters(b)) > 3
        && wide < 1.3 * narrow
        && (0.0..2.0 * wide).contains(&gap)
}

/// Whether a word is printed over the one before it.
fn is_on(last: Rect, rect: Rect) -> bool {
    last.overlap_x(rect) > 0.3 * last.width().min(rect.width())
}

/// Two heights, the smaller first, none zero.
fn sorted(a: f32, b: f32) -> (f32, f32) {
    (a.min(b).max(0.1), a.max(b).max(0.1))
}

/// The member of a line that stands nearest to `rect` from left to right: on a slanted scan the neighbour's height
/// counts, not the line's.
fn nearest(members: &[(usize, Rect)], rect: Rect) -> Option<(usize, Rect)> {
    let overlap = |&(_, member): &(usize, Rect)| member.overlap_x(rect).min(0.0);
    let measured = members.iter().map(|member| (overlap(member), *member));
    measured.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, member)| member)
}
