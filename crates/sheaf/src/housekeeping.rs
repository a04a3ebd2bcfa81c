//! What a server does now and then: forgetting what is older than the operator wants to keep it, and removing what
//! crashes and deletions left behind.

use std::time::Duration;

use sheaf_store::{Store, Swept};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

const FORGET_EVERY: Duration = Duration::from_secs(3_600);
/// The whole blob store is listed for it.
const SWEEP_EVERY: Duration = Duration::from_secs(86_400);

/// Keeps house until told to stop; without `kept` nothing is forgotten.
pub async fn run(store: Store, kept: Option<Duration>, shutdown: CancellationToken) {
    let work = async {
        let mut sweep_at = Instant::now();
        loop {
            if let Some(kept) = kept {
                let kept_ms = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
                report("old documents and results were forgotten", store.forget_older_than(kept_ms).await);
            }
            if sweep_at <= Instant::now() {
                sweep_at += SWEEP_EVERY;
                report("blobs that nothing named were removed", store.sweep().await);
            }
            sleep(FORGET_EVERY).await;
        }
    };
    // Each step is a transaction of its own: it can be left at any await.
    tokio::select! {
        () = work => {}
        () = shutdown.cancelled() => {}
    }
}

fn report(what: &str, swept: sheaf_store::Result<Swept>) {
    match swept {
        Ok(swept) if swept == Swept::default() => {}
        Ok(Swept { batches, documents, blobs }) => info!(batches, documents, blobs, "{what}"),
        Err(error) => warn!(%error, "housekeeping broke off; it goes on in an hour"),
    }
}
