//! What pages have in common: who is signed in, what stands around a page, and what failing looks like.

use askama::Template;
use axum::Json;
use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use sheaf_store::{StoreError, User};

use super::{assets, words};
use crate::api::response::percent_encoded;
use crate::api::{ApiError, ApiState, Code};
use crate::session;

/// Bytes of a form: a template with 200 fields fits well.
const LONGEST_FORM: usize = 2 << 20;

/// The part of the dashboard a page is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Home,
    Batches,
    Review,
    Templates,
    Documents,
    Settings,
}

impl Section {
    /// Each with its address and name.
    pub(super) const MENU: [(Self, &'static str, &'static str); 6] = [
        (Self::Home, "/dashboard", "Home"),
        (Self::Batches, "/dashboard/batches", "Batches"),
        (Self::Review, "/dashboard/review", "Review"),
        (Self::Templates, "/dashboard/templates", "Templates"),
        (Self::Documents, "/dashboard/documents", "Documents"),
        (Self::Settings, "/dashboard/settings", "Settings"),
    ];
}

/// What stands around a page.
pub(super) struct Frame {
    pub(super) email: String,
    /// For forms and scripts.
    pub(super) csrf: String,
    pub(super) section: Section,
}

impl Frame {
    fn new(user: &User, csrf: &str, section: Section) -> Self {
        Self { email: user.email.clone(), csrf: csrf.to_owned(), section }
    }
}

/// Who asks for a page; others are sent to sign in.
pub(super) struct SignedIn {
    pub(super) user: User,
    /// The session's token.
    pub(super) csrf: String,
}

impl SignedIn {
    pub(super) fn frame(&self, section: Section) -> Frame {
        Frame::new(&self.user, &self.csrf, section)
    }

    async fn of(headers: &HeaderMap, api: &ApiState) -> Result<Option<Self>, StoreError> {
        let Some(secret) = session::secret(headers) else { return Ok(None) };
        let user = api.store.session_user(secret).await?;
        Ok(user.map(|user| Self { user, csrf: session::csrf_token(secret) }))
    }
}

impl FromRequestParts<ApiState> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, api: &ApiState) -> Result<Self, Response> {
        let found =
            Self::of(&parts.headers, api).await.map_err(|error| PageError::from(error).into_response())?;
        let here = parts.uri.path_and_query().map_or("/dashboard", |path| path.as_str());
        found.ok_or_else(|| to_sign_in(&parts.headers, here))
    }
}

/// Where somebody signs in to come back `here` afterwards.
fn to_sign_in(headers: &HeaderMap, here: &str) -> Response {
    let hx =
        |name: &'static str| headers.get(HeaderName::from_static(name)).and_then(|value| value.to_str().ok());
    if hx("hx-request").is_some() {
        // A part of a page: the whole page has to go, and to come back.
        let page = hx("hx-current-url").and_then(|url| url.find("/dashboard").map(|at| &url[at..]));
        return (StatusCode::UNAUTHORIZED, [("hx-redirect", sign_in_url(page.unwrap_or("/dashboard")))])
            .into_response();
    }
    Redirect::to(&sign_in_url(here)).into_response()
}

fn sign_in_url(next: &str) -> String {
    match next {
        "/dashboard" => "/dashboard/sign-in".to_owned(),
        next => format!("/dashboard/sign-in?next={}", percent_encoded(next, b"/-_.")),
    }
}

/// A form that a signed-in person sent from a page of ours.
pub(super) struct Posted {
    pub(super) user: User,
    pub(super) headers: HeaderMap,
    csrf: String,
    fields: Form,
}

impl Posted {
    /// A field, empty where the form has none of this name.
    pub(super) fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    /// A field, where the form has it.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        self.fields.find(name)
    }

    /// All fields of this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// For a page that answers the form at once.
    pub(super) fn frame(&self, section: Section) -> Frame {
        Frame::new(&self.user, &self.csrf, section)
    }
}

impl FromRequest<ApiState> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, api: &ApiState) -> Result<Self, Response> {
        let headers = request.headers().clone();
        let found =
            SignedIn::of(&headers, api).await.map_err(|error| PageError::from(error).into_response())?;
        let SignedIn { user, csrf } = found.ok_or_else(|| to_sign_in(&headers, "/dashboard"))?;
        let fields = Form::from_request(request, api).await.map_err(IntoResponse::into_response)?;
        let secret = session::secret(&headers).unwrap_or_default();
        if !session::is_csrf_token(fields.get("csrf_token"), secret) {
            return Err(PageError::new(
                StatusCode::FORBIDDEN,
                "This form is too old",
                "You have signed in again since the page was opened. Go back, load it again, and send the form once more.",
            )
            .into_response());
        }
        Ok(Self { user, headers, csrf, fields })
    }
}

