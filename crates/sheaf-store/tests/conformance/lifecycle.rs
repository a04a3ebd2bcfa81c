//! Cancelling, retrying and deleting batches, also while workers are at them.

use sheaf_store::{Claim, LEASE_MS, Outcome, PageRequest, StoreError};
use sheaf_types::{Batch, BatchId, BatchStatus, Counts, ErrorCode, Status, UserId};

use crate::fixture::{Fixture, WORKER, done, failed, finished, on_both_databases};

const NOT_FOUND: StoreError = StoreError::NotFound { what: "batch" };
const MINUTE_MS: i64 = 60_000;
const THIRTY_DAYS_MS: i64 = 30 * 24 * 60 * MINUTE_MS;

on_both_databases!(
    a_batch_that_waits_is_cancelled_and_refunded_at_once,
    what_runs_at_a_cancellation_may_end_and_is_paid,
    what_would_go_back_to_the_queue_of_a_cancelled_batch_is_cancelled,
    a_heartbeat_tells_what_was_cancelled,
    a_terminal_batch_is_not_cancelled,
    failed_documents_run_again_with_all_of_their_attempts,
    a_retry_is_debited_whole_or_not_at_all,
    what_cannot_be_retried_is_refused,
    a_late_result_of_an_attempt_before_the_retry_changes_nothing,
    a_batch_is_deleted_with_its_results_and_without_its_documents,
    batches_of_others_are_left_alone,
    a_cancellation_among_busy_workers_stops_the_queue,
    retries_at_once_debit_once,
);

async fn a_batch_that_waits_is_cancelled_and_refunded_at_once(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 4).await;
    let other = t.batch((user, template), 1).await;
    t.advance(MINUTE_MS);
    let ended = t.store.cancel_batch(user, batch.id).await.unwrap();
    assert_eq!((ended.status, ended.percent), (BatchStatus::Cancelled, 100));
    assert_eq!(ended.counts, Counts { total: 4, cancelled: 4, ..Counts::default() });
    assert_eq!(ended.finished_at.as_deref(), Some("2026-05-15T12:01:00.000Z"));
    assert_eq!(t.store.batch(user, batch.id).await.unwrap(), ended);
    assert_eq!(t.used(user).await, 1);
    for extraction in t.extractions(user, &batch).await {
        assert_eq!(
            (extraction.status, extraction.finished_at),
            (Status::Cancelled, ended.finished_at.clone())
        );
    }
    let claims = t.store.claim(WORKER, 10).await.unwrap();
    assert_eq!(claims.len(), 1, "the other batch goes on");
    assert_eq!(claims[0].extraction_id, t.extractions(user, &other).await[0].id);
    let listed = t.store.list_batches(user, Some(BatchStatus::Cancelled), PageRequest::default()).await;
    assert_eq!(listed.unwrap().data, [ended]);
}

async fn what_runs_at_a_cancellation_may_end_and_is_paid(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 5).await;
    let claims = t.store.claim(WORKER, 4).await.unwrap();
    t.store.finish(WORKER, &[finished(&claims[0], done(false))]).await.unwrap();
    let now = t.store.cancel_batch(user, batch.id).await.unwrap();
    assert_eq!((now.status, now.finished_at), (BatchStatus::Running, None));
    assert_eq!(now.counts, Counts { total: 5, completed: 1, running: 3, cancelled: 1, ..Counts::default() });
    assert_eq!(t.used(user).await, 4);
    let again = t.store.cancel_batch(user, batch.id).await.unwrap();
    assert_eq!((again.counts, t.used(user).await), (now.counts, 4), "once more changes nothing");

    t.advance(MINUTE_MS / 2);
    let outcomes = [done(true), failed(ErrorCode::Corrupt), Outcome::Released];
    let rest: Vec<_> = claims[1..].iter().zip(outcomes).map(|(claim, end)| finished(claim, end)).collect();
    assert_eq!(t.store.finish(WORKER, &rest).await, Ok(3));
    let end = t.store.batch(user, batch.id).await.unwrap();
    assert_eq!(end.status, BatchStatus::Cancelled);
    assert_eq!(end.finished_at.as_deref(), Some("2026-05-15T12:00:30.000Z"));
    let counts =
        Counts { total: 5, completed: 1, needs_review: 1, failed: 1, cancelled: 2, ..Counts::default() };
    assert_eq!(end.counts, counts);
    assert_eq!(t.used(user).await, 2, "what completed or needs review is paid");
    assert_eq!(t.store.finish(WORKER, &rest).await, Ok(0));
    assert_eq!(t.store.batch(user, batch.id).await.unwrap(), end);
}

