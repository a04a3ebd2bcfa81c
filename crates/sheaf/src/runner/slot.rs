//! A slot: one warm reader, one document at a time.

use std::collections::HashMap;
use std::sync::Arc;

use sheaf_store::{Claim, Finished, Outcome, Store, StoreError};
use sheaf_types::{ErrorCode, ExtractionError, TemplateId, TemplateSpec, Tier};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::ask::{self, Asker, Asking};
use super::{JobQueue, STORE_RETRY};
use crate::metrics::STAGE;
use crate::reader::{self, ReaderCommand, ReaderProcess, Reply};

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
    asker: Option<Arc<Asker>>,
}

/// What a slot did with a document.
enum Done {
    /// Ended it.
    With(Outcome),
    /// Read it; now a language model is to be asked.
    Read(Box<Asking>),
}

impl Slot {
    pub(super) fn new(store: Store, reader: ReaderCommand, asker: Option<Arc<Asker>>) -> Self {
        Self { store, reader: ReaderProcess::new(reader), templates: HashMap::new(), asker }
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
            let done = if draining.is_cancelled() {
                Done::With(Outcome::Released)
            } else {
                tokio::select! {
                    biased;
                    // The reader is killed with the dropped call; what was not begun does not begin.
                    () = job.cancel.cancelled() => Done::With(Outcome::Released),
                    done = self.extract(&job) => done,
                }
            };
            let outcome = match (done, &self.asker) {
                (Done::With(outcome), _) => outcome,
                (Done::Read(asking), Some(asker)) => {
                    asker.start(*asking, results.clone());
                    continue;
                }
                (Done::Read(_), None) => internal("nobody is there to ask a language model"),
            };
            let finished =
                Finished { extraction_id: job.claim.extraction_id, attempt: job.claim.attempt, outcome };
            if results.send(finished).await.is_err() {
                return;
            }
        }
    }

    async fn extract(&mut self, job: &Job) -> Done {
        let claim = &job.claim;
        let ask = match (claim.tier, &self.asker) {
            (Tier::Standard, _) => None,
            (Tier::Premium, Some(asker)) => Some(asker.llm().how_to_ask()),
            (Tier::Premium, None) => return Done::With(not_configured()),
        };
        // Before it is read in vain.
        if let Some(reason) =
            self.asker.as_ref().filter(|_| ask.is_some()).and_then(|asker| asker.llm().given_up())
        {
            return Done::With(ask::unavailable(&reason));
        }
        let started = Instant::now();
        let fetched = tokio::try_join!(
            self.template(claim),
            self.store.lessons_for(claim.extraction_id),
            self.store.blob(&claim.sha256)
        );
        let (template, lessons, file) = match fetched {
            Ok(all) => all,
            // It is not the document's fault, and costs it no attempt.
            Err(error @ StoreError::Unavailable(_)) => {
                warn!(%error, "the store did not answer; the document is handed back");
                sleep(STORE_RETRY).await;
                return Done::With(Outcome::Released);
            }
            Err(error) => {
                warn!(extraction = %claim.extraction_id, %error, "a document could not be fetched");
                return Done::With(internal(
                    "the document or its template could not be fetched from the store",
                ));
            }
        };
        if self.templates.len() >= TEMPLATES_KEPT {
            self.templates.clear();
        }
        self.templates.insert((claim.template_id, claim.template_version), template.clone());
        metrics::histogram!(STAGE, "stage" => "fetch").record(started.elapsed().as_secs_f64());
        let started = Instant::now();
        let mut reply = self.reader.extract_and_ask(claim.media_type, &file, &template, &lessons, ask).await;
        metrics::histogram!(STAGE, "stage" => "read").record(started.elapsed().as_secs_f64());
        if let Reply::Done(reading) = &mut reply {
            self.keep_recognised(claim, &template, std::mem::take(&mut reading.recognised)).await;
        }
        match reply {
            Reply::Done(mut reading) => match reading.question.take() {
                None => Done::With(Outcome::Done {
                    pages: reading.pages,
                    engine: reading.engine,
                    warnings: reading.warnings,
                    fields: reading.fields,
                }),
                Some(mut question) => {
                    let images = match &self.asker {
                        Some(asker) => {
                            let file = (claim.media_type, file.as_ref());
                            asker.llm().pictures(&mut self.reader, file, &reading, &mut question).await
                        }
                        None => Vec::new(),
                    };
                    let (claim, cancel) = (claim.clone(), job.cancel.clone());
                    Done::Read(Box::new(Asking {
                        claim,
                        template,
                        reading,
                        question: *question,
                        images,
                        cancel,
                    }))
                }
            },
            Reply::Failed { code, detail, pages } => {
                debug!(extraction = %claim.extraction_id, code = code.as_str(), "failed");
                Done::With(Outcome::Failed { error: ExtractionError::new(code, detail), pages })
            }
        }
    }

    /// Keeps what was recognised, so that looking at a scan, or trying a changed template on it, does not recognise it again.
    async fn keep_recognised(&self, claim: &Claim, template: &TemplateSpec, recognised: Vec<u8>) {
        // Others look with the languages of the server.
        if recognised.is_empty() || !template.languages.is_empty() {
            return;
        }
        if let Err(error) = self.store.keep_claimed_words(claim, reader::VERSION, recognised.into()).await {
            warn!(extraction = %claim.extraction_id, %error, "the words of a scan were not kept");
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

fn not_configured() -> Outcome {
    let detail = "this worker has no language model: set SHEAF_LLM_PROVIDER and SHEAF_LLM_MODEL for it, or run the \
                  documents without use_llm";
    Outcome::Failed { error: ExtractionError::new(ErrorCode::LlmUnavailable, detail), pages: None }
}

fn internal(detail: &str) -> Outcome {
    Outcome::Failed { error: ExtractionError::new(ErrorCode::Internal, detail), pages: None }
}
