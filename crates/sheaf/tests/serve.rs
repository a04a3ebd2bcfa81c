//! The server as a user meets it: the real binary, real requests, real documents.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[expect(dead_code, reason = "documents are fetched and deleted elsewhere")]
mod common;
#[path = "common/note.rs"]
mod note;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Server, demo, sheaf};
use note::delivery_note;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The sample documents, by name.
fn samples() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(demo().join("documents")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn as_files(paths: &[PathBuf]) -> Vec<(&'static str, &str, Vec<u8>)> {
    paths
        .iter()
        .map(|path| ("files", path.file_name().unwrap().to_str().unwrap(), fs::read(path).unwrap()))
        .collect()
}

fn template() -> Value {
    serde_json::from_str(&fs::read_to_string(demo().join("invoice.json")).unwrap()).unwrap()
}

fn create_template(server: &Server) -> String {
    let (status, body) = server.post_json("/v1/templates", &template());
    assert_eq!(status, 201, "{body}");
    body["id"].as_str().unwrap().to_owned()
}

/// What an export says of each document, but for ids and times.
fn values(export: &str) -> BTreeMap<String, Value> {
    let rows: Vec<Value> = serde_json::from_str(export).unwrap();
    rows.into_iter()
        .map(|row| {
            let name = row["filename"].as_str().unwrap().to_owned();
            (name, json!({"status": row["status"], "error": row["error"], "fields": row["fields"]}))
        })
        .collect()
}

#[test]
fn the_api_and_the_command_line_give_the_same_values() {
    let folder = TempDir::new().unwrap();
    let results = folder.path().join("results.json");
    let batch = sheaf()
        .args(["batch", "--template"])
        .arg(demo().join("invoice.json"))
        .arg("--out")
        .arg(&results)
        .arg("--data")
        .arg(folder.path().join("cli"))
        .arg(demo().join("documents"))
        .output()
        .unwrap();
    // One of the samples is broken on purpose.
    assert_eq!(batch.status.code(), Some(2), "{}", String::from_utf8_lossy(&batch.stderr));
    let from_command_line = values(&fs::read_to_string(results).unwrap());
    assert_eq!(from_command_line.len(), samples().len());

    let server = Server::start(&folder.path().join("server"), &[]);
    let id = create_template(&server);
    let texts = [("template_id", id.as_str()), ("name", "samples")];
    let (status, batch) = server.post_form("/v1/batches", &texts, &as_files(&samples()));
    assert_eq!(status, 202, "{batch}");
    let id = batch["id"].as_str().unwrap();
    let batch = server.wait_for(id);
    assert_eq!(batch["percent"], 100);
    let (status, export) = server.get(&format!("/v1/batches/{id}/export?format=json"));
    assert_eq!(status, 200);
    assert_eq!(values(&export), from_command_line);

    let (_, again) = server.get(&format!("/v1/batches/{id}/export?format=json"));
    assert_eq!(export, again, "an export of a terminal batch is repeatable");
}

#[test]
fn one_document_is_extracted_at_once() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &[]);
    let id = create_template(&server);
    let sample = &samples()[..1];
    let mut file = as_files(sample);
    file[0].0 = "file";
    let (status, extraction) = server.post_form("/v1/extract", &[("template_id", &id)], &file);
    assert_eq!(status, 200, "{extraction}");
    assert!(extraction["batch_id"].is_null());
    for field in extraction["fields"].as_array().unwrap() {
        let (value, source) = (&field["value"], &field["source"]);
        assert!(
            value.is_null() || (source.is_string() && field["page"].is_u64() && field["bbox"].is_array()),
            "{field}"
        );
    }
    let id = extraction["id"].as_str().unwrap();
    assert_eq!(server.get_json(&format!("/v1/extractions/{id}")), extraction);
    assert_eq!(server.get_json("/v1/usage")["used"], 1);
}

