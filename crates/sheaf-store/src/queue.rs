//! The queue: claiming extractions, and writing what came of them.
//!
//! # Fair order
//!
//! `order_key` is stamped when work is made, by start-time fair queueing (P. Goyal, H. M. Vin, H. Cheng, "Start-time Fair
//! Queuing", SIGCOMM 1996): the queue has a virtual time, the key of what is being served; an account's batch starts at the
//! later of that and the end of the account's own last batch, and its documents follow one by one. So accounts that have
//! work take turns, whoever came first and however much it is, and one that had none gains nothing by that.
//! What somebody waits for ([`Store::create_extraction`]) has a negative key and comes before all batches.

use std::collections::{BTreeMap, BTreeSet};

use sheaf_types::{
    DocumentId, Engine, ErrorCode, ExtractionError, ExtractionId, FieldResult, MediaType, Status, TemplateId,
    Tier, UserId, Warning,
};
use uuid::Uuid;

use crate::Store;
use crate::batch::NewExtractions;
use crate::db::{Tx, commit, execute, fetch_all, fetch_one, fetch_optional};
use crate::document::media_type;
use crate::error::Result;
use crate::extraction::tier;
use crate::template::{number, usable_version};
use crate::usage::refund;

/// How long a worker has an extraction without a heartbeat, in milliseconds.
pub const LEASE_MS: i64 = 60_000;
/// How often an extraction is claimed before it fails for good.
pub const MOST_ATTEMPTS: u32 = 3;
/// Added to the time, gives the key of what somebody waits for: negative for any time, and in order of arrival.
const FRONT: i64 = i64::MIN / 2;
/// Lost leases that a claim looks after; what is left waits for the next claim.
const MOST_RECLAIMED: i64 = 100;

/// An extraction handed to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which.
    pub extraction_id: ExtractionId,
    /// Counted from 1; names this claim together with the worker.
    pub attempt: u32,
    /// What to read.
    pub document_id: DocumentId,
    /// Judged by content.
    pub media_type: MediaType,
    /// Names the blob ([`Store::blob`]).
    pub sha256: String,
    /// What to look for ([`Store::template_spec`]).
    pub template_id: TemplateId,
    /// Pinned when the work was made.
    pub template_version: u32,
    /// How far it may go.
    pub tier: Tier,
}

/// What came of a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The document was read; whether it needs review follows from the fields.
    Done {
        /// Pages of the document.
        pages: u32,
        /// What read it.
        engine: Engine,
        /// Pages that were not read whole.
        warnings: Vec<Warning>,
        /// One for each field of the template.
        fields: Vec<FieldResult>,
    },
    /// It was not. Goes back to the queue where the error is retryable and attempts are left.
    Failed {
        /// Why.
        error: ExtractionError,
        /// Pages of the document, where it came that far.
        pages: Option<u32>,
    },
    /// Handed back unread: the attempt does not count.
    Released,
}

/// What came of one claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// As claimed.
    pub extraction_id: ExtractionId,
    /// As claimed.
    pub attempt: u32,
    /// What came of it.
    pub outcome: Outcome,
}

/// How much waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueDepth {
    /// Extractions that wait for a worker.
    pub pending: u64,
    /// Extractions with a worker.
    pub running: u64,
    /// How long the oldest of the pending ones has been there, in milliseconds.
    pub oldest_pending_ms: Option<i64>,
}

impl Store {
    /// Queues one document before all batches.
    ///
    /// # Errors
    /// `NotFound` where the document or the template is unknown or another account's; `QuotaExceeded`.
    pub async fn create_extraction(
        &self,
        user: UserId,
        document: DocumentId,
        template: TemplateId,
        tier: Tier,
    ) -> Result<ExtractionId> {
        let (id, now) = (Uuid::now_v7(), self.clock().now());
        let mut tx = self.db().write().await?;
        let version = usable_version(&mut tx, user, template).await?;
        let month = self.debit(&mut tx, user, 1).await?;
        let new =
            NewExtractions { user, batch: None, template, version, tier, order_key: FRONT + now, now, month };
        new.insert(&mut tx, &[(id, 0, document, None)]).await?;
        commit(tx).await?;
        self.hint_enqueued();
        Ok(ExtractionId(id))
    }

