//! Hints between processes that share a store.

use std::time::Duration;

use sheaf_types::Tier;
use tokio::time::timeout;

use crate::fixture::Fixture;

/// Far longer than a hint takes, so that a slow machine fails no test.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn on_postgres_other_processes_are_hinted_too() {
    let Some(t) = Fixture::postgres().await else { return };
    let other = t.reopen().await;
    let account = t.user("unlimited").await;
    let mut enqueued = other.enqueued();
    // It may not listen yet, and then a hint is lost, as one may be.
    let batch = loop {
        let batch = t.batch(account, 1).await;
        if timeout(Duration::from_millis(200), enqueued.changed()).await.is_ok() {
            break batch;
        }
    };
    let mut cancelled = other.cancelled();
    t.store.cancel_batch(account.0, batch.id).await.unwrap();
    timeout(PATIENCE, cancelled.changed()).await.unwrap().unwrap();

    let mut ended = other.finished();
    let document = t.documents(account.0, 1).await[0];
    t.store.create_extraction(account.0, document, account.1, Tier::Standard).await.unwrap();
    t.drain().await;
    timeout(PATIENCE, ended.changed()).await.unwrap().unwrap();
    other.close().await;
    t.store.close().await;
}
