//! Following a batch.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, Response};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::support::{Client, NOBODY, Server, finds};

async fn batch(ann: &Client, n: usize) -> String {
    let ask = json!({"template_id": ann.template().await, "document_ids": ann.upload(n).await});
    format!("/v1/batches/{}", ann.post("/v1/batches", ask).await.expect(202).text("/id"))
}

async fn open(server: &Server, path: &str) -> Response<Body> {
    let request = Request::get(format!("{path}/events"))
        .header("authorization", format!("Bearer {}", server.client().key))
        .body(Body::empty())
        .unwrap();
    server.router().oneshot(request).await.unwrap()
}

/// The next event's data; `None` at the end of the stream.
async fn next(stream: &mut BodyDataStream) -> Option<Value> {
    let chunk = timeout(Duration::from_secs(10), stream.next()).await.unwrap()?.unwrap();
    let text = String::from_utf8(chunk.to_vec()).unwrap();
    let data = text.strip_prefix("data: ").and_then(|text| text.strip_suffix("\n\n"));
    Some(serde_json::from_str(data.unwrap_or_else(|| panic!("{text}"))).unwrap())
}

#[tokio::test]
async fn a_batch_is_told_on_every_change_until_it_is_terminal() {
    let server = Server::start().await;
    let path = batch(&server.client(), 2).await;
    let response = open(&server, &path).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut events = response.into_body().into_data_stream();
    assert_eq!(next(&mut events).await.unwrap(), server.client().get(&path).await.json());

    let store = &server.state.store;
    let claims = store.claim("worker", 1).await.unwrap();
    let running = next(&mut events).await.unwrap();
    assert_eq!((&running["status"], &running["counts"]["running"]), (&json!("running"), &json!(1)));
    let outcome = finds(&claims[0]);
    let (extraction_id, attempt) = (claims[0].extraction_id, claims[0].attempt);
    store.finish("worker", &[sheaf_store::Finished { extraction_id, attempt, outcome }]).await.unwrap();
    assert_eq!(next(&mut events).await.unwrap()["percent"], 50);
    server.work(finds).await;
    let mut last = json!(null);
    while let Some(event) = next(&mut events).await {
        last = event;
    }
    assert_eq!(last, server.client().get(&path).await.json());
    assert_eq!(last["status"], "completed");

    // Of a terminal batch there is one event.
    let mut events = open(&server, &path).await.into_body().into_data_stream();
    assert_eq!((next(&mut events).await, next(&mut events).await), (Some(last), None));
}

#[tokio::test]
async fn streams_are_bounded_and_end_with_the_batch_and_the_server() {
    let server = Server::with(|state| state.limits.max_event_streams = 1).await;
    let ann = server.client();
    let path = batch(&ann, 1).await;
    let response = open(&server, &path).await;
    let refused = ann.get(&format!("{path}/events")).await.expect_problem(429, "rate_limited");
    assert!(!refused.header("retry-after").is_empty());
    drop(response);

    let mut events = open(&server, &path).await.into_body().into_data_stream();
    next(&mut events).await.unwrap();
    ann.post(&format!("{path}/cancel"), json!({})).await.expect(200);
    assert_eq!(next(&mut events).await.unwrap()["status"], "cancelled");
    assert_eq!(next(&mut events).await, None);
    drop(events);

    let other = batch(&ann, 1).await;
    let mut events = open(&server, &other).await.into_body().into_data_stream();
    next(&mut events).await.unwrap();
    server.state.shutdown.cancel();
    assert_eq!(next(&mut events).await, None);
}

#[tokio::test]
async fn only_an_accounts_own_batches_are_told() {
    let server = Server::start().await;
    let path = batch(&server.client(), 1).await;
    let bob = server.other("bob@example.org", "unlimited").await;
    for path in [path.as_str(), &format!("/v1/batches/{NOBODY}")] {
        bob.get(&format!("{path}/events")).await.expect_problem(404, "not_found");
    }
}
