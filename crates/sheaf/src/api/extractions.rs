//! `/v1/extract` and `/v1/extractions`: one document.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::{Extension, Json};
use sheaf_types::{DocumentId, Extraction, ExtractionId, TemplateId, UserId};
use tokio::time::{sleep, timeout};

use super::admission::Admission;
use super::error::{ApiError, Code};
use super::idempotency::{Fingerprint, IdempotencyKey, once};
use super::json::Members;
use super::multipart::{Form, FormSpec};
use super::request::{Account, Id, media_type, tier};
use super::schema::{ExtractForm, ExtractRequest};
use super::{ApiState, json};

/// How often a request that waits looks by itself; a worker in this process wakes it sooner.
const POLL: Duration = Duration::from_millis(250);
/// Least time between two looks: beside a large batch something ends all the time.
const PAUSE: Duration = Duration::from_millis(5);

/// Extract one document and wait for the result
///
/// It goes to the front of the queue. A document that cannot be read ends as an extraction too, with the status `failed`.
/// Sent again under an `Idempotency-Key`, it answers the same extraction as it is then.
#[utoipa::path(post, path = "/v1/extract", tag = "Extractions", params(IdempotencyKey),
    request_body(content((ExtractRequest = "application/json"), (ExtractForm = "multipart/form-data"))),
    responses((status = 200, description = "The extraction, ended", body = Extraction),
        (status = 402, description = "The month's quota is used up"),
        (status = 404, description = "No such document or template"),
        (status = 413, description = "The file is larger than the limit"),
        (status = 415, description = "The file is of no supported type, judged by its content; an empty one is of none"),
        (status = 429, description = "Too many are waited for: make a batch instead; with `Retry-After`"),
        (status = 503, description = "It has not ended in time: it goes on, and `detail` says where to read it")))]
pub(super) async fn extract(
    State(api): State<ApiState>,
    Account(user): Account,
    Extension(admission): Extension<Admission>,
    key: IdempotencyKey,
    request: Request,
) -> Result<Json<Extraction>, ApiError> {
    let _permit = admission.sync_extraction()?;
    let id = if media_type(request.headers()) == "multipart/form-data" {
        extract_file(&api, user.id, &key, request).await?
    } else {
        extract_document(&api, user.id, &key, request).await?
    };
    wait(&api, user.id, id).await.map(Json)
}

/// Read an extraction
#[utoipa::path(get, path = "/v1/extractions/{id}", tag = "Extractions",
    params(("id" = String, Path, description = "The extraction")),
    responses((status = 200, description = "The extraction; its fields are empty until it has ended", body = Extraction),
        (status = 404, description = "No such extraction")))]
pub(super) async fn get_extraction(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<ExtractionId>,
) -> Result<Json<Extraction>, ApiError> {
    Ok(Json(api.store.extraction(user.id, id).await?))
}

/// Runs an extraction to its end, and answers which.
async fn extract_document(
    api: &ApiState,
    user: UserId,
    key: &IdempotencyKey,
    request: Request,
) -> Result<ExtractionId, ApiError> {
    let body = json::read(request).await?;
    let request = Fingerprint::of_post("/v1/extract", body.to_string().as_bytes());
    let mut members = Members::new(body, &["document_id", "template_id", "use_llm"])?;
    let document: Option<DocumentId> = members.id("document_id", "document");
    let template: Option<TemplateId> = members.id("template_id", "template");
    let use_llm = members.flag("use_llm");
    let (document, template) = members.finish(document.zip(template))?;
    once(api, user, key, request, |api| async move {
        let tier = tier(use_llm, &api)?;
        let id = api.store.create_extraction(user, document, template, tier).await?;
        // The request runs until the extraction has ended.
        wait(&api, user, id).await.map(|_| id)
    })
    .await
}

/// The same of a file that is sent along.
async fn extract_file(
    api: &ApiState,
    user: UserId,
    key: &IdempotencyKey,
    request: Request,
) -> Result<ExtractionId, ApiError> {
    let spec = FormSpec { file: "file", most_files: 1, keep: 1, texts: &["template_id", "use_llm"] };
    let form = Form::read(request, &spec, api).await?;
    let request = Fingerprint::of_post("/v1/extract", &form.digest);
    let mut members = Members::new(form.body, spec.texts)?;
    let template: Option<TemplateId> = members.id("template_id", "template");
    let use_llm = members.flag("use_llm");
    if form.files == 0 {
        members.fault("file", "is missing: send a file");
    }
    let template = members.finish(template)?;
    let tier = tier(use_llm, api)?;
    if let Some(error) = form.bad_files {
        return Err(error);
    }
    let intake = form.intake;
    once(api, user, key, request, |api| async move {
        api.store.template(user, template, None).await?;
        let documents = intake.keep(user).await?;
        let [document] = documents.as_slice() else {
            return Err(ApiError::invalid("/file", "expected one file"));
        };
        match api.store.create_extraction(user, document.id, template, tier).await {
            Ok(id) => wait(&api, user, id).await.map(|_| id),
            Err(error) => {
                api.store.discard_documents(user, &documents).await;
                Err(error.into())
            }
        }
    })
    .await
}

/// The extraction once it has ended.
async fn wait(api: &ApiState, user: UserId, id: ExtractionId) -> Result<Extraction, ApiError> {
    // Registered before the first look, so that no end is missed between the two.
    let mut finished = api.store.finished();
    let ended = async {
        loop {
            finished.mark_unchanged();
            let extraction = api.store.extraction(user, id).await?;
            if extraction.status.is_terminal() {
                return Ok(extraction);
            }
            // Neither a hint nor its absence says anything certain: the next look does.
            let _ = timeout(POLL, finished.changed()).await;
            sleep(PAUSE).await;
        }
    };
    tokio::select! {
        biased;
        extraction = ended => extraction,
        () = sleep(api.limits.sync_timeout) => Err(not_yet(id, "the extraction has not ended yet")),
        () = api.shutdown.cancelled() => Err(not_yet(id, "the server is shutting down")),
    }
}

fn not_yet(id: ExtractionId, why: &str) -> ApiError {
    ApiError::new(Code::Unavailable, format!("{why}: it is in the queue, read it at /v1/extractions/{id}"))
}
