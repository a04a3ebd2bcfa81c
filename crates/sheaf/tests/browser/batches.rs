//! Batches: uploads, a batch as it goes on, what can be done with it.

use std::fs;

use serde_json::json;

use crate::support::{Stage, samples};

const HOSTILE: &str = "<img src=x onerror=alert(1)> & \"quotes\".pdf";

#[tokio::test(flavor = "multi_thread")]
async fn files_are_uploaded_run_once_and_downloaded() {
    let Some(stage) = Stage::signed_in(&[]).await else { return };
    stage.open("/dashboard/batches/new").await;
    stage.look("new-batch-without-template").await;
    stage.click("form[action$='/starter-invoice'] button").await;
    stage.look("new-batch-empty").await;

    let mut files = samples(&["01", "07", "09", "13", "14"]);
    let hostile = stage.data.path().join(HOSTILE);
    fs::copy(&files[0], &hostile).unwrap();
    files.push(hostile);
    let paths: Vec<&str> = files.iter().map(|path| path.to_str().unwrap()).collect();
    stage.find("#name").await.send_keys("<b>May</b>").await.unwrap();
    stage.find("#choose-files").await.send_keys(paths.join("\n")).await.unwrap();
    stage.until("document.querySelectorAll('#list .done').length === 6").await;
    assert_eq!(stage.text("#count").await, "6 documents");
    stage.look("new-batch").await;
    // Clicked by somebody impatient.
    stage.run("for (let i = 0; i < 5; i += 1) document.getElementById('start').click()").await;

    stage.find("#live").await;
    assert_eq!(stage.text("h1").await, "<b>May</b>");
    stage.until("!document.querySelector('#live[hx-get]')").await;
    assert_eq!(stage.text("#show-failed strong").await, "1");
    stage.look("batch").await;
    let batches = stage.server.get_json("/v1/batches");
    assert_eq!(batches["data"].as_array().unwrap().len(), 1);
    assert_eq!(batches["data"][0]["counts"]["total"], 6);

    // A batch that has ended is asked about no more.
    let asked =
        "return performance.getEntriesByType('resource').filter(({ name }) => name.includes('/live')).length";
    let before = stage.run(asked).await;
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert_eq!(stage.run(asked).await, before);

    for (format, begins) in [("csv", "document_id,"), ("xlsx", "PK"), ("json", "[")] {
        let link = stage.find(&format!("#export-{format}")).await.attr("href").await.unwrap().unwrap();
        let script = format!(
            "const done = arguments[arguments.length - 1];
             fetch('{link}').then((answer) => answer.text()).then(done);"
        );
        let body = stage.browser.execute_async(script, Vec::new()).await.unwrap().json().clone();
        assert!(body.as_str().unwrap().starts_with(begins), "{format}: {body}");
    }

    stage.click("#show-failed").await;
    assert!(stage.path().await.ends_with("?status=failed"));
    assert!(stage.text(".fault").await.len() > 20);
    assert_eq!(stage.run("return document.querySelectorAll('tbody tr').length").await, json!(1));
    stage.click("#retry").await;
    stage.until("!document.querySelector('#live[hx-get]') && document.querySelector('#show-failed strong').textContent === '1'").await;
    stage.open("/dashboard/batches").await;
    stage.look("batches").await;
    stage.open("/dashboard").await;
    stage.look("home").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_waits_is_cancelled_and_deleted() {
    let Some(stage) = Stage::signed_in(&["--workers", "0"]).await else { return };
    let template = stage.template();
    let file = ("files", "a.pdf", fs::read(&samples(&["01"])[0]).unwrap());
    let (_, batch) = stage.server.post_form("/v1/batches", &[("template_id", &*template)], &[file]);
    stage.open(&format!("/dashboard/batches/{}", batch["id"].as_str().unwrap())).await;
    assert_eq!(stage.text(".figure .status").await, "Waiting");
    stage.look("batch-waiting").await;
    stage.click("#cancel").await;
    stage.browser.dismiss_alert().await.unwrap();
    assert_eq!(stage.text(".figure .status").await, "Waiting");
    stage.click("#cancel").await;
    stage.browser.accept_alert().await.unwrap();
    stage.find("#delete").await;
    assert_eq!(stage.text(".figure .status").await, "Cancelled");
    stage.click("#delete").await;
    stage.browser.accept_alert().await.unwrap();
    stage.find(".empty").await;
    assert_eq!(stage.path().await, "/dashboard/batches");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_while_uploading_loses_nothing() {
    let Some(mut stage) = Stage::signed_in(&[]).await else { return };
    stage.template();
    stage.open("/dashboard/batches/new").await;
    let first = samples(&["01"])[0].to_str().unwrap().to_owned();
    stage.find("#choose-files").await.send_keys(&first).await.unwrap();
    stage.until("document.querySelectorAll('#list .done').length === 1").await;
    // Signed out elsewhere, everywhere.
    let cookie = stage.browser.get_named_cookie("sheaf_session").await.unwrap();
    stage.browser.delete_cookie("sheaf_session").await.unwrap();
    let rest: Vec<String> =
        samples(&["02", "03"]).iter().map(|path| path.to_str().unwrap().to_owned()).collect();
    stage.find("#choose-files").await.send_keys(rest.join("\n")).await.unwrap();
    stage.find("#notice-session").await;
    stage.expected_errors.push("401 (Unauthorized)");
    stage.look("new-batch-signed-out").await;
    drop(cookie);
    // Another session, in another tab.
    let link = stage.server.url(&stage.sign_in_link());
    let page = stage.browser.window().await.unwrap();
    stage.browser.new_tab().await.unwrap();
    let tab = stage.browser.windows().await.unwrap().pop().unwrap();
    stage.browser.switch_to_window(tab).await.unwrap();
    stage.browser.goto(link).await.unwrap();
    stage.browser.close_window().await.unwrap();
    stage.browser.switch_to_window(page).await.unwrap();
    stage.click("#notice-session button").await;
    stage.until("document.querySelectorAll('#list .done').length === 3").await;
    stage.click("#start").await;
    stage.until("document.querySelector('#live') && !document.querySelector('#live[hx-get]')").await;
    assert_eq!(stage.server.get_json("/v1/batches")["data"][0]["counts"]["completed"], 3);
    stage.end().await;
}
