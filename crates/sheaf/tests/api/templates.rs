use serde_json::json;

use crate::support::{NOBODY, Server, template_json};

#[tokio::test]
async fn a_template_is_created_read_changed_and_hidden() {
    let server = Server::start().await;
    let ann = server.client();
    let created = ann.post("/v1/templates", template_json()).await.expect(201);
    let id = created.text("/id");
    let path = format!("/v1/templates/{id}");
    assert_eq!(created.header("location"), path);
    assert_eq!(created.header("etag"), "\"1\"");
    let json = created.json();
    assert_eq!((&json["version"], &json["confidence_threshold"]), (&json!(1), &json!(0.75)));
    assert_eq!(json["fields"], template_json()["fields"]);
    assert_eq!(json["created_at"], json["updated_at"]);
    assert_eq!(ann.get(&path).await.expect(200).json(), json);

    // An answer may be sent back changed.
    let mut changed = json.clone();
    changed["name"] = json!("Renamed");
    let second = ann.put(&path, Some("\"1\""), changed).await.expect(200);
    assert_eq!((second.header("etag"), &second.json()["version"]), ("\"2\"", &json!(2)));
    assert_eq!(second.json()["created_at"], json["created_at"]);
    assert_eq!(ann.get(&path).await.json()["name"], "Renamed");
    assert_eq!(ann.get(&format!("{path}?version=1")).await.expect(200).json()["name"], "Invoice");

    ann.delete(&path).await.expect(204);
    assert!(ann.ids("/v1/templates").await.is_empty());
    assert_eq!(ann.get(&path).await.expect(200).json()["version"], 2);
    ann.put(&path, None, template_json()).await.expect_problem(404, "not_found");
    ann.delete(&path).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_change_from_an_older_version_is_refused() {
    let server = Server::start().await;
    let ann = server.client();
    let path = format!("/v1/templates/{}", ann.template().await);
    ann.put(&path, None, template_json()).await.expect(200);
    for stale in ["\"1\"", "W/\"1\"", "\"9\"", "\"abc\"", ""] {
        ann.put(&path, Some(stale), template_json()).await.expect_problem(412, "version_mismatch");
    }
    assert_eq!(ann.get(&path).await.json()["version"], 2);
    ann.put(&path, Some("\"2\""), template_json()).await.expect(200);
    ann.put(&path, Some("*"), template_json()).await.expect(200);
    assert_eq!(ann.get(&path).await.json()["version"], 4);
}

#[tokio::test]
async fn every_fault_of_a_template_is_pointed_at_and_nothing_is_created() {
    let server = Server::start().await;
    let ann = server.client();
    let bad = json!({"name": "t", "fields": [
        {"name": "total", "type": "money"}, {"name": "Total", "type": "text"}, {"name": "s", "type": "enum"}]});
    let pointers = ["/fields/0/type", "/fields/1/name", "/fields/2/enum_values"];
    let answer = ann.post("/v1/templates", bad.clone()).await.expect_problem(400, "invalid_request");
    assert!(answer.text("/errors/0/detail").contains("currency"), "the detail names the types there are");
    answer.expect_faults(400, &pointers);
    assert!(ann.ids("/v1/templates").await.is_empty());

    let path = format!("/v1/templates/{}", ann.template().await);
    ann.put(&path, None, bad).await.expect_faults(400, &pointers);
    assert_eq!(ann.get(&path).await.json()["version"], 1);
}

#[tokio::test]
async fn the_starter_has_six_fields_and_takes_no_body() {
    let server = Server::start().await;
    let ann = server.client();
    let answer = ann.post("/v1/templates/starter-invoice", json!(null)).await.expect(201);
    assert_eq!(answer.json()["fields"].as_array().unwrap().len(), 6);
    assert_eq!(ann.ids("/v1/templates").await, [answer.text("/id")]);
}

#[tokio::test]
async fn an_unknown_template_or_version_is_not_found() {
    let server = Server::start().await;
    let ann = server.client();
    let path = format!("/v1/templates/{}", ann.template().await);
    for path in
        ["/v1/templates/nonsense".into(), format!("/v1/templates/{NOBODY}"), format!("{path}?version=2")]
    {
        ann.get(&path).await.expect_problem(404, "not_found");
    }
    for version in ["0", "x", "-1"] {
        let answer = ann.get(&format!("{path}?version={version}")).await;
        assert!([400, 404].contains(&answer.status.as_u16()), "{version}: {}", answer.body());
    }
    ann.get(&format!("{path}?version=x")).await.expect_faults(400, &["/version"]);
}

#[tokio::test]
async fn another_accounts_template_does_not_exist() {
    let server = Server::start().await;
    let path = format!("/v1/templates/{}", server.client().template().await);
    let bob = server.other("bob@example.org", "unlimited").await;
    bob.get(&path).await.expect_problem(404, "not_found");
    bob.put(&path, None, template_json()).await.expect_problem(404, "not_found");
    bob.delete(&path).await.expect_problem(404, "not_found");
    assert!(bob.ids("/v1/templates").await.is_empty());
    server.client().get(&path).await.expect(200);
}

#[tokio::test]
async fn a_list_comes_a_page_at_a_time_newest_first() {
    let server = Server::start().await;
    let ann = server.client();
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, ann.template().await);
    }
    let (mut listed, mut path) = (Vec::new(), "/v1/templates?limit=2".to_owned());
    loop {
        let page = ann.get(&path).await.expect(200).json();
        listed.extend(
            page["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/templates?limit=2&cursor={cursor}");
    }
    assert_eq!(listed, made);
    for (query, pointer) in
        [("limit=0", "/limit"), ("limit=501", "/limit"), ("limit=x", "/limit"), ("cursor=x", "/cursor")]
    {
        ann.get(&format!("/v1/templates?{query}")).await.expect_faults(400, &[pointer]);
    }
    ann.get("/v1/templates?limit=500&cursor=").await.expect(200);
}