#[test]
fn a_correction_teaches_the_next_batch_where_its_field_stands() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &[]);
    let spec = json!({"name": "Notes", "fields": [{"name": "site", "type": "text"}]});
    let (_, template) = server.post_json("/v1/templates", &spec);
    let template = template["id"].as_str().unwrap();
    let read = |site: &str, articles: usize| {
        let files = [("files", "note.pdf", delivery_note(site, articles))];
        let (status, batch) = server.post_form("/v1/batches", &[("template_id", template)], &files);
        assert_eq!(status, 202, "{batch}");
        let batch = batch["id"].as_str().unwrap();
        server.wait_for(batch);
        let list = server.get_json(&format!("/v1/batches/{batch}/extractions"));
        let id = list["data"][0]["id"].as_str().unwrap().to_owned();
        let field = server.get_json(&format!("/v1/extractions/{id}"))["fields"][0].clone();
        (id, field)
    };
    let (id, untaught) = read("Harbour Quay", 1);
    assert_ne!(untaught["value"], "Harbour Quay", "found without being taught");
    let correct = json!({"action": "correct", "value": "Harbour Quay"});
    let (status, corrected) =
        server.post_json(&format!("/v1/extractions/{id}/fields/site/resolve"), &correct);
    assert_eq!(status, 200, "{corrected}");

    let (_, taught) = read("Tower South", 5);
    assert_eq!((&taught["value"], &taught["source"]), (&json!("Tower South"), &json!("Tower South")));
    assert_eq!(taught["needs_review"], false, "{taught}");

    let lessons = server.get_json(&format!("/v1/templates/{template}/lessons"));
    let lesson = lessons["data"][0]["id"].as_str().unwrap();
    server.delete(&format!("/v1/templates/{template}/lessons/{lesson}"));
    let (_, forgotten) = read("West Mill", 1);
    assert_ne!(forgotten["value"], "West Mill", "what was taught was removed");
}

#[test]
fn what_was_accepted_survives_a_kill() {
    let folder = TempDir::new().unwrap();
    // No workers: the batch is accepted and nothing runs.
    let server = Server::start(folder.path(), &["--workers", "0"]);
    let template_id = create_template(&server);
    let texts = [("template_id", template_id.as_str()), ("name", "survivor")];
    let (status, batch) = server.post_form("/v1/batches", &texts, &as_files(&samples()));
    assert_eq!(status, 202, "{batch}");
    let id = batch["id"].as_str().unwrap().to_owned();
    assert_eq!(batch["status"], "pending");
    server.kill();

    let server = Server::start(folder.path(), &[]);
    let batch = server.wait_for(&id);
    assert_eq!(batch["status"], "completed");
    assert_eq!(batch["counts"]["total"], samples().len());
    let used = server.get_json("/v1/usage")["used"].as_u64().unwrap();
    let failed = batch["counts"]["failed"].as_u64().unwrap();
    assert_eq!(used, samples().len() as u64 - failed, "a failed document is refunded, once");
}

#[test]
fn a_terminated_server_drains_and_ends_well() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &[]);
    let template_id = create_template(&server);
    let texts = [("template_id", template_id.as_str()), ("name", "interrupted")];
    // Without the scan, which takes an unoptimised reader half a minute.
    let mut quick = samples();
    quick.retain(|path| !path.ends_with("13-plumber-scan.pdf"));
    let mut many = Vec::new();
    for _ in 0..10 {
        many.extend(as_files(&quick).into_iter().map(|(part, name, bytes)| (part, name.to_owned(), bytes)));
    }
    let many: Vec<_> = many.iter().map(|(part, name, bytes)| (*part, name.as_str(), bytes.clone())).collect();
    let (status, batch) = server.post_form("/v1/batches", &texts, &many);
    assert_eq!(status, 202, "{batch}");
    let id = batch["id"].as_str().unwrap().to_owned();
    assert_eq!(server.terminate().code(), Some(0));

    let server = Server::start(folder.path(), &[]);
    let batch = server.wait_for(&id);
    let counts = &batch["counts"];
    let finished = counts["completed"].as_u64().unwrap() + counts["needs_review"].as_u64().unwrap();
    assert_eq!(finished + counts["failed"].as_u64().unwrap(), many.len() as u64, "{counts}");
    let rows = server.get_json(&format!("/v1/batches/{id}/extractions?limit=500"));
    for row in rows["data"].as_array().unwrap() {
        assert_eq!(row["attempts"], 1, "what was handed back at the stop did not count: {row}");
    }
}

/// The value of a line of `/metrics`.
fn metric(server: &Server, line: &str) -> f64 {
    let (status, text) = server.get("/metrics");
    assert_eq!(status, 200);
    let found = text.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("{line} is not in {text}")).parse().unwrap()
}

#[test]
fn metrics_say_what_waits_and_what_came_of_it() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &["--workers", "0"]);
    let template_id = create_template(&server);
    let (status, batch) =
        server.post_form("/v1/batches", &[("template_id", template_id.as_str())], &as_files(&samples()));
    assert_eq!(status, 202, "{batch}");
    let n = samples().len() as f64;
    assert_eq!((metric(&server, "sheaf_queue_pending"), metric(&server, "sheaf_workers_alive")), (n, 0.0));
    assert!(metric(&server, "sheaf_queue_oldest_pending_seconds") > 0.0);
    assert_eq!(metric(&server, "sheaf_http_request_seconds_count{method=\"POST\",status=\"202\"}"), 1.0);
    server.terminate();

    let server = Server::start(folder.path(), &[]);
    let counts = server.wait_for(batch["id"].as_str().unwrap())["counts"].clone();
    assert_eq!((metric(&server, "sheaf_queue_pending"), metric(&server, "sheaf_queue_running")), (0.0, 0.0));
    for outcome in ["completed", "needs_review"] {
        let line = format!("sheaf_documents_total{{outcome=\"{outcome}\",code=\"\"}}");
        assert_eq!(Some(metric(&server, &line)), counts[outcome].as_f64(), "{outcome}");
    }
    assert_eq!(metric(&server, "sheaf_documents_total{outcome=\"failed\",code=\"corrupt\"}"), 1.0);
    assert_eq!(metric(&server, "sheaf_stage_seconds_count{stage=\"read\"}"), n);
    assert!(metric(&server, "sheaf_reader_starts_total") >= 1.0);
    assert_eq!(metric(&server, "sheaf_workers_alive"), 2.0);
}

