//! The outbox: written with what it tells, sent until it arrives or a day is over.

use sheaf_store::{
    DELIVERY_LEASE_MS, DELIVERY_TRIED_MS, DeliveryOutcome, DueDelivery, PageRequest, StoreError,
};
use sheaf_types::{Delivery, DeliveryStatus, ErrorCode, Event, UserId, WebhookId};

use crate::fixture::{Fixture, WORKER, done, failed, finished, on_both_databases};

on_both_databases!(
    events_are_written_with_what_they_tell,
    a_failed_transaction_tells_nothing,
    a_delivery_is_one_senders_at_a_time_and_nobodys_for_long,
    a_delivery_is_tried_ever_more_seldom_for_a_day,
    a_webhook_that_never_answers_is_left_alone_for_a_while,
    a_deleted_webhook_is_told_nothing,
);

const URL: &str = "https://example.com/hook";

async fn deliveries(t: &Fixture, user: UserId, webhook: WebhookId) -> Vec<Delivery> {
    let page = PageRequest { limit: 500, cursor: None };
    t.store.list_deliveries(user, webhook, None, page).await.unwrap().data
}

async fn due(t: &Fixture) -> Vec<DueDelivery> {
    t.store.claim_deliveries(10).await.unwrap()
}

async fn end(t: &Fixture, delivery: &DueDelivery, outcome: DeliveryOutcome) {
    t.store.finish_delivery(delivery.id, delivery.attempt, &outcome).await.unwrap();
}

/// A webhook with one delivery that waits.
async fn one_waiting(t: &Fixture) -> (UserId, WebhookId) {
    let account = t.user("unlimited").await;
    let webhook = t.store.create_webhook(account.0, URL, &[]).await.unwrap();
    t.batch(account, 1).await;
    t.drain().await;
    (account.0, webhook.id)
}

async fn events_are_written_with_what_they_tell(t: Fixture) {
    let account = t.user("unlimited").await;
    let (user, _) = account;
    let stranger = t.user("unlimited").await.0;
    let all = t.store.create_webhook(user, URL, &[]).await.unwrap();
    let review = t.store.create_webhook(user, URL, &[Event::ExtractionNeedsReview]).await.unwrap();
    let other = t.store.create_webhook(stranger, URL, &[]).await.unwrap();
    assert_eq!((all.events.as_slice(), review.events.len()), (&Event::ALL[..], 1));

    let batch = t.batch(account, 3).await;
    let claims = t.store.claim(WORKER, 3).await.unwrap();
    let ends = [done(true), failed(ErrorCode::Corrupt), done(false)];
    for (claim, end) in claims.iter().zip(ends) {
        assert!(deliveries(&t, user, all.id).await.iter().all(|one| one.event != Event::BatchCompleted));
        t.store.finish(WORKER, &[finished(claim, end)]).await.unwrap();
    }
    let cancelled = t.batch(account, 2).await;
    t.store.cancel_batch(user, cancelled.id).await.unwrap();
    let told = deliveries(&t, user, all.id).await;
    let events: Vec<Event> = told.iter().map(|one| one.event).collect();
    assert_eq!(events, [Event::BatchCancelled, Event::BatchCompleted, Event::ExtractionNeedsReview]);
    let ended = t.store.batch(user, batch.id).await.unwrap();
    assert_eq!(told[1].payload["data"], serde_json::to_value(&ended).unwrap());
    assert_eq!(told[1].payload["type"], "batch.completed");
    assert_eq!(told[2].payload["data"]["id"], claims[0].extraction_id.to_string());
    assert_eq!(deliveries(&t, user, review.id).await.len(), 1);
    assert_eq!(deliveries(&t, stranger, other.id).await, []);
    let found = t.store.list_deliveries(stranger, all.id, None, PageRequest::default()).await;
    assert_eq!(found, Err(StoreError::NotFound { what: "webhook" }));
}

async fn a_failed_transaction_tells_nothing(t: Fixture) {
    let account = t.user("unlimited").await;
    let webhook = t.store.create_webhook(account.0, URL, &[]).await.unwrap();
    let batch = t.batch(account, 1).await;
    let claim = t.store.claim(WORKER, 1).await.unwrap().remove(0);
    // A late worker changes nothing, and so tells nothing.
    assert_eq!(t.store.finish("worker-2", &[finished(&claim, done(true))]).await, Ok(0));
    assert_eq!(deliveries(&t, account.0, webhook.id).await, []);
    assert_eq!(t.store.finish(WORKER, &[finished(&claim, done(true))]).await, Ok(1));
    assert_eq!(t.store.finish(WORKER, &[finished(&claim, done(true))]).await, Ok(0), "the same once more");
    assert_eq!(deliveries(&t, account.0, webhook.id).await.len(), 2);
    t.store.delete_batch(account.0, batch.id).await.unwrap();
    assert_eq!(deliveries(&t, account.0, webhook.id).await.len(), 2, "what happened did");
}

