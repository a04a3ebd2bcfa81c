//! Batches: what is made, what is refused, and what is read of them.

use serde_json::json;
use sheaf_store::{NewBatch, PageRequest, StoreError};
use sheaf_types::{
    BatchId, BatchStatus, Counts, DocumentId, ErrorCode, ExtractionId, Status, TemplateId, Tier,
};

use crate::fixture::{
    Fixture, WORKER, done, engine, failed, field, finished, new_batch, on_both_databases, spec,
};

const NOT_FOUND: StoreError = StoreError::NotFound { what: "batch" };

on_both_databases!(
    a_batch_is_read_as_it_was_made,
    a_batch_keeps_the_version_it_was_made_with,
    a_refused_batch_leaves_nothing_behind,
    the_largest_batch_is_made_and_read_in_upload_order,
    a_batch_goes_from_pending_over_running_to_its_end,
    a_batch_of_failures_has_failed,
    extractions_are_listed_by_status_in_pages,
    an_export_has_fields_errors_and_pages_in_upload_order,
    batches_are_listed_by_status_newest_first,
    batches_of_others_are_not_found,
);

async fn a_batch_is_read_as_it_was_made(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let documents = t.documents(user, 2).await;
    let metadata = json!({"z": 1, "a": ["ä", null, "\0"]});
    let new = NewBatch {
        name: "Mai".into(),
        template_id: template,
        tier: Tier::Premium,
        metadata: Some(metadata.clone()),
        documents: vec![(documents[1], Some("row 7".into())), (documents[0], None)],
    };
    let made = t.store.create_batch(user, &new).await.unwrap();
    assert_eq!((made.name.as_str(), made.use_llm, made.template_version), ("Mai", true, 1));
    assert_eq!(made.metadata.as_ref().unwrap().to_string(), metadata.to_string(), "members keep their order");
    assert_eq!(made.counts, Counts { total: 2, pending: 2, ..Counts::default() });
    assert_eq!((made.status, made.percent, made.eta_seconds), (BatchStatus::Pending, 0, None));
    assert_eq!((made.started_at.as_ref(), made.finished_at.as_ref()), (None, None));
    assert_eq!(t.store.batch(user, made.id).await.unwrap(), made);

    let extractions = t.extractions(user, &made).await;
    let seen: Vec<_> = extractions.iter().map(|e| (e.document_id, e.custom_id.as_deref())).collect();
    assert_eq!(seen, [(documents[1], Some("row 7")), (documents[0], None)]);
    let first = &extractions[0];
    assert_eq!((first.batch_id, first.template_id, first.tier), (Some(made.id), template, Tier::Premium));
    assert_eq!((first.status, first.attempts, first.pages), (Status::Pending, 0, None));
    assert_eq!((first.filename.as_str(), &first.fields), ("1.pdf", &None));
    let alone = t.store.extraction(user, first.id).await.unwrap();
    assert_eq!(alone.fields, Some(Vec::new()));
}

async fn a_batch_keeps_the_version_it_was_made_with(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let first = t.batch((user, template), 1).await;
    t.store.update_template(user, template, &spec("Second"), None).await.unwrap();
    let second = t.batch((user, template), 1).await;
    assert_eq!((first.template_version, second.template_version), (1, 2));
    assert_eq!(t.store.batch(user, first.id).await.unwrap().template_version, 1);
    assert_eq!(t.store.batch_template(user, first.id).await.unwrap().spec, spec("Invoice"));
    assert_eq!(t.store.batch_template(user, second.id).await.unwrap().spec, spec("Second"));
    let versions: Vec<u32> =
        t.store.claim(WORKER, 2).await.unwrap().iter().map(|claim| claim.template_version).collect();
    assert_eq!(versions, [1, 2]);
}

