//! Hostile bytes stay in a child process.
//!
//! Parsers see bytes from strangers, so they run in `sheaf reader`: the same binary in another role, kept warm, one a
//! slot, with limits on memory, time and pages, and without the parent's environment. The template goes along and the
//! fields come back, so that whatever a document does to the extraction, too, happens in the child. A crash, a hang
//! or an exhausted memory costs one attempt of one document and is told apart by its error code.
//!
//! On the wire both ways: frames of a little-endian `u32` length and that many bytes. The first is labels that the user adds
//! to the program's, mostly none. A request is two frames, a [`Request`] in JSON and the file; an answer is two, a [`Reply`] or
//! [`View`] in JSON and the bytes that go with it, mostly none.

mod child;
mod confine;
mod pool;
mod process;

use serde::{Deserialize, Serialize};
use sheaf_extract::Limits;
use sheaf_extract::grid::Grid;
use sheaf_extract::llm::{Ask, Question};
use sheaf_types::{Document, Engine, ErrorCode, FieldResult, Lesson, MediaType, TemplateSpec, Warning};

pub use child::{probe, run};
pub use pool::ReaderPool;
pub use process::{ReaderCommand, ReaderProcess};
pub use sheaf_extract::ocr::OcrConfig;

/// The version that words which are kept were read by.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a reader may use for one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderLimits {
    /// Address space of the reader process, in MiB.
    pub memory_mb: u64,
    /// Wall-clock seconds for one document.
    pub seconds: u64,
    /// Wall-clock seconds for recognising one page.
    pub page_seconds: u64,
    /// Pages of one document.
    pub pages: u32,
    /// Millions of pixels of one page that is an image.
    pub page_megapixels: u64,
    /// Things drawn on one page.
    pub page_objects: usize,
    /// Length of one file, in bytes.
    pub file_bytes: u64,
    /// What a file's parts unpack to, in bytes.
    pub unpacked_bytes: u64,
}

impl Default for ReaderLimits {
    /// Those of the library, and more pages and time.
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            memory_mb: 2048,
            seconds: 120,
            page_seconds: limits.max_page_duration.as_secs(),
            pages: 1_000,
            page_megapixels: limits.max_pixels_per_page / 1_000_000,
            page_objects: limits.max_operators_per_page,
            file_bytes: limits.max_bytes as u64,
            unpacked_bytes: limits.max_unpacked_bytes,
        }
    }
}

/// Asks a reader for something about a file, which follows in a frame of its own.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    media_type: MediaType,
    limits: ReaderLimits,
    task: Task,
}

/// What a reader is asked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Task {
    /// The fields of a template.
    Extract {
        /// The template.
        template: TemplateSpec,
        /// What corrections taught about it.
        lessons: Vec<Lesson>,
        /// How to ask a language model about what is left open, if one is to be asked.
        ask: Option<Ask>,
    },
    /// The fields of a template, in words that were read before.
    ExtractFrom {
        /// The template.
        template: TemplateSpec,
        /// What corrections taught about it.
        lessons: Vec<Lesson>,
        /// What [`Task::Read`] answered for the file.
        document: Document,
    },
    /// The document's pages of words.
    Read,
    /// Every table, without a template.
    Tables,
    /// A picture of a page.
    Draw {
        /// Counted from 1.
        page: u32,
        /// In pixels.
        width: u32,
    },
}

/// What a reader answers when it was asked for a picture, for words or for tables, which go with it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum View {
    /// A PNG, or a [`Document`](sheaf_types::Document) or [`Tables`] in JSON, goes with it.
    Made,
    /// The document has no such page.
    NoSuchPage,
    /// There is none.
    Failed { code: ErrorCode, detail: String },
}

/// Why a reader gave no answer, or no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ReaderError {
    /// Stable, for programs.
    pub code: ErrorCode,
    /// A sentence with the way out.
    pub detail: String,
}

/// What a reader says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// What it can still do here though it should not; empty where all is well.
    pub leaks: Vec<String>,
    /// The engines that recognise scans, with their versions.
    pub engines: Vec<String>,
    /// What is missing for scans, in sentences with the way out.
    pub missing: Vec<String>,
}

/// What a reader answers when it was asked for fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The document was read and its fields extracted.
    Done(Reading),
    /// The document cannot be extracted.
    Failed {
        /// Stable, for programs.
        code: ErrorCode,
        /// A sentence with the way out.
        detail: String,
        /// Pages of the document, where that much is known.
        pages: Option<u32>,
    },
}

/// A document that was read, and its fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Pages of the document.
    pub pages: u32,
    /// What read them.
    pub engine: Engine,
    /// Pages that were not read whole.
    pub warnings: Vec<Warning>,
    /// One for each field of the template, in its order.
    pub fields: Vec<FieldResult>,
    /// What a language model is to be asked, where that was wanted and something is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Box<Question>>,
    /// The [`Document`] in JSON, where something on it was recognised, which takes long; empty otherwise. In a frame of its
    /// own.
    #[serde(skip)]
    pub recognised: Vec<u8>,
}

/// What could be a table in a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tables {
    /// Pages of the document.
    pub pages: u32,
    /// Pages that were not read whole.
    pub warnings: Vec<Warning>,
    /// Page by page, from top to bottom, with their scores.
    pub grids: Vec<Grid>,
}
