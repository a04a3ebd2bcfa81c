//! What columns are called and which lines are no rows: the words of `data/columns.txt`.

use std::sync::LazyLock;

use sheaf_types::{ColumnSpec, FieldKind};

use crate::parse::currency;
use crate::parse::fold::fold;

static LEXICON: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::parse(include_str!("../../../data/columns.txt")));

/// Weight of a label that usually heads another column.
const WEAK: f32 = 0.6;
/// What a synonym counts against the template's own anchor.
const SYNONYM: f32 = 0.9;
/// What the column's name counts against the template's own anchor.
const NAME: f32 = 0.95;
/// What one of several labels in a cell counts.
const HALF: f32 = 0.95;
/// What a loose match counts where another concept fits the header better.
const CONTESTED: f32 = 0.4;

/// Words of the longest label that is known by its start.
const LONGEST_ENDING: usize = 5;

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

/// A label as it is compared: folded words without brackets, currencies and percent signs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Label {
    words: Vec<String>,
    /// The words without blanks.
    tight: String,
    /// Whether a percent sign stood with it.
    pub(super) percent: bool,
    abbreviated: bool,
}

impl Label {
    pub(super) fn new(text: &str) -> Self {
        let percent = text.contains('%');
        let abbreviated = text.trim_end().ends_with('.');
        let bare = without_brackets(text);
        let folded = fold(if bare.chars().any(char::is_alphanumeric) { &bare } else { text }).into_owned();
        let mut words: Vec<String> = folded
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| !w.is_empty())
            .map(str::to_owned)
            .collect();
        while words.len() > 1 && words.last().is_some_and(|w| is_currency(w)) {
            words.pop();
            if words.len() > 1 && words.last().is_some_and(|w| matches!(w.as_str(), "in" | "en")) {
                words.pop();
            }
        }
        if words.len() > 1 && is_currency(&words[0]) {
            words.remove(0);
        }
        let tight = words.concat();
        Self { words, tight, percent, abbreviated }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tight.is_empty()
    }

    /// Letters and digits alone.
    pub(super) fn tight(&self) -> &str {
        &self.tight
    }

    /// How well this label, as printed, says what the known label says: 1 the same, 0 nothing in common.
    ///
    /// A label that ends with a known one is surer than one that starts with it, and surer the less is left over.
    pub(super) fn similarity(&self, known: &Self) -> f32 {
        if self.tight == known.tight {
            return if self.is_empty() { 0.0 } else { 1.0 };
        }
        let (length, known_length) = (self.tight.chars().count(), known.tight.chars().count());
        if known_length < 3 || length < 3 {
            return 0.0;
        }
        let coverage = known_length as f32 / length as f32;
        if self.words.ends_with(&known.words) {
            0.80 + 0.15 * coverage
        } else if self.words.starts_with(&known.words) {
            0.72 + 0.2 * coverage
        } else if self.words.windows(known.words.len()).any(|part| part == known.words) {
            0.6 + 0.2 * coverage
        } else if known_length >= 5 && self.tight.ends_with(&known.tight) {
            // A compound: "Zeilennettobetrag".
            0.6 + 0.2 * coverage
        } else if known.words.len() == 1
            && (length >= 4 || self.abbreviated)
            && known.tight.starts_with(&self.tight)
        {
            0.7
        } else {
            0.0
        }
    }

    /// Whether the words start with the known label; one that is a single word must be all there is.
    fn opens_with(&self, known: &Self) -> bool {
        self.tight == known.tight || known.words.len() > 1 && self.words.starts_with(&known.words)
    }
}

