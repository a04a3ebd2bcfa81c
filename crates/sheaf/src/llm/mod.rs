//! The language model of the Premium tier: a small client of our own, for two wire formats.
//!
//! What is asked and what of an answer is believed are pure functions of `sheaf_extract::llm`; here is what stands between
//! them: the request ([`wire`]), one exchange ([`client`]), and the conduct towards a server that is slow, busy, out of order
//! or wrong ([`gate`], [`Llm::ask`]). An answer is data: nothing of it is logged, and nothing in it does more than fill a
//! field.

mod client;
mod config;
mod gate;
mod json;
mod wire;

use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use sheaf_extract::llm::{Ask, Prompt, Question};
use sheaf_types::{LlmUsage, MediaType, PageWarning};
use tokio::time::sleep;
use tracing::{debug, warn};

pub use client::Image;
pub use config::{LlmArgs, LlmConfig, Provider, Secret};
pub use gate::Outage;

use client::{CallError, Client, Exchange};
use gate::{Admission, Gate};

use crate::metrics::{LLM_CALLS, LLM_SECONDS, LLM_TOKENS};
use crate::reader::{ReaderProcess, Reading};

/// Times that a question is sent to a server which fails, before the document is handed back.
const MOST_TRIES: u32 = 3;
/// Pause before the second try; each further one is three times as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// A server that is busy for no longer than this is waited for; for longer the document goes back to the queue.
const SHORT_WAIT: Duration = Duration::from_secs(5);
/// How long a server is left alone that is busy and does not say for how long.
const BUSY: Duration = Duration::from_secs(15);
/// Tokens that an answer may have, and one whose first try was cut off.
const ANSWER_TOKENS: u32 = 4_096;
const LONG_ANSWER_TOKENS: u32 = 16_384;

/// Pages that are shown as pictures, of one document.
const MOST_IMAGES: usize = 4;
/// Width of such a picture, in pixels.
const IMAGE_WIDTH: u32 = 1_400;

/// A language model, as it is configured.
pub struct Llm {
    config: LlmConfig,
    client: Client,
    gate: Gate,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// An answer, as JSON text.
    Answered(String),
    /// The model refuses.
    Refused,
    /// The model is busy or out of order: later.
    Later(Duration),
    /// There is none to be had; a sentence with the way out.
    Unavailable(String),
}

impl Llm {
    /// A client for a model. Nothing is sent yet.
    ///
    /// # Errors
    /// Where this machine has no certificates that servers are known by.
    pub fn new(config: LlmConfig) -> anyhow::Result<Self> {
        let client = Client::new(&config)?;
        let gate = Gate::new(&config);
        Ok(Self { config, client, gate })
    }

