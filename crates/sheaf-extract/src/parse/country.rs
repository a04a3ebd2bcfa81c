//! Countries by what is said of their law: "German law" is that of Germany.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::fold::fold;

/// Countries by the folded words for what is theirs.
static COUNTRIES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let lines = include_str!("../../data/peoples.txt").lines().filter(|line| !line.starts_with('#'));
    let listed = lines.filter_map(|line| line.split_once(": "));
    listed.flat_map(|(country, words)| words.split(' ').map(move |word| (word, country))).collect()
});

/// The country that a text says something is of, if the whole text does no more: "German".
pub(crate) fn of_people(text: &str) -> Option<&'static str> {
    COUNTRIES.get(fold(text).as_ref()).copied()
}
