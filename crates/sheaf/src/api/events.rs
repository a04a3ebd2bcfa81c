//! `/v1/batches/{id}/events`: a batch on every change, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, stream};
use serde_json::{Value, json};
use sheaf_types::{Batch, BatchId, UserId};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};

use super::ApiState;
use super::admission::Admission;
use super::error::ApiError;
use super::request::{Account, Id};

/// How often a stream looks by itself; what ends in this process wakes it sooner.
const POLL: Duration = Duration::from_secs(1);
/// Least time between two events of a stream.
const PAUSE: Duration = Duration::from_millis(200);
/// How often a comment tells that the connection is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Follow a batch
///
/// Server-sent events: each has the batch as its data, the first at once, then one on every change and not more than a few a
/// second. The stream ends when the batch is terminal; comments keep the connection open in between.
#[utoipa::path(get, path = "/v1/batches/{id}/events", tag = "Batches",
    params(("id" = String, Path, description = "The batch")),
    responses((status = 200, description = "The batch, again and again", body = Batch, content_type = "text/event-stream"),
        (status = 404, description = "No such batch"),
        (status = 429, description = "Too many streams are open: poll the batch instead; with `Retry-After`")))]
pub(super) async fn batch_events(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<BatchId>,
    Extension(admission): Extension<Admission>,
) -> Result<impl IntoResponse, ApiError> {
    let batch = api.store.batch(user.id, id).await?;
    let permit = admission.event_stream()?;
    let follower = Follower { api, user: user.id, batch, told: None, _permit: permit };
    Ok(Sse::new(follower.events()).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

/// One who follows a batch.
struct Follower {
    api: ApiState,
    user: UserId,
    /// As it was seen last.
    batch: Batch,
    /// What the last event said, beside the estimate, which changes without anything happening.
    told: Option<Value>,
    _permit: OwnedSemaphorePermit,
}

impl Follower {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut follower| async {
            let event = follower.next().await?;
            Some((Ok(event), follower))
        })
    }

    /// The next change; `None` where the batch has ended or is gone, or the server cannot tell.
    async fn next(&mut self) -> Option<Event> {
        // Registered before the look, so that no end is missed between the two.
        let mut finished = self.api.store.finished();
        while let Some(told) = &self.told {
            if self.batch.status.is_terminal() {
                return None;
            }
            finished.mark_unchanged();
            let batch = tokio::select! {
                batch = self.api.store.batch(self.user, self.batch.id) => batch.ok()?,
                () = self.api.shutdown.cancelled() => return None,
            };
            if said(&batch) != *told {
                self.batch = batch;
                break;
            }
            tokio::select! {
                _ = async { let _ = timeout(POLL, finished.changed()).await; sleep(PAUSE).await } => {}
                () = self.api.shutdown.cancelled() => return None,
            }
        }
        self.told = Some(said(&self.batch));
        Some(Event::default().data(json!(self.batch).to_string()))
    }
}

fn said(batch: &Batch) -> Value {
    json!(Batch { eta_seconds: None, ..batch.clone() })
}
