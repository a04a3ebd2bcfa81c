//! What corrections teach: `/v1/templates/{id}/lessons`, and `/v1/review/{id}/lookalikes`.
//!
//! A correction that says where the value stands makes a lesson of it, which the template's next documents of the same design
//! go by. What was extracted already stays as it is: to its look-alikes in the batch the same correction is proposed, each
//! with the value that stands on its own pages.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use sheaf_extract::find::find;
use sheaf_extract::lesson::{is_about, learn};
use sheaf_store::{Page, PageRequest, StoreError};
use sheaf_types::{
    DocumentId, Extraction, ExtractionId, FieldKind, FieldResult, FieldValue, KeptLesson, Lesson, LessonId,
    Provenance, Resolution, ReviewId, ReviewItem, TemplateId, TemplateSpec, UserId,
};
use tracing::warn;
use utoipa::ToSchema;

use super::ApiState;
use super::error::ApiError;
use super::json::{self, Members};
use super::request::{Account, Id, PageQuery, Parameters};
use super::response::List;
use super::schema::AcceptRequest;

/// Look-alikes that are corrected in one call.
const MOST_ACCEPTED: usize = 200;

/// A document to which the same correction is proposed.
#[derive(Serialize, ToSchema)]
pub(crate) struct LookAlike {
    /// The extraction.
    pub(crate) extraction_id: ExtractionId,
    /// The document.
    pub(crate) document_id: DocumentId,
    /// The document's name.
    pub(crate) filename: String,
    /// The field as it is.
    pub(crate) current: FieldResult,
    /// As it would be: the value that stands where the correction showed it, on the document's own page.
    pub(crate) proposed: FieldResult,
}

/// What became of look-alikes.
#[derive(Serialize, ToSchema)]
pub(super) struct Accepted {
    /// Those that were corrected. The others changed meanwhile, or are no look-alikes.
    corrected: Vec<ExtractionId>,
}

/// List what corrections taught
///
/// Each lesson says where a field stands on documents of the design that was corrected. Extractions that are made later go
/// by it.
#[utoipa::path(get, path = "/v1/templates/{id}/lessons", tag = "Templates",
    params(("id" = String, Path, description = "The template")),
    responses((status = 200, description = "The lessons, newest first, 200 at most", body = List<KeptLesson>),
        (status = 404, description = "No such template")))]
pub(super) async fn list_lessons(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<TemplateId>,
) -> Result<Json<List<KeptLesson>>, ApiError> {
    api.store.template(user.id, id, None).await?;
    let lessons = api.store.lessons(user.id, id).await?;
    let data = lessons.into_iter().map(|(lesson, _)| lesson).collect();
    Ok(Json(Page { data, next_cursor: None }.into()))
}

/// Remove a lesson
///
/// Extractions that are made later do not go by it; what it helped to find stays.
#[utoipa::path(delete, path = "/v1/templates/{id}/lessons/{lesson_id}", tag = "Templates",
    params(("id" = String, Path, description = "The template"),
        ("lesson_id" = String, Path, description = "The lesson")),
    responses((status = 204, description = "It is removed"), (status = 404, description = "No such lesson")))]
pub(super) async fn remove_lesson(
    State(api): State<ApiState>,
    Account(user): Account,
    Path((template, lesson)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let template: TemplateId = template.parse().map_err(|_| ApiError::not_found("template"))?;
    let lesson: LessonId = lesson.parse().map_err(|_| ApiError::not_found("lesson"))?;
    api.store.remove_lesson(user.id, template, lesson).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the look-alikes of a correction
///
/// The documents of the batch that have the same design as the corrected one, and on which something else stands where the
/// correction showed the value than was extracted, or whose field waits for review. None of them was decided about yet.
/// `limit` counts the documents that are looked at, which are read for it: a page may hold fewer look-alikes.
#[utoipa::path(get, path = "/v1/review/{id}/lookalikes", tag = "Review",
    params(("id" = String, Path, description = "The corrected item"), PageQuery),
    responses((status = 200, description = "A page of look-alikes, in upload order", body = List<LookAlike>),
        (status = 404, description = "No such item")))]
