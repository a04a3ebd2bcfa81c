//! Deciding about fields that need a look.

use serde_json::{Value, json};

use crate::support::{Client, NOBODY, Server, finds, misses};

/// A finished document whose fields `total` and `line_items` need a look: batch, extraction, and its items by field.
async fn open(server: &Server) -> (Client, String, String, Value, Value) {
    let ann = server.client();
    let body = json!({"template_id": ann.template().await, "document_ids": ann.upload(1).await});
    let batch = ann.post("/v1/batches", body).await.expect(202).text("/id");
    server.work(misses).await;
    let list = ann.get(&format!("/v1/review?status=open&batch_id={batch}")).await.expect(200).json();
    let items = list["data"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{list}");
    let of = |field| items.iter().find(|item| item["field"] == field).unwrap().clone();
    let extraction = items[0]["extraction_id"].as_str().unwrap().to_owned();
    (ann, batch, extraction, of("total"), of("line_items"))
}

fn path(item: &Value, rest: &str) -> String {
    format!("/v1/review/{}{rest}", item["id"].as_str().unwrap())
}

#[tokio::test]
async fn the_last_decision_completes_an_extraction_and_each_is_remembered() {
    let server = Server::start().await;
    let (ann, batch, extraction, total, lines) = open(&server).await;
    assert_eq!((&total["status"], &total["review_reason"]), (&json!("open"), &json!("missing")));

    let at = json!({"source": "12,50", "page": 1, "bbox": [0.5, 0.5, 0.6, 0.52]});
    let correction = json!({"action": "correct", "value": "12.50", "provenance": at, "notes": "smudged"});
    let resolved = ann.post(&path(&total, "/resolve"), correction).await.expect(200).json();
    assert_eq!(resolved["status"], "resolved");
    let step = &resolved["history"][0];
    assert_eq!(
        (&step["action"], &step["original"], &step["corrected"], &step["who"], &step["notes"]),
        (&json!("correct"), &Value::Null, &json!("12.50"), &json!("ann@example.org"), &json!("smudged"))
    );
    let half = ann.get(&format!("/v1/extractions/{extraction}")).await.json();
    assert_eq!(half["status"], "needs_review");
    let field = &half["fields"][0];
    assert_eq!(
        (&field["value"], &field["source"], &field["bbox"], &field["method"], &field["needs_review"]),
        (&json!("12.50"), &json!("12,50"), &at["bbox"], &json!("review"), &json!(false))
    );

    ann.post(&path(&lines, "/resolve"), json!({"action": "approve"})).await.expect(200);
    let whole = ann.get(&format!("/v1/batches/{batch}")).await.json();
    assert_eq!((&whole["counts"]["completed"], &whole["counts"]["needs_review"]), (&json!(1), &json!(0)));
    let csv = ann.get(&format!("/v1/batches/{batch}/export?format=csv")).await.expect(200).body();
    assert!(csv.contains("12.50"), "{csv}");

    let undone = ann.post(&path(&total, "/reopen"), json!({})).await.expect(200).json();
    assert_eq!((&undone["value"], &undone["review_reason"]), (&Value::Null, &json!("missing")));
    let actions: Vec<&Value> =
        undone["history"].as_array().unwrap().iter().map(|step| &step["action"]).collect();
    assert_eq!(actions, ["correct", "reopen"]);
    assert_eq!(ann.get(&format!("/v1/extractions/{extraction}")).await.json()["status"], "needs_review");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_changes_nothing() {
    let server = Server::start().await;
    let (ann, _, extraction, total, lines) = open(&server).await;
    let before = ann.get(&path(&total, "")).await.expect(200).json();
    for (body, pointer) in [
        (json!({"action": "correct", "value": "twelve"}), "/value"),
        (json!({"action": "correct", "value": ["1"]}), "/value"),
        (json!({"action": "correct"}), "/value"),
        (json!({"action": "approve", "value": "1"}), "/value"),
        (json!({"action": "reopen"}), "/action"),
        (json!({"value": "1"}), "/action"),
        (json!({"action": "approve", "notes": 7}), "/notes"),
        (json!({"action": "correct", "value": "1", "provenance": {"page": 1}}), "/provenance"),
        (
            json!({"action": "correct", "value": "1",
                   "provenance": {"source": "1", "page": 1, "bbox": [0.5, 0.5, 1.5, 0.6]}}),
            "/provenance/bbox",
        ),
        (json!({"action": "approve", "extra": 1}), "/extra"),
    ] {
        ann.post(&path(&total, "/resolve"), body).await.expect_faults(400, &[pointer]);
    }
    let row = json!({"action": "correct", "value": [{"description": "Bolt", "amount": "dear"}]});
    ann.post(&path(&lines, "/resolve"), row).await.expect_faults(400, &["/value/0/amount"]);
    assert_eq!(ann.get(&path(&total, "")).await.json(), before);

    ann.post(&path(&total, "/reopen"), json!({})).await.expect_problem(409, "conflict");
    ann.post(&path(&total, "/resolve"), json!({"action": "approve"})).await.expect(200);
    ann.post(&path(&total, "/resolve"), json!({"action": "approve"})).await.expect_problem(409, "conflict");

    let bob = server.other("bob@example.org", "unlimited").await;
    for id in [total["id"].as_str().unwrap(), NOBODY] {
        bob.get(&format!("/v1/review/{id}")).await.expect_problem(404, "not_found");
        let resolve = bob.post(&format!("/v1/review/{id}/resolve"), json!({"action": "approve"})).await;
        resolve.expect_problem(404, "not_found");
        bob.post(&format!("/v1/review/{id}/reopen"), json!({})).await.expect_problem(404, "not_found");
    }
    let field = format!("/v1/extractions/{extraction}/fields/total/resolve");
    bob.post(&field, json!({"action": "approve"})).await.expect_problem(404, "not_found");
    assert_eq!(bob.get("/v1/review").await.json()["data"], json!([]));
    bob.get(&format!("/v1/review?batch_id={NOBODY}")).await.expect_problem(404, "not_found");
    ann.get("/v1/review?status=done").await.expect_faults(400, &["/status"]);
}

#[tokio::test]
async fn a_value_that_nothing_doubted_can_be_corrected() {
    let server = Server::start().await;
    let ann = server.client();
    let body = json!({"template_id": ann.template().await, "document_ids": ann.upload(1).await});
    let batch = ann.post("/v1/batches", body).await.expect(202).text("/id");
    server.work(finds).await;
    let extraction = ann.ids(&format!("/v1/batches/{batch}/extractions")).await.remove(0);
    assert_eq!(ann.get("/v1/review").await.json()["data"], json!([]));

    let field = |name: &str| format!("/v1/extractions/{extraction}/fields/{name}/resolve");
    ann.post(&field("nothing"), json!({"action": "approve"})).await.expect_problem(404, "not_found");
    let wrong = json!({"action": "correct", "value": "x"});
    ann.post(&field("total"), wrong).await.expect_faults(400, &["/value"]);
    assert_eq!(ann.get("/v1/review").await.json()["data"], json!([]), "no item is left of what was refused");
    let rows = json!([{"description": "Bolt", "amount": "41.00"}]);
    let resolved =
        ann.post(&field("line_items"), json!({"action": "correct", "value": rows})).await.expect(200);
    assert_eq!(resolved.json()["value"], rows);
    let fields = ann.get(&format!("/v1/extractions/{extraction}")).await.json();
    assert_eq!(fields["status"], "completed");
    assert_eq!(fields["fields"][1]["cells"][0]["amount"]["source"], "40.00", "where it stands stays known");
    assert_eq!(fields["fields"][1]["review"]["action"], "correct");
    assert_eq!(ann.get("/v1/review?status=resolved").await.json()["data"].as_array().unwrap().len(), 1);
}
