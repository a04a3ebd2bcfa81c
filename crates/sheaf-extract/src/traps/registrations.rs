//! Traps of registration statements and other forms that somebody signs: names that a question asks for, stamps, lists of officers.

use super::values;
use crate::locate::sample::page;

const PRINCIPAL: [(&str, &str, &str); 1] = [("foreign_principal_name", "text", "Name of foreign principal")];
const SIGNER: [(&str, &str, &str); 2] = [("signer_name", "text", "Name"), ("signer_title", "text", "Title")];

#[test]
fn a_question_that_asks_for_names_labels_the_line_below_it() {
    let lines = [
        "10. List every foreign principal to whom you will render services.",
        "Ministry of Tourism of the Republic of Exampleland",
        "11. Describe the services that you will render to the foreign principal.",
        "Drafting of letters",
    ];
    assert_eq!(values(&page(&lines), &PRINCIPAL), ["Ministry of Tourism of the Republic of Exampleland"]);
    let lines = [
        "9. In addition to those named in items 7 and 8, list the foreign principals whom",
        "you continued to represent.",
        "Example Council of Commerce",
        "10. Have you engaged in any activities for a foreign principal?",
        "Yes",
    ];
    assert_eq!(values(&page(&lines), &PRINCIPAL), ["Example Council of Commerce"]);
    let lines = [
        "4. Foreign principal for whom registrant is acting, together with its address.",
        "EXAMPLE TOURIST COMMISSION",
        "8. Does the registrant have a contract with the foreign principal?",
        "Yes. Letter agreement, copy attached.",
    ];
    assert_eq!(values(&page(&lines), &PRINCIPAL), ["EXAMPLE TOURIST COMMISSION"]);
}

#[test]
fn what_an_anchor_asks_the_name_of_is_a_label_with_a_colon_or_over_a_column() {
    let registrant = [("registrant_name", "text", "Name of registrant"), PRINCIPAL[0]];
    let lines = [
        "Re:   Filing of materials",
        "      Registrant: Example Hale LLC",
        "      Registration No. 6809",
        "      Foreign Principal: Port Corporation of Exampleton",
    ];
    assert_eq!(values(&page(&lines), &registrant), ["Example Hale LLC", "Port Corporation of Exampleton"]);
    let lines = [
        "Foreign Principal              Principal Address",
        "Example Wine Board             8 High Square, Exampleton",
    ];
    assert_eq!(values(&page(&lines), &PRINCIPAL), ["Example Wine Board"]);
}

#[test]
fn the_date_under_a_stamp_is_the_date_received() {
    let template = serde_json::json!({"name": "t", "fields": [{"name": "file_date", "type": "date",
        "description": "Date of the form: date received or date of signature"}]});
    let template = sheaf_types::TemplateSpec::from_json(&template).unwrap();
    let lines = [
        "Form FA-1                                RECEIVED",
        "Rev. 4-50                                OCT 9 1957",
        "",
        "State and date of incorporation.",
        "New York, February 2, 1949",
    ];
    let result = crate::extract(&page(&lines), &template).remove(0);
    assert_ne!(result.value, Some(sheaf_types::FieldValue::Scalar("1949-02-02".into())));
    let lines =
        ["Amendment", "December 14, 1978", "", "", "RECEIVED", "MAR 12 1979", "", "The undersigned swears"];
    let result = crate::extract(&page(&lines), &template).remove(0);
    assert_eq!(result.value, Some(sheaf_types::FieldValue::Scalar("1979-03-12".into())));
}

#[test]
fn who_signs_is_no_officer_of_a_list_before() {
    let mut lines = vec![
        "Have any persons ceased acting as officers?",
        "Name                  Position             Date",
        "Gerald Example        Treasurer            07/15/2015",
    ];
    lines.extend(["Organized two meetings."; 16]);
    lines.extend([
        "The undersigned swears that the contents are true.",
        "MILES SPECIMEN",
        "General Manager",
        "(Type or print name and title)",
    ]);
    assert_eq!(values(&page(&lines), &SIGNER), ["MILES SPECIMEN", "General Manager"]);
}

#[test]
fn a_title_may_go_on_in_the_next_line_and_a_caption_stand_before_it() {
    let lines = [
        "The undersigned swears that the contents are true.",
        "Malcolm J. Example, Executive Vice",
        "President",
        "(Type or print name and title)",
    ];
    assert_eq!(values(&page(&lines), &SIGNER), ["Malcolm J. Example", "Executive Vice President"]);
    let lines = [
        "The undersigned swears that the contents are true.",
        "Lucien R. Example",
        "(Type or print name)",
        "President and Treasurer",
        "(Title)",
    ];
    assert_eq!(values(&page(&lines), &SIGNER), ["Lucien R. Example", "President and Treasurer"]);
}

#[test]
fn a_name_with_its_title_below_it_is_two_values() {
    let lines = [
        "Date of report         Name and title             Signature",
        "October 14, 1986       Raymond E. Example, Jr.    mmm",
        "                       Secretary-Treasurer",
    ];
    assert_eq!(values(&page(&lines), &SIGNER), ["Raymond E. Example, Jr.", "Secretary-Treasurer"]);
}

#[test]
fn a_line_that_says_whose_an_office_is_belongs_to_its_name() {
    let lines = [
        "3. Name of foreign principal        4. Principal address",
        "Ministry of Commerce, Republic      27 Avenue Example",
        "of Exampleland                      Port Example",
    ];
    assert_eq!(values(&page(&lines), &PRINCIPAL), ["Ministry of Commerce, Republic of Exampleland"]);
}

