//! What a model reads on the pictures of pages, held against what recognition saw there.
//!
//! Pages that are hard to recognise go along as pictures, and the model says how their lines read. Such a reading is data
//! like the rest of an answer: it is laid letter by letter over the line that was recognised, and a word of it counts only
//! where recognition saw nearly the same word, whose box it gets. What is read where recognition saw nothing, or something
//! else, has no place on the page and is left out. A word that recognition spells otherwise is marked: whatever value it
//! makes is given with little confidence, and somebody has to look at it.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value, json};
use sheaf_types::BoundingBox;

use super::index::push_char;
use super::transcript::{DateSpot, Line, NumberSpot, Transcript, Word};
use crate::locate::candidate::numbers_of;
use crate::locate::layout::{Span, TAB};
use crate::parse::date;
use crate::parse::fold::tight;
use crate::parse::locale::DecimalMark;

/// Member of an answer that holds the readings: names of fields begin with a letter.
pub(super) const READINGS: &str = "_readings";
/// Readings that are looked at.
const MOST_READINGS: usize = 200;
/// Letters of a line, or of its reading, that are compared.
const MOST_LETTERS: usize = 400;
/// Share of a reading's letters that recognition saw in this order, at least.
const SAME_LINE: f32 = 0.5;
/// Share of a word's letters that recognition saw in its place, at least.
const SAME_WORD: f32 = 0.65;

/// What is asked for beside the fields.
pub(super) fn schema() -> Value {
    json!({
        "type": "array",
        "description": "Lines that the pictures show otherwise",
        "items": {
            "type": "object",
            "properties": {"line": {"type": "integer"}, "text": {"type": "string"}},
            "required": ["line", "text"],
            "additionalProperties": false,
        },
    })
}

impl Transcript {
    /// The transcript as the pictures of these pages were read; `None` where no reading says anything that recognition bears
    /// out.
    pub(super) fn as_read(&self, pages: &[u32], answer: &Value) -> Option<Self> {
        let mut read = self.clone();
        let mut is_other = false;
        for (index, text) in readings(answer) {
            let Some(line) = self.lines.get(index) else { continue };
            let is_seen = pages.contains(&line.page) && line.words.iter().any(|word| word.is_ocr);
            if !is_seen || line.text == text {
                continue;
            }
            if let Some(line) = line.as_read(&text) {
                read.take(index, line);
                is_other = true;
            }
        }
        is_other.then_some(read)
    }

    /// Puts a reading in the place of a line, with the dates and numbers that it shows.
    fn take(&mut self, index: usize, line: Line) {
        self.dates.retain(|date| date.spans.iter().all(|span| span.line != index));
        self.numbers.retain(|number| number.span.line != index);
        let dates = date::find(&line.text);
        let is_date = |range: &Range<usize>| {
            dates.iter().any(|date| date.range.start < range.end && range.start < date.range.end)
        };
        // Both marks, as what a picture shows may be all that tells which is meant.
        for mark in [DecimalMark::Point, DecimalMark::Comma] {
            for (range, number) in numbers_of(&line.text, mark) {
                let spot = NumberSpot {
                    span: Span { line: index, range },
                    value: number.value,
                    is_percent: number.percent,
                };
                if !is_date(&spot.span.range) && !self.numbers.contains(&spot) {
                    self.numbers.push(spot);
                }
            }
        }
        self.dates.extend(dates.into_iter().map(|found| {
            let span = Span { line: index, range: found.range };
            DateSpot { spans: vec![span], date: found.date }
        }));
        self.lines[index] = line;
    }
}

