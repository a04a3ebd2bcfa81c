//! Templates: the list, a template with its versions, import and export, and the visual builder.

use std::time::{Duration, Instant};

use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sheaf_extract::propose::propose;
use sheaf_store::PageRequest;
use sheaf_types::{
    BoundingBox, DocumentId, FieldResult, FieldSpec, FieldValue, KeptLesson, LessonId, Template as Spec,
    TemplateId, TemplateSpec, UserId,
};

use super::assets;
use super::frame::{Frame, PageError, Posted, Scripted, Section, SignedIn, render};
use super::words;
use crate::api::ApiState;
use crate::api::response::attachment;

/// Templates that the list shows; who has more uses the API.
const MOST: u32 = 500;
/// Documents that are offered as samples.
const MOST_SAMPLES: u32 = 20;
/// Documents that a change is tried on before it is saved, and how long that may take.
const MOST_REPLAYED: u32 = 1_000;
const LONGEST_REPLAY: Duration = Duration::from_secs(10);

#[derive(Template)]
#[template(path = "template_list.html")]
struct ListPage {
    frame: Frame,
    templates: Vec<Spec>,
    /// What is wrong with a file that was to be imported.
    faults: Vec<String>,
}

pub(super) async fn list(State(api): State<ApiState>, signed_in: SignedIn) -> Result<Response, PageError> {
    show_list(&api, signed_in.user.id, signed_in.frame(Section::Templates), Vec::new()).await
}

async fn show_list(
    api: &ApiState,
    user: UserId,
    frame: Frame,
    faults: Vec<String>,
) -> Result<Response, PageError> {
    let all = PageRequest { limit: MOST, cursor: None };
    let templates = api.store.list_templates(user, all).await?.data;
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    Ok((status, render(&ListPage { frame, templates, faults })).into_response())
}

#[derive(Template)]
#[template(path = "template_page.html")]
struct TemplatePage {
    frame: Frame,
    template: Spec,
    /// Each with what it changed, latest first.
    versions: Vec<(Spec, Vec<String>)>,
    is_latest: bool,
    lessons: Vec<KeptLesson>,
}

#[derive(Deserialize)]
pub(super) struct VersionQuery {
    version: Option<u32>,
}

pub(super) async fn page(
    State(api): State<ApiState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<VersionQuery>,
) -> Result<Response, PageError> {
    let id: TemplateId = id.parse().map_err(|_| PageError::not_found())?;
    let template = api.store.template(signed_in.user.id, id, query.version).await?;
    let versions = api.store.template_versions(signed_in.user.id, id).await?;
    let lessons = api.store.lessons(signed_in.user.id, id).await?;
    let changes: Vec<Vec<String>> = versions
        .iter()
        .zip(versions.iter().skip(1).map(Some).chain([None]))
        .map(|(version, before)| {
            before.map(|before| differences(&before.spec, &version.spec)).unwrap_or_default()
        })
        .collect();
    let is_latest = versions.first().is_none_or(|latest| latest.version == template.version);
    Ok(render(&TemplatePage {
        frame: signed_in.frame(Section::Templates),
        template,
        versions: versions.into_iter().zip(changes).collect(),
        is_latest,
        lessons: lessons.into_iter().map(|(lesson, _)| lesson).collect(),
    }))
}

/// What a version changed, in sentences.
fn differences(before: &TemplateSpec, after: &TemplateSpec) -> Vec<String> {
    let find = |spec: &TemplateSpec, name: &str| spec.fields.iter().position(|field| field.name == name);
    let mut told = Vec::new();
    let mut rest =
        [before.clone(), after.clone()].map(|spec| json!(TemplateSpec { fields: Vec::new(), ..spec }));
    for spec in &mut rest {
        spec.as_object_mut().map(|members| members.remove("fields"));
    }
    told.extend(changed_members(&rest[0], &rest[1]).into_iter().map(|member| format!("{member} changed")));
    for field in &after.fields {
        match find(before, &field.name) {
            None => told.push(format!("field {} added", field.name)),
            Some(at) => {
                let members = changed_members(&json!(before.fields[at]), &json!(field));
                if !members.is_empty() {
                    told.push(format!("field {}: {} changed", field.name, members.join(", ")));
                }
            }
        }
    }
    let gone = before.fields.iter().filter(|field| find(after, &field.name).is_none());
    told.extend(gone.map(|field| format!("field {} removed", field.name)));
    let order = |spec: &TemplateSpec, other: &TemplateSpec| -> Vec<String> {
        let kept = spec.fields.iter().filter(|field| find(other, &field.name).is_some());
        kept.map(|field| field.name.clone()).collect()
    };
    if order(before, after) != order(after, before) {
        told.push("order of fields changed".to_owned());
    }
    told
}

/// The names of members whose values differ.
fn changed_members(before: &Value, after: &Value) -> Vec<String> {
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else { return Vec::new() };
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let changed = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    changed.map(|name| if name == "anchor" { "labels".to_owned() } else { name.replace('_', " ") }).collect()
}

