//! What comes out: field results with provenance, and the extraction that carries them.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::id::{BatchId, DocumentId, ExtractionId, TemplateId};
use crate::llm::LlmUsage;
use crate::page::{BoundingBox, PageWarning};
use crate::review::Decision;
use crate::template::FieldKind;

/// Where an extraction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waiting for a worker.
    Pending,
    /// With a worker.
    Running,
    /// Done; no field needs a look.
    Completed,
    /// Done; at least one field needs a look.
    NeedsReview,
    /// Ended without a result; `error` says why.
    Failed,
    /// Cancelled before it started.
    Cancelled,
}

impl Status {
    /// Every status, in the order a dashboard shows them.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Running, Self::Completed, Self::NeedsReview, Self::Failed, Self::Cancelled];

    /// Whether it will not change any more by itself.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    /// The status of an extraction that ended with these fields.
    #[must_use]
    pub fn of_fields(fields: &[FieldResult]) -> Self {
        if fields.iter().any(|field| field.needs_review) { Self::NeedsReview } else { Self::Completed }
    }

    /// The name used in the API and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::NeedsReview => "needs_review",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// How far an extraction may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Rules and statistics only.
    Standard,
    /// A language model may be asked.
    Premium,
}

impl Tier {
    /// The name used in the API and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }

    /// The tier with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Standard, Self::Premium].into_iter().find(|tier| tier.as_str() == name)
    }
}

/// How a value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By the shape of the text alone.
    Regex,
    /// Beside, below or after a label.
    Anchor,
    /// As rows of a table.
    Table,
    /// Stated by the machine-readable invoice inside a PDF, and found on the page.
    Embedded,
    /// Named by a language model, and found on the page.
    Llm,
    /// Given by a person.
    Review,
}

/// Why somebody should look at a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReviewReason {
    /// Confidence is under the template's threshold.
    LowConfidence,
    /// Nothing was found, though the field is required or a page could not be read.
    Missing,
    /// A value was proposed that does not stand on the page; it was dropped.
    Ungrounded,
    /// Values that should agree do not.
    Inconsistent,
}

/// A field's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum FieldValue {
    /// Text verbatim, a span of time in figures (`2 years`); numbers and amounts as canonical decimals (`-1234.50`); dates
    /// as `YYYY-MM-DD`; one of an enum's values.
    Scalar(String),
    /// A table's rows: column name to value, in the template's order.
    Rows(Vec<IndexMap<String, Option<String>>>),
}

/// Where on the document a value stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Provenance {
    /// The characters on the page, verbatim.
    pub source: String,
    /// Counted from 1.
    pub page: u32,
    /// Covers the words of `source`.
    pub bbox: BoundingBox,
    /// The cell of a spreadsheet (`Sheet1!B7`) or the paragraph of a text document in which it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
}

/// Where a table's cell stands and how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CellResult {
    /// Where the cell's value stands.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// 0 to 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1))]
    pub confidence: f32,
}

/// Another value for a field: what the language model, the rules or a lesson found instead, or what stands at as good a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alternative {
    /// As a field's value.
    pub value: FieldValue,
    /// Verbatim text on the document.
    pub source: String,
    /// Counted from 1.
    pub page: u32,
    /// Fractions of the displayed page.
    pub bbox: BoundingBox,
    /// A table's cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<Vec<IndexMap<String, CellResult>>>,
    /// 0 to 1: what it had by itself.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1))]
    pub confidence: f32,
    /// How it was found.
    pub method: Method,
}

/// The result for one field of the template.
///
/// Invariant: a value that is not null has a provenance, and is the parse of its source; unless a person gave it
/// ([`Method::Review`]), who may have read the page otherwise, or said nothing of the place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldResult {
    /// As in the template.
    pub name: String,
    /// As in the template.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// `None` where nothing was found or what was found could not be traced.
    pub value: Option<FieldValue>,
    /// ISO 4217 code, where an amount's currency is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Verbatim text on the document.
    pub source: Option<String>,
    /// Counted from 1.
    pub page: Option<u32>,
    /// Fractions of the displayed page; for a table, of all its cells on its first page.
    pub bbox: Option<BoundingBox>,
    /// The cell of a spreadsheet (`Sheet1!B7`) or the paragraph of a text document in which `source` begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// A table's cells, row by row as in `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<Vec<IndexMap<String, CellResult>>>,
    /// 0 to 1; 0 where there is no value.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1))]
    pub confidence: f32,
    /// How it was found; `None` where there is no value.
    pub method: Option<Method>,
    /// Whether somebody should look at it.
    pub needs_review: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_reason: Option<ReviewReason>,
    /// The other value, where two were found and a person has to choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternative: Option<Box<Alternative>>,
    /// What a person decided last; `None` where nobody has, or it was taken back.
    pub review: Option<Decision>,
}

