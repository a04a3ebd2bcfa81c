//! `/v1/documents`.

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use sheaf_types::{DocumentId, DocumentInfo};
use utoipa::ToSchema;

use super::ApiState;
use super::admission::Admission;
use super::error::ApiError;
use super::idempotency::{Fingerprint, IdempotencyKey, once};
use super::multipart::{Form, FormSpec};
use super::request::{Account, Id, PageQuery, Parameters};
use super::response::{List, attachment};
use super::schema::DocumentForm;

/// List documents
#[utoipa::path(get, path = "/v1/documents", tag = "Documents", params(PageQuery),
    responses((status = 200, description = "A page of documents, newest first", body = List<DocumentInfo>)))]
pub(super) async fn list_documents(
    State(api): State<ApiState>,
    Account(user): Account,
    Parameters(page): Parameters<PageQuery>,
) -> Result<Json<List<DocumentInfo>>, ApiError> {
    let page = api.store.list_documents(user.id, page.request()?).await?;
    Ok(Json(page.into()))
}

/// What an upload became.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Uploaded {
    /// One file: the document.
    One(DocumentInfo),
    /// Several: the documents, in order.
    Several {
        /// The documents.
        data: Vec<DocumentInfo>,
    },
}

/// Upload documents
///
/// All of them or, where one is bad, none.
#[utoipa::path(post, path = "/v1/documents", tag = "Documents", params(IdempotencyKey),
    request_body(content = DocumentForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "The document, or for several `{\"data\": […]}`",
            body = Uploaded),
        (status = 413, description = "A file is larger than the limit"),
        (status = 415, description = "A file is of no supported type, judged by its content; an empty one is of none"),
        (status = 429, description = "Too many uploads at once; with `Retry-After`")))]
pub(super) async fn upload_documents(
    State(api): State<ApiState>,
    Account(user): Account,
    Extension(admission): Extension<Admission>,
    key: IdempotencyKey,
    request: Request,
) -> Result<Response, ApiError> {
    let _permit = admission.upload()?;
    let spec = FormSpec { file: "file", most_files: api.limits.max_files, keep: u64::MAX, texts: &[] };
    let form = Form::read(request, &spec, &api).await?;
    if let Some(error) = form.bad_files {
        return Err(error);
    }
    if form.files == 0 {
        return Err(ApiError::invalid("/file", "is missing: send one or more files"));
    }
    let (intake, request) = (form.intake, Fingerprint::of_post("/v1/documents", &form.digest));
    let mut documents: Vec<DocumentInfo> = once(&api, user.id, &key, request, |api| async move {
        let documents = intake.keep(user.id).await?;
        if let Err(error) = api.store.note_answer(&documents).await {
            api.store.discard_documents(user.id, &documents).await;
            return Err(error.into());
        }
        Ok(documents)
    })
    .await?;
    Ok(match documents.pop() {
        Some(one) if documents.is_empty() => {
            let location = format!("/v1/documents/{}", one.id);
            (StatusCode::CREATED, [(LOCATION, location)], Json(Uploaded::One(one))).into_response()
        }
        last => {
            documents.extend(last);
            (StatusCode::CREATED, Json(Uploaded::Several { data: documents })).into_response()
        }
    })
}

/// Read what is known of a document
#[utoipa::path(get, path = "/v1/documents/{id}", tag = "Documents",
    params(("id" = String, Path, description = "The document")),
    responses((status = 200, description = "The document", body = DocumentInfo),
        (status = 404, description = "No such document")))]
pub(super) async fn get_document(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<DocumentId>,
) -> Result<Json<DocumentInfo>, ApiError> {
    Ok(Json(api.store.document(user.id, id).await?))
}

/// Delete a document
#[utoipa::path(delete, path = "/v1/documents/{id}", tag = "Documents",
    params(("id" = String, Path, description = "The document")),
    responses((status = 204, description = "Deleted"), (status = 404, description = "No such document"),
        (status = 409, description = "It is in use")))]
pub(super) async fn delete_document(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<DocumentId>,
) -> Result<StatusCode, ApiError> {
    api.store.delete_document(user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Download a document
///
/// The bytes as uploaded.
#[utoipa::path(get, path = "/v1/documents/{id}/file", tag = "Documents",
    params(("id" = String, Path, description = "The document")),
    responses((status = 200, description = "The file", content_type = "application/pdf", body = [u8],
            headers(("Content-Disposition" = String, description = "Its name"))),
        (status = 404, description = "No such document")))]
pub(super) async fn get_document_file(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<DocumentId>,
) -> Result<impl IntoResponse, ApiError> {
    let document = api.store.document(user.id, id).await?;
    let bytes = api.store.document_bytes(user.id, id).await?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(document.media_type.as_str())),
        (CONTENT_DISPOSITION, attachment(&document.filename)),
    ];
    Ok((headers, bytes))
}
