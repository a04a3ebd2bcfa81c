//! The queue: order, fences, leases, attempts.

use std::collections::HashSet;

use sheaf_store::{LEASE_MS, Outcome, QueueDepth};
use sheaf_types::{BatchStatus, ErrorCode, MediaType, Status, Tier};

use crate::fixture::{Fixture, WORKER, done, failed, finished, on_both_databases};

on_both_databases!(
    a_claim_says_what_to_do,
    a_batch_is_claimed_in_upload_order,
    five_documents_behind_ten_thousand_end_after_about_ten_claims,
    accounts_that_waited_gain_nothing_and_lose_nothing,
    what_somebody_waits_for_comes_first,
    claims_at_once_never_hand_out_a_document_twice,
    a_late_worker_changes_nothing,
    a_lost_lease_goes_back_and_the_third_fails,
    a_heartbeat_keeps_a_lease_and_tells_what_is_lost,
    a_retryable_failure_is_tried_three_times_with_pauses,
    a_released_document_is_claimed_again_and_the_attempt_does_not_count,
    workers_that_finish_a_batch_together_end_it,
    depth_tells_how_much_waits_and_how_long,
    hints_come_with_new_work_and_with_ends,
    batches_go_on_however_much_is_waited_for,
);

async fn a_claim_says_what_to_do(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 1).await;
    let claims = t.store.claim(WORKER, 5).await.unwrap();
    let [claim] = claims.as_slice() else { panic!("{claims:?}") };
    let extraction = &t.extractions(user, &batch).await[0];
    assert_eq!((claim.extraction_id, claim.document_id), (extraction.id, extraction.document_id));
    assert_eq!((claim.attempt, claim.media_type, claim.tier), (1, MediaType::Pdf, Tier::Standard));
    assert_eq!((claim.template_id, claim.template_version), (template, 1));
    assert_eq!(t.store.blob(&claim.sha256).await.unwrap(), "%PDF-1.7 the same");
    assert_eq!((extraction.status, extraction.attempts), (Status::Running, 1));
    assert_eq!(extraction.started_at.as_deref(), Some("2026-05-15T12:00:00.000Z"));
    assert!(t.store.claim("worker-2", 5).await.unwrap().is_empty());
}

async fn a_batch_is_claimed_in_upload_order(t: Fixture) {
    let (user, template) = t.user("unlimited").await;
    let batch = t.batch((user, template), 20).await;
    let mut claimed = Vec::new();
    for n in [0, 1, 7, 100] {
        claimed.extend(t.store.claim(WORKER, n).await.unwrap().into_iter().map(|claim| claim.extraction_id));
    }
    let expected: Vec<_> = t.extractions(user, &batch).await.into_iter().map(|e| e.id).collect();
    assert_eq!(claimed, expected);
}

async fn five_documents_behind_ten_thousand_end_after_about_ten_claims(t: Fixture) {
    t.batch(t.user("unlimited").await, 10_000).await;
    // The large batch is on its way.
    for _ in 0..100 {
        let claims = t.store.claim(WORKER, 1).await.unwrap();
        t.store.finish(WORKER, &[finished(&claims[0], done(false))]).await.unwrap();
    }
    let account = t.user("unlimited").await;
    let small = t.batch(account, 5).await;
    let mut claims = 0;
    while t.store.batch(account.0, small.id).await.unwrap().status != BatchStatus::Completed {
        let claimed = t.store.claim(WORKER, 1).await.unwrap();
        t.store.finish(WORKER, &[finished(&claimed[0], done(false))]).await.unwrap();
        claims += 1;
        assert!(claims <= 11, "five documents wait for the large batch");
    }
}

