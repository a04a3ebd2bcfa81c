//! What columns are called and which lines are no rows: the words of `data/columns.txt`, and those that a user adds to them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use sheaf_types::FieldKind;

use super::label::{self, Label};
use crate::lexicon::{COLUMNS, Part, own, parts};

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut lexicon = Lexicon::default();
    lexicon.add_all(COLUMNS);
    lexicon.add_all(own());
    lexicon
});

/// Weight of a label that usually heads another column.
const WEAK: f32 = 0.6;
/// Words of the longest label that is known by its start.
const LONGEST_ENDING: usize = 5;
/// Words of the longest label of a column as printed.
const LONGEST_HEADING: usize = 10;
/// Characters of the shortest known label that is looked for within another.
const SHORTEST_PART: usize = 3;
/// Characters of the shortest known label that is looked for at the end of a compound.
const SHORTEST_END: usize = 5;

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Text,
    Code,
    Number,
    Money,
    Percent,
    Date,
    Any,
}

impl Content {
    fn from_name(name: &str) -> Self {
        match name {
            "text" => Self::Text,
            "code" => Self::Code,
            "number" => Self::Number,
            "money" => Self::Money,
            "percent" => Self::Percent,
            "date" => Self::Date,
            _ => Self::Any,
        }
    }

    /// Whether its cells are numbers, which stand under each other and never wrap.
    pub(super) fn is_numeric(self) -> bool {
        matches!(self, Self::Number | Self::Money | Self::Percent)
    }

    /// What a column of the template holds where its name says no more.
    pub(super) fn of_kind(kind: FieldKind) -> Self {
        match kind {
            FieldKind::Text | FieldKind::Table => Self::Text,
            FieldKind::Enum => Self::Any,
            FieldKind::Number => Self::Number,
            FieldKind::Currency => Self::Money,
            FieldKind::Date => Self::Date,
        }
    }

    fn suits(self, kind: FieldKind) -> bool {
        match kind {
            FieldKind::Text | FieldKind::Enum | FieldKind::Table => true,
            FieldKind::Number => matches!(self, Self::Number | Self::Money | Self::Percent | Self::Any),
            FieldKind::Currency => matches!(self, Self::Money | Self::Any),
            FieldKind::Date => self == Self::Date,
        }
    }
}

/// What a line that is no row does to the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Rows may follow.
    Subtotal,
    /// The table ends here.
    Total,
    /// What follows is another part of the document.
    End,
}

/// How much a text is like a label of lines that are no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// It is one that rows have as well.
    Weak,
    /// It starts like one.
    Start,
    /// It is one.
    Label,
}

/// What a known label stands for.
#[derive(Debug, Default)]
struct Known {
    words: usize,
    /// Concepts of columns, and the label's weight there.
    columns: Vec<(usize, f32)>,
    stop: Option<Ending>,
}

#[derive(Debug, Clone, Copy)]
struct Ending {
    stop: Stop,
    weak: bool,
    /// Whether a short text that starts so is one as well.
    open: bool,
}

/// What the labels of a section stand for.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    /// An index into [`Lexicon::concepts`].
    Column(usize),
    Stop(Stop),
}

/// A label of a header as printed, and how well it names each concept.
#[derive(Debug, Clone)]
pub(super) struct Heading {
    pub(super) label: Label,
    /// For each concept, the similarity of its best label, and whether it is that label word for word.
    pub(super) matches: Vec<(f32, bool)>,
    /// The labels of a bilingual heading.
    pub(super) halves: Vec<Heading>,
}

impl Heading {
    pub(super) fn new(text: &str) -> Self {
        let halves: Vec<Self> = if text.contains(['/', '|']) {
            text.split(['/', '|']).map(|half| Self { halves: Vec::new(), ..Self::whole(half) }).collect()
        } else {
            Vec::new()
        };
        Self { halves, ..Self::whole(text) }
    }

    fn whole(text: &str) -> Self {
        let label = Label::new(text);
        let matches = Lexicon::get().matches(&label);
        Self { label, matches, halves: Vec::new() }
    }

    /// The concept that the heading names best, with its similarity; whether word for word.
    pub(super) fn concept(&self) -> Option<(usize, f32, bool)> {
        let mut best: Option<(usize, f32, bool)> = None;
        for (concept, &(similarity, exact)) in self.matches.iter().enumerate() {
            if similarity > best.map_or(0.0, |(_, s, _)| s) {
                best = Some((concept, similarity, exact));
            }
        }
        best
    }
}

