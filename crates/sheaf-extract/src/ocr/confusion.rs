//! Letters and digits that look alike: engines that know no words take one for the other, and what stands around it tells.
//!
//! Only what cannot be meant is changed: an `O` among digits, a `0` or a `1` within a word. Codes, which mix both, stay.

/// Digits that must stand with letters which look like digits.
const LEAST_DIGITS: usize = 2;
/// Letters that must stand with a digit which looks like a letter.
const LEAST_LETTERS: usize = 2;

/// The word with what was mistaken put right; `None` where nothing was.
pub(super) fn mended(word: &str) -> Option<String> {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    if digits == 0 || word.chars().any(|c| matches!(c, '@' | '_' | '\\')) {
        return None;
    }
    let mended: String = if digits >= LEAST_DIGITS && word.chars().all(|c| !c.is_alphabetic() || is_round(c))
    {
        in_number(word)
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
        ] {
            assert_eq!(mended(read).as_deref(), Some(meant), "{read}");
        }
    }

    #[test]
    fn codes_amounts_and_words_stay() {
        for word in [
            "A10B", "INV-2001", "B08O", "IO", "[2010]", "(12]", "1st", "12OZ", "R2D2", "Total", "1,000.00",
            "O1", "SKU100X", "a1@b.c", "RM0", "H2O", "1O",
        ] {
            assert_eq!(mended(word), None, "{word}");
        }
    }
}
