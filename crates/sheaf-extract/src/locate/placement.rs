//! Where a form prints its labels: beside what is filled in, over it, or under the line that it is written on. A single label
//! seldom tells, as its neighbours' values stand around it; all of a page's together do. What stands in a row or column of
//! such labels, and is none of the template, is a label as well.

use std::ops::Range;

use super::context::{Place, Surroundings};
use super::labels::{LabelMatch, printed_segment};
use super::layout::BLANK;
use super::names;
use crate::lexicon::{LABEL_WORDS, Shape};

/// Labels of a page that must agree, and the share of those that tell anything.
const VOTES: usize = 4;
const MAJORITY: f32 = 0.75;
/// How far a value stands above or below its label at most, in font sizes.
const NEAR: f32 = 2.0;
/// The same of one right below a label that another text stands beside.
const RIGHT_BELOW: f32 = 1.0;
/// How much nearer a label stands to the value above it than to the text below, if it stands under its values.
const NEARER: f32 = 0.7;
/// Lines above and below a label that are looked through.
const LINES: usize = 3;
/// How far apart edges of one column stand at most, in font sizes.
const EDGE: f32 = 0.7;
/// Labels that a column has at least.
const COLUMN: usize = 2;
/// Tokens of a line of text that ends in a colon, at least.
const ANSWER: usize = 4;
/// Similarity of a known label that a text is.
const SURE: f32 = 0.9;
/// Letters of a label, at least.
const LETTERS: usize = 3;
/// Numbered labels of the template that make a page one of numbered items, and numbered headings that make its sections.
const ITEMS: usize = 3;

