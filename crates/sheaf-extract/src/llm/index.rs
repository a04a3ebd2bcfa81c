//! The words that were shown, folded into streams in which an answer is searched for.
//!
//! A stream is the letters and digits of the lines one after the other: without case, accents, blanks and punctuation, so
//! that line breaks, hyphens and formatting do not part what belongs together; and with characters that recognition
//! confuses made one (`O` and `0`, `l` and `1`, `rn` and `m`). No two digits are made one, so that no number becomes another.
//! There are two streams: the lines as they follow each other, and the columns, in which a text goes on below and not
//! beside.

use std::cell::OnceCell;
use std::ops::Range;

use super::transcript::{Line, Transcript};
use super::typed::Typed;
use crate::locate::layout::{Span, TAB};
use crate::parse::fold::push_folded;

/// Lines that a column may be interrupted by.
const COLUMN_GAP: usize = 3;
/// Bytes of the runs whose occurrence is noted: most of what stands nowhere has one that does not occur.
const GRAM: usize = 4;
/// Bits of their hash.
const GRAM_BITS: u32 = 19;
/// Parts two pages or columns: no character folds to it.
const BORDER: u8 = 0;

/// The words that were shown, ready to be searched.
pub(super) struct Index<'t> {
    pub(super) transcript: &'t Transcript,
    pub(super) rows: Stream,
    columns: OnceCell<Stream>,
    pub(super) typed: Typed<'t>,
}

impl<'t> Index<'t> {
    pub(super) fn new(transcript: &'t Transcript) -> Self {
        Self {
            transcript,
            rows: Stream::of_rows(&transcript.lines),
            columns: OnceCell::new(),
            typed: Typed::new(transcript),
        }
    }

    /// The lines from column to column.
    pub(super) fn columns(&self) -> &Stream {
        self.columns.get_or_init(|| Stream::of_columns(&self.transcript.lines))
    }
}

/// Where a byte of a stream comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spot {
    pub(super) line: u32,
    pub(super) byte: u32,
}

/// Folded text that knows where it comes from.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) bytes: Vec<u8>,
    /// For each byte its character.
    pub(super) spots: Vec<Spot>,
    /// Pages and where they begin, of a stream of lines.
    pages: Vec<(u32, usize)>,
    /// A bit for each run of [`GRAM`] bytes, by its hash, whether it occurs.
    grams: Vec<u64>,
}

impl Stream {
    fn of_rows(lines: &[Line]) -> Self {
        let mut stream = Self::default();
        let mut page = 0;
        for (index, line) in lines.iter().enumerate() {
            if line.page != page {
                page = line.page;
                stream.pages.push((page, stream.bytes.len()));
                stream.border();
            }
            stream.push(index, &line.text, 0..line.text.len());
        }
        stream.with_grams()
    }

