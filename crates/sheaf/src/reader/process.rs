//! The parent's side: one child, started when needed and started again when it is lost.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use sheaf_extract::grid::Grid;
use sheaf_extract::llm::Ask;
use sheaf_extract::ocr::OcrConfig;
use sheaf_types::{Document, ErrorCode, Lesson, MediaType, TemplateSpec};
use tokio::io::{self, AsyncReadExt, AsyncWriteExt, BufWriter};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Probe, ReaderError, ReaderLimits, Reading, Reply, Request, Tables, Task, View};
use crate::metrics::READER_STARTS;

/// Documents a child reads before it is replaced: bounds what leaks and fragments.
const DOCUMENTS_A_CHILD: u32 = 1_000;
/// Longest reply a parent takes from a child, in bytes. A child may have been taken over by what it read.
const LONGEST_REPLY: usize = 256 << 20;
/// What a child gets beyond its own time limit before it is killed: its own limit ends most documents more kindly.
const GRACE: Duration = Duration::from_secs(2);
/// How much of a child's standard error is looked at, in bytes.
const STDERR_LOOKED_AT: usize = 4096;
/// What Rust's run-time says when memory is refused to it.
const OUT_OF_MEMORY_MESSAGE: &[u8] = b"memory allocation of ";

/// How a reader is started.
#[derive(Debug, Clone)]
pub struct ReaderCommand {
    program: PathBuf,
    limits: ReaderLimits,
    ocr: OcrConfig,
    labels: Arc<str>,
}

impl ReaderCommand {
    /// Readers from this very binary, even if its file has been replaced since.
    #[must_use]
    pub fn this_binary(limits: ReaderLimits, ocr: OcrConfig) -> Self {
        Self::new(PathBuf::from("/proc/self/exe"), limits, ocr)
    }

    /// Readers from the `sheaf` binary at a path.
    #[must_use]
    pub fn new(program: PathBuf, limits: ReaderLimits, ocr: OcrConfig) -> Self {
        Self { program, limits, ocr, labels: "".into() }
    }

    /// Readers that know labels beside those of the program ([`sheaf_extract::lexicon::extend`]).
    #[must_use]
    pub fn with_labels(self, labels: String) -> Self {
        Self { labels: labels.into(), ..self }
    }

    /// What each document may use.
    #[must_use]
    pub fn limits(&self) -> &ReaderLimits {
        &self.limits
    }

    /// What a confined reader can do here.
    ///
    /// # Errors
    /// Where the reader cannot be started or not be confined at all.
    pub async fn probe(&self) -> io::Result<Probe> {
        let output = self.command().arg("--probe").output().await?;
        if !output.status.success() {
            return Err(io::Error::other("a reader cannot be confined"));
        }
        serde_json::from_slice(&output.stdout).map_err(io::Error::other)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg("reader")
            .arg("--memory-mb")
            .arg(self.limits.memory_mb.to_string())
            .arg("--ocr-languages")
            .arg(self.ocr.languages.join(","))
            .args(self.ocr.tessdata.iter().flat_map(|folder| [Path::new("--tessdata"), folder]))
            .args(self.ocr.models.iter().flat_map(|folder| [Path::new("--models"), folder]))
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    fn spawn(&self) -> io::Result<Running> {
        metrics::counter!(READER_STARTS).increment(1);
        let mut child = self.command().spawn()?;
        let missing = || io::Error::other("the reader has no pipe");
        let stdin = BufWriter::new(child.stdin.take().ok_or_else(missing)?);
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        Ok(Running { child, stdin, stdout, stderr, documents: 0 })
    }
}

/// A warm reader; works on one document after the other.
pub struct ReaderProcess {
    command: ReaderCommand,
    running: Option<Running>,
}

struct Running {
    child: Child,
    stdin: BufWriter<ChildStdin>,
    stdout: ChildStdout,
    stderr: ChildStderr,
    documents: u32,
}

impl ReaderProcess {
    /// A reader that starts with its first document.
    #[must_use]
    pub fn new(command: ReaderCommand) -> Self {
        Self { command, running: None }
    }

