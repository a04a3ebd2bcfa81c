//! Documents, and reading a single one.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use sheaf_store::PageRequest;
use sheaf_types::{DocumentId, DocumentInfo, Template as Spec};

use super::assets;
use super::frame::{Frame, PageError, Posted, Section, SignedIn, render};
use super::words;
use crate::api::ApiState;

const A_PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "documents.html")]
struct DocumentsPage {
    frame: Frame,
    documents: Vec<DocumentInfo>,
    templates: Vec<Spec>,
    max_file_bytes: u64,
    is_first: bool,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct DocumentsQuery {
    cursor: Option<String>,
}

pub(super) async fn list(
    State(api): State<ApiState>,
    signed_in: SignedIn,
    Query(query): Query<DocumentsQuery>,
) -> Result<Response, PageError> {
    let user = signed_in.user.id;
    let cursor = query.cursor.filter(|cursor| !cursor.is_empty());
    let is_first = cursor.is_none();
    let page = api.store.list_documents(user, PageRequest { limit: A_PAGE, cursor }).await?;
    let all = PageRequest { limit: 500, cursor: None };
    Ok(render(&DocumentsPage {
        frame: signed_in.frame(Section::Documents),
        documents: page.data,
        templates: api.store.list_templates(user, all).await?.data,
        max_file_bytes: api.limits.max_file_bytes,
        is_first,
        next_cursor: page.next_cursor,
    }))
}

pub(super) async fn delete(
    State(api): State<ApiState>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, PageError> {
    let id: DocumentId = id.parse().map_err(|_| PageError::not_found())?;
    api.store.delete_document(posted.user.id, id).await?;
    Ok(Redirect::to("/dashboard/documents").into_response())
}
