//! How sure a value is.
//!
//! A logistic function of what the choice was made by: the score, the margin to the best candidate with another value,
//! the label's similarity, repetition, arithmetic.

use crate::locate::Scored;

/// What confidence is computed from.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Signals {
    /// The candidate's score.
    pub score: f32,
    /// Score less that of the best candidate with another value.
    pub margin: f32,
    /// Similarity of the label that carries it.
    pub similarity: f32,
    /// Whether that label is the template's own.
    pub by_anchor: bool,
    /// Other places with the same value.
    pub repeats: f32,
    /// Subtotal, tax and total add up (1), contradict (-1), or say nothing (0).
    pub adds_up: f32,
    /// Whether the text can be read in one way only.
    pub certain: bool,
    /// The least sure word.
    pub word: f32,
}

impl Signals {
    pub(crate) fn new(
        chosen: &Scored,
        others: &[Scored],
        adds_up: Option<bool>,
        settled: bool,
        word: f32,
    ) -> Self {
        let rival = others
            .iter()
            .filter(|other| other.parsed.value != chosen.parsed.value)
            .map(|other| other.score)
            .fold(0.0, f32::max);
        Self {
            score: chosen.score,
            margin: chosen.score - rival,
            similarity: chosen.evidence.similarity,
            by_anchor: chosen.evidence.by_anchor,
            repeats: chosen.repeats.min(3) as f32,
            adds_up: match adds_up {
                Some(true) => 1.0,
                Some(false) => -1.0,
                None => 0.0,
            },
            certain: chosen.parsed.certain || settled,
            word,
        }
    }

    /// 0 to 1, rounded to three decimals.
    #[must_use]
    pub fn confidence(&self) -> f32 {
        let z = -4.0
            + 4.0 * self.score.clamp(0.0, 1.2)
            + 4.0 * self.margin.clamp(-0.2, 0.5)
            + 1.0 * self.similarity
            + 0.3 * self.repeats
            + 1.5 * self.adds_up
            + if self.certain { 0.0 } else { -1.5 };
        let p = self.word.clamp(0.0, 1.0) / (1.0 + (-z).exp());
        (p * 1000.0).round() / 1000.0
    }
}
