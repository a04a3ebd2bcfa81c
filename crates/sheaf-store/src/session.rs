//! Who is signed in to the dashboard: sessions, one-time links, passwords, and a brake on guessing them.
//!
//! Secrets of sessions and links are 32 random bytes, so a plain fast hash of them is safe to store; passwords come here
//! as Argon2 hashes.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use sheaf_types::UserId;
use uuid::Uuid;

use crate::Store;
use crate::account::{User, UserRow};
use crate::db::{Tx, commit, execute, fetch_one, fetch_optional};
use crate::error::{Result, StoreError};

const MINUTE_MS: i64 = 60_000;
/// How long a session lasts from its last use, in milliseconds.
pub const SESSION_MS: i64 = 14 * 24 * 60 * MINUTE_MS;
/// A session is prolonged at most this often.
const SESSION_STEP_MS: i64 = 60 * MINUTE_MS;
/// How long a one-time link can be used, in milliseconds.
pub const LINK_MS: i64 = 24 * 60 * MINUTE_MS;
/// Wrong passwords for one address, after which none is tried for [`BRAKE_MS`].
pub const MOST_FAILURES: u32 = 10;
/// How long wrong passwords are remembered, in milliseconds.
pub const BRAKE_MS: i64 = 15 * MINUTE_MS;

impl Store {
    /// Signs an account in and answers the session's secret, which is known here and never again.
    ///
    /// # Errors
    /// `NotFound` where there is no such account.
    pub async fn start_session(&self, user: UserId) -> Result<String> {
        let mut tx = self.db().write().await?;
        let secret = self.insert_session(&mut tx, user).await?;
        commit(tx).await?;
        Ok(secret)
    }

