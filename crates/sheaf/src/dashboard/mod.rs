//! The dashboard: pages at `/dashboard`, rendered here, that call the store as the API does.
//!
//! A page is a struct with a template of its own in `templates/`; [`frame::Frame`] is what stands around each. Who is
//! signed in is settled by an extractor, [`frame::SignedIn`] for pages and [`frame::Posted`] for forms, whose token it has
//! checked. Scripts are there where a person uploads, draws or types fast; they call the same `/v1` as everybody, with the
//! session's cookie and its token.

mod assets;
mod batches;
mod documents;
mod extractions;
mod frame;
mod home;
mod lookalikes;
mod password;
mod review;
mod settings;
mod sheet;
mod sign_in;
mod templates;
mod webhooks;
mod words;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn};
use axum::response::{Redirect, Response};
use axum::routing::{get, post};

use crate::api::{ApiState, envelope};

/// Nothing from elsewhere, nothing inline, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Everything under `/dashboard`, and `/`, which leads there.
pub fn router(state: ApiState) -> Router {
    Router::new()
        .route("/", get(|| async { Redirect::to("/dashboard") }))
        .route("/dashboard", get(home::home))
        .route("/dashboard/", get(|| async { Redirect::permanent("/dashboard") }))
        .route("/dashboard/batches", get(batches::list))
        .route("/dashboard/batches/new", get(batches::new))
        .route("/dashboard/templates", get(templates::list))
        .route("/dashboard/templates/new", get(templates::new))
        .route("/dashboard/templates/import", post(templates::import))
        .route("/dashboard/templates/starter-invoice", post(templates::create_starter))
        .route("/dashboard/templates/propose", post(templates::propose_field))
        .route("/dashboard/templates/preview", post(templates::preview))
        .route("/dashboard/templates/{id}", get(templates::page))
        .route("/dashboard/templates/{id}/edit", get(templates::edit))
        .route("/dashboard/templates/{id}/export", get(templates::export))
        .route("/dashboard/templates/{id}/replay", post(templates::replay))
        .route("/dashboard/templates/{id}/delete", post(templates::delete))
        .route("/dashboard/templates/{id}/lessons/{lesson}/remove", post(templates::remove_lesson))
        .route("/dashboard/documents", get(documents::list))
        .route("/dashboard/documents/{id}/delete", post(documents::delete))
        .route("/dashboard/webhooks", get(webhooks::list).post(webhooks::create))
        .route("/dashboard/webhooks/{id}", get(webhooks::log))
        .route("/dashboard/webhooks/{id}/delete", post(webhooks::delete))
        .route("/dashboard/webhooks/{id}/deliveries/{delivery}/redeliver", post(webhooks::redeliver))
        .route("/dashboard/batches/{id}", get(batches::page))
        .route("/dashboard/batches/{id}/live", get(batches::live))
        .route("/dashboard/batches/{id}/cancel", post(batches::cancel))
        .route("/dashboard/batches/{id}/retry", post(batches::retry))
        .route("/dashboard/batches/{id}/delete", post(batches::delete))
        .route("/dashboard/extractions/{id}", get(extractions::page))
        .route("/dashboard/extractions/{id}/find", get(extractions::find))
        .route("/dashboard/extractions/{id}/fields/{field}", post(review::resolve))
        .route("/dashboard/review", get(review::page))
        .route("/dashboard/review/sheet", get(sheet::page).post(sheet::approve))
        .route("/dashboard/review/{id}/reopen", post(review::reopen))
        .route("/dashboard/review/{id}/lookalikes", get(lookalikes::page).post(lookalikes::accept))
        .route("/dashboard/sign-in", get(sign_in::page).post(sign_in::with_password))
        .route("/dashboard/sign-out", post(sign_in::sign_out))
        .route("/dashboard/session", get(sign_in::session))
        .route("/dashboard/settings", get(settings::page))
        .route("/dashboard/settings/password", post(settings::set_password))
        .route("/dashboard/settings/sign-out-everywhere", post(settings::sign_out_everywhere))
        .route("/dashboard/settings/keys", post(settings::create_key))
        .route("/dashboard/settings/keys/{id}/revoke", post(settings::revoke_key))
        .route("/dashboard/settings/users", post(settings::add_user))
        .route("/dashboard/settings/users/link", post(settings::link_for_user))
        .route("/dashboard/assets/{name}", get(assets::asset))
        .route("/dashboard/{*path}", get(frame::no_such_page))
        .route_layer(from_fn(headers))
        .route_layer(from_fn(envelope::wrap))
        .with_state(state)
}

/// What every page says to the browser.
async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(CONTENT_SECURITY_POLICY, POLICY);
    set(REFERRER_POLICY, "same-origin");
    set(X_FRAME_OPTIONS, "DENY");
    set(CACHE_CONTROL, "no-store");
    set(CONTENT_TYPE, "text/html; charset=utf-8");
    response
}
