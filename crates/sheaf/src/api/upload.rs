//! Files on their way into the store: in memory while they are few, on disk beyond.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sheaf_store::{NewDocument, Store};
use sheaf_types::{DocumentInfo, MediaType, UserId};
use tokio::task::spawn_blocking;

use super::error::{ApiError, Code};

/// Bytes of one request that are held in memory.
const IN_MEMORY: usize = 8 << 20;
/// Bytes and files that are given to the store at once.
const GROUP_BYTES: u64 = 32 << 20;
const GROUP_FILES: usize = 256;

/// Takes files in, one behind the other.
#[derive(Default)]
pub(super) struct Spool {
    /// What is not in `file` yet.
    buffer: BytesMut,
    /// Without a name, so that it goes when the request does. It lies where `TMPDIR` says.
    file: Option<File>,
    length: u64,
    uploads: Vec<Upload>,
}

struct Upload {
    filename: String,
    media_type: MediaType,
    start: u64,
    length: u64,
}

impl Spool {
    /// More of the file that is being read.
    pub(super) async fn append(&mut self, chunk: &[u8]) -> Result<(), ApiError> {
        self.buffer.extend_from_slice(chunk);
        self.length += chunk.len() as u64;
        if self.buffer.len() >= IN_MEMORY { self.flush().await } else { Ok(()) }
    }

    /// The file that was being read ends here.
    pub(super) fn end_file(&mut self, filename: String, media_type: MediaType) {
        let start = self.uploads.last().map_or(0, |upload| upload.start + upload.length);
        self.uploads.push(Upload { filename, media_type, start, length: self.length - start });
    }

    pub(super) async fn finish(mut self) -> Result<Uploads, ApiError> {
        if self.file.is_some() {
            self.flush().await?;
        }
        let content = match self.file {
            Some(file) => Content::File(Arc::new(file)),
            None => Content::Memory(self.buffer.freeze()),
        };
        Ok(Uploads { uploads: self.uploads, content })
    }

    async fn flush(&mut self) -> Result<(), ApiError> {
        let (file, buffer) = (self.file.take(), self.buffer.split());
        let write = move || {
            let mut file = file.map_or_else(tempfile::tempfile, Ok)?;
            file.write_all(&buffer)?;
            Ok(file)
        };
        self.file = Some(blocking(write).await?);
        Ok(())
    }
}

/// The files of a request.
pub(super) struct Uploads {
    uploads: Vec<Upload>,
    content: Content,
}

enum Content {
    Memory(Bytes),
    File(Arc<File>),
}

impl Uploads {
    pub(super) fn len(&self) -> usize {
        self.uploads.len()
    }

    /// Makes a document of each, in order; where one cannot be stored, none stays.
    pub(super) async fn store(&self, store: &Store, user: UserId) -> Result<Vec<DocumentInfo>, ApiError> {
        let mut documents = Vec::with_capacity(self.uploads.len());
        for group in groups(&self.uploads) {
            match self.store_group(group, store, user).await {
                Ok(more) => documents.extend(more),
                Err(error) => {
                    discard(&documents, store, user).await;
                    return Err(error);
                }
            }
        }
        Ok(documents)
    }

    async fn store_group(
        &self,
        group: &[Upload],
        store: &Store,
        user: UserId,
    ) -> Result<Vec<DocumentInfo>, ApiError> {
        let mut new = Vec::with_capacity(group.len());
        for upload in group {
            let bytes = self.content.read(upload.start, upload.length).await?;
            new.push(NewDocument { filename: upload.filename.clone(), media_type: upload.media_type, bytes });
        }
        Ok(store.add_documents(user, new).await?)
    }
}

impl Content {
    async fn read(&self, start: u64, length: u64) -> Result<Bytes, ApiError> {
        // Lengths are those of one file, and files are limited.
        let length = length as usize;
        match self {
            Self::Memory(bytes) => Ok(bytes.slice(start as usize..start as usize + length)),
            Self::File(file) => {
                let file = Arc::clone(file);
                let read = move || {
                    let mut bytes = vec![0; length];
                    file.read_exact_at(&mut bytes, start)?;
                    Ok(bytes.into())
                };
                blocking(read).await
            }
        }
    }
}

/// Takes documents back whose purpose could not be met.
pub(super) async fn discard(documents: &[DocumentInfo], store: &Store, user: UserId) {
    for document in documents {
        if let Err(error) = store.delete_document(user, document.id).await {
            tracing::warn!(document_id = %document.id, %error, "an uploaded document without use stays");
        }
    }
}

/// Runs of files that are small enough to be in memory together; one that is larger is a run of its own.
fn groups(mut uploads: &[Upload]) -> Vec<&[Upload]> {
    let mut groups = Vec::new();
    while !uploads.is_empty() {
        let mut bytes = 0;
        let fits = |upload: &&Upload| {
            bytes += upload.length;
            bytes <= GROUP_BYTES
        };
        let (group, rest) =
            uploads.split_at(uploads.iter().take(GROUP_FILES).take_while(fits).count().max(1));
        groups.push(group);
        uploads = rest;
    }
    groups
}

async fn blocking<T: Send + 'static>(
    io: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ApiError> {
    let done = spawn_blocking(io).await.map_err(io::Error::other).flatten();
    done.map_err(|error| {
        tracing::error!(%error, "an upload could not be kept on disk");
        ApiError::new(Code::Unavailable, "the server has no room for the upload now: try again later")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(length: u64) -> Upload {
        Upload { filename: String::new(), media_type: MediaType::Pdf, start: 0, length }
    }

    #[test]
    fn groups_are_bounded_in_bytes_and_files() {
        let mib = 1 << 20;
        let sizes = |lengths: &[u64]| {
            let uploads: Vec<Upload> = lengths.iter().copied().map(upload).collect();
            groups(&uploads).into_iter().map(<[Upload]>::len).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&[50 * mib]), [1]);
        assert_eq!(sizes(&[16 * mib, 16 * mib, 1]), [2, 1]);
        assert_eq!(sizes(&[50 * mib, 1, 50 * mib, 1]), [1, 1, 1, 1]);
        assert_eq!(sizes(&[1; 300]), [256, 44]);
    }

    #[tokio::test]
    async fn a_spool_gives_back_what_it_took_in_whether_in_memory_or_on_disk() {
        for length in [0, 10, IN_MEMORY + 1] {
            let mut spool = Spool::default();
            let files: Vec<Vec<u8>> = (0..3u8).map(|i| vec![i; length]).collect();
            for file in &files {
                for chunk in file.chunks(1 << 20) {
                    spool.append(chunk).await.unwrap();
                }
                spool.end_file("a.pdf".to_owned(), MediaType::Pdf);
            }
            let uploads = spool.finish().await.unwrap();
            assert_eq!(matches!(uploads.content, Content::File(_)), length > IN_MEMORY);
            for (upload, file) in uploads.uploads.iter().zip(&files) {
                assert_eq!(
                    uploads.content.read(upload.start, upload.length).await.unwrap(),
                    file,
                    "{length}"
                );
            }
        }
    }
}
