//! Which known labels a printed label is, and how much it resembles them.
//!
//! A printed label is a run of tokens: a segment, or what stands before a value in its segment. Every known label in it
//! is found, the longest first: inside "Account Executive" no "Account" is seen. Equal scores 1; a known label that ends
//! the printed one .80 to .95, one that starts it .72 to .92, one within .60 to .80, each by the share of the printed
//! label it covers; bare words ("total", "date") count only where they are the whole label or end it. A template's own
//! label that nothing matched may differ by some letters (recognised text, spelling).

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use rustc_hash::FxHashSet;
use sheaf_types::TemplateSpec;

use super::field::is_known;
use super::layout::{Layout, Line, Token};
use crate::ablation::{Family, uses};
use crate::lexicon::{Entry, Key, LABEL_WORDS, LEXICON, Shape, Strength, Trie, listed};
use crate::parse::currency;
use crate::parse::fold::{tight, words};

/// A printed label longer than this is prose: only its end is looked at.
pub(crate) const LONGEST: usize = 12;
/// Tokens that a question or a heading over several labels has at least.
const QUESTION: usize = 5;
/// Letters of an anchor that is compared letter by letter, at least.
const SHORTEST: usize = 4;
/// Letters that differ: under this share of equal ones a label is another label.
const LEAST_RATIO: f32 = 0.75;

/// A known label found in a printed one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LabelMatch {
    pub(crate) key: Key,
    pub(crate) strength: Strength,
    /// 0 to 1.
    pub(crate) similarity: f32,
    /// Index into [`crate::lexicon::LANGUAGES`].
    pub(crate) language: Option<u8>,
    /// Tokens of the printed label, as it was given, up to and with the known one.
    pub(crate) end: usize,
    /// The first of its tokens.
    pub(crate) start: usize,
}

impl LabelMatch {
    /// Whether the template itself has this label.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self.key, Key::Field(_))
    }

    /// Whether the lexicon has this label for one of these concepts.
    pub(crate) fn means(&self, concepts: &[&str]) -> bool {
        matches!(self.key, Key::Concept(concept) if concepts.contains(&LEXICON.name(concept)))
    }

    /// Whether the lexicon has this label for a concept whose values look like that.
    pub(crate) fn has_shape(&self, shape: Shape) -> bool {
        matches!(self.key, Key::Concept(concept) if LEXICON.shape(concept) == shape)
    }

    /// Whether the template has this label, and no more or less is printed.
    pub(crate) fn is_exactly_own(&self) -> bool {
        self.is_own() && self.similarity >= 0.99
    }
}

/// The labels known for one template: its own, and the lexicon's.
#[derive(Debug)]
pub(crate) struct Labels {
    own: Trie,
    /// Field and tight anchor, for anchors long enough to be compared letter by letter.
    anchors: Vec<(u16, Vec<char>)>,
    /// Field and the words of an anchor that say what it is, for anchors that a question may hold.
    subjects: Vec<(u16, Vec<String>)>,
    /// Field and the words of an anchor behind "name of", which are its label where they are all that is printed.
    named: Vec<(u16, Vec<String>)>,
}

/// A token of a printed label.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printed<'t> {
    pub(crate) text: &'t str,
    pub(crate) colon: bool,
}

/// The days of the week.
static WEEKDAYS: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| listed(include_str!("../../data/weekdays.txt")));
/// Words between one that asks for names and what it asks for, at most: "list every", "state the name of the".
const BETWEEN: usize = 4;

impl Printed<'_> {
    /// Whether the token is a word, or its plural.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.text.strip_prefix(word).is_some_and(|rest| matches!(rest, "" | "s"))
    }
}

