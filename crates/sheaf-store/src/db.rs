//! The two databases behind one set of statements.
//!
//! A statement is one text that both databases take, run by `execute!` and its
//! siblings on whichever is there. The few that differ stand
//! side by side where they are used.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, Postgres};
use sqlx::sqlite::{
    Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Connection, Executor, Transaction};

use crate::error::{Result, StoreError, is_busy};

/// How long a call waits for a connection, and SQLite for another process's write.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long to wait for who is alone with an SQLite file before the next try.
const SQLITE_AGAIN: Duration = Duration::from_millis(50);
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;
/// How long after its last use a connection is taken to be alive: to ask it every time would double the trips of short calls.
const TRUSTED: Duration = Duration::from_secs(1);
/// Names the migration lock among a PostgreSQL database's advisory locks.
const MIGRATION_LOCK: i64 = 0x5ea_f001;
/// Names the lock between those who name blobs in rows and those who remove blobs.
const BLOB_LOCK: i64 = 0x5ea_f002;

/// Each entry brings a database to the version that is its place in the list, counted from 1.
const MIGRATIONS: &[Migration] = &[
    Migration {
        sqlite: include_str!("../migrations/sqlite/1_first.sql"),
        postgres: include_str!("../migrations/postgres/1_first.sql"),
    },
    Migration {
        sqlite: include_str!("../migrations/sqlite/2_contract.sql"),
        postgres: include_str!("../migrations/postgres/2_contract.sql"),
    },
    Migration {
        sqlite: include_str!("../migrations/sqlite/3_webhook.sql"),
        postgres: include_str!("../migrations/postgres/3_webhook.sql"),
    },
    Migration {
        sqlite: include_str!("../migrations/sqlite/4_session.sql"),
        postgres: include_str!("../migrations/postgres/4_session.sql"),
    },
    Migration {
        sqlite: include_str!("../migrations/sqlite/5_review.sql"),
        postgres: include_str!("../migrations/postgres/5_review.sql"),
    },
    Migration {
        sqlite: include_str!("../migrations/sqlite/6_llm.sql"),
        postgres: include_str!("../migrations/postgres/6_llm.sql"),
    },
    Migration {
        sqlite: include_str!("../migrations/sqlite/7_lesson.sql"),
        postgres: include_str!("../migrations/postgres/7_lesson.sql"),
    },
];

#[derive(Clone, Copy)]
struct Migration {
    sqlite: &'static str,
    postgres: &'static str,
}

/// The database.
pub(crate) enum Db {
    /// SQLite takes one writer at a time: there is one connection for it, and others that read beside it.
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    /// PostgreSQL.
    Postgres(PgPool),
}

/// Something of one database or of the other.
pub(crate) enum Either<S, P> {
    Sqlite(S),
    Postgres(P),
}

/// A connection to read from.
pub(crate) type Conn = Either<PoolConnection<Sqlite>, PoolConnection<Postgres>>;
/// A transaction; rolls back where it is dropped before [`commit`].
pub(crate) type Tx = Either<Transaction<'static, Sqlite>, Transaction<'static, Postgres>>;

/// Runs `$run` with `$c` as the connection of whichever database `$on` is of.
macro_rules! on {
    ($on:expr, |$c:ident| $run:expr) => {
        match $on {
            $crate::db::Either::Sqlite(c) => {
                let $c = &mut **c;
                $run.await
            }
            $crate::db::Either::Postgres(c) => {
                let $c = &mut **c;
                $run.await
            }
        }
    };
}

/// `execute!(&mut tx, "update … where id = $1", id)`: how many rows it wrote.
macro_rules! execute {
    ($on:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::db::on!($on, |c| async {
            sqlx::query($sql)$(.bind($value))*.execute(c).await.map(|done| done.rows_affected())
        })
    };
}

/// All rows, each as the `FromRow` type that the context asks for.
macro_rules! fetch_all {
    ($on:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::db::on!($on, |c| sqlx::query_as($sql)$(.bind($value))*.fetch_all(c))
    };
}