async fn accounts_that_waited_gain_nothing_and_lose_nothing(t: Fixture) {
    let (ada, bob, eve) = (t.user("unlimited").await, t.user("unlimited").await, t.user("unlimited").await);
    // Ada has used much before; then the queue is empty, and all start level.
    t.batch(ada, 30).await;
    assert_eq!(t.drain().await, 30);
    // What somebody waits for does not count in that, though it runs now.
    let document = t.documents(eve.0, 1).await[0];
    t.store.create_extraction(eve.0, document, eve.1, Tier::Standard).await.unwrap();
    assert_eq!(t.store.claim(WORKER, 1).await.unwrap().len(), 1);
    let bobs = t.batch(bob, 10).await;
    let adas = t.batch(ada, 10).await;
    // A second batch of the same account does not make it faster.
    let adas_second = t.batch(ada, 10).await;
    let eves = t.batch(eve, 10).await;
    let batch_of = async |n| {
        let mut count = [0; 4];
        let claims = t.store.claim(WORKER, n).await.unwrap();
        assert_eq!(claims.len(), n as usize);
        for (i, (user, batch)) in
            [(bob.0, &bobs), (ada.0, &adas), (ada.0, &adas_second), (eve.0, &eves)].into_iter().enumerate()
        {
            let ids: HashSet<_> = t.extractions(user, batch).await.into_iter().map(|e| e.id).collect();
            count[i] = claims.iter().filter(|claim| ids.contains(&claim.extraction_id)).count();
        }
        count
    };
    assert_eq!(batch_of(15).await, [5, 5, 0, 5]);
    assert_eq!(batch_of(15).await, [5, 5, 0, 5]);
    assert_eq!(batch_of(10).await, [0, 0, 10, 0]);
}

async fn what_somebody_waits_for_comes_first(t: Fixture) {
    let account = t.user("unlimited").await;
    t.batch(account, 50).await;
    t.store.claim(WORKER, 1).await.unwrap();
    let documents = t.documents(account.0, 2).await;
    let mut waited = Vec::new();
    for document in documents {
        waited.push(t.store.create_extraction(account.0, document, account.1, Tier::Premium).await.unwrap());
        t.advance(1);
    }
    let claims = t.store.claim(WORKER, 3).await.unwrap();
    let first: Vec<_> = claims.iter().take(2).map(|claim| claim.extraction_id).collect();
    assert_eq!(first, waited, "in order of arrival");
    assert_eq!((claims[0].tier, claims[2].tier), (Tier::Premium, Tier::Standard));
    t.store.finish(WORKER, &[finished(&claims[0], done(false))]).await.unwrap();
    let extraction = t.store.extraction(account.0, waited[0]).await.unwrap();
    assert_eq!((extraction.status, extraction.batch_id), (Status::Completed, None));

    // They do not move the virtual time: an account that comes now shares with the batch.
    let late = t.user("unlimited").await;
    t.batch(late, 5).await;
    let claims = t.store.claim(WORKER, 10).await.unwrap();
    let mut owners = HashSet::new();
    for claim in &claims {
        owners.insert(t.store.extraction(late.0, claim.extraction_id).await.is_ok());
    }
    assert_eq!(owners.len(), 2);
}

async fn claims_at_once_never_hand_out_a_document_twice(t: Fixture) {
    let (user, template) = t.user("unlimited").await;
    let batch = t.batch((user, template), 200).await;
    let other = t.reopen().await;
    let tasks = (0..8).map(|i| {
        let store = if i % 2 == 0 { t.store.clone() } else { other.clone() };
        tokio::spawn(async move {
            let worker = format!("worker-{i}");
            let mut mine = Vec::new();
            let mut claims = store.claim(&worker, 3).await.unwrap();
            // A claim may come back empty while others hold rows locked, so emptiness is asked twice.
            let mut empty = 0;
            while empty < 2 {
                empty = if claims.is_empty() { empty + 1 } else { 0 };
                mine.extend(claims.iter().map(|claim| claim.extraction_id));
                let all: Vec<_> = claims.iter().map(|claim| finished(claim, done(false))).collect();
                claims = store.finish_and_claim(&worker, &all, 3).await.unwrap();
            }
            mine
        })
    });
    let mut all = Vec::new();
    for mine in futures::future::join_all(tasks).await {
        all.extend(mine.unwrap());
    }
    assert_eq!(all.len(), 200);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 200);
    let end = t.store.batch(user, batch.id).await.unwrap();
    assert_eq!((end.counts.completed, end.finished_at.is_some()), (200, true));
}