    fn of_columns(lines: &[Line]) -> Self {
        let mut columns: Vec<Vec<(usize, Range<usize>)>> = Vec::new();
        // Columns that may go on: their number, last line and its left and right edge.
        let mut open: Vec<(usize, usize, f32, f32)> = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            if index > 0 && lines[index - 1].page != line.page {
                open.clear();
            }
            open.retain(|&(_, last, ..)| index - last <= COLUMN_GAP);
            for range in segments(&line.text) {
                let (x0, x1) = line
                    .words_in(&range)
                    .iter()
                    .fold((f32::INFINITY, f32::NEG_INFINITY), |(x0, x1), word| {
                        (x0.min(word.bbox.x0), x1.max(word.bbox.x1))
                    });
                let shared = |&(_, last, a0, a1): &(usize, usize, f32, f32)| {
                    let shared = x1.min(a1) - x0.max(a0);
                    (last < index && shared > 0.3 * (x1 - x0).min(a1 - a0)).then_some(shared)
                };
                let above = open
                    .iter()
                    .enumerate()
                    .filter_map(|(at, column)| Some((at, shared(column)?)))
                    .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
                match above {
                    Some((at, _)) => {
                        columns[open[at].0].push((index, range));
                        open[at] = (open[at].0, index, x0, x1);
                    }
                    None => {
                        open.push((columns.len(), index, x0, x1));
                        columns.push(vec![(index, range)]);
                    }
                }
            }
        }
        let mut stream = Self::default();
        for column in columns {
            stream.border();
            for (index, range) in column {
                stream.push(index, &lines[index].text, range);
            }
        }
        stream.with_grams()
    }

    fn with_grams(mut self) -> Self {
        self.grams = vec![0; 1 << (GRAM_BITS - u64::BITS.ilog2())];
        for gram in self.bytes.windows(GRAM) {
            let (at, bit) = gram_bit(gram);
            self.grams[at] |= bit;
        }
        self
    }

    /// Whether a text may stand in the stream; where not, it does not.
    pub(super) fn may_hold(&self, text: &[u8]) -> bool {
        text.windows(GRAM).map(gram_bit).all(|(at, bit)| self.grams[at] & bit != 0)
    }

    /// The part of a stream of lines that is a page's; empty for one that was not shown.
    pub(super) fn of_page(&self, page: u32) -> Range<usize> {
        let Some(at) = self.pages.iter().position(|&(number, _)| number == page) else { return 0..0 };
        let end = self.pages.get(at + 1).map_or(self.bytes.len(), |&(_, start)| start);
        self.pages[at].1..end
    }

    fn border(&mut self) {
        self.bytes.push(BORDER);
        self.spots.push(Spot { line: u32::MAX, byte: 0 });
    }

    fn push(&mut self, line: usize, text: &str, range: Range<usize>) {
        // Lines and bytes of a document that fits in memory as JSON.
        let spot = |byte: usize| Spot { line: line as u32, byte: byte as u32 };
        for (at, c) in text[range.clone()].char_indices() {
            let before = self.bytes.len();
            push_char(c, &mut self.bytes);
            self.spots.extend(std::iter::repeat_n(spot(range.start + at), self.bytes.len() - before));
        }
    }

    /// The parts of lines that `range` of the stream comes from, from top to bottom.
    pub(super) fn spans(&self, range: Range<usize>, lines: &[Line]) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for spot in &self.spots[range] {
            let (line, byte) = (spot.line as usize, spot.byte as usize);
            let end = byte + lines[line].text[byte..].chars().next().map_or(0, char::len_utf8);
            match spans.last_mut() {
                Some(span) if span.line == line => span.range.end = end,
                _ => spans.push(Span { line, range: byte..end }),
            }
        }
        spans
    }
}

/// The word of the noted runs, and the bit in it, that a run has.
fn gram_bit(gram: &[u8]) -> (usize, u64) {
    let run = gram.iter().fold(0, |run, &byte| run << 8 | u32::from(byte));
    // Fibonacci hashing (Knuth, volume 3, 6.4).
    let hash = run.wrapping_mul(0x9e37_79b1) >> (u32::BITS - GRAM_BITS);
    ((hash >> 6) as usize, 1 << (hash & 63))
}

/// The parts of a line between wide gaps.
fn segments(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split(TAB).map(move |part| {
        let range = start..start + part.len();
        start = range.end + 1;
        range
    })
}

/// A text as it stands in a stream.
pub(super) fn skeleton(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        push_char(c, &mut bytes);
    }
    bytes
}

/// Pushes what a character is made into: nothing for punctuation and blanks.
pub(super) fn push_char(c: char, out: &mut Vec<u8>) {
    if c.is_ascii() {
        push_class(c.to_ascii_lowercase(), out);
    } else if c.is_alphanumeric() {
        let mut folded = String::new();
        push_folded(c.encode_utf8(&mut [0; 4]), &mut folded);
        folded.chars().for_each(|c| push_class(c, out));
    }
}

/// Pushes the class of characters that a folded one may be confused with.
fn push_class(c: char, out: &mut Vec<u8>) {
    match c {
        '0' | 'o' => out.push(b'o'),
        '1' | 'i' | 'l' => out.push(b'l'),
        '2' | 'z' => out.push(b'z'),
        '5' | 's' => out.push(b's'),
        '6' | 'g' => out.push(b'g'),
        '8' | 'b' => out.push(b'b'),
        '9' | 'q' => out.push(b'q'),
        'm' => out.extend(b"rn"),
        'w' => out.extend(b"vv"),
        _ if c.is_ascii_alphanumeric() => out.push(c as u8),
        _ if c.is_alphanumeric() => out.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        _ => {}
    }
}
