//! API keys: shown once, stored as a hash, found by it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use sheaf_types::{KeyId, UserId};
use uuid::Uuid;

use crate::Store;
use crate::account::{User, UserRow};
use crate::db::{commit, execute, fetch_all, fetch_optional};
use crate::error::{Result, StoreError};
use crate::page::{Page, PageRequest};
use crate::time::rfc3339;

/// What every key starts with, so that a scanner for leaked secrets knows one.
const PREFIX: &str = "sheaf_live_";
/// Characters of a secret that are kept readable, to recognise it.
const SHOWN: usize = 16;
/// The shortest secret an operator may choose.
const SHORTEST: usize = 24;
const LONGEST_NAME: usize = 200;
/// A key's last use is written at most this often.
const LAST_USED_STEP_MS: i64 = 60_000;

/// An API key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// Given by the user.
    pub name: Option<String>,
    /// The first characters of the secret, to recognise it.
    pub prefix: String,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC; to the minute.
    pub last_used_at: Option<String>,
    /// RFC 3339, UTC; it is refused from then on.
    pub revoked_at: Option<String>,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    id: Uuid,
    name: Option<String>,
    prefix: String,
    created_at: i64,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl KeyRow {
    fn build(self) -> ApiKey {
        ApiKey {
            id: KeyId(self.id),
            name: self.name,
            prefix: self.prefix,
            created_at: rfc3339(self.created_at),
            last_used_at: self.last_used_at.map(rfc3339),
            revoked_at: self.revoked_at.map(rfc3339),
        }
    }
}

impl Store {
    /// Makes a key; its secret is known here and never again.
    ///
    /// # Errors
    /// `Invalid` where the name is too long, `NotFound` where there is no such account.
    pub async fn create_key(&self, user: UserId, name: Option<&str>) -> Result<(ApiKey, String)> {
        // 32 random bytes cannot be guessed, so a plain fast hash of them is safe to store.
        let secret = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
        let key = self.import_key(user, name, &secret).await?;
        Ok((key, secret))
    }

    /// Makes a key whose secret the operator chose. One that is there already is answered as it is, even revoked.
    ///
    /// # Errors
    /// `Invalid` where the secret is too short to be one, `Conflict` where another account has it, `NotFound` where there
    /// is no such account.
    pub async fn import_key(&self, user: UserId, name: Option<&str>, secret: &str) -> Result<ApiKey> {
        if secret.len() < SHORTEST || !secret.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(StoreError::invalid(
                "/secret",
                format!(
                    "expected at least {SHORTEST} visible ASCII characters, such as \"{PREFIX}\" and 43 random ones"
                ),
            ));
        }
        if name.is_some_and(|name| name.chars().count() > LONGEST_NAME || name.contains('\0')) {
            return Err(StoreError::invalid("/name", format!("expected at most {LONGEST_NAME} characters")));
        }
        let mut tx = self.db().write().await?;
        self.plan_of(&mut tx, user).await?;
        execute!(
            &mut tx,
            "insert into api_key (id, account_id, name, secret_sha256, prefix, created_at)
             values ($1, $2, $3, $4, $5, $6) on conflict (secret_sha256) do nothing",
            Uuid::now_v7(),
            user.0,
            name,
            hash(secret),
            &secret[..SHOWN],
            self.clock().now()
        )?;
        let row: Option<KeyRow> = fetch_optional!(
            &mut tx,
            "select id, name, prefix, created_at, last_used_at, revoked_at from api_key
             where secret_sha256 = $1 and account_id = $2",
            hash(secret),
            user.0
        )?;
        let row = row.ok_or_else(|| StoreError::Conflict("another account has this key already".into()))?;
        commit(tx).await?;
        Ok(row.build())
    }

    /// The account a secret belongs to; `None` where the secret is unknown or revoked.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn authenticate(&self, secret: &str) -> Result<Option<User>> {
        #[derive(sqlx::FromRow)]
        struct Row {
            key_id: Uuid,
            last_used_at: Option<i64>,
            #[sqlx(flatten)]
            user: UserRow,
        }
        let row: Option<Row> = {
            let mut conn = self.db().read().await?;
            fetch_optional!(
                &mut conn,
                "select k.id as key_id, k.last_used_at, a.id, a.email, a.plan, a.is_admin, a.created_at
                 from api_key k join account a on a.id = k.account_id
                 where k.secret_sha256 = $1 and k.revoked_at is null",
                hash(secret)
            )?
        };
        let Some(row) = row else { return Ok(None) };
        let now = self.clock().now();
        if row.last_used_at.is_none_or(|used| used <= now - LAST_USED_STEP_MS)
            && let Err(error) = self.note_use(row.key_id, now).await
        {
            tracing::warn!(%error, "a key's last use was not noted");
        }
        Ok(Some(row.user.build()))
    }

    /// An account's keys, newest first, revoked ones too.
    ///
    /// # Errors
    /// `Invalid` for a malformed page request.
    pub async fn list_keys(&self, user: UserId, page: PageRequest) -> Result<Page<ApiKey>> {
        let (rows, before) = (page.rows()?, page.before()?);
        let mut conn = self.db().read().await?;
        let rows: Vec<KeyRow> = fetch_all!(
            &mut conn,
            "select id, name, prefix, created_at, last_used_at, revoked_at from api_key
             where account_id = $1 and id < $2 order by id desc limit $3",
            user.0,
            before,
            rows
        )?;
        page.page(rows, |row| row.id.as_bytes().to_vec(), |row| Ok(row.build()))
    }

    /// Makes a key worthless; once more does nothing more.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn revoke_key(&self, user: UserId, id: KeyId) -> Result<()> {
        let mut tx = self.db().write().await?;
        let found = execute!(
            &mut tx,
            "update api_key set revoked_at = coalesce(revoked_at, $3) where id = $1 and account_id = $2",
            id.0,
            user.0,
            self.clock().now()
        )?;
        if found == 0 {
            return Err(StoreError::NotFound { what: "key" });
        }
        commit(tx).await
    }

    async fn note_use(&self, key: Uuid, now: i64) -> Result<()> {
        let mut tx = self.db().write().await?;
        execute!(
            &mut tx,
            "update api_key set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at <= $3)",
            key,
            now,
            now - LAST_USED_STEP_MS
        )?;
        commit(tx).await
    }
}

fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}
