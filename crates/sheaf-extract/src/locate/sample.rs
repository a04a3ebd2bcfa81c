//! Small documents for tests, laid out in text: a character is 6 by 12 points.

use sheaf_types::{BoundingBox, Document, Page, TextSource, Word};

/// Width of a character in points.
const COLUMN: f32 = 6.0;
/// Height of a line in points.
const ROW: f32 = 14.0;
const WIDTH: f32 = 600.0;
const HEIGHT: f32 = 840.0;

/// A document of one page whose words stand where they stand in `lines`; an empty line is an empty line.
pub(crate) fn page(lines: &[&str]) -> Document {
    pages(&[lines])
}

/// A document of several pages.
pub(crate) fn pages(pages: &[&[&str]]) -> Document {
    let pages = pages.iter().zip(1..).map(|(lines, number)| Page {
        number,
        width: WIDTH,
        height: HEIGHT,
        words: lines.iter().enumerate().flat_map(|(row, line)| words(line, row)).collect(),
        rules: Vec::new(),
        warnings: Vec::new(),
    });
    Document { pages: pages.collect() }
}

fn words(line: &str, row: usize) -> Vec<Word> {
    let mut words = Vec::new();
    let mut column = 0;
    for part in line.split(' ') {
        let length = part.chars().count();
        if length > 0 {
            let (x, y) = (20.0 + column as f32 * COLUMN, 20.0 + row as f32 * ROW);
            // A little narrower than its cells, as the last letter's side bearing is no part of a word.
            let bbox = BoundingBox {
                x0: x / WIDTH,
                y0: y / HEIGHT,
                x1: (x + length as f32 * COLUMN - 0.5) / WIDTH,
                y1: (y + 11.0) / HEIGHT,
            };
            words.push(Word {
                text: part.to_owned(),
                bbox,
                confidence: 1.0,
                font_size: 10.0,
                bold: false,
                turn: 0,
                source: TextSource::Text,
            });
        }
        column += length + 1;
    }
    words
}
