//! Who may ask, and when: so many at a time, so many tokens a minute, nobody while the server is busy or out of order.
//!
//! ```text
//!            failures in a row                     a time
//!   open ─────────────────────► closed ──────────────────────► one asks ──answer──► open
//!     │  busy: until it says      ▲                                │
//!     └───────────────────────────┴───────────no answer────────────┘
//! ```
//!
//! Documents wait while it is closed, and while one of them asks whether it may open. Once that has lasted longer than the patience configured, or the server refuses the key,
//! they fail instead, until one that asks gets an answer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep};

use super::config::LlmConfig;

/// Failures in a row that close the gate.
const MOST_FAILURES: u32 = 4;
/// How long it stays closed at first; twice as long with each further failure.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often those who wait look what came of the one that asks.
const TRIAL_POLL: Duration = Duration::from_secs(1);
/// Bytes of a request that make a token, by estimate, and tokens that an answer has.
const BYTES_A_TOKEN: usize = 4;
const ANSWER_TOKENS: u64 = 500;

/// That the model does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// Since when.
    pub since: SystemTime,
    /// When it is tried again.
    pub until: SystemTime,
    /// A sentence without its full stop.
    pub reason: String,
}

/// Whether a question may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Admission {
    Open,
    /// For so long.
    Closed(Duration),
    /// It has been closed for too long; why.
    GivenUp(String),
}

pub(super) struct Gate {
    turns: Semaphore,
    tokens_per_minute: Option<u64>,
    patience: Duration,
    /// How long one who tries whether it is open again may take.
    trial: Duration,
    state: Mutex<State>,
}

struct State {
    /// Without an answer in between.
    failures: u32,
    /// The first failure, or refusal for being busy, without an answer since.
    since: Option<(Instant, SystemTime)>,
    closed_until: Option<Instant>,
    /// One asks whether it may open, at the latest until then.
    trial_until: Option<Instant>,
    reason: String,
    /// Waiting will not help.
    is_rejected: bool,
    /// When the tokens that were spent are paid for.
    paid_at: Instant,
}

impl Gate {
    pub(super) fn new(config: &LlmConfig) -> Self {
        let state = State {
            failures: 0,
            since: None,
            closed_until: None,
            trial_until: None,
            reason: String::new(),
            is_rejected: false,
            paid_at: Instant::now(),
        };
        Self {
            turns: Semaphore::new(config.concurrency),
            tokens_per_minute: config.tokens_per_minute,
            patience: config.patience,
            trial: config.timeout,
            state: Mutex::new(state),
        }
    }

    /// Waits for a turn among those that ask at a time.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // Never closed, so a turn always comes.
        self.turns.acquire().await.ok()
    }

    /// Whether a question may be sent now. After an outage the first one may, and the others wait for what comes of it.
    pub(super) fn admit(&self) -> Admission {
        let now = Instant::now();
        let mut state = self.state();
        match state.closed_until {
            None => Admission::Open,
            Some(_) if !state.is_shut(now) => {
                state.trial_until = Some(now + self.trial);
                Admission::Open
            }
            Some(_) if self.is_given_up(&state) => Admission::GivenUp(state.reason.clone()),
            Some(until) if until > now => Admission::Closed(until - now),
            Some(_) => Admission::Closed(TRIAL_POLL),
        }
    }

    /// Why documents fail for now instead of waiting.
    pub(super) fn given_up(&self) -> Option<String> {
        let state = self.state();
        (state.is_shut(Instant::now()) && self.is_given_up(&state)).then(|| state.reason.clone())
    }

    /// Whether a question would be sent, or at least its document not wait.
    pub(super) fn is_open(&self) -> bool {
        let state = self.state();
        !state.is_shut(Instant::now()) || self.is_given_up(&state)
    }

    pub(super) fn outage(&self) -> Option<Outage> {
        let state = self.state();
        let (until, (_, since)) = state.closed_until.zip(state.since)?;
        let left = until.saturating_duration_since(Instant::now());
        let until = SystemTime::now() + left;
        Some(Outage { since, until, reason: state.reason.clone() })
    }

    /// The server answered.
    pub(super) fn answered(&self) {
        let mut state = self.state();
        state.failures = 0;
        state.since = None;
        state.closed_until = None;
        state.trial_until = None;
        state.is_rejected = false;
    }

    /// The server did not.
    pub(super) fn failed(&self, reason: &str) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        let more = state.failures.saturating_sub(MOST_FAILURES);
        // Whoever tried whether it is open again has found that it is not.
        if state.failures >= MOST_FAILURES || state.closed_until.is_some() {
            let pause = FIRST_PAUSE.saturating_mul(1 << more.min(8)).min(LONGEST_PAUSE);
            // What fails instead of waiting is tried all the more often, so that a retry finds a server that is back.
            state.note(reason);
            let pause = if self.is_given_up(&state) { FIRST_PAUSE } else { pause };
            state.close(pause, reason);
        } else {
            state.note(reason);
        }
    }

    /// The server asks to be left alone for a time.
    pub(super) fn busy(&self, pause: Duration) {
        self.state().close(pause, "its server is busy");
    }

    /// The server does not take such requests, however often.
    pub(super) fn rejected(&self, reason: &str) {
        let mut state = self.state();
        state.is_rejected = true;
        state.close(FIRST_PAUSE, reason);
    }

    /// Waits until the tokens of a request of so many bytes may be sent.
    pub(super) async fn pace(&self, bytes: usize) {
        let Some(a_minute) = self.tokens_per_minute else { return };
        let tokens = (bytes / BYTES_A_TOKEN) as u64 + ANSWER_TOKENS;
        let cost = Duration::from_secs_f64(60.0 * tokens as f64 / a_minute as f64);
        let due = {
            let mut state = self.state();
            let now = Instant::now();
            let from = state.paid_at.max(now);
            state.paid_at = from + cost;
            // A minute's worth may be spent at once.
            state.paid_at.checked_sub(Duration::from_secs(60)).unwrap_or(now)
        };
        sleep(due.saturating_duration_since(Instant::now())).await;
    }

    fn is_given_up(&self, state: &State) -> bool {
        state.is_rejected || state.since.is_some_and(|(since, _)| since.elapsed() >= self.patience)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn note(&mut self, reason: &str) {
        self.since.get_or_insert_with(|| (Instant::now(), SystemTime::now()));
        reason.clone_into(&mut self.reason);
    }

    fn close(&mut self, pause: Duration, reason: &str) {
        self.note(reason);
        self.closed_until = Some(Instant::now() + pause);
        self.trial_until = None;
    }

    /// Whether nobody may ask: it is closed, or somebody tries whether it may open.
    fn is_shut(&self, now: Instant) -> bool {
        self.closed_until.is_some_and(|until| until > now)
            || self.trial_until.is_some_and(|until| until > now)
    }
}

