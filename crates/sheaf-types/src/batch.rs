//! Batches: many documents through one version of one template.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{BatchId, TemplateId};
use crate::llm::LlmUsage;

/// Where a batch stands; derived from its counts, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BatchStatus {
    /// Nothing has started.
    Pending,
    /// Something has started and something is not finished.
    Running,
    /// All finished, and not every document failed.
    Completed,
    /// Every document failed.
    Failed,
    /// It was cancelled and nothing runs any more.
    Cancelled,
}

impl BatchStatus {
    /// Whether the batch will not change any more by itself.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The name used in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Running, Self::Completed, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|status| status.as_str() == name)
    }
}

/// How many of a batch's extractions are in each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Counts {
    /// All of them.
    pub total: u64,
    /// Waiting for a worker.
    pub pending: u64,
    /// With a worker.
    pub running: u64,
    /// Done; no field needs a look.
    pub completed: u64,
    /// Done; a field needs a look.
    pub needs_review: u64,
    /// Could not be read or extracted.
    pub failed: u64,
    /// Cancelled before they started.
    pub cancelled: u64,
}

impl Counts {
    /// Those that will not change any more by themselves.
    #[must_use]
    pub fn finished(&self) -> u64 {
        self.completed + self.needs_review + self.failed + self.cancelled
    }

    /// Finished over total, 0 to 100, rounded down so that 100 means all.
    #[must_use]
    pub fn percent(&self) -> u8 {
        // A share of 100 fits in a byte.
        (self.finished() * 100).checked_div(self.total).map_or(100, |p| p.min(100) as u8)
    }

    /// The batch's status; `cancelled` says whether somebody cancelled it.
    #[must_use]
    pub fn status(&self, cancelled: bool) -> BatchStatus {
        if self.finished() < self.total {
            if self.running == 0 && self.finished() == 0 {
                BatchStatus::Pending
            } else {
                BatchStatus::Running
            }
        } else if cancelled {
            BatchStatus::Cancelled
        } else if self.failed == self.total {
            BatchStatus::Failed
        } else {
            BatchStatus::Completed
        }
    }
}

/// A batch as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// Given by the user.
    pub name: String,
    /// Derived from `counts`.
    pub status: BatchStatus,
    /// The template it runs.
    pub template_id: TemplateId,
    /// The version, pinned at creation.
    pub template_version: u32,
    /// Premium tier.
    pub use_llm: bool,
    /// What asking the language model took so far; absent where none was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub llm: Option<LlmUsage>,
    /// Why documents wait for the language model, in a sentence; absent where they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub llm_notice: Option<String>,
    /// Whatever the user attached.
    pub metadata: Option<Value>,
    /// How many extractions are in each status.
    pub counts: Counts,
    /// Finished over total, 0 to 100.
    pub percent: u8,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// When the first document was claimed.
    pub started_at: Option<String>,
    /// When the last document ended.
    pub finished_at: Option<String>,
    /// Time left; `None` until known and once finished.
    pub eta_seconds: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_follows_from_the_counts() {
        let of = |pending, running, completed, failed, cancelled| Counts {
            total: pending + running + completed + failed + cancelled,
            pending,
            running,
            completed,
            needs_review: 0,
            failed,
            cancelled,
        };
        for (counts, cancelled, status, percent) in [
            (of(3, 0, 0, 0, 0), false, BatchStatus::Pending, 0),
            (of(2, 1, 0, 0, 0), false, BatchStatus::Running, 0),
            (of(2, 0, 1, 0, 0), false, BatchStatus::Running, 33),
            (of(0, 0, 2, 1, 0), false, BatchStatus::Completed, 100),
            (of(0, 0, 0, 3, 0), false, BatchStatus::Failed, 100),
            (of(0, 1, 1, 0, 1), true, BatchStatus::Running, 66),
            (of(0, 0, 1, 0, 2), true, BatchStatus::Cancelled, 100),
        ] {
            assert_eq!((counts.status(cancelled), counts.percent()), (status, percent), "{counts:?}");
        }
    }
}
