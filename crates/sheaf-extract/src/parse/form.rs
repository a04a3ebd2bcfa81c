//! Values that their form tells from all other text: bank accounts, addresses of mail and web, telephones, VAT numbers.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::fold::fold;

/// A form of values, as the name of a field asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// International bank account number (ISO 13616).
    Iban,
    /// Business identifier code of a bank (ISO 9362), also called SWIFT.
    Bic,
    Email,
    Website,
    Phone,
    Fax,
    /// VAT identification number with the prefix of its state (Council Directive 2006/112/EC, article 215), or Switzerland's.
    VatId,
}

/// Countries with the length of their account numbers, of the IBAN registry.
const IBAN_LENGTHS: &str = "\
    AD24 AT20 BE16 BG22 CH21 CY28 CZ24 DE22 DK18 EE20 ES24 FI18 FO18 FR27 GB22 GI23 GR27 HR21 HU28 IE22 \
    IL23 IS26 IT27 LI21 LT20 LU20 LV21 MC27 MT31 NL18 NO15 PL28 PT25 RO24 RS22 SA24 SE24 SI19 SK24 SM27 \
    TR26 UA29";
/// The shortest and the longest account number of any country.
const IBAN_LENGTH: std::ops::RangeInclusive<usize> = 15..=34;
/// Digits of a telephone number.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Groups that a VAT number is printed in, at most.
const VAT_GROUPS: usize = 5;

/// A pattern of this file, which the tests below match something with.
type Pattern = LazyLock<Option<Regex>>;

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

fn matches<'p>(pattern: &'p Pattern, line: &'p str) -> impl Iterator<Item = Range<usize>> + 'p {
    pattern.iter().flat_map(move |pattern| pattern.find_iter(line).map(|found| found.range()))
}

static IBAN_START: Pattern = LazyLock::new(|| pattern(r"\b[A-Z]{2}[0-9]{2}"));
static BIC: Pattern = LazyLock::new(|| pattern(r"\b[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\b"));
static EMAIL: Pattern = LazyLock::new(|| {
    pattern(r"[A-Za-z0-9][A-Za-z0-9._%+\-]*@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}")
});
static WEBSITE: Pattern = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)(?:https?://|\bwww\.)[^\s,;|]+",
        r"|\b[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.(?:com|net|org|info|biz|eu|de|at|ch|fr|es|it|nl|be|pt|uk|ie|lu|pl|cz|dk|se|no|fi|us|ca|io|co|example)\b(?:/[^\s,;|]*)?",
    ))
});
static PHONE: Pattern = LazyLock::new(|| pattern(r"[+(]?[0-9][0-9 ()/.\-–]{5,}[0-9]"));
static VAT_ID: Pattern = LazyLock::new(|| {
    pattern(concat!(
        r"^(?:ATU[0-9]{8}|BE[01][0-9]{9}|BG[0-9]{9,10}|CY[0-9]{8}[A-Z]|CZ[0-9]{8,10}|DE[0-9]{9}|DK[0-9]{8}|EE[0-9]{9}|EL[0-9]{9}",
        r"|ES[A-Z0-9][0-9]{7}[A-Z0-9]|FI[0-9]{8}|FR[A-Z0-9]{2}[0-9]{9}|(?:GB|XI)[0-9]{9}(?:[0-9]{3})?|HR[0-9]{11}|HU[0-9]{8}",
        r"|IE[0-9][A-Z0-9][0-9]{5}[A-Z]{1,2}|IT[0-9]{11}|LT[0-9]{9}(?:[0-9]{3})?|LU[0-9]{8}|LV[0-9]{11}|MT[0-9]{8}|NL[0-9]{9}B[0-9]{2}",
        r"|PL[0-9]{10}|PT[0-9]{9}|RO[0-9]{2,10}|SE[0-9]{12}|SI[0-9]{8}|SK[0-9]{10}|CHE[0-9]{9}(?:MWST|TVA|IVA)?)$",
    ))
});

