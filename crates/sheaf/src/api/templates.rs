//! `/v1/templates`.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{ETAG, IF_MATCH, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use sheaf_types::{Template, TemplateId, TemplateSpec};
use utoipa::IntoParams;

use super::error::{ApiError, Code};
use super::request::{Account, Id, PageQuery, Parameters, given};
use super::response::List;
use super::{ApiState, json};

/// List templates
///
/// The latest version of each, newest template first; deleted ones are left out.
#[utoipa::path(get, path = "/v1/templates", tag = "Templates", params(PageQuery),
    responses((status = 200, description = "A page of templates", body = List<Template>)))]
pub(super) async fn list_templates(
    State(api): State<ApiState>,
    Account(user): Account,
    Parameters(page): Parameters<PageQuery>,
) -> Result<Json<List<Template>>, ApiError> {
    let page = api.store.list_templates(user.id, page.request()?).await?;
    Ok(Json(page.into()))
}

/// Create a template
#[utoipa::path(post, path = "/v1/templates", tag = "Templates", request_body = TemplateSpec,
    responses((status = 201, description = "The template, at version 1", body = Template,
        headers(("ETag" = String, description = "The version"), ("Location" = String)))))]
pub(super) async fn create_template(
    State(api): State<ApiState>,
    Account(user): Account,
    request: Request,
) -> Result<impl IntoResponse, ApiError> {
    let spec = read_spec(request).await?;
    Ok(created(api.store.create_template(user.id, &spec).await?))
}

/// Create the starter template for invoices
///
/// Six fields: number, date, due date, seller, total and line items. It takes no body.
#[utoipa::path(post, path = "/v1/templates/starter-invoice", tag = "Templates",
    responses((status = 201, description = "The template, at version 1", body = Template,
        headers(("ETag" = String, description = "The version"), ("Location" = String)))))]
pub(super) async fn create_starter_invoice(
    State(api): State<ApiState>,
    Account(user): Account,
) -> Result<impl IntoResponse, ApiError> {
    Ok(created(api.store.create_template(user.id, &TemplateSpec::starter_invoice()).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct VersionQuery {
    /// An older version; the latest unless said.
    #[param(value_type = Option<u32>, minimum = 1)]
    version: Option<String>,
}

/// Read a template
///
/// One that was deleted stays readable, for what ran with it.
#[utoipa::path(get, path = "/v1/templates/{id}", tag = "Templates",
    params(("id" = String, Path, description = "The template"), VersionQuery),
    responses((status = 200, description = "The template", body = Template,
        headers(("ETag" = String, description = "The version, for If-Match"))),
        (status = 404, description = "No such template or version")))]
pub(super) async fn get_template(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<TemplateId>,
    Parameters(query): Parameters<VersionQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let version = given(query.version.as_deref())
        .map(|version| version.parse().map_err(|_| ApiError::invalid("/version", "expected a number from 1")))
        .transpose()?;
    Ok(with_etag(api.store.template(user.id, id, version).await?))
}

/// Change a template
///
/// Makes a new version. Batches go on with the one that was the latest when they were created.
#[utoipa::path(put, path = "/v1/templates/{id}", tag = "Templates",
    params(("id" = String, Path, description = "The template"),
        ("If-Match" = Option<String>, Header, description = "The version the change starts from, quoted, as `ETag` gave it")),
    request_body = TemplateSpec,
    responses((status = 200, description = "The new version", body = Template,
        headers(("ETag" = String, description = "The version"))),
        (status = 404, description = "No such template"),
        (status = 412, description = "It has another version than If-Match names")))]
pub(super) async fn update_template(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<TemplateId>,
    headers: HeaderMap,
    request: Request,
) -> Result<impl IntoResponse, ApiError> {
    let spec = read_spec(request).await?;
    Ok(with_etag(api.store.update_template(user.id, id, &spec, if_match(&headers)).await?))
}

/// Delete a template
///
/// Hides it from lists and from new work; what ran with it stays readable.
#[utoipa::path(delete, path = "/v1/templates/{id}", tag = "Templates",
    params(("id" = String, Path, description = "The template")),
    responses((status = 204, description = "Deleted"), (status = 404, description = "No such template")))]
pub(super) async fn delete_template(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<TemplateId>,
) -> Result<StatusCode, ApiError> {
    api.store.delete_template(user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn read_spec(request: Request) -> Result<TemplateSpec, ApiError> {
    let body = json::read(request).await?;
    TemplateSpec::from_json(&body).map_err(|faults| ApiError::faulty(Code::InvalidRequest, faults))
}

/// The version that `If-Match` asks for. A tag that is none of ours asks for version 0, which no template has.
fn if_match(headers: &HeaderMap) -> Option<u32> {
    let tag = headers.get(IF_MATCH)?.to_str().unwrap_or_default().trim();
    let version = tag.trim_start_matches("W/").trim_matches('"').parse().unwrap_or(0);
    (tag != "*").then_some(version)
}

fn created(template: Template) -> impl IntoResponse {
    let location = format!("/v1/templates/{}", template.id);
    (StatusCode::CREATED, [(LOCATION, location)], with_etag(template))
}

fn with_etag(template: Template) -> impl IntoResponse {
    ([(ETAG, format!("\"{}\"", template.version))], Json(template))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn if_match_names_a_version_or_none_that_exists() {
        for (header, version) in [
            (None, None),
            (Some("*"), None),
            (Some("\"3\""), Some(3)),
            (Some("W/\"3\""), Some(3)),
            (Some("3"), Some(3)),
            (Some("\"abc\""), Some(0)),
            (Some("\"1\", \"2\""), Some(0)),
            (Some(""), Some(0)),
        ] {
            let headers = header.map(|value| (IF_MATCH, HeaderValue::from_static(value)));
            assert_eq!(if_match(&headers.into_iter().collect()), version, "{header:?}");
        }
    }
}
