//! Reviews: what people decide about fields.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::extraction::{Alternative, FieldValue, Provenance, ReviewReason};
use crate::id::{BatchId, DocumentId, ExtractionId, ReviewId, TemplateId};
use crate::page::BoundingBox;
use crate::template::FieldKind;

/// Whether somebody has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReviewStatus {
    /// Nobody has yet.
    Open,
    /// Somebody has.
    Resolved,
}

impl ReviewStatus {
    /// The status with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "open" => Some(Self::Open),
            "resolved" => Some(Self::Resolved),
            _ => None,
        }
    }
}

/// What somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReviewAction {
    /// Said that the value is right, or that rightly there is none.
    Approve,
    /// Gave another value.
    Correct,
    /// Took the last decision back.
    Reopen,
}

impl ReviewAction {
    /// The name used in the API and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Correct => "correct",
            Self::Reopen => "reopen",
        }
    }

    /// The action with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Approve, Self::Correct, Self::Reopen].into_iter().find(|action| action.as_str() == name)
    }
}

/// What somebody decides about a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolution {
    /// The value is right, or rightly there is none.
    Approve,
    /// Another value is right.
    Correct {
        /// The value in the form of the API; null says that the document has none.
        value: Value,
        /// Where it stands, where that was said.
        provenance: Option<Provenance>,
    },
}

/// One field of one extraction, as it is now, that needs or needed a look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewItem {
    /// Its id.
    pub id: ReviewId,
    /// Whether somebody has decided.
    pub status: ReviewStatus,
    /// The extraction.
    pub extraction_id: ExtractionId,
    /// The batch of the extraction; `None` for a single one.
    pub batch_id: Option<BatchId>,
    /// The document.
    pub document_id: DocumentId,
    /// The document's name.
    pub filename: String,
    /// The template.
    pub template_id: TemplateId,
    /// Its version.
    pub template_version: u32,
    /// The field's name.
    pub field: String,
    /// What its value is.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// The value, corrected where somebody did.
    pub value: Option<FieldValue>,
    /// ISO 4217 code, where an amount's currency is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Verbatim text on the document.
    pub source: Option<String>,
    /// Counted from 1.
    pub page: Option<u32>,
    /// Fractions of the displayed page.
    pub bbox: Option<BoundingBox>,
    /// 0 to 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1))]
    pub confidence: f32,
    /// Why it needs a look; `None` once resolved.
    pub review_reason: Option<ReviewReason>,
    /// The other value, where two were found and a person has to choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternative: Option<Box<Alternative>>,
    /// When it was found to need a look; RFC 3339, UTC.
    pub created_at: String,
    /// When somebody decided.
    pub resolved_at: Option<String>,
}

/// One decision; none is ever changed or removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Decision {
    /// What was done.
    pub action: ReviewAction,
    /// The value before.
    pub original: Option<FieldValue>,
    /// The value given instead; `None` also where nothing was given.
    pub corrected: Option<FieldValue>,
    /// E-mail address of the account that decided.
    pub who: String,
    /// RFC 3339, UTC.
    pub when: String,
    /// What was said about it.
    pub notes: Option<String>,
}

/// An item with everything that was decided about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewedItem {
    /// As it is now.
    #[serde(flatten)]
    pub item: ReviewItem,
    /// Every decision, oldest first.
    pub history: Vec<Decision>,
}
