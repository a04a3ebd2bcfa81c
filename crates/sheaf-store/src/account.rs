//! Accounts.

use sheaf_types::{Plan, UserId};
use uuid::Uuid;

use crate::Store;
use crate::db::{Tx, commit, execute, fetch_all, fetch_one, fetch_optional};
use crate::error::{Result, StoreError};
use crate::time::rfc3339;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// In lower case; unique.
    pub email: String,
    /// Name of a configured plan.
    pub plan: String,
    /// Whether it may administer the instance.
    pub is_admin: bool,
    /// RFC 3339, UTC.
    pub created_at: String,
}

#[derive(sqlx::FromRow)]
pub(crate) struct UserRow {
    id: Uuid,
    email: String,
    plan: String,
    is_admin: bool,
    created_at: i64,
}

impl UserRow {
    pub(crate) fn build(self) -> User {
        User {
            id: UserId(self.id),
            email: self.email,
            plan: self.plan,
            is_admin: self.is_admin,
            created_at: rfc3339(self.created_at),
        }
    }
}

impl Store {
    /// Makes an account.
    ///
    /// # Errors
    /// `Invalid` where the address is malformed or no such plan is configured, `Conflict` where the address has an
    /// account.
    pub async fn create_user(&self, email: &str, plan: &str, is_admin: bool) -> Result<User> {
        let email = email.trim().to_lowercase();
        if !is_email(&email) {
            return Err(StoreError::invalid(
                "/email",
                "expected an e-mail address, such as name@example.com",
            ));
        }
        if self.plan(plan).is_none() {
            let known: Vec<&str> = self.plans().iter().map(|plan| plan.name.as_str()).collect();
            return Err(StoreError::invalid(
                "/plan",
                format!("is no plan: expected one of {}", known.join(", ")),
            ));
        }
        let row = UserRow {
            id: Uuid::now_v7(),
            email,
            plan: plan.to_owned(),
            is_admin,
            created_at: self.clock().now(),
        };
        let mut tx = self.db().write().await?;
        let made = execute!(
            &mut tx,
            "insert into account (id, email, plan, is_admin, created_at) values ($1, $2, $3, $4, $5)
             on conflict (email) do nothing",
            row.id,
            &row.email,
            &row.plan,
            row.is_admin,
            row.created_at
        )?;
        if made == 0 {
            return Err(StoreError::Conflict(format!("{} has an account already", row.email)));
        }
        commit(tx).await?;
        Ok(row.build())
    }

    /// The account with this address, in whatever case.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn user_by_email(&self, email: &str) -> Result<User> {
        let email = email.trim().to_lowercase();
        let mut conn = self.db().read().await?;
        let row: Option<UserRow> = fetch_optional!(
            &mut conn,
            "select id, email, plan, is_admin, created_at from account where email = $1",
            &email
        )?;
        row.map(UserRow::build).ok_or(StoreError::NotFound { what: "user" })
    }

    /// All accounts, oldest first.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn list_users(&self) -> Result<Vec<User>> {
        let mut conn = self.db().read().await?;
        let rows: Vec<UserRow> =
            fetch_all!(&mut conn, "select id, email, plan, is_admin, created_at from account order by id")?;
        Ok(rows.into_iter().map(UserRow::build).collect())
    }

    /// How many accounts there are.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn user_count(&self) -> Result<u64> {
        let mut conn = self.db().read().await?;
        let (count,): (i64,) = fetch_one!(&mut conn, "select count(*) from account")?;
        Ok(count.unsigned_abs())
    }

    /// The account's plan.
    pub(crate) async fn plan_of(&self, tx: &mut Tx, user: UserId) -> Result<&Plan> {
        let name: Option<(String,)> = fetch_optional!(tx, "select plan from account where id = $1", user.0)?;
        let (name,) = name.ok_or(StoreError::NotFound { what: "user" })?;
        self.configured_plan(&name)
    }

    pub(crate) fn configured_plan(&self, name: &str) -> Result<&Plan> {
        self.plan(name).ok_or_else(|| {
            StoreError::Internal(format!(
                "the account's plan {name:?} is not configured: add it to the plans"
            ))
        })
    }
}

/// Enough to catch a slip; whether the address exists only a message to it can tell.
fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty() && !domain.contains('@'))
        && text.len() <= 254
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}
