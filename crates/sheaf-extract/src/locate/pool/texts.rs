//! What free texts, names, addresses, passages and enum values are worth for a field.

use std::collections::BTreeMap;
use std::ops::Range;

use sheaf_types::Region;

use super::{LABELLED, NOTHING, Pool, Scored, first};
use crate::ablation::{Family, uses};
use crate::lexicon::Shape;
use crate::locate::address;
use crate::locate::candidate::{Candidate, Typed};
use crate::locate::context::{Context, Place};
use crate::locate::enums::EnumFinder;
use crate::locate::field::Field;
use crate::locate::labels::{LabelMatch, Printed};
use crate::locate::layout::{BLANK, Span, TAB};
use crate::locate::names::{self, is_only_form};
use crate::locate::party::Parties;
use crate::locate::prose::{Passage, Prose};
use crate::locate::score::{self, Evidence, Loose};
use crate::locate::signature::{self, Signature};
use crate::locate::text::{Part, TextCandidate};
use crate::locate::typed;
use crate::parse::fold::{fold, tight};
use crate::parse::form::Form;

/// The score of the first address of a document.
const FIRST_ADDRESS: f32 = 0.6;

/// The score of a text right beside its label.
const BESIDE_LABEL: f32 = 0.85;

/// Similarity of the template's own label right before a text that is an address whatever it looks like.
const BEHIND_LABEL: f32 = 0.95;

/// What it costs words to be where a code is expected.
const WORDS_FOR_CODE: f32 = 0.15;

/// The score of what has the form that a field asks for, and how much of a label's is added to it.
const BY_FORM: f32 = 0.5;

/// What the form of a VAT number is worth before a field for any number of the tax office.
const VAT: f32 = 0.2;

/// Similarity of the label of what does not tell itself from other text by its form.
const LABELS_FORM: f32 = 0.8;

/// What it costs a value of a form to stand under the heading of another party than the field's.
const OF_ANOTHER_PARTY: f32 = 0.25;

/// Matches of a pattern that are looked at.
const MATCHES: usize = 200;

/// Words of a text beside a label that names a party, a place or a span of time: more are a clause of the contract.
const MOST_WORDS: usize = 10;

/// The score of a contract's party beside a label for a firm, and how near that stands at least.
const FIRM: f32 = 0.6;
const NEXT_TO: f32 = 0.8;

/// Under this, the words around a passage say that it is something else than what its label would make it.
const AGAINST: f32 = 0.0;

/// What it is worth for a text to answer a question about the field.
const ANSWERS: f32 = 0.12;

/// What it costs a text to answer a question about another field.
const ANSWERS_ANOTHER: f32 = 0.4;

/// What it costs a text to be the label of another field.
const LABEL_OF_ANOTHER: f32 = 0.65;

/// What it is worth for a name to stand beside its initials, and what it costs to be those of one.
const SPELLED_OUT: f32 = 0.3;
const INITIALS: f32 = 0.5;

/// What it costs a text to hold its label, where what stands behind the label is a candidate of its own.
const WITH_LABEL: f32 = 0.25;

/// What it costs a text to be no more than what stands where a person showed one: it ends where a gap is, not where its sense does.
const SHOWN: f32 = 0.12;

/// What it is worth for the value of an enum to be ticked, and what it costs to stand beside one that is.
const TICKED: f32 = 0.5;

/// What it costs a person or title to stand more lines than that before the first signature.
const BEFORE_SIGNING: f32 = 0.65;
const SIGNING: usize = 15;

/// What it costs a name to be the signature over the typed one.
const SIGNATURE: f32 = 0.1;

/// How much less the first or last words of a code are than all of it.
const TAIL: f32 = 0.02;

/// How much better a name with its legal form is than without.
const FULL_NAME: f32 = 0.05;

