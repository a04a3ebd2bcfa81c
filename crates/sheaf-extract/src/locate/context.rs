//! The labels around a candidate: what stands before it in its segment, left of it in its row, above it in its column.
//!
//! Each context has a geometry weight, 1 for text right before the value and less the further away or the more indirect
//! the label is. Values that stand between (the other cells of a row, the upper cells of a column) are passed over and
//! cost a little. All segments of a document are classified once.

use std::cell::OnceCell;
use std::ops::Range;
use std::rc::Rc;

use super::box_labels::{BEYOND_BOX, IN_BOX};
use super::boxes::Boxes;
use super::candidate::{Candidate, Typed};
use super::field::Field;
use super::labels::{
    LabelMatch, Labels, Printed, asks_for, content_words, key_words, names_person, printed, printed_segment,
};
use super::layout::{BLANK, Layout, Line, Rect, Segment, TAB, Token};
use super::names::{self, Look, is_unmistakable_form};
use super::score::Loose;
use super::text::is_in_brackets;
use super::typed::{SENTENCE, last_sentence};
use crate::ablation::{Family, uses};
use crate::lexicon::{Key, Shape, Strength};
use crate::parse::{currency, date};

/// Text right before the value, in its segment.
const BEFORE: f32 = 1.0;
/// The same beyond another value ("Rechnung 4711 vom" before a date).
const BEFORE_BEYOND: f32 = 0.7;
/// The end of the line above, where a sentence wraps.
const WRAPPED: f32 = 0.85;
/// The first, second and third label to the left.
const LEFT: [f32; 3] = [0.97, 0.72, 0.6];
/// A label to the left that stands up to so many font heights higher or lower, and so far away.
const BESIDE: f32 = 0.88;
const OFFSET: f32 = 1.5;
pub(super) const FAR: f32 = 14.0;
/// The first, second and third label above.
pub(super) const ABOVE: [f32; 3] = [0.93, 0.74, 0.6];
/// The label right below (forms that name a line under it).
const BELOW: f32 = 0.5;
/// A label that has a value of its own in its segment labels others less.
const SPENT: f32 = 0.45;
/// A label that another text answers to its right is less of a label of the text below; one that ends in a colon, much less.
const ANSWERED: f32 = 0.88;
const ANSWERED_COLON: f32 = 0.6;
/// How much a question that asks for a field by the words of an anchor resembles it.
const ASKED: f32 = 0.8;
/// How much a text resembles another field's anchor that is that field's label.
const ALIKE: f32 = 0.72;
/// How much of a label of what stands to its right one is that stands over its values, and of what stands below it one that
/// stands under them.
const OVER_VALUES: f32 = 0.75;
const UNDER_VALUES: f32 = 0.2;
/// Evidence of a label that makes others further away needless.
const LABELLED: f32 = 0.6;
/// The same of a label right before a value, which then has none below.
const FOLLOWS: f32 = 0.95;
/// Tokens of a label that is a question or an instruction.
const LONGEST_LABEL: usize = 32;
/// Tokens of a label behind a value, at most.
const LONGEST_TAIL: usize = 2;
/// Lines above a text that are searched for one that stands over it, and may be the question that it answers.
const QUESTION: usize = 4;
/// Letters of a remark behind a label, at least.
const REMARK: usize = 4;
/// Lines that a tax summary has at most.
const SUMMARY: usize = 6;
/// How well a label right behind an amount of a sentence stands, its words at most, and how far apart the sentence's lines stand, in
/// font sizes.
const BEHIND: f32 = 0.85;
const LONGEST_BEHIND: usize = 2;
const TIGHT: f32 = 1.0;
/// Headings side by side that make a row of headings.
const HEADINGS: usize = 3;
/// Lines that are looked through upwards for labels.
const REACH: usize = 70;

/// Where a label stands as seen from the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Before,
    /// The end of the line above, in running text.
    Wrapped,
    /// The start of the segment, before another value: "Rechnung 4711 vom 1.2.2020".
    Head,
    Left,
    Above,
    Below,
}

/// A label near a candidate.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) place: Place,
    /// 0 to 1.
    pub(crate) geometry: f32,
    /// The known labels in it.
    pub(crate) matches: Rc<[LabelMatch]>,
    /// The segment that it is the whole of, or all before the first colon of.
    pub(crate) segment: Option<usize>,
}

/// What is known of a segment as a label.
#[derive(Debug)]
pub(crate) struct SegmentLabel {
    pub(crate) matches: Rc<[LabelMatch]>,
    /// It is a value: numbers, dates, currencies and no more than a unit.
    pub(crate) is_value: bool,
    /// It holds a value of its own behind its label.
    pub(crate) is_spent: bool,
    /// Behind that value, a label of the template ends it.
    ends_in_label: bool,
    /// How much it labels what stands below it, given what stands to its right.
    pub(super) below: f32,
    /// It is the rest of the label above it.
    pub(super) is_rest: bool,
    /// Where its value has it, if the labels of its page tell.
    pub(super) place: Option<Place>,
    /// It ends in a colon, but is the first line of what answers the label above it.
    pub(super) is_answer: bool,
    /// The template does not know it, but it stands among labels as one of them, or in a row of headings.
    pub(super) is_peer: bool,
}

/// A document's segments as labels.
pub(crate) struct Surroundings<'a> {
    pub(crate) layout: &'a Layout<'a>,
    pub(crate) labels: &'a Labels,
    pub(crate) segments: Vec<SegmentLabel>,
    /// For each line the parts of its text that are values.
    occupied: Vec<Vec<Range<usize>>>,
    /// Lines that hold the heading of a tax summary, from top to bottom.
    tax_summaries: Vec<usize>,
    pub(super) boxes: Boxes,
    /// What each segment looks like, once somebody has asked.
    looks: Vec<OnceCell<Look>>,
    /// For each segment its box on a form, if it is answered there.
    pub(super) answered: Vec<OnceCell<Option<Rect>>>,
    /// For each segment the box right below its own, if it heads that one.
    pub(super) headed: Vec<OnceCell<Option<Rect>>>,
    /// For each segment the anchors that it resembles, once somebody has asked.
    resembled: Vec<OnceCell<Box<[LabelMatch]>>>,
}

