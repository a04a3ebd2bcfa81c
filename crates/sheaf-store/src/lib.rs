//! What must survive a crash: rows and blobs. The only crate with SQL.
//!
//! A [`Store`] is a database (SQLite, or PostgreSQL where several machines work) and a blob store. Everything that
//! belongs to an account is asked for with that account's id, and what belongs to another one is
//! [`StoreError::NotFound`].
//!
//! # The queue is a column
//!
//! A row of `extraction` is the job as well as the state of its result; no second table repeats it.
//!
//! ```text
//!          ┌──── Released, lost lease, or retryable failure with attempts left ────┐
//!          ▼                                                                       │
//! ───► pending ──claim: attempt + 1, worker, lease──► running ──finish─┬───────────┘
//!         ▲ │                                                          ├──► completed
//!         │ └──cancel──► cancelled (refunded)                          ├──► needs_review
//!         │                                                            └──► failed (refunded)
//!         └────────────────── retry: debited again ─────────────────────────┘
//! ```
//!
//! - Making a batch is one transaction: the debit of the month's quota, the batch with the template's version pinned, its
//!   extractions. It is there whole or not at all.
//! - [`Store::claim`] hands the next rows in fair order to a worker for [`LEASE_MS`]; [`Store::heartbeat`] prolongs that.
//! - [`Store::finish`] writes only where the row is still with that worker in that attempt: a late worker changes nothing.
//! - Attempts count at the claim, so a document that kills its worker runs out of them ([`MOST_ATTEMPTS`]).
//! - A field that needs a look is an item of review; the last decision about one turns `needs_review` into `completed`.
//! - A document that fails for good is refunded, in the transaction that says so.
//! - Of a cancelled batch nothing goes back to the queue: what would, is cancelled.
//! - How far a batch is follows from counts over an index; nothing stores it twice.
//!
//! The order is start-time fair queueing between accounts (Goyal, Vin, Cheng, 1996): see [`queue`].

#![forbid(unsafe_code)]

mod account;
mod batch;
mod blob;
mod changes;
mod db;
mod document;
mod error;
mod extraction;
mod hint;
mod idempotency;
mod intake;
mod key;
mod lesson;
mod lifecycle;
mod llm;
mod outbox;
mod page;
pub mod queue;
mod retention;
mod review;
mod session;
mod template;
mod time;
mod tls;
mod usage;
mod webhook;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use sheaf_types::Plan;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use account::User;
pub use batch::NewBatch;
pub use document::NewDocument;
pub use error::{Result, StoreError};
pub use idempotency::{Begun, REQUEST_KEPT_MS, REQUEST_LEASE_MS};
pub use intake::Intake;
pub use key::ApiKey;
pub use llm::LlmOutage;
pub use page::{Page, PageRequest};
pub use queue::{Claim, Finished, LEASE_MS, MOST_ATTEMPTS, Outcome, QueueDepth, Room};
pub use retention::Swept;
pub use review::{ReviewDocument, ReviewField, ReviewFilter, ReviewScore};
pub use session::{BRAKE_MS, LINK_MS, MOST_FAILURES, SESSION_MS};
pub use time::Clock;
pub use tls::use_ring;
pub use webhook::{DELIVERY_LEASE_MS, DELIVERY_TRIED_MS, DeliveryOutcome, DueDelivery};

use blob::Blobs;
use db::{Db, fetch_one};
use hint::{Hint, Hints};

/// Where the store is and what the plans are.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `sqlite:///path/to/file.db`, or `postgres://…`. What follows `sqlite://` is a path as it stands.
    pub database_url: String,
    /// `file:///path/to/folder`, where what follows `file://` is a path as it stands; or `s3://bucket/prefix`, with the
    /// usual `AWS_…` environment variables.
    pub blobs_url: String,
    /// The plans that accounts can have.
    pub plans: Vec<Plan>,
}

