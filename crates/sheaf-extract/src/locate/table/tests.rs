//! Tables drawn with characters: a character is 5 points wide, a line 12 points high.

use proptest::prelude::*;
use sheaf_types::{
    BoundingBox, ColumnSpec, Document, FieldKind, FieldResult, FieldSpec, FieldValue, Page, Region, Rule,
    TextSource, Word,
};

use super::extract;
use crate::parse::{DecimalMark, Locale};

const WIDTH: f32 = 600.0;
const HEIGHT: f32 = 840.0;

fn boxed(x0: f32, y0: f32, x1: f32, y1: f32) -> BoundingBox {
    BoundingBox { x0: x0 / WIDTH, y0: y0 / HEIGHT, x1: x1 / WIDTH, y1: y1 / HEIGHT }
}

/// A page of the lines of `text`; a line of dashes is a rule.
fn page(number: u32, text: &str) -> Page {
    let mut page = Page {
        number,
        width: WIDTH,
        height: HEIGHT,
        words: Vec::new(),
        rules: Vec::new(),
        warnings: Vec::new(),
        cells: Vec::new(),
    };
    for (row, line) in text.trim_matches('\n').lines().enumerate() {
        let y = 20.0 + 12.0 * row as f32;
        if line.trim().len() > 5 && line.trim().chars().all(|c| c == '-') {
            page.rules.push(Rule { bbox: boxed(0.0, y + 5.0, WIDTH, y + 6.0) });
            continue;
        }
        let mut at = 0;
        for part in line.split(' ') {
            let length = part.chars().count();
            if length > 0 {
                let (x0, x1) = (at as f32 * 5.0, (at + length) as f32 * 5.0);
                page.words.push(Word {
                    text: part.to_owned(),
                    bbox: boxed(x0, y, x1, y + 10.0),
                    confidence: 1.0,
                    font_size: 10.0,
                    bold: false,
                    turn: 0,
                    source: TextSource::Text,
                });
            }
            at += length + 1;
        }
    }
    page
}

fn document(pages: &[&str]) -> Document {
    Document { pages: (1..).zip(pages).map(|(number, text)| page(number, text)).collect() }
}

fn column(name: &str, kind: FieldKind, anchors: &[&str]) -> ColumnSpec {
    ColumnSpec {
        name: name.to_owned(),
        kind,
        anchors: anchors.iter().map(|&a| a.to_owned()).collect(),
        description: None,
        enum_values: Vec::new(),
    }
}

fn table(columns: Vec<ColumnSpec>) -> FieldSpec {
    FieldSpec {
        name: "lines".to_owned(),
        kind: FieldKind::Table,
        anchors: Vec::new(),
        description: None,
        required: false,
        pattern: None,
        enum_values: Vec::new(),
        columns,
        region: None,
    }
}

fn line_items() -> FieldSpec {
    table(vec![
        column("description", FieldKind::Text, &[]),
        column("quantity", FieldKind::Number, &[]),
        column("unit_price", FieldKind::Currency, &[]),
        column("line_total", FieldKind::Currency, &[]),
    ])
}

/// The rows, cells parted by ` | `, absent ones as `-`.
fn rows(result: &FieldResult) -> Vec<String> {
    let Some(FieldValue::Rows(rows)) = &result.value else { return Vec::new() };
    rows.iter()
        .map(|row| {
            let cells: Vec<&str> = row.values().map(|value| value.as_deref().unwrap_or("-")).collect();
            cells.join(" | ")
        })
        .collect()
}

#[track_caller]
fn check(field: &FieldSpec, pages: &[&str], expected: &[&str]) -> FieldResult {
    let locale = Locale { decimal: DecimalMark::Point, ..Locale::default() };
    let document = document(pages);
    let result = extract(&document, field, &locale);
    assert_eq!(rows(&result), expected);
    assert_grounded(&document, &result);
    result
}

/// Every value has a source, and the words under its box contain it.
fn assert_grounded(document: &Document, result: &FieldResult) {
    let Some(FieldValue::Rows(rows)) = &result.value else {
        assert!(result.cells.is_none() && result.page.is_none() && result.confidence == 0.0);
        return;
    };
    let cells = result.cells.as_ref().unwrap();
    assert_eq!(rows.len(), cells.len());
    for (row, cells) in rows.iter().zip(cells) {
        assert!(row.values().any(Option::is_some));
        for (column, value) in row {
            let Some(cell) = cells.get(column) else {
                assert!(value.is_none());
                continue;
            };
            assert!(value.is_some() && (0.0..=1.0).contains(&cell.confidence));
            let page = &document.pages[cell.provenance.page as usize - 1];
            let under = page.words.iter().filter(|word| cell.provenance.bbox.contains(word.bbox, 1e-4));
            let under: Vec<&str> = under.map(|word| word.text.as_str()).collect();
            for word in cell.provenance.source.split(' ') {
                assert!(under.iter().any(|text| text.contains(word)), "{word} in {under:?}");
            }
        }
    }
}

