//! Requests under a key: done once, whatever happens in between.

use serde_json::json;
use sheaf_store::{Begun, NewBatch, PageRequest, REQUEST_KEPT_MS, REQUEST_LEASE_MS, Store, StoreError};
use sheaf_types::{Batch, BatchId, ExtractionId, Template, Tier, UserId};

use crate::fixture::{Fixture, new_batch, on_both_databases, spec};

on_both_databases!(
    a_request_sent_again_gets_the_first_answer,
    what_is_created_notes_its_answer_with_it,
    a_request_that_created_nothing_frees_its_key,
    a_key_serves_one_request_and_one_account,
    a_crash_before_the_creation_blocks_a_key_no_longer_than_its_lease,
    a_crash_after_the_creation_does_not_repeat_it,
    who_lost_the_lease_creates_nothing,
    answers_are_forgotten_after_a_day,
    a_batch_sent_many_times_at_once_is_made_once,
    a_batch_sent_twice_is_made_once_in_every_short_interleaving,
);

async fn a_request_sent_again_gets_the_first_answer(t: Fixture) {
    let (user, _) = t.user("ten").await;
    let first = first(&t.store, user, "k", b"body").await;
    assert!(matches!(t.store.begin_request(user, "k", b"body").await, Err(StoreError::Conflict(_))));
    first.note_answer(&json!({"id": 7})).await.unwrap();
    assert!(matches!(t.store.begin_request(user, "k", b"body").await, Err(StoreError::Conflict(_))));
    first.end_request().await.unwrap();
    for _ in 0..2 {
        assert_eq!(again(&t.reopen().await, user, "k", b"body").await, json!({"id": 7}));
    }
}

async fn what_is_created_notes_its_answer_with_it(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let document = t.documents(user, 1).await[0];

    let store = first(&t.store, user, "batch", b"").await;
    let batch = store.create_batch(user, &new_batch(template, &[document])).await.unwrap();
    store.end_request().await.unwrap();
    let noted: Batch = serde_json::from_value(again(&t.store, user, "batch", b"").await).unwrap();
    assert_eq!(noted, batch);

    let store = first(&t.store, user, "template", b"").await;
    let made = store.create_template(user, &spec("Noted")).await.unwrap();
    store.end_request().await.unwrap();
    let noted: Template = serde_json::from_value(again(&t.store, user, "template", b"").await).unwrap();
    assert_eq!(noted, made);

    let store = first(&t.store, user, "single", b"").await;
    let id = store.create_extraction(user, document, template, Tier::Standard).await.unwrap();
    store.end_request().await.unwrap();
    let noted: ExtractionId = serde_json::from_value(again(&t.store, user, "single", b"").await).unwrap();
    assert_eq!(noted, id);
}

async fn a_request_that_created_nothing_frees_its_key(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let documents = t.documents(user, 11).await;
    let store = first(&t.store, user, "k", b"too many").await;
    let refused = store.create_batch(user, &new_batch(template, &documents)).await;
    assert!(matches!(refused, Err(StoreError::QuotaExceeded { .. })));
    store.end_request().await.unwrap();
    first(&t.store, user, "k", b"fewer").await;
}

async fn a_key_serves_one_request_and_one_account(t: Fixture) {
    let ((ada, _), (bob, _)) = (t.user("ten").await, t.user("ten").await);
    let store = first(&t.store, ada, "k", b"one").await;
    first(&t.store, bob, "k", b"another").await;
    assert!(matches!(
        t.store.begin_request(ada, "k", b"another").await,
        Err(StoreError::IdempotencyMismatch)
    ));
    store.note_answer(&1).await.unwrap();
    store.end_request().await.unwrap();
    assert!(matches!(
        t.store.begin_request(ada, "k", b"another").await,
        Err(StoreError::IdempotencyMismatch)
    ));
    assert_eq!(again(&t.store, ada, "k", b"one").await, json!(1));
}

