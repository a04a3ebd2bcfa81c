//! Which end of a range of days a name or a label asks for: "flight_from", "Last broadcast", "ends on".

use std::sync::LazyLock;

use super::candidate::Candidate;
use super::context::{Context, Place, Surroundings};
use super::field::{End, Field};
use crate::lexicon::listed_under;
use crate::parse::fold::words;

/// Words right before a date that say which end it is, at most.
const NEAR: usize = 4;

/// The words for either end.
static ENDS: LazyLock<[Vec<&str>; 2]> = LazyLock::new(|| {
    let list = |key| listed_under(include_str!("../../data/ends.txt"), key, " ");
    [list("first"), list("last")]
});

/// The end that a folded word names.
pub(crate) fn end_of(word: &str) -> Option<End> {
    let [first, last] = &*ENDS;
    match word {
        _ if first.contains(&word) => Some(End::First),
        _ if last.contains(&word) => Some(End::Last),
        _ => None,
    }
}

/// The end that the nearest label of a field says a date is; `None` where it names neither, or both.
pub(crate) fn by_label(
    surroundings: &Surroundings<'_>,
    field: &Field<'_>,
    candidate: &Candidate,
) -> Option<End> {
    let layout = surroundings.layout;
    let is_own = |context: &&Context| context.matches.iter().any(|m| field.weight(m.key) > 0.0);
    let own = surroundings.contexts(candidate).iter().filter(is_own);
    let nearest = own.max_by(|a, b| a.geometry.total_cmp(&b.geometry))?;
    let label = match (nearest.place, nearest.segment) {
        (Place::Left | Place::Above, Some(segment)) => words(layout.text(&layout.segments[segment])),
        (Place::Wrapped, _) => {
            let above = candidate.line().checked_sub(1).map_or("", |above| &layout.lines[above].text);
            let mut before = words(above);
            before.split_off(before.len().saturating_sub(NEAR))
        }
        _ => {
            let segment = &layout.segments[candidate.segment];
            let mut before =
                words(&layout.lines[segment.line].text[segment.range.start..candidate.label_end]);
            before.split_off(before.len().saturating_sub(NEAR))
        }
    };
    let mut ends = label.iter().filter_map(|word| end_of(word));
    let first = ends.next()?;
    ends.all(|end| end == first).then_some(first)
}