impl<'a> Surroundings<'a> {
    pub(crate) fn new(layout: &'a Layout<'a>, labels: &'a Labels, dates: &[Candidate]) -> Self {
        let mut occupied: Vec<Vec<Range<usize>>> =
            layout.lines.iter().map(|line| values_of(&line.text)).collect();
        for date in dates {
            let values = &mut occupied[date.line()];
            let range = date.spans[0].range.clone();
            values.retain(|v| v.end <= range.start || range.end <= v.start);
            values.push(range);
            values.sort_by_key(|v| v.start);
        }
        let no_matches: Rc<[LabelMatch]> = Rc::new([]);
        let segments: Vec<SegmentLabel> = (0..layout.segments.len())
            .map(|index| {
                let segment = &layout.segments[index];
                let values = &occupied[segment.line];
                let line = layout.line_of(segment);
                let letters = |covered: bool| {
                    layout
                        .tokens(segment)
                        .iter()
                        .filter(move |t| {
                            values.iter().any(|v| v.start < t.range.end && t.range.start < v.end) == covered
                        })
                        .filter(move |t| covered || currency::code_of(line.folded(t)).is_none())
                        .map(move |t| line.folded(t).chars().filter(|c| covered || c.is_alphabetic()).count())
                };
                let value: usize = letters(true).sum();
                // Where there is no value, it only matters whether there are letters.
                let most = if value == 0 { 1 } else { usize::MAX };
                let other: usize = letters(false).filter(|&count| count > 0).take(most).sum();
                let ends_in_colon = layout.ends_in_colon(segment);
                let within = layout.tokens(segment).iter().rev().skip(1);
                let colon_within = within.filter(|t| t.colon).any(|t| !is_in_brackets(line, segment, t));
                let only_currency = value == 0 && other == 0;
                // "VAT 21% on 100.00": the value is what the label's amount is reckoned on, not that amount.
                let reckoned_on = values
                    .iter()
                    .find(|v| v.start >= segment.range.start)
                    .is_some_and(|first| follows_of(line, layout.tokens(segment), first.start));
                // "Example Supplier Ltd" is nobody's label.
                let tokens = layout.tokens(segment);
                let has_form =
                    tokens.iter().skip(1).any(|t| is_unmistakable_form(line.folded(t))) && !ends_in_colon;
                let mut printed = printed_segment(layout, index);
                let mut matches = labels.classify(&printed);
                // "Total inc. VAT" is a label all the same.
                if has_form && !matches.iter().any(|m| m.similarity >= 0.99) {
                    printed.clear();
                    matches.clear();
                }
                let remarked = remarked(labels, line, segment, tokens, &matches);
                let has_remark = remarked.is_some();
                let second = colon_within.then(|| last_of_two(labels, line, tokens)).flatten();
                let ends_in_label = second.is_some();
                let matches = remarked.or(second).unwrap_or(matches);
                let is_value = only_currency || value > 0 && !has_remark && (other <= 3 || other * 2 < value);
                // "Fax 555 0101", where "Fax" is the template's.
                let starts_with_label = is_value
                    && labels.own_within(&printed).first().is_some_and(|label| {
                        label.start == 0
                            && printed
                                .get(label.end)
                                .is_some_and(|p| p.text.starts_with(|c: char| c.is_ascii_digit()))
                    });
                // What is offered to be ticked has no other value than its mark.
                let matches = if layout.is_offered(segment) { Vec::new() } else { matches };
                // "Add: goods and services tax".
                let is_label_behind_colon = value == 0 && matches.iter().any(is_amount_label);
                let is_spent = colon_within && !is_label_behind_colon
                    || starts_with_label
                    || value >= 2 && other > 3 && !reckoned_on && !ends_in_colon;
                SegmentLabel {
                    matches: if matches.is_empty() { Rc::clone(&no_matches) } else { matches.into() },
                    is_value,
                    is_spent: is_spent && !has_remark,
                    ends_in_label,
                    below: 1.0,
                    is_rest: false,
                    place: None,
                    is_answer: false,
                    is_peer: false,
                }
            })
            .collect();
        let heads_summary = |label: &SegmentLabel| {
            let mut sure = label.matches.iter().filter(|m| m.similarity > 0.85);
            sure.any(|m| m.means(&["tax_summary"]))
        };
        let summaries = |index: &usize| {
            let (line, next) = (&layout.lines[*index], layout.lines.get(index + 1));
            let labels = &segments[line.segments.clone()];
            labels.iter().any(heads_summary) || heads_rates(line, next, labels)
        };
        let tax_summaries = (0..layout.lines.len()).filter(summaries).collect();
        let boxes = Boxes::new(layout);
        let looks = vec![OnceCell::new(); segments.len()];
        let answered = vec![OnceCell::new(); segments.len()];
        let headed = answered.clone();
        let resembled = vec![OnceCell::new(); segments.len()];
        let mut surroundings = Self {
            layout,
            labels,
            segments,
            occupied,
            tax_summaries,
            boxes,
            looks,
            answered,
            headed,
            resembled,
        };
        for index in 0..surroundings.segments.len() {
            surroundings.join_label(index);
            surroundings.join_rest(index);
        }
        for line in 0..layout.lines.len().saturating_sub(1) {
            for heading in surroundings.headings(line) {
                surroundings.segments[heading].is_peer = true;
            }
        }
        surroundings.mark_answers();
        surroundings.place_labels();
        for index in 0..surroundings.segments.len() {
            surroundings.segments[index].below = surroundings.below_label(index);
        }
        surroundings
    }

