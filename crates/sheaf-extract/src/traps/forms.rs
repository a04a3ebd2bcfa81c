//! Traps of forms, filled in, signed and scanned.

use serde_json::json;
use sheaf_types::{BoundingBox, Document, FieldValue, Rule, TemplateSpec, TextSource};

use super::values;
use crate::extract;
use crate::locate::names::look;
use crate::locate::sample::page;
use crate::locate::typed::name_fit;

const SIGNER: [(&str, &str, &str); 2] = [("signer_name", "text", "Name"), ("signer_title", "text", "Title")];

/// As recognised on a scan.
fn recognised(lines: &[&str]) -> Document {
    let mut document = page(lines);
    document.pages[0].words.iter_mut().for_each(|word| word.source = TextSource::Tesseract);
    document
}

#[test]
fn who_signs_electronically_stands_behind_the_mark() {
    let lines = [
        "1. Name of Club                       2. Number",
        "Springfield Chess Circle              4711",
        "",
        "(Date of signature)                   (Print or type name under each signature)",
        "April 30, 2018                        /s/ Ruth B. Adler            eSigned",
    ];
    assert_eq!(values(&page(&lines), &SIGNER[..1]), ["Ruth B. Adler"]);
    let lines =
        ["(Date)                 (Signature)", "April 30, 2018         /s/Karl Voss, Managing Director"];
    assert_eq!(values(&page(&lines), &SIGNER), ["Karl Voss", "Managing Director"]);
}

#[test]
fn a_name_over_a_title_under_an_oath_is_who_signs() {
    for (first, second) in
        [("Ruth B. Adler", "Vice President and Treasurer"), ("Ruth B. Adler, Treasurer", "")]
    {
        let lines = [
            "1. Name of Club                       2. Number",
            "Springfield Chess Circle              4711",
            "Contact:  Karl Voss",
            "          Manager",
            "",
            "The undersigned swears that what is stated above is true and complete.",
            "",
            &format!("(All copies shall be signed by one        {first}"),
            &format!("of the officers of the club)              {second}"),
            "",
            "Subscribed and sworn to before me           JOHN F. ACER",
            "My commission expires in March              Notary Public",
        ];
        let title = if second.is_empty() { "Treasurer" } else { second };
        let fields = [("club_name", "text", "Name of Club"), SIGNER[0], SIGNER[1]];
        assert_eq!(values(&page(&lines), &fields), ["Springfield Chess Circle", "Ruth B. Adler", title]);
    }
}

#[test]
fn a_question_is_answered_beneath_it_though_a_line_of_the_next_column_stands_between() {
    let mut document = page(&[
        "1. Name                            2. Number",
        "Ruth Adler                         4711",
        "",
        "8. What is the name of the club?   3. Place of play",
        "                                   Address Springfield",
        "Name Chess Circle of Springfield",
    ]);
    // What was filled in beside the answer stands a little higher.
    for word in document.pages[0].words.iter_mut().filter(|word| word.bbox.y0 * 840.0 > 75.0) {
        let up = if word.bbox.x0 > 0.3 { 2.0 } else { 9.0 };
        word.bbox.y0 -= up / 840.0;
        word.bbox.y1 -= up / 840.0;
    }
    let fields = [("club_name", "text", "Name of the club"), SIGNER[0]];
    assert_eq!(values(&document, &fields), ["Chess Circle of Springfield", "Ruth Adler"]);
}

#[test]
fn a_scribble_leads_no_line_and_a_stroke_over_a_word_does_not_part_it_from_its_line() {
    let mut document = recognised(&[
        "Date                     Name and title                      Signature",
        "9/22/93                  Ruth Adler, Managing Director              Zaf",
    ]);
    for word in &mut document.pages[0].words {
        match word.text.as_str() {
            // Half a line higher, and tall.
            "Zaf" => {
                word.confidence = 0.1;
                word.bbox.y0 -= 6.0 / 840.0;
                word.bbox.y1 -= 2.0 / 840.0;
            }
            "Managing" => word.bbox.y1 += 14.0 / 840.0,
            _ => {}
        }
    }
    assert_eq!(values(&document, &SIGNER), ["Ruth Adler", "Managing Director"]);
}

