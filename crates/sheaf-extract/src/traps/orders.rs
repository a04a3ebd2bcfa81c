//! Orders of advertising time: their days, amounts and clients among what looks like them.

use serde_json::json;
use sheaf_types::{FieldValue, TemplateSpec};

use super::values;
use crate::locate::sample::page;

const FLIGHT: [(&str, &str, &str); 2] =
    [("flight_from", "date", "Flight Dates"), ("flight_to", "date", "Flight Dates")];

#[test]
fn a_label_says_which_end_of_the_flight_its_day_is() {
    let beside = [
        "Sold to:      Example for Sheriff",
        "Start date:   October 20, 2014",
        "End date:     November 3, 2014",
    ];
    assert_eq!(values(&page(&beside), &FLIGHT), ["2014-10-20", "2014-11-03"]);
    let above = [
        "Agency             First broadcast    Last broadcast",
        "Example Media      10/10/2022         11/28/2022",
    ];
    assert_eq!(values(&page(&above), &FLIGHT), ["2022-10-10", "2022-11-28"]);
    let said = ["The flight begins on Monday, April 25, 2022 and ends on Tuesday, May 17, 2022."];
    assert_eq!(values(&page(&said), &FLIGHT), ["2022-04-25", "2022-05-17"]);
}

#[test]
fn a_range_stands_under_its_label_as_a_whole() {
    let lines = ["Client                 Flight", "Example Action Fund    9/24/2018 to 10/14/2018"];
    assert_eq!(values(&page(&lines), &FLIGHT), ["2018-09-24", "2018-10-14"]);
    let glued = ["FLIGHT   SEP24/12-NOV04/12"];
    assert_eq!(values(&page(&glued), &FLIGHT), ["2012-09-24", "2012-11-04"]);
}

#[test]
fn spots_that_are_counted_are_no_amount() {
    let gross = [("gross_amount", "currency", "Gross Amount")];
    for line in ["Order total (244 spots)      5,992.00", "Total spots / Gross order      31      $5,992"] {
        let found = &values(&page(&[line]), &gross)[0];
        assert!(found.is_empty() || found.starts_with("5992"), "{line}: {found}");
    }
}

#[test]
fn an_advertiser_is_neither_a_label_nor_initials_nor_half_a_name() {
    let advertiser = [("advertiser", "text", "Advertiser")];
    let signed =
        ["FOR THE ADVERTISER            FOR THE STATION", "______________            ______________"];
    assert_eq!(values(&page(&signed), &advertiser), [""]);
    // A name that stands twice is no label of itself.
    let twice = ["Advertiser    Example Paper Fund", "Product       Example Paper Fund"];
    assert_eq!(values(&page(&twice), &advertiser), ["Example Paper Fund"]);
    let coded = ["CLIENT   EPC   EXAMPLE PAPER COMPANY      STATION   WXYZ-TV"];
    assert_eq!(values(&page(&coded), &advertiser), ["EXAMPLE PAPER COMPANY"]);
    let wrapped = [
        "Order: 1006   Agency: Example Group           Advertiser Name: Example Freedom Action",
        "              Sales Office: Springfield       Fund",
        "              Agency Contact: Jane Roe        Demo: A35+",
    ];
    assert_eq!(values(&page(&wrapped), &advertiser), ["Example Freedom Action Fund"]);
}

#[test]
fn a_flight_ends_when_its_label_says_and_not_with_a_row() {
    let lines = [
        "Start Date   09/26/22",
        "End Date     10/23/22",
        "",
        "Ln   Dates                 Station   Spots   Amount",
        "1    09/26/22 - 10/02/22   WXYZ      10      450.00",
        "2    09/26/22 - 10/02/22   WXYZ      10      380.00",
        "3    09/26/22 - 10/02/22   WXYZ      10      450.00",
        "4    10/17/22 - 10/23/22   WXYZ      10      450.00",
    ];
    assert_eq!(values(&page(&lines), &FLIGHT), ["2022-09-26", "2022-10-23"]);
}

#[test]
fn the_gross_amount_is_the_sum_of_its_column_and_no_row_of_it() {
    let gross = [("gross_amount", "currency", "Gross Amount")];
    let recap = [
        "Station      Spots   Gross $      Net $",
        "WXYZ         89      96,480.00    82,008.00",
        "WXYA         79      23,870.00    20,289.50",
        "Order total  168     120,350.00   102,297.50",
    ];
    assert_eq!(values(&page(&recap), &gross), ["120350.00"]);
    let said = [
        "Days   Hours         Times   Rate     Total",
        "M-F    6:00a-10:00a  15      $45.00   $675.00",
        "M-F    3:00p-7:00p   15      $42.00   $630.00",
        "Sa     6:00a-12:00n   6      $25.00   $150.00",
        "",
        "Total charges (before any commission): $1,455.00",
    ];
    assert_eq!(values(&page(&said), &gross), ["1455.00"]);
    let net = [
        "Order Value (Gross)             $12,860.00",
        "Agency commission @ 15%         -$1,929.00",
        "Net payable                     $10,931.00",
    ];
    assert_eq!(values(&page(&net), &gross), ["12860.00"]);
}

