//! What is kept of asking a language model.

use sheaf_store::{LlmOutage, NewBatch, Outcome, PageRequest, Room};
use sheaf_types::{LlmUsage, Status, Tier};

use crate::fixture::{Fixture, NOON_IN_MAY, WORKER, done, finished, new_batch, on_both_databases};

on_both_databases!(
    what_asking_took_adds_up_for_the_extraction_and_the_batch,
    an_answer_is_kept_for_its_account_until_its_document_goes,
    an_outage_is_told_on_batches_that_wait_for_the_model,
    a_snoozed_document_waits_and_the_attempt_does_not_count,
    documents_of_the_premium_tier_can_be_left_waiting,
);

fn usage(calls: u64) -> LlmUsage {
    LlmUsage {
        model: "m".into(),
        calls,
        replayed: 0,
        input_tokens: 1_000,
        output_tokens: 20,
        duration_ms: 300,
        bytes_sent: 4_000,
    }
}

async fn premium_batch(t: &Fixture, n: usize) -> (sheaf_types::UserId, sheaf_types::Batch) {
    let (user, template) = t.user("unlimited").await;
    let documents = t.documents(user, n).await;
    let batch = NewBatch { tier: Tier::Premium, ..new_batch(template, &documents) };
    (user, t.store.create_batch(user, &batch).await.unwrap())
}

async fn what_asking_took_adds_up_for_the_extraction_and_the_batch(t: Fixture) {
    let (user, batch) = premium_batch(&t, 3).await;
    assert_eq!(batch.llm, None);
    let claims = t.store.claim(WORKER, 2).await.unwrap();
    t.store.note_llm(claims[0].extraction_id, &usage(2), None).await.unwrap();
    t.store.note_llm(claims[0].extraction_id, &usage(1), None).await.unwrap();
    t.store.note_llm(claims[1].extraction_id, &LlmUsage { replayed: 1, ..usage(0) }, None).await.unwrap();
    let extractions = t.extractions(user, &batch).await;
    let first = extractions[0].llm.clone().unwrap();
    assert_eq!((first.calls, first.input_tokens, first.bytes_sent), (3, 2_000, 8_000));
    assert_eq!(extractions[2].llm, None);
    let whole = t.store.batch(user, batch.id).await.unwrap().llm.unwrap();
    assert_eq!((whole.calls, whole.replayed, whole.output_tokens, whole.duration_ms), (3, 1, 60, 900));
    assert_eq!(whole.model, "m");
    let page = PageRequest { limit: 5, cursor: None };
    assert_eq!(t.store.list_batches(user, None, page).await.unwrap().data[0].llm, Some(whole));

    t.store.cancel_batch(user, batch.id).await.unwrap();
    let ends: Vec<_> = claims.iter().map(|claim| finished(claim, done(false))).collect();
    t.store.finish(WORKER, &ends).await.unwrap();
    t.store.delete_batch(user, batch.id).await.unwrap();
    // Too late to count, and no failure.
    t.store.note_llm(claims[0].extraction_id, &usage(1), None).await.unwrap();
}

async fn an_answer_is_kept_for_its_account_until_its_document_goes(t: Fixture) {
    let (user, batch) = premium_batch(&t, 1).await;
    let claim = t.store.claim(WORKER, 1).await.unwrap().remove(0);
    let (question, other) = ([7; 32], [8; 32]);
    let kept = Some((&question, "{\"total\": 1}"));
    t.store.note_llm(claim.extraction_id, &usage(1), kept).await.unwrap();
    t.store.note_llm(claim.extraction_id, &usage(1), Some((&question, "{}"))).await.unwrap();
    let answer = t.store.llm_answer(claim.extraction_id, &question).await.unwrap();
    assert_eq!(answer.as_deref(), Some("{\"total\": 1}"), "the first answer stands");
    assert_eq!(t.store.llm_answer(claim.extraction_id, &other).await.unwrap(), None);
    t.store.finish(WORKER, &[finished(&claim, done(false))]).await.unwrap();

    let (_, theirs) = premium_batch(&t, 1).await;
    let claim = t.store.claim(WORKER, 1).await.unwrap().remove(0);
    assert_eq!(t.store.llm_answer(claim.extraction_id, &question).await.unwrap(), None, "{}", theirs.id);

    // With its batch and its document the answer is gone.
    let document = t.extractions(user, &batch).await[0].document_id;
    t.store.delete_batch(user, batch.id).await.unwrap();
    t.store.delete_document(user, document).await.unwrap();
}

async fn an_outage_is_told_on_batches_that_wait_for_the_model(t: Fixture) {
    let (user, batch) = premium_batch(&t, 1).await;
    let notice = || async { t.store.batch(user, batch.id).await.unwrap().llm_notice };
    assert_eq!(notice().await, None);
    let outage = |until| LlmOutage { since: NOON_IN_MAY, until, reason: "its server is busy".into() };
    t.store.set_llm_outage(Some(&outage(NOON_IN_MAY + 5_000))).await.unwrap();
    t.store.set_llm_outage(Some(&outage(NOON_IN_MAY + 9_000))).await.unwrap();
    let said = notice().await.unwrap();
    assert!(said.contains("its server is busy") && said.contains("12:00:09"), "{said}");
    // A worker that went away does not keep it up.
    t.advance(9_000 + 60_001);
    assert_eq!(notice().await, None);
    t.store.set_llm_outage(Some(&outage(NOON_IN_MAY + 90_000))).await.unwrap();
    assert!(notice().await.is_some());
    t.store.set_llm_outage(None).await.unwrap();
    assert_eq!(notice().await, None);
}

async fn a_snoozed_document_waits_and_the_attempt_does_not_count(t: Fixture) {
    let (user, batch) = premium_batch(&t, 1).await;
    for _ in 0..5 {
        let claim = t.store.claim(WORKER, 1).await.unwrap().remove(0);
        assert_eq!(claim.attempt, 1);
        t.store.finish(WORKER, &[finished(&claim, Outcome::Snoozed { for_ms: 20_000 })]).await.unwrap();
        assert_eq!(t.extractions(user, &batch).await[0].status, Status::Pending);
        t.advance(19_999);
        assert_eq!(t.store.claim(WORKER, 1).await.unwrap(), []);
        t.advance(1);
    }
    t.store.cancel_batch(user, batch.id).await.unwrap();
    assert_eq!(t.extractions(user, &batch).await[0].status, Status::Cancelled);
}

async fn documents_of_the_premium_tier_can_be_left_waiting(t: Fixture) {
    let (_, premium) = premium_batch(&t, 3).await;
    let (user, template) = t.user("unlimited").await;
    let standard = t.batch((user, template), 2).await;
    let room = Room { documents: 5, premium: false };
    let claims = t.store.finish_and_claim(WORKER, &[], room).await.unwrap();
    assert_eq!(claims.len(), 2, "{} goes on, {} waits", standard.id, premium.id);
    assert!(claims.iter().all(|claim| claim.tier == Tier::Standard));
    let claims = t.store.finish_and_claim(WORKER, &[], 5).await.unwrap();
    assert!(claims.len() == 3 && claims.iter().all(|claim| claim.tier == Tier::Premium));
}
