//! Which engine reads a page.
//!
//! The PP-OCR models read it, where they are installed: they need no preparation and no language, and know every Latin
//! letter. Where they are unsure, or missing, Tesseract reads it: another script, say. Of two readings the surer stands,
//! and the other one is kept as a second opinion. Tesseract reads one language at a time, which a page's frequent words
//! show. The mean confidence of a page's words tells a page that was read badly; neither dictionaries nor the shape of
//! words do.

use std::time::Instant;

use hayro_font::kurbo::Affine;
use image::imageops::{grayscale, rotate90, rotate180, rotate270};
use image::{GrayImage, RgbImage};

use crate::read::is_over;

use super::prepare::{self, Prepared};
use super::tesseract::{Segmentation, Tesseract};
use super::{Engines, Reading, language};

/// Mean confidence from which the models need no second opinion; they are surer than this of all but the worst of
/// noisy forms.
const SURE: f32 = 0.9;
/// Mean confidence under which the page may be turned.
const PERHAPS_TURNED: f32 = 0.65;
/// Mean confidence under which a page counts as illegible.
pub(crate) const LEGIBLE: f32 = 0.5;
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
        let first = self.engines.paddle.as_ref().and_then(|paddle| paddle.read(page));
        if first.as_ref().is_some_and(|first| first.confidence >= SURE || is_over(deadline)) {
            return first;
        }
        let is_roll = page.height() as f32 > ROLL * page.width() as f32;
        let segmentation = if is_roll { Segmentation::Block } else { Segmentation::Page };
        let second = self.read_by_tesseract(&grayscale(page), segmentation, deadline);
        match (first, second) {
            (Some(first), Some(second)) if second.confidence > first.confidence => {
                Some(second.beside(Some(first)))
            }
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
