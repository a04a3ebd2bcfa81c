//! What a language model is asked about a document, and what of its answer is believed.
//!
//! The call itself stands between two pure functions. [`Question`] holds what the model is shown: the fields it is asked
//! for, and a [`Transcript`], the lines of the pages that matter with the place of every word. [`prompt`](Question::prompt)
//! makes text and a JSON schema of it. [`join`](Question::join) takes the answer: each value is looked for among the
//! words that were shown ([`find`], [`typed`]), or among those that it reads on the picture of a page, as far as recognition
//! bears them out ([`picture`]); and what stands there is read by the parsers that read everything else. So a
//! value comes from the page or not at all, whatever the model was told or made up; where the Standard tier found another
//! one, both are shown.

mod answer;
mod find;
mod ground;
mod index;
mod join;
mod label;
mod picture;
mod prompt;
mod rows;
#[cfg(test)]
mod tests;
mod transcript;
mod typed;

use serde::{Deserialize, Serialize};
use sheaf_types::{FieldResult, TemplateSpec};

use crate::extract::Found;
use crate::locate::Pool;

pub use prompt::Prompt;
pub use transcript::Transcript;

/// Which fields a model is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Those without a value, and those that somebody would have to look at.
    #[default]
    Open,
    /// All of them.
    All,
}

/// How a model is to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Which fields.
    pub scope: Scope,
    /// Most tokens of the document that it is shown, by estimate.
    pub budget: usize,
}

/// What a model is asked about one document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Names of the fields, in the template's order; never empty.
    pub fields: Vec<String>,
    /// What it is shown.
    pub transcript: Transcript,
    /// Pages whose pictures go along; set by whoever sends them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictured: Vec<u32>,
}

impl Question {
    /// The question that these results leave open; `None` where there is none.
    pub(crate) fn new(
        pool: &Pool<'_>,
        found: &[Found<'_>],
        results: &[FieldResult],
        template: &TemplateSpec,
        ask: &Ask,
    ) -> Option<Self> {
        let is_asked = |result: &FieldResult| {
            ask.scope == Scope::All
                || result.needs_review
                || result.value.is_none()
                || result.confidence < template.confidence_threshold
        };
        let asked: Vec<&Found<'_>> = found
            .iter()
            .zip(results)
            .filter(|(_, result)| is_asked(result))
            .map(|(found, _)| found)
            .collect();
        if asked.is_empty() {
            return None;
        }
        let fields = asked.iter().map(|found| found.field.spec.name.clone()).collect();
        let transcript = Transcript::new(pool, &asked, ask.budget);
        Some(Self { fields, transcript, pictured: Vec::new() })
    }
}
