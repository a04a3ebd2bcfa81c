//! The same files give the same results, however many are worked on at a time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[expect(dead_code, reason = "no server is needed here")]
mod common;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use common::{demo, sheaf};
use serde_json::Value;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// How often each file of the samples is in the batch; the scan, which takes seconds, is in it once.
const COPIES: usize = 3;

/// What a new batch gives its documents, as columns of a CSV export: ids, and the times at which they came and were done.
const OF_THE_BATCH: [&str; 3] = ["document_id", "created_at", "finished_at"];

/// The samples (invoices of one to three pages, a rotated one, a credit note, one scan and a broken file), and a Word file.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(demo().join("documents")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let is_scan = |file: &PathBuf| file.to_str().unwrap().contains("scan");
    let scans: Vec<PathBuf> = files.extract_if(.., |file| is_scan(file)).collect();
    assert_eq!(scans.len(), 1);
    let word = folder.join("letter.docx");
    let mut writer = ZipWriter::new(File::create(&word).unwrap());
    let lines = ["Larch Instruments", "Invoice number: L-20771", "Date: 2024-05-03", "Total: 1,190.00 EUR"];
    let text: String = lines.map(|line| format!("<w:p><w:r><w:t>{line}</w:t></w:r></w:p>")).concat();
    let body = format!("<w:document xmlns:w='w'><w:body>{text}</w:body></w:document>");
    for (name, content) in [("[Content_Types].xml", "<Types/>"), ("word/document.xml", &body)] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap();
    files.push(word);
    std::iter::repeat_n(files, COPIES).flatten().chain(scans).collect()
}

/// The CSV and JSON exports of a new batch on an empty store, without what a batch gives its documents.
fn exports(files: &[PathBuf], workers: &str) -> [String; 2] {
    let folder = TempDir::new().unwrap();
    let [csv, json] = ["out.csv", "out.json"].map(|name| folder.path().join(name));
    let mut command = sheaf();
    command.arg("batch").args(files).arg("--template").arg(demo().join("invoice.json"));
    command.arg("--out").arg(&csv).arg("--out").arg(&json).args(["--workers", workers]);
    let output = command.arg("--data").arg(folder.path().join("data")).output().unwrap();
    // The broken file fails, and nothing else does.
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let [mut csv, mut json] = [csv, json].map(|path| fs::read_to_string(path).unwrap());

    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let own: Vec<usize> =
        OF_THE_BATCH.iter().map(|name| header.iter().position(|column| column == *name).unwrap()).collect();
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    for (row, record) in records.iter().enumerate() {
        for (&column, name) in own.iter().zip(OF_THE_BATCH) {
            let stand_in = format!("{name} of row {row}");
            csv = csv.replacen(&record[column], &stand_in, 1);
            json = json.replacen(&record[column], &stand_in, 1);
        }
    }
    [csv, json]
}

#[test]
fn exports_are_byte_identical_with_one_and_with_four_workers() {
    let folder = TempDir::new().unwrap();
    let files = files(folder.path());
    let [csv, json] = exports(&files, "1");
    let rows: Value = serde_json::from_str(&json).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), files.len());
    // The broken files, and the scan where nothing is installed that recognises it.
    let failed = rows.iter().filter(|row| row["status"] == "failed").count();
    assert!((COPIES..=COPIES + 1).contains(&failed), "{failed} failed");
    assert_eq!(csv.lines().filter(|line| line.contains("L-20771")).count(), COPIES, "{csv}");
    for workers in ["1", "4", "4"] {
        let [other_csv, other_json] = exports(&files, workers);
        assert!(csv == other_csv, "CSV with {workers} workers:\n{csv}\n{other_csv}");
        assert!(json == other_json, "JSON with {workers} workers:\n{json}\n{other_json}");
    }
}