    /// Hands up to `n` extractions to a worker, in fair order, for [`LEASE_MS`].
    ///
    /// Before that, rows whose lease ran out are treated as crashed: they go back to the queue, or fail where their
    /// attempts are used up.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn claim(&self, worker: &str, n: u32) -> Result<Vec<Claim>> {
        self.finish_and_claim(worker, &[], n).await
    }

    /// Writes what came of claims, in one transaction, and answers how many were still this worker's.
    ///
    /// # Errors
    /// Only those of the database; then nothing is written, and the same call can be made again.
    pub async fn finish(&self, worker: &str, finished: &[Finished]) -> Result<u64> {
        let now = self.clock().now();
        let mut tx = self.db().write().await?;
        let mut changes = Changes::default();
        changes.write_all(&mut tx, now, worker, finished).await?;
        changes.settle(&mut tx, now).await?;
        commit(tx).await?;
        self.hint(&changes);
        Ok(changes.written)
    }

    /// [`Store::finish`] and [`Store::claim`] in one transaction, so that a busy worker waits for the disk once a round.
    ///
    /// # Errors
    /// Only those of the database; then nothing is written or claimed, and the same call can be made again.
    pub async fn finish_and_claim(&self, worker: &str, finished: &[Finished], n: u32) -> Result<Vec<Claim>> {
        let now = self.clock().now();
        let mut tx = self.db().write().await?;
        let mut changes = Changes::default();
        changes.write_all(&mut tx, now, worker, finished).await?;
        changes.reclaim(&mut tx, now).await?;
        changes.settle(&mut tx, now).await?;
        let claims = claim(&mut tx, now, worker, n).await?;
        commit(tx).await?;
        self.hint(&changes);
        Ok(claims)
    }

    /// Prolongs the leases of claims, and answers those that are no longer this worker's: it should drop them.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn heartbeat(&self, worker: &str, claims: &[(ExtractionId, u32)]) -> Result<Vec<ExtractionId>> {
        let now = self.clock().now();
        let mut lost = Vec::new();
        let mut tx = self.db().write().await?;
        let mut sorted = claims.to_vec();
        sorted.sort_unstable();
        for (id, attempt) in sorted {
            let kept = execute!(
                &mut tx,
                "update extraction set lease_until = $4
                 where id = $1 and worker = $2 and attempt = $3 and status = 'running'",
                id.0,
                worker,
                i64::from(attempt),
                now + LEASE_MS,
            )?;
            if kept == 0 {
                lost.push(id);
            }
        }
        commit(tx).await?;
        Ok(lost)
    }

    /// How much waits, over all accounts.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn queue_depth(&self) -> Result<QueueDepth> {
        let mut conn = self.db().read().await?;
        let (pending, oldest): (i64, Option<i64>) = fetch_one!(
            &mut conn,
            "select count(*), min(created_at) from extraction where status = 'pending'"
        )?;
        let (running,): (i64,) =
            fetch_one!(&mut conn, "select count(*) from extraction where status = 'running'")?;
        let now = self.clock().now();
        Ok(QueueDepth {
            pending: pending.unsigned_abs(),
            running: running.unsigned_abs(),
            oldest_pending_ms: oldest.map(|oldest| (now - oldest).max(0)),
        })
    }

    fn hint(&self, changes: &Changes) {
        if changes.requeued {
            self.hint_enqueued();
        }
        if changes.ended {
            self.hint_finished();
        }
    }
}

