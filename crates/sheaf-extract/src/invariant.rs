//! What must hold for every document and template: the grounding invariant.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use sheaf_types::{BoundingBox, Document, FieldValue, Page, Rule, TemplateSpec, TextSource, Word};

use crate::locate::field::Field;
use crate::locate::labels::Labels;
use crate::locate::layout::Layout;
use crate::locate::profile::locale_of;
use crate::parse;
use crate::{extract, grid};

/// Words that real documents are made of, and some that none should be.
fn any_text() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "Invoice",
        "No.",
        "Total",
        "Total:",
        "Date",
        "Due",
        "Rechnung",
        "vom",
        "Nr.",
        "Bill",
        "to",
        "Seller",
        "GmbH",
        "Inc.",
        "Name:",
        "€",
        "$",
        "EUR",
        "VAT",
        "21%",
        "on",
        "between",
        "laws",
        "of",
        "Delaware",
        "two",
        "(2)",
        "years",
        "March",
        "5th",
        "2020",
        "-",
        "12/03/2020",
        "2020-03-12",
        "1.234,50",
        "$1,234.50",
        "(12.00)",
        "12,-",
        "1",
        "234",
        "567,89",
        "A-4711",
        "#12",
        "n°562",
        "www.example.org",
        "a@b.example",
        "\u{fffd}",
        "ﬁn",
        "Größe",
        "١٢",
        "–",
        "(",
        ")",
        ":",
        "19:00",
        "Feb13/20",
        "01/02/20-02/03/20",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[^\\s\\p{C}]{1,8}"]
}

fn any_word() -> impl Strategy<Value = Word> {
    // Mostly on a grid, as print is; sometimes anywhere and of any size.
    let grid = (0u8..12, 0u8..25).prop_map(|(x, y)| {
        let (x0, y0) = (f32::from(x) * 0.08, f32::from(y) * 0.04);
        BoundingBox { x0, y0, x1: x0 + 0.06, y1: y0 + 0.02 }
    });
    let anywhere = (-0.5f32..1.5, -0.5f32..1.5, 0.0f32..1.0, 0.0f32..0.2)
        .prop_map(|(x, y, w, h)| BoundingBox { x0: x, y0: y, x1: x + w, y1: y + h });
    let bbox = prop_oneof![5 => grid, 1 => anywhere];
    (any_text(), bbox, 0.0f32..40.0, any::<bool>(), 0u8..5, 0.0f32..1.0).prop_map(
        |(text, bbox, font_size, bold, turn, confidence)| Word {
            text,
            bbox,
            confidence,
            font_size,
            bold,
            // Nearly all words are upright.
            turn: turn.saturating_sub(3),
            source: TextSource::Text,
        },
    )
}

fn any_document() -> impl Strategy<Value = Document> {
    let page =
        (prop::collection::vec(any_word(), 0..60), prop::collection::vec(any_word(), 0..4), 0.0f32..900.0)
            .prop_map(|(words, rules, height)| Page {
                number: 0,
                width: 600.0,
                height,
                words,
                rules: rules.into_iter().map(|word| Rule { bbox: word.bbox }).collect(),
                warnings: Vec::new(),
                cells: Vec::new(),
            });
    prop::collection::vec(page, 0..3).prop_map(|mut pages| {
        for (number, page) in (1..).zip(&mut pages) {
            page.number = number;
        }
        Document { pages }
    })
}

