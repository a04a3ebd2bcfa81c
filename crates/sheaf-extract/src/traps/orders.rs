//! Orders of advertising time: their days, amounts and clients among what looks like them.

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
