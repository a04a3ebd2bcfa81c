//! What can go wrong, in the words of the API.

use std::io::{self, ErrorKind};

use sheaf_types::Fault;

/// Why the store did not do what was asked.
///
/// No message carries a document's content or a secret.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// There is no such thing, or it belongs to another account.
    #[error("there is no such {what}")]
    NotFound {
        /// A noun: `template`, `document`, …
        what: &'static str,
    },
    /// The thing is in a state that does not allow this.
    #[error("{0}")]
    Conflict(String),
    /// `If-Match` named another version than the current one.
    #[error(
        "the template has changed and is at version {current} now: read it again, then send the change with that version"
    )]
    VersionMismatch {
        /// The template's latest version.
        current: u32,
    },
    /// An idempotency key was used for another request.
    #[error(
        "this Idempotency-Key was used for another request: send that one unchanged, or this one with a new key"
    )]
    IdempotencyMismatch,
    /// The month's quota would be exceeded; nothing was debited.
    #[error(
        "this takes {required} documents and {available} of {limit} are left this month: send fewer, wait until {resets_at}, or change the plan"
    )]
    QuotaExceeded {
        /// Documents that were asked for.
        required: u64,
        /// Documents that are left this month.
        available: u64,
        /// Documents a month.
        limit: u64,
        /// When the next month starts; RFC 3339, UTC.
        resets_at: String,
    },
    /// The request itself is wrong; all faults at once.
    #[error("{}", sentence(.0))]
    Invalid(Vec<Fault>),
    /// There is no room left for the database or the blobs; nothing was written.
    #[error("{0}")]
    Full(String),
    /// The database or the blob store cannot be reached or is too busy: trying again later may help.
    #[error("{0}")]
    Unavailable(String),
    /// A fault of sheaf, or rows that sheaf did not write.
    #[error("{0}")]
    Internal(String),
}

/// What the store's calls answer.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl StoreError {
    /// The HTTP status that stands for it.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Invalid(_) => 400,
            Self::QuotaExceeded { .. } => 402,
            Self::NotFound { .. } => 404,
            Self::Conflict(_) => 409,
            Self::VersionMismatch { .. } => 412,
            Self::IdempotencyMismatch => 422,
            Self::Internal(_) => 500,
            Self::Full(_) | Self::Unavailable(_) => 503,
        }
    }

    /// The API's stable name for it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid_request",
            Self::QuotaExceeded { .. } => "quota_exceeded",
            Self::NotFound { .. } => "not_found",
            Self::Conflict(_) => "conflict",
            Self::VersionMismatch { .. } => "version_mismatch",
            Self::IdempotencyMismatch => "idempotency_mismatch",
            Self::Internal(_) => "internal",
            Self::Full(_) | Self::Unavailable(_) => "unavailable",
        }
    }

    pub(crate) fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault { pointer: pointer.into(), detail: detail.into() }])
    }
}

fn sentence(faults: &[Fault]) -> String {
    let faults: Vec<String> = faults.iter().map(|f| format!("{} {}", f.pointer, f.detail)).collect();
    faults.join("; ")
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed | E::Io(_) | E::Tls(_) | E::Protocol(_) => {
                Self::Unavailable(format!("the database cannot be reached: {error}"))
            }
            E::Database(e) if is_full(e.as_ref()) => {
                Self::Full(format!("the database has no room left: {e}"))
            }
            E::Database(e) if is_passing(e.as_ref()) => {
                Self::Unavailable(format!("the database cannot do this now: {e}"))
            }
            _ => Self::Internal(format!("the database refused a statement: {error}")),
        }
    }
}

/// The class of an SQLite error, the low byte of its extended result code (sqlite.org/rescode.html); `None` of PostgreSQL's.
fn sqlite_class(error: &dyn sqlx::error::DatabaseError) -> Option<i32> {
    error.try_downcast_ref::<sqlx::sqlite::SqliteError>()?;
    Some(error.code().and_then(|code| code.parse::<i32>().ok()).map_or(0, |code| code & 0xff))
}

/// Whether the database's disk is full: SQLITE_FULL, or PostgreSQL's `disk_full`.
fn is_full(error: &dyn sqlx::error::DatabaseError) -> bool {
    sqlite_class(error).map_or_else(|| error.code().as_deref() == Some("53100"), |class| class == 13)
}

/// Whether somebody else holds an SQLite file (BUSY).
pub(crate) fn is_busy(error: &dyn sqlx::error::DatabaseError) -> bool {
    sqlite_class(error) == Some(5)
}

/// Whether the database itself is in trouble, rather than the statement wrong.
fn is_passing(error: &dyn sqlx::error::DatabaseError) -> bool {
    if let Some(class) = sqlite_class(error) {
        // BUSY, LOCKED, NOMEM, READONLY, IOERR, CANTOPEN.
        return matches!(class, 5 | 6 | 7 | 8 | 10 | 14);
    }
    let code = error.code().unwrap_or_default();
    // Connection, transaction rollback (deadlock), insufficient resources, operator intervention, system error
    // (PostgreSQL, appendix A).
    ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class))
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        if has_no_room(&error) {
            return Self::Full(format!("the blob store has no room left: {error}"));
        }
        Self::Unavailable(format!("the blob store cannot do this now: {error}"))
    }
}

/// Whether a file could not be written because there is no room for it, or the process may write none as large.
fn has_no_room(error: &(dyn std::error::Error + 'static)) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(kind, Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge))
        || error.source().is_some_and(has_no_room)
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        // Line and column only: the message could quote a value.
        let at = error.column();
        Self::Internal(format!("a stored value is not what this version of sheaf writes (column {at})"))
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;

    use super::*;

    #[tokio::test]
    async fn a_full_disk_is_told_and_a_wrong_statement_is_internal() {
        let mut c = sqlx::SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::raw_sql("pragma max_page_count = 2; create table t (bytes blob)")
            .execute(&mut c)
            .await
            .unwrap();
        let full = sqlx::query("insert into t values (zeroblob(100000))").execute(&mut c).await;
        let full = StoreError::from(full.unwrap_err());
        assert!(matches!(full, StoreError::Full(_)), "{full:?}");
        assert_eq!((full.status(), full.code()), (503, "unavailable"), "{full}");
        let wrong = StoreError::from(sqlx::query("select nothing").execute(&mut c).await.unwrap_err());
        assert_eq!((wrong.status(), wrong.code()), (500, "internal"), "{wrong}");
    }
}
