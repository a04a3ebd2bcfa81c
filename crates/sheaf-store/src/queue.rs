//! The queue: claiming extractions, and writing what came of them.
//!
//! # Fair order
//!
//! `order_key` is stamped when work is made, by start-time fair queueing (P. Goyal, H. M. Vin, H. Cheng, "Start-time Fair
//! Queuing", SIGCOMM 1996): the queue has a virtual time, the key of what is being served; an account's batch starts at the
//! later of that and the end of the account's own last batch, and its documents follow one by one. So accounts that have
//! work take turns, whoever came first and however much it is, and one that had none gains nothing by that.
//! What somebody waits for ([`Store::create_extraction`]) has a negative key and comes before all batches, but for every
//! fourth claim: so batches go on however much of it there is.

use std::sync::atomic::Ordering::Relaxed;

use sheaf_types::{
    DocumentId, Engine, ExtractionError, ExtractionId, FieldResult, MediaType, TemplateId, Tier, UserId,
    Warning,
};
use uuid::Uuid;

use crate::Store;
use crate::batch::NewExtractions;
use crate::changes::{Changes, OpenRow};
use crate::db::{Tx, commit, execute, fetch_all, fetch_one};
use crate::document::media_type;
use crate::error::Result;
use crate::extraction::tier;
use crate::hint::Hint;
use crate::template::{number, usable_version};

/// How long a worker has an extraction without a heartbeat, in milliseconds.
pub const LEASE_MS: i64 = 60_000;
/// How often an extraction is claimed before it fails for good.
pub const MOST_ATTEMPTS: u32 = 3;
/// Of so many documents that a process claims, one is of a batch, if any waits.
const BATCHES_TURN: u64 = 4;
/// Added to the time, gives the key of what somebody waits for: negative for any time, and in order of arrival.
const FRONT: i64 = i64::MIN / 2;

/// An extraction handed to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which.
    pub extraction_id: ExtractionId,
    /// Counted from 1 and on through retries; names this claim together with the worker.
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
    /// Handed back unread: the attempt does not count. Ends as cancelled where the batch was.
    Released,
    /// The same, for a time: what it needs is busy.
    Snoozed {
        /// In milliseconds.
        for_ms: i64,
    },
}

/// What a worker has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Documents.
    pub documents: u32,
    /// Whether they may be of the Premium tier.
    pub premium: bool,
}

