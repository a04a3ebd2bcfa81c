//! Lines drawn on a scan, found in its pixels: borders of tables, boxes of forms, lines to write on.
//!
//! The page is cut into narrow strips; where a strip is ink across its whole width and thin, it holds a piece of a line.
//! Pieces of neighbouring strips at nearly one height make a line, so that it may be slanted as much as a scan is.

use image::{GrayImage, imageops};
use sheaf_types::{BoundingBox, Rule, Word};

/// Side of the squares in which the brightness of the paper is taken, in pixels.
const SQUARE: u32 = 32;
/// Share of the paper's brightness under which a pixel is ink; lines of forms are often grey.
const INK: f32 = 0.8;
/// Strips across the shorter side of the page: a tenth of an inch each on A4.
const STRIPS: u32 = 80;
/// Share of a strip that is ink where it holds a piece of a line.
const FILLED: f32 = 0.8;
/// Share of a strip that may be ink right above and below the piece.
const CLEAR: f32 = 0.6;
/// Thickness up to which ink is a line, as a share of the shorter side: three points on A4.
const THICKEST: f32 = 0.005;
/// Strips that a line may miss: where something is stamped or punched.
const GAP: usize = 2;
/// Share of a line's length that is ink: letters in a row are not.
const WHOLE: f32 = 0.85;
/// Strips that a line covers at least.
const SHORTEST: usize = 2;
/// Length of a horizontal line, and of an upright one, in heights of a word: those within letters are shorter.
const LENGTH: [f32; 2] = [2.5, 1.6];
/// How far one rule may stray from its direction, as a share of the shorter side: a point and a half on A4.
const STRAY: f32 = 0.0025;

/// The lines drawn on a page whose words are `letter` pixels high, at most `most` of them; a slanted one is given as several.
pub(super) fn rules(ink: &GrayImage, letter: f32, most: usize) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let turned = imageops::rotate90(&imageops::flip_vertical(ink));
    for (upright, ink) in [(false, ink), (true, &turned)] {
        let (width, height) = (ink.width() as f32, ink.height() as f32);
        for line in lines(ink, (LENGTH[usize::from(upright)] * letter) as u32) {
            let (x0, x1) = (line.from as f32 / width, line.to as f32 / width);
            let (y0, y1) = (line.top as f32 / height, line.bottom as f32 / height);
            let bbox = if upright {
                BoundingBox { x0: y0, y0: x0, x1: y1, y1: x1 }
            } else {
                BoundingBox { x0, y0, x1, y1 }
            };
            rules.push(Rule { bbox });
        }
    }
    rules.truncate(most);
    rules
}

/// The usual height of a word on the page, as a share of the page's; 0 without upright words.
pub(super) fn letter_height(words: &[Word]) -> f32 {
    let mut heights: Vec<f32> =
        words.iter().filter(|word| word.turn % 2 == 0).map(|word| word.bbox.height()).collect();
    heights.sort_by(f32::total_cmp);
    heights.get(heights.len() / 2).copied().unwrap_or(0.0)
}

/// A horizontal line in pixels; the ends are exclusive.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Line {
    from: u32,
    to: u32,
    top: u32,
    bottom: u32,
}

/// White where there is ink, judged against the paper around it.
pub(super) fn ink(page: &GrayImage) -> GrayImage {
    let (columns, rows) = (page.width().div_ceil(SQUARE), page.height().div_ceil(SQUARE));
    let paper = GrayImage::from_fn(columns, rows, |column, row| {
        let mut counts = [0u32; 256];
        let (right, bottom) =
            (((column + 1) * SQUARE).min(page.width()), ((row + 1) * SQUARE).min(page.height()));
        for y in row * SQUARE..bottom {
            for x in column * SQUARE..right {
                counts[usize::from(page.get_pixel(x, y).0[0])] += 1;
            }
        }
        let mut left = counts.iter().sum::<u32>() / 4;
        let brightest = counts.iter().rposition(|&count| {
            let reached = count > left;
            left = left.saturating_sub(count);
            reached
        });
        image::Luma([brightest.unwrap_or(0) as u8])
    });
    GrayImage::from_fn(page.width(), page.height(), |x, y| {
        let (column, row) = (x / SQUARE, y / SQUARE);
        let paper = paper.get_pixel(column, row).0[0];
        let is_ink = f32::from(page.get_pixel(x, y).0[0]) < INK * f32::from(paper);
        image::Luma([if is_ink { 255 } else { 0 }])
    })
}

