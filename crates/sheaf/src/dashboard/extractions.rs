//! One document's result beside its pages, where fields are decided about.

use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use indexmap::IndexMap;
use serde::Deserialize;
use sheaf_extract::find::Found;
use sheaf_store::{PageRequest, ReviewFilter};
use sheaf_types::{
    Alternative, BoundingBox, CellResult, Decision, Extraction, ExtractionId, FieldKind, FieldResult,
    FieldSpec, FieldValue, Method, ReviewId, ReviewItem, ReviewReason, ReviewStatus, Status,
    Template as Spec, UserId,
};

use super::assets;
use super::frame::{Frame, PageError, Section, SignedIn, render};
use super::words;
use crate::api::ApiState;

/// Pages that are shown; more of a document are there to download.
const MOST_PAGES: u32 = 100;

#[derive(Deserialize)]
pub(super) struct ExtractionQuery {
    /// That documents are being reviewed one after the other, perhaps only those of the batch it names.
    pub(super) queue: Option<String>,
    /// The item that was decided about last, to be taken back from the next document.
    pub(super) last: Option<String>,
}

#[derive(Template)]
#[template(path = "extraction.html")]
struct ExtractionPage {
    frame: Frame,
    extraction: Extraction,
    template: Spec,
    fields: Vec<FieldView>,
    pages: Vec<PageView>,
    queue: Option<String>,
    last: Option<ReviewItem>,
}

impl ExtractionPage {
    /// Fields that wait for a decision.
    fn open(&self) -> u64 {
        self.fields.iter().filter(|field| field.is_open()).count() as u64
    }

    /// Whether there is a field with another value to choose.
    fn has_other(&self) -> bool {
        self.fields.iter().any(|field| field.other().is_some())
    }

    /// The item that was decided about last, if its correction may have look-alikes.
    fn last_with_lookalikes(&self) -> Option<ReviewId> {
        self.last.as_ref().and_then(lookalikes_of)
    }

    /// Where decisions about a field are sent.
    fn action(&self, field: &FieldView) -> String {
        format!("/dashboard/extractions/{}/fields/{}", self.extraction.id, field.result.name)
    }

    /// The boxes' elements, which a decision changes beside the fields.
    fn marks(&self) -> String {
        let marks: Vec<String> = self.pages.iter().map(|page| format!("#marks-{}", page.number)).collect();
        marks.join(",")
    }
}

/// A field as the page shows it.
struct FieldView {
    result: FieldResult,
    spec: FieldSpec,
    item: Option<ReviewItem>,
    /// What was typed, and what was wrong with it.
    refused: Option<Refused>,
    threshold: f32,
}

/// A decision that did not fit.
pub(super) struct Refused {
    pub(super) field: String,
    pub(super) fault: String,
    pub(super) typed: String,
}

/// A page and the boxes on it.
struct PageView {
    number: u32,
    marks: Vec<Mark>,
}

/// A box, linked with what it belongs to by its key.
struct Mark {
    key: String,
    label: String,
    level: &'static str,
    bbox: BoundingBox,
}

/// The other value that was found for a field.
struct OtherView<'a> {
    key: String,
    value: &'a str,
    other: &'a Alternative,
}

/// A table's cell.
struct CellView {
    key: String,
    column: String,
    value: Option<String>,
    result: Option<CellResult>,
}

impl FieldView {
    fn key(&self) -> String {
        format!("f-{}", self.result.name)
    }

    /// The value in words; a table's are in [`rows`](Self::rows).
    fn value(&self) -> Option<String> {
        match self.result.value.as_ref()? {
            FieldValue::Scalar(text) => {
                let currency = self.result.currency.as_deref();
                Some(currency.map_or(text.clone(), |currency| format!("{text} {currency}")))
            }
            FieldValue::Rows(_) => None,
        }
    }

