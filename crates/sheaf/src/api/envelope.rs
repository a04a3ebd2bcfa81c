//! Around every request: an id, a log line, and one shape for every failure.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_TYPE, EXPECT, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::{FutureExt, StreamExt, stream};
use uuid::Uuid;

use super::error::{ApiError, Code};
use crate::metrics::REQUESTS;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How much of a body is read after its request was refused, and for how long.
const LINGER_BYTES: usize = 64 << 20;
const LINGER: Duration = Duration::from_secs(10);

/// The middleware.
pub(crate) async fn wrap(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let (request, rest) = split(request);

    let response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => into_problem(response),
        Err(panic) => {
            tracing::error!(
                request_id = id.to_str().unwrap_or_default(),
                panic = message(panic.as_ref()),
                "a handler panicked"
            );
            ApiError::new(Code::Internal, "something went wrong on the server: its log has more")
                .into_response()
        }
    };
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        rest.linger().await;
    }

    let mut response = response;
    let labels = [("method", known(&method)), ("status", status.as_str().to_owned())];
    metrics::histogram!(REQUESTS, &labels).record(started.elapsed().as_secs_f64());
    tracing::info!(
        request_id = id.to_str().unwrap_or_default(), %method, path, status = status.as_u16(),
        elapsed_ms = started.elapsed().as_millis() as u64, "request"
    );
    response.headers_mut().insert(X_REQUEST_ID, id);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A method as a label: whatever else a client makes up is one.
fn known(method: &Method) -> String {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE];
    if known.contains(method) { method.to_string() } else { "other".to_owned() }
}

/// The client's own id where it is harmless in a log, else a new one.
fn request_id(request: &Request) -> HeaderValue {
    let harmless = |id: &&HeaderValue| {
        let id = id.as_bytes();
        (1..=128).contains(&id.len())
            && id.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.' | b':'))
    };
    match request.headers().get(X_REQUEST_ID).filter(harmless) {
        Some(id) => id.clone(),
        None => HeaderValue::try_from(Uuid::now_v7().to_string())
            .unwrap_or_else(|_| HeaderValue::from_static("unknown")),
    }
}

/// Gives a failure that axum itself answered the shape of ours.
fn into_problem(response: Response) -> Response {
    let status = response.status();
    // Problems, and the pages that the dashboard says the same with.
    let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let shaped = content_type
        .is_some_and(|value| value == b"application/problem+json" || value.starts_with(b"text/html"));
    if shaped || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let error = match status {
        StatusCode::NOT_FOUND => {
            ApiError::new(Code::NotFound, "there is no such path: /docs lists those there are")
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            ApiError::new(Code::MethodNotAllowed, "the path does not take this method: see the Allow header")
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::new(Code::FileTooLarge, "the request is larger than the limit")
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ApiError::new(Code::UnsupportedType, "the request's Content-Type is not supported here")
        }
        status if status.is_client_error() => ApiError::new(Code::InvalidRequest, "the request is malformed"),
        StatusCode::SERVICE_UNAVAILABLE => {
            ApiError::new(Code::Unavailable, "not available now: try again in a moment")
        }
        _ => ApiError::new(Code::Internal, "something went wrong on the server: its log has more"),
    };
    let mut problem = error.into_response();
    if let Some(allow) = response.headers().get(ALLOW) {
        problem.headers_mut().insert(ALLOW, allow.clone());
    }
    problem
}

/// Panics carry a text or nothing that could be shown.
fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// What a refused request has not sent yet.
///
/// A client that is refused in the middle of an upload goes on sending; if the connection closed on it, most would
/// report a broken pipe instead of the answer. So the rest is read, within limits, and thrown away
/// (as nginx does: `lingering_close`).
struct Rest {
    body: Arc<Mutex<BodyDataStream>>,
    /// Whether the client waits for leave to send its body, and so sends nothing that would need reading.
    waits: bool,
}

fn split(request: Request) -> (Request, Rest) {
    let waits = request.headers().contains_key(EXPECT);
    let (parts, body) = request.into_parts();
    let body = Arc::new(Mutex::new(body.into_data_stream()));
    let shared = Arc::clone(&body);
    let stream =
        stream::poll_fn(move |cx| shared.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(cx));
    (Request::from_parts(parts, Body::from_stream(stream)), Rest { body, waits })
}

impl Rest {
    async fn linger(self) {
        if self.waits {
            return;
        }
        let body = self.body;
        let mut rest = stream::poll_fn(move |cx| {
            body.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(cx)
        });
        let read = async {
            let mut bytes = 0;
            while let Some(Ok(chunk)) = rest.next().await {
                bytes += chunk.len();
                if bytes > LINGER_BYTES {
                    break;
                }
            }
        };
        // Either way the answer goes out now.
        let _ = tokio::time::timeout(LINGER, read).await;
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn panics() -> &'static str {
        panic!("on purpose")
    }

    #[tokio::test]
    async fn a_handler_that_panics_is_a_problem_with_an_id_and_no_more() {
        let router = Router::new().route("/", get(panics)).layer(axum::middleware::from_fn(wrap));
        let request = Request::builder().uri("/").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(response.headers().contains_key(X_REQUEST_ID));
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["code"], "internal");
        assert!(!problem.to_string().contains("on purpose"));
    }
}
