//! Letters and digits that look alike: engines that know no words take one for the other, and what stands around it tells.
//!
//! Only what cannot be meant is changed: an `O` among digits, a `0`, a `1` or an `l` within a word of other letters. Codes,
//! which mix letters and digits, stay.

use crate::parse::currency;

/// Digits that must stand with letters which look like digits.
const LEAST_DIGITS: usize = 2;
/// Letters that must stand with a digit which looks like a letter.
const LEAST_LETTERS: usize = 2;
/// Capitals that must stand with an `l`.
const LEAST_CAPITALS: usize = 4;
/// Letters of a label that stands before an amount without a blank.
const LEAST_LABEL: usize = 3;
/// Legal forms of two words: beside the second, a word that differs from the first in one letter is it, misread: "SON BHD".
const LEGAL_FORMS: [(&str, &str); 4] = [("SDN", "BHD"), ("PTY", "LTD"), ("PTE", "LTD"), ("PVT", "LTD")];

/// The word with what was mistaken put right; `None` where nothing was.
pub(super) fn mended(word: &str) -> Option<String> {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    if word.chars().any(|c| matches!(c, '@' | '_' | '\\')) {
        return None;
    }
    let mended: String = if digits == 0 {
        in_capitals(word).or_else(|| in_small(word))?
    } else if digits >= LEAST_DIGITS && word.chars().all(|c| !c.is_alphabetic() || is_round(c)) {
        in_number(word)
    } else if let Some(code) = in_code(word) {
        code
    } else if let Some(at) = (1..4).find(|&at| is_misread_amount(word, at)) {
        format!("{}{}", &word[..at], in_number(&word[at..]))
    } else if letters >= LEAST_LETTERS
        && digits * 2 <= letters
        && word.chars().all(|c| !c.is_ascii_digit() || matches!(c, '0' | '1'))
    {
        in_word(word)
    } else {
        return None;
    };
    (mended != word).then_some(mended)
}

fn is_round(c: char) -> bool {
    matches!(c, 'O' | 'o')
}

/// `MASAl`.
fn in_capitals(word: &str) -> Option<String> {
    let (mut capitals, mut small) = (0, 0);
    for c in word.chars().filter(|c| c.is_alphabetic() && *c != 'l') {
        capitals += usize::from(c.is_uppercase());
        small += usize::from(!c.is_uppercase());
    }
    (capitals >= LEAST_CAPITALS && small == 0).then(|| word.replace('l', "I"))
}

/// `VinyI`: a capital that ends a word of small letters.
fn in_small(word: &str) -> Option<String> {
    let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric());
    let stem = bare.strip_suffix('I')?;
    let is_small = stem.len() >= LEAST_CAPITALS && stem.chars().skip(1).all(char::is_lowercase);
    is_small.then(|| format!("{stem}l{}", &word[bare.len()..]))
}

/// `CTS40o`: a small `o` in a code of capitals and digits, behind a digit.
fn in_code(word: &str) -> Option<String> {
    let small = |c: char| c.is_lowercase() && c != 'o';
    let digits = word.chars().filter(char::is_ascii_digit).count();
    if digits < LEAST_DIGITS || word.chars().any(small) || !word.chars().any(char::is_uppercase) {
        return None;
    }
    let mut behind_digit = false;
    let mend = |c: char| {
        let mended = if c == 'o' && behind_digit { '0' } else { c };
        behind_digit = mended.is_ascii_digit();
        mended
    };
    let mended: String = word.chars().map(mend).collect();
    (mended != word).then_some(mended)
}

/// `RMO.02`: a currency up to byte `at`, then digits, and letters that look like them, with two decimals.
fn is_misread_amount(word: &str, at: usize) -> bool {
    let Some((currency, amount)) = word.split_at_checked(at) else { return false };
    let decimals = amount.rsplit_once(['.', ',']).map_or(0, |(_, decimals)| decimals.len());
    decimals == 2
        && amount.chars().all(|c| c.is_ascii_digit() || is_round(c) || matches!(c, '.' | ','))
        && currency::code_of(currency).is_some()
}

/// `438OO`, `330]`, `4 5OO.00`.
fn in_number(word: &str) -> String {
    let opens = word.contains(['[', '(']);
    let mut mended: String = word.chars().map(|c| if is_round(c) { '0' } else { c }).collect();
    // A bracket that nothing opens, behind a digit.
    if !opens
        && let Some(digits) =
            mended.strip_suffix(']').filter(|digits| digits.ends_with(|c: char| c.is_ascii_digit()))
    {
        mended = format!("{digits}1");
    }
    mended
}

/// `Tota1`, `T0TAL`, `SECT1ON`: each digit stands right between letters, or ends a word of small ones.
fn in_word(word: &str) -> String {
    let characters: Vec<char> = word.chars().collect();
    let at = |index: Option<usize>| {
        index.and_then(|index| characters.get(index)).copied().filter(|c| c.is_alphabetic())
    };
    let mend = |(index, &c): (usize, &char)| {
        let (before, after) = (at(index.checked_sub(1)), at(index.checked_add(1)));
        let small = |c: Option<char>| c.is_some_and(char::is_lowercase);
        let large = |c: Option<char>| c.is_some_and(char::is_uppercase);
        match c {
            '0' if small(before) && small(after) => 'o',
            '0' if large(before) && large(after) => 'O',
            '1' if small(before) && (small(after) || index + 1 == characters.len()) => 'l',
            '1' if large(before) && large(after) => 'I',
            c => c,
        }
    };
    characters.iter().enumerate().map(mend).collect()
}

