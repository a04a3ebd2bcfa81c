//! The look-alikes of a correction: documents of the same design in the batch, with the same correction proposed.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use sheaf_store::PageRequest;
use sheaf_types::{ExtractionId, FieldResult, ReviewId, ReviewItem};

use super::assets;
use super::extractions::level;
use super::frame::{Frame, PageError, Posted, Section, SignedIn, render};
use super::sheet::crop;
use super::words;
use crate::api::ApiState;
use crate::api::lessons::LookAlike;

/// Documents of the batch that are looked at for one page.
const LOOKED_AT: u32 = 100;

#[derive(Deserialize)]
pub(super) struct LookQuery {
    cursor: Option<String>,
    /// How many the last form corrected.
    corrected: Option<u64>,
}

#[derive(Template)]
#[template(path = "lookalikes.html")]
struct LookPage {
    frame: Frame,
    /// What was corrected.
    item: ReviewItem,
    found: Vec<LookView>,
    /// Where the page came from and goes on.
    cursor: String,
    next: Option<String>,
    corrected: Option<u64>,
}

/// A look-alike as the page shows it.
struct LookView {
    id: ExtractionId,
    filename: String,
    proposed: String,
    current: Option<String>,
    is_same: bool,
    confidence: f32,
    level: &'static str,
    /// The picture of where the proposed value stands, and what stands there.
    crop: Option<String>,
    source: String,
}

impl LookView {
    fn new(found: LookAlike, threshold: f32) -> Self {
        let LookAlike { extraction_id, document_id, filename, current, proposed } = found;
        let value = |field: &FieldResult| words::value(field.value.as_ref(), field.currency.as_deref());
        Self {
            id: extraction_id,
            filename,
            is_same: current.value == proposed.value,
            proposed: value(&proposed).unwrap_or_default(),
            current: value(&current),
            confidence: proposed.confidence,
            level: level(proposed.confidence, threshold),
            crop: proposed.page.zip(proposed.bbox).map(|(page, bbox)| crop(document_id, page, bbox)),
            source: proposed.source.unwrap_or_default(),
        }
    }
}

pub(super) async fn page(
    State(api): State<ApiState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<LookQuery>,
) -> Result<Response, PageError> {
    let id: ReviewId = id.parse().map_err(|_| PageError::not_found())?;
    let user = signed_in.user.id;
    let item = api.store.review(user, id).await?.item;
    let template = api.store.template(user, item.template_id, Some(item.template_version)).await?;
    let threshold = template.spec.confidence_threshold;
    let cursor = query.cursor.filter(|cursor| !cursor.is_empty());
    let page = PageRequest { limit: LOOKED_AT, cursor: cursor.clone() };
    let found = api.lookalikes(user, &item, page).await?;
    Ok(render(&LookPage {
        frame: signed_in.frame(Section::Review),
        item,
        found: found.data.into_iter().map(|one| LookView::new(one, threshold)).collect(),
        cursor: cursor.unwrap_or_default(),
        next: found.next_cursor,
        corrected: query.corrected,
    }))
}

/// Corrects what was ticked.
pub(super) async fn accept(
    State(api): State<ApiState>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, PageError> {
    let id: ReviewId = id.parse().map_err(|_| PageError::not_found())?;
    let item = api.store.review(posted.user.id, id).await?.item;
    let ids: Vec<ExtractionId> =
        posted.all("item").filter_map(|id| id.parse().ok()).take(LOOKED_AT as usize).collect();
    let corrected = api.accept_lookalikes(posted.user.id, &item, &ids).await?.len().to_string();
    let query = [("corrected", corrected.as_str()), ("cursor", posted.get("cursor"))];
    let query = serde_urlencoded::to_string(query).unwrap_or_default();
    Ok(Redirect::to(&format!("/dashboard/review/{id}/lookalikes?{query}")).into_response())
}
