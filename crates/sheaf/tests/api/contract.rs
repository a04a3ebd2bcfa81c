use std::collections::HashSet;
use std::sync::atomic::Ordering::Relaxed;

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Client, NOBODY, Server};

/// What the contract promises, as far as it is built.
const OPERATIONS: &str = "
    GET /v1/templates            POST /v1/templates           POST /v1/templates/starter-invoice
    GET /v1/templates/{id}       PUT /v1/templates/{id}       DELETE /v1/templates/{id}
    GET /v1/templates/{id}/lessons                            DELETE /v1/templates/{id}/lessons/{lesson_id}
    GET /v1/documents            POST /v1/documents
    GET /v1/documents/{id}       DELETE /v1/documents/{id}    GET /v1/documents/{id}/file
    GET /v1/documents/{id}/pages/{n}                          GET /v1/documents/{id}/pages/{n}/words
    POST /v1/extract             GET /v1/extractions/{id}
    GET /v1/batches              POST /v1/batches             GET /v1/batches/{id}
    DELETE /v1/batches/{id}      POST /v1/batches/{id}/cancel POST /v1/batches/{id}/retry
    GET /v1/batches/{id}/extractions                          GET /v1/batches/{id}/export
    GET /v1/batches/{id}/events
    GET /v1/review               GET /v1/review/{id}          POST /v1/review/{id}/resolve
    GET /v1/review/{id}/lookalikes                            POST /v1/review/{id}/lookalikes
    POST /v1/review/{id}/reopen  POST /v1/extractions/{id}/fields/{field}/resolve
    GET /v1/usage                GET /v1/keys                 POST /v1/keys               DELETE /v1/keys/{id}
    GET /v1/webhooks             POST /v1/webhooks            DELETE /v1/webhooks/{id}
    GET /v1/webhooks/{id}/deliveries
    POST /v1/webhooks/{id}/deliveries/{delivery_id}/redeliver
    GET /healthz                 GET /readyz                  GET /metrics
    GET /openapi.json            GET /docs                    GET /docs/style.css";

fn nobody(server: &Server) -> Client {
    server.client().with_key("")
}

fn described() -> Value {
    serde_json::from_str(sheaf::api::openapi()).unwrap()
}

fn operations(openapi: &Value) -> Vec<(String, String, &Value)> {
    let paths = openapi["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(move |(method, value)| (method.to_uppercase(), path.clone(), value))
        })
        .collect()
}

#[tokio::test]
async fn the_description_served_is_the_one_committed() {
    let server = Server::start().await;
    let answer = nobody(&server).get("/openapi.json").await.expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &answer.bytes).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == answer.body(),
        "openapi.json is out of date: UPDATE_OPENAPI=1 cargo test -p sheaf --test api the_description_served"
    );
}

#[tokio::test]
async fn every_operation_of_the_contract_is_described_and_no_other() {
    let openapi = described();
    assert_eq!(openapi["openapi"], "3.1.0");
    let found: HashSet<String> =
        operations(&openapi).into_iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let words: Vec<&str> = OPERATIONS.split_whitespace().collect();
    let promised: HashSet<String> = words.chunks(2).map(|pair| pair.join(" ")).collect();
    assert_eq!(found, promised);
}