impl FieldResult {
    /// The result for a field of which nothing was found.
    #[must_use]
    pub fn empty(name: impl Into<String>, kind: FieldKind) -> Self {
        Self {
            name: name.into(),
            kind,
            value: None,
            currency: None,
            source: None,
            page: None,
            bbox: None,
            cell: None,
            cells: None,
            confidence: 0.0,
            method: None,
            needs_review: false,
            review_reason: None,
            alternative: None,
            review: None,
        }
    }

    /// The value and its place as another one for the same field; `None` where there is none.
    #[must_use]
    pub fn into_alternative(self) -> Option<Alternative> {
        Some(Alternative {
            value: self.value?,
            source: self.source?,
            page: self.page?,
            bbox: self.bbox?,
            cells: self.cells,
            confidence: self.confidence,
            method: self.method?,
        })
    }
}

/// Why an extraction failed, in words that do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Opens with a password only.
    Encrypted,
    /// Damaged beyond reading.
    Corrupt,
    /// Not a kind of file that sheaf reads.
    UnsupportedType,
    /// A longer file than the limit.
    FileTooLarge,
    /// More pages than the limit.
    TooManyPages,
    /// Readable, but no page has text (blank, or an illegible scan).
    NoText,
    /// A scan, and what would recognise it is not installed.
    OcrUnavailable,
    /// Reading took longer than the limit.
    Timeout,
    /// Reading took more memory than the limit.
    OutOfMemory,
    /// The reader crashed on it.
    Crashed,
    /// The language model did not answer.
    LlmUnavailable,
    /// The language model refused.
    LlmRefused,
    /// A fault of sheaf or of its machine.
    Internal,
}

impl ErrorCode {
    /// Whether another attempt could end differently without anybody changing the document.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::OcrUnavailable
                | Self::Timeout
                | Self::OutOfMemory
                | Self::Crashed
                | Self::LlmUnavailable
                | Self::Internal
        )
    }

    /// The name used in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::Corrupt => "corrupt",
            Self::UnsupportedType => "unsupported_type",
            Self::FileTooLarge => "file_too_large",
            Self::TooManyPages => "too_many_pages",
            Self::NoText => "no_text",
            Self::OcrUnavailable => "ocr_unavailable",
            Self::Timeout => "timeout",
            Self::OutOfMemory => "out_of_memory",
            Self::Crashed => "crashed",
            Self::LlmUnavailable => "llm_unavailable",
            Self::LlmRefused => "llm_refused",
            Self::Internal => "internal",
        }
    }
}

/// Why an extraction failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExtractionError {
    /// Stable, for programs.
    pub code: ErrorCode,
    /// A sentence for people, with the way out; never a document's content.
    pub detail: String,
    /// Whether running it again may help.
    pub retryable: bool,
}

impl ExtractionError {
    /// An error whose `retryable` follows from its code.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retryable: code.is_retryable() }
    }
}

/// What read the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Engine {
    /// Version of sheaf.
    pub sheaf: String,
    /// What gave the text (`pdf`).
    pub text: Option<String>,
    /// What recognised scanned pages.
    pub ocr: Option<String>,
    /// The language model.
    pub llm: Option<String>,
}

/// A page that was not read whole, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Warning {
    /// Counted from 1.
    pub page: u32,
    /// Stable, for programs.
    pub code: PageWarning,
    /// A sentence for people.
    pub detail: String,
}

/// One document run through one version of one template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Extraction {
    /// Its id.
    pub id: ExtractionId,
    /// The batch it is part of; `None` for a single one.
    pub batch_id: Option<BatchId>,
    /// The document.
    pub document_id: DocumentId,
    /// The document's name.
    pub filename: String,
    /// The user's own name for the document in this batch.
    pub custom_id: Option<String>,
    /// The template.
    pub template_id: TemplateId,
    /// Its version, pinned at creation.
    pub template_version: u32,
    /// Where it stands.
    pub status: Status,
    /// How far it may go.
    pub tier: Tier,
    /// Why it failed.
    pub error: Option<ExtractionError>,
    /// Times it was claimed by a worker.
    pub attempts: u32,
    /// Pages of the document, once read.
    pub pages: Option<u32>,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// When a worker last claimed it.
    pub started_at: Option<String>,
    /// When it ended.
    pub finished_at: Option<String>,
    /// What read it; `None` until done.
    pub engine: Option<Engine>,
    /// Pages that were not read whole.
    pub warnings: Vec<Warning>,
    /// What asking a language model took; absent where none was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub llm: Option<LlmUsage>,
    /// One for each field of the template, in its order; `None` in lists, empty until done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<FieldResult>>,
}
