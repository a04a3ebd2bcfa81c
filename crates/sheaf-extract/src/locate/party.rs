//! Who sold and who bought: names by their headings, letterheads and address blocks.
//!
//! - A heading ("Bill to", "Verkäufer") names the party below it or beside it; sub-labels ("Name:", "Nummer:") between
//!   heading and name are passed over. The nearest heading of the same column counts.
//! - Without headings, the issuer shows by its legal form, by standing first or repeatedly, by mail and web addresses that
//!   carry its name, and by tax numbers and telephones in its block; the recipient by an address block in the upper part
//!   of the first page that has none of these. Who of the two sells follows from the title: invoices are issued by the
//!   seller, orders by the buyer.

use super::candidate::Candidate;
use super::context::{Context, Place, Surroundings};
use super::field::Field;
use super::governing::is_only_place;
use super::labels::LabelMatch;
use super::layout::{Layout, TAB};
use super::names::{
    Look, domain_carries, domains, ends_name, is_courtesy, is_house_number, is_person, is_registration, look,
};
use super::text::{Part, TextCandidate};
use super::typed::is_unit;
use crate::lexicon::{ConceptId, Key, LEXICON, Shape, Strength};
use crate::parse::fold::{fold, push_tight, tight};
use crate::parse::form::Form;

/// Lines between a heading and the last line that may be its name.
const SECTION: usize = 9;
/// The score of a name under somebody else's heading.
const ELSEWHERE: f32 = 0.15;
/// The score of a single word under a heading, without an address.
const SINGLE_NAME: f32 = 0.55;
/// The most that a name gets away from the heading that its party has elsewhere.
const UNHEADED: f32 = 0.8;
/// What it says of a name to stand under a salutation: letters greet their recipients.
const SALUTED: f32 = 0.15;
/// The same of one that begins with how a person is addressed.
const ADDRESSED: f32 = 0.25;
/// What it says of a name to begin a line with the number that the tax office or the bank knows a firm by.
const IMPRINT: f32 = 0.2;
/// Lines of an address that are looked at below a name.
const BLOCK: usize = 6;

/// A party's heading and how many lines that could be names stand between it and the candidate.
#[derive(Debug, Clone, Copy)]
struct Section {
    concept: ConceptId,
    names_between: usize,
    similarity: f32,
}

/// The document's facts that names are judged by.
pub(crate) struct Parties {
    /// Whether the document is an order, whose letterhead is the buyer's and whose recipient sells.
    issuer_buys: bool,
    /// Parties that have a heading of their own.
    headed: Vec<&'static str>,
    /// Concepts that head blocks of names.
    headings: Vec<ConceptId>,
    /// Domains of mail and web addresses.
    domains: Vec<String>,
    /// The text of all segments, tight.
    all: String,
    /// The font height of most segments.
    usual_size: f32,
    /// The first segment that says something.
    first: Option<usize>,
}

impl Parties {
    /// Those of a document with these titles; a receipt says what was handed over.
    pub(crate) fn new(surroundings: &Surroundings<'_>, titled: &[ConceptId], is_receipt: bool) -> Self {
        let layout = surroundings.layout;
        let headings = ["seller", "buyer", "issuer", "recipient", "ship_to", "agency", "advertiser"];
        let mut all_domains = Vec::new();
        let mut all = String::new();
        for segment in &layout.segments {
            let text = layout.text(segment);
            push_tight(text, &mut all);
            all.push('\n');
            all_domains.extend(domains(text));
        }
        let mut sizes: Vec<f32> = layout.segments.iter().map(|s| s.size).collect();
        sizes.sort_by(f32::total_cmp);
        Self {
            issuer_buys: !is_receipt && issuer_buys(surroundings, titled),
            headed: headed(surroundings),
            headings: headings.iter().filter_map(|name| LEXICON.concept(name)).collect(),
            domains: all_domains,
            all,
            usual_size: sizes.get(sizes.len() / 2).copied().unwrap_or(10.0),
            first: layout.segments.iter().position(|s| layout.text(s).contains(char::is_alphanumeric)),
        }
    }

