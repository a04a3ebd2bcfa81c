//! What a field of a template asks for, worked out once: which labels it listens to and how much, what its values look
//! like, and which end of a range it wants.

use regex::Regex;
use sheaf_types::template::compile_pattern;
use sheaf_types::{FieldKind, FieldSpec, Region, TemplateSpec};

use super::ends::end_of;
use super::marks::TickBox;
use crate::lexicon::{ConceptId, Key, LEXICON, Shape};
use crate::parse::fold::words;
use crate::parse::form::Form;
use crate::parse::{self, Locale, Parsed, country, duration};

/// A template's own anchors.
const ANCHOR: f32 = 1.0;
/// Synonyms of the concept that the field's name means.
pub(super) const BY_NAME: f32 = 0.96;
/// Synonyms of a concept that the name only ends or starts with.
const BY_PART_OF_NAME: f32 = 0.88;
/// The same where the rest of the name may restrict it: enough to propose a value, not to accept it.
const BY_QUALIFIED_NAME: f32 = 0.55;
/// How sure such a value is at most.
const PROPOSED: f32 = 0.6;
/// Words before a name, and behind one, that do not restrict it.
const PLAIN_BEFORE: [&str; 13] = [
    "supplier", "vendor", "seller", "merchant", "shop", "store", "issuer", "invoice", "bill", "receipt",
    "document", "our", "the",
];
const PLAIN_BEHIND: [&str; 8] = ["name", "value", "text", "field", "eur", "usd", "gbp", "iso"];
/// Words of names that say whose a value is.
const BUYER: [&str; 7] = ["buyer", "customer", "client", "recipient", "kunde", "kaeufer", "cliente"];
/// Synonyms of a concept that the description or an anchor means.
const BY_DESCRIPTION: f32 = 0.86;

/// Which end of a range of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    First,
    Last,
}

/// A field, ready to be looked for.
#[derive(Debug)]
pub(crate) struct Field<'t> {
    pub(crate) spec: &'t FieldSpec,
    pub(crate) shape: Shape,
    /// What it listens to and how much, 0 to 1.
    keys: Vec<(Key, f32)>,
    /// The concept that its name means.
    pub(crate) concept: Option<ConceptId>,
    pub(crate) end: Option<End>,
    /// The form of its values, where its name asks for one and no pattern says it better.
    pub(crate) form: Option<Form>,
    pub(crate) pattern: Option<Regex>,
    pub(crate) region: Option<Region>,
    /// Where a lesson says that it stands on this document.
    pub(crate) taught: Option<Region>,
    /// A seller's name in a template that asks for no buyer: receipts have none.
    pub(crate) only_party: bool,
    /// A total in a template that also asks for what is due of it.
    pub(crate) has_due: bool,
    /// Its name says that it is the buyer's.
    pub(crate) asks_for_buyer: bool,
    /// One of its anchors asks for a day.
    pub(crate) asks_for_date: bool,
    /// The words of its anchors, of one anchor each.
    anchor_words: Vec<Vec<String>>,
}

impl<'t> Field<'t> {
    /// The fields of a template in its order.
    pub(crate) fn all(template: &'t TemplateSpec) -> Vec<Self> {
        let mut fields: Vec<Self> =
            (0u16..).zip(&template.fields).map(|(index, spec)| Self::new(index, spec)).collect();
        let buyer = fields.iter().any(|field| field.is("buyer"));
        let due = fields.iter().any(|field| field.is("amount_due"));
        for field in &mut fields {
            field.only_party = !buyer && field.is("seller");
            field.has_due = due && field.is("grand_total");
        }
        fields
    }

