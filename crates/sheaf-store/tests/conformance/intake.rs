//! Files that come in pieces.

use std::path::{Path, PathBuf};

use sheaf_store::{Intake, StoreError};
use sheaf_types::{MediaType, UserId};

use crate::fixture::{Fixture, on_both_databases};

on_both_databases!(
    files_of_any_size_come_back_as_they_came_in,
    the_same_bytes_in_one_upload_are_kept_once,
    what_is_left_out_leaves_nothing,
    an_upload_that_breaks_off_takes_back_what_it_wrote,
    an_upload_that_breaks_off_leaves_the_documents_of_others_alone,
    bytes_that_were_deleted_meanwhile_are_asked_for_again,
    what_a_crash_left_half_written_is_swept,
);

/// Larger than a part, and no part of it like another.
const LARGE: usize = 12_000_000;

fn content(length: usize, seed: u32) -> Vec<u8> {
    (0..length as u32).map(|i| ((i ^ seed).wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

async fn add(intake: &mut Intake, bytes: &[u8]) -> [u8; 32] {
    for chunk in bytes.chunks(100_000) {
        intake.append(chunk).await.unwrap();
    }
    intake.end_file("a.pdf".into(), MediaType::Pdf).await.unwrap()
}

async fn files_of_any_size_come_back_as_they_came_in(t: Fixture) {
    let (user, _) = t.user("ten").await;
    let five_mib = 5 << 20;
    let sizes = [1, LARGE, 0, 4_000_000, five_mib, five_mib + 1, 4_500_000, 100];
    let mut intake = t.store.intake();
    for (seed, size) in sizes.into_iter().enumerate() {
        add(&mut intake, &content(size, seed as u32)).await;
    }
    let documents = intake.keep(user).await.unwrap();
    assert_eq!(documents.len(), sizes.len());
    for (seed, (document, size)) in documents.iter().zip(sizes).enumerate() {
        assert_eq!(document.bytes, size as u64);
        let bytes = t.store.document_bytes(user, document.id).await.unwrap();
        assert!(bytes == content(size, seed as u32), "{size}");
        assert_eq!(t.store.blob(&document.sha256).await.unwrap(), bytes);
    }
    assert_eq!(files(&t).len(), sizes.len());
}

async fn the_same_bytes_in_one_upload_are_kept_once(t: Fixture) {
    let (user, _) = t.user("ten").await;
    let (small, large) = (content(10, 1), content(LARGE, 1));
    let mut intake = t.store.intake();
    let mut digests = Vec::new();
    for bytes in [&small, &large, &small, &large] {
        digests.push(add(&mut intake, bytes).await);
    }
    assert_eq!((digests[0], digests[1]), (digests[2], digests[3]));
    assert_eq!(intake.keep(user).await.unwrap().len(), 4);
    assert_eq!(files(&t).len(), 2);
}

async fn what_is_left_out_leaves_nothing(t: Fixture) {
    let (user, _) = t.user("ten").await;
    let large = content(LARGE, 1);
    let mut intake = t.store.intake();
    let kept = add(&mut intake, &large).await;
    // Too large, as it turns out in the middle.
    intake.append(&large[..LARGE / 2]).await.unwrap();
    intake.skip(&large[LARGE / 2..]);
    assert_eq!(intake.leave_out().await, kept, "the hash is that of all that came");
    add(&mut intake, b"%PDF-1.7").await;
    let documents = intake.keep(user).await.unwrap();
    assert_eq!((documents[0].bytes, documents[1].bytes), (LARGE as u64, 8));
    assert_eq!((documents.len(), files(&t).len()), (2, 2));
}

async fn an_upload_that_breaks_off_takes_back_what_it_wrote(t: Fixture) {
    let mut intake = t.store.intake();
    add(&mut intake, &content(LARGE, 1)).await;
    for seed in 2..5 {
        add(&mut intake, &content(4_000_000, seed)).await;
    }
    intake.append(&content(LARGE, 5)).await.unwrap();
    assert!(files(&t).len() > 4);
    drop(intake);
    while !files(&t).is_empty() {
        tokio::task::yield_now().await;
    }
}

async fn an_upload_that_breaks_off_leaves_the_documents_of_others_alone(t: Fixture) {
    let (user, _) = t.user("ten").await;
    let large = content(LARGE, 1);
    let document = upload(&t, user, &large).await;
    let mut intake = t.store.intake();
    add(&mut intake, &large).await;
    let other = add(&mut intake, &content(LARGE, 2)).await;
    // Somebody else has the same by now.
    let same = upload(&t, user, &content(LARGE, 2)).await;
    drop(intake);
    let third = content(LARGE, 3);
    let mut intake = t.store.intake();
    add(&mut intake, &third).await;
    drop(intake);
    while files(&t).len() > 2 {
        tokio::task::yield_now().await;
    }
    assert!(t.store.document_bytes(user, document).await.unwrap() == large);
    assert_eq!(t.store.document_bytes(user, same).await.unwrap().len(), LARGE, "{other:?}");
}

async fn bytes_that_were_deleted_meanwhile_are_asked_for_again(t: Fixture) {
    let (user, _) = t.user("ten").await;
    let (small, large) = (b"%PDF-1.7 the same", content(LARGE, 1));
    let documents = [upload(&t, user, &large).await, upload(&t, user, small).await];
    let begin = async || {
        let mut intake = t.store.intake();
        add(&mut intake, b"%PDF-1.7 another").await;
        add(&mut intake, small).await;
        add(&mut intake, &large).await;
        intake
    };
    let intake = begin().await;
    for document in documents {
        t.store.delete_document(user, document).await.unwrap();
    }
    let refused = intake.keep(user).await;
    assert!(
        matches!(&refused, Err(StoreError::Unavailable(sentence)) if sentence.contains("send the file again"))
    );
    assert!(t.store.list_documents(user, Default::default()).await.unwrap().data.is_empty());
    assert_eq!(begin().await.keep(user).await.unwrap().len(), 3);
}

async fn what_a_crash_left_half_written_is_swept(t: Fixture) {
    let (user, _) = t.user("ten").await;
    upload(&t, user, &content(LARGE, 1)).await;
    let whole = files(&t);
    let folder = folder(&t);
    for left in ["incoming/0198c0de-0000-7000-8000-000000000000", "incoming/0198c0de#1", "ab/cd/abcd#1"] {
        std::fs::create_dir_all(folder.join(left).parent().unwrap()).unwrap();
        std::fs::write(folder.join(left), "half").unwrap();
    }
    // The store's clock stands in May, long before these files were written: they are too young.
    t.store.sweep().await.unwrap();
    assert_eq!(files(&t).len(), whole.len() + 3);
    t.advance(100 * 365 * 86_400_000);
    t.store.sweep().await.unwrap();
    assert_eq!(files(&t), whole);
}

async fn upload(t: &Fixture, user: UserId, bytes: &[u8]) -> sheaf_types::DocumentId {
    let mut intake = t.store.intake();
    add(&mut intake, bytes).await;
    intake.keep(user).await.unwrap()[0].id
}

fn folder(t: &Fixture) -> PathBuf {
    t.config.blobs_url.strip_prefix("file://").unwrap().into()
}

/// All that is kept, but for the marker.
fn files(t: &Fixture) -> Vec<PathBuf> {
    let mut found = Vec::new();
    list(&folder(t), &mut found);
    found.retain(|path| path.file_name().is_some_and(|name| name != "sheaf-blobs"));
    found.sort();
    found
}

fn list(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { list(&path, found) } else { found.push(path) }
    }
}
