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
fn a_currency_that_only_prices_are_in_is_not_the_bills() {
    let bill = |code: &str| {
        let (heading, total) = (format!("AMOUNT IN {code}"), format!("TOTAL {code}   3,076.92"));
        currency(&[&heading, "Sea freight   USD 2,000.00 @ 0.65   3,076.92", &total])
    };
    assert_eq!(bill("AUD"), None);
    assert_eq!(bill("GBP"), Some(FieldValue::Scalar("GBP".to_owned())));
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
fn who_all_but_says_to_sell_does_not_buy_for_want_of_another() {
    let lines = [
        "SARL COUVERTURE EXEMPLE",
        "Couverture – Zinguerie – Ramonage",
        "ZA de la Croix",
        "35133 LÉCOUSSE            SPECIMEN Solange",
        "Tél : 02 99 55 01 47      impasse des Lavandières",
        "FACTURE N°   DATE",
        "F2024-058    14/06/2024",
        "SARL COUVERTURE EXEMPLE – couverture-exemple.example – www.couverture-exemple.fr",
    ];
    let parties = [("seller_name", "text", ""), ("buyer_name", "text", "")];
    assert_eq!(values(&page(&lines), &parties)[0], "SARL COUVERTURE EXEMPLE");
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
        "         BILL TO                      SHIPPER",
        "Example Joinery Supply       Specimen Hardwoods Coop",
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
    assert_eq!(values(&document, &[("buyer_name", "text", "Bill to")]), ["Example Joinery Supply"]);
}

#[test]
fn a_colon_may_stand_before_its_value_and_other_labels_name_nobody() {
    let lines = [
        "STRAITS FORWARDING PTE. LTD.                 FREIGHT INVOICE",
        "7 Example Road",
        "",
        "TO         : HARBOUR CERAMICS PTE LTD        INV NO  : S2406-07",
        "             31 Panda Loop                   INV DATE: 21-JUN-2024",
        "             SINGAPORE 128252                TERMS   : 14 DAYS",
        "ATTN       : ACCOUNTS PAYABLE                DUE DATE: 05-JUL-2024",
        "",
        "VESSEL/VOY : EVER MOOR 0417W                 ETD     : 19-JUN-2024",
        "POL/POD    : SINGAPORE / ROTTERDAM           ETA     : 14-JUL-2024",
    ];
    let parties = [("seller_name", "text", ""), ("buyer_name", "text", "")];
    let expected = ["STRAITS FORWARDING PTE. LTD.", "HARBOUR CERAMICS PTE LTD"];
    assert_eq!(values(&page(&lines), &parties), expected);
}

#[test]
fn a_firm_has_the_whole_name_that_its_letterhead_sets_in_two_lines() {
    let lines = [
        "POLAR LODESTAR",
        "Forwarding B.V. \u{b7} sea \u{b7} air \u{b7} road",
        "",
        "Invoice address",
        "Brass Garden Living Ltd",
        "",
        "Polar Lodestar Forwarding B.V., Haven 118, 3088 HH Rotterdam \u{b7} VAT NL809244171B01",
    ];
    assert_eq!(one(&PARTIES[..1], &lines), "Polar Lodestar Forwarding B.V.");
}

#[test]
fn a_day_that_a_sentence_asks_to_pay_by_is_the_due_date() {
    let due = [("due_date", "date", "Due date")];
    for (lines, day) in [
        (
            &[
                "We ask you to arrange remittance of 18,530.00 to our account no. 55-",
                "018 free of all charges and no",
                "later than 30 September 2024, quoting our number.",
            ][..],
            "2024-09-30",
        ),
        (
            &[
                "Bitte den Betrag bis 31.12.24 auf unser Konto bei der Bank",
                "am Platz \u{fc}berweisen. Vielen Dank!",
            ],
            "2024-12-31",
        ),
        (&["Please pay", "\u{a3}240.82", "by 14 November 2024"], "2024-11-14"),
        (&["Pay with a card. Complaints must be made by 14 November 2024 at the latest, please."], ""),
    ] {
        assert_eq!(one(&due, lines), day, "{lines:?}");
    }
}

#[test]
fn a_sentence_says_behind_its_amounts_what_they_are() {
    let lines = [
        "Der Gesamtbetrag von 289,20 EUR setzt sich zusammen aus 270,28 EUR netto und 18,92 EUR",
        "Mehrwertsteuer (7 %). Vielen Dank.",
        "Betrag: 289,20 EUR",
    ];
    assert_eq!(values(&page(&lines), &TOTALS[..3]), ["270.28", "18.92", "289.20"]);
}

#[test]
fn a_tax_of_nothing_is_no_other_amount() {
    let lines = [
        "Amount excl. VAT     VAT 0 %    Rounding    Total",
        "125,344.50             0.00         0.50    125,345.00",
    ];
    assert_eq!(one(&TOTALS[1..2], &lines), "0.00");
    assert_eq!(values(&page(&lines), &TOTALS[..3])[1], "0.00");
}

#[test]
fn the_number_of_an_article_of_a_law_is_no_tax() {
    for line in ["TVA non applicable, article 293 B du CGI", "Vrijgesteld van btw, artikel 25 Wet OB"] {
        assert_eq!(one(&[("tax_total", "currency", "")], &[line]), "", "{line}");
    }
}

#[test]
fn the_taxes_of_rates_in_brackets_are_not_the_tax() {
    let lines = [
        "Total taxable value                                 4,041.00",
        "IGST (5%: 138.60, 12%: 142.20, 18%: 15.12)            295.92",
        "TOTAL                                               4,336.92",
    ];
    assert_eq!(values(&page(&lines), &TOTALS[..3]), ["4041.00", "295.92", "4336.92"]);
}

#[test]
fn the_total_of_a_summary_of_taxes_by_their_parts_is_not_the_total() {
    let lines = [
        "Total                                             1,36,496.00",
        "HSN/SAC     Taxable         CGST         SGST/UTGST     Total",
        "            Value           Rate Amount  Rate Amount    Tax",
        "94054200    1,15,674.75     9%           9%             20,821.46",
        "Total       1,15,674.75     10,410.73    10,410.73      20,821.46",
    ];
    assert_eq!(one(&TOTALS[2..3], &lines), "136496.00");
}

#[test]
fn a_bare_dollar_is_not_that_of_the_usa_beside_the_taxes_of_other_countries() {
    assert_eq!(currency(&["ABN 53 118 902 447", "GST 10%  $69.50", "Total  $764.50"]), None);
    assert_eq!(currency(&["Subtotal  $695.00", "HST 13%  $90.35"]), None);
    let usd = Some(FieldValue::Scalar("USD".to_owned()));
    assert_eq!(currency(&["GST 0%", "Total  US$764.50"]), usd);
}

#[test]
fn a_label_of_what_to_pay_may_say_by_when() {
    let lines = [
        "Total TVA incluse                          1'342.60",
        "Bon fid\u{e9}lit\u{e9}                                 -50.00",
        "\u{c0} payer en CHF jusqu'au 14.06.2024        1'292.60",
    ];
    assert_eq!(one(&TOTALS[3..], &lines), "1292.60");
}

#[test]
fn who_is_addressed_by_name_is_the_recipient_and_no_sender() {
    let lines = [
        "Hill View Veterinary Clinic",
        "Main Street, Hilltown, Co. Example",
        "",
        "",
        "Mr. Fergal Doe",
        "Roseview",
        "Camross",
        "",
        "Account for professional services No. 24/1907",
    ];
    assert_eq!(one(&PARTIES[1..], &lines), "Mr. Fergal Doe");
    let lines = [
        "INVOICE / CASH SALE   No. 0472",
        "J. DOE",
        "Date 17/5/25",
        "To Mrs E. Marsh",
        "The Paddocks, Hilltown",
    ];
    assert_eq!(one(&[("buyer_name", "text", "")], &lines), "Mrs E. Marsh");
}

#[test]
fn who_looks_after_it_is_not_the_buyer_below_the_firm() {
    let lines = [
        "Fabrique Saint-Exemple",
        "\u{c0} l'attention de M. le Tr\u{e9}sorier",
        "place de l'\u{c9}glise 2",
        "5030 Exempleville",
    ];
    assert_eq!(one(&[("buyer_name", "text", "")], &lines), "Fabrique Saint-Exemple");
}

#[test]
fn a_surname_before_its_first_name_is_not_the_whole_name() {
    let lines =
        ["Herr", "Max Muster", "Weg 7", "94315 Musterstadt", "", "Patient: Muster, Max, geb. 19.03.1971"];
    assert_eq!(one(&[("buyer_name", "text", "")], &lines), "Max Muster");
}

#[test]
fn a_day_is_no_telephone_of_the_sender() {
    let lines = [
        "Erika Muster",
        "Freie Lektorin",
        "Musterweg 402",
        "12435 Musterstadt",
        "",
        "An die",
        "Stiftung Nachbarschaft",
        "Allee 16",
        "12435 Musterstadt",
        "Rechnungsdatum: 14.05.2024",
    ];
    assert_eq!(one(&[("buyer_name", "text", "")], &lines), "Stiftung Nachbarschaft");
}

#[test]
fn a_number_of_several_words_is_neither_its_first_nor_its_last_word() {
    let number = [("invoice_number", "text", "Rechnungsnummer")];
    assert_eq!(one(&number, &["Rechnung Nr. 2024 118 30557 zahlbar bis 31.12.2024"]), "2024 118 30557");
    assert_eq!(one(&number, &["Rechnung N\u{b0} 388 / 2024"]), "388 / 2024");
    let bill = [
        "Example Bakery Ltd       Your electricity bill",
        "Unit 9 Mill Lane         Bill number 0017 6624 0",
        "LEEDS                    Bill date: 4 March 2024",
        "                         Billing period: 1 Feb - 2 Mar 2024",
    ];
    assert_eq!(one(&[("invoice_number", "text", "Invoice number")], &bill), "0017 6624 0");
}

#[test]
fn a_tax_may_be_abbreviated_with_stops() {
    let lines = [
        "Cuota social 2.º trimestre 2024      1    145,00 €    145,00 €",
        "Base imponible                                        747,95 €",
        "I.V.A. 21 %                                           157,07 €",
        "Total a pagar                                         905,02 €",
    ];
    assert_eq!(values(&page(&lines), &TOTALS[..3]), ["747.95", "157.07", "905.02"]);
    assert_eq!(one(&[("tax_total", "currency", "")], &lines), "157.07");
}