async fn a_crash_before_the_creation_blocks_a_key_no_longer_than_its_lease(t: Fixture) {
    let (user, _) = t.user("ten").await;
    let store = first(&t.store, user, "k", b"").await;
    t.advance(REQUEST_LEASE_MS - 1);
    store.renew_request().await.unwrap();
    t.advance(REQUEST_LEASE_MS - 1);
    assert!(matches!(t.store.begin_request(user, "k", b"").await, Err(StoreError::Conflict(_))));
    t.advance(1);
    first(&t.store, user, "k", b"").await;
}

async fn a_crash_after_the_creation_does_not_repeat_it(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let documents = t.documents(user, 3).await;
    let store = first(&t.store, user, "k", b"").await;
    let batch = store.create_batch(user, &new_batch(template, &documents)).await.unwrap();
    t.advance(REQUEST_LEASE_MS);
    let noted: Batch = serde_json::from_value(again(&t.store, user, "k", b"").await).unwrap();
    assert_eq!((noted, t.used(user).await), (batch, 3));
}

async fn who_lost_the_lease_creates_nothing(t: Fixture) {
    let (user, template) = t.user("ten").await;
    let new = new_batch(template, &t.documents(user, 3).await);
    let late = first(&t.store, user, "k", b"").await;
    t.advance(REQUEST_LEASE_MS);
    let next = first(&t.store, user, "k", b"").await;
    assert!(matches!(late.create_batch(user, &new).await, Err(StoreError::Conflict(_))));
    late.end_request().await.unwrap();
    assert_eq!(t.used(user).await, 0);
    next.create_batch(user, &new).await.unwrap();
    assert!(matches!(late.create_batch(user, &new).await, Err(StoreError::Conflict(_))));
    assert_eq!(t.used(user).await, 3);
}

async fn answers_are_forgotten_after_a_day(t: Fixture) {
    let (user, _) = t.user("ten").await;
    for i in 0..150 {
        let store = first(&t.store, user, &format!("k{i}"), b"").await;
        store.note_answer(&i).await.unwrap();
        store.end_request().await.unwrap();
    }
    t.advance(REQUEST_KEPT_MS - 1);
    assert_eq!(again(&t.store, user, "k149", b"").await, json!(149));
    t.advance(1);
    first(&t.store, user, "k149", b"another").await;
}

async fn a_batch_sent_many_times_at_once_is_made_once(t: Fixture) {
    let (user, template) = t.user("unlimited").await;
    let documents = t.documents(user, 2).await;
    let other = t.reopen().await;
    for round in 0..20 {
        let tasks = (0..8).map(|i| {
            let store = if i % 2 == 0 { t.store.clone() } else { other.clone() };
            let new = new_batch(template, &documents);
            tokio::spawn(async move {
                match store.begin_request(user, &round.to_string(), b"").await {
                    Ok(Begun::First(store)) => {
                        let made = store.create_batch(user, &new).await.unwrap();
                        store.end_request().await.unwrap();
                        Some(made.id)
                    }
                    Ok(Begun::Again(answer)) => Some(serde_json::from_value::<Batch>(answer).unwrap().id),
                    Err(StoreError::Conflict(_)) => None,
                    Err(error) => panic!("{error:?}"),
                }
            })
        });
        let answers = futures::future::join_all(tasks).await;
        let mut ids: Vec<_> = answers.into_iter().filter_map(|answer| answer.unwrap()).collect();
        assert!(!ids.is_empty());
        ids.dedup();
        assert_eq!(ids.len(), 1);
    }
    let batches = t.store.list_batches(user, None, PageRequest::default()).await.unwrap();
    assert_eq!((batches.data.len(), t.used(user).await), (20, 40));
}

/// Two clients send the same batch under one key, again and again. In each step one of them does the next thing of a
/// request (begins it, creates the batch, ends it), or a lease runs out.
#[derive(Debug, Clone, Copy)]
enum Step {
    Client(usize),
    LeaseRunsOut,
}

/// Where a client is in its request.
enum Client {
    Idle,
    Begun { store: Store, run: usize },
    Created { store: Store, run: usize },
}

/// What the key's row should hold.
struct Key {
    run: usize,
    leased: bool,
    batch: Option<BatchId>,
}

