//! A provider that is dead or hangs, and everybody else's work meanwhile.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::Server;
use crate::scripted::{Reply, Scripted, Wire, document, error, says};
use crate::template;

fn heron() -> Reply {
    says(&json!({"quibble": {"value": "a grey heron", "lines": [1]}}))
}

fn start(folder: &tempfile::TempDir, scripted: &Scripted, more: &[(&str, &str)]) -> (Server, String) {
    let mut environment = scripted.environment();
    environment.retain(|(name, _)| more.iter().all(|(other, _)| name != other));
    environment.extend(more.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())));
    let server = Server::start_with(folder.path(), &[], &environment);
    let (status, made) = server.post_json("/v1/templates", &template());
    assert_eq!(status, 201, "{made}");
    let template = made["id"].as_str().unwrap().to_owned();
    (server, template)
}

/// A batch of documents that all say something of their own.
fn batch(server: &Server, template: &str, n: usize, use_llm: bool) -> String {
    let files: Vec<(&str, &str, Vec<u8>)> = (0..n)
        .map(|at| {
            ("files", "a.pdf", document(&["we saw a grey heron today.", &format!("number {at} {use_llm}")]))
        })
        .collect();
    let use_llm = use_llm.to_string();
    let (status, batch) =
        server.post_form("/v1/batches", &[("template_id", template), ("use_llm", &use_llm)], &files);
    assert_eq!(status, 202, "{batch}");
    batch["id"].as_str().unwrap().to_owned()
}

fn used(server: &Server) -> u64 {
    server.get_json("/v1/usage")["used"].as_u64().unwrap()
}

/// Polls until something holds of a batch.
fn until(server: &Server, batch: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let started = Instant::now();
    loop {
        let found = server.get_json(&format!("/v1/batches/{batch}"));
        if holds(&found) {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "it never holds: {found}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_batch_with_a_dead_provider_fails_clearly_is_refunded_and_can_be_retried() {
    let scripted = Scripted::start(Wire::Openai, |_| error(500, "down"));
    let folder = tempfile::tempdir().unwrap();
    let (server, template) = start(&folder, &scripted, &[]);
    let premium = batch(&server, &template, 5, true);
    let standard = batch(&server, &template, 20, false);
    assert_eq!(server.wait_for(&standard)["counts"]["failed"], 0);
    let failed = server.wait_for(&premium);
    assert_eq!((&failed["status"], &failed["counts"]["failed"]), (&json!("failed"), &json!(5)));
    assert_eq!(used(&server), 20, "what failed is refunded");
    let extractions = server.get_json(&format!("/v1/batches/{premium}/extractions"));
    let error = &extractions["data"][0]["error"];
    assert_eq!((&error["code"], &error["retryable"]), (&json!("llm_unavailable"), &json!(true)));
    assert!(error["detail"].as_str().unwrap().contains("500"), "{error}");

    scripted.answer_with(|_| heron());
    let (status, _) = server.post_json(&format!("/v1/batches/{premium}/retry"), &json!({}));
    assert!((200..300).contains(&status), "{status}");
    let done = server.wait_for(&premium);
    assert_eq!(
        (&done["status"], &done["counts"]["needs_review"]),
        (&json!("completed"), &json!(5)),
        "{done}"
    );
    assert_eq!(used(&server), 25);
    let llm = &done["llm"];
    assert_eq!((&llm["model"], &llm["input_tokens"]), (&json!("test-model"), &json!(5 * 120)));
    assert!(llm["calls"].as_u64().unwrap() > 5 && llm["bytes_sent"].as_u64().unwrap() > 1_000, "{llm}");
    let (_, metrics) = server.get("/metrics");
    assert!(metrics.contains("sheaf_llm_tokens_total{direction=\"input\"} 600"), "{metrics}");
    let first = server.get_json(&format!("/v1/batches/{premium}/extractions"))["data"][0].clone();
    assert_eq!(first["engine"]["llm"], "test-model");
    assert_eq!(first["llm"]["output_tokens"], 7);
}

#[test]
fn an_outage_is_told_on_the_batch_and_waited_out() {
    let scripted = Scripted::start(Wire::Openai, |_| error(500, "down"));
    let folder = tempfile::tempdir().unwrap();
    let (server, template) = start(&folder, &scripted, &[("SHEAF_LLM_PATIENCE", "300")]);
    let premium = batch(&server, &template, 6, true);
    let waiting = until(&server, &premium, |batch| batch.get("llm_notice").is_some());
    assert!(waiting["llm_notice"].as_str().unwrap().contains("has not answered"), "{waiting}");
    scripted.answer_with(|_| heron());
    let done = server.wait_for(&premium);
    assert_eq!(done["counts"]["needs_review"], 6, "{done}");
    assert_eq!(done.get("llm_notice"), None);
}

#[test]
fn a_hanging_model_holds_no_reader_and_a_cancelled_batch_ends_at_once() {
    let scripted = Scripted::start(Wire::Anthropic, |_| Reply::Hang);
    let folder = tempfile::tempdir().unwrap();
    let (server, template) = start(&folder, &scripted, &[("SHEAF_WORKERS", "1")]);
    let premium = batch(&server, &template, 8, true);
    let started = Instant::now();
    while scripted.requests().len() < 4 {
        assert!(started.elapsed() < Duration::from_secs(60), "the model was never asked");
        std::thread::sleep(Duration::from_millis(20));
    }
    let standard = batch(&server, &template, 10, false);
    assert_eq!(server.wait_for(&standard)["status"], "completed");
    assert_eq!(server.get_json(&format!("/v1/batches/{premium}"))["status"], "running");
    let (status, _) = server.post_json(&format!("/v1/batches/{premium}/cancel"), &json!({}));
    assert!((200..300).contains(&status), "{status}");
    // Each call would hang for minutes: that it ends at all says that they are broken off.
    let cancelled = server.wait_for(&premium);
    assert_eq!((&cancelled["status"], &cancelled["counts"]["cancelled"]), (&json!("cancelled"), &json!(8)));
    assert_eq!(used(&server), 10);
}

#[test]
fn a_single_extraction_may_use_the_model() {
    let scripted = Scripted::start(Wire::Openai, |_| heron());
    let folder = tempfile::tempdir().unwrap();
    let (server, template) = start(&folder, &scripted, &[]);
    let files = [("file", "a.pdf", document(&["we saw a grey heron today."]))];
    let (status, done) =
        server.post_form("/v1/extract", &[("template_id", &template), ("use_llm", "true")], &files);
    assert_eq!(status, 200, "{done}");
    assert_eq!((&done["tier"], &done["fields"][0]["value"]), (&json!("premium"), &json!("a grey heron")));
    assert_eq!(done["llm"]["calls"], 1);
}
