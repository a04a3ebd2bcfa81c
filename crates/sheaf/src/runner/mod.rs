//! Workers: claim documents from the queue, have them read, write the results.
//!
//! One coordinator talks to the store, so that a single transaction ends a group of documents and claims the next
//! ones; as many slots as configured each keep a warm reader process. While the coordinator waits for the disk, the
//! slots go on with what was claimed ahead.

mod ask;
mod slot;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sheaf_store::{Claim, Finished, Outcome, Room, Store};
use sheaf_types::{ExtractionId, Status};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::llm::Llm;
use crate::metrics::{DOCUMENTS, STAGE};
use crate::reader::ReaderCommand;
use ask::Asker;
use slot::{Job, Slot};

/// Documents claimed for each slot: one in work, one ready, so that no slot waits for a commit.
const CLAIMED_A_SLOT: usize = 2;
/// How often the queue is looked at when no hint came; the truth when hints are lost.
const POLL: Duration = Duration::from_secs(1);
/// How often a worker looks whether what it runs was cancelled when no hint came: less than a page of a scan takes.
const CANCEL_LOOK: Duration = Duration::from_secs(1);
/// A third of the lease, so that two heartbeats may fail.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// How long running documents may take to finish at shutdown, before they are handed back.
const DRAIN: Duration = Duration::from_secs(25);
/// Pause after the store could not be reached.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// Runs documents through readers until told to stop.
pub struct Runner {
    store: Store,
    reader: ReaderCommand,
    slots: usize,
    /// How many runners' slots are up; what `/readyz` looks at.
    alive: Arc<AtomicUsize>,
    llm: Option<Arc<Llm>>,
}

impl Runner {
    /// A runner with as many parallel readers as `slots`.
    #[must_use]
    pub fn new(store: Store, reader: ReaderCommand, slots: usize, alive: Arc<AtomicUsize>) -> Self {
        Self { store, reader, slots, alive, llm: None }
    }

    /// The same, which asks a language model for documents of the Premium tier.
    #[must_use]
    pub fn with_llm(self, llm: Option<Arc<Llm>>) -> Self {
        Self { llm, ..self }
    }

    /// Works until `shutdown`, then drains: no new claims, what runs may finish, the rest is handed back.
    pub async fn run(self, shutdown: CancellationToken) {
        if self.slots == 0 {
            shutdown.cancelled().await;
            return;
        }
        let worker = format!("worker-{}", Uuid::now_v7());
        let (jobs, queue) = job_queue(self.slots * CLAIMED_A_SLOT);
        let (results, finished) = mpsc::channel(self.slots * CLAIMED_A_SLOT);
        let asker = self.llm.map(|llm| Arc::new(Asker::new(self.store.clone(), llm)));
        let mut slots = JoinSet::new();
        for _ in 0..self.slots {
            let slot = Slot::new(self.store.clone(), self.reader.clone(), asker.clone());
            slots.spawn(slot.run(queue.clone(), results.clone(), shutdown.clone()));
        }
        drop(results);
        self.alive.fetch_add(self.slots, Ordering::Relaxed);
        info!(worker, slots = self.slots, "workers started");
        let capacity = self.slots * CLAIMED_A_SLOT;
        let mut coordinator = Coordinator {
            store: self.store,
            worker,
            jobs,
            finished,
            capacity,
            in_flight: HashMap::new(),
            asker,
        };
        coordinator.work(&shutdown).await;
        coordinator.drain().await;
        self.alive.fetch_sub(self.slots, Ordering::Relaxed);
        // What is still being read now has been handed back: its reader dies with its slot.
        slots.shutdown().await;
        info!("workers stopped");
    }
}

/// Jobs from the coordinator to whichever slot is free.
type JobQueue = Arc<tokio::sync::Mutex<mpsc::Receiver<Job>>>;

fn job_queue(capacity: usize) -> (mpsc::Sender<Job>, JobQueue) {
    let (sender, receiver) = mpsc::channel(capacity);
    (sender, Arc::new(tokio::sync::Mutex::new(receiver)))
}

struct Coordinator {
    store: Store,
    worker: String,
    jobs: mpsc::Sender<Job>,
    finished: mpsc::Receiver<Finished>,
    capacity: usize,
    in_flight: HashMap<ExtractionId, InFlight>,
    asker: Option<Arc<Asker>>,
}

struct InFlight {
    attempt: u32,
    cancel: CancellationToken,
}

impl Coordinator {
    async fn work(&mut self, shutdown: &CancellationToken) {
        let (mut enqueued, mut cancelled) = (self.store.enqueued(), self.store.cancelled());
        let mut heartbeat_at = Instant::now() + HEARTBEAT;
        let mut look_at = Instant::now() + CANCEL_LOOK;
        let mut results = Vec::new();
        while !shutdown.is_cancelled() {
            if look_at <= Instant::now() || cancelled.has_changed().unwrap_or(false) {
                cancelled.mark_unchanged();
                self.stop_cancelled().await;
                look_at = Instant::now() + CANCEL_LOOK;
            }
            if heartbeat_at <= Instant::now() {
                self.heartbeat().await;
                heartbeat_at = Instant::now() + HEARTBEAT;
            }
            // Marked as seen before the queue is looked at: work that comes in between wakes us again.
            enqueued.mark_unchanged();
            while let Ok(result) = self.finished.try_recv() {
                results.push(result);
            }
            match self.round(&results).await {
                Ok(claimed) => {
                    let progress = claimed > 0 || !results.is_empty();
                    results.clear();
                    if progress {
                        continue;
                    }
                }
                Err(error) => {
                    warn!(%error, "the store did not answer; trying again");
                    sleep(STORE_RETRY).await;
                    continue;
                }
            }
            tokio::select! {
                Some(result) = self.finished.recv() => results.push(result),
                _ = enqueued.changed() => {}
                _ = cancelled.changed() => look_at = Instant::now(),
                () = sleep(POLL) => {}
                () = sleep_until(heartbeat_at.min(look_at)) => {}
                () = moved_on(self.asker.as_deref()) => {}
                () = shutdown.cancelled() => {}
            }
        }
        self.write(&results).await;
    }

