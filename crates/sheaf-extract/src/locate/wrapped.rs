//! Labels over two lines.

use super::context::Surroundings;
use super::labels::{LONGEST, LabelMatch, printed_segment};
use super::layout::{Span, Token};
use super::names::breaks_off;
use crate::lexicon::Strength;

/// Words of the rest of a label in a line of its own, at most; a label that has such a rest is longer.
const REST: usize = 4;

impl Surroundings<'_> {
    /// Lets a label that wraps ("Source of", "information:") label what stands beside either of its lines, and below the second;
    /// or one with a gap in it, what stands beside its end: an anchor of the template, or a known label.
    pub(super) fn join_label(&mut self, index: usize) {
        // Of a longer second line only the end is looked at, which does not reach into the first.
        if self.layout.segments[index].tokens.len() >= LONGEST {
            return;
        }
        for first in [self.wrapped_label(index), self.before_gap(index)].into_iter().flatten() {
            self.join(first, index);
        }
    }

    /// The same for the two segments that may be one label.
    fn join(&mut self, start: usize, index: usize) {
        let mut printed = printed_segment(self.layout, start);
        let first = printed.len();
        // The colon before a line in brackets parts no labels.
        printed.iter_mut().for_each(|token| token.colon = false);
        printed.extend(printed_segment(self.layout, index));
        let text = |segment: usize| self.layout.text(&self.layout.segments[segment]);
        // Of known labels only those whose first line cannot end there: "Fecha de / pedido:".
        let goes_on = breaks_off(text(start)) || text(index).starts_with(char::is_lowercase);
        let goes_on = goes_on && printed.len() <= LONGEST;
        if !goes_on && !self.labels.may_start_own(&printed) {
            return;
        }
        let joined = self.labels.classify(&printed).into_iter();
        let is_known = |m: &LabelMatch| goes_on && m.similarity >= 0.9 && m.strength == Strength::Strong;
        let joined = joined.filter(|m| m.is_exactly_own() || is_known(m));
        for found in joined.filter(|m| m.start < first && first < m.end).collect::<Vec<_>>() {
            for (segment, tokens) in [(start, first), (index, printed.len() - first)] {
                let matches = self.segments[segment].matches.iter().copied();
                let part = LabelMatch { start: 0, end: tokens, ..found };
                self.segments[segment].matches =
                    matches.filter(|m| m.key != found.key).chain([part]).collect();
            }
        }
    }

    /// The segment before one in its line that may be the start of the same label.
    fn before_gap(&self, index: usize) -> Option<usize> {
        let layout = self.layout;
        let first = layout.line_of(&layout.segments[index]).segments.start;
        let before = (index > first).then(|| index - 1)?;
        let is_open = |s: usize| !self.segments[s].is_value && !self.segments[s].is_spent;
        (!layout.ends_in_colon(&layout.segments[before]) && is_open(before) && is_open(index))
            .then_some(before)
    }

    /// The segment right above one that may be the first line of the same label.
    fn wrapped_label(&self, index: usize) -> Option<usize> {
        let segment = &self.layout.segments[index];
        let page = self.layout.lines[segment.line].page;
        // The value beside a label of two lines may stand at the height between them.
        let above = (segment.line.saturating_sub(2)..segment.line).rev().map(|line| &self.layout.lines[line]);
        let mut above = above.filter(|line| line.page == page).flat_map(|line| line.segments.clone());
        above.find(|&above| {
            let first = &self.layout.segments[above];
            let aligned = (first.rect.x0 - segment.rect.x0).abs() < first.size
                || (self.behind_number(above) - segment.rect.x0).abs() < first.size
                || (first.rect.centre_x() - segment.rect.centre_x()).abs() < first.size;
            let colon = self.layout.ends_in_colon(first);
            // What stands in brackets under a label belongs to it: "Total: / (this year)".
            let in_brackets = self.layout.text(segment).starts_with('(');
            aligned
                && (!colon || in_brackets)
                && segment.rect.y0 - first.rect.y1 < 0.9 * first.size
                && !self.segments[above].is_value
                && !self.segments[above].is_spent
                && !self.segments[index].is_spent
        })
    }

    /// Where a segment starts behind the number of its item: "5. Name of the club".
    fn behind_number(&self, index: usize) -> f32 {
        let segment = &self.layout.segments[index];
        let tokens = self.layout.tokens(segment);
        let is_number = |token: &Token| {
            let text = &self.layout.line_of(segment).text[token.range.clone()];
            text.chars().all(|c| c.is_ascii_digit())
        };
        match tokens {
            [number, second, ..] if is_number(number) => {
                let range = second.range.start..segment.range.end;
                self.layout.rect(&Span { line: segment.line, range }).x0
            }
            _ => segment.rect.x0,
        }
    }

    /// Lets the rest of a long label, in a line of its own, label what stands below it: "Name of the club on whose behalf this is
    /// / sent."
    pub(super) fn join_rest(&mut self, index: usize) {
        let layout = self.layout;
        let segment = &layout.segments[index];
        if segment.tokens.len() > REST || !layout.text(segment).starts_with(char::is_lowercase) {
            return;
        }
        let Some(above) = self.wrapped_label(index) else { return };
        let own = |m: &&LabelMatch| m.start <= 2 && m.similarity > 0.7 && m.is_own();
        let matches: Vec<LabelMatch> = self.segments[above].matches.iter().filter(own).copied().collect();
        if layout.segments[above].tokens.len() > REST && !matches.is_empty() {
            self.segments[index].matches = matches.into();
            self.segments[index].is_rest = true;
        }
    }
}
