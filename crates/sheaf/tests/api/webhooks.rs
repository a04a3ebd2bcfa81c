//! Webhooks: who may be told what, and how it arrives.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, post};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use sheaf::webhook::{Addresses, Sender};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::{Answer, Client, NOBODY, Server, fails, finds, misses};

struct Call {
    path: &'static str,
    headers: HeaderMap,
    body: Bytes,
}

/// What listens on the loopback address and answers as its paths say.
struct Receiver {
    base: String,
    calls: mpsc::UnboundedReceiver<Call>,
}

impl Receiver {
    async fn start() -> Self {
        let (sender, calls) = mpsc::unbounded_channel();
        let note = |path: &'static str, answer: fn() -> Response| {
            move |State(calls): State<Arc<mpsc::UnboundedSender<Call>>>, headers: HeaderMap, body: Bytes| async move {
                calls.send(Call { path, headers, body }).unwrap();
                answer()
            }
        };
        let router = Router::new()
            .route("/good", post(note("/good", || StatusCode::NO_CONTENT.into_response())))
            .route("/bad", post(note("/bad", || StatusCode::INTERNAL_SERVER_ERROR.into_response())))
            .route("/elsewhere", post(note("/elsewhere", || Redirect::temporary("/good").into_response())))
            // An answer without an end.
            .route(
                "/endless",
                any(note("/endless", || {
                    let zeros = futures::stream::repeat_with(|| {
                        Ok::<_, std::io::Error>(Bytes::from(vec![0; 65_536]))
                    });
                    axum::body::Body::from_stream(zeros).into_response()
                })),
            )
            .with_state(Arc::new(sender));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, calls }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn call(&mut self) -> Call {
        self.calls.recv().await.unwrap()
    }
}

/// A server that sends webhooks to these addresses.
async fn server(addresses: Addresses) -> Server {
    let server = Server::with(|state| state.webhook_addresses = addresses).await;
    let sender = Sender::new(server.state.store.clone(), addresses).unwrap();
    tokio::spawn(sender.run(server.state.shutdown.clone()));
    server
}

async fn subscribe(ann: &Client, url: &str, events: Value) -> Answer {
    ann.post("/v1/webhooks", json!({"url": url, "events": events})).await.expect(201)
}

async fn batch(ann: &Client, n: usize) -> String {
    let ask = json!({"template_id": ann.template().await, "document_ids": ann.upload(n).await});
    ann.post("/v1/batches", ask).await.expect(202).text("/id")
}