/// A request that a script of a page of ours made.
pub(super) struct Scripted {
    pub(super) user: User,
}

impl FromRequestParts<ApiState> for Scripted {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, api: &ApiState) -> Result<Self, Response> {
        let refuse = |status: StatusCode, detail: &str| {
            (status, Json(serde_json::json!({"detail": detail}))).into_response()
        };
        let found = SignedIn::of(&parts.headers, api)
            .await
            .map_err(|error| PageError::from(error).into_response())?;
        let ended = "You have been signed out: sign in again in another tab, then load this page again.";
        let SignedIn { user, .. } = found.ok_or_else(|| refuse(StatusCode::UNAUTHORIZED, ended))?;
        let secret = session::secret(&parts.headers).unwrap_or_default();
        if !session::may_act(&parts.method, &parts.headers, secret) {
            return Err(refuse(StatusCode::FORBIDDEN, "This page is too old: load it again."));
        }
        Ok(Self { user })
    }
}

/// The fields of a form, in order.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// A field, empty where the form has none of this name.
    pub(super) fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = PageError;

    async fn from_request(request: Request, _: &S) -> Result<Self, PageError> {
        let malformed = |detail| PageError::new(StatusCode::BAD_REQUEST, "The form did not arrive", detail);
        if is_from_elsewhere(request.headers()) {
            return Err(malformed("It was sent by another site."));
        }
        let body = to_bytes(request.into_body(), LONGEST_FORM)
            .await
            .map_err(|_| malformed("It broke off or is too large. Go back and try again."))?;
        serde_urlencoded::from_bytes(&body)
            .map(Self)
            .map_err(|_| malformed("It could not be read. Go back and try again."))
    }
}

/// Whether a browser says that another site made the request.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    site.is_some_and(|site| site != b"same-origin" && site != b"none")
}

/// A page in answer to a request.
pub(super) fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page was not rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A request that no page answers.
#[derive(Debug)]
pub(super) struct PageError {
    status: StatusCode,
    title: String,
    detail: String,
}

/// What it looks like; the sign-in page, too, stands alone like this.
#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    title: &'a str,
    detail: &'a str,
}

impl PageError {
    pub(super) fn new(status: StatusCode, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { status, title: title.into(), detail: detail.into() }
    }

    pub(super) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "There is nothing here",
            "It was deleted, or the address is mistyped, or it belongs to another account.",
        )
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match &error {
            StoreError::NotFound { .. } => Self::not_found(),
            StoreError::Unavailable(_) => {
                tracing::error!(%error, "the store is unavailable");
                Self::new(status, "Not available now", "The store cannot be reached. Try again in a moment.")
            }
            StoreError::Internal(_) => {
                tracing::error!(%error, "the store failed");
                Self::new(
                    status,
                    "Something went wrong",
                    "It is a fault of the server, and its log has more.",
                )
            }
            StoreError::QuotaExceeded { .. } => {
                Self::new(status, "Over this month's quota", sentence(&error))
            }
            _ => Self::new(status, "That did not work", sentence(&error)),
        }
    }
}

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        match error.code() {
            Code::NotFound => Self::not_found(),
            code => Self::new(code.status(), code.title(), words::sentence(error.detail())),
        }
    }
}

/// An error as a sentence that stands alone.
pub(super) fn sentence(error: &StoreError) -> String {
    let text = match error {
        StoreError::Invalid(faults) => {
            faults.iter().map(|fault| fault.detail.as_str()).collect::<Vec<_>>().join("; ")
        }
        error => error.to_string(),
    };
    words::sentence(&text)
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let page = ErrorPage { title: &self.title, detail: &self.detail };
        (self.status, render(&page)).into_response()
    }
}

pub(super) async fn no_such_page() -> PageError {
    PageError::not_found()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_survives_signing_in() {
        for (here, url) in [
            ("/dashboard", "/dashboard/sign-in"),
            ("/dashboard/batches/1", "/dashboard/sign-in?next=/dashboard/batches/1"),
            (
                "/dashboard/batches?status=a&x=1",
                "/dashboard/sign-in?next=/dashboard/batches%3Fstatus%3Da%26x%3D1",
            ),
        ] {
            assert_eq!(sign_in_url(here), url);
        }
    }
}
