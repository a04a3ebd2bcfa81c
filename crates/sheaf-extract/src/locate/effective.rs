//! Which of a contract's dates is the day on which it takes effect, as far as sentences say so.

use std::sync::LazyLock;

use super::candidate::{Candidate, Typed};
use super::layout::{Layout, TAB};
use crate::lexicon::{LABEL_WORDS, listed_under};
use crate::parse::date::{self, Day};
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
/// Words before a date that say that the contract takes effect then, before what the day is in their place, and that it is another
/// document's.
const NEAR: usize = 5;
const NEAR_DAY: usize = 8;
const HEAD: usize = 8;
/// Words between a document and what says that a date is its own, and between "last" and a word for signing, at most.
const BETWEEN: usize = 4;
const FAR: usize = 8;
/// Words of what a contract calls a day, and of a label with that in it, at most.
const LONGEST_NAME: usize = 4;
const LONGEST_LABEL: usize = 6;

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
        days: list("days"),
        this: list("this"),
        contracts: list("contracts"),
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
    days: Vec<&'static str>,
    this: Vec<&'static str>,
    contracts: Vec<&'static str>,
}

/// What a contract says of the day on which it takes effect.
pub(crate) struct Effect {
    /// The day of the last signature, where that is said to make the contract.
    signed: Option<Day>,
    /// How it calls the day on which it says that it takes effect: "with effect from the Commencement Date".
    names: Vec<String>,
    order: DateOrder,
}

impl Effect {
    pub(crate) fn new(layout: &Layout<'_>, dates: &[Candidate], order: DateOrder) -> Self {
        let lines: Vec<&str> = layout.lines.iter().map(|line| line.text.as_str()).collect();
        let text = lines.join(" ");
        let sentences: Vec<(&str, Vec<String>)> =
            text.split(['.', ';']).map(|part| (part, words(part))).collect();
        let signatures = dates.iter().filter(|date| is_signature(layout, date));
        let last = signatures.filter_map(|date| day(date, order)).max();
        // A contract that names the day itself waits for no signature.
        let waits = |(text, sentence): &(&str, Vec<String>)| {
            waits_for_last_signature(sentence) && date::find(text).is_empty()
        };
        let signed = last.filter(|_| sentences.iter().any(waits));
        let names = sentences.iter().filter_map(|(_, sentence)| name_of_day(sentence)).collect();
        Self { signed, names, order }
    }

    /// How much speaks for a date as the one on which a contract takes effect: what is said before and behind it, and standing
    /// early.
    pub(crate) fn fit(&self, layout: &Layout<'_>, candidate: &Candidate) -> f32 {
        let before = before(layout, candidate);
        let position = candidate.line() as f32 / layout.lines.len().max(1) as f32;
        let mut fit = -0.15 * position;
        let says_effect = says_effect(&before);
        if self.is_named(layout, candidate) {
            fit += NAMED;
        }
        if (position < OPENING || says_effect) && opens_contract(&before) {
            fit += NAMED;
        }
        if says_effect || self.is_labelled(layout, candidate) {
            fit += TAKES_EFFECT;
        } else if is_of_another(&sentence_of(&before)) {
            fit -= OF_ANOTHER;
        }
        if self.signed.is_some()
            && is_signature(layout, candidate)
            && day(candidate, self.order) == self.signed
        {
            fit += LAST_SIGNATURE;
        }
        fit
    }

    /// Whether a sentence says that a date is the one on which the contract takes effect, whatever labels say: before it, and by
    /// its name behind it or that of the contract.
    pub(crate) fn is_said(&self, layout: &Layout<'_>, candidate: &Candidate) -> bool {
        let before = before(layout, candidate);
        says_effect(&before) && (self.is_named(layout, candidate) || opens_contract(&before))
    }

    /// Whether the date is named the effective one right behind it.
    fn is_named(&self, layout: &Layout<'_>, candidate: &Candidate) -> bool {
        let last = &candidate.spans[candidate.spans.len() - 1];
        let rest = &layout.lines[last.line].text[last.range.end..];
        let next = layout.lines.get(last.line + 1).map_or("", |line| line.text.as_str());
        let after: String = fold(&format!("{rest} {next}")).chars().take(40).collect();
        after.contains("effective date") || self.names.iter().any(|name| after.contains(name))
    }

    /// Whether the label beside the date is how the contract calls the day on which it takes effect.
    fn is_labelled(&self, layout: &Layout<'_>, candidate: &Candidate) -> bool {
        let label = label_before(layout, candidate);
        label.len() <= LONGEST_LABEL && self.names.iter().any(|name| label.join(" ").contains(name))
    }
}

/// How a sentence calls the day on which something takes effect: "with effect from the Commencement Date".
fn name_of_day(sentence: &[String]) -> Option<String> {
    let is_definite = |at: usize| LABEL_WORDS.definite.contains(&sentence[at].as_str());
    let day_of = |article: usize| {
        let mut name = sentence[article + 1..].iter().take(LONGEST_NAME);
        name.position(|word| PHRASES.days.contains(&word.as_str()))
    };
    let named = (0..sentence.len()).filter(|&at| is_definite(at));
    let mut named = named.filter_map(|article| Some((article, day_of(article)?)));
    let (article, day) = named.find(|&(article, _)| ends_in_effect(&sentence[..article], NEAR))?;
    // "The date" is no name.
    (day > 0).then(|| sentence[article + 1..=article + 1 + day].join(" "))
}

/// The words of the last sentence of a text.
fn sentence_of(text: &str) -> Vec<String> {
    words(text.rsplit(['.', ';', TAB]).next().unwrap_or_default())
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
    let label = label_before(layout, candidate).join(" ");
    2 * candidate.line() > layout.lines.len() && PHRASES.signed.contains(&label.as_str())
}

/// The words of what stands before a date in its line, in its own segment or the one to the left.
fn label_before(layout: &Layout<'_>, candidate: &Candidate) -> Vec<String> {
    let before = &layout.lines[candidate.line()].text[..candidate.start()];
    words(before.rsplit(TAB).find(|part| !part.is_empty()).unwrap_or_default())
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
    let text = format!(" {before}");
    let starts = PHRASES.this.iter().filter_map(|this| text.rfind(&format!(" {this} ")));
    let Some(this) = starts.max() else { return false };
    let sentence = &text[this..];
    sentence.len() <= FAR
        && PHRASES.contracts.iter().any(|kind| sentence.contains(kind))
        && !["that certain", "prior agreement"].iter().any(|other| sentence.contains(other))
}

/// Whether the text before a date says that something takes effect then: "shall become effective on", and with what the day is
/// between the two: "effective as of the day of the first delivery,".
fn says_effect(before: &str) -> bool {
    if ends_in_effect(&sentence_of(before), NEAR) {
        return true;
    }
    let Some(apposed) = before.trim_end().strip_suffix(',') else { return false };
    let clause = words(apposed.rsplit([',', '.', ';', TAB]).next().unwrap_or_default());
    let day = clause.iter().position(|word| PHRASES.days.contains(&word.as_str()));
    day.is_some_and(|day| ends_in_effect(&clause[..day], NEAR_DAY))
}

/// Whether the last words of a text say that something takes effect then.
fn ends_in_effect(words: &[String], last: usize) -> bool {
    let near = words[words.len().saturating_sub(last)..].join(" ");
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
