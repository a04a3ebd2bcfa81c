//! Accounts and keys.

use sheaf_store::{PageRequest, StoreError};
use sheaf_types::UserId;

use crate::fixture::{Fixture, on_both_databases};

on_both_databases!(
    an_account_is_found_by_its_address_in_whatever_case,
    a_malformed_account_is_refused_and_an_address_has_one_account,
    a_key_opens_its_account_until_it_is_revoked,
    a_chosen_key_is_taken_once_and_not_from_another_account,
    the_last_use_of_a_key_is_noted_once_a_minute,
    keys_of_others_are_not_found,
    lists_come_in_pages_newest_first,
);

async fn an_account_is_found_by_its_address_in_whatever_case(t: Fixture) {
    assert_eq!(t.store.user_count().await.unwrap(), 0);
    let made = t.store.create_user(" Ada@Example.com ", "ten", true).await.unwrap();
    assert_eq!((made.email.as_str(), made.plan.as_str(), made.is_admin), ("ada@example.com", "ten", true));
    assert_eq!(made.created_at, "2026-05-15T12:00:00.000Z");
    assert_eq!(t.store.user_by_email("ADA@example.COM").await.unwrap(), made);
    assert_eq!(t.store.list_users().await.unwrap(), [made]);
    assert_eq!(t.store.user_count().await.unwrap(), 1);
    assert_eq!(t.store.user_by_email("bob@example.com").await, Err(StoreError::NotFound { what: "user" }));
}

async fn a_malformed_account_is_refused_and_an_address_has_one_account(t: Fixture) {
    for (email, plan, pointer) in [
        ("", "ten", "/email"),
        ("ada", "ten", "/email"),
        ("@example.com", "ten", "/email"),
        ("a b@example.com", "ten", "/email"),
        ("a@b@c", "ten", "/email"),
        ("a\0@example.com", "ten", "/email"),
        ("ada@example.com", "platinum", "/plan"),
    ] {
        match t.store.create_user(email, plan, false).await {
            Err(StoreError::Invalid(faults)) => assert_eq!(faults[0].pointer, pointer, "{email:?}"),
            other => panic!("{email:?}: {other:?}"),
        }
    }
    t.store.create_user("admin@localhost", "unlimited", true).await.unwrap();
    let again = t.store.create_user("Admin@localhost", "ten", false).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    assert_eq!(t.store.user_count().await.unwrap(), 1);
}

async fn a_key_opens_its_account_until_it_is_revoked(t: Fixture) {
    let user = t.store.create_user("ada@example.com", "ten", false).await.unwrap();
    let (key, secret) = t.store.create_key(user.id, Some("ci")).await.unwrap();
    assert!(secret.starts_with("sheaf_live_") && secret.len() == 11 + 43, "{secret}");
    assert_eq!((key.name.as_deref(), key.prefix.as_str()), (Some("ci"), &secret[..16]));
    assert_eq!(t.store.authenticate(&secret).await.unwrap(), Some(user.clone()));
    assert_eq!(t.store.authenticate(&secret[..53]).await.unwrap(), None);
    assert_eq!(t.store.authenticate("").await.unwrap(), None);

    t.store.revoke_key(user.id, key.id).await.unwrap();
    assert_eq!(t.store.authenticate(&secret).await.unwrap(), None);
    t.advance(1_000);
    t.store.revoke_key(user.id, key.id).await.unwrap();
    let keys = t.store.list_keys(user.id, PageRequest::default()).await.unwrap();
    assert_eq!(keys.data[0].revoked_at.as_deref(), Some("2026-05-15T12:00:00.000Z"), "the first time counts");
}

async fn a_chosen_key_is_taken_once_and_not_from_another_account(t: Fixture) {
    let secret = "sheaf_live_chosen_by_the_operator";
    let (ada, _) = t.user("ten").await;
    let (bob, _) = t.user("ten").await;
    let key = t.store.import_key(ada, Some("bootstrap"), secret).await.unwrap();
    assert_eq!(t.store.import_key(ada, Some("bootstrap"), secret).await.unwrap(), key);
    assert_eq!(t.store.authenticate(secret).await.unwrap().map(|user| user.id), Some(ada));
    let stolen = t.store.import_key(bob, None, secret).await;
    assert!(matches!(stolen, Err(StoreError::Conflict(_))), "{stolen:?}");
    for short in ["", "sheaf_live_", "twenty-four with a space"] {
        let refused = t.store.import_key(ada, None, short).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{short:?}: {refused:?}");
    }
    let nobody = t.store.create_key(UserId(uuid::Uuid::now_v7()), None).await;
    assert_eq!(nobody.map(|_| ()), Err(StoreError::NotFound { what: "user" }));
}

async fn the_last_use_of_a_key_is_noted_once_a_minute(t: Fixture) {
    let (user, _) = t.user("ten").await;
    let (_, secret) = t.store.create_key(user, None).await.unwrap();
    for (after_ms, last_used) in [
        (0, "2026-05-15T12:00:00.000Z"),
        (59_999, "2026-05-15T12:00:00.000Z"),
        (1, "2026-05-15T12:01:00.000Z"),
    ] {
        t.advance(after_ms);
        t.store.authenticate(&secret).await.unwrap();
        let keys = t.store.list_keys(user, PageRequest::default()).await.unwrap();
        assert_eq!(keys.data[0].last_used_at.as_deref(), Some(last_used), "{after_ms}");
    }
}

async fn keys_of_others_are_not_found(t: Fixture) {
    let (ada, _) = t.user("ten").await;
    let (bob, _) = t.user("ten").await;
    let (key, secret) = t.store.create_key(ada, None).await.unwrap();
    assert_eq!(t.store.revoke_key(bob, key.id).await, Err(StoreError::NotFound { what: "key" }));
    assert!(t.store.authenticate(&secret).await.unwrap().is_some());
    assert!(t.store.list_keys(bob, PageRequest::default()).await.unwrap().data.is_empty());
}

async fn lists_come_in_pages_newest_first(t: Fixture) {
    let (user, _) = t.user("ten").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(t.store.create_key(user, None).await.unwrap().0.id);
    }
    made.reverse();
    let mut seen = Vec::new();
    let mut page = PageRequest { limit: 2, cursor: None };
    for (entries, more) in [(2, true), (2, true), (1, false)] {
        let got = t.store.list_keys(user, page.clone()).await.unwrap();
        assert_eq!((got.data.len(), got.next_cursor.is_some()), (entries, more));
        seen.extend(got.data.into_iter().map(|key| key.id));
        page.cursor = got.next_cursor;
    }
    assert_eq!(seen, made);
    let exact = t.store.list_keys(user, PageRequest { limit: 5, cursor: None }).await.unwrap();
    assert_eq!(exact.next_cursor, None, "a full last page has no next one");

    for (limit, cursor, pointer) in [
        (0, None, "/limit"),
        (501, None, "/limit"),
        (2, Some("not base64!"), "/cursor"),
        (2, Some("AAAA"), "/cursor"),
        (2, Some(""), "/cursor"),
    ] {
        let request = PageRequest { limit, cursor: cursor.map(Into::into) };
        match t.store.list_keys(user, request).await {
            Err(StoreError::Invalid(faults)) => assert_eq!(faults[0].pointer, pointer),
            other => panic!("{limit} {cursor:?}: {other:?}"),
        }
    }
}
