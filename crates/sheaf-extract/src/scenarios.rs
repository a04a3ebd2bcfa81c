//! The engine's rules, each on a small document laid out in text.

use serde_json::{Value, json};
use sheaf_types::{FieldResult, FieldValue, Method, PageWarning, ReviewReason, TemplateSpec};

use crate::extract;
use crate::locate::sample::{page, pages};

fn template(json: &Value) -> TemplateSpec {
    TemplateSpec::from_json(json).unwrap()
}

/// A template of fields given as (name, type, anchors).
fn fields(specs: &[(&str, &str, &[&str])]) -> TemplateSpec {
    let fields: Vec<Value> = specs
        .iter()
        .map(|(name, kind, anchors)| {
            let mut field = json!({"name": name, "type": kind});
            if !anchors.is_empty() {
                field["anchor"] = json!(anchors);
            }
            if *kind == "enum" {
                field["enum_values"] = json!(["EUR", "USD", "GBP"]);
            }
            field
        })
        .collect();
    template(&json!({"name": "t", "fields": fields}))
}

fn value(result: &FieldResult) -> &str {
    match &result.value {
        Some(FieldValue::Scalar(value)) => value,
        _ => "",
    }
}

/// The values found for fields on a page, in the order of the fields.
fn values(lines: &[&str], specs: &[(&str, &str, &[&str])]) -> Vec<String> {
    extract(&page(lines), &fields(specs)).iter().map(|r| value(r).to_owned()).collect()
}

#[test]
fn a_value_stands_right_of_its_label_on_its_line_or_below_it() {
    let lines = [
        "Brand: North Star          Colour       Weight",
        "Serial 55-A                deep blue    12 kg",
        "",
        "Remarks",
        "handle with care",
    ];
    let specs: [(&str, &str, &[&str]); 5] = [
        ("q1", "text", &["Brand"]),
        ("q2", "text", &["Colour:"]),
        ("q3", "text", &["Serial"]),
        ("q4", "text", &["Remarks"]),
        ("q5", "text", &["Weight"]),
    ];
    assert_eq!(values(&lines, &specs), ["North Star", "deep blue", "55-A", "handle with care", "12 kg"]);
}

#[test]
fn the_longest_label_owns_the_value() {
    let lines = ["Account Executive   Jane Roe", "Account             4711"];
    assert_eq!(values(&lines, &[("account", "text", &["Account"])]), ["4711"]);
}

#[test]
fn labels_of_other_things_count_against() {
    let lines = ["Print Date  01/02/2020   Invoice Date  03/04/2020   Due Date  05/06/2020"];
    let specs: [(&str, &str, &[&str]); 2] = [("invoice_date", "date", &[]), ("due_date", "date", &[])];
    let spec = fields(&specs);
    let mut spec = spec;
    spec.locale = Some("en-US".to_owned());
    let results = extract(&page(&lines), &spec);
    assert_eq!([value(&results[0]), value(&results[1])], ["2020-03-04", "2020-05-06"]);
}

#[test]
fn fields_are_found_without_anchors_in_seven_languages() {
    let specs: [(&str, &str, &[&str]); 3] =
        [("invoice_number", "text", &[]), ("invoice_date", "date", &[]), ("grand_total", "currency", &[])];
    for lines in [
        ["Invoice No. A-1001", "Invoice date: 5 March 2021", "Total due   $ 1,200.50"],
        ["Rechnungsnummer A-1001", "Rechnungsdatum: 5. März 2021", "Gesamtbetrag   1.200,50 €"],
        ["Facture n° A-1001", "Date de facture : 5 mars 2021", "Total TTC   1 200,50 €"],
        ["Factura nº A-1001", "Fecha de factura: 5 de marzo de 2021", "Importe total   1.200,50 €"],
        ["Fattura n. A-1001", "Data fattura: 5 marzo 2021", "Totale fattura   1.200,50 €"],
        ["Factuurnummer A-1001", "Factuurdatum: 5 maart 2021", "Totaalbedrag   € 1.200,50"],
        ["Fatura n.º A-1001", "Data da fatura: 5 de março de 2021", "Total a pagar   1.200,50 €"],
    ] {
        assert_eq!(values(&lines, &specs), ["A-1001", "2021-03-05", "1200.50"], "{lines:?}");
    }
}