impl Form {
    /// The form that the name of a field asks for, by its last words: `supplier_iban`, `e_mail`, `phone_number`.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let name = fold(name);
        let mut words: Vec<&str> = name.split(['_', ' ', '-']).filter(|word| !word.is_empty()).collect();
        let all = words.len();
        while let [_, .., "number" | "no" | "nr" | "num" | "nummer" | "code" | "address" | "adresse"] =
            words[..]
        {
            words.pop();
        }
        let last = words.last().copied()?;
        let before = words.len().checked_sub(2).map(|at| words[at]);
        match last {
            "iban" => Some(Self::Iban),
            "bic" | "swift" => Some(Self::Bic),
            "email" | "courriel" => Some(Self::Email),
            "mail" if before == Some("e") => Some(Self::Email),
            "website" | "web" | "url" | "homepage" | "webseite" => Some(Self::Website),
            "fax" | "telefax" => Some(Self::Fax),
            "phone" | "telephone" | "telefon" | "telefono" | "telefoon" | "telefone" | "tel" | "mobile" => {
                Some(Self::Phone)
            }
            "vat" if words.len() < all => Some(Self::VatId),
            "id" | "idnr" if matches!(before, Some("vat" | "ust" | "umsatzsteuer" | "mwst")) => {
                Some(Self::VatId)
            }
            "ustid" | "vatid" | "ustidnr" => Some(Self::VatId),
            _ => None,
        }
    }

    /// Where values of the form stand in a line.
    pub(crate) fn find(self, line: &str) -> Vec<Range<usize>> {
        let all = |pattern: &'static Pattern| -> Vec<Range<usize>> { matches(pattern, line).collect() };
        match self {
            Self::Iban => matches(&IBAN_START, line).filter_map(|found| iban(line, found.start)).collect(),
            Self::Bic => {
                let country = |range: &Range<usize>| is_country(&line[range.start + 4..range.start + 6]);
                all(&BIC).into_iter().filter(country).collect()
            }
            Self::Email => all(&EMAIL),
            Self::Website => {
                // Nor is the name of a specification ("urn:example.eu:2017") a site.
                let is_mail = |range: &Range<usize>| {
                    line[..range.start].ends_with(['@', '.', '-', '_'])
                        || line[range.end..].starts_with(['@', ':'])
                };
                let ends = |range: Range<usize>| {
                    range.start..range.start + line[range].trim_end_matches(['.', ')', ':', '"']).len()
                };
                all(&WEBSITE).into_iter().filter(|range| !is_mail(range)).map(ends).collect()
            }
            Self::Phone | Self::Fax => {
                let has_digits = |range: &Range<usize>| {
                    PHONE_DIGITS.contains(&line[range.clone()].bytes().filter(u8::is_ascii_digit).count())
                };
                let is_fax = |range: &Range<usize>| is_fax(&line[..range.start]) == (self == Self::Fax);
                all(&PHONE).into_iter().filter(|range| has_digits(range) && is_fax(range)).collect()
            }
            Self::VatId => vat_ids(line),
        }
    }

    /// Whether a value stands for itself: an account number whose check digits are right, anything else as it is.
    pub(crate) fn is_certain(self, text: &str) -> bool {
        self != Self::Iban || has_check_digits(text)
    }

    /// Whether a text without a label may be such a value.
    pub(crate) fn tells(self, text: &str) -> bool {
        match self {
            Self::Iban | Self::Email | Self::VatId => true,
            Self::Website => text.starts_with("www.") || text.contains("://"),
            Self::Phone | Self::Fax => text.starts_with('+'),
            Self::Bic => false,
        }
    }
}

/// An account number from where its country stands: as long as that country's are, else a run of letters and digits that is as
/// long as some country's.
fn iban(line: &str, start: usize) -> Option<Range<usize>> {
    let text = &line.as_bytes()[start..];
    let is_part = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    let expected = length_of_iban(&line[start..start + 2]);
    let (mut count, mut solid) = (0, 0);
    for (at, byte) in text.iter().enumerate() {
        if is_part(byte) {
            count += 1;
            let ends = text.get(at + 1).is_none_or(|next| !next.is_ascii_alphanumeric());
            if Some(count) == expected && ends {
                return Some(start..start + at + 1);
            }
            if ends && text[..at].iter().all(is_part) {
                solid = at + 1;
            }
        } else if *byte != b' ' || !text.get(at + 1).is_some_and(is_part) {
            break;
        }
    }
    IBAN_LENGTH.contains(&solid).then(|| start..start + solid)
}

/// The check of ISO 7064, MOD 97-10: the number with its first four characters at its end, letters as 10 to 35, leaves 1.
fn has_check_digits(text: &str) -> bool {
    let characters: Vec<u32> =
        text.chars().filter(|c| !c.is_whitespace()).filter_map(|c| c.to_digit(36)).collect();
    if characters.len() < 5 {
        return false;
    }
    let (first, rest) = characters.split_at(4);
    let remainder = rest
        .iter()
        .chain(first)
        .fold(0, |remainder, &value| (remainder * if value < 10 { 10 } else { 100 } + value) % 97);
    remainder == 1
}

/// How long the account numbers of a country are.
fn length_of_iban(country: &str) -> Option<usize> {
    IBAN_LENGTHS.split(' ').find_map(|entry| entry.strip_prefix(country)?.parse().ok())
}

/// Countries of banks; those of accounts, and others with many banks.
fn is_country(code: &str) -> bool {
    const OTHERS: &str = "US CA AU NZ JP CN HK SG IN BR MX ZA AE KR TH MY";
    length_of_iban(code).is_some() || OTHERS.split(' ').any(|country| country == code)
}

/// Whether the label before a number is that of a fax.
fn is_fax(before: &str) -> bool {
    let before = fold(before);
    let last = |words: &[&str]| words.iter().filter_map(|word| before.rfind(word)).max();
    last(&["fax"]) > last(&["tel", "phone", "fon", "mobil", "handy", "cell"])
}