#[tokio::test]
async fn the_description_is_whole() {
    let openapi = described();
    let mut ids = HashSet::new();
    for (method, path, operation) in operations(&openapi) {
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{method} {path}");
        assert_eq!(operation["security"].is_array(), path.starts_with("/v1/"), "{method} {path}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let content = &response["content"];
            let problem = &content["application/problem+json"]["schema"]["$ref"];
            let failure = status.starts_with(['4', '5']);
            assert_eq!(
                problem.as_str() == Some("#/components/schemas/Problem"),
                failure,
                "{method} {path} {status}"
            );
        }
    }
    let mut references = Vec::new();
    collect_references(&openapi, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(openapi.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect_references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_described_operation_is_routed_and_those_under_v1_want_a_key() {
    let server = Server::start().await;
    let stranger = nobody(&server);
    for (method, path, _) in operations(&described()) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = stranger
            .send(method, &path.replace("{id}", NOBODY).replace("{delivery_id}", NOBODY), &[], Body::empty())
            .await;
        if path.starts_with("/v1/") {
            let answer = answer.expect_problem(401, "unauthorized");
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{path}");
        } else {
            answer.expect(200);
        }
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let server = Server::start().await;
    let stranger = nobody(&server);
    let good = server.client().key;
    for header in ["Bearer", "Bearer ", "Bearer sheaf_live_nonsense", "Basic YTpi", &good, "Bearer \u{e9}"] {
        stranger
            .get_with("/v1/usage", &[("authorization", header)])
            .await
            .expect_problem(401, "unauthorized");
    }
    stranger.get_with("/v1/usage", &[("authorization", &format!("bearer {good}"))]).await.expect(200);
}

#[tokio::test]
async fn an_unknown_path_or_method_is_a_problem_too() {
    let server = Server::start().await;
    let ann = server.client();
    for path in ["/v1", "/v1/", "/v1/nothing", "/v1/templates/", "/v2/templates", "/v1/documents/x/y/z"] {
        ann.get(path).await.expect_problem(404, "not_found");
    }
    let answer = ann.delete("/v1/templates").await.expect_problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET,HEAD,POST");
    ann.post("/healthz", json!({})).await.expect_problem(405, "method_not_allowed");
    ann.send(Method::HEAD, "/v1/usage", &[], Body::empty()).await.expect(200);
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let server = Server::start().await;
    let ann = server.client();
    let deep = "[".repeat(100_000);
    let long = format!("{{\"name\": \"{}\"}}", "x".repeat(17 << 20));
    for path in ["/v1/templates", "/v1/extract", "/v1/batches", "/v1/keys"] {
        for body in ["", "{", "{\"a\": }", "\u{feff}{}", &deep] {
            let headers = [("content-type", "application/json")];
            let answer = ann.send(Method::POST, path, &headers, Body::from(body.to_owned())).await;
            answer.expect_problem(400, "invalid_request").expect_faults(400, &[""]);
        }
        let headers = [("content-type", "application/json")];
        let answer = ann.send(Method::POST, path, &headers, Body::from(long.clone())).await;
        answer.expect_problem(413, "file_too_large");
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "nonsense", ""] {
            let headers = [("content-type", content_type)];
            let answer = ann.send(Method::POST, path, &headers, Body::from("{}")).await;
            answer.expect_problem(415, "unsupported_type");
        }
    }
    ann.get("/v1/templates?limit=1&limit=2").await.expect_problem(400, "invalid_request");
}

#[tokio::test]
async fn every_answer_has_an_id_and_keeps_a_harmless_one_of_the_client() {
    let server = Server::start().await;
    let ann = server.client();
    let first = ann.get("/healthz").await.header("x-request-id").to_owned();
    assert_ne!(first, ann.get("/healthz").await.header("x-request-id"));
    let id = |given: &str| {
        let (ann, given) = (ann.clone(), given.to_owned());
        async move {
            ann.get_with("/healthz", &[("x-request-id", &given)]).await.header("x-request-id").to_owned()
        }
    };
    assert_eq!(id("trace-7.a:b_c").await, "trace-7.a:b_c");
    for hostile in ["", "a b", "<script>", "\"", &"x".repeat(129)] {
        assert_ne!(id(hostile).await, hostile);
    }
}

#[tokio::test]
async fn the_server_is_ready_while_its_store_and_workers_are() {
    let server = Server::start().await;
    let stranger = nobody(&server);
    assert_eq!(stranger.get("/healthz").await.expect(200).json()["status"], "ok");
    assert_eq!(stranger.get("/readyz").await.expect(200).json(), json!({"status": "ready", "workers": 1}));
    server.state.workers_alive.store(0, Relaxed);
    let answer = stranger.get("/readyz").await.expect_problem(503, "unavailable");
    assert!(!answer.header("retry-after").is_empty());
    server.state.workers_alive.store(1, Relaxed);
    server.state.store.close().await;
    stranger.get("/readyz").await.expect_problem(503, "unavailable");
    let answer = server.client().get("/v1/usage").await.expect_problem(503, "unavailable");
    assert!(!answer.body().contains("sheaf.db"), "nothing of the machine is told: {}", answer.body());
    stranger.get("/healthz").await.expect(200);

    let without = Server::with(|state| {
        state.workers_alive.store(0, Relaxed);
        state.workers_expected = 0;
    })
    .await;
    nobody(&without).get("/readyz").await.expect(200);
    without.state.shutdown.cancel();
    nobody(&without).get("/readyz").await.expect_problem(503, "unavailable");
}

#[tokio::test]
async fn the_reference_names_every_operation_and_needs_nothing_from_elsewhere() {
    let server = Server::start().await;
    let answer = nobody(&server).get("/docs").await.expect(200);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    let html = answer.body();
    for (_, _, operation) in operations(&described()) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(html.contains(&format!("<article id=\"{id}\">")), "{id}");
    }
    // Each problem's `type` leads to its explanation.
    assert!(html.contains("id=\"quota_exceeded\""));
    for foreign in ["<script", "http://", "https://", "style=", "onclick"] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    let mut targets = html.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap());
    assert!(targets.all(|target| html.contains(&format!("id=\"{target}\""))), "every link leads somewhere");
}
