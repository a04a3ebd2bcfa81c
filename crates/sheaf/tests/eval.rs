//! `sheaf eval` as a user meets it, on the sample documents.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[expect(dead_code, reason = "no server is needed here")]
mod common;

use std::fs;

use common::{demo, sheaf};
use serde_json::Value;
use tempfile::TempDir;

#[test]
fn the_report_counts_what_is_right_wrong_and_missing() {
    let folder = TempDir::new().unwrap();
    let truth = fs::read_to_string(demo().join("truth.jsonl")).unwrap();
    let mut lines: Vec<Value> = truth.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.retain(|line| line["fields"]["invoice_number"].is_string() && line["scan"] != true);
    let total = lines.len() as u64;
    for line in &mut lines {
        line["file"] = demo().join(line["file"].as_str().unwrap()).to_str().unwrap().into();
    }
    // One truth that no document bears out, one field that the template does not have, one file that is no document.
    lines[0]["fields"]["invoice_number"] = "certainly not".into();
    lines[0]["fields"]["unasked"] = "x".into();
    let broken = folder.path().join("broken.pdf");
    fs::write(&broken, "%PDF-1.4 nothing").unwrap();
    lines[1]["file"] = broken.to_str().unwrap().into();
    let path = folder.path().join("truth.jsonl");
    fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let out = folder.path().join("report.json");

    let run = |extra: &[&str]| {
        let mut command = sheaf();
        command.arg("eval").arg("--truth").arg(&path).args(extra).arg("--template");
        command.arg(demo().join("invoice.json")).current_dir(folder.path()).output().unwrap()
    };
    let output = run(&["--out", out.to_str().unwrap(), "--worst", "50"]);
    let (said, noted) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{noted}");
    assert!(noted.contains("left out unasked, which 1 documents have"), "{noted}");

    let report: Value = serde_json::from_str(&fs::read_to_string(out).unwrap()).unwrap();
    assert_eq!((report["documents"].as_u64(), report["failed"].as_u64()), (Some(total), Some(1)));
    let numbers = &report["fields"]["invoice_number"];
    assert_eq!(numbers["truth"], total);
    assert!(numbers["given"].as_u64() < Some(total) && numbers["right"].as_u64() < numbers["given"].as_u64());
    assert!(report["fields"].get("unasked").is_none());
    let values: u64 = report["calibration"]["bins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bin| bin["values"].as_u64().unwrap())
        .sum();
    assert_eq!(report["all"]["given"], values);
    assert!(report["boxes"].as_f64().unwrap() > 0.9, "{}", report["boxes"]);
    assert!(said.contains("certainly not") && said.contains("broken.pdf"), "{said}");

    // However many documents are read at a time, the report is the same; and nothing is kept.
    assert_eq!(run(&["--workers", "1"]).stdout, run(&["--workers", "4"]).stdout);
    assert!(!folder.path().join("sheaf-data").exists());
}
