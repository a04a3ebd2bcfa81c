//! What names and addresses look like: legal forms, streets, postcodes, persons.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::parse::date;
use crate::parse::fold::fold;

static LEGAL_FORMS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| words(include_str!("../../data/legal_forms.txt")));
static STREETS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| words(include_str!("../../data/streets.txt")));
/// Endings of words that are streets ("Bahnhofstrasse").
static STREET_ENDINGS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| STREETS.iter().filter_map(|w| w.strip_prefix('-')).collect());

fn words(text: &'static str) -> HashSet<&'static str> {
    text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect()
}

/// Salutations that stand over a person's name in an address.
const SALUTATIONS: [&str; 22] = [
    "herr", "herrn", "frau", "firma", "familie", "mr", "mrs", "ms", "miss", "dr", "monsieur", "madame", "m",
    "mme", "sr", "sra", "senor", "senora", "signor", "spett", "dhr", "mevr",
];

/// What a line of text looks like, as far as names and addresses go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Look {
    /// It could be a name.
    pub(crate) name: bool,
    /// It has a legal form or a word of organisations.
    pub(crate) legal_form: bool,
    /// It has a legal form that stands at its end or before "&".
    pub(crate) ends_in_legal_form: bool,
    /// It is a street, a postcode with a town, or a post box.
    pub(crate) address: bool,
    /// It has a postcode and a town.
    pub(crate) town: bool,
    /// It is a salutation without a name.
    pub(crate) salutation: bool,
    /// It has an e-mail or web address, or a telephone number.
    pub(crate) reachable: bool,
}

/// Looks at a text.
pub(crate) fn look(text: &str) -> Look {
    let folded = fold(text);
    let words: Vec<&str> = folded
        .split(|c: char| {
            c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '/' | '|' | '•' | '●' | '·')
        })
        .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric() && c != '&'))
        .filter(|w| !w.is_empty())
        .collect();
    let bare: Vec<String> = words.iter().map(|w| w.replace(['.', '\'', '-'], "")).collect();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let web =
        folded.contains('@') || folded.contains("www.") || folded.contains("://") || folded.contains(".com");
    let phone = digits >= 7 && digits * 2 > letters && !folded.contains([',', '$', '€']);
    let legal = |w: &String| LEGAL_FORMS.contains(w.as_str());
    let ends = ends_in_form(&bare);
    let only_form = bare.iter().all(legal);
    let town = is_town(&words, text);
    let street = is_street(&words);
    let salutation =
        !words.is_empty() && words.len() <= 2 && bare.iter().all(|w| SALUTATIONS.contains(&w.as_str()));
    let starts_well = text.trim_start_matches(['"', '“', '„', '\'']).starts_with(|c: char| {
        c.is_uppercase() || c.is_ascii_digit() || c.is_alphabetic() && !c.is_lowercase()
    });
    let capitals = text.split_whitespace().filter(|w| w.starts_with(char::is_uppercase)).count();
    let dated = !date::find(text).is_empty();
    let sentence = words.len() > 5 && capitals * 2 < words.len() || words.len() > 10;
    let name = letters >= 2
        && digits * 2 <= letters
        && (starts_well || ends)
        && !web
        && !dated
        && !sentence
        && !only_form
        && !text.contains([':', '€', '%', '=', '<', '>', '©', '?', '!'])
        && !salutation;
    Look {
        name,
        legal_form: ends || bare.iter().any(|w| w.len() > 3 && legal(w)),
        ends_in_legal_form: ends,
        address: town || street,
        town,
        salutation,
        reachable: web || phone,
    }
}

/// "… GmbH", "… GmbH & Co. KG", "… Inc", "… S.p.A."; dots are gone already.
fn ends_in_form(words: &[String]) -> bool {
    let Some(last) = words.last() else { return false };
    if words.len() < 2 {
        return false;
    }
    if LEGAL_FORMS.contains(last.as_str()) {
        return true;
    }
    // "sdn bhd", "pvt ltd", "b v", "l l c": letters apart.
    let tail: String =
        words[words.len().saturating_sub(3)..].iter().filter(|w| w.len() == 1).cloned().collect();
    tail.len() >= 2 && LEGAL_FORMS.contains(tail.as_str())
        || words.iter().skip(1).any(|w| {
            matches!(w.as_str(), "gmbh" | "ltd" | "llc" | "inc" | "sarl" | "srl" | "bv" | "bhd" | "sas")
        })
}

