//! Columns of the template, and how well headers name them.

use sheaf_types::{ColumnSpec, FieldKind};

use super::label::Label;
use super::lexicon::{Content, Heading, Lexicon};

/// What a synonym counts against the template's own anchor.
const SYNONYM: f32 = 0.9;
/// What the column's name counts against the template's own anchor.
const NAME: f32 = 0.95;
/// What one of several labels in a cell counts.
const HALF: f32 = 0.95;
/// What a loose match counts where another concept fits the header better.
const CONTESTED: f32 = 0.4;

/// A column of the template as headers are compared with it.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) kind: FieldKind,
    /// Its concept's place in the lexicon.
    concept: Option<usize>,
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

    /// Whether it has a meaning that the lexicon knows.
    pub(super) fn is_known(&self) -> bool {
        self.concept.is_some()
    }

    /// What stands in the column.
    pub(super) fn content(&self) -> Content {
        match self.concept.map(|concept| Lexicon::get().content(concept)) {
            Some(content) if self.kind != FieldKind::Text || !content.is_numeric() => content,
            _ => Content::of_kind(self.kind),
        }
    }

    /// Whether it is the column of this concept.
    pub(super) fn is(&self, concept: &str) -> bool {
        self.concept.is_some_and(|c| Lexicon::get().name(c) == concept)
    }

    /// How well a header names this column, 0 to 1; of a bilingual one ("Menge / Qty"), the better half.
    pub(super) fn affinity(&self, heading: &Heading) -> f32 {
        let halves = heading.halves.iter().map(|half| HALF * self.affinity_of(half));
        halves.fold(self.affinity_of(heading), f32::max)
    }

    /// The template's anchors come first, then the column's name, then the synonyms of its concept.
    fn affinity_of(&self, heading: &Heading) -> f32 {
        let printed = &heading.label;
        let anchor = self.anchors.iter().map(|anchor| printed.similarity(anchor)).fold(0.0, f32::max);
        if anchor >= 1.0 {
            return 1.0;
        }
        let money = self.kind == FieldKind::Currency || self.content() == Content::Money;
        if printed.percent && money {
            return 0.0;
        }
        let name = NAME * printed.similarity(&self.name);
        let (synonym, exact) = self.concept.map_or((0.0, false), |concept| heading.matches[concept]);
        let best = anchor.max(name).max(SYNONYM * synonym);
        if exact || name >= NAME {
            return best;
        }
        match heading.concept() {
            Some((other, similarity, other_exact))
                if Some(other) != self.concept && (other_exact || similarity > best) =>
            {
                // Codes stand beside text and look like it.
                let never = Lexicon::get().content(other) == Content::Code && self.content() == Content::Text;
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
                    let affinity = target.affinity(&Heading::new(header));
                    assert!(if i == j { affinity > 0.85 } else { affinity < 0.6 }, "{header}: {affinity}");
                }
            }
        }
    }

    #[test]
    fn codes_are_no_descriptions_and_percentages_no_money() {
        let description = target("description", FieldKind::Text);
        assert!(description.affinity(&Heading::new("Art-Nr.")) < 0.1);
        let total = target("line_total", FieldKind::Currency);
        assert!(total.affinity(&Heading::new("Total %")) < 0.1);
        assert!(total.affinity(&Heading::new("Steuerbetrag")) < 0.45);
    }
}
