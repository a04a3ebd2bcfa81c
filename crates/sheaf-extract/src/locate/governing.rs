//! The law that governs a contract: states and countries, scored by what their sentence says of them.

use std::sync::LazyLock;

use super::prose::{Passage, Prose};
use crate::lexicon::{Entry, Key, Strength, Trie, listed_under};
use crate::parse::country;
use crate::parse::fold::words;

/// What it costs a place to be a union of states.
const OF_THE_UNION: f32 = 0.25;
/// Words before a place that are looked at, and before a law of it.
const BEFORE: usize = 24;
const NEAR: usize = 8;
/// Words after a law that are looked at.
const AFTER: usize = 14;
/// Words of a place's name.
const LONGEST_PLACE: usize = 5;
/// What it is worth for the sentence to speak of a contract.
const OF_CONTRACT: f32 = 0.12;

/// Places by their names.
static PLACES: LazyLock<Trie> = LazyLock::new(|| {
    let mut trie = Trie::default();
    for place in include_str!("../../data/places.txt").lines().filter(|line| !line.starts_with('#')) {
        let entry = Entry { key: Key::Field(0), strength: Strength::Strong, bare: false, language: None };
        trie.insert(place, entry);
    }
    trie
});

/// Words by what they say of a law.
static SAYS: LazyLock<Says> = LazyLock::new(|| {
    let list = |key, separator| listed_under(include_str!("../../data/governing.txt"), key, separator);
    Says {
        law: list("law", " "),
        governed: list("governed", " "),
        construed: list("construed", " "),
        governs: list("governs", " "),
        under: list("under", ", "),
        contract: list("contract", " "),
        courts: list("courts", " "),
        organised: list("organised", " "),
        firms: list("firms", " "),
    }
});

struct Says {
    law: Vec<&'static str>,
    governed: Vec<&'static str>,
    construed: Vec<&'static str>,
    governs: Vec<&'static str>,
    under: Vec<&'static str>,
    contract: Vec<&'static str>,
    courts: Vec<&'static str>,
    organised: Vec<&'static str>,
    firms: Vec<&'static str>,
}

/// Whether a short text is a state or country, or starts with one.
pub(super) fn is_place(text: &str) -> bool {
    let words = words(text);
    words.len() <= 4
        && PLACES.matches(words.iter().map(String::as_str)).any(|(_, entries)| !entries.is_empty())
}

/// Whether a short text is a state or country and nothing else.
pub(super) fn is_only_place(text: &str) -> bool {
    let words = words(text);
    let found = PLACES.matches(words.iter().map(String::as_str)).filter(|(_, entries)| !entries.is_empty());
    found.map(|(used, _)| used).any(|used| used == words.len())
}

impl Prose<'_> {
    /// States and countries, scored by the words of governing law around them.
    pub(crate) fn places(&self) -> Vec<Passage> {
        let mut found: Vec<Passage> = Vec::new();
        // Where the last mention of the Union ends, which passage it is, and how surely its law governs.
        let mut union: Option<(usize, usize, f32)> = None;
        let mut at = 0;
        while at < self.words.len() {
            let Some(length) = self.place_at(at) else {
                at += 1;
                continue;
            };
            let mut score = self.governs(at, at + length);
            if self.words[at..at + length].iter().any(|w| w.folded == "states") {
                union = Some((at + length, found.len(), score));
                // Copyright, securities and patents are the Union's law, contracts are a state's.
                score -= OF_THE_UNION;
            } else if let Some((_, place, governs)) = union.filter(|&(end, _, _)| at - end <= 2) {
                // "The United States of America, State of California".
                score = score.max(governs);
                if let Some(wider) = found.get_mut(place) {
                    wider.score = 0.0;
                }
            }
            if let Some(spans) = self.spans(at..at + length) {
                found.push(Passage { spans, score, may_be_labelled: true });
            }
            at += length;
        }
        found
    }

    /// The words of the place that is named at a word, or that a word says whose law is meant: "Ohio", "German law".
    fn place_at(&self, at: usize) -> Option<usize> {
        let is_name = self.words[at].text.starts_with(char::is_uppercase);
        let window = self.words[at..].iter().take(if is_name { LONGEST_PLACE } else { 0 }).map(|w| w.folded);
        let known = PLACES.matches(window).filter(|(_, entries)| !entries.is_empty());
        let is_law = |word: usize| self.words.get(word).is_some_and(|w| SAYS.law.contains(&w.folded));
        let of_law = || {
            let is_beside_law = is_law(at + 1) || at > 0 && is_law(at - 1);
            (is_beside_law && country::of_people(self.words[at].folded).is_some()).then_some(1)
        };
        known.last().map(|(length, _)| length).or_else(of_law)
    }

    /// How surely the place at these words is the one whose law governs.
    fn governs(&self, start: usize, end: usize) -> f32 {
        let sentence = self.sentence(end - 1);
        let before: Vec<&str> = self.of_column(start, BEFORE).iter().map(|w| w.folded).collect();
        let after: Vec<&str> = self.words[end..].iter().take(NEAR).map(|w| w.folded).collect();
        let within = |words: &[&str], n: usize| {
            before[before.len().saturating_sub(n)..].iter().any(|w| words.contains(w))
        };
        // "Ohio law, without regard to its conflict-of-law rules, governs this Agreement."
        let mut goes_on = self.words[end..sentence.end].iter().take(AFTER);
        let governs = goes_on.any(|w| SAYS.governs.contains(&w.folded));
        let of_contract = self.words[sentence].iter().any(|w| SAYS.contract.contains(&w.folded));
        let of_law = within(&SAYS.law, NEAR);
        // "Its effect shall be determined by Ohio law."
        let last = before[before.len().saturating_sub(3)..].join(" ");
        let is_under = of_contract && SAYS.under.iter().any(|phrase| last.contains(phrase));
        let mut score: f32 = 0.1;
        if of_law {
            score += 0.35;
        }
        if within(&SAYS.governed, BEFORE) || of_law && governs {
            score += 0.3;
        }
        if within(&SAYS.construed, BEFORE) {
            score += 0.15;
        }
        if after.first().is_some_and(|word| SAYS.law.contains(word)) {
            score += match () {
                () if score > 0.3 => 0.2,
                () if governs || is_under => 0.5,
                () => 0.0,
            };
        }
        if within(&SAYS.courts, NEAR) {
            score += 0.12;
        }
        if within(&SAYS.organised, 9) || after.iter().take(3).any(|w| SAYS.firms.contains(w)) {
            score -= 0.5;
        } else if score > 0.3 && of_contract {
            score += OF_CONTRACT;
        }
        score
    }
}
