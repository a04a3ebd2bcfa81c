//! What happens to a document whose open fields a language model is asked for: its reader is free by then, and the words
//! that the model is shown are all that is left of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use sheaf_extract::llm::{Prompt, Question};
use sheaf_store::{Claim, Finished, LlmOutage, Outcome, Store};
use sheaf_types::{ErrorCode, ExtractionError, FieldResult, LlmUsage, TemplateSpec};
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::llm::{Asked, Image, Llm};
use crate::reader::Reading;

/// Documents that wait for the model beyond those it is asked about, so that it never waits for a reader.
const AT_HAND: usize = 8;

/// Asks for the documents of a runner.
pub(super) struct Asker {
    store: Store,
    llm: Arc<Llm>,
    /// Documents that are past their reader.
    asking: AtomicUsize,
    /// Told when that changes.
    pub(super) changed: Notify,
    /// Ends what is being asked when the runner stops.
    pub(super) stopped: CancellationToken,
    /// What everybody was told of the model last.
    told: Mutex<Option<LlmOutage>>,
}

/// A document that was read, with a question.
pub(super) struct Asking {
    pub(super) claim: Claim,
    pub(super) template: Arc<TemplateSpec>,
    pub(super) reading: Reading,
    pub(super) question: Question,
    /// Those that the question announces.
    pub(super) images: Vec<Image>,
    pub(super) cancel: CancellationToken,
}

impl Asker {
    pub(super) fn new(store: Store, llm: Arc<Llm>) -> Self {
        Self {
            store,
            llm,
            asking: AtomicUsize::new(0),
            changed: Notify::new(),
            stopped: CancellationToken::new(),
            told: Mutex::new(None),
        }
    }

    pub(super) fn llm(&self) -> &Llm {
        &self.llm
    }

    /// How many documents are past their reader.
    pub(super) fn asking(&self) -> usize {
        self.asking.load(Ordering::Relaxed)
    }

    /// Whether documents for the model are worth claiming.
    pub(super) fn has_room(&self) -> bool {
        self.asking() < self.llm.at_a_time() + AT_HAND && self.llm.is_open()
    }

    /// Asks beside the readers, and sends what comes of it.
    pub(super) fn start(self: &Arc<Self>, asking: Asking, results: mpsc::Sender<Finished>) {
        self.asking.fetch_add(1, Ordering::Relaxed);
        self.changed.notify_one();
        let asker = Arc::clone(self);
        tokio::spawn(async move {
            let (extraction_id, attempt) = (asking.claim.extraction_id, asking.claim.attempt);
            let cancel = asking.cancel.clone();
            let outcome = tokio::select! {
                outcome = asker.outcome(asking) => outcome,
                // The exchange under way ends with the dropped call.
                () = cancel.cancelled() => Outcome::Released,
                () = asker.stopped.cancelled() => Outcome::Released,
            };
            // Before the result is sent: whoever takes it counts what is left.
            asker.asking.fetch_sub(1, Ordering::Relaxed);
            let _ = results.send(Finished { extraction_id, attempt, outcome }).await;
            asker.tell().await;
        });
    }

    async fn outcome(&self, asking: Asking) -> Outcome {
        let Asking { claim, template, reading, question, images, .. } = asking;
        let prompt = question.prompt(&template);
        let answer = match self.answer(&claim, &prompt, &images).await {
            Ok(answer) => answer,
            Err(outcome) => return outcome,
        };
        let own = reading.fields;
        let joined = spawn_blocking(move || join(&question, &template, own, &answer)).await;
        let Ok(fields) = joined else {
            return failed(
                ErrorCode::Internal,
                "the language model's answer could not be traced",
                reading.pages,
            );
        };
        let mut engine = reading.engine;
        engine.llm = Some(self.llm.model().to_owned());
        Outcome::Done { pages: reading.pages, engine, warnings: reading.warnings, fields }
    }

    /// The answer to a question: one that was kept, or the model's, which then is.
    async fn answer(&self, claim: &Claim, prompt: &Prompt, images: &[Image]) -> Result<String, Outcome> {
        let question_sha256 = self.llm.question_sha256(prompt, images);
        match self.store.llm_answer(claim.extraction_id, &question_sha256).await {
            Ok(Some(answer)) => {
                let used =
                    LlmUsage { model: self.llm.model().to_owned(), replayed: 1, ..LlmUsage::default() };
                self.note(claim, &used, None).await;
                return Ok(answer);
            }
            Ok(None) => {}
            Err(error) => warn!(%error, "kept answers cannot be looked up"),
        }
        let (asked, used) = self.llm.ask(prompt, images).await;
        debug!(extraction = %claim.extraction_id, calls = used.calls, ms = used.duration_ms, "asked");
        let kept = match &asked {
            Asked::Answered(answer) => Some((&question_sha256, answer.as_str())),
            _ => None,
        };
        if used.calls > 0 {
            self.note(claim, &used, kept).await;
        }
        match asked {
            Asked::Answered(answer) => Ok(answer),
            Asked::Later(wait) => Err(Outcome::Snoozed { for_ms: millis(wait) }),
            Asked::Refused => Err(Outcome::Failed {
                error: ExtractionError::new(
                    ErrorCode::LlmRefused,
                    "the language model refuses to read this document: run it without use_llm, or with another model",
                ),
                pages: None,
            }),
            Asked::Unavailable(reason) => Err(unavailable(&reason)),
        }
    }

    async fn note(&self, claim: &Claim, used: &LlmUsage, answer: Option<(&[u8; 32], &str)>) {
        if let Err(error) = self.store.note_llm(claim.extraction_id, used, answer).await {
            warn!(%error, extraction = %claim.extraction_id, "what asking took was not noted");
        }
    }

    /// Tells everybody, where it has changed, whether the model answers.
    async fn tell(&self) {
        let mut told = self.told.lock().await;
        let outage = self.llm.outage().map(|outage| {
            let (since, until) = outage.in_ms();
            LlmOutage { since, until, reason: outage.reason }
        });
        // A second more or less is no news.
        let is_news = match (&*told, &outage) {
            (Some(told), Some(outage)) => {
                told.reason != outage.reason || outage.until.abs_diff(told.until) > 1_000
            }
            (told, outage) => told.is_some() != outage.is_some(),
        };
        if is_news {
            match self.store.set_llm_outage(outage.as_ref()).await {
                Ok(()) => *told = outage,
                Err(error) => warn!(%error, "the language model's outage was not noted"),
            }
        }
    }
}

fn join(
    question: &Question,
    template: &TemplateSpec,
    own: Vec<FieldResult>,
    answer: &str,
) -> Vec<FieldResult> {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    question.join(template, own, &answer)
}

/// That there is no answer to be had, for a reason that is no fault of the document.
pub(super) fn unavailable(reason: &str) -> Outcome {
    let detail = format!("{reason}; retry the document once that is settled");
    Outcome::Failed { error: ExtractionError::new(ErrorCode::LlmUnavailable, detail), pages: None }
}

fn failed(code: ErrorCode, detail: &str, pages: u32) -> Outcome {
    Outcome::Failed { error: ExtractionError::new(code, detail), pages: Some(pages) }
}

fn millis(wait: Duration) -> i64 {
    i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
}