/// The only row.
macro_rules! fetch_one {
    ($on:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::db::on!($on, |c| sqlx::query_as($sql)$(.bind($value))*.fetch_one(c))
    };
}

/// The only row, if there is one.
macro_rules! fetch_optional {
    ($on:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::db::on!($on, |c| sqlx::query_as($sql)$(.bind($value))*.fetch_optional(c))
    };
}

pub(crate) use {execute, fetch_all, fetch_one, fetch_optional, on};

fn sqlite_pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE)
}

/// What SQLite does once nobody else is alone with the file. Who turns its journal to WAL is, and who closes it last; SQLite does not
/// wait for them as it does for a write (sqlite.org/wal.html, "Sometimes Queries Return SQLITE_BUSY In WAL Mode").
async fn when_free<T, F: Future<Output = sqlx::Result<T>>>(mut run: impl FnMut() -> F) -> Result<T> {
    let started = Instant::now();
    loop {
        match run().await {
            Err(sqlx::Error::Database(error)) if is_busy(error.as_ref()) && started.elapsed() < PATIENCE => {
                tokio::time::sleep(SQLITE_AGAIN).await;
            }
            done => return Ok(done?),
        }
    }
}

impl Db {
    /// Connects, creates what is missing, and brings the schema up to date.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let db = if let Some(path) = url.strip_prefix("sqlite://") {
            create_private(Path::new(path))?;
            let options = SqliteConnectOptions::new()
                .filename(path)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(PATIENCE);
            let writer = when_free(|| sqlite_pool(1).connect_with(options.clone())).await?;
            let readers = sqlite_pool(SQLITE_READERS).connect_lazy_with(options.pragma("query_only", "on"));
            Self::Sqlite { writer, readers }
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // The parser's message could quote the password.
            let options = PgConnectOptions::from_str(url)
                .map_err(|_| StoreError::Internal("the database url is no valid postgres:// url".into()))?;
            let pool = PgPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS)
                .acquire_timeout(PATIENCE)
                .after_connect(|connection, _| {
                    Box::pin(async move {
                        // Statistics of a queue are always stale. With them the planner takes what waits for a handful, and reads
                        // and sorts all of it for each claim. What has no such setting has no such planner.
                        let _ = connection.execute("set enable_bitmapscan = off").await;
                        Ok(())
                    })
                })
                .test_before_acquire(false)
                .before_acquire(|connection, about| {
                    Box::pin(async move {
                        if about.idle_for > TRUSTED {
                            connection.ping().await?;
                        }
                        Ok(true)
                    })
                });
            Self::Postgres(pool.connect_with(options).await?)
        } else {
            return Err(StoreError::Internal(
                "the database url is of no known kind: give sqlite:///path/to/file.db or postgres://…".into(),
            ));
        };
        db.migrate(MIGRATIONS).await?;
        Ok(db)
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// A connection for statements that only read.
    pub(crate) async fn read(&self) -> Result<Conn> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Conn::Sqlite(readers.acquire().await?),
            Self::Postgres(pool) => Conn::Postgres(pool.acquire().await?),
        })
    }

    /// A transaction that may write. On SQLite it is alone from its first moment, so that what it reads stays true until
    /// it commits.
    pub(crate) async fn write(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { writer, .. } => {
                Tx::Sqlite(when_free(|| writer.begin_with("begin immediate")).await?)
            }
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// A transaction within which no blob that it finds disappears: one that names blobs in rows, or with `alone` one
    /// that removes blobs.
    pub(crate) async fn write_blobs(&self, alone: bool) -> Result<Tx> {
        let mut tx = self.write().await?;
        if let Tx::Postgres(c) = &mut tx {
            let sql = if alone {
                "select pg_advisory_xact_lock($1)"
            } else {
                "select pg_advisory_xact_lock_shared($1)"
            };
            sqlx::query(sql).bind(BLOB_LOCK).execute(&mut **c).await?;
        }
        Ok(tx)
    }

    /// Runs the migrations that the database has not had, in one transaction that excludes whoever else starts now.
    async fn migrate(&self, migrations: &[Migration]) -> Result<()> {
        let mut tx = self.write().await?;
        if let Tx::Postgres(c) = &mut tx {
            sqlx::query("select pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK).execute(&mut **c).await?;
        }
        execute!(&mut tx, "create table if not exists schema_version (version bigint not null)")?;
        let (found,): (Option<i64>,) = fetch_one!(&mut tx, "select max(version) from schema_version")?;
        let had = usize::try_from(found.unwrap_or(0)).unwrap_or(usize::MAX);
        if had > migrations.len() {
            return Err(StoreError::Internal(format!(
                "the database has schema version {had} and this sheaf knows versions up to {}: use a newer sheaf",
                migrations.len()
            )));
        }
        for (migration, version) in migrations.iter().zip(1i64..).skip(had) {
            match &mut tx {
                Tx::Sqlite(c) => {
                    sqlx::raw_sql(AssertSqlSafe(migration.sqlite)).execute(&mut **c).await?;
                }
                Tx::Postgres(c) => {
                    sqlx::raw_sql(AssertSqlSafe(migration.postgres)).execute(&mut **c).await?;
                }
            }
            execute!(&mut tx, "insert into schema_version (version) values ($1)", version)?;
        }
        commit(tx).await
    }
}

/// Makes a transaction's writes durable and visible.
pub(crate) async fn commit(tx: Tx) -> Result<()> {
    match tx {
        Tx::Sqlite(tx) => tx.commit().await?,
        Tx::Postgres(tx) => tx.commit().await?,
    }
    Ok(())
}

/// Creates a database file that only its owner reads, and its folder; SQLite gives its side files the same mode.
fn create_private(file: &Path) -> Result<()> {
    let create = || -> std::io::Result<()> {
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            create_private_folder(folder)?;
        }
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file)?;
        Ok(())
    };
    create().map_err(|e| {
        StoreError::Unavailable(format!("cannot open the database file {}: {e}", file.display()))
    })
}

