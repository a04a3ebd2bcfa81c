//! Files on their way in: hashed and written as they come, so that no byte is read a second time and few are in memory.
//!
//! A small file is held until it is whole, because its name is the hash of all of its bytes; files that are held are
//! written together. A large one goes to the blob store part by part and is given its name at its end. Rows are made last,
//! when all blobs are there; what comes to nothing before that is taken back.

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use sheaf_types::{DocumentInfo, MediaType, UserId};
use tokio::runtime::Handle;

use crate::Store;
use crate::blob::{Blob, BlobWriter, hex};
use crate::document::{NewFile, distinct};
use crate::error::Result;

/// Bytes of whole files that are held.
const HELD: usize = 8 << 20;
/// Bytes of a part of a large file; S3 takes none that is smaller, but for the last.
const PART: usize = 5 << 20;
/// Rows that are made in one transaction, with a look whether each one's blob is there.
const ROWS: usize = 256;

/// The files of one request, one behind the other. Holds at most some 13 MB of them, beside the chunk that has just come.
pub struct Intake {
    store: Store,
    files: Vec<NewFile>,
    /// Bytes of `files` that are in memory.
    held: usize,
    coming: Coming,
    /// Blobs that were not there before and that no row names yet.
    written: Vec<String>,
}

/// The file that is being read.
#[derive(Default)]
struct Coming {
    hash: Sha256,
    length: u64,
    /// What is not written yet.
    buffer: BytesMut,
    writer: Option<BlobWriter>,
}

impl Store {
    /// Begins to take files in.
    #[must_use]
    pub fn intake(&self) -> Intake {
        Intake {
            store: self.clone(),
            files: Vec::new(),
            held: 0,
            coming: Coming::default(),
            written: Vec::new(),
        }
    }
}

impl Intake {
    /// More of the file that is coming.
    ///
    /// # Errors
    /// `Full`, `Unavailable`.
    pub async fn append(&mut self, chunk: &[u8]) -> Result<()> {
        self.coming.count(chunk);
        self.coming.buffer.extend_from_slice(chunk);
        while self.coming.buffer.len() >= PART {
            let part = self.coming.buffer.split_to(PART).freeze();
            let writer = match &mut self.coming.writer {
                Some(writer) => writer,
                none => none.insert(self.store.blobs().begin().await?),
            };
            writer.write(part).await?;
        }
        Ok(())
    }

    /// More of the file that is coming and that will not be kept: it is only hashed.
    pub fn skip(&mut self, chunk: &[u8]) {
        self.coming.count(chunk);
    }

    /// The file that was coming is whole. Answers its SHA-256.
    ///
    /// # Errors
    /// `Full`, `Unavailable`.
    pub async fn end_file(&mut self, filename: String, media_type: MediaType) -> Result<[u8; 32]> {
        let Coming { hash, length, buffer, writer } = std::mem::take(&mut self.coming);
        let digest: [u8; 32] = hash.finalize().into();
        let sha256 = hex(&digest);
        let rest = buffer.freeze();
        let bytes = match writer {
            Some(writer) => {
                self.finish(writer, rest, &sha256, length).await?;
                None
            }
            None => {
                self.held += rest.len();
                Some(rest)
            }
        };
        self.files.push(NewFile { filename, media_type, blob: Blob { sha256, length, bytes } });
        if self.held > HELD {
            self.write_held().await?;
            self.files.iter_mut().for_each(|file| file.blob.bytes = None);
            self.held = 0;
        }
        Ok(digest)
    }

    /// The file that was coming is not kept. Answers its SHA-256.
    pub async fn leave_out(&mut self) -> [u8; 32] {
        let coming = std::mem::take(&mut self.coming);
        if let Some(writer) = coming.writer {
            writer.abandon().await;
        }
        coming.hash.finalize().into()
    }

    /// Makes a document of each file, in order; where one cannot be stored, none stays.
    ///
    /// # Errors
    /// `Full`; `Unavailable`, also where somebody deleted the last document with the same bytes in between.
    pub async fn keep(mut self, user: UserId) -> Result<Vec<DocumentInfo>> {
        self.write_held().await?;
        let mut documents = Vec::with_capacity(self.files.len());
        for files in self.files.chunks(ROWS) {
            match self.store.name_files(user, files).await {
                Ok(more) => documents.extend(more),
                Err(error) => {
                    self.store.discard_documents(user, &documents).await;
                    return Err(error);
                }
            }
        }
        self.written.clear();
        Ok(documents)
    }

    async fn finish(&mut self, mut writer: BlobWriter, rest: Bytes, sha256: &str, length: u64) -> Result<()> {
        if !rest.is_empty()
            && let Err(error) = writer.write(rest).await
        {
            writer.abandon().await;
            return Err(error);
        }
        if writer.finish(sha256, length).await? {
            self.written.push(sha256.to_owned());
        }
        Ok(())
    }

    async fn write_held(&mut self) -> Result<()> {
        let mut held = distinct(&self.files);
        held.retain(|blob| blob.bytes.is_some());
        self.written.extend(self.store.blobs().put_missing(&held).await?);
        Ok(())
    }
}

impl Coming {
    fn count(&mut self, chunk: &[u8]) {
        self.hash.update(chunk);
        self.length += chunk.len() as u64;
    }
}

impl Drop for Intake {
    /// Takes back what no row names: the client went away, or something was wrong. A sweep finds what this misses.
    fn drop(&mut self) {
        let (writer, written) = (self.coming.writer.take(), std::mem::take(&mut self.written));
        if writer.is_none() && written.is_empty() {
            return;
        }
        // Without a runtime the process ends.
        let Ok(runtime) = Handle::try_current() else { return };
        let store = self.store.clone();
        runtime.spawn(async move {
            if let Some(writer) = writer {
                writer.abandon().await;
            }
            for sha256 in &written {
                if let Err(error) = store.remove_unnamed(sha256).await {
                    tracing::warn!(%error, sha256, "the bytes of an upload that broke off are left for the next sweep");
                }
            }
        });
    }
}
