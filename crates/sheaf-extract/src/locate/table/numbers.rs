//! Numbers among the words of a line.

use std::ops::Range;

use rust_decimal::Decimal;

use super::lines::{Token, join};
use crate::parse::number::{self, Number};
use crate::parse::{DecimalMark, currency};

/// Words that one number may consist of: sign, currency, groups of digits.
const MOST_WORDS: usize = 5;
/// Characters around a number that are no part of it.
const PUNCTUATION: [char; 8] = [':', ';', '*', '|', '"', '=', ',', '.'];

/// A number and the words it consists of.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Indices into the words searched.
    pub(super) words: Range<usize>,
    /// The characters that were read, verbatim.
    pub(super) source: String,
    pub(super) number: Number,
}

impl Found {
    pub(super) fn decimal(&self) -> Option<Decimal> {
        decimal(&self.number.value)
    }
}

/// A canonical decimal string as a decimal.
pub(super) fn decimal(value: &str) -> Option<Decimal> {
    value.parse().ok()
}

/// Whether a word is a number by itself.
pub(super) fn is_number(word: &str) -> bool {
    read(word, DecimalMark::Point).is_some()
}

/// Whether a word stands with a number: a currency, a sign, a percent sign.
pub(super) fn goes_with_number(word: &str) -> bool {
    currency::code_of(word).is_some() || matches!(word, "-" | "−" | "–" | "+" | "%" | "/" | "x" | "×")
}

/// The numbers among words of one cell, from left to right.
pub(super) fn find(tokens: &[Token<'_>], mark: DecimalMark) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !is_part(&tokens[at]) {
            at += 1;
            continue;
        }
        let longest = (at + 1..=tokens.len().min(at + MOST_WORDS)).rev().find_map(|end| {
            let words = &tokens[at..end];
            let joined = words.windows(2).all(|pair| pair[0].gap_to(&pair[1]) < 1.6);
            // A unit price with its own currency, and digits that only happen to stand side by side, stay apart.
            if let [word] = words {
                return read(word.text(), mark);
            }
            (joined && words.iter().all(is_part)).then(|| read(&join(words), mark)).flatten()
        });
        match longest {
            Some((source, number)) => {
                let count = source.split(' ').count().max(1);
                // Trimmed punctuation may have been words of its own; a number's words are always the first ones.
                let end = at + count.min(tokens.len() - at);
                found.push(Found { words: at..end, source, number });
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

fn is_part(token: &Token<'_>) -> bool {
    token.text().chars().any(|c| c.is_ascii_digit()) || token.attached
}

/// Reads a text as a number after trimming what surrounds it.
fn read(text: &str, mark: DecimalMark) -> Option<(String, Number)> {
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let trimmed = text.trim_matches(PUNCTUATION);
    let balanced = if trimmed.contains('(') == trimmed.contains(')') {
        trimmed
    } else {
        trimmed.trim_matches(['(', ')']).trim_matches(PUNCTUATION)
    };
    // ".50" and "12,-" need their marks.
    number::read(text, mark)
        .map(|number| (text.to_owned(), number))
        .or_else(|| number::read(balanced, mark).map(|number| (balanced.to_owned(), number)))
}