    /// The account that a session's secret belongs to, and the session lasts longer; `None` where it is unknown, was
    /// ended or has expired.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn session_user(&self, secret: &str) -> Result<Option<User>> {
        #[derive(sqlx::FromRow)]
        struct Row {
            expires_at: i64,
            #[sqlx(flatten)]
            user: UserRow,
        }
        let now = self.clock().now();
        let row: Option<Row> = {
            let mut conn = self.db().read().await?;
            fetch_optional!(
                &mut conn,
                "select s.expires_at, a.id, a.email, a.plan, a.is_admin, a.created_at
                 from session s join account a on a.id = s.account_id
                 where s.secret_sha256 = $1 and s.expires_at > $2",
                hash(secret),
                now
            )?
        };
        let Some(row) = row else { return Ok(None) };
        if row.expires_at < now + SESSION_MS - SESSION_STEP_MS {
            let mut tx = self.db().write().await?;
            execute!(
                &mut tx,
                "update session set expires_at = $2 where secret_sha256 = $1",
                hash(secret),
                now + SESSION_MS
            )?;
            commit(tx).await?;
        }
        Ok(Some(row.user.build()))
    }

    /// Ends one session; one that is unknown has ended already.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn end_session(&self, secret: &str) -> Result<()> {
        let mut tx = self.db().write().await?;
        execute!(&mut tx, "delete from session where secret_sha256 = $1", hash(secret))?;
        commit(tx).await
    }

    /// Ends all of an account's sessions, on whatever device, and makes its unused links worthless.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn end_all_sessions(&self, user: UserId) -> Result<()> {
        let mut tx = self.db().write().await?;
        execute!(&mut tx, "delete from session where account_id = $1", user.0)?;
        execute!(&mut tx, "delete from sign_in_link where account_id = $1", user.0)?;
        commit(tx).await
    }

    /// Makes the secret of a link that signs in once, within [`LINK_MS`].
    ///
    /// # Errors
    /// `NotFound` where there is no such account.
    pub async fn create_sign_in_link(&self, user: UserId) -> Result<String> {
        let (secret, now) = (random_secret(), self.clock().now());
        let mut tx = self.db().write().await?;
        self.plan_of(&mut tx, user).await?;
        execute!(&mut tx, "delete from sign_in_link where expires_at <= $1", now)?;
        execute!(
            &mut tx,
            "insert into sign_in_link (secret_sha256, account_id, expires_at) values ($1, $2, $3)",
            hash(&secret),
            user.0,
            now + LINK_MS
        )?;
        commit(tx).await?;
        Ok(secret)
    }

    /// Uses a link up and answers the secret of a session; `None` where it was used, has expired or never was.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn use_sign_in_link(&self, secret: &str) -> Result<Option<String>> {
        let mut tx = self.db().write().await?;
        let link: Option<(Uuid, i64)> = fetch_optional!(
            &mut tx,
            "delete from sign_in_link where secret_sha256 = $1 returning account_id, expires_at",
            hash(secret)
        )?;
        let session = match link {
            Some((account, expires_at)) if expires_at > self.clock().now() => {
                Some(self.insert_session(&mut tx, UserId(account)).await?)
            }
            _ => None,
        };
        commit(tx).await?;
        Ok(session)
    }

    /// Sets an account's password by its hash, ends its sessions, and answers the secret of a new one.
    ///
    /// # Errors
    /// `NotFound` where there is no such account.
    pub async fn set_password(&self, user: UserId, password_hash: &str) -> Result<String> {
        let mut tx = self.db().write().await?;
        execute!(&mut tx, "update account set password_hash = $2 where id = $1", user.0, password_hash)?;
        execute!(&mut tx, "delete from session where account_id = $1", user.0)?;
        execute!(&mut tx, "delete from sign_in_link where account_id = $1", user.0)?;
        let secret = self.insert_session(&mut tx, user).await?;
        commit(tx).await?;
        Ok(secret)
    }

    /// The hash of an account's password; `None` where the address has no account or the account no password.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn password_hash(&self, email: &str) -> Result<Option<(UserId, String)>> {
        let mut conn = self.db().read().await?;
        let row: Option<(Uuid, String)> = fetch_optional!(
            &mut conn,
            "select id, password_hash from account where email = $1 and password_hash is not null",
            address(email)
        )?;
        Ok(row.map(|(id, hash)| (UserId(id), hash)))
    }

    /// Takes one of the tries that an address has, or answers in how many seconds it has some again.
    ///
    /// It is taken before the password is looked at, so that many at once do not get more of them; a right password
    /// gives all of them back ([`Store::forget_sign_in_failures`]).
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn take_sign_in_try(&self, email: &str) -> Result<Result<(), u64>> {
        let now = self.clock().now();
        let mut tx = self.db().write().await?;
        execute!(&mut tx, "delete from sign_in_failure where expires_at <= $1", now)?;
        let (failures, expires_at): (i64, i64) = fetch_one!(
            &mut tx,
            "insert into sign_in_failure (email, failures, expires_at) values ($1, 1, $2)
             on conflict (email) do update set failures = sign_in_failure.failures + 1
             returning failures, expires_at",
            address(email),
            now + BRAKE_MS
        )?;
        commit(tx).await?;
        if failures <= i64::from(MOST_FAILURES) {
            return Ok(Ok(()));
        }
        Ok(Err((expires_at - now).unsigned_abs().div_ceil(1_000)))
    }

    /// Gives an address all of its tries back.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn forget_sign_in_failures(&self, email: &str) -> Result<()> {
        let mut tx = self.db().write().await?;
        execute!(&mut tx, "delete from sign_in_failure where email = $1", address(email))?;
        commit(tx).await
    }

    async fn insert_session(&self, tx: &mut Tx, user: UserId) -> Result<String> {
        let (secret, now) = (random_secret(), self.clock().now());
        execute!(&mut *tx, "delete from session where expires_at <= $1", now)?;
        let made = execute!(
            tx,
            "insert into session (secret_sha256, account_id, created_at, expires_at)
             select $1, id, $3, $4 from account where id = $2",
            hash(&secret),
            user.0,
            now,
            now + SESSION_MS
        )?;
        if made == 0 {
            return Err(StoreError::NotFound { what: "user" });
        }
        Ok(secret)
    }
}

/// As accounts keep it, and no longer than an address can be.
fn address(email: &str) -> String {
    email.trim().to_lowercase().chars().filter(|c| *c != '\0').take(254).collect()
}

fn random_secret() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}
