//! Traps that real documents hold, each as a small imitation.

use serde_json::{Value, json};
use sheaf_types::{BoundingBox, Document, FieldValue, ReviewReason, Rule, TemplateSpec, TextSource};

use crate::extract;
use crate::locate::sample::page;

mod bills;
mod contracts;
mod forms;
mod invoices;
mod orders;
mod placement;
mod receipts;
mod registrations;

fn template(fields: &[(&str, &str, &str)]) -> TemplateSpec {
    let fields: Vec<Value> = fields
        .iter()
        .map(|(name, kind, anchor)| match *anchor {
            "" => json!({"name": name, "type": kind}),
            anchor => json!({"name": name, "type": kind, "anchor": anchor}),
        })
        .collect();
    TemplateSpec::from_json(&json!({"name": "t", "fields": fields})).unwrap()
}

fn values(document: &Document, fields: &[(&str, &str, &str)]) -> Vec<String> {
    let results = extract(document, &template(fields));
    let value = |value: Option<FieldValue>| match value {
        Some(FieldValue::Scalar(value)) => value,
        _ => String::new(),
    };
    results.into_iter().map(|result| value(result.value)).collect()
}

const PARTIES: [(&str, &str, &str); 2] = [("seller_name", "text", ""), ("buyer_name", "text", "")];

#[test]
fn who_issues_an_order_buys_though_the_order_has_no_title() {
    let lines = [
        "Olive Grove Ltd",
        "1 High Street",
        "Leeds LS1 2AB",
        "Tel. 0113 4960 000",
        "",
        "Issued by:               Supplier:",
        "Olive Grove Ltd          Northwind Inc",
        "1 High Street            2 Low Road",
        "Leeds LS1 2AB            York YO1 7HH",
        "",
        "Order number: 2010-02-197",
    ];
    assert_eq!(values(&page(&lines), &PARTIES), ["Northwind Inc", "Olive Grove Ltd"]);
}

#[test]
fn the_reference_to_an_order_does_not_make_an_invoice_one() {
    let lines = [
        "Nordlicht Software GmbH",
        "Hafenstraße 92",
        "01099 Nordhafen",
        "Telefon 089 99998870",
        "",
        "Eisvogel Elektrotechnik",
        "Birkenweg 133",
        "00815 Musterhausen",
        "",
        "Gutschriftnummer   Bestellung Nr.",
        "10009187           FA-557060",
    ];
    assert_eq!(values(&page(&lines), &PARTIES), ["Nordlicht Software GmbH", "Eisvogel Elektrotechnik"]);
}

#[test]
fn a_title_with_its_number_labels_the_date_in_the_next_column() {
    let lines = [
        "Handelsrechnung (380) Nr.471113 vom     13.06.2018",
        "Währung:                                EUR",
        "Liefer- und Leistungsdatum:             03.06.2018",
        "",
        "Rechnung gemäß Bestellung Nr. 2018-471331 vom 01.03.2018.",
    ];
    let fields = [("invoice_number", "text", ""), ("invoice_date", "date", "")];
    assert_eq!(values(&page(&lines), &fields), ["471113", "2018-06-13"]);
}

#[test]
fn a_name_beside_a_column_of_labels_is_none_of_their_values() {
    let lines = [
        "Noorderlicht Techniek N.V.",
        "Postbus 180",
        "0999 XX Voorbeeldam",
        "BTW nr. NL000000265B00",
        "",
        "Factuurnummer:   79-12        Klant:",
        "Datum factuur:   29-08-2012   Mieke Molenaar",
        "Vervaldatum:     28-09-2012   Oude Gracht 102",
        "Leverdatum:      28-08-2012   9099 ZZ Duinrade",
        "",
        "Factuur",
    ];
    assert_eq!(values(&page(&lines), &PARTIES), ["Noorderlicht Techniek N.V.", "Mieke Molenaar"]);
}

#[test]
fn the_letterhead_may_stand_in_the_footer_only() {
    let lines = [
        "Invoice",
        "Bill to",
        "Tidewater Garden Design Co.",
        "132 Kiln Street",
        "Springfield, IL 62701",
        "",
        "Goods               Amount",
        "Copy paper           24.75",
        "Total                24.75",
        "",
        "",
        "Catering Larkspur        Tel. +1 202 555 0150     Bank: Bank of Fairhaven",
        "25 Sycamore Avenue       Tax ID 00-0043371        Account number: 000 0860",
        "Springfield, IL 62701",
    ];
    assert_eq!(values(&page(&lines), &PARTIES), ["Catering Larkspur", "Tidewater Garden Design Co."]);
}