/// The readings of an answer by the index of their line, the first of each.
fn readings(answer: &Value) -> BTreeMap<usize, String> {
    let mut readings = BTreeMap::new();
    let items = answer.get(READINGS).and_then(Value::as_array);
    for item in items.into_iter().flatten().take(MOST_READINGS).filter_map(Value::as_object) {
        let text = |item: &Map<String, Value>| item.get("text")?.as_str().map(one_line);
        let index =
            |item: &Map<String, Value>| usize::try_from(item.get("line")?.as_u64()?).ok()?.checked_sub(1);
        if let (Some(index), Some(text)) = (index(item), text(item)) {
            readings.entry(index).or_insert(text);
        }
    }
    readings
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Line {
    /// The line as it was read, as far as this one bears it out.
    fn as_read(&self, reading: &str) -> Option<Self> {
        let seen = Letters::of(&self.text);
        let read = Letters::of(reading);
        let longest = seen.classes.len().max(read.classes.len());
        if read.classes.is_empty() || longest > MOST_LETTERS {
            return None;
        }
        let pairs = align(&read.classes, &seen.classes);
        let same = pairs.iter().filter(|pair| pair.is_same).count();
        if (same as f32) < SAME_LINE * read.classes.len() as f32 {
            return None;
        }
        let mut is_said = vec![false; seen.classes.len()];
        for pair in pairs.iter().filter(|pair| pair.is_same) {
            is_said[pair.seen] = true;
        }
        let mut line = Self { page: self.page, text: String::new(), words: Vec::new() };
        // Whether the word before was borne out.
        let mut follows = false;
        for range in words(reading) {
            let text = &reading[range.clone()];
            let is_letter = |at: usize| range.contains(&read.bytes[at]);
            let letters = (0..read.classes.len()).filter(|&at| is_letter(at)).count();
            let own = pairs.iter().filter(|pair| is_letter(pair.read));
            let place = self.place((&seen, &is_said), own, letters);
            // Marks alone belong to the word before them.
            let is_kept = if letters == 0 { follows } else { place.is_some() };
            if is_kept {
                if !line.text.is_empty() {
                    line.text.push(if follows { ' ' } else { TAB });
                }
                if let Some((bbox, seen)) = place {
                    line.words.push(Word {
                        start: line.text.len(),
                        bbox,
                        confidence: seen.iter().map(|word| word.confidence).fold(1.0, f32::min),
                        is_ocr: true,
                        is_misread: !self.says(seen, text),
                        cell: None,
                    });
                }
                line.text.push_str(text);
            }
            follows = is_kept;
        }
        (!line.words.is_empty()).then_some(line)
    }

    /// The words that a word of a reading stands on, and their box, where enough of its letters are theirs, and of theirs the
    /// reading's: `is_said` has the letters that were seen and stand anywhere in it.
    fn place<'p>(
        &self,
        (seen, is_said): (&Letters, &[bool]),
        pairs: impl Iterator<Item = &'p Pair>,
        letters: usize,
    ) -> Option<(BoundingBox, &[Word])> {
        let (mut paired, mut same, mut first, mut last) = (0, 0usize, usize::MAX, 0);
        for pair in pairs {
            paired += 1;
            same += usize::from(pair.is_same);
            first = first.min(pair.seen);
            last = last.max(pair.seen);
        }
        if same == 0 {
            return None;
        }
        let words = self.words_in(&(seen.bytes[first]..seen.bytes[last] + 1));
        let bytes = words.first()?.start..self.end_of(words.last()?);
        let beside = (0..is_said.len()).filter(|at| !(first..=last).contains(at));
        let lost = beside.filter(|&at| !is_said[at] && bytes.contains(&seen.bytes[at])).count();
        // Letters that stand on one side only count, too.
        let all = letters + (last + 1 - first) - paired + lost;
        if (same as f32) < SAME_WORD * all as f32 {
            return None;
        }
        Some((words.iter().map(|word| word.bbox).reduce(BoundingBox::union)?, words))
    }

    /// Whether these words of the line are the very text.
    fn says(&self, words: &[Word], text: &str) -> bool {
        let (Some(first), Some(last)) = (words.first(), words.last()) else { return false };
        tight(&self.text[first.start..self.end_of(last)]) == tight(text)
    }

    /// The byte at which the word after this one starts, or the text ends.
    fn end_of(&self, word: &Word) -> usize {
        let next = self.words.iter().map(|word| word.start).find(|&start| start > word.start);
        next.unwrap_or(self.text.len())
    }
}

/// The letters and digits of a text, and the bytes at which they stand.
struct Letters {
    classes: Vec<u8>,
    bytes: Vec<usize>,
}

impl Letters {
    fn of(text: &str) -> Self {
        let mut letters = Self { classes: Vec::new(), bytes: Vec::new() };
        for (at, c) in text.char_indices() {
            push_char(c, &mut letters.classes);
            letters.bytes.resize(letters.classes.len(), at);
        }
        letters
    }
}

/// A letter of a reading and the one that was recognised in its place.
struct Pair {
    read: usize,
    seen: usize,
    is_same: bool,
}

/// Lays two texts over each other so that the fewest letters differ (Needleman and Wunsch, "A general method applicable to
/// the search for similarities", 1970).
fn align(read: &[u8], seen: &[u8]) -> Vec<Pair> {
    let width = seen.len() + 1;
    let mut costs = vec![0u16; (read.len() + 1) * width];
    for at in 0..costs.len() {
        let (row, column) = (at / width, at % width);
        costs[at] = if row == 0 || column == 0 {
            // Both are at most `MOST_LETTERS`.
            (row + column) as u16
        } else {
            let differs = u16::from(read[row - 1] != seen[column - 1]);
            (costs[at - width - 1] + differs).min(costs[at - width] + 1).min(costs[at - 1] + 1)
        };
    }
    let mut pairs = Vec::new();
    let (mut row, mut column) = (read.len(), seen.len());
    while row > 0 && column > 0 {
        let at = row * width + column;
        let is_same = read[row - 1] == seen[column - 1];
        if costs[at] == costs[at - width - 1] + u16::from(!is_same) {
            pairs.push(Pair { read: row - 1, seen: column - 1, is_same });
            (row, column) = (row - 1, column - 1);
        } else if costs[at] == costs[at - 1] + 1 {
            column -= 1;
        } else {
            row -= 1;
        }
    }
    pairs
}

/// The words of a line that has single blanks.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split(' ').map(move |word| {
        let range = start..start + word.len();
        start = range.end + 1;
        range
    })
}
