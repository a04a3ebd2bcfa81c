//! Folding: the form in which texts are compared.
//!
//! Lower case, without accents, compatibility forms resolved (`№` is `no`, `ﬁ` is `fi`), `ß` as `ss`.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// `text` folded; borrowed where it is folded already.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    if text.is_ascii() {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    let mut folded = String::with_capacity(text.len());
    push_folded(text, &mut folded);
    Cow::Owned(folded)
}

/// Appends `text` folded.
pub fn push_folded(text: &str, out: &mut String) {
    for c in text.nfkd().filter(|&c| !is_combining_mark(c)) {
        match c {
            'ß' | 'ẞ' => out.push_str("ss"),
            'æ' | 'Æ' => out.push_str("ae"),
            'œ' | 'Œ' => out.push_str("oe"),
            'ø' | 'Ø' => out.push('o'),
            'ł' | 'Ł' => out.push('l'),
            'ı' => out.push('i'),
            '’' | '‘' | '´' | '`' => out.push('\''),
            '–' | '—' | '−' | '‐' | '‑' => out.push('-'),
            _ => out.extend(c.to_lowercase()),
        }
    }
}

/// Letters and digits of `text`, folded, everything else left out: the form for comparing names and labels whose
/// blanks and hyphens vary.
#[must_use]
pub fn tight(text: &str) -> String {
    let mut tight = String::with_capacity(text.len());
    push_tight(text, &mut tight);
    tight
}

/// Appends `text` as [`tight`] makes it.
pub fn push_tight(text: &str, out: &mut String) {
    out.extend(fold(text).chars().filter(|c| c.is_alphanumeric()));
}

/// The words of `text`, folded: its runs of letters and digits.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_removes_case_accents_and_ligatures() {
        for (text, folded) in [
            ("Fällig am", "fallig am"),
            ("Straße", "strasse"),
            ("N° de TVA", "n° de tva"),
            ("№ 5", "no 5"),
            ("ﬁnal", "final"),
            ("already", "already"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
        assert_eq!(tight("Rechnungs-Nr. :"), "rechnungsnr");
    }
}
