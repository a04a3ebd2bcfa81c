//! Marks that tick what stands beside them: "X Proposed", "Increase X".

use std::ops::Range;
use std::rc::Rc;

use super::candidate::Candidate;
use super::context::{Context, Place, Surroundings};
use super::labels::{LabelMatch, printed};

/// A mark is that of the label to its right, where that is the nearer one, up to so many font heights away.
const NEAR: f32 = 6.0;
const TICKED: f32 = 0.93;
/// What labels to its left are then still worth.
const OTHERS: f32 = 0.6;

/// Whether a text is a mark.
pub(super) fn is_mark(text: &str) -> bool {
    matches!(text, "x" | "X" | "xx" | "XX")
}

impl Surroundings<'_> {
    /// The mark at the start or the end of a segment that is a label of the template otherwise.
    pub(super) fn mark_of(&self, index: usize) -> Option<Range<usize>> {
        let segment = &self.layout.segments[index];
        let line = self.layout.line_of(segment);
        let tokens = self.layout.tokens(segment);
        let ([first, rest @ ..], [before @ .., last]) = (tokens, tokens) else { return None };
        let is_label =
            |tokens| self.labels.classify(&printed(line, tokens)).iter().any(LabelMatch::is_exactly_own);
        [(first, rest), (last, before)]
            .into_iter()
            .find(|(mark, label)| is_mark(&line.text[mark.range.clone()]) && is_label(label))
            .map(|(mark, _)| mark.range.clone())
    }

    /// Lets the label to the right of a mark be its label, where it stands nearer than what is to the left.
    pub(super) fn ticked(&self, candidate: &Candidate, contexts: &mut Vec<Context>) {
        if !is_mark(&candidate.source) {
            return;
        }
        let layout = self.layout;
        let own = &layout.segments[candidate.segment];
        let line = layout.line_of(own);
        let gap = |left: usize, right: usize| layout.segments[right].rect.x0 - layout.segments[left].rect.x1;
        let behind = layout.tokens(own);
        let behind = &behind[behind.partition_point(|token| token.range.start <= candidate.start())..];
        let matches: Rc<[LabelMatch]> = if behind.is_empty() {
            let (before, next) = (candidate.segment.wrapping_sub(1), candidate.segment + 1);
            let is_alone = candidate.start() == own.range.start;
            if !is_alone || !line.segments.contains(&next) || gap(candidate.segment, next) > NEAR * own.size {
                return;
            }
            if line.segments.contains(&before)
                && gap(before, candidate.segment) <= gap(candidate.segment, next)
            {
                return;
            }
            Rc::clone(&self.segments[next].matches)
        } else {
            self.labels.classify(&printed(line, behind)).into()
        };
        if matches.iter().any(LabelMatch::is_exactly_own) {
            contexts.iter_mut().for_each(|context| context.geometry *= OTHERS);
            contexts.push(Context { place: Place::Left, geometry: TICKED, matches, segment: None });
        }
    }
}
