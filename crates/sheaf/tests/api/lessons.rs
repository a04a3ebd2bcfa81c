//! What corrections teach, and their look-alikes.

use serde_json::{Value, json};
use sheaf_store::{Claim, Outcome};

use crate::note::delivery_note;
use crate::support::{Client, NOBODY, PDF, Server, done, file};

/// A batch of delivery notes to four sites, whose sites nobody found, and of a file of which nothing is known.
struct Notes {
    ann: Client,
    template: String,
    batch: String,
    /// In upload order: Harbour Quay, North Ring, Tower South, West Mill, the other file.
    extractions: Vec<String>,
}

async fn notes(server: &Server) -> Notes {
    let ann = server.client();
    let spec = json!({"name": "Notes", "fields": [{"name": "site", "type": "text"}]});
    let template = ann.post("/v1/templates", spec).await.expect(201).text("/id");
    let files = [
        delivery_note("Harbour Quay", 1),
        delivery_note("North Ring", 1),
        delivery_note("Tower South", 4),
        delivery_note("West Mill", 2),
        PDF.to_vec(),
    ];
    let mut documents = Vec::new();
    for (number, bytes) in files.iter().enumerate() {
        let answer = ann.form("/v1/documents", &[file("file", &format!("{number}.pdf"), bytes)]).await;
        documents.push(answer.expect(201).text("/id"));
    }
    let body = json!({"template_id": template, "document_ids": documents});
    let batch = ann.post("/v1/batches", body).await.expect(202).text("/id");
    server.work(no_site).await;
    let extractions = ann.ids(&format!("/v1/batches/{batch}/extractions")).await;
    Notes { ann, template, batch, extractions }
}

fn no_site(_: &Claim) -> Outcome {
    done(json!([{"name": "site", "type": "text", "value": null, "source": null, "page": null, "bbox": null,
        "confidence": 0.0, "method": null, "needs_review": true, "review_reason": "missing", "review": null}]))
}

impl Notes {
    /// Corrects the site of one of them; gives the item's id.
    async fn correct(&self, note: usize, site: Value) -> String {
        let path = format!("/v1/extractions/{}/fields/site/resolve", self.extractions[note]);
        self.ann.post(&path, json!({"action": "correct", "value": site})).await.expect(200).text("/id")
    }

    async fn lookalikes(&self, item: &str) -> Vec<Value> {
        let list = self.ann.get(&format!("/v1/review/{item}/lookalikes")).await.expect(200).json();
        list["data"].as_array().unwrap().clone()
    }

    async fn lessons(&self) -> Vec<Value> {
        let list = self.ann.get(&format!("/v1/templates/{}/lessons", self.template)).await.expect(200).json();
        list["data"].as_array().unwrap().clone()
    }

    async fn site(&self, note: usize) -> Value {
        self.ann.get(&format!("/v1/extractions/{}", self.extractions[note])).await.json()["fields"][0].clone()
    }
}

#[tokio::test]
async fn a_correction_is_proposed_to_its_look_alikes_with_what_stands_on_their_own_pages() {
    let server = Server::start().await;
    let notes = notes(&server).await;
    let item = notes.correct(0, json!("Harbour Quay")).await;
    let corrected = notes.site(0).await;
    assert_eq!(corrected["source"], "Harbour Quay", "its one place was found");

    let found = notes.lookalikes(&item).await;
    let proposed: Vec<&Value> = found.iter().map(|one| &one["proposed"]["value"]).collect();
    assert_eq!(proposed, ["North Ring", "Tower South", "West Mill"]);
    for (one, name) in found.iter().zip(["1.pdf", "2.pdf", "3.pdf"]) {
        assert_eq!((&one["filename"], &one["current"]["value"]), (&json!(name), &Value::Null));
        assert_eq!(
            (&one["proposed"]["source"], &one["proposed"]["page"]),
            (&one["proposed"]["value"], &json!(1))
        );
        let top = |bbox: &Value| bbox[1].as_f64().unwrap();
        assert!((top(&one["proposed"]["bbox"]) - top(&corrected["bbox"])).abs() < 0.01, "{one}");
    }
    let page = notes.ann.get(&format!("/v1/review/{item}/lookalikes?limit=2")).await.expect(200).json();
    assert_eq!(
        page["data"].as_array().unwrap().len(),
        1,
        "two documents were looked at, one is the corrected one"
    );
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = notes.ann.get(&format!("/v1/review/{item}/lookalikes?limit=9&cursor={cursor}")).await.json();
    assert_eq!(rest["data"].as_array().unwrap().len(), 2);

    // Somebody decides about one of them meanwhile; the last file is of no design, and one is of nobody.
    notes.correct(3, Value::Null).await;
    let ids = json!([notes.extractions[1], notes.extractions[3], notes.extractions[4], NOBODY]);
    let accept = format!("/v1/review/{item}/lookalikes");
    let accepted = notes.ann.post(&accept, json!({"extraction_ids": ids})).await.expect(200).json();
    assert_eq!(accepted["corrected"], json!([notes.extractions[1]]));
    let site = notes.site(1).await;
    assert_eq!(
        (&site["value"], &site["method"], &site["needs_review"]),
        (&json!("North Ring"), &json!("review"), &json!(false))
    );
    assert_eq!((&notes.site(3).await["value"], &notes.site(4).await["value"]), (&Value::Null, &Value::Null));
    let left: Vec<Value> = notes.lookalikes(&item).await;
    assert_eq!(left.iter().map(|one| &one["proposed"]["value"]).collect::<Vec<_>>(), ["Tower South"]);

    let csv =
        notes.ann.get(&format!("/v1/batches/{}/export?format=csv", notes.batch)).await.expect(200).body();
    assert!(csv.contains("North Ring"), "{csv}");
}