    /// Whether a segment stands in one of the rows of a table, which name goods and no party. A row alone under its labels, with no
    /// other text in the same column, is a form's: it may name the buyer, but as a seller only who looks after the order.
    pub(crate) fn is_in_row(surroundings: &Surroundings<'_>, field: &Field<'_>, segment: usize) -> bool {
        if values_beside(surroundings, segment) < 2 || heads_address(surroundings, segment) {
            return false;
        }
        if field.is("seller") {
            return true;
        }
        let layout = surroundings.layout;
        let own = &layout.segments[segment];
        let page = layout.pages[layout.lines[own.line].page].clone();
        let near = own.line.saturating_sub(2).max(page.start)..(own.line + 3).min(page.end);
        let others =
            near.filter(|&line| line != own.line).flat_map(|line| layout.lines[line].segments.clone());
        others.filter(|&s| (layout.segments[s].rect.x0 - own.rect.x0).abs() < own.size).any(|s| {
            !surroundings.segments[s].is_value
                && !surroundings.is_label(s)
                && values_beside(surroundings, s) > 1
        })
    }

    /// Whether a text may name a party, by what it looks like and stands in.
    pub(crate) fn may_name(&self, surroundings: &Surroundings<'_>, text: &TextCandidate) -> bool {
        let candidate = &text.candidate;
        let (source, look) = (candidate.source.as_str(), text.look);
        // "Patient: Example, Jane, born 1970" has the first name last.
        let segment = &surroundings.layout.segments[candidate.segment];
        let behind = &surroundings.layout.lines[segment.line].text[candidate.spans[0].range.end..];
        if text.part == Part::Head && candidate.start() > segment.range.start && is_surname(source, behind) {
            return false;
        }
        // "Client services": a bare word before other words is no label of theirs, unless they address somebody.
        if text.part == Part::AfterLabel && !text.long_label && !begins_with_courtesy(source) {
            return false;
        }
        // A quantity before a text makes it the name of goods.
        if values_beside(surroundings, candidate.segment) > 0 && starts_with_quantity(source) {
            return false;
        }
        // Lines of an address are no name on two lines.
        let lines = candidate.spans.len() > 1 && text.part != Part::Name;
        if lines
            || self.is_street(surroundings, candidate)
            || is_within_address(surroundings, candidate.segment)
            || says_how_long(source)
            || is_account(source, surroundings.layout.text(&surroundings.layout.segments[candidate.segment]))
            || ends_in_reference(source)
            || !look.name
            || look.address
            || look.reachable
            || source.len() > 90
        {
            return false;
        }
        // "Seattle, WA 98109", "1 bis, quai des Brumes": the start of an address is no name, unless a sender's line starts with it.
        let whole = surroundings.look(candidate.segment);
        let text_of_line = surroundings.layout.text(&surroundings.layout.segments[candidate.segment]);
        let is_start = matches!(text.part, Part::Head | Part::WithoutId);
        let numbered = source.split(' ').all(|word| is_house_number(word) || matches!(word, "bis" | "ter"));
        if is_start && (numbered || whole.address && !Self::sends(text, text_of_line))
            || is_only_place(source)
        {
            return false;
        }
        let mut words = source.split(|c: char| c.is_whitespace() || c == '/').filter(|word| !word.is_empty());
        let labels_only = words.all(|word| LEXICON.is_label_word(&fold(word)))
            || !LEXICON.titled(source).is_empty()
            || ends_name(source)
            || text.part == Part::Whole && self.is_other_label(surroundings, candidate.segment);
        !labels_only
    }

