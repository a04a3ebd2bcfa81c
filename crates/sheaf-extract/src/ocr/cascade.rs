//! Which engine reads a page.
//!
//! Tesseract reads pages; the PP-OCR models, where they are installed, read receipts, and pages on which Tesseract
//! was unsure. The mean confidence of a page's words tells a page that was read badly; neither dictionaries nor the
//! shape of words do.

use std::sync::PoisonError;
use std::time::Instant;

use hayro_font::kurbo::Affine;
use image::imageops::{grayscale, rotate90, rotate180, rotate270};
use image::{GrayImage, RgbImage};
use sheaf_types::TextSource;

use super::tesseract::{Segmentation, Tesseract};
use super::{Engines, Reading, prepare};

/// Mean confidence under which a sheet is read again by the stronger engine.
const SURE: f32 = 0.85;
/// Mean confidence under which the page may be turned.
const PERHAPS_TURNED: f32 = 0.65;
/// Mean confidence under which a page counts as illegible.
pub(crate) const LEGIBLE: f32 = 0.5;
/// Height against width from which a page is a till roll.
const ROLL: f32 = 1.65;

impl Engines {
    /// Reads a page; `None` without engines.
    pub(crate) fn read(&self, page: &RgbImage, deadline: Instant) -> Option<Reading> {
        let is_roll = page.height() as f32 > ROLL * page.width() as f32;
        if let (true, Some(paddle)) = (is_roll, &self.paddle) {
            return Some(paddle.read(page));
        }
        let Some(tesseract) = &self.tesseract else {
            return self.paddle.as_ref().map(|paddle| paddle.read(page));
        };
        // A panic elsewhere does not leave the library half-way: its calls do not unwind.
        let mut tesseract = tesseract.lock().unwrap_or_else(PoisonError::into_inner);
        let segmentation = if is_roll { Segmentation::Block } else { Segmentation::Page };
        let reading = read_turned(&mut tesseract, &grayscale(page), segmentation, deadline);
        if reading.confidence >= SURE || Instant::now() >= deadline {
            return Some(reading);
        }
        let second = self.paddle.as_ref().map(|paddle| paddle.read(page));
        Some(match second {
            Some(second) if is_better(&second, &reading) => second,
            _ => reading,
        })
    }
}

/// Reads a page upright, and where that goes badly, as its orientation suggests.
fn read_turned(
    tesseract: &mut Tesseract,
    page: &GrayImage,
    segmentation: Segmentation,
    deadline: Instant,
) -> Reading {
    let upright = prepare::sheet(page);
    let words = tesseract.read(&upright.image, segmentation, deadline);
    let reading = Reading::new(words, TextSource::Tesseract);
    let turn = if reading.confidence < PERHAPS_TURNED { tesseract.turn(&upright.image) } else { None };
    let reading = reading.moved(upright.to_source, 0);
    let Some(turn) = turn.filter(|&turn| turn != 0) else { return reading };
    let (turned, to_page) = turn_back(page, turn);
    let prepared = prepare::sheet(&turned);
    let words = tesseract.read(&prepared.image, segmentation, deadline);
    let second = Reading::new(words, TextSource::Tesseract);
    if second.confidence > reading.confidence {
        second.moved(to_page * prepared.to_source, turn)
    } else {
        reading
    }
}

/// Undoes quarter turns clockwise; also what leads back to the page's own pixels.
fn turn_back(page: &GrayImage, turn: u8) -> (GrayImage, Affine) {
    let (width, height) = (f64::from(page.width()), f64::from(page.height()));
    match turn {
        1 => (rotate270(page), Affine::new([0.0, 1.0, -1.0, 0.0, width, 0.0])),
        2 => (rotate180(page), Affine::new([-1.0, 0.0, 0.0, -1.0, width, height])),
        3 => (rotate90(page), Affine::new([0.0, -1.0, 1.0, 0.0, 0.0, height])),
        _ => (page.clone(), Affine::IDENTITY),
    }
}

/// Whether the stronger engine's reading replaces Tesseract's.
fn is_better(second: &Reading, first: &Reading) -> bool {
    second.confidence > first.confidence && second.len() * 2 > first.len()
}
