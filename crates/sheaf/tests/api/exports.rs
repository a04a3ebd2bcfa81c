use serde_json::{Value, json};

use crate::support::{Client, PDF, Server, fails, file, finds, text};

/// A batch of files with these names, and its id.
async fn batch(ann: &Client, names: &[&str]) -> String {
    let template = ann.template().await;
    let parts: Vec<_> =
        names.iter().map(|name| file("files", name, PDF)).chain([text("template_id", &template)]).collect();
    ann.form("/v1/batches", &parts).await.expect(202).text("/id")
}

#[tokio::test]
async fn a_csv_has_a_row_a_document_in_upload_order() {
    let server = Server::start().await;
    let ann = server.client();
    let id = batch(&ann, &["=SUM(1).pdf", "a, \\\"b\\\".pdf"]).await;
    let first = ann.get(&format!("/v1/batches/{id}/extractions")).await.json()["data"].clone();
    let failing = first[1]["document_id"].as_str().unwrap().to_owned();
    server
        .work(move |claim| if claim.document_id.to_string() == failing { fails(claim) } else { finds(claim) })
        .await;

    let rows = ann.get(&format!("/v1/batches/{id}/extractions")).await.json()["data"].clone();
    let of = |i: usize, key: &str| rows[i][key].as_str().unwrap().to_owned();
    let export = ann.get(&format!("/v1/batches/{id}/export?format=csv")).await.expect(200);
    assert_eq!(export.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        export.header("content-disposition"),
        "attachment; filename=\"Invoice.csv\"; filename*=UTF-8''Invoice.csv"
    );
    let expected = format!(
        "document_id,filename,custom_id,status,error,pages,tier,template_version,created_at,finished_at,\
         total,total__confidence,total__needs_review,total__source,total__page,total__bbox,\
         line_items,line_items__confidence,line_items__needs_review,line_items__source,line_items__page,line_items__bbox\r\n\
         {},'=SUM(1).pdf,,completed,,2,standard,1,{},{},\
         -1234.50,0.97,false,\"-1,234.50\",1,\"[0.5,0.25,0.75,0.3]\",\
         \"[{{\"\"description\"\":\"\"Bolt\"\",\"\"amount\"\":\"\"40.00\"\"}}]\",0.85,false,,1,\"[0.1,0.5,0.9,0.52]\"\r\n\
         {},\"a, \"\"b\"\".pdf\",,failed,encrypted,,standard,1,{},{},,,,,,,,,,,,\r\n",
        of(0, "document_id"),
        of(0, "created_at"),
        of(0, "finished_at"),
        of(1, "document_id"),
        of(1, "created_at"),
        of(1, "finished_at"),
    );
    assert_eq!(export.body(), expected);

    let excel = ann.get(&format!("/v1/batches/{id}/export?format=csv&dialect=excel")).await.expect(200);
    assert_eq!(excel.body(), format!("\u{feff}{expected}"));

    let table = ann.get(&format!("/v1/batches/{id}/export?format=csv&table=line_items")).await.expect(200);
    assert_eq!(
        table.body(),
        format!(
            "document_id,filename,row,description,description__confidence,description__page,description__bbox,\
             amount,amount__confidence,amount__page,amount__bbox\r\n\
             {},'=SUM(1).pdf,1,Bolt,0.9,1,\"[0.1,0.5,0.4,0.52]\",40.00,0.8,1,\"[0.8,0.5,0.9,0.52]\"\r\n",
            of(0, "document_id")
        )
    );
}

#[tokio::test]
async fn json_and_json_lines_have_the_fields_as_the_extraction_has_them() {
    let server = Server::start().await;
    let ann = server.client();
    let id = batch(&ann, &["a.pdf", "b.pdf"]).await;
    server.work(finds).await;
    let export = ann.get(&format!("/v1/batches/{id}/export?format=json")).await.expect(200);
    assert_eq!(export.header("content-type"), "application/json");
    let rows = export.json();
    let listed = ann.get(&format!("/v1/batches/{id}/extractions")).await.json()["data"].clone();
    for i in 0..2 {
        let path = format!("/v1/extractions/{}", listed[i]["id"].as_str().unwrap());
        let whole = ann.get(&path).await.expect(200).json();
        for member in
            ["document_id", "filename", "custom_id", "status", "error", "pages", "template_version", "fields"]
        {
            assert_eq!(rows[i][member], whole[member], "{member}");
        }
        assert_eq!(rows[i].as_object().unwrap().len(), 8);
    }

    let lines = ann.get(&format!("/v1/batches/{id}/export?format=jsonl")).await.expect(200);
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    let lines: Vec<Value> = lines.body().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json!(lines), rows);
}

#[tokio::test]
async fn an_export_of_many_pages_is_whole_in_order_and_repeatable() {
    let server = Server::start().await;
    let ann = server.client();
    let names: Vec<String> = (0..450).map(|i| format!("{i:03}.pdf")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let id = batch(&ann, &names).await;
    server.work(finds).await;
    for format in ["csv", "json", "jsonl"] {
        let path = format!("/v1/batches/{id}/export?format={format}");
        let export = ann.get(&path).await.expect(200);
        assert_eq!(export.bytes, ann.get(&path).await.bytes, "{format}");
        if format == "json" {
            let rows = export.json();
            let found: Vec<&str> =
                rows.as_array().unwrap().iter().map(|row| row["filename"].as_str().unwrap()).collect();
            assert_eq!(found, names);
        }
    }
}

#[tokio::test]
async fn an_export_of_a_running_batch_has_what_is_there() {
    let server = Server::start().await;
    let ann = server.client();
    let id = batch(&ann, &["a.pdf"]).await;
    let rows = ann.get(&format!("/v1/batches/{id}/export?format=json")).await.expect(200).json();
    assert_eq!((&rows[0]["status"], &rows[0]["fields"]), (&json!("pending"), &json!([])));
    let csv = ann.get(&format!("/v1/batches/{id}/export?format=csv")).await.expect(200).body();
    assert!(csv.contains(",a.pdf,,pending,,,standard,1,"), "{csv}");
}

#[tokio::test]
async fn an_export_that_cannot_be_made_is_refused() {
    let server = Server::start().await;
    let ann = server.client();
    let id = batch(&ann, &["a.pdf"]).await;
    for (query, pointer) in [
        ("", "/format"),
        ("format=", "/format"),
        ("format=pdf", "/format"),
        ("format=xlsx", "/format"),
        ("format=csv&dialect=lotus", "/dialect"),
        ("format=csv&table=total", "/table"),
        ("format=csv&table=nothing", "/table"),
        ("format=json&table=line_items", "/format"),
        ("format=jsonl&dialect=excel", "/format"),
    ] {
        let answer =
            ann.get(&format!("/v1/batches/{id}/export?{query}")).await.expect_problem(400, "invalid_request");
        answer.expect_faults(400, &[pointer]);
    }
}
