//! Numbers among the words of a line.

use std::borrow::Cow;
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
pub(super) struct Found<'d> {
    /// Indices into the words searched.
    pub(super) words: Range<usize>,
    /// The characters that were read, verbatim.
    pub(super) source: Cow<'d, str>,
    pub(super) number: Number,
}

impl Found<'_> {
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
    has_digit(word) && (number::is_number(word) || number::is_number(without_marks(word)))
}

/// Whether a word stands with a number: a currency, a sign, a percent sign.
pub(super) fn goes_with_number(word: &str) -> bool {
    currency::code_of(word).is_some() || matches!(word, "-" | "−" | "–" | "+" | "%" | "/" | "x" | "×")
}

/// The numbers among words of one cell, from left to right.
pub(super) fn find<'d>(tokens: &[Token<'d>], mark: DecimalMark) -> impl Iterator<Item = Found<'d>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < tokens.len() {
            if let Some((source, number)) = longest_at(&tokens[at..], mark) {
                let count = source.split(' ').count().max(1);
                // Trimmed punctuation may have been words of its own; a number's words are always the first ones.
                let words = at..at + count.min(tokens.len() - at);
                at = words.end;
                return Some(Found { words, source, number });
            }
            at += 1;
        }
        None
    })
}

/// The longest number that starts with the first of these words, with the characters that were read.
fn longest_at<'d>(tokens: &[Token<'d>], mark: DecimalMark) -> Option<(Cow<'d, str>, Number)> {
    let parts = tokens.iter().take(MOST_WORDS).take_while(|token| is_part(token)).count();
    (1..=parts).rev().find_map(|count| {
        let words = &tokens[..count];
        if let [word] = words {
            return read(word.text(), mark).map(|(source, number)| (Cow::Borrowed(source), number));
        }
        // A unit price with its own currency, and digits that only happen to stand side by side, stay apart.
        if !words.windows(2).all(|pair| pair[0].gap_to(&pair[1]) < 1.6) {
            return None;
        }
        let text = join(words);
        read(&text, mark).map(|(source, number)| (Cow::Owned(source.to_owned()), number))
    })
}

fn is_part(token: &Token<'_>) -> bool {
    token.attached || has_digit(token.text())
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}

/// Reads a text as a number; where it is none as it stands (".50" and "12,-" need their marks), without the marks around it.
fn read(text: &str, mark: DecimalMark) -> Option<(&str, Number)> {
    if !has_digit(text) {
        return None;
    }
    let as_is = number::read(text, mark).map(|number| (text, number));
    as_is.or_else(|| {
        let bare = without_marks(text);
        number::read(bare, mark).map(|number| (bare, number))
    })
}

fn without_marks(text: &str) -> &str {
    let trimmed = text.trim_matches(PUNCTUATION);
    if trimmed.contains('(') == trimmed.contains(')') {
        trimmed
    } else {
        trimmed.trim_matches(['(', ')']).trim_matches(PUNCTUATION)
    }
}