/// Whether a question or instruction asks for what some words name: it starts with several of them behind its number, or they stand
/// right behind a word that asks: "10. List every foreign principal to whom …".
pub(crate) fn asks_for(printed: &[Printed<'_>], words: &[String]) -> bool {
    let is_number = |p: &Printed<'_>| p.text.len() <= 2 && p.text.bytes().any(|b| b.is_ascii_digit());
    let starts_with = |at: usize| {
        printed.len() >= at + words.len() && words.iter().zip(&printed[at..]).all(|(word, p)| p.is(word))
    };
    let first = printed.iter().position(|p| !is_number(p)).unwrap_or(0);
    let asking = (first..printed.len()).filter(|&at| LABEL_WORDS.asking.contains(&printed[at].text));
    !words.is_empty()
        && (words.len() > 1 && starts_with(first) || { asking }
            .any(|at| (at + 1..=at + BETWEEN).any(starts_with)))
}

impl Labels {
    pub(crate) fn new(template: &TemplateSpec) -> Self {
        let mut own = Trie::default();
        let mut anchors = Vec::new();
        let mut subjects = Vec::new();
        let mut named = Vec::new();
        for (index, field) in (0u16..).zip(&template.fields) {
            let name = field.name.replace('_', " ");
            let is_name = name.len() >= 4 && !name.ends_with(|c: char| c.is_ascii_digit());
            // Where nothing else says what the field means, its name is its label.
            let by_name = is_name && name.contains(' ') && field.anchors.is_empty() && !is_known(field);
            for anchor in field.anchors.iter().chain(by_name.then_some(&name)) {
                let entry = Entry {
                    key: Key::Field(index),
                    // A single word says less than a longer label that is known to mean the same.
                    strength: if anchor.trim().contains([' ', '-', '/']) {
                        Strength::Strong
                    } else {
                        Strength::Word
                    },
                    // A single short word is as ambiguous in a template as in the lexicon.
                    bare: tight(anchor).len() < 4,
                    language: None,
                };
                own.insert(anchor, entry);
                // Printed labels are compared without rates.
                if anchor.contains('%') {
                    own.insert(&anchor.replace('%', " "), entry);
                }
                // And without numbers within: "1993 usage", "pH (50%)".
                let is_number = |word: &String| word.bytes().all(|b| b.is_ascii_digit());
                let all = words(anchor);
                let unnumbered: Vec<String> = all.iter().filter(|word| !is_number(word)).cloned().collect();
                if unnumbered.len() < all.len() && unnumbered.concat().len() >= 3 {
                    own.insert(&unnumbered.join(" "), entry);
                }
                // "Contract / Revision" is also found as "Contract".
                if let Some((first, _)) = anchor.split_once('/').filter(|(first, _)| tight(first).len() >= 4)
                {
                    own.insert(first, Entry { strength: Strength::Bare, bare: true, ..entry });
                }
                let letters: Vec<char> = tight(anchor).chars().collect();
                if letters.len() >= SHORTEST {
                    anchors.push((index, letters));
                }
                if let [name, of, rest @ ..] = all.as_slice()
                    && (name.as_str(), of.as_str()) == ("name", "of")
                    && !rest.is_empty()
                {
                    named.push((index, rest.iter().filter(|word| *word != "the").cloned().collect()));
                }
                let subject = key_words(anchor);
                if subject.iter().map(String::len).sum::<usize>() >= 8 {
                    subjects.push((index, subject));
                }
            }
            if is_name && !by_name {
                let bare = !name.contains(' ');
                let entry = Entry { key: Key::Field(index), strength: Strength::Weak, bare, language: None };
                own.insert(&name, entry);
            }
        }
        Self { own, anchors, subjects, named }
    }

    /// The known labels in a printed one, each key once with its best similarity.
    pub(crate) fn classify(&self, printed: &[Printed<'_>]) -> Vec<LabelMatch> {
        let offset = printed.len().saturating_sub(LONGEST);
        let (core, skipped) = core_of(&printed[offset..]);
        if core.is_empty() {
            return Vec::new();
        }
        let texts: Vec<&str> = core.iter().map(|p| p.text).collect();
        let mut spans: Vec<(usize, usize, &Entry)> = Vec::new();
        for start in 0..texts.len() {
            for trie in self.known() {
                for (used, entries) in trie.matches(texts[start..].iter().copied()) {
                    spans.extend(entries.iter().map(|entry| (start, start + used, entry)));
                }
            }
        }
        if spans.iter().all(|&(start, _, _)| start > 0) && uses(Family::Lexicon) {
            spans.extend(compounds(&texts));
        }
        spans.retain(|&(start, _, entry)| !may_be_name(entry.key) || !names_person(&texts[..start]));
        let mut matches: Vec<LabelMatch> = self.named(&core, offset + skipped).collect();
        let lengths: Vec<usize> = texts.iter().map(|t| t.chars().count()).collect();
        let total: usize = lengths.iter().sum();
        for &(start, end, entry) in &spans {
            let hidden = spans.iter().any(|&(s, e, other)| {
                s <= start && end <= e && e - s > end - start && !(other.bare && other.key == entry.key)
            });
            if hidden {
                continue;
            }
            let covered: usize = lengths[start..end].iter().sum();
            let Some(similarity) =
                similarity(start, end, texts.len(), covered as f32 / total as f32, entry.bare)
            else {
                continue;
            };
            let found = LabelMatch {
                key: entry.key,
                strength: entry.strength,
                similarity,
                language: entry.language,
                start: offset + skipped + start,
                end: offset + skipped + end,
            };
            let rank = |m: &LabelMatch| m.similarity * strength_weight(m.strength);
            match matches.iter_mut().find(|m| m.key == found.key) {
                Some(best) if rank(best) >= rank(&found) => {}
                Some(best) => *best = found,
                None => matches.push(found),
            }
        }
        matches
    }

    /// The anchors that say "name of" what is printed, and no more than that: "Registrant:" for "Name of registrant". A single
    /// word without a colon is a heading over more than a name.
    fn named<'l>(&'l self, core: &'l [Printed<'_>], first: usize) -> impl Iterator<Item = LabelMatch> + 'l {
        let is_label = core.len() > 1 || core.last().is_some_and(|token| token.colon);
        let are_printed = move |words: &[String]| {
            is_label
                && words.len() == core.len()
                && words.iter().zip(core).all(|(word, token)| word == token.text)
        };
        self.named.iter().filter(move |(_, words)| are_printed(words)).map(move |&(field, _)| LabelMatch {
            key: Key::Field(field),
            strength: Strength::Word,
            similarity: 0.95,
            language: None,
            start: first,
            end: first + core.len(),
        })
    }

    /// The known labels: the template's own, and those of the lexicon.
    fn known(&self) -> impl Iterator<Item = &Trie> {
        std::iter::once(&self.own).chain(uses(Family::Lexicon).then_some(&LEXICON.labels))
    }

    /// Whether one of the tokens may be the first of a label of the template.
    pub(crate) fn may_start_own(&self, printed: &[Printed<'_>]) -> bool {
        printed.iter().any(|token| self.own.matches([token.text]).next().is_some())
    }

    /// How many of the first tokens are a known label; the most, where several are. Bare words do not count.
    pub(crate) fn longest_prefix(&self, printed: &[Printed<'_>]) -> Option<usize> {
        self.known()
            .flat_map(|trie| trie.matches(printed.iter().take(LONGEST).map(|p| p.text)))
            .filter(|(_, entries)| entries.iter().any(|e| !e.bare))
            .map(|(used, _)| used)
            .max()
    }

    /// Whether a printed text starts with a label of the template; a bare one does not count.
    pub(crate) fn starts_with_own(&self, printed: &[Printed<'_>]) -> bool {
        let mut found = self.own.matches(printed.iter().map(|p| p.text));
        found.any(|(_, entries)| entries.iter().any(|e| !e.bare && e.strength >= Strength::Word))
    }

    /// Where labels of the template stand within a printed text: those of several words, those behind a number, and bare ones
    /// before a number that nothing or a number stands before: "Tel 555 0100   Fax 555 0101".
    pub(crate) fn own_within(&self, printed: &[Printed<'_>]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for start in 0..printed.len() {
            let behind_number = start > 0 && printed[start - 1].text.ends_with(|c: char| c.is_ascii_digit());
            let least = if behind_number { 1 } else { 2 };
            let label = self.own.matches(printed[start..].iter().map(|p| p.text));
            let label = label.filter(|&(used, entries)| {
                let next = printed.get(start + used).map_or("", |p| p.text);
                let is_before_number = next.starts_with(|c: char| c.is_ascii_digit());
                let may_be_bare = is_before_number && (start == 0 || behind_number);
                let is_known = |e: &Entry| e.strength >= Strength::Word && (!e.bare || may_be_bare);
                (used >= least || may_be_bare) && entries.iter().any(is_known)
            });
            if let Some((used, _)) = label.last()
                && found.last().is_none_or(|last| last.end <= start)
            {
                found.push(start..start + used);
            }
        }
        found
    }

    /// The fields that a question or heading is about: it holds the words of their anchors, and more.
    pub(crate) fn subjects<'l>(&'l self, printed: &'l [Printed<'_>]) -> impl Iterator<Item = u16> + 'l {
        let holds = |words: &[String]| words.iter().all(|word| printed.iter().any(|p| p.is(word)));
        let long = (QUESTION..=2 * LONGEST).contains(&printed.len());
        self.subjects.iter().filter(move |(_, words)| long && holds(words)).map(|&(field, _)| field)
    }

    /// The anchors that a printed label resembles letter by letter, for a label that [`Labels::classify`] knows nothing of.
    pub(crate) fn resemble(&self, printed: &[Printed<'_>]) -> Vec<LabelMatch> {
        if printed.len() > LONGEST {
            return Vec::new();
        }
        let (core, skipped) = core_of(printed);
        let is_letter = |c: &char| c.is_alphanumeric();
        let length: usize = core.iter().map(|p| p.text.chars().filter(is_letter).count()).sum();
        let mut near = self
            .anchors
            .iter()
            .filter(|(_, anchor)| length.abs_diff(anchor.len()) * 4 <= anchor.len())
            .peekable();
        if near.peek().is_none() {
            return Vec::new();
        }
        let letters: Vec<char> = core.iter().flat_map(|p| p.text.chars().filter(is_letter)).collect();
        near.filter_map(|(field, anchor)| {
            let ratio = edit_ratio(&letters, anchor);
            (ratio >= LEAST_RATIO).then(|| LabelMatch {
                key: Key::Field(*field),
                strength: Strength::Strong,
                similarity: ratio * ratio,
                language: None,
                start: skipped,
                end: skipped + core.len(),
            })
        })
        .collect()
    }
}

