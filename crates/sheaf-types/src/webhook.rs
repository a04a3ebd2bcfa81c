//! Webhooks: addresses that are told what happened.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{DeliveryId, WebhookId};

/// What can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Event {
    /// A batch ended, and not all of its documents failed.
    #[serde(rename = "batch.completed")]
    BatchCompleted,
    /// A batch ended, and all of its documents failed.
    #[serde(rename = "batch.failed")]
    BatchFailed,
    /// A batch that was cancelled ended.
    #[serde(rename = "batch.cancelled")]
    BatchCancelled,
    /// A document was read, and somebody should look at a field of it.
    #[serde(rename = "extraction.needs_review")]
    ExtractionNeedsReview,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 4] =
        [Self::BatchCompleted, Self::BatchFailed, Self::BatchCancelled, Self::ExtractionNeedsReview];

    /// The name in the API and in rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BatchCompleted => "batch.completed",
            Self::BatchFailed => "batch.failed",
            Self::BatchCancelled => "batch.cancelled",
            Self::ExtractionNeedsReview => "extraction.needs_review",
        }
    }

    /// The event with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == name)
    }
}

/// An address and what it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where events are posted to.
    pub url: String,
    /// Which.
    pub events: Vec<Event>,
    /// RFC 3339, UTC.
    pub created_at: String,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// To be tried, perhaps again.
    Pending,
    /// Answered with a 2xx status.
    Delivered,
    /// Given up after a day.
    Failed,
}

impl DeliveryStatus {
    /// The name in the API and in rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// The status with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Failed].into_iter().find(|status| status.as_str() == name)
    }
}

/// One event on its way to one address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    /// Its id, and the `webhook-id` of its requests, the same for every attempt.
    pub id: DeliveryId,
    /// To whom.
    pub webhook_id: WebhookId,
    /// What happened.
    pub event: Event,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC.
    pub last_attempt_at: Option<String>,
    /// RFC 3339, UTC; null once it is delivered or given up.
    pub next_attempt_at: Option<String>,
    /// The HTTP status of the last answer.
    pub response_status: Option<u16>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// The body as it is posted.
    pub payload: Value,
}
