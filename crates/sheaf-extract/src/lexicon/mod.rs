//! The lexicon: field concepts, and the labels under which documents print them in seven languages.
//!
//! The data is `data/lexicon.txt`, whose head explains it, and what a user adds to it ([`extend`]). Labels are kept in a trie
//! over their letters and digits without blanks, so that `Rechnungs-Nr.`, `Rechnungsnr` and `Rechnungs Nr` are one label; a
//! match begins and ends where a token does.

mod own;

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::parse::fold::fold;

pub use own::{LexiconError, extend};
pub(crate) use own::{Part, own, parts};

/// The labels of fields that ship with the program, as [`extend`] takes them.
pub const FIELDS: &str = include_str!("../../data/lexicon.txt");
/// The labels of columns, and of the lines that end a table.
pub const COLUMNS: &str = include_str!("../../data/columns.txt");

/// The words of a list of `data/`: parted by blanks and line breaks; what follows a `#` at the start of a line is for people.
pub(crate) fn listed<C: FromIterator<&'static str>>(list: &'static str) -> C {
    list.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect()
}

/// The entries of a list of `data/` that stand behind `key: `, parted by `separator`.
pub(crate) fn listed_under(list: &'static str, key: &str, separator: &str) -> Vec<&'static str> {
    let entries = list.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
    entries.map(|entries| entries.split(separator).collect()).unwrap_or_default()
}

/// Words that labels, questions and names are made of, by what they say (`data/label_words.txt`).
pub(crate) struct LabelWords {
    pub(crate) signatures: Vec<&'static str>,
    pub(crate) whose: Vec<&'static str>,
    pub(crate) representing: Vec<&'static str>,
    pub(crate) asking: Vec<&'static str>,
    pub(crate) addresses: Vec<&'static str>,
    pub(crate) joining: Vec<&'static str>,
    pub(crate) within: Vec<&'static str>,
    pub(crate) definite: Vec<&'static str>,
    pub(crate) ranks: Vec<&'static str>,
}

pub(crate) static LABEL_WORDS: LazyLock<LabelWords> = LazyLock::new(|| {
    let list = |key| listed_under(include_str!("../../data/label_words.txt"), key, " ");
    LabelWords {
        signatures: list("signatures"),
        whose: list("whose"),
        representing: list("representing"),
        asking: list("asking"),
        addresses: list("addresses"),
        joining: list("joining"),
        within: list("within"),
        definite: list("definite"),
        ranks: list("ranks"),
    }
});

/// What the values of a concept look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    /// An identifier: one word, mostly with digits.
    Code,
    /// A day.
    Date,
    /// A number or an amount.
    Amount,
    /// An organisation or a person.
    Name,
    /// A person.
    Person,
    /// A party of a contract.
    Party,
    /// A state or country.
    Place,
    /// A span of time.
    Duration,
    /// A postal address.
    Address,
    /// Free text.
    Text,
    /// Nothing a field asks for: the concept only competes.
    Other,
}

impl Shape {
    /// Whether its values have a form that tells them from other text.
    pub(crate) fn is_typed(self) -> bool {
        matches!(self, Self::Code | Self::Date | Self::Amount)
    }
}

/// Index of a concept in [`Lexicon::concepts`].
pub(crate) type ConceptId = u16;

/// A kind of field.
#[derive(Debug)]
pub(crate) struct Concept {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    /// Whether it has titles.
    titled: bool,
}

/// What a label belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A concept of the lexicon.
    Concept(ConceptId),
    /// A field of the template, by its anchor or its name.
    Field(u16),
}

/// How surely a label means what it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// Counts only where nothing better stands on the document.
    Fallback,
    /// Counts, but less than the others.
    Weak,
    /// A bare word: only as the whole label or its end.
    Bare,
    /// A template's own label of one word.
    Word,
    /// A known label.
    Strong,
}

/// A label's meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) strength: Strength,
    /// Whether the words mean anything only where they are the whole label or end it.
    pub(crate) bare: bool,
    /// Index into [`LANGUAGES`]; `None` for a template's own labels, and for those of other languages.
    pub(crate) language: Option<u8>,
}

