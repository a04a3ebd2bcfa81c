//! Documents and their blobs.

use std::path::Path;

use bytes::Bytes;
use sheaf_store::{NewDocument, PageRequest, StoreError};
use sheaf_types::{DocumentId, MediaType, Tier};

use crate::fixture::{Fixture, WORKER, done, finished, new_batch, on_both_databases};

const NOT_FOUND: StoreError = StoreError::NotFound { what: "document" };
/// Of `%PDF-1.7 one`, by `sha256sum`.
const SHA256_OF_ONE: &str = "e6d49ab2abf82176003da667a50ba1d708796b091f2957400c19699badfb6a20";

on_both_databases!(
    a_document_is_read_as_it_was_uploaded,
    the_same_bytes_are_kept_once_until_the_last_document_goes,
    pictures_of_pages_go_with_the_last_document,
    words_that_a_worker_read_are_kept_while_their_document_is,
    documents_are_added_in_order_and_listed_newest_first,
    a_document_in_use_is_not_deleted,
    deleting_a_document_takes_its_single_extractions_along,
    uploads_and_deletions_at_once_never_lose_bytes,
    a_blob_cut_short_is_written_again,
    documents_of_others_are_not_found,
);

async fn a_document_is_read_as_it_was_uploaded(t: Fixture) {
    let (user, _) = t.user("ten").await;
    let bytes = Bytes::from_static(b"%PDF-1.7 one");
    let made = t.store.add_document(user, "März.pdf", MediaType::Pdf, bytes.clone()).await.unwrap();
    assert_eq!((made.filename.as_str(), made.bytes, made.pages), ("März.pdf", 12, None));
    assert_eq!(made.sha256, SHA256_OF_ONE);
    assert_eq!(t.store.document(user, made.id).await.unwrap(), made);
    assert_eq!(t.store.document_bytes(user, made.id).await.unwrap(), bytes);
    assert_eq!(t.store.blob(&made.sha256).await.unwrap(), bytes);
    for unknown in [&"0".repeat(64), "", "../../etc/passwd", &SHA256_OF_ONE.to_uppercase()] {
        assert_eq!(t.store.blob(unknown).await, Err(StoreError::NotFound { what: "blob" }), "{unknown:?}");
    }
}

async fn the_same_bytes_are_kept_once_until_the_last_document_goes(t: Fixture) {
    let (ada, _) = t.user("ten").await;
    let (bob, _) = t.user("ten").await;
    let adas = t.documents(ada, 2).await;
    let bobs = t.documents(bob, 1).await;
    assert_eq!(files(&blobs(&t)), 1);
    t.store.delete_document(ada, adas[0]).await.unwrap();
    t.store.delete_document(bob, bobs[0]).await.unwrap();
    assert_eq!(files(&blobs(&t)), 1);
    assert!(t.store.document_bytes(ada, adas[1]).await.is_ok());
    t.store.delete_document(ada, adas[1]).await.unwrap();
    assert_eq!(files(&blobs(&t)), 0);
    assert_eq!(t.store.document_bytes(ada, adas[1]).await, Err(NOT_FOUND));
}

async fn pictures_of_pages_go_with_the_last_document(t: Fixture) {
    let (ada, _) = t.user("ten").await;
    let (bob, _) = t.user("ten").await;
    let ids = t.documents(ada, 2).await;
    let (a, b) = (Bytes::from_static(b"page 1"), Bytes::from_static(b"page 2"));
    t.store.keep_page_picture(ada, ids[0], 1, 800, a.clone()).await.unwrap();
    t.store.keep_page_picture(ada, ids[0], 2, 800, b.clone()).await.unwrap();
    assert_eq!(t.store.page_picture(ada, ids[0], 1, 800).await.unwrap(), Some(a.clone()));
    // The same bytes have the same pictures.
    assert_eq!(t.store.page_picture(ada, ids[1], 2, 800).await.unwrap(), Some(b));
    assert_eq!(t.store.page_picture(ada, ids[0], 1, 801).await.unwrap(), None);
    assert_eq!(t.store.page_picture(bob, ids[0], 1, 800).await, Err(NOT_FOUND));
    assert_eq!(t.store.keep_page_picture(bob, ids[0], 1, 800, a.clone()).await, Err(NOT_FOUND));
    t.store.delete_document(ada, ids[0]).await.unwrap();
    assert_eq!(t.store.page_picture(ada, ids[1], 1, 800).await.unwrap(), Some(a));
    t.store.delete_document(ada, ids[1]).await.unwrap();
    assert_eq!(files(&blobs(&t)), 0);
}

async fn words_that_a_worker_read_are_kept_while_their_document_is(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let words = Bytes::from_static(b"{}");
    let document = t.documents(user, 1).await[0];
    t.store.create_extraction(user, document, template, Tier::Standard).await.unwrap();
    let claim = t.store.claim(WORKER, 1).await.unwrap().remove(0);
    assert_eq!(t.store.words(user, document, "1").await.unwrap(), None);
    t.store.keep_claimed_words(&claim, "1", words.clone()).await.unwrap();
    assert_eq!(t.store.words(user, document, "1").await.unwrap(), Some(words.clone()));
    assert_eq!(t.store.words(user, document, "2").await.unwrap(), None, "another reader's");
    t.store.finish(WORKER, &[finished(&claim, done(false))]).await.unwrap();
    t.store.delete_document(user, document).await.unwrap();
    t.store.keep_claimed_words(&claim, "1", words).await.unwrap();
    assert_eq!(files(&blobs(&t)), 0);
}

