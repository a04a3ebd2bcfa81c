use serde_json::{Value, json};

use crate::support::{NOBODY, PDF, Server, fails, file, finds, misses, template_json, text};

#[tokio::test]
async fn a_batch_runs_from_creation_to_its_end() {
    let server = Server::start().await;
    let ann = server.client();
    let (template, documents) = (ann.template().await, ann.upload(3).await);
    let ask = json!({"name": "May invoices", "template_id": template, "document_ids": documents,
                     "metadata": {"any": ["json", 1]}});
    let created = ann.post("/v1/batches", ask).await.expect(202);
    let path = format!("/v1/batches/{}", created.text("/id"));
    assert_eq!((created.header("location"), created.header("retry-after")), (path.as_str(), "3"));
    let json = created.json();
    for (member, value) in [
        ("name", json!("May invoices")),
        ("status", json!("pending")),
        ("template_id", json!(template)),
        ("template_version", json!(1)),
        ("use_llm", json!(false)),
        ("metadata", json!({"any": ["json", 1]})),
        ("percent", json!(0)),
        ("started_at", json!(null)),
        ("finished_at", json!(null)),
        ("eta_seconds", json!(null)),
    ] {
        assert_eq!(json[member], value, "{member}");
    }
    assert_eq!(
        json["counts"],
        json!({"total": 3, "pending": 3, "running": 0, "completed": 0, "needs_review": 0, "failed": 0, "cancelled": 0})
    );

    let waiting = ann.get(&path).await.expect(200);
    assert_eq!((waiting.json(), waiting.header("retry-after")), (json, "3"));
    let etag = waiting.header("etag");
    let same = ann.get_with(&path, &[("if-none-match", etag)]).await.expect(304);
    assert_eq!((same.bytes.len(), same.header("etag"), same.header("retry-after")), (0, etag, "3"));

    // The second document cannot be read, the third needs a look.
    let order = documents.clone();
    let script = move |claim: &sheaf_store::Claim| match order
        .iter()
        .position(|id| *id == claim.document_id.to_string())
    {
        Some(0) => finds(claim),
        Some(1) => fails(claim),
        _ => misses(claim),
    };
    assert_eq!(server.work(script).await, 3);
    let ended = ann.get_with(&path, &[("if-none-match", etag)]).await.expect(200);
    assert!(ended.headers.get("retry-after").is_none() && ended.header("etag") != etag);
    let json = ended.json();
    assert_eq!((&json["status"], &json["percent"]), (&json!("completed"), &json!(100)));
    assert_eq!(json["counts"]["completed"], 1);
    assert_eq!(json["counts"]["failed"], 1);
    assert_eq!(json["counts"]["needs_review"], 1);
    assert!(json["started_at"].is_string() && json["finished_at"].is_string());
    ann.get_with(&path, &[("if-none-match", ended.header("etag"))]).await.expect(304);
    // The failed one is refunded.
    assert_eq!(ann.get("/v1/usage").await.json()["used"], 2);
}