/// Languages of the lexicon.
pub(crate) const LANGUAGES: [&str; 7] = ["en", "de", "fr", "es", "it", "nl", "pt"];

/// Labels by their letters and digits.
#[derive(Debug)]
pub(crate) struct Trie {
    nodes: Vec<Node>,
    /// The root's children by their ASCII characters, 0 where there is none: every comparison begins here, and most end.
    first: [u32; 128],
}

#[derive(Debug, Default)]
struct Node {
    children: Vec<(char, u32)>,
    entries: Vec<Entry>,
}

impl Default for Trie {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], first: [0; 128] }
    }
}

impl Trie {
    /// Adds a label; blanks and marks of `label` do not count. Answers whether it was not there yet with this meaning; of one
    /// that was, the stronger counts.
    pub(crate) fn insert(&mut self, label: &str, entry: Entry) -> bool {
        let mut at = 0;
        for c in fold(label).chars().filter(|&c| is_label_character(c)) {
            at = match self.step(at, c) {
                Some(next) => next,
                None => {
                    let next = self.nodes.len();
                    self.nodes.push(Node::default());
                    self.nodes[at].children.push((c, next as u32));
                    if at == 0 && c.is_ascii() {
                        self.first[c as usize] = next as u32;
                    }
                    next
                }
            };
        }
        if at == 0 {
            return false;
        }
        let known = self.nodes[at].entries.iter_mut().find(|e| e.key == entry.key && e.bare == entry.bare);
        match known {
            Some(known) => {
                known.strength = known.strength.max(entry.strength);
                false
            }
            None => {
                self.nodes[at].entries.push(entry);
                true
            }
        }
    }

    /// The labels that start with the first of `tokens`: how many tokens each takes, and what it means.
    pub(crate) fn matches<'t, 's>(
        &'t self,
        tokens: impl IntoIterator<Item = &'s str>,
    ) -> impl Iterator<Item = (usize, &'t [Entry])> {
        let mut at = Some(0);
        tokens.into_iter().enumerate().map_while(move |(index, token)| {
            at = token.chars().try_fold(at?, |node, c| self.step(node, c));
            at.map(|node| (index + 1, self.nodes[node].entries.as_slice()))
        })
    }

    fn step(&self, node: usize, c: char) -> Option<usize> {
        if node == 0 && c.is_ascii() {
            let next = self.first[c as usize] as usize;
            return (next != 0).then_some(next);
        }
        self.nodes[node].children.iter().find(|&&(child, _)| child == c).map(|&(_, next)| next as usize)
    }
}

/// Characters that labels are compared by.
pub(crate) fn is_label_character(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '#' | '%' | '€' | '$' | '£')
}

/// Concepts, labels, field names and titles.
#[derive(Debug, Default)]
pub(crate) struct Lexicon {
    pub(crate) concepts: Vec<Concept>,
    pub(crate) labels: Trie,
    /// Field names and phrases to concepts, by their keys.
    names: FxHashMap<String, Vec<ConceptId>>,
    /// The same for names that say something only as the whole of one.
    bare_names: FxHashMap<String, Vec<ConceptId>>,
    /// Tight titles of documents to concepts.
    titles: FxHashMap<String, Vec<ConceptId>>,
    /// How many labels each folded word is part of.
    words: FxHashMap<String, u32>,
}

/// The lexicon that ships with the program, with what a user adds to it.
pub(crate) static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut lexicon = Lexicon::default();
    lexicon.add(FIELDS);
    lexicon.add(own());
    lexicon
});

impl Lexicon {
    /// Adds concepts and labels; those of columns are left to tables.
    fn add(&mut self, text: &'static str) {
        let mut concept = None;
        for (_, part) in parts(text) {
            match part {
                Part::Section(name) if name.contains(char::is_whitespace) => concept = None,
                Part::Section(name) => concept = Some(self.concept_or_new(name)),
                Part::Line(head, items) => {
                    if let Some(concept) = concept {
                        self.line(concept, head, items);
                    }
                }
                Part::Other => {}
            }
        }
    }

