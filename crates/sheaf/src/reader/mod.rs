//! Hostile bytes stay in a child process.
//!
//! Parsers see bytes from strangers, so they run in `sheaf reader`: the same binary in another role, kept warm, one a
//! slot, with limits on memory, time and pages, and without the parent's environment. The template goes along and the
//! fields come back, so that whatever a document does to the extraction, too, happens in the child. A crash, a hang
//! or an exhausted memory costs one attempt of one document and is told apart by its error code.
//!
//! On the wire both ways: frames of a little-endian `u32` length and that many bytes. A request is two frames, a
//! [`Request`] in JSON and the file; a reply is one, a [`Reply`] in JSON.

mod child;
mod confine;
mod process;

use serde::{Deserialize, Serialize};
use sheaf_types::{ErrorCode, FieldResult, MediaType, TemplateSpec, Warning};

pub use child::{probe, run};
pub use process::{ReaderCommand, ReaderProcess};

/// What a reader may use for one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderLimits {
    /// Address space of the reader process, in MiB.
    pub memory_mb: u64,
    /// Wall-clock seconds for one document.
    pub seconds: u64,
    /// Pages of one document.
    pub pages: u32,
    /// Length of one file, in bytes.
    pub file_bytes: u64,
}

impl Default for ReaderLimits {
    fn default() -> Self {
        Self { memory_mb: 1024, seconds: 60, pages: 1_000, file_bytes: 50_000_000 }
    }
}

/// Asks a reader to run a file, which follows in a frame of its own, through a template.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    media_type: MediaType,
    limits: ReaderLimits,
    template: TemplateSpec,
}

/// What a reader answers.
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
    /// Pages that were not read whole.
    pub warnings: Vec<Warning>,
    /// One for each field of the template, in its order.
    pub fields: Vec<FieldResult>,
}