/// The words of an anchor without particles.
pub(crate) fn content_words(anchor: &str) -> Vec<String> {
    let particles = ["of", "the", "a", "an", "and", "or"];
    words(anchor).into_iter().filter(|word| !particles.contains(&word.as_str())).collect()
}

/// The words of an anchor that say what it is: not "name" or "number".
pub(crate) fn key_words(anchor: &str) -> Vec<String> {
    let common = ["name", "names", "number", "no", "date", "type", "print"];
    content_words(anchor).into_iter().filter(|w| !common.contains(&w.as_str())).collect()
}

/// Known labels that start within a long first word: "Baurechnung Nr." ends in "Rechnung Nr.".
fn compounds<'t>(texts: &[&'t str]) -> Vec<(usize, usize, &'static Entry)> {
    let Some(first) = texts.first().filter(|t| t.len() >= 9) else { return Vec::new() };
    let cuts = first.char_indices().map(|(at, _)| at).filter(|&at| at >= 3 && at + 6 <= first.len());
    let mut rest: Vec<&'t str> = texts.to_vec();
    for cut in cuts {
        rest[0] = &first[cut..];
        let found: Vec<_> = LEXICON
            .labels
            .matches(rest.iter().copied())
            .filter(|(_, entries)| !entries.is_empty())
            .flat_map(|(used, entries)| entries.iter().map(move |entry| (0, used, entry)))
            .collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Whether what a label is of may be a name.
fn may_be_name(key: Key) -> bool {
    match key {
        Key::Field(_) => true,
        Key::Concept(concept) => LEXICON.shape(concept) == Shape::Name,
    }
}

/// Whether the words before what a label is of ask for a person of it: under "Signature of advertiser", and beside "For the
/// advertiser:", stands who signs for it.
pub(crate) fn names_person(before: &[&str]) -> bool {
    let signs_for = matches!(before, [signs, article]
        if LABEL_WORDS.representing.contains(signs) && LABEL_WORDS.definite.contains(article));
    let is_signature =
        |words: &[&str]| LABEL_WORDS.signatures.contains(&words[0]) && LABEL_WORDS.whose.contains(&words[1]);
    signs_for || before.windows(2).any(is_signature)
}

/// How much a label's strength is worth.
pub(crate) fn strength_weight(strength: Strength) -> f32 {
    match strength {
        Strength::Strong => 1.0,
        Strength::Word => 0.96,
        Strength::Bare => 0.92,
        Strength::Weak => 0.82,
        Strength::Fallback => 0.5,
    }
}

/// The printed tokens of a part of a line.
pub(crate) fn printed<'l>(line: &'l Line, tokens: &[Token]) -> Vec<Printed<'l>> {
    tokens.iter().map(|token| Printed { text: line.folded(token), colon: token.colon }).collect()
}

