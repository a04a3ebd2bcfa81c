//! Where the values of an enum stand in a line of text.
//!
//! A value is found as a word of its own, in any case; currencies also by their signs and names, with or without an
//! amount glued to them, and only in capitals where they are codes.

use std::ops::Range;

use super::layout::{BLANK, TAB};
use crate::parse::enumeration;
use crate::parse::fold::fold;

/// Where the values of an enum stand in a line.
pub(super) fn enum_spans(text: &str, values: &[String], currencies: bool) -> Vec<Range<usize>> {
    let folded = fold(text);
    let mut spans = Vec::new();
    // Folding may change lengths; then only exact spellings are looked for.
    let same = folded.len() == text.len();
    for value in values {
        let (needle, hay) =
            if same { (fold(value).into_owned(), folded.as_ref()) } else { (value.clone(), text) };
        for (at, _) in hay.match_indices(needle.as_str()) {
            let end = at + needle.len();
            let free = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
            let bounded =
                free(hay[..at].chars().next_back()) || hay[..at].ends_with(|c: char| c.is_ascii_digit());
            let bounded = bounded
                && (free(hay[end..].chars().next()) || hay[end..].starts_with(|c: char| c.is_ascii_digit()));
            // A short code in other case is a word ("All" is no Albanian lek).
            let cased = !currencies || text.get(at..end) == Some(value.as_str());
            if bounded
                && cased
                && text.is_char_boundary(at)
                && text.is_char_boundary(end)
                && !text[at..end].contains([TAB])
            {
                spans.push(at..end);
            }
        }
    }
    if currencies {
        for (at, c) in text.char_indices().filter(|(_, c)| {
            !c.is_alphanumeric() && !c.is_whitespace() && !c.is_ascii_punctuation() || *c == '$'
        }) {
            let range = at..at + c.len_utf8();
            if enumeration::read(&text[range.clone()], values).is_some() {
                spans.push(range);
            }
        }
        let mut start = 0;
        for word in text.split([BLANK, TAB]) {
            let range = start..start + word.len();
            start = range.end + 1;
            let letters =
                word.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | ')' | '('));
            let letters = letters.trim_start_matches('(');
            let at = range.start + (word.len() - word.trim_start_matches('(').len());
            if !letters.is_empty()
                && letters.len() <= 5
                && letters.chars().any(char::is_alphabetic)
                && enumeration::read(letters, values).is_some()
                && !spans.iter().any(|s| s.start == at)
                && (letters.chars().next().is_some_and(char::is_uppercase)
                    || letters == "euro"
                    || letters == "zł")
            {
                spans.push(at..at + letters.len());
            }
        }
    }
    spans.sort_by_key(|s| s.start);
    spans
}