impl Surroundings<'_> {
    /// Marks lines that end in a colon but are what a label of the template asks for: words that stand alone in their line between
    /// the label and the rest of the text.
    pub(super) fn mark_answers(&mut self) {
        let layout = self.layout;
        let is_aligned = |a: usize, b: usize| {
            let (a, b) = (&layout.segments[a], &layout.segments[b]);
            (a.rect.x0 - b.rect.x0).abs() < EDGE * a.size
        };
        let sure = |m: &LabelMatch| m.similarity >= SURE || m.is_own();
        for index in 0..layout.segments.len() {
            let is_unknown = |s: usize| !self.segments[s].matches.iter().any(sure);
            let own = &layout.segments[index];
            let is_alone = layout.line_of(own).segments.len() == 1;
            let may_be_text = is_unknown(index) && own.tokens.len() >= ANSWER;
            if !is_alone || !may_be_text || !layout.ends_in_colon(own) {
                continue;
            }
            let is_beneath_label =
                self.neighbour(index, true).is_some_and(|(label, _)| self.is_plain_label(label));
            let goes_on = self
                .neighbour(index, false)
                .is_some_and(|(next, _)| is_aligned(index, next) && self.is_filled(next) && is_unknown(next));
            self.segments[index].is_answer = is_beneath_label && goes_on;
        }
    }

    /// Lets the template's labels on each page decide where labels stand, and which texts beside them are labels too.
    pub(super) fn place_labels(&mut self) {
        for page in 0..self.layout.pages.len() {
            let lines = self.layout.pages[page].clone();
            let segments: Vec<usize> =
                lines.flat_map(|line| self.layout.lines[line].segments.clone()).collect();
            let own: Vec<usize> = segments.iter().copied().filter(|&s| self.is_plain_label(s)).collect();
            let items = self.items(&segments, &own);
            let headings = self.section_headings(&segments);
            let votes: Vec<(usize, Place)> =
                own.iter().filter_map(|&label| Some((label, self.vote(label)?))).collect();
            if let Some(place) = majority(&votes) {
                let peers: Vec<usize> = segments
                    .iter()
                    .copied()
                    .filter(|&s| match place {
                        Place::Left => self.is_in_column_of_labels(s, &votes),
                        _ => self.is_in_row_of_labels(s, place),
                    })
                    .collect();
                for label in own {
                    if self.is_placed(label, place) {
                        self.segments[label].place = Some(place);
                    }
                }
                peers.into_iter().for_each(|peer| self.segments[peer].is_peer = true);
            }
            items.into_iter().chain(headings).for_each(|item| self.segments[item].is_peer = true);
            for caption in self.captions(page) {
                self.segments[caption].place = Some(Place::Below);
            }
        }
    }

    /// The labels under what is written where somebody signs, whatever the rest of the page does: those in brackets, and rows of
    /// them ("Date", "Name", "Signature") with what stands below in the same way.
    fn captions(&self, page: usize) -> Vec<usize> {
        let layout = self.layout;
        let mut found = Vec::new();
        let mut row: Option<usize> = None;
        for line in layout.pages[page].clone() {
            let segments = layout.lines[line].segments.clone();
            let is_row = self.is_row_of_captions(segments.clone());
            if is_row {
                row = Some(line);
            }
            let is_near = row.is_some_and(|row| line <= row + LINES);
            // Near others of its kind, a caption may stand as near to the next line.
            let most = if is_near { 1.0 / NEARER } else { NEARER };
            found.extend(segments.filter(|&s| {
                is_row
                    || (is_near || self.is_in_brackets(s))
                        && self.is_known_label(s)
                        && self.is_under_text(s, most)
            }));
        }
        found
    }

    /// Whether the segments of a line are captions of as many texts above them, where somebody signs.
    fn is_row_of_captions(&self, segments: Range<usize>) -> bool {
        let layout = self.layout;
        let text = |s: usize| layout.text(&layout.segments[s]);
        let is_like_label = |s: usize| {
            let is_known = !self.segments[s].matches.is_empty();
            let has_marks =
                text(s).contains([':', '.', ';', '$']) || text(s).bytes().any(|b| b.is_ascii_digit());
            !has_marks && (is_known || !names::is_person(text(s)))
        };
        let above: Vec<Option<usize>> = segments.clone().map(|s| Some(self.neighbour(s, true)?.0)).collect();
        let are_parted = above.windows(2).all(|pair| pair[0] != pair[1]);
        let are_filled = above.iter().all(|text| text.is_some_and(|text| self.is_filled(text)));
        if segments.len() < COLUMN || !are_parted || !are_filled || !segments.clone().all(is_like_label) {
            return false;
        }
        let signs = |s: usize| {
            let words = printed_segment(layout, s);
            words.iter().any(|word| LABEL_WORDS.signatures.contains(&word.text))
        };
        let is_person = |above: &Option<usize>| above.is_some_and(|s| names::is_person(text(s)));
        let answered =
            segments.clone().filter(|&s| self.neighbour(s, false).is_some_and(|(s, _)| self.is_filled(s)));
        // Recognition may have misread "Signature", but not the name over it and the word beside it.
        let is_dated = || {
            let labels = segments.clone().filter(|&s| self.is_known_label(s));
            labels.flat_map(|s| self.segments[s].matches.iter()).any(|m| m.has_shape(Shape::Date))
        };
        (segments.clone().any(signs) || above.iter().any(is_person) && is_dated())
            && segments.clone().any(|s| self.is_known_label(s))
            && 2 * answered.count() < segments.len()
    }

    /// Whether a segment is a known label and nothing else.
    fn is_known_label(&self, segment: usize) -> bool {
        let label = &self.segments[segment];
        !label.is_spent && label.matches.iter().any(|m| m.similarity >= 0.99)
    }

    /// Whether what stands right above a segment was filled in, at `most` so far away as what was filled in below.
    fn is_under_text(&self, segment: usize, most: f32) -> bool {
        let gap = |above: bool| {
            let (found, gap) = self.neighbour(segment, above)?;
            self.is_filled(found).then_some(gap)
        };
        gap(true).is_some_and(|above| gap(false).is_none_or(|below| above < most * below))
    }

    /// Whether a segment stands in brackets.
    pub(super) fn is_in_brackets(&self, segment: usize) -> bool {
        let text = self.layout.text(&self.layout.segments[segment]);
        text.starts_with('(') && text.ends_with(')')
    }

    /// Whether a segment is a label of the template and nothing else, without a colon.
    fn is_plain_label(&self, segment: usize) -> bool {
        let label = &self.segments[segment];
        !label.is_spent
            && !self.layout.ends_in_colon(&self.layout.segments[segment])
            && label.matches.iter().any(LabelMatch::is_exactly_own)
    }

    /// Whether a segment could be what was filled in.
    fn is_filled(&self, segment: usize) -> bool {
        let text = self.layout.text(&self.layout.segments[segment]);
        !self.is_label(segment) && text.contains(char::is_alphanumeric)
    }

    /// Where a label stands as seen from its value, as far as it tells by itself.
    fn vote(&self, label: usize) -> Option<Place> {
        let gap = |above: bool| {
            let (found, gap) = self.neighbour(label, above)?;
            self.is_filled(found).then_some(gap)
        };
        match (self.is_answered_beside(label), gap(true), gap(false)) {
            (true, _, None) => Some(Place::Left),
            (false, None, Some(_)) => Some(Place::Above),
            (false, Some(_), None) => Some(Place::Below),
            (false, Some(above), Some(below)) if above < NEARER * below => Some(Place::Below),
            (false, Some(above), Some(below)) if below < above => Some(Place::Above),
            _ => None,
        }
    }

    fn is_answered_beside(&self, label: usize) -> bool {
        let next = label + 1;
        next < self.layout.line_of(&self.layout.segments[label]).segments.end && self.is_filled(next)
    }

    /// Whether a label of the template stands where those of its page do: others may have their value beside them.
    fn is_placed(&self, label: usize, place: Place) -> bool {
        match place {
            Place::Above => self.neighbour(label, false).is_some_and(|(below, gap)| {
                self.is_filled(below) && (gap < RIGHT_BELOW || !self.is_answered_beside(label))
            }),
            Place::Below => {
                self.neighbour(label, true).is_some_and(|(above, _)| self.is_filled(above))
                    || !self.is_answered_beside(label)
            }
            _ => false,
        }
    }

    /// The nearest segment above or below one in its column, and how far away it is, in font sizes.
    fn neighbour(&self, index: usize, is_above: bool) -> Option<(usize, f32)> {
        let layout = self.layout;
        let own = &layout.segments[index];
        let page = layout.pages[layout.lines[own.line].page].clone();
        let lines = if is_above {
            own.line.saturating_sub(LINES).max(page.start)..own.line
        } else {
            own.line + 1..(own.line + 1 + LINES).min(page.end)
        };
        let segments = lines.flat_map(|line| layout.lines[line].segments.clone());
        let near = segments.filter_map(|s| {
            let rect = layout.segments[s].rect;
            let (upper, lower) = if is_above { (rect, own.rect) } else { (own.rect, rect) };
            let gap = (lower.y0 - upper.y1).max(0.0) / own.size;
            let is_apart = lower.centre_y() - upper.centre_y() > 0.5 * own.size;
            (is_apart && gap < NEAR && rect.overlap_x(own.rect) > 0.0).then_some((s, gap))
        });
        near.min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Whether a text that the template does not know stands among labels of it in a row that has values over or under it.
    fn is_in_row_of_labels(&self, index: usize, place: Place) -> bool {
        if !self.may_be_label(index) {
            return false;
        }
        let line = self.layout.line_of(&self.layout.segments[index]);
        let others: Vec<usize> = line.segments.clone().filter(|&s| s != index).collect();
        let known = others.iter().filter(|&&s| self.is_plain_label(s) && self.is_placed(s, place)).count();
        let (above, below) = (self.neighbour(index, true), self.neighbour(index, false));
        let (own, other) = if place == Place::Above { (below, above) } else { (above, below) };
        // A line of a longer text stands as near to the next line as to the last.
        let is_nearer = other.is_none_or(|(other, apart)| {
            !self.is_plain_label(other) && own.is_none_or(|(_, gap)| gap < NEARER * apart)
        });
        let has_value = own.is_some_and(|(value, _)| self.is_filled(value));
        let is_blank =
            own.is_none_or(|(next, _)| !self.is_plain_label(next)) && known == others.len() && known > 1;
        known > 0 && is_nearer && (has_value || is_blank)
    }

    /// Whether a text that the template does not know begins its line where labels of the template do that have their values
    /// beside them, with a text where those stand.
    fn is_in_column_of_labels(&self, index: usize, votes: &[(usize, Place)]) -> bool {
        let segments = &self.layout.segments;
        let line = self.layout.line_of(&segments[index]);
        if line.segments.start != index || line.segments.len() < 2 || !self.may_be_label(index) {
            return false;
        }
        let size = segments[index].size;
        let is_aligned = |a: usize, b: usize| (segments[a].rect.x0 - segments[b].rect.x0).abs() < EDGE * size;
        let alike = votes.iter().filter(|&&(label, place)| {
            place == Place::Left && is_aligned(label, index) && is_aligned(label + 1, index + 1)
        });
        alike.count() >= COLUMN
    }

    /// Whether a segment may be a label of which nothing is known.
    fn may_be_label(&self, index: usize) -> bool {
        let label = &self.segments[index];
        let text = self.layout.text(&self.layout.segments[index]);
        !label.is_value
            && !label.is_spent
            && !label.matches.iter().any(LabelMatch::is_own)
            && text.starts_with(char::is_uppercase)
            && text.chars().filter(|c| c.is_alphabetic()).count() >= LETTERS
            && !text.bytes().any(|b| b.is_ascii_digit())
    }

    /// Numbered labels between those of the template: "6. Registered office" between its items 5 and 8.
    fn items(&self, segments: &[usize], own: &[usize]) -> Vec<usize> {
        let number = |s: usize| item_number(self.layout.text(&self.layout.segments[s]));
        let known: Vec<(usize, u32)> = own.iter().filter_map(|&s| Some((s, number(s)?))).collect();
        let mut found = Vec::new();
        if known.len() < ITEMS {
            return found;
        }
        let mut last = 0;
        for &segment in segments {
            let Some(this) = number(segment) else { continue };
            if known.iter().any(|&(label, _)| label == segment) {
                last = this;
                continue;
            }
            let next = known.iter().find(|&&(label, _)| label > segment);
            let follows = this == last + 1 && next.is_none_or(|&(_, next)| this <= next);
            if last > 0 && follows && !self.segments[segment].is_spent {
                last = this;
                found.push(segment);
            }
        }
        found
    }

    /// The headings of a page's sections, in capitals behind their Roman numbers or letters: "II. TIMING".
    fn section_headings(&self, segments: &[usize]) -> Vec<usize> {
        let sections = [roman as fn(&str) -> Option<u32>, letter].map(|number| {
            let mut found = Vec::new();
            for &segment in segments {
                let this = heading_number(self.layout.text(&self.layout.segments[segment]), number);
                if this == Some(found.len() as u32 + 1) {
                    found.push(segment);
                }
            }
            found
        });
        sections.into_iter().filter(|found| found.len() >= ITEMS).flatten().collect()
    }
}

