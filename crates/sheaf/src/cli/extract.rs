//! `sheaf extract`: one file through a template, without a store.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use sheaf_types::{ErrorCode, ExtractionError, MediaType, Status};

use super::template_file;
use crate::config::ReaderArgs;
use crate::llm::{Asked, LlmArgs};
use crate::print;
use crate::reader::{ReaderProcess, Reply};

#[derive(Debug, Args)]
pub(super) struct ExtractArgs {
    /// The file
    file: PathBuf,
    /// The template, a JSON file
    #[arg(long, value_name = "FILE")]
    template: PathBuf,
    /// Ask the language model for what the rules are not sure of (the Premium tier)
    #[arg(long)]
    use_llm: bool,
    #[command(flatten)]
    reader: ReaderArgs,
    #[command(flatten)]
    llm: LlmArgs,
}

impl ExtractArgs {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let template = template_file::read(&self.template)?;
        let file =
            std::fs::read(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let media_type = MediaType::sniff(&file).unwrap_or(MediaType::Other);
        let llm = self.llm.wanted(self.use_llm)?;
        let ask = llm.as_ref().map(|llm| llm.how_to_ask());
        let mut reader = ReaderProcess::new(self.reader.command()?);
        let mut reply = reader.extract_and_ask(media_type, &file, &template, &[], ask).await;
        let mut used = None;
        if let (Some(llm), Reply::Done(reading)) = (llm, &mut reply)
            && let Some(mut question) = reading.question.take()
        {
            let images = llm.pictures(&mut reader, (media_type, &file), reading, &mut question).await;
            let (asked, took) = llm.ask(&question.prompt(&template), &images).await;
            used = Some(took);
            match asked {
                Asked::Answered(answer) => {
                    let answer = serde_json::from_str(&answer)?;
                    reading.fields = question.join(&template, std::mem::take(&mut reading.fields), &answer);
                    reading.engine.llm = Some(llm.model().to_owned());
                }
                Asked::Refused => {
                    reply = failed(ErrorCode::LlmRefused, "the language model refuses this document");
                }
                Asked::Later(_) => {
                    reply = failed(ErrorCode::LlmUnavailable, "the language model is busy: try later");
                }
                Asked::Unavailable(detail) => reply = failed(ErrorCode::LlmUnavailable, &detail),
            }
        }
        let filename = self.file.file_name().map(|name| name.to_string_lossy().into_owned());
        let (result, exit) = match reply {
            Reply::Done(reading) => {
                let status = Status::of_fields(&reading.fields);
                let result = json!({
                    "filename": filename, "template": template.name, "status": status, "error": null,
                    "pages": reading.pages, "engine": reading.engine, "warnings": reading.warnings,
                    "llm": used, "fields": reading.fields,
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

fn failed(code: ErrorCode, detail: &str) -> Reply {
    Reply::Failed { code, detail: detail.to_owned(), pages: None }
}