    /// How much speaks for `text`, which may name a party and stands in no row of a table, as the name of the field's, of which
    /// labels beside it say `by_label`; `None` where its own label says that it is something else.
    pub(crate) fn score(
        &self,
        surroundings: &Surroundings<'_>,
        field: &Field<'_>,
        text: &TextCandidate,
        by_label: f32,
    ) -> Option<f32> {
        let candidate = &text.candidate;
        let (source, look) = (candidate.source.as_str(), text.look);
        let contexts = surroundings.contexts(candidate);
        let is_below_firm =
            is_for_attention(field, contexts) && self.block(surroundings, candidate).above > 0;
        let by_label = if is_below_firm { 0.0 } else { by_label };
        let join = |by_place: f32| by_label.max(by_place) + 0.25 * by_label.min(by_place).max(0.0);
        let sublabel = self.sublabel(surroundings, candidate.segment, contexts);
        if sublabel == Some(false) {
            return None;
        }
        let section = self.section(surroundings, candidate.segment, text.part);
        // "Vessel: M.V. Example" under "To" is what its own label says.
        if section.is_some() && is_labelled_otherwise(surroundings, text) {
            return Some(join(ELSEWHERE));
        }
        // Invoices are issued by the seller, orders by the buyer.
        let issuer = field.is("seller") != self.issuer_buys;
        let asked = |concept: ConceptId| match LEXICON.name(concept) {
            "issuer" => issuer,
            "recipient" => !issuer,
            _ => field.weight(Key::Concept(concept)) > 0.0,
        };
        // A first name under "Seller", or a person beside it, is who looks after the order or sits at the till.
        let labels = contexts.iter().flat_map(|context| context.matches.iter());
        let mut own = labels.filter(|m| m.similarity >= 0.9);
        let named = section.is_some_and(|section| asked(section.concept))
            || field.is("seller") && own.any(|m| matches!(m.key, Key::Concept(concept) if asked(concept)));
        let is_given = source.chars().all(char::is_alphabetic) || field.is("seller") && is_person(source);
        if named && is_given && !look.legal_form {
            let block = self.block(surroundings, candidate);
            if !block.town && !block.street {
                return Some(SINGLE_NAME);
            }
        }
        if let Some(section) = section {
            if asked(section.concept) {
                let form = if look.legal_form || sublabel == Some(true) { 0.05 } else { 0.0 };
                return Some(join(0.92 * section.similarity - 0.13 * section.names_between as f32 + form));
            }
            // Named under somebody else's heading.
            if section.names_between < 3 {
                return Some(join(ELSEWHERE));
            }
        }
        let score = if issuer {
            self.issuer(surroundings, field, text, look)
        } else {
            self.recipient(surroundings, text, look)
        };
        // Where the party has a heading, who stands elsewhere is another.
        let headed = self.headed.iter().any(|concept| field.is(concept));
        Some(join(if headed { score.min(UNHEADED) } else { score }))
    }

    /// What the label right before a text says of it: a name (`Some(true)`), something else (`Some(false)`), or nothing.
    fn sublabel(
        &self,
        surroundings: &Surroundings<'_>,
        segment: usize,
        contexts: &[Context],
    ) -> Option<bool> {
        let label = contexts.iter().find(|c| matches!(c.place, Place::Before | Place::Left))?;
        let line = surroundings.layout.line_of(&surroundings.layout.segments[segment]);
        // A label with a value of its own between the two is that value's: "No.   4711   Name".
        // So is one with its value below.
        let beside = label.place == Place::Before
            || segment > line.segments.start
                && label
                    .segment
                    .is_some_and(|left| left + 1 == segment && !self.labels_below(surroundings, left));
        if !beside || label.geometry < 0.8 {
            return None;
        }
        let known: Vec<&str> = label
            .matches
            .iter()
            .filter(|m| m.similarity > 0.97 && m.strength > Strength::Bare)
            .filter_map(|m| match m.key {
                Key::Concept(concept) => Some(LEXICON.name(concept)),
                Key::Field(_) => None,
            })
            .collect();
        if known.contains(&"name") {
            return Some(true);
        }
        // "To" is the end of a range as much as a recipient.
        let parties = ["seller", "buyer", "issuer", "recipient", "ship_to", "agency", "advertiser"];
        let heads = label.matches.iter().any(|m| m.similarity > 0.97 && m.means(&parties));
        (!known.is_empty() && !heads).then_some(false)
    }

    /// Whether the value of a label stands below it.
    fn labels_below(&self, surroundings: &Surroundings<'_>, label: usize) -> bool {
        let layout = surroundings.layout;
        let own = &layout.segments[label];
        // What stands behind a colon is a value, unless it is none and one stands below.
        let colon = layout.ends_in_colon(own) && surroundings.segments[label + 1].is_value;
        let next = under(layout, label, 0.5, 1.2).next();
        !colon && next.is_some_and(|i| surroundings.segments[i].is_value)
    }

    /// Whether the name of a firm stands right below a heading, which then says nothing of what stands beside it.
    fn names_below(&self, surroundings: &Surroundings<'_>, heading: usize) -> bool {
        let layout = surroundings.layout;
        !layout.ends_in_colon(&layout.segments[heading])
            && under(layout, heading, 0.5, 1.2).any(|s| surroundings.look(s).ends_in_legal_form)
    }