/// Stamps `n` places in the fair order for an account and answers the first.
pub(crate) async fn reserve(tx: &mut Tx, user: UserId, n: i64) -> Result<i64> {
    let (serving, next): (Option<i64>, Option<i64>) = fetch_one!(
        &mut *tx,
        "select (select max(order_key) from extraction where status = 'running' and order_key >= 0) as serving,
                (select min(order_key) from extraction where status = 'pending' and order_key >= 0) as next"
    )?;
    let virtual_time = match serving.max(next) {
        Some(key) => key,
        // Nobody has work: all accounts start level.
        None => {
            let (level,): (i64,) =
                fetch_one!(&mut *tx, "select coalesce(max(virtual_finish), 0) from account")?;
            level
        }
    };
    let (finish,): (i64,) = fetch_one!(
        tx,
        "update account set virtual_finish = case when virtual_finish > $2 then virtual_finish else $2 end + $3
         where id = $1 returning virtual_finish",
        user.0,
        virtual_time,
        n,
    )?;
    Ok(finish - n)
}

#[derive(sqlx::FromRow)]
struct ClaimRow {
    id: Uuid,
    attempt: i64,
    document_id: Uuid,
    media_type: String,
    sha256: String,
    template_id: Uuid,
    template_version: i64,
    tier: String,
    batch_id: Option<Uuid>,
    order_key: i64,
}

async fn claim(tx: &mut Tx, now: i64, worker: &str, n: u32) -> Result<Vec<Claim>> {
    let lease = now + LEASE_MS;
    let mut rows: Vec<ClaimRow> = match tx {
        Tx::Sqlite(c) => {
            // `cross join` keeps the queue the outer loop, which its index has in order.
            let rows: Vec<ClaimRow> = sqlx::query_as(
                "select e.id, e.attempt + 1 as attempt, e.document_id, d.media_type, d.sha256, e.template_id,
                        e.template_version, e.tier, e.batch_id, e.order_key
                 from extraction e cross join document d
                 where e.status = 'pending' and e.not_before <= $1 and d.id = e.document_id
                 order by e.order_key, e.id limit $2",
            )
            .bind(now)
            .bind(i64::from(n))
            .fetch_all(&mut **c)
            .await?;
            for row in &rows {
                sqlx::query(
                    "update extraction set status = 'running', attempt = attempt + 1, worker = $2, lease_until = $3,
                         started_at = $4 where id = $1",
                )
                .bind(row.id)
                .bind(worker)
                .bind(lease)
                .bind(now)
                .execute(&mut **c)
                .await?;
            }
            rows
        }
        Tx::Postgres(c) => {
            sqlx::query_as(
                "with next as materialized (
                     select id from extraction where status = 'pending' and not_before <= $1
                     order by order_key, id limit $2 for update skip locked
                 )
                 update extraction e set status = 'running', attempt = attempt + 1, worker = $3, lease_until = $4,
                     started_at = $1
                 from next, document d where e.id = next.id and d.id = e.document_id
                 returning e.id, e.attempt, e.document_id, d.media_type, d.sha256, e.template_id,
                     e.template_version, e.tier, e.batch_id, e.order_key",
            )
            .bind(now)
            .bind(i64::from(n))
            .bind(worker)
            .bind(lease)
            .fetch_all(&mut **c)
            .await?
        }
    };
    rows.sort_unstable_by_key(|row| (row.order_key, row.id));
    let batches: BTreeSet<Uuid> = rows.iter().filter_map(|row| row.batch_id).collect();
    for batch in batches {
        execute!(
            &mut *tx,
            "update batch set started_at = $2 where id = $1 and started_at is null",
            batch,
            now
        )?;
    }
    rows.into_iter()
        .map(|row| {
            Ok(Claim {
                extraction_id: ExtractionId(row.id),
                attempt: number(row.attempt),
                document_id: DocumentId(row.document_id),
                media_type: media_type(&row.media_type)?,
                sha256: row.sha256,
                template_id: TemplateId(row.template_id),
                template_version: number(row.template_version),
                tier: tier(&row.tier)?,
            })
        })
        .collect()
}

/// What the rows written so far in a transaction entail.
#[derive(Default)]
struct Changes {
    written: u64,
    requeued: bool,
    ended: bool,
    /// Sorted, as all transactions take PostgreSQL's row locks in the same order: documents, batches, usage.
    pages: BTreeMap<Uuid, i64>,
    batches: BTreeSet<Uuid>,
    refunds: BTreeMap<(Uuid, i64), i64>,
}

