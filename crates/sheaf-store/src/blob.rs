//! Files by content: a blob's name is the SHA-256 of its bytes, so that the same bytes are kept once.

use std::fs;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, MultipartUpload, ObjectStore, ObjectStoreExt, RetryConfig};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::db::create_private_folder;
use crate::error::{Result, StoreError};
use crate::tls::use_ring;

/// Writes of an upload that wait for the disk at the same time.
const CONCURRENT_WRITES: usize = 16;

/// How long S3 may take for one request, and for trying it again.
const S3_PATIENCE: Duration = Duration::from_secs(30);

/// A file beside the blobs: where it is missing, the place is not the one that was opened (a disk that is not mounted).
const MARKER: &str = "sheaf-blobs";

/// The folder of what can be made again from the blobs.
const PICTURES: &str = "pages";

/// The folder of large files whose last byte, and so whose name, has not come yet.
const INCOMING: &str = "incoming";

/// The store of blobs.
#[derive(Clone)]
pub(crate) struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// Where blobs are files.
    folder: Option<PathBuf>,
}

/// A blob that has to be there.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    pub(crate) sha256: String,
    pub(crate) length: u64,
    /// Its bytes, for as long as they are at hand.
    pub(crate) bytes: Option<Bytes>,
}

impl Blobs {
    /// Opens the folder of a `file://` URL, made where it is missing; what follows the scheme is a path as it stands. Or the
    /// bucket of an `s3://` URL, which is there already; who may use it, and where it is, say the `AWS_…` variables.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let blobs = if let Some(folder) = url.strip_prefix("file://") {
            Self { store: Arc::new(open_folder(FilePath::new(folder))?), folder: Some(folder.into()) }
        } else if let Some(place) = url.strip_prefix("s3://") {
            Self { store: Arc::new(open_bucket(place)?), folder: None }
        } else {
            return Err(StoreError::Internal(
                "the blobs url is of no known kind: give file:///path/to/folder or s3://bucket/prefix".into(),
            ));
        };
        match blobs.store.head(&Path::from(MARKER)).await {
            Ok(_) => {}
            Err(object_store::Error::NotFound { .. }) => {
                blobs.store.put(&Path::from(MARKER), "blobs of sheaf, named by sha-256\n".into()).await?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(blobs)
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        self.store.head(&Path::from(MARKER)).await?;
        Ok(())
    }

    /// Writes those that are not there whole, and answers the names of these; durable when it answers.
    ///
    /// # Errors
    /// `Unavailable` where one is neither there nor at hand.
    pub(crate) async fn put_missing(&self, blobs: &[&Blob]) -> Result<Vec<String>> {
        let writes: Vec<_> = blobs.iter().map(|blob| self.put(blob)).collect();
        let written = stream::iter(writes).buffer_unordered(CONCURRENT_WRITES);
        written.try_filter_map(|name| std::future::ready(Ok(name))).try_collect().await
    }

    async fn put(&self, blob: &Blob) -> Result<Option<String>> {
        if self.has(&blob.sha256, blob.length).await? {
            return Ok(None);
        }
        let Some(bytes) = &blob.bytes else {
            return Err(StoreError::Unavailable(
                "a document with the same bytes was deleted during the upload: send the file again".into(),
            ));
        };
        // Written beside and renamed: another reader sees the whole file or none.
        self.store.put(&path(&blob.sha256)?, bytes.clone().into()).await?;
        Ok(Some(blob.sha256.clone()))
    }

    async fn has(&self, sha256: &str, length: u64) -> Result<bool> {
        match self.store.head(&path(sha256)?).await {
            Ok(found) => Ok(found.size == length),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Begins a blob whose name is not known yet.
    pub(crate) async fn begin(&self) -> Result<BlobWriter> {
        let path = Path::from_iter([INCOMING, &Uuid::now_v7().to_string()]);
        let upload = self.store.put_multipart(&path).await?;
        Ok(BlobWriter { blobs: self.clone(), path, upload })
    }

    pub(crate) async fn get(&self, sha256: &str) -> Result<Bytes> {
        match self.store.get(&path(sha256)?).await {
            Ok(found) => Ok(found.bytes().await?),
            Err(object_store::Error::NotFound { .. }) => Err(StoreError::NotFound { what: "blob" }),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a blob, and what was made of it.
    pub(crate) async fn remove(&self, sha256: &str) -> Result<()> {
        let pictures = self.store.list(Some(&pictures(sha256)?)).map_ok(|found| found.location);
        let pictures: Vec<Path> = pictures.try_collect().await?;
        for path in pictures.into_iter().chain([path(sha256)?]) {
            match self.store.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The names of blobs that were written before a time, in milliseconds since 1970.
    pub(crate) fn older_than(&self, ms: i64) -> impl Stream<Item = Result<String>> {
        let found = self.store.list(None).map_err(StoreError::from);
        found.try_filter_map(move |found| {
            let name = found.location.filename().unwrap_or_default();
            let is_blob = path(name).is_ok_and(|path| path == found.location);
            let old = found.last_modified.timestamp_millis() < ms;
            std::future::ready(Ok((is_blob && old).then(|| name.to_owned())))
        })
    }

    /// Removes what was begun before a time, in milliseconds since 1970, and never ended: nobody is writing it any more.
    pub(crate) async fn remove_abandoned(&self, before: i64) -> Result<()> {
        let incoming = Path::from(INCOMING);
        let mut found = self.store.list(Some(&incoming));
        while let Some(found) = found.try_next().await? {
            if found.last_modified.timestamp_millis() < before {
                self.store.delete(&found.location).await?;
            }
        }
        let Some(folder) = self.folder.clone() else { return Ok(()) };
        let before = SystemTime::UNIX_EPOCH + Duration::from_millis(before.max(0).unsigned_abs());
        let removed = spawn_blocking(move || remove_staged(&folder, before)).await;
        removed.map_err(io::Error::other).flatten().map_err(|error| {
            StoreError::Unavailable(format!("files that were never ended cannot be removed: {error}"))
        })
    }

    /// What was made of a blob and kept under this name.
    pub(crate) async fn made(&self, sha256: &str, name: &str) -> Result<Option<Bytes>> {
        match self.store.get(&pictures(sha256)?.join(name)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn put_made(&self, sha256: &str, name: &str, made: Bytes) -> Result<()> {
        self.store.put(&pictures(sha256)?.join(name), made.into()).await?;
        Ok(())
    }
}

/// A blob that is on its way in.
pub(crate) struct BlobWriter {
    blobs: Blobs,
    path: Path,
    upload: Box<dyn MultipartUpload>,
}

impl BlobWriter {
    /// The next bytes. All parts but the last are equally large and not smaller than S3 takes them.
    pub(crate) async fn write(&mut self, part: Bytes) -> Result<()> {
        Ok(self.upload.put_part(part.into()).await?)
    }

    /// Gives the whole its name, unless there is a blob with that already; durable when it answers. Answers whether
    /// there was none.
    pub(crate) async fn finish(mut self, sha256: &str, length: u64) -> Result<bool> {
        if self.blobs.has(sha256, length).await? {
            self.abandon().await;
            return Ok(false);
        }
        if let Err(error) = self.upload.complete().await {
            self.abandon().await;
            return Err(error.into());
        }
        self.blobs.store.rename(&self.path, &path(sha256)?).await?;
        Ok(true)
    }

    /// Takes back what was written; what cannot be is removed by a sweep.
    pub(crate) async fn abandon(mut self) {
        if let Err(error) = self.upload.abort().await {
            tracing::warn!(%error, "an upload that broke off is left for the next sweep");
        }
    }
}

/// Removes the files under a folder that a write which never ended left there. `object_store` marks such with `#`, and does
/// not list them.
fn remove_staged(folder: &FilePath, before: SystemTime) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        if about.is_dir() {
            remove_staged(&entry.path(), before)?;
        } else if entry.file_name().as_encoded_bytes().contains(&b'#') && about.modified()? < before {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn open_folder(folder: &FilePath) -> Result<LocalFileSystem> {
    create_private_folder(folder).map_err(|e| {
        StoreError::Unavailable(format!("cannot open the blob folder {}: {e}", folder.display()))
    })?;
    // A file and the folders that lead to it are on disk before a row names it.
    Ok(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true))
}

/// `bucket` or `bucket/prefix`.
fn open_bucket(place: &str) -> Result<PrefixStore<AmazonS3>> {
    use_ring();
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    if bucket.is_empty() {
        return Err(StoreError::Internal("the blobs url names no bucket: give s3://bucket/prefix".into()));
    }
    // Short, because whoever waits tries again by himself, and because a request must not wait for minutes.
    let retry = RetryConfig { max_retries: 3, retry_timeout: S3_PATIENCE, ..RetryConfig::default() };
    let options = ClientOptions::new().with_connect_timeout(Duration::from_secs(5)).with_timeout(S3_PATIENCE);
    // `from_env` reads the endpoint's permission to be plain HTTP, too, which the options above would take back.
    let allow_http = std::env::var("AWS_ALLOW_HTTP").is_ok_and(|allow| allow == "true");
    let s3 = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_retry(retry)
        .with_client_options(options.with_allow_http(allow_http))
        .build()?;
    Ok(PrefixStore::new(s3, prefix))
}

/// The name of these bytes.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// A digest as it stands in names.
pub(crate) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `ab/cd/abcd…`: folders stay small with millions of files.
fn path(sha256: &str) -> Result<Path> {
    parts(sha256).map(Path::from_iter)
}

/// Where the pictures of a blob's pages and its words are, beside the blobs.
fn pictures(sha256: &str) -> Result<Path> {
    Ok(Path::from_iter([PICTURES].into_iter().chain(parts(sha256)?)))
}

fn parts(sha256: &str) -> Result<[&str; 3]> {
    let hex = sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !hex {
        return Err(StoreError::NotFound { what: "blob" });
    }
    Ok([&sha256[..2], &sha256[2..4], sha256])
}
