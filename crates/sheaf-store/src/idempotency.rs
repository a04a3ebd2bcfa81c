//! Requests that create something: sent twice under one key, done once.
//!
//! [`Store::begin_request`] gives the first of them a handle on the store with which it runs. What that handle creates notes
//! its answer in the transaction that creates it, so that neither is there without the other, whenever the process ends. A
//! request has a lease while it runs: one whose process crashed before it created anything can be sent again once that
//! is over.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use sheaf_types::UserId;
use uuid::Uuid;

use crate::Store;
use crate::db::{Tx, commit, execute, fetch_optional};
use crate::error::{Result, StoreError};

/// How long a request counts as running without [`Store::renew_request`], in milliseconds.
pub const REQUEST_LEASE_MS: i64 = 60_000;
/// How long an answer is kept, in milliseconds.
pub const REQUEST_KEPT_MS: i64 = 24 * 3_600_000;
/// Expired answers that a new request removes.
const MOST_SWEPT: i64 = 100;

/// How a request under a key goes on.
#[derive(Clone)]
pub enum Begun {
    /// It is the first: it runs with this handle, and [`Store::end_request`] of it ends it.
    First(Store),
    /// What the first one created, as it noted it.
    Again(Value),
}

/// The request that a handle creates for.
pub(crate) struct Running {
    user: UserId,
    key: String,
    /// Names this run of it.
    runner: Uuid,
}

#[derive(sqlx::FromRow)]
struct Row {
    request_sha256: Vec<u8>,
    lease_until: Option<i64>,
    answer: Option<String>,
    expires_at: i64,
}

impl Store {
    /// Begins a request under an account's key. `request_sha256` tells whether it is the same as the one before.
    ///
    /// # Errors
    /// `Conflict` while the first one runs, `IdempotencyMismatch` where that was another request.
    pub async fn begin_request(&self, user: UserId, key: &str, request_sha256: &[u8]) -> Result<Begun> {
        let now = self.clock().now();
        let running = Running { user, key: key.to_owned(), runner: Uuid::now_v7() };
        let mut tx = self.db().write().await?;
        sweep(&mut tx, now).await?;
        let first = execute!(
            &mut tx,
            "insert into idempotency_key (account_id, key, request_sha256, runner, lease_until, expires_at)
             values ($1, $2, $3, $4, $5, $6) on conflict (account_id, key) do nothing",
            user.0,
            key,
            request_sha256,
            running.runner,
            now + REQUEST_LEASE_MS,
            now + REQUEST_KEPT_MS,
        )?;
        if first == 0 {
            let sql = match &tx {
                Tx::Sqlite(_) => {
                    "select request_sha256, lease_until, answer, expires_at from idempotency_key
                     where account_id = $1 and key = $2"
                }
                Tx::Postgres(_) => {
                    "select request_sha256, lease_until, answer, expires_at from idempotency_key
                     where account_id = $1 and key = $2 for update"
                }
            };
            let row: Option<Row> = fetch_optional!(&mut tx, sql, user.0, key)?;
            // Gone between the two statements: it failed at this moment.
            let row = row.ok_or_else(still_running)?;
            if let Some(answer) = row.answer_to(request_sha256, now)? {
                return Ok(Begun::Again(answer));
            }
            execute!(
                &mut tx,
                "update idempotency_key set request_sha256 = $3, runner = $4, lease_until = $5, expires_at = $6,
                     answer = null
                 where account_id = $1 and key = $2",
                user.0,
                key,
                request_sha256,
                running.runner,
                now + REQUEST_LEASE_MS,
                now + REQUEST_KEPT_MS,
            )?;
        }
        commit(tx).await?;
        Ok(Begun::First(Self { inner: Arc::clone(&self.inner), request: Some(Arc::new(running)) }))
    }

    /// Notes what the request of this handle created, where that does not happen with the creation itself. Does nothing on
    /// a handle of no request.
    ///
    /// # Errors
    /// `Conflict` where the request's lease ran out and it was begun anew.
    pub async fn note_answer(&self, answer: &impl Serialize) -> Result<()> {
        if self.request.is_none() {
            return Ok(());
        }
        let mut tx = self.db().write().await?;
        self.note(&mut tx, answer).await?;
        commit(tx).await
    }

    /// Prolongs the lease of this handle's request.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn renew_request(&self) -> Result<()> {
        let Some(running) = &self.request else { return Ok(()) };
        let mut tx = self.db().write().await?;
        execute!(
            &mut tx,
            "update idempotency_key set lease_until = $4 where account_id = $1 and key = $2 and runner = $3",
            running.user.0,
            &running.key,
            running.runner,
            self.clock().now() + REQUEST_LEASE_MS,
        )?;
        commit(tx).await
    }

    /// Ends this handle's request: its answer is kept, and where it created nothing its key is free.
    ///
    /// # Errors
    /// Only those of the database; then its lease ends it.
    pub async fn end_request(&self) -> Result<()> {
        let Some(running) = &self.request else { return Ok(()) };
        let mut tx = self.db().write().await?;
        execute!(
            &mut tx,
            "delete from idempotency_key
             where account_id = $1 and key = $2 and runner = $3 and answer is null",
            running.user.0,
            &running.key,
            running.runner,
        )?;
        execute!(
            &mut tx,
            "update idempotency_key set lease_until = null where account_id = $1 and key = $2 and runner = $3",
            running.user.0,
            &running.key,
            running.runner,
        )?;
        commit(tx).await
    }

    /// Notes in this transaction what it creates.
    pub(crate) async fn note(&self, tx: &mut Tx, answer: &impl Serialize) -> Result<()> {
        let Some(running) = &self.request else { return Ok(()) };
        let answer = serde_json::to_string(answer)?;
        let noted = execute!(
            tx,
            "update idempotency_key set answer = $4 where account_id = $1 and key = $2 and runner = $3",
            running.user.0,
            &running.key,
            running.runner,
            &answer,
        )?;
        if noted == 0 { Err(still_running()) } else { Ok(()) }
    }
}

impl Row {
    /// The answer that is there already; `None` where the request is to be run, as if it were the first.
    fn answer_to(self, request_sha256: &[u8], now: i64) -> Result<Option<Value>> {
        let runs = self.lease_until.is_some_and(|until| until > now);
        if !runs && (self.answer.is_none() || self.expires_at <= now) {
            return Ok(None);
        }
        if self.request_sha256 != request_sha256 {
            return Err(StoreError::IdempotencyMismatch);
        }
        if runs {
            return Err(still_running());
        }
        Ok(self.answer.as_deref().map(serde_json::from_str).transpose()?)
    }
}

fn still_running() -> StoreError {
    StoreError::Conflict(
        "a request with this Idempotency-Key is still running: wait for its answer, or send it again later"
            .into(),
    )
}

async fn sweep(tx: &mut Tx, now: i64) -> Result<()> {
    let sql = match tx {
        Tx::Sqlite(_) => {
            "delete from idempotency_key where (account_id, key) in (
                 select account_id, key from idempotency_key where expires_at <= $1 order by expires_at limit $2)"
        }
        Tx::Postgres(_) => {
            "delete from idempotency_key where (account_id, key) in (
                 select account_id, key from idempotency_key where expires_at <= $1 order by expires_at limit $2
                 for update skip locked)"
        }
    };
    execute!(tx, sql, now, MOST_SWEPT)?;
    Ok(())
}