async fn a_late_worker_changes_nothing(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 1).await;
    let late = t.store.claim("late", 1).await.unwrap();
    t.advance(LEASE_MS + 1);
    assert!(t.store.claim("next", 1).await.unwrap().is_empty(), "it pauses after a lost lease");
    t.advance(2_000);
    let next = t.store.claim("next", 1).await.unwrap();
    assert_eq!((next.len(), next[0].attempt), (1, 2));
    let before = t.extractions(user, &batch).await;
    for outcome in [done(false), failed(ErrorCode::Corrupt), Outcome::Released] {
        assert_eq!(t.store.finish("late", &[finished(&late[0], outcome)]).await, Ok(0));
    }
    // Its name alone or its attempt alone do not help it either.
    assert_eq!(t.store.finish("next", &[finished(&late[0], done(false))]).await, Ok(0));
    assert_eq!(t.store.finish("late", &[finished(&next[0], done(false))]).await, Ok(0));
    assert_eq!(t.extractions(user, &batch).await, before);
    assert_eq!(t.used(user).await, 1);

    assert_eq!(t.store.finish("next", &[finished(&next[0], done(false))]).await, Ok(1));
    for outcome in [done(true), failed(ErrorCode::Corrupt), Outcome::Released] {
        assert_eq!(t.store.finish("next", &[finished(&next[0], outcome)]).await, Ok(0), "an end is an end");
    }
    assert_eq!(t.extractions(user, &batch).await[0].status, Status::Completed);
}

async fn a_lost_lease_goes_back_and_the_third_fails(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 2).await;
    for attempt in 1..=3 {
        let claims = t.store.claim(&format!("worker-{attempt}"), 2).await.unwrap();
        assert_eq!(claims.iter().map(|claim| claim.attempt).collect::<Vec<_>>(), [attempt; 2]);
        t.advance(LEASE_MS);
        assert!(t.store.claim("other", 2).await.unwrap().is_empty());
        assert_eq!(t.store.queue_depth().await.unwrap().running, 2, "a lease holds to its last moment");
        t.advance(1);
        assert!(t.store.claim("other", 2).await.unwrap().is_empty());
        t.advance(8_000);
    }
    assert!(t.store.claim("other", 2).await.unwrap().is_empty());
    for extraction in t.extractions(user, &batch).await {
        let error = extraction.error.unwrap();
        assert_eq!((extraction.status, extraction.attempts), (Status::Failed, 3));
        assert_eq!((error.code, error.retryable), (ErrorCode::Crashed, true));
    }
    let end = t.store.batch(user, batch.id).await.unwrap();
    assert_eq!((end.status, end.finished_at.is_some()), (BatchStatus::Failed, true));
    assert_eq!(t.used(user).await, 0);
}

async fn a_heartbeat_keeps_a_lease_and_tells_what_is_lost(t: Fixture) {
    let (user, template) = t.user("ten").await;
    t.batch((user, template), 2).await;
    let claims = t.store.claim(WORKER, 2).await.unwrap();
    let held: Vec<_> = claims.iter().map(|claim| (claim.extraction_id, claim.attempt)).collect();
    for _ in 0..5 {
        t.advance(20_000);
        assert_eq!(t.store.heartbeat(WORKER, &held).await.unwrap(), []);
        assert!(t.store.claim("other", 2).await.unwrap().is_empty());
    }
    t.store.finish(WORKER, &[finished(&claims[0], done(false))]).await.unwrap();
    assert_eq!(t.store.heartbeat(WORKER, &held).await.unwrap(), [held[0].0]);
    assert_eq!(t.store.heartbeat("other", &held).await.unwrap(), [held[0].0, held[1].0]);
    t.advance(LEASE_MS + 1);
    t.store.claim("other", 0).await.unwrap();
    assert_eq!(t.store.heartbeat(WORKER, &held[1..]).await.unwrap(), [held[1].0], "taken back");
}

async fn a_retryable_failure_is_tried_three_times_with_pauses(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 1).await;
    for (attempt, pause_ms) in [(1, 2_000), (2, 4_000)] {
        let claims = t.store.claim(WORKER, 1).await.unwrap();
        assert_eq!(claims[0].attempt, attempt);
        assert_eq!(t.store.finish(WORKER, &[finished(&claims[0], failed(ErrorCode::Timeout))]).await, Ok(1));
        let waiting = &t.extractions(user, &batch).await[0];
        assert_eq!((waiting.status, &waiting.error), (Status::Pending, &None));
        t.advance(pause_ms - 1);
        assert!(t.store.claim(WORKER, 1).await.unwrap().is_empty(), "attempt {attempt}");
        t.advance(1);
    }
    let claims = t.store.claim(WORKER, 1).await.unwrap();
    t.store.finish(WORKER, &[finished(&claims[0], failed(ErrorCode::Timeout))]).await.unwrap();
    let end = &t.extractions(user, &batch).await[0];
    assert_eq!((end.status, end.attempts), (Status::Failed, 3));
    assert_eq!(end.error.as_ref().unwrap().code, ErrorCode::Timeout);
    assert_eq!(t.used(user).await, 0);
}