#[test]
fn two_periods_contest_each_other_unless_the_template_says_which() {
    let lines = [
        "Invoice Period   01/27/2020 - 02/23/2020",
        "Schedule Dates   02/10/2020 - 02/16/2020",
        "Product          Radio",
    ];
    let first_day = |field: Value| {
        let template = TemplateSpec::from_json(&json!({"name": "t", "fields": [field]})).unwrap();
        extract(&page(&lines), &template).swap_remove(0)
    };
    let open = first_day(json!({"name": "start_date", "type": "date"}));
    assert_eq!(open.review_reason, Some(ReviewReason::LowConfidence));
    let other = open.alternative.unwrap();
    let mut starts = [open.source.as_deref().unwrap(), &other.source];
    starts.sort_unstable();
    assert_eq!(starts, ["01/27/2020", "02/10/2020"]);
    let told = first_day(json!({"name": "start_date", "type": "date", "anchor": "Schedule Dates"}));
    assert_eq!((told.value, told.review_reason), (Some(FieldValue::Scalar("2020-02-10".into())), None));
    assert_eq!(told.alternative, None);
    // One period that is printed twice is not contested.
    let lines = ["Invoice Period   01/27/2020 - 02/23/2020", "Schedule Dates   01/27/2020 - 02/23/2020"];
    let found = extract(&page(&lines), &template(&[("start_date", "date", "")]));
    assert_eq!(found[0].review_reason, None);
}

#[test]
fn a_tax_is_that_of_all_rates_though_no_subtotal_is_asked_for() {
    let lines = [
        "VAT rate   Goods     VAT",
        "7 %        275.00    19.25",
        "19 %       198.00    37.62",
        "VAT                  56.87",
        "Amount              529.87",
    ];
    assert_eq!(values(&page(&lines), &[("vat_amount", "currency", "")]), ["56.87"]);
}

#[test]
fn no_place_is_a_buyer() {
    let buyer = [("buyer_name", "text", "")];
    for place in ["USA", "Fairhaven, WA 98225", "222 West Shore"] {
        let lines =
            ["Billing Address:", "Harbour Media", place, "Springfield, IL 62701", "", "Total   24.75"];
        assert_eq!(values(&page(&lines), &buyer), ["Harbour Media"], "{place}");
        let lines = [place, "Springfield, IL 62701", "", "Total   24.75"];
        assert_eq!(values(&page(&lines), &buyer), [""], "{place}");
    }
}

#[test]
fn a_row_of_a_form_names_a_buyer_as_its_label_says_and_a_row_of_goods_names_none() {
    let buyer = [("buyer_name", "text", "")];
    let form = [
        "Customer          Original Date   Revised",
        "Harbour Media     02/28/2020      03/19/2020",
        "Contract Dates    Estimate No",
        "03/09/2020        6294",
    ];
    assert_eq!(values(&page(&form), &buyer), ["Harbour Media"]);
    let goods =
        ["Goods             Quantity   Amount", "Harbour Lamp      2   10.00", "Garden Chair      3   30.00"];
    assert_eq!(values(&page(&goods), &buyer), [""]);
}

#[test]
fn the_letter_of_a_clause_heads_no_party() {
    let lines = ["A", "Substitution Of Programs", "", "B", "Rates And Charges"];
    assert_eq!(values(&page(&lines), &[("buyer_name", "text", "")]), [""]);
}

#[test]
fn names_that_wrap_are_whole() {
    let lines = ["Bill to", "Sonnenfeld Feinkost", "GmbH & Co. KG", "Am Ring 3", "12345 Musterstadt"];
    let buyer = [("buyer_name", "text", "")];
    assert_eq!(values(&page(&lines), &buyer), ["Sonnenfeld Feinkost GmbH & Co. KG"]);
    let lines =
        ["Bill to", "Forniture Bellacqua S.a.s. di", "Querini E.", "Via Roma 3", "99010 Esempiano MI"];
    assert_eq!(values(&page(&lines), &buyer), ["Forniture Bellacqua S.a.s. di Querini E."]);
    // Bold over an address that is not.
    let mut document =
        page(&["Bill to", "Fernbank & Daughters", "Electrical", "12 High Street", "Leeds LS1 2AB"]);
    for word in document.pages[0].words.iter_mut().skip(2).take(4) {
        word.bold = true;
    }
    assert_eq!(values(&document, &buyer), ["Fernbank & Daughters Electrical"]);
    // A person below a company is no part of its name.
    let lines = ["Bill to", "Fernbank Ltd", "Grace Marlowe", "12 High Street", "Leeds LS1 2AB"];
    assert_eq!(values(&page(&lines), &buyer), ["Fernbank Ltd"]);
}

