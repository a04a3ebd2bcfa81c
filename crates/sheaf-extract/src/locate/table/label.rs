//! Labels as they are compared.

use std::borrow::Cow;

use crate::parse::currency;
use crate::parse::fold::words;

/// A label as it is compared: folded words without brackets, currencies and percent signs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Label {
    pub(super) words: Vec<String>,
    /// The words without blanks.
    tight: String,
    /// Whether a percent sign stood with it.
    pub(super) percent: bool,
    /// Whether it ends with a full stop.
    pub(super) abbreviated: bool,
}

impl Label {
    pub(super) fn new(text: &str) -> Self {
        let percent = text.contains('%');
        let abbreviated = text.trim_end().ends_with('.');
        let bare = without_brackets(text);
        let mut words = words(if bare.chars().any(char::is_alphanumeric) { &bare } else { text });
        while words.len() > 1 && words.last().is_some_and(|w| is_currency(w)) {
            words.pop();
            if words.len() > 1 && words.last().is_some_and(|w| matches!(w.as_str(), "in" | "en")) {
                words.pop();
            }
        }
        if words.len() > 1 && is_currency(&words[0]) {
            words.remove(0);
        }
        let tight = words.concat();
        Self { words, tight, percent, abbreviated }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tight.is_empty()
    }

    /// Letters and digits alone.
    pub(super) fn tight(&self) -> &str {
        &self.tight
    }

    /// How well this label, as printed, says what the known label says: 1 the same, 0 nothing in common.
    ///
    /// A label that ends with a known one is surer than one that starts with it, and surer the less is left over.
    pub(super) fn similarity(&self, known: &Self) -> f32 {
        if self.tight == known.tight {
            return if self.is_empty() { 0.0 } else { 1.0 };
        }
        let (length, known_length) = (self.tight.chars().count(), known.tight.chars().count());
        if known_length < 3 || length < 3 {
            return 0.0;
        }
        let coverage = known_length as f32 / length as f32;
        if self.words.ends_with(&known.words) {
            ends(coverage)
        } else if self.words.starts_with(&known.words) {
            starts(coverage)
        } else if self.words.windows(known.words.len()).any(|part| part == known.words) {
            contains(coverage)
        } else {
            0.0
        }
    }
}

/// Similarity of a label that ends with a known one that makes up this share of it.
pub(super) fn ends(coverage: f32) -> f32 {
    0.80 + 0.15 * coverage
}

/// The same where it starts with the known one.
pub(super) fn starts(coverage: f32) -> f32 {
    0.72 + 0.2 * coverage
}

/// The same where the known one stands within, or ends a compound: "Zeilennettobetrag".
pub(super) fn contains(coverage: f32) -> f32 {
    0.6 + 0.2 * coverage
}

/// Similarity of an abbreviation to the word it is short for.
pub(super) const ABBREVIATION: f32 = 0.7;

fn is_currency(word: &str) -> bool {
    word == "euro" || word.len() == 3 && currency::code_of(word).is_some()
}

fn without_brackets(text: &str) -> Cow<'_, str> {
    if !text.contains(['(', ')', '[', ']']) {
        return Cow::Borrowed(text);
    }
    let mut depth = 0_u32;
    text.chars()
        .filter(|&c| {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}
