//! What handlers ask of a request: whose it is, which thing it names, its query.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sheaf_store::{PageRequest, User};
use sheaf_types::Tier;
use utoipa::IntoParams;

use super::ApiState;
use super::admission::Admission;
use super::error::{ApiError, Code};
use crate::session;

/// Whose request it is. The first argument of a handler, so that a stranger learns nothing else.
pub(super) struct Account(pub(super) User);

impl FromRequestParts<ApiState> for Account {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &ApiState) -> Result<Self, ApiError> {
        let unauthorized = |detail: &str| ApiError::new(Code::Unauthorized, detail);
        if !parts.headers.contains_key(AUTHORIZATION) {
            let secret = session::secret(&parts.headers).ok_or_else(|| {
                unauthorized(
                    "send an API key: \"Authorization: Bearer sheaf_live_…\"; `sheaf key create` makes one",
                )
            })?;
            let user = api.store.session_user(secret).await?;
            let user = user
                .ok_or_else(|| unauthorized("the session has ended: sign in again at /dashboard/sign-in"))?;
            if !session::may_act(&parts.method, &parts.headers, secret) {
                return Err(ApiError::new(
                    Code::CsrfFailed,
                    "send the session's token as X-CSRF-Token; pages of the dashboard have it as csrf-token",
                ));
            }
            admit(parts, secret)?;
            return Ok(Self(user));
        }
        let secret = bearer(&parts.headers)
            .ok_or_else(|| unauthorized("expected \"Authorization: Bearer sheaf_live_…\""))?;
        let user = api.store.authenticate(secret).await?;
        let user = user.ok_or_else(|| {
            unauthorized("the API key is unknown or was revoked: `sheaf key create` makes a new one")
        })?;
        admit(parts, secret)?;
        Ok(Self(user))
    }
}

/// Whether a credential has requests left.
fn admit(parts: &Parts, credential: &str) -> Result<(), ApiError> {
    parts.extensions.get::<Admission>().map_or(Ok(()), |admission| admission.request(credential))
}

/// The secret that a request brings: an API key's, or a session's.
pub(super) fn credential(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).or_else(|| session::secret(headers))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// The thing a path names. Ids are opaque, so what is none names nothing.
pub(super) struct Id<T>(pub(super) T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let id = Path::<String>::from_request_parts(parts, state).await.ok();
        id.and_then(|Path(id)| id.parse().ok()).map(Self).ok_or_else(|| ApiError::not_found("thing"))
    }
}

/// The query; parameters that are not known are passed over.
pub(super) struct Parameters<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(error) => Err(ApiError::new(
                Code::InvalidRequest,
                format!("the query is malformed: {}", error.body_text()),
            )),
        }
    }
}

/// Which page of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// Entries on the page; 50 unless said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl PageQuery {
    pub(super) fn request(self) -> Result<PageRequest, ApiError> {
        let limit = match given(self.limit.as_deref()) {
            None => PageRequest::default().limit,
            Some(limit) => limit
                .parse()
                .ok()
                .filter(|limit| (1..=500).contains(limit))
                .ok_or_else(|| ApiError::invalid("/limit", "expected a number from 1 to 500"))?,
        };
        Ok(PageRequest { limit, cursor: self.cursor.filter(|cursor| !cursor.is_empty()) })
    }
}

/// A parameter's value; an empty one counts as absent.
pub(super) fn given(value: Option<&str>) -> Option<&str> {
    value.filter(|value| !value.is_empty())
}

/// A parameter that names one of a set.
pub(super) fn named<T>(
    pointer: &str,
    value: Option<&str>,
    from_name: impl Fn(&str) -> Option<T>,
    names: &str,
) -> Result<Option<T>, ApiError> {
    given(value)
        .map(|name| {
            from_name(name).ok_or_else(|| ApiError::invalid(pointer, format!("expected one of {names}")))
        })
        .transpose()
}

/// The request's media type without its parameters, in lower case.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether the client has the version with this tag already.
pub(super) fn has_current(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == etag || tag == "*")
}

/// How far an extraction may go.
pub(super) fn tier(use_llm: bool, api: &ApiState) -> Result<Tier, ApiError> {
    match (use_llm, api.llm_configured) {
        (false, _) => Ok(Tier::Standard),
        (true, true) => Ok(Tier::Premium),
        (true, false) => Err(ApiError::new(
            Code::LlmNotConfigured,
            "no language model is configured: leave use_llm out, or have the operator set one up",
        )),
    }
}
