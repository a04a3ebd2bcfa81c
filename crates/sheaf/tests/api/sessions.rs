//! Signing in to the dashboard, and what a session opens.

use axum::body::Body;
use axum::http::Method;

use crate::support::{Answer, Client, Server};

const PASSWORD: &str = "correct horse battery";

/// A browser that is signed in.
pub(crate) struct Browser {
    client: Client,
    pub(crate) cookie: String,
}

impl Browser {
    pub(crate) async fn sign_in(server: &Server, email: &str) -> Self {
        let user = server.state.store.user_by_email(email).await.unwrap();
        let token = server.state.store.create_sign_in_link(user.id).await.unwrap();
        let client = server.client().with_key("");
        let answer = client.get(&format!("/dashboard/sign-in?token={token}")).await.expect(303);
        assert_eq!(answer.header("location"), "/dashboard");
        Self { client, cookie: cookie_of(&answer) }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.client.get_with(path, &[("cookie", &self.cookie)]).await
    }

    /// The token that pages give to scripts.
    pub(crate) async fn csrf(&self) -> String {
        self.get("/dashboard/session").await.expect(200).text("/csrf_token")
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.csrf().await;
        let mut form = serde_urlencoded::to_string(fields).unwrap();
        form.push_str(&format!("&csrf_token={token}"));
        self.send(path, form).await
    }

