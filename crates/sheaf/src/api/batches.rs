//! `/v1/batches`: many documents.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::Value;
use sheaf_store::{NewBatch, StoreError};
use sheaf_types::{
    Batch, BatchId, BatchStatus, DocumentId, Extraction, Fault, Status, TemplateId, Usage, UserId,
};
use utoipa::IntoParams;

use super::admission::Admission;
use super::error::{ApiError, Code};
use super::idempotency::{Fingerprint, IdempotencyKey, once};
use super::json::Members;
use super::multipart::{Form, FormSpec};
use super::request::{Account, Id, PageQuery, Parameters, has_current, media_type, named, tier};
use super::response::List;
use super::schema::{BatchForm, BatchRequest};
use super::{ApiState, json};

const BATCH_STATUSES: &str = "pending, running, completed, failed, cancelled";
const STATUSES: &str = "pending, running, completed, needs_review, failed, cancelled";
/// Seconds after which it is worth asking again how far a batch is.
const ASK_AGAIN: &str = "3";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BatchStatusQuery {
    /// Only batches in this status.
    #[param(value_type = Option<BatchStatus>)]
    status: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StatusQuery {
    /// Only extractions in this status.
    #[param(value_type = Option<Status>)]
    status: Option<String>,
}

/// List batches
#[utoipa::path(get, path = "/v1/batches", tag = "Batches", params(BatchStatusQuery, PageQuery),
    responses((status = 200, description = "A page of batches, newest first", body = List<Batch>)))]
pub(super) async fn list_batches(
    State(api): State<ApiState>,
    Account(user): Account,
    Parameters(query): Parameters<BatchStatusQuery>,
    Parameters(page): Parameters<PageQuery>,
) -> Result<Json<List<Batch>>, ApiError> {
    let status = named("/status", query.status.as_deref(), BatchStatus::from_name, BATCH_STATUSES)?;
    let page = api.store.list_batches(user.id, status, page.request()?).await?;
    Ok(Json(page.into()))
}

/// Create a batch
///
/// Of documents that were uploaded before (JSON), or of files sent along (multipart). It is created whole or not at all,
/// and runs with the template's latest version.
#[utoipa::path(post, path = "/v1/batches", tag = "Batches", params(IdempotencyKey),
    request_body(content((BatchRequest = "application/json"), (BatchForm = "multipart/form-data"))),
    responses((status = 202, description = "The batch", body = Batch, headers(("Location" = String),
            ("Retry-After" = u32, description = "Seconds"))),
        (status = 402, description = "It would exceed the month's quota"),
        (status = 404, description = "No such template or document"),
        (status = 413, description = "A file or the request is larger than the limit"),
        (status = 415, description = "A file is of no supported type, judged by its content; an empty one is of none"),
        (status = 429, description = "Too many uploads at once; with `Retry-After`")))]
pub(super) async fn create_batch(
    State(api): State<ApiState>,
    Account(user): Account,
    Extension(admission): Extension<Admission>,
    key: IdempotencyKey,
    request: Request,
) -> Result<impl IntoResponse, ApiError> {
    let batch = if media_type(request.headers()) == "multipart/form-data" {
        let _permit = admission.upload()?;
        create_with_files(&api, user.id, &key, request).await?
    } else {
        create(&api, user.id, &key, request).await?
    };
    let location = format!("/v1/batches/{}", batch.id);
    Ok((StatusCode::ACCEPTED, [(LOCATION, location), (RETRY_AFTER, ASK_AGAIN.to_owned())], Json(batch)))
}

/// Read a batch
///
/// Poll it with `If-None-Match` until `Retry-After` is gone: then it is terminal.
#[utoipa::path(get, path = "/v1/batches/{id}", tag = "Batches",
    params(("id" = String, Path, description = "The batch"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the last answer")),
    responses((status = 200, description = "The batch", body = Batch, headers(("ETag" = String),
            ("Retry-After" = u32, description = "Seconds; only until it is terminal"))),
        (status = 304, description = "Nothing has changed"), (status = 404, description = "No such batch")))]
pub(super) async fn get_batch(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<BatchId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let batch = api.store.batch(user.id, id).await?;
    let body = Value::to_string(&serde_json::json!(batch));
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let etag = format!("\"{:016x}\"", hasher.finish());

    let retry = (!batch.status.is_terminal()).then_some([(RETRY_AFTER, ASK_AGAIN)]);
    if has_current(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, etag)], retry, ()).into_response());
    }
    Ok(([(ETAG, etag)], retry, [(CONTENT_TYPE, "application/json")], body).into_response())
}