impl From<u32> for Room {
    fn from(documents: u32) -> Self {
        Self { documents, premium: true }
    }
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
        self.note(&mut tx, &ExtractionId(id)).await?;
        commit(tx).await?;
        self.hint(Hint::Enqueued);
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
        self.tell(&changes);
        Ok(changes.written)
    }

    /// [`Store::finish`] and [`Store::claim`] in one transaction, so that a busy worker waits for the disk once a round. A
    /// second follows where something was put back and there is room for it.
    ///
    /// # Errors
    /// Only those of the database; then nothing is written or claimed, and the same call can be made again.
    pub async fn finish_and_claim(
        &self,
        worker: &str,
        finished: &[Finished],
        room: impl Into<Room>,
    ) -> Result<Vec<Claim>> {
        let room = room.into();
        let (mut claims, put_back) = self.round(worker, finished, room).await?;
        let left = room.documents - claims.len() as u32;
        if put_back && left > 0 {
            // What was written and claimed stands, even if this fails: what was put back can be claimed later.
            let rest = self.round(worker, &[], Room { documents: left, ..room }).await;
            claims.extend(rest.map(|(claims, _)| claims).unwrap_or_default());
        }
        Ok(claims)
    }

    /// One transaction of that, and whether it put something back that can be claimed.
    async fn round(&self, worker: &str, finished: &[Finished], room: Room) -> Result<(Vec<Claim>, bool)> {
        let Room { documents: n, premium } = room;
        let now = self.clock().now();
        let mut tx = self.db().write().await?;
        let mut changes = Changes::default();
        changes.write_all(&mut tx, now, worker, finished).await?;
        changes.reclaim(&mut tx, now).await?;
        let mut rows = claim(&mut tx, now, worker, (self.batches_share(n), premium), 0).await?;
        let left = n - rows.len() as u32;
        rows.extend(claim(&mut tx, now, worker, (left, premium), i64::MIN).await?);
        self.inner.claimed.fetch_add(rows.len() as u64, Relaxed);
        rows.sort_unstable_by_key(|row| (row.order_key, row.id));
        for row in &rows {
            changes.claimed(row.id, row.row);
        }
        let mut claims = rows.into_iter().map(ClaimRow::build).collect::<Result<Vec<Claim>>>()?;
        changes.settle(&mut tx, now).await?;
        commit(tx).await?;
        claims.retain(|claim| !changes.cancelled.contains(&claim.extraction_id.0));
        self.tell(&changes);
        Ok((claims, changes.requeued))
    }

    /// Prolongs the leases of claims, and answers those that are no longer this worker's or whose batch was cancelled: it
    /// should drop them, and hand back ([`Outcome::Released`]) what it drops.
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
                 where id = $1 and worker = $2 and attempt = $3 and status = 'running' and not exists (
                     select 1 from batch b where b.id = extraction.batch_id and b.cancelled_at is not null)",
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

    /// Which of a worker's extractions are of batches that were cancelled: it should drop them, and hand them back
    /// ([`Outcome::Released`]). Only reads, so that it can be asked often.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn cancelled_claims(&self, worker: &str) -> Result<Vec<ExtractionId>> {
        let mut conn = self.db().read().await?;
        let rows: Vec<(Uuid,)> = fetch_all!(
            &mut conn,
            "select e.id from extraction e join batch b on b.id = e.batch_id
             where e.status = 'running' and e.worker = $1 and b.cancelled_at is not null",
            worker,
        )?;
        Ok(rows.into_iter().map(|(id,)| ExtractionId(id)).collect())
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

    /// How many of the next `n` documents come from batches, whatever else waits.
    fn batches_share(&self, n: u32) -> u32 {
        let claimed = self.inner.claimed.load(Relaxed);
        let share = (claimed + u64::from(n)) / BATCHES_TURN - claimed / BATCHES_TURN;
        // Not more than `n`.
        share as u32
    }

    fn tell(&self, changes: &Changes) {
        if changes.requeued {
            self.hint(Hint::Enqueued);
        }
        if changes.single_ended {
            self.hint(Hint::Finished);
        } else if changes.ended {
            self.hint_here(Hint::Finished);
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
    order_key: i64,
    #[sqlx(flatten)]
    row: OpenRow,
}

impl ClaimRow {
    fn build(self) -> Result<Claim> {
        Ok(Claim {
            extraction_id: ExtractionId(self.id),
            attempt: number(self.attempt),
            document_id: DocumentId(self.document_id),
            media_type: media_type(&self.media_type)?,
            sha256: self.sha256,
            template_id: TemplateId(self.template_id),
            template_version: number(self.template_version),
            tier: tier(&self.tier)?,
        })
    }
}

/// Claims up to `n` rows from an order key on, those of the Premium tier only if `premium`.
///
/// On PostgreSQL not those that this transaction has put back: to write a row twice in a transaction has its batch locked at
/// once, out of the order of [`Changes`], and a cancellation may wait for that batch with rows that are wanted here.
async fn claim(
    tx: &mut Tx,
    now: i64,
    worker: &str,
    (n, premium): (u32, bool),
    from: i64,
) -> Result<Vec<ClaimRow>> {
    if n == 0 {
        return Ok(Vec::new());
    }
    let lease = now + LEASE_MS;
    let rows = match tx {
        Tx::Sqlite(c) => {
            // `cross join` keeps the queue the outer loop, which its index has in order.
            let rows: Vec<ClaimRow> = sqlx::query_as(
                "select e.id, e.attempt + 1 as attempt, e.document_id, d.media_type, d.sha256, e.template_id,
                        e.template_version, e.tier, e.order_key, e.account_id, e.batch_id, e.debit_month
                 from extraction e cross join document d
                 where e.status = 'pending' and e.order_key >= $3 and e.not_before <= $1 and d.id = e.document_id
                   and ($4 or e.tier <> 'premium')
                   and not exists (select 1 from batch b where b.id = e.batch_id and b.cancelled_at is not null)
                 order by e.order_key, e.id limit $2",
            )
            .bind(now)
            .bind(i64::from(n))
            .bind(from)
            .bind(premium)
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
            // In the order of the index, of which it takes the first few: a join would have all that waits sorted first.
            sqlx::query_as(
                "with next as materialized (
                     select id from extraction where status = 'pending' and order_key >= $5 and not_before <= $1
                     and ($6 or tier <> 'premium') and xmin <> pg_current_xact_id()::xid
                     and (select b.cancelled_at from batch b where b.id = batch_id) is null
                     order by order_key, id limit $2 for update skip locked
                 )
                 update extraction e set status = 'running', attempt = attempt + 1, worker = $3, lease_until = $4,
                     started_at = $1
                 from next, document d where e.id = next.id and d.id = e.document_id
                 returning e.id, e.attempt, e.document_id, d.media_type, d.sha256, e.template_id,
                     e.template_version, e.tier, e.order_key, e.account_id, e.batch_id, e.debit_month",
            )
            .bind(now)
            .bind(i64::from(n))
            .bind(worker)
            .bind(lease)
            .bind(from)
            .bind(premium)
            .fetch_all(&mut **c)
            .await?
        }
    };
    Ok(rows)
}