const REGISTRANT: [(&str, &str, &str); 1] = [("registrant_name", "text", "Name of registrant")];

fn file_date(lines: &[&str]) -> String {
    let template = serde_json::json!({"name": "t", "fields": [{"name": "file_date", "type": "date",
        "description": "Date of the form: date received or date of signature"}]});
    let template = sheaf_types::TemplateSpec::from_json(&template).unwrap();
    match crate::extract(&page(lines), &template).remove(0).value {
        Some(sheaf_types::FieldValue::Scalar(value)) => value,
        _ => String::new(),
    }
}

#[test]
fn captions_stand_under_what_is_written_where_somebody_signs() {
    let row = [
        "12. Estimated attendance: approx. 520",
        "7-19-91         Beverly A. Example      Beverly Example",
        "Date            Typed name              Signature of registrant or agent",
        "                Film Librarian",
        "                Title",
    ];
    assert_eq!(values(&page(&row), &SIGNER), ["Beverly A. Example", "Film Librarian"]);
    let mut dated = vec![
        "6. Date transmissions began     7. Date completed",
        "January 14, 1991                June 21, 1991",
        "",
    ];
    dated.extend(row);
    assert_eq!(file_date(&dated), "1991-07-19");
    let brackets = [
        "5. Name and title of official with whom     Dr. Emil Specimen, Executive Secretary",
        "registrant deals",
        "",
        "January 30, 1961          Chas. F. Example",
        "(Date)                    (Signature)",
        "                          Charles F. Example",
        "                          (Name)",
        "                          Vice-President",
        "                          (Title)",
    ];
    assert_eq!(values(&page(&brackets), &SIGNER), ["Charles F. Example", "Vice-President"]);
    assert_eq!(file_date(&brackets), "1961-01-30");
}

#[test]
fn labels_beside_their_values_are_no_captions_where_somebody_signs() {
    let lines = [
        "The undersigned swears that the contents are true.",
        "Signed electronically by     Imani R. Example-Roe",
        "Title                        Chief Operating Officer",
        "Signed on                    07/19/2024",
        "Signature                    /s/Imani R. Example-Roe",
    ];
    assert_eq!(values(&page(&lines), &SIGNER), ["Imani R. Example-Roe", "Chief Operating Officer"]);
}

#[test]
fn an_officer_of_a_list_before_is_not_the_title_of_who_signs_without_one() {
    let mut lines = vec![
        "Name                  Position             Date",
        "Gerald Specimen       Managing Director    10/14/2022",
    ];
    lines.extend(["Organized two meetings."; 16]);
    lines.extend([
        "Date            Printed Name              Signature",
        "01/27/2023      Katherine Example         /s/ Katherine Example",
    ]);
    assert_eq!(values(&page(&lines), &SIGNER), ["Katherine Example", ""]);
}

#[test]
fn a_form_of_the_last_century_names_no_day_of_this_one() {
    let lines = [
        "5. Date and place of birth              6. Present citizenship",
        "2/9/31 - Port Example, Exampleland      Exampleland",
        "",
        "The undersigned swears that the contents are true.",
        "Subscribed and sworn to before me at New York, N.Y. this 11 day of June, 1968",
    ];
    assert_eq!(file_date(&lines), "1968-06-11");
}

#[test]
fn the_typed_name_is_the_signers_and_not_the_signature_above_it() {
    let lines = [
        "The undersigned swears that the contents are true.",
        "(Type or print name under each signature)    Hans C. Example",
        "                                             Hans Christian Example",
        "                                             Director",
    ];
    assert_eq!(values(&page(&lines), &SIGNER), ["Hans Christian Example", "Director"]);
    let lines = [
        "The undersigned swears that the contents are true.",
        "Samuel K. Example",
        "SAMUEL K. EXAMPLE, President",
        "(Type or print name under each signature)",
    ];
    assert_eq!(values(&page(&lines), &SIGNER)[1], "President");
}

#[test]
fn rows_of_a_list_are_no_name_on_two_lines() {
    let lines = [
        "7. List every foreign principal for whom the registrant is acting.",
        "Name of foreign principal       Principal address",
        "Coffee Board of Exampleland     P.O. Box 60, Port Example, Exampleland",
        "Example Airways                 Specimen House, Port Example, Exampleland",
        "8. Will you engage in activity on your own behalf?",
    ];
    assert_ne!(values(&page(&lines), &PRINCIPAL), ["Coffee Board of Exampleland Example Airways"]);
}

#[test]
fn a_dash_or_a_remark_parts_a_label_from_its_value() {
    let lines = [
        "7. List every foreign principal for whom the registrant is acting.",
        "Foreign principal \u{2014} Example Fisheries Development Board",
        "Principal address \u{2014} Strand 9, Example Harbour, EXAMPLELAND",
    ];
    assert_eq!(values(&page(&lines), &PRINCIPAL), ["Example Fisheries Development Board"]);
    let lines = [
        "Public Example Commission \u{b7} Lobbyist Registration",
        "",
        "Registrant (lobbying firm)      Example Advocacy Partners",
        "Registration number             LF-20190087",
        "Status                          Accepted",
    ];
    assert_eq!(values(&page(&lines), &REGISTRANT), ["Example Advocacy Partners"]);
    let lines = [
        "1. Name of lobbyist (registrant): RICHARD P. EXAMPLE",
        "2. Business address: 91 Example Street, Kings Example 02871",
        "3. Employed by (firm), if any: Self",
    ];
    assert_eq!(values(&page(&lines), &REGISTRANT), ["RICHARD P. EXAMPLE"]);
}
