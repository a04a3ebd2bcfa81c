//! Numbers and amounts as people print them.
//!
//! `1,234.50`, `1.234,50`, `1 234,50`, `1'234.50`, `(12.00)`, `-12.00`, `12.00-`, `12,-`, with a currency sign or code on
//! either side. Where a single mark is followed by three digits, the document's decimal mark decides.

use super::currency;
use super::locale::DecimalMark;

/// Digits that a number may have; longer runs are account numbers and barcodes.
const MOST_DIGITS: usize = 18;
/// Characters of an amount that is printed plainly.
const LONGEST_PLAIN: usize = 8;

/// A number as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Canonical decimal: an optional minus, digits, and the digits after the point as printed.
    pub value: String,
    /// ISO 4217 code of the sign or code that stood with it.
    pub currency: Option<&'static str>,
    /// Digits printed after the decimal mark.
    pub decimals: usize,
    /// Whether thousands were grouped.
    pub grouped: bool,
    /// Whether a percent sign stood with it.
    pub percent: bool,
    /// Whether it can be read in one way only.
    pub certain: bool,
}

impl Number {
    /// Whether it is printed without decimals, groups and currency.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.decimals == 0 && !self.grouped && self.currency.is_none()
    }

    /// Whether it is a number of something (an account, a member) rather than an amount: plain, and long.
    #[must_use]
    pub fn counts_nothing(&self) -> bool {
        self.is_plain() && self.value.len() > LONGEST_PLAIN
    }
}

/// Reads the whole of `text` as a number.
#[must_use]
pub fn read(text: &str, mark: DecimalMark) -> Option<Number> {
    let Peeled { digits, negative, percent, currency } = peel(text, mark)?;
    Some(Number {
        value: digits.value(negative),
        currency,
        decimals: digits.fraction.len(),
        grouped: digits.grouped,
        percent,
        certain: digits.certain,
    })
}

/// Whether the whole of `text` is a number, which does not depend on the decimal mark.
#[must_use]
pub fn is_number(text: &str) -> bool {
    peel(text, DecimalMark::Point).is_some()
}

/// The digits of a number, and what stood around them.
struct Peeled<'t> {
    digits: Digits<'t>,
    negative: bool,
    percent: bool,
    currency: Option<&'static str>,
}

fn peel(text: &str, mark: DecimalMark) -> Option<Peeled<'_>> {
    // Most words are none, and need not be compared with all currencies.
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut rest = text.trim();
    let (mut negative, mut percent, mut currency) = (false, false, None);
    // Signs, brackets and currencies stand in any order around the digits: peel until nothing is left to peel.
    loop {
        let before = rest;
        if let Some(inner) = rest.strip_prefix('(').and_then(|r| r.strip_suffix(')')) {
            negative = true;
            rest = inner.trim();
        }
        if let Some(r) = rest.strip_prefix('+') {
            rest = r.trim_start();
        }
        if let Some(r) = rest.strip_prefix(is_minus) {
            if negative {
                return None;
            }
            negative = true;
            rest = r.trim_start();
        }
        if let Some(r) = strip_trailing_dash(rest) {
            rest = r;
        } else if let Some(r) = rest.strip_suffix(is_minus)
            && r.trim_end().ends_with(|c: char| c.is_ascii_digit())
        {
            if negative {
                return None;
            }
            negative = true;
            rest = r.trim_end();
        }
        if let Some(r) = rest.strip_suffix('%') {
            percent = true;
            rest = r.trim_end();
        }
        let stripped = || currency::strip_prefix(rest).or_else(|| currency::strip_suffix(rest));
        if currency.is_none()
            && let Some((code, bare)) = stripped()
        {
            currency = Some(code);
            rest = bare.trim();
        }
        if rest == before {
            break;
        }
    }
    Some(Peeled { digits: Digits::read(rest, mark)?, negative, percent, currency })
}

/// Marks that group thousands and never start decimals.
#[must_use]
pub fn is_group_mark(c: char) -> bool {
    matches!(c, '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}')
}

fn is_minus(c: char) -> bool {
    matches!(c, '-' | '−' | '–')
}

/// `12,-` and `12.--`: no cents.
fn strip_trailing_dash(text: &str) -> Option<&str> {
    let bare = text.trim_end_matches(|c| is_minus(c) || c == '—');
    (bare.len() < text.len()).then_some(bare)?.strip_suffix([',', '.'])
}

/// The digits of a number as printed.
struct Digits<'t> {
    /// Before the decimal mark, with the marks that group them.
    whole: &'t str,
    /// Behind it.
    fraction: &'t str,
    grouped: bool,
    certain: bool,
}

impl<'t> Digits<'t> {
    fn read(text: &'t str, mark: DecimalMark) -> Option<Self> {
        if !text.ends_with(|c: char| c.is_ascii_digit())
            || !text.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',' || is_group_mark(c))
            || text.chars().filter(char::is_ascii_digit).count() > MOST_DIGITS
        {
            return None;
        }
        let (last, certain) = decimal_position(text, mark)?;
        let (whole, fraction) = match last {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, ""),
        };
        if fraction.chars().any(|c| !c.is_ascii_digit()) {
            return None;
        }
        let grouped = groups_are_valid(whole)?;
        Some(Self { whole, fraction, grouped, certain })
    }

    /// The canonical decimal: leading zeros are no part of a number (`007` is 7), a single zero is; zero has no sign.
    fn value(&self, negative: bool) -> String {
        let is_zero = !self.whole.bytes().chain(self.fraction.bytes()).any(|b| (b'1'..=b'9').contains(&b));
        let mut value = String::with_capacity(self.whole.len() + self.fraction.len() + 2);
        if negative && !is_zero {
            value.push('-');
        }
        let sign = value.len();
        value.extend(self.whole.chars().filter(char::is_ascii_digit).skip_while(|&c| c == '0'));
        if value.len() == sign {
            value.push('0');
        }
        if !self.fraction.is_empty() {
            value.push('.');
            value.push_str(self.fraction);
        }
        value
    }
}

