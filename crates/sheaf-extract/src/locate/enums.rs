//! Where the values of an enum stand in a line of text.
//!
//! A value is found as a word or words of its own, in any case. Currencies are found by code, sign or name, with or without
//! an amount glued to them; codes only in capitals ("All" is no Albanian lek).

use std::ops::Range;
use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::layout::{BLANK, TAB};
use crate::lexicon::listed;
use crate::parse::fold::fold;
use crate::parse::{currency, enumeration};

/// Longest sign or name of a currency that is looked for, in bytes.
const LONGEST_SIGN: usize = 6;

/// Words of documents whose bare "$" is not that of the USA.
static OTHER_DOLLARS: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| listed(include_str!("../../data/dollars.txt")));

/// The values of a field, ready to be looked for.
pub(crate) struct EnumFinder<'v> {
    values: &'v [String],
    folded: Vec<String>,
    /// Whether the values are codes of currencies.
    pub(super) currencies: bool,
}

impl<'v> EnumFinder<'v> {
    pub(crate) fn new(values: &'v [String]) -> Self {
        let folded = values.iter().map(|value| fold(value).into_owned()).collect();
        Self { values, folded, currencies: enumeration::are_currencies(values) }
    }

    /// Bytes of the line at which values stand, from left to right.
    pub(crate) fn spans(&self, text: &str) -> Vec<Range<usize>> {
        if self.currencies { self.currencies(text) } else { self.words(text) }
    }

    /// Whether "$" stands for another currency of that sign in a document of these lines: one that is named and that the field
    /// does not know, or that of a country whose taxes are named, where nothing says US dollars.
    pub(crate) fn has_other_dollar<'l>(&self, lines: impl Iterator<Item = &'l str>) -> bool {
        let mut other = false;
        for word in lines.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '$')) {
            match word {
                "USD" | "US$" => return false,
                _ => {
                    other |= OTHER_DOLLARS.contains(word)
                        || currency::is_dollar(word)
                            && !self.values.iter().any(|v| currency::code_of(word) == Some(v));
                }
            }
        }
        other
    }

    /// How often the code of a currency that the field does not know stands in these lines: of that which stands most often.
    pub(crate) fn other_codes<'l>(&self, lines: impl Iterator<Item = &'l str>) -> usize {
        let mut counts: FxHashMap<&str, usize> = FxHashMap::default();
        for word in lines.flat_map(|line| line.split(|c: char| !c.is_alphanumeric())) {
            if currency::code_of(word) == Some(word) && !self.values.iter().any(|value| value == word) {
                *counts.entry(word).or_default() += 1;
            }
        }
        counts.into_values().max().unwrap_or(0)
    }

    fn words(&self, text: &str) -> Vec<Range<usize>> {
        let folded = fold(text);
        // Where folding changes lengths, only exact spellings are looked for.
        let same = folded.len() == text.len();
        let (needles, hay) = if same { (&self.folded[..], folded.as_ref()) } else { (self.values, text) };
        let mut spans = Vec::new();
        for needle in needles {
            for (at, _) in hay.match_indices(needle.as_str()) {
                let end = at + needle.len();
                let bounded = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
                if bounded(hay[..at].chars().next_back())
                    && bounded(hay[end..].chars().next())
                    && text.get(at..end).is_some_and(|found| !found.contains(TAB))
                {
                    spans.push(at..end);
                }
            }
        }
        spans.sort_by_key(|span| span.start);
        spans
    }

    fn currencies(&self, text: &str) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        let mut start = 0;
        for word in text.split([BLANK, TAB]) {
            let at = start;
            start += word.len() + 1;
            // What is left of the word without the amount: "€12.00", "EUR12", "12,50EUR", "(EUR)".
            let is_sign =
                |c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',' | '(' | ')' | '-' | ':' | '/' | '*');
            let Some(from) = word.find(is_sign) else { continue };
            let rest = &word[from..];
            let sign = &rest[..rest.find(|c| !is_sign(c)).unwrap_or(rest.len())];
            // "Fr. 12.50": the point is part of the sign, which without it, or without an amount, is a day or somebody's title.
            let amount =
                || text.get(start..).is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit()));
            let pointed = rest[sign.len()..].starts_with('.').then(|| &rest[..=sign.len()]);
            let sign = pointed
                .filter(|_| amount() && enumeration::read(sign, self.values).is_none())
                .unwrap_or(sign);
            let named = sign.chars().any(char::is_alphabetic);
            let written = !named
                || sign.starts_with(char::is_uppercase)
                || matches!(sign, "euro" | "euros" | "zł" | "kr");
            let code = self.values.iter().any(|value| value.eq_ignore_ascii_case(sign));
            // "RS17" is an article's number, no amount in rupees.
            let is_article = named
                && !code
                && sign.len() > 1
                && sign.chars().all(char::is_uppercase)
                && rest[sign.len()..].starts_with(|c: char| c.is_ascii_digit())
                && !word.contains(['.', ',']);
            let written = written && !is_article && (!code || self.values.iter().any(|value| value == sign));
            if sign.len() <= LONGEST_SIGN && written && enumeration::read(sign, self.values).is_some() {
                spans.push(at + from..at + from + sign.len());
            }
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(values: &[&str], text: &str) -> Vec<String> {
        let values: Vec<String> = values.iter().map(|&v| v.to_owned()).collect();
        EnumFinder::new(&values).spans(text).into_iter().map(|span| text[span].to_owned()).collect()
    }

    #[test]
    fn currencies_stand_alone_or_glued_to_amounts() {
        let values = ["EUR", "USD", "ALL"];
        assert_eq!(
            found(&values, "Total (EUR) €12.00 5,50EUR US$ 3 All euro"),
            ["EUR", "€", "EUR", "US$", "euro"]
        );
        assert_eq!(found(&values, "AMEURO 12,00"), Vec::<String>::new());
        assert_eq!(found(&["CHF"], "Fr. 12.50 Fr. Muster SFr 3 Fr 12"), ["Fr.", "SFr"]);
    }

    #[test]
    fn other_values_are_words_in_any_case() {
        assert_eq!(
            found(&["PAID", "Part paid"], "status: Paid, unpaid, part paid"),
            ["Paid", "part paid", "paid"]
        );
    }
}
