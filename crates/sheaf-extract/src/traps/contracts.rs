//! Contracts: what looks like a party, a date of effect, a governing law or a term, and is another one's.

use super::values;
use crate::locate::sample::page;

const FIELDS: [(&str, &str, &str); 4] = [
    ("effective_date", "date", "dated as of"),
    ("jurisdiction", "text", "laws of the State of"),
    ("party", "text", "by and between"),
    ("term", "text", "term"),
];

/// One of the fields found on a contract of these lines.
fn found(name: &str, lines: &[&str]) -> String {
    let at = FIELDS.iter().position(|(field, ..)| *field == name).unwrap();
    values(&page(lines), &FIELDS).swap_remove(at)
}

#[test]
fn a_term_in_words_is_told_in_figures() {
    for (line, term) in [
        (
            "The obligations of confidentiality under this agreement expire two years from the date hereof.",
            "2 years",
        ),
        (
            "The obligations of confidentiality shall survive for twenty-four months after its termination.",
            "24 months",
        ),
        (
            "This agreement shall remain in force for a period of eighteen (18) months from its date.",
            "18 months",
        ),
    ] {
        assert_eq!(found("term", &[line]), term, "{line}");
    }
    let clause = ["Each breach of any term of this agreement by the company shall be remedied at once."];
    assert_eq!(found("term", &clause), "");
}

#[test]
fn the_law_under_which_a_party_is_organised_governs_no_contract() {
    let lines = [
        "This Agreement is made by and between Example Corp., a corporation organized under the",
        "laws of the State of Delaware, and John Roe. Marks are protected under the laws of the United States.",
        "",
        "This Agreement shall be construed in accordance with the laws of the State of Oregon.",
    ];
    assert_eq!(found("jurisdiction", &lines), "Oregon");
    let union =
        ["This Agreement shall be governed by the laws of the United States of America, State of Ohio."];
    assert_eq!(found("jurisdiction", &union), "Ohio");
}

#[test]
fn a_contract_has_its_own_date_and_not_that_of_another_it_names() {
    let lines = [
        "This Amendment No. 1 to the Disclosure Agreement, dated as of December 11, 2015, is made between",
        "Example, Inc. (\"Example\") and Sample LLC. Both entered into a Disclosure Agreement dated as of",
        "November 9, 2015.",
        "",
        "",
        "It supersedes the Disclosure Agreement, dated as of June 18, 2007, between the parties.",
    ];
    assert_eq!(found("effective_date", &lines), "2015-12-11");
}

#[test]
fn a_party_has_its_whole_name_and_no_more() {
    let between = |name: &str| {
        format!(
            "This Agreement is entered into by and between {name} (the \"Company\") and the undersigned person."
        )
    };
    for name in [
        "The Example Company",
        "eSample Corporation, Inc.",
        "Florists’ Example Delivery Inc.",
        "Example & Roe, L.P.",
    ] {
        assert_eq!(found("party", &[&between(name)]), name);
    }
    let address = between("Example Mills, Inc. 2004 Oak Street");
    assert_eq!(found("party", &[&address]), "Example Mills, Inc.");
}

#[test]
fn the_heading_of_a_section_is_no_party() {
    let lines = [
        "Example Paper LLC (\"Buyer\") has asked for information on Sample Mills Inc. (the \"Company\"). As a",
        "condition to furnishing it, Buyer and the Company agree to the following provisions:",
        "1. Certain Definitions. As used in this letter agreement (this \"Agreement\"):",
    ];
    assert_eq!(found("party", &lines), "Example Paper LLC");
    // A line that ends early is not gone on with.
    let letter = [
        "Erika Example",
        "Sample Inc.",
        "1 High Street",
        "",
        "Dear Erika: You have asked for information from us, and we agree to give it.",
    ];
    assert_eq!(found("party", &letter), "Sample Inc.");
}