async fn documents_are_added_in_order_and_listed_newest_first(t: Fixture) {
    let (user, _) = t.user("ten").await;
    // More than fit one insert.
    let mut ids = t.documents(user, 2_500).await;
    assert_eq!(t.store.document(user, ids[2_499]).await.unwrap().filename, "2499.pdf");
    ids.reverse();
    let mut listed = Vec::new();
    let mut page = PageRequest { limit: 499, cursor: None };
    loop {
        let got = t.store.list_documents(user, page.clone()).await.unwrap();
        listed.extend(got.data.into_iter().map(|document| document.id));
        page.cursor = got.next_cursor;
        if page.cursor.is_none() {
            break;
        }
    }
    assert_eq!(listed, ids);
    assert_eq!(t.store.add_documents(user, Vec::new()).await.unwrap(), []);
}

async fn a_document_in_use_is_not_deleted(t: Fixture) {
    let (user, template) = t.user("unlimited").await;
    let documents = t.documents(user, 2).await;
    t.store.create_batch(user, &new_batch(template, &documents[..1])).await.unwrap();
    t.store.create_extraction(user, documents[1], template, Tier::Standard).await.unwrap();
    for &document in &documents {
        let refused = t.store.delete_document(user, document).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    }
    t.drain().await;
    let refused = t.store.delete_document(user, documents[0]).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "an export of its batch needs it: {refused:?}");
    assert_eq!(t.store.delete_document(user, documents[1]).await, Ok(()));
}

async fn deleting_a_document_takes_its_single_extractions_along(t: Fixture) {
    let (user, template) = t.user("unlimited").await;
    let document = t.documents(user, 1).await[0];
    let extraction = t.store.create_extraction(user, document, template, Tier::Standard).await.unwrap();
    let claim = &t.store.claim(WORKER, 1).await.unwrap()[0];
    t.store.finish(WORKER, &[finished(claim, done(false))]).await.unwrap();
    assert!(t.store.extraction(user, extraction).await.is_ok());
    t.store.delete_document(user, document).await.unwrap();
    assert_eq!(t.store.extraction(user, extraction).await, Err(StoreError::NotFound { what: "extraction" }));
    assert_eq!(t.store.delete_document(user, document).await, Err(NOT_FOUND));
}

async fn uploads_and_deletions_at_once_never_lose_bytes(t: Fixture) {
    let (user, _) = t.user("unlimited").await;
    let tasks = (0..8).map(|_| {
        let store = t.store.clone();
        tokio::spawn(async move {
            let bytes = Bytes::from_static(b"%PDF-1.7 shared");
            for _ in 0..10 {
                let added = store.add_document(user, "a.pdf", MediaType::Pdf, bytes.clone()).await.unwrap();
                assert_eq!(store.document_bytes(user, added.id).await.unwrap(), bytes);
                store.delete_document(user, added.id).await.unwrap();
            }
        })
    });
    for task in futures::future::join_all(tasks).await {
        task.unwrap();
    }
    assert_eq!(files(&blobs(&t)), 0);
}

async fn a_blob_cut_short_is_written_again(t: Fixture) {
    let (user, _) = t.user("ten").await;
    let bytes = Bytes::from_static(b"%PDF-1.7 one");
    let path = blobs(&t).join(format!("{}/{}/{SHA256_OF_ONE}", &SHA256_OF_ONE[..2], &SHA256_OF_ONE[2..4]));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, b"%PDF-").unwrap();
    let document = NewDocument { filename: "a.pdf".into(), media_type: MediaType::Pdf, bytes: bytes.clone() };
    let added = t.store.add_documents(user, vec![document]).await.unwrap();
    assert_eq!(t.store.document_bytes(user, added[0].id).await.unwrap(), bytes);

    std::fs::remove_file(&path).unwrap();
    let gone = t.store.document_bytes(user, added[0].id).await;
    assert!(matches!(gone, Err(StoreError::Internal(_))), "{gone:?}");
}

async fn documents_of_others_are_not_found(t: Fixture) {
    let (ada, _) = t.user("ten").await;
    let (bob, template) = t.user("ten").await;
    let adas = t.documents(ada, 1).await[0];
    for id in [adas, DocumentId(uuid::Uuid::now_v7())] {
        assert_eq!(t.store.document(bob, id).await, Err(NOT_FOUND));
        assert_eq!(t.store.document_bytes(bob, id).await, Err(NOT_FOUND));
        assert_eq!(t.store.delete_document(bob, id).await, Err(NOT_FOUND));
        assert_eq!(t.store.create_extraction(bob, id, template, Tier::Standard).await, Err(NOT_FOUND));
    }
    assert!(t.store.list_documents(bob, PageRequest::default()).await.unwrap().data.is_empty());
    assert_eq!(t.used(bob).await, 0);
}

fn blobs(t: &Fixture) -> std::path::PathBuf {
    t.config.blobs_url.strip_prefix("file://").unwrap().into()
}

/// Blobs in a folder: files whose name is a hash.
fn files(folder: &Path) -> usize {
    let count = |path: &Path| match path.is_dir() {
        true => files(path),
        false => usize::from(path.file_name().is_some_and(|name| name.len() == 64)),
    };
    std::fs::read_dir(folder).unwrap().map(|entry| count(&entry.unwrap().path())).sum()
}
