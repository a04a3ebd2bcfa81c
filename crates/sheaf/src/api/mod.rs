//! The HTTP API: the contract in `openapi.json`, a handler an operation.
//!
//! A handler reads its request strictly, calls the store, and answers; it knows no SQL and parses no document. Every
//! failure is an [`ApiError`], and [`envelope`] sees to it that nothing leaves in another shape.

mod admission;
mod batches;
mod docs;
mod documents;
pub(crate) mod envelope;
mod error;
mod events;
mod export;
mod extractions;
mod health;
mod idempotency;
mod json;
mod keys;
pub(crate) mod lessons;
mod multipart;
mod pages;
mod reference;
mod request;
pub(crate) mod response;
mod review;
mod schema;
mod templates;
mod usage;
mod webhooks;
mod words;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::{Extension, Router};
use sheaf_store::Store;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::reader::ReaderPool;
use crate::webhook::Addresses;

use admission::Admission;
pub use docs::openapi;
pub use error::{ApiError, Code};
pub use health::{Operations, operations_router};

/// What the handlers work with; a clone is another handle on the same.
#[derive(Clone)]
pub struct ApiState {
    /// Rows and blobs.
    pub store: Store,
    /// How much a request may ask for.
    pub limits: ApiLimits,
    /// Workers of this process that are alive, for `/readyz`.
    pub workers_alive: Arc<AtomicUsize>,
    /// Workers this process was told to run; with 0 they are elsewhere and `/readyz` does not ask for them.
    pub workers_expected: usize,
    /// Draws and reads documents for people who look at them.
    pub readers: Arc<ReaderPool>,
    /// Where webhooks may go.
    pub webhook_addresses: Addresses,
    /// Whether `use_llm` can be granted.
    pub llm_configured: bool,
    /// Once cancelled, nothing waits any more: `/readyz` and requests that wait answer 503.
    pub shutdown: CancellationToken,
}

/// How much a request may ask for.
#[derive(Debug, Clone, Copy)]
pub struct ApiLimits {
    /// Bytes of one file.
    pub max_file_bytes: u64,
    /// Bytes of a whole upload.
    pub max_request_bytes: u64,
    /// Files in one upload.
    pub max_files: usize,
    /// Uploads that are taken in at once.
    pub max_uploads: usize,
    /// How long an upload may stand still.
    pub upload_stall: Duration,
    /// Single extractions that are waited for at once.
    pub max_sync: usize,
    /// Event streams that are open at once.
    pub max_event_streams: usize,
    /// Requests a second with one credential, and as many at once; without it, as many as come.
    pub max_requests: Option<NonZeroU32>,
    /// How long `POST /v1/extract` waits for its result.
    pub sync_timeout: Duration,
}

impl Default for ApiLimits {
    fn default() -> Self {
        Self {
            max_file_bytes: 50 << 20,
            max_request_bytes: 4 << 30,
            max_files: 10_000,
            max_uploads: 32,
            upload_stall: Duration::from_secs(30),
            max_sync: 32,
            max_event_streams: 200,
            max_requests: None,
            sync_timeout: Duration::from_secs(60),
        }
    }
}

/// Everything under `/v1`, `/healthz`, `/readyz`, `/openapi.json` and `/docs`.
pub fn router(state: ApiState) -> Router {
    // Bodies are limited where they are read: what is right for a file is too much for a template.
    let routes: Router<ApiState> = operations().into();
    routes
        .layer(DefaultBodyLimit::disable())
        .layer(Extension(Admission::new(&state.limits)))
        .layer(axum::middleware::from_fn(envelope::wrap))
        .with_state(state)
}

/// Routes and their description, which cannot drift apart.
fn operations() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(docs::frame())
        .routes(routes!(templates::list_templates, templates::create_template))
        .routes(routes!(templates::create_starter_invoice))
        .routes(routes!(templates::get_template, templates::update_template, templates::delete_template))
        .routes(routes!(lessons::list_lessons))
        .routes(routes!(lessons::remove_lesson))
        .routes(routes!(documents::list_documents, documents::upload_documents))
        .routes(routes!(documents::get_document, documents::delete_document))
        .routes(routes!(documents::get_document_file))
        .routes(routes!(pages::get_page))
        .routes(routes!(words::get_words))
        .routes(routes!(extractions::extract))
        .routes(routes!(extractions::get_extraction))
        .routes(routes!(batches::list_batches, batches::create_batch))
        .routes(routes!(batches::get_batch, batches::delete_batch))
        .routes(routes!(batches::cancel_batch))
        .routes(routes!(batches::retry_batch))
        .routes(routes!(batches::list_batch_extractions))
        .routes(routes!(events::batch_events))
        .routes(routes!(export::export_batch))
        .routes(routes!(review::list_reviews))
        .routes(routes!(review::get_review))
        .routes(routes!(review::resolve_review))
        .routes(routes!(lessons::list_lookalikes, lessons::accept_lookalikes))
        .routes(routes!(review::reopen_review))
        .routes(routes!(review::resolve_field))
        .routes(routes!(usage::get_usage))
        .routes(routes!(keys::list_keys, keys::create_key))
        .routes(routes!(keys::revoke_key))
        .routes(routes!(webhooks::list_webhooks, webhooks::create_webhook))
        .routes(routes!(webhooks::delete_webhook))
        .routes(routes!(webhooks::list_deliveries))
        .routes(routes!(webhooks::redeliver))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(docs::openapi_json))
        .routes(routes!(docs::docs_page))
        .routes(routes!(docs::docs_style))
}