/// The printed tokens of a segment.
pub(crate) fn printed_segment<'l>(layout: &'l Layout<'_>, segment: usize) -> Vec<Printed<'l>> {
    let segment = &layout.segments[segment];
    printed(layout.line_of(segment), layout.tokens(segment))
}

/// The tokens that make the label: without an enumerator before it ("1.", "a)"), and without a currency, a rate, "in" or the day
/// of the week behind it ("Total (EUR)", "VAT 21%", "Steuerbetrag in EUR", "begins Monday"). Also how many tokens were left out at
/// the start.
fn core_of<'p, 't>(printed: &'p [Printed<'t>]) -> (Cow<'p, [Printed<'t>]>, usize) {
    // What stands before a colon within is the label of something else.
    let after_colon =
        printed.iter().enumerate().rev().skip(1).find(|(_, p)| p.colon).map_or(0, |(index, _)| index + 1);
    let mut from = after_colon;
    let mut to = printed.len();
    let is_number = |p: &Printed<'_>| p.text.bytes().all(|b| b.is_ascii_digit());
    while from < to && is_number(&printed[from]) && printed[from].text.len() <= 2 {
        from += 1;
    }
    while to > from + 1 {
        let last = &printed[to - 1];
        let is_day = |at: usize| printed.get(at).is_some_and(|p| WEEKDAYS.contains(p.text));
        if is_day(to - 1) || is_day(to) && matches!(last.text, "on" | "am" | "le" | "el" | "il" | "op") {
            to -= 1;
            continue;
        }
        // "VAT 21%" is the tax at a rate, "VAT %" is the rate.
        let rate = last.text == "%" && is_number(&printed[to - 2]) || is_number(last);
        let currency = currency::code_of(last.text).is_some();
        // The last letter of "I.V.A." is no word.
        let is_initial = last.text == "a" && printed[to - 2].text.len() == 1;
        let is_word = matches!(last.text, "in" | "en" | "a" | "de" | "of" | "the" | "at") && !is_initial;
        if rate || currency || is_word && to < printed.len() {
            to -= 1;
        } else {
            break;
        }
    }
    // A number within is no part of a label's name: "Rechnung (380) Nr.".
    let inner = &printed[from..to];
    if inner.iter().any(|p| is_number(p) || p.text == "%") && inner.iter().any(|p| !is_number(p)) {
        (inner.iter().filter(|p| !is_number(p) && p.text != "%").copied().collect(), from)
    } else {
        (Cow::Borrowed(inner), from)
    }
}

