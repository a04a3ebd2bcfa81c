//! Currencies: signs, codes and names.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::fold::fold;

/// Every currency with its signs and names; see the head of the file.
static TABLE: LazyLock<Vec<(&'static str, Vec<&'static str>)>> = LazyLock::new(|| {
    include_str!("../../data/currencies.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut parts = line.split_whitespace();
            Some((parts.next()?, parts.collect()))
        })
        .collect()
});

/// Folded sign, code or name to code.
static BY_SIGN: LazyLock<FxHashMap<String, &'static str>> = LazyLock::new(|| {
    let mut map = FxHashMap::default();
    for (code, signs) in TABLE.iter() {
        map.entry(fold(code).into_owned()).or_insert(*code);
        for sign in signs {
            map.entry(fold(sign).into_owned()).or_insert(*code);
        }
    }
    map
});

/// A sign or code, and the code.
type Sign = (&'static str, &'static str);

/// Signs and codes by the byte that they start with in small letters, longest first, for reading the start of a text.
static BY_FIRST: LazyLock<Vec<Vec<Sign>>> = LazyLock::new(|| signs_by(|sign| sign.bytes().next()));

/// The same by the byte that they end with.
static BY_LAST: LazyLock<Vec<Vec<Sign>>> = LazyLock::new(|| signs_by(|sign| sign.bytes().next_back()));

fn signs_by(edge: impl Fn(&str) -> Option<u8>) -> Vec<Vec<Sign>> {
    let mut all: Vec<Sign> = TABLE
        .iter()
        .flat_map(|(code, signs)| signs.iter().map(|&sign| (sign, *code)).chain([(*code, *code)]))
        .collect();
    all.sort_by_key(|(sign, _)| std::cmp::Reverse(sign.len()));
    let mut by_edge = vec![Vec::new(); 256];
    for (sign, code) in all {
        if let Some(byte) = edge(sign) {
            by_edge[usize::from(byte.to_ascii_lowercase())].push((sign, code));
        }
    }
    by_edge
}

/// The currency that `text` as a whole stands for: a sign, a code or a name, in any case.
#[must_use]
pub fn code_of(text: &str) -> Option<&'static str> {
    let text = text.trim();
    if text.is_empty() || text.len() > 8 {
        return None;
    }
    BY_SIGN.get(fold(text).as_ref()).copied()
}

/// Whether `text` is the code or sign of a currency, other than that of the USA, which is also written "$".
#[must_use]
pub fn is_dollar(text: &str) -> bool {
    let dollars =
        || TABLE.iter().filter(|(code, signs)| *code != "USD" && signs.iter().any(|s| s.ends_with('$')));
    (2..=4).contains(&text.len()) && dollars().any(|(code, signs)| *code == text || signs.contains(&text))
}

/// The sign or code that `text` starts with and the rest; letters must end where the sign ends.
#[must_use]
pub fn strip_prefix(text: &str) -> Option<(&'static str, &str)> {
    let first = text.bytes().next()?;
    BY_FIRST[usize::from(first.to_ascii_lowercase())].iter().find_map(|(sign, code)| {
        let rest = strip_start(text, sign)?;
        let joined = ends_in_letter(sign) && rest.starts_with(char::is_alphabetic);
        (!joined).then_some((*code, rest))
    })
}

/// The sign or code that `text` ends with and what stands before it.
#[must_use]
pub fn strip_suffix(text: &str) -> Option<(&'static str, &str)> {
    let last = text.bytes().next_back()?;
    BY_LAST[usize::from(last.to_ascii_lowercase())].iter().find_map(|(sign, code)| {
        let rest = strip_end(text, sign)?;
        let joined = sign.starts_with(char::is_alphabetic) && rest.ends_with(char::is_alphabetic);
        (!joined).then_some((*code, rest))
    })
}

fn ends_in_letter(sign: &str) -> bool {
    sign.chars().next_back().is_some_and(char::is_alphabetic)
}

fn strip_start<'t>(text: &'t str, sign: &str) -> Option<&'t str> {
    let head = text.get(..sign.len())?;
    head.eq_ignore_ascii_case(sign).then(|| &text[sign.len()..])
}

fn strip_end<'t>(text: &'t str, sign: &str) -> Option<&'t str> {
    let cut = text.len().checked_sub(sign.len())?;
    let tail = text.get(cut..)?;
    tail.eq_ignore_ascii_case(sign).then(|| &text[..cut])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_codes_and_names_mean_their_currency() {
        for (text, code) in [
            ("€", Some("EUR")),
            ("eur", Some("EUR")),
            ("US$", Some("USD")),
            ("$", Some("USD")),
            ("Rs.", Some("INR")),
            ("zł", Some("PLN")),
            ("total", None),
            ("", None),
        ] {
            assert_eq!(code_of(text), code, "{text}");
        }
    }

    #[test]
    fn a_sign_at_the_edge_is_no_part_of_a_word() {
        assert_eq!(strip_prefix("US$5"), Some(("USD", "5")));
        assert_eq!(strip_prefix("Rs1939"), Some(("INR", "1939")));
        assert_eq!(strip_prefix("Rsvp"), None);
        assert_eq!(strip_suffix("12 €"), Some(("EUR", "12 ")));
        assert_eq!(strip_suffix("12EUR"), Some(("EUR", "12")));
        assert_eq!(strip_suffix("soft"), None);
    }
}
