//! `/v1/documents/{id}/pages/{n}/words`: the text of pages, with boxes.

use axum::Json;
use axum::extract::{Path, State};
use bytes::Bytes;
use serde::Serialize;
use sheaf_types::{BoundingBox, Document, DocumentId, FieldResult, Lesson, MediaType, TemplateSpec, UserId};
use utoipa::ToSchema;

use super::ApiState;
use super::error::{ApiError, Code};
use super::request::Account;
use crate::reader;

/// Longest reading that is taken into this process, in bytes of JSON.
const LONGEST: usize = 64 << 20;

/// A word and where it stands.
#[derive(Serialize, ToSchema)]
pub(super) struct PageWord {
    /// The characters as printed or recognised.
    text: String,
    /// Fractions of the displayed page.
    bbox: BoundingBox,
}

/// The words of a page.
#[derive(Serialize, ToSchema)]
pub(super) struct PageWords {
    /// In reading order.
    data: Vec<PageWord>,
}

/// Read a page's words
///
/// As they were read from the document or recognised on it; the first time this may take as long as reading it.
#[utoipa::path(get, path = "/v1/documents/{id}/pages/{n}/words", tag = "Documents",
    params(("id" = String, Path, description = "The document"),
        ("n" = u32, Path, description = "The page, counted from 1")),
    responses((status = 200, description = "The words", body = PageWords),
        (status = 404, description = "No such document, or no such page"),
        (status = 409, description = "The document cannot be read; the detail says why")))]
pub(super) async fn get_words(
    State(api): State<ApiState>,
    Account(user): Account,
    Path((id, page)): Path<(String, String)>,
) -> Result<Json<PageWords>, ApiError> {
    let id: DocumentId = id.parse().map_err(|_| ApiError::not_found("document"))?;
    let document = api.document_words(user.id, id).await?;
    let page = document.pages.into_iter().find(|one| one.number.to_string() == page);
    let words = page.ok_or_else(|| ApiError::not_found("page"))?.words;
    let data = words.into_iter().map(|word| PageWord { text: word.text, bbox: word.bbox }).collect();
    Ok(Json(PageWords { data }))
}

/// A document that templates are tried on: its file, for what is embedded in it, and its words.
pub(crate) struct Sample {
    media_type: MediaType,
    file: Bytes,
    words: Document,
}

impl ApiState {
    /// A document's pages of words: those that were kept, else it is read now.
    pub(crate) async fn document_words(&self, user: UserId, id: DocumentId) -> Result<Document, ApiError> {
        let words = match self.store.words(user, id, reader::VERSION).await? {
            Some(words) => words,
            None => {
                let document = self.store.document(user, id).await?;
                let file = self.store.document_bytes(user, id).await?;
                let read = self.readers.read(document.media_type, &file).await;
                let read = read.map_err(|error| unreadable(&error.to_string()))?;
                if read.len() > LONGEST {
                    return Err(unreadable("it has too many words"));
                }
                let words = Bytes::from(read);
                self.store.keep_words(user, id, reader::VERSION, words.clone()).await?;
                words
            }
        };
        serde_json::from_slice(&words).map_err(|_| unreadable("what its reader answered is no document"))
    }

    /// A document whose words are at hand, to try templates on.
    pub(crate) async fn sample(
        &self,
        user: UserId,
        id: DocumentId,
        words: Document,
    ) -> Result<Sample, ApiError> {
        let media_type = self.store.document(user, id).await?.media_type;
        Ok(Sample { media_type, file: self.store.document_bytes(user, id).await?, words })
    }

    /// What a template with its lessons would find in a document. Nothing is kept of it.
    pub(crate) async fn preview(
        &self,
        sample: &Sample,
        template: TemplateSpec,
        lessons: Vec<Lesson>,
    ) -> Result<Vec<FieldResult>, ApiError> {
        let Sample { media_type, file, words } = sample;
        let fields = self.readers.extract_from(*media_type, file, template, lessons, words.clone()).await;
        let fields = fields.map_err(|error| unreadable(&error.to_string()))?;
        serde_json::from_slice(&fields).map_err(|_| unreadable("what its reader answered are no fields"))
    }
}

fn unreadable(why: &str) -> ApiError {
    ApiError::new(Code::Conflict, format!("the document cannot be read: {why}"))
}