async fn a_delivery_is_one_senders_at_a_time_and_nobodys_for_long(t: Fixture) {
    let (user, webhook) = one_waiting(&t).await;
    let first = due(&t).await;
    assert_eq!((first.len(), first[0].attempt, first[0].url.as_str()), (1, 1, URL));
    assert_eq!(first[0].secret, t.store.webhook_secret(user, webhook).await.unwrap());
    assert_eq!(due(&t).await, []);
    t.advance(DELIVERY_LEASE_MS);
    let second = due(&t).await;
    assert_eq!(second[0].attempt, 2, "the first sender died");
    end(&t, &first[0], DeliveryOutcome::Answered(500)).await;
    assert_eq!(deliveries(&t, user, webhook).await[0].error, None, "it is late");
    end(&t, &second[0], DeliveryOutcome::Answered(200)).await;
    let log = deliveries(&t, user, webhook).await;
    assert_eq!((log[0].status, log[0].response_status), (DeliveryStatus::Delivered, Some(200)));
    t.advance(DELIVERY_TRIED_MS);
    assert_eq!(due(&t).await, []);

    let (one, two) = tokio::join!(one_waiting(&t), one_waiting(&t));
    assert_ne!(one, two);
    let (a, b) = tokio::join!(due(&t), due(&t));
    assert_eq!(a.len() + b.len(), 2, "each to one of two senders");
}

async fn a_delivery_is_tried_ever_more_seldom_for_a_day(t: Fixture) {
    let (user, webhook) = one_waiting(&t).await;
    let mut pauses = Vec::new();
    let mut waited = 0;
    loop {
        let Some(delivery) = due(&t).await.pop() else {
            t.advance(1_000);
            waited += 1;
            continue;
        };
        pauses.push(std::mem::take(&mut waited));
        end(&t, &delivery, DeliveryOutcome::Answered(503)).await;
        if deliveries(&t, user, webhook).await[0].status == DeliveryStatus::Failed {
            break;
        }
    }
    // Seconds; the last is what is left of the day.
    assert_eq!(pauses, [0, 5, 20, 80, 320, 1_280, 5_120, 20_480, 21_600, 21_600, 15_895]);
    assert_eq!(pauses.iter().sum::<i64>() * 1_000, DELIVERY_TRIED_MS);
    let failed = deliveries(&t, user, webhook).await.remove(0);
    assert_eq!((failed.attempts, failed.next_attempt_at), (11, None));

    let again = t.store.redeliver(user, webhook, failed.id).await.unwrap();
    assert_eq!(again.status, DeliveryStatus::Pending);
    let delivery = due(&t).await.remove(0);
    assert_eq!((delivery.id, delivery.attempt), (failed.id, 12));
    end(&t, &delivery, DeliveryOutcome::Answered(204)).await;
    assert_eq!(deliveries(&t, user, webhook).await[0].status, DeliveryStatus::Delivered);
    let stranger = t.user("unlimited").await.0;
    let refused = t.store.redeliver(stranger, webhook, failed.id).await;
    assert_eq!(refused, Err(StoreError::NotFound { what: "webhook" }));
}

async fn a_webhook_that_never_answers_is_left_alone_for_a_while(t: Fixture) {
    let account = t.user("unlimited").await;
    let silent = t.store.create_webhook(account.0, URL, &[]).await.unwrap();
    t.batch(account, 1).await;
    t.drain().await;
    let delivery = due(&t).await.remove(0);
    end(&t, &delivery, DeliveryOutcome::Silent("no connection could be made".into())).await;
    let log = deliveries(&t, account.0, silent.id).await;
    assert_eq!(log[0].error.as_deref(), Some("no connection could be made"));
    t.batch(account, 1).await;
    t.drain().await;
    one_waiting(&t).await;
    assert_eq!(due(&t).await.len(), 1, "another account's");
    t.advance(5_000);
    let both = due(&t).await;
    assert_eq!(both.len(), 2, "the one that waited, and the one that is tried again");
    end(&t, &both[0], DeliveryOutcome::Answered(200)).await;
    end(&t, &both[1], DeliveryOutcome::Answered(200)).await;
    t.batch(account, 1).await;
    t.drain().await;
    assert_eq!(due(&t).await.len(), 1, "it answers again");
}

async fn a_deleted_webhook_is_told_nothing(t: Fixture) {
    let (user, webhook) = one_waiting(&t).await;
    let stranger = t.user("unlimited").await.0;
    let missing = Err(StoreError::NotFound { what: "webhook" });
    assert_eq!(t.store.delete_webhook(stranger, webhook).await, missing);
    t.store.delete_webhook(user, webhook).await.unwrap();
    assert_eq!(t.store.delete_webhook(user, webhook).await, missing);
    assert_eq!(due(&t).await, []);
    assert_eq!(t.store.list_webhooks(user, PageRequest::default()).await.unwrap().data, []);
}
