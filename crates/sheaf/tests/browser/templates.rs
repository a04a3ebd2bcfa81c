//! Templates drawn on a sample, single documents, webhooks.

use std::fs;

use serde_json::json;
use thirtyfour::Key;

use crate::support::{Stage, samples};

/// Draws a box around a word of the sample, as a mouse would.
const DRAW: &str = "
    const word = arguments[0];
    const page = document.querySelector('.page.drawable');
    const layer = page.querySelector('svg');
    const { left, top, width, height } = layer.getBoundingClientRect();
    layer.setPointerCapture = () => {};
    const at = (type, x, y) => layer.dispatchEvent(new PointerEvent(type, {
        bubbles: true, pointerId: 1, clientX: left + x * width, clientY: top + y * height }));
    const [x0, y0, x1, y1] = word;
    at('pointerdown', x0 - 0.004, y0 - 0.002);
    at('pointermove', x1, y1);
    at('pointerup', x1 + 0.004, y1 + 0.002);";

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_drawn_on_a_sample_and_a_change_of_it_is_tried_before_it_is_saved() {
    let Some(mut stage) = Stage::signed_in(&[]).await else { return };
    stage.open("/dashboard/templates").await;
    stage.look("templates-empty").await;
    stage.click("a[href='/dashboard/templates/new']").await;
    stage.look("builder-empty").await;
    let sample = samples(&["01"])[0].to_str().unwrap().to_owned();
    stage.find("#sample").await.send_keys(&sample).await.unwrap();
    stage.until("document.querySelector('.drawable img')?.naturalWidth > 0").await;
    let document = stage.server.get_json("/v1/documents")["data"][0]["id"].as_str().unwrap().to_owned();
    let words = stage.server.get_json(&format!("/v1/documents/{document}/pages/1/words"));
    let bbox = |text: &str| {
        let found = words["data"].as_array().unwrap().iter().find(|word| word["text"] == text);
        found.unwrap_or_else(|| panic!("{text}: {words}"))["bbox"].clone()
    };
    for (text, fields) in [("INV-10482", 1), ("03/12/2024", 2)] {
        stage.browser.execute(DRAW, vec![bbox(text)]).await.unwrap();
        stage.until(&format!("document.querySelectorAll('#field-list article').length === {fields}")).await;
    }
    stage.until("[...document.querySelectorAll('[data-value]')].every((said) => said.textContent.includes('sure'))").await;
    let read = |index: u32| format!("#field-list article:nth-child({index})");
    let value = async |css: String| stage.find(&css).await.prop("value").await.unwrap().unwrap();
    assert_eq!(value(format!("{} [data-member=name]", read(1))).await, "invoice_number");
    assert_eq!(value(format!("{} [data-member=type]", read(2))).await, "date");
    assert!(stage.text(&format!("{} [data-value]", read(2))).await.starts_with("2024-03-12"));
    stage.find("#template-name").await.send_keys("<i>Drawn</i>").await.unwrap();
    stage.look("builder").await;
    stage.click("#save").await;
    stage.find("#versions").await;
    assert_eq!(stage.text("h1").await, "<i>Drawn</i>");

    // A document is read with it, alone.
    stage.open("/dashboard/documents").await;
    stage.look("documents").await;
    stage.find("#file").await.send_keys(&sample).await.unwrap();
    stage.find("article.field").await;
    assert!(stage.path().await.starts_with("/dashboard/extractions/"));
    assert_eq!(stage.text("#f-invoice_number .value").await, "INV-10482");
    stage.click("h1 + .hint a").await;

    // What is read as a date is to be read as a text: what that changes is told before it is saved.
    stage.click("a[href$='/edit']").await;
    stage.until("document.querySelector('[data-value]')?.textContent.includes('sure')").await;
    stage.click(&format!("{} [data-member=type] option:first-child", read(2))).await;
    stage
        .until(&format!("document.querySelector('{} [data-value]').textContent.includes('/')", read(2)))
        .await;
    stage.click("#save").await;
    stage.until("document.querySelector('#replay-told td')").await;
    let told = stage.text("#replay-told").await;
    assert!(told.contains("1 value would change") && told.contains("2024-03-12"), "{told}");
    stage.look("builder-replay").await;
    stage.click("#save").await;
    stage.find("#versions").await;
    assert!(stage.text("[aria-labelledby=versions]").await.contains("field invoice_date: type changed"));
    stage.look("template").await;

    // Exported and imported again; what is none is refused in words.
    let link = stage.find("#export").await.attr("href").await.unwrap().unwrap();
    let (_, shown) = stage.server.get(link.strip_prefix(&stage.server.url("")).unwrap_or(&link));
    assert!(shown.contains("Sign in") && !shown.contains("invoice_number"), "a key opens no page: {shown}");
    let script = format!(
        "const done = arguments[arguments.length - 1]; fetch('{link}').then((answer) => answer.text()).then(done);"
    );
    let exported = stage.browser.execute_async(script, Vec::new()).await.unwrap().json().clone();
    stage.expected_errors.push("400 (Bad Request)");
    stage.open("/dashboard/templates").await;
    for (text, refused) in [("{\"name\": 7}", true), (exported.as_str().unwrap(), false)] {
        let field = stage.find("textarea[name=template]").await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
        stage.click("#import-form button").await;
        if refused {
            assert!(stage.text("[role=alert]").await.contains("/name"));
            stage.look("templates-refused").await;
        }
    }
    stage.find("#versions").await;
    stage.click("form[action$='/delete'] button").await;
    stage.browser.accept_alert().await.unwrap();
    stage.arrive("/dashboard/templates").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_cannot_be_read_says_so_and_is_deleted() {
    let Some(mut stage) = Stage::signed_in(&[]).await else { return };
    stage.open("/dashboard/documents").await;
    stage.look("documents-empty").await;
    stage.template();
    stage.open("/dashboard/documents").await;
    let text = stage.data.path().join("no document.pdf");
    fs::write(&text, "just text").unwrap();
    stage.expected_errors.push("415 (Unsupported Media Type)");
    stage.find("#file").await.send_keys(text.to_str().unwrap()).await.unwrap();
    stage.until("document.getElementById('said').classList.contains('bad')").await;
    stage.look("documents-refused").await;
    stage.find("#file").await.send_keys(samples(&["14"])[0].to_str().unwrap()).await.unwrap();
    stage.find(".notice.bad").await;
    stage.until("location.pathname.startsWith('/dashboard/extractions/')").await;
    stage.expected_errors.push("409 (Conflict)");
    stage.until("document.querySelector('.undrawn')").await;
    stage.look("extraction-failed").await;
    stage.open("/dashboard/documents").await;
    stage.click("form[action$='/delete'] button").await;
    stage.browser.accept_alert().await.unwrap();
    stage.find(".empty").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_made_and_what_was_sent_to_it_is_listed() {
    let Some(mut stage) = Stage::signed_in(&["--webhooks-allow-private"]).await else { return };
    stage.expected_errors.push("400 (Bad Request)");
    stage.open("/dashboard/webhooks").await;
    stage.look("webhooks-empty").await;
    stage.find("input[name=url]").await.send_keys("ftp://example.org").await.unwrap();
    stage.press(Key::Enter + "").await;
    stage.find("[role=alert]").await;
    let url = stage.find("input[name=url]").await;
    assert_eq!(url.prop("value").await.unwrap().unwrap(), "ftp://example.org");
    url.clear().await.unwrap();
    url.send_keys("http://127.0.0.1:9/hook").await.unwrap();
    stage.press(Key::Enter + "").await;
    assert!(stage.text(".secret code").await.starts_with("whsec_"));
    stage.look("webhooks").await;
    stage.batch(&["01"]);
    stage.open("/dashboard/webhooks").await;
    stage.click("td a").await;
    stage.until("document.querySelector('td .status') || (location.reload(), false)").await;
    assert!(stage.text("tbody").await.contains("batch completed"));
    stage.look("deliveries").await;
    // What opens the next page must not be overtaken by the answer to this.
    stage.run("window.isBefore = true").await;
    stage.click("td.actions button").await;
    stage.until("!window.isBefore && document.querySelector('td .status')").await;
    stage.open("/dashboard/webhooks").await;
    stage.click("td.actions button").await;
    stage.browser.accept_alert().await.unwrap();
    stage.find(".empty").await;
    assert_eq!(stage.server.get_json("/v1/webhooks")["data"], json!([]));
    stage.end().await;
}
