//! Batches: the list, a new one, and one as it goes on.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;
use sheaf_store::PageRequest;
use sheaf_types::{Batch, BatchId, BatchStatus, Extraction, Status, Template as Spec, Usage};

use super::assets;
use super::frame::{Frame, PageError, Posted, Section, SignedIn, render};
use super::words;
use crate::api::ApiState;

const A_PAGE: u32 = 50;

/// Which part of a list; what names nothing counts as absent.
#[derive(Deserialize)]
pub(super) struct ListQuery {
    status: Option<String>,
    cursor: Option<String>,
}

impl ListQuery {
    fn page(&self) -> PageRequest {
        let cursor = self.cursor.clone().filter(|cursor| !cursor.is_empty());
        PageRequest { limit: A_PAGE, cursor }
    }
}

#[derive(Template)]
#[template(path = "batches.html")]
struct BatchesPage {
    frame: Frame,
    batches: Vec<Batch>,
    status: Option<BatchStatus>,
    is_first: bool,
    next_cursor: Option<String>,
}

impl BatchesPage {
    /// The name of the status that is shown; empty for all.
    fn shown(&self) -> &'static str {
        self.status.map_or("", BatchStatus::as_str)
    }
}

/// The filters of the list, in words.
const FILTERS: [(&str, &str); 6] = [
    ("", "All"),
    ("pending", "Waiting"),
    ("running", "Running"),
    ("completed", "Completed"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
];

pub(super) async fn list(
    State(api): State<ApiState>,
    signed_in: SignedIn,
    Query(query): Query<ListQuery>,
) -> Result<Response, PageError> {
    let status = query.status.as_deref().and_then(BatchStatus::from_name);
    let page = api.store.list_batches(signed_in.user.id, status, query.page()).await?;
    Ok(render(&BatchesPage {
        frame: signed_in.frame(Section::Batches),
        batches: page.data,
        status,
        is_first: query.cursor.is_none(),
        next_cursor: page.next_cursor,
    }))
}

#[derive(Template)]
#[template(path = "new_batch.html")]
struct NewBatchPage {
    frame: Frame,
    templates: Vec<Spec>,
    /// Chosen before.
    template_id: String,
    usage: Usage,
    llm_configured: bool,
    max_file_bytes: u64,
}

#[derive(Deserialize)]
pub(super) struct NewQuery {
    template: Option<String>,
}

pub(super) async fn new(
    State(api): State<ApiState>,
    signed_in: SignedIn,
    Query(query): Query<NewQuery>,
) -> Result<Response, PageError> {
    let page = PageRequest { limit: 500, cursor: None };
    Ok(render(&NewBatchPage {
        frame: signed_in.frame(Section::Batches),
        templates: api.store.list_templates(signed_in.user.id, page).await?.data,
        template_id: query.template.unwrap_or_default(),
        usage: api.store.usage(signed_in.user.id).await?,
        llm_configured: api.llm_configured,
        max_file_bytes: api.limits.max_file_bytes,
    }))
}

/// A batch as its page shows it, and the part of the page that asks for itself until the batch is terminal.
#[derive(Template)]
#[template(path = "batch_live.html")]
struct Live {
    batch: Batch,
    csrf: String,
    extractions: Vec<Extraction>,
    status: Option<Status>,
    /// The query of this part of the list.
    query: String,
    is_first: bool,
    next_cursor: Option<String>,
    now: Timestamp,
}

#[derive(Template)]
#[template(path = "batch.html")]
struct BatchPage {
    frame: Frame,
    template: Spec,
    live: Live,
}

impl Live {
    async fn read(
        api: &ApiState,
        signed_in: &SignedIn,
        id: &str,
        query: &ListQuery,
    ) -> Result<Self, PageError> {
        let id: BatchId = id.parse().map_err(|_| PageError::not_found())?;
        let user = signed_in.user.id;
        let status = query.status.as_deref().and_then(Status::from_name);
        let batch = api.store.batch(user, id).await?;
        let page = api.store.batch_extractions(user, id, status, query.page()).await?;
        let mut part = Vec::new();
        part.extend(status.map(|status| ("status", status.as_str().to_owned())));
        part.extend(query.cursor.clone().map(|cursor| ("cursor", cursor)));
        Ok(Self {
            batch,
            csrf: signed_in.csrf.clone(),
            extractions: page.data,
            status,
            query: serde_urlencoded::to_string(part).unwrap_or_default(),
            is_first: query.cursor.is_none(),
            next_cursor: page.next_cursor,
            now: Timestamp::now(),
        })
    }

    /// The counts as a grid: name in the URL, in words, how many.
    fn grid(&self) -> [(&'static str, &'static str, u64); 6] {
        let counts = &self.batch.counts;
        Status::ALL.map(|status| {
            let n = match status {
                Status::Pending => counts.pending,
                Status::Running => counts.running,
                Status::Completed => counts.completed,
                Status::NeedsReview => counts.needs_review,
                Status::Failed => counts.failed,
                Status::Cancelled => counts.cancelled,
            };
            (status.as_str(), words::status(status), n)
        })
    }

    /// The name of the status that is shown; empty for all.
    fn shown(&self) -> &'static str {
        self.status.map_or("", Status::as_str)
    }

    fn has_results(&self) -> bool {
        self.batch.counts.completed + self.batch.counts.needs_review > 0
    }

    /// How long it has taken so far, and how fast it goes.
    fn pace(&self) -> String {
        let time = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
        let Some(started) = time(&self.batch.started_at) else { return "not started yet".to_owned() };
        let end = time(&self.batch.finished_at).unwrap_or(self.now);
        let seconds = (end.as_millisecond() - started.as_millisecond()).max(1) as f64 / 1_000.0;
        let counts = &self.batch.counts;
        let done = (counts.completed + counts.needs_review + counts.failed) as f64;
        let mut pace = vec![words::duration(seconds)];
        if done > 0.0 {
            pace.push(words::rate(done / seconds));
        }
        pace.extend(self.batch.eta_seconds.map(|eta| format!("about {} left", words::duration(eta as f64))));
        pace.join(" · ")
    }
}

pub(super) async fn page(
    State(api): State<ApiState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<Response, PageError> {
    let live = Live::read(&api, &signed_in, &id, &query).await?;
    let (template, version) = (live.batch.template_id, live.batch.template_version);
    let template = api.store.template(signed_in.user.id, template, Some(version)).await?;
    Ok(render(&BatchPage { frame: signed_in.frame(Section::Batches), template, live }))
}

/// The part that changes.
pub(super) async fn live(
    State(api): State<ApiState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<Response, PageError> {
    Ok(render(&Live::read(&api, &signed_in, &id, &query).await?))
}

pub(super) async fn cancel(
    State(api): State<ApiState>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, PageError> {
    let id = id.parse().map_err(|_| PageError::not_found())?;
    api.store.cancel_batch(posted.user.id, id).await?;
    Ok(Redirect::to(&format!("/dashboard/batches/{id}")).into_response())
}

pub(super) async fn retry(
    State(api): State<ApiState>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, PageError> {
    let id = id.parse().map_err(|_| PageError::not_found())?;
    api.store.retry_batch(posted.user.id, id).await?;
    Ok(Redirect::to(&format!("/dashboard/batches/{id}")).into_response())
}

pub(super) async fn delete(
    State(api): State<ApiState>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, PageError> {
    let id = id.parse().map_err(|_| PageError::not_found())?;
    api.store.delete_batch(posted.user.id, id).await?;
    Ok(Redirect::to("/dashboard/batches").into_response())
}
