//! Hints between those who change something and those who wait for it: within the process at once, and on PostgreSQL to the
//! other processes by NOTIFY.
//!
//! A hint may be lost, and may come for nothing; who waits polls slowly beside it. So it is sent after the transaction and
//! nobody waits for it, and a database that speaks PostgreSQL's protocol without NOTIFY does as well.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use uuid::Uuid;

const CHANNEL: &str = "sheaf";
/// Pause before a listener that was cut off tries again.
const RETRY: Duration = Duration::from_secs(5);

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    /// There is work.
    Enqueued,
    /// Extractions ended.
    Finished,
    /// A batch was cancelled.
    Cancelled,
}

impl Hint {
    const ALL: [Self; 3] = [Self::Enqueued, Self::Finished, Self::Cancelled];

    fn as_str(self) -> &'static str {
        match self {
            Self::Enqueued => "enqueued",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Who waits in this process; a clone is another handle on the same.
#[derive(Debug, Clone)]
pub(crate) struct Hints {
    /// Names those who share these, so that they need not listen to themselves.
    origin: Uuid,
    enqueued: watch::Sender<u64>,
    finished: watch::Sender<u64>,
    cancelled: watch::Sender<u64>,
}

impl Hints {
    pub(crate) fn new() -> Self {
        Self {
            origin: Uuid::now_v7(),
            enqueued: watch::Sender::new(0),
            finished: watch::Sender::new(0),
            cancelled: watch::Sender::new(0),
        }
    }

    pub(crate) fn subscribe(&self, hint: Hint) -> watch::Receiver<u64> {
        self.of(hint).subscribe()
    }

    /// Wakes those who wait in this process.
    pub(crate) fn give(&self, hint: Hint) {
        self.of(hint).send_modify(|n| *n = n.wrapping_add(1));
    }

    /// Wakes those who wait in other processes.
    pub(crate) fn notify(&self, pool: &PgPool, hint: Hint) {
        let (pool, message) = (pool.clone(), format!("{} {}", hint.as_str(), self.origin));
        tokio::spawn(async move {
            let sent =
                sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(message).execute(&pool).await;
            if let Err(error) = sent {
                tracing::debug!(%error, "a hint was not sent; polling does without");
            }
        });
    }

    /// Gives a hint that came in a message, unless it is one of ours.
    fn take(&self, message: &str) {
        let Some((name, origin)) = message.split_once(' ') else { return };
        let hint = Hint::ALL.into_iter().find(|hint| hint.as_str() == name);
        if let Some(hint) = hint.filter(|_| origin != self.origin.to_string()) {
            self.give(hint);
        }
    }

    fn of(&self, hint: Hint) -> &watch::Sender<u64> {
        match hint {
            Hint::Enqueued => &self.enqueued,
            Hint::Finished => &self.finished,
            Hint::Cancelled => &self.cancelled,
        }
    }
}

/// Gives on what other processes notify, until it is aborted or the pool closes.
pub(crate) fn listen(pool: PgPool, hints: Hints) -> JoinHandle<()> {
    tokio::spawn(async move {
        while !pool.is_closed() {
            if let Err(error) = relay(&pool, &hints).await {
                tracing::debug!(%error, "hints of other processes do not come; polling does without");
            }
            sleep(RETRY).await;
        }
    })
}

async fn relay(pool: &PgPool, hints: &Hints) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        hints.take(listener.recv().await?.payload());
    }
}