#[test]
fn a_sentence_names_the_advertiser_behind_the_word_and_is_no_label() {
    let advertiser = [("advertiser", "text", "Advertiser")];
    let lines = [
        "This letter confirms the agreement between our stations and",
        "the advertiser, Citizens for Example Jobs, for announcements.",
    ];
    assert_eq!(values(&page(&lines), &advertiser), ["Citizens for Example Jobs"]);
    let sentence = [
        "advertiser under this agreement. I represent that this person or entity is a legally qualified candidate.",
        "The treasurer of the committee is: Jane Roe",
    ];
    assert_eq!(values(&page(&sentence), &advertiser), [""]);
    let agency =
        ["BILL TO                    ON BEHALF OF", "Example & Roe Media        Example Leadership Fund"];
    assert_eq!(values(&page(&agency), &advertiser), ["Example Leadership Fund"]);
}

#[test]
fn a_schedule_says_in_many_words_when_it_runs() {
    for lines in [
        ["Run from:   10/17/16   to:   10/29/16", ""],
        ["First air 10/17/2016", "Last air 10/29/2016"],
        ["Schedule starts: 10-17-16        Schedule ends: 10-29-16", ""],
        [
            "Your announcements (:60) will begin Monday, October 17, 2016",
            "and end Saturday, October 29, 2016, as ordered.",
        ],
    ] {
        assert_eq!(values(&page(&lines), &FLIGHT), ["2016-10-17", "2016-10-29"], "{}", lines[0]);
    }
}

#[test]
fn the_number_of_a_contract_is_not_that_of_the_order_below_it() {
    let lines = [
        "EXAMPLE TELEVISION SALES                  ELECTRONIC ORDER",
        "",
        "N E W   O R D E R             CONTRACT#   70441726   MOD# 00",
        "STA: WXYZ-TV                  HDLN#: 6103355         AGY EST#: 20/01",
    ];
    let template = TemplateSpec::from_json(&json!({"name": "t", "fields": [{
        "name": "contract_num", "type": "text", "anchor": "Contract / Revision",
        "description": "Number of the order, contract or invoice of the station",
    }]}));
    let found = crate::extract(&page(&lines), &template.unwrap()).swap_remove(0).value;
    assert_eq!(found, Some(FieldValue::Scalar("70441726".to_owned())));
    let station = ["Station order no. (traffic):     607338", "Rep firm:                        none"];
    assert_eq!(values(&page(&station), &[("order_no", "text", "")]), ["607338"]);
}

#[test]
fn the_revised_amount_is_wanted_and_not_the_previous_one() {
    let lines = [
        "                      Previous (Rev 2)   Revised (Rev 3)",
        "Gross order total            56,100.00         58,350.00",
        "Agency commission 15%         8,415.00          8,752.50",
    ];
    assert_eq!(values(&page(&lines), &[("gross_amount", "currency", "Gross Amount")]), ["58350.00"]);
}

#[test]
fn the_heading_of_a_column_holds_for_all_its_rows() {
    let lines = [
        "Zone                      Spots      Gross                         Net",
        "",
        "Upper Valley / Zone 17         104                2,348.00            1,995.80",
        "Twin Cities / Zone 22          100                2,679.00            2,277.15",
        "Lower Valley / Zone 25          64                  558.00              474.30",
        "Westfield / Zone 31             82                1,080.00              918.00",
        "CONTRACT TOTAL                 350                6,665.00            5,665.25",
    ];
    assert_eq!(values(&page(&lines), &[("gross_amount", "currency", "Gross Amount")]), ["6665.00"]);
}