    fn concept_or_new(&mut self, name: &'static str) -> ConceptId {
        self.concept(name).unwrap_or_else(|| {
            self.concepts.push(Concept { name, shape: Shape::Other, titled: false });
            (self.concepts.len() - 1) as ConceptId
        })
    }

    fn line(&mut self, id: ConceptId, head: &str, items: &'static str) {
        let items = items.split(',').map(str::trim).filter(|item| !item.is_empty());
        match head {
            "shape" => {
                let shape = Shape::from_name(items.collect::<String>().as_str());
                self.concepts[usize::from(id)].shape = shape.unwrap_or(Shape::Other);
            }
            "names" => {
                for item in items {
                    let bare = in_brackets(item);
                    let names = if bare.is_some() { &mut self.bare_names } else { &mut self.names };
                    note(names.entry(name_key(bare.unwrap_or(item))).or_default(), id);
                }
            }
            "titles" => {
                items.for_each(|item| note(self.titles.entry(tight(item)).or_default(), id));
                self.concepts[usize::from(id)].titled = true;
            }
            language => {
                let language = LANGUAGES.iter().position(|&l| l == language).map(|l| l as u8);
                for item in items {
                    let label = item.trim_start_matches('~');
                    let inner = in_brackets(label);
                    let strength = match (item.len() - label.len(), inner) {
                        (0, None) => Strength::Strong,
                        (0, Some(_)) => Strength::Bare,
                        (1, _) => Strength::Weak,
                        _ => Strength::Fallback,
                    };
                    let entry = Entry { key: Key::Concept(id), strength, bare: inner.is_some(), language };
                    let label = inner.unwrap_or(label);
                    if self.labels.insert(label, entry) {
                        for word in fold(label).split(' ') {
                            *self.words.entry(word.to_owned()).or_insert(0) += 1;
                        }
                    }
                }
            }
        }
    }

    /// The concept of this name.
    pub(crate) fn concept(&self, name: &str) -> Option<ConceptId> {
        self.concepts.iter().position(|c| c.name == name).map(|id| id as ConceptId)
    }

    pub(crate) fn shape(&self, concept: ConceptId) -> Shape {
        self.concepts[usize::from(concept)].shape
    }

    pub(crate) fn name(&self, concept: ConceptId) -> &'static str {
        self.concepts[usize::from(concept)].name
    }

    /// Concepts that a name, a part of one or a phrase of a description may mean.
    pub(crate) fn named(&self, name: &str) -> &[ConceptId] {
        by_key(&self.names, name)
    }

    /// Concepts that a field may mean whose whole name says little more than what its values are ("amount", "number").
    pub(crate) fn named_barely(&self, name: &str) -> &[ConceptId] {
        by_key(&self.bare_names, name)
    }

    /// Concepts whose documents carry this title.
    pub(crate) fn titled(&self, title: &str) -> &[ConceptId] {
        self.titles.get(&tight(title)).map_or(&[], Vec::as_slice)
    }

    /// Whether documents of a concept have titles of their own.
    pub(crate) fn has_titles(&self, concept: ConceptId) -> bool {
        self.concepts[usize::from(concept)].titled
    }

    /// Whether a word is one that labels are made of ("code", "number", "date").
    pub(crate) fn is_label_word(&self, folded: &str) -> bool {
        self.words.get(folded).is_some_and(|&count| count >= 5)
    }

    /// Whether a folded word is part of a label.
    pub(crate) fn has_word(&self, folded: &str) -> bool {
        self.words.contains_key(folded)
    }

    /// Concepts that have `label` as a known label that is no bare word.
    pub(crate) fn labelled(&self, label: &str) -> Vec<ConceptId> {
        let label = tight(label);
        let entries = self.labels.matches([label.as_str()]).last().map_or(&[][..], |(_, entries)| entries);
        let strong = entries.iter().filter(|e| e.strength == Strength::Strong);
        strong
            .filter_map(|e| match e.key {
                Key::Concept(id) => Some(id),
                Key::Field(_) => None,
            })
            .collect()
    }
}