/// The files under a folder.
fn files_under(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_under(&path) } else { 1 }).sum()
}

#[test]
fn a_full_disk_is_told_and_leaves_nothing_half_written() {
    let folder = TempDir::new().unwrap();
    // No file may grow beyond 2 MiB, as if the disk ended there; a database that is nearly empty does not.
    let mut shell = Command::new("bash");
    let script = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\"";
    shell.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    shell.args(["-c", script, env!("CARGO_BIN_EXE_sheaf")]);
    let server = Server::from(shell, folder.path(), &["--workers", "0"], &[]);
    let template_id = create_template(&server);
    let small = fs::read(&samples()[0]).unwrap();
    let blobs = folder.path().join("blobs");
    let empty = files_under(&blobs);
    let texts = [("template_id", template_id.as_str())];
    // One that is held until it is whole, and one that is written part by part.
    for size in [3 << 20, 20 << 20] {
        let mut large = small.clone();
        large.resize(size, b' ');
        let files = [("files", "small.pdf", small.clone()), ("files", "large.pdf", large)];
        let (status, problem) = server.post_form("/v1/batches", &texts, &files);
        assert_eq!((status, &problem["code"]), (503, &json!("unavailable")), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("no room left"), "{problem}");
        for list in ["/v1/documents", "/v1/batches"] {
            assert_eq!(server.get_json(list)["data"], json!([]), "{list}");
        }
        assert_eq!(server.get_json("/v1/usage")["used"], 0);
    }
    // The small file's blob may be there, and is swept; the large ones' are not, not even in part.
    while files_under(&blobs) > empty + 1 {
        std::thread::yield_now();
    }
    let (status, _) = server.post_form("/v1/batches", &texts, &[("files", "small.pdf", small)]);
    assert_eq!(status, 202, "what there is room for is taken");
}

/// The most memory that a server has had so far, in bytes.
fn peak_memory(server: &Server) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() << 10
}

#[test]
fn an_upload_is_never_in_memory_whole() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &["--workers", "0"]);
    let small = fs::read(&samples()[0]).unwrap();
    let file = |i: u8, size| {
        let mut file = small.clone();
        file.resize(size, i);
        ("file", "a.pdf", file)
    };
    // Small ones, which are held until there are some, and large ones.
    let mut files: Vec<_> = (0..100).map(|i| file(i, 1 << 20)).collect();
    files.extend((100..104).map(|i| file(i, 40 << 20)));
    let before = peak_memory(&server);
    let (status, answer) = server.post_form("/v1/documents", &[], &files);
    assert_eq!(status, 201, "{answer}");
    let after = peak_memory(&server);
    assert!(after - before < 60 << 20, "260 MB took {} MB", (after - before) >> 20);
}

#[test]
fn logs_for_machines_are_json_and_tell_no_secret_and_no_content() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("log");
    let environment = [("SHEAF_LOG_FORMAT", "json"), ("RUST_LOG", "info")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    // The server's messages go on to a file.
    let mut shell = Command::new("bash");
    shell.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    shell.args(["-c", "exec \"$0\" \"$@\" 2> >(tee \"$LOG\" >&2)", env!("CARGO_BIN_EXE_sheaf")]);
    shell.env("LOG", &log);
    let server = Server::from(shell, folder.path(), &[], &environment);
    let id = create_template(&server);
    let batch =
        server.post_form("/v1/batches", &[("template_id", id.as_str())], &as_files(&samples()[..2])).1;
    server.wait_for(batch["id"].as_str().unwrap());
    assert_eq!(server.terminate().code(), Some(0));

    let text = fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for line in &lines {
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
        assert!(line["fields"]["message"].is_string(), "{line}");
    }
    let request = lines.iter().find(|line| line["fields"]["path"] == "/v1/batches").unwrap();
    assert_eq!((&request["fields"]["method"], &request["fields"]["status"]), (&json!("POST"), &json!(202)));
    assert!(request["fields"]["request_id"].is_string());
    for told in [common::KEY, "01-office-supplies", "Total"] {
        assert!(!text.contains(told), "{told} is in the log");
    }
}