async fn a_released_document_is_claimed_again_and_the_attempt_does_not_count(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let batch = t.batch((user, template), 1).await;
    for _ in 0..5 {
        let claims = t.store.claim(WORKER, 1).await.unwrap();
        assert_eq!(claims[0].attempt, 1);
        assert_eq!(t.store.finish(WORKER, &[finished(&claims[0], Outcome::Released)]).await, Ok(1));
    }
    assert_eq!(t.extractions(user, &batch).await[0].attempts, 0);
    assert_eq!(t.store.batch(user, batch.id).await.unwrap().status, BatchStatus::Pending);
    assert_eq!(t.used(user).await, 1);
}

async fn workers_that_finish_a_batch_together_end_it(t: Fixture) {
    let account = t.user("unlimited").await;
    for _ in 0..20 {
        let batch = t.batch(account, 4).await;
        let claims = t.store.claim(WORKER, 4).await.unwrap();
        let tasks = claims.into_iter().map(|claim| {
            let store = t.store.clone();
            tokio::spawn(async move { store.finish(WORKER, &[finished(&claim, done(false))]).await.unwrap() })
        });
        futures::future::join_all(tasks).await;
        let end = t.store.batch(account.0, batch.id).await.unwrap();
        assert_eq!((end.status, end.finished_at.is_some()), (BatchStatus::Completed, true));
    }
}

async fn depth_tells_how_much_waits_and_how_long(t: Fixture) {
    let depth = |pending, running, oldest_pending_ms| QueueDepth { pending, running, oldest_pending_ms };
    assert_eq!(t.store.queue_depth().await.unwrap(), depth(0, 0, None));
    let account = t.user("ten").await;
    t.batch(account, 2).await;
    t.advance(500);
    t.batch(account, 1).await;
    t.store.claim(WORKER, 1).await.unwrap();
    assert_eq!(t.store.queue_depth().await.unwrap(), depth(2, 1, Some(500)));
    t.store.claim(WORKER, 1).await.unwrap();
    assert_eq!(t.store.queue_depth().await.unwrap(), depth(1, 2, Some(0)));
}

async fn hints_come_with_new_work_and_with_ends(t: Fixture) {
    let (mut enqueued, mut ended) = (t.store.enqueued(), t.store.finished());
    let mut hints = || {
        let seen = (enqueued.has_changed().unwrap(), ended.has_changed().unwrap());
        enqueued.mark_unchanged();
        ended.mark_unchanged();
        seen
    };
    let account = t.user("ten").await;
    assert_eq!(hints(), (false, false));
    t.batch(account, 2).await;
    assert_eq!(hints(), (true, false));
    let document = t.documents(account.0, 1).await[0];
    t.store.create_extraction(account.0, document, account.1, Tier::Standard).await.unwrap();
    assert_eq!(hints(), (true, false));
    let claims = t.store.claim(WORKER, 3).await.unwrap();
    assert_eq!(hints(), (false, false));
    t.store.finish(WORKER, &[finished(&claims[0], done(false))]).await.unwrap();
    assert_eq!(hints(), (false, true));
    t.store.finish_and_claim(WORKER, &[finished(&claims[1], Outcome::Released)], 0).await.unwrap();
    assert_eq!(hints(), (true, false));
}

async fn batches_go_on_however_much_is_waited_for(t: Fixture) {
    let account = t.user("unlimited").await;
    let batch = t.batch(account, 5).await;
    for document in t.documents(account.0, 20).await {
        t.store.create_extraction(account.0, document, account.1, Tier::Standard).await.unwrap();
    }
    let of_batch: Vec<_> = t.extractions(account.0, &batch).await.iter().map(|one| one.id).collect();
    let mut order = Vec::new();
    for n in [1, 1, 1, 1, 4, 8, 3, 3] {
        let claims = t.store.claim(WORKER, n).await.unwrap();
        assert_eq!(claims.len(), n as usize);
        order.push(claims.iter().filter(|claim| of_batch.contains(&claim.extraction_id)).count());
    }
    // One in four: of the 4th, the 8th, the 12th and 16th, none, and the 20th and so on.
    assert_eq!(order, [0, 0, 0, 1, 1, 2, 0, 1]);
}
