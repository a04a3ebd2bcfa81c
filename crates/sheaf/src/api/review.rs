//! `/v1/review`: the fields that somebody should look at.

use axum::Json;
use axum::extract::{Path, Request, State};
use serde::Deserialize;
use serde_json::Value;
use sheaf_store::ReviewFilter;
use sheaf_types::{
    BatchId, ExtractionId, Provenance, Resolution, ReviewAction, ReviewId, ReviewItem, ReviewStatus,
    ReviewedItem,
};
use utoipa::IntoParams;

use super::error::ApiError;
use super::json::Members;
use super::request::{Account, Id, PageQuery, Parameters, given, named};
use super::response::List;
use super::schema::ResolveRequest;
use super::{ApiState, json};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ReviewQuery {
    /// Only items in this status.
    #[param(value_type = Option<ReviewStatus>)]
    status: Option<String>,
    /// Only items of this batch.
    batch_id: Option<String>,
}

/// List what needs review
///
/// An item is one field of one extraction.
#[utoipa::path(get, path = "/v1/review", tag = "Review", params(ReviewQuery, PageQuery),
    responses((status = 200, description = "A page of items, newest first", body = List<ReviewItem>),
        (status = 404, description = "No such batch")))]
pub(super) async fn list_reviews(
    State(api): State<ApiState>,
    Account(user): Account,
    Parameters(query): Parameters<ReviewQuery>,
    Parameters(page): Parameters<PageQuery>,
) -> Result<Json<List<ReviewItem>>, ApiError> {
    let status = named("/status", query.status.as_deref(), ReviewStatus::from_name, "open, resolved")?;
    let batch = match given(query.batch_id.as_deref()) {
        None => None,
        Some(id) => {
            let id: BatchId = id.parse().map_err(|_| ApiError::not_found("batch"))?;
            Some(api.store.batch(user.id, id).await?.id)
        }
    };
    let filter = ReviewFilter { status, batch, ..ReviewFilter::default() };
    Ok(Json(api.store.list_reviews(user.id, &filter, page.request()?).await?.into()))
}

/// Read an item
///
/// With everything that was decided about it: original, corrected, who, when, notes.
#[utoipa::path(get, path = "/v1/review/{id}", tag = "Review",
    params(("id" = String, Path, description = "The item")),
    responses((status = 200, description = "The item and its history", body = ReviewedItem),
        (status = 404, description = "No such item")))]
pub(super) async fn get_review(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<ReviewId>,
) -> Result<Json<ReviewedItem>, ApiError> {
    Ok(Json(api.store.review(user.id, id).await?))
}

/// Decide about an item
///
/// `approve` says that the value is right, `correct` gives another; a `value` of null says that the document has none. The
/// last decision about an extraction makes it `completed`, and exports carry what was decided. Where the right value stands
/// is looked up where `provenance` is not given; documents of the same design that are extracted later find the field there.
#[utoipa::path(post, path = "/v1/review/{id}/resolve", tag = "Review",
    params(("id" = String, Path, description = "The item")), request_body = ResolveRequest,
    responses((status = 200, description = "The item and its history", body = ReviewedItem),
        (status = 404, description = "No such item"), (status = 409, description = "It is resolved already")))]
pub(super) async fn resolve_review(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<ReviewId>,
    request: Request,
) -> Result<Json<ReviewedItem>, ApiError> {
    let (resolution, notes) = read_resolution(request).await?;
    let item = api.store.review(user.id, id).await?.item;
    let resolution = api.placed(user.id, item.extraction_id, &item.field, resolution).await?;
    let reviewed = api.store.resolve_review(user.id, id, &resolution, notes.as_deref()).await?;
    api.learn(user.id, &reviewed.item, &resolution).await;
    Ok(Json(reviewed))
}

/// Decide about any field
///
/// Whoever finds a fault in a value that nobody was asked to look at corrects it here; it becomes an item like others.
#[utoipa::path(post, path = "/v1/extractions/{id}/fields/{field}/resolve", tag = "Review",
    params(("id" = String, Path, description = "The extraction"), ("field" = String, Path, description = "The field's name")),
    request_body = ResolveRequest,
    responses((status = 200, description = "The item and its history", body = ReviewedItem),
        (status = 404, description = "No such extraction, or it has no such field"),
        (status = 409, description = "It is resolved already")))]
pub(super) async fn resolve_field(
    State(api): State<ApiState>,
    Account(user): Account,
    Path((id, field)): Path<(String, String)>,
    request: Request,
) -> Result<Json<ReviewedItem>, ApiError> {
    let id: ExtractionId = id.parse().map_err(|_| ApiError::not_found("extraction"))?;
    let (resolution, notes) = read_resolution(request).await?;
    let resolution = api.placed(user.id, id, &field, resolution).await?;
    let reviewed = api.store.resolve_field(user.id, id, &field, &resolution, notes.as_deref()).await?;
    api.learn(user.id, &reviewed.item, &resolution).await;
    Ok(Json(reviewed))
}

/// Take the last decision back
///
/// The field is again what it was before, and needs review; the history keeps both. What a correction taught is forgotten.
#[utoipa::path(post, path = "/v1/review/{id}/reopen", tag = "Review",
    params(("id" = String, Path, description = "The item")),
    responses((status = 200, description = "The item and its history", body = ReviewedItem),
        (status = 404, description = "No such item"), (status = 409, description = "It is open")))]
pub(super) async fn reopen_review(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<ReviewId>,
) -> Result<Json<ReviewedItem>, ApiError> {
    Ok(Json(api.store.reopen_review(user.id, id).await?))
}

/// What somebody decides, and what they say about it.
async fn read_resolution(request: Request) -> Result<(Resolution, Option<String>), ApiError> {
    let body = json::read(request).await?;
    // Null is a value here: it says that there is none.
    let value = body.get("value").cloned();
    let mut members = Members::new(body, &["action", "value", "provenance", "notes"])?;
    members.take("value");
    let notes = members.text("notes");
    let provenance = members.take("provenance");
    let provenance: Option<Provenance> = provenance.and_then(|provenance| {
        let read = serde_json::from_value(provenance).ok();
        if read.is_none() {
            members.fault("provenance", "expected source, page and bbox");
        }
        read
    });
    let action = members.text("action").as_deref().and_then(ReviewAction::from_name);
    let resolution = match (action, value) {
        (Some(ReviewAction::Approve), None | Some(Value::Null)) => Some(Resolution::Approve),
        (Some(ReviewAction::Approve), Some(_)) => {
            members.fault("value", "stands beside approve: use correct to give another value");
            None
        }
        (Some(ReviewAction::Correct), Some(value)) => Some(Resolution::Correct { value, provenance }),
        (Some(ReviewAction::Correct), None) => {
            members
                .fault("value", "is missing: expected the right value, or null where the document has none");
            None
        }
        (Some(ReviewAction::Reopen) | None, _) => {
            members.fault("action", "expected approve or correct");
            None
        }
    };
    Ok((members.finish(resolution)?, notes))
}
