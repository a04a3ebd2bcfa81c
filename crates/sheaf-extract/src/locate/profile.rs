//! What kind of document it is: how it writes numbers and dates, in which language, and under which title.

use super::candidate::{self, Candidate, Typed};
use super::context::Surroundings;
use super::labels::Labels;
use super::layout::{BLANK, Layout, TAB};
use crate::ablation::{Family, uses};
use crate::lexicon::{ConceptId, LANGUAGES, LEXICON};
use crate::parse::Locale;
use crate::parse::fold::fold;
use crate::parse::locale::Votes;

/// The locale of a document of which nothing else is asked.
pub(crate) fn locale_of(layout: &Layout<'_>, labels: &Labels, tag: Option<&str>) -> Locale {
    let dates = candidate::dates(layout);
    locale(&Surroundings::new(layout, labels, &dates), &dates, tag)
}

/// The document's locale: votes of its numbers and dates, the template's tag, the language of its labels.
pub(super) fn locale(surroundings: &Surroundings<'_>, dates: &[Candidate], tag: Option<&str>) -> Locale {
    let mut votes = Votes::default();
    if !uses(Family::Locale) {
        return votes.decide(tag, None);
    }
    let lines = surroundings.layout.lines.iter().map(|line| line.text.as_str());
    let lines = lines.filter(|text| text.bytes().any(|b| b.is_ascii_digit()));
    for word in lines.flat_map(|text| text.split([BLANK, TAB])) {
        votes.count_number(word);
    }
    for date in dates {
        if let Typed::Date(raw, _) = date.typed {
            votes.count_date(raw, &date.source);
        }
    }
    let layout = surroundings.layout;
    let segments = || layout.segments.iter().map(|segment| layout.text(segment));
    let addresses = segments().filter(|text| is_american(text)).count();
    let is_in_dollars = |text: &&str| text.contains('$') && (text.starts_with('$') || text.contains(" $"));
    let dollars = segments().filter(is_in_dollars).count();
    votes.count_american(addresses as u32, dollars as u32);
    votes.decide(tag, language(surroundings))
}

/// Whether a text ends like an address of the United States: "Springfield, IL 62701".
fn is_american(text: &str) -> bool {
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return false;
    }
    let is_country = |word: &&str| matches!(*word, "US" | "USA" | "U.S.A." | "United" | "States");
    let mut words = text.split_whitespace().rev().skip_while(is_country);
    // Behind the code stands no town, as it does elsewhere ("DE 12345 Musterstadt").
    let (Some(zip), Some(state)) = (words.next(), words.next()) else { return false };
    let zip = zip.split('-').next().unwrap_or_default().trim_end_matches(',');
    let state = state.trim_end_matches('.');
    state.len() == 2
        && state.bytes().all(|b| b.is_ascii_uppercase())
        && zip.len() == 5
        && zip.bytes().all(|b| b.is_ascii_digit())
        && STATES.contains(&state)
}

/// Tokens of a title with its number and date.
const LONGEST_TITLE: usize = 14;

/// Postal abbreviations of the states.
const STATES: [&str; 51] = [
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY",
    "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND",
    "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "DC",
];

/// The language most of the document's known labels are in.
fn language(surroundings: &Surroundings<'_>) -> Option<&'static str> {
    let mut counts = [0usize; LANGUAGES.len()];
    for label in &surroundings.segments {
        let mut seen = [false; LANGUAGES.len()];
        for found in label.matches.iter().filter(|m| m.similarity > 0.9) {
            if let Some(language) = found.language {
                seen[usize::from(language)] = true;
            }
        }
        for (count, seen) in counts.iter_mut().zip(seen) {
            *count += usize::from(seen);
        }
    }
    let best = *counts.iter().max()?;
    let unique = counts.iter().filter(|&&c| c == best).count() == 1;
    (best > 0 && unique).then(|| counts.iter().position(|&c| c == best).map(|i| LANGUAGES[i])).flatten()
}

/// The words of a title, without the number and the date that stand behind them: "Bestellung Nr. 4711 vom 1.2.2020".
/// Empty for the label of a number ("Bestellung Nr."): it does not say what the document is.
fn title_of(text: &str) -> &str {
    let number = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.bytes().any(|b| b.is_ascii_digit())
            || matches!(fold(bare).as_ref(), "nr" | "no" | "n" | "num" | "numero" | "")
    };
    let end: usize =
        text.split_inclusive(char::is_whitespace).take_while(|word| !number(word)).map(str::len).sum();
    let rest = &text[end..];
    if !rest.is_empty() && !rest.bytes().any(|b| b.is_ascii_digit()) {
        return "";
    }
    text[..end].trim_end_matches(|c: char| !c.is_alphanumeric())
}

/// The concepts that the document's title names: a segment of its first page that is a title and nothing else, or starts
/// with one in a large font.
pub(super) fn titled(surroundings: &Surroundings<'_>) -> Vec<ConceptId> {
    let layout = surroundings.layout;
    let Some(page) = layout.pages.first().filter(|_| uses(Family::Title)) else { return Vec::new() };
    let (_, height) = layout.page_size(0);
    let mut best: Option<(f32, &[ConceptId])> = None;
    for line in &layout.lines[page.clone()] {
        for segment in &layout.segments[line.segments.clone()] {
            if segment.rect.y0 > 0.5 * height || segment.tokens.len() > LONGEST_TITLE {
                continue;
            }
            let concepts = LEXICON.titled(title_of(layout.text(segment)));
            if !concepts.is_empty() && best.is_none_or(|(size, _)| segment.size > size * 1.05) {
                best = Some((segment.size, concepts));
            }
        }
    }
    best.map_or_else(Vec::new, |(_, concepts)| concepts.to_vec())
}
