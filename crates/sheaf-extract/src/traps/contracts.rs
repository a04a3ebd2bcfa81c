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
        "Example Idraulica S.p.A.",
        "Example Stavby s.r.o.",
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

#[test]
fn a_contract_takes_effect_when_it_says_so() {
    let lines = [
        "This Agreement is made on March 3, 2014, by and between Example Corp. (the \"Company\") and John Roe",
        "of Springfield (the \"Executive\"), and shall become effective on April 1, 2014, the day of his first shift.",
        "",
        "The Executive has signed an Employment Agreement dated February 7, 2014.",
    ];
    assert_eq!(found("effective_date", &lines), "2014-04-01");
    let form = [
        "Confidentiality Agreement",
        "Supplier         Example Mills Inc.",
        "Effective Date   14 May 2016",
        "Fee              As per purchase order PO-1718 dated 7 May 2016",
    ];
    assert_eq!(found("effective_date", &form), "2016-05-14");
}

#[test]
fn the_last_signature_makes_a_contract_that_waits_for_it() {
    let lines = [
        "This Agreement is between Example Corp. and Sample Inc. It becomes effective on the date on which the",
        "last of the two parties signs it.",
        "It replaces their Letter Agreement dated December 2, 2012.",
        "",
        "Example Corp.            Sample Inc.",
        "Name: Jane Doe           Name: John Roe",
        "Date: March 4, 2013      Date: March 11, 2013",
    ];
    assert_eq!(found("effective_date", &lines), "2013-03-11");
}

#[test]
fn the_day_on_which_a_page_was_printed_is_not_the_letters() {
    let lines = [
        "10/28/2019                    Exhibit 99",
        "Example Systems Corp.",
        "June 2, 2014",
        "Dear Ms. Roe:",
        "",
        "We agree to keep your information in confidence.",
        "https://archive.example/data/exhibit99.htm          1/1",
    ];
    assert_eq!(found("effective_date", &lines), "2014-06-02");
}

#[test]
fn an_anniversary_ends_a_term_and_a_deadline_is_none() {
    for (line, term) in [
        ("This agreement shall remain in effect until the third anniversary of its date.", "3 years"),
        ("A new form is not needed for the renewal of this confidentiality agreement within 12 months.", ""),
    ] {
        assert_eq!(found("term", &[line]), term, "{line}");
    }
}

#[test]
fn a_party_stands_beside_the_role_that_the_text_gives_it() {
    let lines = [
        "Confidentiality Agreement",
        "Supplier         Example Mills Inc.",
        "Address          1 High Street, Springfield",
        "Fee              As agreed",
        "",
        "The Supplier shall keep all information in confidence. What the Supplier knew is not confidential.",
    ];
    assert_eq!(found("party", &lines), "Example Mills Inc.");
    // What stands in another column goes on no name.
    let form = [
        "Sample Imaging, Inc.            Idaho",
        "Company (exact legal name)      State",
        "",
        "Sample Imaging, Inc. will keep all information in confidence.",
    ];
    assert_eq!(found("party", &form), "Sample Imaging, Inc.");
    // Half a name is none: its start stands in the line above of its column.
    let columns = [
        "This Agreement is made by Hearth &        application anywhere that is based on the information",
        "Sample Stores, Inc., of Springfield       which it was given by the other.",
    ];
    assert_ne!(found("party", &columns), "Sample Stores, Inc.");
}

#[test]
fn a_form_leaves_half_of_the_year_to_be_filled_in() {
    let lines =
        ["THIS AGREEMENT is made effective the   19th   day of   October , 20 04 , between Example Inc. and"];
    assert_eq!(found("effective_date", &lines), "2004-10-19");
    let blank = ["This Agreement is made as of the 19th day of October, 20__ , between Example Inc. and"];
    assert_eq!(found("effective_date", &blank), "");
}

#[test]
fn a_letter_has_its_own_date_and_not_that_of_a_paper_it_speaks_of() {
    let lines = [
        "Example Foods Corporation",
        "August 9, 2011",
        "Dear Mr. Roe:",
        "",
        "All that we give you, including the confidential information memorandum dated July 18, 2011, is",
        "confidential under this letter agreement.",
    ];
    assert_eq!(found("effective_date", &lines), "2011-08-09");
}

#[test]
fn the_value_of_a_label_on_two_lines_stands_between_them() {
    let lines = [
        "Employee            Jane Roe              Location       Springfield",
        "Effective Date of",
        "                    February 15, 2010     Review date    May 15, 2010",
        "Agreement",
        "",
        "",
        "In consideration of my employment I agree with the Company as follows.",
    ];
    let mut document = page(&lines);
    // The rows of the label stand closer, and the value half a row lower than its first one.
    for word in &mut document.pages[0].words {
        let row = ((word.bbox.y0 * 840.0 - 20.0) / 14.0).round();
        let up = if row == 2.0 {
            7.0
        } else if row > 2.0 {
            14.0
        } else {
            0.0
        };
        (word.bbox.y0, word.bbox.y1) = (word.bbox.y0 - up / 840.0, word.bbox.y1 - up / 840.0);
    }
    assert_eq!(values(&document, &FIELDS[..1]), ["2010-02-15"]);
}