/// Concepts of columns and labels of lines.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    /// Names and contents.
    concepts: Vec<(String, Content)>,
    /// By their letters and digits.
    labels: FxHashMap<String, Known>,
    /// Labels of columns that are a single word, for abbreviations.
    words: BTreeMap<String, Vec<(usize, f32)>>,
}

impl Lexicon {
    /// The product's own, with what a user adds.
    pub(super) fn get() -> &'static Self {
        &LEXICON
    }

    /// Adds the labels of columns and lines; those of fields are left to them.
    fn add_all(&mut self, text: &str) {
        let mut section = None;
        for (_, part) in parts(text) {
            match part {
                Part::Section(name) => section = self.section(name),
                Part::Line(_, labels) => {
                    let Some(section) = section else { continue };
                    labels.split(',').for_each(|label| self.add(label.trim(), section));
                }
                Part::Other => {}
            }
        }
    }

    /// What the labels of a section mean; a concept that is new is noted.
    fn section(&mut self, name: &str) -> Option<Meaning> {
        let mut words = name.split_whitespace();
        match (words.next()?, words.next()?) {
            ("row", "subtotal") => Some(Meaning::Stop(Stop::Subtotal)),
            ("row", "total") => Some(Meaning::Stop(Stop::Total)),
            ("row", _) => Some(Meaning::Stop(Stop::End)),
            (_, name) => {
                let known = self.concepts.iter().position(|(concept, _)| concept == name);
                Some(Meaning::Column(known.unwrap_or_else(|| {
                    let content = Content::from_name(words.next().unwrap_or_default());
                    self.concepts.push((name.to_owned(), content));
                    self.concepts.len() - 1
                })))
            }
        }
    }

    fn add(&mut self, text: &str, meaning: Meaning) {
        let (text, weak) = text.strip_prefix('~').map_or((text, false), |text| (text, true));
        let (text, open) = text.strip_prefix('^').map_or((text, false), |text| (text, true));
        let label = Label::new(text);
        if label.is_empty() {
            return;
        }
        let known = self.labels.entry(label.tight().to_owned()).or_default();
        known.words = known.words.max(label.words.len());
        match meaning {
            Meaning::Stop(stop) if known.stop.is_none_or(|ending| ending.weak && !weak) => {
                known.stop = Some(Ending { stop, weak, open });
            }
            Meaning::Stop(_) => {}
            Meaning::Column(concept) => {
                let entry = (concept, if weak { WEAK } else { 1.0 });
                note(&mut known.columns, entry);
                if label.words.len() == 1 {
                    note(self.words.entry(label.tight().to_owned()).or_default(), entry);
                }
            }
        }
    }

    pub(super) fn name(&self, concept: usize) -> &str {
        &self.concepts[concept].0
    }

    pub(super) fn content(&self, concept: usize) -> Content {
        self.concepts[concept].1
    }

    /// For each concept, how well its best label is what is printed, and whether it is that label word for word.
    fn matches(&self, printed: &Label) -> Vec<(f32, bool)> {
        let mut best = vec![(0.0, false); self.concepts.len()];
        let mut note = |columns: &[(usize, f32)], similarity: f32| {
            for &(concept, weight) in columns {
                if similarity * weight > best[concept].0 {
                    best[concept] = (similarity * weight, similarity >= 1.0);
                }
            }
        };
        let known = |text: &str| self.labels.get(text).map(|known| known.columns.as_slice());
        if let Some(columns) = known(printed.tight()) {
            note(columns, 1.0);
        }
        let length = printed.tight().chars().count();
        let count = printed.words.len();
        if length < SHORTEST_PART || count > LONGEST_HEADING {
            return best;
        }
        let coverage = |part: &str| part.chars().count() as f32 / length as f32;
        for start in 0..count {
            let mut part = String::new();
            for end in start..count {
                part.push_str(&printed.words[end]);
                let Some(columns) = known(&part).filter(|_| part.chars().count() >= SHORTEST_PART) else {
                    continue;
                };
                let similarity = match (start, end + 1 == count) {
                    (0, true) => continue,
                    (_, true) => label::ends(coverage(&part)),
                    (0, _) => label::starts(coverage(&part)),
                    _ => label::contains(coverage(&part)),
                };
                note(columns, similarity);
            }
        }
        for (at, _) in printed
            .tight()
            .char_indices()
            .skip(1)
            .take_while(|&(at, _)| at + SHORTEST_END <= printed.tight().len())
        {
            if let Some(columns) = known(&printed.tight()[at..]) {
                note(columns, label::contains(coverage(&printed.tight()[at..])));
            }
        }
        if length > SHORTEST_PART || printed.abbreviated {
            let longer = self.words.range(printed.tight().to_owned()..);
            for (_, columns) in longer.take_while(|(word, _)| word.starts_with(printed.tight())) {
                note(columns, label::ABBREVIATION);
            }
        }
        best
    }

    /// Whether the label is that of some column, word for word.
    pub(super) fn is_column(&self, printed: &Label) -> bool {
        self.labels.get(printed.tight()).is_some_and(|known| !known.columns.is_empty())
    }

    /// What a text says about the table, by the label it is most like.
    pub(super) fn stop(&self, text: &str) -> Option<(Stop, Likeness)> {
        // Bilingual labels: "Total net / Subtotal".
        let mut best: Option<(Stop, Likeness)> = None;
        for label in text.split('/').map(Label::new) {
            let mut start = String::new();
            for (i, word) in label.words.iter().take(LONGEST_HEADING).enumerate() {
                start.push_str(word);
                let Some(known) = self.labels.get(&start) else { continue };
                let Some(ending) = known.stop else { continue };
                let whole = i + 1 == label.words.len();
                let likeness = if whole || known.words > 1 && i > 0 {
                    if ending.weak { Likeness::Weak } else { Likeness::Label }
                } else if ending.open && label.words.len() <= LONGEST_ENDING {
                    Likeness::Start
                } else {
                    continue;
                };
                if best.is_none_or(|(_, b)| likeness > b) {
                    best = Some((ending.stop, likeness));
                }
            }
        }
        best
    }

    /// The concept of a column with this name or anchor.
    pub(super) fn concept_for(&self, label: &Label, kind: FieldKind) -> Option<usize> {
        let mut best: Option<(usize, f32)> = None;
        for (concept, (similarity, _)) in self.matches(label).into_iter().enumerate() {
            let content = self.content(concept);
            // A column that holds what the template asks for is preferred among equals.
            let fit = if content == Content::of_kind(kind) { 0.01 } else { 0.0 };
            if content.suits(kind) && similarity >= 0.8 && similarity + fit > best.map_or(0.0, |(_, s)| s) {
                best = Some((concept, similarity + fit));
            }
        }
        best.map(|(concept, _)| concept)
    }
}

