//! Traps of receipts, as they are recognised.

use serde_json::json;
use sheaf_types::{FieldValue, TemplateSpec};

use super::values;
use crate::extract;
use crate::locate::sample::page;

const SHOP: [(&str, &str, &str); 2] = [("company", "text", ""), ("address", "text", "")];

#[test]
fn a_shop_on_two_lines_over_its_registration_is_whole() {
    let rest = ["12, Jalan Example 8", "57000 Kuala Lumpur", "Tel: 03-1234567", "", "TOTAL   27.00"];
    for (head, company) in [
        (["EXAMPLE RESTAURANT", "   SAMPLE HOUSE", "    002411223-K"], "EXAMPLE RESTAURANT SAMPLE HOUSE"),
        (
            ["      EXAMPLE CAFE", "    RIVER SIDE PARK", "GST Reg No: 001122334455"],
            "EXAMPLE CAFE RIVER SIDE PARK",
        ),
        (["   SAMPLE BOOK", "cO. . (M) SDN BHD", "(Co. No.113355-W)"], "SAMPLE BOOK cO. . (M) SDN BHD"),
        (["SAMPLE COLOURS", "EXAMPLE SDN BHD (562007-D)", ""], "EXAMPLE SDN BHD"),
        (["    SAMPLE PARK", "MANAGEMENT SDN BHD", ""], "SAMPLE PARK MANAGEMENT SDN BHD"),
        (["SAMPLE METAL & TRADING", "     (JB) SDN. BHD.", ""], "SAMPLE METAL & TRADING (JB) SDN. BHD."),
        (["EXAMPLE PAPER & PRINT (SA0012345-K)", "", ""], "EXAMPLE PAPER & PRINT"),
        (["JALAN SATU EXAMPLE SDN BHD", "201500012345 (112345-T)", ""], "JALAN SATU EXAMPLE SDN BHD"),
    ] {
        let lines: Vec<&str> = head.into_iter().chain(rest).collect();
        assert_eq!(values(&page(&lines), &SHOP)[0], company);
    }
}

#[test]
fn an_address_ends_before_a_misspelt_telephone_and_is_no_price() {
    let lines = [
        "EXAMPLE CAKE HOUSE SDN BHD 8OZ7Z5-U",
        "(GST Reg No: 001122334455)",
        "No.1, Jalan Example 10/5, Bandar Baru Example",
        "81750 Johor Bahru, Johor. Tell No.: 07-123 4567",
        "",
        "Butter Bun       RM2.25 ST",
        "Cream Bun        RM3.20 ST",
        "8 No",
    ];
    let address = "No.1, Jalan Example 10/5, Bandar Baru Example 81750 Johor Bahru, Johor.";
    assert_eq!(values(&page(&lines), &SHOP), ["EXAMPLE CAKE HOUSE SDN BHD", address]);
    assert_eq!(values(&page(&lines[5..]), &SHOP)[1], "");
}

#[test]
fn the_net_total_is_the_whole_where_nothing_else_is_named() {
    let lines = ["5/25/20   Spot    $75.00", "5/26/20   Spot    $75.00", "Net Total         $150.00"];
    let fields = [("gross_total", "currency", "Gross Amount")];
    assert_eq!(values(&page(&lines), &fields), ["150.00"]);
    let taxed = ["Net Total         $150.00", "Sales Tax          $12.00"];
    assert_eq!(values(&page(&taxed), &fields), [""]);
}

#[test]
fn an_amount_in_brackets_before_its_currency_is_taken_off() {
    let lines = [
        "Credit note 4711",
        "",
        "Net total:   (1.564,10) €",
        "VAT:         (344,10) €",
        "Total:       (1.908,20) €",
    ];
    let fields = [("grand_total", "currency", "Total")];
    assert_eq!(values(&page(&lines), &fields), ["-1908.20"]);
}