fn is_currency(word: &str) -> bool {
    word == "euro" || word.len() == 3 && currency::code_of(word).is_some()
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .filter(|&c| {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}

/// A concept of columns: what it holds, and its labels.
#[derive(Debug)]
pub(super) struct Concept {
    pub(super) name: String,
    pub(super) content: Content,
    labels: Vec<(Label, f32)>,
}

impl Concept {
    /// The best similarity of the concept's labels, and whether it is a label word for word.
    pub(super) fn similarity(&self, printed: &Label) -> (f32, bool) {
        self.labels.iter().fold((0.0, false), |best, (label, weight)| {
            let similarity = printed.similarity(label);
            let weighted = similarity * weight;
            if weighted > best.0 { (weighted, similarity >= 1.0) } else { best }
        })
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

/// A label of lines that are no rows.
#[derive(Debug)]
struct Ending {
    stop: Stop,
    label: Label,
    weak: bool,
    /// Whether a short text that starts so is one as well.
    open: bool,
}

impl Ending {
    fn likeness(&self, text: &Label) -> Option<Likeness> {
        if text.opens_with(&self.label) {
            return Some(if self.weak { Likeness::Weak } else { Likeness::Label });
        }
        let opens =
            self.open && text.words.len() <= LONGEST_ENDING && text.words.starts_with(&self.label.words);
        opens.then_some(Likeness::Start)
    }
}

/// Concepts of columns and labels of lines.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    concepts: Vec<Concept>,
    stops: Vec<Ending>,
}

impl Lexicon {
    /// The product's own.
    pub(super) fn get() -> &'static Self {
        &LEXICON
    }

    fn parse(text: &str) -> Self {
        let mut lexicon = Self::default();
        let mut stop = None;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(section) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                let mut parts = section.split_whitespace();
                let (sort, name) = (parts.next(), parts.next().unwrap_or_default());
                stop = match (sort, name) {
                    (Some("row"), "subtotal") => Some(Stop::Subtotal),
                    (Some("row"), "total") => Some(Stop::Total),
                    (Some("row"), _) => Some(Stop::End),
                    _ => None,
                };
                if stop.is_none() {
                    let content = Content::from_name(parts.next().unwrap_or_default());
                    lexicon.concepts.push(Concept { name: name.to_owned(), content, labels: Vec::new() });
                }
                continue;
            }
            let Some((_, labels)) = line.split_once(':') else { continue };
            for label in labels.split(',').map(str::trim) {
                let (text, weight) = label.strip_prefix('~').map_or((label, 1.0), |weak| (weak, WEAK));
                let (text, open) = text.strip_prefix('^').map_or((text, false), |open| (open, true));
                match (stop, lexicon.concepts.last_mut()) {
                    (Some(stop), _) => {
                        lexicon.stops.push(Ending {
                            stop,
                            label: Label::new(text),
                            weak: weight < 1.0,
                            open,
                        });
                    }
                    (None, Some(concept)) => concept.labels.push((Label::new(text), weight)),
                    (None, None) => {}
                }
            }
        }
        lexicon
    }

    /// The concept that a printed label names best, with its similarity; whether word for word.
    pub(super) fn concept_of(&self, printed: &Label) -> Option<(&Concept, f32, bool)> {
        let mut best: Option<(&Concept, f32, bool)> = None;
        for concept in &self.concepts {
            let (similarity, exact) = concept.similarity(printed);
            if similarity > best.map_or(0.0, |(_, s, _)| s) {
                best = Some((concept, similarity, exact));
            }
        }
        best
    }

    /// Whether the label is that of some column, word for word.
    pub(super) fn is_column(&self, printed: &Label) -> bool {
        !printed.is_empty()
            && self.concepts.iter().any(|c| c.labels.iter().any(|(label, _)| label.tight == printed.tight))
    }

    /// What a text says about the table, by the label it is most like.
    pub(super) fn stop(&self, text: &str) -> Option<(Stop, Likeness)> {
        // Bilingual labels: "Total net / Subtotal".
        let labels: Vec<Label> = text.split('/').map(Label::new).filter(|label| !label.is_empty()).collect();
        let mut best: Option<(Stop, Likeness)> = None;
        for ending in &self.stops {
            let likeness = labels.iter().filter_map(|label| ending.likeness(label)).max();
            if let Some(likeness) = likeness
                && best.is_none_or(|(_, b)| likeness > b)
            {
                best = Some((ending.stop, likeness));
            }
        }
        best
    }

    fn concept_for(&self, label: &Label, kind: FieldKind) -> Option<&Concept> {
        let mut best: Option<(&Concept, f32)> = None;
        for concept in self.concepts.iter().filter(|c| c.content.suits(kind)) {
            let (similarity, _) = concept.similarity(label);
            // A column that holds what the template asks for is preferred among equals.
            let fit = if concept.content == Content::of_kind(kind) { 0.01 } else { 0.0 };
            if similarity >= 0.8 && similarity + fit > best.map_or(0.0, |(_, s)| s) {
                best = Some((concept, similarity + fit));
            }
        }
        best.map(|(concept, _)| concept)
    }
}

/// A column of the template as headers are compared with it.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) kind: FieldKind,
    pub(super) concept: Option<&'static Concept>,
    anchors: Vec<Label>,
    name: Label,
}

impl Target {
    pub(super) fn new(column: &ColumnSpec) -> Self {
        let lexicon = Lexicon::get();
        let name = Label::new(&column.name.replace('_', " "));
        let anchors: Vec<Label> = column.anchors.iter().map(|anchor| Label::new(anchor)).collect();
        let concept =
            std::iter::once(&name).chain(&anchors).find_map(|label| lexicon.concept_for(label, column.kind));
        Self { kind: column.kind, concept, anchors, name }
    }