impl<'a> Pool<'a> {
    pub(super) fn free(&self, field: &Field<'_>, loose: &Loose) -> Vec<Scored> {
        let is_party = (field.is("seller") || field.is("buyer")) && uses(Family::Parties);
        let is_name = matches!(field.shape, Shape::Name | Shape::Person);
        let segments = 0..self.surroundings.segments.len();
        let mut scored: Vec<Scored> = segments
            .filter(|&segment| !is_party || !Parties::is_in_row(&self.surroundings, field, segment))
            .flat_map(|segment| self.texts(segment))
            .filter(|text| !is_party || self.parties().may_name(&self.surroundings, text))
            .filter(|text| self.is_apt(field, text, is_party))
            .filter_map(|text| {
                let contexts = self.surroundings.contexts(&text.candidate);
                let mut evidence = score::by_labels(field, contexts, &self.titled, loose);
                // Only beside its own label does an address go on where nothing looks like one.
                if text.part == Part::Block && field.shape == Shape::Address && !evidence.by_anchor {
                    return None;
                }
                if is_party {
                    evidence.score = self.parties().score(&self.surroundings, field, text, evidence.score)?;
                }
                let mut scored = self.scored(field, &text.candidate, evidence)?;
                scored.ends_in_legal_form = is_name && text.look.ends_in_legal_form;
                scored.score += part_fit(text, contexts, is_name, loose)
                    + self.shape_fit(field, text, contexts)
                    + self.question_fit(field, text, contexts)
                    + self.label_fit(field, text, is_name)
                    + 0.03 * (text.candidate.spans.len() - 1).min(2) as f32
                    - 0.03 * score::position(&text.candidate, self.surroundings.layout.lines.len());
                Some(scored)
            })
            .collect();
        if is_party && field.is("seller") {
            prefer_full_names(&mut scored);
        }
        if is_party {
            prefer_spelled_out(&mut scored);
        }
        if field.shape == Shape::Name && !is_party {
            scored.extend(self.apposed(field));
        }
        scored
    }

    /// Whether fields of this kind take such a part of what is printed.
    fn is_apt(&self, field: &Field<'_>, text: &TextCandidate, is_party: bool) -> bool {
        match text.part {
            Part::Block => {
                let starts_address = || self.surroundings.look(text.candidate.segment).address;
                field.shape == Shape::Text || field.shape == Shape::Address && starts_address()
            }
            Part::Column | Part::Mark => field.shape == Shape::Text,
            Part::Lines => field.shape == Shape::Name && !is_party,
            Part::Title => field.is("signer_title"),
            Part::AfterDate => field.shape == Shape::Person,
            _ => true,
        }
    }

    /// How well a text suits what values of the field look like.
    fn shape_fit(&self, field: &Field<'_>, text: &TextCandidate, contexts: &[Context]) -> f32 {
        let source = &text.candidate.source;
        match field.shape {
            Shape::Name => {
                typed::name_fit(source, text.look, false) + self.name_beside(field, text, contexts)
            }
            Shape::Person => {
                let both = contexts.iter().any(score::names_and_titles);
                let signature = if self.is_signature(&text.candidate) { SIGNATURE } else { 0.0 };
                let early = if self.is_before_signing(field, &text.candidate) { BEFORE_SIGNING } else { 0.0 };
                typed::name_fit(source, text.look, true)
                    + typed::person_fit(field, self.surroundings.layout, text, both)
                    + self.name_beside(field, text, contexts)
                    - early
                    - signature
            }
            Shape::Text => {
                let first = &text.candidate.spans[0];
                let first = &self.surroundings.layout.lines[first.line].text[first.range.clone()];
                typed::text_fit(field, first, &self.locale)
            }
            _ => 0.0,
        }
    }

    /// What the question above says, if there is one.
    fn question_fit(&self, field: &Field<'_>, text: &TextCandidate, contexts: &[Context]) -> f32 {
        let is_own = |m: &LabelMatch| field.weight(m.key) > 0.0 && m.is_own() && m.similarity >= 0.9;
        let is_beside = |c: &Context| matches!(c.place, Place::Before | Place::Left) && c.geometry > NEXT_TO;
        // "Name" says too little: the question tells whose.
        let says_whose = |c: &Context| !score::names_something(c) && c.matches.iter().any(is_own);
        let has_label = contexts.iter().any(|c| is_beside(c) && says_whose(c));
        match self.surroundings.answers(field, &text.candidate) {
            Some(true) if contexts.iter().any(score::names_something) => ANSWERS,
            Some(false) if !has_label => -ANSWERS_ANOTHER,
            _ => 0.0,
        }
    }