#[test]
fn the_committee_is_the_advertiser_and_not_who_signs_for_it() {
    let advertiser = [("advertiser", "text", "Advertiser")];
    let form = [
        "I, Maria Sample-Roe, media buyer, do hereby request station time as follows:",
        "Authorized committee: Example for Congress",
        "Treasurer of candidate's authorized committee: John Q. Roe",
        "",
        "Signature of candidate / committee / agent:",
        "M. Sample-Roe",
    ];
    assert_eq!(values(&page(&form), &advertiser), ["Example for Congress"]);
    assert_eq!(values(&page(&["Signature of advertiser:   M. Sample-Roe"]), &advertiser), [""]);
    for line in ["Candidate:   Jane Roe for Sheriff", "ADV: JANE ROE FOR SHERIFF      ADV CODE: ROES"] {
        assert_eq!(values(&page(&[line]), &advertiser)[0].to_lowercase(), "jane roe for sheriff", "{line}");
    }
    let sponsor = [
        "Name of sponsor: Roe for Assessor Committee",
        "Ordered by: Richard Roe Jr.",
        "",
        "Sponsor: Richard Roe Jr.                Station: P. Example",
    ];
    assert_eq!(values(&page(&sponsor), &advertiser), ["Roe for Assessor Committee"]);
}

#[test]
fn initials_leave_out_the_year_of_a_name() {
    let lines = [
        "CLIENT   JR   JANE ROE 2020      REP   EXAMPLE REPS",
        "PRODUCT  PRIMARY                ATTN  R. ROE",
    ];
    assert_eq!(values(&page(&lines), &[("advertiser", "text", "Advertiser")]), ["JANE ROE 2020"]);
}

#[test]
fn a_bracket_says_what_the_name_before_it_is() {
    let advertiser = [("advertiser", "text", "Advertiser")];
    let form = [
        "This broadcast time will be used by:   Example Payers Alliance, Inc.   (ADVERTISER). Does the programming (in whole or in part)",
        "communicate a message relating to any political matter of national importance?",
    ];
    assert_eq!(values(&page(&form), &advertiser), ["Example Payers Alliance, Inc."]);
    let contract = [
        "THIS AGREEMENT, made the 21st day of August, 2012, between Example Sports Network, Inc.",
        "(\u{201c}Network\u{201d}), and Citizens to Protect Example Park (\u{201c}Advertiser\u{201d}), whose address is 3 Example Street,",
        "placed through Example Communications (\u{201c}Agency\u{201d}).",
        "______________________                 ______________________",
        "For the Network: Richard Roe           For the Advertiser: Sister Jane Roe",
    ];
    assert_eq!(values(&page(&contract), &advertiser), ["Citizens to Protect Example Park"]);
    let two =
        ["Made between Example Stations and Citizens for Example Roads (the \"Advertiser\"), as follows."];
    assert_eq!(values(&page(&two), &advertiser), ["Citizens for Example Roads"]);
}

#[test]
fn an_announcement_says_who_paid_for_it() {
    let lines = [
        "Jane - please confirm the attached, budget 12k gross at most. Start Monday. Paid for by Example Leadership PAC, Richard",
        "Roe, treasurer. Thanks, N",
    ];
    assert_eq!(values(&page(&lines), &[("advertiser", "text", "Advertiser")]), ["Example Leadership PAC"]);
}

#[test]
fn what_a_sentence_says_of_an_earlier_order_is_not_the_documents() {
    let order =
        [("contract_num", "text", "Contract / Revision"), ("gross_amount", "currency", "Gross Amount")];
    let lines = [
        "PROPOSAL PR-450123",
        "Proposal gross                  $18,165.00",
        "Net after 15% commission        $15,440.25",
        "",
        "Early voting began 4/5/22. The prior flight (order 2914999, 4/4/22-4/17/22,",
        "$18,420.00 gross) is not included.",
    ];
    assert_eq!(values(&page(&lines), &order), ["PR-450123", "18165.00"]);
}

#[test]
fn a_sentence_labels_nothing_in_the_next_one() {
    let order =
        [("contract_num", "text", "Contract / Revision"), ("gross_amount", "currency", "Gross Amount")];
    let lines = [
        "All rates gross, agency commissionable at 15%. $500 minimum order.",
        "Orders are not confirmed until you get a contract number from us. Closed Columbus Day",
        "10/13.",
    ];
    assert_eq!(values(&page(&lines), &order), ["", ""]);
    let short = ["Exampleton, 6 september 2024 | factuurnr. 24.207 | offerte 24.088 d.d. 3 juni 2024"];
    assert_eq!(values(&page(&short), &[("invoice_number", "text", "")]), ["24.207"]);
}

#[test]
fn a_contract_says_when_the_first_and_the_last_announcement_runs() {
    let lines = [
        "The station shall broadcast four announcements in each of nine (9) games, the first on September 1, 2012",
        "and the last on November 3, 2012, there being no game on October 13, 2012.",
    ];
    assert_eq!(values(&page(&lines), &FLIGHT), ["2012-09-01", "2012-11-03"]);
}
