//! The rule prior: how well a candidate fits a field.
//!
//! Evidence is label similarity × geometry × how much the field listens to the label, apart for the candidate's row (text
//! before it, labels to the left) and for its column (labels above). Labels of other concepts are evidence against: a
//! date right of "Print date" is not the invoice's date because "Invoice" stands above. The better axis carries the
//! score; the other confirms or weakens it ("Totals" to the left, "Gross amount" above).

use std::collections::HashMap;

use sheaf_types::{BoundingBox, FieldKind, Region};

use super::candidate::Candidate;
use super::context::{Context, Place};
use super::field::{BY_NAME, Field};
use super::labels::{LabelMatch, strength_weight};
use crate::ablation::{Family, uses};
use crate::lexicon::{ConceptId, Key, LEXICON, Shape, Strength};

/// How much a better label of something else on the same axis costs.
const RIVAL: f32 = 0.6;
/// How much the weaker axis adds or takes away.
const SECOND_AXIS: f32 = 0.22;
/// How much a field listens to the number that the document's title is of, where its own name means another one.
const BY_TITLE: f32 = 0.9;
/// How much a label of what is due is one of the total, where the template asks for both.
const OF_DUE: f32 = 0.9;
/// How much the start of the segment adds or takes away.
const HEAD: f32 = 0.15;

/// What speaks for a candidate.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Evidence {
    /// The score: about 0 to 1.2 for labelled candidates.
    pub(crate) score: f32,
    /// Similarity of the label that carries it; 0 where none does.
    pub(crate) similarity: f32,
    /// Whether that label is one of the template's own.
    pub(crate) by_anchor: bool,
    /// Geometry of that label.
    pub(crate) geometry: f32,
}

#[derive(Debug, Clone, Copy, Default)]
struct AxisEvidence {
    own: f32,
    rival: f32,
    best: Evidence,
    /// What the best label is of.
    key: Option<Key>,
}

impl AxisEvidence {
    fn score(self) -> f32 {
        self.own - RIVAL * (self.rival - self.own).max(0.0)
    }
}

/// Labels that resemble a field's anchor without being it, and how much.
#[derive(Debug, Default)]
pub(crate) struct Loose {
    /// Whole segments.
    pub(crate) segments: HashMap<usize, f32>,
    /// What stands before the first colon of a segment.
    pub(crate) starts: HashMap<usize, f32>,
}

impl Loose {
    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.starts.is_empty()
    }

    fn similarity(&self, context: &Context) -> Option<f32> {
        let labels = if context.place == Place::Before { &self.starts } else { &self.segments };
        labels.get(&context.segment?).copied()
    }
}

/// The labels' evidence that the candidate with these contexts is the field's value.
pub(crate) fn by_labels(
    field: &Field<'_>,
    contexts: &[Context],
    titled: &[ConceptId],
    loose: &Loose,
) -> Evidence {
    let (mut row, mut column, mut head) =
        (AxisEvidence::default(), AxisEvidence::default(), AxisEvidence::default());
    for context in contexts {
        let axis = match context.place {
            Place::Before | Place::Wrapped | Place::Left => &mut row,
            Place::Head => &mut head,
            Place::Above => &mut column,
            // Only forms for people put the label under the line.
            Place::Below if matches!(field.shape, Shape::Person | Shape::Text) => &mut column,
            Place::Below => continue,
        };
        if let Some(similarity) = loose.similarity(context) {
            let value = context.geometry * similarity;
            if value > axis.own {
                axis.own = value;
                axis.best = Evidence { score: 0.0, similarity, by_anchor: true, geometry: context.geometry };
            }
        }
        // "Name" says that a name follows, whoever's: it speaks for none and against none.
        let sublabel = field.shape == Shape::Name
            && context.matches.iter().any(|m| m.similarity >= 0.99 && is_sublabel(m.key));
        for found in context.matches.iter() {
            let weight = listens(field, found.key, found.strength, titled);
            let value = context.geometry * found.similarity * strength_weight(found.strength);
            if weight == 0.0 {
                if sublabel || !rivals(field.shape, found.key) || !uses(Family::Rivals) {
                    continue;
                }
                axis.rival = axis.rival.max(value);
                continue;
            }
            let is_due = |m: &LabelMatch| m.strength == Strength::Strong && m.means(&["amount_due"]);
            let of_due = field.has_due && !found.is_own() && context.matches.iter().any(is_due);
            let value = value * weight * if of_due { OF_DUE } else { 1.0 };
            if value > axis.own {
                axis.own = value;
                axis.key = Some(found.key);
                axis.best = Evidence {
                    score: 0.0,
                    similarity: found.similarity * strength_weight(found.strength),
                    by_anchor: matches!(found.key, Key::Field(_)),
                    geometry: context.geometry,
                };
            }
        }
    }
    let (row_score, column_score) = (row.score(), column.score());
    let (better, weaker, best) = if row_score >= column_score {
        (row_score, column_score, row.best)
    } else {
        (column_score, row_score, column.best)
    };
    if row.own == 0.0 && column.own == 0.0 {
        // Only labels of other things: the nearest of them says that it is something else.
        let rival = row.rival.max(column.rival);
        return Evidence { score: -RIVAL * rival, ..Evidence::default() };
    }
    // The number of an order under that of a contract is no more sure to be either.
    let is_other = matches!((row.key, column.key), (Some(Key::Concept(a)), Some(Key::Concept(b))) if a != b);
    let weaker = if is_other { weaker.min(0.0) } else { weaker };
    let head = HEAD * if head.own > 0.0 { head.own } else { -head.rival };
    Evidence { score: better + SECOND_AXIS * weaker.clamp(-0.5, 1.0) + head, ..best }
}