    /// What it costs a text to hold a label, or to be that of another field.
    fn label_fit(&self, field: &Field<'_>, text: &TextCandidate, is_name: bool) -> f32 {
        let own = if is_name && text.labelled && !text.look.ends_in_legal_form {
            if field.shape == Shape::Person { 0.3 } else { 0.15 }
        } else if text.colon {
            WITH_LABEL
        } else {
            0.0
        };
        let is_anothers = self.surroundings.is_label_of_another(field, &text.candidate);
        -own - if is_anothers { LABEL_OF_ANOTHER } else { 0.0 }
    }

    /// Names of which a sentence says that they are the field's: "the advertiser, Citizens for Example, for".
    fn apposed(&self, field: &Field<'_>) -> Vec<Scored> {
        let layout = self.surroundings.layout;
        let is_own = |m: &LabelMatch| field.weight(m.key) > 0.0 && m.similarity >= 0.99;
        let is_label = |words: &[Printed<'_>]| self.surroundings.labels.classify(words).iter().any(is_own);
        let prose = self.prose.get_or_init(|| Prose::new(layout));
        let found = prose.apposed(is_label).into_iter().filter_map(|passage| {
            let candidate = Candidate::new(layout, passage.spans, Typed::Text)?;
            self.scored(field, &candidate, Evidence { score: passage.score, ..Evidence::default() })
        });
        found.collect()
    }

    /// What the texts around one say of it as a name: a label that asks for one, one that it repeats the first words of, and so is
    /// a label, too ("For the buyer", "For the seller"), or its initials beside it ("EPC | Example Paper Company").
    fn name_beside(&self, field: &Field<'_>, text: &TextCandidate, contexts: &[Context]) -> f32 {
        let layout = self.surroundings.layout;
        let own = &layout.segments[text.candidate.segment];
        let line = layout.line_of(own);
        let start = |index: usize| {
            let segment = &layout.segments[index];
            let line = layout.line_of(segment);
            layout.tokens(segment).iter().take(2).map(|token| line.folded(token))
        };
        let mut fit = 0.0;
        if contexts.iter().any(score::names_something) {
            fit += 0.1;
        }
        let is_alike = |context: &Context| {
            let other = context.segment.filter(|&s| s != text.candidate.segment);
            context.matches.iter().any(|m| field.weight(m.key) > 0.0)
                && other.is_some_and(|other| start(other).eq(start(text.candidate.segment)))
        };
        if layout.tokens(own).len() >= 2 && contexts.iter().any(is_alike) {
            fit -= LABEL_OF_ANOTHER;
        }
        let beside = |index: usize| layout.text(&layout.segments[index]);
        let (before, after) = (text.candidate.segment.checked_sub(1), text.candidate.segment + 1);
        let source = text.candidate.source.as_str();
        if before.is_some_and(|s| line.segments.contains(&s) && names::are_initials(beside(s), source)) {
            fit += SPELLED_OUT;
        }
        if line.segments.contains(&after) && names::are_initials(source, beside(after)) {
            fit -= INITIALS;
        }
        fit
    }

    /// The names, or titles, of those who signed, where the field asks for them.
    fn signatures(&self, field: &Field<'_>) -> impl Iterator<Item = &Signature> {
        let is_title = field.is("signer_title");
        let is_asked = (is_title || field.is("signer_name")) && uses(Family::Looks);
        let all = is_asked.then(|| self.all_signatures());
        all.into_iter().flatten().filter(move |found| found.is_title == is_title)
    }

    fn all_signatures(&self) -> &[Signature] {
        self.signatures.get_or_init(|| signature::signatures(&self.surroundings))
    }

    /// Whether a text stands in a part of the document before the one in which somebody else signs, as officers in a list do.
    fn is_before_signing(&self, field: &Field<'_>, candidate: &Candidate) -> bool {
        let is_asked = field.is("signer_title") || field.is("signer_name");
        let all = is_asked.then(|| self.all_signatures());
        let first = all.into_iter().flatten().map(|found| found.candidate.line()).min();
        if first.is_none_or(|first| candidate.line() + SIGNING >= first) {
            return false;
        }
        let own = fold(&candidate.source);
        let same_word =
            |source: &str| fold(source).split(BLANK).any(|word| word.len() > 2 && own.contains(word));
        !self.signatures(field).any(|found| same_word(&found.candidate.source))
    }

    /// Whether the same person is named in full right below a text: then it is the signature over the typed name.
    fn is_signature(&self, candidate: &Candidate) -> bool {
        let layout = self.surroundings.layout;
        let size = layout.segments[candidate.segment].size;
        let mut below = layout.right_below(candidate.line(), candidate.rect.y1 + size, 1);
        below.any(|segment| {
            let full = layout.text(&layout.segments[segment]);
            names::is_short_for(&candidate.source, full.split(", ").next().unwrap_or_default())
        })
    }

    /// Names and titles of those who signed, whatever labels say.
    pub(super) fn signed(&self, field: &Field<'_>) -> Vec<Scored> {
        let lines = self.surroundings.layout.lines.len();
        self.signatures(field)
            .filter_map(|found| {
                let evidence = Evidence { score: found.score, ..Evidence::default() };
                let scored = self.scored(field, &found.candidate, evidence)?;
                let position = score::position(&found.candidate, lines);
                Some(Scored { score: scored.score - 0.03 * position, ..scored })
            })
            .collect()
    }

    /// Addresses by their labels; without one, the first of the document.
    pub(super) fn addresses(&self, field: &Field<'_>, loose: &Loose) -> Vec<Scored> {
        let lines = self.surroundings.layout.lines.len();
        let found: Vec<Scored> = address::addresses(&self.surroundings)
            .into_iter()
            .filter_map(|candidate| {
                let contexts = self.surroundings.contexts(&candidate);
                let mut evidence = score::by_labels(field, contexts, &self.titled, loose);
                evidence.score = evidence.score.max(FIRST_ADDRESS - 0.2 * score::position(&candidate, lines));
                self.scored(field, &candidate, evidence)
            })
            .collect();
        // "Via" and "Calle" are labels of streets, and parts of them; what stands right behind the template's own label is whole.
        let is_behind_own = |text: &Scored| {
            let label = text.evidence;
            label.by_anchor && label.geometry >= 1.0 && label.similarity >= BEHIND_LABEL
        };
        let is_part_of_found = |text: &Scored| {
            let (line, start) = first(text);
            found.iter().any(|address| match first(address) {
                (other, begin) if other == line && begin < start => !is_behind_own(text),
                place => place == (line, start) && address.spans.len().min(text.spans.len()) > 1,
            })
        };
        let labelled: Vec<Scored> = self
            .free(field, loose)
            .into_iter()
            .filter(|f| (f.score >= BESIDE_LABEL || is_behind_own(f)) && !is_part_of_found(f))
            .collect();
        found.into_iter().chain(labelled).collect()
    }

    /// What a text field's pattern matches within lines.
    pub(super) fn matching(&self, field: &Field<'_>, loose: &Loose) -> Vec<Scored> {
        let Some(pattern) = &field.pattern else { return Vec::new() };
        let layout = self.surroundings.layout;
        let matches = layout.lines.iter().enumerate().flat_map(|(line, l)| {
            pattern.find_iter(&l.text).map(move |m| {
                let start = m.end() - m.as_str().trim_start().len();
                Span { line, range: start..start + m.as_str().trim().len() }
            })
        });
        let whole = |span: &Span| {
            !span.range.is_empty() && !layout.lines[span.line].text[span.range.clone()].contains(TAB)
        };
        matches
            .filter(whole)
            .take(MATCHES)
            .filter_map(|span| Candidate::new(layout, vec![span], Typed::Text))
            .filter_map(|candidate| {
                let contexts = self.surroundings.contexts(&candidate);
                let evidence = score::by_labels(field, contexts, &self.titled, loose);
                self.scored(field, &candidate, evidence)
            })
            .collect()
    }

    /// What stands where a person showed a text, which need not look like one.
    pub(super) fn shown(&self, field: &Field<'_>) -> Option<Scored> {
        let Region { page, bbox } = field.taught?;
        let layout = self.surroundings.layout;
        let candidate = Candidate::new(layout, layout.spans_in(page, bbox), Typed::Text)?;
        let contexts = self.surroundings.contexts(&candidate);
        let evidence = score::by_labels(field, contexts, &self.titled, &Loose::default());
        let scored = self.scored(field, &candidate, evidence)?;
        Some(Scored { score: scored.score - SHOWN, ..scored })
    }

    /// Codes; where none has the field's label, the words that do. A reference may be somebody's name, and a label may mean
    /// something else than what it is usually the label of ("Project: Dry Garden"); a number of an invoice is no word.
    pub(super) fn codes_or_words(&self, field: &Field<'_>, loose: &Loose) -> Vec<Scored> {
        let mut scored = self.typed(field, self.codes(), loose);
        weaken_parts(&mut scored);
        let may_be_words = field.concept.is_none() || field.is("reference");
        if may_be_words && scored.iter().all(|found| found.score < LABELLED) {
            let labelled = self.free(field, loose).into_iter().filter(|found| found.score >= BESIDE_LABEL);
            scored.extend(labelled.map(|found| Scored { score: found.score - WORDS_FOR_CODE, ..found }));
        }
        scored
    }

    /// Values of a form, wherever they stand: what has the form needs no label, if the form tells it from all else. Those of the
    /// buyer are under the buyer's heading. A VAT number may also be a code of another form at its label.
    pub(super) fn formed(&self, field: &Field<'_>, form: Form, loose: &Loose) -> Vec<Scored> {
        let layout = self.surroundings.layout;
        let mut scored = Vec::new();
        for (index, line) in layout.lines.iter().enumerate() {
            for range in form.find(&line.text) {
                let spans = vec![Span { line: index, range }];
                let Some(candidate) = Candidate::new(layout, spans, Typed::Code) else { continue };
                let contexts = self.surroundings.contexts(&candidate);
                let mut evidence = score::by_labels(field, contexts, &self.titled, loose);
                if form.tells(&candidate.source) {
                    evidence.score = evidence.score.max(0.0) * BY_FORM + BY_FORM;
                } else if evidence.similarity < LABELS_FORM {
                    continue;
                }
                if let Some(mut found) = self.scored(field, &candidate, evidence) {
                    let section = self.parties().heading(&self.surroundings, candidate.segment);
                    let is_of_buyer =
                        section.is_some_and(|party| matches!(party, "buyer" | "recipient" | "ship_to"));
                    if is_of_buyer != field.asks_for_buyer {
                        found.score -= OF_ANOTHER_PARTY;
                    }
                    if form == Form::VatId {
                        found.score += VAT;
                    }
                    found.score -= 0.03 * score::position(&candidate, layout.lines.len());
                    scored.push(found);
                }
            }
        }
        if form == Form::VatId && scored.is_empty() { self.codes_or_words(field, loose) } else { scored }
    }

    /// Passages of running text, and labelled texts where the document is a form.
    pub(super) fn passages(
        &self,
        field: &Field<'_>,
        find: impl Fn(&Prose<'a>) -> Vec<Passage>,
        loose: &Loose,
    ) -> Vec<Scored> {
        let layout = self.surroundings.layout;
        let prose = self.prose.get_or_init(|| Prose::new(layout));
        let found: Vec<Scored> = find(prose)
            .into_iter()
            .filter_map(|passage| {
                let candidate = Candidate::new(layout, passage.spans, Typed::Text)?;
                let contexts = self.surroundings.contexts(&candidate);
                let label = score::by_labels(field, contexts, &self.titled, &Loose::default());
                // A form's label beside the value is as good as the words of a sentence around it.
                let is_label = label.similarity > 0.95 && passage.score > AGAINST && passage.may_be_labelled;
                let labelled = if is_label { 0.9 * label.score } else { 0.0 };
                let is_firm = field.shape == Shape::Party && names_firm(&candidate, contexts);
                let by_role = if is_firm { FIRM } else { 0.0 };
                let evidence = Evidence { score: passage.score.max(labelled).max(by_role), ..label };
                self.scored(field, &candidate, evidence)
            })
            .collect();
        if found.iter().any(|f| f.score >= LABELLED) {
            return found;
        }
        let is_clause = |found: &Scored| {
            found.source.starts_with(char::is_lowercase) || found.source.split(BLANK).count() > MOST_WORDS
        };
        let labelled = self.free(field, loose).into_iter();
        let labelled = labelled.filter(|found| found.score >= BESIDE_LABEL && !is_clause(found));
        found.into_iter().chain(labelled).collect()
    }

    /// The values of an enum wherever they stand as words, or as signs of currencies.
    pub(super) fn enums(&self, field: &Field<'_>, loose: &Loose) -> Vec<Scored> {
        let layout = self.surroundings.layout;
        let finder = EnumFinder::new(&field.spec.enum_values);
        let lines = || layout.lines.iter().map(|line| line.text.as_str());
        let other_dollar = finder.currencies && finder.has_other_dollar(lines());
        let mut scored = Vec::new();
        for (index, line) in layout.lines.iter().enumerate() {
            let means_other = |range: &Range<usize>| other_dollar && &line.text[range.clone()] == "$";
            let spans = finder.spans(&line.text).into_iter().filter(|range| !means_other(range));
            let spans = spans.map(|range| Span { line: index, range });
            let spans: Vec<Span> = spans.collect();
            let ticked: Vec<bool> = spans.iter().map(|span| self.surroundings.is_ticked(span)).collect();
            let is_one_ticked = ticked.iter().filter(|ticked| **ticked).count() == 1;
            let value = |span: &Span| fold(&line.text[span.range.clone()]).into_owned();
            let offers = !finder.currencies && spans.iter().any(|span| value(span) != value(&spans[0]));
            for (span, &is_ticked) in spans.into_iter().zip(&ticked) {
                let spans = vec![span];
                let Some(candidate) = Candidate::new(layout, spans, Typed::Text) else { continue };
                let contexts = self.surroundings.contexts(&candidate);
                let evidence = score::by_labels(field, contexts, &self.titled, loose);
                if let Some(mut found) = self.scored(field, &candidate, evidence) {
                    let segment = &layout.segments[candidate.segment];
                    // A currency may stand anywhere; another value is more likely one where it stands by itself.
                    let least = match () {
                        () if finder.currencies => 0.45,
                        () if candidate.source.len() == segment.range.len() => 0.55,
                        () if self.surroundings.is_label(candidate.segment) => 0.2,
                        () => 0.4,
                    };
                    found.score =
                        found.score.max(least) - 0.01 * score::position(&candidate, layout.lines.len());
                    // Of several that a form offers, the ticked one; without one, nothing says which.
                    if is_one_ticked && is_ticked {
                        found.score += TICKED;
                    } else if is_one_ticked || offers {
                        found.score -= TICKED;
                        found.parsed.certain = is_one_ticked;
                    }
                    scored.push(found);
                }
            }
        }
        let mut votes: BTreeMap<String, usize> = BTreeMap::new();
        for found in &scored {
            *votes.entry(found.parsed.value.clone()).or_default() += 1;
        }
        // What is priced in one currency and billed in another names the first in few of its lines.
        let others = if finder.currencies { finder.other_codes(lines()) } else { 0 };
        scored.retain(|found| votes.get(&found.parsed.value).is_some_and(|&votes| votes > others));
        let all = scored.len().max(1) as f32;
        // What stands most often wins.
        for found in &mut scored {
            found.score += 0.35 * votes.get(&found.parsed.value).copied().unwrap_or(0) as f32 / all;
        }
        scored
    }
}

/// How well a part of what is printed serves as a value by itself.
fn part_fit(text: &TextCandidate, contexts: &[Context], is_name: bool, loose: &Loose) -> f32 {
    let is_unknown = |c: &Context| c.place != Place::Before || c.matches.is_empty();
    match text.part {
        Part::Whole | Part::Mark | Part::Title | Part::AfterDate => 0.0,
        // "Hong Kong: a survey", where nothing says that it starts with a label.
        Part::AfterColon if loose.is_empty() && contexts.iter().all(is_unknown) => -0.03,
        Part::AfterColon => 0.02,
        Part::AfterLabel => -0.04,
        Part::Head => -0.05,
        Part::WithoutId if is_name => 0.03,
        Part::WithoutId => -0.05,
        Part::Name if is_name => 0.05,
        Part::Name => -0.02,
        Part::Block => 0.04,
        Part::Lines | Part::Column => 0.05,
    }
}

/// Whether a text with a legal form stands beside a label for the name of a firm, or of one side: "Company", "Supplier:".
fn names_firm(candidate: &Candidate, contexts: &[Context]) -> bool {
    let asks = |m: &LabelMatch| m.similarity >= 0.99 && m.means(&["seller", "buyer", "name"]);
    let is_beside = |c: &&Context| {
        matches!(c.place, Place::Before | Place::Left) && c.segment.is_some() && c.geometry >= NEXT_TO
    };
    names::look(&candidate.source).ends_in_legal_form
        && contexts.iter().filter(is_beside).any(|c| c.matches.iter().any(asks))
}

/// Lets a code of several words stand before the first and the last of them: "No. 2024 118 305".
fn weaken_parts(scored: &mut [Scored]) {
    let is_whole = |found: &&Scored| {
        found.source.contains(BLANK)
            && found.source.ends_with(char::is_alphanumeric)
            && found.evidence.score >= LABELLED
    };
    let whole: Vec<(Span, f32)> =
        scored.iter().filter(is_whole).map(|found| (found.spans[0].clone(), found.score)).collect();
    for found in scored.iter_mut() {
        let own = &found.spans[0];
        let is_part = |span: &Span| {
            let (same_start, same_end) =
                (span.range.start == own.range.start, span.range.end == own.range.end);
            let within = span.range.start <= own.range.start && own.range.end <= span.range.end;
            span.line == own.line && within && same_start != same_end
        };
        let best = whole.iter().filter(|(span, _)| is_part(span)).map(|&(_, score)| score);
        let best = best.fold(f32::INFINITY, f32::min);
        found.score = found.score.min(best - TAIL);
    }
}

/// Lets a name stand for the same name with shortened words: "Harbour Lane Med Ctr" under "Remit to".
fn prefer_spelled_out(scored: &mut [Scored]) {
    let good = scored.iter().filter(|found| found.score >= LABELLED);
    let short: Vec<(String, f32)> = good.map(|found| (found.source.clone(), found.score)).collect();
    for full in scored.iter_mut().filter(|found| found.score >= NOTHING) {
        let shortened = short.iter().filter(|(name, _)| names::shortens(name, &full.source));
        let best = shortened.map(|&(_, score)| score).fold(f32::NEG_INFINITY, f32::max);
        full.score = full.score.max(best + FULL_NAME);
    }
}

/// Lets a name with its legal form stand for the same name without it, as in the print of a logo, and for the end of it that a
/// letterhead sets in a line of its own.
fn prefer_full_names(scored: &mut [Scored]) {
    let short: Vec<(String, bool, f32)> =
        scored.iter().map(|found| (found.source.clone(), found.ends_in_legal_form, found.score)).collect();
    for full in scored.iter_mut().filter(|found| found.ends_in_legal_form && found.spans.len() == 1) {
        let same = short.iter().filter(|(name, has_form, _)| {
            if *has_form {
                let start =
                    full.source.strip_suffix(name.as_str()).and_then(|start| start.strip_suffix(BLANK));
                return start
                    .is_some_and(|start| short.iter().any(|(other, ..)| tight(other) == tight(start)));
            }
            full.source
                .strip_prefix(name.as_str())
                .is_some_and(|rest| is_only_form(rest.trim_start_matches(',')))
        });
        let best = same.map(|&(_, _, score)| score).fold(f32::NEG_INFINITY, f32::max);
        full.score = full.score.max(best + FULL_NAME);
    }
}