#[test]
fn a_misread_label_labels_what_stands_behind_its_colon() {
    let lines = ["NATURH OF WOKK: Test of a new glue", "SCIERTIFTC MEETINC OF CHOICE: none yet"];
    let fields = [("q1", "text", "Nature of work:"), ("q2", "text", "Scientific meeting of choice:")];
    assert_eq!(values(&recognised(&lines), &fields), ["Test of a new glue", "none yet"]);
}

#[test]
fn a_label_with_a_number_in_it_is_a_label() {
    let lines = ["1993 monthly use (lbs.)       6240", "pH (calculated 50%)           5.26"];
    let fields = [("q1", "text", "1993 monthly use (lbs.)"), ("q2", "text", "PH (CALCULATED 50%)")];
    assert_eq!(values(&page(&lines), &fields), ["6240", "5.26"]);
}

#[test]
fn what_stands_in_brackets_under_a_label_is_part_of_it() {
    let lines = [
        "Total budget:             2,960,000",
        "This change:              +58,500",
        "(from current budget)",
        "New balance:              252,955",
    ];
    let fields = [("q1", "text", "This change: (from current budget)"), ("q2", "text", "New balance:")];
    assert_eq!(values(&page(&lines), &fields), ["+58,500", "252,955"]);
}

#[test]
fn a_column_reaches_to_where_the_next_label_starts() {
    let lines = [
        "1. Name of club               2. Registration No.",
        "Springfield Chess Circle                                   4711",
        "3. Place of play",
    ];
    let fields = [("club_name", "text", "Name of club"), ("registration_num", "text", "Registration No.")];
    assert_eq!(values(&page(&lines), &fields), ["Springfield Chess Circle", "4711"]);
}

#[test]
fn a_name_under_its_label_fills_two_lines() {
    let lines = |third: &'static str| {
        page(&[
            "1. Name of club                       2. Number",
            "Chess Circle of Greater               4711",
            "Springfield and Ashford",
            third,
        ])
    };
    let fields = [("club_name", "text", "Name of club")];
    let whole = "Chess Circle of Greater Springfield and Ashford";
    assert_eq!(values(&lines("3. Place of play"), &fields), [whole]);
    // Three lines are a name and an address.
    assert_eq!(values(&lines("Northern County"), &fields), ["Chess Circle of Greater"]);
}

#[test]
fn the_small_rest_of_a_label_in_its_next_line_is_no_answer() {
    let lines = [
        "5. Name of club on whose behalf this material was",
        "   sent.",
        "   Chess Circle Springfield",
        "",
        "6. Means of sending",
    ];
    let fields = [("club_name", "text", "Name of club")];
    assert_eq!(values(&page(&lines), &fields), ["Chess Circle Springfield"]);
}

#[test]
fn two_lines_beside_their_label_or_under_it_are_one_text() {
    let lines = [
        "Quantity and make:    Wide header",
        "                      Spot varnish",
        "Price:                12.50",
        "",
        "Packing",
        "Bulk in cartons",
        "Fourteen days ahead",
        "",
        "Signature:            none",
    ];
    let fields = [("q1", "text", "Quantity and make:"), ("q2", "text", "Packing"), ("q3", "text", "Price:")];
    let made = ["Wide header Spot varnish", "Bulk in cartons Fourteen days ahead", "12.50"];
    assert_eq!(values(&page(&lines), &fields), made);
}

#[test]
fn a_stroke_beside_a_label_is_no_answer() {
    let mut document = page(&["           Harbour Press", "Agency:           -"]);
    // What was filled in stands a little higher than its label.
    for word in document.pages[0].words.iter_mut().filter(|word| word.bbox.y0 * 840.0 < 25.0) {
        word.bbox.y0 += 5.0 / 840.0;
        word.bbox.y1 += 5.0 / 840.0;
    }
    assert_eq!(values(&document, &[("q1", "text", "Agency:")]), ["Harbour Press"]);
}

#[test]
fn nothing_and_a_day_are_no_name() {
    let fields = [("club_name", "text", "Name of club")];
    assert_eq!(values(&page(&["Name of club    N/A"]), &fields), [""]);
    let fit = |text: &str| name_fit(text, look(text), true);
    assert!(fit("March 30") < fit("Ruth Adler") - 0.3);
}

