//! `sheaf worker`: workers on a store that others share.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{LogFormat, start_logging, stop_signal};
use crate::config::{ReaderArgs, StoreArgs, WorkerArgs};
use crate::runner::Runner;

#[derive(Debug, Args)]
pub(super) struct RunWorkerArgs {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    workers: WorkerArgs,
    #[command(flatten)]
    reader: ReaderArgs,
    /// How to log
    #[arg(long, env = "SHEAF_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,
}

impl RunWorkerArgs {
    pub(super) async fn run(self) -> Result<ExitCode> {
        start_logging(self.log_format);
        let store = self.store.open().await?;
        let shutdown = CancellationToken::new();
        let runner = Runner::new(store.clone(), self.reader.command(), self.workers.count(), Arc::default());
        let working = tokio::spawn(runner.run(shutdown.clone()));
        stop_signal().await;
        shutdown.cancel();
        working.await?;
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