    async fn send(&self, path: &str, form: String) -> Answer {
        let headers =
            [("cookie", self.cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        self.client.send(Method::POST, path, &headers, Body::from(form)).await
    }
}

fn cookie_of(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

async fn password(server: &Server, email: &str, password: &str) -> Answer {
    let form = serde_urlencoded::to_string([("email", email), ("password", password)]).unwrap();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    server.client().with_key("").send(Method::POST, "/dashboard/sign-in", &headers, Body::from(form)).await
}

#[tokio::test]
async fn pages_are_for_those_who_signed_in_and_carry_a_strict_policy() {
    let server = Server::start().await;
    let stranger = server.client().with_key("");
    let sent = stranger.get("/dashboard/settings?a=b").await.expect(303);
    assert_eq!(sent.header("location"), "/dashboard/sign-in?next=/dashboard/settings%3Fa%3Db");
    let part = stranger.get_with("/dashboard", &[("hx-request", "true")]).await;
    assert_eq!((part.status.as_u16(), part.header("hx-redirect")), (401, "/dashboard/sign-in"));

    let browser = Browser::sign_in(&server, "ann@example.org").await;
    for path in ["/dashboard", "/dashboard/settings"] {
        let page = browser.get(path).await.expect(200);
        assert!(page.body().contains("ann@example.org"), "{}", page.body());
        assert!(page.body().len() < 100_000);
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        for inline in ["<script>", "<style", " style=", " onclick="] {
            assert!(!page.body().contains(inline), "{path}: {inline}");
        }
    }
    browser.get("/dashboard/nothing-here").await.expect(404);
    stranger.get("/dashboard/sign-in?token=forged").await.expect(200);
}

#[tokio::test]
async fn a_session_works_on_the_api_and_writes_need_its_token() {
    let server = Server::start().await;
    let browser = Browser::sign_in(&server, "ann@example.org").await;
    browser.get("/v1/usage").await.expect(200);
    let token = browser.csrf().await;
    let post = |token: &str| {
        let (token, cookie) = (token.to_owned(), browser.cookie.clone());
        let client = server.client().with_key("");
        async move {
            let mut headers = vec![("cookie", cookie.as_str())];
            headers.extend((!token.is_empty()).then_some(("x-csrf-token", token.as_str())));
            client.send(Method::POST, "/v1/templates/starter-invoice", &headers, Body::empty()).await
        }
    };
    post("").await.expect_problem(403, "csrf_failed");
    post("forged").await.expect_problem(403, "csrf_failed");
    post(&token).await.expect(201);
    let other = server.client().with_key("");
    other
        .get_with("/v1/usage", &[("cookie", "sheaf_session=forged")])
        .await
        .expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn a_form_without_the_token_or_from_elsewhere_does_nothing() {
    let server = Server::start().await;
    let browser = Browser::sign_in(&server, "ann@example.org").await;
    browser.send("/dashboard/settings/keys", "name=x".to_owned()).await.expect(403);
    let headers = [
        ("cookie", browser.cookie.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "cross-site"),
    ];
    let form = format!("csrf_token={}", browser.csrf().await);
    browser
        .client
        .send(Method::POST, "/dashboard/settings/keys", &headers, Body::from(form))
        .await
        .expect(400);
    assert_eq!(browser.get("/v1/keys").await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_password_signs_in_and_guessing_is_braked() {
    let server = Server::start().await;
    let browser = Browser::sign_in(&server, "ann@example.org").await;
    let set = |again| [("password", PASSWORD), ("again", again)];
    browser.post("/dashboard/settings/password", &set("another one")).await.expect(400);
    let answer = browser.post("/dashboard/settings/password", &set(PASSWORD)).await.expect(303);
    browser.get("/dashboard").await.expect(303);
    assert_ne!(cookie_of(&answer), browser.cookie);

    let signed_in = password(&server, "Ann@example.org", PASSWORD).await.expect(303);
    let browser = Browser { client: server.client().with_key(""), cookie: cookie_of(&signed_in) };
    browser.get("/dashboard").await.expect(200);
    // Whoever has a password must know it to change it.
    browser.post("/dashboard/settings/password", &set(PASSWORD)).await.expect(400);

    let unknown = password(&server, "nobody@example.org", PASSWORD).await.expect(401);
    let wrong = password(&server, "ann@example.org", "wrong").await.expect(401);
    assert_eq!(
        unknown.body().replace("nobody@example.org", "ann@example.org"),
        wrong.body(),
        "an answer does not tell who has an account"
    );
    for _ in 1..10 {
        password(&server, "ann@example.org", "wrong").await.expect(401);
    }
    let braked = password(&server, "ann@example.org", PASSWORD).await.expect(429);
    assert!(!braked.header("retry-after").is_empty());
}

#[tokio::test]
async fn signing_out_ends_this_session_or_all() {
    let server = Server::start().await;
    let one = Browser::sign_in(&server, "ann@example.org").await;
    let two = Browser::sign_in(&server, "ann@example.org").await;
    let three = Browser::sign_in(&server, "ann@example.org").await;
    one.post("/dashboard/sign-out", &[]).await.expect(303);
    one.get("/v1/usage").await.expect_problem(401, "unauthorized");
    two.post("/dashboard/settings/sign-out-everywhere", &[]).await.expect(303);
    three.get("/v1/usage").await.expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn keys_are_shown_once_and_users_are_for_the_admin() {
    let server = Server::start().await;
    let ann = Browser::sign_in(&server, "ann@example.org").await;
    let page = ann.post("/dashboard/settings/keys", &[("name", "<b>script</b>")]).await.expect(200).body();
    let at = page.find("data-copy=\"sheaf_live_").unwrap() + "data-copy=\"".len();
    let key = &page[at..at + 54];
    server.client().with_key(key).get("/v1/usage").await.expect(200);
    let page = ann.get("/dashboard/settings").await.expect(200).body();
    assert!(!page.contains(key) && page.contains(&key[..16]));
    assert!(!page.contains("<b>script</b>") && page.contains("script"), "what was typed is escaped");

    let keys = ann.get("/v1/keys").await.json();
    let id = keys["data"][0]["id"].as_str().unwrap();
    ann.post(&format!("/dashboard/settings/keys/{id}/revoke"), &[]).await.expect(303);
    server.client().with_key(key).get("/v1/usage").await.expect_problem(401, "unauthorized");

    let new = [("email", "bob@example.org"), ("plan", "two")];
    ann.post("/dashboard/settings/users", &new).await.expect(404);
    server.state.store.create_user("root@example.org", "unlimited", true).await.unwrap();
    let admin = Browser::sign_in(&server, "root@example.org").await;
    let page = admin.post("/dashboard/settings/users", &new).await.expect(200).body();
    let link = page.split("data-link=\"").nth(1).unwrap().split('"').next().unwrap();
    server.client().with_key("").get(link).await.expect(303);
    admin.post("/dashboard/settings/users", &new).await.expect(400);
}
