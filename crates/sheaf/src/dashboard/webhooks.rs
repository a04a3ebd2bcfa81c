//! Webhooks and the log of what was sent to them.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use sheaf_store::PageRequest;
use sheaf_types::{Delivery, DeliveryId, DeliveryStatus, Event, Webhook, WebhookId};

use super::assets;
use super::frame::{Frame, PageError, Posted, Section, SignedIn, render, sentence};
use super::words;
use crate::api::ApiState;
use crate::webhook::shown_secret;

/// Webhooks, and deliveries of one, that a page shows.
const MOST: u32 = 100;

#[derive(Template)]
#[template(path = "webhooks.html")]
struct WebhooksPage {
    frame: Frame,
    webhooks: Vec<Webhook>,
    /// A new one's address and secret: only now.
    made: Option<(String, String)>,
    fault: Option<String>,
    /// What was typed.
    url: String,
}

pub(super) async fn list(State(api): State<ApiState>, signed_in: SignedIn) -> Result<Response, PageError> {
    let frame = signed_in.frame(Section::Settings);
    let page = WebhooksPage { frame, webhooks: Vec::new(), made: None, fault: None, url: String::new() };
    show(&api, &signed_in.user, page).await
}

async fn show(api: &ApiState, user: &sheaf_store::User, page: WebhooksPage) -> Result<Response, PageError> {
    let all = PageRequest { limit: MOST, cursor: None };
    let webhooks = api.store.list_webhooks(user.id, all).await?.data;
    let status = if page.fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Ok((status, render(&WebhooksPage { webhooks, ..page })).into_response())
}

pub(super) async fn create(State(api): State<ApiState>, posted: Posted) -> Result<Response, PageError> {
    let url = posted.get("url").trim().to_owned();
    let events: Vec<Event> = posted.all("event").filter_map(Event::from_name).collect();
    let made = match api.webhook_addresses.check(&url).await {
        Err(error) => Err(words::sentence(&error.to_string())),
        Ok(()) if events.is_empty() => Err("Tick at least one event.".to_owned()),
        Ok(()) => match api.store.create_webhook(posted.user.id, &url, &events).await {
            Ok(webhook) => Ok(shown_secret(&api.store.webhook_secret(posted.user.id, webhook.id).await?)),
            Err(error) if matches!(error.status(), 400 | 409) => Err(sentence(&error)),
            Err(error) => return Err(error.into()),
        },
    };
    let frame = posted.frame(Section::Settings);
    let (made, fault, url) = match made {
        Ok(secret) => (Some((url, secret)), None, String::new()),
        Err(fault) => (None, Some(fault), url),
    };
    show(&api, &posted.user, WebhooksPage { frame, webhooks: Vec::new(), made, fault, url }).await
}

pub(super) async fn delete(
    State(api): State<ApiState>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, PageError> {
    let id: WebhookId = id.parse().map_err(|_| PageError::not_found())?;
    api.store.delete_webhook(posted.user.id, id).await?;
    Ok(Redirect::to("/dashboard/webhooks").into_response())
}

#[derive(Template)]
#[template(path = "deliveries.html")]
struct DeliveriesPage {
    frame: Frame,
    webhook: WebhookId,
    deliveries: Vec<Delivery>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct LogQuery {
    cursor: Option<String>,
}

/// What was sent and what waits.
pub(super) async fn log(
    State(api): State<ApiState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<LogQuery>,
) -> Result<Response, PageError> {
    let webhook: WebhookId = id.parse().map_err(|_| PageError::not_found())?;
    let page = PageRequest { limit: MOST, cursor: query.cursor.filter(|cursor| !cursor.is_empty()) };
    let found = api.store.list_deliveries(signed_in.user.id, webhook, None, page).await?;
    Ok(render(&DeliveriesPage {
        frame: signed_in.frame(Section::Settings),
        webhook,
        deliveries: found.data,
        next_cursor: found.next_cursor,
    }))
}

pub(super) async fn redeliver(
    State(api): State<ApiState>,
    Path((id, delivery)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, PageError> {
    let id: WebhookId = id.parse().map_err(|_| PageError::not_found())?;
    let delivery: DeliveryId = delivery.parse().map_err(|_| PageError::not_found())?;
    api.store.redeliver(posted.user.id, id, delivery).await?;
    Ok(Redirect::to(&format!("/dashboard/webhooks/{id}")).into_response())
}