fn any_template() -> impl Strategy<Value = TemplateSpec> {
    let name = prop::sample::select(vec![
        "invoice_number",
        "invoice_date",
        "due_date",
        "seller_name",
        "buyer_name",
        "net_total",
        "tax_total",
        "grand_total",
        "amount_due",
        "flight_from",
        "flight_to",
        "party",
        "term",
        "jurisdiction",
        "effective_date",
        "signer_name",
        "q01",
    ]);
    let kind = prop::sample::select(vec!["text", "number", "date", "currency", "enum", "table"]);
    let anchor = prop::option::of(prop::sample::select(vec![
        "Total", "Date", "No.", "Bill to", "Name:", "#", "between",
    ]));
    let pattern = prop::option::weighted(0.1, prop::sample::select(vec!["[0-9]+", "^A", "."]));
    let region = prop::option::weighted(0.1, Just(json!({"page": 1, "bbox": [0.1, 0.1, 0.6, 0.6]})));
    let field = (name, kind, anchor, pattern, region);
    (prop::collection::vec(field, 1..8), prop::option::of(prop::sample::select(vec!["en-US", "de-DE", "fr"]))).prop_map(
        |(specs, locale)| {
            let fields: Vec<Value> = specs
                .into_iter()
                .enumerate()
                .map(|(index, (name, kind, anchor, pattern, region))| {
                    let mut field = json!({"name": name, "type": kind, "anchor": anchor, "pattern": pattern, "region": region});
                    if index > 0 {
                        field["name"] = json!(format!("{name}_{index}"));
                    }
                    if kind == "enum" {
                        field["enum_values"] = json!(["EUR", "USD", "Total"]);
                    }
                    if kind == "table" {
                        field["columns"] = json!([
                            {"name": "description", "type": "text", "anchor": "Invoice"},
                            {"name": "quantity", "type": "number"},
                            {"name": "total", "type": "currency"},
                        ]);
                        field["pattern"] = Value::Null;
                    }
                    field
                })
                .collect();
            TemplateSpec::from_json(&json!({"name": "t", "locale": locale, "fields": fields})).unwrap()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The grounding invariant: a value that is not null stands on its page under its box, and is the parse of its source.
    #[test]
    fn every_value_is_the_parse_of_what_stands_under_its_box(document in any_document(), template in any_template()) {
        let results = extract(&document, &template);
        prop_assert_eq!(&results, &extract(&document, &template));
        prop_assert_eq!(results.len(), template.fields.len());
        let layout = Layout::new(&document);
        let labels = Labels::new(&template);
        let locale = locale_of(&layout, &labels, template.locale.as_deref());
        let fields = Field::all(&template);
        for ((result, field), asked) in results.iter().zip(&template.fields).zip(&fields) {
            prop_assert_eq!(&result.name, &field.name);
            prop_assert!((0.0..=1.0).contains(&result.confidence));
            match &result.value {
                None => prop_assert_eq!((result.confidence, result.method, &result.source), (0.0, None, &None)),
                Some(FieldValue::Scalar(value)) => {
                    let source = result.source.as_deref().unwrap();
                    let parsed = asked.read(source, &locale);
                    prop_assert_eq!(parsed.map(|p| p.value), Some(value.clone()));
                    prop_assert!(stands_at(&document, source, result.page.unwrap(), result.bbox.unwrap()));
                }
                Some(FieldValue::Rows(rows)) => {
                    let cells = result.cells.as_ref().unwrap();
                    prop_assert_eq!(rows.len(), cells.len());
                    for (row, cells) in rows.iter().zip(cells) {
                        for column in &field.columns {
                            let Some(value) = &row[&column.name] else {
                                prop_assert!(!cells.contains_key(&column.name));
                                continue;
                            };
                            let place = &cells[&column.name].provenance;
                            let parsed = parse::value(column.kind, &place.source, &locale, &column.enum_values);
                            prop_assert_eq!(parsed.map(|p| p.value), Some(value.clone()));
                            prop_assert!(stands_at(&document, &place.source, place.page, place.bbox));
                        }
                    }
                }
            }
        }
    }

    /// A table's cells stand on their page under their boxes, within the table, and no two at one place.
    #[test]
    fn every_cell_stands_under_its_box_and_within_its_table(document in any_document()) {
        let grids = grid::tables(&document);
        prop_assert_eq!(&grids, &grid::tables(&document));
        for grid in &grids {
            prop_assert!((0.0..=1.0).contains(&grid.score));
            prop_assert!(!grid.cells.is_empty());
            let mut taken = HashSet::new();
            for cell in &grid.cells {
                prop_assert!(stands_at(&document, &cell.text, grid.page, cell.bbox));
                prop_assert!(grid.bbox.contains(cell.bbox, 1e-4));
                prop_assert!(cell.row + cell.row_span <= grid.rows && cell.column + cell.column_span <= grid.columns);
                prop_assert!(cell.row_span > 0 && cell.column_span > 0);
                prop_assert!(taken.insert((cell.row, cell.column)));
            }
        }
    }
}

/// Whether the words under a box on a page hold every part of a source.
fn stands_at(document: &Document, source: &str, page: u32, bbox: BoundingBox) -> bool {
    let Some(page) = document.pages.iter().find(|candidate| candidate.number == page) else { return false };
    let under: Vec<&Word> = page.words.iter().filter(|word| bbox.contains(word.bbox, 1e-4)).collect();
    source.split(' ').all(|part| under.iter().any(|word| word.text.contains(part)))
}