/// Where an amount begins that stands right behind its label: `TotalRM15.40`, as the byte of `RM`.
pub(super) fn glued_amount(word: &str) -> Option<usize> {
    let (last, c) = word.char_indices().rev().find(|(_, c)| c.is_alphabetic())?;
    let digits = last + c.len_utf8();
    let (_, decimals) = word[digits..].rsplit_once('.')?;
    let is_amount =
        decimals.len() == 2 && word[digits..].bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','));
    // The sign or code of a currency before the digits is part of the amount.
    let signs = word[..digits].char_indices().rev().take(3);
    let sign = signs.filter(|&(at, _)| currency::code_of(&word[at..digits]).is_some()).last();
    let start = sign.map_or(digits, |(at, _)| at);
    let letters = word[..start].chars().filter(|c| c.is_alphabetic()).count();
    (is_amount && letters >= LEAST_LABEL).then_some(start)
}

/// The first word of a legal form of two words, of which one letter was misread; `word` stands before `next`. So does "C0." for
/// "CO.", before a form or a country in brackets.
pub(super) fn legal_form(word: &str, next: &str) -> Option<String> {
    let bare = word.trim_end_matches(['.', ',']);
    let is_country = next.starts_with('(');
    let next = next.trim_matches(|c: char| !c.is_alphanumeric());
    let is_last = |word: &str| LEGAL_FORMS.iter().any(|(_, second)| *second == word);
    let is_company = bare == "C0" && (is_country || is_last(next) || matches!(next, "INC" | "SDN"));
    let misread = |first: &&str| {
        let differ = first.chars().zip(bare.chars()).filter(|(a, b)| a != b).count();
        bare.len() == first.len() && differ == 1
    };
    let mut forms = LEGAL_FORMS.iter().filter(|(_, second)| *second == next).map(|(first, _)| first);
    let is_form = forms.clone().any(|first| *first == bare);
    let form = if is_company { Some(&"CO") } else { forms.find(|first| !is_form && misread(first)) };
    form.map(|form| format!("{form}{}", &word[bare.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_is_mended() {
        for (read, meant) in [
            ("438OO", "43800"),
            ("5o.00", "50.00"),
            ("330]", "3301"),
            ("Tota1", "Total"),
            ("T0TAL", "TOTAL"),
            ("Ja1an", "Jalan"),
            ("SECT1ON", "SECTION"),
            ("c0mpany", "company"),
            ("L0T", "LOT"),
            ("MASAl", "MASAI"),
            ("RMO.02", "RM0.02"),
            ("VinyI,", "Vinyl,"),
            ("CTS40o", "CTS400"),
            ("(CTS30o)", "(CTS300)"),
        ] {
            assert_eq!(mended(read).as_deref(), Some(meant), "{read}");
        }
    }

    #[test]
    fn codes_amounts_and_words_stay() {
        for word in [
            "A10B", "INV-2001", "B08O", "IO", "[2010]", "(12]", "1st", "12OZ", "R2D2", "Total", "1,000.00",
            "O1", "SKU100X", "a1@b.c", "RM0", "H2O", "1O", "XXl", "PayPal", "RMO", "McI", "TypeII", "No.120",
            "12oz", "A1to2B",
        ] {
            assert_eq!(mended(word), None, "{word}");
        }
    }

    #[test]
    fn an_amount_is_parted_from_its_label() {
        for (word, start) in
            [("TotalRM15.40", 5), ("CASH50.00", 4), ("TotalMYR1,250.00", 5), ("Tota1RM21.85", 5)]
        {
            assert_eq!(glued_amount(word), Some(start), "{word}");
        }
        for word in ["RM15.40", "Total", "INV2001", "A12.50", "USD12.50", "v1.2", "Total15.4kg"] {
            assert_eq!(glued_amount(word), None, "{word}");
        }
    }

    #[test]
    fn a_legal_form_is_known_by_its_second_word() {
        for (word, next, form) in [
            ("SON", "BHD.", "SDN"),
            ("SON.", "BHD.", "SDN."),
            ("PTV", "LTD", "PTY"),
            ("C0.", "(M)", "CO."),
            ("C0.,", "LTD", "CO.,"),
        ] {
            assert_eq!(legal_form(word, next).as_deref(), Some(form), "{word}");
        }
        for (word, next) in [
            ("SON", "LTD"),
            ("SDN", "BHD"),
            ("PTE", "LTD"),
            ("PTE.", "LTD"),
            ("SUN", "RISE"),
            ("SON", ""),
            ("C0", "C1"),
            ("CO.", "LTD"),
        ] {
            assert_eq!(legal_form(word, next), None, "{word} {next}");
        }
    }
}