#[test]
fn the_documents_title_decides_between_competing_numbers() {
    let lines = |title: &'static str| [title, "", "Invoice # 9001-1     Order # 9001"];
    let spec = template(&json!({"name": "t", "fields": [{"name": "document_num", "type": "text",
        "description": "Number of the order or invoice of the shop"}]}));
    for (title, expected) in [("INVOICE", "9001-1"), ("ORDER", "9001")] {
        let results = extract(&page(&lines(title)), &spec);
        assert_eq!(value(&results[0]), expected, "{title}");
    }
}

#[test]
fn a_pair_of_dates_comes_from_one_range() {
    let lines = ["Flight Dates   03/09/20 - 03/17/20", "Week           03/01/20 - 03/08/20"];
    let specs: [(&str, &str, &[&str]); 2] =
        [("flight_from", "date", &["Flight Dates"]), ("flight_to", "date", &["Flight Dates"])];
    assert_eq!(values(&lines, &specs), ["2020-03-09", "2020-03-17"]);
}

#[test]
fn subtotal_tax_and_total_are_chosen_so_that_they_add_up() {
    let lines = [
        "Subtotal food           100.00",
        "Subtotal other           50.00",
        "Subtotal                150.00",
        "VAT 10% on 150.00        15.00",
        "Total                   165.00",
    ];
    let specs: [(&str, &str, &[&str]); 3] =
        [("net_total", "currency", &[]), ("tax_total", "currency", &[]), ("grand_total", "currency", &[])];
    let results = extract(&page(&lines), &fields(&specs));
    assert_eq!(results.iter().map(value).collect::<Vec<_>>(), ["150.00", "15.00", "165.00"]);
    assert!(results.iter().all(|r| !r.needs_review));
}

#[test]
fn totals_that_contradict_need_review() {
    let lines = ["Subtotal   100.00", "VAT        10.00", "Total      250.00"];
    let specs: [(&str, &str, &[&str]); 3] =
        [("net_total", "currency", &[]), ("tax_total", "currency", &[]), ("grand_total", "currency", &[])];
    for result in extract(&page(&lines), &fields(&specs)) {
        assert_eq!(result.review_reason, Some(ReviewReason::Inconsistent), "{}", result.name);
        assert!(result.needs_review);
    }
}

#[test]
fn the_last_row_of_a_column_is_its_sum_and_a_credit_note_is_negative() {
    let lines = [
        "Nettobetrag    MwSt-Betrag    MwSt-%    Endbetrag",
        "      -4,85          -0,92      19,0        -5,77",
        "      -2,82          -0,20       7,0        -3,02",
        "      -7,67          -1,12    EUR           -8,79",
    ];
    let specs: [(&str, &str, &[&str]); 3] =
        [("net_total", "currency", &[]), ("tax_total", "currency", &[]), ("grand_total", "currency", &[])];
    assert_eq!(values(&lines, &specs), ["-7.67", "-1.12", "-8.79"]);
}

#[test]
fn an_amount_due_after_prepayments_is_not_the_total() {
    let lines = ["Total        500.00", "Paid         200.00", "Amount due   300.00"];
    let specs: [(&str, &str, &[&str]); 2] =
        [("grand_total", "currency", &[]), ("amount_due", "currency", &[])];
    assert_eq!(values(&lines, &specs), ["500.00", "300.00"]);
    // Where only a total is printed it is both.
    assert_eq!(values(&lines[..1], &specs), ["500.00", "500.00"]);
}

#[test]
fn parties_are_named_under_their_headings_past_sub_labels() {
    let lines = [
        "Seller                           Buyer",
        "Number:  4711                    Number:  0815",
        "Name:    Example Foods Ltd       Name:    Jane Roe",
        "Address: 1 High Street           Address: 2 Low Street",
        "         12345 Oldtown                    54321 Newtown",
    ];
    let specs: [(&str, &str, &[&str]); 2] = [("seller_name", "text", &[]), ("buyer_name", "text", &[])];
    assert_eq!(values(&lines, &specs), ["Example Foods Ltd", "Jane Roe"]);
}

#[test]
fn parties_without_headings_show_by_letterhead_and_address() {
    let lines = [
        "Example Foods GmbH - Hauptstr. 1 - 12345 Altstadt",
        "",
        "Erika Mustermann",
        "Nebenweg 2",
        "54321 Neustadt",
        "",
        "Rechnung Nr. 77",
        "",
        "",
        "Example Foods GmbH      Tel. 030 1234567      USt-IdNr. DE123456789",
    ];
    let specs: [(&str, &str, &[&str]); 2] = [("seller_name", "text", &[]), ("buyer_name", "text", &[])];
    assert_eq!(values(&lines, &specs), ["Example Foods GmbH", "Erika Mustermann"]);
}

