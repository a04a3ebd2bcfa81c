//! `/v1/keys`.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde::Serialize;
use sheaf_store::ApiKey;
use sheaf_types::KeyId;
use utoipa::ToSchema;

use super::error::ApiError;
use super::json::Members;
use super::request::{Account, Id, PageQuery, Parameters};
use super::response::List;
use super::schema::KeyRequest;
use super::{ApiState, json};

/// An API key, without its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct Key {
    id: KeyId,
    /// For people.
    name: Option<String>,
    /// How the secret starts, to recognise it.
    prefix: String,
    /// RFC 3339, UTC.
    created_at: String,
    /// To the minute.
    last_used_at: Option<String>,
    /// Since when it is refused.
    revoked_at: Option<String>,
}

impl From<ApiKey> for Key {
    fn from(key: ApiKey) -> Self {
        let ApiKey { id, name, prefix, created_at, last_used_at, revoked_at } = key;
        Self { id, name, prefix, created_at, last_used_at, revoked_at }
    }
}

/// An API key with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
pub(super) struct NewKey {
    #[serde(flatten)]
    about: Key,
    /// The secret: what follows `Bearer`.
    key: String,
}

/// List keys
///
/// Revoked ones too.
#[utoipa::path(get, path = "/v1/keys", tag = "Account", params(PageQuery),
    responses((status = 200, description = "A page of keys, newest first", body = List<Key>)))]
pub(super) async fn list_keys(
    State(api): State<ApiState>,
    Account(user): Account,
    Parameters(page): Parameters<PageQuery>,
) -> Result<Json<List<Key>>, ApiError> {
    let page = api.store.list_keys(user.id, page.request()?).await?;
    Ok(Json(List::from(page).map(Key::from)))
}

/// Create a key
///
/// The answer is the only place where its secret is shown.
#[utoipa::path(post, path = "/v1/keys", tag = "Account", request_body = Option<KeyRequest>,
    responses((status = 201, description = "The key and its secret", body = NewKey)))]
pub(super) async fn create_key(
    State(api): State<ApiState>,
    Account(user): Account,
    request: Request,
) -> Result<(StatusCode, Json<NewKey>), ApiError> {
    let name = if request.headers().contains_key(CONTENT_TYPE) {
        let mut members = Members::new(json::read(request).await?, &["name"])?;
        let name = members.text("name");
        members.finish(Some(name))?
    } else {
        None
    };
    let (key, secret) = api.store.create_key(user.id, name.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(NewKey { about: key.into(), key: secret })))
}

/// Revoke a key
///
/// Requests with it get 401 from now on.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "Account",
    params(("id" = String, Path, description = "The key")),
    responses((status = 204, description = "Revoked"), (status = 404, description = "No such key")))]
pub(super) async fn revoke_key(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<KeyId>,
) -> Result<StatusCode, ApiError> {
    api.store.revoke_key(user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
