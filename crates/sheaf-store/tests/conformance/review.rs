//! What people decide about fields.

use serde_json::json;
use sheaf_store::{Outcome, PageRequest, ReviewFilter, StoreError};
use sheaf_types::{
    Batch, FieldResult, FieldValue, Method, Resolution, ReviewAction, ReviewItem, ReviewStatus, Status,
    UserId,
};

use crate::fixture::{Fixture, WORKER, done, engine, field, finished, on_both_databases};

on_both_databases!(
    fields_that_need_a_look_are_items_and_others_are_not,
    the_last_decision_completes_an_extraction,
    what_was_decided_can_be_taken_back_and_stays_in_the_history,
    decisions_at_once_about_fields_of_one_document_are_all_kept,
    many_are_approved_at_once_or_none,
    reviews_go_with_their_batch,
    the_least_sure_come_first,
);

const NOT_FOUND: StoreError = StoreError::NotFound { what: "review item" };

fn unsure(name: &str, confidence: f32) -> FieldResult {
    FieldResult {
        name: name.into(),
        value: Some(FieldValue::Scalar("12.00".into())),
        confidence,
        method: Some(Method::Anchor),
        ..field(true)
    }
}

fn found(fields: Vec<FieldResult>) -> Outcome {
    Outcome::Done { pages: 1, engine: engine(), warnings: Vec::new(), fields }
}

/// A batch whose documents ended like these, in upload order.
async fn reviewed(t: &Fixture, outcomes: Vec<Outcome>) -> (UserId, Batch) {
    let (user, template) = t.user("unlimited").await;
    let batch = t.batch((user, template), outcomes.len()).await;
    let claims = t.store.claim(WORKER, outcomes.len() as u32).await.unwrap();
    let all: Vec<_> = claims.iter().zip(outcomes).map(|(claim, end)| finished(claim, end)).collect();
    t.store.finish(WORKER, &all).await.unwrap();
    (user, batch)
}

async fn items(t: &Fixture, user: UserId) -> Vec<ReviewItem> {
    let page = PageRequest { limit: 500, cursor: None };
    t.store.list_reviews(user, &ReviewFilter::default(), page).await.unwrap().data
}

fn correct(value: &str) -> Resolution {
    Resolution::Correct { value: json!(value), provenance: None }
}

async fn fields_that_need_a_look_are_items_and_others_are_not(t: Fixture) {
    let (user, batch) =
        reviewed(&t, vec![done(false), found(vec![unsure("total", 0.5), field(false)])]).await;
    let items = items(&t, user).await;
    assert_eq!(items.len(), 1);
    assert_eq!((items[0].field.as_str(), items[0].status), ("total", ReviewStatus::Open));
    assert_eq!((items[0].batch_id, items[0].filename.as_str()), (Some(batch.id), "1.pdf"));
    assert_eq!(t.store.open_reviews(user, None).await, Ok(1));
    let (stranger, _) = t.user("ten").await;
    assert_eq!(t.store.open_reviews(stranger, None).await, Ok(0));
    assert_eq!(t.store.review(stranger, items[0].id).await, Err(NOT_FOUND));
    let resolved = t.store.resolve_review(stranger, items[0].id, &Resolution::Approve, None).await;
    assert_eq!(resolved, Err(NOT_FOUND));
}

async fn the_last_decision_completes_an_extraction(t: Fixture) {
    let (user, batch) = reviewed(&t, vec![found(vec![unsure("total", 0.5), unsure("due_date", 0.4)])]).await;
    let before = items(&t, user).await;
    let status = async || t.extractions(user, &batch).await[0].status;
    t.store.resolve_review(user, before[0].id, &Resolution::Approve, Some("fine")).await.unwrap();
    assert_eq!(status().await, Status::NeedsReview);
    let again = t.store.resolve_review(user, before[0].id, &Resolution::Approve, None).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    t.store.resolve_review(user, before[1].id, &Resolution::Approve, None).await.unwrap();
    assert_eq!(status().await, Status::Completed);
    assert_eq!(t.store.open_reviews(user, Some(batch.id)).await, Ok(0));
    let scores = t.store.review_scores(user).await.unwrap();
    assert_eq!(
        scores.iter().map(|s| (s.field.as_str(), s.decided, s.approved)).collect::<Vec<_>>(),
        [("due_date", 1, 1), ("total", 1, 1)]
    );
}

