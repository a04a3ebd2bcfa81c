//! Where a page's text is missing: its pixels are recognised.

use std::time::Instant;

use hayro_font::kurbo::Rect;
use image::{Rgb, RgbImage, imageops};
use sheaf_types::{BoundingBox, Page, PageWarning, Word};

use super::opinion::{self, Opinion};
use super::order::{self, Placed};
use super::page::Pictures;
use super::{checkboxes, garbled, is_over, ruled};
use crate::ocr::{LEGIBLE, Reading, Recognised, Recogniser};

/// Width across the shorter side at which a page is drawn to be recognised, in pixels: 300 an inch on A4.
const SIDE: f32 = 2_480.0;
/// Least share of the page that a picture covers to be looked at for text beside the page's own: logos do not.
const LEAST_PICTURE: f32 = 0.15;
/// Share of a page that pictures cover on a scan with a text layer, and the share of garbled words in that from which
/// it is not believed.
const LAYER_COVER: f32 = 0.7;
const MOST_GARBLED: f32 = 0.05;
/// A picture with more words of the page's own than this is a background.
const MOST_WORDS: usize = 10;
/// Mean confidence of a page from which the engine is believed rather than a text layer: if it read this share of that one's letters
/// at least, and found less than this share of its words. And how sure that layer then counts as, which does not say itself.
const SURE_OF_PAGE: f32 = 0.95;
const MOST_OF_LAYER: f32 = 0.8;
const GOOD_LAYER: f32 = 0.96;
const LAYER: f32 = 0.5;
/// Share of a recognised word's box that a word of the page's own covers to be the same word.
const SAME: f32 = 0.3;
/// Share of a line's height that is the font's size.
const SIZE_OF_LINE: f64 = 0.85;
/// Lines drawn on a scan that are kept; they only help.
const MOST_RULES: usize = 2_000;
const PAPER: Rgb<u8> = Rgb([255; 3]);
/// Brightness of ink, and the share of it on a page that is not blank.
const INK: u8 = 140;
const LEAST_INK: f32 = 2e-4;

/// What of a page has to be recognised.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Need {
    /// All of it; what text it has is worth nothing.
    Whole,
    /// A picture, beside the page's text.
    Part(BoundingBox),
    /// All of it, if that gives better words than the text layer that somebody's recognition left there.
    Again { garbled: f32 },
    /// All of it, as a second opinion on the words of the text layer.
    Check,
}

/// Recognises what a page of a PDF shows and does not state; `draw` draws it in a width.
pub(super) fn fill(
    page: &mut Page,
    pictures: &Pictures,
    recogniser: &mut Recogniser<'_>,
    deadline: Option<Instant>,
    draw: impl FnOnce(u32) -> Option<RgbImage>,
) {
    let Some(need) = need(page, pictures).filter(|_| recogniser.can_read()) else { return };
    let width = SIDE * page.width / page.width.min(page.height);
    let Some(pixels) = draw(width as u32) else { return };
    match need {
        Need::Whole => recognise(page, &pixels, recogniser, deadline),
        Need::Part(place) => recognise_part(page, place, pixels, recogniser, deadline),
        Need::Again { garbled } => recognise_again(page, garbled, &pixels, recogniser, deadline),
        Need::Check => check(page, &pixels, recogniser, deadline),
    }
}

/// Recognises a page that is an image.
pub(super) fn recognise(
    page: &mut Page,
    pixels: &RgbImage,
    recogniser: &mut Recogniser<'_>,
    deadline: Option<Instant>,
) {
    let Some(reading) = recogniser.read(pixels, deadline) else { return };
    page.warnings.retain(|warning| !matches!(warning, PageWarning::Scanned | PageWarning::Undecodable));
    if reading.words.is_empty() && is_blank(pixels) {
        page.warnings.push(PageWarning::Blank);
    } else if reading.words.is_empty() && is_over(deadline) {
        page.warnings.push(PageWarning::Truncated);
    } else if reading.confidence < LEGIBLE {
        page.warnings.push(PageWarning::Illegible);
    }
    show(page, words(reading, pixels, page.height), pixels);
}

/// Gives a page the words that were recognised on it, the lines drawn between them, and the boxes to tick.
fn show(page: &mut Page, words: Vec<Word>, pixels: &RgbImage) {
    let ink = ruled::ink(&imageops::grayscale(pixels));
    let letter = ruled::letter_height(&words) * pixels.height() as f32;
    page.words = words;
    page.rules.extend(ruled::rules(&ink, letter, MOST_RULES));
    if checkboxes::add(&mut page.words, &ink, letter) {
        page.words = order::sort(std::mem::take(&mut page.words));
    }
}

/// Recognises a picture among text, in the size that it has on the page: the rest of the page is left white.
fn recognise_part(
    page: &mut Page,
    place: BoundingBox,
    mut pixels: RgbImage,
    recogniser: &mut Recogniser<'_>,
    deadline: Option<Instant>,
) {
    let (width, height) = (pixels.width() as f32, pixels.height() as f32);
    for (x, y, pixel) in pixels.enumerate_pixels_mut() {
        let (x, y) = (x as f32 / width, y as f32 / height);
        if !((place.x0..place.x1).contains(&x) && (place.y0..place.y1).contains(&y)) {
            *pixel = PAPER;
        }
    }
    let Some(reading) = recogniser.read(&pixels, deadline).filter(|reading| reading.confidence >= LEGIBLE)
    else {
        return;
    };
    let mut found = words(reading, &pixels, page.height);
    found.retain(|word| page.words.iter().all(|own| covered(word.bbox, own.bbox) < SAME));
    if !found.is_empty() {
        page.words.extend(found);
        page.words = order::sort(std::mem::take(&mut page.words));
    }
}