impl Shape {
    /// By the names that files give them.
    const ALL: [(&str, Self); 11] = [
        ("code", Self::Code),
        ("date", Self::Date),
        ("amount", Self::Amount),
        ("name", Self::Name),
        ("person", Self::Person),
        ("party", Self::Party),
        ("place", Self::Place),
        ("duration", Self::Duration),
        ("address", Self::Address),
        ("text", Self::Text),
        ("other", Self::Other),
    ];

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, shape)| shape)
    }
}

/// What stands in brackets, as bare words do.
fn in_brackets(item: &str) -> Option<&str> {
    item.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'))
}

/// Adds a concept to a list that does not have it yet.
fn note(concepts: &mut Vec<ConceptId>, id: ConceptId) {
    if !concepts.contains(&id) {
        concepts.push(id);
    }
}

fn by_key<'n>(names: &'n FxHashMap<String, Vec<ConceptId>>, name: &str) -> &'n [ConceptId] {
    let key = name_key(name);
    // Names of fields have no umlauts: "faelligkeit".
    let without = || names.get(&key.replace("ae", "a").replace("oe", "o").replace("ue", "u"));
    names.get(&key).or_else(without).map_or(&[], Vec::as_slice)
}

/// What names of fields are compared by: their letters, without articles, and with one word for "number" and for "invoice".
fn name_key(name: &str) -> String {
    let folded = fold(name);
    let words = folded.split(|c: char| !is_label_character(c)).filter(|word| !word.is_empty());
    let meant = |word| match word {
        "of" | "the" | "de" | "du" | "da" | "do" | "di" | "del" | "della" | "la" | "le" | "d" => "",
        "no" | "nr" | "num" | "#" => "number",
        "inv" => "invoice",
        word => word,
    };
    words.map(meant).collect()
}

fn tight(text: &str) -> String {
    fold(text).chars().filter(|&c| is_label_character(c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_data_is_understood() {
        for (line, part) in parts(FIELDS).chain(parts(COLUMNS)) {
            assert_ne!(part, Part::Other, "{line}");
        }
        for concept in &LEXICON.concepts {
            assert_eq!(
                LEXICON.concepts.iter().filter(|c| c.name == concept.name).count(),
                1,
                "{}",
                concept.name
            );
        }
    }

    #[test]
    fn what_is_known_already_changes_nothing() {
        let mut lexicon = Lexicon::default();
        lexicon.add(FIELDS);
        let once = format!("{lexicon:?}");
        lexicon.add(FIELDS);
        assert_eq!(format!("{lexicon:?}"), once);
    }

    #[test]
    fn of_a_label_given_twice_the_stronger_counts() {
        let mut lexicon = Lexicon::default();
        lexicon.add("[plot]\nshape: code\nde: ~flur, flurstück");
        lexicon.add("[plot]\nde: flur, ~flurstück\n[row total]\nde: ende");
        for word in ["flur", "flurstuck"] {
            let (_, entries) = lexicon.labels.matches([word]).last().unwrap();
            assert_eq!((entries.len(), entries[0].strength), (1, Strength::Strong), "{word}");
        }
        assert_eq!(lexicon.labels.matches(["ende"]).count(), 0, "that is one of tables");
    }

    #[test]
    fn labels_match_whatever_their_blanks_and_hyphens() {
        for tokens in [&["rechnungs", "nr"][..], &["rechnungsnr"], &["r", "e", "chnungsnr"]] {
            let (used, entries) = LEXICON.labels.matches(tokens.iter().copied()).last().unwrap();
            assert_eq!(used, tokens.len());
            let keys: Vec<Key> = entries.iter().map(|e| e.key).collect();
            assert!(keys.contains(&Key::Concept(LEXICON.concept("invoice_number").unwrap())), "{tokens:?}");
        }
        assert_eq!(LEXICON.labels.matches(["zzz"]).count(), 0);
    }

    #[test]
    fn fields_are_recognised_by_their_names() {
        let names =
            |name: &str| -> Vec<&str> { LEXICON.named(name).iter().map(|&c| LEXICON.name(c)).collect() };
        assert_eq!(names("invoice_number"), ["invoice_number"]);
        assert_eq!(names("Gesamtbetrag"), ["grand_total"]);
        assert!(names("q01").is_empty());
    }
}