    /// Writes results and claims as many documents as there is room for, in one transaction.
    async fn round(&mut self, results: &[Finished]) -> sheaf_store::Result<usize> {
        for result in results {
            self.in_flight.remove(&result.extraction_id);
        }
        // What waits for a language model takes no reader.
        let asking = self.asker.as_ref().map_or(0, |asker| asker.asking());
        let free = self.capacity.saturating_sub(self.in_flight.len().saturating_sub(asking));
        // Without a language model, what needs one is claimed to fail with a sentence that says so.
        let premium = self.asker.as_ref().is_none_or(|asker| asker.has_room());
        if free == 0 && results.is_empty() {
            return Ok(0);
        }
        let started = Instant::now();
        let claims = self
            .store
            .finish_and_claim(&self.worker, results, Room { documents: free as u32, premium })
            .await?;
        count(results, started);
        let claimed = claims.len();
        for claim in claims {
            self.dispatch(claim).await;
        }
        Ok(claimed)
    }

    async fn dispatch(&mut self, claim: Claim) {
        debug!(extraction = %claim.extraction_id, attempt = claim.attempt, "claimed");
        let cancel = CancellationToken::new();
        let entry = InFlight { attempt: claim.attempt, cancel: cancel.clone() };
        self.in_flight.insert(claim.extraction_id, entry);
        // The channel has room for all that may be in flight; it closes only after us.
        let _ = self.jobs.send(Job { claim, cancel }).await;
    }

    /// Extends the leases of what is in flight; what is no longer ours is stopped.
    async fn heartbeat(&mut self) {
        let ours: Vec<_> = self.in_flight.iter().map(|(&id, entry)| (id, entry.attempt)).collect();
        if ours.is_empty() {
            return;
        }
        match self.store.heartbeat(&self.worker, &ours).await {
            Ok(lost) => self.stop(&lost),
            Err(error) => warn!(%error, "a heartbeat did not reach the store"),
        }
    }

    /// Stops what runs although its batch was cancelled.
    async fn stop_cancelled(&self) {
        if self.in_flight.is_empty() {
            return;
        }
        match self.store.cancelled_claims(&self.worker).await {
            Ok(cancelled) => self.stop(&cancelled),
            Err(error) => warn!(%error, "the store does not say what was cancelled"),
        }
    }

    fn stop(&self, extractions: &[ExtractionId]) {
        for id in extractions {
            if let Some(entry) = self.in_flight.get(id) {
                entry.cancel.cancel();
            }
        }
    }

    /// Lets running documents finish for a while, then hands back what is left.
    async fn drain(&mut self) {
        let deadline = Instant::now() + DRAIN;
        while !self.in_flight.is_empty() {
            match timeout_at(deadline, self.finished.recv()).await {
                Ok(Some(result)) => {
                    self.in_flight.remove(&result.extraction_id);
                    self.write(&[result]).await;
                }
                Ok(None) | Err(_) => break,
            }
        }
        if let Some(asker) = &self.asker {
            asker.stopped.cancel();
        }
        let rest: Vec<Finished> = self
            .in_flight
            .drain()
            .map(|(extraction_id, entry)| Finished {
                extraction_id,
                attempt: entry.attempt,
                outcome: Outcome::Released,
            })
            .collect();
        self.write(&rest).await;
    }

    async fn write(&mut self, results: &[Finished]) {
        if results.is_empty() {
            return;
        }
        for result in results {
            self.in_flight.remove(&result.extraction_id);
        }
        let started = Instant::now();
        match self.store.finish(&self.worker, results).await {
            Ok(_) => count(results, started),
            Err(error) => {
                warn!(%error, documents = results.len(), "results not written; their leases run out and they run again");
            }
        }
    }
}

/// Waits until a document has left its reader for a language model; for ever where there is none.
async fn moved_on(asker: Option<&Asker>) {
    match asker {
        Some(asker) => asker.changed.notified().await,
        None => std::future::pending().await,
    }
}

/// Counts what was written, for `/metrics`.
fn count(results: &[Finished], started: Instant) {
    if !results.is_empty() {
        metrics::histogram!(STAGE, "stage" => "commit").record(started.elapsed().as_secs_f64());
    }
    for result in results {
        let (outcome, code) = match &result.outcome {
            Outcome::Done { fields, .. } => (Status::of_fields(fields).as_str(), ""),
            Outcome::Failed { error, .. } => ("failed", error.code.as_str()),
            Outcome::Released | Outcome::Snoozed { .. } => ("released", ""),
        };
        metrics::counter!(DOCUMENTS, "outcome" => outcome, "code" => code).increment(1);
    }
}