/// Whether a label right beside the value says that it is a name.
pub(crate) fn names_something(context: &Context) -> bool {
    let beside =
        matches!(context.place, Place::Before | Place::Left | Place::Above) && context.geometry > 0.85;
    beside && context.matches.iter().any(|m| m.similarity >= 0.99 && is_sublabel(m.key))
}

/// Whether a label near the value asks for a person's name and title in one: "Name and title".
pub(crate) fn names_and_titles(context: &Context) -> bool {
    let asks = |wanted: &str| {
        let is = |key| matches!(key, Key::Concept(concept) if LEXICON.name(concept) == wanted);
        context.matches.iter().any(|m| m.similarity >= 0.9 && is(m.key))
    };
    asks("signer_name") && asks("signer_title")
}

/// Whether a label of something else can be that of a value of this shape: no total is the label of a date.
fn rivals(shape: Shape, key: Key) -> bool {
    let Key::Concept(concept) = key else { return true };
    match shape {
        Shape::Date => matches!(LEXICON.shape(concept), Shape::Date | Shape::Other),
        Shape::Amount => matches!(LEXICON.shape(concept), Shape::Amount | Shape::Other | Shape::Code),
        Shape::Name => !is_sublabel(key),
        _ => true,
    }
}

/// A label that says no more than that a name follows.
fn is_sublabel(key: Key) -> bool {
    matches!(key, Key::Concept(concept) if matches!(LEXICON.name(concept), "name" | "signer_name" | "issuer" | "recipient"))
}

/// How much a field listens to a label, given the document's title.
fn listens(field: &Field<'_>, key: Key, strength: Strength, titled: &[ConceptId]) -> f32 {
    let weight = field.weight(key);
    match key {
        // "Date" on an invoice is not the date of the order.
        Key::Concept(concept)
            if strength < Strength::Word
                && LEXICON.shape(concept) == Shape::Date
                && LEXICON.has_titles(concept)
                && !titled.is_empty()
                && !titled.contains(&concept) =>
        {
            weight * 0.55
        }
        // Of several numbers a document could be known by, the field's name and the document's title say which is meant.
        Key::Concept(concept) if weight > 0.0 && field.concepts().nth(1).is_some() && !titled.is_empty() => {
            let is_named = field.concept.is_some_and(|named| field.weight(Key::Concept(named)) >= BY_NAME);
            match titled.contains(&concept) {
                _ if field.concept == Some(concept) => weight.max(BY_NAME),
                true if is_named => weight.max(BY_TITLE),
                true => weight.max(BY_NAME),
                false => weight * 0.9,
            }
        }
        _ => weight,
    }
}

/// How far the candidate stands where the field was drawn or shown: added to the score. A drawn region is of one sample, and
/// other documents may be of another design; what a lesson says holds for this document, whatever labels say.
pub(crate) fn by_place(field: &Field<'_>, page: u32, bbox: BoundingBox) -> f32 {
    let Some(region) = field.place() else { return 0.0 };
    let (inside, touched, outside) =
        if field.taught.is_some() { (0.9, 0.7, -0.6) } else { (0.7, 0.55, -0.2) };
    let Region { page: there, bbox: all } = region;
    // Amounts are not all of one length.
    let may_be_longer = field.taught.is_some() && field.spec.kind != FieldKind::Text;
    match () {
        () if there != page => outside,
        () if all.contains(bbox, 0.01) => inside,
        () if all.holds_middle_of(bbox) || may_be_longer && bbox.holds_middle_of(all) => touched,
        () => outside,
    }
}

/// Where on the document the candidate stands, as a tie-breaker: 0 at the start, 1 at the end.
pub(crate) fn position(candidate: &Candidate, lines: usize) -> f32 {
    if uses(Family::Position) { candidate.line() as f32 / lines.max(1) as f32 } else { 0.0 }
}
