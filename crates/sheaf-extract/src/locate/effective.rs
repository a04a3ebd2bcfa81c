//! Which of a contract's dates is the day on which it takes effect, as far as sentences say so.

use std::sync::LazyLock;

use super::candidate::{Candidate, Typed};
use super::layout::{Layout, TAB};
use crate::lexicon::listed_under;
use crate::parse::date::Day;
use crate::parse::fold::{fold, words};
use crate::parse::locale::DateOrder;

/// The share of a document in which its contract is named.
const OPENING: f32 = 0.3;
/// What it is worth for a date to be named the effective one behind it, or for this contract to be named before it.
const NAMED: f32 = 0.25;
/// What it is worth for the words before a date to say that the contract takes effect then.
const TAKES_EFFECT: f32 = 0.5;
/// What it costs a date to be another document's.
const OF_ANOTHER: f32 = 0.5;
/// What it is worth for a date to be that of the last signature, where that makes the contract.
const LAST_SIGNATURE: f32 = 0.6;
/// Lines above a date's that its sentence may begin in.
const ABOVE: usize = 3;
/// Words before a date that say that the contract takes effect then, and that it is another document's.
const NEAR: usize = 5;
const HEAD: usize = 8;
/// Words between a document and what says that a date is its own, and between "last" and a word for signing, at most.
const BETWEEN: usize = 4;
const FAR: usize = 8;

/// Phrases by what they are for.
static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let list = |key| listed_under(include_str!("../../data/effective.txt"), key, ", ");
    Phrases {
        effect: list("effect"),
        dated: list("dated"),
        kinds: list("kinds"),
        papers: list("papers"),
        another: list("another"),
        replaces: list("replaces"),
        last: list("last"),
        signs: list("signs"),
        takes: list("takes"),
        signed: list("signed"),
    }
});

struct Phrases {
    effect: Vec<&'static str>,
    dated: Vec<&'static str>,
    kinds: Vec<&'static str>,
    papers: Vec<&'static str>,
    another: Vec<&'static str>,
    replaces: Vec<&'static str>,
    last: Vec<&'static str>,
    signs: Vec<&'static str>,
    takes: Vec<&'static str>,
    signed: Vec<&'static str>,
}

/// How much speaks for a date as the one on which a contract takes effect: what is said before and behind it, and standing
/// early. `signed` is the day of the last signature, where that is said to make the contract.
pub(crate) fn fit(layout: &Layout<'_>, candidate: &Candidate, signed: Option<Day>, order: DateOrder) -> f32 {
    let before = before(layout, candidate);
    let position = candidate.line() as f32 / layout.lines.len().max(1) as f32;
    let mut fit = -0.15 * position;
    if is_named(layout, candidate) {
        fit += NAMED;
    }
    if position < OPENING && opens_contract(&before) {
        fit += NAMED;
    }
    let sentence = sentence_of(&before);
    if says_effect(&sentence) {
        fit += TAKES_EFFECT;
    } else if is_of_another(&sentence) {
        fit -= OF_ANOTHER;
    }
    if signed.is_some() && is_signature(layout, candidate) && day(candidate, order) == signed {
        fit += LAST_SIGNATURE;
    }
    fit
}

/// Whether a sentence says that a date is the one on which the contract takes effect, whatever labels say: before it, and by its
/// name behind it.
pub(crate) fn is_said(layout: &Layout<'_>, candidate: &Candidate) -> bool {
    is_named(layout, candidate) && says_effect(&sentence_of(&before(layout, candidate)))
}

/// Whether the date is named the effective one right behind it.
fn is_named(layout: &Layout<'_>, candidate: &Candidate) -> bool {
    let last = &candidate.spans[candidate.spans.len() - 1];
    let rest = &layout.lines[last.line].text[last.range.end..];
    let next = layout.lines.get(last.line + 1).map_or("", |line| line.text.as_str());
    let after: String = fold(&format!("{rest} {next}")).chars().take(40).collect();
    after.contains("effective date")
}

/// The words of the last sentence of a text.
fn sentence_of(text: &str) -> Vec<String> {
    words(text.rsplit(['.', ';', TAB]).next().unwrap_or_default())
}