    /// Runs a file through a template in the child.
    ///
    /// Never fails as a call: a child that cannot be started, crashes, hangs or runs out of memory is a failed reply
    /// with the code that says which. Dropping the future kills the child.
    pub async fn extract(&mut self, media_type: MediaType, file: &[u8], template: &TemplateSpec) -> Reply {
        self.extract_and_ask(media_type, file, template, &[], None).await
    }

    /// The same, going by lessons, and with the question for a language model that the results leave open, if one is to be
    /// asked.
    pub async fn extract_and_ask(
        &mut self,
        media_type: MediaType,
        file: &[u8],
        template: &TemplateSpec,
        lessons: &[Lesson],
        ask: Option<Ask>,
    ) -> Reply {
        let task = Task::Extract { template: template.clone(), lessons: lessons.to_vec(), ask };
        match self.ask(media_type, file, task).await {
            Ok((Reply::Done(reading), recognised)) => Reply::Done(Reading { recognised, ..reading }),
            Ok((failed, _)) => failed,
            Err(ReaderError { code, detail }) => Reply::Failed { code, detail, pages: None },
        }
    }

    /// Draws a page, counted from 1, `width` pixels wide, as a PNG; `None` where the file has no such page. Dropping the
    /// future kills the child.
    ///
    /// # Errors
    /// Where the file cannot be read, or the child ended.
    pub async fn draw(
        &mut self,
        media_type: MediaType,
        file: &[u8],
        page: u32,
        width: u32,
    ) -> Result<Option<Vec<u8>>, ReaderError> {
        match self.ask(media_type, file, Task::Draw { page, width }).await? {
            (View::Made, png) => Ok(Some(png)),
            (View::NoSuchPage, _) => Ok(None),
            (View::Failed { code, detail }, _) => Err(ReaderError { code, detail }),
        }
    }

    /// Looks for a template's fields in a document that was read before: a list of
    /// [`FieldResult`](sheaf_types::FieldResult) in JSON. Dropping the future kills the child.
    ///
    /// # Errors
    /// Where the child ended.
    pub async fn extract_from(
        &mut self,
        media_type: MediaType,
        file: &[u8],
        template: TemplateSpec,
        lessons: Vec<Lesson>,
        document: Document,
    ) -> Result<Vec<u8>, ReaderError> {
        match self.ask(media_type, file, Task::ExtractFrom { template, lessons, document }).await? {
            (View::Made, fields) => Ok(fields),
            (View::NoSuchPage, _) => Err(failed(ErrorCode::Corrupt, "it has no pages".to_owned())),
            (View::Failed { code, detail }, _) => Err(ReaderError { code, detail }),
        }
    }

    /// Reads a file: its [`Document`](sheaf_types::Document) in JSON. Dropping the future kills the child.
    ///
    /// # Errors
    /// Where the file cannot be read, or the child ended.
    pub async fn read(&mut self, media_type: MediaType, file: &[u8]) -> Result<Vec<u8>, ReaderError> {
        match self.ask(media_type, file, Task::Read).await? {
            (View::Made, document) => Ok(document),
            (View::NoSuchPage, _) => Err(failed(ErrorCode::Corrupt, "it has no pages".to_owned())),
            (View::Failed { code, detail }, _) => Err(ReaderError { code, detail }),
        }
    }

    /// Everything in a file that could be a table, without a template. Dropping the future kills the child.
    ///
    /// # Errors
    /// Where the file cannot be read or has no text, or the child ended.
    pub async fn tables(&mut self, media_type: MediaType, file: &[u8]) -> Result<Tables, ReaderError> {
        let taken_over = || failed(ErrorCode::Crashed, "the reader gave a wrong answer".to_owned());
        match self.ask(media_type, file, Task::Tables).await? {
            (View::Made, tables) => {
                let tables: Tables = serde_json::from_slice(&tables).map_err(|_| taken_over())?;
                if tables.grids.iter().all(Grid::is_sound) { Ok(tables) } else { Err(taken_over()) }
            }
            (View::NoSuchPage, _) => Err(failed(ErrorCode::Corrupt, "it has no pages".to_owned())),
            (View::Failed { code, detail }, _) => Err(ReaderError { code, detail }),
        }
    }