/// Recognises a page with a bad text layer, and keeps the better words of the two.
fn recognise_again(
    page: &mut Page,
    garbled: f32,
    pixels: &RgbImage,
    recogniser: &mut Recogniser<'_>,
    deadline: Option<Instant>,
) {
    let Some(reading) = recogniser.read(pixels, deadline) else { return };
    let share = garbled::share(reading.words.iter().map(|word| word.text.as_str()));
    if reading.confidence >= LEGIBLE && share.is_some_and(|share| share < garbled) {
        show(page, words(reading, pixels, page.height), pixels);
    }
}

/// Recognises a page to check its text layer, somebody's recognition. Where that is contradicted all over by what the engine
/// is sure of as a whole, it becomes the second opinion; otherwise it stands.
fn check(page: &mut Page, pixels: &RgbImage, recogniser: &mut Recogniser<'_>, deadline: Option<Instant>) {
    let Some(reading) = recogniser.read(pixels, deadline) else { return };
    // Of a page that was read in part, nothing is known of what is missing.
    if reading.confidence < LEGIBLE || is_over(deadline) {
        return;
    }
    let is_sure = reading.confidence >= SURE_OF_PAGE;
    let mut own = words(reading, pixels, page.height);
    if is_sure
        && letters(&own) as f32 >= MOST_OF_LAYER * letters(&page.words) as f32
        && opinion::agreement(&page.words, &own) < GOOD_LAYER
    {
        page.words.iter_mut().for_each(|word| word.confidence = LAYER);
        opinion::compare(&mut own, &page.words, Opinion::Other);
        show(page, own, pixels);
    } else {
        opinion::compare(&mut page.words, &own, Opinion::Better);
    }
}

fn letters(words: &[Word]) -> usize {
    words.iter().flat_map(|word| word.text.chars()).filter(|c| c.is_alphanumeric()).count()
}

fn need(page: &Page, pictures: &Pictures) -> Option<Need> {
    let images = &pictures.places;
    if [PageWarning::Scanned, PageWarning::Undecodable].iter().any(|code| page.warnings.contains(code)) {
        return Some(Need::Whole);
    }
    if images.iter().map(|image| image.width() * image.height()).sum::<f32>() >= LAYER_COVER {
        match garbled::share(page.words.iter().map(|word| word.text.as_str())) {
            Some(garbled) if garbled > MOST_GARBLED => return Some(Need::Again { garbled }),
            _ if pictures.have_layer => return Some(Need::Check),
            _ => {}
        }
    }
    let middle = |b: BoundingBox| (f32::midpoint(b.x0, b.x1), f32::midpoint(b.y0, b.y1));
    images
        .iter()
        .filter(|image| {
            let inside = page.words.iter().filter(|word| {
                let (x, y) = middle(word.bbox);
                (image.x0..image.x1).contains(&x) && (image.y0..image.y1).contains(&y)
            });
            image.width() * image.height() >= LEAST_PICTURE
                && inside.take(MOST_WORDS + 1).count() <= MOST_WORDS
        })
        .copied()
        .reduce(BoundingBox::union)
        .map(Need::Part)
}

/// Words on a page; `height` is the page's, in points.
fn words(reading: Reading, pixels: &RgbImage, height: f32) -> Vec<Word> {
    let (columns, rows) = (f64::from(pixels.width()), f64::from(pixels.height()));
    let place = |bounds: Rect| {
        let x = |x: f64| (x / columns).clamp(0.0, 1.0) as f32;
        let y = |y: f64| (y / rows).clamp(0.0, 1.0) as f32;
        BoundingBox { x0: x(bounds.x0), y0: y(bounds.y0), x1: x(bounds.x1), y1: y(bounds.y1) }
    };
    let word = |word: Recognised| Word {
        bbox: place(word.bounds),
        text: word.text,
        confidence: word.confidence,
        font_size: (word.size * SIZE_OF_LINE / rows) as f32 * height,
        bold: false,
        turn: word.turn,
        source: word.source,
    };
    let mut words: Vec<Word> = reading.words.into_iter().map(word).collect();
    let others: Vec<Word> = reading.others.into_iter().map(word).collect();
    opinion::compare(&mut words, &others, Opinion::Other);
    words
}

/// The share of `a` that `b` covers.
pub(super) fn covered(a: BoundingBox, b: BoundingBox) -> f32 {
    let width = (a.x1.min(b.x1) - a.x0.max(b.x0)).max(0.0);
    let height = (a.y1.min(b.y1) - a.y0.max(b.y0)).max(0.0);
    let area = a.width() * a.height();
    if area > 0.0 { width * height / area } else { 0.0 }
}

fn is_blank(pixels: &RgbImage) -> bool {
    let ink = pixels.pixels().filter(|pixel| pixel.0[1] < INK).count();
    (ink as f32) < LEAST_INK * (pixels.width() * pixels.height()) as f32
}

impl Placed for Word {
    fn bounds(&self) -> Rect {
        let b = self.bbox;
        Rect::new(b.x0.into(), b.y0.into(), b.x1.into(), b.y1.into())
    }

    fn turn(&self) -> u8 {
        self.turn
    }

    fn text(&self) -> &str {
        &self.text
    }
}
