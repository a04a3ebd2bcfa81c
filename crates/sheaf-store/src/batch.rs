//! Batches: many extractions that are made in one transaction.

use std::collections::HashSet;

use serde_json::Value;
use sheaf_types::{
    Batch, BatchId, BatchStatus, Counts, DocumentId, Extraction, Fault, Status, Template, TemplateId, Tier,
    UserId,
};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::Store;
use crate::db::{Conn, Tx, commit, execute, fetch_all, fetch_optional, on};
use crate::error::{Result, StoreError};
use crate::extraction::{ExtractionRow, select_extractions, tier};
use crate::hint::Hint;
use crate::llm::{self, batch_usage};
use crate::page::{Page, PageRequest};
use crate::queue;
use crate::template::{TemplateRow, number, usable_version};
use crate::time::rfc3339;

pub(crate) const NOT_FOUND: StoreError = StoreError::NotFound { what: "batch" };
const MOST_DOCUMENTS: usize = 10_000;
const LONGEST_NAME: usize = 500;
const LONGEST_CUSTOM_ID: usize = 500;
/// Bytes of JSON.
const LONGEST_METADATA: usize = 65_536;
/// Rows an `insert` carries: their values stay under SQLite's 32,766 parameters.
const ROWS_AN_INSERT: usize = 2_000;

/// A batch to make.
#[derive(Debug, Clone, PartialEq)]
pub struct NewBatch {
    /// For people.
    pub name: String,
    /// Runs with its latest version, also where it changes later.
    pub template_id: TemplateId,
    /// How far every extraction may go.
    pub tier: Tier,
    /// Whatever the user attached.
    pub metadata: Option<Value>,
    /// 1 to 10,000, each once, in the order of the exports; with the user's own names.
    pub documents: Vec<(DocumentId, Option<String>)>,
}

/// The statement that reads batches with their counts, and `$rest` after `from`; what asking a language model took is
/// read beside it ([`batch_usage`]).
///
/// Positions are 0, 1, 2 and so on, so that the last one tells the total. What is completed is the rest of it, and is not
/// counted: that would take longest, for the rows that changed last are scattered most.
macro_rules! select_batches {
    ($rest:literal) => {
        concat!(
            "select b.id, b.name, b.template_id, b.template_version, b.tier, b.metadata, b.created_at, b.started_at,
                    b.finished_at, b.cancelled_at,
                    (select max(e.position) + 1 from extraction e where e.batch_id = b.id) as total,
                    (select count(*) from extraction e where e.batch_id = b.id and e.status = 'pending') as pending,
                    (select count(*) from extraction e where e.batch_id = b.id and e.status = 'running') as running,
                    (select count(*) from extraction e where e.batch_id = b.id and e.status = 'needs_review')
                        as needs_review,
                    (select count(*) from extraction e where e.batch_id = b.id and e.status = 'failed') as failed,
                    (select count(*) from extraction e where e.batch_id = b.id and e.status = 'cancelled') as cancelled
             from batch b ",
            $rest
        )
    };
}

#[derive(sqlx::FromRow)]
struct BatchRow {
    id: Uuid,
    name: String,
    template_id: Uuid,
    template_version: i64,
    tier: String,
    metadata: Option<String>,
    created_at: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    cancelled_at: Option<i64>,
    total: i64,
    pending: i64,
    running: i64,
    needs_review: i64,
    failed: i64,
    cancelled: i64,
}

impl BatchRow {
    fn build(self, now: i64) -> Result<Batch> {
        let [total, pending, running, needs_review, failed, cancelled] =
            [self.total, self.pending, self.running, self.needs_review, self.failed, self.cancelled]
                .map(i64::unsigned_abs);
        let completed = total.saturating_sub(pending + running + needs_review + failed + cancelled);
        let counts = Counts { total, pending, running, completed, needs_review, failed, cancelled };
        Ok(Batch {
            id: BatchId(self.id),
            name: self.name,
            status: counts.status(self.cancelled_at.is_some()),
            template_id: TemplateId(self.template_id),
            template_version: number(self.template_version),
            use_llm: tier(&self.tier)? == Tier::Premium,
            llm: None,
            llm_notice: None,
            metadata: self.metadata.as_deref().map(serde_json::from_str).transpose()?,
            percent: counts.percent(),
            created_at: rfc3339(self.created_at),
            started_at: self.started_at.map(rfc3339),
            finished_at: self.finished_at.map(rfc3339),
            eta_seconds: self.started_at.and_then(|started| eta_seconds(&counts, now - started)),
            counts,
        })
    }
}

