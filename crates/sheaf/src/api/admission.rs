//! How much is done at once: what is over it is refused at once, so that what was begun is also finished.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Instant;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ApiLimits;
use super::error::{ApiError, Code};

/// Credentials that are remembered before those are forgotten that were idle.
const MOST_REMEMBERED: usize = 10_000;

/// Turns that are left.
#[derive(Clone)]
pub(super) struct Admission {
    uploads: Arc<Semaphore>,
    sync_extractions: Arc<Semaphore>,
    event_streams: Arc<Semaphore>,
    requests: Option<Arc<Requests>>,
}

/// How often each credential is used. It is known by a hash that holds for this process.
struct Requests {
    limiter: RateLimiter<u64, HashMapStateStore<u64>, MonotonicClock, NoOpMiddleware<Instant>>,
    hasher: RandomState,
}

impl Admission {
    pub(super) fn new(limits: &ApiLimits) -> Self {
        let turns = |n| Arc::new(Semaphore::new(n));
        Self {
            uploads: turns(limits.max_uploads),
            sync_extractions: turns(limits.max_sync),
            event_streams: turns(limits.max_event_streams),
            requests: limits.max_requests.map(|n| {
                let (store, clock) = (HashMapStateStore::default(), MonotonicClock);
                let limiter = RateLimiter::new(Quota::per_second(n), store, clock);
                Arc::new(Requests { limiter, hasher: RandomState::new() })
            }),
        }
    }

    /// To ask for anything with a credential that is valid.
    pub(super) fn request(&self, credential: &str) -> Result<(), ApiError> {
        let Some(Requests { limiter, hasher }) = self.requests.as_deref() else { return Ok(()) };
        if limiter.len() > MOST_REMEMBERED {
            limiter.retain_recent();
        }
        limiter.check_key(&hasher.hash_one(credential)).map_err(|until| {
            let wait = until.wait_time_from(MonotonicClock.now());
            let detail = "these are more requests than this key may send: wait as long as Retry-After says, poll less often, or \
                          have the operator raise the limit";
            ApiError::new(Code::RateLimited, detail).retry_after(wait)
        })
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
