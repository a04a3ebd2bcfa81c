//! Which engine reads a page.
//!
//! Tesseract reads pages; the PP-OCR models, where they are installed, read receipts, coarse pages, and those on which
//! Tesseract was unsure. Where both have read a page, the reading that does not stand is kept as a second opinion. On a page
//! that Tesseract read well, they look again at the lines in which it doubted a word or saw none. Tesseract reads one language
//! at a time, which a page's frequent words show. The mean confidence of a page's words tells a page that was read badly;
//! neither dictionaries nor the shape of words do.

use std::time::Instant;

use hayro_font::kurbo::Affine;
use image::imageops::{grayscale, rotate90, rotate180, rotate270};
use image::{GrayImage, RgbImage};

use crate::read::is_over;

use super::prepare::{self, Prepared};
use super::tesseract::{Segmentation, Tesseract};
use super::{Engines, Reading, Recognised, language};

/// Mean confidence under which a sheet is read again by the stronger engine.
const SURE: f32 = 0.85;
/// Mean confidence under which the page may be turned.
const PERHAPS_TURNED: f32 = 0.65;
/// Mean confidence under which a page counts as illegible.
pub(crate) const LEGIBLE: f32 = 0.5;
/// Confidence under which the stronger engine looks at a word again, and how much surer it must be to be believed.
pub(super) const DOUBTED: f32 = 0.8;
const SURER: f32 = 0.1;
/// Confidence from which the stronger engine is believed where the other saw nothing.
const SEEN: f32 = 0.8;
/// Share of the smaller of two words that the other covers where they are the same.
const SAME: f64 = 0.4;
/// Shorter side under which a page is coarse, in pixels: 120 an inch on A4. Tesseract is sure of what it misreads there.
const COARSE: u32 = 1_000;
/// Height against width from which a page is a till roll.
const ROLL: f32 = 1.65;

/// Reads the pages of one document, one after the other.
pub(crate) struct Recogniser<'e> {
    engines: &'e Engines,
    /// Of the page before, the likeliest of this one.
    language: &'e str,
}

impl<'e> Recogniser<'e> {
    pub(crate) fn new(engines: &'e Engines) -> Self {
        Self { engines, language: engines.languages.first().map_or("", String::as_str) }
    }

    /// Whether a page can be read at all.
    pub(crate) fn can_read(&self) -> bool {
        self.engines.can_read()
    }

    /// Reads a page; `None` without engines.
    pub(crate) fn read(&mut self, page: &RgbImage, deadline: Option<Instant>) -> Option<Reading> {
        let paddle = self.engines.paddle.as_ref();
        let is_roll = page.height() as f32 > ROLL * page.width() as f32;
        let roll = if is_roll { paddle.and_then(|paddle| paddle.read(page)) } else { None };
        if roll.is_some() && is_over(deadline) {
            return roll;
        }
        let segmentation = if is_roll { Segmentation::Block } else { Segmentation::Page };
        let first = self.read_by_tesseract(&grayscale(page), segmentation, deadline);
        if let Some(roll) = roll {
            return Some(roll.beside(first));
        }
        if is_over(deadline) {
            return first;
        }
        let is_coarse = page.width().min(page.height()) < COARSE;
        let first = match first {
            Some(first) if first.confidence >= SURE && !is_coarse => {
                let rest = paddle.map(|paddle| paddle.read_rest(page, &first.words)).unwrap_or_default();
                return Some(joined(first, rest));
            }
            first => first,
        };
        match (first, paddle.and_then(|paddle| paddle.read(page))) {
            (Some(first), Some(second)) if is_better(&second, &first) => Some(second.beside(Some(first))),
            (Some(first), second) => Some(first.beside(second)),
            (None, second) => second,
        }
    }