#[tokio::test]
async fn extractions_are_listed_in_upload_order_without_their_fields() {
    let server = Server::start().await;
    let ann = server.client();
    let documents = ann.upload(5).await;
    let named: Vec<Value> = documents
        .iter()
        .enumerate()
        .map(|(i, id)| json!({"document_id": id, "custom_id": format!("c{i}")}))
        .collect();
    let ask = json!({"template_id": ann.template().await, "documents": named});
    let path =
        format!("/v1/batches/{}/extractions", ann.post("/v1/batches", ask).await.expect(202).text("/id"));
    let first = documents[0].clone();
    server
        .work(move |claim| if claim.document_id.to_string() == first { fails(claim) } else { finds(claim) })
        .await;

    let all = ann.get(&path).await.expect(200).json();
    let column = |name: &str| -> Vec<String> {
        all["data"].as_array().unwrap().iter().map(|e| e[name].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(column("document_id"), documents);
    assert_eq!(column("custom_id"), ["c0", "c1", "c2", "c3", "c4"]);
    assert!(all["data"][1].get("fields").is_none());
    assert_eq!(all["next_cursor"], json!(null));

    let page = ann.get(&format!("{path}?limit=2&status=completed")).await.expect(200).json();
    assert_eq!(page["data"][0]["document_id"], json!(documents[1]));
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = ann.get(&format!("{path}?limit=2&status=completed&cursor={cursor}")).await.expect(200).json();
    assert_eq!(rest["data"][1]["document_id"], json!(documents[4]));
    assert_eq!(rest["next_cursor"], json!(null));
    assert_eq!(ann.ids(&format!("{path}?status=failed")).await.len(), 1);
    ann.get(&format!("{path}?status=broken")).await.expect_faults(400, &["/status"]);
    ann.get(&format!("{path}?limit=1000")).await.expect_faults(400, &["/limit"]);
}

#[tokio::test]
async fn files_are_uploaded_and_run_in_one_call() {
    let server = Server::start().await;
    let ann = server.client();
    let template = ann.template().await;
    let parts = [
        file("files", "b.pdf", PDF),
        text("name", "Straight in"),
        file("files", "a.pdf", PDF),
        text("template_id", &template),
        text("metadata", "{\"n\": 1}"),
    ];
    let created = ann.form("/v1/batches", &parts).await.expect(202);
    let json = created.json();
    assert_eq!((&json["name"], &json["metadata"]), (&json!("Straight in"), &json!({"n": 1})));
    assert_eq!(created.header("location"), format!("/v1/batches/{}", created.text("/id")));
    let list = ann.get(&format!("/v1/batches/{}/extractions", created.text("/id"))).await.json();
    let names: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|e| e["filename"].as_str().unwrap()).collect();
    assert_eq!(names, ["b.pdf", "a.pdf"]);
}

#[tokio::test]
async fn a_bad_file_keeps_the_whole_batch_from_being_created() {
    let server = Server::with(|state| state.limits.max_file_bytes = 1_000).await;
    let ann = server.client();
    let template = ann.template().await;
    let big = [PDF, &[b' '; 1_000]].concat();
    for (bad, status) in [(&b"text"[..], 415), (b"", 415), (&big, 413)] {
        let good = || file("files", "good.pdf", PDF);
        let parts =
            [text("template_id", &template), good(), good(), good(), file("files", "bad.pdf", bad), good()];
        ann.form("/v1/batches", &parts).await.expect_faults(status, &["/files/3"]);
    }
    assert!(ann.ids("/v1/documents").await.is_empty());
    assert!(ann.ids("/v1/batches").await.is_empty());
    assert_eq!(ann.get("/v1/usage").await.json()["used"], 0);
}

#[tokio::test]
async fn what_would_exceed_the_quota_leaves_nothing_behind() {
    let server = Server::start().await;
    let bob = server.other("bob@example.org", "two").await;
    let (template, documents) = (bob.template().await, bob.upload(3).await);
    let ask = json!({"template_id": template, "document_ids": documents});
    let json = bob.post("/v1/batches", ask).await.expect_problem(402, "quota_exceeded").json();
    assert_eq!((&json["required"], &json["available"], &json["limit"]), (&json!(3), &json!(2), &json!(2)));
    assert!(json["resets_at"].is_string());

    let parts: Vec<_> =
        (0..4).map(|_| file("files", "a.pdf", PDF)).chain([text("template_id", &template)]).collect();
    let json = bob.form("/v1/batches", &parts).await.expect_problem(402, "quota_exceeded").json();
    assert_eq!((&json["required"], &json["available"], &json["limit"]), (&json!(4), &json!(2), &json!(2)));

    assert!(bob.ids("/v1/batches").await.is_empty());
    assert_eq!(bob.ids("/v1/documents").await.len(), 3);
    assert_eq!(bob.get("/v1/usage").await.json()["used"], 0);
    // Two fit.
    let ask = json!({"template_id": template, "document_ids": documents[..2]});
    bob.post("/v1/batches", ask).await.expect(202);
    let usage = bob.get("/v1/usage").await.json();
    assert_eq!((&usage["used"], &usage["remaining"]), (&json!(2), &json!(0)));
}

#[tokio::test]
async fn a_batch_needs_a_template_and_documents_each_once() {
    let server = Server::start().await;
    let ann = server.client();
    let (template, documents) = (ann.template().await, ann.upload(2).await);
    let (a, b) = (&documents[0], &documents[1]);
    for (body, pointers) in [
        (json!("text"), vec![""]),
        (json!({}), vec!["/template_id", "/document_ids"]),
        (json!({"template_id": template}), vec!["/document_ids"]),
        (json!({"template_id": template, "document_ids": []}), vec!["/document_ids"]),
        (json!({"template_id": template, "documents": []}), vec!["/documents"]),
        (json!({"template_id": template, "document_ids": a}), vec!["/document_ids"]),
        (json!({"template_id": template, "documents": 1}), vec!["/documents"]),
        (
            json!({"template_id": template, "document_ids": [a], "documents": [{"document_id": b}]}),
            vec!["/documents"],
        ),
        (json!({"template_id": template, "document_ids": [a, b, a]}), vec!["/document_ids/2"]),
        (
            json!({"template_id": template, "documents": [{"document_id": a}, {"document_id": a}]}),
            vec!["/documents/1"],
        ),
        (
            json!({"template_id": template, "document_ids": [1, a, null]}),
            vec!["/document_ids/0", "/document_ids/2"],
        ),
        (
            json!({"template_id": template, "documents": [{"id": a}, 7, {"document_id": b, "custom_id": 1}]}),
            vec!["/documents/1", "/documents/0/id", "/documents/0/document_id", "/documents/2/custom_id"],
        ),
        (
            json!({"template_id": template, "document_ids": [a], "name": 1, "use_llm": 0, "x": 0}),
            vec!["/x", "/name", "/use_llm"],
        ),
    ] {
        let answer = ann.post("/v1/batches", body.clone()).await.expect_problem(400, "invalid_request");
        let mut found: Vec<String> = answer.json()["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["pointer"].as_str().unwrap().into())
            .collect();
        let mut pointers = pointers;
        found.sort();
        pointers.sort_unstable();
        assert_eq!(found, pointers, "{body}");
    }
    assert!(ann.ids("/v1/batches").await.is_empty());
}

#[tokio::test]
async fn more_than_ten_thousand_documents_are_refused() {
    let server = Server::start().await;
    let ann = server.client();
    let ids: Vec<String> = (0..10_001).map(|i| format!("0198c0de-0000-7000-8000-{i:012}")).collect();
    let ask = json!({"template_id": ann.template().await, "document_ids": ids});
    ann.post("/v1/batches", ask).await.expect_faults(400, &["/document_ids"]);
}

#[tokio::test]
async fn an_unknown_document_or_template_is_not_found_and_nothing_is_created() {
    let server = Server::start().await;
    let ann = server.client();
    let bob = server.other("bob@example.org", "unlimited").await;
    let (template, document) = (ann.template().await, ann.upload(1).await.remove(0));
    let (bobs_template, bobs_document) = (bob.template().await, bob.upload(1).await.remove(0));
    let hidden = ann.template().await;
    ann.delete(&format!("/v1/templates/{hidden}")).await.expect(204);
    for (template, documents) in [
        (template.as_str(), vec![document.as_str(), NOBODY]),
        (&template, vec!["nonsense"]),
        (&template, vec![&document, &bobs_document]),
        (NOBODY, vec![&document]),
        ("nonsense", vec![&document]),
        (&bobs_template, vec![&document]),
        (&hidden, vec![&document]),
    ] {
        let ask = json!({"template_id": template, "document_ids": documents});
        ann.post("/v1/batches", ask).await.expect_problem(404, "not_found");
    }
    for template in [NOBODY, "nonsense", &bobs_template, &hidden] {
        let parts = [text("template_id", template), file("files", "a.pdf", PDF)];
        ann.form("/v1/batches", &parts).await.expect_problem(404, "not_found");
    }
    assert!(ann.ids("/v1/batches").await.is_empty());
    assert_eq!(ann.ids("/v1/documents").await, [document]);
    assert_eq!(ann.get("/v1/usage").await.json()["used"], 0);
}

#[tokio::test]
async fn another_accounts_batch_does_not_exist() {
    let server = Server::start().await;
    let ann = server.client();
    let ask = json!({"template_id": ann.template().await, "document_ids": ann.upload(1).await});
    let id = ann.post("/v1/batches", ask).await.expect(202).text("/id");
    let bob = server.other("bob@example.org", "unlimited").await;
    for id in [id.as_str(), NOBODY, "nonsense"] {
        for rest in ["", "/extractions", "/export?format=csv"] {
            bob.get(&format!("/v1/batches/{id}{rest}")).await.expect_problem(404, "not_found");
        }
    }
    assert!(bob.ids("/v1/batches").await.is_empty());
}

#[tokio::test]
async fn a_batch_keeps_the_version_it_was_created_with() {
    let server = Server::start().await;
    let ann = server.client();
    let (template, documents) = (ann.template().await, ann.upload(1).await);
    let ask = json!({"template_id": template, "document_ids": documents});
    let before = ann.post("/v1/batches", ask.clone()).await.expect(202);
    let mut changed = template_json();
    changed["fields"].as_array_mut().unwrap().truncate(1);
    ann.put(&format!("/v1/templates/{template}"), None, changed).await.expect(200);
    let after = ann.post("/v1/batches", ask).await.expect(202);
    assert_eq!(
        (&before.json()["template_version"], &after.json()["template_version"]),
        (&json!(1), &json!(2))
    );

    server.work(finds).await;
    let header = |id: String| {
        let ann = ann.clone();
        async move {
            let csv = ann.get(&format!("/v1/batches/{id}/export?format=csv")).await.expect(200).body();
            csv.lines().next().unwrap().to_owned()
        }
    };
    assert!(header(before.text("/id")).await.contains("line_items"));
    assert!(!header(after.text("/id")).await.contains("line_items"));
}

#[tokio::test]
async fn batches_are_listed_newest_first_and_by_status() {
    let server = Server::start().await;
    let ann = server.client();
    let (template, documents) = (ann.template().await, ann.upload(1).await);
    let ask = json!({"template_id": template, "document_ids": documents});
    let done = ann.post("/v1/batches", ask.clone()).await.text("/id");
    server.work(finds).await;
    let failed = ann.post("/v1/batches", ask.clone()).await.text("/id");
    server.work(fails).await;
    let waiting = ann.post("/v1/batches", ask).await.text("/id");

    assert_eq!(ann.ids("/v1/batches").await, [waiting.clone(), failed.clone(), done.clone()]);
    for (status, ids) in [
        ("completed", vec![done]),
        ("failed", vec![failed]),
        ("pending", vec![waiting]),
        ("running", vec![]),
        ("cancelled", vec![]),
    ] {
        assert_eq!(ann.ids(&format!("/v1/batches?status={status}")).await, ids, "{status}");
    }
    ann.get("/v1/batches?status=needs_review").await.expect_faults(400, &["/status"]);
    assert_eq!(ann.get("/v1/batches?limit=1").await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_batch_without_a_name_has_its_templates() {
    let server = Server::start().await;
    let ann = server.client();
    let ask = json!({"template_id": ann.template().await, "document_ids": ann.upload(1).await});
    assert_eq!(ann.post("/v1/batches", ask).await.expect(202).json()["name"], "Invoice");
}