fn is_street(words: &[&str]) -> bool {
    let numbered = words.iter().any(|w| w.bytes().any(|b| b.is_ascii_digit()) && w.len() <= 6);
    let known = words.iter().any(|w| {
        let w = w.trim_end_matches('.');
        STREETS.contains(w) || w.len() > 5 && STREET_ENDINGS.iter().any(|e| w.ends_with(e))
    });
    let box_number = words.windows(2).any(|w| matches!(w, ["po" | "p.o", "box"]));
    numbered && known || box_number
}

/// A postcode beside a word: five or four digits, Dutch, British, American with the state, with or without the country.
fn is_town(words: &[&str], text: &str) -> bool {
    let digits = |w: &str, n: usize| w.len() == n && w.bytes().all(|b| b.is_ascii_digit());
    let is_word = |w: &&str| w.len() >= 2 && w.chars().next().is_some_and(char::is_alphabetic);
    if words.len() > 9 || text.contains(':') {
        return false;
    }
    words.iter().enumerate().any(|(i, w)| {
        let bare = w.rsplit('-').next().unwrap_or(w);
        let country = w.len() - bare.len() <= 3;
        let next_word = words.get(i + 1).is_some_and(is_word);
        let state_before = i > 0 && words[i - 1].len() == 2 && words[i - 1].chars().all(char::is_alphabetic);
        let word_before = i > 0 && is_word(&words[i - 1]);
        let zip = w.split('-').next().unwrap_or(w);
        (digits(bare, 5) || digits(bare, 4) && bare != "2020" && i <= 1) && country && next_word && i <= 1
            || digits(zip, 5) && (state_before || word_before && words.len() <= 5 && i + 1 == words.len())
            || digits(bare, 4) && next_word && words[i + 1].len() == 2 && words.len() > i + 2
    })
}

/// A name without the number that a list of customers puts behind it: "Name (4711)".
pub(crate) fn without_id(text: &str) -> &str {
    let Some((name, id)) = text.trim_end().strip_suffix(')').and_then(|t| t.rsplit_once('(')) else {
        return text;
    };
    let is_id = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()) || id.len() == 1;
    if is_id && !name.trim().is_empty() { name.trim_end() } else { text }
}

/// Whether a web or mail address in `text` carries the name: the domain's letters are a run of the name's, or the name's
/// of the domain's.
pub(crate) fn domain_carries(domain: &str, tight_name: &str) -> bool {
    domain.len() >= 4 && tight_name.len() >= 4 && (tight_name.contains(domain) || domain.contains(tight_name))
}

/// The domains (without their endings) of the mail and web addresses in `text`, folded and tight.
pub(crate) fn domains(text: &str) -> Vec<String> {
    let folded = fold(text);
    folded
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')'))
        .filter_map(|word| {
            let host = match word.rsplit_once('@') {
                Some((_, host)) => host,
                None => {
                    let rest = word.rsplit("//").next().unwrap_or(word);
                    if !rest.starts_with("www.") && !word.contains("//") {
                        return None;
                    }
                    rest.split('/').next().unwrap_or(rest)
                }
            };
            let host = host.trim_start_matches("www.");
            let mut labels = host.split('.');
            let first = labels.next()?;
            labels.next()?;
            // A mail provider names nobody.
            let provider =
                ["gmail", "yahoo", "hotmail", "outlook", "gmx", "web", "aol", "icloud", "orange", "free"];
            (!provider.contains(&first))
                .then(|| first.chars().filter(|c| c.is_alphanumeric()).collect::<String>())
        })
        .filter(|d| d.len() >= 4)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_the_rest_are_told_apart() {
        for (text, name, address) in [
            ("Muster GmbH", true, false),
            ("Muster GmbH & Co. KG", true, false),
            ("Erika Mustermann", true, false),
            ("Musterstraße 12", true, true),
            ("12345 Musterstadt", false, true),
            ("DE 80333 Beispielstadt", true, true),
            ("Springfield, IL 62701", true, true),
            ("1012 AB Amsterdam", true, true),
            ("P.O. Box 12", true, true),
            ("info@example.org", false, false),
            ("Total: 5", false, false),
            ("12.03.2020", false, false),
            ("we thank you for your order and hope", false, false),
        ] {
            let look = look(text);
            assert_eq!((look.name && !look.address, look.address), (name && !address, address), "{text}");
        }
        assert!(look("Muster GmbH").ends_in_legal_form);
        assert!(look("Ejemplo S.L.").ends_in_legal_form);
        assert!(!look("Ag").ends_in_legal_form);
        assert!(look("Herrn").salutation);
    }

    #[test]
    fn domains_are_the_names_of_their_owners() {
        assert_eq!(domains("http://www.goodmill.example mail@goodmill.example"), ["goodmill", "goodmill"]);
        assert!(domain_carries("goodmill", "thegoodmillltd"));
        assert!(domains("someone@gmail.com").is_empty());
    }
}
