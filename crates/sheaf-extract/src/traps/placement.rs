//! Traps of printed forms: where labels stand, which texts are labels, and where values end.

use super::values;
use crate::locate::sample::page;

#[test]
fn labels_may_stand_under_the_lines_that_are_filled_in() {
    let lines = [
        "PERSONAL DATA",
        "Adler                Ruth             B.",
        "Last Name            First Name       Initial",
        "",
        "12 Mill Lane, Apt. 4",
        "Mailing Address",
        "",
        "Springfield          Ohio             62704",
        "Town                 Country          Postal Code",
        "",
        "Treasurer",
        "Position             Office           Elected",
        "",
        "SPONSORS",
        "Karl Voss",
        "First Sponsor",
    ];
    let fields = [
        ("q1", "text", "Last Name"),
        ("q2", "text", "First Name"),
        ("q3", "text", "Mailing Address"),
        ("q4", "text", "Town"),
        ("q5", "text", "Postal Code"),
        ("q6", "text", "Position"),
        ("q7", "text", "First Sponsor"),
        ("q8", "text", "Elected"),
    ];
    let made =
        ["Adler", "Ruth", "12 Mill Lane, Apt. 4", "Springfield", "62704", "Treasurer", "Karl Voss", ""];
    assert_eq!(values(&page(&lines), &fields), made);
}

#[test]
fn a_text_among_labels_over_their_values_is_a_label() {
    let lines = [
        "Surname              First names        Called",
        "Adler                Ruth Barbara       Ruthie",
        "",
        "Date of birth        Nationality        Religion",
        "19 May 1990          Irish              None",
        "",
        "Doctor               Blood group",
        "Karl Voss, Health Centre of Ashford",
        "",
        "Father's work        Mother's work",
        "Carpenter            Pharmacist",
        "",
        "School               Class",
        "Ashford School       Third",
    ];
    let fields = [
        ("q1", "text", "Surname"),
        ("q2", "text", "First names"),
        ("q3", "text", "Date of birth"),
        ("q4", "text", "Nationality"),
        ("q5", "text", "Doctor"),
        ("q6", "text", "Father's work"),
        ("q7", "text", "School"),
        ("q8", "text", "Religion"),
    ];
    let made = [
        "Adler",
        "Ruth Barbara",
        "19 May 1990",
        "Irish",
        "Karl Voss, Health Centre of Ashford",
        "Carpenter",
        "Ashford School",
        "None",
    ];
    assert_eq!(values(&page(&lines), &fields), made);
}

#[test]
fn a_text_in_a_column_of_labels_begins_another_value() {
    let lines = [
        "Originator          Ruth Adler",
        "Department          Hydraulics",
        "Reason              Cracks were found on two brackets after the trials.",
        "Kind of change      Design      Costs      Safety",
        "Assessed by         Karl Voss",
        "Effect on stock     Rework six, scrap none",
        "Other papers        Welding list, parts list",
        "Chairman            Ruth Adler",
    ];
    let fields = [
        ("q1", "text", "Originator"),
        ("q2", "text", "Department"),
        ("q3", "text", "Reason"),
        ("q4", "text", "Assessed by"),
        ("q5", "text", "Effect on stock"),
        ("q6", "text", "Chairman"),
    ];
    let made = [
        "Ruth Adler",
        "Hydraulics",
        "Cracks were found on two brackets after the trials.",
        "Karl Voss",
        "Rework six, scrap none",
        "Ruth Adler",
    ];
    assert_eq!(values(&page(&lines), &fields), made);
}

#[test]
fn an_item_between_those_of_the_template_is_a_label() {
    let lines = [
        "1. TITLE OF PROPOSAL",
        "Chess in schools",
        "2. PERIOD OF SUPPORT       3. TOTAL",
        "1/1/76 through 12/31/78    $96,750",
        "4. PUPILS INVOLVED         5. PATENTS",
        "No                         None",
        "6. DISTRICT                12. FISCAL YEAR ENDS",
        "Ashford 2nd                June 30",
    ];
    let fields = [
        ("q1", "text", "1. TITLE OF PROPOSAL"),
        ("q2", "text", "2. PERIOD OF SUPPORT"),
        ("q3", "text", "6. DISTRICT"),
        ("q4", "text", "12. FISCAL YEAR ENDS"),
    ];
    let made = ["Chess in schools", "1/1/76 through 12/31/78", "Ashford 2nd", "June 30"];
    assert_eq!(values(&page(&lines), &fields), made);
}

#[test]
fn a_code_keeps_its_letters_and_groups() {
    for (label, code) in [
        ("Our reference", "KD 31/12/4"),
        ("Project No.", "Q 42/118"),
        ("Confirmation No.:", "(555) 010-0123"),
        ("Policy number", "ABX 448120 T"),
        ("Invoice number:", "412 / 2023"),
        ("Invoice number:", "Q 2711 0098 0034"),
    ] {
        let line = format!("{label}     {code}");
        assert_eq!(values(&page(&[&line]), &[("q1", "text", label)]), [code], "{label}");
        let line = format!("{label} {code}");
        assert_eq!(values(&page(&[&line]), &[("q1", "text", label)]), [code], "{label}");
    }
    // A unit or an amount is no code.
    let lines = ["Order No.     4711", "Total         EUR 1234.50"];
    assert_eq!(values(&page(&lines), &[("order_number", "text", "Order No.")]), ["4711"]);
}

#[test]
fn a_line_that_begins_with_a_label_of_the_template_is_no_rest_of_a_value() {
    let lines =
        ["Submitted by Harbour Fisheries, Inc.", "Address Mill Lane Wharf, Ashford", "Material Fish meal"];
    let fields = [("q1", "text", "Submitted by"), ("q2", "text", "Address"), ("q3", "text", "Material")];
    let made = ["Harbour Fisheries, Inc.", "Mill Lane Wharf, Ashford", "Fish meal"];
    assert_eq!(values(&page(&lines), &fields), made);
}

#[test]
fn an_answer_of_several_lines_is_whole() {
    let lines = [
        "Consignee                 Notify",
        "Talleres Adler S.A.       Transitos Voss",
        "Calle Molino 12",
        "Ashford (Norte)",
        "",
        "Occasion of the test",
        "Complaint of Adler & Voss Carpenters:",
        "blisters after the second coat",
        "",
        "Address                   Work",
        "Rosehill, 16 Mill Lane    Surveyor",
        "Ashford",
        "South County",
    ];
    let fields = [
        ("q1", "text", "Consignee"),
        ("q2", "text", "Notify"),
        ("q3", "text", "Occasion of the test"),
        ("q4", "text", "Address"),
        ("q5", "text", "Work"),
    ];
    let made = [
        "Talleres Adler S.A. Calle Molino 12 Ashford (Norte)",
        "Transitos Voss",
        "Complaint of Adler & Voss Carpenters: blisters after the second coat",
        "Rosehill, 16 Mill Lane Ashford South County",
        "Surveyor",
    ];
    assert_eq!(values(&page(&lines), &fields), made);
}