async fn a_refused_batch_leaves_nothing_behind(t: Fixture) {
    let (user, template) = t.user("unlimited").await;
    let (other, others_template) = t.user("unlimited").await;
    let documents = t.documents(user, 3_000).await;
    let others = t.documents(other, 1).await;
    let unknown = DocumentId(uuid::Uuid::now_v7());
    let with = |template, documents: &[DocumentId]| new_batch(template, documents);
    // The last one, so that there were inserts to undo.
    let and = |last| [&documents[..], &[last]].concat();
    let document = StoreError::NotFound { what: "document" };
    let no_template = StoreError::NotFound { what: "template" };
    for (what, new, expected) in [
        ("another's document", with(template, &and(others[0])), Some(document.clone())),
        ("an unknown document", with(template, &and(unknown)), Some(document)),
        ("another's template", with(others_template, &documents), Some(no_template.clone())),
        ("an unknown template", with(TemplateId(uuid::Uuid::now_v7()), &documents), Some(no_template)),
        ("no document", with(template, &[]), None),
        ("a document twice", with(template, &and(documents[0])), None),
        ("a long name", NewBatch { name: "n".repeat(501), ..with(template, &documents) }, None),
        ("a name with NUL", NewBatch { name: "\0".into(), ..with(template, &documents) }, None),
        (
            "large metadata",
            NewBatch { metadata: Some(json!("m".repeat(70_000))), ..with(template, &documents) },
            None,
        ),
        (
            "a long custom id",
            NewBatch { documents: vec![(documents[0], Some("c".repeat(501)))], ..with(template, &[]) },
            None,
        ),
        (
            "too many",
            NewBatch {
                documents: (0..10_001).map(|_| (DocumentId(uuid::Uuid::now_v7()), None)).collect(),
                ..with(template, &[])
            },
            None,
        ),
    ] {
        let error = t.store.create_batch(user, &new).await.expect_err(what);
        match expected {
            Some(expected) => assert_eq!(error, expected, "{what}"),
            None => assert!(matches!(error, StoreError::Invalid(_)), "{what}: {error:?}"),
        }
        assert_eq!(t.used(user).await, 0, "{what}");
    }
    assert_eq!(t.store.queue_depth().await.unwrap().pending, 0);
    assert!(t.store.list_batches(user, None, PageRequest::default()).await.unwrap().data.is_empty());
    assert!(t.store.list_batches(other, None, PageRequest::default()).await.unwrap().data.is_empty());

    let twice = new_batch(template, &[documents[0], documents[1], documents[0]]);
    match t.store.create_batch(user, &twice).await {
        Err(StoreError::Invalid(faults)) => assert_eq!(faults[0].pointer, "/documents/2"),
        other => panic!("{other:?}"),
    }
}

async fn the_largest_batch_is_made_and_read_in_upload_order(t: Fixture) {
    let (user, template) = t.user("unlimited").await;
    let mut documents = t.documents(user, 10_000).await;
    documents.reverse();
    let batch = t.store.create_batch(user, &new_batch(template, &documents)).await.unwrap();
    assert_eq!(batch.counts, Counts { total: 10_000, pending: 10_000, ..Counts::default() });
    let mut exported = Vec::new();
    let mut after = None;
    loop {
        let page = t.store.export_page(user, batch.id, after, 3_000).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        exported.extend(page);
    }
    assert!(exported.iter().map(|(position, _)| *position).eq(0..10_000));
    assert!(exported.iter().map(|(_, extraction)| extraction.document_id).eq(documents));
}