    /// The segments of a line that head what stands right below them, known or not: three or more stand side by side, one is a
    /// known label, none a value, and of those below one is and none a label. The name of a firm, or what stands over an address, heads nothing.
    fn headings(&self, line: usize) -> Vec<usize> {
        let layout = self.layout;
        let (own, next) = (&layout.lines[line], &layout.lines[line + 1]);
        let segments = own.segments.clone();
        let is_plain = |s: usize| {
            let (label, text) = (&self.segments[s], layout.text(&layout.segments[s]));
            !label.is_value
                && !label.is_spent
                && !text.ends_with(':')
                && !text.bytes().any(|b| b.is_ascii_digit())
        };
        let is_known = |s: usize| {
            let mut known = self.segments[s].matches.iter();
            known.any(|m| m.similarity >= 0.99 && m.strength >= Strength::Bare)
        };
        if segments.len() < HEADINGS
            || own.page != next.page
            || !segments.clone().all(is_plain)
            || !segments.clone().any(is_known)
            || !next.segments.clone().any(|s| self.segments[s].is_value)
            || next.segments.clone().any(|s| self.is_label(s))
        {
            return Vec::new();
        }
        let below = |s: usize| {
            let head = &layout.segments[s];
            next.segments.clone().find(|&b| {
                let rect = layout.segments[b].rect;
                (rect.x0 - head.rect.x0).abs() < 0.6 * head.size && rect.y0 - head.rect.y1 < 1.5 * head.size
            })
        };
        let headed: Vec<(usize, usize)> = segments.clone().filter_map(|s| Some((s, below(s)?))).collect();
        if headed.len() < HEADINGS || 3 * headed.len() < 2 * segments.len() {
            return Vec::new();
        }
        let names = |&(s, b): &(usize, usize)| self.look(s).ends_in_legal_form || self.look(b).address;
        headed.into_iter().filter(|pair| !names(pair)).map(|(s, _)| s).collect()
    }

    fn below_label(&self, index: usize) -> f32 {
        if self.segments[index].place == Some(Place::Above) {
            return 1.0;
        }
        let segment = &self.layout.segments[index];
        let mut beside = index + 1..self.layout.line_of(segment).segments.end;
        // A stroke is no answer.
        let beside =
            beside.find(|&s| self.layout.text(&self.layout.segments[s]).contains(char::is_alphanumeric));
        if beside.is_none_or(|beside| {
            self.is_label(beside) || self.within_box(index, self.layout.segments[beside].rect) < 1.0
        }) || !self.is_label(index)
        {
            return 1.0;
        }
        let colon = self.layout.ends_in_colon(segment);
        if colon { ANSWERED_COLON } else { ANSWERED }
    }

    /// What a segment looks like, as far as names and addresses go, without the colon that parts it from its label.
    pub(crate) fn look(&self, segment: usize) -> Look {
        let text = self.layout.text(&self.layout.segments[segment]).trim_start_matches([':', BLANK]);
        *self.looks[segment].get_or_init(|| names::look(text))
    }

    /// Whether a segment is a known label or ends in a colon, and so is no value.
    pub(crate) fn is_label(&self, segment: usize) -> bool {
        let label = &self.segments[segment];
        let colon = self.layout.ends_in_colon(&self.layout.segments[segment]);
        let is = |m: &LabelMatch| m.similarity >= 0.99 && (!label.is_value || m.is_own());
        let colon = colon && !label.is_answer;
        !label.is_spent && (colon || label.is_rest || label.is_peer || label.matches.iter().any(is))
    }

    /// Whether a text is the label of another field.
    pub(crate) fn is_label_of_another(&self, field: &Field<'_>, candidate: &Candidate) -> bool {
        let segment = &self.layout.segments[candidate.segment];
        let own = &self.segments[candidate.segment];
        let is_other = |m: &LabelMatch| m.is_own() && field.weight(m.key) == 0.0;
        let is_resembled =
            || self.resembled(candidate.segment).iter().any(|m| m.similarity > ALIKE && is_other(m));
        candidate.spans[0].range == segment.range
            && (own.matches.iter().any(|m| m.similarity >= 0.9 && is_other(m))
                || own.matches.is_empty() && is_resembled())
    }

    /// The anchors that a segment resembles letter by letter.
    fn resembled(&self, segment: usize) -> &[LabelMatch] {
        self.resembled[segment]
            .get_or_init(|| self.labels.resemble(&printed_segment(self.layout, segment)).into())
    }

    /// Segments that resemble a field's anchors without being them: some letters differ, or the anchor's words stand in a
    /// longer label ("What is the name and address of the primary registrant?" for "Name of registrant").
    pub(crate) fn resembling(&self, field: &Field<'_>) -> Loose {
        let mut found = Loose::default();
        if !uses(Family::Resemblance) {
            return found;
        }
        let anchors: Vec<(Vec<String>, Vec<String>)> =
            field.spec.anchors.iter().map(|anchor| (key_words(anchor), content_words(anchor))).collect();
        for (index, label) in self.segments.iter().enumerate() {
            if label.is_value || self.layout.is_offered(&self.layout.segments[index]) {
                continue;
            }
            let printed = printed_segment(self.layout, index);
            if printed.len() > LONGEST_LABEL
                || has_sentence_end(self.layout.text(&self.layout.segments[index]))
            {
                continue;
            }
            let own = |m: &LabelMatch| (field.weight(m.key) > 0.0).then_some(m.similarity);
            let by_words = |label: &[Printed<'_>]| {
                let shared = anchors.iter().filter_map(|(keys, all)| shares_words(label, keys, all));
                shared.max_by(f32::total_cmp)
            };
            // "Proiect Tltle: Dry Garden", "Name of agent (registrant): Jane Roe".
            let colon = printed.iter().position(|p| p.colon).filter(|&at| at + 1 < printed.len());
            let label = colon.map_or(&printed[..0], |colon| &printed[..=colon]);
            let by_letters = self.labels.resemble(label);
            let asked = by_words(label).filter(|&similarity| similarity == ASKED);
            let start = by_letters.iter().filter_map(own).chain(asked).max_by(f32::total_cmp);
            found.starts.extend(start.map(|similarity| (index, similarity)));
            let by_letters = self.resembled(index).iter().filter_map(own);
            // What a colon parts from its value asks for nothing below.
            let by_words = by_words(&printed).filter(|_| asked.is_none());
            if let Some(similarity) = by_letters.chain(by_words).max_by(f32::total_cmp) {
                let end = if similarity == ASKED { self.end_of_question(index) } else { index };
                found.segments.insert(end, similarity);
            }
        }
        found
    }

