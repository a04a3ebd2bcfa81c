//! Which language a page is in, from its frequent words.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::parse::fold::fold;

use super::Recognised;

/// Words of a language that a page must have at least to be in it.
const LEAST_WORDS: usize = 4;

/// The languages that each word is of.
static WORDS: LazyLock<HashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let mut words: HashMap<&str, Vec<&str>> = HashMap::new();
    let lines = include_str!("../../data/languages.txt").lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let mut parts = line.split_whitespace();
        let language = parts.next().unwrap_or_default();
        parts.for_each(|word| words.entry(word).or_default().push(language));
    }
    words
});

/// The language among `languages` that a page, read as if it were in `assumed`, is clearly in instead; `None` where
/// it may well be in that.
///
/// Letters that `assumed` lacks are misread, the frequent words hardly: they have few accents.
pub(super) fn other<'l>(words: &[Recognised], assumed: &str, languages: &'l [String]) -> Option<&'l str> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in words {
        let word = fold(word.text.trim_matches(|c: char| !c.is_alphanumeric()));
        for language in WORDS.get(&*word).into_iter().flatten() {
            *counts.entry(language).or_default() += 1;
        }
    }
    let count = |language: &str| counts.get(language).copied().unwrap_or(0);
    // Of equal ones the first, which is the likelier.
    let best = languages.iter().rev().max_by_key(|language| count(language))?;
    let is_clear = count(best) >= LEAST_WORDS && 2 * count(best) >= 3 * count(assumed);
    (best != assumed && is_clear).then_some(best)
}

#[cfg(test)]
mod tests {
    use hayro_font::kurbo::Rect;

    use super::*;

    fn words(text: &str) -> Vec<Recognised> {
        let word = |text: &str| Recognised {
            text: text.to_owned(),
            bounds: Rect::ZERO,
            confidence: 0.9,
            size: 1.0,
            turn: 0,
            source: sheaf_types::TextSource::Tesseract,
        };
        text.split_whitespace().map(word).collect()
    }

    #[test]
    fn a_page_is_in_the_language_of_its_frequent_words() {
        let all = ["eng", "deu", "fra", "spa", "ita", "por", "nld"].map(String::from);
        for (text, expected) in [
            ("Please find enclosed the invoice for your order of last week", None),
            ("Wir bitten Sie, den Betrag auf das genannte Konto zu überweisen", Some("deu")),
            ("Nous vous prions de régler le montant dans les trente jours", Some("fra")),
            (
                "El importe de la factura se abonará por transferencia en el plazo que indica el contrato",
                Some("spa"),
            ),
            (
                "Il pagamento della fattura è dovuto alla data di scadenza per gli importi indicati",
                Some("ita"),
            ),
            (
                "O pagamento da fatura deve ser feito até à data do vencimento, com uma transferência",
                Some("por"),
            ),
            ("Wij verzoeken u het bedrag binnen dertig dagen op onze rekening te storten", Some("nld")),
            ("48213-7 Kowalski 12,50", None),
        ] {
            assert_eq!(other(&words(text), "eng", &all), expected, "{text}");
        }
    }

    #[test]
    fn a_language_that_is_not_asked_for_is_not_found() {
        let german = words("Wir bitten Sie, den Betrag auf das genannte Konto zu überweisen");
        assert_eq!(other(&german, "eng", &["eng".to_owned()]), None);
        assert_eq!(other(&german, "deu", &["deu".to_owned(), "eng".to_owned()]), None);
    }
}