/// The deliveries of a webhook once none of them waits for its first attempt.
async fn tried(ann: &Client, webhook: &str) -> Vec<Value> {
    loop {
        let list = ann.get(&format!("/v1/webhooks/{webhook}/deliveries")).await.expect(200).json();
        let data = list["data"].as_array().unwrap().clone();
        let done = |one: &Value| one["error"].is_string() || one["status"] == "delivered";
        if !data.is_empty() && data.iter().all(done) {
            return data;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_end_of_a_batch_is_told_and_signed() {
    let server = server(Addresses::All).await;
    let ann = server.client();
    let mut receiver = Receiver::start().await;
    let made = subscribe(&ann, &receiver.url("/good"), json!(["batch.completed"])).await;
    let secret = made.text("/secret");
    let id = batch(&ann, 2).await;
    server.work(misses).await;

    let call = receiver.call().await;
    let header = |name: &str| call.headers[name].to_str().unwrap().to_owned();
    assert_eq!((call.path, header("content-type")), ("/good", "application/json".to_owned()));
    let body: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!((&body["type"], &body["data"]["id"]), (&json!("batch.completed"), &json!(id)));
    assert_eq!(body["data"], ann.get(&format!("/v1/batches/{id}")).await.json(), "the batch as it is read");

    let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    mac.update(&call.body);
    let signature = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(header("webhook-signature"), signature);

    let deliveries = tried(&ann, &made.text("/id")).await;
    assert_eq!(deliveries.len(), 1, "review was not asked for");
    assert_eq!(deliveries[0]["id"], header("webhook-id"));
    assert_eq!(
        (&deliveries[0]["status"], &deliveries[0]["response_status"]),
        (&json!("delivered"), &json!(204))
    );
    assert_eq!((&deliveries[0]["payload"], &deliveries[0]["next_attempt_at"]), (&body, &json!(null)));
}

#[tokio::test]
async fn each_end_and_each_review_has_its_event() {
    let server = server(Addresses::All).await;
    let ann = server.client();
    let mut receiver = Receiver::start().await;
    ann.post("/v1/webhooks", json!({"url": receiver.url("/good")})).await.expect(201);
    let mut told = async |n: usize| {
        let mut events = Vec::new();
        for _ in 0..n {
            let body: Value = serde_json::from_slice(&receiver.call().await.body).unwrap();
            events.push(body["type"].as_str().unwrap().to_owned());
        }
        events.sort();
        events
    };
    let failed = batch(&ann, 1).await;
    server.work(fails).await;
    assert_eq!(told(1).await, ["batch.failed"]);
    let cancelled = batch(&ann, 1).await;
    ann.post(&format!("/v1/batches/{cancelled}/cancel"), json!({})).await.expect(200);
    assert_eq!(told(1).await, ["batch.cancelled"]);
    batch(&ann, 2).await;
    server.work(misses).await;
    assert_eq!(told(3).await, ["batch.completed", "extraction.needs_review", "extraction.needs_review"]);
    ann.post(&format!("/v1/batches/{failed}/retry"), json!({})).await.expect(200);
    server.work(finds).await;
    assert_eq!(told(1).await, ["batch.completed"], "a batch that ends again is told again");
}

#[tokio::test]
async fn what_is_not_taken_is_logged_tried_again_and_can_be_sent_again() {
    let server = server(Addresses::All).await;
    let ann = server.client();
    let mut receiver = Receiver::start().await;
    let bad = subscribe(&ann, &receiver.url("/bad"), json!(["batch.failed"])).await.text("/id");
    let moved = subscribe(&ann, &receiver.url("/elsewhere"), json!(["batch.failed"])).await.text("/id");
    let endless = subscribe(&ann, &receiver.url("/endless"), json!(["batch.failed"])).await.text("/id");
    let nobody = subscribe(&ann, "http://127.0.0.1:1/", json!(["batch.failed"])).await.text("/id");
    batch(&ann, 1).await;
    server.work(fails).await;
    for (webhook, status, http, error) in [
        (&bad, "pending", json!(500), Some("the answer was 500, and not one of 2xx")),
        (&moved, "pending", json!(307), Some("the answer was 307, and not one of 2xx")),
        (&endless, "delivered", json!(200), None),
        (&nobody, "pending", json!(null), Some("no connection could be made")),
    ] {
        let delivery = &tried(&ann, webhook).await[0];
        assert_eq!(
            (&delivery["status"], &delivery["response_status"]),
            (&json!(status), &http),
            "{delivery}"
        );
        assert_eq!((&delivery["error"], &delivery["attempts"]), (&json!(error), &json!(1)), "{delivery}");
        assert_eq!(delivery["next_attempt_at"].is_string(), status == "pending");
    }
    let mut paths = [receiver.call().await.path, receiver.call().await.path, receiver.call().await.path];
    paths.sort_unstable();
    assert_eq!(paths, ["/bad", "/elsewhere", "/endless"], "a redirect is not followed");

    let list = format!("/v1/webhooks/{bad}/deliveries");
    let first = ann.get(&list).await.json()["data"][0].clone();
    let id = first["id"].as_str().unwrap();
    let again = ann.post(&format!("{list}/{id}/redeliver"), json!({})).await.expect(202);
    assert_eq!((again.text("/id"), again.text("/status")), (id.to_owned(), "pending".to_owned()));
    let call = receiver.call().await;
    assert_eq!((call.path, call.headers["webhook-id"].to_str().unwrap()), ("/bad", id));
    assert_eq!(serde_json::from_slice::<Value>(&call.body).unwrap(), first["payload"], "the same once more");
    assert_eq!(ann.get(&format!("{list}?status=delivered")).await.json()["data"], json!([]));
    assert_eq!(ann.get(&format!("{list}?status=pending")).await.json()["data"].as_array().unwrap().len(), 1);
    ann.get(&format!("{list}?status=lost")).await.expect_faults(400, &["/status"]);
}

#[tokio::test]
async fn private_addresses_are_refused_when_named_and_when_connected_to() {
    let server = server(Addresses::Public).await;
    let ann = server.client();
    let mut receiver = Receiver::start().await;
    for url in [
        receiver.url("/good"),
        "http://10.0.0.1/".into(),
        "https://[::1]/".into(),
        "file:///etc/passwd".into(),
    ] {
        ann.post("/v1/webhooks", json!({"url": url})).await.expect_faults(400, &["/url"]);
    }
    // As if its name had resolved to something else when it was named.
    let user = server.state.store.authenticate(&ann.key).await.unwrap().unwrap();
    let mut webhooks = Vec::new();
    for url in [receiver.url("/good"), receiver.url("/good").replace("localhost", "127.0.0.1")] {
        webhooks.push(server.state.store.create_webhook(user.id, &url, &[]).await.unwrap().id.to_string());
    }
    batch(&ann, 1).await;
    server.work(fails).await;
    for webhook in webhooks {
        let delivery = &tried(&ann, &webhook).await[0];
        assert!(delivery["error"].as_str().unwrap().contains("private network"), "{delivery}");
    }
    assert!(receiver.calls.try_recv().is_err(), "nobody knocked");
}

#[tokio::test]
async fn webhooks_belong_to_an_account_and_their_secret_is_shown_once() {
    let server = Server::with(|state| state.webhook_addresses = Addresses::All).await;
    let (ann, bob) = (server.client(), server.other("bob@example.org", "unlimited").await);
    let ask = json!({"url": "http://localhost/", "events": ["batch.failed"]});
    let headers = [("content-type", "application/json"), ("idempotency-key", "one")];
    let mut made = Vec::new();
    for _ in 0..2 {
        let answer =
            ann.send(axum::http::Method::POST, "/v1/webhooks", &headers, ask.to_string().into()).await;
        made.push(answer.expect(201).json());
    }
    assert_eq!(made[0], made[1], "the same request under the same key");
    let id = made[0]["id"].as_str().unwrap();
    let listed = ann.get("/v1/webhooks").await.expect(200).json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(listed["data"][0]["events"], json!(["batch.failed"]));
    assert!(listed["data"][0]["secret"].is_null());
    assert_eq!(bob.get("/v1/webhooks").await.json()["data"], json!([]));
    for client in [&bob, &ann.with_key(&bob.key)] {
        client.get(&format!("/v1/webhooks/{id}/deliveries")).await.expect_problem(404, "not_found");
        client.delete(&format!("/v1/webhooks/{id}")).await.expect_problem(404, "not_found");
        let path = format!("/v1/webhooks/{id}/deliveries/{NOBODY}/redeliver");
        client.post(&path, json!({})).await.expect_problem(404, "not_found");
    }
    ann.post("/v1/webhooks", json!({"events": []})).await.expect_faults(400, &["/events", "/url"]);
    let ask = json!({"url": "http://localhost/", "events": ["batch.lost", 1], "more": 1});
    ann.post("/v1/webhooks", ask).await.expect_faults(400, &["/more", "/events/0", "/events/1"]);
    ann.delete(&format!("/v1/webhooks/{id}")).await.expect(204);
    ann.delete(&format!("/v1/webhooks/{id}")).await.expect_problem(404, "not_found");
    for _ in 0..20 {
        ann.post("/v1/webhooks", json!({"url": "http://localhost/"})).await.expect(201);
    }
    ann.post("/v1/webhooks", json!({"url": "http://localhost/"})).await.expect_problem(409, "conflict");
}