    /// The segment in which a question ends that starts in this one: the next line, where that goes on in small letters.
    fn end_of_question(&self, question: usize) -> usize {
        let layout = self.layout;
        let own = &layout.segments[question];
        let goes_on = |&segment: &usize| {
            let next = &layout.segments[segment];
            layout.text(next).starts_with(char::is_lowercase)
                && (next.rect.x0 - own.rect.x0).abs() < 3.0 * own.size
        };
        layout.right_below(own.line, own.rect.y1 + 1.2 * own.size, 1).find(goes_on).unwrap_or(question)
    }

    /// Whether a candidate is the amount that another one is reckoned on ("VAT 21% on 100.00").
    pub(crate) fn is_base(&self, candidate: &Candidate) -> bool {
        let segment = &self.layout.segments[candidate.segment];
        follows_of(self.layout.line_of(segment), self.layout.tokens(segment), candidate.start())
    }

    /// Whether a text answers a question about the field (`Some(true)`), about other fields, or none: the line above it or
    /// above its label is one ("8. What is the name and address of the primary registrant?" over "Name   Example LLC").
    pub(crate) fn answers(&self, field: &Field<'_>, candidate: &Candidate) -> Option<bool> {
        let line = candidate.line();
        let first = self.layout.pages[self.layout.lines[line].page].start;
        let is_above = |&s: &usize| self.layout.segments[s].rect.overlap_x(candidate.rect) > 0.0;
        // What was filled in a little higher in another column may stand between.
        let mut near = (first.max(line.saturating_sub(QUESTION))..line).rev();
        let questions = near.find_map(|above| {
            let segments = self.layout.lines[above].segments.clone();
            segments.clone().any(|s| is_above(&s)).then_some(segments)
        })?;
        let mut questions = questions.filter(is_above);
        questions.find_map(|segment| {
            if self.segments[segment].is_spent {
                return None;
            }
            let printed = printed_segment(self.layout, segment);
            let subjects: Vec<u16> = self.labels.subjects(&printed).collect();
            let own = subjects.iter().any(|&subject| field.weight(Key::Field(subject)) > 0.0);
            (!subjects.is_empty()).then_some(own)
        })
    }

    /// Where the words behind the date at the start of a segment begin.
    pub(super) fn behind_date(&self, index: usize) -> Option<usize> {
        let segment = &self.layout.segments[index];
        let text = &self.layout.lines[segment.line].text[..segment.range.end];
        let mut end = segment.range.start;
        let is_within =
            |value: &&Range<usize>| segment.range.start <= value.start && value.end <= segment.range.end;
        for value in self.occupied[segment.line].iter().filter(is_within) {
            if text.get(end..value.start).is_none_or(|between| !between.trim().is_empty()) {
                break;
            }
            end = value.end;
        }
        let (date, rest) = (&text[segment.range.start..end], text[end..].trim_start());
        if date.is_empty() || !rest.starts_with(char::is_uppercase) {
            return None;
        }
        // "7, 1991" is the rest of one whose month was read as something else; a number alone is that of a house.
        let is_date = date.contains(", ") || !date::find(date).is_empty();
        is_date.then(|| text.len() - rest.len())
    }

    /// Whether a segment says no more than that a name follows.
    fn is_sublabel(&self, segment: usize) -> bool {
        self.segments[segment].matches.iter().any(|m| m.similarity >= 0.99 && m.means(&["name"]))
    }

    /// Whether a candidate stands inside a label: "Total 22 spots for:".
    pub(crate) fn is_in_label(&self, candidate: &Candidate) -> bool {
        let tokens = self.layout.tokens(&self.layout.segments[candidate.segment]);
        let after = tokens.partition_point(|t| t.range.start < candidate.spans[0].range.end);
        after < tokens.len() && tokens.last().is_some_and(|t| t.colon)
    }

    /// Whether a candidate stands in the brackets that end a label, with the label's value beside it: "VAT (5%: 2.00, 20%: 8.00)".
    pub(crate) fn is_in_remark(&self, candidate: &Candidate) -> bool {
        let segment = &self.layout.segments[candidate.segment];
        let line = self.layout.line_of(segment);
        let before = &line.text[segment.range.start..candidate.start()];
        let next = candidate.segment + 1;
        self.layout.text(segment).ends_with(')')
            && before.rfind('(').is_some_and(|open| open > 0 && !before[open..].contains(')'))
            && line.segments.contains(&next)
            && self.segments[next].is_value
    }

    /// Whether a candidate stands under the heading of a tax summary, whose totals are not those of the document.
    pub(crate) fn is_in_tax_summary(&self, candidate: &Candidate) -> bool {
        let line = candidate.line();
        let page = self.layout.lines[line].page;
        let first = self.tax_summaries.partition_point(|&summary| summary + SUMMARY < line);
        let mut near = self.tax_summaries[first..].iter().take_while(|&&summary| summary <= line);
        near.any(|&summary| self.layout.lines[summary].page == page)
    }

