//! Opening a store: what is made, what is kept, what is refused.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sheaf_store::{Store, StoreConfig, StoreError};
use sheaf_types::BatchStatus;

use crate::fixture::{Fixture, on_both_databases, plans};

on_both_databases!(
    a_reopened_store_has_everything,
    several_open_a_new_store_at_once,
    a_newer_schema_is_refused,
    a_store_that_is_gone_is_unavailable,
);

async fn a_reopened_store_has_everything(t: Fixture) {
    let account = t.user("ten").await;
    let (user, template) = account;
    let (_, secret) = t.store.create_key(user, None).await.unwrap();
    let batch = t.batch(account, 3).await;
    assert_eq!(t.drain().await, 3);
    let before = t.store.export_page(user, batch.id, None, 10).await.unwrap();
    t.store.close().await;

    let store = t.reopen().await;
    assert_eq!(store.authenticate(&secret).await.unwrap().map(|user| user.id), Some(user));
    assert_eq!(store.template(user, template, None).await.unwrap().version, 1);
    assert_eq!(store.batch(user, batch.id).await.unwrap().status, BatchStatus::Completed);
    assert_eq!(store.export_page(user, batch.id, None, 10).await.unwrap(), before);
    assert_eq!(store.document_bytes(user, before[0].1.document_id).await.unwrap(), "%PDF-1.7 the same");
    assert_eq!(store.usage(user).await.unwrap().used, 3);
}

async fn several_open_a_new_store_at_once(t: Fixture) {
    // A database that has had no migration yet.
    let config = match t.config.database_url.strip_prefix("sqlite://") {
        Some(_) => StoreConfig::in_folder(&t.folder.path().join("new"), plans()),
        None => {
            execute(&t, "drop schema public cascade").await;
            execute(&t, "create schema public").await;
            t.config.clone()
        }
    };
    let tasks = (0..6).map(|_| {
        let config = config.clone();
        tokio::spawn(async move { Store::open(&config).await.map(|_| ()) })
    });
    for result in futures::future::join_all(tasks).await {
        assert_eq!(result.unwrap(), Ok(()));
    }
    let store = Store::open(&config).await.unwrap();
    assert_eq!(store.ping().await, Ok(()));
    assert_eq!(store.user_count().await, Ok(0));
}

async fn a_newer_schema_is_refused(t: Fixture) {
    execute(&t, "insert into schema_version (version) values (999)").await;
    match Store::open(&t.config).await.map(|_| ()) {
        Err(StoreError::Internal(sentence)) => assert!(sentence.contains("use a newer sheaf"), "{sentence}"),
        other => panic!("{other:?}"),
    }
}

async fn a_store_that_is_gone_is_unavailable(t: Fixture) {
    assert_eq!(t.store.ping().await, Ok(()));
    std::fs::remove_dir_all(t.config.blobs_url.strip_prefix("file://").unwrap()).unwrap();
    assert!(matches!(t.store.ping().await, Err(StoreError::Unavailable(_))), "{:?}", t.store.ping().await);
    t.store.close().await;
    for error in [t.store.ping().await.map(|_| ()), t.store.claim("worker", 1).await.map(|_| ())] {
        assert!(matches!(error, Err(StoreError::Unavailable(_))), "{error:?}");
    }
}

#[tokio::test]
async fn only_the_owner_reads_a_local_store() {
    let t = Fixture::sqlite().await;
    t.user("ten").await;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let data = t.folder.path().join("data");
    assert_eq!((mode(&data), mode(&data.join("blobs"))), (0o700, 0o700));
    for file in ["sheaf.db", "sheaf.db-wal", "sheaf.db-shm"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
}

#[tokio::test]
async fn unknown_places_are_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let good = StoreConfig::in_folder(folder.path(), plans());
    let with = |database: &str, blobs: &str| StoreConfig {
        database_url: if database.is_empty() { good.database_url.clone() } else { database.into() },
        blobs_url: if blobs.is_empty() { good.blobs_url.clone() } else { blobs.into() },
        plans: plans(),
    };
    for (config, expected) in [
        (with("mysql://localhost/sheaf", ""), "give sqlite:///"),
        (with("/var/lib/sheaf.db", ""), "give sqlite:///"),
        (with("postgres://u:secret@[bad", ""), "no valid postgres"),
        (with("", "s3:///prefix"), "give s3://bucket/prefix"),
        (with("", "/var/lib/blobs"), "give file:///"),
        (with("sqlite:///dev/null/sheaf.db", ""), "cannot open the database file"),
        (with("", "file:///dev/null/blobs"), "cannot open the blob folder"),
        (with("postgres://u:secret@127.0.0.1:1/x", ""), "cannot be reached"),
    ] {
        let error = Store::open(&config).await.map(|_| ()).expect_err(expected).to_string();
        assert!(error.contains(expected) && !error.contains("secret"), "{error}");
    }
}

/// Runs a statement past the store.
async fn execute(t: &Fixture, sql: &'static str) {
    use sqlx::Connection;
    let url = &t.config.database_url;
    if url.starts_with("sqlite://") {
        let mut c = sqlx::SqliteConnection::connect(url).await.unwrap();
        sqlx::query(sql).execute(&mut c).await.unwrap();
    } else {
        let mut c = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::query(sql).execute(&mut c).await.unwrap();
    }
}