pub(super) async fn list_lookalikes(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<ReviewId>,
    Parameters(page): Parameters<PageQuery>,
) -> Result<Json<List<LookAlike>>, ApiError> {
    let item = api.store.review(user.id, id).await?.item;
    Ok(Json(api.lookalikes(user.id, &item, page.request()?).await?.into()))
}

/// Correct look-alikes
///
/// Each gets the value that stands on its own page where the correction showed it, as [listed](#tag/Review).
#[utoipa::path(post, path = "/v1/review/{id}/lookalikes", tag = "Review",
    params(("id" = String, Path, description = "The corrected item")), request_body = AcceptRequest,
    responses((status = 200, description = "What was corrected", body = Accepted),
        (status = 404, description = "No such item")))]
pub(super) async fn accept_lookalikes(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<ReviewId>,
    request: Request,
) -> Result<Json<Accepted>, ApiError> {
    let mut members = Members::new(json::read(request).await?, &["extraction_ids"])?;
    let ids = members.take("extraction_ids").and_then(|ids| serde_json::from_value(ids).ok());
    let ids: Option<Vec<ExtractionId>> =
        ids.filter(|ids: &Vec<ExtractionId>| (1..=MOST_ACCEPTED).contains(&ids.len()));
    if ids.is_none() {
        members.fault("extraction_ids", "expected 1 to 200 ids of extractions");
    }
    let ids = members.finish(ids)?;
    let item = api.store.review(user.id, id).await?.item;
    Ok(Json(Accepted { corrected: api.accept_lookalikes(user.id, &item, &ids).await? }))
}

impl ApiState {
    /// A correction with the place where its value stands, where nobody said it and there is only one.
    pub(super) async fn placed(
        &self,
        user: UserId,
        id: ExtractionId,
        field: &str,
        resolution: Resolution,
    ) -> Result<Resolution, ApiError> {
        let Resolution::Correct { value: Value::String(text), provenance: None } = &resolution else {
            return Ok(resolution);
        };
        let extraction = self.store.extraction(user, id).await?;
        let (template, document) = tokio::join!(
            self.store.template(user, extraction.template_id, Some(extraction.template_version)),
            self.document_words(user, extraction.document_id),
        );
        // A document that cannot be read has places that cannot be said.
        let (template, Ok(document)) = (template?.spec, document) else { return Ok(resolution) };
        let spec = template.fields.iter().find(|spec| spec.name == field);
        let Some(spec) = spec.filter(|spec| spec.kind != FieldKind::Table) else { return Ok(resolution) };
        let mut places = find(&document, &template, spec.kind, &spec.enum_values, text).places;
        let provenance = if places.len() == 1 { places.pop() } else { None };
        Ok(Resolution::Correct { value: Value::String(text.clone()), provenance })
    }

    /// Makes a lesson of a correction that says where its value stands. A lesson is a help: where none can be made, the
    /// correction stands all the same.
    pub(crate) async fn learn(&self, user: UserId, item: &ReviewItem, resolution: &Resolution) {
        let Resolution::Correct { value, provenance: Some(at) } = resolution else { return };
        if value.is_null() || item.kind == FieldKind::Table {
            return;
        }
        if let Err(error) = self.keep_lesson(user, item, at).await {
            warn!(item = %item.id, code = error.code().as_str(), "nothing was learned from a correction");
        }
    }

    async fn keep_lesson(&self, user: UserId, item: &ReviewItem, at: &Provenance) -> Result<(), ApiError> {
        let document = self.document_words(user, item.document_id).await?;
        let template = self.store.template(user, item.template_id, Some(item.template_version)).await?.spec;
        let field = template.fields.iter().find(|field| field.name == item.field);
        let page = document.pages.iter().find(|page| page.number == at.page);
        let lesson = field.zip(page).and_then(|(field, page)| learn(page, field, at.bbox));
        let Some(lesson) = lesson else { return Ok(()) };
        // What is shown last about a design counts.
        let kept = self.store.lessons(user, item.template_id).await?;
        let replaced = kept.iter().filter(|(_, old)| old.field == lesson.field && is_about(old, &document));
        let replaced: Vec<LessonId> = replaced.map(|(old, _)| old.id).collect();
        self.store.keep_lesson(user, item.id, &lesson, &replaced).await?;
        Ok(())
    }

