//! `sheaf tables` as a user meets it, on the sample documents.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[expect(dead_code, reason = "no server is needed here")]
mod common;

use std::fs;

use common::{demo, sheaf};
use serde_json::Value;
use tempfile::TempDir;

#[test]
fn the_printed_lines_of_invoices_are_found_without_a_template() {
    let truth = fs::read_to_string(demo().join("truth.jsonl")).unwrap();
    let truth: Vec<Value> = truth.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names = ["01-office-supplies", "04-translator", "09-buerobedarf-three-pages"];
    let cases: Vec<&Value> =
        truth.iter().filter(|case| names.contains(&case["id"].as_str().unwrap())).collect();
    let folder = TempDir::new().unwrap();
    let broken = folder.path().join("broken.pdf");
    fs::write(&broken, "%PDF-1.4 nothing").unwrap();

    let run = |extra: &[&str]| {
        let mut command = sheaf();
        command.arg("tables").args(extra);
        command.args(cases.iter().map(|case| demo().join(case["file"].as_str().unwrap())));
        command.arg(&broken).current_dir(folder.path()).output().unwrap()
    };
    let output = run(&["--json"]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found[3]["filename"], "broken.pdf");
    assert_eq!(found[3]["error"]["code"], "corrupt");
    for (case, found) in cases.iter().zip(found.as_array().unwrap()) {
        let rows: Vec<String> = found["tables"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|table| table["rows"].as_array().unwrap())
            .map(|row| row.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect::<Vec<_>>())
            .map(|row| row.join("|"))
            .collect();
        for item in case["tables"]["line_items"].as_array().unwrap() {
            let description = item["description"].as_str().unwrap();
            assert!(rows.iter().any(|row| row.contains(description)), "{description} is not in {rows:#?}");
        }
    }
    let cell = &found[0]["tables"][0]["cells"][0];
    assert_eq!((cell["bbox"].as_array().unwrap().len(), cell["column_span"].as_u64()), (4, Some(1)));

    // For people: the same, in lines, with what could not be read; in the order of the files, however many are read at a time.
    let output = run(&["--workers", "1"]);
    let said = String::from_utf8_lossy(&output.stdout);
    let first = said.lines().next().unwrap();
    assert!(first.starts_with("01-office-supplies.pdf, page 1: "), "{first}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("broken.pdf: "));
    assert_eq!(output.stdout, run(&["--workers", "4"]).stdout);
    // Nothing is kept.
    assert!(!folder.path().join("sheaf-data").exists());

    // Where nothing is sure enough, nothing is printed.
    assert!(run(&["--min-score", "2"]).stdout.is_empty());
}
