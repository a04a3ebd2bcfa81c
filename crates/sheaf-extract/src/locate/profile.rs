//! What kind of document it is: how it writes numbers and dates, in which language, and under which title.

use super::candidate::{Candidate, Typed};
use super::context::Surroundings;
use super::layout::{BLANK, TAB};
use crate::lexicon::{ConceptId, LANGUAGES, LEXICON};
use crate::parse::Locale;
use crate::parse::locale::Votes;

/// The document's locale: votes of its numbers and dates, the template's tag, the language of its labels.
pub(super) fn locale(surroundings: &Surroundings<'_>, dates: &[Candidate], tag: Option<&str>) -> Locale {
    let mut votes = Votes::default();
    for word in surroundings.layout.lines.iter().flat_map(|line| line.text.split([BLANK, TAB])) {
        votes.count_number(word);
    }
    for date in dates {
        if let Typed::Date(raw, _) = date.typed {
            votes.count_date(raw);
        }
    }
    votes.decide(tag, language(surroundings))
}

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

/// The concepts that the document's title names: a segment of its first page that is a title and nothing else, or starts
/// with one in a large font.
pub(super) fn titled(surroundings: &Surroundings<'_>) -> Vec<ConceptId> {
    let layout = surroundings.layout;
    let Some(page) = layout.pages.first() else { return Vec::new() };
    let (_, height) = layout.page_size(0);
    let mut best: Option<(f32, &[ConceptId])> = None;
    for line in &layout.lines[page.clone()] {
        for segment in &layout.segments[line.segments.clone()] {
            if segment.rect.y0 > 0.5 * height || segment.tokens.len() > 4 {
                continue;
            }
            let text = layout.text(segment).trim_end_matches(|c: char| !c.is_alphanumeric());
            let concepts = LEXICON.titled(text);
            if !concepts.is_empty() && best.is_none_or(|(size, _)| segment.size > size * 1.05) {
                best = Some((segment.size, concepts));
            }
        }
    }
    best.map_or_else(Vec::new, |(_, concepts)| concepts.to_vec())
}