    /// Whether a segment is the label of something that is no name ("Rechnungsdatum / Invoice date"), or one of the
    /// headings of a table's columns.
    fn is_other_label(&self, surroundings: &Surroundings<'_>, segment: usize) -> bool {
        let other = |index: usize, least: f32| {
            surroundings.segments[index].matches.iter().any(|m| {
                m.similarity >= least
                    && m.strength >= Strength::Bare
                    && matches!(m.key, Key::Concept(c) if LEXICON.shape(c) != Shape::Name && LEXICON.name(c) != "name")
            })
        };
        let line = surroundings.layout.line_of(&surroundings.layout.segments[segment]);
        let labels = line.segments.clone().filter(|&s| s != segment && other(s, 0.97)).count();
        let heads = || labels >= 2 && 2 * labels >= line.segments.len() - 1;
        other(segment, 0.9) || heads() && !heads_address(surroundings, segment)
    }

    /// "Am Ufer 69" or "22 West Shore" over a town is a street, though no word of it says so.
    fn is_street(&self, surroundings: &Surroundings<'_>, candidate: &Candidate) -> bool {
        let layout = surroundings.layout;
        let ends = candidate.source.split_once(' ').zip(candidate.source.rsplit_once(' '));
        ends.is_some_and(|((first, _), (_, last))| is_house_number(first) || is_house_number(last))
            && layout.lines[candidate.line() + 1..].iter().take(2).flat_map(|line| line.segments.clone()).any(
                |next| {
                    surroundings.look(next).town && layout.segments[next].rect.overlap_x(candidate.rect) > 0.0
                },
            )
    }

    /// The issuer of the document, without a heading.
    fn issuer(
        &self,
        surroundings: &Surroundings<'_>,
        field: &Field<'_>,
        text: &TextCandidate,
        look: Look,
    ) -> f32 {
        let candidate = &text.candidate;
        let layout = surroundings.layout;
        let line = &layout.lines[candidate.line()];
        let name = tight(&candidate.source);
        let mut score: f32 = 0.2;
        if look.ends_in_legal_form {
            score += 0.2;
        } else if look.legal_form {
            score += 0.05;
        }
        if name.len() >= 4 && line.page == 0 {
            let elsewhere = self.all.matches(name.as_str()).skip(1).take(3).count();
            score += 0.07 * elsewhere as f32;
        }
        if self.domains.iter().any(|d| domain_carries(d, &name)) {
            score += 0.28;
        }
        let block = self.block(surroundings, candidate);
        let (_, height) = layout.page_size(line.page);
        if line.page == 0 && candidate.rect.y0 < 0.3 * height {
            score += 0.1;
            let first_names = self.names_before(surroundings, candidate.segment);
            score += 0.08 - 0.03 * first_names.min(4) as f32;
            // The first words of a document are its sender's more often than not.
            let recipient = block.town && !block.reachable && !block.taxed && !field.only_party;
            if self.first == Some(candidate.segment) && !recipient {
                score += 0.12;
            }
            // An address without a telephone, a tax number or a web site is the recipient's.
            if recipient && self.domains.is_empty() {
                score -= 0.1;
            }
        }
        let size = layout.segments[candidate.segment].size;
        if size > 1.25 * self.usual_size && line.page == 0 {
            score += 0.1;
        }
        if block.town {
            score += 0.08;
        }
        let is_addressed = begins_with_courtesy(&candidate.source);
        if block.saluted || is_addressed {
            score -= SALUTED;
        }
        if text.part == Part::Head && look.ends_in_legal_form && is_imprint(layout, candidate) {
            score += IMPRINT;
        }
        if block.bank {
            score += 0.3;
        } else if block.taxed {
            score += 0.25;
        } else if block.reachable || block.beside {
            score += 0.12;
        }
        // A sender's line: "Name - Street 1 - 12345 Town" in one segment.
        if Self::sends(text, layout.text(&layout.segments[candidate.segment])) {
            score += 0.25;
        }
        score
    }

    /// Whether what follows the name in its line is an address: "Name - Street 1 - 12345 Town".
    fn sends(text: &TextCandidate, line: &str) -> bool {
        let name = text.candidate.source.as_str();
        let rest = line.split_once(name).map_or("", |(_, rest)| rest);
        if text.part != Part::Head {
            return false;
        }
        // A street, or a street that looks like a town ("1242 chemin") and a town; before one, what ends in a house number is one.
        let parts: Vec<&str> = rest.split([',', '-', '•', '●', '·', '|', '–', '*']).map(str::trim).collect();
        let (towns, streets): (Vec<Look>, Vec<Look>) =
            parts.iter().map(|part| look(part)).filter(|look| look.address).partition(|look| look.town);
        let numbered = |part: &str| part.rsplit_once(' ').is_some_and(|(_, last)| is_house_number(last));
        let is_street = |pair: &[&str]| numbered(pair[0]) && look(pair[1]).town;
        !streets.is_empty() || towns.len() > 1 || parts.windows(2).any(is_street)
    }

