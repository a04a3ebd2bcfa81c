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