impl Store {
    /// Makes a batch and debits the month's quota, or does nothing.
    ///
    /// # Errors
    /// `Invalid` for no document, too many, or one twice; `NotFound` where the template or a document is unknown or
    /// another account's; `QuotaExceeded`.
    pub async fn create_batch(&self, user: UserId, new: &NewBatch) -> Result<Batch> {
        check(new)?;
        let metadata = new.metadata.as_ref().map(serde_json::to_string).transpose()?;
        let (id, now) = (Uuid::now_v7(), self.clock().now());
        let n = new.documents.len() as i64;

        let mut tx = self.db().write().await?;
        let version = usable_version(&mut tx, user, new.template_id).await?;
        let month = self.debit(&mut tx, user, n).await?;
        let start = queue::reserve(&mut tx, user, n).await?;
        execute!(
            &mut tx,
            "insert into batch (id, account_id, name, template_id, template_version, tier, metadata, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            id,
            user.0,
            &new.name,
            new.template_id.0,
            version,
            new.tier.as_str(),
            metadata.as_deref(),
            now,
        )?;
        let common = NewExtractions {
            user,
            batch: Some(id),
            template: new.template_id,
            version,
            tier: new.tier,
            order_key: start,
            now,
            month,
        };
        let mut documents = Vec::with_capacity(ROWS_AN_INSERT);
        for (position, (document, custom_id)) in (0i64..).zip(&new.documents) {
            documents.push((Uuid::now_v7(), position, *document, custom_id.as_deref()));
            if documents.len() == ROWS_AN_INSERT {
                common.insert(&mut tx, &documents).await?;
                documents.clear();
            }
        }
        common.insert(&mut tx, &documents).await?;
        let batch = read_batch(&mut tx, BatchId(id), now).await?;
        self.note(&mut tx, &batch).await?;
        commit(tx).await?;
        self.hint(Hint::Enqueued);
        Ok(batch)
    }

