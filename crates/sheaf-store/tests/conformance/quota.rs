//! The month's quota.

use sheaf_store::StoreError;
use sheaf_types::{ErrorCode, Tier};

use crate::fixture::{Fixture, WORKER, done, failed, finished, new_batch, on_both_databases};

on_both_databases!(
    usage_tells_the_plan_and_the_month,
    what_would_exceed_the_quota_leaves_nothing_behind,
    work_made_at_once_never_exceeds_the_quota,
    a_failed_document_is_refunded_once_and_no_other,
    a_new_month_starts_at_nothing_and_refunds_go_to_the_month_that_paid,
);

/// More than a month.
const THIRTY_DAYS_MS: i64 = 30 * 24 * 3_600_000;

async fn usage_tells_the_plan_and_the_month(t: Fixture) {
    let (user, template) = t.user("ten").await;
    t.batch((user, template), 3).await;
    let usage = t.store.usage(user).await.unwrap();
    assert_eq!(
        (usage.plan.as_str(), usage.limit, usage.used, usage.remaining),
        ("ten", Some(10), 3, Some(7))
    );
    assert_eq!(usage.period.start, "2026-05-01T00:00:00.000Z");
    assert_eq!(usage.period.end, "2026-06-01T00:00:00.000Z");

    let (user, template) = t.user("unlimited").await;
    t.batch((user, template), 12).await;
    let usage = t.store.usage(user).await.unwrap();
    assert_eq!((usage.limit, usage.used, usage.remaining), (None, 12, None));

    let (user, template) = t.user("none").await;
    let document = t.documents(user, 1).await[0];
    let refused = t.store.create_extraction(user, document, template, Tier::Standard).await;
    assert!(matches!(refused, Err(StoreError::QuotaExceeded { required: 1, available: 0, limit: 0, .. })));
    assert_eq!(t.used(user).await, 0);
}

async fn what_would_exceed_the_quota_leaves_nothing_behind(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let documents = t.documents(user, 11).await;
    let refusal = |required, available| {
        Err(StoreError::QuotaExceeded {
            required,
            available,
            limit: 10,
            resets_at: "2026-06-01T00:00:00.000Z".into(),
        })
    };
    let all = t.store.create_batch(user, &new_batch(template, &documents)).await;
    assert_eq!(all.map(|_| ()), refusal(11, 10));
    assert_eq!(t.used(user).await, 0);
    t.store.create_batch(user, &new_batch(template, &documents[..8])).await.unwrap();
    let rest = t.store.create_batch(user, &new_batch(template, &documents[8..])).await;
    assert_eq!(rest.map(|_| ()), refusal(3, 2));
    assert_eq!(t.used(user).await, 8);
    assert_eq!(t.store.queue_depth().await.unwrap().pending, 8);
    let batches = t.store.list_batches(user, None, Default::default()).await.unwrap();
    assert_eq!(batches.data.len(), 1);
    t.store.create_batch(user, &new_batch(template, &documents[8..10])).await.unwrap();
    assert_eq!(t.used(user).await, 10);
}

async fn work_made_at_once_never_exceeds_the_quota(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let documents = t.documents(user, 3).await;
    let other = t.reopen().await;
    let tasks = (0..100).map(|i| {
        // Half of them from another process.
        let store = if i % 2 == 0 { t.store.clone() } else { other.clone() };
        let new = new_batch(template, &documents);
        tokio::spawn(async move { store.create_batch(user, &new).await.map(|_| ()) })
    });
    let mut made = 0;
    for result in futures::future::join_all(tasks).await {
        match result.unwrap() {
            Ok(()) => made += 1,
            Err(StoreError::QuotaExceeded { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(made, 3);
    assert_eq!(t.used(user).await, 9);
    assert_eq!(t.store.queue_depth().await.unwrap().pending, 9);
}

async fn a_failed_document_is_refunded_once_and_no_other(t: Fixture) {
    let (user, template) = t.user("ten").await;
    t.batch((user, template), 4).await;
    let claims = t.store.claim(WORKER, 4).await.unwrap();
    let outcomes = [done(false), done(true), failed(ErrorCode::Corrupt), failed(ErrorCode::Timeout)];
    let finished: Vec<_> =
        claims.iter().zip(outcomes).map(|(claim, outcome)| finished(claim, outcome)).collect();
    assert_eq!(t.store.finish(WORKER, &finished).await, Ok(4));
    assert_eq!(
        t.used(user).await,
        3,
        "the corrupt one came back; the one that timed out will be tried again"
    );
    assert_eq!(t.store.finish(WORKER, &finished).await, Ok(0));
    assert_eq!(t.used(user).await, 3, "once only");
}

async fn a_new_month_starts_at_nothing_and_refunds_go_to_the_month_that_paid(t: Fixture) {
    let (user, template) = t.user("ten").await;
    t.batch((user, template), 10).await;
    t.advance(THIRTY_DAYS_MS);
    let usage = t.store.usage(user).await.unwrap();
    assert_eq!((usage.used, usage.period.start.as_str()), (0, "2026-06-01T00:00:00.000Z"));
    t.batch((user, template), 10).await;

    let claims = t.store.claim(WORKER, 2).await.unwrap();
    let finished: Vec<_> = claims.iter().map(|claim| finished(claim, failed(ErrorCode::Encrypted))).collect();
    t.store.finish(WORKER, &finished).await.unwrap();
    assert_eq!(t.used(user).await, 10, "June paid for none of these");
    t.advance(-THIRTY_DAYS_MS);
    assert_eq!(t.used(user).await, 8);
}