#[test]
fn a_name_does_not_begin_with_the_label_of_something_else() {
    let lines =
        ["1. Name            2. Number", "Ruth Adler         4711", "", "Name               Address Denver"];
    assert_eq!(values(&page(&lines), &SIGNER[..1]), ["Ruth Adler"]);
}

#[test]
fn the_answer_of_a_label_stands_in_its_box() {
    let lines = [
        "Requested for        Budget no.",
        "        Ruth Adler",
        "Place of delivery    Way",
        "  Springfield",
    ];
    let fields = [("q1", "text", "Requested for"), ("q2", "text", "Place of delivery")];
    let mut document = page(&lines);
    let first = &document.pages[0];
    let at = |text: &str| first.words.iter().find(|word| word.text == text).unwrap().bbox;
    let middle = |above: BoundingBox, below: BoundingBox| f32::midpoint(above.y1, below.y0);
    let (label, answer) = (at("Requested"), at("Ruth"));
    let (next, last) = (at("Place"), at("Springfield"));
    let edge = f32::midpoint(at("for").x1, at("Budget").x0);
    let heights = [label.y0 - 0.005, middle(answer, next), last.y1 + 0.005];
    let across = heights.map(|y| BoundingBox { x0: label.x0 - 0.01, y0: y, x1: 0.95, y1: y + 0.001 });
    let upright = [label.x0 - 0.01, edge, 0.95];
    let upright = upright.map(|x| BoundingBox { x0: x, y0: heights[0], x1: x + 0.001, y1: heights[2] });
    document.pages[0].rules = across.into_iter().chain(upright).map(|bbox| Rule { bbox }).collect();
    assert_eq!(values(&document, &fields), ["Ruth Adler", "Springfield"]);
}

#[test]
fn what_ends_like_a_label_or_has_no_digits_under_a_date_is_no_answer() {
    let lines = ["Submitted by         Approved by", "Ruth Adler           Karl Voss"];
    assert_eq!(values(&page(&lines), &[("q1", "text", "Submitted by")]), ["Ruth Adler"]);
    let lines = ["Date              Division", "9/8/95            Denver"];
    assert_eq!(values(&page(&lines), &[("q1", "text", "Date")]), ["9/8/95"]);
}

#[test]
fn a_label_of_the_template_ends_the_value_before_it() {
    let lines = ["Tested: 3/12/81-3/24/81 Reported    3/30/81", "From 1 October and Ending 5 November"];
    let fields = [
        ("q1", "text", "Tested:"),
        ("q2", "text", "Reported"),
        ("q3", "text", "From"),
        ("q4", "text", "and Ending"),
    ];
    assert_eq!(values(&page(&lines), &fields), ["3/12/81-3/24/81", "3/30/81", "1 October", "5 November"]);
}

#[test]
fn a_label_with_a_gap_in_it_is_one() {
    let lines = ["Number of pages      (with this sheet):    8"];
    assert_eq!(values(&page(&lines), &[("q1", "text", "Number of pages (with this sheet):")]), ["8"]);
}

#[test]
fn a_number_with_a_letter_behind_it_is_no_label() {
    let lines = ["Pack size:    20's", "Price:        12.50"];
    assert_eq!(values(&page(&lines), &[("q1", "text", "Pack size:")]), ["20's"]);
}

#[test]
fn a_value_behind_a_label_within_keeps_its_bracket() {
    let lines = ["Room 12 Fax of office (919) 373-6917"];
    let fields = [("q1", "text", "Room"), ("q2", "text", "Fax of office")];
    assert_eq!(values(&page(&lines), &fields), ["12", "(919) 373-6917"]);
}

#[test]
fn a_mark_ticks_the_label_that_it_stands_nearest_to() {
    let fields = [("accepted", "text", "ACCEPTED"), ("rejected", "text", "REJECTED")];
    assert_eq!(values(&page(&["ACCEPTED", "", "XX   REJECTED"]), &fields), ["", "XX"]);
    let fields = [("area", "text", "DIVISION"), ("other", "text", "OTHER")];
    assert_eq!(values(&page(&["SCOPE:  REGION     DIVISION          X   OTHER"]), &fields), ["", "X"]);
    let fields = [("november", "text", "Nov.")];
    assert_eq!(values(&page(&["PERIODS:   Oct.     Nov. X     Dec."]), &fields), ["X"]);
}

