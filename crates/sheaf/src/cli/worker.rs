//! `sheaf worker`: workers on a store that others share.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{LogFormat, start_logging, stop_signal};
use crate::api::{Operations, operations_router};
use crate::config::{ReaderArgs, StoreArgs, WorkerArgs};
use crate::llm::{Llm, LlmArgs};
use crate::metrics;
use crate::runner::Runner;

#[derive(Debug, Args)]
pub(super) struct RunWorkerArgs {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    workers: WorkerArgs,
    #[command(flatten)]
    reader: ReaderArgs,
    #[command(flatten)]
    llm: LlmArgs,
    /// Address and port for /healthz, /readyz and /metrics [default: none]
    #[arg(long, env = "SHEAF_WORKER_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// How to log
    #[arg(long, env = "SHEAF_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,
}

impl RunWorkerArgs {
    pub(super) async fn run(self) -> Result<ExitCode> {
        start_logging(self.log_format);
        metrics::recorder();
        let llm = self.llm.config()?.map(Llm::new).transpose()?.map(Arc::new);
        let reader = self.reader.command()?;
        let store = self.store.open().await?;
        let shutdown = CancellationToken::new();
        let (workers, workers_alive) = (self.workers.count(), Arc::default());
        if let Some(address) = self.listen {
            let operations = Operations {
                store: store.clone(),
                workers_alive: Arc::clone(&workers_alive),
                workers_expected: workers,
                shutdown: shutdown.clone(),
            };
            let listener = TcpListener::bind(address)
                .await
                .with_context(|| format!("cannot listen on {address}; choose another with --listen"))?;
            info!(address = %listener.local_addr()?, "listening");
            tokio::spawn(async { axum::serve(listener, operations_router(operations)).await });
        }
        let runner = Runner::new(store.clone(), reader, workers, workers_alive).with_llm(llm);
        let working = tokio::spawn(runner.run(shutdown.clone()));
        stop_signal().await;
        shutdown.cancel();
        working.await?;
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
