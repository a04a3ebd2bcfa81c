//! A server in this process and what it answers.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use sheaf::api::{ApiLimits, ApiState, router};
use sheaf::dashboard;
use sheaf::reader::{OcrConfig, ReaderCommand, ReaderLimits, ReaderPool};
use sheaf::webhook::Addresses;
use sheaf_store::{Claim, Finished, Outcome, Store, StoreConfig};
use sheaf_types::{Engine, ErrorCode, ExtractionError, Plan};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// A file that is a PDF as far as an upload is concerned.
pub(crate) const PDF: &[u8] = b"%PDF-1.7\nnothing that a test would read";
/// An id that nothing has.
pub(crate) const NOBODY: &str = "0198c0de-0000-7000-8000-000000000000";
pub(crate) const BOUNDARY: &str = "parts";

pub(crate) struct Server {
    pub(crate) state: ApiState,
    router: Router,
    key: String,
    data: TempDir,
}

impl Server {
    /// With one account, whose plan has no limit.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut ApiState)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let plan = |name: &str, limit| Plan { name: name.to_owned(), limit };
        let config = StoreConfig::in_folder(data.path(), vec![plan("unlimited", None), plan("two", Some(2))]);
        let store = Store::open(&config).await.unwrap();
        let mut state = ApiState {
            store,
            limits: ApiLimits::default(),
            workers_alive: Arc::new(AtomicUsize::new(1)),
            workers_expected: 1,
            readers: Arc::new(ReaderPool::new(Self::reader())),
            webhook_addresses: Addresses::Public,
            llm_configured: false,
            shutdown: CancellationToken::new(),
        };
        change(&mut state);
        let server = Self {
            router: dashboard::router(state.clone()).merge(router(state.clone())),
            state,
            key: String::new(),
            data,
        };
        Self { key: server.new_key("ann@example.org", "unlimited").await, ..server }
    }

    /// Where the readers of this build are.
    fn reader() -> ReaderCommand {
        ReaderCommand::new(env!("CARGO_BIN_EXE_sheaf").into(), ReaderLimits::default(), OcrConfig::default())
    }

    /// The key of a new account.
    pub(crate) async fn new_key(&self, email: &str, plan: &str) -> String {
        let user = self.state.store.create_user(email, plan, false).await.unwrap();
        self.state.store.create_key(user.id, None).await.unwrap().1
    }

    /// The same server for another account.
    pub(crate) async fn other(&self, email: &str, plan: &str) -> Client {
        Client { router: self.router.clone(), key: self.new_key(email, plan).await }
    }

    pub(crate) fn client(&self) -> Client {
        Client { router: self.router.clone(), key: self.key.clone() }
    }

    /// Where its store is.
    pub(crate) fn folder(&self) -> &Path {
        self.data.path()
    }

    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// Does the work that waits as `script` says, and says how much it was.
    pub(crate) async fn work(&self, script: impl Fn(&Claim) -> Outcome) -> usize {
        let mut done = 0;
        loop {
            let claims = self.state.store.claim("worker", 100).await.unwrap();
            if claims.is_empty() {
                return done;
            }
            done += claims.len();
            let finish = |claim: &Claim| Finished {
                extraction_id: claim.extraction_id,
                attempt: claim.attempt,
                outcome: script(claim),
            };
            let finished: Vec<Finished> = claims.iter().map(finish).collect();
            self.state.store.finish("worker", &finished).await.unwrap();
        }
    }

    /// Works for as long as the test lasts.
    pub(crate) fn work_on(&self, script: fn(&Claim) -> Outcome) {
        let store = self.state.store.clone();
        tokio::spawn(async move {
            let mut enqueued = store.enqueued();
            loop {
                for claim in store.claim("worker", 1).await.unwrap() {
                    let (extraction_id, attempt) = (claim.extraction_id, claim.attempt);
                    let finished = Finished { extraction_id, attempt, outcome: script(&claim) };
                    store.finish("worker", &[finished]).await.unwrap();
                }
                enqueued.changed().await.unwrap();
            }
        });
    }
}

#[derive(Clone)]
pub(crate) struct Client {
    router: Router,
    pub(crate) key: String,
}

