//! Readers for people who look at documents: a few of their own, so that a viewer does not wait for a batch.

use std::sync::{Mutex, PoisonError};

use sheaf_types::{Document, Lesson, MediaType, TemplateSpec};
use tokio::sync::Semaphore;

use super::{ReaderCommand, ReaderError, ReaderProcess};

/// Documents looked at at a time; further ones wait.
const AT_A_TIME: usize = 2;

/// Reader processes that are kept warm.
pub struct ReaderPool {
    command: ReaderCommand,
    turns: Semaphore,
    idle: Mutex<Vec<ReaderProcess>>,
}

impl ReaderPool {
    /// Nothing is started before something is asked for.
    #[must_use]
    pub fn new(command: ReaderCommand) -> Self {
        Self { command, turns: Semaphore::new(AT_A_TIME), idle: Mutex::default() }
    }

    /// Draws a page, counted from 1, as a PNG `width` pixels wide; `None` where the file has no such page.
    ///
    /// # Errors
    /// Where the file cannot be read, or reading it ended the reader.
    pub async fn draw(
        &self,
        media_type: MediaType,
        file: &[u8],
        page: u32,
        width: u32,
    ) -> Result<Option<Vec<u8>>, ReaderError> {
        self.with_reader(async |reader| reader.draw(media_type, file, page, width).await).await
    }

    /// Reads a file: its [`Document`](sheaf_types::Document) in JSON.
    ///
    /// # Errors
    /// Where the file cannot be read, or reading it ended the reader.
    pub async fn read(&self, media_type: MediaType, file: &[u8]) -> Result<Vec<u8>, ReaderError> {
        self.with_reader(async |reader| reader.read(media_type, file).await).await
    }

    /// Looks for a template's fields in a document that was read before: a list of
    /// [`FieldResult`](sheaf_types::FieldResult) in JSON.
    ///
    /// # Errors
    /// Where it ended the reader.
    pub async fn extract_from(
        &self,
        media_type: MediaType,
        file: &[u8],
        template: TemplateSpec,
        lessons: Vec<Lesson>,
        document: Document,
    ) -> Result<Vec<u8>, ReaderError> {
        self.with_reader(async |reader| {
            reader.extract_from(media_type, file, template, lessons, document).await
        })
        .await
    }

    async fn with_reader<T>(&self, work: impl AsyncFnOnce(&mut ReaderProcess) -> T) -> T {
        // Never closed, so a turn always comes.
        let _turn = self.turns.acquire().await;
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let warm = idle().pop();
        let mut reader = warm.unwrap_or_else(|| ReaderProcess::new(self.command.clone()));
        let answer = work(&mut reader).await;
        idle().push(reader);
        answer
    }
}
