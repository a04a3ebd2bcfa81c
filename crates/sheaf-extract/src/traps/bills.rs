//! Traps of bills as all kinds of senders write them: totals that nothing names, headings that nobody knows, dates and numbers of
//! other things.

use sheaf_types::{FieldValue, TemplateSpec};

use super::values;
use crate::extract;
use crate::locate::sample::page;

type Fields = [(&'static str, &'static str, &'static str)];

const PARTIES: [(&str, &str, &str); 2] = [("seller_name", "text", ""), ("buyer_name", "text", "Bill to")];
const TOTALS: [(&str, &str, &str); 4] = [
    ("net_total", "currency", "Subtotal"),
    ("tax_total", "currency", "VAT"),
    ("grand_total", "currency", "Total"),
    ("amount_due", "currency", "Amount due"),
];

fn one(field: &Fields, lines: &[&str]) -> String {
    values(&page(lines), field).remove(0)
}

fn currency(lines: &[&str]) -> Option<FieldValue> {
    let template = serde_json::json!({"name": "t", "fields": [
        {"name": "currency", "type": "enum", "enum_values": ["EUR", "USD", "GBP", "INR"]}
    ]});
    extract(&page(lines), &TemplateSpec::from_json(&template).unwrap()).remove(0).value
}

#[test]
fn a_sum_under_its_column_needs_no_label_where_the_tax_and_the_total_have_one() {
    let lines = [
        "Roof repairs                      850.00",
        "Scaffold hire                     150.00",
        "                                1,000.00",
        "VAT @ 20%                         200.00",
        "Total inc. VAT                  1,200.00",
    ];
    assert_eq!(values(&page(&lines), &TOTALS[..3]), ["1000.00", "200.00", "1200.00"]);
    let lines = [
        "Survey                            850.00",
        "Launch hire                       150.00",
        "                                1,000.00",
        "Add: Goods and Services Tax 9%     90.00",
        "                                1,090.00",
    ];
    assert_eq!(values(&page(&lines), &TOTALS[..3]), ["1000.00", "90.00", "1090.00"]);
}

#[test]
fn what_is_left_of_a_total_is_due_whatever_was_taken_off() {
    let lines = [
        "Subtotal                1,000.00",
        "VAT 20%                   200.00",
        "Total                   1,200.00",
        "Loyalty voucher          - 50.00",
        "First instalment        - 650.00",
        "Settled by card           500.00",
    ];
    assert_eq!(values(&page(&lines), &TOTALS), ["1000.00", "200.00", "1200.00", "500.00"]);
}

#[test]
fn a_bill_that_only_says_what_to_pay_has_it_for_its_total() {
    let lines = [
        "Index, 212 pages          795.00",
        "Proofs                    456.00",
        "Please pay this amount  1,251.00",
    ];
    assert_eq!(one(&TOTALS[2..3], &lines), "1251.00");
}

#[test]
fn terms_of_payment_are_no_net_total_and_no_name() {
    assert_eq!(one(&TOTALS[..1], &["Terms per contract: net 45 days from receipt"]), "");
    let lines = [
        "Moss & Fern Ltd",
        "Juniper ApS",
        "Havnegade 22",
        "DK-5000 Odense",
        "",
        "Terms of payment:  Net 14 days",
    ];
    assert_ne!(one(&PARTIES[1..], &lines), "Net 14 days");
}

#[test]
fn what_was_paid_by_card_for_one_thing_is_not_the_total() {
    let lines = [
        "Matr\u{ed}cula               1.175,30",
        "Tarjeta de identidad         6,15",
        "Ingreso                  1.181,45",
    ];
    assert_ne!(one(&TOTALS[2..3], &lines), "6.15");
}

#[test]
fn the_letters_own_date_is_none_of_its_rows_and_none_of_another_document() {
    let date = [("invoice_date", "date", "Invoice date")];
    let lines = [
        "Moss & Fern LLP                      November 7, 2023",
        "",
        "Date         Services                Amount",
        "10/02/23     Call with client        372.00",
        "10/03/23     Review of the title     816.00",
        "10/05/23     Research                105.00",
    ];
    assert_eq!(one(&date, &lines), "2023-11-07");
    let lines =
        ["Moss & Fern LLP        November 20, 2023", "", "Invoice 23-41", "Contract dated August 2, 2023"];
    assert_eq!(one(&date, &lines), "2023-11-20");
    let lines = ["Rechnung R-77310", "Bestellung 300118 vom 29.11.2024", "Datum 02.12.2024"];
    assert_eq!(one(&date, &lines), "2024-12-02");
}

#[test]
fn a_contract_account_is_no_discount() {
    let due = [("due_date", "date", "F\u{e4}llig am")];
    let lines = [
        "Bitte zahlen Sie bis zum 07.03.2025 unter Angabe Ihres Vertragskontos. Ihr neuer",
        "monatlicher Abschlag betr\u{e4}gt ab 01.04.2025 109,00 EUR.",
    ];
    assert_eq!(one(&due, &lines), "2025-03-07");
}

#[test]
fn a_number_by_month_is_no_date() {
    let number = [("invoice_number", "text", "Invoice No.")];
    assert_eq!(one(&number, &["INVOICE No. FV/27/04/2024"]), "FV/27/04/2024");
}

#[test]
fn side_by_side_headings_are_no_values_of_each_other() {
    let lines = [
        "PINE HOLLOW AUTOMOTIVE LLC",
        "",
        "CUSTOMER              HOME PHONE        INVOICE DATE",
        "Marguerite Delacroix  (615) 555-0173    04/19/2024",
        "118 Brandau Lane",
        "Mount Juliet, TN 37122",
    ];
    assert_eq!(one(&[("buyer_name", "text", "Customer")], &lines), "Marguerite Delacroix");
}

#[test]
fn a_letterhead_may_stand_beside_the_boxes_of_a_form() {
    let lines = [
        "Sunrise Electricals                Invoice No.     Dated",
        "Shop No. 14, Market Road           SE/24/0618      14-Jun-24",
        "Riverton 411002                    Delivery Note   Terms",
        "                                   DN-771          30 Days",
        "Buyer (Bill to)",
        "Hillside Tools Pvt Ltd",
    ];
    assert_eq!(values(&page(&lines), &PARTIES), ["Sunrise Electricals", "Hillside Tools Pvt Ltd"]);
}

#[test]
fn a_department_over_a_firm_is_no_part_of_its_name() {
    let lines =
        ["Bill to", "Accounts Payable", "Peverel Instruments Ltd", "7 Castle Gate", "Nottingham", "NG7 2PL"];
    assert_eq!(one(&PARTIES[1..], &lines), "Peverel Instruments Ltd");
}

#[test]
fn a_firm_has_its_legal_form_where_the_logo_leaves_it_out() {
    let lines = [
        "Banksia & Quill",
        "",
        "Tax invoice BQ-0339",
        "Bill to   Harrow Tea Limited",
        "",
        "To: Banksia & Quill Pty Ltd",
    ];
    assert_eq!(one(&PARTIES[..1], &lines), "Banksia & Quill Pty Ltd");
}

#[test]
fn a_sign_that_a_named_currency_shares_is_not_the_dollar_of_the_usa() {
    assert_eq!(currency(&["Total  $ 12.00", "All amounts in AUD"]), None);
    assert_eq!(currency(&["Total  $ 12.00"]), Some(FieldValue::Scalar("USD".to_owned())));
}

#[test]
fn a_number_of_an_article_is_no_amount_of_money() {
    let lines = ["RS17   Reserva 75 cl   24   11,40", "Total factura \u{20ac} 273,60"];
    assert_eq!(currency(&lines), Some(FieldValue::Scalar("EUR".to_owned())));
}

#[test]
fn what_stands_in_the_rows_of_a_table_is_no_party() {
    let lines = [
        "Example Supplies, S.L.",
        "FACTURA Nº   A/24-003371   RESTAURANT EXAMPLE, S.L.",
        "FECHA        30/09/2024    C/ Major, 27",
        "CLIENTE      430.00817     25300 TÀRREGA",
        "",
        "CÓDIGO  DESCRIPCIÓN                 CANT.  PRECIO  % IVA  IMPORTE",
        "00417   Aceite de oliva virgen 5 L  12     38,40   10     460,80",
        "02914   Detergente 20 L             4      27,90   21     111,60",
        "00388   Harina de fuerza saco 25 kg 8      19,75   10     158,00",
    ];
    assert_ne!(one(&[("buyer_name", "text", "")], &lines), "Detergente 20 L");
}

#[test]
fn who_is_addressed_by_a_title_buys() {
    let lines = [
        "SARL COUVERTURE EXEMPLE",
        "Couverture – Zinguerie",
        "ZA de la Croix",
        "35133 LÉCOUSSE            Madame SPECIMEN Solange",
        "Tél : 02 99 55 01 47      8, impasse des Lavandières",
        "                          35300 FOUGÈRES",
        "FACTURE N°   DATE",
        "F2024-058    14/06/2024",
    ];
    let parties = [("seller_name", "text", ""), ("buyer_name", "text", "")];
    assert_eq!(values(&page(&lines), &parties), ["SARL COUVERTURE EXEMPLE", "Madame SPECIMEN Solange"]);
}

#[test]
fn the_sign_of_how_somebody_is_addressed_names_nobody() {
    let lines = [
        "Arch. Loredana Esempio",
        "Corso Garibaldi 44, 28100 Novara - P.IVA 01790330038",
        "",
        "                          Egregio Sig.",
        "                          Ettore Esempio",
        "                          Strada Biandrate 210",
        "                          28100 Novara",
        "Fattura n. 9 del 12/03/2024",
    ];
    assert_ne!(one(&[("buyer_name", "text", "")], &lines), "Egregio Sig.");
}

#[test]
fn a_heading_in_a_box_of_its_own_heads_the_box_below_it() {
    let lines = [
        "         BILL TO                    WAREHOUSE",
        "Example Joinery Supply Ltd.  Specimen Hardwoods Coop",
        "705 High Street              2200 Park St",
        "London N1 1AA                Leeds LS1 2AB",
    ];
    let mut document = page(&lines);
    let rule = |x0: f32, y0: f32, x1: f32, y1: f32| sheaf_types::Rule {
        bbox: sheaf_types::BoundingBox { x0: x0 / 600.0, y0: y0 / 840.0, x1: x1 / 600.0, y1: y1 / 840.0 },
    };
    let top = document.pages[0].words[0].bbox.y0 * 840.0 - 4.0;
    let word = |text: &str| document.pages[0].words.iter().find(|word| word.text == text).unwrap().bbox;
    let (second, left, middle) = (word("Example"), word("Example").x0, word("Specimen").x0);
    let (left, middle) = (600.0 * left - 6.0, 600.0 * middle - 6.0);
    let (between, bottom) = (840.0 * second.y0 - 1.5, 840.0 * word("Leeds").y1 + 4.0);
    document.pages[0].rules = vec![
        rule(left, top, 590.0, top + 1.0),
        rule(left, between, 590.0, between + 1.0),
        rule(left, bottom, 590.0, bottom + 1.0),
        rule(left, top, left + 1.0, bottom),
        rule(middle, top, middle + 1.0, bottom),
        rule(589.0, top, 590.0, bottom),
    ];
    assert_eq!(values(&document, &[("buyer_name", "text", "Bill to")]), ["Example Joinery Supply Ltd."]);
}