async fn what_was_decided_can_be_taken_back_and_stays_in_the_history(t: Fixture) {
    let (user, batch) = reviewed(&t, vec![found(vec![unsure("total", 0.5)])]).await;
    let item = items(&t, user).await.remove(0);
    let corrected = t.store.resolve_review(user, item.id, &correct("13.00"), None).await.unwrap();
    assert_eq!(corrected.item.value, Some(FieldValue::Scalar("13.00".into())));
    assert_eq!(t.store.review_scores(user).await.unwrap()[0].approved, 0);
    let undone = t.store.reopen_review(user, item.id).await.unwrap();
    assert_eq!(undone.item, item);
    assert_eq!(t.extractions(user, &batch).await[0].status, Status::NeedsReview);
    let again = t.store.reopen_review(user, item.id).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    let last = t.store.resolve_review(user, item.id, &Resolution::Approve, None).await.unwrap();
    let actions: Vec<ReviewAction> = last.history.iter().map(|step| step.action).collect();
    assert_eq!(actions, [ReviewAction::Correct, ReviewAction::Reopen, ReviewAction::Approve]);
    assert_eq!(last.history[1].original, Some(FieldValue::Scalar("13.00".into())));
    assert_eq!(t.store.review_scores(user).await.unwrap()[0].approved, 1, "the decision that stands counts");
}

async fn decisions_at_once_about_fields_of_one_document_are_all_kept(t: Fixture) {
    let names = ["invoice_number", "invoice_date", "due_date", "seller_name", "total"];
    let fields = names.map(|name| unsure(name, 0.5)).into();
    let (user, batch) = reviewed(&t, vec![found(fields)]).await;
    let tasks = items(&t, user).await.into_iter().map(|item| {
        let store = t.store.clone();
        tokio::spawn(async move { store.resolve_review(user, item.id, &Resolution::Approve, None).await })
    });
    for result in futures::future::join_all(tasks).await {
        result.unwrap().unwrap();
    }
    let extraction = &t.extractions(user, &batch).await[0];
    assert_eq!(extraction.status, Status::Completed);
    let fields = t.store.extraction(user, extraction.id).await.unwrap().fields.unwrap();
    assert!(fields.iter().all(|field| !field.needs_review && field.review.is_some()), "{fields:?}");
}

async fn many_are_approved_at_once_or_none(t: Fixture) {
    let (user, batch) = reviewed(&t, vec![found(vec![unsure("total", 0.5)]); 3]).await;
    let (_, other) = reviewed(&t, vec![found(vec![unsure("total", 0.5)])]).await;
    let mine = items(&t, user).await;
    let stranger = t.extractions(user, &batch).await;
    assert_eq!((stranger.len(), other.counts.total), (3, 1));
    t.store.resolve_review(user, mine[0].id, &correct("1.00"), None).await.unwrap();
    let mut ids: Vec<_> = mine.iter().map(|item| item.id).collect();
    ids.push(sheaf_types::ReviewId(uuid::Uuid::now_v7()));
    assert_eq!(t.store.approve_reviews(user, &ids).await, Err(NOT_FOUND));
    assert_eq!(t.store.open_reviews(user, None).await, Ok(2));
    ids.pop();
    assert_eq!(t.store.approve_reviews(user, &ids).await, Ok(2));
    assert_eq!(t.store.batch(user, batch.id).await.unwrap().counts.completed, 3);
    assert_eq!(t.store.review(user, mine[0].id).await.unwrap().history.len(), 1, "a decision stands");
}

async fn reviews_go_with_their_batch(t: Fixture) {
    let (user, batch) = reviewed(&t, vec![found(vec![unsure("total", 0.5)]); 2]).await;
    let item = items(&t, user).await.remove(0);
    t.store.resolve_review(user, item.id, &Resolution::Approve, None).await.unwrap();
    t.store.delete_batch(user, batch.id).await.unwrap();
    assert_eq!(t.store.review(user, item.id).await, Err(NOT_FOUND));
    assert_eq!(t.store.open_reviews(user, None).await, Ok(0));
}

async fn the_least_sure_come_first(t: Fixture) {
    let outcomes = [0.6, 0.2, 0.4].map(|c| found(vec![unsure("total", c), unsure("due_date", 0.5)]));
    let (user, batch) = reviewed(&t, outcomes.into()).await;
    let filter = ReviewFilter { field: Some("total".into()), ..ReviewFilter::default() };
    let names = |items: Vec<ReviewItem>| items.into_iter().map(|item| item.filename).collect::<Vec<_>>();
    let riskiest = t.store.riskiest_reviews(user, &filter, 10).await.unwrap();
    assert_eq!(names(riskiest), ["1.pdf", "2.pdf", "0.pdf"]);
    let documents = t.store.review_documents(user, Some(batch.id), 2).await.unwrap();
    let shown: Vec<_> = documents.iter().map(|d| (d.filename.as_str(), d.open)).collect();
    assert_eq!(shown, [("1.pdf", 2), ("2.pdf", 2)]);
    let fields = t.store.review_fields(user, None).await.unwrap();
    assert_eq!(
        fields.iter().map(|f| (f.field.as_str(), f.open)).collect::<Vec<_>>(),
        [("due_date", 3), ("total", 3)]
    );
}
