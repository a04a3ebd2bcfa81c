//! Signing in, and the account.

use serde_json::json;

use crate::support::Stage;

const PASSWORD: &str = "correct horse battery";

#[tokio::test(flavor = "multi_thread")]
async fn a_link_leads_in_once_and_a_password_from_then_on() {
    let Some(mut stage) = Stage::set(&[]).await else { return };
    stage.open("/dashboard/batches").await;
    assert_eq!(stage.path().await, "/dashboard/sign-in?next=/dashboard/batches");
    stage.look("sign-in").await;
    let link = stage.sign_in_link();
    stage.open(&link).await;
    assert_eq!(stage.path().await, "/dashboard");
    stage.look("home-empty").await;

    stage.click(".notice a[href$='#password']").await;
    for (name, text) in [("password", PASSWORD), ("again", PASSWORD)] {
        stage.find(&format!("input[name={name}]")).await.send_keys(text).await.unwrap();
    }
    stage.click("form[action$='/password'] button").await;
    stage.find("input[name=current]").await;
    stage.click("form[action$='/sign-out'] button").await;
    stage.find("input[name=password]").await;

    // What is refused is an error to the console.
    stage.expected_errors.push("401 (Unauthorized)");
    stage.open(&link).await;
    assert!(stage.text("[role=alert]").await.contains("used already"));
    stage.open("/dashboard/sign-in?next=/dashboard/settings").await;
    for (password, path) in [("wrong", "/dashboard/sign-in"), (PASSWORD, "/dashboard/settings")] {
        let email = stage.find("input[name=email]").await;
        email.clear().await.unwrap();
        email.send_keys("admin@localhost").await.unwrap();
        stage.find("input[name=password]").await.send_keys(password).await.unwrap();
        stage.click("button.primary").await;
        stage.arrive(path).await;
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_works_and_is_revoked() {
    let Some(mut stage) = Stage::signed_in(&[]).await else { return };
    stage.open("/dashboard/settings").await;
    let hostile = "<img src=x onerror=alert(1)>";
    stage.find("form[action$='/keys'] input[name=name]").await.send_keys(hostile).await.unwrap();
    stage.click("form[action$='/keys'] button").await;
    let secret = stage.text(".secret code").await;
    assert!(secret.starts_with("sheaf_live_"), "{secret}");
    stage.look("settings").await;
    let call = format!(
        "const done = arguments[arguments.length - 1];
         fetch('/v1/usage', {{ headers: {{ Authorization: 'Bearer {secret}' }} }}).then((answer) => done(answer.status));"
    );
    let status =
        async || stage.browser.execute_async(call.as_str(), Vec::new()).await.unwrap().json().clone();
    assert_eq!(status().await, json!(200));
    stage.open("/dashboard/settings").await;
    assert!(!stage.has(".secret").await, "it is shown once");
    let row = "//tr[contains(., 'onerror')]//button";
    stage.browser.find(thirtyfour::By::XPath(row)).await.unwrap().click().await.unwrap();
    stage.browser.accept_alert().await.unwrap();
    stage.find("tr.past").await;
    assert_eq!(status().await, json!(401));
    stage.expected_errors.push("401 (Unauthorized)");
    stage.end().await;
}
