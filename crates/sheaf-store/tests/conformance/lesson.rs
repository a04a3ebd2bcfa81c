//! What corrections teach.

use serde_json::json;
use sheaf_store::{PageRequest, ReviewFilter, StoreError};
use sheaf_types::{
    BoundingBox, FieldKind, Landmark, Lesson, LessonId, Resolution, ReviewItem, TemplateId, UserId,
};

use crate::fixture::{Fixture, WORKER, done, finished, new_batch, on_both_databases};

on_both_databases!(
    a_lesson_is_kept_listed_and_removed,
    an_extraction_goes_by_the_lessons_that_stood_when_it_was_made,
    a_lesson_goes_with_its_correction_and_outlives_its_document,
    what_was_taken_back_teaches_nothing,
);

const NOT_FOUND: StoreError = StoreError::NotFound { what: "lesson" };

fn lesson(x: f32) -> Lesson {
    Lesson {
        field: "total".into(),
        kind: FieldKind::Currency,
        bbox: BoundingBox { x0: x, y0: 0.5, x1: x + 0.1, y1: 0.52 },
        landmarks: vec![Landmark { word: 7, x: 0.25, y: 0.125 }],
    }
}

/// A corrected item of a new account.
async fn corrected(t: &Fixture) -> (UserId, TemplateId, ReviewItem) {
    let (user, template) = t.user("unlimited").await;
    t.batch((user, template), 1).await;
    let claim = t.store.claim(WORKER, 1).await.unwrap().remove(0);
    t.store.finish(WORKER, &[finished(&claim, done(true))]).await.unwrap();
    let page = PageRequest { limit: 10, cursor: None };
    let item = t.store.list_reviews(user, &ReviewFilter::default(), page).await.unwrap().data.remove(0);
    let correction = Resolution::Correct { value: json!("12.50"), provenance: None };
    let item = t.store.resolve_review(user, item.id, &correction, None).await.unwrap().item;
    (user, template, item)
}

async fn a_lesson_is_kept_listed_and_removed(t: Fixture) {
    let (user, template, item) = corrected(&t).await;
    let (stranger, _) = t.user("unlimited").await;
    assert_eq!(t.store.lesson_of(user, item.id).await, Ok(None));
    let id = t.store.keep_lesson(user, item.id, &lesson(0.25), &[]).await.unwrap();
    let kept = t.store.lessons(user, template).await.unwrap();
    assert_eq!(kept.len(), 1);
    let (about, body) = &kept[0];
    assert_eq!((about.id, about.template_version, about.review_item_id), (id, 1, item.id));
    assert_eq!((about.extraction_id, about.filename.as_deref()), (Some(item.extraction_id), Some("0.pdf")));
    assert_eq!((body, t.store.lesson_of(user, item.id).await.unwrap().as_ref()), (&lesson(0.25), Some(body)));

    // Another about the same design takes its place.
    let next = t.store.keep_lesson(user, item.id, &lesson(0.5), &[id]).await.unwrap();
    let kept = t.store.lessons(user, template).await.unwrap();
    assert_eq!(kept.iter().map(|(about, _)| about.id).collect::<Vec<LessonId>>(), [next]);

    assert_eq!(t.store.lessons(stranger, template).await, Ok(vec![]));
    assert_eq!(t.store.lesson_of(stranger, item.id).await, Ok(None));
    assert_eq!(t.store.remove_lesson(stranger, template, next).await, Err(NOT_FOUND));
    let kept = t.store.keep_lesson(stranger, item.id, &lesson(0.5), &[]).await;
    assert_eq!(kept, Err(StoreError::NotFound { what: "review item" }));

    assert_eq!(t.store.remove_lesson(user, template, next).await, Ok(()));
    assert_eq!(t.store.remove_lesson(user, template, next).await, Err(NOT_FOUND));
    assert_eq!(t.store.lessons(user, template).await, Ok(vec![]));
    assert_eq!(t.store.lesson_of(user, item.id).await, Ok(None));
}

async fn an_extraction_goes_by_the_lessons_that_stood_when_it_was_made(t: Fixture) {
    let (user, template, item) = corrected(&t).await;
    let made = async || {
        t.advance(1000);
        let documents = t.documents(user, 1).await;
        let batch = t.store.create_batch(user, &new_batch(template, &documents)).await.unwrap();
        t.advance(1000);
        t.extractions(user, &batch).await[0].id
    };
    let before = made().await;
    let first = t.store.keep_lesson(user, item.id, &lesson(0.25), &[]).await.unwrap();
    let between = made().await;
    t.store.keep_lesson(user, item.id, &lesson(0.5), &[first]).await.unwrap();
    let after = made().await;
    let second = t.store.lessons(user, template).await.unwrap()[0].0.id;
    t.store.remove_lesson(user, template, second).await.unwrap();
    let last = made().await;
    for (extraction, expected) in
        [(before, vec![]), (between, vec![lesson(0.25)]), (after, vec![lesson(0.5)]), (last, vec![])]
    {
        assert_eq!(t.store.lessons_for(extraction).await, Ok(expected));
    }
}

async fn a_lesson_goes_with_its_correction_and_outlives_its_document(t: Fixture) {
    let (user, template, item) = corrected(&t).await;
    t.store.keep_lesson(user, item.id, &lesson(0.25), &[]).await.unwrap();
    t.store.delete_batch(user, item.batch_id.unwrap()).await.unwrap();
    let kept = t.store.lessons(user, template).await.unwrap();
    assert_eq!((kept[0].0.extraction_id, kept[0].0.filename.as_deref()), (None, None));
    assert_eq!(kept[0].1, lesson(0.25));
}

async fn what_was_taken_back_teaches_nothing(t: Fixture) {
    let (user, template, item) = corrected(&t).await;
    t.store.keep_lesson(user, item.id, &lesson(0.25), &[]).await.unwrap();
    t.store.reopen_review(user, item.id).await.unwrap();
    assert_eq!(t.store.lessons(user, template).await, Ok(vec![]));
    // The correction was taken back while the lesson was being made.
    let late = t.store.keep_lesson(user, item.id, &lesson(0.25), &[]).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    assert_eq!(t.store.lessons(user, template).await, Ok(vec![]));
}