#[test]
fn a_remark_behind_a_label_is_part_of_it() {
    let lines = [
        "Early Fee: (before May 1)       $35.00",
        "Late Fee: (from May 1)          $50.00",
        "Groups (3 copies each)          Rooms",
        "Chess Circle                    12",
    ];
    let fields = [("early", "text", "Early Fee"), ("late", "text", "Late Fee"), ("groups", "text", "Groups")];
    assert_eq!(values(&page(&lines), &fields), ["$35.00", "$50.00", "Chess Circle"]);
    // Where nothing else answers, it is the answer.
    assert_eq!(values(&page(&["Early Fee: (before May 1)"]), &fields[..1]), ["(before May 1)"]);
}

#[test]
fn a_second_label_in_a_segment_labels_what_stands_to_its_right() {
    let fields = [("tested", "text", "TESTED"), ("reported", "text", "REPORTED")];
    let lines = ["TESTED: 3/12/81-3/24/81 REPORTED     3/30/81"];
    assert_eq!(values(&page(&lines), &fields), ["3/12/81-3/24/81", "3/30/81"]);
}

#[test]
fn a_text_field_whose_label_heads_a_column_has_all_of_its_cells() {
    let lines = [
        "Promotion          Code      Rate",
        "Spring sale        725       2.84",
        "",
        "Walk-in offer      731       2.00",
        "",
        "Total due                    4.84",
    ];
    let fields = [("code", "text", "Code"), ("name", "text", "Promotion")];
    assert_eq!(values(&page(&lines), &fields)[0], "725 731");
    // Without other cells in their rows, two texts are no column.
    let lines = ["Code", "725", "", "731"];
    assert_eq!(values(&page(&lines), &fields[..1]), ["725"]);
}

#[test]
fn the_words_of_a_label_within_a_sentence_label_nothing() {
    let lines = [
        "obtained before any judgement is made, see the",
        "research limits below for what else applies.",
        "",
        "Research Limits",
        "Only members of the circle were asked.",
    ];
    let fields = [("limits", "text", "Research Limits")];
    assert_eq!(values(&page(&lines), &fields), ["Only members of the circle were asked."]);
}

#[test]
fn who_signs_stands_behind_a_date_or_before_a_dash() {
    let lines = [
        "4. Title of material, if any        5. Name of the club",
        "See attached list                   Chess Circle",
        "",
        "Date        Name and title              Signature",
        "May 3, 1991 Ruth B. Adler - Director",
    ];
    let fields = [("club_name", "text", "Name of the club"), SIGNER[0], SIGNER[1]];
    assert_eq!(values(&page(&lines), &fields), ["Chess Circle", "Ruth B. Adler", "Director"]);
    // A title of two parts is no name with a title behind it.
    let lines = [
        "Date of report     Name and title                      Signature",
        "May 3, 1991        Ruth Adler",
        "                   Executive Director, Public Affairs",
    ];
    assert_eq!(values(&page(&lines), &SIGNER), ["Ruth Adler", "Executive Director, Public Affairs"]);
}

#[test]
fn whatever_follows_the_mark_of_a_signature_and_a_name_is_a_title() {
    let lines = ["(Date of signature)   (Signature)", "May 3, 2018           /s/ Ruth Adler, Global Couns"];
    assert_eq!(values(&page(&lines), &SIGNER), ["Ruth Adler", "Global Couns"]);
}

#[test]
fn brackets_hold_a_name_together() {
    let lines = [
        "The undersigned swears that what is stated above is true and complete.",
        "",
        "(All copies shall be signed)              (Ruth  B. Adler )",
        "                                          General Manager",
    ];
    assert_eq!(values(&page(&lines), &SIGNER), ["Ruth B. Adler", "General Manager"]);
}