async fn what_would_go_back_to_the_queue_of_a_cancelled_batch_is_cancelled(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 3).await;
    let claims = t.store.claim(WORKER, 3).await.unwrap();
    t.store.cancel_batch(user, batch.id).await.unwrap();
    let failed = finished(&claims[0], failed(ErrorCode::Timeout));
    assert_eq!(t.store.finish_and_claim(WORKER, &[failed], 5).await.unwrap(), []);
    let released = finished(&claims[1], Outcome::Released);
    assert_eq!(t.store.finish_and_claim(WORKER, &[released], 5).await.unwrap(), []);
    t.advance(LEASE_MS + 1);
    assert_eq!(t.store.claim("next", 5).await.unwrap(), [], "the third's worker is lost");
    let end = t.store.batch(user, batch.id).await.unwrap();
    assert_eq!(end.counts, Counts { total: 3, cancelled: 3, ..Counts::default() });
    assert_eq!((end.status, end.finished_at.is_some()), (BatchStatus::Cancelled, true));
    assert_eq!(t.used(user).await, 0);
}

async fn a_heartbeat_tells_what_was_cancelled(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 1).await;
    t.batch((user, template), 1).await;
    let claims = t.store.claim(WORKER, 2).await.unwrap();
    let held: Vec<_> = claims.iter().map(|claim| (claim.extraction_id, claim.attempt)).collect();
    assert_eq!(t.store.heartbeat(WORKER, &held).await.unwrap(), []);
    t.store.cancel_batch(user, batch.id).await.unwrap();
    assert_eq!(t.store.heartbeat(WORKER, &held).await.unwrap(), [t.extractions(user, &batch).await[0].id]);
}

async fn a_terminal_batch_is_not_cancelled(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let completed = t.batch((user, template), 1).await;
    t.drain().await;
    let cancelled = t.batch((user, template), 1).await;
    t.store.cancel_batch(user, cancelled.id).await.unwrap();
    for id in [completed.id, cancelled.id] {
        let before = t.store.batch(user, id).await.unwrap();
        expect_conflict(&t.store.cancel_batch(user, id).await);
        assert_eq!(t.store.batch(user, id).await.unwrap(), before);
    }
    assert_eq!(t.used(user).await, 1);
}

async fn failed_documents_run_again_with_all_of_their_attempts(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 4).await;
    let ends = [done(false), failed(ErrorCode::Corrupt), done(true), failed(ErrorCode::Encrypted)];
    let first = end_all(&t, ends).await;
    assert!(t.store.batch(user, batch.id).await.unwrap().finished_at.is_some());
    assert_eq!(t.used(user).await, 2);

    let now = t.store.retry_batch(user, batch.id).await.unwrap();
    assert_eq!((now.status, now.finished_at.as_ref(), now.percent), (BatchStatus::Running, None, 50));
    assert_eq!((now.counts.pending, now.counts.completed, now.counts.needs_review), (2, 1, 1));
    assert_eq!(t.used(user).await, 4);
    let waiting = &t.extractions(user, &batch).await[1];
    assert_eq!((waiting.status, waiting.attempts, &waiting.error), (Status::Pending, 0, &None));
    assert_eq!((waiting.started_at.as_ref(), waiting.finished_at.as_ref()), (None, None));

    // In upload order, and three times until it fails for good.
    for attempt in 1..=3 {
        let claims = t.store.claim(WORKER, 5).await.unwrap();
        let ids: Vec<_> = claims.iter().map(|claim| claim.extraction_id).collect();
        assert_eq!(ids, [first[1].extraction_id, first[3].extraction_id]);
        assert_eq!(t.extractions(user, &batch).await[1].attempts, attempt);
        let all: Vec<_> = claims.iter().map(|claim| finished(claim, failed(ErrorCode::Timeout))).collect();
        t.store.finish(WORKER, &all).await.unwrap();
        t.advance(8_000);
    }
    let end = t.store.batch(user, batch.id).await.unwrap();
    assert_eq!((end.status, end.counts.failed), (BatchStatus::Completed, 2));
    assert_eq!(t.used(user).await, 2);

    t.store.retry_batch(user, batch.id).await.unwrap();
    assert_eq!(t.drain().await, 2);
    let end = t.store.batch(user, batch.id).await.unwrap();
    assert_eq!((end.status, end.counts.completed, end.counts.failed), (BatchStatus::Completed, 3, 0));
    assert!(end.finished_at.is_some());
    assert_eq!(t.used(user).await, 4);
}