#[test]
fn a_plain_table_is_read_with_the_place_of_every_cell() {
    let result = check(
        &line_items(),
        &["
Invoice 2024-17

Description                    Qty    Unit price      Amount
Copy paper, 80 g                10          4.50       45.00
Desk lamp                        2         31.25       62.50

Total                                                 107.50
"],
        &["Copy paper, 80 g | 10 | 4.50 | 45.00", "Desk lamp | 2 | 31.25 | 62.50"],
    );
    assert_eq!(result.source.as_deref(), Some("Copy paper, 80 g 10 4.50 45.00"));
    assert_eq!(result.page, Some(1));
    let bbox = result.bbox.unwrap();
    assert!((bbox.y0 * HEIGHT - 56.0).abs() < 0.1 && (bbox.y1 * HEIGHT - 78.0).abs() < 0.1);
    assert!(result.confidence > 0.9);
}

#[test]
fn headers_in_other_languages_and_a_decimal_comma_are_understood() {
    let document = document(&["
Pos  Bezeichnung                    Menge   Einzelpreis   Gesamtpreis
1    Druckerpapier                10 Stk.         4,50         45,00
2    Lagerregal                    1 Stk.     1.250,00      1.250,00
     Nettobetrag                                            1.295,00
"]);
    let locale = Locale { decimal: DecimalMark::Comma, ..Locale::default() };
    let result = extract(&document, &line_items(), &locale);
    assert_eq!(rows(&result), ["Druckerpapier | 10 | 4.50 | 45.00", "Lagerregal | 1 | 1250.00 | 1250.00"]);
    assert_grounded(&document, &result);
}

#[test]
fn a_label_means_the_column_that_leaves_the_others_their_best() {
    check(
        &line_items(),
        &["
Amount    Product                 VAT     Price     Total
2.00      Balloons, red            19%     0.80      1.60
10.00     Ribbon                   19%     0.25      2.50
"],
        &["Balloons, red | 2.00 | 0.80 | 1.60", "Ribbon | 10.00 | 0.25 | 2.50"],
    );
}

/// Columns whose names no lexicon knows, around one that it does.
fn voyages() -> Vec<ColumnSpec> {
    vec![
        column("vessel", FieldKind::Text, &[]),
        column("master", FieldKind::Text, &[]),
        column("tide", FieldKind::Number, &[]),
    ]
}

#[test]
fn columns_that_no_label_names_are_taken_in_their_order() {
    let mut columns = voyages();
    columns.insert(1, column("date", FieldKind::Date, &[]));
    columns.push(column("amount", FieldKind::Currency, &[]));
    let page = "
Boat             Date          Skipper         Draught     Amount
Heron            2024-05-03    A. Lindqvist        3.5      45.00
Sandpiper        2024-05-04    B. Moreau           2.1      62.50

Total                                                      107.50
";
    let result = check(
        &table(columns.clone()),
        &[page],
        &[
            "Heron | 2024-05-03 | A. Lindqvist | 3.5 | 45.00",
            "Sandpiper | 2024-05-04 | B. Moreau | 2.1 | 62.50",
        ],
    );
    let cells = &result.cells.as_ref().unwrap()[0];
    assert!(cells["tide"].confidence < cells["amount"].confidence - 0.1);
    // One column more than the page has between two that are known: which is missing, nobody can say.
    columns.insert(2, column("owner", FieldKind::Text, &[]));
    check(
        &table(columns),
        &[page],
        &["Heron | 2024-05-03 | - | - | - | 45.00", "Sandpiper | 2024-05-04 | - | - | - | 62.50"],
    );
}

#[test]
fn a_table_that_was_drawn_is_found_whatever_its_header_says() {
    let page = "
Arrivals         2024

Boat             Skipper         Draught
Heron            A. Lindqvist        3.5
Sandpiper        B. Moreau           2.1


Signed by the harbour master of the northern basin on the first day of the month

Berth            Keeper          Fee
North            C. Otieno           7.0
South            D. Novak            8.0
";
    let mut field = table(voyages());
    check(&field, &[page], &[]);
    field.region = Some(Region { page: 1, bbox: boxed(0.0, 40.0, 300.0, 78.0) });
    let result = check(&field, &[page], &["Heron | A. Lindqvist | 3.5", "Sandpiper | B. Moreau | 2.1"]);
    assert!(result.confidence < 0.75, "somebody has to look: {}", result.confidence);
    field.region = Some(Region { page: 1, bbox: boxed(0.0, 130.0, 300.0, 190.0) });
    check(&field, &[page], &["North | C. Otieno | 7.0", "South | D. Novak | 8.0"]);
}

#[test]
fn of_two_tables_with_the_same_columns_the_drawn_one_is_read() {
    let page = "
Item             Quantity     Price     Total
Rope                    2      4.00      8.00
Chain                   1      9.00      9.00

Returned goods

Item             Quantity     Price     Total
Buoy                    3      5.00     15.00
";
    let mut field = line_items();
    field.region = Some(Region { page: 1, bbox: boxed(0.0, 80.0, 300.0, 120.0) });
    check(&field, &[page], &["Buoy | 3 | 5.00 | 15.00"]);
}

#[test]
fn the_templates_own_anchors_name_columns_that_nobody_else_knows() {
    let field = table(vec![
        column("cargo", FieldKind::Text, &["Manifest entry"]),
        column("crates", FieldKind::Number, &["Crates"]),
    ]);
    check(
        &field,
        &["
Manifest entry            Crates
Apples                        12
Pears, green                   7
"],
        &["Apples | 12", "Pears, green | 7"],
    );
}

#[test]
fn columns_of_any_kind_are_read() {
    let mut field = table(vec![
        column("employee", FieldKind::Text, &[]),
        column("date", FieldKind::Date, &[]),
        column("status", FieldKind::Enum, &[]),
    ]);
    field.columns[2].enum_values = vec!["OPEN".to_owned(), "DONE".to_owned()];
    check(
        &field,
        &["
Employee           Date           Status
Ada Lovelace       2024-03-01     done
Alan Turing        2024-03-02     open
"],
        &["Ada Lovelace | 2024-03-01 | DONE", "Alan Turing | 2024-03-02 | OPEN"],
    );
}

#[test]
fn text_that_wraps_is_joined_and_details_are_left_out() {
    check(
        &line_items(),
        &["
Description                    Qty    Unit price      Amount
Extension cable with four        1         12.00       12.00
sockets
Desk lamp                        2         31.25       62.50
Colour: red
Serial no. 1
"],
        &["Extension cable with four sockets | 1 | 12.00 | 12.00", "Desk lamp | 2 | 31.25 | 62.50"],
    );
}

#[test]
fn cells_of_a_row_may_stand_on_different_lines() {
    check(
        &line_items(),
        &["
Pos  Description               Unit price     Qty          Amount
     Pork steak                      5.50    4 kg
                                                            22.00
1    Delivered later.

     Yoghurt                         0.55   10 pc
                                                             5.50
2    Chilled.
"],
        &["Pork steak | 4 | 5.50 | 22.00", "Yoghurt | 10 | 0.55 | 5.50"],
    );
}

#[test]
fn a_stacked_header_is_one_header() {
    check(
        &line_items(),
        &["
     Art-Nr-Kunde                                             Positions-
     Art-Nr-Lief.                                                 betrag
Pos               Beschreibung      Preis      Menge  USt.
     Art-Nr                                                         ohne
     (Art)                                                          USt.
1    A-17         Toolbox           10.00     10 Stk  19 %        100.00
"],
        &["Toolbox | 10 | 10.00 | 100.00"],
    );
}

#[test]
fn labels_one_blank_apart_are_parted() {
    check(
        &line_items(),
        &["
Description          Qty Unit price Amount
Desk lamp              2      31.25  62.50
Chair                  1      80.00  80.00
"],
        &["Desk lamp | 2 | 31.25 | 62.50", "Chair | 1 | 80.00 | 80.00"],
    );
}

#[test]
fn a_table_goes_on_over_pages_without_what_is_carried_over() {
    let first = "
Description                    Qty    Unit price      Amount
Copy paper                      10          4.50       45.00
Carried forward                                        45.00
";
    let again = "
Brought forward                                        45.00
Desk lamp                        2         31.25       62.50
Total                                                 107.50
";
    let expected = ["Copy paper | 10 | 4.50 | 45.00", "Desk lamp | 2 | 31.25 | 62.50"];
    check(&line_items(), &[first, again], &expected);
    let header = "Description                    Qty    Unit price      Amount\n";
    let result = check(&line_items(), &[first, &format!("{header}{again}")], &expected);
    assert_eq!(result.cells.unwrap()[1]["line_total"].provenance.page, 2);
}

#[test]
fn rows_at_the_same_height_of_two_pages_are_no_running_heads() {
    let page = |quantity: u32| {
        format!(
            "
Description                    Qty    Unit price      Amount
Copy paper                       {quantity}          4.50      {}.00
",
            quantity * 45 / 10
        )
    };
    check(
        &line_items(),
        &[&page(2), &page(4)],
        &["Copy paper | 2 | 4.50 | 9.00", "Copy paper | 4 | 4.50 | 18.00"],
    );
}

#[test]
fn totals_sections_and_allowances_are_no_rows() {
    check(
        &line_items(),
        &["
Description                    Qty    Unit price      Amount
Kitchen
Faucet                           1        185.00      185.00
Subtotal                                              185.00
Bathroom
Taxi to the site                 2         20.00       40.00
less 10 % discount                                     -4.00
Subtotal                                               36.00
Total                                                 221.00
VAT 20 %                                               44.20
"],
        &["Faucet | 1 | 185.00 | 185.00", "Taxi to the site | 2 | 20.00 | 40.00"],
    );
    // Labels of totals side by side, the amounts below them.
    check(
        &line_items(),
        &["
Description                    Qty    Unit price      Amount
Faucet                           1        185.00      185.00

Subtotal                VAT (20 %)                     Total
185.00                       37.00                    222.00
"],
        &["Faucet | 1 | 185.00 | 185.00"],
    );
}

#[test]
fn a_column_without_a_known_label_is_found_by_arithmetic() {
    check(
        &line_items(),
        &["
Description                 Spent    Unit price      Amount
Concept                      18.5         72.00    1,332.00
Illustration                    9         85.00      765.00
"],
        &["Concept | 18.5 | 72.00 | 1332.00", "Illustration | 9 | 85.00 | 765.00"],
    );
}

#[test]
fn of_several_numbers_in_a_cell_the_one_that_multiplies_is_taken() {
    check(
        &line_items(),
        &["
Description                    Qty    Unit price      Amount
------------------------------------------------------------
                                    Gross: 65.00
Support                          2  Rebate: 5.00      120.00
                                      Net: 60.00
------------------------------------------------------------
"],
        &["Support | 2 | 60.00 | 120.00"],
    );
}

#[test]
fn a_receipt_without_a_header_is_read_where_it_adds_up() {
    check(
        &line_items(),
        &["
      Corner Shop
      12 High Street
----------------------------------
Oat milk
  2 x 1.95                   3.90
Rye bread                    4.20
----------------------------------
Total                        8.10
"],
        &["Oat milk | 2 | 1.95 | 3.90", "Rye bread | - | - | 4.20"],
    );
    check(
        &line_items(),
        &["
1 Oat milk                   3.90
2 Rye                        4.20
  bread
Total                        8.10
"],
        &["Oat milk | 1 | - | 3.90", "Rye bread | 2 | - | 4.20"],
    );
}

#[test]
fn nothing_is_made_up_where_there_is_no_table() {
    for text in [
        "",
        "Description Quantity Price Amount",
        "
The description of the goods and the amount to be paid for them
are laid down in section 4 of 17 March 2013.
",
        "
Date        Amount or thing of value
Signed on behalf of the company on                 17
",
        "
Oat milk                   3.90
Rye bread                  4.20
Total                      9.99
",
    ] {
        let result = check(&line_items(), &[text], &[]);
        assert!(result.value.is_none() && result.method.is_none());
    }
    check(&table(Vec::new()), &["Description   Amount\nLamp   3.00"], &[]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_page_of_words_ends_in_grounded_cells(
        lines in proptest::collection::vec(
            "( {0,9}(Description|Menge|Price|Total|Amount|VAT|Lamp|of the|2|3.50|7,00|-1|€|19 %|[a-zé0-9.,:%-]{1,9})){0,7}",
            0..14,
        ),
        comma: bool,
    ) {
        let text = lines.join("\n");
        let document = document(&[&text, &text]);
        let decimal = if comma { DecimalMark::Comma } else { DecimalMark::Point };
        let locale = Locale { decimal, ..Locale::default() };
        let result = extract(&document, &line_items(), &locale);
        assert_grounded(&document, &result);
        prop_assert_eq!(&result, &extract(&document, &line_items(), &locale));
    }
}