#[test]
fn a_town_that_had_no_room_goes_on_in_the_next_line() {
    for (first, rest) in [
        ("Via dei Tigli 115, 00099 Borgomodello", "(RM)"),
        ("Viale della Stazione 63, 98099 Rocca", "Serena (TO)"),
        ("Rua do Moinho 34, Vila Modelo - SP,", "00999-000"),
    ] {
        let lines =
            ["EXAMPLE SRL", first, rest, "-----------------------------------------", "TOTAL   27,00"];
        assert_eq!(values(&page(&lines), &SHOP)[1], format!("{first} {rest}"));
    }
}

#[test]
fn a_number_of_a_register_a_store_or_a_tax_office_is_no_street() {
    let address = "No. 14, Jalan Example 2, 42100 Klang";
    for before in ["(Co. Reg. No. 112345-T)", "STORE NO. 0417", "Outlet No. 14"] {
        for behind in
            ["TEL: 03-3371 0000   FAX: 03-3371 0001   GST ID NO: 000112233445", "GST No: 001122334455"]
        {
            let lines =
                ["EXAMPLE HARDWARE SDN BHD", before, "No. 14, Jalan Example 2,", "42100 Klang", behind];
            assert_eq!(values(&page(&lines), &SHOP)[1], address, "{before} {behind}");
        }
    }
}

#[test]
fn an_address_has_its_town_in_every_country() {
    for lines in [
        ["78 Example Street #01-12", "Singapore 100078"],
        ["Church Lane, Example Combe", "Bath BA2 7ZZ"],
        ["Example Road, Sample,", "Solihull B93 0ZZ"],
    ] {
        let page = page(&["Sample & Thistle", lines[0], lines[1], "", "TOTAL   27.00"]);
        assert_eq!(values(&page, &SHOP)[1], lines.join(" "));
    }
    let right = [
        "Sample Hardware & Rental              215 N Main St",
        "                                   Example, WI 54665",
    ];
    assert_eq!(values(&page(&right), &SHOP)[1], "215 N Main St Example, WI 54665");
}

#[test]
fn the_date_that_no_label_explains_is_the_receipts() {
    let mut lines = vec![""; 40];
    lines.extend([
        "EXAMPLE RESTAURANT",
        "Tel: 04-587 0000",
        "Guest Check: 20771     2017/02/11",
        "Table: 2               20:49",
        "Reserved: 2017/02/08   Waiter: Sample",
    ]);
    assert_eq!(values(&page(&lines), &[("date", "date", "Date")]), ["2017-02-11"]);
}

#[test]
fn what_is_to_be_paid_is_the_total_and_not_the_cash_given() {
    let fields = [("total", "currency", "Total")];
    let lines = [
        "Parcel          16.50",
        "Flyer bag        6.53",
        "Amount to pay   23.03",
        "Tendered        30.00",
        "Balance          6.97",
    ];
    assert_eq!(values(&page(&lines), &fields), ["23.03"]);
    let lines =
        ["SUBTOTAL   45.22", "TAX         1.59", "BALANCE    46.81", "DEBIT TEND 46.81", "CHANGE      0.00"];
    assert_eq!(values(&page(&lines), &fields), ["46.81"]);
}

#[test]
fn what_was_paid_less_the_change_is_the_total_under_other_names() {
    let total = [("total", "currency", "Total")];
    let lines = ["WEEKDAY", "RM 6.00", "PAID        RM 10.00", "CHANGE      RM 4.00"];
    assert_eq!(values(&page(&lines), &total), ["6.00"]);
    let lines = [
        "Sub Total     39.20",
        "GST 6%        2.35",
        "NET TOTAL     RM41.55",
        "Cash          RM50.00",
        "Balance       RM8.45",
    ];
    assert_eq!(values(&page(&lines), &total), ["41.55"]);
}

