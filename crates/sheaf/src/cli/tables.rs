//! `sheaf tables`: every table of files, without a template and without a store.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use clap::Args;
use futures::{StreamExt, stream};
use serde::Serialize;
use sheaf_extract::grid::{Cell, Grid};
use sheaf_types::{BoundingBox, ExtractionError, MediaType, Warning, safe_filename};

use super::batch::{SOME_FAILED, list_files};
use super::progress::Progress;
use crate::config::{ReaderArgs, WorkerArgs};
use crate::print;
use crate::reader::{ReaderError, ReaderProcess, Tables};

/// Longest text of a cell shown on the terminal, in characters.
const LONGEST_SHOWN: usize = 40;

#[derive(Debug, Args)]
pub(super) struct TablesArgs {
    /// Files to look for tables in; a folder stands for the files in it
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Print JSON: a list with one object a file
    #[arg(long)]
    json: bool,
    /// Leave out what looks less like a table than this, 0 to 1
    #[arg(long, value_name = "SCORE", default_value_t = 0.5)]
    min_score: f32,
    #[command(flatten)]
    workers: WorkerArgs,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// What is printed about a file with `--json`.
#[derive(Serialize)]
struct FileTables<'t> {
    filename: &'t str,
    error: Option<ExtractionError>,
    pages: Option<u32>,
    warnings: &'t [Warning],
    tables: Vec<Table<'t>>,
}

#[derive(Serialize)]
struct Table<'t> {
    page: u32,
    bbox: BoundingBox,
    score: f32,
    ruled: bool,
    /// The text of each place; a cell's text stands where it begins.
    rows: Vec<Vec<&'t str>>,
    cells: &'t [Cell],
}

impl TablesArgs {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let files = list_files(&self.files)?;
        if files.is_empty() {
            bail!("there is nothing to look at");
        }
        let progress = (files.len() > 1).then(|| Progress::start("reading", files.len() as u64));
        let command = self.reader.command()?;
        // Warm readers: one that read a document waits here for the next.
        let idle = Mutex::new(Vec::new());
        let idle = || idle.lock().unwrap_or_else(PoisonError::into_inner);
        let read = async |path: &Path| {
            let warm = idle().pop();
            let mut reader = warm.unwrap_or_else(|| ReaderProcess::new(command.clone()));
            let found = tables(&mut reader, path).await;
            idle().push(reader);
            found
        };
        let mut results =
            stream::iter(files.iter().map(|path| read(path))).buffered(self.workers.count().max(1));
        let (mut done, mut failed) = (0, 0);
        for path in &files {
            let Some(found) = results.next().await else { break };
            let found = found?;
            failed += usize::from(found.is_err());
            let name =
                path.file_name().map_or_else(String::new, |name| safe_filename(&name.to_string_lossy()));
            if self.json {
                let begin = if done == 0 { "[" } else { "," };
                print::out(format!("{begin}{}", serde_json::to_string(&self.as_json(&name, &found))?));
            } else {
                self.show(&name, found, progress.as_ref());
            }
            done += 1;
            if let Some(progress) = &progress {
                progress.set(done, "");
            }
        }
        if self.json {
            print::out("]");
        }
        if let Some(progress) = &progress {
            progress.finish();
        }
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(SOME_FAILED) })
    }

    fn likely<'t>(&self, tables: &'t Tables) -> impl Iterator<Item = &'t Grid> {
        let least = self.min_score;
        tables.grids.iter().filter(move |grid| grid.score >= least)
    }

    fn as_json<'t>(&self, filename: &'t str, found: &'t Result<Tables, ReaderError>) -> FileTables<'t> {
        match found {
            Ok(tables) => FileTables {
                filename,
                error: None,
                pages: Some(tables.pages),
                warnings: &tables.warnings,
                tables: self.likely(tables).map(as_json).collect(),
            },
            Err(error) => FileTables {
                filename,
                error: Some(ExtractionError::new(error.code, error.detail.clone())),
                pages: None,
                warnings: &[],
                tables: Vec::new(),
            },
        }
    }

    /// Prints a file's tables to be read by people.
    fn show(&self, name: &str, found: Result<Tables, ReaderError>, progress: Option<&Progress>) {
        let note = |line: String| match progress {
            Some(progress) => progress.note(line),
            None => print::note(line),
        };
        let tables = match found {
            Ok(tables) => tables,
            Err(error) => return note(format!("{name}: {error}")),
        };
        for warning in &tables.warnings {
            note(format!("{name}, page {}: {}", warning.page, warning.detail));
        }
        if self.likely(&tables).next().is_none() {
            note(format!("{name}: no tables"));
        }
        for grid in self.likely(&tables) {
            let (page, rows, columns) = (grid.page, grid.rows, grid.columns);
            print::out(format!(
                "{name}, page {page}: {rows} rows, {columns} columns, score {:.2}",
                grid.score
            ));
            let shown = |row: Vec<&str>| row.iter().map(|text| print::shorten(text, LONGEST_SHOWN)).collect();
            let rows: Vec<Vec<String>> = grid.texts().into_iter().map(shown).collect();
            print::columns(&rows).iter().for_each(|line| print::out(format!("  {line}")));
            print::out("");
        }
    }
}

async fn tables(reader: &mut ReaderProcess, path: &Path) -> Result<Result<Tables, ReaderError>> {
    let file = tokio::fs::read(path).await.with_context(|| format!("cannot read {}", path.display()))?;
    let media_type = MediaType::sniff(&file).unwrap_or(MediaType::Other);
    Ok(reader.tables(media_type, &file).await)
}

fn as_json(grid: &Grid) -> Table<'_> {
    Table {
        page: grid.page,
        bbox: grid.bbox,
        score: grid.score,
        ruled: grid.ruled,
        rows: grid.texts(),
        cells: &grid.cells,
    }
}