    /// The look-alikes of a corrected item among a page of its batch's documents.
    pub(crate) async fn lookalikes(
        &self,
        user: UserId,
        item: &ReviewItem,
        page: PageRequest,
    ) -> Result<Page<LookAlike>, ApiError> {
        let lesson = self.store.lesson_of(user, item.id).await?;
        let (Some(lesson), Some(batch)) = (lesson, item.batch_id) else {
            return Ok(Page { data: Vec::new(), next_cursor: None });
        };
        let template = self.store.template(user, item.template_id, Some(item.template_version)).await?.spec;
        let looked_at = self.store.batch_extractions(user, batch, None, page).await?;
        let mut data = Vec::new();
        for other in looked_at.data.iter().filter(|other| other.id != item.extraction_id) {
            let extraction = self.store.extraction(user, other.id).await?;
            data.extend(self.lookalike(user, extraction, &lesson, &template).await?);
        }
        Ok(Page { data, next_cursor: looked_at.next_cursor })
    }

    /// Corrects those of these extractions that are look-alikes of a corrected item, and answers which were.
    pub(crate) async fn accept_lookalikes(
        &self,
        user: UserId,
        item: &ReviewItem,
        ids: &[ExtractionId],
    ) -> Result<Vec<ExtractionId>, ApiError> {
        let Some(lesson) = self.store.lesson_of(user, item.id).await? else { return Ok(Vec::new()) };
        let template = self.store.template(user, item.template_id, Some(item.template_version)).await?.spec;
        let mut corrected = Vec::new();
        for &id in ids {
            // Gone, or another account's.
            let Ok(extraction) = self.store.extraction(user, id).await else { continue };
            if extraction.batch_id != item.batch_id || extraction.template_id != item.template_id {
                continue;
            }
            let Some(found) = self.lookalike(user, extraction, &lesson, &template).await? else { continue };
            let Some(resolution) = correction(found.proposed) else { continue };
            match self.store.resolve_field(user, id, &lesson.field, &resolution, None).await {
                Ok(_) => corrected.push(id),
                // Somebody was faster.
                Err(StoreError::Conflict(_) | StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(corrected)
    }

    /// What a lesson proposes for an extraction; `None` where its document is of another design or cannot be read, nothing
    /// stands there, or the field is decided or sure to be the same.
    async fn lookalike(
        &self,
        user: UserId,
        extraction: Extraction,
        lesson: &Lesson,
        template: &TemplateSpec,
    ) -> Result<Option<LookAlike>, ApiError> {
        let current = extraction.fields.into_iter().flatten().find(|field| field.name == lesson.field);
        let Some(current) = current.filter(|field| field.review.is_none()) else { return Ok(None) };
        let Ok(document) = self.document_words(user, extraction.document_id).await else { return Ok(None) };
        if !is_about(lesson, &document) {
            return Ok(None);
        }
        let sample = self.sample(user, extraction.document_id, document).await?;
        let fields = self.preview(&sample, template.clone(), vec![lesson.clone()]).await?;
        let proposed = fields.into_iter().find(|field| field.name == lesson.field);
        let proposed = proposed.filter(|field| field.value.is_some());
        let proposed = proposed.filter(|proposed| current.needs_review || proposed.value != current.value);
        Ok(proposed.map(|proposed| LookAlike {
            extraction_id: extraction.id,
            document_id: extraction.document_id,
            filename: extraction.filename,
            current,
            proposed,
        }))
    }
}

/// A proposed result as a correction.
fn correction(proposed: FieldResult) -> Option<Resolution> {
    let (Some(FieldValue::Scalar(value)), Some(source), Some(page), Some(bbox)) =
        (proposed.value, proposed.source, proposed.page, proposed.bbox)
    else {
        return None;
    };
    let provenance = Some(Provenance { source, page, bbox, cell: proposed.cell });
    Some(Resolution::Correct { value: Value::String(value), provenance })
}