/// Pieces of one line, strip by strip.
#[derive(Debug)]
struct Chain {
    /// Strip, first row and row behind the last.
    pieces: Vec<(usize, u32, u32)>,
}

/// The horizontal lines of an image of ink that are `shortest` pixels long or longer.
fn lines(ink: &GrayImage, shortest: u32) -> Vec<Line> {
    let side = ink.width().min(ink.height());
    let strip = (side / STRIPS).max(4);
    let thickest = ((side as f32 * THICKEST) as u32).max(2);
    let mut open: Vec<Chain> = Vec::new();
    let mut done: Vec<Chain> = Vec::new();
    let strips = (ink.width() / strip) as usize;
    let mut filled = vec![0u32; ink.height() as usize];
    for index in 0..strips {
        count(ink, index as u32 * strip, strip, &mut filled);
        let mut taken = vec![false; open.len()];
        for (top, bottom) in pieces(&filled, strip, thickest) {
            let middle = |top: u32, bottom: u32| (top + bottom) as f32 / 2.0;
            let near = |chain: &Chain| {
                let &(last, t, b) = chain.pieces.last()?;
                let reach = (index - last) as f32 * 0.06 * strip as f32 + 1.5;
                let apart = (middle(t, b) - middle(top, bottom)).abs();
                (apart <= reach).then_some(apart)
            };
            let best = (0..taken.len())
                .filter(|&at| !taken[at])
                .filter_map(|at| near(&open[at]).map(|apart| (at, apart)))
                .min_by(|a, b| a.1.total_cmp(&b.1));
            match best {
                Some((at, _)) => {
                    taken[at] = true;
                    open[at].pieces.push((index, top, bottom));
                }
                None => open.push(Chain { pieces: vec![(index, top, bottom)] }),
            }
        }
        let is_over = |chain: &Chain| chain.pieces.last().is_some_and(|&(last, ..)| index - last > GAP);
        let (over, still): (Vec<Chain>, Vec<Chain>) = open.into_iter().partition(is_over);
        done.extend(over);
        open = still;
    }
    done.extend(open);
    let stray = ((side as f32 * STRAY) as u32).max(2);
    let mut lines: Vec<Line> = done
        .iter()
        .filter(|chain| chain.pieces.len() >= SHORTEST)
        .flat_map(|chain| straight(chain, strip, stray, shortest, ink))
        .collect();
    lines.sort_by_key(|line| (line.top, line.from));
    lines
}

/// Ink in each row of a strip.
fn count(ink: &GrayImage, from: u32, width: u32, filled: &mut [u32]) {
    let (from, width) = (from as usize, width as usize);
    for (row, filled) in ink.as_raw().chunks_exact(ink.width() as usize).zip(filled) {
        *filled = row[from..from + width].iter().filter(|&&level| level > 0).count() as u32;
    }
}

/// The thin runs of rows that are ink across the strip.
fn pieces(filled: &[u32], strip: u32, thickest: u32) -> Vec<(u32, u32)> {
    let full = (FILLED * strip as f32) as u32;
    let clear = (CLEAR * strip as f32) as u32;
    let mut found = Vec::new();
    let mut row = 0;
    while row < filled.len() {
        if filled[row] < full {
            row += 1;
            continue;
        }
        let top = row;
        while row < filled.len() && filled[row] >= full {
            row += 1;
        }
        let above = top.checked_sub(2).map_or(0, |above| filled[above]);
        let below = filled.get(row + 1).copied().unwrap_or(0);
        if (row - top) as u32 <= thickest && above <= clear && below <= clear {
            found.push((top as u32, row as u32));
        }
    }
    found
}