    /// The recipient of the document, without a heading.
    fn recipient(&self, surroundings: &Surroundings<'_>, text: &TextCandidate, look: Look) -> f32 {
        let layout = surroundings.layout;
        let candidate = &text.candidate;
        if Self::sends(text, layout.text(&layout.segments[candidate.segment])) {
            return 0.0;
        }
        let line = &layout.lines[candidate.line()];
        let (_, height) = layout.page_size(line.page);
        let block = self.block(surroundings, candidate);
        let mut score: f32 = 0.1;
        if line.page == 0 && candidate.rect.y0 < 0.45 * height {
            score += 0.1;
        }
        if block.town {
            score += 0.3;
        }
        if block.street {
            score += 0.08;
        }
        if block.reachable || block.taxed {
            score -= 0.2;
        }
        if look.legal_form {
            score += 0.04;
        }
        // "Mr. Example" at the start of a block is who it is sent to, wherever he lives.
        let is_addressed = candidate.spans.len() == 1 && begins_with_courtesy(&candidate.source);
        let above = if is_addressed && text.part == Part::AfterLabel { 0 } else { block.above };
        if block.saluted {
            score += SALUTED;
        } else if is_addressed && above == 0 {
            score += ADDRESSED;
        }
        // The first line of its block is the name.
        score - 0.12 * above as f32
    }

    /// Names that stand before this one on its page.
    fn names_before(&self, surroundings: &Surroundings<'_>, segment: usize) -> usize {
        let page = surroundings.layout.line_of(&surroundings.layout.segments[segment]).page;
        let first = surroundings.layout.pages[page].start;
        let first = surroundings.layout.lines[first].segments.start;
        (first..segment)
            .filter(|&s| {
                surroundings.look(s).name && !surroundings.look(s).address && !surroundings.is_label(s)
            })
            .count()
    }

