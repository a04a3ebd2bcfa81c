//! Templates and their versions.

use sheaf_store::{PageRequest, StoreError};
use sheaf_types::{TemplateId, TemplateSpec};

use crate::fixture::{Fixture, new_batch, on_both_databases, spec};

const NOT_FOUND: StoreError = StoreError::NotFound { what: "template" };

on_both_databases!(
    a_template_is_read_as_it_was_given,
    each_change_is_a_version_and_older_ones_stay,
    a_change_against_an_older_version_is_refused,
    of_changes_at_once_against_one_version_one_wins,
    a_hidden_template_is_readable_and_takes_no_new_work,
    templates_of_others_are_not_found,
);

async fn a_template_is_read_as_it_was_given(t: Fixture) {
    let (user, _) = t.user("ten").await;
    let spec =
        TemplateSpec {
            locale: Some("de-AT".into()), confidence_threshold: 0.8, ..spec("Rechnung „ä“ \0")
        };
    let made = t.store.create_template(user, &spec).await.unwrap();
    assert_eq!((made.version, &made.spec), (1, &spec));
    assert_eq!(t.store.template(user, made.id, None).await.unwrap(), made);
    assert_eq!(t.store.template_spec(made.id, 1).await.unwrap(), spec);
}

async fn each_change_is_a_version_and_older_ones_stay(t: Fixture) {
    let (user, id) = t.user("ten").await;
    t.advance(1_000);
    let second = t.store.update_template(user, id, &spec("Second"), None).await.unwrap();
    assert_eq!(second.version, 2);
    assert_eq!(
        (second.created_at.as_str(), second.updated_at.as_str()),
        ("2026-05-15T12:00:00.000Z", "2026-05-15T12:00:01.000Z")
    );
    assert_eq!(t.store.template(user, id, None).await.unwrap(), second);
    assert_eq!(t.store.template(user, id, Some(1)).await.unwrap().spec, spec("Invoice"));
    assert_eq!(t.store.template(user, id, Some(3)).await, Err(NOT_FOUND));
    assert_eq!(t.store.template_spec(id, 2).await.unwrap(), spec("Second"));
    assert_eq!(t.store.template_spec(id, 3).await, Err(NOT_FOUND));
    let list = t.store.list_templates(user, PageRequest::default()).await.unwrap();
    assert_eq!(list.data, [second]);
}

async fn a_change_against_an_older_version_is_refused(t: Fixture) {
    let (user, id) = t.user("ten").await;
    t.store.update_template(user, id, &spec("Second"), Some(1)).await.unwrap();
    let stale = t.store.update_template(user, id, &spec("Lost"), Some(1)).await;
    assert_eq!(stale, Err(StoreError::VersionMismatch { current: 2 }));
    assert_eq!(t.store.template(user, id, None).await.unwrap().version, 2);
    assert_eq!(t.store.update_template(user, id, &spec("Third"), Some(2)).await.unwrap().version, 3);
}

async fn of_changes_at_once_against_one_version_one_wins(t: Fixture) {
    let (user, id) = t.user("ten").await;
    let names: Vec<String> = (0..8).map(|i| format!("Writer {i}")).collect();
    let specs: Vec<TemplateSpec> = names.iter().map(|name| spec(name)).collect();
    let changes = specs.iter().map(|spec| t.store.update_template(user, id, spec, Some(1)));
    let results = futures::future::join_all(changes).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    assert_eq!(t.store.template(user, id, None).await.unwrap().version, 2);
}

async fn a_hidden_template_is_readable_and_takes_no_new_work(t: Fixture) {
    let (user, id) = t.user("ten").await;
    let batch = t.batch((user, id), 1).await;
    t.store.delete_template(user, id).await.unwrap();
    assert!(t.store.list_templates(user, PageRequest::default()).await.unwrap().data.is_empty());
    assert_eq!(t.store.template(user, id, None).await.unwrap().version, 1);
    assert_eq!(t.store.batch_template(user, batch.id).await.unwrap().spec, spec("Invoice"));
    assert_eq!(t.drain().await, 1, "work that was there goes on");

    let documents = t.documents(user, 1).await;
    assert_eq!(t.store.create_batch(user, &new_batch(id, &documents)).await, Err(NOT_FOUND));
    assert_eq!(t.store.update_template(user, id, &spec("Second"), None).await, Err(NOT_FOUND));
    assert_eq!(t.store.delete_template(user, id).await, Err(NOT_FOUND));
}

async fn templates_of_others_are_not_found(t: Fixture) {
    let (_, adas) = t.user("ten").await;
    let (bob, bobs) = t.user("ten").await;
    for id in [adas, TemplateId(uuid::Uuid::now_v7())] {
        assert_eq!(t.store.template(bob, id, None).await, Err(NOT_FOUND));
        assert_eq!(t.store.template(bob, id, Some(1)).await, Err(NOT_FOUND));
        assert_eq!(t.store.update_template(bob, id, &spec("Mine"), None).await, Err(NOT_FOUND));
        assert_eq!(t.store.delete_template(bob, id).await, Err(NOT_FOUND));
    }
    let list = t.store.list_templates(bob, PageRequest::default()).await.unwrap();
    assert_eq!(list.data.into_iter().map(|template| template.id).collect::<Vec<_>>(), [bobs]);
}