    /// The labels around a candidate, those of its row first.
    pub(crate) fn contexts<'c>(&self, candidate: &'c Candidate) -> &'c [Context] {
        candidate.contexts.get_or_init(|| self.around(candidate).into())
    }

    fn around(&self, candidate: &Candidate) -> Vec<Context> {
        let mut contexts = Vec::with_capacity(8);
        self.before(candidate, &mut contexts);
        contexts.extend(self.behind(candidate, &contexts));
        self.left(candidate, &mut contexts);
        self.label_ticked(candidate, &mut contexts);
        self.above(candidate, &mut contexts);
        let best = |context: &Context| {
            context.geometry * context.matches.iter().map(|m| m.similarity).fold(0.0, f32::max)
        };
        if contexts.iter().all(|context| best(context) < ABOVE[0] * IN_BOX) {
            let is_labelled = contexts.iter().any(|context| !context.matches.is_empty());
            contexts.extend(self.in_box(candidate, is_labelled));
        }
        if !contexts.iter().any(|context| best(context) > LABELLED) {
            contexts.extend(self.of_column(candidate));
        }
        // What a label stands right before has none below.
        let follows =
            contexts.iter().any(|context| context.place == Place::Before && best(context) > FOLLOWS);
        if !follows {
            self.below(candidate, &mut contexts);
        }
        if !uses(Family::Geometry) {
            contexts.iter_mut().for_each(|context| context.geometry = BEFORE);
        }
        contexts
    }

    fn before(&self, candidate: &Candidate, contexts: &mut Vec<Context>) {
        let segment = &self.layout.segments[candidate.segment];
        let line = self.layout.line_of(segment);
        let tokens = self.layout.tokens(segment);
        let end = tokens.partition_point(|t| t.range.end <= candidate.label_end);
        // "All rates are gross. $500 minimum order": what a sentence says is no label in the next one.
        let is_value = matches!(candidate.typed, Typed::Number(_) | Typed::Date(..));
        let place = candidate.label_end.saturating_sub(segment.range.start);
        let from = match tokens.len() {
            SENTENCE.. if is_value => last_sentence(self.layout.text(segment), place),
            _ => 0,
        };
        let from = segment.range.start + from;
        let whole = &tokens[tokens.partition_point(|t| t.range.start < from).min(end)..end];
        let last_value = self.occupied[segment.line]
            .iter()
            .rfind(|v| v.end <= candidate.label_end && v.start >= segment.range.start);
        let near = &whole[last_value.map_or(0, |v| whole.partition_point(|t| t.range.start < v.end))..];
        if !near.is_empty() {
            let matches = self.labels.classify(&printed(line, near)).into();
            let to_colon = near.len() == end && near.iter().position(|t| t.colon) == Some(end - 1);
            let segment = to_colon.then_some(candidate.segment);
            contexts.push(Context { place: Place::Before, geometry: BEFORE, matches, segment });
        }
        if near.len() < whole.len() {
            let matches = self.labels.classify(&printed(line, whole)).into();
            let geometry = if near.is_empty() { 0.85 } else { BEFORE_BEYOND };
            contexts.push(Context { place: Place::Before, geometry, matches, segment: None });
            let first_value = self.occupied[segment.line].iter().find(|v| v.start >= segment.range.start);
            let head = whole.partition_point(|t| first_value.is_none_or(|v| t.range.start < v.start));
            let head = whole[..head].iter().position(|t| t.colon).map_or(head, |colon| colon + 1);
            if head > 0 {
                let matches = self.labels.classify(&printed(line, &whole[..head])).into();
                contexts.push(Context { place: Place::Head, geometry: 1.0, matches, segment: None });
            }
        }
        if end == 0 && candidate.segment == line.segments.start {
            self.wrapped(candidate, contexts);
        }
    }

    /// The label that stands right behind an amount in a sentence where none stands before: "made up of 100.00 EUR net and 20.00 EUR
    /// VAT". It may begin the next line.
    fn behind(&self, candidate: &Candidate, before: &[Context]) -> Option<Context> {
        let is_amount =
            matches!(&candidate.typed, Typed::Number(n) if n.decimals == 2 && n.currency.is_some());
        let segment = &self.layout.segments[candidate.segment];
        let tokens = self.layout.tokens(segment);
        let is_label = |m: &LabelMatch| m.similarity >= 0.99;
        if !is_amount || tokens.len() < SENTENCE || before.iter().any(|c| c.matches.iter().any(is_label)) {
            return None;
        }
        let line = self.layout.line_of(segment);
        let behind = &tokens[tokens.partition_point(|t| t.range.start < candidate.spans[0].range.end)..];
        let (line, behind) = match behind.first() {
            Some(first) => {
                let between = &line.text[candidate.spans[0].range.end..first.range.start];
                between.trim().is_empty().then_some((line, behind))?
            }
            None => {
                let next =
                    self.layout.lines.get(candidate.line() + 1).filter(|next| next.page == line.page)?;
                let first = &self.layout.segments[next.segments.start];
                let is_near = first.rect.y0 - segment.rect.y1 < TIGHT * segment.size;
                let is_below = first.rect.overlap_x(segment.rect) > 0.0;
                (is_near && is_below).then(|| (next, self.layout.tokens(first)))?
            }
        };
        let longest = (1..=LONGEST_BEHIND.min(behind.len())).rev();
        let mut labels = longest.map(|used| self.labels.classify(&printed(line, &behind[..used])));
        let matches = labels.find(|matches| matches.iter().any(is_label))?;
        Some(Context { place: Place::Before, geometry: BEHIND, matches: matches.into(), segment: None })
    }

    /// A value that starts a line of running text: its label may end the line above.
    fn wrapped(&self, candidate: &Candidate, contexts: &mut Vec<Context>) {
        let line = &self.layout.lines[candidate.line()];
        let Some(above) = candidate.line().checked_sub(1).map(|index| (index, &self.layout.lines[index]))
        else {
            return;
        };
        let (index, above) = above;
        let size = self.layout.segments[candidate.segment].size;
        let same_block = above.page == line.page
            && (above.rect.x0 - line.rect.x0).abs() < 2.0 * size
            && line.rect.y0 - above.rect.y1 < 1.2 * size;
        let Some(last) = above.segments.clone().next_back() else { return };
        let is_caption = self.segments[last].place == Some(Place::Below);
        if !same_block || is_caption || above.segments.len() > 1 && last != above.segments.start {
            return;
        }
        let tokens = self.layout.tokens(&self.layout.segments[last]);
        let after =
            self.occupied[index].last().map_or(0, |v| tokens.partition_point(|t| t.range.start < v.end));
        let tokens = &tokens[after..];
        if !tokens.is_empty() {
            let matches = self.labels.classify(&printed(above, tokens)).into();
            contexts.push(Context { place: Place::Wrapped, geometry: WRAPPED, matches, segment: None });
        }
    }

    fn left(&self, candidate: &Candidate, contexts: &mut Vec<Context>) {
        let layout = self.layout;
        let first = layout.lines[layout.segments[candidate.segment].line].segments.start;
        let mut passed = 0;
        let mut found = 0;
        for index in (first..candidate.segment).rev() {
            let label = &self.segments[index];
            if label.is_value && !self.is_label(index) {
                passed += 1;
                continue;
            }
            let gap = (candidate.rect.x0 - layout.segments[index].rect.x1) / layout.segments[index].size;
            let distance = 1.0 - (0.004 * (gap - 2.0)).clamp(0.0, 0.12);
            // "Invoice no. 4711 of", with the date in the next column.
            let tail = if found == 0 && passed == 0 { self.tail_label(index) } else { None };
            let spent = match tail {
                Some(_) => BEFORE_BEYOND,
                None if label.is_spent && !label.ends_in_label && !self.is_dated_label(candidate, index) => {
                    SPENT
                }
                None => 1.0,
            };
            let placed = if label.place.is_some() { OVER_VALUES } else { 1.0 };
            let within = self.within_box(index, layout.segments[candidate.segment].rect) * placed;
            let geometry = LEFT[found] * distance * spent * within * 0.95f32.powi(passed.min(4));
            if let Some(matches) = tail {
                let geometry = LEFT[found] * distance * within;
                contexts.push(Context { place: Place::Left, geometry, matches, segment: None });
            }
            let matches = Rc::clone(&label.matches);
            contexts.push(Context { place: Place::Left, geometry, matches, segment: Some(index) });
            found += 1;
            if found == LEFT.len() {
                break;
            }
        }
        let is_label = |context: &Context| {
            context.place == Place::Left && context.segment.is_some_and(|segment| self.is_label(segment))
        };
        if !contexts.iter().any(is_label) {
            contexts.extend(self.beside(candidate));
        }
    }

    /// Whether a segment starts with the label of an amount and goes on with no other value than a day, which is not what it asks
    /// for: "To be paid by 14.06.2024".
    fn is_dated_label(&self, candidate: &Candidate, index: usize) -> bool {
        let segment = &self.layout.segments[index];
        let line = self.layout.line_of(segment);
        let is_within = |v: &&Range<usize>| segment.range.start <= v.start && v.end <= segment.range.end;
        let mut values = self.occupied[segment.line].iter().filter(is_within);
        matches!(&candidate.typed, Typed::Number(number) if number.decimals == 2)
            && !line.text[segment.range.clone()].contains(':')
            && values.all(|v| !date::find(&line.text[v.clone()]).is_empty())
            && self.segments[index].matches.iter().any(|m| m.start == 0 && m.has_shape(Shape::Amount))
    }

    /// What is known of the words behind the last value of a segment that starts with a label of it.
    fn tail_label(&self, index: usize) -> Option<Rc<[LabelMatch]>> {
        if !self.segments[index].is_spent || self.segments[index].ends_in_label {
            return None;
        }
        let segment = &self.layout.segments[index];
        let line = self.layout.line_of(segment);
        let tokens = self.layout.tokens(segment);
        let value = self.occupied[segment.line].iter().rfind(|value| value.end <= segment.range.end)?;
        let tail = &tokens[tokens.partition_point(|token| token.range.start < value.end)..];
        if value.start < segment.range.start || tail.is_empty() || tail.len() > LONGEST_TAIL {
            return None;
        }
        let matches = self.labels.classify(&printed(line, tail));
        (!matches.is_empty()).then(|| matches.into())
    }

    /// The label to the left of a value that was filled in a little higher or lower than the form has it.
    fn beside(&self, candidate: &Candidate) -> Option<Context> {
        let layout = self.layout;
        let own = &layout.segments[candidate.segment];
        let page = layout.pages[layout.lines[own.line].page].clone();
        let near = own.line.saturating_sub(2).max(page.start)..(own.line + 3).min(page.end);
        let offset = |s: usize| {
            let rect = layout.segments[s].rect;
            (rect.centre_y() - own.rect.centre_y()).abs() / own.size.max(layout.segments[s].size)
        };
        let gap = |s: usize| (own.rect.x0 - layout.segments[s].rect.x1) / own.size;
        // What stands in the label's line over the value heads its column.
        let is_over_or_under = |s: usize| {
            let line = layout.line_of(&layout.segments[s]);
            layout.segments[line.segments.clone()].iter().any(|other| {
                other.rect.overlap_x(own.rect) > 0.0 && layout.text(other).contains(char::is_alphanumeric)
            })
        };
        let segments =
            near.filter(|&line| line != own.line).flat_map(|line| layout.lines[line].segments.clone());
        let label = segments
            .filter(|&s| offset(s) < OFFSET && (-0.3..FAR).contains(&gap(s)))
            .filter(|&s| self.is_label(s) && self.segments[s].below == 1.0 && !is_over_or_under(s))
            .filter(|&s| self.segments[s].place.is_none())
            .filter(|&s| self.in_headed_box(s, own.rect) != Some(false))
            .min_by(|&a, &b| (gap(a) + 4.0 * offset(a)).total_cmp(&(gap(b) + 4.0 * offset(b))))?;
        let matches = Rc::clone(&self.segments[label].matches);
        Some(Context { place: Place::Left, geometry: BESIDE, matches, segment: Some(label) })
    }

    /// The labels above a candidate, nearest first.
    fn above(&self, candidate: &Candidate, contexts: &mut Vec<Context>) {
        let layout = self.layout;
        let own = &layout.segments[candidate.segment];
        let (line, size) = (own.line, own.size);
        let is_text = matches!(candidate.typed, Typed::Text);
        // The start of a text stands where all of it does.
        let starts = is_text && candidate.start() == own.range.start;
        // What wraps to the edge of its label begins where its first line does.
        let wraps = is_text && candidate.spans.len() > 1;
        let rect = match () {
            () if starts => candidate.rect.union(own.rect),
            () if wraps => layout.rect(&candidate.spans[0]),
            () => candidate.rect,
        };
        let page = layout.lines[line].page;
        let first_of_page = layout.pages[page].start;
        let mut below = rect;
        let mut passed = 0;
        let mut found = 0;
        let mut nearness = 1.0f32;
        for index in (first_of_page.max(line.saturating_sub(REACH))..line).rev() {
            for other in layout.lines[index].segments.clone() {
                let above = &layout.segments[other];
                // Most stand in other columns, which is seen sooner than how they are aligned.
                if above.rect.x0 > rect.x1 + size {
                    break;
                }
                if above.rect.x1 < rect.x0 - size {
                    continue;
                }
                // Boxes of tight lines overlap: the middles must be a line apart.
                if above.rect.centre_y() > below.centre_y() - 0.5 * size {
                    continue;
                }
                let Some(mut alignment) = alignment(above.rect, rect, size) else { continue };
                match self.in_headed_box(other, own.rect) {
                    Some(true) if is_text => alignment = 1.0,
                    Some(false) => alignment = alignment.min(BEYOND_BOX),
                    _ => {}
                }
                let gap = (below.y0 - above.rect.y1) / size;
                nearness *= match gap {
                    g if g < 1.0 => 1.0,
                    g if g < 2.0 => 0.95,
                    g if g < 4.0 => 0.8,
                    g if g < 8.0 => 0.6,
                    _ => 0.4,
                };
                below = above.rect;
                let label = &self.segments[other];
                if label.is_value {
                    passed += 1;
                    continue;
                }
                let spent = if label.is_spent { SPENT } else { 1.0 };
                let answered = if is_text { label.below } else { 1.0 };
                let beyond = 1.0 - 0.03 * passed.min(4) as f32;
                let placed = if label.place == Some(Place::Below) { UNDER_VALUES } else { 1.0 };
                let within = self.within_box(other, own.rect) * placed;
                let geometry = ABOVE[found] * nearness * alignment * spent * answered * beyond * within;
                let matches = Rc::clone(&label.matches);
                contexts.push(Context { place: Place::Above, geometry, matches, segment: Some(other) });
                // "Name" over a name is no more than a sub-label of what stands above it.
                if !self.is_sublabel(other) {
                    found += 1;
                }
                if found == ABOVE.len() {
                    return;
                }
            }
            if nearness < 0.2 {
                return;
            }
        }
    }

    /// The labels right below a candidate: of a text, or where the form's labels stand under their values.
    fn below(&self, candidate: &Candidate, contexts: &mut Vec<Context>) {
        let is_text = matches!(candidate.typed, Typed::Text);
        let layout = self.layout;
        let line = candidate.spans[candidate.spans.len() - 1].line;
        let size = layout.segments[candidate.segment].size;
        for next in layout.lines.iter().skip(line + 1).take(3) {
            if next.page != layout.lines[line].page || next.rect.y0 > candidate.rect.y1 + 1.5 * size {
                break;
            }
            for index in next.segments.clone() {
                let segment = &layout.segments[index];
                let aligned = alignment(segment.rect, candidate.rect, size);
                let below = segment.rect.y0 > candidate.rect.centre_y();
                let label = &self.segments[index];
                let is_caption = label.place == Some(Place::Below);
                let Some(aligned) = aligned.filter(|_| below && !label.is_spent) else { continue };
                // As good as one above, where labels stand so.
                let (place, geometry) =
                    if is_caption { (Place::Above, ABOVE[0]) } else { (Place::Below, BELOW) };
                // A line to write on has one line of text; what stands in brackets is said of all of it.
                if is_caption && candidate.spans.len() > 1 && !self.is_in_brackets(index) {
                    continue;
                }
                if is_text || is_caption {
                    let (geometry, matches) = (geometry * aligned, Rc::clone(&label.matches));
                    contexts.push(Context { place, geometry, matches, segment: Some(index) });
                }
            }
        }
    }
}

