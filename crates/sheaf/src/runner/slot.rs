//! A slot: one warm reader, one document at a time.

use std::collections::HashMap;
use std::sync::Arc;

use sheaf_store::{Claim, Finished, Outcome, Store, StoreError};
use sheaf_types::{ErrorCode, ExtractionError, TemplateId, TemplateSpec};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{JobQueue, STORE_RETRY};
use crate::metrics::STAGE;
use crate::reader::{ReaderCommand, ReaderProcess, Reply};

/// Templates a slot keeps at hand: a batch uses one for all of its documents.
const TEMPLATES_KEPT: usize = 16;

/// A claimed document on its way to a slot.
pub(super) struct Job {
    pub(super) claim: Claim,
    /// Cancelled when the claim is no longer ours: the result would be refused.
    pub(super) cancel: CancellationToken,
}

pub(super) struct Slot {
    store: Store,
    reader: ReaderProcess,
    templates: HashMap<(TemplateId, u32), Arc<TemplateSpec>>,
}

impl Slot {
    pub(super) fn new(store: Store, reader: ReaderCommand) -> Self {
        Self { store, reader: ReaderProcess::new(reader), templates: HashMap::new() }
    }

    /// Works until the queue closes; once `draining`, hands back what has not been started.
    pub(super) async fn run(
        mut self,
        queue: JobQueue,
        results: mpsc::Sender<Finished>,
        draining: CancellationToken,
    ) {
        loop {
            let Some(job) = queue.lock().await.recv().await else { return };
            let outcome = if draining.is_cancelled() {
                Outcome::Released
            } else {
                tokio::select! {
                    biased;
                    // The reader is killed with the dropped call; what was not begun does not begin.
                    () = job.cancel.cancelled() => Outcome::Released,
                    outcome = self.extract(&job.claim) => outcome,
                }
            };
            let finished =
                Finished { extraction_id: job.claim.extraction_id, attempt: job.claim.attempt, outcome };
            if results.send(finished).await.is_err() {
                return;
            }
        }
    }

    async fn extract(&mut self, claim: &Claim) -> Outcome {
        let started = Instant::now();
        let (template, file) = match tokio::try_join!(self.template(claim), self.store.blob(&claim.sha256)) {
            Ok(both) => both,
            // It is not the document's fault, and costs it no attempt.
            Err(error @ StoreError::Unavailable(_)) => {
                warn!(%error, "the store did not answer; the document is handed back");
                sleep(STORE_RETRY).await;
                return Outcome::Released;
            }
            Err(error) => {
                warn!(extraction = %claim.extraction_id, %error, "a document could not be fetched");
                return internal("the document or its template could not be fetched from the store");
            }
        };
        if self.templates.len() >= TEMPLATES_KEPT {
            self.templates.clear();
        }
        self.templates.insert((claim.template_id, claim.template_version), template.clone());
        metrics::histogram!(STAGE, "stage" => "fetch").record(started.elapsed().as_secs_f64());
        let started = Instant::now();
        let reply = self.reader.extract(claim.media_type, &file, &template).await;
        metrics::histogram!(STAGE, "stage" => "read").record(started.elapsed().as_secs_f64());
        match reply {
            Reply::Done(reading) => Outcome::Done {
                pages: reading.pages,
                engine: reading.engine,
                warnings: reading.warnings,
                fields: reading.fields,
            },
            Reply::Failed { code, detail, pages } => {
                debug!(extraction = %claim.extraction_id, code = code.as_str(), "failed");
                Outcome::Failed { error: ExtractionError::new(code, detail), pages }
            }
        }
    }

    async fn template(&self, claim: &Claim) -> Result<Arc<TemplateSpec>, StoreError> {
        let key = (claim.template_id, claim.template_version);
        match self.templates.get(&key) {
            Some(template) => Ok(template.clone()),
            None => self.store.template_spec(key.0, key.1).await.map(Arc::new),
        }
    }
}

fn internal(detail: &str) -> Outcome {
    Outcome::Failed { error: ExtractionError::new(ErrorCode::Internal, detail), pages: None }
}
