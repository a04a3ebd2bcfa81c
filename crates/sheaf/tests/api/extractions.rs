use std::time::Duration;

use serde_json::json;

use crate::support::{NOBODY, PDF, Server, fails, file, finds, misses, text};

#[tokio::test]
async fn a_document_is_extracted_while_the_client_waits() {
    let server = Server::start().await;
    server.work_on(finds);
    let ann = server.client();
    let (template, document) = (ann.template().await, ann.upload(1).await.remove(0));
    let answer =
        ann.post("/v1/extract", json!({"document_id": document, "template_id": template})).await.expect(200);
    let json = answer.json();
    for (member, value) in [
        ("batch_id", json!(null)),
        ("document_id", json!(document)),
        ("filename", json!("0.pdf")),
        ("template_id", json!(template)),
        ("template_version", json!(1)),
        ("status", json!("completed")),
        ("tier", json!("standard")),
        ("error", json!(null)),
        ("attempts", json!(1)),
        ("pages", json!(2)),
    ] {
        assert_eq!(json[member], value, "{member}");
    }
    assert_eq!(json["engine"], json!({"sheaf": "0.1.0", "text": "pdf", "ocr": null, "llm": null}));
    assert_eq!(json["fields"][0]["value"], "-1234.50");
    assert_eq!(json["fields"][0]["bbox"], json!([0.5, 0.25, 0.75, 0.3]));
    assert_eq!(json["fields"][1]["cells"][0]["amount"]["source"], "40.00");
    assert_eq!(ann.get(&format!("/v1/extractions/{}", answer.text("/id"))).await.expect(200).json(), json);
    assert_eq!(ann.get("/v1/usage").await.json()["used"], 1);
}

#[tokio::test]
async fn a_file_is_uploaded_and_extracted_in_one_call() {
    let server = Server::start().await;
    server.work_on(misses);
    let ann = server.client();
    let template = ann.template().await;
    let parts = [file("file", "../a.pdf", PDF), text("template_id", &template), text("use_llm", "false")];
    let json = ann.form("/v1/extract", &parts).await.expect(200).json();
    assert_eq!((&json["filename"], &json["status"]), (&json!("a.pdf"), &json!("needs_review")));
    assert_eq!(json["fields"][0]["review_reason"], "missing");
    assert_eq!(ann.ids("/v1/documents").await, [json["document_id"].as_str().unwrap()]);
}

#[tokio::test]
async fn a_document_that_cannot_be_read_is_an_extraction_that_failed_and_costs_nothing() {
    let server = Server::start().await;
    server.work_on(fails);
    let ann = server.client();
    let ask = json!({"document_id": ann.upload(1).await[0], "template_id": ann.template().await});
    let json = ann.post("/v1/extract", ask).await.expect(200).json();
    assert_eq!((&json["status"], &json["fields"]), (&json!("failed"), &json!([])));
    assert_eq!((&json["error"]["code"], &json["error"]["retryable"]), (&json!("encrypted"), &json!(false)));
    assert_eq!(ann.get("/v1/usage").await.json()["used"], 0);
}

#[tokio::test]
async fn what_does_not_end_in_time_goes_on_and_stays_readable() {
    let server = Server::with(|state| state.limits.sync_timeout = Duration::from_millis(50)).await;
    let ann = server.client();
    let ask = json!({"document_id": ann.upload(1).await[0], "template_id": ann.template().await});
    let answer = ann.post("/v1/extract", ask).await.expect_problem(503, "unavailable");
    assert!(!answer.header("retry-after").is_empty());
    let detail = answer.text("/detail");
    let path = &detail[detail.find("/v1/extractions/").unwrap()..];
    let waiting = ann.get(path).await.expect(200).json();
    assert_eq!((&waiting["status"], &waiting["fields"]), (&json!("pending"), &json!([])));
    server.work(finds).await;
    assert_eq!(ann.get(path).await.json()["status"], "completed");
}

#[tokio::test]
async fn nobody_waits_for_a_server_that_shuts_down() {
    let server = Server::start().await;
    let ann = server.client();
    let ask = json!({"document_id": ann.upload(1).await[0], "template_id": ann.template().await});
    server.state.shutdown.cancel();
    let answer = ann.post("/v1/extract", ask).await.expect_problem(503, "unavailable");
    assert!(answer.text("/detail").contains("shutting down"));
}

#[tokio::test]
async fn a_language_model_that_is_not_there_is_refused_before_anything_is_used() {
    let server = Server::start().await;
    let ann = server.client();
    let (template, document) = (ann.template().await, ann.upload(1).await.remove(0));
    let ask = json!({"document_id": document, "template_id": template, "use_llm": true});
    ann.post("/v1/extract", ask.clone()).await.expect_problem(400, "llm_not_configured");
    let parts = [file("file", "a.pdf", PDF), text("template_id", &template), text("use_llm", "true")];
    ann.form("/v1/extract", &parts).await.expect_problem(400, "llm_not_configured");
    let batch = json!({"template_id": template, "use_llm": true, "document_ids": [document]});
    ann.post("/v1/batches", batch).await.expect_problem(400, "llm_not_configured");
    let parts = [file("files", "a.pdf", PDF), text("template_id", &template), text("use_llm", "true")];
    ann.form("/v1/batches", &parts).await.expect_problem(400, "llm_not_configured");
    assert_eq!(ann.get("/v1/usage").await.json()["used"], 0);
    assert_eq!(ann.ids("/v1/documents").await, [document]);

    let server = Server::with(|state| state.llm_configured = true).await;
    server.work_on(finds);
    let ann = server.client();
    let ask =
        json!({"document_id": ann.upload(1).await[0], "template_id": ann.template().await, "use_llm": true});
    assert_eq!(ann.post("/v1/extract", ask).await.expect(200).json()["tier"], "premium");
}

