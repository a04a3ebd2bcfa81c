//! How much is done at once: what is over it is refused at once, so that what was begun is also finished.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ApiLimits;
use super::error::{ApiError, Code};

/// Turns that are left.
#[derive(Clone)]
pub(super) struct Admission {
    uploads: Arc<Semaphore>,
    sync_extractions: Arc<Semaphore>,
    event_streams: Arc<Semaphore>,
}

impl Admission {
    pub(super) fn new(limits: &ApiLimits) -> Self {
        let turns = |n| Arc::new(Semaphore::new(n));
        Self {
            uploads: turns(limits.max_uploads),
            sync_extractions: turns(limits.max_sync),
            event_streams: turns(limits.max_event_streams),
        }
    }

    /// To take files in: each upload has some megabytes in memory, and more on disk.
    pub(super) fn upload(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        take(&self.uploads, "too many uploads are under way: send this one again in a moment")
    }

    /// To wait for an extraction: they come before all batches, which would stand still if there were no end of them.
    pub(super) fn sync_extraction(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        take(
            &self.sync_extractions,
            "too many single extractions are waited for: try again in a moment, or make a batch",
        )
    }

    /// To follow a batch.
    pub(super) fn event_stream(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        take(&self.event_streams, "too many event streams are open: poll the batch instead")
    }
}

fn take(turns: &Arc<Semaphore>, refusal: &str) -> Result<OwnedSemaphorePermit, ApiError> {
    Arc::clone(turns).try_acquire_owned().map_err(|_| ApiError::new(Code::RateLimited, refusal))
}
