//! Uploaded documents: a row each, and a blob that documents with the same bytes share.

use bytes::Bytes;
use sheaf_types::{DocumentId, DocumentInfo, MediaType, UserId};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::Store;
use crate::blob::{Blob, sha256_hex};
use crate::db::{Tx, commit, execute, fetch_all, fetch_one, fetch_optional, on};
use crate::error::{Result, StoreError};
use crate::lifecycle::remove_extractions;
use crate::page::{Page, PageRequest};
use crate::queue::Claim;
use crate::template::number;
use crate::time::rfc3339;

const NOT_FOUND: StoreError = StoreError::NotFound { what: "document" };
/// Rows an `insert` carries: their values stay under SQLite's 32,766 parameters.
const ROWS_AN_INSERT: usize = 1_000;

/// A file to keep.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// Already safe (`sheaf_types::safe_filename`).
    pub filename: String,
    /// Judged by content.
    pub media_type: MediaType,
    /// The file.
    pub bytes: Bytes,
}

/// A document that has no row yet.
pub(crate) struct NewFile {
    pub(crate) filename: String,
    pub(crate) media_type: MediaType,
    pub(crate) blob: Blob,
}

/// The blobs of files, each once.
pub(crate) fn distinct(files: &[NewFile]) -> Vec<&Blob> {
    let mut blobs: Vec<&Blob> = files.iter().map(|file| &file.blob).collect();
    // Those at hand first, so that they are what stays of equal ones.
    blobs.sort_by_key(|blob| (&blob.sha256, blob.bytes.is_none()));
    blobs.dedup_by_key(|blob| &blob.sha256);
    blobs
}

#[derive(sqlx::FromRow)]
struct DocumentRow {
    id: Uuid,
    filename: String,
    media_type: String,
    bytes: i64,
    sha256: String,
    pages: Option<i64>,
    created_at: i64,
}

impl DocumentRow {
    fn build(self) -> Result<DocumentInfo> {
        Ok(DocumentInfo {
            id: DocumentId(self.id),
            filename: self.filename,
            media_type: media_type(&self.media_type)?,
            bytes: self.bytes.unsigned_abs(),
            sha256: self.sha256,
            pages: self.pages.map(number),
            created_at: rfc3339(self.created_at),
        })
    }
}

impl Store {
    /// Keeps one file; see [`Store::add_documents`].
    ///
    /// # Errors
    /// As [`Store::add_documents`].
    pub async fn add_document(
        &self,
        user: UserId,
        filename: &str,
        media_type: MediaType,
        bytes: Bytes,
    ) -> Result<DocumentInfo> {
        let document = NewDocument { filename: filename.to_owned(), media_type, bytes };
        let mut added = self.add_documents(user, vec![document]).await?;
        added.pop().ok_or_else(|| StoreError::Internal("a document was added and is not there".into()))
    }

    /// Keeps files, all or none. The bytes are on disk before a row names them.
    ///
    /// # Errors
    /// `Unavailable` where the disk is full or the blob store cannot be reached.
    pub async fn add_documents(
        &self,
        user: UserId,
        documents: Vec<NewDocument>,
    ) -> Result<Vec<DocumentInfo>> {
        let hashing = tokio::task::spawn_blocking(move || {
            let file = |new: NewDocument| NewFile {
                filename: new.filename,
                media_type: new.media_type,
                blob: Blob {
                    sha256: sha256_hex(&new.bytes),
                    length: new.bytes.len() as u64,
                    bytes: Some(new.bytes),
                },
            };
            documents.into_iter().map(file).collect::<Vec<_>>()
        });
        let files = hashing.await.map_err(|_| StoreError::Internal("hashing a file failed".into()))?;
        self.blobs().put_missing(&distinct(&files)).await?;
        self.name_files(user, &files).await
    }