    fn new(index: u16, spec: &'t FieldSpec) -> Self {
        let (concepts, end) = concepts_and_end(spec);
        let mut keys = vec![(Key::Field(index), ANCHOR)];
        keys.extend(concepts.iter().map(|&(concept, weight)| (Key::Concept(concept), weight)));
        let concept = meant(&concepts);
        // What only an anchor or a description tells is enough to look for numbers and addresses, not for names.
        let shape = concepts.first().map(|&(c, weight)| (LEXICON.shape(c), weight));
        let shape = shape.filter(|&(shape, weight)| {
            weight > BY_DESCRIPTION || matches!(shape, Shape::Code | Shape::Address)
        });
        let mut shape = shape_of(spec.kind, shape.map(|(shape, _)| shape));
        if shape == Shape::Text && concepts.is_empty() && spec.name.ends_with("_name") {
            shape = Shape::Name;
        }
        let anchor_words: Vec<Vec<String>> = spec.anchors.iter().map(|anchor| words(anchor)).collect();
        let is_date = |word: &str| matches!(word, "date" | "dated" | "datum" | "fecha");
        let pattern = spec.pattern.as_deref().and_then(|p| compile_pattern(p).ok());
        let is_formed = spec.kind == FieldKind::Text && pattern.is_none();
        let form = Form::of_name(&spec.name).filter(|_| is_formed);
        if form.is_some() {
            shape = Shape::Code;
        }
        Self {
            spec,
            form,
            shape,
            keys,
            concept,
            end,
            pattern,
            region: spec.region,
            taught: None,
            only_party: false,
            has_due: false,
            asks_for_buyer: spec.name.split('_').any(|word| BUYER.contains(&word)),
            asks_for_date: anchor_words.iter().flatten().any(|word| is_date(word)),
            anchor_words,
        }
    }

    /// A field by itself, whatever its template.
    pub(crate) fn alone(spec: &'t FieldSpec) -> Self {
        Self::new(0, spec)
    }

    /// What a text means as a value of the field; `None` where it is none.
    pub(crate) fn read(&self, source: &str, locale: &Locale) -> Option<Parsed> {
        let mut parsed = parse::value(self.spec.kind, source, locale, &self.spec.enum_values)?;
        if let Some(meant) = self.meant(source) {
            parsed.value = meant;
        }
        // A box that is ticked is what people write into it.
        if self.spec.kind == FieldKind::Text && TickBox::of_sign(source) == Some(TickBox::Ticked) {
            "X".clone_into(&mut parsed.value);
        }
        if let Some(form) = self.form {
            parsed.certain = form.is_certain(source);
        }
        Some(parsed)
    }

    /// What a text means that says it in other words than the field asks for: "2 years" for "two years", "Germany" for "German".
    pub(crate) fn meant(&self, source: &str) -> Option<String> {
        match self.shape {
            Shape::Duration => duration::in_figures(source),
            Shape::Place => country::of_people(source).map(str::to_owned),
            _ => None,
        }
    }

    /// How sure a value may be at most: what only a part of the name asks for is proposed to somebody who knows the rest.
    pub(crate) fn most_confidence(&self, by_own_label: bool) -> f32 {
        let is_sure = by_own_label
            || self
                .keys
                .iter()
                .all(|(key, weight)| matches!(key, Key::Field(_)) || *weight > BY_QUALIFIED_NAME);
        if is_sure { 1.0 } else { PROPOSED }
    }

    /// Where it was shown or drawn.
    pub(crate) fn place(&self) -> Option<Region> {
        self.taught.or(self.region)
    }

    /// How much the field listens to a label; 0 where the label is not its own.
    pub(crate) fn weight(&self, key: Key) -> f32 {
        self.keys.iter().find(|(k, _)| *k == key).map_or(0.0, |&(_, weight)| weight)
    }

    /// The concepts it listens to.
    pub(crate) fn concepts(&self) -> impl Iterator<Item = ConceptId> {
        self.keys.iter().filter_map(|(key, _)| match key {
            Key::Concept(id) => Some(*id),
            Key::Field(_) => None,
        })
    }

    /// Whether these words are no more than some of those of an anchor; those of a question may be an answer that it names.
    pub(crate) fn has_in_anchor(&self, words: &[String]) -> bool {
        let anchors = self.spec.anchors.iter().zip(&self.anchor_words);
        let mut labels = anchors.filter(|(anchor, _)| !anchor.trim_end().ends_with('?'));
        !words.is_empty() && labels.any(|(_, anchor)| words.iter().all(|word| anchor.contains(word)))
    }

