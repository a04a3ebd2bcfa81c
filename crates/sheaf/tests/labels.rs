//! Labels of a user's own, as a user adds them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[expect(dead_code, reason = "no server is needed here")]
mod common;
#[path = "common/note.rs"]
mod note;

use std::fs;
use std::process::Output;

use common::sheaf;
use note::delivery_note;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A delivery note through a template without anchors, with a file of labels if one is given.
fn extract(labels: Option<&str>) -> Output {
    let folder = TempDir::new().unwrap();
    let [note, template, file] =
        ["note.pdf", "template.json", "labels.txt"].map(|name| folder.path().join(name));
    fs::write(&note, delivery_note("Granite Row", 2)).unwrap();
    let fields = json!([
        {"name": "plot", "type": "text"},
        {"name": "cargo", "type": "table", "columns": [{"name": "wood", "type": "text"}, {"name": "quantity", "type": "number"}]},
    ]);
    fs::write(&template, json!({"name": "Note", "fields": fields}).to_string()).unwrap();
    let mut command = sheaf();
    command.arg("extract").arg(&note).arg("--template").arg(&template);
    if let Some(text) = labels {
        fs::write(&file, text).unwrap();
        command.arg("--labels").arg("labels.txt");
    }
    command.current_dir(folder.path()).output().unwrap()
}

/// The results of both fields.
fn fields(output: &Output) -> [Value; 2] {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    [answer["fields"][0].clone(), answer["fields"][1].clone()]
}

#[test]
fn labels_of_a_users_own_find_what_no_other_names() {
    let [plot, _] = fields(&extract(None));
    assert_ne!(plot["value"], "Granite Row");

    let own = "# Timber\n[plot]\nshape: text\nnames: plot\nen: watchword\n[column description]\nen: wood\n";
    let [plot, cargo] = fields(&extract(Some(own)));
    assert_eq!((&plot["value"], &plot["source"]), (&json!("Granite Row"), &json!("Granite Row")));
    let rows = cargo["value"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row, &json!({"wood": "Oak boards", "quantity": "3"}));
    }
}

#[test]
fn a_fault_in_them_is_told_before_any_work() {
    let output = extract(Some("[plot]\nen: watchword\n"));
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("labels.txt") && said.contains("line 2: the concept is new"), "{said}");
}

#[test]
fn what_is_printed_can_be_given_back_and_changes_nothing() {
    let printed = sheaf().arg("labels").output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.contains("[invoice_number]") && printed.contains("[row subtotal]"));
    assert_eq!(fields(&extract(Some(&printed))), fields(&extract(None)));
}
