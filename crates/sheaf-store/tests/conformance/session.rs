//! Signing in to the dashboard.

use sheaf_store::{BRAKE_MS, LINK_MS, MOST_FAILURES, SESSION_MS, StoreError};
use sheaf_types::UserId;

use crate::fixture::{Fixture, on_both_databases};

on_both_databases!(
    a_session_lasts_while_it_is_used,
    a_session_ends_alone_and_all_of_an_account_end_together,
    a_link_signs_in_once_and_not_for_ever,
    a_new_password_ends_the_sessions_before_it,
    wrong_passwords_are_braked_by_address_until_time_or_the_right_one,
);

async fn a_session_lasts_while_it_is_used(t: Fixture) {
    let user = t.store.create_user("ada@example.com", "ten", false).await.unwrap();
    let secret = t.store.start_session(user.id).await.unwrap();
    assert_eq!(secret.len(), 43);
    assert_eq!(t.store.session_user(&secret).await.unwrap(), Some(user.clone()));
    assert_eq!(t.store.session_user(&secret[..42]).await.unwrap(), None);
    t.advance(SESSION_MS - 1);
    assert_eq!(t.store.session_user(&secret).await.unwrap(), Some(user.clone()), "and this prolongs it");
    t.advance(SESSION_MS - 1);
    assert_eq!(t.store.session_user(&secret).await.unwrap(), Some(user));
    t.advance(SESSION_MS);
    assert_eq!(t.store.session_user(&secret).await.unwrap(), None);
    let nobody = t.store.start_session(UserId(uuid::Uuid::now_v7())).await;
    assert_eq!(nobody, Err(StoreError::NotFound { what: "user" }));
}

async fn a_session_ends_alone_and_all_of_an_account_end_together(t: Fixture) {
    let (ada, _) = t.user("ten").await;
    let (bob, _) = t.user("ten").await;
    let [one, two, three] = [
        t.store.start_session(ada).await.unwrap(),
        t.store.start_session(ada).await.unwrap(),
        t.store.start_session(ada).await.unwrap(),
    ];
    let link = t.store.create_sign_in_link(ada).await.unwrap();
    let other = t.store.start_session(bob).await.unwrap();
    t.store.end_session(&one).await.unwrap();
    t.store.end_session(&one).await.unwrap();
    assert_eq!(t.store.session_user(&one).await.unwrap(), None);
    assert!(t.store.session_user(&two).await.unwrap().is_some());
    t.store.end_all_sessions(ada).await.unwrap();
    for ended in [&two, &three] {
        assert_eq!(t.store.session_user(ended).await.unwrap(), None);
    }
    assert_eq!(t.store.use_sign_in_link(&link).await.unwrap(), None);
    assert!(t.store.session_user(&other).await.unwrap().is_some());
}

async fn a_link_signs_in_once_and_not_for_ever(t: Fixture) {
    let (ada, _) = t.user("ten").await;
    let link = t.store.create_sign_in_link(ada).await.unwrap();
    let session = t.store.use_sign_in_link(&link).await.unwrap().unwrap();
    assert_eq!(t.store.session_user(&session).await.unwrap().map(|user| user.id), Some(ada));
    assert_eq!(t.store.use_sign_in_link(&link).await.unwrap(), None, "it was used");
    let link = t.store.create_sign_in_link(ada).await.unwrap();
    t.advance(LINK_MS);
    assert_eq!(t.store.use_sign_in_link(&link).await.unwrap(), None, "it has expired");
    assert_eq!(t.store.use_sign_in_link("").await.unwrap(), None);
}

async fn a_new_password_ends_the_sessions_before_it(t: Fixture) {
    let user = t.store.create_user("ada@example.com", "ten", false).await.unwrap();
    assert_eq!(t.store.password_hash("ada@example.com").await.unwrap(), None);
    let before = t.store.start_session(user.id).await.unwrap();
    let after = t.store.set_password(user.id, "a hash").await.unwrap();
    assert_eq!(t.store.session_user(&before).await.unwrap(), None);
    assert_eq!(t.store.session_user(&after).await.unwrap(), Some(user.clone()));
    let found = t.store.password_hash(" Ada@Example.com ").await.unwrap();
    assert_eq!(found, Some((user.id, "a hash".to_owned())));
    assert_eq!(t.store.password_hash("bob@example.com").await.unwrap(), None);
}

async fn wrong_passwords_are_braked_by_address_until_time_or_the_right_one(t: Fixture) {
    for _ in 0..MOST_FAILURES {
        assert_eq!(t.store.take_sign_in_try("ada@example.com").await.unwrap(), Ok(()));
    }
    t.advance(BRAKE_MS - 1_500);
    assert_eq!(t.store.take_sign_in_try("ADA@example.com").await.unwrap(), Err(2));
    assert_eq!(t.store.take_sign_in_try("bob@example.com").await.unwrap(), Ok(()));
    t.store.forget_sign_in_failures("ada@example.com").await.unwrap();
    for _ in 0..MOST_FAILURES {
        assert_eq!(t.store.take_sign_in_try("ada@example.com").await.unwrap(), Ok(()));
    }
    t.advance(BRAKE_MS);
    assert_eq!(t.store.take_sign_in_try("ada@example.com").await.unwrap(), Ok(()));
}