#[tokio::test]
async fn what_was_taught_is_listed_replaced_and_removed() {
    let server = Server::start().await;
    let notes = notes(&server).await;
    assert_eq!(notes.lessons().await, Vec::<Value>::new());
    // That there is no value, or one that stands nowhere, has no place to teach.
    notes.correct(4, Value::Null).await;
    notes.correct(3, json!("Nowhere Lane")).await;
    assert_eq!(notes.lessons().await, Vec::<Value>::new());

    let first = notes.correct(0, json!("Harbour Quay")).await;
    let lessons = notes.lessons().await;
    assert_eq!(lessons.len(), 1);
    let lesson = &lessons[0];
    assert_eq!(
        (&lesson["field"], &lesson["filename"], &lesson["review_item_id"], &lesson["template_version"]),
        (&json!("site"), &json!("0.pdf"), &json!(first), &json!(1))
    );
    // The same design again: what is shown last counts.
    let second = notes.correct(1, json!("North Ring")).await;
    let lessons = notes.lessons().await;
    assert_eq!(lessons.len(), 1);
    assert_eq!(lessons[0]["review_item_id"], json!(second));

    let path = format!("/v1/templates/{}/lessons/{}", notes.template, lessons[0]["id"].as_str().unwrap());
    let bob = server.other("bob@example.org", "unlimited").await;
    bob.get(&format!("/v1/templates/{}/lessons", notes.template)).await.expect_problem(404, "not_found");
    bob.delete(&path).await.expect_problem(404, "not_found");
    bob.get(&format!("/v1/review/{second}/lookalikes")).await.expect_problem(404, "not_found");
    let accept = json!({"extraction_ids": [notes.extractions[2]]});
    bob.post(&format!("/v1/review/{second}/lookalikes"), accept).await.expect_problem(404, "not_found");

    assert_eq!(notes.lookalikes(&second).await.len(), 1);
    notes.ann.delete(&path).await.expect(204);
    notes.ann.delete(&path).await.expect_problem(404, "not_found");
    assert_eq!((notes.lessons().await, notes.lookalikes(&second).await), (vec![], vec![]));

    // A correction that is taken back has taught nothing.
    let third = notes.correct(2, json!("Tower South")).await;
    assert_eq!(notes.lessons().await.len(), 1);
    notes.ann.post(&format!("/v1/review/{third}/reopen"), json!({})).await.expect(200);
    assert_eq!(notes.lessons().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_malformed_list_of_look_alikes_is_refused() {
    let server = Server::start().await;
    let notes = notes(&server).await;
    let item = notes.correct(0, json!("Harbour Quay")).await;
    let path = format!("/v1/review/{item}/lookalikes");
    for ids in [json!(null), json!([]), json!(["x"]), json!(vec![NOBODY; 201])] {
        notes.ann.post(&path, json!({"extraction_ids": ids})).await.expect_faults(400, &["/extraction_ids"]);
    }
    notes.ann.get(&format!("{path}?limit=0")).await.expect_faults(400, &["/limit"]);
    notes.ann.get(&format!("/v1/review/{NOBODY}/lookalikes")).await.expect_problem(404, "not_found");
}
