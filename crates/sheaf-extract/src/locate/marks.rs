//! Marks that tick what stands beside them: "X Proposed", "Increase X", "☐ No ☒ Yes".

use std::ops::Range;
use std::rc::Rc;

use super::candidate::Candidate;
use super::context::{Context, Place, Surroundings};
use super::labels::{LabelMatch, printed};
use super::layout::{BLANK, Rect, Span, TAB};

/// A mark is that of the label to its right, where that is the nearer one, up to so many font heights away.
const NEAR: f32 = 6.0;
const TICKED: f32 = 0.93;
/// What labels to its left are then still worth.
const OTHERS: f32 = 0.6;

/// A mark is that of what it stands nearer to by so much; with less of a difference, the boxes of the line say on which side
/// they stand.
const NEARER: f32 = 0.8;

/// A box of a form, as a word of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TickBox {
    Ticked,
    Empty,
}

impl TickBox {
    /// The box that a sign is.
    pub(super) fn of_sign(word: &str) -> Option<Self> {
        match word {
            "☒" | "☑" | "🗹" => Some(Self::Ticked),
            "☐" | "□" | "▢" | "◻" => Some(Self::Empty),
            _ => None,
        }
    }

    /// Whether a character is the sign of a ticked box.
    pub(super) fn ticks(sign: char) -> bool {
        Self::of_sign(sign.encode_utf8(&mut [0; 4])) == Some(Self::Ticked)
    }

    fn of(word: &str) -> Option<Self> {
        let mark = word.trim_matches(['[', ']', '(', ')', '_']);
        if is_mark(mark) { Some(Self::Ticked) } else { Self::of_sign(mark) }
    }
}

/// Whether a text is a mark, or a box that has one.
pub(super) fn is_mark(text: &str) -> bool {
    matches!(text, "x" | "X" | "xx" | "XX" | "✓" | "✔" | "✗" | "✘")
        || TickBox::of_sign(text) == Some(TickBox::Ticked)
}

/// Whether the boxes of a line stand before what they are for rather than behind it; `None` where there are none. Each is a word
/// and where it stands.
pub(super) fn boxes_lead(words: &[(&str, Rect)]) -> Option<bool> {
    let is_box = |at: usize| words.get(at).is_some_and(|(word, _)| TickBox::of_sign(word).is_some());
    let boxes: Vec<usize> = (0..words.len()).filter(|&at| is_box(at)).collect();
    let (&first, &last) = (boxes.first()?, boxes.last()?);
    let gap = |left: Option<usize>, right: usize| match (left, words.get(right)) {
        (Some(left), Some((_, right))) => (right.x0 - words[left].1.x1).clamp(0.0, NEAR * right.height()),
        _ => NEAR * words[first].1.height(),
    };
    let before: f32 = boxes.iter().map(|&at| gap(at.checked_sub(1), at)).sum();
    let behind: f32 = boxes.iter().map(|&at| gap(Some(at), at + 1)).sum();
    Some(if before.min(behind) < NEARER * before.max(behind) {
        behind < before
    } else {
        first == 0 || last + 1 < words.len()
    })
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
        if let Some((tick_box, TickBox::Ticked)) = &segment.tick_box {
            return is_label(tokens).then(|| tick_box.clone());
        }
        [(first, rest), (last, before)]
            .into_iter()
            .find(|(mark, label)| is_mark(&line.text[mark.range.clone()]) && is_label(label))
            .map(|(mark, _)| mark.range.clone())
    }

    /// Lets the label to the right of a mark be its label, where it stands nearer than what is to the left.
    pub(super) fn label_ticked(&self, candidate: &Candidate, contexts: &mut Vec<Context>) {
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

    /// Whether a value on a line is ticked: the box right before or behind it has a mark, and is no other's.
    pub(super) fn is_ticked(&self, value: &Span) -> bool {
        let layout = self.layout;
        // Most lines have none.
        if !layout.placed_words(value.line).any(|(_, word)| TickBox::of(&word.text) == Some(TickBox::Ticked))
        {
            return false;
        }
        let text = &layout.lines[value.line].text;
        let words: Vec<Range<usize>> = layout
            .placed_words(value.line)
            .map(|(start, _)| start..start + text[start..].find([BLANK, TAB]).unwrap_or(text.len() - start))
            .collect();
        let boxes: Vec<Option<TickBox>> = words.iter().map(|word| TickBox::of(&text[word.clone()])).collect();
        let Some(first) = words.iter().position(|word| word.end > value.range.start) else { return false };
        let Some(last) = words.iter().rposition(|word| word.start < value.range.end) else { return false };
        let size = layout.segments[layout.segment_at(value.line, value.range.start)].size;
        let rect = |word: usize| layout.rect(&Span { line: value.line, range: words[word].clone() });
        let gap = |left: Option<usize>, right: usize| match (left, right < words.len()) {
            (Some(left), true) => rect(right).x0 - rect(left).x1,
            _ => f32::INFINITY,
        };
        // Where several boxes are, they stand before what they are for, unless the last one ends the line.
        let several = boxes.iter().flatten().count() > 1;
        let ends = boxes.last().is_some_and(Option::is_some);
        let is_ticked = |word: Option<usize>| {
            word.and_then(|word| *boxes.get(word)?).is_some_and(|found| found == TickBox::Ticked)
        };
        let is_its = |own: f32, other: f32, by_side: bool| {
            own < NEAR * size && (own <= NEARER * other || by_side && several && NEARER * own <= other)
        };
        let before = first.checked_sub(1);
        let own = gap(before, first);
        let other = before.map_or(f32::INFINITY, |before| gap(before.checked_sub(1), before));
        if is_ticked(before) && is_its(own, other, !ends) {
            return true;
        }
        let own = gap(Some(last), last + 1);
        let other = gap(Some(last + 1), last + 2);
        is_ticked(Some(last + 1)) && is_its(own, other, ends)
    }
}