#[test]
fn an_address_begins_with_its_unit_or_its_lane() {
    let address = [("address", "text", "")];
    let lines = [
        "GADGET TRADING",
        "F3-118, Hill Mall,",
        "112, Persiaran Example, Taman 2,",
        "70300 Seremban, Negeri Sembilan",
    ];
    let found = values(&page(&lines), &address);
    assert_eq!(
        found,
        ["F3-118, Hill Mall, 112, Persiaran Example, Taman 2, 70300 Seremban, Negeri Sembilan"]
    );
    let lines = ["VALE FARM SHOP", "Old Mill Lane", "Hillbury", "Bristol BS35 1RG"];
    assert_eq!(values(&page(&lines), &address), ["Old Mill Lane Hillbury Bristol BS35 1RG"]);
    let lines = ["Kedai Example", "88 & 90, Lebuh Example,", "10100 George Town, Pulau Pinang"];
    assert_eq!(values(&page(&lines), &address), ["88 & 90, Lebuh Example, 10100 George Town, Pulau Pinang"]);
}

#[test]
fn an_american_receipt_writes_the_month_first_whatever_the_template_says() {
    let template = json!({"name": "t", "locale": "en-MY", "fields": [{"name": "date", "type": "date"}]});
    let template = TemplateSpec::from_json(&template).unwrap();
    let lines =
        ["HILL DINER", "31-09 Ditmars Blvd", "Astoria, NY 11105", "02/10/2024 10:44 AM", "TOTAL   $76.21"];
    let found = extract(&page(&lines), &template).remove(0);
    assert_eq!(found.value, Some(FieldValue::Scalar("2024-02-10".to_owned())));
    assert!(found.confidence < 0.5);
}

#[test]
fn a_total_is_what_rounding_or_a_discount_leaves_of_it() {
    let total = [("total", "currency", "Total")];
    let rounded = [
        "SUB TOTAL (EXCL. GST)     110.60",
        "GST @ 6%                    6.64",
        "TOTAL (INCL. GST)         117.24",
        "ROUNDING                    0.01",
        "NET TOTAL RM              117.25",
    ];
    assert_eq!(values(&page(&rounded), &total), ["117.25"]);
    let reduced = [
        "CABLE     1    25.00    25.00",
        "CASE      2    15.00    30.00",
        "TOTAL                   55.00",
        "DISCOUNT                -5.00",
        "AMOUNT DUE (RM)         50.00",
        "E-WALLET                50.00",
    ];
    assert_eq!(values(&page(&reduced), &total), ["50.00"]);
    // Where what is due is asked for as well, the total is that before it.
    let both = [total[0], ("amount_due", "currency", "")];
    assert_eq!(values(&page(&reduced), &both)[0], "55.00");
}

#[test]
fn a_form_between_marks_belongs_to_the_name() {
    let lines = [
        "== SAMPLE SEAFOOD RESTAURANT PTE",
        "             LTD ==",
        "1206 EXAMPLE PARKWAY #01-09",
        "SINGAPORE 449891",
        "TOTAL                     152.54",
    ];
    assert_eq!(values(&page(&lines), &SHOP)[0], "SAMPLE SEAFOOD RESTAURANT PTE LTD");
}

#[test]
fn a_branch_has_an_address_of_its_own() {
    let lines = [
        "EXAMPLE MART SDN BHD",
        "HQ: NO. 2-8, JALAN CONTOH 5, TAMAN",
        "CONTOH, 70200 SEREMBAN",
        "BRANCH: LOT 1450, JALAN BESAR, 71000",
        "PORT DICKSON, N. SEMBILAN.",
        "TEL: 06-647 2291",
    ];
    assert_eq!(values(&page(&lines), &SHOP)[1], "NO. 2-8, JALAN CONTOH 5, TAMAN CONTOH, 70200 SEREMBAN");
}

#[test]
fn who_takes_an_order_and_cash_sells() {
    let lines = [
        "Sample Laundry Express",
        "Sample Maju Enterprise (SA0417720-W)",
        "No. 15A, Jalan Example 7,",
        "40000 Shah Alam",
        "Order No       3077",
        "Customer       Puan Contoh",
        "Total       RM55.20",
        "Cash          60.00",
        "Balance        4.80",
    ];
    assert!(values(&page(&lines), &SHOP)[0].starts_with("Sample"));
}
