//! Who sold and who bought: names by their headings, letterheads and address blocks.
//!
//! - A heading ("Bill to", "Verkäufer") names the party below it or beside it; sub-labels ("Name:", "Nummer:") between
//!   heading and name are passed over. The nearest heading of the same column counts.
//! - Without headings, a seller shows by its legal form, by standing first or repeatedly, by mail and web addresses that
//!   carry its name, and by tax numbers and telephones in its block; a buyer by an address block in the upper part of
//!   the first page that has none of these.

use std::collections::HashMap;

use super::context::Surroundings;
use super::field::Field;
use super::names::{Look, domain_carries, domains, look};
use super::text::{Part, TextCandidate};
use crate::lexicon::{ConceptId, Key, LEXICON};
use crate::parse::fold::tight;

/// Lines between a heading and the last line that may be its name.
const SECTION: usize = 9;
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
    /// Concepts that head blocks of names.
    headings: Vec<ConceptId>,
    /// Tight texts of segments and how often they occur.
    repeats: HashMap<String, usize>,
    /// Domains of mail and web addresses.
    domains: Vec<String>,
    /// The text of all segments, tight.
    all: String,
    looks: Vec<Look>,
    /// The font height of most segments.
    usual_size: f32,
}

impl Parties {
    pub(crate) fn new(surroundings: &Surroundings<'_>) -> Self {
        let layout = surroundings.layout;
        let headings = ["seller", "buyer", "ship_to", "agency", "advertiser"];
        let mut repeats = HashMap::new();
        let mut all_domains = Vec::new();
        let mut looks = Vec::with_capacity(layout.segments.len());
        let mut all = String::new();
        for segment in &layout.segments {
            let text = layout.text(segment);
            looks.push(look(text));
            let tight = tight(text);
            all.push_str(&tight);
            all.push('\n');
            *repeats.entry(tight).or_insert(0) += 1;
            all_domains.extend(domains(text));
        }
        let mut sizes: Vec<f32> = layout.segments.iter().map(|s| s.size).collect();
        sizes.sort_by(f32::total_cmp);
        Self {
            headings: headings.iter().filter_map(|name| LEXICON.concept(name)).collect(),
            repeats,
            domains: all_domains,
            all,
            looks,
            usual_size: sizes.get(sizes.len() / 2).copied().unwrap_or(10.0),
        }
    }

    /// How much speaks for `text` as the name of the field's party, apart from labels right beside it; `None` where it
    /// is no name.
    pub(crate) fn score(
        &self,
        surroundings: &Surroundings<'_>,
        field: &Field<'_>,
        text: &TextCandidate,
    ) -> Option<f32> {
        let layout = surroundings.layout;
        let candidate = &text.candidate;
        let source = layout.source(&candidate.spans);
        let look = look(&source);
        // "Client services": a bare word before other words is no label of theirs.
        if text.part == Part::AfterLabel && !text.long_label {
            return None;
        }
        if !look.name || look.address || look.reachable || source.len() > 90 {
            return None;
        }
        let section = self.section(surroundings, candidate.segment, text.part);
        let asked = |concept: ConceptId| field.weight(Key::Concept(concept)) > 0.0;
        if let Some(section) = section {
            if asked(section.concept) {
                let form = if look.legal_form { 0.05 } else { 0.0 };
                return Some(0.92 * section.similarity - 0.13 * section.names_between as f32 + form);
            }
            // Named under somebody else's heading.
            if section.names_between < 3 {
                return Some(0.15 - if field.is("seller") { self.repeated(&source) } else { 0.0 });
            }
        }
        Some(if field.is("buyer") {
            self.buyer(surroundings, candidate, look)
        } else {
            self.seller(surroundings, candidate, look, &source)
        })
    }

    fn repeated(&self, source: &str) -> f32 {
        let times = self.repeats.get(&tight(source)).copied().unwrap_or(0);
        -0.06 * times.saturating_sub(1).min(3) as f32
    }

