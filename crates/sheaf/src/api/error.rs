//! What a request that fails is answered: problem details (RFC 9457).

use std::time::Duration;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sheaf_store::StoreError;
use sheaf_types::Fault;
use utoipa::ToSchema;

/// When it is usually worth trying again, in seconds.
const RETRY_AFTER_SECONDS: u64 = 5;
/// Faults that one answer lists; a hostile body could hold millions.
const MOST_FAULTS: usize = 100;

/// What went wrong, in words that do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The request is malformed.
    InvalidRequest,
    /// A language model was asked for and none is configured.
    LlmNotConfigured,
    /// No key, or one that is unknown or revoked.
    Unauthorized,
    /// A session's cookie, without the token that shows that a page of the dashboard made the request.
    CsrfFailed,
    /// The month's quota would be exceeded.
    QuotaExceeded,
    /// No such thing, or somebody else's.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The thing is in a state that does not allow this.
    Conflict,
    /// `If-Match` names an older version.
    VersionMismatch,
    /// An idempotency key was used for another request.
    IdempotencyMismatch,
    /// Too many of these at once, or within a second.
    RateLimited,
    /// A file or a request is over its limit.
    FileTooLarge,
    /// Not a kind of file, or of request, that sheaf reads.
    UnsupportedType,
    /// A fault of sheaf.
    Internal,
    /// Not now; later.
    Unavailable,
}

impl Code {
    /// Every code, by status.
    pub const ALL: [Self; 15] = [
        Self::InvalidRequest,
        Self::LlmNotConfigured,
        Self::Unauthorized,
        Self::CsrfFailed,
        Self::QuotaExceeded,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::VersionMismatch,
        Self::FileTooLarge,
        Self::UnsupportedType,
        Self::IdempotencyMismatch,
        Self::RateLimited,
        Self::Internal,
        Self::Unavailable,
    ];

    /// The name in the body.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.words().1
    }

    /// The HTTP status it comes with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.words().0
    }

    /// The same for every occurrence.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.words().2
    }

    fn words(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request", "The request is malformed"),
            Self::LlmNotConfigured => {
                (StatusCode::BAD_REQUEST, "llm_not_configured", "No language model is configured")
            }
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "A valid API key is needed"),
            Self::CsrfFailed => (StatusCode::FORBIDDEN, "csrf_failed", "The session's token is needed"),
            Self::QuotaExceeded => {
                (StatusCode::PAYMENT_REQUIRED, "quota_exceeded", "The month's quota would be exceeded")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "There is no such thing"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "The path does not take this method")
            }
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "The present state does not allow this"),
            Self::VersionMismatch => {
                (StatusCode::PRECONDITION_FAILED, "version_mismatch", "The template has changed")
            }
            Self::FileTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", "Larger than the limit"),
            Self::UnsupportedType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type", "Not a supported type")
            }
            Self::IdempotencyMismatch => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_mismatch",
                "The key was used for another request",
            ),
            Self::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "A fault of the server"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available now"),
        }
    }
}

/// A request that failed.
#[derive(Debug)]
pub struct ApiError(Box<Problem>);

impl ApiError {
    /// An error with a sentence that says what to do.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem {
            kind: format!("/docs#{}", code.as_str()),
            title: code.title(),
            status: code.status().as_u16(),
            detail: detail.into(),
            code: code.as_str(),
            errors: Vec::new(),
            required: None,
            available: None,
            limit: None,
            resets_at: None,
            retry_after: RETRY_AFTER_SECONDS,
            of: code,
        }))
    }

    /// The same, to be tried again after another time than usual.
    #[must_use]
    pub(super) fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self
    }

    /// An error that lies in the parts of the request that `faults` point at.
    #[must_use]
    pub fn faulty(code: Code, mut faults: Vec<Fault>) -> Self {
        let detail = match faults.as_slice() {
            [one] if one.pointer.is_empty() => format!("the body: {}", one.detail),
            [one] => format!("{}: {}", one.pointer, one.detail),
            many => format!("{} parts of the request are faulty, see errors", many.len()),
        };
        faults.truncate(MOST_FAULTS);
        let mut error = Self::new(code, detail);
        error.0.errors = faults;
        error
    }

    /// A malformed request with one fault.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::faulty(Code::InvalidRequest, vec![Fault { pointer: pointer.into(), detail: detail.into() }])
    }

    /// What kind of error it is.
    #[must_use]
    pub(crate) fn code(&self) -> Code {
        self.0.of
    }

    /// The sentence that says what to do.
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// No such thing, or somebody else's: nobody learns which.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let detail = error.to_string();
        match error {
            StoreError::NotFound { what } => Self::not_found(what),
            StoreError::Conflict(_) => Self::new(Code::Conflict, detail),
            StoreError::VersionMismatch { .. } => Self::new(Code::VersionMismatch, detail),
            StoreError::IdempotencyMismatch => Self::new(Code::IdempotencyMismatch, detail),
            StoreError::QuotaExceeded { required, available, limit, resets_at } => {
                let mut error = Self::new(Code::QuotaExceeded, detail);
                error.0.required = Some(required);
                error.0.available = Some(available);
                error.0.limit = Some(limit);
                error.0.resets_at = Some(resets_at);
                error
            }
            StoreError::Invalid(faults) => Self::faulty(Code::InvalidRequest, faults),
            // What the store says of itself is for the operator: it names hosts and folders.
            StoreError::Unavailable(_) => {
                tracing::error!(error = detail, "the store is unavailable");
                Self::new(Code::Unavailable, "the store cannot be reached now: try again in a moment")
            }
            StoreError::Full(_) => {
                tracing::error!(error = detail, "the store is full");
                Self::new(
                    Code::Unavailable,
                    "the server has no room left and has kept nothing of this: tell its operator, or try again later",
                )
            }
            StoreError::Internal(_) => {
                tracing::error!(error = detail, "the store failed");
                Self::new(
                    Code::Internal,
                    "something went wrong on the server: its log has more under this request's id",
                )
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (code, retry_after) = (self.0.of, self.0.retry_after);
        let mut response = (code.status(), Json(self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match code {
            Code::Unauthorized => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Code::Unavailable | Code::RateLimited => {
                headers.insert(RETRY_AFTER, HeaderValue::from(retry_after));
            }
            _ => {}
        }
        response
    }
}

/// Problem details (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Where the code is explained.
    #[serde(rename = "type")]
    kind: String,
    /// The same for every occurrence.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// A sentence for people, with the way out.
    detail: String,
    /// Stable, for programs.
    code: &'static str,
    /// The parts of the request that are faulty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
    /// On 402: documents that were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    required: Option<u64>,
    /// On 402: documents left this month.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<u64>,
    /// On 402: documents a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    /// On 402: when the next month starts; RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    resets_at: Option<String>,
    /// Seconds; of those that may be tried again.
    #[serde(skip)]
    retry_after: u64,
    #[serde(skip)]
    of: Code,
}
