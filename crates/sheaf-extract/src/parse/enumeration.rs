//! Enums: one of the values a template names.
//!
//! A value is found by itself in any case, or, where the values are currency codes, by the currency's signs and names.

use super::currency;
use super::fold::fold;

/// The value among `values` that the whole of `text` stands for.
#[must_use]
pub fn read<'v>(text: &str, values: &'v [String]) -> Option<&'v str> {
    let whole = text.trim();
    let text = trim(text);
    if let Some(exact) = values.iter().find(|v| v.as_str() == text) {
        return Some(exact);
    }
    let folded = fold(text);
    if let Some(same) = values.iter().find(|v| fold(trim(v)) == folded) {
        return Some(same);
    }
    // "Fr." has its point.
    let code = currency::code_of(text).or_else(|| currency::code_of(whole))?;
    values.iter().map(String::as_str).find(|&v| v == code)
}

/// Whether `values` are currency codes, so that signs and names may stand for them: three capitals each, and most of them
/// known.
#[must_use]
pub fn are_currencies(values: &[String]) -> bool {
    let codes = values.iter().all(|v| v.len() == 3 && v.bytes().all(|b| b.is_ascii_uppercase()));
    let known = values.iter().filter(|v| currency::code_of(v) == Some(v.as_str())).count();
    codes && known * 2 > values.len()
}

fn trim(text: &str) -> &str {
    text.trim().trim_matches(|c: char| matches!(c, '(' | ')' | '[' | ']' | ':' | ',' | ';' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_known_by_itself_or_by_its_currency_sign() {
        let values: Vec<String> = ["EUR", "USD", "PAID", "Part paid"].map(str::to_owned).into();
        for (text, value) in [
            ("EUR", Some("EUR")),
            ("(EUR)", Some("EUR")),
            ("€", Some("EUR")),
            ("$", Some("USD")),
            ("paid", Some("PAID")),
            ("part  paid", None),
            ("Part Paid:", Some("Part paid")),
            ("£", None),
            ("", None),
        ] {
            assert_eq!(read(text, &values), value, "{text}");
        }
        assert!(!are_currencies(&values));
        assert!(are_currencies(&values[..2]));
    }
}