#[test]
fn a_receipts_total_is_the_one_after_rounding() {
    let lines = [
        "EXAMPLE MART SDN BHD (519537-X)",
        "NO. 12, JALAN CONTOH 3/2,",
        "SEKSYEN U6, 40150 SHAH ALAM.",
        "02:16PM 568268  13-05-18",
        "NOODLES                  16.85",
        "SOUP                      6.06",
        "TOTAL SALES (INCLUSIVE GST) RM  22.91",
        "ROUNDING ADJUSTMENT RM   -.01",
        "ROUNDING RM              22.90",
        "CASH RM                  50.00",
        "CHANGE RM                27.10",
    ];
    let fields = [
        ("company", "text", ""),
        ("address", "text", ""),
        ("date", "date", "Date"),
        ("total", "currency", "Total"),
    ];
    assert_eq!(
        values(&page(&lines), &fields),
        [
            "EXAMPLE MART SDN BHD",
            "NO. 12, JALAN CONTOH 3/2, SEKSYEN U6, 40150 SHAH ALAM.",
            "2018-05-13",
            "22.90"
        ]
    );
}

#[test]
fn an_address_on_one_line_and_one_that_breaks_within_its_town_are_whole() {
    let address = [("address", "text", "")];
    let lines = ["Example Bakery", "Am Mühlbach 176, 99998 Lindental", "Tel. 030 1234567"];
    assert_eq!(values(&page(&lines), &address), ["Am Mühlbach 176, 99998 Lindental"]);
    let lines = ["Example Bakery", "Calle del Olmo, 140, 98765", "San Modelo", "Total   5,00"];
    assert_eq!(values(&page(&lines), &address), ["Calle del Olmo, 140, 98765 San Modelo"]);
}

#[test]
fn an_answer_belongs_to_the_field_that_its_question_names() {
    let lines = [
        "1. Name                        2. Registration No.",
        "Ada Byron                      6170",
        "",
        "8. What is the name and address of the primary registrant?",
        "Name Example Affairs, LLC      Address Springfield, IL 62701",
    ];
    let fields = [("registrant_name", "text", "Name of Registrant"), ("signer_name", "text", "Name")];
    assert_eq!(values(&page(&lines), &fields), ["Example Affairs, LLC", "Ada Byron"]);
}

#[test]
fn what_can_be_read_in_two_ways_is_unsure_and_says_so() {
    let date = template(&[("invoice_date", "date", "Invoice date")]);
    let unsettled = &extract(&page(&["Invoice date: 05/06/2024"]), &date)[0];
    assert_eq!(unsettled.review_reason, Some(ReviewReason::LowConfidence));
    let settled = &extract(&page(&["Invoice date: 05/06/2024", "Printed: 25/06/2024"]), &date)[0];
    assert!(!settled.needs_review && settled.confidence > unsettled.confidence + 0.3);
    let total = template(&[("weight", "number", "Weight")]);
    assert!(extract(&page(&["Weight: 1.234"]), &total)[0].needs_review);
}

#[test]
fn a_word_that_was_recognised_with_doubt_lowers_its_values_confidence() {
    let number = template(&[("invoice_number", "text", "Invoice No.")]);
    let mut document = page(&["Invoice No.: 4711-22"]);
    let sure = extract(&document, &number)[0].confidence;
    for word in &mut document.pages[0].words {
        word.source = TextSource::Tesseract;
        word.confidence = 0.5;
    }
    assert!(extract(&document, &number)[0].confidence < sure - 0.1);
}

#[test]
fn a_name_with_commas_is_given_whole_though_its_start_stands_right_under_the_label() {
    let lines = ["1. Name of registrant          2. Registration No.", "Juniper, Lake & Daughters      4711"];
    let fields =
        [("registrant_name", "text", "Name of registrant"), ("registration_num", "text", "Registration No.")];
    assert_eq!(values(&page(&lines), &fields), ["Juniper, Lake & Daughters", "4711"]);
}