    /// A batch.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn batch(&self, user: UserId, id: BatchId) -> Result<Batch> {
        let mut conn = self.db().read().await?;
        let row: Option<BatchRow> = fetch_optional!(
            &mut conn,
            select_batches!("where b.id = $1 and b.account_id = $2"),
            id.0,
            user.0,
        )?;
        let now = self.clock().now();
        let mut batch = row.ok_or(NOT_FOUND)?.build(now)?;
        if batch.use_llm {
            batch.llm = batch_usage!(&mut conn, id)?;
        }
        if batch.use_llm && !batch.status.is_terminal() {
            batch.llm_notice = llm::notice(&mut conn, now).await?;
        }
        Ok(batch)
    }

    /// An account's batches, newest first, perhaps only those with one status.
    ///
    /// # Errors
    /// `Invalid` for a malformed page request.
    pub async fn list_batches(
        &self,
        user: UserId,
        status: Option<BatchStatus>,
        page: PageRequest,
    ) -> Result<Page<Batch>> {
        let (rows, before) = (page.rows()?, page.before()?);
        let mut conn = self.db().read().await?;
        // The case says what `Counts::status` says.
        let rows: Vec<BatchRow> = fetch_all!(
            &mut conn,
            select_batches!(
                "where b.account_id = $1 and b.id < $2 and ($3 is null or $3 = case
                     when b.finished_at is null then case
                         when exists (
                             select 1 from extraction e where e.batch_id = b.id
                             and e.status in ('running', 'completed', 'needs_review', 'failed', 'cancelled')
                         ) then 'running' else 'pending' end
                     when b.cancelled_at is not null then 'cancelled'
                     when exists (
                         select 1 from extraction e where e.batch_id = b.id
                         and e.status in ('completed', 'needs_review', 'cancelled')
                     ) then 'completed' else 'failed' end)
                 order by b.id desc limit $4"
            ),
            user.0,
            before,
            status.map(BatchStatus::as_str),
            rows,
        )?;
        let now = self.clock().now();
        let mut page = page.page(rows, |row| row.id.as_bytes().to_vec(), |row| row.build(now))?;
        for batch in page.data.iter_mut().filter(|batch| batch.use_llm) {
            batch.llm = batch_usage!(&mut conn, batch.id)?;
        }
        Ok(page)
    }

    /// A batch's extractions without fields, in upload order, perhaps only those with one status.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for a malformed page request.
    pub async fn batch_extractions(
        &self,
        user: UserId,
        id: BatchId,
        status: Option<Status>,
        page: PageRequest,
    ) -> Result<Page<Extraction>> {
        let (rows, after) = (page.rows()?, page.after()?);
        let mut conn = self.db().read().await?;
        check_owner(&mut conn, user, id).await?;
        let rows: Vec<ExtractionRow> = fetch_all!(
            &mut conn,
            select_extractions!(
                "cast(null as text)",
                "where e.batch_id = $1 and e.position > $2 and ($3 is null or e.status = $3)
                 order by e.position limit $4"
            ),
            id.0,
            after,
            status.map(Status::as_str),
            rows,
        )?;
        page.page(rows, |row| row.position.to_be_bytes().to_vec(), ExtractionRow::build)
    }

    /// A batch's extractions with their fields, in upload order, those after a position; each with its position. Fewer
    /// than `limit` are the last.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn export_page(
        &self,
        user: UserId,
        id: BatchId,
        after_position: Option<u32>,
        limit: u32,
    ) -> Result<Vec<(u32, Extraction)>> {
        let mut conn = self.db().read().await?;
        check_owner(&mut conn, user, id).await?;
        let rows: Vec<ExtractionRow> = fetch_all!(
            &mut conn,
            select_extractions!(
                "r.fields",
                "where e.batch_id = $1 and e.position > $2 order by e.position limit $3"
            ),
            id.0,
            after_position.map_or(-1, i64::from),
            i64::from(limit),
        )?;
        rows.into_iter().map(|row| Ok((number(row.position), row.build_whole()?))).collect()
    }

    /// The template a batch runs, in the version pinned when it was made.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn batch_template(&self, user: UserId, id: BatchId) -> Result<Template> {
        let mut conn = self.db().read().await?;
        let row: Option<TemplateRow> = fetch_optional!(
            &mut conn,
            "select t.id, v.version, v.spec, t.created_at, v.created_at as updated_at
             from batch b
             join template t on t.id = b.template_id
             join template_version v on v.template_id = b.template_id and v.version = b.template_version
             where b.id = $1 and b.account_id = $2",
            id.0,
            user.0,
        )?;
        row.ok_or(NOT_FOUND)?.build()
    }
}

/// A batch as this transaction sees it.
pub(crate) async fn read_batch(tx: &mut Tx, id: BatchId, now: i64) -> Result<Batch> {
    let row: Option<BatchRow> = fetch_optional!(&mut *tx, select_batches!("where b.id = $1"), id.0)?;
    let mut batch = row.ok_or(NOT_FOUND)?.build(now)?;
    if batch.use_llm {
        batch.llm = batch_usage!(tx, id)?;
    }
    Ok(batch)
}

/// What new extractions have in common.
pub(crate) struct NewExtractions {
    pub(crate) user: UserId,
    pub(crate) batch: Option<Uuid>,
    pub(crate) template: TemplateId,
    pub(crate) version: i64,
    pub(crate) tier: Tier,
    /// Of the one at position 0.
    pub(crate) order_key: i64,
    pub(crate) now: i64,
    pub(crate) month: i64,
}

