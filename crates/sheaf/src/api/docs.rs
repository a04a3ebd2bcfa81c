//! The contract as OpenAPI 3.1 at `/openapi.json`, and for people at `/docs`.

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;
use sheaf_types::Fault;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::error::Problem;
use super::{idempotency, operations, reference};
use crate::session;

const API_KEY: &str = "api_key";
const SESSION: &str = "session";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "sheaf",
        description = "Many documents through one template, results as CSV or JSON, every value traceable to its place \
            on the page.\n\nTimes are RFC 3339 in UTC, ids are opaque. What belongs to another account is 404. Failures are \
            `application/problem+json` with a stable `code`; every answer carries `X-Request-Id`. Lists are newest first \
            unless said; `next_cursor` of one page is `cursor` of the next.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "Templates", description = "Which fields to look for."),
        (name = "Documents", description = "Files to look in."),
        (name = "Extractions", description = "One document through one template."),
        (name = "Batches", description = "Many documents through one template."),
        (name = "Review", description = "Fields that somebody should look at."),
        (name = "Webhooks", description = "Being told instead of asking."),
        (name = "Account", description = "Usage and keys."),
        (name = "Operations", description = "For those who run the server."),
    ),
    components(schemas(Problem, Fault)),
)]
struct Frame;

/// What the description says beside the operations.
pub(super) fn frame() -> utoipa::openapi::OpenApi {
    let mut frame = Frame::openapi();
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key: `sheaf_live_…`"))
        .build();
    let components = frame.components.get_or_insert_default();
    components.add_security_scheme(API_KEY, SecurityScheme::Http(scheme));
    let cookie = ApiKeyValue::with_description(
        session::COOKIE_NAME,
        "A session of the dashboard; writes need its token as `X-CSRF-Token`, too",
    );
    components.add_security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    frame
}

/// The description of the whole API, indented, as it is committed and served.
#[must_use]
pub fn openapi() -> &'static str {
    static JSON: LazyLock<String> = LazyLock::new(|| {
        let mut openapi = operations().into_openapi();
        for (path, item) in &mut openapi.paths.paths {
            let needs_key = path.starts_with("/v1/");
            for (operation, writes) in operations_of(item) {
                complete(operation, needs_key, writes);
            }
        }
        // The types describe themselves to Rust readers.
        openapi.to_pretty_json().unwrap_or_default().replace("`None`", "null") + "\n"
    });
    &JSON
}

/// Adds what is the same everywhere: who may call, and in which shape failures come.
fn complete(operation: &mut Operation, needs_key: bool, writes: bool) {
    let mut parameters = operation.parameters.iter().flatten();
    let idempotent = parameters.clone().any(|p| matches!(p, RefOr::T(p) if p.name == idempotency::HEADER));
    let has_query = parameters.any(|p| matches!(p, RefOr::T(p) if p.parameter_in == ParameterIn::Query));
    let readable = has_query || operation.request_body.is_some();
    let responses = &mut operation.responses.responses;
    let mut add = |status: &str, description: &str| {
        let response = || ResponseBuilder::new().description(description).build().into();
        responses.entry(status.to_owned()).or_insert_with(response);
    };
    if readable {
        add("400", "The request is malformed; `errors` points at each fault");
    }
    if operation.request_body.is_some() {
        add("413", "The body is larger than the limit");
        add("415", "The body has another Content-Type");
    }
    if idempotent {
        add("409", "A request with this `Idempotency-Key` is still running");
        add("422", "The `Idempotency-Key` was used for another request");
    }
    if needs_key {
        let either = [API_KEY, SESSION].map(|scheme| SecurityRequirement::new(scheme, [""; 0]));
        operation.security = Some(either.into());
        add("401", "The key is missing, unknown or revoked, or the session has ended");
        if writes {
            add("403", "A session's cookie without its token as `X-CSRF-Token`");
        }
        add("429", "More requests than the operator allows a key; with `Retry-After`");
        add("500", "A fault of the server");
        add("503", "Shutting down, or the store cannot be reached; with `Retry-After`");
    }
    for (status, response) in responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
        {
            describe_problem(response);
        }
    }
}

fn describe_problem(response: &mut Response) {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    response.content.insert("application/problem+json".to_owned(), problem.into());
}

/// Each with whether it changes something.
fn operations_of(item: &mut PathItem) -> impl Iterator<Item = (&mut Operation, bool)> {
    let all =
        [(&mut item.get, false), (&mut item.put, true), (&mut item.post, true), (&mut item.delete, true)];
    all.into_iter().filter_map(|(operation, writes)| operation.as_mut().map(|operation| (operation, writes)))
}

/// This description
#[utoipa::path(get, path = "/openapi.json", tag = "Operations",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value, content_type = "application/json")))]
pub(super) async fn openapi_json() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], openapi())
}

/// This description for people
#[utoipa::path(get, path = "/docs", tag = "Operations",
    responses((status = 200, description = "A page that needs nothing from elsewhere", body = String, content_type = "text/html")))]
pub(super) async fn docs_page() -> impl IntoResponse {
    static PAGE: LazyLock<String> =
        LazyLock::new(|| reference::page(&serde_json::from_str(openapi()).unwrap_or_default()));
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'",
        ),
    ];
    (headers, PAGE.as_str())
}

/// The stylesheet of the reference page
#[utoipa::path(get, path = "/docs/style.css", tag = "Operations",
    responses((status = 200, description = "CSS", body = String, content_type = "text/css")))]
pub(super) async fn docs_style() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "max-age=3600")];
    (headers, include_str!("reference.css"))
}