/// The template as the API takes it, as a file.
pub(super) async fn export(
    State(api): State<ApiState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<VersionQuery>,
) -> Result<Response, PageError> {
    let id: TemplateId = id.parse().map_err(|_| PageError::not_found())?;
    let template = api.store.template(signed_in.user.id, id, query.version).await?;
    let name = format!("{}.json", words::or_untitled(&template.spec.name));
    Ok(([(CONTENT_DISPOSITION, attachment(&name))], Json(template.spec)).into_response())
}

/// Makes a template of what a file says.
pub(super) async fn import(State(api): State<ApiState>, posted: Posted) -> Result<Response, PageError> {
    let user = posted.user.id;
    let spec = serde_json::from_str(posted.get("template"))
        .map_err(|error| vec![format!("This is not JSON: {error}.")])
        .and_then(|json: Value| {
            let faults = |faults: Vec<sheaf_types::Fault>| {
                faults.into_iter().map(|fault| format!("{}: {}", fault.pointer, fault.detail)).collect()
            };
            TemplateSpec::from_json(&json).map_err(faults)
        });
    match spec {
        Ok(spec) => {
            let template = api.store.create_template(user, &spec).await?;
            Ok(Redirect::to(&format!("/dashboard/templates/{}", template.id)).into_response())
        }
        Err(faults) => show_list(&api, user, posted.frame(Section::Templates), faults).await,
    }
}

pub(super) async fn create_starter(
    State(api): State<ApiState>,
    posted: Posted,
) -> Result<Response, PageError> {
    let template = api.store.create_template(posted.user.id, &TemplateSpec::starter_invoice()).await?;
    // From a new batch one goes back to it.
    let url = match posted.get("next") {
        "batch" => "/dashboard/batches/new".to_owned(),
        _ => format!("/dashboard/templates/{}", template.id),
    };
    Ok(Redirect::to(&url).into_response())
}

pub(super) async fn delete(
    State(api): State<ApiState>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, PageError> {
    let id: TemplateId = id.parse().map_err(|_| PageError::not_found())?;
    api.store.delete_template(posted.user.id, id).await?;
    Ok(Redirect::to("/dashboard/templates").into_response())
}

/// Removes what a correction taught.
pub(super) async fn remove_lesson(
    State(api): State<ApiState>,
    Path((id, lesson)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, PageError> {
    let id: TemplateId = id.parse().map_err(|_| PageError::not_found())?;
    let lesson: LessonId = lesson.parse().map_err(|_| PageError::not_found())?;
    api.store.remove_lesson(posted.user.id, id, lesson).await?;
    Ok(Redirect::to(&format!("/dashboard/templates/{id}#lessons")).into_response())
}

#[derive(Template)]
#[template(path = "builder.html")]
struct BuilderPage {
    frame: Frame,
    /// The template that gets a new version; `None` for a new one.
    template: Option<Spec>,
    spec: String,
    /// That may be the sample: those read with the template, else the latest.
    documents: Vec<(DocumentId, String)>,
}

pub(super) async fn new(State(api): State<ApiState>, signed_in: SignedIn) -> Result<Response, PageError> {
    let spec = json!({"name": "", "confidence_threshold": 0.75, "fields": []}).to_string();
    let latest = PageRequest { limit: MOST_SAMPLES, cursor: None };
    let documents = api.store.list_documents(signed_in.user.id, latest).await?.data;
    let documents = documents.into_iter().map(|document| (document.id, document.filename)).collect();
    Ok(render(&BuilderPage { frame: signed_in.frame(Section::Templates), template: None, spec, documents }))
}

pub(super) async fn edit(
    State(api): State<ApiState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let id: TemplateId = id.parse().map_err(|_| PageError::not_found())?;
    let template = api.store.template(signed_in.user.id, id, None).await?;
    let spec = json!(template.spec).to_string();
    let read = api.store.template_documents(signed_in.user.id, id, MOST_SAMPLES).await?;
    let documents = read.into_iter().map(|(_, document, filename)| (document, filename)).collect();
    let frame = signed_in.frame(Section::Templates);
    Ok(render(&BuilderPage { frame, template: Some(template), spec, documents }))
}

/// What the builder's script asks.
#[derive(Deserialize)]
struct Draft {
    document_id: Option<DocumentId>,
    template: Option<Value>,
    page: Option<u32>,
    bbox: Option<BoundingBox>,
}

/// What it is answered where a draft is not a template yet, or a document cannot be read.
fn refusal(detail: impl Into<String>) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"detail": detail.into()}))).into_response()
}

async fn read_draft(request: Request) -> Result<Draft, Response> {
    let body =
        axum::body::to_bytes(request.into_body(), 2 << 20).await.map_err(|_| refusal("It broke off."))?;
    serde_json::from_slice(&body).map_err(|_| refusal("It could not be read."))
}

/// The template of a draft, or what is wrong with it.
fn read_spec(draft: &Draft) -> Result<TemplateSpec, String> {
    TemplateSpec::from_json(draft.template.as_ref().unwrap_or(&Value::Null)).map_err(|faults| {
        let told: Vec<String> =
            faults.iter().map(|fault| format!("{}: {}", fault.pointer, fault.detail)).collect();
        told.join("; ")
    })
}

