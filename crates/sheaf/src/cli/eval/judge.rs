//! Whether a value is right.

use indexmap::IndexMap;
use rust_decimal::Decimal;
use sheaf_extract::parse::fold::{fold, tight};
use sheaf_types::FieldKind;

use super::truth::Row;

/// Texts that share this much by edit distance are near each other.
const NEAR: f64 = 0.9;

/// How a value compares with the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Wrong,
    /// A text with a few other letters.
    Near,
    /// Equal: amounts by value, texts without case, accents, blanks and punctuation.
    Right,
}

/// Compares a value with those that are acceptable.
pub(super) fn judge(kind: FieldKind, value: &str, acceptable: &[String]) -> Verdict {
    acceptable.iter().map(|truth| compare(kind, value, truth)).max().unwrap_or(Verdict::Wrong)
}

fn compare(kind: FieldKind, value: &str, truth: &str) -> Verdict {
    let right = |is: bool| if is { Verdict::Right } else { Verdict::Wrong };
    match kind {
        FieldKind::Number | FieldKind::Currency => {
            match (value.parse::<Decimal>(), truth.trim().parse::<Decimal>()) {
                (Ok(value), Ok(truth)) => right(value == truth),
                _ => right(value == truth.trim()),
            }
        }
        FieldKind::Date => right(value == truth.trim()),
        FieldKind::Text | FieldKind::Enum | FieldKind::Table => {
            let (a, b) = (tight(value), tight(truth));
            if a == b && (!a.is_empty() || value.trim() == truth.trim()) {
                return Verdict::Right;
            }
            let near =
                kind == FieldKind::Text && strsim::normalized_levenshtein(&fold(value), &fold(truth)) >= NEAR;
            if near { Verdict::Near } else { Verdict::Wrong }
        }
    }
}

/// How a table compares with the truth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct TableScore {
    /// Cells with a value: in the truth, given, and given and right.
    pub(super) truth: u64,
    pub(super) given: u64,
    pub(super) right: u64,
    /// Whether the number of rows is right.
    pub(super) rows_right: bool,
}

/// Compares the rows given with the true ones: each true row with at most one given, in order, so that the most cells
/// are right. Only columns that the truth has count.
pub(super) fn judge_table(
    kinds: &IndexMap<&str, FieldKind>,
    truth: &[Row],
    given: &[IndexMap<String, Option<String>>],
) -> TableScore {
    let named = |name: &String| truth.iter().any(|row| row.contains_key(name));
    let cells = |row: &IndexMap<String, Option<String>>| {
        row.iter().filter(|(name, value)| value.is_some() && named(name)).count() as u64
    };
    let right = |truth: &Row, given: &IndexMap<String, Option<String>>| {
        let matches = |(name, acceptable): (&String, &Vec<String>)| {
            let value = given.get(name).and_then(Option::as_deref);
            let kind = kinds.get(name.as_str()).copied().unwrap_or(FieldKind::Text);
            value.is_some_and(|value| judge(kind, value, acceptable) == Verdict::Right)
        };
        truth.iter().filter(|cell| matches(*cell)).count() as u64
    };
    // The most right cells among the first rows of both.
    let mut best = vec![0u64; given.len() + 1];
    for row in truth {
        let mut diagonal = 0;
        for (at, other) in given.iter().enumerate() {
            let above = best[at + 1];
            best[at + 1] = above.max(best[at]).max(diagonal + right(row, other));
            diagonal = above;
        }
    }
    TableScore {
        truth: truth.iter().map(|row| row.len() as u64).sum(),
        given: given.iter().map(cells).sum(),
        right: best[given.len()],
        rows_right: truth.len() == given.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(kind: FieldKind, value: &str, truth: &[&str]) -> Verdict {
        judge(kind, value, &truth.iter().map(|&t| t.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn amounts_compare_by_value_and_texts_by_letters() {
        for (kind, value, truth, expected) in [
            (FieldKind::Currency, "12.50", &["12.5"][..], Verdict::Right),
            (FieldKind::Currency, "12.50", &["-12.50"], Verdict::Wrong),
            (FieldKind::Date, "2024-03-01", &["2024-03-01"], Verdict::Right),
            (FieldKind::Date, "2024-03-01", &["2024-01-03"], Verdict::Wrong),
            (FieldKind::Text, "Müller & Co. GmbH", &["MULLER & CO GMBH"], Verdict::Right),
            (FieldKind::Text, "Ada Byron", &["Byron, Ada", "Ada Byron"], Verdict::Right),
            (FieldKind::Text, "Example Trading Company", &["Exampel Trading Company"], Verdict::Near),
            (FieldKind::Text, "Example", &["Sample"], Verdict::Wrong),
            (FieldKind::Text, "-", &["+"], Verdict::Wrong),
            (FieldKind::Enum, "EUR", &["eur"], Verdict::Right),
        ] {
            assert_eq!(verdict(kind, value, truth), expected, "{value} {truth:?}");
        }
    }

    #[test]
    fn tables_are_aligned_in_order() {
        let row = |a: &str, b: &str| -> Row {
            [("a", a), ("b", b)].map(|(name, v)| (name.to_owned(), vec![v.to_owned()])).into_iter().collect()
        };
        let given = |a: &str, b: Option<&str>| -> IndexMap<String, Option<String>> {
            [("a", Some(a)), ("b", b), ("extra", Some("x"))]
                .map(|(name, v)| (name.to_owned(), v.map(str::to_owned)))
                .into_iter()
                .collect()
        };
        let kinds = IndexMap::from([("a", FieldKind::Text), ("b", FieldKind::Number)]);
        let truth = [row("one", "1"), row("two", "2"), row("three", "3")];
        let score = judge_table(&kinds, &truth, &[given("two", Some("2.0")), given("three", None)]);
        assert_eq!(score, TableScore { truth: 6, given: 3, right: 3, rows_right: false });
        let swapped = [given("three", Some("3")), given("two", Some("2")), given("one", Some("1"))];
        assert_eq!(judge_table(&kinds, &truth, &swapped).right, 2);
        assert_eq!(judge_table(&kinds, &truth, &[]).right, 0);
    }
}