#[tokio::test]
async fn the_quota_is_kept_and_a_refused_file_leaves_nothing_behind() {
    let server = Server::start().await;
    server.work_on(finds);
    let bob = server.other("bob@example.org", "two").await;
    let template = bob.template().await;
    let parts = [file("file", "a.pdf", PDF), text("template_id", &template)];
    for _ in 0..2 {
        bob.form("/v1/extract", &parts).await.expect(200);
    }
    let answer = bob.form("/v1/extract", &parts).await.expect_problem(402, "quota_exceeded");
    let json = answer.json();
    assert_eq!((&json["required"], &json["available"], &json["limit"]), (&json!(1), &json!(0), &json!(2)));
    assert_eq!(json["resets_at"], bob.get("/v1/usage").await.json()["period"]["end"]);
    let documents = bob.ids("/v1/documents").await;
    assert_eq!(documents.len(), 2);
    let ask = json!({"document_id": documents[0], "template_id": template});
    bob.post("/v1/extract", ask).await.expect_problem(402, "quota_exceeded");
}

#[tokio::test]
async fn what_is_asked_for_must_be_well_formed_and_there() {
    let server = Server::start().await;
    let ann = server.client();
    let (template, document) = (ann.template().await, ann.upload(1).await.remove(0));
    for (body, pointers) in [
        (json!([]), vec![""]),
        (json!({}), vec!["/document_id", "/template_id"]),
        (json!({"document_id": 7, "template_id": template}), vec!["/document_id"]),
        (json!({"document_id": null, "template_id": template}), vec!["/document_id"]),
        (json!({"document_id": document, "template_id": template, "use_llm": "yes"}), vec!["/use_llm"]),
        (json!({"document_id": document, "template_id": template, "a/b": 1}), vec!["/a~1b"]),
        (json!({"document_id": NOBODY, "template_id": [], "use_llm": 1}), vec!["/template_id", "/use_llm"]),
    ] {
        ann.post("/v1/extract", body)
            .await
            .expect_problem(400, "invalid_request")
            .expect_faults(400, &pointers);
    }
    for (document, template) in
        [(NOBODY, template.as_str()), ("nonsense", &template), (&document, NOBODY), (&document, "nonsense")]
    {
        let ask = json!({"document_id": document, "template_id": template});
        ann.post("/v1/extract", ask).await.expect_problem(404, "not_found");
    }
    assert_eq!(ann.get("/v1/usage").await.json()["used"], 0);
}

#[tokio::test]
async fn a_form_to_extract_from_has_one_file_and_a_template() {
    let server = Server::start().await;
    let ann = server.client();
    let template = ann.template().await;
    let pdf = || file("file", "a.pdf", PDF);
    for (parts, pointers) in [
        (vec![text("template_id", &template)], vec!["/file"]),
        (vec![pdf()], vec!["/template_id"]),
        (vec![pdf(), pdf(), text("template_id", &template)], vec!["/file"]),
        (vec![pdf(), text("template_id", &template), text("template_id", &template)], vec!["/template_id"]),
        (vec![pdf(), text("template_id", &template), text("use_llm", "maybe")], vec!["/use_llm"]),
        (vec![pdf(), text("template_id", &template), text("files", "x")], vec!["/files"]),
    ] {
        ann.form("/v1/extract", &parts)
            .await
            .expect_problem(400, "invalid_request")
            .expect_faults(400, &pointers);
    }
    ann.form("/v1/extract", &[pdf(), text("template_id", NOBODY)]).await.expect_problem(404, "not_found");
    let bad = [file("file", "a.pdf", b"text"), text("template_id", &template)];
    ann.form("/v1/extract", &bad).await.expect_problem(415, "unsupported_type");
    assert!(ann.ids("/v1/documents").await.is_empty());
}

#[tokio::test]
async fn another_accounts_documents_templates_and_extractions_do_not_exist() {
    let server = Server::start().await;
    server.work_on(finds);
    let ann = server.client();
    let bob = server.other("bob@example.org", "unlimited").await;
    let (template, document) = (ann.template().await, ann.upload(1).await.remove(0));
    let (bobs_template, bobs_document) = (bob.template().await, bob.upload(1).await.remove(0));
    for (document_id, template_id) in [(&document, &bobs_template), (&bobs_document, &template)] {
        let ask = json!({"document_id": document_id, "template_id": template_id});
        bob.post("/v1/extract", ask).await.expect_problem(404, "not_found");
    }
    let ask = json!({"document_id": document, "template_id": template});
    let id = ann.post("/v1/extract", ask).await.expect(200).text("/id");
    for id in [id.as_str(), NOBODY, "nonsense"] {
        bob.get(&format!("/v1/extractions/{id}")).await.expect_problem(404, "not_found");
    }
}
