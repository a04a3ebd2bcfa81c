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
