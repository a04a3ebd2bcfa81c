//! What somebody does to a batch after it was made: cancel it, retry what failed, delete it.

use sheaf_types::{Batch, BatchId, UserId};
use uuid::Uuid;

use crate::Store;
use crate::batch::{NOT_FOUND, read_batch};
use crate::changes::end_batch;
use crate::db::{Tx, commit, execute, fetch_all, fetch_one, fetch_optional};
use crate::error::{Result, StoreError};
use crate::hint::Hint;
use crate::llm;
use crate::queue;
use crate::usage::refund;

/// How often a cancellation lets workers go first that were just claiming documents of the batch.
const CANCEL_TRIES: u32 = 20;

impl Store {
    /// Cancels and refunds what waits. What runs may end, or stops when its worker hears of it; what ended stays. To cancel
    /// a batch again while documents of it run changes nothing.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` where the batch is terminal.
    pub async fn cancel_batch(&self, user: UserId, id: BatchId) -> Result<Batch> {
        let mut tries = 0..CANCEL_TRIES;
        loop {
            let cancelled = self.try_cancel(user, id, tries.next().is_none()).await?;
            if let Some(batch) = cancelled {
                return Ok(batch);
            }
        }
    }

    /// `None`, and nothing has changed, where a worker is just claiming a document of the batch, which the answer would show
    /// as pending; but with `must` it cancels all the same.
    async fn try_cancel(&self, user: UserId, id: BatchId, must: bool) -> Result<Option<Batch>> {
        let now = self.clock().now();
        let mut tx = self.db().write().await?;
        if let Tx::Postgres(c) = &mut tx {
            // Claims that are under way end first, so that the answer has nothing pending.
            sqlx::query(
                "select e.id from extraction e join batch b on b.id = e.batch_id
                 where b.id = $1 and b.account_id = $2 and e.status = 'pending' order by e.id for update of e",
            )
            .bind(id.0)
            .bind(user.0)
            .execute(&mut **c)
            .await?;
        }
        if lock(&mut tx, user, id).await?.finished_at.is_some() {
            return Err(StoreError::Conflict("the batch has ended: there is nothing left to cancel".into()));
        }
        execute!(
            &mut tx,
            "update batch set cancelled_at = $2 where id = $1 and cancelled_at is null",
            id.0,
            now
        )?;
        let sql = match &tx {
            Tx::Sqlite(_) => {
                "update extraction set status = 'cancelled', finished_at = $2
                 where batch_id = $1 and status = 'pending' returning debit_month"
            }
            // What is locked is being claimed, by somebody who waits for this batch and then cancels it there.
            Tx::Postgres(_) => {
                "with waiting as materialized (
                     select id from extraction where batch_id = $1 and status = 'pending' for update skip locked
                 )
                 update extraction e set status = 'cancelled', finished_at = $2
                 from waiting where e.id = waiting.id returning e.debit_month"
            }
        };
        let mut months: Vec<(i64,)> = fetch_all!(&mut tx, sql, id.0, now)?;
        end_batch(&mut tx, id.0, now).await?;
        months.sort_unstable();
        for same in months.chunk_by(|a, b| a == b) {
            refund(&mut tx, user, same[0].0, same.len() as i64).await?;
        }
        let batch = read_batch(&mut tx, id, now).await?;
        if batch.counts.pending > 0 && !must {
            return Ok(None);
        }
        commit(tx).await?;
        self.hint_here(Hint::Finished);
        self.hint(Hint::Cancelled);
        Ok(Some(batch))
    }

    /// Puts what failed back into the queue with all of its attempts. All of it was refunded when it failed, so it is
    /// debited again, from the current month.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` where nothing failed or the batch was cancelled; `QuotaExceeded`, and then nothing is retried.
    pub async fn retry_batch(&self, user: UserId, id: BatchId) -> Result<Batch> {
        let now = self.clock().now();
        let mut tx = self.db().write().await?;
        if lock(&mut tx, user, id).await?.cancelled_at.is_some() {
            return Err(StoreError::Conflict(
                "the batch was cancelled: make a new one of the documents that are still wanted".into(),
            ));
        }
        let (failed,): (i64,) = fetch_one!(
            &mut tx,
            "select count(*) from extraction where batch_id = $1 and status = 'failed'",
            id.0
        )?;
        if failed == 0 {
            return Err(StoreError::Conflict("no document of the batch has failed".into()));
        }
        let month = self.debit(&mut tx, user, failed).await?;
        let start = queue::reserve(&mut tx, user, failed).await?;
        execute!(
            &mut tx,
            "delete from extraction_result where extraction_id in (
                 select id from extraction where batch_id = $1 and status = 'failed')",
            id.0,
        )?;
        // Attempts count on, so that a result of one before this can never be taken for one after.
        execute!(
            &mut tx,
            "update extraction set status = 'pending', attempts_before = attempt, not_before = 0, started_at = null,
                 finished_at = null, debit_month = $2, order_key = $3 + failed.place
             from (
                 select id as failed_id, row_number() over (order by position) - 1 as place
                 from extraction where batch_id = $1 and status = 'failed'
             ) as failed
             where id = failed_id",
            id.0,
            month,
            start,
        )?;
        execute!(&mut tx, "update batch set finished_at = null where id = $1", id.0)?;
        let batch = read_batch(&mut tx, id, now).await?;
        commit(tx).await?;
        self.hint(Hint::Enqueued);
        Ok(batch)
    }

    /// Forgets a batch and its results. Its documents stay, and what was used stays used.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` where the batch is not terminal.
    pub async fn delete_batch(&self, user: UserId, id: BatchId) -> Result<()> {
        let mut tx = self.db().write().await?;
        if lock(&mut tx, user, id).await?.finished_at.is_none() {
            return Err(StoreError::Conflict(
                "the batch has not ended: cancel it first, or wait until it has".into(),
            ));
        }
        remove_batch(&mut tx, id.0).await?;
        commit(tx).await
    }
}

