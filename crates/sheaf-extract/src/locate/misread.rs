//! Words of labels that recognition misread: "Tatal", "lnvoice", "Gustomer".
//!
//! Only labels are compared so. A value keeps the letters that were read, right or not.

use crate::lexicon::LEXICON;

/// Letters, and letters and digits, that recognition takes for one another.
const ALIKE: [&str; 34] = [
    "oa", "oc", "oe", "od", "o0", "ae", "ce", "cg", "li", "lt", "lj", "l1", "it", "ij", "i1", "ft", "nm",
    "nu", "nr", "nh", "hb", "uv", "vy", "gq", "g6", "g9", "q9", "s5", "b8", "b6", "z2", "e3", "a4", "t7",
];
/// Letters that look like one other.
const JOINED: [(&str, &str); 5] = [("rn", "m"), ("ri", "n"), ("cl", "d"), ("ii", "u"), ("vv", "w")];
/// Letters of a word that is looked at: shorter ones differ by a letter from too many others.
const LEAST: usize = 5;

/// The only word of a label that `folded`, which is none, may be: they differ in one letter that looks like another.
/// `followed` is the mark that stands behind it, which may be its last letter ("Tota!").
pub(super) fn meant(folded: &str, followed: Option<char>) -> Option<String> {
    if folded.len() + usize::from(followed.is_some()) < LEAST
        || !folded.is_ascii()
        || LEXICON.has_word(folded)
    {
        return None;
    }
    let ended = followed.filter(|c| matches!(c, '!' | '|')).map(|_| format!("{folded}l"));
    let substituted = folded.char_indices().flat_map(|(at, read)| {
        let other =
            move |pair: &&'static str| pair.chars().find(|&c| c != read).filter(|_| pair.contains(read));
        ALIKE.iter().filter_map(other).map(move |c| replaced(folded, at, 1, c.encode_utf8(&mut [0; 4])))
    });
    let rejoined =
        JOINED.iter().flat_map(|&(apart, one)| [(apart, one), (one, apart)]).flat_map(|(read, meant)| {
            folded.match_indices(read).map(move |(at, _)| replaced(folded, at, read.len(), meant))
        });
    let all = ended.into_iter().chain(substituted).chain(rejoined);
    let mut known = all.filter(|word| word.len() >= LEAST && LEXICON.has_word(word));
    let first = known.next()?;
    known.all(|other| other == first).then_some(first)
}

fn replaced(word: &str, at: usize, length: usize, by: &str) -> String {
    format!("{}{by}{}", &word[..at], &word[at + length..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_label_is_known_by_what_looks_like_it() {
        for (read, followed, word) in [
            ("tatal", None, "total"),
            ("tota", Some('!'), "total"),
            ("gustomer", None, "customer"),
            ("lnvoice", None, "invoice"),
            ("arnount", None, "amount"),
            ("nurnber", None, "number"),
        ] {
            assert_eq!(meant(read, followed).as_deref(), Some(word), "{read}");
        }
    }

    #[test]
    fn other_words_stay_what_they_are() {
        for read in ["total", "dale", "thank", "charge", "acme", "4711", "tota", "rechnvng"] {
            assert_eq!(
                meant(read, None),
                if read == "rechnvng" { Some("rechnung".into()) } else { None },
                "{read}"
            );
        }
    }
}
