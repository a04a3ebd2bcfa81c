//! Forgetting what is old, and removing blobs that nothing names.
//!
//! What was used stays used: nobody gets quota back because results were forgotten.

use futures::{TryStreamExt, pin_mut};
use uuid::Uuid;

use crate::Store;
use crate::db::{Tx, commit, execute, fetch_all};
use crate::error::Result;
use crate::lifecycle::{remove_batch, remove_extractions};

/// Documents that one transaction removes.
const DOCUMENTS_A_STEP: i64 = 200;
/// Age of a blob before it can be one that nothing names, in milliseconds: its row may be on the way.
const BLOB_GRACE_MS: i64 = 3_600_000;
/// Age of a delivery before it is removed from a webhook's log, in milliseconds.
const DELIVERY_KEPT_MS: i64 = 30 * 86_400_000;

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Batches with their results.
    pub batches: u64,
    /// Documents, with the results of single extractions.
    pub documents: u64,
    /// Blobs that nothing named.
    pub blobs: u64,
}

impl Store {
    /// Forgets batches and single extractions that ended, and documents that came and are in no batch any more, longer than
    /// `kept_ms` ago; a day at least. What is being worked on stays however old it is.
    ///
    /// Several processes may do so at once.
    ///
    /// # Errors
    /// Only those of the database; what was removed until then stays removed.
    pub async fn forget_older_than(&self, kept_ms: i64) -> Result<Swept> {
        let before = self.clock().now() - kept_ms.max(86_400_000);
        let mut swept = Swept::default();
        while self.forget_batch(before).await? {
            swept.batches += 1;
        }
        loop {
            let forgotten = self.forget_documents(before).await?;
            if forgotten == 0 {
                return Ok(swept);
            }
            swept.documents += forgotten;
        }
    }

    /// Removes blobs that no document names and old entries of webhooks' logs: what crashes and deletions leave behind.
    ///
    /// # Errors
    /// Those of the database and of the blob store.
    pub async fn sweep(&self) -> Result<Swept> {
        let now = self.clock().now();
        let mut tx = self.db().write().await?;
        execute!(
            &mut tx,
            "delete from webhook_delivery where created_at < $1 and (status <> 'pending' or expires_at < $1)",
            now - DELIVERY_KEPT_MS
        )?;
        commit(tx).await?;

        self.blobs().remove_abandoned(now - BLOB_GRACE_MS).await?;
        let mut swept = Swept::default();
        let blobs = self.blobs().older_than(now - BLOB_GRACE_MS);
        pin_mut!(blobs);
        while let Some(sha256) = blobs.try_next().await? {
            // Looked at without the lock first: nearly all are named.
            let mut conn = self.db().read().await?;
            let named: Vec<(Uuid,)> =
                fetch_all!(&mut conn, "select id from document where sha256 = $1 limit 1", &sha256)?;
            drop(conn);
            if named.is_empty() && self.remove_unnamed(&sha256).await? {
                swept.blobs += 1;
            }
        }
        Ok(swept)
    }

    /// Forgets one batch that ended before a time; false where there is none.
    async fn forget_batch(&self, before: i64) -> Result<bool> {
        let mut tx = self.db().write().await?;
        let sql = match &tx {
            Tx::Sqlite(_) => "select id from batch where finished_at < $1 limit 1",
            Tx::Postgres(_) => "select id from batch where finished_at < $1 limit 1 for update skip locked",
        };
        let rows: Vec<(Uuid,)> = fetch_all!(&mut tx, sql, before)?;
        let Some(&(batch,)) = rows.first() else { return Ok(false) };
        remove_batch(&mut tx, batch).await?;
        commit(tx).await?;
        Ok(true)
    }

    /// Forgets documents that came before a time, that are in no batch, and of which nothing is waiting, running or younger.
    async fn forget_documents(&self, before: i64) -> Result<u64> {
        let mut tx = self.db().write().await?;
        let sql = match &tx {
            Tx::Sqlite(_) => {
                "select d.id, d.sha256 from document d where d.created_at < $1 and not exists (
                     select 1 from extraction e where e.document_id = d.id
                     and (e.batch_id is not null or e.finished_at is null or e.finished_at >= $1)) limit $2"
            }
            Tx::Postgres(_) => {
                "select d.id, d.sha256 from document d where d.created_at < $1 and not exists (
                     select 1 from extraction e where e.document_id = d.id
                     and (e.batch_id is not null or e.finished_at is null or e.finished_at >= $1)) limit $2
                 for update skip locked"
            }
        };
        let rows: Vec<(Uuid, String)> = fetch_all!(&mut tx, sql, before, DOCUMENTS_A_STEP)?;
        let mut forgotten = Vec::new();
        for (id, sha256) in rows {
            // The lock came after the look: what began to use the document in between keeps it.
            let used: Vec<(Uuid,)> = fetch_all!(
                &mut tx,
                "select id from extraction where document_id = $1
                 and (batch_id is not null or finished_at is null or finished_at >= $2) limit 1",
                id,
                before
            )?;
            if used.is_empty() {
                remove_extractions(&mut tx, id).await?;
                execute!(&mut tx, "delete from document where id = $1", id)?;
                forgotten.push(sha256);
            }
        }
        commit(tx).await?;
        for sha256 in &forgotten {
            if let Err(error) = self.remove_unnamed(sha256).await {
                tracing::warn!(%error, sha256, "a forgotten document's bytes are left for the next sweep");
            }
        }
        Ok(forgotten.len() as u64)
    }
}