impl Client {
    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self { router: self.router.clone(), key: key.to_owned() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, headers, Body::empty()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[("content-type", "application/json")], Body::from(body.to_string()))
            .await
    }

    pub(crate) async fn put(&self, path: &str, if_match: Option<&str>, body: Value) -> Answer {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(if_match.map(|tag| ("if-match", tag)));
        self.send(Method::PUT, path, &headers, Body::from(body.to_string())).await
    }

    pub(crate) async fn form(&self, path: &str, parts: &[Part<'_>]) -> Answer {
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send(Method::POST, path, &[("content-type", &content_type)], Body::from(form(parts))).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !self.key.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(&self.router, request.body(body).unwrap()).await
    }

    /// Uploads `n` documents and gives their ids.
    pub(crate) async fn upload(&self, n: usize) -> Vec<String> {
        let mut ids = Vec::new();
        for i in 0..n {
            let answer = self.form("/v1/documents", &[file("file", &format!("{i}.pdf"), PDF)]).await;
            ids.push(answer.expect(201).text("/id"));
        }
        ids
    }

    /// Makes a template with a field `total` and a table `line_items`, and gives its id.
    pub(crate) async fn template(&self) -> String {
        self.post("/v1/templates", template_json()).await.expect(201).text("/id")
    }

    /// The ids in a list that fits on one page.
    pub(crate) async fn ids(&self, path: &str) -> Vec<String> {
        let list = self.get(path).await.expect(200).json();
        list["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) fn template_json() -> Value {
    json!({"name": "Invoice", "fields": [
        {"name": "total", "type": "currency", "anchor": "Total"},
        {"name": "line_items", "type": "table", "columns": [
            {"name": "description", "type": "text"}, {"name": "amount", "type": "currency"}]}]})
}

/// A part of a form; a file where it has a name.
pub(crate) struct Part<'a> {
    name: &'a str,
    filename: Option<&'a [u8]>,
    content: &'a [u8],
}

pub(crate) fn file<'a>(name: &'a str, filename: &'a str, content: &'a [u8]) -> Part<'a> {
    Part { name, filename: Some(filename.as_bytes()), content }
}

pub(crate) fn file_named<'a>(name: &'a str, filename: &'a [u8], content: &'a [u8]) -> Part<'a> {
    Part { name, filename: Some(filename), content }
}

pub(crate) fn text<'a>(name: &'a str, content: &'a str) -> Part<'a> {
    Part { name, filename: None, content: content.as_bytes() }
}

pub(crate) fn form(parts: &[Part]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"", part.name).as_bytes(),
        );
        if let Some(filename) = part.filename {
            body.extend_from_slice(b"; filename=\"");
            body.extend_from_slice(filename);
            body.extend_from_slice(b"\"\r\nContent-Type: application/octet-stream");
        }
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(part.content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// Every answer has an id and may not be sniffed, every failure is a problem or a page.
    pub(crate) async fn of(router: &Router, request: Request<Body>) -> Self {
        let response = router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        let answer = Self { status: parts.status, headers: parts.headers, bytes };
        assert!(!answer.header("x-request-id").is_empty(), "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        // A page says it in its own way.
        let page = answer.header("content-type").starts_with("text/html");
        if !page && (answer.status.is_client_error() || answer.status.is_server_error()) {
            assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.body());
            let problem = answer.json();
            assert_eq!(problem["status"], answer.status.as_u16());
            for member in ["type", "title", "detail", "code"] {
                assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
            }
        }
        answer
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body());
        self
    }

    /// The answer is this problem.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.json()["code"], code, "{}", answer.body());
        answer
    }

    /// The answer is a problem with faults in these places.
    #[track_caller]
    pub(crate) fn expect_faults(self, status: u16, pointers: &[&str]) -> Self {
        let answer = self.expect(status);
        let json = answer.json();
        let found: Vec<&str> = json["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|fault| fault["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(found, pointers, "{json}");
        answer
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn body(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.body()))
    }

    /// The text at a pointer.
    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> String {
        let json = self.json();
        json.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("{pointer}: {json}"))
            .to_owned()
    }
}

fn engine() -> Engine {
    Engine { sheaf: "0.1.0".into(), text: Some("pdf".into()), ocr: None, llm: None }
}

pub(crate) fn done(fields: Value) -> Outcome {
    Outcome::Done {
        pages: 2,
        engine: engine(),
        warnings: Vec::new(),
        fields: serde_json::from_value(fields).unwrap(),
    }
}

/// Finds everything of [`template_json`].
pub(crate) fn finds(_: &Claim) -> Outcome {
    done(json!([
        {"name": "total", "type": "currency", "value": "-1234.50", "currency": "USD", "source": "-1,234.50", "page": 1,
         "bbox": [0.5, 0.25, 0.75, 0.3], "confidence": 0.97, "method": "anchor", "needs_review": false, "review": null},
        {"name": "line_items", "type": "table", "value": [{"description": "Bolt", "amount": "40.00"}],
         "cells": [{"description": {"source": "Bolt", "page": 1, "bbox": [0.1, 0.5, 0.4, 0.52], "confidence": 0.9},
                    "amount": {"source": "40.00", "page": 1, "bbox": [0.8, 0.5, 0.9, 0.52], "confidence": 0.8}}],
         "source": null, "page": 1, "bbox": [0.1, 0.5, 0.9, 0.52], "confidence": 0.85, "method": "table",
         "needs_review": false, "review": null}]))
}

/// Finds nothing, which needs a look.
pub(crate) fn misses(_: &Claim) -> Outcome {
    let missing = |name, kind| {
        json!({"name": name, "type": kind, "value": null, "source": null, "page": null, "bbox": null,
               "confidence": 0.0, "method": null, "needs_review": true, "review_reason": "missing", "review": null})
    };
    done(json!([missing("total", "currency"), missing("line_items", "table")]))
}

/// Cannot read it.
pub(crate) fn fails(_: &Claim) -> Outcome {
    let error = ExtractionError::new(ErrorCode::Encrypted, "opens with a password only: remove the password");
    Outcome::Failed { error, pages: None }
}