impl Outage {
    /// Milliseconds since 1970 of its beginning and of the next try.
    #[must_use]
    pub fn in_ms(&self) -> (i64, i64) {
        let ms = |time: SystemTime| {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        };
        (ms(self.since), ms(self.until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::Provider;
    use reqwest::Url;
    use sheaf_extract::llm::Scope;

    fn gate(tokens_per_minute: Option<u64>) -> Gate {
        Gate::new(&LlmConfig {
            provider: Provider::Openai,
            base_url: Url::parse("http://localhost/v1").unwrap(),
            model: "m".into(),
            api_key: None,
            scope: Scope::Open,
            timeout: Duration::from_secs(30),
            concurrency: 2,
            tokens_per_minute,
            context_tokens: 1_000,
            patience: Duration::from_secs(100),
            vision: false,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_close_it_and_one_answer_opens_it() {
        let gate = gate(None);
        for _ in 1..MOST_FAILURES {
            gate.failed("down");
            assert_eq!(gate.admit(), Admission::Open);
        }
        gate.failed("down");
        assert_eq!(gate.admit(), Admission::Closed(FIRST_PAUSE));
        assert!(!gate.is_open());
        assert_eq!(gate.outage().map(|outage| outage.reason), Some("down".to_owned()));
        sleep(FIRST_PAUSE).await;
        assert!(gate.is_open());
        assert_eq!(gate.admit(), Admission::Open, "one may try");
        assert_eq!(gate.admit(), Admission::Closed(TRIAL_POLL), "the others wait for what comes of it");
        gate.failed("down");
        assert_eq!(gate.admit(), Admission::Closed(FIRST_PAUSE * 2));
        sleep(FIRST_PAUSE * 2).await;
        assert_eq!(gate.admit(), Admission::Open);
        gate.answered();
        assert_eq!((gate.admit(), gate.outage()), (Admission::Open, None));
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_and_a_refused_key_is_not_waited_for() {
        let patient = gate(None);
        (0..MOST_FAILURES).for_each(|_| patient.failed("down"));
        sleep(Duration::from_secs(100)).await;
        assert_eq!(patient.admit(), Admission::Open, "it is tried all the same");
        assert_eq!(patient.admit(), Admission::GivenUp("down".to_owned()));
        patient.failed("down");
        assert_eq!(patient.given_up().as_deref(), Some("down"));
        sleep(FIRST_PAUSE).await;
        assert_eq!(patient.given_up(), None, "a retry finds a server that is back");
        assert!(patient.is_open(), "documents are started to fail");

        let rejected = gate(None);
        rejected.rejected("bad key");
        assert_eq!(rejected.admit(), Admission::GivenUp("bad key".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_server_is_left_alone_as_long_as_it_says() {
        let gate = gate(None);
        gate.busy(Duration::from_secs(20));
        assert_eq!(gate.admit(), Admission::Closed(Duration::from_secs(20)));
        sleep(Duration::from_secs(20)).await;
        assert_eq!(gate.admit(), Admission::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_are_spread_over_the_minutes() {
        let gate = gate(Some(1_000));
        let started = Instant::now();
        // 1,000 tokens each: the first minute has them at once, then one a minute.
        for _ in 0..4 {
            gate.pace(2_000).await;
        }
        let took = started.elapsed();
        assert!((Duration::from_secs(179)..=Duration::from_secs(181)).contains(&took), "{took:?}");
    }
}
