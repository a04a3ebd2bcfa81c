//! Webhooks and what is on its way to them.
//!
//! [`outbox`](crate::outbox) writes deliveries where the events happen. Whoever sends them claims what is due
//! ([`Store::claim_deliveries`]) for [`DELIVERY_LEASE_MS`] and says what came of it ([`Store::finish_delivery`]). A delivery
//! may arrive twice, where a sender dies between the two, and none is forgotten.

use sheaf_types::{Delivery, DeliveryId, DeliveryStatus, Event, UserId, Webhook, WebhookId};
use uuid::Uuid;

use crate::Store;
use crate::db::{Conn, Tx, commit, execute, fetch_all, fetch_one, fetch_optional};
use crate::error::{Result, StoreError};
use crate::hint::Hint;
use crate::page::{Page, PageRequest};
use crate::template::number;
use crate::time::rfc3339;

/// How long a sender has a delivery, in milliseconds.
pub const DELIVERY_LEASE_MS: i64 = 60_000;
/// How long a delivery is tried, in milliseconds.
pub const DELIVERY_TRIED_MS: i64 = 24 * 3_600_000;
/// Pause after the first attempt, in milliseconds; each further one is four times as long, up to [`LONGEST_PAUSE_MS`].
const FIRST_PAUSE_MS: i64 = 5_000;
const LONGEST_PAUSE_MS: i64 = 6 * 3_600_000;
/// Webhooks of one account.
const MOST_WEBHOOKS: i64 = 20;
const LONGEST_URL: usize = 2_000;
/// As Standard Webhooks wants them: 24 to 64.
const SECRET_BYTES: usize = 32;

const NOT_FOUND: StoreError = StoreError::NotFound { what: "webhook" };
const DELIVERY_NOT_FOUND: StoreError = StoreError::NotFound { what: "delivery" };

/// A delivery to send now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDelivery {
    /// Which.
    pub id: DeliveryId,
    /// Counted from 1; names this claim of it.
    pub attempt: u32,
    /// Where to.
    pub url: String,
    /// Signs it.
    pub secret: Vec<u8>,
    /// The body.
    pub payload: String,
}

/// What came of an attempt to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// Somebody answered, with this HTTP status; 2xx is delivered.
    Answered(u16),
    /// Nobody answered, and why, in a sentence for the webhook's owner.
    Silent(String),
}

#[derive(sqlx::FromRow)]
struct WebhookRow {
    id: Uuid,
    url: String,
    events: String,
    created_at: i64,
}

impl WebhookRow {
    fn build(self) -> Webhook {
        Webhook {
            id: WebhookId(self.id),
            url: self.url,
            events: self.events.split(',').filter_map(Event::from_name).collect(),
            created_at: rfc3339(self.created_at),
        }
    }
}

#[derive(sqlx::FromRow)]
struct DeliveryRow {
    id: Uuid,
    webhook_id: Uuid,
    event: String,
    payload: String,
    status: String,
    attempts: i64,
    created_at: i64,
    due_at: i64,
    last_attempt_at: Option<i64>,
    response_status: Option<i64>,
    error: Option<String>,
}

impl DeliveryRow {
    fn build(self) -> Result<Delivery> {
        let unknown = |what: &str| StoreError::Internal(format!("a row has the unknown {what}"));
        let status = DeliveryStatus::from_name(&self.status).ok_or_else(|| unknown(&self.status))?;
        let pending = status == DeliveryStatus::Pending;
        Ok(Delivery {
            id: DeliveryId(self.id),
            webhook_id: WebhookId(self.webhook_id),
            event: Event::from_name(&self.event).ok_or_else(|| unknown(&self.event))?,
            status,
            attempts: number(self.attempts),
            created_at: rfc3339(self.created_at),
            last_attempt_at: self.last_attempt_at.map(rfc3339),
            next_attempt_at: pending.then(|| rfc3339(self.due_at)),
            response_status: self.response_status.and_then(|status| u16::try_from(status).ok()),
            error: self.error,
            payload: serde_json::from_str(&self.payload)?,
        })
    }
}

/// The statement that reads deliveries, with `$rest` after `from`.
macro_rules! select_deliveries {
    ($rest:literal) => {
        concat!(
            "select d.id, d.webhook_id, d.event, d.payload, d.status, d.attempts, d.created_at, d.due_at,
                    d.last_attempt_at, d.response_status, d.error
             from webhook_delivery d ",
            $rest
        )
    };
}