#[test]
fn a_date_over_two_cells_is_no_part_of_either() {
    // It is found over the gap, and reaches beyond the cell that it starts in.
    let lines = ["this 22nd day of      April 1991 Ruth Adler"];
    assert_eq!(values(&page(&lines), &SIGNER), ["", ""]);
}

#[test]
fn a_bare_label_is_that_of_the_number_behind_it() {
    let fields = [("phone", "text", "Tel"), ("fax", "text", "Fax"), ("copy", "text", "No")];
    let lines = ["2101 L Street, Springfield 20037 Tel 555-785-9700     Fax 555-887-0589", "", "No. 436 By"];
    assert_eq!(values(&page(&lines), &fields), ["555-785-9700", "555-887-0589", "436"]);
}

#[test]
fn a_colon_within_a_value_does_not_part_it() {
    let fields = [("description", "text", "Description")];
    let lines = ["Date:           6/21/90", "Description:    Hong Kong: A Survey of Chess"];
    assert_eq!(values(&page(&lines), &fields), ["Hong Kong: A Survey of Chess"]);
}

#[test]
fn the_last_word_of_a_text_may_be_a_label_elsewhere() {
    let lines = [
        "Proposals obtained: Only two, because the third club has not yet signed our",
        "contract.",
        "Club                         Costs",
    ];
    let fields = [("proposals", "text", "Proposals obtained")];
    let whole = "Only two, because the third club has not yet signed our contract.";
    assert_eq!(values(&page(&lines), &fields), [whole]);
}

#[test]
fn a_firm_is_known_by_its_name_and_not_by_what_it_trades_under() {
    let fields = [("club_name", "text", "Name of Club")];
    let lines = [
        "1. Name of Club                                2. Number",
        "Adler & Voss Ltd. d/b/a Chess Palace           4711",
    ];
    assert_eq!(values(&page(&lines), &fields), ["Adler & Voss Ltd."]);
}

#[test]
fn of_the_values_that_a_form_offers_the_ticked_one_is_taken() {
    let spec = json!({"name": "t", "fields": [
        {"name": "change", "type": "enum", "enum_values": ["Increase", "Decrease"], "anchor": "Change"}]});
    let spec = TemplateSpec::from_json(&spec).unwrap();
    for (line, expected) in [
        ("Change:  Increase X      Decrease", "Increase"),
        ("Change:  Increase        Decrease X", "Decrease"),
        ("Change:  X Increase      Decrease", "Increase"),
        ("Change:  Increase      X Decrease", "Decrease"),
        ("Change:  [X] Increase    [ ] Decrease", "Increase"),
        // Where all gaps are alike, the boxes stand on one side.
        ("Change: ☐ Increase ☒ Decrease", "Decrease"),
        ("Change: ☒ Increase ☐ Decrease", "Increase"),
        ("Change: Increase ☒ Decrease ☐", "Increase"),
        ("Change: Increase ☐ Decrease ☒", "Decrease"),
    ] {
        let result = extract(&page(&[line]), &spec).remove(0);
        assert_eq!(result.value, Some(FieldValue::Scalar(expected.into())), "{line}");
        assert!(!result.needs_review, "{line}: {}", result.confidence);
    }
    // Nothing says which one, or too much does.
    for line in
        ["Change:  Increase     Decrease", "Change: Increase X Decrease", "Change: ☒ Increase ☒ Decrease"]
    {
        assert!(extract(&page(&[line]), &spec)[0].needs_review, "{line}");
    }
}

#[test]
fn a_paragraph_is_whole_though_its_first_line_is_indented() {
    let lines = [
        "Research Limitations",
        "     Due to the size of the sample we feel that few will presently be members of",
        "the club. One half of them should be the standard that judgments are held to",
        "only among this group.",
    ];
    let whole = "Due to the size of the sample we feel that few will presently be members of the club. One half of them should be the \
                 standard that judgments are held to only among this group.";
    assert_eq!(values(&page(&lines), &[("limits", "text", "Research Limitations")]), [whole]);
}