/// Removes a batch and its results. It has ended, and is locked.
pub(crate) async fn remove_batch(tx: &mut Tx, batch: Uuid) -> Result<()> {
    if let Tx::Postgres(c) = &mut *tx {
        // Whoever decides about a field locks its extraction first, too.
        let lock = "select id from extraction where batch_id = $1 order by id for update";
        sqlx::query(lock).bind(batch).execute(&mut **c).await?;
    }
    execute!(
        &mut *tx,
        "delete from review_item where extraction_id in (select id from extraction where batch_id = $1)",
        batch,
    )?;
    llm::forget_batch_usage(tx, batch).await?;
    execute!(
        &mut *tx,
        "delete from extraction_result where extraction_id in (select id from extraction where batch_id = $1)",
        batch,
    )?;
    execute!(&mut *tx, "delete from extraction where batch_id = $1", batch)?;
    execute!(tx, "delete from batch where id = $1", batch)?;
    Ok(())
}

/// Removes what single extractions found of a document. They have ended.
pub(crate) async fn remove_extractions(tx: &mut Tx, document: Uuid) -> Result<()> {
    if let Tx::Postgres(c) = &mut *tx {
        let lock = "select id from extraction where document_id = $1 order by id for update";
        sqlx::query(lock).bind(document).execute(&mut **c).await?;
    }
    execute!(
        &mut *tx,
        "delete from review_item where extraction_id in (select id from extraction where document_id = $1)",
        document,
    )?;
    llm::forget_document(tx, document).await?;
    execute!(
        &mut *tx,
        "delete from extraction_result where extraction_id in (select id from extraction where document_id = $1)",
        document,
    )?;
    execute!(tx, "delete from extraction where document_id = $1", document)?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Locked {
    finished_at: Option<i64>,
    cancelled_at: Option<i64>,
}

/// Locks a batch against everybody who claims, ends or puts back rows of it.
async fn lock(tx: &mut Tx, user: UserId, id: BatchId) -> Result<Locked> {
    let sql = match &*tx {
        Tx::Sqlite(_) => "select finished_at, cancelled_at from batch where id = $1 and account_id = $2",
        Tx::Postgres(_) => {
            "select finished_at, cancelled_at from batch where id = $1 and account_id = $2 for update"
        }
    };
    let row: Option<Locked> = fetch_optional!(tx, sql, id.0, user.0)?;
    row.ok_or(NOT_FOUND)
}