impl Store {
    /// Makes a webhook for these events, or for all where there are none. The caller has judged the address.
    ///
    /// # Errors
    /// `Invalid` where the address is too long, `Conflict` where the account has too many.
    pub async fn create_webhook(&self, user: UserId, url: &str, events: &[Event]) -> Result<Webhook> {
        if url.len() > LONGEST_URL || url.contains('\0') {
            return Err(StoreError::invalid("/url", format!("expected at most {LONGEST_URL} bytes")));
        }
        let wanted = |event: &Event| events.is_empty() || events.contains(event);
        let names: Vec<&str> =
            Event::ALL.into_iter().filter(|event| wanted(event)).map(Event::as_str).collect();
        let mut tx = self.db().write().await?;
        self.plan_of(&mut tx, user).await?;
        let (there,): (i64,) =
            fetch_one!(&mut tx, "select count(*) from webhook where account_id = $1", user.0)?;
        if there >= MOST_WEBHOOKS {
            return Err(StoreError::Conflict(format!(
                "the account has {there} webhooks, which is the most: delete one first"
            )));
        }
        let row = WebhookRow {
            id: Uuid::now_v7(),
            url: url.to_owned(),
            events: names.join(","),
            created_at: self.clock().now(),
        };
        execute!(
            &mut tx,
            "insert into webhook (id, account_id, url, secret, events, created_at) values ($1, $2, $3, $4, $5, $6)",
            row.id,
            user.0,
            &row.url,
            rand::random::<[u8; SECRET_BYTES]>().to_vec(),
            &row.events,
            row.created_at,
        )?;
        let webhook = row.build();
        self.note(&mut tx, &webhook).await?;
        commit(tx).await?;
        Ok(webhook)
    }