/// The day of the last signature, where the contract says that it takes effect with that.
pub(crate) fn last_signature(layout: &Layout<'_>, dates: &[Candidate], order: DateOrder) -> Option<Day> {
    let signatures = dates.iter().filter(|date| is_signature(layout, date));
    let last = signatures.filter_map(|date| day(date, order)).max()?;
    let lines: Vec<&str> = layout.lines.iter().map(|line| line.text.as_str()).collect();
    lines
        .join(" ")
        .split(['.', ';'])
        .any(|sentence| waits_for_last_signature(&words(sentence)))
        .then_some(last)
}

fn waits_for_last_signature(sentence: &[String]) -> bool {
    let starts = |stems: &[&str], word: &String| stems.iter().any(|stem| word.starts_with(stem));
    let signs = |from: usize| sentence[from..].iter().take(FAR).any(|word| starts(&PHRASES.signs, word));
    let is_last = |(at, word): (usize, &String)| PHRASES.last.contains(&word.as_str()) && signs(at + 1);
    sentence.iter().any(|word| starts(&PHRASES.takes, word)) && sentence.iter().enumerate().any(is_last)
}

fn day(candidate: &Candidate, order: DateOrder) -> Option<Day> {
    let Typed::Date(date, _) = candidate.typed else { return None };
    date.resolve(order).map(|(day, _)| day)
}

/// Whether a date in the second half of a document is labelled as that of a signature.
fn is_signature(layout: &Layout<'_>, candidate: &Candidate) -> bool {
    let before = &layout.lines[candidate.line()].text[..candidate.start()];
    let label = words(before.rsplit(TAB).find(|part| !part.is_empty()).unwrap_or_default()).join(" ");
    2 * candidate.line() > layout.lines.len() && PHRASES.signed.contains(&label.as_str())
}

/// What stands before a date, from a few lines above on.
fn before(layout: &Layout<'_>, candidate: &Candidate) -> String {
    let line = candidate.line();
    let above = layout.lines[line.saturating_sub(ABOVE)..line].iter().map(|line| line.text.as_str());
    let before: Vec<&str> = above.chain([&layout.lines[line].text[..candidate.start()]]).collect();
    fold(&before.join(" ")).into_owned()
}

/// Whether a sentence names this contract and not another before its date: "This Agreement, dated as of".
fn opens_contract(before: &str) -> bool {
    /// Bytes between "this" and the date.
    const FAR: usize = 200;
    let Some(this) = before.rfind("this ") else { return false };
    let sentence = &before[this..];
    sentence.len() <= FAR
        && ["agreement", "amendment", "contract", "deed"].iter().any(|kind| sentence.contains(kind))
        && !["that certain", "prior agreement"].iter().any(|other| sentence.contains(other))
}

/// Whether the words before a date say that something takes effect then: "shall become effective on".
fn says_effect(before: &[String]) -> bool {
    let near = before[before.len().saturating_sub(NEAR)..].join(" ");
    PHRASES.effect.iter().any(|phrase| near.contains(phrase))
}

/// Whether the words before a date name another document, of which it is the date: "under an Offer Letter dated".
fn is_of_another(before: &[String]) -> bool {
    let has = |phrases: &[&str], word: &String| phrases.contains(&word.as_str());
    let Some(dated) = before.iter().rposition(|word| has(&PHRASES.dated, word)) else { return false };
    let head = &before[dated.saturating_sub(HEAD)..dated];
    let names = |phrases| head[head.len().saturating_sub(BETWEEN)..].iter().any(|word| has(phrases, word));
    let whose = head.iter().rposition(|word| word == "this" || has(&PHRASES.another, word));
    // "This agreement supersedes the letter dated".
    let replaces = |word: &String| PHRASES.replaces.iter().any(|stem| word.starts_with(stem));
    let is_replaced = head[whose.unwrap_or_default()..].iter().any(replaces);
    let is_this = whose.is_some_and(|at| head[at] == "this") && !is_replaced;
    // "This is an agreement dated".
    let is = |at: usize| at > 0 && head[at - 1] == "is";
    let is_other = is_replaced || whose.is_some_and(|at| !is_this && !is(at));
    before.len() - dated <= BETWEEN
        && (names(&PHRASES.kinds) && is_other || names(&PHRASES.papers) && !is_this)
}