    /// The party under whose heading a segment stands.
    pub(crate) fn heading(&self, surroundings: &Surroundings<'_>, segment: usize) -> Option<&'static str> {
        let section = self.section(surroundings, segment, Part::Whole)?;
        Some(LEXICON.name(section.concept))
    }

    /// The party heading whose section the segment stands in: the nearest above or left that starts no further right.
    fn section(&self, surroundings: &Surroundings<'_>, segment: usize, part: Part) -> Option<Section> {
        let layout = surroundings.layout;
        let own = &layout.segments[segment];
        let line = &layout.lines[own.line];
        let heading_of = |index: usize| {
            let label = &surroundings.segments[index];
            // "A-0668" is no "À", and neither is the letter of a clause.
            let text = layout.text(&layout.segments[index]);
            let is_letter = text.chars().filter(|c| c.is_alphabetic()).count() < 2 && !text.ends_with(':');
            if is_letter || text.bytes().any(|b| b.is_ascii_digit()) {
                return None;
            }
            let best = label
                .matches
                .iter()
                .filter(|m| m.strength >= Strength::Bare)
                .filter(|m| matches!(m.key, Key::Concept(c) if self.headings.contains(&c)))
                .max_by(|a, b| a.similarity.total_cmp(&b.similarity))?;
            let Key::Concept(concept) = best.key else { return None };
            (best.similarity >= 0.9 && !label.is_spent).then_some((concept, best.similarity))
        };
        // In the same row: "Bill to:   Name".
        for index in (line.segments.start..segment).rev() {
            if self.names_below(surroundings, index) {
                break;
            }
            if let Some((concept, similarity)) = heading_of(index) {
                return Some(Section { concept, names_between: 0, similarity });
            }
            if !surroundings.is_label(index) {
                break;
            }
        }
        let first = layout.pages[line.page].start;
        let mut names_between = 0;
        let mut below = own.rect;
        for index in (first.max(own.line.saturating_sub(SECTION))..own.line).rev() {
            let above = &layout.lines[index];
            // The heading of this column: the last that starts no further right than the candidate.
            let slack = 1.5 * own.size;
            let heading = above
                .segments
                .clone()
                .filter_map(|i| heading_of(i).map(|h| (i, h)))
                .rfind(|&(i, _)| layout.segments[i].rect.x0 <= own.rect.x0 + slack);
            if let Some((at, (concept, similarity))) = heading {
                let heading = &layout.segments[at];
                // Another column between the two would mean another section.
                let apart = own.rect.x0 - heading.rect.x1;
                let labelled = part != Part::Whole || self.label_left(surroundings, segment);
                if apart < 3.0 * own.size || labelled {
                    return Some(Section { concept, names_between, similarity });
                }
            }
            for i in above.segments.clone() {
                let other = &layout.segments[i];
                let same_column = (other.rect.x0 - own.rect.x0).abs() < 1.5 * own.size
                    || other.rect.overlap_x(own.rect) > 0.0;
                if !same_column {
                    continue;
                }
                if below.y0 - other.rect.y1 > 2.5 * own.size {
                    names_between += 1;
                }
                below = other.rect;
                let look = surroundings.look(i);
                if (look.name || look.address)
                    && !surroundings.is_label(i)
                    && !surroundings.segments[i].is_spent
                    && !surroundings.segments[i].is_value
                    && !look.salutation
                {
                    names_between += 1;
                }
            }
        }
        None
    }

    fn label_left(&self, surroundings: &Surroundings<'_>, segment: usize) -> bool {
        let line = surroundings.layout.line_of(&surroundings.layout.segments[segment]);
        line.segments.start < segment && surroundings.is_label(segment - 1)
    }

    /// What stands in the block of lines that the candidate is part of.
    fn block(&self, surroundings: &Surroundings<'_>, candidate: &Candidate) -> Block {
        let layout = surroundings.layout;
        let own = &layout.segments[candidate.segment];
        let page = layout.lines[own.line].page;
        let mut block = Block::default();
        let in_column = |index: usize| {
            let other = &layout.segments[index];
            (other.rect.x0 - own.rect.x0).abs() < 0.8 * own.size
                || (other.rect.x1 - own.rect.x1).abs() < 0.8 * own.size
                || (other.rect.centre_x() - own.rect.centre_x()).abs() < 0.8 * own.size
        };
        let says_bank = |index: usize| {
            surroundings.segments[index].matches.iter().any(|m| m.similarity > 0.6 && m.means(&["bank"]))
        };
        let says_issuer = |index: usize| {
            surroundings.look(index).reachable
                || surroundings.segments[index]
                    .matches
                    .iter()
                    .any(|m| m.similarity > 0.7 && m.means(&["tax_id", "bank"]))
        };
        let row = layout.lines[own.line].segments.clone();
        block.bank = row.clone().any(says_bank);
        block.beside = row.into_iter().any(|i| i != candidate.segment && says_issuer(i));
        let mut last = own.rect;
        for next in layout.lines[own.line + 1..].iter().take_while(|l| l.page == page).take(BLOCK) {
            let Some(index) = next.segments.clone().find(|&i| in_column(i)) else { continue };
            let rect = layout.segments[index].rect;
            if rect.y0 - last.y1 > 1.1 * own.size {
                break;
            }
            last = rect;
            let look = surroundings.look(index);
            block.bank |= next.segments.clone().any(|i| i != index && says_bank(i));
            block.beside |= next.segments.clone().any(|i| i != index && says_issuer(i));
            block.taxed |= is_registration(layout.text(&layout.segments[index]));
            block.town |= look.town;
            block.street |= look.address;
            block.reachable |= look.reachable;
            block.taxed |= surroundings.segments[index]
                .matches
                .iter()
                .any(|m| m.similarity > 0.7 && m.means(&["tax_id", "bank", "contact"]));
        }
        let mut last = own.rect;
        let first = layout.pages[page].start;
        for index in (first.max(own.line.saturating_sub(4))..own.line).rev() {
            let Some(at) = layout.lines[index].segments.clone().find(|&i| in_column(i)) else { continue };
            let rect = layout.segments[at].rect;
            if last.y0 - rect.y1 > 1.1 * own.size {
                break;
            }
            last = rect;
            let look = surroundings.look(at);
            block.saluted |= index + 1 == own.line && look.salutation;
            // A sender's line in small print stands over the address of the recipient.
            if layout.segments[at].size > 0.85 * own.size && !look.salutation && !surroundings.is_label(at) {
                block.above += 1;
            }
        }
        block
    }
}

/// The segments of the next two lines that start at a segment's left edge, give or take `edge`, no further below than `gap`, both
/// in its font sizes.
fn under(layout: &Layout<'_>, segment: usize, edge: f32, gap: f32) -> impl Iterator<Item = usize> {
    let own = &layout.segments[segment];
    layout
        .right_below(own.line, own.rect.y1 + gap * own.size, 2)
        .filter(move |&s| (layout.segments[s].rect.x0 - own.rect.x0).abs() < edge * own.size)
}

/// Whether a segment is the name of a firm, or stands over a line of an address: beside the boxes of a form's head as well. What
/// looks like one in a row of values is an item ("Flour 25 kg").
fn heads_address(surroundings: &Surroundings<'_>, segment: usize) -> bool {
    let mut below = under(surroundings.layout, segment, 0.6, 2.0);
    let look = surroundings.look(segment);
    let is_address = |s: usize| surroundings.look(s).address && values_beside(surroundings, s) < 3;
    look.name && !look.address && (look.ends_in_legal_form || below.any(is_address))
}

/// Whether a segment stands between two lines of an address: the town over its postcode.
fn is_within_address(surroundings: &Surroundings<'_>, segment: usize) -> bool {
    let layout = surroundings.layout;
    let own = &layout.segments[segment];
    let first = layout.pages[layout.lines[own.line].page].start.max(own.line.saturating_sub(2));
    let mut above = (first..own.line).rev().flat_map(|line| layout.lines[line].segments.clone());
    let above = above.find(|&s| {
        let rect = layout.segments[s].rect;
        (rect.x0 - own.rect.x0).abs() < 0.6 * own.size && own.rect.y0 - rect.y1 < 0.9 * own.size
    });
    let below = under(layout, segment, 0.6, 0.9).next();
    let is_address = |s: usize| surroundings.look(s).address;
    !surroundings.look(segment).ends_in_legal_form
        && above.is_some_and(is_address)
        && below.is_some_and(|s| surroundings.look(s).town && is_address(s))
}

/// Whether a label says that a document is for the attention of somebody, who stands below the firm that it is sent to.
fn is_for_attention(field: &Field<'_>, contexts: &[Context]) -> bool {
    let is_last_resort = |m: &LabelMatch| m.strength == Strength::Fallback && field.weight(m.key) > 0.0;
    contexts.iter().any(|c| c.place == Place::Before && c.matches.iter().any(is_last_resort))
}

/// Whether a text, but for the name of a firm, stands behind the colon of a label that nothing is known of.
fn is_labelled_otherwise(surroundings: &Surroundings<'_>, text: &TextCandidate) -> bool {
    let own = &surroundings.layout.segments[text.candidate.segment];
    let is_within = text.part == Part::AfterColon;
    let place = if is_within { Place::Before } else { Place::Left };
    let label = surroundings.contexts(&text.candidate).iter().find(|c| c.place == place);
    (is_within || surroundings.layout.text(own).starts_with(':'))
        && label.is_some_and(|label| label.matches.is_empty())
        && !text.look.ends_in_legal_form
}

/// Whether a text begins with how a person is addressed, by a word of its own: "Mrs Example", but neither "M. Example", which may be a
/// first name, nor "Dr. Example", who may be the sender.
fn begins_with_courtesy(text: &str) -> bool {
    text.split_once(' ').is_some_and(|(first, rest)| {
        let letters = first.trim_end_matches('.').chars().count();
        letters > 1 && !first.starts_with("Dr") && is_courtesy(first) && rest.starts_with(char::is_uppercase)
    })
}

/// Whether a word is a surname, with the first name behind a comma: "Example, Jane".
fn is_surname(word: &str, behind: &str) -> bool {
    let is_name = |word: &str| word.starts_with(char::is_uppercase) && word.chars().all(char::is_alphabetic);
    let given = behind.strip_prefix(", ").and_then(|rest| rest.split([',', TAB]).next());
    is_name(word) && given.is_some_and(|given| is_name(given.trim()) && !is_only_place(given))
}

/// Whether a text ends in a number and what introduces it: "Duplicate book ref. B-50/2".
fn ends_in_reference(text: &str) -> bool {
    let mut words = text.rsplit(' ');
    let (last, label) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_code = last.bytes().filter(u8::is_ascii_digit).count() > 1;
    let label = fold(label.trim_end_matches(['.', ':', '°', 'º']));
    is_code && matches!(&*label, "ref" | "no" | "nr" | "num" | "n")
}

/// Whether behind a name its line has a VAT number or an account, as the small print at the foot of a letter does.
fn is_imprint(layout: &Layout<'_>, candidate: &Candidate) -> bool {
    let segment = &layout.segments[candidate.segment];
    let rest = &layout.lines[segment.line].text[candidate.spans[0].range.end..segment.range.end];
    !Form::VatId.find(rest).is_empty() || !Form::Iban.find(rest).is_empty()
}

/// Whether a name is that of the bank in a line about an account: "Example Bank Ltd, A/C 0003, SWIFT EXMPSGSG".
fn is_account(name: &str, line: &str) -> bool {
    let has = |text: &str, wanted: &[&str]| {
        let folded = fold(text);
        folded.split(|c: char| !c.is_alphanumeric() && c != '/').any(|word| wanted.contains(&word))
    };
    let banks = ["bank", "banca", "banco", "banque", "sparkasse", "volksbank", "caixa", "caja"];
    has(name, &banks)
        && has(
            line,
            &["iban", "swift", "bic", "a/c", "account", "konto", "compte", "cuenta", "conto", "conta"],
        )
}

/// Whether a text names a span of time, as terms of payment do: "Net 14 days".
fn says_how_long(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    words.windows(2).any(|pair| pair[0].bytes().all(|b| b.is_ascii_digit()) && is_unit(pair[1]))
}

/// How many values stand beside a segment in its line, other than behind a label of their own.
fn values_beside(surroundings: &Surroundings<'_>, segment: usize) -> usize {
    let line = surroundings.layout.line_of(&surroundings.layout.segments[segment]);
    let is_bare = |s: usize| s == line.segments.start || !surroundings.is_label(s - 1);
    let values = line.segments.clone().filter(|&s| s != segment && surroundings.segments[s].is_value);
    values.filter(|&s| is_bare(s)).count()
}

/// "2 Data cables".
fn starts_with_quantity(text: &str) -> bool {
    text.split_once(' ')
        .is_some_and(|(first, _)| first.len() <= 3 && first.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a label of this concept stands on the first page.
fn has_label(surroundings: &Surroundings<'_>, concept: &str) -> bool {
    let layout = surroundings.layout;
    surroundings.segments.iter().enumerate().any(|(index, label)| {
        layout.line_of(&layout.segments[index]).page == 0
            && label
                .matches
                .iter()
                .any(|m| m.similarity > 0.9 && m.strength >= Strength::Word && m.means(&[concept]))
    })
}

/// The parties that have headings.
fn headed(surroundings: &Surroundings<'_>) -> Vec<&'static str> {
    let heading = |concept: &str| {
        surroundings.segments.iter().any(|label| {
            !label.is_spent
                && label
                    .matches
                    .iter()
                    .any(|m| m.similarity > 0.97 && m.strength == Strength::Strong && m.means(&[concept]))
        })
    };
    ["seller", "buyer", "issuer"].into_iter().filter(|concept| heading(concept)).collect()
}

/// Whether the document is an order: by its title, by its headings ("Issued by" beside "Supplier"), or because it has
/// the number of an order and nothing of an invoice.
fn issuer_buys(surroundings: &Surroundings<'_>, titled: &[ConceptId]) -> bool {
    let is_titled = |concept: &str| titled.iter().any(|&c| LEXICON.name(c) == concept);
    let headed = headed(surroundings);
    let has = |concept: &&str| headed.contains(concept);
    let ordered = has(&"issuer") || is_titled("order_number");
    if is_titled("purchase_order") || ordered && has(&"seller") && !has(&"buyer") {
        return true;
    }
    let invoice = ["invoice_number", "invoice_date", "due_date"];
    titled.is_empty()
        && has_label(surroundings, "order_number")
        && !invoice.iter().any(|concept| has_label(surroundings, concept))
}

#[derive(Debug, Default, Clone, Copy)]
struct Block {
    town: bool,
    street: bool,
    reachable: bool,
    taxed: bool,
    /// A bank account stands in the block's rows.
    bank: bool,
    /// A bank account, a tax number or a way to reach somebody stands in the block's rows, as in footers.
    beside: bool,
    /// Lines of the block above the candidate.
    above: usize,
    /// A salutation stands right above the candidate.
    saluted: bool,
}
