use axum::body::Body;
use axum::http::Method;
use serde_json::json;

use crate::support::{NOBODY, Server};

#[tokio::test]
async fn a_key_is_shown_once_works_and_ends_when_it_is_revoked() {
    let server = Server::start().await;
    let ann = server.client();
    let created = ann.post("/v1/keys", json!({"name": "laptop"})).await.expect(201);
    let (id, secret) = (created.text("/id"), created.text("/key"));
    assert!(secret.starts_with("sheaf_live_"));
    assert_eq!(created.json()["name"], "laptop");

    let laptop = ann.with_key(&secret);
    laptop.get("/v1/usage").await.expect(200);
    let list = ann.get("/v1/keys").await.expect(200);
    assert!(!list.body().contains(&secret) && list.body().contains(&id));
    assert_eq!(list.json()["data"][0]["revoked_at"], json!(null));

    ann.delete(&format!("/v1/keys/{id}")).await.expect(204);
    let refused = laptop.get("/v1/usage").await.expect_problem(401, "unauthorized");
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    ann.get("/v1/usage").await.expect(200);
}

#[tokio::test]
async fn a_key_needs_no_name_and_nothing_else() {
    let server = Server::start().await;
    let ann = server.client();
    let created = ann.send(Method::POST, "/v1/keys", &[], Body::empty()).await.expect(201);
    assert_eq!(created.json()["name"], json!(null));
    ann.post("/v1/keys", json!({"name": null})).await.expect(201);
    ann.post("/v1/keys", json!({"name": 7, "scope": "all"})).await.expect_faults(400, &["/scope", "/name"]);
    ann.post("/v1/keys", json!({"name": "n".repeat(1_000)})).await.expect_faults(400, &["/name"]);
}

#[tokio::test]
async fn another_accounts_keys_do_not_exist() {
    let server = Server::start().await;
    let ann = server.client();
    let id = ann.post("/v1/keys", json!({})).await.expect(201).text("/id");
    let bob = server.other("bob@example.org", "unlimited").await;
    for id in [id.as_str(), NOBODY, "nonsense"] {
        bob.delete(&format!("/v1/keys/{id}")).await.expect_problem(404, "not_found");
    }
    assert!(!bob.ids("/v1/keys").await.contains(&id));
    assert!(ann.ids("/v1/keys").await.contains(&id));
}

#[tokio::test]
async fn usage_tells_the_plan_the_month_and_what_is_left() {
    let server = Server::start().await;
    let usage = server.client().get("/v1/usage").await.expect(200).json();
    assert_eq!((&usage["plan"], &usage["limit"]), (&json!("unlimited"), &json!(null)));
    assert_eq!((&usage["used"], &usage["remaining"]), (&json!(0), &json!(null)));
    let bob = server.other("bob@example.org", "two").await;
    let usage = bob.get("/v1/usage").await.expect(200).json();
    assert_eq!((&usage["limit"], &usage["remaining"]), (&json!(2), &json!(2)));
    let start = usage["period"]["start"].as_str().unwrap();
    assert!(start.contains("-01T00:00:00") && start.ends_with('Z'), "{start}");
}
