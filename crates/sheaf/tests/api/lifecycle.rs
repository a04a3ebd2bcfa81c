//! What is done to a batch after it was made.

use serde_json::{Value, json};

use crate::support::{Client, NOBODY, Server, fails, finds};

/// The path of a new batch of `n` documents.
async fn batch(ann: &Client, n: usize) -> String {
    let ask = json!({"template_id": ann.template().await, "document_ids": ann.upload(n).await});
    format!("/v1/batches/{}", ann.post("/v1/batches", ask).await.expect(202).text("/id"))
}

async fn used(ann: &Client) -> Value {
    ann.get("/v1/usage").await.expect(200).json()["used"].clone()
}

#[tokio::test]
async fn a_cancelled_batch_is_refunded_keeps_what_ended_and_can_be_deleted() {
    let server = Server::start().await;
    let ann = server.client();
    let path = batch(&ann, 3).await;
    let claims = server.state.store.claim("worker", 1).await.unwrap();
    ann.delete(&path).await.expect_problem(409, "conflict");
    let answer = ann.post(&format!("{path}/cancel"), json!({})).await.expect(200).json();
    assert_eq!((&answer["status"], &answer["finished_at"]), (&json!("running"), &json!(null)));
    assert_eq!((&answer["counts"]["cancelled"], &answer["counts"]["running"]), (&json!(2), &json!(1)));
    assert_eq!(used(&ann).await, 1);
    ann.post(&format!("{path}/cancel"), json!({})).await.expect(200);

    let finished = sheaf_store::Finished {
        extraction_id: claims[0].extraction_id,
        attempt: claims[0].attempt,
        outcome: finds(&claims[0]),
    };
    server.state.store.finish("worker", &[finished]).await.unwrap();
    let end = ann.get(&path).await.expect(200);
    assert_eq!((end.text("/status"), end.header("retry-after")), ("cancelled".to_owned(), ""));
    assert_eq!((&end.json()["counts"]["completed"], used(&ann).await), (&json!(1), json!(1)));
    ann.post(&format!("{path}/cancel"), json!({})).await.expect_problem(409, "conflict");
    ann.post(&format!("{path}/retry"), json!({})).await.expect_problem(409, "conflict");
    assert_eq!(ann.ids("/v1/batches?status=cancelled").await.len(), 1);
    let export = ann.get(&format!("{path}/export?format=json")).await.expect(200).json();
    assert_eq!((&export[0]["status"], &export[1]["status"]), (&json!("completed"), &json!("cancelled")));

    let document = export[0]["document_id"].as_str().unwrap();
    ann.delete(&format!("/v1/documents/{document}")).await.expect_problem(409, "conflict");
    ann.delete(&path).await.expect(204);
    for path in [&path, &format!("{path}/extractions"), &format!("{path}/export?format=csv")] {
        ann.get(path).await.expect_problem(404, "not_found");
    }
    ann.delete(&path).await.expect_problem(404, "not_found");
    assert_eq!(used(&ann).await, 1);
    ann.delete(&format!("/v1/documents/{document}")).await.expect(204);
}

#[tokio::test]
async fn failed_documents_are_retried_and_debited_again() {
    let server = Server::start().await;
    let bob = server.other("bob@example.org", "two").await;
    let path = batch(&bob, 2).await;
    bob.post(&format!("{path}/retry"), json!({})).await.expect_problem(409, "conflict");
    server.work(fails).await;
    assert_eq!((bob.get(&path).await.text("/status"), used(&bob).await), ("failed".to_owned(), json!(0)));
    let other = batch(&bob, 1).await;
    let refused = bob.post(&format!("{path}/retry"), json!({})).await.expect_problem(402, "quota_exceeded");
    assert_eq!((&refused.json()["required"], &refused.json()["available"]), (&json!(2), &json!(1)));
    bob.post(&format!("{other}/cancel"), json!({})).await.expect(200);

    let answer = bob.post(&format!("{path}/retry"), json!({})).await.expect(200).json();
    assert_eq!((&answer["status"], &answer["finished_at"]), (&json!("pending"), &json!(null)));
    assert_eq!((used(&bob).await, bob.get(&path).await.header("retry-after")), (json!(2), "3"));
    server.work(finds).await;
    let end = bob.get(&path).await.json();
    assert_eq!((&end["status"], &end["counts"]["completed"]), (&json!("completed"), &json!(2)));
    bob.post(&format!("{path}/retry"), json!({})).await.expect_problem(409, "conflict");
    assert_eq!(used(&bob).await, 2);
}

#[tokio::test]
async fn another_accounts_batch_cannot_be_touched() {
    let server = Server::start().await;
    let ann = server.client();
    let path = batch(&ann, 1).await;
    let bob = server.other("bob@example.org", "unlimited").await;
    for path in [path.as_str(), &format!("/v1/batches/{NOBODY}"), "/v1/batches/nonsense"] {
        bob.post(&format!("{path}/cancel"), json!({})).await.expect_problem(404, "not_found");
        bob.post(&format!("{path}/retry"), json!({})).await.expect_problem(404, "not_found");
        bob.delete(path).await.expect_problem(404, "not_found");
    }
    assert_eq!(ann.get(&path).await.text("/status"), "pending");
}