#[test]
fn a_recognised_sentence_goes_on_over_a_wide_blank_and_a_column_does_not() {
    let fields = [("storage", "text", "Storage")];
    for (line, value) in [
        (
            "Storage:  Refrigerate in amber glass bottle at no more   than 8 degrees",
            "Refrigerate in amber glass bottle at no more than 8 degrees",
        ),
        ("Storage:  Refrigerate in amber glass bottle   Manager Roe", "Refrigerate in amber glass bottle"),
    ] {
        assert_eq!(values(&recognised(&[line]), &fields), [value]);
    }
}

#[test]
fn the_number_of_a_street_may_be_a_word() {
    let lines =
        ["Address of Corporation   One Harbour Avenue", "                         Fairhaven, NY 10016"];
    let fields = [("address", "text", "Address of Corporation")];
    assert_eq!(values(&page(&lines), &fields), ["One Harbour Avenue Fairhaven, NY 10016"]);
}

#[test]
fn a_recognised_stroke_behind_a_number_is_no_digit_of_it() {
    let lines = ["Contract / Revision   Alt Order #", "1601132 1             220125"];
    let fields = [("contract_number", "text", "Contract / Revision")];
    assert_eq!(values(&recognised(&lines), &fields), ["1601132"]);
    // Printed so, it is one.
    assert_eq!(values(&page(&lines), &fields), ["1601132 1"]);
}

#[test]
fn a_recognised_name_wraps_between_lines_of_different_letters() {
    let lines = [
        "Agency: Blue Media Group      Advertiser: Hagarty, Will - TN",
        "                                          Senate",
    ];
    let fields = [("agency", "text", "Agency"), ("advertiser", "text", "Advertiser")];
    let mut document = recognised(&lines);
    let above = document.pages[0].words[0].bbox.y1;
    // The box of a word without a letter below its line is lower.
    let senate = document.pages[0].words.last_mut().expect("the sample has words");
    let height = senate.bbox.y1 - senate.bbox.y0;
    (senate.bbox.y0, senate.bbox.y1) = (above, above + 0.78 * height);
    senate.font_size *= 0.78;
    assert_eq!(values(&document, &fields), ["Blue Media Group", "Hagarty, Will - TN Senate"]);
}

#[test]
fn a_box_is_that_of_what_it_stands_beside_and_what_is_not_ticked_is_no_value() {
    let fields = [
        ("concept", "text", "Concept"),
        ("production", "text", "In Production"),
        ("archived", "text", "Archived"),
        ("status", "text", "Status"),
    ];
    for (line, expected) in [
        ("Status    ☐ Concept ☒ In Production ☐ Archived", ["", "X", "", "In Production"]),
        ("Status    ☐   Concept    ☐   In Production    ☑   Archived", ["", "", "X", "Archived"]),
        ("Status    Concept ☒   In Production ☐   Archived ☐", ["X", "", "", "Concept"]),
    ] {
        assert_eq!(values(&page(&[line]), &fields), expected, "{line}");
    }
}

#[test]
fn the_next_question_and_the_next_heading_answer_none() {
    let lines = [
        "I. OBJECTIVE",
        "Primary:     Win new members",
        "Secondary:",
        "II. TIMING",
        "Start:       May 7",
        "III. COST",
        "Total:       $40,068",
    ];
    let fields =
        [("primary", "text", "Primary:"), ("secondary", "text", "Secondary:"), ("start", "text", "Start:")];
    assert_eq!(values(&recognised(&lines), &fields), ["Win new members", "", "May 7"]);
    let lines = [
        "1. what colour do you like most?",
        "Green",
        "2. About how many have you?",
        "A dozen",
        "3. Have you tried any other? Which?",
        "4. Into which of these groups do you fall? (HAND CARD)",
    ];
    let fields = [
        ("colour", "text", "1. What colour do you like most?"),
        ("count", "text", "2. About how many have you?"),
        ("other", "text", "3. Have you tried any other? Which?"),
    ];
    assert_eq!(values(&recognised(&lines), &fields), ["Green", "A dozen", ""]);
}

#[test]
fn an_answer_may_be_one_that_the_question_names() {
    let lines = ["What size is that - small, large or extra?", "Large"];
    let fields = [("size", "text", "What size is that - small, large or extra?")];
    assert_eq!(values(&page(&lines), &fields), ["Large"]);
}
