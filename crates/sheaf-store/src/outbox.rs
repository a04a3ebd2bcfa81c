//! What happened, written for the webhooks that want to hear of it, in the transaction in which it happens: so that
//! neither is there without the other.

use serde::Serialize;
use sheaf_types::{BatchId, BatchStatus, Event};
use uuid::Uuid;

use crate::batch::read_batch;
use crate::db::{Tx, execute, fetch_all, fetch_optional};
use crate::error::Result;
use crate::extraction::{ExtractionRow, select_extractions};
use crate::time::rfc3339;
use crate::webhook::DELIVERY_TRIED_MS;

/// The body of a delivery, as Standard Webhooks has it.
#[derive(Serialize)]
struct Payload<'a, T> {
    #[serde(rename = "type")]
    event: Event,
    timestamp: String,
    data: &'a T,
}

/// Notes that a batch ended. It is locked.
pub(crate) async fn batch_ended(tx: &mut Tx, batch: Uuid, now: i64) -> Result<()> {
    let account: Option<(Uuid,)> = fetch_optional!(
        &mut *tx,
        "select b.account_id from batch b
         where b.id = $1 and exists (select 1 from webhook w where w.account_id = b.account_id)",
        batch
    )?;
    let Some((account,)) = account else { return Ok(()) };
    let ended = read_batch(tx, BatchId(batch), now).await?;
    let event = match ended.status {
        BatchStatus::Failed => Event::BatchFailed,
        BatchStatus::Cancelled => Event::BatchCancelled,
        BatchStatus::Completed | BatchStatus::Pending | BatchStatus::Running => Event::BatchCompleted,
    };
    for webhook in webhooks(tx, account, event).await? {
        deliver(tx, webhook, event, &ended, now).await?;
    }
    Ok(())
}

/// Notes that extractions of an account need somebody's look.
pub(crate) async fn need_review(tx: &mut Tx, account: Uuid, extractions: &[Uuid], now: i64) -> Result<()> {
    let event = Event::ExtractionNeedsReview;
    let webhooks = webhooks(tx, account, event).await?;
    if webhooks.is_empty() {
        return Ok(());
    }
    for &id in extractions {
        let row: Option<ExtractionRow> =
            fetch_optional!(&mut *tx, select_extractions!("cast(null as text)", "where e.id = $1"), id)?;
        let Some(extraction) = row.map(ExtractionRow::build).transpose()? else { continue };
        for &webhook in &webhooks {
            deliver(tx, webhook, event, &extraction, now).await?;
        }
    }
    Ok(())
}

/// An account's webhooks that want to hear of an event.
async fn webhooks(tx: &mut Tx, account: Uuid, event: Event) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid, String)> =
        fetch_all!(tx, "select id, events from webhook where account_id = $1 order by id", account)?;
    let wants = |events: &str| events.split(',').any(|name| name == event.as_str());
    Ok(rows.into_iter().filter(|(_, events)| wants(events)).map(|(id, _)| id).collect())
}

async fn deliver(tx: &mut Tx, webhook: Uuid, event: Event, data: &impl Serialize, now: i64) -> Result<()> {
    let payload = serde_json::to_string(&Payload { event, timestamp: rfc3339(now), data })?;
    execute!(
        tx,
        "insert into webhook_delivery (id, webhook_id, event, payload, status, created_at, due_at, expires_at)
         values ($1, $2, $3, $4, 'pending', $5, $5, $6)",
        Uuid::now_v7(),
        webhook,
        event.as_str(),
        &payload,
        now,
        now + DELIVERY_TRIED_MS,
    )?;
    Ok(())
}
