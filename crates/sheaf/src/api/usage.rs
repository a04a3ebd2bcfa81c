//! `/v1/usage`.

use axum::Json;
use axum::extract::State;
use sheaf_types::Usage;

use super::ApiState;
use super::error::ApiError;
use super::request::Account;

/// Read what this month has used of the plan
///
/// Months are UTC calendar months. A document that failed for good does not count.
#[utoipa::path(get, path = "/v1/usage", tag = "Account",
    responses((status = 200, description = "The account's usage", body = Usage)))]
pub(super) async fn get_usage(
    State(api): State<ApiState>,
    Account(user): Account,
) -> Result<Json<Usage>, ApiError> {
    Ok(Json(api.store.usage(user.id).await?))
}