impl StoreConfig {
    /// Everything in one folder: `sheaf.db` and `blobs`.
    #[must_use]
    pub fn in_folder(folder: &Path, plans: Vec<Plan>) -> Self {
        Self {
            database_url: format!("sqlite://{}", folder.join("sheaf.db").display()),
            blobs_url: format!("file://{}", folder.join("blobs").display()),
            plans,
        }
    }
}

/// The rows and blobs of an instance; a clone is another handle on the same.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    /// What this handle creates for ([`Store::begin_request`]).
    request: Option<Arc<idempotency::Running>>,
}

struct Inner {
    db: Db,
    blobs: Blobs,
    plans: Vec<Plan>,
    clock: Clock,
    /// Documents that this process has claimed.
    claimed: AtomicU64,
    hints: Hints,
    /// Relays the hints of other processes.
    listening: Option<JoinHandle<()>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

impl Store {
    /// Opens a store; makes what is missing and brings the schema up to date. Several processes may do so at once.
    ///
    /// # Errors
    /// `Unavailable` where the database or the folder cannot be opened, `Internal` where a URL is of no known kind or the
    /// schema is newer than this version of sheaf.
    pub async fn open(config: &StoreConfig) -> Result<Self> {
        Self::open_with_clock(config, Clock::System).await
    }

    /// As [`Store::open`], with time from elsewhere.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_with_clock(config: &StoreConfig, clock: Clock) -> Result<Self> {
        let blobs = Blobs::open(&config.blobs_url).await?;
        let db = Db::open(&config.database_url).await?;
        let hints = Hints::new();
        let listening = match &db {
            Db::Sqlite { .. } => None,
            Db::Postgres(pool) => Some(hint::listen(pool.clone(), hints.clone())),
        };
        let inner = Inner {
            db,
            blobs,
            plans: config.plans.clone(),
            clock,
            claimed: AtomicU64::new(0),
            hints,
            listening,
        };
        Ok(Self { inner: Arc::new(inner), request: None })
    }

    /// Whether the database and the blob store can be reached.
    ///
    /// # Errors
    /// `Unavailable` where one cannot.
    pub async fn ping(&self) -> Result<()> {
        let mut conn = self.db().read().await?;
        let (_,): (i64,) =
            fetch_one!(&mut conn, "select version from schema_version order by version desc limit 1")?;
        self.inner.blobs.ping().await
    }

    /// Closes the connections, after those in use have come back. Other handles answer `Unavailable` from then on.
    pub async fn close(&self) {
        self.inner.db.close().await;
    }

    /// Changes whenever work was added: a hint, beside which a worker polls slowly.
    #[must_use]
    pub fn enqueued(&self) -> watch::Receiver<u64> {
        self.inner.hints.subscribe(Hint::Enqueued)
    }

    /// Changes whenever extractions ended in this process, or single ones in another: a hint, beside which one who waits
    /// polls slowly.
    #[must_use]
    pub fn finished(&self) -> watch::Receiver<u64> {
        self.inner.hints.subscribe(Hint::Finished)
    }

    /// Changes whenever a batch was cancelled: a hint to ask for [`Store::cancelled_claims`], beside which a
    /// worker asks now and then.
    #[must_use]
    pub fn cancelled(&self) -> watch::Receiver<u64> {
        self.inner.hints.subscribe(Hint::Cancelled)
    }

    /// The configured plans.
    #[must_use]
    pub fn plans(&self) -> &[Plan] {
        &self.inner.plans
    }

    fn plan(&self, name: &str) -> Option<&Plan> {
        self.inner.plans.iter().find(|plan| plan.name == name)
    }

    fn db(&self) -> &Db {
        &self.inner.db
    }

    fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Wakes those who wait in this process and, where there are any, in others.
    fn hint(&self, hint: Hint) {
        self.inner.hints.give(hint);
        if let Db::Postgres(pool) = self.db() {
            self.inner.hints.notify(pool, hint);
        }
    }

    /// Wakes those who wait in this process alone: what happens all the time is not worth a message to everybody.
    fn hint_here(&self, hint: Hint) {
        self.inner.hints.give(hint);
    }
}