async fn a_batch_goes_from_pending_over_running_to_its_end(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 3).await;
    let at = |second: u32| Some(format!("2026-05-15T12:00:{second:02}.000Z"));
    t.advance(1_000);
    let claims = t.store.claim(WORKER, 2).await.unwrap();
    let now = t.store.batch(user, batch.id).await.unwrap();
    assert_eq!((now.status, &now.started_at, now.eta_seconds), (BatchStatus::Running, &at(1), None));
    assert_eq!((now.counts.pending, now.counts.running), (1, 2));

    t.advance(4_000);
    t.store.finish(WORKER, &[finished(&claims[0], done(false))]).await.unwrap();
    let now = t.store.batch(user, batch.id).await.unwrap();
    assert_eq!((now.percent, now.eta_seconds), (33, Some(8)), "one took four seconds and two are left");

    t.advance(1_000);
    let last = t.store.finish_and_claim(WORKER, &[finished(&claims[1], done(true))], 5).await.unwrap();
    assert_eq!(last.len(), 1);
    assert_eq!(t.store.batch(user, batch.id).await.unwrap().finished_at, None);
    t.advance(1_000);
    t.store.finish(WORKER, &[finished(&last[0], failed(ErrorCode::Corrupt))]).await.unwrap();
    let end = t.store.batch(user, batch.id).await.unwrap();
    assert_eq!((end.status, end.percent, end.eta_seconds), (BatchStatus::Completed, 100, None));
    assert_eq!((end.started_at, end.finished_at.clone()), (at(1), at(7)));
    let counts = Counts { total: 3, completed: 1, needs_review: 1, failed: 1, ..Counts::default() };
    assert_eq!(end.counts, counts);
}

async fn a_batch_of_failures_has_failed(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 2).await;
    for claim in t.store.claim(WORKER, 2).await.unwrap() {
        t.store.finish(WORKER, &[finished(&claim, failed(ErrorCode::Encrypted))]).await.unwrap();
    }
    assert_eq!(t.store.batch(user, batch.id).await.unwrap().status, BatchStatus::Failed);
    assert_eq!(t.used(user).await, 0);
}

async fn extractions_are_listed_by_status_in_pages(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 5).await;
    let claims = t.store.claim(WORKER, 5).await.unwrap();
    let outcomes = [done(false), failed(ErrorCode::Corrupt), done(false), done(true), done(false)];
    let all: Vec<_> = claims.iter().zip(outcomes).map(|(claim, outcome)| finished(claim, outcome)).collect();
    t.store.finish(WORKER, &all).await.unwrap();
    let ids: Vec<ExtractionId> = claims.iter().map(|claim| claim.extraction_id).collect();
    let listed = async |status, limit| {
        let mut page = PageRequest { limit, cursor: None };
        let mut pages = Vec::new();
        loop {
            let got = t.store.batch_extractions(user, batch.id, status, page.clone()).await.unwrap();
            assert!(got.data.iter().all(|extraction| extraction.fields.is_none()));
            pages.push(got.data.into_iter().map(|extraction| extraction.id).collect::<Vec<_>>());
            page.cursor = got.next_cursor;
            if page.cursor.is_none() {
                return pages;
            }
        }
    };
    assert_eq!(listed(None, 2).await, [&ids[0..2], &ids[2..4], &ids[4..5]]);
    assert_eq!(listed(Some(Status::Completed), 2).await, [&[ids[0], ids[2]][..], &[ids[4]]]);
    assert_eq!(listed(Some(Status::Failed), 500).await, [&[ids[1]]]);
    assert_eq!(listed(Some(Status::NeedsReview), 500).await, [&[ids[3]]]);
    assert_eq!(listed(Some(Status::Pending), 500).await, [&[] as &[ExtractionId]]);
}

async fn an_export_has_fields_errors_and_pages_in_upload_order(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 3).await;
    let claims = t.store.claim(WORKER, 2).await.unwrap();
    let outcomes = [failed(ErrorCode::Encrypted), done(true)];
    let all: Vec<_> = claims.iter().zip(outcomes).map(|(claim, outcome)| finished(claim, outcome)).collect();
    t.store.finish(WORKER, &all).await.unwrap();
    let rows = t.store.export_page(user, batch.id, None, 100).await.unwrap();
    let [(0, first), (1, second), (2, third)] = rows.as_slice() else { panic!("{rows:?}") };
    let error = first.error.as_ref().unwrap();
    assert_eq!((first.status, error.code, error.retryable), (Status::Failed, ErrorCode::Encrypted, false));
    assert_eq!((first.pages, &first.engine, first.fields.as_deref()), (None, &None, Some(&[][..])));
    assert_eq!((second.status, second.pages, second.attempts), (Status::NeedsReview, Some(2), 1));
    assert_eq!((&second.engine, &second.error), (&Some(engine()), &None));
    assert_eq!(second.fields, Some(vec![field(true)]));
    assert_eq!((third.status, third.fields.as_deref()), (Status::Pending, Some(&[][..])));
    assert_eq!(t.store.export_page(user, batch.id, Some(1), 100).await.unwrap(), rows[2..]);
    assert_eq!(t.store.export_page(user, batch.id, None, 1).await.unwrap(), rows[..1]);
    assert_eq!(t.store.extraction(user, second.id).await.unwrap(), *second);
    assert_eq!(t.store.document(user, second.document_id).await.unwrap().pages, Some(2));
}

