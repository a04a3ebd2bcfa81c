//! Sending webhooks: what the store's outbox holds is posted to the addresses that want it, signed as
//! [Standard Webhooks](https://www.standardwebhooks.com) has it.
//!
//! The addresses come from users and are hostile: see [`address`]. Nothing of an answer but its status is read, and
//! redirects are not followed.

mod address;
mod signature;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::{Client, Url, redirect};
use sheaf_store::{DeliveryOutcome, DueDelivery, Store};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::metrics::WEBHOOK_ATTEMPTS;
pub use address::{AddressError, Addresses};
pub(crate) use signature::shown as shown_secret;

/// Deliveries that are on their way at the same time.
const CONCURRENT: usize = 16;
/// How often the outbox is looked at when no hint came: workers elsewhere give none.
const POLL: Duration = Duration::from_secs(1);
/// How long a receiver may take to be reached, and to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);
/// How long deliveries that are under way may take at shutdown; what is left is sent again once its lease runs out.
const DRAIN: Duration = Duration::from_secs(5);

/// Sends what is due until told to stop.
pub struct Sender {
    store: Store,
    client: Client,
    addresses: Addresses,
}

impl Sender {
    /// A sender to these addresses.
    ///
    /// # Errors
    /// Where this machine has no certificates that servers are known by.
    pub fn new(store: Store, addresses: Addresses) -> Result<Self> {
        sheaf_store::use_ring();
        let client = Client::builder()
            .user_agent(concat!("sheaf/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            // A proxy would resolve names by itself.
            .no_proxy()
            .dns_resolver(Arc::new(addresses))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .build()
            .context("webhooks cannot be sent from this machine")?;
        Ok(Self { store, client, addresses })
    }

    /// Sends until `shutdown`, then lets what is under way arrive.
    pub async fn run(self, shutdown: CancellationToken) {
        let sender = Arc::new(self);
        let mut finished = sender.store.finished();
        let mut sending = JoinSet::new();
        while !shutdown.is_cancelled() {
            // Marked as seen before the outbox is looked at: what comes in between wakes us again.
            finished.mark_unchanged();
            let free = CONCURRENT - sending.len();
            let due = match free {
                0 => Vec::new(),
                free => sender.store.claim_deliveries(free as u32).await.unwrap_or_else(|error| {
                    warn!(%error, "the outbox of webhooks cannot be read");
                    Vec::new()
                }),
            };
            for delivery in due {
                let sender = Arc::clone(&sender);
                sending.spawn(async move { sender.send(delivery).await });
            }
            tokio::select! {
                Some(_) = sending.join_next() => {}
                _ = finished.changed(), if sending.len() < CONCURRENT => {}
                () = sleep(POLL) => {}
                () = shutdown.cancelled() => {}
            }
            while sending.try_join_next().is_some() {}
        }
        let _ = timeout(DRAIN, async { while sending.join_next().await.is_some() {} }).await;
        info!("webhooks stopped");
    }

    async fn send(&self, delivery: DueDelivery) {
        let outcome = match self.post(&delivery).await {
            Ok(status) => DeliveryOutcome::Answered(status),
            Err(why) => DeliveryOutcome::Silent(why),
        };
        debug!(delivery = %delivery.id, attempt = delivery.attempt, ?outcome, "a webhook was sent");
        let result = match &outcome {
            DeliveryOutcome::Answered(200..300) => "delivered",
            DeliveryOutcome::Answered(_) => "refused",
            DeliveryOutcome::Silent(_) => "silent",
        };
        metrics::counter!(WEBHOOK_ATTEMPTS, "result" => result).increment(1);
        if let Err(error) = self.store.finish_delivery(delivery.id, delivery.attempt, &outcome).await {
            warn!(%error, delivery = %delivery.id, "a delivery was not noted: it is sent again");
        }
    }

    /// The status of the answer, or why there was none.
    async fn post(&self, delivery: &DueDelivery) -> Result<u16, String> {
        let url = Url::parse(&delivery.url).map_err(|_| "the address is no URL".to_owned())?;
        // Names are judged when they are resolved; numbers never are.
        self.addresses.check_literal(&url).map_err(|error| error.to_string())?;
        let signed = signature::sign(&delivery.secret, delivery.id, &delivery.payload);
        let answer = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", delivery.id.to_string())
            .header("webhook-timestamp", signed.timestamp)
            .header("webhook-signature", signed.signature)
            .body(delivery.payload.clone())
            .send()
            .await;
        answer.map(|answer| answer.status().as_u16()).map_err(|error| reason(&error))
    }
}

/// Why there was no answer, for the webhook's owner. Whatever the system says beyond that is for nobody: it could tell
/// about the network that the server is in.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(one) = cause {
        if let Some(refused) = one.downcast_ref::<AddressError>() {
            return refused.to_string();
        }
        cause = one.source();
    }
    let seconds = ANSWER_TIMEOUT.as_secs();
    if error.is_connect() {
        "no connection could be made".to_owned()
    } else if error.is_timeout() {
        format!("no answer came within {seconds} seconds")
    } else {
        "the connection broke off, or the answer was not HTTP".to_owned()
    }
}
