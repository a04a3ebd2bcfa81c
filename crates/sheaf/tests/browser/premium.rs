//! Batches that ask a language model, while it is out of order and afterwards.

use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Stage, samples};

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_model_is_told_and_ends() {
    let model = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount(&model).await;
    let url = format!("{}/v1", model.uri());
    let options =
        ["--llm-provider", "openai", "--llm-base-url", &url, "--llm-model", "m", "--llm-scope", "all"];
    let Some(stage) = Stage::signed_in(&options).await else { return };
    stage.template();
    stage.open("/dashboard/batches/new").await;
    stage.click("#use-llm").await;
    stage.until("document.getElementById('use-llm').checked").await;
    let files = samples(&["01", "02", "03"]);
    let paths: Vec<&str> = files.iter().map(|path| path.to_str().unwrap()).collect();
    stage.find("#choose-files").await.send_keys(paths.join("\n")).await.unwrap();
    stage.until("document.querySelectorAll('#list .done').length === 3").await;
    stage.look("new-batch-premium").await;
    stage.click("#start").await;

    let notice = stage.text("#live .notice").await;
    assert!(notice.contains("language model has not answered") && notice.contains("500"), "{notice}");
    assert!(stage.text("main").await.contains("Premium, with a language model"));
    stage.look("batch-outage").await;

    // Answers again: that the document states none of it.
    model.reset().await;
    let answer = json!({"choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}]});
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(answer)).mount(&model).await;
    stage.until("!document.querySelector('#live[hx-get]')").await;
    assert!(!stage.has("#live .notice").await);
    assert!(!stage.has("#show-failed").await || stage.text("#show-failed strong").await == "0");
    stage.end().await;
}