    /// Reads a page in the language of the one before, and where it shows another one, in that.
    fn read_by_tesseract(
        &mut self,
        page: &GrayImage,
        segmentation: Segmentation,
        deadline: Option<Instant>,
    ) -> Option<Reading> {
        let mut tesseract = self.engines.tesseract()?;
        let mut attempt = Attempt { tesseract: &mut tesseract, segmentation, deadline };
        let (reading, sheet) = attempt.read_turned(page, self.language);
        let other = language::other(&reading.words, self.language, &self.engines.languages);
        let Some(other) = other.filter(|_| !is_over(deadline)) else { return Some(reading) };
        self.language = other;
        Some(attempt.read(&sheet, other))
    }
}

/// One page on its way through Tesseract.
struct Attempt<'t> {
    tesseract: &'t mut Tesseract,
    segmentation: Segmentation,
    deadline: Option<Instant>,
}

impl Attempt<'_> {
    /// Reads a page upright, and where that goes badly, as its orientation suggests; also the sheet that read better.
    fn read_turned(&mut self, page: &GrayImage, language: &str) -> (Reading, Sheet) {
        let upright = Sheet::new(page, 0);
        let reading = self.read(&upright, language);
        let turn = if reading.confidence < PERHAPS_TURNED {
            self.tesseract.turn(&upright.prepared.image)
        } else {
            None
        };
        let Some(turn) = turn.filter(|&turn| turn != 0) else { return (reading, upright) };
        let turned = Sheet::new(page, turn);
        let second = self.read(&turned, language);
        if second.confidence > reading.confidence { (second, turned) } else { (reading, upright) }
    }

    fn read(&mut self, sheet: &Sheet, language: &str) -> Reading {
        let image = &sheet.prepared.image;
        let words = self.tesseract.read(image, language, self.segmentation, self.deadline);
        let reading = Reading::new(words);
        reading.moved(sheet.to_page * sheet.prepared.to_source, sheet.turn)
    }
}

/// A page made ready to be read as if it were turned by so many quarters clockwise.
struct Sheet {
    prepared: Prepared,
    /// From the pixels of the page turned back to its own.
    to_page: Affine,
    turn: u8,
}

impl Sheet {
    fn new(page: &GrayImage, turn: u8) -> Self {
        let (width, height) = (f64::from(page.width()), f64::from(page.height()));
        let (prepared, to_page) = match turn {
            1 => (prepare::sheet(&rotate270(page)), Affine::new([0.0, 1.0, -1.0, 0.0, width, 0.0])),
            2 => (prepare::sheet(&rotate180(page)), Affine::new([-1.0, 0.0, 0.0, -1.0, width, height])),
            3 => (prepare::sheet(&rotate90(page)), Affine::new([0.0, -1.0, 1.0, 0.0, 0.0, height])),
            _ => (prepare::sheet(page), Affine::IDENTITY),
        };
        Self { prepared, to_page, turn }
    }
}

/// Lets the words of a second look stand where the first saw nothing, or saw something less surely.
fn joined(first: Reading, second: Vec<Recognised>) -> Reading {
    let mut words = first.words;
    for word in second {
        let overlapped = |other: &Recognised| {
            let shared = word.bounds.intersect(other.bounds);
            let smaller = word.bounds.area().min(other.bounds.area());
            smaller > 0.0 && shared.width() > 0.0 && shared.height() > 0.0 && shared.area() >= SAME * smaller
        };
        let best =
            words.iter().filter(|other| overlapped(other)).map(|other| other.confidence).reduce(f32::max);
        match best {
            None if word.confidence >= SEEN => {}
            Some(best) if best < DOUBTED && word.confidence > best + SURER => {
                words.retain(|other| !overlapped(other));
            }
            _ => continue,
        }
        words.push(word);
    }
    Reading::new(words)
}

/// Whether the stronger engine's reading replaces Tesseract's.
fn is_better(second: &Reading, first: &Reading) -> bool {
    second.confidence > first.confidence && second.len() * 2 > first.len()
}
