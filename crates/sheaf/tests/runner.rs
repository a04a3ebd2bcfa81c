//! Workers and what they are told while they work.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sheaf::reader::{OcrConfig, ReaderCommand, ReaderLimits};
use sheaf::runner::Runner;
use sheaf_store::{NewBatch, NewDocument, Store, StoreConfig};
use sheaf_types::{
    Batch, BatchId, BatchStatus, DocumentId, MediaType, TemplateSpec, Tier, UserId, default_plans,
};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// A batch of these PDFs: whose, which, and its documents.
async fn batch_of(store: &Store, files: Vec<Bytes>) -> (UserId, BatchId, Vec<DocumentId>) {
    let user = store.create_user("ann@example.org", "unlimited", false).await.unwrap().id;
    let template_id = store.create_template(user, &TemplateSpec::starter_invoice()).await.unwrap().id;
    let document =
        |(i, bytes)| NewDocument { filename: format!("{i}.pdf"), media_type: MediaType::Pdf, bytes };
    let documents = files.into_iter().enumerate().map(document).collect();
    let documents: Vec<_> =
        store.add_documents(user, documents).await.unwrap().iter().map(|d| d.id).collect();
    let new = NewBatch {
        name: "May".into(),
        template_id,
        tier: Tier::Standard,
        metadata: None,
        documents: documents.iter().map(|&document| (document, None)).collect(),
    };
    (user, store.create_batch(user, &new).await.unwrap().id, documents)
}

/// The batch, once it has ended.
async fn ended(store: &Store, user: UserId, batch: BatchId) -> Batch {
    loop {
        let batch = store.batch(user, batch).await.unwrap();
        if batch.status.is_terminal() {
            return batch;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_words_of_a_scan_are_kept_so_that_it_is_recognised_once() {
    let ocr = OcrConfig::default();
    if !sheaf_extract::ocr::Engines::load(&ocr).can_read() {
        // Past the test harness, which shows nothing that a passing test prints.
        let message = "\nSKIPPED a test with a scan: run scripts/setup test, which installs tesseract\n\n";
        std::io::stderr().write_all(message.as_bytes()).unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreConfig::in_folder(folder.path(), default_plans())).await.unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/documents");
    let files = ["13-plumber-scan.pdf", "01-office-supplies.pdf"];
    let files = files.map(|name| fs::read(samples.join(name)).unwrap().into()).to_vec();
    let (user, batch, documents) = batch_of(&store, files).await;

    let reader = ReaderCommand::new(env!("CARGO_BIN_EXE_sheaf").into(), ReaderLimits::default(), ocr);
    let shutdown = CancellationToken::new();
    let working = tokio::spawn(Runner::new(store.clone(), reader, 2, Arc::default()).run(shutdown.clone()));
    assert_eq!(ended(&store, user, batch).await.counts.failed, 0);
    let version = env!("CARGO_PKG_VERSION");
    let words = store.words(user, documents[0], version).await.unwrap().expect("those of the scan are kept");
    let words: sheaf_types::Document = serde_json::from_slice(&words).unwrap();
    assert!(words.pages[0].words.iter().any(|word| word.text == "Copperfield"), "{words:?}");
    assert_eq!(store.words(user, documents[1], version).await.unwrap(), None);
    shutdown.cancel();
    working.await.unwrap();
}

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
    let files = (0..9).map(|_| "%PDF-1.7".into()).collect();
    let (user, batch, _) = batch_of(&store, files).await;

    // SQLite tells other processes nothing: a handle of its own hears of no hint.
    let elsewhere = Store::open(&config).await.unwrap();
    let shutdown = CancellationToken::new();
    let working = tokio::spawn(Runner::new(elsewhere, reader, 2, Arc::default()).run(shutdown.clone()));
    while store.batch(user, batch).await.unwrap().counts.running < 4 {
        sleep(Duration::from_millis(10)).await;
    }
    let counts = store.cancel_batch(user, batch).await.unwrap().counts;
    assert_eq!((counts.pending, counts.running, counts.cancelled), (0, 4, 5));
    // A heartbeat comes every 20 seconds.
    let batch = timeout(Duration::from_secs(15), ended(&store, user, batch)).await.unwrap();
    assert_eq!((batch.status, batch.counts.cancelled), (BatchStatus::Cancelled, 9));
    assert_eq!(store.usage(user).await.unwrap().used, 0);
    shutdown.cancel();
    working.await.unwrap();
}