/// Where most of a page's labels stand, if they agree.
fn majority(votes: &[(usize, Place)]) -> Option<Place> {
    [Place::Left, Place::Above, Place::Below].into_iter().find(|place| {
        let agreeing = votes.iter().filter(|(_, vote)| vote == place).count();
        agreeing >= VOTES && agreeing as f32 >= MAJORITY * votes.len() as f32
    })
}

/// The number of the item that a label begins with: "6. Registered office", "2B) Born".
fn item_number(text: &str) -> Option<u32> {
    let (first, rest) = text.split_once(BLANK)?;
    let item = first.strip_suffix(['.', ')'])?;
    let number = item.strip_suffix(|c: char| c.is_ascii_uppercase()).unwrap_or(item);
    let is_number = number.len() < 3 && number.bytes().all(|b| b.is_ascii_digit());
    (is_number && rest.starts_with(char::is_alphabetic)).then(|| number.parse().ok())?
}

/// The number of the section that a heading in capitals begins with; what follows in brackets may be in small letters.
fn heading_number(text: &str, number: fn(&str) -> Option<u32>) -> Option<u32> {
    let (first, rest) = text.split_once(BLANK)?;
    // The point may be read as two.
    let number = number(first.strip_suffix('.')?.trim_end_matches('.'))?;
    let heading = rest.split('(').next().unwrap_or_default();
    let is_heading = heading.chars().filter(|c| c.is_uppercase()).count() >= LETTERS
        && !heading.chars().any(|c| c.is_lowercase() || c.is_ascii_digit());
    is_heading.then_some(number)
}

/// The number that some Roman letters up to X are.
fn roman(letters: &str) -> Option<u32> {
    const NUMBERS: [&str; 10] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"];
    NUMBERS.iter().zip(1..).find_map(|(number, value)| (*number == letters).then_some(value))
}

/// The place of a letter in the alphabet.
fn letter(letters: &str) -> Option<u32> {
    match letters.as_bytes() {
        [letter @ b'A'..=b'Z'] => Some(u32::from(letter - b'A') + 1),
        _ => None,
    }
}