    /// The model's name.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.config.model
    }

    /// What the server is, for people.
    #[must_use]
    pub fn server(&self) -> &str {
        self.config.base_url.host_str().unwrap_or_default()
    }

    /// How documents are turned into questions.
    #[must_use]
    pub fn how_to_ask(&self) -> Ask {
        Ask { scope: self.config.scope, budget: self.config.context_tokens }
    }

    /// Questions that are worth having at hand.
    #[must_use]
    pub fn at_a_time(&self) -> usize {
        self.config.concurrency
    }

    /// Pictures of the pages that recognition could not read well, which the question then announces; none where the model
    /// takes no pictures. `file` is what `reading` was read from.
    pub async fn pictures(
        &self,
        reader: &mut ReaderProcess,
        (media_type, file): (MediaType, &[u8]),
        reading: &Reading,
        question: &mut Question,
    ) -> Vec<Image> {
        let mut images = Vec::new();
        let hard = reading.warnings.iter().filter(|warning| warning.code == PageWarning::Illegible);
        for warning in hard.take(if self.config.vision { MOST_IMAGES } else { 0 }) {
            match reader.draw(media_type, file, warning.page, IMAGE_WIDTH).await {
                Ok(Some(png)) => images.push(Image { page: warning.page, png }),
                Ok(None) => {}
                Err(error) => debug!(page = warning.page, code = error.code.as_str(), "a page was not drawn"),
            }
        }
        question.pictured = images.iter().map(|image| image.page).collect();
        images
    }

    /// Whether documents that need the model are worth starting now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.gate.is_open()
    }

    /// Why documents that need the model fail for now, in a sentence; `None` where they do not.
    #[must_use]
    pub fn given_up(&self) -> Option<String> {
        self.gate.given_up()
    }

    /// That the model does not answer, and since when; `None` while it does.
    #[must_use]
    pub fn outage(&self) -> Option<Outage> {
        self.gate.outage()
    }

    /// Names a question: the same question to the same model has the same answer.
    #[must_use]
    pub fn question_sha256(&self, prompt: &Prompt, images: &[Image]) -> [u8; 32] {
        let mut hash = Sha256::new();
        let schema = prompt.schema.to_string();
        for part in [self.config.provider.name(), &self.config.model, &prompt.system, &prompt.user, &schema] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        for image in images {
            hash.update((image.png.len() as u64).to_le_bytes());
            hash.update(&image.png);
        }
        hash.finalize().into()
    }

    /// Asks, and again where the server fails or the answer cannot be read; answers what came of it and what it took.
    ///
    /// Dropping the future ends the exchange that is under way.
    pub async fn ask(&self, prompt: &Prompt, images: &[Image]) -> (Asked, LlmUsage) {
        let mut used = LlmUsage { model: self.config.model.clone(), ..LlmUsage::default() };
        let asked = self.ask_counting(prompt, images, &mut used).await;
        let result = match &asked {
            Asked::Answered(_) => "answered",
            Asked::Refused => "refused",
            Asked::Later(_) => "later",
            Asked::Unavailable(_) => "unavailable",
        };
        metrics::counter!(LLM_CALLS, "result" => result).increment(1);
        (asked, used)
    }

    async fn ask_counting(&self, prompt: &Prompt, images: &[Image], used: &mut LlmUsage) -> Asked {
        let _turn = self.gate.turn().await;
        let (mut tries, mut most_tokens, mut unreadable) = (0, ANSWER_TOKENS, 0);
        loop {
            match self.gate.admit() {
                Admission::Open => {}
                Admission::Closed(wait) if wait <= SHORT_WAIT => {
                    sleep(wait).await;
                    continue;
                }
                Admission::Closed(wait) => return Asked::Later(jittered(wait)),
                Admission::GivenUp(reason) => return Asked::Unavailable(reason),
            }
            let error = match self.exchange(prompt, images, most_tokens, used).await {
                Ok(exchange) if exchange.refused => return Asked::Refused,
                Ok(exchange) => {
                    let whole = json::parse(&exchange.text);
                    let cut_off = exchange.cut_off;
                    match (whole, cut_off) {
                        (Some(answer), false) => return Asked::Answered(answer.to_string()),
                        // Asked once more, with more room; what then is cut off is taken as far as it goes.
                        (_, true) if most_tokens == ANSWER_TOKENS => most_tokens = LONG_ANSWER_TOKENS,
                        (Some(answer), true) => return Asked::Answered(answer.to_string()),
                        (None, _) if unreadable == 0 => unreadable += 1,
                        (None, _) => {
                            return Asked::Unavailable(
                                "the language model's answers are no JSON, or cut off: name a model that can \
                                 answer in JSON with SHEAF_LLM_MODEL"
                                    .to_owned(),
                            );
                        }
                    }
                    continue;
                }
                Err(error) => error,
            };
            debug!(%error, tries, "the language model did not answer");
            match error {
                CallError::Busy(wait) => {
                    let wait = wait.unwrap_or(BUSY);
                    self.gate.busy(wait);
                }
                CallError::Rejected(_) => self.gate.rejected(&error.to_string()),
                // The server is there: somebody's long documents must not close the gate for all others.
                CallError::Unfit(reason) => {
                    self.gate.answered();
                    return Asked::Unavailable(reason);
                }
                CallError::Failed(_) => {
                    self.gate.failed(&error.to_string());
                    tries += 1;
                    if tries >= MOST_TRIES {
                        return Asked::Unavailable(error.to_string());
                    }
                    sleep(jittered(FIRST_PAUSE * 3u32.pow(tries - 1))).await;
                }
            }
        }
    }

    /// One exchange, within the limits, and what it took.
    async fn exchange(
        &self,
        prompt: &Prompt,
        images: &[Image],
        most_tokens: u32,
        used: &mut LlmUsage,
    ) -> Result<Exchange, CallError> {
        let body = self.client.body(prompt, images, most_tokens);
        self.gate.pace(body.len()).await;
        let started = Instant::now();
        used.calls += 1;
        used.bytes_sent += body.len() as u64;
        let result = self.client.send(body).await;
        let took = started.elapsed();
        used.duration_ms += u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        metrics::histogram!(LLM_SECONDS).record(took.as_secs_f64());
        if let Ok(exchange) = &result {
            self.gate.answered();
            used.input_tokens += exchange.input_tokens;
            used.output_tokens += exchange.output_tokens;
            metrics::counter!(LLM_TOKENS, "direction" => "input").increment(exchange.input_tokens);
            metrics::counter!(LLM_TOKENS, "direction" => "output").increment(exchange.output_tokens);
        }
        result
    }

    /// Sends a small question, once: what `sheaf doctor` tells.
    ///
    /// # Errors
    /// Why there is no answer, with the way out.
    pub async fn probe(&self) -> Result<LlmUsage, String> {
        let prompt = Prompt {
            system: "You are asked whether you are there.".to_owned(),
            user: "Answer with the JSON object {\"ready\": true}.".to_owned(),
            schema: serde_json::json!({
                "type": "object", "properties": {"ready": {"type": "boolean"}}, "required": ["ready"],
                "additionalProperties": false}),
        };
        let mut used = LlmUsage { model: self.config.model.clone(), ..LlmUsage::default() };
        match self.exchange(&prompt, &[], ANSWER_TOKENS, &mut used).await {
            Ok(exchange) if json::parse(&exchange.text).is_some() => Ok(used),
            Ok(_) => {
                warn!("the language model's answer to a simple question is no JSON");
                Err("it answers, but not in JSON: name another model with SHEAF_LLM_MODEL".to_owned())
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Up to a quarter longer, so that those who wait together do not come back together.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(1.0 + 0.25 * rand::random::<f64>())
}