    /// Has the child carry out a task: its answer, and the bytes that go with it.
    async fn ask<T: DeserializeOwned>(
        &mut self,
        media_type: MediaType,
        file: &[u8],
        task: Task,
    ) -> Result<(T, Vec<u8>), ReaderError> {
        let limits = self.command.limits;
        if file.len() as u64 > limits.file_bytes {
            let most = limits.file_bytes / 1_000_000;
            return Err(failed(ErrorCode::FileTooLarge, format!("the file is larger than {most} MB")));
        }
        let request = Request { media_type, limits, task };
        let header = serde_json::to_vec(&request)
            .map_err(|error| failed(ErrorCode::Internal, format!("cannot write the request: {error}")))?;
        // Taken out, so that a dropped future takes a half-used child with it.
        let mut running = match self.running.take() {
            Some(running) => running,
            None => self.command.spawn().map_err(|error| {
                failed(ErrorCode::Internal, format!("cannot start a reader process: {error}"))
            })?,
        };
        let deadline = Instant::now() + Duration::from_secs(limits.seconds) + GRACE;
        let labels = (running.documents == 0).then(|| self.command.labels.as_bytes());
        match timeout_at(deadline, running.exchange(labels, &header, file)).await {
            Ok(Ok(answer)) => {
                running.documents += 1;
                if running.documents < DOCUMENTS_A_CHILD {
                    self.running = Some(running);
                }
                Ok(answer)
            }
            Ok(Err(_)) => Err(running.post_mortem(&limits).await),
            Err(_) => {
                let seconds = limits.seconds;
                Err(failed(ErrorCode::Timeout, format!("reading took longer than {seconds} seconds")))
            }
        }
    }
}

impl Running {
    /// Sends a request, before the first one the labels, and receives the answer.
    async fn exchange<T: DeserializeOwned>(
        &mut self,
        labels: Option<&[u8]>,
        header: &[u8],
        file: &[u8],
    ) -> io::Result<(T, Vec<u8>)> {
        for frame in labels.into_iter().chain([header, file]) {
            let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
            self.stdin.write_all(&length.to_le_bytes()).await?;
            self.stdin.write_all(frame).await?;
        }
        self.stdin.flush().await?;
        let answer = self.read_frame().await?;
        let answer = serde_json::from_slice(&answer).map_err(io::Error::other)?;
        Ok((answer, self.read_frame().await?))
    }

    async fn read_frame(&mut self) -> io::Result<Vec<u8>> {
        let length = self.stdout.read_u32_le().await? as usize;
        if length > LONGEST_REPLY {
            return Err(io::Error::other("the reply is too long"));
        }
        let mut frame = vec![0; length];
        self.stdout.read_exact(&mut frame).await?;
        Ok(frame)
    }

    /// Why the child broke off: its exit status and what the run-time said last. Neither goes into a log, as a panic's
    /// message may hold a piece of the document.
    async fn post_mortem(mut self, limits: &ReaderLimits) -> ReaderError {
        let mut said = Vec::new();
        let mut stderr = (&mut self.stderr).take(STDERR_LOOKED_AT as u64);
        let _ = timeout(GRACE, stderr.read_to_end(&mut said)).await;
        let out_of_memory =
            said.windows(OUT_OF_MEMORY_MESSAGE.len()).any(|window| window == OUT_OF_MEMORY_MESSAGE);
        let status = timeout(GRACE, self.child.wait()).await.ok().and_then(Result::ok);
        // SIGKILL that we did not send is the kernel's: the machine itself was short of memory.
        if out_of_memory || status.and_then(|s| s.signal()) == Some(9) {
            let most = limits.memory_mb;
            return failed(ErrorCode::OutOfMemory, format!("reading took more than {most} MB of memory"));
        }
        failed(ErrorCode::Crashed, format!("the reader ended unexpectedly ({})", describe(status)))
    }
}

fn describe(status: Option<ExitStatus>) -> String {
    status.map_or_else(|| "no exit status".to_owned(), |status| status.to_string())
}

fn failed(code: ErrorCode, detail: String) -> ReaderError {
    ReaderError { code, detail }
}
