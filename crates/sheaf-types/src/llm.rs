//! What asking a language model takes.

use serde::{Deserialize, Serialize};

/// What asking a language model took: for one extraction over all of its attempts, or for a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LlmUsage {
    /// The model that was asked last.
    pub model: String,
    /// Requests that were sent, repeated ones among them.
    pub calls: u64,
    /// Questions that were answered by an answer kept from before.
    pub replayed: u64,
    /// Tokens sent, as the model's server counts them.
    pub input_tokens: u64,
    /// Tokens answered.
    pub output_tokens: u64,
    /// Time spent waiting for answers.
    pub duration_ms: u64,
    /// Length of the requests.
    pub bytes_sent: u64,
}