/// How much a printed label of `count` tokens resembles a known one at `start..end` of it that covers `share` of its
/// letters.
fn similarity(start: usize, end: usize, count: usize, share: f32, bare: bool) -> Option<f32> {
    if start == 0 && end == count {
        Some(1.0)
    } else if !uses(Family::Partial) {
        None
    } else if end == count {
        // The end of a sentence is less of a label than the end of a short phrase.
        let prose = count - (end - start) > 3;
        Some(if prose { 0.70 + 0.2 * share } else { 0.80 + 0.15 * share })
    } else if bare {
        None
    } else if start == 0 {
        Some(0.72 + 0.2 * share)
    } else {
        Some(0.60 + 0.2 * share)
    }
}

/// Share of letters that two texts have in common by edit distance, 0 to 1; no less than that where it is under
/// [`LEAST_RATIO`].
fn edit_ratio(a: &[char], b: &[char]) -> f32 {
    let longest = a.len().max(b.len());
    if longest == 0 {
        return 0.0;
    }
    let ratio = |distance: usize| 1.0 - distance as f32 / longest as f32;
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
        // The distance never falls from row to row.
        let most = ratio(row.iter().copied().min().unwrap_or(0));
        if most < LEAST_RATIO {
            return most;
        }
    }
    ratio(row[b.len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn labels() -> Labels {
        let json = json!({"name": "t", "fields": [
            {"name": "account", "type": "text", "anchor": "Account"},
            {"name": "gross_amount", "type": "currency", "anchor": "Gross Amount"}]});
        Labels::new(&TemplateSpec::from_json(&json).unwrap())
    }

    fn best(label: &str, key: &str) -> f32 {
        let labels = labels();
        let words: Vec<(String, bool)> = label
            .split_whitespace()
            .map(|w| (if w == "#" { w.to_owned() } else { tight(w) }, w.ends_with(':')))
            .filter(|(w, _)| !w.is_empty())
            .collect();
        let printed: Vec<Printed<'_>> =
            words.iter().map(|(text, colon)| Printed { text, colon: *colon }).collect();
        let key = match key {
            "account" => Key::Field(0),
            "gross_amount" => Key::Field(1),
            concept => Key::Concept(LEXICON.concept(concept).unwrap()),
        };
        labels.classify(&printed).iter().find(|m| m.key == key).map_or(0.0, |m| m.similarity)
    }

    #[test]
    fn the_longest_known_label_hides_the_shorter_ones_within() {
        assert_eq!(best("Account", "account"), 1.0);
        assert_eq!(best("Account Executive", "account"), 0.0);
        assert_eq!(best("Gross Amount", "grand_total"), 1.0);
        assert_eq!(best("Net Amount Due", "net_total"), 0.0);
        assert_eq!(best("Net Amount Due", "amount_due"), 1.0);
    }

    #[test]
    fn similarity_follows_the_place_and_the_share() {
        let whole = best("Gross Amount:", "gross_amount");
        let end = best("Your Gross Amount", "gross_amount");
        let start = best("Gross Amount here", "gross_amount");
        assert!(whole > end && end > start && start > 0.8, "{whole} {end} {start}");
    }

    #[test]
    fn bare_words_count_only_as_a_whole_or_at_the_end() {
        assert_eq!(best("Total", "grand_total"), 1.0);
        assert!(best("Order Total", "grand_total") >= 0.9);
        assert_eq!(best("Invoice of nothing known", "invoice_number"), 0.0);
    }

    #[test]
    fn enumerators_rates_and_currencies_are_no_part_of_a_label() {
        assert_eq!(best("3. Gross Amount", "gross_amount"), 1.0);
        assert_eq!(best("Steuerbetrag in EUR", "tax_total"), 1.0);
        assert_eq!(best("VAT 21 %", "tax_total"), 1.0);
        assert_eq!(best("I V A 21 %", "tax_total"), 1.0);
        assert_eq!(best("Handelsrechnung (380) Nr.", "invoice_number"), 1.0);
        assert_eq!(best("Name: Gross Amount", "gross_amount"), 1.0);
        assert_eq!(best("Invoice #", "invoice_number"), 1.0);
    }

    #[test]
    fn an_anchor_with_wrong_letters_is_still_seen() {
        let labels = labels();
        let resembles =
            |text: &str| labels.resemble(&[Printed { text, colon: false }]).first().map(|m| m.key);
        assert_eq!(resembles("gr0ssam0unt"), Some(Key::Field(1)));
        assert_eq!(resembles("netamount"), None);
    }
}