    /// What stands in the column.
    pub(super) fn content(&self) -> Content {
        match self.concept {
            Some(concept) if self.kind != FieldKind::Text || !concept.content.is_numeric() => concept.content,
            _ => Content::of_kind(self.kind),
        }
    }

    /// Whether it is the column of this concept.
    pub(super) fn is(&self, concept: &str) -> bool {
        self.concept.is_some_and(|c| c.name == concept)
    }

    /// How well a printed header names this column, 0 to 1; of a bilingual one ("Menge / Qty"), the better half.
    pub(super) fn affinity(&self, printed: &str) -> f32 {
        let whole = self.affinity_of(&Label::new(printed));
        printed
            .split(['/', '|'])
            .filter(|half| half.len() < printed.len())
            .map(|half| HALF * self.affinity_of(&Label::new(half)))
            .fold(whole, f32::max)
    }

    /// The template's anchors come first, then the column's name, then the synonyms of its concept.
    fn affinity_of(&self, printed: &Label) -> f32 {
        let anchor = self.anchors.iter().map(|anchor| printed.similarity(anchor)).fold(0.0, f32::max);
        if anchor >= 1.0 {
            return 1.0;
        }
        let money =
            self.kind == FieldKind::Currency || self.concept.is_some_and(|c| c.content == Content::Money);
        if printed.percent && money {
            return 0.0;
        }
        let name = NAME * printed.similarity(&self.name);
        let (synonym, exact) = self.concept.map_or((0.0, false), |concept| concept.similarity(printed));
        let best = anchor.max(name).max(SYNONYM * synonym);
        if exact || name >= NAME {
            return best;
        }
        match Lexicon::get().concept_of(printed) {
            Some((other, similarity, other_exact))
                if !self.is(&other.name) && (other_exact || similarity > best) =>
            {
                // Codes stand beside text and look like it.
                let never = other.content == Content::Code && self.content() == Content::Text;
                if never { 0.0 } else { best * CONTESTED }
            }
            _ => best,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str, kind: FieldKind) -> Target {
        Target::new(&ColumnSpec {
            name: name.to_owned(),
            kind,
            anchors: Vec::new(),
            description: None,
            enum_values: Vec::new(),
        })
    }

    #[test]
    fn columns_are_known_by_their_names() {
        for (name, kind, concept) in [
            ("description", FieldKind::Text, "description"),
            ("item", FieldKind::Text, "description"),
            ("qty", FieldKind::Number, "quantity"),
            ("hours", FieldKind::Number, "quantity"),
            ("unit_price", FieldKind::Currency, "unit_price"),
            ("amount", FieldKind::Currency, "line_total"),
            ("line_total", FieldKind::Currency, "line_total"),
            ("sku", FieldKind::Text, "code"),
            ("vat_rate", FieldKind::Number, "tax_rate"),
            ("date", FieldKind::Date, "date"),
        ] {
            assert!(target(name, kind).is(concept), "{name}");
        }
        assert!(target("favourite_colour", FieldKind::Text).concept.is_none());
    }

    #[test]
    fn headers_in_seven_languages_name_their_column() {
        let [description, quantity, price, total] = [
            target("description", FieldKind::Text),
            target("quantity", FieldKind::Number),
            target("unit_price", FieldKind::Currency),
            target("line_total", FieldKind::Currency),
        ];
        for headers in [
            ["Description", "Qty", "Unit Price", "Amount"],
            ["Artikelbezeichnung", "Menge", "Einzelpreis (EUR)", "Gesamtpreis €"],
            ["Désignation", "Qté", "P.U. HT", "Total HT"],
            ["Descripción", "Cant.", "Precio unitario", "Importe"],
            ["Descrizione", "Q.tà", "Prezzo unit.", "Importo"],
            ["Omschrijving", "Aantal", "Prijs per stuk", "Bedrag"],
            ["Descrição", "Qtd.", "Preço Unit.", "Total"],
        ] {
            let targets = [&description, &quantity, &price, &total];
            for (i, header) in headers.iter().enumerate() {
                for (j, target) in targets.iter().enumerate() {
                    let affinity = target.affinity(header);
                    assert!(if i == j { affinity > 0.85 } else { affinity < 0.6 }, "{header}: {affinity}");
                }
            }
        }
    }

    #[test]
    fn codes_are_no_descriptions_and_percentages_no_money() {
        let description = target("description", FieldKind::Text);
        assert!(description.affinity("Art-Nr.") < 0.1);
        let total = target("line_total", FieldKind::Currency);
        assert!(total.affinity("Total %") < 0.1);
        assert!(total.affinity("Steuerbetrag") < 0.45);
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
