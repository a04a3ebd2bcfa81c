//! `/healthz` and `/readyz`.

use std::sync::atomic::Ordering::Relaxed;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiState;
use super::error::{ApiError, Code};

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
pub(super) async fn readyz(State(api): State<ApiState>) -> Result<Json<Readiness>, ApiError> {
    let unavailable = |detail| Err(ApiError::new(Code::Unavailable, detail));
    if api.shutdown.is_cancelled() {
        return unavailable("the server is shutting down");
    }
    api.store.ping().await?;
    let workers = api.workers_alive.load(Relaxed);
    if workers == 0 && api.workers_expected > 0 {
        return unavailable("no worker is alive: restart the server, its log says why they stopped");
    }
    Ok(Json(Readiness { status: "ready", workers }))
}