/// How much a printed label resembles an anchor whose `keys`, of `all` its words, it holds.
fn shares_words(label: &[Printed<'_>], keys: &[String], all: &[String]) -> Option<f32> {
    let has = |words: &[String]| words.iter().all(|word| label.iter().any(|p| p.is(word)));
    let letters: usize = keys.iter().map(String::len).sum();
    let is_key = |text: &&str| keys.iter().any(|key| key == text);
    let before: Vec<&str> = label.iter().map(|p| p.text).take_while(|text| !is_key(text)).collect();
    if keys.is_empty() || letters < 8 || !has(keys) || names_person(&before) {
        return None;
    }
    if asks_for(label, keys) {
        return Some(ASKED);
    }
    let whole: usize = label.iter().map(|p| p.text.len()).sum();
    let base = if has(all) { 0.55 } else { 0.42 };
    Some(base + 0.2 * letters as f32 / whole.max(1) as f32)
}

/// Whether a known label is that of an amount, near enough.
fn is_amount_label(found: &LabelMatch) -> bool {
    found.similarity >= 0.9 && found.has_shape(Shape::Amount)
}

/// A label of the template with a remark in brackets behind it, of which no label is known: "Fee: (before May 1)"; or any known
/// label of an amount with a count.
fn remarked(
    labels: &Labels,
    line: &Line,
    segment: &Segment,
    tokens: &[Token],
    whole: &[LabelMatch],
) -> Option<Vec<LabelMatch>> {
    let text = &line.text[segment.range.clone()];
    let opens = tokens.iter().position(|token| token.opens).filter(|&at| at > 0)?;
    let remark = text.strip_suffix(')')?.rsplit_once('(')?.1;
    let says_something =
        remark.chars().filter(|c| c.is_alphabetic()).count() >= REMARK || remark.contains('%');
    let is_whole = text.matches('(').count() == 1 && says_something;
    if !is_whole {
        return None;
    }
    if whole.iter().any(|m| m.similarity > 0.95) {
        // "VAT (5%: 2.00, 20%: 8.00)": the amounts of the rates are none of the label's.
        return remark.contains('%').then(|| whole.to_vec());
    }
    let mut label = printed(line, &tokens[..opens]);
    // A remark parts a label from its value as a colon does: "Registrant (firm)".
    label.iter_mut().last().into_iter().for_each(|token| token.colon = true);
    let mut matches = labels.classify(&label);
    // "Total (3 items)".
    let counts = remark.starts_with(|c: char| c.is_ascii_digit());
    matches.retain(|m| {
        m.is_own() && m.similarity >= 0.95 && m.strength >= Strength::Word
            || counts && m.similarity >= 0.99 && m.has_shape(Shape::Amount)
    });
    (!matches.is_empty()).then_some(matches)
}

/// Whether the labels of a line head the amounts of each rate of tax: "% VAT   Base   VAT   Total"; those of totals name the
/// rates themselves ("VAT 20 %").
fn heads_rates(line: &Line, next: Option<&Line>, labels: &[SegmentLabel]) -> bool {
    if labels.len() < 3 || line.text.bytes().any(|b| b.is_ascii_digit()) {
        return false;
    }
    let says = |label: &SegmentLabel, concepts: &[&str]| {
        let mut sure = label.matches.iter().filter(|m| m.similarity > 0.97);
        sure.any(|m| m.means(concepts))
    };
    let taxes = labels.iter().filter(|label| says(label, &["tax_rate", "tax_total", "tax_part"])).count();
    let starts_with_rate =
        |line: &Line| line.text.split([BLANK, TAB]).take(2).any(|word| word.ends_with('%'));
    let rated = taxes > 1 || taxes == 1 && next.is_some_and(starts_with_rate);
    rated && labels.iter().any(|label| says(label, &["tax_base", "net_total"]))
}

/// A label of the template that ends a segment, behind the value of another one: "Tested: 3/12/81 REPORTED".
fn last_of_two(labels: &Labels, line: &Line, tokens: &[Token]) -> Option<Vec<LabelMatch>> {
    let all = printed(line, tokens);
    let last = labels.own_within(&all).pop().filter(|last| last.end == all.len() && last.start > 0)?;
    (!all[last.start - 1].colon).then(|| labels.classify(&all[last]))
}

/// Whether a sentence ends within a text and another one begins, as in a line of a paragraph.
fn has_sentence_end(text: &str) -> bool {
    let is_end = |&(at, _): &(usize, &str)| {
        let (word, next) = (text[..at].rsplit(BLANK).next().unwrap_or_default(), &text[at + 2..]);
        word.len() > 3 && word.chars().all(char::is_lowercase) && next.starts_with(char::is_uppercase)
    };
    text.match_indices(". ").any(|end| is_end(&end))
}

/// Whether "on", "von", "sur" stands right before a value: then it is what something else is reckoned on.
fn follows_of(line: &Line, tokens: &[Token], start: usize) -> bool {
    let before = tokens[..tokens.partition_point(|t| t.range.end <= start)].iter().rev();
    let word = before.map(|t| line.folded(t)).find(|word| currency::code_of(word).is_none());
    word.is_some_and(|w| matches!(w, "on" | "auf" | "aus" | "von" | "sur" | "sobre" | "over" | "su"))
}

/// How well a label above stands over a value: 1 where edges or middles meet, less where they only overlap, `None` where
/// they do not.
fn alignment(label: Rect, value: Rect, size: f32) -> Option<f32> {
    let near = |a: f32, b: f32| (a - b).abs() < 0.6 * size;
    let overlap = label.overlap_x(value);
    if near(label.x0, value.x0) || near(label.x1, value.x1) || near(label.centre_x(), value.centre_x()) {
        return Some(1.0);
    }
    if overlap > 0.3 * label.width().min(value.width()) {
        return Some(0.93);
    }
    // A value may stand a little to the right of its heading's start, or left of its end.
    let apart = -overlap;
    (apart < 0.5 * size).then_some(0.75)
}

/// The words of a line that are values: those with two digits or more, and single numbers.
fn values_of(text: &str) -> Vec<Range<usize>> {
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return Vec::new();
    }
    let mut start = 0;
    text.split([BLANK, TAB])
        .filter_map(|word| {
            let range = start..start + word.len();
            start = range.end + 1;
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            if digits == 0 {
                return None;
            }
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            let in_brackets = word.starts_with('(') && word.ends_with(')') && digits < 4;
            let percent = word.contains('%') || text[range.end..].trim_start_matches(BLANK).starts_with('%');
            let starts_segment = text[..range.start].chars().next_back().is_none_or(|c| c == TAB);
            let enumerator =
                digits < 3 && word.ends_with(['.', ')']) && bare.len() == digits && starts_segment;
            let number = digits >= 2 || digits == 1 && bare.len() == 1;
            (number && !in_brackets && !percent && !enumerator).then_some(range)
        })
        .collect()
}
