//! `/v1/webhooks`: addresses that are told what happened.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sheaf_types::{Delivery, DeliveryId, DeliveryStatus, Event, Webhook, WebhookId};
use utoipa::{IntoParams, ToSchema};

use super::error::ApiError;
use super::idempotency::{Fingerprint, IdempotencyKey, once};
use super::json::Members;
use super::request::{Account, Id, PageQuery, Parameters, named};
use super::response::List;
use super::schema::WebhookRequest;
use super::{ApiState, json};
use crate::webhook::shown_secret;

const STATUSES: &str = "pending, delivered, failed";

/// A webhook with what signs its requests.
#[derive(Serialize, ToSchema)]
pub(super) struct NewWebhook {
    #[serde(flatten)]
    about: Webhook,
    /// The key of the signatures, `whsec_` and base64: shown this once.
    secret: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeliveryStatusQuery {
    /// Only deliveries in this status.
    #[param(value_type = Option<DeliveryStatus>)]
    status: Option<String>,
}

/// List webhooks
#[utoipa::path(get, path = "/v1/webhooks", tag = "Webhooks", params(PageQuery),
    responses((status = 200, description = "A page of webhooks, newest first", body = List<Webhook>)))]
pub(super) async fn list_webhooks(
    State(api): State<ApiState>,
    Account(user): Account,
    Parameters(page): Parameters<PageQuery>,
) -> Result<Json<List<Webhook>>, ApiError> {
    Ok(Json(api.store.list_webhooks(user.id, page.request()?).await?.into()))
}

/// Create a webhook
///
/// From now on each event is posted to the address as `{"type", "timestamp", "data"}`, where `data` is the batch, or the
/// extraction without its fields. Requests are signed as Standard Webhooks has it: check `webhook-signature` with the
/// secret that this answer shows, and use `webhook-id` to know what you have seen, for a delivery may come twice. What
/// is not answered with 2xx within 15 seconds is sent again, for a day; redirects are not followed.
#[utoipa::path(post, path = "/v1/webhooks", tag = "Webhooks", params(IdempotencyKey), request_body = WebhookRequest,
    responses((status = 201, description = "The webhook and its secret", body = NewWebhook),
        (status = 409, description = "The account has as many as it may have")))]
pub(super) async fn create_webhook(
    State(api): State<ApiState>,
    Account(user): Account,
    key: IdempotencyKey,
    request: Request,
) -> Result<(StatusCode, Json<NewWebhook>), ApiError> {
    let body = json::read(request).await?;
    let request = Fingerprint::of_post("/v1/webhooks", body.to_string().as_bytes());
    let mut members = Members::new(body, &["url", "events"])?;
    let url = members.text("url");
    let events = read_events(&mut members);
    match &url {
        None => members.fault("url", "is missing: expected the address to post events to"),
        Some(url) => {
            if let Err(error) = api.webhook_addresses.check(url).await {
                members.fault("url", error.to_string());
            }
        }
    }
    let url = members.finish(url)?;
    let about = once(&api, user.id, &key, request, |api| async move {
        Ok(api.store.create_webhook(user.id, &url, &events).await?)
    })
    .await?;
    let secret = shown_secret(&api.store.webhook_secret(user.id, about.id).await?);
    Ok((StatusCode::CREATED, Json(NewWebhook { about, secret })))
}

/// Delete a webhook
///
/// With its deliveries; those that wait are not sent.
#[utoipa::path(delete, path = "/v1/webhooks/{id}", tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 204, description = "Deleted"), (status = 404, description = "No such webhook")))]
pub(super) async fn delete_webhook(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<WebhookId>,
) -> Result<StatusCode, ApiError> {
    api.store.delete_webhook(user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List a webhook's deliveries
///
/// What was sent and what waits, with the last answer of each.
#[utoipa::path(get, path = "/v1/webhooks/{id}/deliveries", tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook"), DeliveryStatusQuery, PageQuery),
    responses((status = 200, description = "A page of deliveries, newest first", body = List<Delivery>),
        (status = 404, description = "No such webhook")))]
pub(super) async fn list_deliveries(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<WebhookId>,
    Parameters(query): Parameters<DeliveryStatusQuery>,
    Parameters(page): Parameters<PageQuery>,
) -> Result<Json<List<Delivery>>, ApiError> {
    let status = named("/status", query.status.as_deref(), DeliveryStatus::from_name, STATUSES)?;
    Ok(Json(api.store.list_deliveries(user.id, id, status, page.request()?).await?.into()))
}

/// Deliver again
///
/// At once, and for another day if need be, whatever came of it before; under the same `webhook-id`.
#[utoipa::path(post, path = "/v1/webhooks/{id}/deliveries/{delivery_id}/redeliver", tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook"),
        ("delivery_id" = String, Path, description = "The delivery")),
    responses((status = 202, description = "The delivery, waiting", body = Delivery),
        (status = 404, description = "No such webhook or delivery")))]
pub(super) async fn redeliver(
    State(api): State<ApiState>,
    Account(user): Account,
    Path((id, delivery)): Path<(String, String)>,
) -> Result<(StatusCode, Json<Delivery>), ApiError> {
    let id: WebhookId = id.parse().map_err(|_| ApiError::not_found("webhook"))?;
    let delivery: DeliveryId = delivery.parse().map_err(|_| ApiError::not_found("delivery"))?;
    Ok((StatusCode::ACCEPTED, Json(api.store.redeliver(user.id, id, delivery).await?)))
}

/// The events that are asked for; none where that is left out, and so all.
fn read_events(members: &mut Members) -> Vec<Event> {
    let names = Event::ALL.map(Event::as_str).join(", ");
    let events = match members.take("events") {
        None => return Vec::new(),
        Some(Value::Array(events)) if !events.is_empty() => events,
        Some(_) => {
            members.fault("events", format!("expected a list of {names}, or nothing for all"));
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for (i, event) in events.iter().enumerate() {
        match event.as_str().and_then(Event::from_name) {
            Some(event) => found.push(event),
            None => members.fault(&format!("events/{i}"), format!("expected one of {names}")),
        }
    }
    found
}