async fn a_retry_is_debited_whole_or_not_at_all(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 4).await;
    end_all(&t, [(); 4].map(|()| failed(ErrorCode::Corrupt))).await;
    t.batch((user, template), 7).await;
    let before = t.store.batch(user, batch.id).await.unwrap();
    let refused = t.store.retry_batch(user, batch.id).await;
    assert!(
        matches!(refused, Err(StoreError::QuotaExceeded { required: 4, available: 3, .. })),
        "{refused:?}"
    );
    assert_eq!((t.store.batch(user, batch.id).await.unwrap(), t.used(user).await), (before, 7));
    assert!(t.extractions(user, &batch).await.iter().all(|extraction| extraction.error.is_some()));

    t.advance(THIRTY_DAYS_MS);
    t.store.retry_batch(user, batch.id).await.unwrap();
    assert_eq!(t.used(user).await, 4, "the month of the retry pays");
    t.store.cancel_batch(user, batch.id).await.unwrap();
    assert_eq!(t.used(user).await, 0, "and is refunded");
    t.advance(-THIRTY_DAYS_MS);
    assert_eq!(t.used(user).await, 7);
}

async fn what_cannot_be_retried_is_refused(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let waiting = t.batch((user, template), 1).await;
    expect_conflict(&t.store.retry_batch(user, waiting.id).await);
    t.drain().await;
    expect_conflict(&t.store.retry_batch(user, waiting.id).await);

    let cancelled = t.batch((user, template), 2).await;
    let claims = t.store.claim(WORKER, 1).await.unwrap();
    t.store.finish(WORKER, &[finished(&claims[0], failed(ErrorCode::Corrupt))]).await.unwrap();
    t.store.cancel_batch(user, cancelled.id).await.unwrap();
    expect_conflict(&t.store.retry_batch(user, cancelled.id).await);
    assert_eq!(t.used(user).await, 1);
}

async fn a_late_result_of_an_attempt_before_the_retry_changes_nothing(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 1).await;
    // This worker loses its lease; others use up the attempts.
    let late = t.store.claim(WORKER, 1).await.unwrap();
    for _ in 0..2 {
        t.advance(LEASE_MS + 1);
        t.store.claim("other", 0).await.unwrap();
        t.advance(8_000);
        assert_eq!(t.store.claim("other", 1).await.unwrap().len(), 1);
    }
    t.advance(LEASE_MS + 1);
    t.store.claim("other", 0).await.unwrap();
    assert_eq!(t.extractions(user, &batch).await[0].status, Status::Failed);

    t.store.retry_batch(user, batch.id).await.unwrap();
    let again = t.store.claim(WORKER, 1).await.unwrap();
    assert_eq!(again[0].extraction_id, late[0].extraction_id);
    assert_eq!(
        t.store.heartbeat(WORKER, &[(late[0].extraction_id, late[0].attempt)]).await.unwrap().len(),
        1
    );
    for outcome in [done(true), failed(ErrorCode::Corrupt), Outcome::Released] {
        assert_eq!(t.store.finish(WORKER, &[finished(&late[0], outcome)]).await, Ok(0));
    }
    assert_eq!(t.extractions(user, &batch).await[0].status, Status::Running);
    assert_eq!(t.store.finish(WORKER, &[finished(&again[0], done(false))]).await, Ok(1));
    let end = &t.extractions(user, &batch).await[0];
    assert_eq!((end.status, end.attempts), (Status::Completed, 1));
    assert_eq!(t.used(user).await, 1);
}

async fn a_batch_is_deleted_with_its_results_and_without_its_documents(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 3).await;
    let kept = t.batch((user, template), 1).await;
    expect_conflict(&t.store.delete_batch(user, batch.id).await);
    end_all(&t, [done(false), done(true), failed(ErrorCode::Corrupt), done(false)]).await;
    let extractions = t.extractions(user, &batch).await;
    let document = extractions[0].document_id;
    assert!(matches!(t.store.delete_document(user, document).await, Err(StoreError::Conflict(_))));

    t.store.delete_batch(user, batch.id).await.unwrap();
    assert_eq!(t.store.batch(user, batch.id).await, Err(NOT_FOUND));
    assert_eq!(t.store.delete_batch(user, batch.id).await, Err(NOT_FOUND));
    for extraction in &extractions {
        let gone = t.store.extraction(user, extraction.id).await;
        assert_eq!(gone, Err(StoreError::NotFound { what: "extraction" }));
    }
    assert_eq!(t.used(user).await, 3, "usage stays");
    t.store.document(user, document).await.unwrap();
    t.store.delete_document(user, document).await.unwrap();
    assert_eq!(t.store.batch(user, kept.id).await.unwrap().counts.completed, 1);
}

