//! Requests that are sent twice.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, BOUNDARY, Client, PDF, Part, Server, file, finds, form, template_json, text};

async fn post(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    client.send(Method::POST, path, &headers, Body::from(body.to_string())).await
}

async fn post_form(client: &Client, path: &str, key: &str, parts: &[Part<'_>]) -> Answer {
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [("content-type", content_type.as_str()), ("idempotency-key", key)];
    client.send(Method::POST, path, &headers, Body::from(form(parts))).await
}

/// The second answer is the first one.
#[track_caller]
fn expect_same(first: &Answer, second: &Answer) {
    assert_eq!((first.status, first.body()), (second.status, second.body()));
    for header in ["location", "etag", "content-type"] {
        assert_eq!(first.header(header), second.header(header), "{header}");
    }
}

#[tokio::test]
async fn whatever_creates_does_it_once_and_answers_the_same() {
    let server = Server::start().await;
    let ann = server.client();
    let (template, documents) = (ann.template().await, ann.upload(2).await);
    let before = ann.ids("/v1/templates").await.len();
    for (path, body, list, made) in [
        ("/v1/templates", template_json(), "/v1/templates", before + 1),
        ("/v1/templates/starter-invoice", json!(null), "/v1/templates", before + 2),
        ("/v1/batches", json!({"template_id": template, "document_ids": documents}), "/v1/batches", 1),
        ("/v1/keys", json!({"name": "laptop"}), "/v1/keys", 2),
    ] {
        let first = post(&ann, path, &format!("of {path}"), &body).await;
        assert!(first.status.is_success(), "{}", first.body());
        for _ in 0..2 {
            expect_same(&first, &post(&ann, path, &format!("of {path}"), &body).await);
        }
        assert_eq!(ann.ids(list).await.len(), made, "{path}");
    }
    assert_eq!(ann.get("/v1/usage").await.json()["used"], 2);
    // Without a key, each is one of its own.
    ann.post("/v1/batches", json!({"template_id": template, "document_ids": documents})).await.expect(202);
    assert_eq!(ann.ids("/v1/batches").await.len(), 2);
}

#[tokio::test]
async fn forms_are_compared_by_their_parts() {
    let server = Server::start().await;
    let ann = server.client();
    let template = ann.template().await;
    let one = [file("file", "a.pdf", PDF)];
    let first = post_form(&ann, "/v1/documents", "one", &one).await.expect(201);
    expect_same(&first, &post_form(&ann, "/v1/documents", "one", &one).await);
    let two = [file("file", "a.pdf", PDF), file("file", "b.pdf", PDF)];
    let first = post_form(&ann, "/v1/documents", "two", &two).await.expect(201);
    expect_same(&first, &post_form(&ann, "/v1/documents", "two", &two).await);
    assert_eq!(ann.ids("/v1/documents").await.len(), 3);

    let batch = |name| [text("template_id", &template), file("files", name, PDF)];
    let first = post_form(&ann, "/v1/batches", "batch", &batch("a.pdf")).await.expect(202);
    expect_same(&first, &post_form(&ann, "/v1/batches", "batch", &batch("a.pdf")).await);
    assert_eq!((ann.ids("/v1/batches").await.len(), ann.ids("/v1/documents").await.len()), (1, 4));
    // The same parts in a form with another boundary are the same request.
    let body = String::from_utf8(form(&batch("a.pdf"))).unwrap().replace(BOUNDARY, "other");
    let headers = [("content-type", "multipart/form-data; boundary=other"), ("idempotency-key", "batch")];
    expect_same(&first, &ann.send(Method::POST, "/v1/batches", &headers, Body::from(body)).await);

    for other in [
        vec![text("template_id", &template), file("files", "b.pdf", PDF)],
        vec![text("template_id", &template), file("files", "a.pdf", b"%PDF-1.7 other")],
        vec![text("template_id", &template), text("name", "May"), file("files", "a.pdf", PDF)],
    ] {
        let answer = post_form(&ann, "/v1/batches", "batch", &other).await;
        answer.expect_problem(422, "idempotency_mismatch");
    }
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let server = Server::start().await;
    let ann = server.client();
    let (template, documents) = (ann.template().await, ann.upload(2).await);
    let ask = |ids: &[String]| json!({"template_id": template, "document_ids": ids});
    post(&ann, "/v1/batches", "k", &ask(&documents)).await.expect(202);
    let answer = post(&ann, "/v1/batches", "k", &ask(&documents[..1])).await;
    answer.expect_problem(422, "idempotency_mismatch");
    post(&ann, "/v1/templates", "k", &template_json()).await.expect_problem(422, "idempotency_mismatch");
    assert_eq!(ann.ids("/v1/batches").await.len(), 1);
    // A key is its account's.
    let bob = server.other("bob@example.org", "unlimited").await;
    post(&bob, "/v1/templates", "k", &template_json()).await.expect(201);

    for key in ["", "k".repeat(256).as_str(), "\u{e9}"] {
        let answer = post(&ann, "/v1/templates", key, &template_json()).await;
        answer.expect_problem(400, "invalid_request");
    }
    post(&ann, "/v1/templates", &"k".repeat(255), &template_json()).await.expect(201);
}

#[tokio::test]
async fn what_failed_is_not_kept() {
    let server = Server::start().await;
    let bob = server.other("bob@example.org", "two").await;
    let (template, documents) = (bob.template().await, bob.upload(3).await);
    let ask = |ids: &[String]| json!({"template_id": template, "document_ids": ids});
    post(&bob, "/v1/batches", "k", &ask(&documents)).await.expect_problem(402, "quota_exceeded");
    post(&bob, "/v1/batches", "k", &json!({})).await.expect(400);
    post(&bob, "/v1/batches", "k", &ask(&[documents[0].replace('0', "1")])).await.expect(404);
    let first = post(&bob, "/v1/batches", "k", &ask(&documents[..2])).await.expect(202);
    // The quota is used up now, and the answer is the first one all the same.
    expect_same(&first, &post(&bob, "/v1/batches", "k", &ask(&documents[..2])).await);
    let parts = [text("template_id", &template), file("files", "a.pdf", PDF)];
    post_form(&bob, "/v1/batches", "f", &parts).await.expect_problem(402, "quota_exceeded");
}

#[tokio::test]
async fn while_the_first_runs_the_second_is_told_so() {
    let server = Server::with(|state| state.limits.sync_timeout = Duration::from_millis(600)).await;
    let ann = server.client();
    let ask = json!({"document_id": ann.upload(1).await[0], "template_id": ann.template().await});
    let running = tokio::spawn({
        let (ann, ask) = (ann.clone(), ask.clone());
        async move { post(&ann, "/v1/extract", "k", &ask).await }
    });
    while server.state.store.queue_depth().await.unwrap().pending == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    post(&ann, "/v1/extract", "k", &ask).await.expect_problem(409, "conflict");
    // Nobody works: it does not end in time.
    running.await.unwrap().expect_problem(503, "unavailable");
    server.work_on(finds);
    let first = post(&ann, "/v1/extract", "k", &ask).await.expect(200);
    expect_same(&first, &post(&ann, "/v1/extract", "k", &ask).await);
    assert_eq!(ann.get("/v1/usage").await.json()["used"], 1);
}

#[tokio::test]
async fn a_secret_that_is_shown_again_is_not_kept_in_clear() {
    let server = Server::start().await;
    let ann = server.client();
    let created = post(&ann, "/v1/keys", "k", &json!({"name": "laptop"})).await.expect(201);
    let secret = created.text("/key");
    ann.with_key(&secret).get("/v1/usage").await.expect(200);
    // Whoever comes with another key of the account learns nothing.
    let other = ann.with_key(&secret);
    post(&other, "/v1/keys", "k", &json!({"name": "laptop"}))
        .await
        .expect_problem(422, "idempotency_mismatch");
    expect_same(&created, &post(&ann, "/v1/keys", "k", &json!({"name": "laptop"})).await);

    for entry in std::fs::read_dir(server.folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
}
