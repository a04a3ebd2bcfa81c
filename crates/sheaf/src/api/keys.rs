//! `/v1/keys`.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sheaf_store::ApiKey;
use sheaf_types::KeyId;
use utoipa::ToSchema;

use super::error::{ApiError, Code};
use super::idempotency::{Fingerprint, IdempotencyKey, once};
use super::json::Members;
use super::request::{Account, Id, PageQuery, Parameters, credential};
use super::response::List;
use super::schema::KeyRequest;
use super::{ApiState, json};

/// An API key, without its secret.
#[derive(Serialize, Deserialize, ToSchema)]
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

/// A new key as it is kept for a request that is sent again: what the one who asked for it can open, with the secret that
/// came with the request, and nobody who reads the store.
#[derive(Serialize, Deserialize)]
struct SealedKey {
    about: Key,
    sealed: Vec<u8>,
}

impl SealedKey {
    fn seal(about: Key, secret: &str, with: &str) -> Self {
        let sealed = with_pad(secret.as_bytes(), &about.id, with);
        Self { about, sealed }
    }

    fn open(self, with: &str) -> Option<NewKey> {
        let key = String::from_utf8(with_pad(&self.sealed, &self.about.id, with)).ok()?;
        Some(NewKey { about: self.about, key })
    }
}

/// Adds a one-time pad or takes it away: SHA-256 in counter mode over a secret and the id of the one key it is for.
fn with_pad(bytes: &[u8], id: &KeyId, with: &str) -> Vec<u8> {
    let block = |(counter, chunk): (u64, &[u8])| {
        let pad = Sha256::new()
            .chain_update("sheaf: an api key kept for its idempotency key")
            .chain_update(id.0.as_bytes())
            .chain_update(counter.to_le_bytes())
            .chain_update(with)
            .finalize();
        chunk.iter().zip(pad).map(|(byte, pad)| byte ^ pad).collect::<Vec<u8>>()
    };
    (0..).zip(bytes.chunks(32)).flat_map(block).collect()
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
/// The answer is the only place where its secret is shown. Under an `Idempotency-Key` it is kept encrypted with the API key
/// of the request (or its session), so that only a request with the same one gets it again.
#[utoipa::path(post, path = "/v1/keys", tag = "Account", params(IdempotencyKey), request_body = Option<KeyRequest>,
    responses((status = 201, description = "The key and its secret", body = NewKey)))]
pub(super) async fn create_key(
    State(api): State<ApiState>,
    Account(user): Account,
    key: IdempotencyKey,
    request: Request,
) -> Result<(StatusCode, Json<NewKey>), ApiError> {
    let with = credential(request.headers()).unwrap_or_default().to_owned();
    let name = if request.headers().contains_key(CONTENT_TYPE) {
        let mut members = Members::new(json::read(request).await?, &["name"])?;
        let name = members.text("name");
        members.finish(Some(name))?
    } else {
        None
    };
    let same = serde_json::json!([&name, &with]).to_string();
    let request = Fingerprint::of_post("/v1/keys", same.as_bytes());
    let (name, sealing) = (name.as_deref(), with.as_str());
    let created: SealedKey = once(&api, user.id, &key, request, |api| async move {
        let (key, secret) = api.store.create_key(user.id, name).await?;
        let sealed = SealedKey::seal(key.into(), &secret, sealing);
        api.store.note_answer(&sealed).await?;
        Ok(sealed)
    })
    .await?;
    let opened = created.open(&with).ok_or_else(|| {
        ApiError::new(Code::Internal, "the key cannot be shown again: revoke it and create another")
    })?;
    Ok((StatusCode::CREATED, Json(opened)))
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
