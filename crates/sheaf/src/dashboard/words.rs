//! How pages say things.

use std::borrow::Borrow;

/// `1 document`, `2 documents`.
pub(super) fn count(n: impl Borrow<u64>, one: &str, many: &str) -> String {
    let n = *n.borrow();
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// `12,345`.
pub(super) fn number(n: impl Borrow<u64>) -> String {
    let digits = n.borrow().to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `2026-05-15 12:00 UTC` of a time as the store writes it; a script puts it into the browser's zone.
pub(super) fn moment(time: &str) -> String {
    match (time.get(..10), time.get(11..16)) {
        (Some(day), Some(clock)) => format!("{day} {clock} UTC"),
        _ => time.to_owned(),
    }
}

/// `2026-05-15`.
pub(super) fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (n, text) in [(0u64, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(n), text);
        }
        assert_eq!(
            (count(1u64, "page", "pages"), count(2u64, "page", "pages")),
            ("1 page".into(), "2 pages".into())
        );
    }
}