    /// Makes a document of each file, in one transaction. Their blobs were written before.
    pub(crate) async fn name_files(&self, user: UserId, files: &[NewFile]) -> Result<Vec<DocumentInfo>> {
        let now = self.clock().now();
        let row = |file: &NewFile| DocumentRow {
            id: Uuid::now_v7(),
            filename: file.filename.clone(),
            media_type: file.media_type.as_str().to_owned(),
            bytes: i64::try_from(file.blob.length).unwrap_or(i64::MAX),
            sha256: file.blob.sha256.clone(),
            pages: None,
            created_at: now,
        };
        let rows: Vec<DocumentRow> = files.iter().map(row).collect();

        let mut tx = self.db().write_blobs(false).await?;
        // Whoever deleted the last document with these bytes a moment ago took them away; now nobody can.
        self.blobs().put_missing(&distinct(files)).await?;
        for chunk in rows.chunks(ROWS_AN_INSERT) {
            on!(&mut tx, |c| async {
                QueryBuilder::new(
                    "insert into document (id, account_id, filename, media_type, bytes, sha256, created_at) ",
                )
                .push_values(chunk, |mut values, row| {
                    values
                        .push_bind(row.id)
                        .push_bind(user.0)
                        .push_bind(&row.filename)
                        .push_bind(&row.media_type)
                        .push_bind(row.bytes)
                        .push_bind(&row.sha256)
                        .push_bind(row.created_at);
                })
                .build()
                .persistent(false)
                .execute(c)
                .await
                .map(|_| ())
            })?;
        }
        commit(tx).await?;
        rows.into_iter().map(DocumentRow::build).collect()
    }