#[test]
fn a_label_answered_on_its_right_is_none_of_the_line_below() {
    let lines =
        ["MESSAGE TO: Example Person", "COMPANY:          Meadow Trading Company", "FAX NUMBER: 555-7707"];
    let fields = [("q1", "text", "MESSAGE TO:"), ("q2", "text", "COMPANY:"), ("q3", "text", "FAX NUMBER:")];
    assert_eq!(values(&page(&lines), &fields), ["Example Person", "Meadow Trading Company", "555-7707"]);
}

#[test]
fn typewritten_words_of_a_scan_are_one_text_and_its_columns_are_two() {
    // As engines see a typewriter: boxes of ink, a blank as wide as a letter between them.
    let mut document = page(&["Name of registrant      Registration No.", "Far East Trade          2985"]);
    for word in &mut document.pages[0].words {
        word.source = TextSource::Tesseract;
        word.font_size = 6.0;
        word.bbox.y0 += 2.0 / 840.0;
        word.bbox.y1 -= 2.0 / 840.0;
    }
    let fields =
        [("registrant_name", "text", "Name of registrant"), ("registration_num", "text", "Registration No.")];
    assert_eq!(values(&document, &fields), ["Far East Trade", "2985"]);
}

#[test]
fn a_value_anywhere_in_the_box_under_its_label_is_found() {
    let lines = ["Reference", "                                     K-20/4811", "", "Remark", "none"];
    let fields = [("q1", "text", "Reference")];
    let mut document = page(&lines);
    assert_eq!(values(&document, &fields), [""]);
    let rule = |x0: f32, y0: f32, x1: f32, y1: f32| Rule {
        bbox: BoundingBox { x0: x0 / 600.0, y0: y0 / 840.0, x1: x1 / 600.0, y1: y1 / 840.0 },
    };
    document.pages[0].rules = vec![
        rule(10.0, 14.0, 400.0, 15.0),
        rule(10.0, 52.0, 400.0, 53.0),
        rule(10.0, 14.0, 11.0, 53.0),
        rule(399.0, 14.0, 400.0, 53.0),
    ];
    assert_eq!(values(&document, &fields), ["K-20/4811"]);
}

#[test]
fn the_total_before_tax_in_a_summary_is_not_what_was_paid() {
    let lines = [
        "Total Incl GST            75.00",
        "CASH                     100.00",
        "GST Sumary    Amount        Tax",
        "R 6%           70.75       4.25",
        "Total          70.75       4.25",
    ];
    assert_eq!(values(&page(&lines), &[("total", "currency", "Total")]), ["75.00"]);
}

#[test]
fn a_remark_is_all_its_lines_and_two_things_under_each_other_are_two() {
    let lines = [
        "Purpose:    To tell whether a coating of the new resin keeps the wood of garden",
        "            furniture dry for a second winter, and what it costs",
        "Copies:     Mr. A. Hollis",
        "            Ms. R. Deane",
        "            Dr. P. Amsel",
        "Project:    Dry Garden",
        "            Alma Reyes",
        "Approved:   yes",
    ];
    let fields = [
        ("purpose", "text", "Purpose"),
        ("copies", "text", "Copies"),
        ("project", "text", "Project"),
        ("approved", "text", "Approved"),
    ];
    assert_eq!(
        values(&page(&lines), &fields),
        [
            "To tell whether a coating of the new resin keeps the wood of garden furniture dry for a second winter, and what it costs",
            "Mr. A. Hollis Ms. R. Deane Dr. P. Amsel",
            "Dry Garden",
            "yes"
        ]
    );
}

#[test]
fn lines_typed_far_apart_beside_their_label_are_one_text() {
    let mut document = page(&[
        "Objective      To find a glue that holds wood in the wet, and that can be had at the",
        "               mill on Route 5 for less than 12 cents a pound, in any weather that is",
        "               usual in that region from autumn to spring",
        "Leader         A. Amsel",
    ]);
    for word in &mut document.pages[0].words {
        // Every other line of the typewriter is empty.
        let (row, high) = ((word.bbox.y0 * 840.0 - 20.0) / 14.0, 11.0 / 840.0);
        word.bbox.y0 = (20.0 + 24.0 * row) / 840.0;
        word.bbox.y1 = word.bbox.y0 + high;
    }
    let fields = [("objective", "text", "Objective"), ("leader", "text", "Leader")];
    assert_eq!(
        values(&document, &fields),
        [
            "To find a glue that holds wood in the wet, and that can be had at the mill on Route 5 for less than 12 cents a pound, in any weather that is usual in that region from autumn to spring",
            "A. Amsel"
        ]
    );
}