/// Creates a folder, and those above it, that only its owner enters.
pub(crate) fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sqlite_is_durable_and_readers_do_not_write() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite://{}/sheaf.db", folder.path().display())).await.unwrap();
        let mut tx = db.write().await.unwrap();
        let (journal,): (String,) = fetch_one!(&mut tx, "pragma journal_mode").unwrap();
        // 2 is FULL (sqlite.org/pragma.html#pragma_synchronous).
        let (synchronous,): (i64,) = fetch_one!(&mut tx, "pragma synchronous").unwrap();
        let (foreign_keys,): (i64,) = fetch_one!(&mut tx, "pragma foreign_keys").unwrap();
        assert_eq!((journal.as_str(), synchronous, foreign_keys), ("wal", 2, 1));

        let mut conn = db.read().await.unwrap();
        let write = execute!(&mut conn, "insert into schema_version (version) values (7)");
        assert!(write.is_err(), "{write:?}");
    }

    #[tokio::test]
    async fn a_failed_migration_leaves_the_database_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/sheaf.db", folder.path().display());
        let db = Db::open(&url).await.unwrap();
        let then = |sqlite| [MIGRATIONS, &[Migration { sqlite, postgres: "" }]].concat();
        let failed = db.migrate(&then("create table extra (id integer); create nonsense")).await;
        assert!(failed.is_err());
        assert_eq!(db.migrate(&then("create table extra (id integer)")).await, Ok(()));
        assert_eq!(db.migrate(&then("create table extra (id integer)")).await, Ok(()), "it is not run again");
        let mut conn = db.read().await.unwrap();
        let (version,): (i64,) = fetch_one!(&mut conn, "select max(version) from schema_version").unwrap();
        assert_eq!(version, MIGRATIONS.len() as i64 + 1);
    }
}
