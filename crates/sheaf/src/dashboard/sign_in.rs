//! Signing in, by a one-time link or with a password, and out.

use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

use super::assets;
use super::frame::{Form, PageError, Posted, SignedIn, render};
use super::password;
use crate::api::ApiState;
use crate::session;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    /// What went wrong with the last try.
    fault: Option<String>,
    email: &'a str,
    next: &'a str,
}

#[derive(Deserialize)]
pub(super) struct SignInQuery {
    /// The secret of a one-time link.
    token: Option<String>,
    /// Where to go afterwards.
    next: Option<String>,
}

/// The form, or with a one-time link the way in.
pub(super) async fn page(
    State(api): State<ApiState>,
    Query(query): Query<SignInQuery>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let next = inside(query.next.as_deref());
    let mut fault = None;
    if let Some(token) = query.token {
        if let Some(secret) = api.store.use_sign_in_link(&token).await? {
            return Ok(signed_in(&secret, next, &headers));
        }
        fault = Some(
            "This link was used already or has expired. `sheaf user link EMAIL` makes a new one.".to_owned(),
        );
    }
    Ok(render(&SignInPage { fault, email: "", next }))
}

/// The form, sent.
pub(super) async fn with_password(
    State(api): State<ApiState>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, PageError> {
    let (email, next) = (form.get("email"), inside(Some(form.get("next"))));
    let again = |status, fault: String| {
        let page = SignInPage { fault: Some(fault), email, next };
        (status, render(&page)).into_response()
    };
    if let Err(seconds) = api.store.take_sign_in_try(email).await? {
        let minutes = seconds.div_ceil(60);
        let fault = format!("Too many wrong passwords for this address. Try again in {minutes} minutes.");
        let mut response = again(StatusCode::TOO_MANY_REQUESTS, fault);
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
        return Ok(response);
    }
    let (user, hash) = api.store.password_hash(email).await?.unzip();
    if !password::verify(form.get("password").to_owned(), hash).await {
        return Ok(again(
            StatusCode::UNAUTHORIZED,
            "The e-mail address or the password is wrong.".to_owned(),
        ));
    }
    let user = user.ok_or(PageError::not_found())?;
    api.store.forget_sign_in_failures(email).await?;
    let secret = api.store.start_session(user).await?;
    Ok(signed_in(&secret, next, &headers))
}

/// The end of this session.
pub(super) async fn sign_out(State(api): State<ApiState>, posted: Posted) -> Result<Response, PageError> {
    if let Some(secret) = session::secret(&posted.headers) {
        api.store.end_session(secret).await?;
    }
    Ok(signed_out(&posted.headers))
}

/// The session's token, for a page whose session was another one.
#[derive(Serialize)]
pub(super) struct Session {
    csrf_token: String,
}

pub(super) async fn session(signed_in: SignedIn) -> Json<Session> {
    Json(Session { csrf_token: signed_in.csrf })
}

pub(super) fn signed_in(secret: &str, next: &str, headers: &HeaderMap) -> Response {
    ([(SET_COOKIE, session::set_cookie(secret, headers))], Redirect::to(next)).into_response()
}

pub(super) fn signed_out(headers: &HeaderMap) -> Response {
    ([(SET_COOKIE, session::set_cookie("", headers))], Redirect::to("/dashboard/sign-in")).into_response()
}

/// A page of the dashboard to go on to; nobody is led elsewhere.
fn inside(next: Option<&str>) -> &str {
    let is_inside = |next: &&str| {
        let rest = next.strip_prefix("/dashboard");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
            && !next.chars().any(|c| c == '\\' || c.is_control())
            && !next.starts_with("/dashboard/sign-in")
    };
    next.filter(is_inside).unwrap_or("/dashboard")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_into_the_dashboard_only() {
        for (next, page) in [
            (None, "/dashboard"),
            (Some(""), "/dashboard"),
            (Some("/dashboard/batches?status=running"), "/dashboard/batches?status=running"),
            (Some("https://example.com/dashboard"), "/dashboard"),
            (Some("//example.com"), "/dashboard"),
            (Some("/dashboard.example.com"), "/dashboard"),
            (Some("/dashboard/\r\nSet-Cookie: a=b"), "/dashboard"),
        ] {
            assert_eq!(inside(next), page, "{next:?}");
        }
    }
}
