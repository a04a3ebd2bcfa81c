//! Shapes of bodies that are read or written member by member: they exist for the description alone.

#![expect(dead_code, reason = "nothing but their schema is used")]

use serde_json::Value;
use sheaf_types::{DocumentId, Event, ExtractionId, FieldValue, Provenance, ReviewAction, TemplateId};
use utoipa::ToSchema;

/// A document and what to extract from it.
#[derive(ToSchema)]
pub(super) struct ExtractRequest {
    /// The document.
    document_id: DocumentId,
    /// What to extract.
    template_id: TemplateId,
    /// Whether a language model may be asked; false unless said.
    use_llm: Option<bool>,
}

/// A file and what to extract from it.
#[derive(ToSchema)]
pub(super) struct ExtractForm {
    /// The document.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// What to extract.
    template_id: TemplateId,
    /// Whether a language model may be asked; false unless said.
    use_llm: Option<bool>,
}

/// Files to upload.
#[derive(ToSchema)]
pub(super) struct DocumentForm {
    /// One part of this name a file.
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<Vec<u8>>,
}

/// Documents and what to extract from each; `documents` may stand in place of `document_ids`.
#[derive(ToSchema)]
pub(super) struct BatchRequest {
    /// For people; the template's name unless said.
    name: Option<String>,
    /// What to extract.
    template_id: TemplateId,
    /// Whether a language model may be asked; false unless said.
    use_llm: Option<bool>,
    /// Each once, in the order of the exports.
    #[schema(min_items = 1, max_items = 10_000)]
    document_ids: Option<Vec<DocumentId>>,
    /// The same with names of your own.
    #[schema(min_items = 1, max_items = 10_000)]
    documents: Option<Vec<BatchDocument>>,
    /// Whatever you attach.
    metadata: Option<Value>,
}

/// A document of a batch under a name of your own.
#[derive(ToSchema)]
pub(super) struct BatchDocument {
    /// The document.
    document_id: DocumentId,
    /// Comes back with its result.
    custom_id: Option<String>,
}

/// Files and what to extract from each.
#[derive(ToSchema)]
pub(super) struct BatchForm {
    /// One part of this name a file, in the order of the exports.
    #[schema(value_type = Vec<String>, format = Binary, min_items = 1, max_items = 10_000)]
    files: Vec<Vec<u8>>,
    /// What to extract.
    template_id: TemplateId,
    /// For people; the template's name unless said.
    name: Option<String>,
    /// Whether a language model may be asked; false unless said.
    use_llm: Option<bool>,
    /// Whatever you attach, as JSON.
    metadata: Option<Value>,
}

/// A name for a key.
#[derive(ToSchema)]
pub(super) struct KeyRequest {
    /// For people.
    name: Option<String>,
}

/// An address and what it is to be told.
#[derive(ToSchema)]
pub(super) struct WebhookRequest {
    /// HTTPS, or HTTP, on the public internet unless the operator allows other addresses.
    url: String,
    /// All unless said.
    #[schema(min_items = 1)]
    events: Option<Vec<Event>>,
}

/// What somebody decides about a field.
#[derive(ToSchema)]
pub(super) struct ResolveRequest {
    /// `approve` or `correct`.
    action: ReviewAction,
    /// With `correct`: the right value, or null where the document has none.
    value: Option<FieldValue>,
    /// With `correct`: where the value stands, where that is known.
    provenance: Option<Provenance>,
    /// Whatever is to be remembered of it.
    notes: Option<String>,
}

/// Which look-alikes are to be corrected.
#[derive(ToSchema)]
pub(super) struct AcceptRequest {
    /// Of those that are listed.
    #[schema(min_items = 1, max_items = 200)]
    extraction_ids: Vec<ExtractionId>,
}
