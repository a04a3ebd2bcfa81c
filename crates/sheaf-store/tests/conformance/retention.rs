//! What is forgotten, what stays, and what is swept.

use std::path::{Path, PathBuf};

use sheaf_store::{Outcome, Swept};
use sheaf_types::{BatchStatus, Tier};

use crate::fixture::{Fixture, WORKER, done, finished, on_both_databases};

on_both_databases!(
    what_ended_long_ago_is_forgotten_and_usage_stays,
    what_is_used_or_young_is_kept_however_old_its_parts_are,
    blobs_that_nothing_names_are_swept,
);

const DAY: i64 = 86_400_000;

async fn what_ended_long_ago_is_forgotten_and_usage_stays(t: Fixture) {
    let account = t.user("unlimited").await;
    let (user, template) = account;
    let old = t.batch(account, 3).await;
    let single = t.documents(user, 1).await[0];
    let extraction = t.store.create_extraction(user, single, template, Tier::Standard).await.unwrap();
    t.drain().await;
    let unused = t.documents(user, 2).await;
    t.advance(29 * DAY);
    assert_eq!(t.store.forget_older_than(30 * DAY).await, Ok(Swept::default()));
    t.advance(2 * DAY);
    let young = t.batch(account, 1).await;
    let swept = t.store.forget_older_than(30 * DAY).await.unwrap();
    assert_eq!((swept.batches, swept.documents), (1, 6));
    assert!(t.store.batch(user, old.id).await.is_err());
    assert!(t.store.extraction(user, extraction).await.is_err());
    for document in [single, unused[0], unused[1]] {
        assert!(t.store.document(user, document).await.is_err());
    }
    // May's usage is May's; the clock is in June.
    assert_eq!(t.used(user).await, 1);
    t.drain().await;
    assert_eq!(t.store.batch(user, young.id).await.unwrap().status, BatchStatus::Completed);
    assert_eq!(t.store.forget_older_than(30 * DAY).await, Ok(Swept::default()));
}

async fn what_is_used_or_young_is_kept_however_old_its_parts_are(t: Fixture) {
    let account = t.user("unlimited").await;
    let (user, template) = account;
    let document = t.documents(user, 1).await[0];
    let waiting = t.batch(account, 1).await;
    t.advance(40 * DAY);
    assert_eq!(t.store.forget_older_than(30 * DAY).await.unwrap().batches, 0);
    assert!(t.store.batch(user, waiting.id).await.is_ok(), "it has not ended");
    let claim = t.store.claim(WORKER, 1).await.unwrap().remove(0);
    assert_eq!(t.store.forget_older_than(30 * DAY).await.unwrap(), Swept::default());
    assert_eq!(t.store.finish(WORKER, &[finished(&claim, done(false))]).await, Ok(1));
    // An old document that was not used for long is gone; one that was used today is not.
    assert!(t.store.document(user, document).await.is_err());
    let again = t.documents(user, 1).await[0];
    t.advance(40 * DAY);
    t.store.create_extraction(user, again, template, Tier::Standard).await.unwrap();
    assert_eq!(t.store.forget_older_than(30 * DAY).await.unwrap().documents, 1, "the batch's");
    assert!(t.store.document(user, again).await.is_ok());
    let claim = t.store.claim(WORKER, 1).await.unwrap().remove(0);
    t.store.finish(WORKER, &[finished(&claim, Outcome::Released)]).await.unwrap();
    assert_eq!(t.store.forget_older_than(0).await.unwrap(), Swept::default(), "a day is the least");
}

async fn blobs_that_nothing_names_are_swept(t: Fixture) {
    let user = t.user("unlimited").await.0;
    t.documents(user, 2).await;
    let folder = PathBuf::from(t.config.blobs_url.strip_prefix("file://").unwrap());
    let hex = "ab".repeat(32);
    let orphan = folder.join("ab/ab").join(&hex);
    let strangers = [folder.join("ab/ab/notes.txt"), folder.join(&hex)];
    std::fs::create_dir_all(folder.join("ab/ab")).unwrap();
    for file in strangers.iter().chain([&orphan]) {
        std::fs::write(file, "left by a crash").unwrap();
    }
    let before = files(&folder).len();
    // The store's clock stands in May, long before these files were written: they are too young.
    assert_eq!(t.store.sweep().await, Ok(Swept::default()));
    assert_eq!(files(&folder).len(), before);
    t.advance(100 * 365 * DAY);
    assert_eq!(t.store.sweep().await, Ok(Swept { blobs: 1, ..Swept::default() }));
    assert!(!orphan.exists());
    assert!(strangers.iter().all(|file| file.exists()), "what is no blob is nobody's business");
    assert_eq!(files(&folder).len(), before - 1);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