#[test]
fn a_receipt_names_its_shop_its_address_its_day_and_its_total() {
    let lines = [
        "EXAMPLE MART SDN BHD (123456-X)",
        "NO. 12, JALAN EXAMPLE 3,",
        "81100 JOHOR BAHRU,",
        "JOHOR",
        "21/05/2018 11:59:48",
        "Bread            2.50",
        "Milk             4.70",
        "TOTAL SALES INCLUSIVE OF GST     7.20",
        "CASH            10.00",
        "CHANGE           2.80",
        "GST SUMMARY     AMOUNT     TAX",
        "SR @ 6%           6.79    0.41",
        "TOTAL             6.79    0.41",
    ];
    let specs: [(&str, &str, &[&str]); 4] = [
        ("company", "text", &[]),
        ("address", "text", &[]),
        ("date", "date", &["Date"]),
        ("total", "currency", &["Total"]),
    ];
    let expected =
        ["EXAMPLE MART SDN BHD", "NO. 12, JALAN EXAMPLE 3, 81100 JOHOR BAHRU, JOHOR", "2018-05-21", "7.20"];
    assert_eq!(values(&lines, &specs), expected);
}

#[test]
fn an_american_address_settles_that_the_month_comes_first() {
    let lines = ["Example LLC", "455 Oak Street", "Springfield, IL 62701", "", "Date   4/7/2022"];
    assert_eq!(values(&lines, &[("invoice_date", "date", &["Date"])]), ["2022-04-07"]);
    assert_eq!(values(&lines[3..], &[("invoice_date", "date", &["Date"])]), ["2022-07-04"]);
}

#[test]
fn the_last_day_for_a_discount_is_not_the_day_the_invoice_is_due() {
    let lines = [
        "Bitte überweisen Sie den Betrag bis zum 24. November 2012.",
        "Bei Zahlung bis 04. November 2012 gewähren wir 2 % Skonto.",
    ];
    assert_eq!(values(&lines, &[("due_date", "date", &[])]), ["2012-11-24"]);
    let lines = ["Zahlbar netto bis 04.07.2018, 3% Skonto innerhalb 10 Tagen bis 15.06.2018"];
    assert_eq!(values(&lines, &[("due_date", "date", &[])]), ["2018-07-04"]);
}

#[test]
fn who_sells_follows_from_the_title() {
    let lines = |title: &'static str| {
        [
            "Example Foods GmbH",
            "Hauptstr. 1 12345 Altstadt",
            "",
            "Muster Handel KG",
            "Nebenweg 2",
            "54321 Neustadt",
            "",
            title,
        ]
    };
    let specs: [(&str, &str, &[&str]); 2] = [("seller_name", "text", &[]), ("buyer_name", "text", &[])];
    assert_eq!(values(&lines("Rechnung Nr. 77"), &specs), ["Example Foods GmbH", "Muster Handel KG"]);
    assert_eq!(values(&lines("Bestellung Nr. 77"), &specs), ["Muster Handel KG", "Example Foods GmbH"]);
}

#[test]
fn the_date_of_a_letter_stands_behind_its_place() {
    let lines = ["Unser Angebot vom 02.10.2020", "", "                    Leipzig, den 12.11.2020"];
    assert_eq!(values(&lines, &[("invoice_date", "date", &[])]), ["2020-11-12"]);
}

#[test]
fn two_fields_settle_between_them_who_gets_a_place() {
    // "Name" stands over both; the question says whose the second one is.
    let lines = [
        "1. Name",
        "Jane Roe",
        "8. What is the name and address of the primary registrant?",
        "Name   Example Partners LLP",
    ];
    let specs: [(&str, &str, &[&str]); 2] =
        [("signer_name", "text", &["Name"]), ("registrant_name", "text", &["Name of registrant"])];
    assert_eq!(values(&lines, &specs), ["Jane Roe", "Example Partners LLP"]);
}

#[test]
fn a_value_goes_on_below_where_its_cell_is_full_or_set_tight() {
    let lines = [
        "Campaign: The Very Long Name of   Market: North",
        "          Example Partners        Terms:  Net 30",
    ];
    assert_eq!(
        values(&lines, &[("campaign_name", "text", &["Campaign"])]),
        ["The Very Long Name of Example Partners"]
    );
}