impl Changes {
    /// Writes outcomes, sorted because a heartbeat may be locking the same rows.
    async fn write_all(&mut self, tx: &mut Tx, now: i64, worker: &str, finished: &[Finished]) -> Result<()> {
        let mut sorted: Vec<&Finished> = finished.iter().collect();
        sorted.sort_by_key(|one| one.extraction_id);
        for one in sorted {
            self.write(tx, now, worker, one).await?;
        }
        Ok(())
    }

    /// Writes one outcome, where the row is still with this worker in this attempt.
    async fn write(&mut self, tx: &mut Tx, now: i64, worker: &str, one: &Finished) -> Result<()> {
        let attempt = i64::from(one.attempt);
        let backoff = now + (1_000 << one.attempt.min(MOST_ATTEMPTS));
        let (status, attempt_after, not_before) = match &one.outcome {
            Outcome::Done { fields, .. } if fields.iter().any(|field| field.needs_review) => {
                (Status::NeedsReview, attempt, 0)
            }
            Outcome::Done { .. } => (Status::Completed, attempt, 0),
            Outcome::Failed { error, .. } if error.retryable && one.attempt < MOST_ATTEMPTS => {
                (Status::Pending, attempt, backoff)
            }
            Outcome::Failed { .. } => (Status::Failed, attempt, 0),
            Outcome::Released => (Status::Pending, attempt - 1, 0),
        };
        let row: Option<(Uuid, Option<Uuid>, Uuid, i64)> = fetch_optional!(
            &mut *tx,
            "update extraction set status = $4, attempt = $5, not_before = $6, finished_at = $7, refunded = $8,
                 worker = null, lease_until = null
             where id = $1 and worker = $2 and attempt = $3 and status = 'running'
             returning account_id, batch_id, document_id, debit_month",
            one.extraction_id.0,
            worker,
            attempt,
            status.as_str(),
            attempt_after,
            not_before,
            status.is_terminal().then_some(now),
            status == Status::Failed,
        )?;
        let Some((account, batch, document, month)) = row else { return Ok(()) };

        self.written += 1;
        if let Outcome::Done { pages, .. } | Outcome::Failed { pages: Some(pages), .. } = &one.outcome {
            self.pages.insert(document, i64::from(*pages));
        }
        if !status.is_terminal() {
            self.requeued = true;
            return Ok(());
        }
        self.ended = true;
        self.batches.extend(batch);
        if status == Status::Failed {
            *self.refunds.entry((account, month)).or_default() += 1;
        }
        insert_result(tx, one).await
    }

    /// Ends the claims of workers that have not been heard of.
    async fn reclaim(&mut self, tx: &mut Tx, now: i64) -> Result<()> {
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

    /// Does what follows from the rows: pages of documents, ends of batches, refunds.
    async fn settle(&self, tx: &mut Tx, now: i64) -> Result<()> {
        for (&document, &pages) in &self.pages {
            execute!(
                &mut *tx,
                "update document set pages = $2 where id = $1 and pages is null",
                document,
                pages
            )?;
        }
        for &batch in &self.batches {
            if let Tx::Postgres(c) = &mut *tx {
                // Two transactions that end a batch's last two rows do not see each other's: the second waits here, and
                // its next statement sees the first's.
                sqlx::query("select id from batch where id = $1 for no key update")
                    .bind(batch)
                    .execute(&mut **c)
                    .await?;
            }
            execute!(
                &mut *tx,
                "update batch set finished_at = $2 where id = $1 and finished_at is null and not exists (
                     select 1 from extraction where batch_id = $1 and status in ('pending', 'running'))",
                batch,
                now,
            )?;
        }
        for (&(account, month), &n) in &self.refunds {
            refund(tx, UserId(account), month, n).await?;
        }
        Ok(())
    }
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
        Outcome::Released => return Ok(()),
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