/// Each of the `3^length` histories of `length` steps, on an account and with a key of its own.
async fn check_all(t: &Fixture, length: u32) {
    const ALPHABET: [Step; 3] = [Step::Client(0), Step::Client(1), Step::LeaseRunsOut];
    let histories = ALPHABET.len().pow(length);
    for number in 0..histories {
        let steps: Vec<Step> =
            (0..length).map(|place| ALPHABET[number / ALPHABET.len().pow(place) % ALPHABET.len()]).collect();
        let (user, template) = t.user("unlimited").await;
        let new = new_batch(template, &t.documents(user, 2).await);
        check_history(t, user, &new, &steps).await;
    }
    println!("{histories} interleavings");
}

async fn check_history(t: &Fixture, user: UserId, new: &NewBatch, steps: &[Step]) {
    let mut clients = [Client::Idle, Client::Idle];
    let mut key: Option<Key> = None;
    let mut runs = 0;
    let mut made = None;
    for &step in steps {
        let Step::Client(which) = step else {
            t.advance(REQUEST_LEASE_MS);
            if let Some(key) = &mut key {
                key.leased = false;
            }
            continue;
        };
        clients[which] = match std::mem::replace(&mut clients[which], Client::Idle) {
            Client::Idle => match (t.store.begin_request(user, "k", b"body").await, &key) {
                (Ok(Begun::First(store)), None | Some(Key { leased: false, batch: None, .. })) => {
                    runs += 1;
                    key = Some(Key { run: runs, leased: true, batch: None });
                    Client::Begun { store, run: runs }
                }
                (Ok(Begun::Again(answer)), Some(Key { leased: false, batch: Some(batch), .. })) => {
                    assert_eq!(serde_json::from_value::<Batch>(answer).unwrap().id, *batch, "{steps:?}");
                    Client::Idle
                }
                (Err(StoreError::Conflict(_)), Some(Key { leased: true, .. })) => Client::Idle,
                (Ok(Begun::First(_)), _) => panic!("a second first: {steps:?}"),
                (Ok(Begun::Again(answer)), _) => panic!("answered {answer}: {steps:?}"),
                (Err(error), _) => panic!("{error}: {steps:?}"),
            },
            Client::Begun { store, run } => {
                let answer = store.create_batch(user, new).await;
                match &mut key {
                    Some(key) if key.run == run => {
                        key.batch = Some(answer.unwrap().id);
                        assert!(made.is_none(), "made twice: {steps:?}");
                        made = key.batch;
                    }
                    _ => assert!(matches!(answer, Err(StoreError::Conflict(_))), "{steps:?}"),
                }
                Client::Created { store, run }
            }
            Client::Created { store, run } => {
                store.end_request().await.unwrap();
                if let Some(held) = key.take_if(|key| key.run == run)
                    && held.batch.is_some()
                {
                    key = Some(Key { leased: false, ..held });
                }
                Client::Idle
            }
        };
    }
    let batches = t.store.list_batches(user, None, PageRequest::default()).await.unwrap().data;
    assert_eq!(batches.iter().map(|batch| batch.id).collect::<Vec<_>>(), Vec::from_iter(made), "{steps:?}");
    assert_eq!(t.used(user).await, 2 * batches.len() as u64, "{steps:?}");
}

async fn a_batch_sent_twice_is_made_once_in_every_short_interleaving(t: Fixture) {
    check_all(&t, 4).await;
}

#[tokio::test]
#[ignore = "takes minutes: cargo test -p sheaf-store --test conformance -- --ignored interleaving"]
async fn every_interleaving_of_two_submissions_makes_one_batch() {
    check_all(&Fixture::sqlite().await, 8).await;
    if let Some(fixture) = Fixture::postgres().await {
        check_all(&fixture, 8).await;
    }
}

async fn first(store: &Store, user: UserId, key: &str, request: &[u8]) -> Store {
    match store.begin_request(user, key, request).await.unwrap() {
        Begun::First(store) => store,
        Begun::Again(answer) => panic!("there is an answer: {answer}"),
    }
}

async fn again(store: &Store, user: UserId, key: &str, request: &[u8]) -> serde_json::Value {
    match store.begin_request(user, key, request).await.unwrap() {
        Begun::Again(answer) => answer,
        Begun::First(_) => panic!("there is no answer"),
    }
}
