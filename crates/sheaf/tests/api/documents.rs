use axum::http::Method;
use serde_json::json;

use crate::support::{BOUNDARY, NOBODY, PDF, Server, file, file_named, finds, text};

#[tokio::test]
async fn one_file_becomes_a_document_and_comes_back_as_it_was() {
    let server = Server::start().await;
    let ann = server.client();
    let created = ann.form("/v1/documents", &[file("file", "Rechnung März.pdf", PDF)]).await.expect(201);
    let (json, path) = (created.json(), format!("/v1/documents/{}", created.text("/id")));
    assert_eq!(created.header("location"), path);
    assert_eq!(json["filename"], "Rechnung März.pdf");
    assert_eq!(json["media_type"], "application/pdf");
    assert_eq!(json["bytes"], PDF.len());
    assert_eq!(json["pages"], json!(null));
    assert_eq!(json["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(ann.get(&path).await.expect(200).json(), json);

    let download = ann.get(&format!("{path}/file")).await.expect(200);
    assert_eq!(download.bytes, PDF);
    assert_eq!(download.header("content-type"), "application/pdf");
    assert_eq!(
        download.header("content-disposition"),
        "attachment; filename=\"Rechnung M_rz.pdf\"; filename*=UTF-8''Rechnung%20M%C3%A4rz.pdf"
    );
}

#[tokio::test]
async fn several_files_become_as_many_documents_in_order_also_with_the_same_bytes() {
    let server = Server::start().await;
    let ann = server.client();
    let parts =
        [file("file", "a.pdf", PDF), file("file", "b.pdf", PDF), file("file", "c.pdf", b"%PDF-1.4 other")];
    let data = ann.form("/v1/documents", &parts).await.expect(201).json()["data"].clone();
    let names: Vec<&str> = data.as_array().unwrap().iter().map(|d| d["filename"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.pdf", "b.pdf", "c.pdf"]);
    assert_eq!(data[0]["sha256"], data[1]["sha256"]);
    assert_ne!(data[0]["id"], data[1]["id"]);
    assert_eq!(ann.ids("/v1/documents").await.len(), 3);
    // One goes, the other keeps its bytes.
    ann.delete(&format!("/v1/documents/{}", data[0]["id"].as_str().unwrap())).await.expect(204);
    let other = format!("/v1/documents/{}/file", data[1]["id"].as_str().unwrap());
    assert_eq!(ann.get(&other).await.expect(200).bytes, PDF);
}

#[tokio::test]
async fn a_hostile_name_is_made_safe() {
    let server = Server::start().await;
    let ann = server.client();
    let long = format!("{}.pdf", "n".repeat(300));
    let cut = format!("{}.pdf", "n".repeat(251));
    for (name, safe) in [
        (&b"../../etc/passwd"[..], "passwd"),
        (b"..\\..\\boot.ini", "boot.ini"),
        (b"\xff\xfe.pdf", "\u{fffd}\u{fffd}.pdf"),
        (b"a\tb.pdf", "a_b.pdf"),
        ("cod\u{202e}fdp.pdf".as_bytes(), "cod_fdp.pdf"),
        (b"x; filename=y.pdf", "x; filename=y.pdf"),
        (b"<script>.pdf", "<script>.pdf"),
        (b"", "document"),
        (b"..", "document"),
        (long.as_bytes(), &cut),
    ] {
        let created = ann.form("/v1/documents", &[file_named("file", name, PDF)]).await.expect(201);
        assert_eq!(created.json()["filename"], safe, "{name:?}");
        ann.get(&format!("/v1/documents/{}/file", created.text("/id"))).await.expect(200);
    }
}

#[tokio::test]
async fn a_newline_in_a_name_reaches_no_header() {
    let server = Server::start().await;
    let ann = server.client();
    let body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''a%0D%0AX-Evil:%201.pdf\r\n\r\n\
         %PDF-1.7\r\n--{BOUNDARY}--\r\n"
    );
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [("content-type", content_type.as_str())];
    let created = ann.send(Method::POST, "/v1/documents", &headers, body.into()).await.expect(201);
    assert_eq!(created.json()["filename"], "a__X-Evil: 1.pdf");
    let download = ann.get(&format!("/v1/documents/{}/file", created.text("/id"))).await.expect(200);
    assert!(download.headers.get("x-evil").is_none());
}

#[tokio::test]
async fn a_file_is_judged_by_its_content_and_a_bad_one_leaves_nothing_behind() {
    let server = Server::with(|state| state.limits.max_file_bytes = 1_000).await;
    let ann = server.client();
    let big = [PDF, &[b' '; 1_000]].concat();
    for (content, status, code) in [
        (&b""[..], 415, "unsupported_type"),
        (b"hello, I am named .pdf", 415, "unsupported_type"),
        (b"GIF89a", 415, "unsupported_type"),
        (&big, 413, "file_too_large"),
    ] {
        let parts = [file("file", "good.pdf", PDF), file("file", "bad.pdf", content)];
        let answer = ann.form("/v1/documents", &parts).await.expect_problem(status, code);
        assert!(answer.text("/errors/0/detail").contains("bad.pdf"));
        answer.expect_faults(status, &["/file/1"]);
    }
    assert!(ann.ids("/v1/documents").await.is_empty());
    let exact = [PDF, &vec![b' '; 1_000 - PDF.len()][..]].concat();
    ann.form("/v1/documents", &[file("file", "good.txt", &exact)]).await.expect(201);
}

#[tokio::test]
async fn every_bad_file_of_an_upload_is_named() {
    let server = Server::start().await;
    let parts = [file("file", "a.pdf", b"no"), file("file", "b.pdf", PDF), file("file", "c.pdf", b"")];
    server.client().form("/v1/documents", &parts).await.expect_faults(415, &["/file/0", "/file/2"]);
}

#[tokio::test]
async fn an_upload_that_is_no_upload_is_refused() {
    let server = Server::with(|state| {
        state.limits.max_files = 2;
        state.limits.max_request_bytes = 4_000;
    })
    .await;
    let ann = server.client();
    ann.post("/v1/documents", json!({"file": "a.pdf"})).await.expect_problem(415, "unsupported_type");
    ann.form("/v1/documents", &[]).await.expect_faults(400, &["/file"]);
    ann.form("/v1/documents", &[text("comment", "hi"), file("file", "a.pdf", PDF)])
        .await
        .expect_faults(400, &["/comment"]);
    let three = [file("file", "a.pdf", PDF), file("file", "b.pdf", PDF), file("file", "c.pdf", PDF)];
    ann.form("/v1/documents", &three).await.expect_faults(400, &["/file"]);
    ann.form("/v1/documents", &[file("file", "a.pdf", &[b' '; 5_000])])
        .await
        .expect_problem(413, "file_too_large");

    for (content_type, body) in [
        ("multipart/form-data", "--x--"),
        ("multipart/form-data; boundary=x", ""),
        ("multipart/form-data; boundary=x", "no parts"),
        (
            "multipart/form-data; boundary=x",
            "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n%PDF-1.7",
        ),
        ("multipart/form-data; boundary=x", "--x\r\nnot a header\r\n\r\n%PDF-1.7\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", "--x\r\n\r\n%PDF-1.7\r\n--x--\r\n"),
    ] {
        let headers = [("content-type", content_type)];
        let answer = ann.send(Method::POST, "/v1/documents", &headers, body.into()).await;
        answer.expect_problem(400, "invalid_request");
    }
    assert!(ann.ids("/v1/documents").await.is_empty());
}

#[tokio::test]
async fn a_document_in_use_stays() {
    let server = Server::start().await;
    let ann = server.client();
    let ids = ann.upload(2).await;
    let batch = json!({"template_id": ann.template().await, "document_ids": [ids[0]]});
    ann.post("/v1/batches", batch).await.expect(202);
    ann.delete(&format!("/v1/documents/{}", ids[0])).await.expect_problem(409, "conflict");
    server.work(finds).await;
    let read = ann.get(&format!("/v1/documents/{}", ids[0])).await.expect(200);
    assert_eq!(read.json()["pages"], 2);
    ann.delete(&format!("/v1/documents/{}", ids[1])).await.expect(204);
    ann.get(&format!("/v1/documents/{}", ids[1])).await.expect_problem(404, "not_found");
    ann.get(&format!("/v1/documents/{}/file", ids[1])).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn another_accounts_document_does_not_exist() {
    let server = Server::start().await;
    let id = server.client().upload(1).await.remove(0);
    let bob = server.other("bob@example.org", "unlimited").await;
    for id in [id.as_str(), NOBODY, "nonsense", "..%2F..%2Fetc%2Fpasswd"] {
        bob.get(&format!("/v1/documents/{id}")).await.expect_problem(404, "not_found");
        bob.get(&format!("/v1/documents/{id}/file")).await.expect_problem(404, "not_found");
        bob.delete(&format!("/v1/documents/{id}")).await.expect_problem(404, "not_found");
    }
    assert!(bob.ids("/v1/documents").await.is_empty());
    server.client().get(&format!("/v1/documents/{id}")).await.expect(200);
}
