//! What asking a language model took, the answers it gave, and whether it answers at all.

use sheaf_types::{ExtractionId, LlmUsage};
use uuid::Uuid;

use crate::Store;
use crate::db::{Conn, Tx, commit, execute, fetch_optional};
use crate::error::Result;
use crate::time::spoken;

/// How long after it was to end an outage is believed in, in milliseconds: its worker may have gone.
const OUTAGE_STALE_MS: i64 = 60_000;

/// An outage of the language model, as a worker sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LlmOutage {
    /// Milliseconds since 1970.
    pub since: i64,
    /// When it is tried again.
    pub until: i64,
    /// A sentence; never a document's content.
    pub reason: String,
}

/// The columns of a [`LlmUsage`] in a row that may have none.
#[derive(sqlx::FromRow)]
pub(crate) struct UsageRow {
    llm_model: Option<String>,
    llm_calls: Option<i64>,
    llm_replayed: Option<i64>,
    llm_input_tokens: Option<i64>,
    llm_output_tokens: Option<i64>,
    llm_duration_ms: Option<i64>,
    llm_bytes_sent: Option<i64>,
}

/// What asking took for the extractions of a batch, in all. A query of its own: every batch is polled, few ask.
macro_rules! batch_usage {
    ($on:expr, $batch:expr) => {
        $crate::db::fetch_one!(
            $on,
            "select max(model) as llm_model, cast(sum(calls) as bigint) as llm_calls,
                    cast(sum(replayed) as bigint) as llm_replayed,
                    cast(sum(input_tokens) as bigint) as llm_input_tokens,
                    cast(sum(output_tokens) as bigint) as llm_output_tokens,
                    cast(sum(duration_ms) as bigint) as llm_duration_ms,
                    cast(sum(bytes_sent) as bigint) as llm_bytes_sent
             from llm_usage where batch_id = $1",
            $batch.0,
        )
        .map(|row: $crate::llm::UsageRow| row.build())
    };
}
pub(crate) use batch_usage;

impl UsageRow {
    pub(crate) fn build(self) -> Option<LlmUsage> {
        let count = |n: Option<i64>| n.unwrap_or(0).unsigned_abs();
        Some(LlmUsage {
            model: self.llm_model?,
            calls: count(self.llm_calls),
            replayed: count(self.llm_replayed),
            input_tokens: count(self.llm_input_tokens),
            output_tokens: count(self.llm_output_tokens),
            duration_ms: count(self.llm_duration_ms),
            bytes_sent: count(self.llm_bytes_sent),
        })
    }
}

impl Store {
    /// The answer that was kept for a question, if the account of this extraction has asked it before.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn llm_answer(
        &self,
        extraction: ExtractionId,
        question_sha256: &[u8; 32],
    ) -> Result<Option<String>> {
        let mut conn = self.db().read().await?;
        let row: Option<(String,)> = fetch_optional!(
            &mut conn,
            "select a.answer from extraction e join llm_answer a on a.account_id = e.account_id
             where e.id = $1 and a.question_sha256 = $2",
            extraction.0,
            question_sha256.as_slice(),
        )?;
        Ok(row.map(|(answer,)| answer))
    }

    /// Notes what asking took, whatever comes of the extraction, and keeps the answer to a question. An extraction that is
    /// gone by now is passed over.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn note_llm(
        &self,
        extraction: ExtractionId,
        usage: &LlmUsage,
        answer: Option<(&[u8; 32], &str)>,
    ) -> Result<()> {
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let now = self.clock().now();
        let mut tx = self.db().write().await?;
        execute!(
            &mut tx,
            "insert into llm_usage (extraction_id, batch_id, model, calls, replayed, input_tokens, output_tokens,
                 duration_ms, bytes_sent)
             select e.id, e.batch_id, $2, $3, $4, $5, $6, $7, $8 from extraction e where e.id = $1
             on conflict (extraction_id) do update set
                 model = excluded.model,
                 calls = llm_usage.calls + excluded.calls,
                 replayed = llm_usage.replayed + excluded.replayed,
                 input_tokens = llm_usage.input_tokens + excluded.input_tokens,
                 output_tokens = llm_usage.output_tokens + excluded.output_tokens,
                 duration_ms = llm_usage.duration_ms + excluded.duration_ms,
                 bytes_sent = llm_usage.bytes_sent + excluded.bytes_sent",
            extraction.0,
            &usage.model,
            count(usage.calls),
            count(usage.replayed),
            count(usage.input_tokens),
            count(usage.output_tokens),
            count(usage.duration_ms),
            count(usage.bytes_sent),
        )?;
        if let Some((question_sha256, answer)) = answer {
            execute!(
                &mut tx,
                "insert into llm_answer (account_id, question_sha256, document_id, answer, created_at)
                 select e.account_id, $2, e.document_id, $3, $4 from extraction e where e.id = $1
                 on conflict (account_id, question_sha256) do nothing",
                extraction.0,
                question_sha256.as_slice(),
                answer,
                now,
            )?;
        }
        commit(tx).await
    }

    /// Tells everybody that the language model does not answer, or that it does again.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn set_llm_outage(&self, outage: Option<&LlmOutage>) -> Result<()> {
        let mut tx = self.db().write().await?;
        match outage {
            Some(outage) => execute!(
                &mut tx,
                "insert into llm_outage (id, since, until, reason) values (1, $1, $2, $3)
                 on conflict (id) do update set since = excluded.since, until = excluded.until,
                     reason = excluded.reason",
                outage.since,
                outage.until,
                &outage.reason,
            )?,
            None => execute!(&mut tx, "delete from llm_outage")?,
        };
        commit(tx).await
    }
}

/// Why what waits for the language model waits, in a sentence.
pub(crate) async fn notice(conn: &mut Conn, now: i64) -> Result<Option<String>> {
    let row: Option<(i64, i64, String)> = fetch_optional!(
        conn,
        "select since, until, reason from llm_outage where until > $1",
        now - OUTAGE_STALE_MS
    )?;
    Ok(row.map(|(since, until, reason)| {
        let (since, until) = (spoken(since), spoken(until));
        format!(
            "The language model has not answered since {since}: {reason}. It is tried again at {until}; documents that \
             wait for it then go on by themselves."
        )
    }))
}

/// Forgets what asking took for the extractions of a batch.
pub(crate) async fn forget_batch_usage(tx: &mut Tx, batch: Uuid) -> Result<()> {
    execute!(tx, "delete from llm_usage where batch_id = $1", batch)?;
    Ok(())
}

/// Forgets the answers about a document, and what asking took for its single extractions.
pub(crate) async fn forget_document(tx: &mut Tx, document: Uuid) -> Result<()> {
    execute!(
        &mut *tx,
        "delete from llm_usage where extraction_id in (select id from extraction where document_id = $1)",
        document,
    )?;
    execute!(tx, "delete from llm_answer where document_id = $1", document)?;
    Ok(())
}