async fn batches_are_listed_by_status_newest_first(t: Fixture) {
    let account = t.user("unlimited").await;
    let (user, _) = account;
    let mut made = Vec::new();
    // Each is drained before the next is made, so that all but the last two are at their end.
    for outcomes in
        [vec![done(false), failed(ErrorCode::Corrupt)], vec![failed(ErrorCode::Corrupt)], vec![done(true)]]
    {
        made.push(t.batch(account, outcomes.len()).await.id);
        let claims = t.store.claim(WORKER, 9).await.unwrap();
        let all: Vec<_> =
            claims.iter().zip(outcomes).map(|(claim, outcome)| finished(claim, outcome)).collect();
        t.store.finish(WORKER, &all).await.unwrap();
    }
    made.push(t.batch(account, 2).await.id);
    t.store.claim(WORKER, 1).await.unwrap();
    made.push(t.batch(account, 1).await.id);
    for (status, expected) in [
        (None, vec![4, 3, 2, 1, 0]),
        (Some(BatchStatus::Pending), vec![4]),
        (Some(BatchStatus::Running), vec![3]),
        (Some(BatchStatus::Completed), vec![2, 0]),
        (Some(BatchStatus::Failed), vec![1]),
        (Some(BatchStatus::Cancelled), vec![]),
    ] {
        let page = t.store.list_batches(user, status, PageRequest::default()).await.unwrap();
        assert!(page.data.iter().all(|batch| status.is_none_or(|status| status == batch.status)), "{page:?}");
        let ids: Vec<BatchId> = page.data.iter().map(|batch| batch.id).collect();
        assert_eq!(ids, expected.iter().map(|&i: &usize| made[i]).collect::<Vec<_>>(), "{status:?}");
    }
    let first = t.store.list_batches(user, None, PageRequest { limit: 3, cursor: None }).await.unwrap();
    let rest = PageRequest { limit: 3, cursor: first.next_cursor };
    let rest = t.store.list_batches(user, None, rest).await.unwrap();
    assert_eq!(rest.data.iter().map(|batch| batch.id).collect::<Vec<_>>(), [made[1], made[0]]);
}

async fn batches_of_others_are_not_found(t: Fixture) {
    let (ada, adas_template) = t.user("ten").await;
    let (bob, _) = t.user("ten").await;
    let batch = t.batch((ada, adas_template), 1).await;
    let extraction = t.extractions(ada, &batch).await[0].id;
    for id in [batch.id, BatchId(uuid::Uuid::now_v7())] {
        assert_eq!(t.store.batch(bob, id).await, Err(NOT_FOUND));
        assert_eq!(t.store.batch_extractions(bob, id, None, PageRequest::default()).await, Err(NOT_FOUND));
        assert_eq!(t.store.export_page(bob, id, None, 1).await, Err(NOT_FOUND));
        assert_eq!(t.store.batch_template(bob, id).await, Err(NOT_FOUND));
    }
    for id in [extraction, ExtractionId(uuid::Uuid::now_v7())] {
        assert_eq!(t.store.extraction(bob, id).await, Err(StoreError::NotFound { what: "extraction" }));
    }
    assert!(t.store.list_batches(bob, None, PageRequest::default()).await.unwrap().data.is_empty());
}
