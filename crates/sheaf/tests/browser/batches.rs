//! Batches: uploads, a batch as it goes on, what can be done with it.

use std::fs;
use std::io::Write as _;

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

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_uploaded_with_what_is_in_its_folders() {
    let Some(stage) = Stage::signed_in(&[]).await else { return };
    stage.template();
    let folder = stage.data.path().join("Friday");
    fs::create_dir_all(folder.join("März/old")).unwrap();
    let names = ["a.pdf", "März/b.pdf", "März/old/c.pdf"];
    for (name, sample) in names.into_iter().zip(samples(&["01", "02", "03"])) {
        fs::copy(sample, folder.join(name)).unwrap();
    }
    stage.open("/dashboard/batches/new").await;
    stage.find("#choose-folder").await.send_keys(folder.to_str().unwrap()).await.unwrap();
    stage.until("document.querySelectorAll('#list .done').length === 3").await;
    for name in names {
        assert!(stage.has(&format!("[aria-label='Leave out Friday/{name}']")).await, "{name}");
    }
    stage.click("#start").await;
    stage.until("document.querySelector('#live') && !document.querySelector('#live[hx-get]')").await;
    assert_eq!(stage.text("#show-completed strong").await, "3");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_files_some_in_an_archive_are_uploaded_and_read() {
    let Some(stage) = Stage::signed_in(&[]).await else { return };
    stage.template();
    stage.open("/dashboard/batches/new").await;
    let sample = fs::read(&samples(&["02"])[0]).unwrap();
    let path = |i: usize| stage.data.path().join(format!("invoice {i}.pdf"));
    let paths: Vec<String> = (0..280)
        .map(|i| {
            fs::write(path(i), &sample).unwrap();
            path(i).to_str().unwrap().to_owned()
        })
        .collect();
    let archive = stage.data.path().join("rest.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&archive).unwrap());
    for i in 0..20 {
        let method =
            if i % 2 == 0 { zip::CompressionMethod::Stored } else { zip::CompressionMethod::Deflated };
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        zip.start_file(format!("März/{i}.pdf"), options).unwrap();
        zip.write_all(&sample).unwrap();
    }
    zip.finish().unwrap();
    let chosen = stage.find("#choose-files").await;
    chosen.send_keys(paths.join("\n")).await.unwrap();
    chosen.send_keys(archive.to_str().unwrap()).await.unwrap();
    stage.until("document.querySelectorAll('#list .done').length === 300").await;
    assert!(stage.has("[aria-label='Leave out rest.zip/März/19.pdf']").await);
    stage.look("new-batch-300").await;
    stage.click("#start").await;
    stage.until("document.querySelector('#live') && !document.querySelector('#live[hx-get]')").await;
    assert_eq!(stage.text("#show-completed strong").await, "300");
    stage.click("#next-page").await;
    stage.look("batch-300").await;
    stage.end().await;
}