    /// What a correction starts from.
    fn typed(&self) -> &str {
        match (&self.refused, &self.result.value) {
            (Some(refused), _) => &refused.typed,
            (None, Some(FieldValue::Scalar(text))) => text,
            _ => "",
        }
    }

    fn rows(&self) -> Vec<Vec<CellView>> {
        let Some(FieldValue::Rows(rows)) = &self.result.value else { return Vec::new() };
        let cells = self.result.cells.as_deref().unwrap_or_default();
        let cell = |i: usize, column: &String, value: &Option<String>| CellView {
            key: format!("{}-{i}-{column}", self.key()),
            column: column.clone(),
            value: value.clone(),
            result: cells.get(i).and_then(|cells: &IndexMap<String, CellResult>| cells.get(column)).cloned(),
        };
        let row = |(i, row): (usize, &IndexMap<String, Option<String>>)| {
            row.iter().map(|(column, value)| cell(i, column, value)).collect()
        };
        rows.iter().enumerate().map(row).collect()
    }

    fn is_open(&self) -> bool {
        self.result.needs_review
    }

    /// What was decided, and what takes it back.
    fn decided(&self) -> Option<(&ReviewItem, &Decision)> {
        self.item.as_ref().zip(self.result.review.as_ref()).filter(|_| !self.is_open())
    }

    /// The item whose correction may be right for other documents of its batch, too.
    fn may_have_lookalikes(&self) -> Option<ReviewId> {
        self.item.as_ref().filter(|_| !self.is_open()).and_then(lookalikes_of)
    }

    fn level(&self) -> &'static str {
        level(self.result.confidence, self.threshold)
    }

    fn percent(&self) -> f32 {
        self.result.confidence * 100.0
    }

    fn method(&self) -> Option<&'static str> {
        self.result.method.map(words::method)
    }

    /// What may be the value instead, while that is to be decided.
    fn other(&self) -> Option<OtherView<'_>> {
        let other = self.result.alternative.as_deref().filter(|_| self.is_open())?;
        let FieldValue::Scalar(value) = &other.value else { return None };
        Some(OtherView { key: format!("{}-other", self.key()), value, other })
    }

    fn reason(&self) -> &'static str {
        match self.result.review_reason {
            Some(ReviewReason::LowConfidence) if self.other().is_some() => "two values may be meant",
            Some(ReviewReason::LowConfidence) => "not sure enough",
            Some(ReviewReason::Missing) => "nothing was found",
            Some(ReviewReason::Ungrounded) => "what was proposed does not stand on the page",
            Some(ReviewReason::Inconsistent) => "it disagrees with another value",
            None => "a decision was taken back",
        }
    }

    fn marks(&self) -> Vec<(u32, Mark)> {
        let mut marks = Vec::new();
        for cell in self.rows().into_iter().flatten() {
            if let Some(result) = cell.result {
                let label = format!("{}: {}", cell.column, cell.value.unwrap_or_default());
                let level = level(result.confidence, self.threshold);
                let at = result.provenance;
                marks.push((at.page, Mark { key: cell.key, label, level, bbox: at.bbox }));
            }
        }
        if let (true, Some(page), Some(bbox)) = (marks.is_empty(), self.result.page, self.result.bbox) {
            let label = format!("{}: {}", self.result.name, self.value().unwrap_or_default());
            marks.push((page, Mark { key: self.key(), label, level: self.level(), bbox }));
        }
        if let Some(OtherView { key, value, other }) = self.other() {
            let label = format!("{}, or: {value}", self.result.name);
            let level = level(other.confidence, self.threshold);
            marks.push((other.page, Mark { key, label, level, bbox: other.bbox }));
        }
        marks
    }
}

/// The item, if it was corrected with a value of one place, in a batch.
fn lookalikes_of(item: &ReviewItem) -> Option<ReviewId> {
    let is_corrected = item.status == ReviewStatus::Resolved && item.kind != FieldKind::Table;
    (is_corrected && item.batch_id.is_some() && item.bbox.is_some()).then_some(item.id)
}

