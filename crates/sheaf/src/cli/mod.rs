//! The command line: one module a command.

mod batch;
mod doctor;
mod eval;
mod extract;
mod progress;
mod serve;
mod tables;
mod template_file;
mod user;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use sheaf_extract::lexicon::{COLUMNS, FIELDS};
use tracing_subscriber::EnvFilter;

use crate::reader::OcrConfig;

/// Self-hosted document extraction: many documents through one template, every value traceable to its page.
#[derive(Debug, Parser)]
#[command(name = "sheaf", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API, with workers, in one process
    Serve(serve::ServeArgs),
    /// Run workers only, on a store that others share
    Worker(worker::RunWorkerArgs),
    /// Run files through a template and write CSV or JSON
    Batch(batch::BatchArgs),
    /// Run one file through a template and print the result as JSON
    Extract(extract::ExtractArgs),
    /// Print every table of files, without a template
    Tables(tables::TablesArgs),
    /// Print the labels by which fields and columns are found, to write some of your own like them (--labels)
    Labels,
    /// Run documents whose values are known, and say how well that goes
    Eval(eval::EvalArgs),
    /// Manage users
    User(user::UserArgs),
    /// Manage API keys
    Key(user::KeyArgs),
    /// Say what works, what does not, and what to do about it
    Doctor(doctor::DoctorArgs),
    /// Read documents for a parent process
    #[command(hide = true)]
    Reader {
        #[arg(long)]
        memory_mb: u64,
        #[arg(long, value_delimiter = ',')]
        ocr_languages: Vec<String>,
        #[arg(long)]
        tessdata: Option<PathBuf>,
        #[arg(long)]
        models: Option<PathBuf>,
        #[arg(long)]
        probe: bool,
    },
}

impl Cli {
    /// Runs the command; what it answers is the process's exit code.
    ///
    /// # Errors
    /// With a sentence for the user.
    pub fn run(self) -> Result<ExitCode> {
        // A reader is single-threaded and says nothing.
        if let Command::Reader { memory_mb, ocr_languages, tessdata, models, probe } = self.command {
            let ocr = OcrConfig { languages: ocr_languages, tessdata, models };
            if probe {
                crate::reader::probe(memory_mb, &ocr)?;
            } else {
                crate::reader::run(memory_mb, &ocr)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        if matches!(self.command, Command::Labels) {
            crate::print::out(format!("{FIELDS}\n{COLUMNS}").trim_end());
            return Ok(ExitCode::SUCCESS);
        }
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
            match self.command {
                Command::Serve(args) => args.run().await,
                Command::Worker(args) => args.run().await,
                Command::Batch(args) => args.run().await,
                Command::Extract(args) => args.run().await,
                Command::Tables(args) => args.run().await,
                Command::Eval(args) => args.run().await,
                Command::User(args) => args.run().await,
                Command::Key(args) => args.run().await,
                Command::Doctor(args) => args.run().await,
                Command::Labels | Command::Reader { .. } => Ok(ExitCode::SUCCESS),
            }
        })
    }
}

/// How a long-running command logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// Logs to standard error, from `info` up unless `RUST_LOG` says otherwise.
fn start_logging(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.with_ansi(crate::print::is_watched()).init(),
        LogFormat::Json => builder.json().init(),
    }
}

/// Ends with the first SIGTERM or Ctrl-C.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