impl NewExtractions {
    /// Inserts one for each id, position, document and custom id.
    pub(crate) async fn insert(
        &self,
        tx: &mut Tx,
        documents: &[(Uuid, i64, DocumentId, Option<&str>)],
    ) -> Result<()> {
        if documents.is_empty() {
            return Ok(());
        }
        let inserted = on!(tx, |c| async {
            QueryBuilder::new(
                "insert into extraction (account_id, batch_id, template_id, template_version, tier, created_at,
                     debit_month, order_key, id, position, document_id, custom_id, status) select ",
            )
            .push_bind(self.user.0)
            .push(", ")
            .push_bind(self.batch)
            .push(", ")
            .push_bind(self.template.0)
            .push(", ")
            .push_bind(self.version)
            .push(", ")
            .push_bind(self.tier.as_str())
            .push(", ")
            .push_bind(self.now)
            .push(", ")
            .push_bind(self.month)
            .push(", column2 + ")
            .push_bind(self.order_key)
            .push(", column1, column2, d.id, column4, 'pending' from (")
            .push_values(documents, |mut values, (id, position, document, custom_id)| {
                values.push_bind(id).push_bind(position).push_bind(document.0).push_bind(custom_id);
            })
            // A document that is not the account's has no row here, and then the number of rows tells.
            .push(") as new cross join document d where d.id = column3 and d.account_id = ")
            .push_bind(self.user.0)
            .build()
            .persistent(false)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
        });
        match inserted {
            Ok(n) if n == documents.len() as u64 => Ok(()),
            Ok(_) => Err(StoreError::NotFound { what: "document" }),
            // Deleted while this transaction ran.
            Err(sqlx::Error::Database(e)) if e.is_foreign_key_violation() => {
                Err(StoreError::NotFound { what: "document" })
            }
            Err(e) => Err(e.into()),
        }
    }
}

/// Finds what is wrong with a batch without asking the database.
fn check(new: &NewBatch) -> Result<()> {
    let mut faults = Vec::new();
    let mut fault = |pointer: String, detail: String| faults.push(Fault { pointer, detail });
    let too_long = |text: &str, longest| text.chars().count() > longest || text.contains('\0');
    if too_long(&new.name, LONGEST_NAME) {
        fault("/name".into(), format!("expected at most {LONGEST_NAME} characters"));
    }
    if new.metadata.as_ref().is_some_and(|metadata| metadata.to_string().len() > LONGEST_METADATA) {
        fault("/metadata".into(), format!("expected at most {LONGEST_METADATA} bytes of json"));
    }
    let n = new.documents.len();
    if n == 0 || n > MOST_DOCUMENTS {
        fault("/documents".into(), format!("expected 1 to {MOST_DOCUMENTS} documents, got {n}"));
    }
    let mut seen = HashSet::new();
    for (i, (document, custom_id)) in new.documents.iter().take(MOST_DOCUMENTS).enumerate() {
        if !seen.insert(document) {
            fault(format!("/documents/{i}"), format!("document {document} stands here twice"));
        }
        if custom_id.as_deref().is_some_and(|custom_id| too_long(custom_id, LONGEST_CUSTOM_ID)) {
            fault(
                format!("/documents/{i}/custom_id"),
                format!("expected at most {LONGEST_CUSTOM_ID} characters"),
            );
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(StoreError::Invalid(faults)) }
}

async fn check_owner(conn: &mut Conn, user: UserId, id: BatchId) -> Result<()> {
    let row: Option<(Uuid,)> =
        fetch_optional!(conn, "select id from batch where id = $1 and account_id = $2", id.0, user.0)?;
    row.map(|_| ()).ok_or(NOT_FOUND)
}

/// Time left at the pace so far, in seconds rounded up.
fn eta_seconds(counts: &Counts, elapsed_ms: i64) -> Option<u64> {
    let left = counts.pending + counts.running;
    let done = counts.completed + counts.needs_review + counts.failed;
    if left == 0 || done == 0 {
        return None;
    }
    let elapsed = u128::from(elapsed_ms.max(0).unsigned_abs());
    let ms = (elapsed * u128::from(left)).div_ceil(u128::from(done));
    u64::try_from(ms.div_ceil(1_000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_follows_from_the_pace_so_far() {
        let counts = |pending, running, completed, failed| Counts {
            pending,
            running,
            completed,
            failed,
            ..Counts::default()
        };
        for (counts, elapsed_ms, eta) in [
            (counts(10, 0, 0, 0), 0, None),
            (counts(8, 2, 0, 0), 5_000, None),
            (counts(8, 1, 1, 0), 1_000, Some(9)),
            (counts(50, 0, 25, 25), 10_000, Some(10)),
            (counts(1, 0, 1_000, 0), 10_000, Some(1)),
            (counts(0, 0, 9, 1), 10_000, None),
            (counts(1, 0, 1, 0), -5, Some(0)),
        ] {
            assert_eq!(eta_seconds(&counts, elapsed_ms), eta, "{counts:?} after {elapsed_ms} ms");
        }
    }
}