/// VAT numbers, which may be printed in groups.
fn vat_ids(line: &str) -> Vec<Range<usize>> {
    let words: Vec<Range<usize>> = line
        .split_inclusive([' ', '\t'])
        .scan(0, |at, word| {
            let start = *at;
            *at += word.len();
            // "USt-IdNr.:DE136695976", "(DE136695976)".
            let text = word.trim_end_matches(|c: char| !c.is_alphanumeric());
            let before = text.rfind(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '-'));
            let first = before.map_or(0, |mark| mark + text[mark..].chars().next().map_or(1, char::len_utf8));
            Some(start + first..start + text.len())
        })
        .collect();
    let is_vat_id = |first: usize, last: usize| {
        let text = &line[words[first].start..words[last].end.max(words[first].start)];
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ' ');
        let compact: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        text.chars().all(is_part) && VAT_ID.as_ref().is_some_and(|pattern| pattern.is_match(&compact))
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let last = (at..words.len().min(at + VAT_GROUPS)).rev().find(|&last| is_vat_id(at, last));
        if let Some(last) = last {
            found.push(words[at].start..words[last].end);
            at = last;
        }
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(form: Form, line: &str) -> Vec<&str> {
        form.find(line).into_iter().map(|range| &line[range]).collect()
    }

    #[test]
    fn the_name_of_a_field_asks_for_a_form() {
        for (name, form) in [
            ("supplier_iban", Some(Form::Iban)),
            ("swift_code", Some(Form::Bic)),
            ("e_mail", Some(Form::Email)),
            ("email_address", Some(Form::Email)),
            ("phone_number", Some(Form::Phone)),
            ("fax_no", Some(Form::Fax)),
            ("homepage", Some(Form::Website)),
            ("seller_vat_id", Some(Form::VatId)),
            ("vat_number", Some(Form::VatId)),
            ("vat", None),
            ("mail", None),
            ("phone_model", None),
            ("tax_number", None),
        ] {
            assert_eq!(Form::of_name(name), form, "{name}");
        }
    }

    #[test]
    fn account_numbers_are_as_long_as_their_country_says() {
        // The examples of the IBAN registry.
        assert_eq!(
            found(Form::Iban, "IBAN: DE89 3704 0044 0532 0130 00 BIC COBADEFF"),
            ["DE89 3704 0044 0532 0130 00"]
        );
        assert_eq!(found(Form::Iban, "ES9121000418450200051332 Banco"), ["ES9121000418450200051332"]);
        assert_eq!(found(Form::Iban, "NL91 ABNA 0417 1643 00, t.n.v."), ["NL91 ABNA 0417 1643 00"]);
        assert!(found(Form::Iban, "Order AB12 for 3 CHAIRS").is_empty());
        assert!(Form::Iban.is_certain("GB29 NWBK 6016 1331 9268 19"));
        assert!(!Form::Iban.is_certain("GB29 NWBK 6016 1331 9268 18"));
        // Too long for its country: given, and not certain.
        assert_eq!(found(Form::Iban, "DE2012421242124212421242124"), ["DE2012421242124212421242124"]);
    }

    #[test]
    fn banks_mail_web_and_telephones_have_their_forms() {
        assert_eq!(found(Form::Bic, "BIC: COBADEFFXXX, RECHNUNG"), ["COBADEFFXXX"]);
        assert_eq!(
            found(Form::Email, "Mail: jane.roe@post.example.com, www.example.com"),
            ["jane.roe@post.example.com"]
        );
        assert_eq!(
            found(Form::Website, "jane@example.com www.example.com/shop. https://example.org"),
            ["www.example.com/shop", "https://example.org"]
        );
        for line in ["Invoice 12.50 of Example GmbH", "urn:example.eu:en16931:2017"] {
            assert_eq!(found(Form::Website, line), Vec::<&str>::new(), "{line}");
        }
        let line = "Tel. +49 (0)30 123456-0 Fax: 030/1234567";
        assert_eq!(found(Form::Phone, line), ["+49 (0)30 123456-0"]);
        assert_eq!(found(Form::Fax, line), ["030/1234567"]);
    }

    #[test]
    fn vat_numbers_have_the_prefix_of_their_state() {
        for (line, number) in [
            ("USt-IdNr. DE136695976", "DE136695976"),
            ("USt-IdNr.:DE136695976, Musterstadt", "DE136695976"),
            ("Example Ltd (GB123456789)", "GB123456789"),
            ("BTW NL 8104.33.941.B01", "NL 8104.33.941.B01"),
            ("VAT GB 123 4567 89 registered", "GB 123 4567 89"),
            ("N° TVA : FR11 999 999 998", "FR11 999 999 998"),
            ("UID CHE-123.456.789 MWST", "CHE-123.456.789 MWST"),
        ] {
            assert_eq!(found(Form::VatId, line), [number], "{line}");
        }
        assert!(found(Form::VatId, "Steuernummer 201/113/40209 DE 12").is_empty());
    }
}
