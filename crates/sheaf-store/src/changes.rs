//! Writing what came of claims, and what follows from it for documents, batches and usage.
//!
//! A transaction writes its extractions first and then, in [`Changes::settle`], what hangs on them. All transactions take
//! PostgreSQL's row locks in one order, so that none waits for another in a circle: extractions by id, documents,
//! batches, usage. What looks for extractions to take skips those that are locked.
//!
//! Whoever leaves an extraction of a batch pending or running looks, with the batch locked, whether it was cancelled, and
//! then cancels it: so after [`Store::cancel_batch`](crate::Store::cancel_batch) nothing of the batch starts, even where
//! its statement could not see the row.

use std::collections::{BTreeMap, HashSet};

use sheaf_types::{ErrorCode, ExtractionError, ExtractionId, Status, UserId};
use uuid::Uuid;

use crate::db::{Tx, execute, fetch_all, fetch_one, fetch_optional};
use crate::error::Result;
use crate::outbox;
use crate::queue::{Finished, MOST_ATTEMPTS, Outcome};
use crate::review::open_items;
use crate::template::number;
use crate::usage::refund;

/// Lost leases that a claim looks after; what is left waits for the next claim.
const MOST_RECLAIMED: i64 = 100;

/// Whose an extraction is and which month paid for it.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(crate) struct OpenRow {
    account_id: Uuid,
    batch_id: Option<Uuid>,
    debit_month: i64,
}

/// What the rows written so far in a transaction entail.
#[derive(Default)]
pub(crate) struct Changes {
    /// Outcomes that were written.
    pub(crate) written: u64,
    /// Whether something can be claimed again.
    pub(crate) requeued: bool,
    /// Whether something ended.
    pub(crate) ended: bool,
    /// Whether something ended that somebody may be waiting for in another process.
    pub(crate) single_ended: bool,
    /// What was left open and then found to be of a cancelled batch.
    pub(crate) cancelled: HashSet<Uuid>,
    pages: BTreeMap<Uuid, i64>,
    batches: BTreeMap<Uuid, BatchChanges>,
    refunds: BTreeMap<(Uuid, i64), i64>,
    /// By account.
    need_review: BTreeMap<Uuid, Vec<Uuid>>,
}

#[derive(Default)]
struct BatchChanges {
    /// Whether rows ended or went back to the queue, beside those that were claimed.
    returned: bool,
    claimed: bool,
    /// Rows that this transaction leaves pending or running.
    open: Vec<(Uuid, OpenRow)>,
}

impl Changes {
    /// Notes a row that was claimed.
    pub(crate) fn claimed(&mut self, id: Uuid, row: OpenRow) {
        if let Some(batch) = row.batch_id {
            let changes = self.batches.entry(batch).or_default();
            changes.claimed = true;
            changes.open.push((id, row));
        }
    }

    /// Writes outcomes, sorted because a heartbeat may be locking the same rows.
    pub(crate) async fn write_all(
        &mut self,
        tx: &mut Tx,
        now: i64,
        worker: &str,
        finished: &[Finished],
    ) -> Result<()> {
        let mut sorted: Vec<&Finished> = finished.iter().collect();
        sorted.sort_by_key(|one| one.extraction_id);
        for one in sorted {
            self.write(tx, now, worker, one).await?;
        }
        Ok(())
    }

    /// Ends the claims of workers that have not been heard of.
    pub(crate) async fn reclaim(&mut self, tx: &mut Tx, now: i64) -> Result<()> {
        let sql = match tx {
            Tx::Sqlite(_) => {
                "select id, worker, attempt from extraction where status = 'running' and lease_until < $1
                 order by lease_until limit $2"
            }
            Tx::Postgres(_) => {
                "select id, worker, attempt from extraction where status = 'running' and lease_until < $1
                 order by lease_until limit $2 for update skip locked"
            }
        };
        let lost: Vec<(Uuid, String, i64)> = fetch_all!(&mut *tx, sql, now, MOST_RECLAIMED)?;
        for (id, worker, attempt) in lost {
            let detail = "the worker that ran this document stopped answering and no attempts are left: it may be the \
                          document that does it";
            let error = ExtractionError::new(ErrorCode::Crashed, detail);
            let outcome = Outcome::Failed { error, pages: None };
            tracing::warn!(extraction = %id, attempt, "a worker stopped answering, its document is taken back");
            let one = Finished { extraction_id: ExtractionId(id), attempt: number(attempt), outcome };
            self.write(tx, now, &worker, &one).await?;
        }
        Ok(())
    }