/// List a batch's extractions
///
/// In upload order, without their fields: read one, or export the batch, for those.
#[utoipa::path(get, path = "/v1/batches/{id}/extractions", tag = "Batches",
    params(("id" = String, Path, description = "The batch"), StatusQuery, PageQuery),
    responses((status = 200, description = "A page of extractions", body = List<Extraction>),
        (status = 404, description = "No such batch")))]
pub(super) async fn list_batch_extractions(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<BatchId>,
    Parameters(query): Parameters<StatusQuery>,
    Parameters(page): Parameters<PageQuery>,
) -> Result<Json<List<Extraction>>, ApiError> {
    let status = named("/status", query.status.as_deref(), Status::from_name, STATUSES)?;
    let page = api.store.batch_extractions(user.id, id, status, page.request()?).await?;
    Ok(Json(page.into()))
}

/// Cancel a batch
///
/// What waits is cancelled and refunded at once; what runs ends or stops within seconds, and the batch is terminal once it
/// has; what ended stays. Cancelling once more before that changes nothing.
#[utoipa::path(post, path = "/v1/batches/{id}/cancel", tag = "Batches",
    params(("id" = String, Path, description = "The batch")),
    responses((status = 200, description = "The batch", body = Batch), (status = 404, description = "No such batch"),
        (status = 409, description = "It is terminal already")))]
pub(super) async fn cancel_batch(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<BatchId>,
) -> Result<Json<Batch>, ApiError> {
    Ok(Json(api.store.cancel_batch(user.id, id).await?))
}

/// Retry what failed
///
/// The failed documents run again, with the template's version of the batch and all of their attempts. They were refunded
/// when they failed, so they are debited again. A batch that was terminal is not any more; one that still runs may be
/// retried too.
#[utoipa::path(post, path = "/v1/batches/{id}/retry", tag = "Batches",
    params(("id" = String, Path, description = "The batch")),
    responses((status = 200, description = "The batch", body = Batch),
        (status = 402, description = "It would exceed the month's quota; nothing is retried"),
        (status = 404, description = "No such batch"),
        (status = 409, description = "Nothing has failed, or the batch was cancelled")))]
pub(super) async fn retry_batch(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<BatchId>,
) -> Result<Json<Batch>, ApiError> {
    Ok(Json(api.store.retry_batch(user.id, id).await?))
}

/// Delete a batch
///
/// With its results. Its documents stay, and can be deleted from then on; what was used stays used.
#[utoipa::path(delete, path = "/v1/batches/{id}", tag = "Batches",
    params(("id" = String, Path, description = "The batch")),
    responses((status = 204, description = "Deleted"), (status = 404, description = "No such batch"),
        (status = 409, description = "It is not terminal: cancel it first")))]
