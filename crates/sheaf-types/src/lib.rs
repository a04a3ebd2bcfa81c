//! The words of sheaf: what a template, a document, a result and a batch are.
//!
//! Nothing here does I/O, waits, or knows the time; the other crates agree on these types and on
//! nothing else. The JSON shapes are those of the public API (`openapi.json`).

#![forbid(unsafe_code)]

pub mod batch;
pub mod document;
pub mod extraction;
pub mod id;
pub mod lesson;
pub mod llm;
pub mod office;
#[cfg(feature = "openapi")]
mod openapi;
pub mod page;
pub mod review;
pub mod template;
pub mod usage;
pub mod webhook;

pub use batch::{Batch, BatchStatus, Counts};
pub use document::{DocumentInfo, MediaType, safe_filename};
pub use extraction::{
    Alternative, CellResult, Engine, ErrorCode, Extraction, ExtractionError, FieldResult, FieldValue, Method,
    Provenance, ReviewReason, Status, Tier, Warning,
};
pub use id::{
    BatchId, DeliveryId, DocumentId, ExtractionId, KeyId, LessonId, ReviewId, TemplateId, UserId, WebhookId,
};
pub use lesson::{KeptLesson, Landmark, Lesson};
pub use llm::LlmUsage;
pub use page::{BoundingBox, Cell, Document, Page, PageWarning, Rule, TextSource, Word};
pub use review::{Decision, Resolution, ReviewAction, ReviewItem, ReviewStatus, ReviewedItem};
pub use template::{ColumnSpec, Fault, FieldKind, FieldSpec, Region, Template, TemplateSpec};
pub use usage::{Period, Plan, Usage, default_plans};
pub use webhook::{Delivery, DeliveryStatus, Event, Webhook};
