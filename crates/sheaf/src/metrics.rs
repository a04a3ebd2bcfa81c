//! What is counted and timed, for `/metrics`. Nothing in it names an account or a document.
//!
//! Counts are of this process; how much waits is asked of the store when somebody looks ([`observe`]), and so the same in
//! every process of an instance.

use std::sync::OnceLock;

use metrics::{describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sheaf_store::Store;

/// Documents that ended here, by `outcome` and, for those that failed, the error's `code`.
pub(crate) const DOCUMENTS: &str = "sheaf_documents_total";
/// Seconds that a document spent in a `stage`, `fetch` or `read`, and that a group of them spent in `commit`.
pub(crate) const STAGE: &str = "sheaf_stage_seconds";
/// Readers that were started; more than slots means that some were lost or replaced.
pub(crate) const READER_STARTS: &str = "sheaf_reader_starts_total";
/// Attempts to deliver a webhook, by `result`.
pub(crate) const WEBHOOK_ATTEMPTS: &str = "sheaf_webhook_attempts_total";
/// Seconds until a request's answer began, by `method` and `status`.
pub(crate) const REQUESTS: &str = "sheaf_http_request_seconds";

/// Questions to the language model, by `result`.
pub(crate) const LLM_CALLS: &str = "sheaf_llm_questions_total";
/// Tokens sent to and answered by the language model, by `direction`.
pub(crate) const LLM_TOKENS: &str = "sheaf_llm_tokens_total";
/// Seconds until the language model answered, or did not.
pub(crate) const LLM_SECONDS: &str = "sheaf_llm_seconds";

const PENDING: &str = "sheaf_queue_pending";
const RUNNING: &str = "sheaf_queue_running";
const OLDEST: &str = "sheaf_queue_oldest_pending_seconds";
const WORKERS: &str = "sheaf_workers_alive";
const WEBHOOKS_PENDING: &str = "sheaf_webhook_deliveries_pending";

/// From a tenth of a commit to the longest scan, in seconds.
const BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// What this process counts, once it is told to; the same for whoever asks.
pub fn recorder() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        // Fails only where there are no buckets.
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).unwrap_or_default();
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("somebody else counts in this process: /metrics stays empty");
        }
        describe();
        handle
    })
}

/// The counts in the text format of Prometheus.
///
/// # Errors
/// Where the store cannot say how much waits.
pub async fn observe(store: &Store, workers_alive: usize) -> sheaf_store::Result<String> {
    let recorder = recorder();
    let depth = store.queue_depth().await?;
    gauge!(PENDING).set(depth.pending as f64);
    gauge!(RUNNING).set(depth.running as f64);
    gauge!(OLDEST).set(depth.oldest_pending_ms.map_or(0.0, |ms| ms as f64 / 1_000.0));
    gauge!(WEBHOOKS_PENDING).set(store.pending_deliveries().await? as f64);
    gauge!(WORKERS).set(workers_alive as f64);
    recorder.run_upkeep();
    Ok(recorder.render())
}

fn describe() {
    describe_gauge!(PENDING, "Documents that wait for a worker, in the whole instance");
    describe_gauge!(RUNNING, "Documents with a worker, in the whole instance");
    describe_gauge!(OLDEST, "Age of the oldest document that waits, in seconds");
    describe_gauge!(WEBHOOKS_PENDING, "Deliveries of webhooks that have not arrived, in the whole instance");
    describe_gauge!(WORKERS, "Workers of this process that are alive");
    describe_counter!(DOCUMENTS, "Documents that ended in this process, by outcome and error code");
    describe_histogram!(STAGE, "Seconds a document spent in a stage");
    describe_counter!(READER_STARTS, "Reader processes that were started");
    describe_counter!(WEBHOOK_ATTEMPTS, "Attempts to deliver a webhook, by result");
    describe_counter!(LLM_CALLS, "Questions to the language model, by what came of them");
    describe_counter!(LLM_TOKENS, "Tokens sent to and answered by the language model");
    describe_histogram!(LLM_SECONDS, "Seconds until the language model answered, or did not");
    describe_histogram!(REQUESTS, "Seconds until the answer of a request began");
}