pub(super) async fn delete_batch(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<BatchId>,
) -> Result<StatusCode, ApiError> {
    api.store.delete_batch(user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn create(
    api: &ApiState,
    user: UserId,
    key: &IdempotencyKey,
    request: Request,
) -> Result<Batch, ApiError> {
    const KNOWN: [&str; 6] = ["name", "template_id", "use_llm", "document_ids", "documents", "metadata"];
    let body = json::read(request).await?;
    let request = Fingerprint::of_post("/v1/batches", body.to_string().as_bytes());
    let mut members = Members::new(body, &KNOWN)?;
    let ask = Ask::read(&mut members);
    let (ids, documents) = (members.take("document_ids"), members.take("documents"));
    let list = if ids.is_some() { "document_ids" } else { "documents" };
    let documents = match (ids, documents) {
        (Some(Value::Array(ids)), None) => read_ids(&mut members, &ids),
        (None, Some(Value::Array(documents))) => read_documents(&mut members, documents),
        (Some(_), Some(_)) => {
            members.fault("documents", "stands beside document_ids: give one of the two");
            Vec::new()
        }
        (None, None) => {
            members.fault("document_ids", "is missing: expected a list of 1 to 10000 documents");
            Vec::new()
        }
        _ => {
            members.fault(list, "expected a list of documents");
            Vec::new()
        }
    };
    let ask = members.finish(ask)?;
    once(api, user, key, request, |api| async move {
        let new = ask.batch(&api, user, documents).await?;
        api.store.create_batch(user, &new).await.map_err(|error| pointing_into(list, error))
    })
    .await
}

async fn create_with_files(
    api: &ApiState,
    user: UserId,
    key: &IdempotencyKey,
    request: Request,
) -> Result<Batch, ApiError> {
    let usage = api.store.usage(user).await?;
    let spec = FormSpec {
        file: "files",
        most_files: api.limits.max_files,
        keep: usage.remaining.unwrap_or(u64::MAX),
        texts: &["name", "template_id", "use_llm", "metadata"],
    };
    let form = Form::read(request, &spec, api).await?;
    let request = Fingerprint::of_post("/v1/batches", &form.digest);
    let mut members = Members::new(form.body, spec.texts)?;
    let ask = Ask::read(&mut members);
    let files = form.files as u64;
    if files == 0 {
        members.fault("files", "is missing: send one or more files");
    }
    let ask = members.finish(ask)?;
    if let Some(error) = form.bad_files {
        return Err(error);
    }
    let intake = form.intake;
    once(api, user, key, request, |api| async move {
        let mut new = ask.batch(&api, user, Vec::new()).await?;
        // The store decides, with the batch, in one transaction; this spares the work for a request that cannot succeed.
        if files > spec.keep {
            return Err(quota_exceeded(files, usage));
        }
        let documents = intake.keep(user).await?;
        new.documents = documents.iter().map(|document| (document.id, None)).collect();
        match api.store.create_batch(user, &new).await {
            Ok(batch) => Ok(batch),
            Err(error) => {
                api.store.discard_documents(user, &documents).await;
                Err(pointing_into("files", error))
            }
        }
    })
    .await
}

/// What both forms of the request say.
struct Ask {
    name: Option<String>,
    template_id: TemplateId,
    use_llm: bool,
    metadata: Option<Value>,
}

impl Ask {
    fn read(members: &mut Members) -> Option<Self> {
        let name = members.text("name");
        let template_id = members.id("template_id", "template");
        let use_llm = members.flag("use_llm");
        let metadata = members.take("metadata");
        template_id.map(|template_id| Self { name, template_id, use_llm, metadata })
    }

    async fn batch(
        self,
        api: &ApiState,
        user: UserId,
        documents: Vec<(DocumentId, Option<String>)>,
    ) -> Result<NewBatch, ApiError> {
        let tier = tier(self.use_llm, api)?;
        let template = api.store.template(user, self.template_id, None).await?;
        let name = self.name.filter(|name| !name.trim().is_empty()).unwrap_or(template.spec.name);
        Ok(NewBatch { name, template_id: self.template_id, tier, metadata: self.metadata, documents })
    }
}

fn read_ids(members: &mut Members, ids: &[Value]) -> Vec<(DocumentId, Option<String>)> {
    let read = |(i, id)| members.id_from(&format!("document_ids/{i}"), id, "document").map(|id| (id, None));
    ids.iter().enumerate().filter_map(read).collect()
}

fn read_documents(members: &mut Members, documents: Vec<Value>) -> Vec<(DocumentId, Option<String>)> {
    let mut found = Vec::with_capacity(documents.len());
    for (i, document) in documents.into_iter().enumerate() {
        match Members::at(format!("/documents/{i}"), document, &["document_id", "custom_id"]) {
            Some(mut part) => {
                let id = part.id("document_id", "document");
                let custom_id = part.text("custom_id");
                found.extend(id.map(|id| (id, custom_id)));
                members.absorb(part);
            }
            None => members.fault(
                &format!("documents/{i}"),
                "expected an object with document_id and, if wanted, custom_id",
            ),
        }
    }
    found
}

/// The store speaks of `/documents`, whichever way they came.
fn pointing_into(list: &str, error: StoreError) -> ApiError {
    let StoreError::Invalid(faults) = error else { return error.into() };
    let moved = |fault: Fault| match fault.pointer.strip_prefix("/documents") {
        Some(rest) => Fault { pointer: format!("/{list}{rest}"), ..fault },
        None => fault,
    };
    ApiError::faulty(Code::InvalidRequest, faults.into_iter().map(moved).collect())
}

fn quota_exceeded(required: u64, usage: Usage) -> ApiError {
    StoreError::QuotaExceeded {
        required,
        available: usage.remaining.unwrap_or_default(),
        limit: usage.limit.unwrap_or_default(),
        resets_at: usage.period.end,
    }
    .into()
}