/// The field that a box on a sample is about.
pub(super) async fn propose_field(
    State(api): State<ApiState>,
    scripted: Scripted,
    request: Request,
) -> Result<Json<FieldSpec>, Response> {
    let draft = read_draft(request).await?;
    let (Some(id), Some(page), Some(bbox)) = (draft.document_id, draft.page, draft.bbox) else {
        return Err(refusal("It could not be read."));
    };
    let document = api.document_words(scripted.user.id, id).await.map_err(IntoResponse::into_response)?;
    propose(&document, page, bbox)
        .map(Json)
        .ok_or_else(|| refusal("There are no words in this box: draw it around the value."))
}

/// What a template would read from a sample.
#[derive(Serialize)]
pub(super) struct Preview {
    /// Of the sample.
    pages: usize,
    fields: Vec<FieldResult>,
}

pub(super) async fn preview(
    State(api): State<ApiState>,
    scripted: Scripted,
    request: Request,
) -> Result<Json<Preview>, Response> {
    let draft = read_draft(request).await?;
    let id = draft.document_id.ok_or_else(|| refusal("There is no sample."))?;
    let user = scripted.user.id;
    let words = api.document_words(user, id).await.map_err(IntoResponse::into_response)?;
    let pages = words.pages.len();
    if draft.template.is_none() {
        return Ok(Json(Preview { pages, fields: Vec::new() }));
    }
    let template = read_spec(&draft).map_err(refusal)?;
    let fields = async { api.preview(&api.sample(user, id, words).await?, template, Vec::new()).await };
    Ok(Json(Preview { pages, fields: fields.await.map_err(IntoResponse::into_response)? }))
}

/// What a change of a template would do to documents that were read with it.
#[derive(Serialize)]
pub(super) struct Replay {
    /// Documents that were looked at.
    documents: usize,
    /// Those that could not be read again.
    unreadable: usize,
    changes: Vec<Change>,
}

/// A value that would be another.
#[derive(Serialize)]
struct Change {
    extraction_id: String,
    filename: String,
    field: String,
    before: Option<String>,
    after: Option<String>,
}

pub(super) async fn replay(
    State(api): State<ApiState>,
    scripted: Scripted,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Replay>, Response> {
    let user = scripted.user.id;
    let spec = read_spec(&read_draft(request).await?).map_err(refusal)?;
    let store_error = |error| PageError::from(error).into_response();
    let id: TemplateId = id.parse().map_err(|_| PageError::not_found().into_response())?;
    let before = api.store.template(user, id, None).await.map_err(store_error)?;
    let done = api.store.template_documents(user, id, MOST_REPLAYED).await.map_err(store_error)?;
    let mut replay = Replay { documents: 0, unreadable: 0, changes: Vec::new() };
    let start = Instant::now();
    for (extraction, document, filename) in done {
        if start.elapsed() > LONGEST_REPLAY {
            break;
        }
        let both = async {
            let words = api.document_words(user, document).await?;
            let sample = api.sample(user, document, words).await?;
            let old = api.preview(&sample, before.spec.clone(), Vec::new()).await?;
            Ok::<_, crate::api::ApiError>((old, api.preview(&sample, spec.clone(), Vec::new()).await?))
        };
        let Ok((old, new)) = both.await else {
            replay.unreadable += 1;
            continue;
        };
        replay.documents += 1;
        for field in &new {
            let was = old.iter().find(|one| one.name == field.name);
            let (before, after) = (was.and_then(told), told(field));
            if before != after {
                replay.changes.push(Change {
                    extraction_id: extraction.to_string(),
                    filename: filename.clone(),
                    field: field.name.clone(),
                    before,
                    after,
                });
            }
        }
    }
    Ok(Json(replay))
}

fn told(field: &FieldResult) -> Option<String> {
    Some(match field.value.as_ref()? {
        FieldValue::Scalar(text) => text.clone(),
        rows @ FieldValue::Rows(_) => json!(rows).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_versions_changes_are_told() {
        let spec =
            |fields: Value| TemplateSpec::from_json(&json!({"name": "Invoice", "fields": fields})).unwrap();
        let before = spec(json!([{"name": "total", "type": "currency", "anchor": "Total"},
            {"name": "number", "type": "text"}, {"name": "gone", "type": "text"}]));
        let after = spec(json!([{"name": "number", "type": "text"},
            {"name": "total", "type": "number", "anchor": ["Total", "Sum"], "required": true},
            {"name": "due", "type": "date"}]));
        assert_eq!(differences(&before, &before), [""; 0]);
        assert_eq!(
            differences(&before, &after),
            [
                "field total: labels, required, type changed",
                "field due added",
                "field gone removed",
                "order of fields changed"
            ]
        );
        let renamed = TemplateSpec { name: "Bill".into(), ..before.clone() };
        assert_eq!(differences(&before, &renamed), ["name changed"]);
    }
}