    /// Does what follows from the rows: pages of documents, starts and ends of batches, refunds,
    /// what webhooks are told. Comes last.
    pub(crate) async fn settle(&mut self, tx: &mut Tx, now: i64) -> Result<()> {
        for (&document, &pages) in &self.pages {
            execute!(
                &mut *tx,
                "update document set pages = $2 where id = $1 and pages is null",
                document,
                pages
            )?;
        }
        for (batch, changes) in std::mem::take(&mut self.batches) {
            self.settle_batch(tx, now, batch, changes).await?;
        }
        for (&(account, month), &n) in &self.refunds {
            refund(tx, UserId(account), month, n).await?;
        }
        for (&account, extractions) in &self.need_review {
            outbox::need_review(tx, account, extractions, now).await?;
        }
        Ok(())
    }

    /// Writes one outcome, where the row is still with this worker in this attempt.
    async fn write(&mut self, tx: &mut Tx, now: i64, worker: &str, one: &Finished) -> Result<()> {
        let attempt = i64::from(one.attempt);
        let (status, attempt_after, not_before) = match &one.outcome {
            Outcome::Done { fields, .. } => (Status::of_fields(fields), attempt, 0),
            Outcome::Failed { error, .. } if error.retryable => {
                let before: Option<(i64,)> = fetch_optional!(
                    &mut *tx,
                    "select attempts_before from extraction where id = $1",
                    one.extraction_id.0
                )?;
                let counted = attempt - before.map_or(0, |(before,)| before);
                if counted < i64::from(MOST_ATTEMPTS) {
                    (Status::Pending, attempt, now + (1_000 << counted.max(0)))
                } else {
                    (Status::Failed, attempt, 0)
                }
            }
            Outcome::Failed { .. } => (Status::Failed, attempt, 0),
            Outcome::Released => (Status::Pending, attempt - 1, 0),
            Outcome::Snoozed { for_ms } => (Status::Pending, attempt - 1, now + for_ms.max(&0)),
        };
        let row: Option<(Uuid, Option<Uuid>, i64, Uuid)> = fetch_optional!(
            &mut *tx,
            "update extraction set status = $4, attempt = $5, not_before = $6, finished_at = $7,
                 worker = null, lease_until = null
             where id = $1 and worker = $2 and attempt = $3 and status = 'running'
             returning account_id, batch_id, debit_month, document_id",
            one.extraction_id.0,
            worker,
            attempt,
            status.as_str(),
            attempt_after,
            not_before,
            status.is_terminal().then_some(now),
        )?;
        let Some((account_id, batch_id, debit_month, document)) = row else { return Ok(()) };

        self.written += 1;
        if let Outcome::Done { pages, .. } | Outcome::Failed { pages: Some(pages), .. } = &one.outcome {
            self.pages.insert(document, i64::from(*pages));
        }
        let open = !status.is_terminal();
        self.requeued |= open;
        self.ended |= !open;
        self.single_ended |= !open && batch_id.is_none();
        if let Some(batch) = batch_id {
            let changes = self.batches.entry(batch).or_default();
            changes.returned = true;
            if open {
                let row = OpenRow { account_id, batch_id, debit_month };
                changes.open.push((one.extraction_id.0, row));
            }
        }
        if open {
            return Ok(());
        }
        if status == Status::Failed {
            *self.refunds.entry((account_id, debit_month)).or_default() += 1;
        }
        if status == Status::NeedsReview {
            self.need_review.entry(account_id).or_default().push(one.extraction_id.0);
        }
        insert_result(tx, one).await?;
        if let Outcome::Done { fields, .. } = &one.outcome {
            open_items(tx, (account_id, batch_id, one.extraction_id.0), fields, now).await?;
        }
        Ok(())
    }