#[test]
fn a_law_may_stand_before_the_word_for_governing() {
    let lines = ["Ohio law, without regard to its conflict-of-law rules, governs this Agreement."];
    assert_eq!(found("jurisdiction", &lines), "Ohio");
}

#[test]
fn the_time_in_which_nobody_is_solicited_is_no_term() {
    let lines = [
        "For a period of one year from the date hereof, neither party nor any of its affiliates will, directly or",
        "through others, on its own behalf or on that of another person, solicit for hire any officer of the other.",
        "",
        "The obligations of each party under this Agreement shall expire two years from the date hereof.",
    ];
    assert_eq!(found("term", &lines), "2 years");
    let during = [
        "Term. This covers what is disclosed during the one (1) year after the Effective Date of this Agreement.",
        "The duties in respect of Confidential Information survive for three (3) years following its disclosure date.",
    ];
    assert_eq!(found("term", &during), "3 years");
}

#[test]
fn a_name_goes_on_in_the_next_line_of_a_form_that_was_filled_in() {
    let lines = [
        "THIS AGREEMENT is made effective the    19th    day of    October, 2004 ,  between    Tri-Example",
        "Mills & Die Co.      (“Owner”), having a plant at        880 Foundry Road, Springfield, and others",
    ];
    assert_eq!(found("party", &lines), "Tri-Example Mills & Die Co.");
}