    /// A document.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn document(&self, user: UserId, id: DocumentId) -> Result<DocumentInfo> {
        let mut conn = self.db().read().await?;
        let row: Option<DocumentRow> = fetch_optional!(
            &mut conn,
            "select id, filename, media_type, bytes, sha256, pages, created_at from document
             where id = $1 and account_id = $2",
            id.0,
            user.0,
        )?;
        row.ok_or(NOT_FOUND)?.build()
    }

    /// An account's documents, newest first.
    ///
    /// # Errors
    /// `Invalid` for a malformed page request.
    pub async fn list_documents(&self, user: UserId, page: PageRequest) -> Result<Page<DocumentInfo>> {
        let (rows, before) = (page.rows()?, page.before()?);
        let mut conn = self.db().read().await?;
        let rows: Vec<DocumentRow> = fetch_all!(
            &mut conn,
            "select id, filename, media_type, bytes, sha256, pages, created_at from document
             where account_id = $1 and id < $2 order by id desc limit $3",
            user.0,
            before,
            rows,
        )?;
        page.page(rows, |row| row.id.as_bytes().to_vec(), DocumentRow::build)
    }

    /// Takes documents back whose purpose could not be met.
    pub async fn discard_documents(&self, user: UserId, documents: &[DocumentInfo]) {
        for document in documents {
            if let Err(error) = self.delete_document(user, document.id).await {
                tracing::warn!(document_id = %document.id, %error, "an uploaded document without use stays");
            }
        }
    }

    /// Forgets a document, the single extractions of it, and its bytes where no other document has the same.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` while an extraction that is not at its end or that belongs to a batch refers to it.
    pub async fn delete_document(&self, user: UserId, id: DocumentId) -> Result<()> {
        let mut tx = self.db().write().await?;
        let lock = match &tx {
            // New extractions of the document wait for this lock, and find it gone.
            Tx::Postgres(_) => "select sha256 from document where id = $1 and account_id = $2 for update",
            Tx::Sqlite(_) => "select sha256 from document where id = $1 and account_id = $2",
        };
        let row: Option<(String,)> = fetch_optional!(&mut tx, lock, id.0, user.0)?;
        let (sha256,) = row.ok_or(NOT_FOUND)?;
        let (used,): (i64,) = fetch_one!(
            &mut tx,
            "select count(*) from extraction
             where document_id = $1 and (batch_id is not null or status in ('pending', 'running'))",
            id.0,
        )?;
        if used > 0 {
            return Err(StoreError::Conflict(
                "the document is in use: wait until its extraction ends, or delete the batch it belongs to"
                    .into(),
            ));
        }
        remove_extractions(&mut tx, id.0).await?;
        execute!(&mut tx, "delete from document where id = $1", id.0)?;
        commit(tx).await?;

        if let Err(error) = self.remove_unnamed(&sha256).await {
            tracing::warn!(%error, sha256, "a deleted document's bytes are left in the blob store");
        }
        Ok(())
    }

    /// Removes a blob that no document names. A transaction of its own, after the rows are gone for certain: what fails
    /// in between leaves bytes that nothing names, and never a name without bytes.
    /// Answers whether it was removed.
    pub(crate) async fn remove_unnamed(&self, sha256: &str) -> Result<bool> {
        let mut tx = self.db().write_blobs(true).await?;
        let (names,): (i64,) =
            fetch_one!(&mut tx, "select count(*) from document where sha256 = $1", sha256)?;
        if names == 0 {
            self.blobs().remove(sha256).await?;
        }
        commit(tx).await?;
        Ok(names == 0)
    }

    /// The bytes of a document, as uploaded.
    ///
    /// # Errors
    /// `NotFound`; `Internal` where the blob is missing.
    pub async fn document_bytes(&self, user: UserId, id: DocumentId) -> Result<Bytes> {
        let document = self.document(user, id).await?;
        self.blobs().get(&document.sha256).await.map_err(|error| match error {
            StoreError::NotFound { .. } => StoreError::Internal(format!(
                "the file of document {id} is missing from the blob store: restore {} from a backup",
                document.sha256
            )),
            other => other,
        })
    }

    /// The picture of a document's page in a width in pixels, where [`keep_page_picture`](Self::keep_page_picture) was
    /// given one.
    ///
    /// # Errors
    /// `NotFound` where there is no such document.
    pub async fn page_picture(
        &self,
        user: UserId,
        id: DocumentId,
        page: u32,
        width: u32,
    ) -> Result<Option<Bytes>> {
        let document = self.document(user, id).await?;
        self.blobs().made(&document.sha256, &format!("{page}-{width}.png")).await
    }

    /// Keeps the picture of a page, for as long as its document's bytes.
    ///
    /// # Errors
    /// `NotFound` where there is no such document; `Unavailable` where the disk is full.
    pub async fn keep_page_picture(
        &self,
        user: UserId,
        id: DocumentId,
        page: u32,
        width: u32,
        png: Bytes,
    ) -> Result<()> {
        self.keep_made(user, id, &format!("{page}-{width}.png"), png).await
    }

    /// The words of a document as this version of a reader read them, where [`keep_words`](Self::keep_words) was given them.
    ///
    /// # Errors
    /// `NotFound` where there is no such document.
    pub async fn words(&self, user: UserId, id: DocumentId, reader: &str) -> Result<Option<Bytes>> {
        let document = self.document(user, id).await?;
        self.blobs().made(&document.sha256, &format!("words-{reader}.json")).await
    }

    /// Keeps the words of a document, for as long as its bytes.
    ///
    /// # Errors
    /// `NotFound` where there is no such document; `Unavailable` where the disk is full.
    pub async fn keep_words(&self, user: UserId, id: DocumentId, reader: &str, words: Bytes) -> Result<()> {
        self.keep_made(user, id, &format!("words-{reader}.json"), words).await
    }

    /// Keeps the words of a claimed document, for workers; not where it was deleted meanwhile.
    ///
    /// # Errors
    /// `Unavailable` where the disk is full.
    pub async fn keep_claimed_words(&self, claim: &Claim, reader: &str, words: Bytes) -> Result<()> {
        let mut tx = self.db().write_blobs(false).await?;
        let is_there: Option<(Uuid,)> =
            fetch_optional!(&mut tx, "select id from document where id = $1", claim.document_id.0)?;
        if is_there.is_some() {
            self.blobs().put_made(&claim.sha256, &format!("words-{reader}.json"), words).await?;
        }
        commit(tx).await
    }

    async fn keep_made(&self, user: UserId, id: DocumentId, name: &str, made: Bytes) -> Result<()> {
        // The document's bytes cannot go meanwhile and leave behind what was made of them.
        let tx = self.db().write_blobs(false).await?;
        let document = self.document(user, id).await?;
        self.blobs().put_made(&document.sha256, name, made).await?;
        commit(tx).await
    }

    /// The bytes with this hash, for workers.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn blob(&self, sha256: &str) -> Result<Bytes> {
        self.blobs().get(sha256).await
    }
}

/// The kind of file a row names.
pub(crate) fn media_type(name: &str) -> Result<MediaType> {
    MediaType::from_name(name)
        .ok_or_else(|| StoreError::Internal(format!("a row has the unknown media type {name:?}")))
}