    /// What signs a webhook's requests.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn webhook_secret(&self, user: UserId, id: WebhookId) -> Result<Vec<u8>> {
        let mut conn = self.db().read().await?;
        let row: Option<(Vec<u8>,)> = fetch_optional!(
            &mut conn,
            "select secret from webhook where id = $1 and account_id = $2",
            id.0,
            user.0
        )?;
        row.map(|(secret,)| secret).ok_or(NOT_FOUND)
    }

    /// An account's webhooks, newest first.
    ///
    /// # Errors
    /// `Invalid` for a malformed page request.
    pub async fn list_webhooks(&self, user: UserId, page: PageRequest) -> Result<Page<Webhook>> {
        let (rows, before) = (page.rows()?, page.before()?);
        let mut conn = self.db().read().await?;
        let rows: Vec<WebhookRow> = fetch_all!(
            &mut conn,
            "select id, url, events, created_at from webhook where account_id = $1 and id < $2
             order by id desc limit $3",
            user.0,
            before,
            rows,
        )?;
        page.page(rows, |row| row.id.as_bytes().to_vec(), |row| Ok(row.build()))
    }

    /// Forgets a webhook and its deliveries; those that wait are not sent.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_webhook(&self, user: UserId, id: WebhookId) -> Result<()> {
        let mut tx = self.db().write().await?;
        let found = execute!(&mut tx, "delete from webhook where id = $1 and account_id = $2", id.0, user.0)?;
        if found == 0 {
            return Err(NOT_FOUND);
        }
        execute!(&mut tx, "delete from webhook_delivery where webhook_id = $1", id.0)?;
        commit(tx).await
    }

    /// What was and is to be delivered to a webhook, newest first, perhaps only that in one status.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for a malformed page request.
    pub async fn list_deliveries(
        &self,
        user: UserId,
        id: WebhookId,
        status: Option<DeliveryStatus>,
        page: PageRequest,
    ) -> Result<Page<Delivery>> {
        let (rows, before) = (page.rows()?, page.before()?);
        let mut conn = self.db().read().await?;
        check_owner(&mut conn, user, id).await?;
        let rows: Vec<DeliveryRow> = fetch_all!(
            &mut conn,
            select_deliveries!(
                "where d.webhook_id = $1 and d.id < $2 and ($3 is null or d.status = $3) order by d.id desc limit $4"
            ),
            id.0,
            before,
            status.map(DeliveryStatus::as_str),
            rows,
        )?;
        page.page(rows, |row| row.id.as_bytes().to_vec(), DeliveryRow::build)
    }

    /// Has a delivery tried again, at once and for another day, whatever came of it before.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn redeliver(&self, user: UserId, id: WebhookId, delivery: DeliveryId) -> Result<Delivery> {
        let now = self.clock().now();
        let mut tx = self.db().write().await?;
        let found = execute!(
            &mut tx,
            "update webhook set silences = 0, paused_until = 0 where id = $1 and account_id = $2",
            id.0,
            user.0
        )?;
        if found == 0 {
            return Err(NOT_FOUND);
        }
        execute!(
            &mut tx,
            "update webhook_delivery set status = 'pending', due_at = $3, expires_at = $4
             where id = $1 and webhook_id = $2",
            delivery.0,
            id.0,
            now,
            now + DELIVERY_TRIED_MS,
        )?;
        let row: Option<DeliveryRow> = fetch_optional!(
            &mut tx,
            select_deliveries!("where d.id = $1 and d.webhook_id = $2"),
            delivery.0,
            id.0
        )?;
        let delivery = row.ok_or(DELIVERY_NOT_FOUND)?.build()?;
        self.note(&mut tx, &delivery).await?;
        commit(tx).await?;
        // A sender may be in another process.
        self.hint(Hint::Finished);
        Ok(delivery)
    }

    /// How many deliveries have not arrived, over all accounts.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn pending_deliveries(&self) -> Result<u64> {
        let mut conn = self.db().read().await?;
        let (n,): (i64,) =
            fetch_one!(&mut conn, "select count(*) from webhook_delivery where status = 'pending'")?;
        Ok(n.unsigned_abs())
    }

    /// Hands up to `n` due deliveries to a sender, those that wait longest first, for [`DELIVERY_LEASE_MS`].
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn claim_deliveries(&self, n: u32) -> Result<Vec<DueDelivery>> {
        let now = self.clock().now();
        // Looked at first, so that the one who finds nothing does not keep others from writing.
        let mut conn = self.db().read().await?;
        let due: Option<(Uuid,)> = fetch_optional!(
            &mut conn,
            "select d.id from webhook_delivery d join webhook w on w.id = d.webhook_id
             where d.status = 'pending' and d.due_at <= $1 and w.paused_until <= $1 limit 1",
            now
        )?;
        drop(conn);
        if due.is_none() {
            return Ok(Vec::new());
        }
        let mut tx = self.db().write().await?;
        let sql = match &tx {
            Tx::Sqlite(_) => {
                "select d.id, d.attempts, w.url, w.secret, d.payload
                 from webhook_delivery d join webhook w on w.id = d.webhook_id
                 where d.status = 'pending' and d.due_at <= $1 and w.paused_until <= $1
                 order by d.due_at limit $2"
            }
            Tx::Postgres(_) => {
                "select d.id, d.attempts, w.url, w.secret, d.payload
                 from webhook_delivery d join webhook w on w.id = d.webhook_id
                 where d.status = 'pending' and d.due_at <= $1 and w.paused_until <= $1
                 order by d.due_at limit $2 for update of d skip locked"
            }
        };
        let rows: Vec<(Uuid, i64, String, Vec<u8>, String)> = fetch_all!(&mut tx, sql, now, i64::from(n))?;
        for (id, ..) in &rows {
            execute!(
                &mut tx,
                "update webhook_delivery set attempts = attempts + 1, due_at = $2, last_attempt_at = $3 where id = $1",
                id,
                now + DELIVERY_LEASE_MS,
                now,
            )?;
        }
        commit(tx).await?;
        Ok(rows
            .into_iter()
            .map(|(id, attempts, url, secret, payload)| DueDelivery {
                id: DeliveryId(id),
                attempt: number(attempts + 1),
                url,
                secret,
                payload,
            })
            .collect())
    }

    /// Writes what came of an attempt: it is delivered, tried again later, or given up. A webhook that does not answer at
    /// all is left alone for a while, so that it does not hold up the others.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn finish_delivery(
        &self,
        id: DeliveryId,
        attempt: u32,
        outcome: &DeliveryOutcome,
    ) -> Result<()> {
        let now = self.clock().now();
        let (response_status, error) = match outcome {
            DeliveryOutcome::Answered(status @ 200..300) => (Some(i64::from(*status)), None),
            DeliveryOutcome::Answered(status) => {
                (Some(i64::from(*status)), Some(format!("the answer was {status}, and not one of 2xx")))
            }
            DeliveryOutcome::Silent(why) => (None, Some(why.clone())),
        };
        let delivered = error.is_none();
        let silent = matches!(outcome, DeliveryOutcome::Silent(_));
        let mut tx = self.db().write().await?;
        // The last attempt is made at the end of the day, however long the pause would be.
        let row: Option<(Uuid,)> = fetch_optional!(
            &mut tx,
            "update webhook_delivery set response_status = $3, error = $4,
                 status = case when $5 = 1 then 'delivered' when expires_at <= $6 then 'failed' else 'pending' end,
                 due_at = case when expires_at < $7 then expires_at else $7 end
             where id = $1 and attempts = $2 and status = 'pending' returning webhook_id",
            id.0,
            i64::from(attempt),
            response_status,
            error.as_deref(),
            i64::from(delivered),
            now,
            now + pause_ms(attempt),
        )?;
        if let Some((webhook,)) = row {
            let silences: Option<(i64,)> = fetch_optional!(
                &mut tx,
                "update webhook set silences = case when $2 = 1 then silences + 1 else 0 end where id = $1
                 returning silences",
                webhook,
                i64::from(silent),
            )?;
            let silences = silences.map_or(0, |(silences,)| number(silences));
            execute!(
                &mut tx,
                "update webhook set paused_until = $2 where id = $1",
                webhook,
                if silences == 0 { 0 } else { now + pause_ms(silences).min(DELIVERY_LEASE_MS) },
            )?;
        }
        commit(tx).await
    }
}

/// Pause after the `n`th attempt, in milliseconds.
fn pause_ms(n: u32) -> i64 {
    let factor = 4i64.checked_pow(n.saturating_sub(1)).unwrap_or(i64::MAX);
    FIRST_PAUSE_MS.saturating_mul(factor).min(LONGEST_PAUSE_MS)
}

async fn check_owner(conn: &mut Conn, user: UserId, id: WebhookId) -> Result<()> {
    let row: Option<(Uuid,)> =
        fetch_optional!(conn, "select id from webhook where id = $1 and account_id = $2", id.0, user.0)?;
    row.map(|_| ()).ok_or(NOT_FOUND)
}
