//! Kills servers and workers at random moments while batches run, and checks that nothing was lost, repeated or miscounted.
//!
//! ```text
//! cargo build -p sheaf && cargo run -p sheaf --example chaos -- --kills 200 --seed 1 [--postgres]
//! ```
//!
//! Batches are made one after the other while SIGKILL strikes, and then the same ones on another store without a kill. Both
//! must have the same exports, but for ids and times, and the same usage. The seed fixes documents and kills; when
//! exactly a kill strikes is the machine's.

mod harness;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use harness::{Chaos, Database};

#[derive(Parser)]
struct Args {
    /// Fixes the documents and the order of kills
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How often a process is killed
    #[arg(long, default_value_t = 200)]
    kills: usize,
    /// Documents of each batch, at most 500
    #[arg(long, default_value_t = 100, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=500))]
    documents: usize,
    /// On a throwaway PostgreSQL server instead of SQLite
    #[arg(long)]
    postgres: bool,
    /// The program to kill [default: the one of this build]
    #[arg(long)]
    sheaf: Option<PathBuf>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let beside = || -> Result<PathBuf> {
        let examples = std::env::current_exe()?;
        let build = examples.parent().and_then(|folder| folder.parent()).context("no build folder")?;
        Ok(build.join("sheaf"))
    };
    let sheaf = args.sheaf.map_or_else(beside, Ok)?;
    anyhow::ensure!(sheaf.exists(), "{} is not there: cargo build -p sheaf", sheaf.display());
    let database = if args.postgres { Database::Postgres } else { Database::Sqlite };
    anyhow::ensure!(database.is_there(), "PostgreSQL is not installed: run scripts/setup test");
    let chaos = Chaos {
        sheaf,
        seed: args.seed,
        kills: args.kills,
        documents: args.documents,
        database,
        progress: true,
    };
    let report = chaos.run()?;
    println!("{report}");
    Ok(())
}