#[test]
fn a_dash_of_ink_stands_in_its_line() {
    let mut document = page(&["Panel:  150 persons ~ 39 years old", "Town:   Springfield"]);
    for word in &mut document.pages[0].words {
        word.source = TextSource::Tesseract;
        if word.text == "~" {
            word.bbox.y0 += 4.5 / 840.0;
            word.bbox.y1 -= 4.5 / 840.0;
        }
    }
    let fields = [("panel", "text", "Panel"), ("town", "text", "Town")];
    assert_eq!(values(&document, &fields), ["150 persons ~ 39 years old", "Springfield"]);
}

#[test]
fn a_label_that_asks_for_name_and_title_in_one_gets_both() {
    let fields = [("signer_name", "text", ""), ("signer_title", "text", "")];
    for (signer, name, title) in [
        ("Ruth B. Adler, Treasurer", "Ruth B. Adler", "Treasurer"),
        ("O. M. Stone - Managing Director", "O. M. Stone", "Managing Director"),
        ("Karl Voss, Jr.", "Karl Voss, Jr.", ""),
    ] {
        let line = format!("9/22/93             {signer}");
        let lines = ["Date of report      Name and title                 Signature", &line];
        assert_eq!(values(&page(&lines), &fields), [name, title]);
    }
}

#[test]
fn an_anchor_that_wraps_labels_what_stands_beside_its_lines() {
    let lines = ["Source of", "information:     Corner Shop, Springfield", "Brands:          Red, Blue"];
    let fields = [("source", "text", "Source of information"), ("brands", "text", "Brands")];
    assert_eq!(values(&page(&lines), &fields), ["Corner Shop, Springfield", "Red, Blue"]);
}

#[test]
fn fields_named_after_a_form_have_values_of_that_form_only() {
    let lines = [
        "Harbour Media Ltd.       Contact: Jane Roe",
        "Tel. +44 20 7946 0000    Fax 020 7946 0001",
        "office@harbour.example   www.harbour.example",
        "VAT No. GB 123 4567 89   Tax No. 201/113/40209",
        "BIC DEUTDEFFXXX          IBAN DE89 3704 0044 0532 0130 00",
    ];
    let fields = [
        ("iban", "text", ""),
        ("bic", "text", ""),
        ("email", "text", ""),
        ("phone", "text", ""),
        ("fax", "text", ""),
        ("website", "text", ""),
        ("seller_vat_id", "text", ""),
        ("tax_number", "text", ""),
    ];
    let found = [
        "DE89 3704 0044 0532 0130 00",
        "DEUTDEFFXXX",
        "office@harbour.example",
        "+44 20 7946 0000",
        "020 7946 0001",
        "www.harbour.example",
        "GB 123 4567 89",
        "201/113/40209",
    ];
    assert_eq!(values(&page(&lines), &fields), found);
    // Who has no such thing has none.
    let lines =
        ["Harbour Media Ltd.", "Contact: Jane Roe", "Bank: Example Bank", "Phone: on request", "Total 12.00"];
    assert_eq!(values(&page(&lines), &fields[..6]), [""; 6]);
}

#[test]
fn an_account_number_with_wrong_check_digits_is_reviewed() {
    for (number, reason) in
        [("DE89370400440532013000", None), ("DE89370400440532018000", Some(ReviewReason::LowConfidence))]
    {
        let found = extract(&page(&[&format!("IBAN: {number}")]), &template(&[("iban", "text", "")]));
        assert_eq!(found[0].review_reason, reason, "{number}");
    }
}

#[test]
fn the_buyers_mail_stands_under_the_buyers_heading() {
    let lines = [
        "Harbour Media Ltd.",
        "office@harbour.example",
        "",
        "Bill to",
        "Tidewater Garden Design Co.",
        "132 Kiln Street",
        "roe@tidewater.example",
    ];
    let fields = [("email", "text", ""), ("customer_email", "text", "")];
    assert_eq!(values(&page(&lines), &fields), ["office@harbour.example", "roe@tidewater.example"]);
}
