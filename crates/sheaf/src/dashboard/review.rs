//! What needs review: by document, and what is decided.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::HeaderName;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use sheaf_extract::find::{Found, find};
use sheaf_store::{ReviewDocument, ReviewField, ReviewFilter};
use sheaf_types::{
    BatchId, BoundingBox, Document, Extraction, ExtractionId, FieldKind, FieldResult, FieldSpec, FieldValue,
    Provenance, Resolution, ReviewId, ReviewStatus, TemplateSpec, UserId,
};

use super::assets;
use super::extractions::{ExtractionQuery, Refused, show};
use super::frame::{Frame, PageError, Posted, Section, SignedIn, render, sentence};
use super::words;
use crate::api::ApiState;

/// Documents that the list shows; the rest comes once these are done.
const MOST: u32 = 100;
/// Rows of a table that a form may bring.
const MOST_ROWS: usize = 10_000;

#[derive(Deserialize)]
pub(super) struct ReviewQuery {
    batch: Option<String>,
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage {
    frame: Frame,
    documents: Vec<ReviewDocument>,
    /// Fields with open items, each with its template's name.
    fields: Vec<(ReviewField, String)>,
    /// The name and id of the batch the list is of.
    batch: Option<(String, BatchId)>,
    /// Items that are open, in this batch where there is one.
    open: u64,
}

impl ReviewPage {
    /// What says which documents are gone through.
    fn queue(&self) -> String {
        self.batch.as_ref().map(|(_, id)| id.to_string()).unwrap_or_default()
    }
}

pub(super) async fn page(
    State(api): State<ApiState>,
    signed_in: SignedIn,
    Query(query): Query<ReviewQuery>,
) -> Result<Response, PageError> {
    let user = signed_in.user.id;
    let batch = match query.batch.filter(|id| !id.is_empty()) {
        Some(id) => {
            let id: BatchId = id.parse().map_err(|_| PageError::not_found())?;
            Some((api.store.batch(user, id).await?.name, id))
        }
        None => None,
    };
    let id = batch.as_ref().map(|(_, id)| *id);
    let mut fields = Vec::new();
    for field in api.store.review_fields(user, id).await? {
        let template = api.store.template(user, field.template_id, None).await?;
        fields.push((field, template.spec.name));
    }
    Ok(render(&ReviewPage {
        frame: signed_in.frame(Section::Review),
        documents: api.store.review_documents(user, id, MOST).await?,
        fields,
        open: api.store.open_reviews(user, id).await?,
        batch,
    }))
}

/// Decides about a field, and goes on to the next document where this one is done and others wait.
pub(super) async fn resolve(
    State(api): State<ApiState>,
    Path((id, field)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, PageError> {
    let id: ExtractionId = id.parse().map_err(|_| PageError::not_found())?;
    let user = posted.user.id;
    let extraction = api.store.extraction(user, id).await?;
    let resolution = match posted.get("action") {
        "approve" => Resolution::Approve,
        "correct" => {
            let template =
                api.store.template(user, extraction.template_id, Some(extraction.template_version)).await?;
            let spec =
                template.spec.fields.iter().find(|spec| spec.name == field).ok_or(PageError::not_found())?;
            correction(&api, user, &extraction, &template.spec, spec, &posted).await
        }
        "other" => other(extraction.fields.as_deref().unwrap_or_default(), &field)?,
        _ => return Err(PageError::not_found()),
    };
    let notes = Some(posted.get("notes").trim()).filter(|notes| !notes.is_empty());
    let decided = match api.store.resolve_field(user, id, &field, &resolution, notes).await {
        Ok(decided) => decided.item,
        Err(error) if matches!(error.status(), 400 | 409) => {
            let fault = sentence(&error);
            let refused = Refused { field, fault, typed: posted.get("value").to_owned() };
            let query = ExtractionQuery { queue: queue(&posted), last: None };
            let mut page = show(&api, user, posted.frame(Section::Review), id, query, Some(refused)).await?;
            if is_part(&posted) {
                // The script puts the page's part in its place whatever it says.
                *page.status_mut() = axum::http::StatusCode::OK;
            }
            return Ok(page);
        }
        Err(error) => return Err(error.into()),
    };
    api.learn(user, &decided, &resolution).await;
    let here = |more: &str| format!("/dashboard/extractions/{id}{}{more}", in_queue(&posted));
    let filter =
        ReviewFilter { extraction: Some(id), status: Some(ReviewStatus::Open), ..ReviewFilter::default() };
    let is_done = api.store.riskiest_reviews(user, &filter, 1).await?.is_empty();
    let Some(batch) = queue(&posted).filter(|_| is_done) else {
        return Ok(Redirect::to(&here(&format!("#f-{field}"))).into_response());
    };
    let next = api.store.review_documents(user, batch.parse().ok(), 1).await?.into_iter().next();
    let url = match next {
        Some(next) => {
            format!("/dashboard/extractions/{}?queue={batch}&last={}", next.extraction_id, decided.id)
        }
        None => format!("/dashboard/review?batch={batch}"),
    };
    Ok(leave(&posted, &url))
}

/// Takes the last decision about an item back.
pub(super) async fn reopen(
    State(api): State<ApiState>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, PageError> {
    let id: ReviewId = id.parse().map_err(|_| PageError::not_found())?;
    let item = api.store.reopen_review(posted.user.id, id).await?.item;
    let url = format!("/dashboard/extractions/{}{}#f-{}", item.extraction_id, in_queue(&posted), item.field);
    // From the next document it is another page that is gone back to.
    let is_here = posted.get("extraction") == item.extraction_id.to_string();
    Ok(if is_here { Redirect::to(&url).into_response() } else { leave(&posted, &url) })
}

/// The queue that a form belongs to: a batch's id, or empty for all; `None` where documents are looked at singly.
fn queue(posted: &Posted) -> Option<String> {
    let queue = posted.find("queue")?;
    Some(queue.parse::<BatchId>().map(|batch| batch.to_string()).unwrap_or_default())
}

fn in_queue(posted: &Posted) -> String {
    queue(posted).map(|batch| format!("?queue={batch}")).unwrap_or_default()
}

/// Whether a script asks for a part of the page.
fn is_part(posted: &Posted) -> bool {
    posted.headers.contains_key("hx-request")
}

/// Goes on to another page.
fn leave(posted: &Posted, url: &str) -> Response {
    if is_part(posted) {
        return [(HeaderName::from_static("hx-redirect"), url.to_owned())].into_response();
    }
    Redirect::to(url).into_response()
}

/// What was typed, as a decision.
async fn correction(
    api: &ApiState,
    user: UserId,
    extraction: &Extraction,
    template: &TemplateSpec,
    field: &FieldSpec,
    posted: &Posted,
) -> Resolution {
    let document = api.document_words(user, extraction.document_id).await.unwrap_or_default();
    let read = |kind: FieldKind, enum_values: &[String], text: &str| {
        let text = text.trim();
        if text.is_empty() {
            return (Value::Null, None);
        }
        let Found { value, mut places } = find(&document, template, kind, enum_values, text);
        let place = if places.len() == 1 { places.pop() } else { None };
        // What is no value is refused by the store, which says why.
        (Value::String(value.unwrap_or_else(|| text.to_owned())), place)
    };
    if field.kind != FieldKind::Table {
        let (value, only_place) = read(field.kind, &field.enum_values, posted.get("value"));
        return Resolution::Correct { value, provenance: pointed_at(posted).or(only_place) };
    }
    let rows: usize = posted.get("rows").parse().unwrap_or_default();
    let row = |i: usize| {
        let mut row = Map::new();
        for column in &field.columns {
            let text = posted.get(&format!("{i}.{}", column.name));
            row.insert(column.name.clone(), read(column.kind, &column.enum_values, text).0);
        }
        row
    };
    let kept = (0..rows.min(MOST_ROWS)).map(row).filter(|row| row.values().any(|value| !value.is_null()));
    Resolution::Correct { value: Value::Array(kept.map(Value::Object).collect()), provenance: None }
}

/// The other value that was found for a field, as a decision.
fn other(fields: &[FieldResult], field: &str) -> Result<Resolution, PageError> {
    let found = fields.iter().find(|result| result.name == field);
    let other = found.and_then(|result| result.alternative.as_deref()).ok_or(PageError::not_found())?;
    let FieldValue::Scalar(value) = &other.value else { return Err(PageError::not_found()) };
    let place = Provenance { source: other.source.clone(), page: other.page, bbox: other.bbox, cell: None };
    Ok(Resolution::Correct { value: Value::String(value.clone()), provenance: Some(place) })
}

/// The words on the page that were clicked for the value.
fn pointed_at(posted: &Posted) -> Option<Provenance> {
    let edges: Vec<f32> = posted.get("bbox").split(',').filter_map(|edge| edge.parse().ok()).collect();
    let bbox: BoundingBox = <[f32; 4]>::try_from(edges).ok()?.into();
    let source = posted.get("source").to_owned();
    Some(Provenance { source, page: posted.get("page").parse().ok()?, bbox, cell: None })
        .filter(|at| !at.source.is_empty())
}

/// What a text means, and where it stands on the document; nothing where that cannot be read.
pub(super) async fn look_up(
    api: &ApiState,
    user: UserId,
    extraction: &Extraction,
    template: TemplateSpec,
    kind: FieldKind,
    enum_values: Vec<String>,
    text: String,
) -> Found {
    let document: Document = api.document_words(user, extraction.document_id).await.unwrap_or_default();
    let look = move || find(&document, &template, kind, &enum_values, &text);
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}
