//! `sheaf serve`: the API and workers in one process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, value_parser};
use sheaf_store::{PageRequest, Store};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{LogFormat, start_logging, stop_signal};
use crate::api::{self, ApiLimits, ApiState};
use crate::config::{ReaderArgs, StoreArgs, WebhookArgs, WorkerArgs};
use crate::dashboard;
use crate::llm::{Llm, LlmArgs};
use crate::reader::ReaderPool;
use crate::runner::Runner;
use crate::webhook::Sender;
use crate::{housekeeping, metrics, print};

/// The account that an empty store starts with.
pub(super) const FIRST_USER: &str = "admin@localhost";
/// The first account's plan.
pub(super) const FIRST_PLAN: &str = "unlimited";
/// How long open connections may go on after the last document has been drained.
const CONNECTIONS_DRAIN: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Address and port to listen on
    #[arg(long, env = "SHEAF_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    workers: WorkerArgs,
    #[command(flatten)]
    reader: ReaderArgs,
    #[command(flatten)]
    webhooks: WebhookArgs,
    #[command(flatten)]
    llm: LlmArgs,
    /// Requests a second with one API key or session, and as many at once; more are answered 429 [default: no limit]
    #[arg(long, env = "SHEAF_RATE_LIMIT", value_name = "N")]
    rate_limit: Option<NonZeroU32>,
    /// Days after which documents and results are forgotten [default: never]
    #[arg(long, env = "SHEAF_RETENTION_DAYS", value_name = "DAYS", value_parser = value_parser!(u32).range(1..))]
    retention_days: Option<u32>,
    /// API key that the first user gets, instead of a random one; for automation
    #[arg(long, env = "SHEAF_BOOTSTRAP_KEY", value_name = "KEY", hide_env_values = true)]
    bootstrap_key: Option<String>,
    /// How to log
    #[arg(long, env = "SHEAF_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,
}

impl ServeArgs {
    pub(super) async fn run(self) -> Result<ExitCode> {
        start_logging(self.log_format);
        metrics::recorder();
        let llm = self.llm.config()?.map(Llm::new).transpose()?.map(Arc::new);
        let reader = self.reader.command()?;
        let store = self.store.open().await?;
        let listener = TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}; choose another with --listen", self.listen))?;

        // With port 0 the system chooses one.
        let address = listener.local_addr()?;
        first_user(&store, self.bootstrap_key.as_deref(), address).await?;

        let shutdown = CancellationToken::new();
        let workers_alive = Arc::default();
        let workers = self.workers.count();
        let llm_configured = llm.is_some();
        let runner =
            Runner::new(store.clone(), reader.clone(), workers, Arc::clone(&workers_alive)).with_llm(llm);
        let working = tokio::spawn(runner.run(shutdown.clone()));

        let kept = self.retention_days.map(|days| Duration::from_secs(u64::from(days) * 86_400));
        let keeping_house = tokio::spawn(housekeeping::run(store.clone(), kept, shutdown.clone()));
        let sender = Sender::new(store.clone(), self.webhooks.addresses())?;
        let sending = tokio::spawn(sender.run(shutdown.clone()));

        let state = ApiState {
            store: store.clone(),
            limits: ApiLimits {
                max_file_bytes: self.reader.limits().file_bytes,
                max_requests: self.rate_limit,
                ..ApiLimits::default()
            },
            workers_alive,
            workers_expected: workers,
            readers: Arc::new(ReaderPool::new(reader)),
            webhook_addresses: self.webhooks.addresses(),
            llm_configured,
            shutdown: shutdown.clone(),
        };
        // In this order: what neither knows is answered as the API does.
        let router = dashboard::router(state.clone()).merge(api::router(state));
        let stopping = shutdown.clone();
        let mut serving = tokio::spawn(async move {
            axum::serve(listener, router).with_graceful_shutdown(stopping.cancelled_owned()).await
        });
        info!(%address, "listening");
        print::note(format!("sheaf is ready on http://{address}"));

        tokio::select! {
            () = stop_signal() => {}
            ended = &mut serving => ended??,
        }
        info!("stopping: running documents finish, no new ones start");
        shutdown.cancel();
        working.await?;
        sending.await?;
        keeping_house.await?;
        if timeout(CONNECTIONS_DRAIN, &mut serving).await.is_err() {
            warn!("connections that were still open are closed");
            serving.abort();
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes the first user on an empty store, and as long as it has none gives it a key, told once, and a way to set a
/// password. A key given by the operator is valid at every start, so that automation can rely on it.
async fn first_user(store: &Store, bootstrap_key: Option<&str>, address: SocketAddr) -> Result<()> {
    if store.user_count().await? == 0 {
        store.create_user(FIRST_USER, FIRST_PLAN, true).await?;
    }
    // An operator may have replaced the first user by others.
    let Ok(user) = store.user_by_email(FIRST_USER).await else { return Ok(()) };
    if let Some(key) = bootstrap_key.filter(|key| !key.is_empty()) {
        store.import_key(user.id, Some("bootstrap"), key).await?;
    } else if store.list_keys(user.id, PageRequest { limit: 1, cursor: None }).await?.data.is_empty() {
        let (_, secret) = store.create_key(user.id, Some("first key")).await?;
        print::note(format!("The first user is {FIRST_USER}. Its API key, shown only now:\n  {secret}"));
    }
    if store.password_hash(FIRST_USER).await?.is_none() {
        let token = store.create_sign_in_link(user.id).await?;
        print::note(format!(
            "To sign in to the dashboard as {FIRST_USER}, open this link; it works once, for 24 hours:\n  \
             http://{}/dashboard/sign-in?token={token}",
            reachable(address)
        ));
    }
    Ok(())
}

/// Where a browser on this machine finds a server that listens on `address`.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), address.port()),
        _ => address,
    }
}