/// How sure a value is: `good` passes, `warn` is under the template's threshold, `bad` far under.
pub(super) fn level(confidence: f32, threshold: f32) -> &'static str {
    match confidence {
        sure if sure >= threshold => "good",
        unsure if unsure >= threshold * 0.6 => "warn",
        _ => "bad",
    }
}

pub(super) async fn page(
    State(api): State<ApiState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<ExtractionQuery>,
) -> Result<Response, PageError> {
    let id: ExtractionId = id.parse().map_err(|_| PageError::not_found())?;
    show(&api, signed_in.user.id, signed_in.frame(Section::Review), id, query, None).await
}

/// The page, perhaps after a decision that did not fit.
pub(super) async fn show(
    api: &ApiState,
    user: UserId,
    frame: Frame,
    id: ExtractionId,
    query: ExtractionQuery,
    refused: Option<Refused>,
) -> Result<Response, PageError> {
    let mut extraction = api.store.extraction(user, id).await?;
    let template =
        api.store.template(user, extraction.template_id, Some(extraction.template_version)).await?;
    let filter = ReviewFilter { extraction: Some(id), ..ReviewFilter::default() };
    let all = PageRequest { limit: 500, cursor: None };
    let mut items = api.store.list_reviews(user, &filter, all).await?.data;
    let last = match query.last.as_deref().and_then(|last| last.parse::<ReviewId>().ok()) {
        Some(last) => api.store.review(user, last).await.ok().map(|reviewed| reviewed.item),
        None => None,
    };
    let status = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let mut refused = refused;
    let view = |result: FieldResult| {
        let spec = template.spec.fields.iter().find(|spec| spec.name == result.name)?.clone();
        let item = items.iter().position(|item| item.field == result.name).map(|at| items.swap_remove(at));
        let refused = refused.take_if(|refused| refused.field == result.name);
        Some(FieldView { spec, item, refused, threshold: template.spec.confidence_threshold, result })
    };
    let fields: Vec<FieldView> =
        extraction.fields.take().unwrap_or_default().into_iter().filter_map(view).collect();
    let count = extraction.pages.unwrap_or(1).min(MOST_PAGES);
    let mut pages: Vec<PageView> = (1..=count).map(|number| PageView { number, marks: Vec::new() }).collect();
    for (page, mark) in fields.iter().flat_map(FieldView::marks) {
        if let Some(page) = pages.iter_mut().find(|one| one.number == page) {
            page.marks.push(mark);
        }
    }
    let last = last.filter(|last| last.status == ReviewStatus::Resolved && last.extraction_id != id);
    let page = ExtractionPage { frame, extraction, template, fields, pages, queue: query.queue, last };
    Ok((status, render(&page)).into_response())
}

#[derive(Deserialize)]
pub(super) struct FindQuery {
    field: String,
    column: Option<String>,
    text: String,
}

/// What a text means for a field, and where it stands.
pub(super) async fn find(
    State(api): State<ApiState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<FindQuery>,
) -> Result<Json<Found>, PageError> {
    let id: ExtractionId = id.parse().map_err(|_| PageError::not_found())?;
    let extraction = api.store.extraction(signed_in.user.id, id).await?;
    let user = signed_in.user.id;
    let template =
        api.store.template(user, extraction.template_id, Some(extraction.template_version)).await?;
    let field = template.spec.fields.iter().find(|field| field.name == query.field);
    let field = field.ok_or(PageError::not_found())?;
    let column = field.columns.iter().find(|column| Some(&column.name) == query.column.as_ref());
    let (kind, enum_values) = match column {
        Some(column) => (column.kind, column.enum_values.clone()),
        None => (field.kind, field.enum_values.clone()),
    };
    Ok(Json(
        super::review::look_up(&api, user, &extraction, template.spec, kind, enum_values, query.text).await,
    ))
}
