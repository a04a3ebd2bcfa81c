//! Words that no language writes: the sign of a bad recognition, whoever did it.

/// Words under which a page says too little about its text.
const LEAST_WORDS: usize = 30;
/// Beginnings of names that go on with a capital: `McGuire`, `DeVries`.
const NAME_BEGINNINGS: [&str; 6] = ["Mc", "Mac", "De", "La", "Le", "Van"];

/// The share of garbled words, 0 to 1; `None` where there are too few words to tell.
///
/// Good text layers of scans have 0.01 to 0.03, bad ones of the nineties 0.07 to 0.25.
pub(super) fn share<'w>(words: impl Iterator<Item = &'w str>) -> Option<f32> {
    let (mut garbled, mut all) = (0_usize, 0_usize);
    for is_garbled in words.filter_map(is_garbled) {
        all += 1;
        garbled += usize::from(is_garbled);
    }
    (all >= LEAST_WORDS).then(|| garbled as f32 / all as f32)
}

/// Whether a word is garbled; `None` where it is too short to tell.
fn is_garbled(word: &str) -> Option<bool> {
    let core = word.trim_matches(|c: char| !c.is_alphanumeric());
    let letters: Vec<char> = core.chars().filter(|c| c.is_alphabetic()).collect();
    if core.chars().count() < 2 {
        return None;
    }
    if letters.iter().any(|c| !is_latin(*c)) {
        // Other scripts have other rules.
        return None;
    }
    let is_strange = |c: char| !c.is_alphanumeric() && !"'’.&@/,-–()+:$€£%#_=?".contains(c);
    if core.chars().any(is_strange) {
        return Some(true);
    }
    if core.chars().any(|c| c.is_ascii_digit()) {
        return Some(false);
    }
    let turns_capital = core.char_indices().skip(1).any(|(at, c)| {
        let before = core[..at].chars().next_back();
        c.is_uppercase() && before.is_some_and(char::is_lowercase) && !NAME_BEGINNINGS.contains(&&core[..at])
    });
    let has_vowel = letters.iter().any(|c| !c.is_ascii() || "aeiouyAEIOUY".contains(*c));
    Some(turns_capital || (letters.len() >= 4 && !has_vowel))
}

fn is_latin(c: char) -> bool {
    c < '\u{250}' || ('\u{1e00}'..'\u{1f00}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_several_languages_are_not_garbled() {
        for word in [
            "Invoice",
            "Rechnungs-Nr.",
            "d’affaires",
            "McGuire",
            "USA",
            "S.A.R.L.",
            "e-mail:",
            "12,50€",
            "a@b.de",
        ] {
            assert_eq!(is_garbled(word), Some(false), "{word}");
        }
        for word in ["a", "—", "…", "漢字", "договор"] {
            assert_eq!(is_garbled(word), None, "{word}");
        }
    }

    #[test]
    fn what_a_bad_recognition_leaves_is_garbled() {
        for word in ["re~ist", "Rcgi}trant", "rnTcd", "tlmc|", "FTRZT", "lNtErNal"] {
            assert_eq!(is_garbled(word), Some(true), "{word}");
        }
    }

    #[test]
    fn a_few_words_tell_nothing() {
        assert_eq!(share(["FTRZT"; 29].into_iter()), None);
        assert_eq!(share(["FTRZT", "word"].into_iter().cycle().take(40)), Some(0.5));
    }
}