async fn batches_of_others_are_left_alone(t: Fixture) {
    let (ada, template) = t.user("ten").await;
    let (bob, _) = t.user("ten").await;
    let running = t.batch((ada, template), 2).await;
    let claims = t.store.claim(WORKER, 1).await.unwrap();
    t.store.finish(WORKER, &[finished(&claims[0], failed(ErrorCode::Corrupt))]).await.unwrap();
    let before = t.store.batch(ada, running.id).await.unwrap();
    for id in [running.id, BatchId(uuid::Uuid::now_v7())] {
        assert_eq!(t.store.cancel_batch(bob, id).await, Err(NOT_FOUND));
        assert_eq!(t.store.retry_batch(bob, id).await, Err(NOT_FOUND));
        assert_eq!(t.store.delete_batch(bob, id).await, Err(NOT_FOUND));
    }
    assert_eq!(t.store.batch(ada, running.id).await.unwrap(), before);
}

async fn a_cancellation_among_busy_workers_stops_the_queue(t: Fixture) {
    let account = t.user("unlimited").await;
    let (user, _) = account;
    let other = t.reopen().await;
    for round in 0..8 {
        let batches = [t.batch(account, 60).await, t.batch(account, 60).await];
        let cancelled = tokio::sync::watch::Sender::new(false);
        let workers = (0..6).map(|i| {
            let store = if i % 2 == 0 { t.store.clone() } else { other.clone() };
            let cancellation = cancelled.subscribe();
            tokio::spawn(async move {
                let worker = format!("worker-{round}-{i}");
                let (mut ends, mut empty, mut late): (Vec<_>, _, Vec<Claim>) = (Vec::new(), 0, Vec::new());
                while empty < 3 {
                    let known = *cancellation.borrow();
                    let claims = store.finish_and_claim(&worker, &ends, 4).await.unwrap();
                    if known {
                        late.extend(claims.iter().cloned());
                    }
                    empty = if claims.is_empty() { empty + 1 } else { 0 };
                    // Some end, some are handed back.
                    let end = |(n, claim)| {
                        finished(claim, if n % 3 == 1 { Outcome::Released } else { done(false) })
                    };
                    ends = claims.iter().enumerate().map(end).collect();
                    tokio::task::yield_now().await;
                }
                late
            })
        });
        let workers: Vec<_> = workers.collect();
        tokio::time::sleep(std::time::Duration::from_millis(5 * round)).await;
        let answer = t.store.cancel_batch(user, batches[0].id).await;
        cancelled.send_replace(true);
        if let Ok(batch) = &answer {
            assert_eq!(batch.counts.pending, 0, "{:?}", batch.counts);
        }
        let ids: Vec<_> = t.extractions(user, &batches[0]).await.into_iter().map(|e| e.id).collect();
        for worker in workers {
            for claim in worker.await.unwrap() {
                assert!(!ids.contains(&claim.extraction_id), "started after the cancellation's answer");
            }
        }
        let ends = ends(&t, user, &batches).await;
        assert!(ends.iter().all(|batch| batch.finished_at.is_some()), "{ends:?}");
        match answer {
            Ok(_) => assert_eq!(ends[0].status, BatchStatus::Cancelled),
            Err(error) => expect_conflict(&Err::<(), _>(error)),
        }
        assert_eq!((ends[1].status, ends[1].counts.completed), (BatchStatus::Completed, 60));
    }
    let all = t.store.list_batches(user, None, PageRequest::default()).await.unwrap().data;
    let delivered: u64 = all.iter().map(|batch| batch.counts.completed).sum();
    assert_eq!(t.used(user).await, delivered);
}

async fn retries_at_once_debit_once(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 3).await;
    end_all(&t, [(); 3].map(|()| failed(ErrorCode::Corrupt))).await;
    let tasks = (0..8).map(|_| {
        let store = t.store.clone();
        tokio::spawn(async move { store.retry_batch(user, batch.id).await })
    });
    let mut retried = 0;
    for result in futures::future::join_all(tasks).await {
        match result.unwrap() {
            Ok(_) => retried += 1,
            refused => expect_conflict(&refused),
        }
    }
    assert_eq!((retried, t.used(user).await), (1, 3));
    assert_eq!(t.drain().await, 3);
}

/// Claims everything and ends it like this, in upload order.
async fn end_all<const N: usize>(t: &Fixture, ends: [Outcome; N]) -> Vec<Claim> {
    let claims = t.store.claim(WORKER, N as u32 + 1).await.unwrap();
    assert_eq!(claims.len(), N);
    let all: Vec<_> = claims.iter().zip(ends).map(|(claim, end)| finished(claim, end)).collect();
    assert_eq!(t.store.finish(WORKER, &all).await, Ok(N as u64));
    claims
}

async fn ends(t: &Fixture, user: UserId, batches: &[Batch]) -> Vec<Batch> {
    let mut ends = Vec::new();
    for batch in batches {
        ends.push(t.store.batch(user, batch.id).await.unwrap());
    }
    ends
}

#[track_caller]
fn expect_conflict<T: std::fmt::Debug>(result: &Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Conflict(_))), "{result:?}");
}
