//! From the pixels of a page to words.
//!
//! Engines are found once, when a process starts; what is missing is said then, in words that name the way out.
//! Which engine reads a page is decided page by page (`cascade`). All inference runs on one thread, so that the same
//! pixels give the same words, and since documents are what runs in parallel.

mod cascade;
mod confusion;
mod engines;
mod language;
mod paddle;
mod prepare;
mod tesseract;

use hayro_font::kurbo::{Affine, Rect};
use sheaf_types::TextSource;

pub(crate) use cascade::{LEGIBLE, Recogniser};
pub use engines::{Engines, Missing, OcrConfig};

use crate::read::order::Placed;

/// A word found on an image, in the image's pixels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recognised {
    pub(crate) text: String,
    pub(crate) bounds: Rect,
    /// 0 to 1.
    pub(crate) confidence: f32,
    /// Height of the line.
    pub(crate) size: f64,
    /// Reading direction in quarter turns clockwise from upright.
    pub(crate) turn: u8,
    /// The engine that read it.
    pub(crate) source: TextSource,
}

impl Recognised {
    /// Leaves the part of an upright word before byte `at`, and returns the rest as a word of its own: each has its share
    /// of the box, by characters.
    fn split_off(&mut self, at: usize) -> Self {
        let share = self.text[..at].chars().count() as f64 / self.text.chars().count() as f64;
        let mut rest = self.clone();
        rest.text = self.text.split_off(at);
        let Rect { x0, x1, .. } = self.bounds;
        self.bounds.x1 = x0 + share * (x1 - x0);
        rest.bounds.x0 = self.bounds.x1;
        rest
    }
}

impl Placed for Recognised {
    fn bounds(&self) -> Rect {
        self.bounds
    }

    fn turn(&self) -> u8 {
        self.turn
    }

    fn text(&self) -> &str {
        &self.text
    }
}

/// What was found on an image, in reading order.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) words: Vec<Recognised>,
    /// Mean over the characters, 0 to 1; 0 where there are none.
    pub(crate) confidence: f32,
    /// What the engine that was less sure of the page found on it; empty where one engine read it.
    pub(crate) others: Vec<Recognised>,
}

impl Reading {
    /// Sorts the words, which must stand on level lines, and mends what looks alike.
    fn new(words: Vec<Recognised>) -> Self {
        let part = |mut word: Recognised| {
            let at = confusion::glued_amount(&word.text).filter(|_| word.turn == 0);
            let amount = at.map(|at| word.split_off(at));
            std::iter::once(word).chain(amount)
        };
        let mend = |mut word: Recognised| {
            if let Some(mended) = confusion::mended(&word.text) {
                word.text = mended;
            }
            word
        };
        let mut words = crate::read::order::sort(words.into_iter().flat_map(part).map(mend).collect());
        for index in 1..words.len() {
            if let Some(form) = confusion::legal_form(&words[index - 1].text, &words[index].text) {
                words[index - 1].text = form;
            }
        }
        let (mut sum, mut count) = (0.0, 0.0);
        for word in &words {
            let characters = word.text.chars().count() as f32;
            sum += word.confidence * characters;
            count += characters;
        }
        let confidence = if count > 0.0 { sum / count } else { 0.0 };
        Self { words, confidence, others: Vec::new() }
    }

    /// The same, with what another engine has to say.
    fn beside(self, other: Option<Self>) -> Self {
        Self { others: other.map(|other| other.words).unwrap_or_default(), ..self }
    }

    /// The same on an image to which `transform` leads, and on which the text is turned by `turn` quarters more.
    fn moved(mut self, transform: Affine, turn: u8) -> Self {
        let scale = transform.determinant().abs().sqrt();
        for word in &mut self.words {
            word.bounds = transform.transform_rect_bbox(word.bounds);
            word.size *= scale;
            word.turn = (word.turn + turn) % 4;
        }
        self
    }
}