    /// A seller without a heading.
    fn seller(
        &self,
        surroundings: &Surroundings<'_>,
        candidate: &super::candidate::Candidate,
        look: Look,
        source: &str,
    ) -> f32 {
        let layout = surroundings.layout;
        let line = &layout.lines[candidate.line()];
        let name = tight(source);
        let mut score: f32 = 0.2;
        if look.ends_in_legal_form {
            score += 0.22;
        } else if look.legal_form {
            score += 0.12;
        }
        if name.len() >= 4 && line.page == 0 {
            let elsewhere = self.all.matches(name.as_str()).skip(1).take(3).count();
            score += 0.07 * elsewhere as f32;
        }
        if self.domains.iter().any(|d| domain_carries(d, &name)) {
            score += 0.25;
        }
        let (_, height) = layout.page_size(line.page);
        if line.page == 0 && candidate.rect.y0 < 0.3 * height {
            score += 0.12;
            let first_names = self.names_before(surroundings, candidate.segment);
            score += 0.1 - 0.03 * first_names.min(4) as f32;
        }
        let size = layout.segments[candidate.segment].size;
        if size > 1.25 * self.usual_size && line.page == 0 {
            score += 0.1;
        }
        let block = self.block(surroundings, candidate);
        score += 0.12 * f32::from(u8::from(block.town))
            + 0.12 * f32::from(u8::from(block.reachable || block.taxed));
        score
    }

    /// A buyer without a heading.
    fn buyer(
        &self,
        surroundings: &Surroundings<'_>,
        candidate: &super::candidate::Candidate,
        look: Look,
    ) -> f32 {
        let layout = surroundings.layout;
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
        // The first line of its block is the name.
        score - 0.12 * block.above as f32
    }

    /// Names that stand before this one on its page.
    fn names_before(&self, surroundings: &Surroundings<'_>, segment: usize) -> usize {
        let page = surroundings.layout.line_of(&surroundings.layout.segments[segment]).page;
        let first = surroundings.layout.pages[page].start;
        let first = surroundings.layout.lines[first].segments.start;
        (first..segment)
            .filter(|&s| self.looks[s].name && !self.looks[s].address && !surroundings.is_label(s))
            .count()
    }

    /// The party heading whose section the segment stands in: the nearest above or left that starts no further right.
    fn section(&self, surroundings: &Surroundings<'_>, segment: usize, part: Part) -> Option<Section> {
        let layout = surroundings.layout;
        let own = &layout.segments[segment];
        let line = &layout.lines[own.line];
        let heading_of = |index: usize| {
            let label = &surroundings.segments[index];
            let best = label
                .matches
                .iter()
                .filter(|m| matches!(m.key, Key::Concept(c) if self.headings.contains(&c)))
                .max_by(|a, b| a.similarity.total_cmp(&b.similarity))?;
            let Key::Concept(concept) = best.key else { return None };
            (best.similarity >= 0.9 && !label.is_spent).then_some((concept, best.similarity))
        };
        // In the same row: "Bill to:   Name".
        for index in (line.segments.start..segment).rev() {
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
                let look = self.looks[i];
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
    fn block(&self, surroundings: &Surroundings<'_>, candidate: &super::candidate::Candidate) -> Block {
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
        let mut last = own.rect;
        for next in layout.lines[own.line + 1..].iter().take_while(|l| l.page == page).take(BLOCK) {
            let Some(index) = next.segments.clone().find(|&i| in_column(i)) else { continue };
            let rect = layout.segments[index].rect;
            if rect.y0 - last.y1 > 1.1 * own.size {
                break;
            }
            last = rect;
            let look = self.looks[index];
            block.town |= look.town;
            block.street |= look.address;
            block.reachable |= look.reachable;
            block.taxed |= surroundings.segments[index].matches.iter().any(|m| {
                m.similarity > 0.7
                    && matches!(m.key, Key::Concept(c) if matches!(LEXICON.name(c), "tax_id" | "bank" | "contact"))
            });
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
            let look = self.looks[at];
            // A sender's line in small print stands over the address of the recipient.
            if layout.segments[at].size > 0.85 * own.size && !look.salutation && !surroundings.is_label(at) {
                block.above += 1;
            }
        }
        block
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Block {
    town: bool,
    street: bool,
    reachable: bool,
    taxed: bool,
    /// Lines of the block above the candidate.
    above: usize,
}
