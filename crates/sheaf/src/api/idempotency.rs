//! `Idempotency-Key`: a request that creates, sent twice, creates once.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use sheaf_store::{Begun, Store};
use sheaf_types::UserId;
use tokio::runtime::Handle;
use tokio::time::sleep;
use utoipa::IntoParams;

use super::ApiState;
use super::error::{ApiError, Code};

pub(super) const HEADER: &str = "Idempotency-Key";
const LONGEST_KEY: usize = 255;
/// A third of the lease, so that two renewals may fail.
const RENEWAL: Duration = Duration::from_secs(20);

/// The request's key, if it has one. What failed before anything was created is not kept.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct IdempotencyKey {
    /// At most 255 characters of your choice, kept for 24 hours: the same request with the same key gets the first answer
    /// again, and nothing is created twice.
    #[param(rename = "Idempotency-Key", max_length = 255)]
    key: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get(HEADER) else { return Ok(Self { key: None }) };
        match value.to_str() {
            Ok(key) if (1..=LONGEST_KEY).contains(&key.len()) => Ok(Self { key: Some(key.to_owned()) }),
            _ => Err(ApiError::new(
                Code::InvalidRequest,
                format!("expected 1 to {LONGEST_KEY} visible ASCII characters as Idempotency-Key"),
            )),
        }
    }
}

/// Runs `create`, or where a request with this key did that before, gives what it created.
///
/// `create` is given the state to work with: what its store creates notes itself as the answer, or `create` notes it
/// ([`Store::note_answer`]). `request` is what has to be the same the second time.
pub(super) async fn once<T, F>(
    api: &ApiState,
    user: UserId,
    key: &IdempotencyKey,
    request: Fingerprint,
    create: impl FnOnce(ApiState) -> F,
) -> Result<T, ApiError>
where
    T: DeserializeOwned,
    F: Future<Output = Result<T, ApiError>>,
{
    let Some(key) = &key.key else { return create(api.clone()).await };
    match api.store.begin_request(user, key, &request.0.finalize()).await? {
        Begun::Again(answer) => serde_json::from_value(answer).map_err(|error| {
            tracing::error!(%error, "a kept answer cannot be read");
            ApiError::new(
                Code::Internal,
                "the first answer cannot be given again: look whether what you asked for is there, and send the request \
                 with a new Idempotency-Key if it is not",
            )
        }),
        Begun::First(store) => {
            let mut running = Running(Some(store.clone()));
            let created = tokio::select! {
                created = create(ApiState { store: store.clone(), ..api.clone() }) => created,
                never = renew(&store) => match never {},
            };
            running.0 = None;
            end(&store).await;
            created
        }
    }
}

/// What makes a request the same as another.
pub(super) struct Fingerprint(Sha256);

impl Fingerprint {
    /// Of a POST of `body` to `path`.
    pub(super) fn of_post(path: &str, body: &[u8]) -> Self {
        Self(Sha256::new().chain_update("POST ").chain_update(path).chain_update("\n").chain_update(body))
    }
}

/// A request that runs; one whose client went away ends here.
struct Running(Option<Store>);

impl Drop for Running {
    fn drop(&mut self) {
        // Without a runtime the process ends, and then the lease ends it.
        if let (Some(store), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(async move { end(&store).await });
        }
    }
}

async fn end(store: &Store) {
    if let Err(error) = store.end_request().await {
        tracing::warn!(%error, "an idempotency key is released only when its lease runs out");
    }
}

async fn renew(store: &Store) -> Infallible {
    loop {
        sleep(RENEWAL).await;
        if let Err(error) = store.renew_request().await {
            tracing::warn!(%error, "the lease of an idempotency key was not renewed");
        }
    }
}
