//! Workers and what they are told while they work.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use sheaf::reader::{OcrConfig, ReaderCommand, ReaderLimits};
use sheaf::runner::Runner;
use sheaf_store::{NewBatch, NewDocument, Store, StoreConfig};
use sheaf_types::{BatchStatus, MediaType, TemplateSpec, Tier, default_plans};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_batch_that_another_process_cancels_stops_before_the_next_heartbeat() {
    let folder = tempfile::tempdir().unwrap();
    // Never done with a document.
    let reader = folder.path().join("reader");
    fs::write(&reader, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    fs::set_permissions(&reader, fs::Permissions::from_mode(0o755)).unwrap();
    let reader = ReaderCommand::new(reader, ReaderLimits::default(), OcrConfig::default());
    let config = StoreConfig::in_folder(&folder.path().join("data"), default_plans());
    let store = Store::open(&config).await.unwrap();
    let user = store.create_user("ann@example.org", "unlimited", false).await.unwrap().id;
    let template = store.create_template(user, &TemplateSpec::starter_invoice()).await.unwrap().id;
    let document = |i| NewDocument {
        filename: format!("{i}.pdf"),
        media_type: MediaType::Pdf,
        bytes: "%PDF-1.7".into(),
    };
    let documents = store.add_documents(user, (0..9).map(document).collect()).await.unwrap();
    let new = NewBatch {
        name: "May".into(),
        template_id: template,
        tier: Tier::Standard,
        metadata: None,
        documents: documents.iter().map(|document| (document.id, None)).collect(),
    };
    let batch = store.create_batch(user, &new).await.unwrap().id;

    // SQLite tells other processes nothing: a handle of its own hears of no hint.
    let elsewhere = Store::open(&config).await.unwrap();
    let shutdown = CancellationToken::new();
    let working = tokio::spawn(Runner::new(elsewhere, reader, 2, Arc::default()).run(shutdown.clone()));
    while store.batch(user, batch).await.unwrap().counts.running < 4 {
        sleep(Duration::from_millis(10)).await;
    }
    let counts = store.cancel_batch(user, batch).await.unwrap().counts;
    assert_eq!((counts.pending, counts.running, counts.cancelled), (0, 4, 5));
    let ended = async {
        loop {
            let batch = store.batch(user, batch).await.unwrap();
            if batch.status.is_terminal() {
                return batch;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    // A heartbeat comes every 20 seconds.
    let batch = timeout(Duration::from_secs(15), ended).await.unwrap();
    assert_eq!((batch.status, batch.counts.cancelled), (BatchStatus::Cancelled, 9));
    assert_eq!(store.usage(user).await.unwrap().used, 0);
    shutdown.cancel();
    working.await.unwrap();
}