/// Adds a concept that a label stands for; of one that is there, the stronger weight counts.
fn note(columns: &mut Vec<(usize, f32)>, (concept, weight): (usize, f32)) {
    match columns.iter_mut().find(|(known, _)| *known == concept) {
        Some((_, known)) => *known = known.max(weight),
        None => columns.push((concept, weight)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_a_users_own_join_the_columns_that_are_known() {
        let mut lexicon = Lexicon::default();
        lexicon.add_all(COLUMNS);
        let once = format!("{:?}", lexicon.concepts);
        lexicon.add_all(
            "[invoice_number]\npl: ilość\n[column quantity]\npl: ~ilość, sztuk\n[row total]\npl: ^razem",
        );
        lexicon.add_all("[column quantity number]\npl: ilość");
        assert_eq!(format!("{:?}", lexicon.concepts), once);
        let quantity = lexicon.concepts.iter().position(|(name, _)| name == "quantity").unwrap();
        assert_eq!(lexicon.matches(&Label::new("Ilość"))[quantity], (1.0, true));
        assert_eq!(lexicon.stop("Razem:").map(|(stop, _)| stop), Some(Stop::Total));
    }

    #[test]
    fn short_stop_words_must_match_in_full() {
        for (text, stop) in [
            ("Total", Some(Stop::Total)),
            ("Tax", Some(Stop::Total)),
            ("Taxi", None),
            ("Total care package for three years", None),
            ("Total before discount", Some(Stop::Total)),
            ("TOTAL NETO / SUBTOTAL", Some(Stop::Total)),
            ("Rechnungssumme Netto (exkl. USt.)", Some(Stop::Total)),
            ("Sub-Total:", Some(Stop::Subtotal)),
            ("Übertrag", Some(Stop::Subtotal)),
            ("Payment terms: 15 days", Some(Stop::End)),
            ("", None),
        ] {
            assert_eq!(Lexicon::get().stop(text).map(|(stop, _)| stop), stop, "{text}");
        }
    }
}
