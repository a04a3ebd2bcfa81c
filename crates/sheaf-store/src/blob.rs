//! Files by content: a blob's name is the SHA-256 of its bytes, so that the same bytes are kept once.

use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use sha2::{Digest, Sha256};

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

/// The store of blobs.
#[derive(Clone)]
pub(crate) struct Blobs(Arc<dyn ObjectStore>);

impl Blobs {
    /// Opens the folder of a `file://` URL, made where it is missing; what follows the scheme is a path as it stands. Or the
    /// bucket of an `s3://` URL, which is there already; who may use it, and where it is, say the `AWS_…` variables.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let store: Arc<dyn ObjectStore> = if let Some(folder) = url.strip_prefix("file://") {
            Arc::new(open_folder(FilePath::new(folder))?)
        } else if let Some(place) = url.strip_prefix("s3://") {
            Arc::new(open_bucket(place)?)
        } else {
            return Err(StoreError::Internal(
                "the blobs url is of no known kind: give file:///path/to/folder or s3://bucket/prefix".into(),
            ));
        };
        let blobs = Self(store);
        match blobs.0.head(&Path::from(MARKER)).await {
            Ok(_) => {}
            Err(object_store::Error::NotFound { .. }) => {
                blobs.0.put(&Path::from(MARKER), "blobs of sheaf, named by sha-256\n".into()).await?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(blobs)
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        self.0.head(&Path::from(MARKER)).await?;
        Ok(())
    }

    /// Writes those that are not there whole; durable when it answers.
    pub(crate) async fn put_missing(&self, blobs: &[(String, Bytes)]) -> Result<()> {
        let writes: Vec<_> = blobs.iter().map(|(sha256, bytes)| self.put(sha256, bytes)).collect();
        stream::iter(writes).buffer_unordered(CONCURRENT_WRITES).try_collect().await
    }

    async fn put(&self, sha256: &str, bytes: &Bytes) -> Result<()> {
        let path = path(sha256)?;
        match self.0.head(&path).await {
            Ok(found) if found.size == bytes.len() as u64 => return Ok(()),
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        // Written beside and renamed: another reader sees the whole file or none.
        self.0.put(&path, bytes.clone().into()).await?;
        Ok(())
    }

    pub(crate) async fn get(&self, sha256: &str) -> Result<Bytes> {
        match self.0.get(&path(sha256)?).await {
            Ok(found) => Ok(found.bytes().await?),
            Err(object_store::Error::NotFound { .. }) => Err(StoreError::NotFound { what: "blob" }),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a blob, and what was made of it.
    pub(crate) async fn remove(&self, sha256: &str) -> Result<()> {
        let pictures = self.0.list(Some(&pictures(sha256)?)).map_ok(|found| found.location);
        let pictures: Vec<Path> = pictures.try_collect().await?;
        for path in pictures.into_iter().chain([path(sha256)?]) {
            match self.0.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The names of blobs that were written before a time, in milliseconds since 1970.
    pub(crate) fn older_than(&self, ms: i64) -> impl Stream<Item = Result<String>> {
        let found = self.0.list(None).map_err(StoreError::from);
        found.try_filter_map(move |found| {
            let name = found.location.filename().unwrap_or_default();
            let is_blob = path(name).is_ok_and(|path| path == found.location);
            let old = found.last_modified.timestamp_millis() < ms;
            std::future::ready(Ok((is_blob && old).then(|| name.to_owned())))
        })
    }

    /// What was made of a blob and kept under this name.
    pub(crate) async fn made(&self, sha256: &str, name: &str) -> Result<Option<Bytes>> {
        match self.0.get(&pictures(sha256)?.join(name)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn put_made(&self, sha256: &str, name: &str, made: Bytes) -> Result<()> {
        self.0.put(&pictures(sha256)?.join(name), made.into()).await?;
        Ok(())
    }
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
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
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