#[test]
fn text_in_two_columns_is_read_one_after_the_other() {
    let columns = [
        ("This Agreement is made on May 2, 2017 by", "file any design patent or trademark that is"),
        ("Hearth & Sample Stores, Inc., an Ohio", "based on the information. On demand it will"),
        ("corporation (“Buyer”), and by Example &", "return or destroy all that it was given and"),
        ("Lighting Mills Co., Ltd. (“Supplier”). The", "the copies of it that were made by others."),
        ("Buyer may show designs, forecasts and the", "The obligations of the Supplier begin on the"),
        ("costs to the Supplier so that it may make", "day named above and remain in effect until"),
        ("quotations and samples. Nobody would do", "the third anniversary of that day. Either of"),
        ("so without the promises that are made in", "them may stop before, at any time, but"),
        ("this Agreement and in what it refers to", "this does not shorten how long they last."),
    ];
    let lines: Vec<String> = columns.iter().map(|(left, right)| format!("{left:46}{right}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(found("party", &lines), "Hearth & Sample Stores, Inc.");
    assert_eq!(found("term", &lines), "3 years");
}

#[test]
fn a_word_that_starts_sentences_may_stand_within_a_name() {
    let lines = [
        "This Agreement is made by and between Example Private Sample Holdings, Inc. (the “Company”) and you.",
    ];
    assert_eq!(found("party", &lines), "Example Private Sample Holdings, Inc.");
}

#[test]
fn a_contract_takes_effect_on_the_day_that_is_named_so() {
    let lines = [
        "Signed by both sides on the days below.",
        "This Agreement enters into force retroactively on June 2, 2012 (\"Effective Date\"), irrespective of the",
        "dates of signature. Exchange of information under it ends on May 31, 2014.",
    ];
    assert_eq!(found("effective_date", &lines), "2012-06-02");
}

#[test]
fn the_day_of_a_letter_that_a_contract_replaces_is_not_its_own() {
    let lines = [
        "You agree to treat all information in accordance with the provisions of this letter agreement. This",
        "letter agreement supersedes the letter dated November 3, 2007 between the Company and you.",
    ];
    assert_eq!(found("effective_date", &lines), "");
}

#[test]
fn a_term_is_not_that_of_another_covenant_or_contract() {
    let lines = [
        "SECTION 4 - NON-CIRCUMVENTION",
        "For two (2) years from the Effective Date no Party shall deal with an investor introduced by another.",
        "SECTION 5 - DURATION",
        "The undertakings in Section 3 bind the Parties for a period of four (4) years commencing on the",
        "Effective Date.",
    ];
    assert_eq!(found("term", &lines), "4 years");
    let prime = [
        "The prime contract, if awarded, is expected to have a base period of one year and four one-year options.",
    ];
    assert_eq!(found("term", &prime), "");
}

#[test]
fn a_table_of_signatures_names_the_firms() {
    let lines = [
        "By signing, each party agrees to this agreement.",
        "               PARTY 1                  PARTY 2",
        "Signature      Jane Example             John Roe",
        "Print Name     Jane Example             John Roe",
        "Title          Chief Officer            Director",
        "Company        Example Software, Inc.   Sample Logistics, PBC",
    ];
    assert_eq!(found("party", &lines), "Example Software, Inc.");
}

#[test]
fn a_law_governs_in_other_words() {
    for (line, place) in [
        ("This Agreement is subject to German law, without its conflict of laws rules.", "Germany"),
        (
            "This Agreement is a contract under Georgia law and may not be assigned by either of them.",
            "Georgia",
        ),
        ("The validity and effect of this Agreement shall be determined by Oregon law.", "Oregon"),
        ("I live and work there, so that Colorado law applies to this agreement and to me.", "Colorado"),
        (
            "The substantive law of the Commonwealth of Massachusetts controls this Agreement.",
            "Massachusetts",
        ),
        ("Dieser Vertrag unterliegt deutschem Recht.", "Deutschland"),
        ("Le présent contrat est régi par le droit français.", "France"),
        ("Il presente contratto è regolato dalla legge italiana.", "Italia"),
    ] {
        assert_eq!(found("jurisdiction", &[line]), place, "{line}");
    }
    for line in [
        "Notice may be given by any means that Illinois law allows for.",
        "The German market was small, and this Agreement does not speak of it.",
    ] {
        assert_eq!(found("jurisdiction", &[line]), "", "{line}");
    }
}

#[test]
fn a_table_of_parties_names_no_governing_law() {
    let lines = [
        "This Agreement is entered into between",
        "Name               Organized under     Chief office            Called",
        "                   the laws of                                 here",
        "Example Valley     Delaware            1 Oak Street, Acton,    \"EVD\"",
        "Mills Corp.                            Massachusetts",
        "Sample Hill        Illinois            2 High Street,          \"Sample\"",
        "Tools, Inc.                            Springfield, Illinois",
        "and holds for what either of them discloses to the other.",
        "",
        "The law of the Commonwealth of Massachusetts controls this Agreement.",
    ];
    assert_eq!(found("jurisdiction", &lines), "Massachusetts");
    // A cell wraps a name, which ends in its legal form.
    assert_eq!(found("party", &lines), "Example Valley Mills Corp.");
}

#[test]
fn two_laws_that_are_said_to_govern_are_looked_at() {
    let lines = [
        "This Agreement shall be governed by and construed in accordance with the laws of the State of Ohio.",
        "Any notice shall be given in writing. Any failure to insist on a right is no waiver of it.",
        "Either of the parties may end the talks at any time and for any reason or for none.",
        "This Agreement shall be governed by and construed in accordance with the laws of the State of Utah.",
    ];
    let results = crate::extract(&page(&lines), &super::template(&FIELDS[1..2]));
    assert!(results[0].confidence < 0.75, "{}", results[0].confidence);
}

#[test]
fn a_contract_takes_effect_on_the_day_that_it_says() {
    for (lines, day) in [
        (
            [
                "Signed on the date below, to be effective as of the",
                "first day of my employment, May 5, 2014.",
            ],
            "2014-05-05",
        ),
        (
            [
                "This Agreement shall be deemed effective as of May 5, 2014,",
                "although it is signed on later dates.",
            ],
            "2014-05-05",
        ),
        (
            [
                "(1) This Agreement enters into force on 5 May 2014, irrespective of",
                "the date of its signature.",
            ],
            "2014-05-05",
        ),
    ] {
        let mut all = vec!["Confidentiality Agreement", "", ""];
        all.extend(lines);
        all.extend([
            "",
            "Example Corp.            Sample Inc.",
            "Date: May 12, 2014       Date: May 19, 2014",
        ]);
        assert_eq!(found("effective_date", &all), day, "{lines:?}");
    }
}

#[test]
fn a_contract_takes_effect_on_the_day_that_it_names() {
    let lines = [
        "1.  Date of this Agreement      26 August 2014",
        "2.  Disclosing Party            Example Mills Ltd.",
        "3.  Commencement Date           1 September 2014",
        "",
        "The Parties agree to the terms that follow, with effect from the Commencement Date.",
    ];
    assert_eq!(found("effective_date", &lines), "2014-09-01");
}

#[test]
fn the_time_in_which_something_else_is_left_undone_is_no_term() {
    let duration = "8.1 The obligations in this deed terminate eighteen (18) months from its date.";
    for other in [
        "It shall not, for a period of six months from that date, call on any supplier of the Target.",
        "He agrees that for a period of one (1) year from completion of the work he will not serve the firms in Annex 1.",
        "The units that were granted to me vest over four years from the effective date of this agreement.",
    ] {
        assert_eq!(found("term", &[other, duration]), "18 months", "{other}");
    }
    let secret = "I will not, for a period of three years after my employment ends, use or disclose any secret of the Company.";
    assert_eq!(found("term", &[secret]), "3 years");
}
