//! `/healthz`, `/readyz` and `/metrics`: for those who run the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use axum::extract::{FromRef, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::{Json, Router};
use serde::Serialize;
use sheaf_store::Store;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiState;
use super::error::{ApiError, Code};
use crate::metrics;

/// How long the store may take to show that it is there: those who ask whether we are ready do not wait for ever.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a process can say about itself.
#[derive(Clone)]
pub struct Operations {
    /// Rows and blobs.
    pub store: Store,
    /// Workers of this process that are alive.
    pub workers_alive: Arc<AtomicUsize>,
    /// Workers this process was told to run; with 0 they are elsewhere, and nobody misses them here.
    pub workers_expected: usize,
    /// Once cancelled, nothing waits any more: `/readyz` and requests that wait answer 503.
    pub shutdown: CancellationToken,
}

impl FromRef<ApiState> for Operations {
    fn from_ref(api: &ApiState) -> Self {
        Self {
            store: api.store.clone(),
            workers_alive: Arc::clone(&api.workers_alive),
            workers_expected: api.workers_expected,
            shutdown: api.shutdown.clone(),
        }
    }
}

/// The three paths alone, for a process that has workers and no API.
pub fn operations_router(operations: Operations) -> Router {
    let routes: Router<Operations> =
        OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz)).routes(routes!(metrics)).into();
    routes.layer(axum::middleware::from_fn(super::envelope::wrap)).with_state(operations)
}

/// That the process answers.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`.
    status: &'static str,
    /// Of sheaf.
    version: &'static str,
}

/// That the process can do its work.
#[derive(Serialize, ToSchema)]
pub(super) struct Readiness {
    /// `ready`.
    status: &'static str,
    /// Workers of this process that are alive.
    workers: usize,
}

/// Whether the process is up
#[utoipa::path(get, path = "/healthz", tag = "Operations",
    responses((status = 200, description = "It is", body = Health)))]
pub(super) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// Whether work would be done
///
/// The store and the blobs can be reached, workers are alive, and nobody is shutting down.
#[utoipa::path(get, path = "/readyz", tag = "Operations",
    responses((status = 200, description = "It would", body = Readiness), (status = 503, description = "It would not")))]
pub(super) async fn readyz(State(operations): State<Operations>) -> Result<Json<Readiness>, ApiError> {
    let unavailable = |detail| Err(ApiError::new(Code::Unavailable, detail));
    if operations.shutdown.is_cancelled() {
        return unavailable("the server is shutting down");
    }
    match timeout(PATIENCE, operations.store.ping()).await {
        Ok(reached) => reached?,
        Err(_) => {
            return unavailable("the store does not answer: look whether its database and blobs are up");
        }
    }
    let workers = operations.workers_alive.load(Relaxed);
    if workers == 0 && operations.workers_expected > 0 {
        return unavailable("no worker is alive: restart the server, its log says why they stopped");
    }
    Ok(Json(Readiness { status: "ready", workers }))
}

/// What is counted and timed
///
/// In the text format of Prometheus: how much waits and since when, documents by outcome, seconds by stage, readers that
/// were started, webhooks, requests. It names no account and no document.
#[utoipa::path(get, path = "/metrics", tag = "Operations",
    responses((status = 200, description = "Metrics", body = String, content_type = "text/plain"),
        (status = 503, description = "The store cannot be reached")))]
pub(super) async fn metrics(State(operations): State<Operations>) -> Result<impl IntoResponse, ApiError> {
    let workers = operations.workers_alive.load(Relaxed);
    let text = metrics::observe(&operations.store, workers).await?;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text))
}