/// A chain as straight lines, reaching to where its ink ends.
fn straight(chain: &Chain, strip: u32, stray: u32, shortest: u32, ink: &GrayImage) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for &(index, top, bottom) in &chain.pieces {
        let (from, to) = (index as u32 * strip, (index as u32 + 1) * strip);
        match lines.last_mut() {
            Some(line) if line.bottom.max(bottom) - line.top.min(top) <= stray + (bottom - top) => {
                *line = Line { to, top: line.top.min(top), bottom: line.bottom.max(bottom), ..*line };
            }
            _ => lines.push(Line { from, to, top, bottom }),
        }
    }
    let is_ink = |x: u32, line: Line| (line.top..line.bottom).any(|y| ink.get_pixel(x, y).0[0] > 0);
    if let Some(first) = lines.first_mut() {
        while first.from > 0 && is_ink(first.from - 1, *first) {
            first.from -= 1;
        }
    }
    if let Some(last) = lines.last_mut() {
        while last.to < ink.width() && is_ink(last.to, *last) {
            last.to += 1;
        }
    }
    let length: u32 = lines.iter().map(|line| line.to - line.from).sum();
    let inked: usize =
        lines.iter().map(|&line| (line.from..line.to).filter(|&x| is_ink(x, line)).count()).sum();
    if length < shortest || (inked as f32) < WHOLE * length as f32 {
        lines.clear();
    }
    lines
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    const WIDTH: u32 = 1240;
    const HEIGHT: u32 = 1754;

    fn blank(paper: u8) -> RgbImage {
        RgbImage::from_pixel(WIDTH, HEIGHT, Rgb([paper; 3]))
    }

    fn fill(page: &mut RgbImage, x: std::ops::Range<u32>, y: std::ops::Range<u32>, ink: u8) {
        for y in y {
            for x in x.clone() {
                page.put_pixel(x, y, Rgb([ink; 3]));
            }
        }
    }

    fn near(a: BoundingBox, b: [u32; 4]) -> bool {
        let (w, h) = (WIDTH as f32, HEIGHT as f32);
        let sides = [a.x0 * w, a.y0 * h, a.x1 * w, a.y1 * h];
        sides.iter().zip(b).all(|(side, other)| (side - other as f32).abs() < 4.0)
    }

    #[test]
    fn a_box_is_two_lines_across_and_two_upright() {
        let mut page = blank(230);
        for y in [300, 500] {
            fill(&mut page, 200..900, y..y + 3, 60);
        }
        for x in [200, 897] {
            fill(&mut page, x..x + 3, 300..503, 60);
        }
        let found = rules(&ink(&imageops::grayscale(&page)), 0.0, 100);
        assert_eq!(found.len(), 4, "{found:?}");
        for side in [[200, 300, 900, 303], [200, 500, 900, 503], [200, 300, 203, 503], [897, 300, 900, 503]] {
            assert!(found.iter().any(|rule| near(rule.bbox, side)), "{side:?} in {found:?}");
        }
    }

    #[test]
    fn grey_lines_on_dark_paper_are_found_and_bars_and_letters_are_not() {
        let mut page = blank(150);
        fill(&mut page, 100..1100, 700..702, 105);
        // A bar, and the strokes of letters in a heading.
        fill(&mut page, 100..1100, 900..960, 20);
        for letter in 0..20 {
            fill(&mut page, 100 + 30 * letter..106 + 30 * letter, 1100..1126, 20);
            fill(&mut page, 100 + 30 * letter..120 + 30 * letter, 1110..1114, 20);
        }
        let found = rules(&ink(&imageops::grayscale(&page)), 0.0, 100);
        let across: Vec<&Rule> = found.iter().filter(|rule| rule.bbox.width() > 0.3).collect();
        assert_eq!(across.len(), 1, "{found:?}");
        assert!(near(across[0].bbox, [100, 700, 1100, 702]), "{across:?}");
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn a_slanted_line_is_several_thin_ones() {
        let mut page = blank(250);
        for x in 100..1100 {
            let y = 400 + x / 40;
            fill(&mut page, x..x + 1, y..y + 3, 30);
        }
        let found = rules(&ink(&imageops::grayscale(&page)), 0.0, 100);
        assert!(found.len() > 2, "{found:?}");
        assert!(found.iter().all(|rule| rule.bbox.height() * (HEIGHT as f32) < 8.0), "{found:?}");
        let covered: f32 = found.iter().map(|rule| rule.bbox.width() * WIDTH as f32).sum();
        assert!(covered > 900.0, "{covered}");
    }
}