    /// Whether its name means this concept.
    pub(crate) fn is(&self, concept: &str) -> bool {
        self.concept.is_some_and(|c| LEXICON.name(c) == concept)
    }
}

/// The words of the name, and which end of a range they or the description ask for.
fn name_and_end(spec: &FieldSpec) -> (String, Option<End>) {
    let mut words: Vec<&str> = spec.name.split('_').filter(|w| !w.is_empty()).collect();
    let mut end = None;
    if spec.kind == FieldKind::Date && words.len() > 1 {
        let at = words.iter().position(|w| end_of(w).is_some());
        if let Some(at) = at {
            end = end_of(words[at]);
            words.remove(at);
            // "period_start_date" is the start of the period, "start_date" that of whatever has one.
            if let Some(("date" | "day", rest)) = words.split_last().map(|(last, rest)| (*last, rest)) {
                words = if rest.is_empty() { vec!["date", "range"] } else { rest.to_vec() };
            }
        }
    }
    (words.join(" "), end)
}

/// Concepts that a field means and whose values are of its kind, the surest first, and which end of a range it asks for.
fn concepts_and_end(spec: &FieldSpec) -> (Vec<(ConceptId, f32)>, Option<End>) {
    let (name, end) = name_and_end(spec);
    let mut concepts = concepts_of(&name, spec);
    concepts.retain(|&(concept, _)| fits(spec.kind, LEXICON.shape(concept)));
    (concepts, end)
}

/// The concept that a field's name means.
fn meant(concepts: &[(ConceptId, f32)]) -> Option<ConceptId> {
    concepts.first().filter(|(_, weight)| *weight >= BY_PART_OF_NAME).map(|&(concept, _)| concept)
}

/// Whether the name of a field means a concept of the lexicon.
pub(crate) fn is_known(spec: &FieldSpec) -> bool {
    meant(&concepts_and_end(spec).0).is_some()
}

/// Whether anchors or a description say more of a field than its name.
pub(crate) fn is_told(spec: &FieldSpec) -> bool {
    !spec.anchors.is_empty() || spec.description.is_some()
}

/// Concepts that a field means, the surest first.
fn concepts_of(name: &str, spec: &FieldSpec) -> Vec<(ConceptId, f32)> {
    let mut found: Vec<(ConceptId, f32)> = Vec::new();
    let named = LEXICON.named(name);
    add(&mut found, named, BY_NAME);
    add(&mut found, LEXICON.named(&spec.name.replace('_', " ")), BY_NAME);
    let meant = if named.is_empty() { rewritten(name) } else { named };
    if found.is_empty() {
        add(&mut found, meant, BY_NAME);
    }
    let is_unknown = meant.is_empty();
    if is_unknown && let Some((concepts, weight)) = concepts_of_part(name, spec) {
        add(&mut found, concepts, weight);
    }
    if let Some(description) = &spec.description {
        let described = words(description);
        let words: Vec<&str> = described.iter().map(String::as_str).collect();
        for things in numbers_of(&words) {
            add(&mut found, LEXICON.named(&format!("{things} number")), BY_DESCRIPTION);
        }
        if is_unknown {
            for length in (2..=6).rev() {
                for phrase in words.windows(length) {
                    add(&mut found, LEXICON.named(&phrase.join(" ")), BY_DESCRIPTION);
                }
            }
        }
    }
    // A description says more than such a name.
    if spec.description.is_none() || found.is_empty() {
        add(&mut found, LEXICON.named_barely(name), BY_PART_OF_NAME);
    }
    // Some call a field as it is printed: "rechnungs_nr". A label may stand for less than its concept ("tip").
    if found.is_empty() {
        let printed = LEXICON.labelled(name).into_iter().filter(|&c| LEXICON.shape(c).is_typed());
        add(&mut found, &printed.collect::<Vec<_>>(), BY_QUALIFIED_NAME);
    }
    for anchor in &spec.anchors {
        add(&mut found, &LEXICON.labelled(anchor), BY_DESCRIPTION);
    }
    found
}