#[test]
fn a_currency_is_known_by_its_sign_and_given_with_amounts() {
    let lines = ["Subtotal   € 10,00", "Total   € 12,00"];
    let results =
        extract(&page(&lines), &fields(&[("currency", "enum", &[]), ("grand_total", "currency", &[])]));
    assert_eq!([value(&results[0]), value(&results[1])], ["EUR", "12.00"]);
    assert_eq!(results[1].currency.as_deref(), Some("EUR"));
}

#[test]
fn an_ambiguous_date_is_less_sure_until_the_template_settles_it() {
    let lines = ["Invoice date: 05/06/2020"];
    let open = fields(&[("invoice_date", "date", &["Invoice date"])]);
    let mut settled = open.clone();
    settled.locale = Some("en-US".to_owned());
    let (open, settled) = (extract(&page(&lines), &open), extract(&page(&lines), &settled));
    assert_eq!([value(&open[0]), value(&settled[0])], ["2020-06-05", "2020-05-06"]);
    assert!(open[0].confidence < settled[0].confidence);
}

#[test]
fn a_pattern_must_match_and_a_region_draws_the_choice() {
    let lines = ["Code AB-12      Code 9999", "", "first", "", "second", "engine SN123 built here"];
    let spec = template(&json!({"name": "t", "fields": [
        {"name": "code", "type": "text", "anchor": "Code", "pattern": "^[0-9]{4}$"},
        {"name": "serial", "type": "text", "pattern": "SN[0-9]{3}"},
        {"name": "place", "type": "text", "region": {"page": 1, "bbox": [0.0, 0.08, 0.5, 0.11]}}]}));
    let results = extract(&page(&lines), &spec);
    assert_eq!([value(&results[0]), value(&results[1]), value(&results[2])], ["9999", "SN123", "second"]);
}

#[test]
fn governing_law_term_and_parties_are_found_in_prose() {
    let lines = [
        "This agreement is made as of June 11, 2012, by and between Example Logic, Inc., a Nevada",
        "corporation (the \"Company\"), and Jane Roe (\"Director\"). The obligations of confidentiality",
        "under this agreement shall survive for a period of two (2) years from the date hereof.",
        "This agreement shall be governed by and construed in accordance with the laws of the",
        "State of Delaware.",
    ];
    let specs: [(&str, &str, &[&str]); 4] = [
        ("effective_date", "date", &[]),
        ("jurisdiction", "text", &[]),
        ("party", "text", &[]),
        ("term", "text", &[]),
    ];
    assert_eq!(values(&lines, &specs), ["2012-06-11", "Delaware", "Example Logic, Inc.", "2 years"]);
}

#[test]
fn a_label_with_wrong_letters_is_still_followed() {
    let lines = ["Narne of registrent      Example Partners"];
    assert_eq!(values(&lines, &[("q1", "text", &["Name of registrant"])]), ["Example Partners"]);
}

#[test]
fn a_missing_value_is_null_and_needs_review_only_where_it_matters() {
    let spec = |required: bool| {
        template(
            &json!({"name": "t", "fields": [{"name": "due_date", "type": "date", "required": required}]}),
        )
    };
    let mut document = page(&["nothing here"]);
    let result = &extract(&document, &spec(false))[0];
    assert_eq!(
        (result.value.is_none(), result.confidence, result.method, result.needs_review),
        (true, 0.0, None, false)
    );
    let result = &extract(&document, &spec(true))[0];
    assert_eq!((result.needs_review, result.review_reason), (true, Some(ReviewReason::Missing)));
    // What could not be read may hold it.
    document.pages[0].warnings.push(PageWarning::Scanned);
    let result = &extract(&document, &spec(false))[0];
    assert_eq!((result.needs_review, result.review_reason), (true, Some(ReviewReason::Missing)));
}

#[test]
fn the_method_says_whether_a_label_carried_the_value() {
    let results = extract(
        &page(&["Total: 12.00", "paid in £"]),
        &fields(&[("total", "currency", &["Total"]), ("currency", "enum", &[])]),
    );
    assert_eq!([results[0].method, results[1].method], [Some(Method::Anchor), Some(Method::Regex)]);
}

#[test]
fn a_value_on_a_later_page_names_its_page() {
    let document = pages(&[&["terms and conditions"], &["Total   12.00"]]);
    let results = extract(&document, &fields(&[("total", "currency", &["Total"])]));
    assert_eq!((value(&results[0]), results[0].page), ("12.00", Some(2)));
}
