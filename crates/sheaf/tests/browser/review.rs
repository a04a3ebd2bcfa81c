//! Deciding about fields beside the page they stand on.

use serde_json::json;
use thirtyfour::Key;

use crate::note::{delivery_note, pdf};
use crate::support::Stage;

/// The first has two dates that may be read either way, and is less sure than the other, a scan whose seller is misread.
const UNSURE: [&str; 2] = ["06", "13"];

#[tokio::test(flavor = "multi_thread")]
async fn a_person_goes_through_a_batch_with_the_keyboard_alone() {
    let Some(stage) = Stage::signed_in(&[]).await else { return };
    stage.open("/dashboard/review").await;
    stage.look("review-empty").await;
    let batch = stage.batch(&UNSURE);
    let open = |status: &str| {
        let list = stage.server.get_json(&format!("/v1/review?status={status}&batch_id={batch}"));
        list["data"].as_array().unwrap().len()
    };
    let all = open("open");
    assert!(all >= 3, "{all}");
    stage.open(&format!("/dashboard/batches/{batch}")).await;
    stage.click("#review").await;
    stage.look("review").await;
    stage.click("#start-review").await;
    stage.find("article.field.open:focus").await;
    let first = stage.path().await;

    // A correction: what is typed is found on the page.
    stage.press("c").await;
    stage.until("document.activeElement.name === 'value' && document.querySelector('rect.word')").await;
    stage.press(Key::Control + "a").await;
    stage.press("09/04/2024").await;
    stage
        .until("document.querySelector('.correct[open] [data-read]').textContent.includes('one place')")
        .await;
    stage.find("rect.found").await;
    stage.look("extraction-correcting").await;
    stage.press(Key::Enter + "").await;
    stage.until("document.querySelectorAll('article.field.open').length === 1").await;
    assert_eq!(open("open"), all - 1);
    stage.find("article.field.open:focus").await;
    stage.press("a").await;
    stage.until(&format!("!location.href.includes('{first}')")).await;
    assert_eq!(open("open"), all - 2);

    // Taken back from the next document, and decided again.
    stage.find("article.field.open:focus").await;
    stage.look("extraction").await;
    stage.press("u").await;
    stage.until("document.querySelector('h1').textContent.startsWith('06')").await;
    assert_eq!(open("open"), all - 1);
    stage.find("article.field.open:focus").await;
    stage.press("a").await;
    stage.until("document.querySelector('h1').textContent.startsWith('13')").await;

    // The rest is approved one by one, and the list is empty.
    for left in (0..all - 2).rev() {
        stage.find("article.field.open:focus").await;
        let before = stage.run("return document.activeElement.id").await;
        stage.press("a").await;
        stage.until(&format!("document.activeElement.id !== {before}")).await;
        assert_eq!(open("open"), left);
    }
    stage.find(".empty").await;
    assert_eq!(stage.path().await, format!("/dashboard/review?batch={batch}"));
    let counts = stage.server.get_json(&format!("/v1/batches/{batch}"));
    assert_eq!((&counts["counts"]["completed"], &counts["counts"]["needs_review"]), (&json!(2), &json!(0)));
    stage.open("/dashboard").await;
    assert!(stage.text("[aria-labelledby=accuracy]").await.contains("seller_name"));
    stage.look("home-reviewed").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_on_the_page_fill_a_value_and_ground_it() {
    let Some(stage) = Stage::signed_in(&[]).await else { return };
    let batch = stage.batch(&["01"]);
    let list = stage.server.get_json(&format!("/v1/batches/{batch}/extractions"));
    let id = list["data"][0]["id"].as_str().unwrap();
    stage.open(&format!("/dashboard/extractions/{id}")).await;

    // Pointing at either lights up the other.
    stage.find("#f-total").await.focus().await.unwrap();
    stage.find("rect.lit[data-key='f-total']").await;
    stage.run("document.querySelector('rect[data-key=f-invoice_number]').focus()").await;
    stage.find("#f-invoice_number.lit").await;
    assert!(stage.has("td[data-key^='f-line_items-0-']").await, "a table's cells are linked, too");

    stage.find("#f-seller_name").await.focus().await.unwrap();
    stage.press("c").await;
    stage.find("rect.word").await;
    let word =
        "[...document.querySelectorAll('rect.word')].find((word) => /^[A-Z][a-z]+$/.test(word.dataset.text))";
    let text = stage.run(&format!("return {word}.dataset.text")).await;
    stage.run(&format!("{word}.dispatchEvent(new MouseEvent('click', {{ bubbles: true }}))")).await;
    assert_eq!(stage.run("return document.activeElement.value").await, text);
    stage.press(Key::Enter + "").await;
    stage.find("#f-seller_name .undo").await;
    let field = &stage.server.get_json(&format!("/v1/extractions/{id}"))["fields"];
    let field = field.as_array().unwrap().iter().find(|field| field["name"] == "seller_name").unwrap();
    assert_eq!((&field["value"], &field["source"], &field["method"]), (&text, &text, &json!("review")));
    assert_eq!(field["review"]["action"], "correct");

    // What is no date is refused where it was typed.
    stage.find("#f-due_date").await.focus().await.unwrap();
    stage.press("c").await;
    stage.press(Key::Control + "a").await;
    stage.press("soon").await;
    stage.press(Key::Enter + "").await;
    assert!(stage.text("#f-due_date [role=alert]").await.contains("Expected a day"));
    assert_eq!(stage.run("return document.activeElement.value").await, json!("soon"));
    stage.look("extraction-refused").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_values_the_other_one_is_taken_by_a_key() {
    let Some(stage) = Stage::signed_in(&[]).await else { return };
    let spec = json!({"name": "Orders", "fields": [{"name": "start_date", "type": "date"}]});
    let (_, template) = stage.server.post_json("/v1/templates", &spec);
    let order = pdf([
        ["Harbour Radio", "", "Order 4711"],
        ["Invoice Period", "01/27/2020 - 02/23/2020", ""],
        ["Schedule Dates", "02/10/2020 - 02/16/2020", ""],
        ["Product", "Radio", ""],
    ]);
    let given = [("template_id", template["id"].as_str().unwrap())];
    let (_, read) = stage.server.post_form("/v1/extract", &given, &[("file", "order.pdf", order)]);
    let (field, id) = (&read["fields"][0], read["id"].as_str().unwrap());
    let other = field["alternative"].clone();
    let mut values = [field["value"].as_str().unwrap(), other["value"].as_str().unwrap()];
    values.sort_unstable();
    assert_eq!(values, ["2020-01-27", "2020-02-10"]);

    // Where many are approved at once, it is not among them.
    let sheet = format!("/dashboard/review/sheet?template={}&field=start_date", given[0].1);
    stage.open(&sheet).await;
    assert!(stage.text("#sheet li").await.contains(&format!("or {}", other["value"].as_str().unwrap())));
    assert_eq!(stage.text("#ticked").await, "0 of 1 ticked");
    stage.look("sheet-other").await;

    stage.open(&format!("/dashboard/extractions/{id}")).await;
    stage.find("article.field.open:focus").await;
    assert!(stage.text("#f-start_date .other").await.contains(other["value"].as_str().unwrap()));
    // Both are marked on the page while the field is looked at.
    stage.find("rect.lit[data-key='f-start_date']").await;
    stage.find("rect.lit[data-key='f-start_date-other']").await;
    stage.look("extraction-other").await;
    stage.press("o").await;
    stage.find("#f-start_date .undo").await;
    assert!(!stage.has("#f-start_date .other").await);
    let taken = &stage.server.get_json(&format!("/v1/extractions/{id}"))["fields"][0];
    for part in ["value", "source", "page", "bbox"] {
        assert_eq!(taken[part], other[part], "{part}");
    }
    assert_eq!(taken["review"]["action"], "correct");
    // Taken back, both are there again.
    stage.press("u").await;
    stage.find("#f-start_date .other").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_values_of_a_field_are_approved_on_a_contact_sheet() {
    let Some(stage) = Stage::signed_in(&[]).await else { return };
    let batch = stage.batch(&UNSURE);
    let open = || stage.server.get_json("/v1/review?status=open")["data"].as_array().unwrap().clone();
    let all = open();
    let field =
        all.iter().find(|item| !item["value"].is_null()).unwrap()["field"].as_str().unwrap().to_owned();
    let of_field = all.iter().filter(|item| item["field"] == field.as_str()).count();
    stage.open(&format!("/dashboard/review?batch={batch}")).await;
    stage.click(&format!("a[href*='/sheet?'][href*='field={field}']")).await;
    stage.until("[...document.images].every((image) => image.complete && image.naturalWidth > 0)").await;
    assert_eq!(stage.text("#ticked").await, format!("{of_field} of {of_field} ticked"));
    stage.look("sheet").await;
    stage.click("#untick").await;
    assert!(!stage.find("#approve").await.is_enabled().await.unwrap());
    stage.click(".sheet li label").await;
    stage.click("#approve").await;
    assert_eq!(stage.text("[role=status]").await, "1 value was approved.");
    assert_eq!(open().len(), all.len() - 1);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_correction_is_given_to_all_documents_that_look_alike() {
    let Some(stage) = Stage::signed_in(&[]).await else { return };
    let spec = json!({"name": "Delivery notes", "fields": [{"name": "site", "type": "text"}]});
    let (_, template) = stage.server.post_json("/v1/templates", &spec);
    let template = template["id"].as_str().unwrap();
    let sites = ["Harbour Quay", "North Ring", "Tower South", "West Mill"];
    let names: Vec<String> = (1..=sites.len()).map(|number| format!("note-{number}.pdf")).collect();
    let files: Vec<_> = names
        .iter()
        .zip(sites)
        .enumerate()
        .map(|(articles, (name, site))| ("files", name.as_str(), delivery_note(site, articles + 1)))
        .collect();
    let (status, batch) = stage.server.post_form("/v1/batches", &[("template_id", template)], &files);
    assert_eq!(status, 202, "{batch}");
    let batch = batch["id"].as_str().unwrap();
    stage.server.wait_for(batch);
    let list = stage.server.get_json(&format!("/v1/batches/{batch}/extractions"));
    let ids: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    let values = || -> Vec<String> {
        let value = |id: &&str| {
            stage.server.get_json(&format!("/v1/extractions/{id}"))["fields"][0]["value"].to_string()
        };
        ids.iter().map(value).collect()
    };

    // The first is corrected, and its look-alikes are one click away.
    stage.open(&format!("/dashboard/extractions/{}", ids[0])).await;
    stage.find("article.field").await;
    stage.press("j").await;
    stage.press("c").await;
    stage.until("document.activeElement.name === 'value' && document.querySelector('rect.word')").await;
    stage.press(Key::Control + "a").await;
    stage.press("Harbour Quay").await;
    stage.find("rect.found").await;
    stage.press(Key::Enter + "").await;
    stage.click("a[href$='/lookalikes']").await;
    stage.find("#sheet").await;
    assert_eq!(stage.run("return document.querySelectorAll('#sheet li').length").await, json!(3));
    stage.look("lookalikes").await;

    // One is not wanted; the others are corrected at once, and it is still there.
    stage.click("#sheet li:nth-child(2) input").await;
    stage.click("#approve").await;
    assert_eq!(stage.text("[role=status]").await, "2 values were corrected.");
    assert_eq!(stage.text("#sheet .value").await, "Tower South");
    let corrected = values();
    assert_eq!(
        [&corrected[0], &corrected[1], &corrected[3]],
        ["\"Harbour Quay\"", "\"North Ring\"", "\"West Mill\""]
    );
    assert_ne!(corrected[2], "\"Tower South\"");

    // What it taught is kept with the template, and can be taken from it.
    stage.open(&format!("/dashboard/templates/{template}")).await;
    assert!(stage.text("[aria-labelledby=lessons]").await.contains("site"));
    stage.look("template-lessons").await;
    stage.click("[aria-labelledby=lessons] form button").await;
    stage.until("!document.querySelector('[aria-labelledby=lessons]')").await;
    stage.end().await;
}