/// Concepts that a name ends with ("supplier_invoice_number") or starts with ("total_amount_2"), and how much they are worth. What
/// the other words may restrict ("previous_balance", "birth_date") is not sure to be meant, unless anchors or a description say more.
fn concepts_of_part(name: &str, spec: &FieldSpec) -> Option<(&'static [ConceptId], f32)> {
    let words: Vec<&str> = name.split(' ').collect();
    let is_told = is_told(spec);
    // A date or an amount is no text with more words around it: "flight_number".
    let suits = |concept: &ConceptId| {
        spec.kind != FieldKind::Text || !matches!(LEXICON.shape(*concept), Shape::Date | Shape::Amount)
    };
    let known = |part: &[&str]| {
        let concepts = LEXICON.named(&part.join(" "));
        (!concepts.is_empty() && concepts.iter().all(suits)).then_some(concepts)
    };
    let ends = (1..words.len()).find_map(|cut| {
        let is_plain = words[..cut].iter().all(|word| PLAIN_BEFORE.contains(word));
        Some((known(&words[cut..])?, if is_plain || is_told { BY_PART_OF_NAME } else { BY_QUALIFIED_NAME }))
    });
    let starts = || {
        (1..words.len()).rev().find_map(|cut| {
            let is_plain = words[cut..]
                .iter()
                .all(|word| PLAIN_BEHIND.contains(word) || word.bytes().all(|b| b.is_ascii_digit()));
            Some((known(&words[..cut]).filter(|_| is_plain || is_told)?, BY_PART_OF_NAME))
        })
    };
    ends.or_else(starts)
}

/// Notes concepts that are not there yet.
fn add(found: &mut Vec<(ConceptId, f32)>, concepts: &[ConceptId], weight: f32) {
    for &concept in concepts {
        if !found.iter().any(|(known, _)| *known == concept) {
            found.push((concept, weight));
        }
    }
}

/// The concepts of a name of two words that is written otherwise: the other way round ("summe_netto"), in one word where a language
/// joins them ("rechnungs_nummer"), or with its number cut short ("rechnungs_nr").
fn rewritten(name: &str) -> &'static [ConceptId] {
    let words: Vec<&str> = name.split(' ').filter(|word| *word != "of").collect();
    let [first, second] = words[..] else { return &[] };
    let mut spellings = vec![
        format!("{second} {first}"),
        format!("{second}{first}"),
        format!("{second}s{first}"),
        format!("{first}{second}"),
    ];
    if matches!(second, "nr" | "no" | "num") {
        spellings.extend(["{} number", "{}nummer", "{}snummer"].map(|form| form.replace("{}", first)));
    }
    spellings.iter().map(|name| LEXICON.named(name)).find(|concepts| !concepts.is_empty()).unwrap_or(&[])
}

/// "Number of the order, contract or invoice": order, contract, invoice.
fn numbers_of<'w>(words: &[&'w str]) -> Vec<&'w str> {
    let Some(at) = words.windows(3).position(|w| matches!(w, ["number" | "no", "of", "the" | "an" | "a"]))
    else {
        return Vec::new();
    };
    words[at + 3..].iter().take(6).take_while(|w| **w != "of").copied().filter(|w| *w != "or").collect()
}

/// Whether values of this kind can look like that.
fn fits(kind: FieldKind, shape: Shape) -> bool {
    match kind {
        FieldKind::Date => shape == Shape::Date,
        FieldKind::Number | FieldKind::Currency => shape == Shape::Amount,
        FieldKind::Text => true,
        FieldKind::Enum => shape == Shape::Text,
        FieldKind::Table => false,
    }
}