    async fn settle_batch(
        &mut self,
        tx: &mut Tx,
        now: i64,
        batch: Uuid,
        changes: BatchChanges,
    ) -> Result<()> {
        let (cancelled_at, started_at) = lock_batch(tx, batch, changes.returned).await?;
        if changes.claimed && started_at.is_none() {
            execute!(
                &mut *tx,
                "update batch set started_at = $2 where id = $1 and started_at is null",
                batch,
                now
            )?;
        }
        let cancelling = cancelled_at.is_some() && !changes.open.is_empty();
        if cancelling {
            if !changes.returned {
                lock_batch(tx, batch, true).await?;
            }
            for (id, row) in changes.open {
                self.cancel_open(tx, now, id, row).await?;
            }
        }
        if changes.returned || cancelling {
            end_batch(tx, batch, now).await?;
        }
        Ok(())
    }

    /// Cancels a row that this transaction has just claimed or put back.
    async fn cancel_open(&mut self, tx: &mut Tx, now: i64, id: Uuid, row: OpenRow) -> Result<()> {
        // A row that was put back and claimed again within this transaction stands here twice.
        if !self.cancelled.insert(id) {
            return Ok(());
        }
        execute!(
            &mut *tx,
            "update extraction set attempt = case when status = 'running' then attempt - 1 else attempt end,
                 status = 'cancelled', finished_at = $2, worker = null, lease_until = null
             where id = $1",
            id,
            now,
        )?;
        self.ended = true;
        *self.refunds.entry((row.account_id, row.debit_month)).or_default() += 1;
        Ok(())
    }
}

/// Locks a batch and answers when it was cancelled and started.
///
/// Two transactions that end a batch's last two rows do not see each other's: with `ending` the second waits here, and its
/// next statement sees the first's. Without, only a cancellation waits.
async fn lock_batch(tx: &mut Tx, batch: Uuid, ending: bool) -> Result<(Option<i64>, Option<i64>)> {
    let sql = match (&*tx, ending) {
        (Tx::Sqlite(_), _) => "select cancelled_at, started_at from batch where id = $1",
        (Tx::Postgres(_), true) => {
            "select cancelled_at, started_at from batch where id = $1 for no key update"
        }
        (Tx::Postgres(_), false) => "select cancelled_at, started_at from batch where id = $1 for key share",
    };
    Ok(fetch_one!(tx, sql, batch)?)
}

/// Ends a batch of which nothing waits or runs any more. The batch is locked.
pub(crate) async fn end_batch(tx: &mut Tx, batch: Uuid, now: i64) -> Result<()> {
    let ended = execute!(
        &mut *tx,
        "update batch set finished_at = $2 where id = $1 and finished_at is null and not exists (
             select 1 from extraction where batch_id = $1 and status in ('pending', 'running'))",
        batch,
        now,
    )?;
    if ended == 1 { outbox::batch_ended(tx, batch, now).await } else { Ok(()) }
}

async fn insert_result(tx: &mut Tx, one: &Finished) -> Result<()> {
    let (engine, warnings, error, fields) = match &one.outcome {
        Outcome::Done { engine, warnings, fields, .. } => (
            Some(serde_json::to_string(engine)?),
            Some(serde_json::to_string(warnings)?),
            None,
            Some(serde_json::to_string(fields)?),
        ),
        Outcome::Failed { error, .. } => (None, None, Some(serde_json::to_string(error)?), None),
        Outcome::Released | Outcome::Snoozed { .. } => return Ok(()),
    };
    execute!(
        tx,
        "insert into extraction_result (extraction_id, engine, warnings, error, fields) values ($1, $2, $3, $4, $5)",
        one.extraction_id.0,
        &engine,
        &warnings,
        &error,
        &fields,
    )?;
    Ok(())
}
