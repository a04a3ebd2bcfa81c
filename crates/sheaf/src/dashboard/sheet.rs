//! The contact sheet: one field across all documents, each value beside what stands on the page.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use sheaf_store::ReviewFilter;
use sheaf_types::{
    BatchId, BoundingBox, DocumentId, ReviewId, ReviewItem, ReviewStatus, Template as Spec, TemplateId,
};

use super::assets;
use super::extractions::level;
use super::frame::{Frame, PageError, Posted, Section, SignedIn, render};
use super::words;
use crate::api::ApiState;

/// Values on one sheet; the rest comes once these are decided.
const MOST: u32 = 60;

#[derive(Deserialize)]
pub(super) struct SheetQuery {
    template: String,
    field: String,
    batch: Option<String>,
    /// How many the last form approved.
    approved: Option<u64>,
}

#[derive(Template)]
#[template(path = "sheet.html")]
struct SheetPage {
    frame: Frame,
    template: Spec,
    field: String,
    batch: Option<BatchId>,
    items: Vec<ItemView>,
    approved: Option<u64>,
}

/// An item as the sheet shows it.
struct ItemView {
    item: ReviewItem,
    threshold: f32,
}

impl ItemView {
    fn value(&self) -> Option<String> {
        words::value(self.item.value.as_ref(), self.item.currency.as_deref())
    }

    /// What may be the value instead.
    fn other(&self) -> Option<String> {
        words::value(Some(&self.item.alternative.as_ref()?.value), None)
    }

    /// Whether it is approved with the rest unless somebody objects: not where another value may be meant.
    fn is_ticked(&self) -> bool {
        self.item.value.is_some() && self.item.alternative.is_none()
    }

    fn level(&self) -> &'static str {
        level(self.item.confidence, self.threshold)
    }

    fn crop(&self) -> Option<String> {
        Some(crop(self.item.document_id, self.item.page?, self.item.bbox?))
    }
}

/// The address of a picture of a value's box with some of what stands around it.
pub(super) fn crop(id: DocumentId, page: u32, bbox: BoundingBox) -> String {
    let BoundingBox { x0, y0, x1, y1 } = around(bbox);
    format!("/v1/documents/{id}/pages/{page}?width=1200&crop={x0:.4},{y0:.4},{x1:.4},{y1:.4}")
}

/// A box with what stands around it: enough to see the label beside it.
fn around(bbox: BoundingBox) -> BoundingBox {
    let (x, y) = (0.12f32.max((0.3 - bbox.width()) / 2.0), 0.012);
    BoundingBox {
        x0: (bbox.x0 - x).max(0.0),
        y0: (bbox.y0 - y).max(0.0),
        x1: (bbox.x1 + x / 2.0).min(1.0),
        y1: (bbox.y1 + y).min(1.0),
    }
}

pub(super) async fn page(
    State(api): State<ApiState>,
    signed_in: SignedIn,
    Query(query): Query<SheetQuery>,
) -> Result<Response, PageError> {
    let user = signed_in.user.id;
    let template: TemplateId = query.template.parse().map_err(|_| PageError::not_found())?;
    let template = api.store.template(user, template, None).await?;
    let batch = query.batch.as_deref().and_then(|batch| batch.parse().ok());
    let filter = ReviewFilter {
        status: Some(ReviewStatus::Open),
        template: Some(template.id),
        field: Some(query.field.clone()),
        batch,
        ..ReviewFilter::default()
    };
    let items = api.store.riskiest_reviews(user, &filter, MOST).await?;
    let threshold = template.spec.confidence_threshold;
    Ok(render(&SheetPage {
        frame: signed_in.frame(Section::Review),
        template,
        field: query.field,
        batch,
        items: items.into_iter().map(|item| ItemView { item, threshold }).collect(),
        approved: query.approved,
    }))
}

/// Approves what was ticked, at once.
pub(super) async fn approve(State(api): State<ApiState>, posted: Posted) -> Result<Response, PageError> {
    let ids: Vec<ReviewId> = posted.all("item").filter_map(|id| id.parse().ok()).collect();
    let approved = api.store.approve_reviews(posted.user.id, &ids).await?.to_string();
    let query = [
        ("template", posted.get("template")),
        ("field", posted.get("field")),
        ("batch", posted.get("batch")),
        ("approved", &approved),
    ];
    let query = serde_urlencoded::to_string(query).unwrap_or_default();
    Ok(Redirect::to(&format!("/dashboard/review/sheet?{query}")).into_response())
}