fn shape_of(kind: FieldKind, concept: Option<Shape>) -> Shape {
    match kind {
        FieldKind::Date => Shape::Date,
        FieldKind::Number | FieldKind::Currency => Shape::Amount,
        FieldKind::Text => concept.filter(|s| *s != Shape::Other).unwrap_or(Shape::Text),
        FieldKind::Enum | FieldKind::Table => Shape::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn concepts(field: &Value) -> (Vec<&'static str>, Shape, Option<End>) {
        let template = TemplateSpec::from_json(&json!({"name": "t", "fields": [field]})).unwrap();
        let fields = Field::all(&template);
        let field = &fields[0];
        (field.concepts().map(|c| LEXICON.name(c)).collect(), field.shape, field.end)
    }

    #[test]
    fn a_field_is_recognised_by_its_name_its_description_or_its_anchor() {
        assert_eq!(
            concepts(&json!({"name": "invoice_number", "type": "text"})),
            (vec!["invoice_number"], Shape::Code, None)
        );
        assert_eq!(concepts(&json!({"name": "supplier_vat_number", "type": "text"})).0, ["tax_id"]);
        assert_eq!(
            concepts(&json!({"name": "nr", "type": "text", "description": "Number of the order, contract or invoice of a shop"})).0,
            ["order_number", "contract_number", "invoice_number"]
        );
        assert_eq!(
            concepts(&json!({"name": "q1", "type": "currency", "anchor": "Grand total"})).0,
            ["grand_total"]
        );
        assert_eq!(
            concepts(&json!({"name": "q1", "type": "text", "anchor": "Brand:"})).0,
            Vec::<&str>::new()
        );
    }

    #[test]
    fn fields_may_be_called_what_people_call_them() {
        for (name, kind, concept) in [
            ("inv_no", "text", "invoice_number"),
            ("numero_facture", "text", "invoice_number"),
            ("faelligkeit", "date", "due_date"),
            ("issued_on", "date", "invoice_date"),
            ("bruttobetrag", "currency", "grand_total"),
            ("amount", "currency", "grand_total"),
            ("counterparty", "text", "party"),
            ("rechnungs_nr", "text", "invoice_number"),
            ("rechnung_nr", "text", "invoice_number"),
            ("datum_rechnung", "date", "invoice_date"),
            ("summe_netto", "currency", "net_total"),
            ("number_of_order", "text", "order_number"),
            ("total_with_vat", "currency", "grand_total"),
        ] {
            assert_eq!(concepts(&json!({"name": name, "type": kind})).0, [concept], "{name}");
        }
        assert_eq!(concepts(&json!({"name": "date", "type": "date"})).0, ["receipt_date", "invoice_date"]);
        // What says too little within another name, or is something else with it.
        for (name, kind) in [
            ("chassis_number", "text"),
            ("insurance_amount", "currency"),
            ("sender_code", "text"),
            ("flight_number", "text"),
            ("total_weight", "number"),
            ("patient_name", "text"),
        ] {
            assert_eq!(concepts(&json!({"name": name, "type": kind})).0, Vec::<&str>::new(), "{name}");
        }
    }

    #[test]
    fn the_kind_of_the_field_rules_out_concepts_of_another_kind() {
        assert_eq!(concepts(&json!({"name": "invoice_number", "type": "date"})).0, Vec::<&str>::new());
        assert_eq!(concepts(&json!({"name": "total", "type": "currency"})).1, Shape::Amount);
    }

    #[test]
    fn the_name_says_which_end_of_a_range_is_wanted() {
        assert_eq!(
            concepts(&json!({"name": "flight_from", "type": "date"})),
            (vec!["flight"], Shape::Date, Some(End::First))
        );
        assert_eq!(concepts(&json!({"name": "period_end_date", "type": "date"})).2, Some(End::Last));
        assert_eq!(
            concepts(&json!({"name": "start_date", "type": "date"})),
            (vec!["period", "flight", "effective_date"], Shape::Date, Some(End::First))
        );
        assert_eq!(concepts(&json!({"name": "invoice_date", "type": "date"})).2, None);
    }
}
