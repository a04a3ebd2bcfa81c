//! The rule prior: how well a candidate fits a field.
//!
//! Evidence is label similarity × geometry × how much the field listens to the label, apart for the candidate's row (text
//! before it, labels to the left) and for its column (labels above). Labels of other concepts are evidence against: a
//! date right of "Print date" is not the invoice's date because "Invoice" stands above. The better axis carries the
//! score; the other confirms or weakens it ("Totals" to the left, "Gross amount" above).

use super::candidate::Candidate;
use super::context::{Context, Place};
use super::field::Field;
use super::labels::strength_weight;
use super::listens;
use crate::lexicon::{ConceptId, Key, Shape};

/// How much a better label of something else on the same axis costs.
const RIVAL: f32 = 0.6;
/// How much the weaker axis adds or takes away.
const SECOND_AXIS: f32 = 0.22;
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
}

impl AxisEvidence {
    fn score(self) -> f32 {
        self.own - RIVAL * (self.rival - self.own).max(0.0)
    }
}

/// The labels' evidence that the candidate with these contexts is the field's value.
pub(crate) fn by_labels(field: &Field<'_>, contexts: &[Context], titled: &[ConceptId]) -> Evidence {
    let (mut row, mut column, mut head) =
        (AxisEvidence::default(), AxisEvidence::default(), AxisEvidence::default());
    for context in contexts {
        let axis = match context.place {
            Place::Before | Place::Left => &mut row,
            Place::Head => &mut head,
            Place::Above => &mut column,
            // Only forms for people put the label under the line.
            Place::Below if matches!(field.shape, Shape::Person | Shape::Text) => &mut column,
            Place::Below => continue,
        };
        for found in context.matches.iter() {
            let weight = listens(field, found.key, titled);
            let value = context.geometry * found.similarity * strength_weight(found.strength);
            if weight == 0.0 {
                axis.rival = axis.rival.max(value);
                continue;
            }
            let value = value * weight;
            if value > axis.own {
                axis.own = value;
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
    let head = HEAD * if head.own > 0.0 { head.own } else { -head.rival };
    Evidence { score: better + SECOND_AXIS * weaker.clamp(-0.5, 1.0) + head, ..best }
}

/// How far the candidate stands in the region drawn for the field: added to the score.
pub(crate) fn by_region(field: &Field<'_>, page: u32, bbox: sheaf_types::BoundingBox) -> f32 {
    let Some(region) = field.region else { return 0.0 };
    if region.page != page {
        return -0.2;
    }
    let inside = region.bbox.contains(bbox, 0.01);
    let (x, y) = (f32::midpoint(bbox.x0, bbox.x1), f32::midpoint(bbox.y0, bbox.y1));
    let touched =
        (region.bbox.x0..=region.bbox.x1).contains(&x) && (region.bbox.y0..=region.bbox.y1).contains(&y);
    match (inside, touched) {
        (true, _) => 0.7,
        (false, true) => 0.55,
        _ => -0.2,
    }
}

/// Where on the document the candidate stands, as a tie-breaker: 0 at the start, 1 at the end.
pub(crate) fn position(candidate: &Candidate, lines: usize) -> f32 {
    candidate.line() as f32 / lines.max(1) as f32
}