/// Where the decimal mark stands, if there is one, and whether that is sure; `None` where the marks make no number.
fn decimal_position(text: &str, mark: DecimalMark) -> Option<(Option<usize>, bool)> {
    let Some(at) = text.rfind(['.', ',']) else { return Some((None, true)) };
    let (last, other) = if text[at..].starts_with('.') { ('.', ',') } else { (',', '.') };
    let once = !text[..at].contains(last);
    if text[..at].contains(other) {
        // Both marks: the last one is decimal, and stands once.
        return once.then_some((Some(at), true));
    }
    if !once {
        return Some((None, true));
    }
    let fraction = text.len() - at - 1;
    let whole = text[..at].chars().filter(char::is_ascii_digit).count();
    if fraction != 3 || whole == 0 || whole > 3 || text.starts_with('0') || text[..at].contains(is_group_mark)
    {
        return Some((Some(at), true));
    }
    // 1.234: a thousand or a fraction.
    let is_decimal = mark.character() == last;
    Some((is_decimal.then_some(at), false))
}

/// Whether `whole` groups its digits (every group of three, the first shorter; Indian groups of two before the last
/// three); `None` where groups are malformed.
fn groups_are_valid(whole: &str) -> Option<bool> {
    if whole.bytes().all(|b| b.is_ascii_digit()) {
        return Some(false);
    }
    let groups: Vec<&str> = whole.split(|c: char| !c.is_ascii_digit()).collect();
    let [first, middle @ .., last] = groups.as_slice() else { return Some(false) };
    let marks: Vec<char> = whole.chars().filter(|c| !c.is_ascii_digit()).collect();
    if marks.windows(2).any(|w| w[0] != w[1]) {
        return None;
    }
    let western = (1..=3).contains(&first.len()) && middle.iter().all(|g| g.len() == 3);
    let indian = (1..=2).contains(&first.len())
        && !middle.is_empty()
        && middle.iter().all(|g| g.len() == 2)
        && marks.first() == Some(&',');
    (last.len() == 3 && (western || indian)).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mark: DecimalMark, cases: &[(&str, Option<&str>)]) {
        for &(text, value) in cases {
            assert_eq!(read(text, mark).map(|n| n.value).as_deref(), value, "{text}");
        }
    }

    #[test]
    fn marks_that_leave_no_doubt_need_no_locale() {
        let cases = [
            ("1,234.50", Some("1234.50")),
            ("1.234,50", Some("1234.50")),
            ("1 234,50", Some("1234.50")),
            ("1\u{a0}234,50", Some("1234.50")),
            ("1'234.50", Some("1234.50")),
            ("1.234.567", Some("1234567")),
            ("12,34,567.00", Some("1234567.00")),
            ("0.025", Some("0.025")),
            ("1234,500", Some("1234.500")),
            (".50", Some("0.50")),
            ("1939", Some("1939")),
            ("007", Some("7")),
            ("12,-", Some("12")),
            ("12.345.67", None),
            ("1,23,4", None),
            ("12a", None),
            ("-", None),
            ("", None),
            ("12345678901234567890", None),
        ];
        check(DecimalMark::Point, &cases);
        check(DecimalMark::Comma, &cases);
    }

    #[test]
    fn three_digits_after_a_single_mark_follow_the_documents_decimal_mark() {
        check(DecimalMark::Point, &[("1.234", Some("1.234")), ("1,234", Some("1234"))]);
        check(DecimalMark::Comma, &[("1.234", Some("1234")), ("1,234", Some("1.234"))]);
        assert!(!read("1.234", DecimalMark::Comma).unwrap().certain);
    }

    #[test]
    fn signs_brackets_and_currencies_are_read_in_any_order() {
        check(
            DecimalMark::Point,
            &[
                ("(12.00)", Some("-12.00")),
                ("(12.00) €", Some("-12.00")),
                ("EUR (12.00)", Some("-12.00")),
                ("-12.00", Some("-12.00")),
                ("−12.00", Some("-12.00")),
                ("12.00-", Some("-12.00")),
                ("($210.00)", Some("-210.00")),
                ("-$5.00", Some("-5.00")),
                ("$-5.00", Some("-5.00")),
                ("$ 42.00", Some("42.00")),
                ("EUR 12,00", Some("12.00")),
                ("12,00 €", Some("12.00")),
                ("Rs 1939", Some("1939")),
                ("-0.00", Some("0.00")),
                ("15%", Some("15")),
                ("--5", None),
            ],
        );
        assert_eq!(read("$5", DecimalMark::Point).unwrap().currency, Some("USD"));
        assert_eq!(read("5 CHF", DecimalMark::Point).unwrap().currency, Some("CHF"));
        assert!(read("5 %", DecimalMark::Point).unwrap().percent);
    }
}
