//! `sheaf extract`: one file through a template, without a store.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use sheaf_types::{ExtractionError, MediaType, Status};

use super::template_file;
use crate::config::ReaderArgs;
use crate::print;
use crate::reader::{ReaderProcess, Reply};

#[derive(Debug, Args)]
pub(super) struct ExtractArgs {
    /// The file
    file: PathBuf,
    /// The template, a JSON file
    #[arg(long, value_name = "FILE")]
    template: PathBuf,
    #[command(flatten)]
    reader: ReaderArgs,
}

impl ExtractArgs {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let template = template_file::read(&self.template)?;
        let file =
            std::fs::read(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let media_type = MediaType::sniff(&file).unwrap_or(MediaType::Other);
        let reply = ReaderProcess::new(self.reader.command()).extract(media_type, &file, &template).await;
        let filename = self.file.file_name().map(|name| name.to_string_lossy().into_owned());
        let (result, exit) = match reply {
            Reply::Done(reading) => {
                let status = Status::of_fields(&reading.fields);
                let result = json!({
                    "filename": filename, "template": template.name, "status": status, "error": null,
                    "pages": reading.pages, "engine": reading.engine, "warnings": reading.warnings,
                    "fields": reading.fields,
                });
                (result, ExitCode::SUCCESS)
            }
            Reply::Failed { code, detail, pages } => {
                let result = json!({
                    "filename": filename, "template": template.name, "status": Status::Failed,
                    "error": ExtractionError::new(code, detail), "pages": pages, "engine": null,
                    "warnings": [], "fields": [],
                });
                (result, ExitCode::from(2))
            }
        };
        print::out(serde_json::to_string_pretty(&result)?);
        Ok(exit)
    }
}
