//! More at once than the server takes on.

use std::num::NonZeroU32;
use std::task::Poll;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Method;
use futures::{StreamExt, stream};
use serde_json::json;

use crate::support::{BOUNDARY, PDF, Server, file, finds};

#[tokio::test]
async fn more_single_extractions_than_may_wait_are_refused_and_cost_nothing() {
    let server = Server::with(|state| state.limits.max_sync = 1).await;
    let ann = server.client();
    let ask = json!({"document_id": ann.upload(1).await[0], "template_id": ann.template().await});
    let first = tokio::spawn({
        let (ann, ask) = (ann.clone(), ask.clone());
        async move { ann.post("/v1/extract", ask).await }
    });
    while server.state.store.queue_depth().await.unwrap().pending == 0 {
        tokio::task::yield_now().await;
    }
    let refused = ann.post("/v1/extract", ask.clone()).await.expect_problem(429, "rate_limited");
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(ann.get("/v1/usage").await.json()["used"], 1);
    server.work(finds).await;
    first.await.unwrap().expect(200);
    server.work_on(finds);
    ann.post("/v1/extract", ask).await.expect(200);
}

#[tokio::test]
async fn more_uploads_than_are_taken_in_are_refused_at_once() {
    let server = Server::with(|state| state.limits.max_uploads = 1).await;
    let ann = server.client();
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    // A client that does not go on sending.
    let (more, chunks) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let chunks = stream::unfold(chunks, |mut chunks| async {
        let chunk = chunks.recv().await?;
        Some((chunk, chunks))
    });
    let body = Body::from_stream(chunks.fuse());
    let slow = tokio::spawn({
        let (ann, content_type) = (ann.clone(), content_type.clone());
        async move { ann.send(Method::POST, "/v1/documents", &[("content-type", &content_type)], body).await }
    });
    // Taken once the upload before it has begun to be read.
    for chunk in ["--", "parts"] {
        more.send(Ok(chunk.into())).await.unwrap();
    }
    let part = [file("file", "a.pdf", PDF)];
    let refused = ann.form("/v1/documents", &part).await.expect_problem(429, "rate_limited");
    assert!(!refused.header("retry-after").is_empty());
    drop(more);
    slow.await.unwrap().expect_problem(400, "invalid_request");
    ann.form("/v1/documents", &part).await.expect(201);
}

#[tokio::test]
async fn an_upload_that_stands_still_gives_its_turn_back() {
    let server = Server::with(|state| {
        state.limits.max_uploads = 1;
        state.limits.upload_stall = Duration::from_millis(20);
    })
    .await;
    let ann = server.client();
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    // After the first bytes nothing comes, and no end; what the server reads on to answer in peace ends at once.
    let mut polls = 0;
    let body = Body::from_stream(stream::poll_fn(move |context| {
        polls += 1;
        context.waker().wake_by_ref();
        match polls {
            1 => Poll::Ready(Some(Ok::<_, std::io::Error>(Bytes::from_static(b"--parts")))),
            2..100_000 => Poll::Pending,
            _ => Poll::Ready(None),
        }
    }));
    let answer = ann.send(Method::POST, "/v1/documents", &[("content-type", &content_type)], body).await;
    let answer = answer.expect_problem(400, "invalid_request");
    assert!(answer.text("/detail").contains("nothing came"), "{}", answer.body());
    ann.form("/v1/documents", &[file("file", "a.pdf", PDF)]).await.expect(201);
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_when_to_ask_again_and_others_are_not_held_up() {
    // After the first it has to wait for a second.
    let server = Server::with(|state| state.limits.max_requests = NonZeroU32::new(1)).await;
    let (ann, bob) = (server.client(), server.other("bob@example.org", "unlimited").await);
    ann.get("/v1/usage").await.expect(200);
    let refused = ann.post("/v1/templates", json!({})).await.expect_problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "1");
    bob.get("/v1/usage").await.expect(200);
    // What needs no key is not counted, and a key that is none is told so.
    for _ in 0..3 {
        ann.get("/healthz").await.expect(200);
        ann.with_key("sheaf_live_nonsense").get("/v1/usage").await.expect_problem(401, "unauthorized");
    }
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    ann.get("/v1/usage").await.expect(200);
}
