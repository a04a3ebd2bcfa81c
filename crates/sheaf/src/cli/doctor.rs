//! `sheaf doctor`: what works here, what does not, and what to do about it.

use std::io;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use sheaf_types::{ErrorCode, MediaType, TemplateSpec};

use crate::config::{ReaderArgs, StoreArgs, WorkerArgs};
use crate::llm::{Llm, LlmArgs};
use crate::print;
use crate::reader::{Probe, ReaderCommand, ReaderLimits, ReaderProcess, Reply};

/// A page with the word "ready", small enough to stand here.
const SAMPLE: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj\n4 0 obj<</Length 37>>stream\nBT /F 12 Tf 20 50 Td (ready) Tj ET   \nendstream endobj\n5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF";

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    workers: WorkerArgs,
    #[command(flatten)]
    reader: ReaderArgs,
    #[command(flatten)]
    llm: LlmArgs,
}

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    /// What is there, or what is wrong and what to do.
    result: Result<String, String>,
}

impl DoctorArgs {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let mut findings = vec![self.store().await];
        let mut probe = None;
        match self.reader.command() {
            Ok(command) => {
                let tried = command.probe().await;
                let reading = Self::reading(command).await;
                findings.extend([reading, self.limits().await, Self::isolation(&tried)]);
                findings.extend(self.labels());
                probe = tried.ok();
            }
            Err(error) => findings.push(Finding { what: "labels", result: Err(format!("{error:#}")) }),
        }
        let llm = self.llm().await;
        let has_llm = llm.is_some();
        findings.extend(llm);
        print::out(format!("sheaf {}", env!("CARGO_PKG_VERSION")));
        for finding in &findings {
            let (mark, text) = match &finding.result {
                Ok(text) => ("ok  ", text),
                Err(text) => ("FAIL", text),
            };
            print::out(format!("{mark}  {:<10} {text}", finding.what));
        }
        let cores = self.workers.count();
        print::out(format!("info  workers    {cores} documents are read at a time; change with --workers"));
        // Without these sheaf works, but scans fail, or are read less well.
        if let Some(probe) = &probe {
            probe.engines.iter().for_each(|engine| print::out(format!("ok    ocr        {engine}")));
            probe.missing.iter().for_each(|missing| print::out(format!("info  ocr        {missing}")));
        }
        if !has_llm {
            print::out(
                "info  llm        none: extraction runs in the Standard tier; SHEAF_LLM_PROVIDER and SHEAF_LLM_MODEL \
                 name one",
            );
        }
        let healthy = findings.iter().all(|finding| finding.result.is_ok());
        Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn store(&self) -> Finding {
        let result = match self.store.open().await {
            Ok(store) => match store.ping().await {
                Ok(()) => Ok(format!("rows and files can be written ({})", self.store.data.display())),
                Err(error) => Err(format!("{error}; check the disk, or --data and --database-url")),
            },
            Err(error) => {
                Err(format!("{error:#}; name another folder with --data or another --database-url"))
            }
        };
        Finding { what: "store", result }
    }

    /// The labels of the user's own; nothing where there are none.
    fn labels(&self) -> Option<Finding> {
        let path = self.reader.labels.as_ref()?;
        Some(Finding { what: "labels", result: Ok(format!("those of {} are known, too", path.display())) })
    }

    async fn reading(command: ReaderCommand) -> Finding {
        let mut reader = ReaderProcess::new(command);
        let result = match reader.extract(MediaType::Pdf, SAMPLE, &TemplateSpec::starter_invoice()).await {
            Reply::Done(reading) => Ok(format!("a reader process read a {}-page PDF", reading.pages)),
            Reply::Failed { code, detail, .. } => {
                Err(format!("a reader process could not read a simple PDF: {detail} ({})", code.as_str()))
            }
        };
        Finding { what: "reader", result }
    }

    /// A reader with next to no memory must fail for that reason: the limit is in force.
    async fn limits(&self) -> Finding {
        let limits = ReaderLimits { memory_mb: 1, ..self.reader.limits() };
        let mut reader = ReaderProcess::new(ReaderCommand::this_binary(limits, self.reader.ocr.config()));
        let limits = self.reader.limits();
        let result = match reader.extract(MediaType::Pdf, SAMPLE, &TemplateSpec::starter_invoice()).await {
            Reply::Failed { code: ErrorCode::OutOfMemory | ErrorCode::Crashed, .. } => Ok(format!(
                "a document gets {} MB of memory, {} seconds and {} pages",
                limits.memory_mb, limits.seconds, limits.pages
            )),
            _ => Err("the memory limit has no effect on this system; run sheaf on Linux".to_owned()),
        };
        Finding { what: "limits", result }
    }

    /// The language model is asked a small question; nothing where none is configured.
    async fn llm(&self) -> Option<Finding> {
        let llm = match self.llm.config().and_then(|config| config.map(Llm::new).transpose()) {
            Ok(llm) => llm?,
            Err(error) => return Some(Finding { what: "llm", result: Err(format!("{error:#}")) }),
        };
        let (model, server) = (llm.model().to_owned(), llm.server().to_owned());
        let result = match llm.probe().await {
            Ok(used) => {
                Ok(format!("{model} at {server} answers in JSON, this time after {} ms", used.duration_ms))
            }
            Err(why) => Err(format!("{model} at {server}: {why}")),
        };
        Some(Finding { what: "llm", result })
    }

    /// A confined reader tries what a hostile document would have it do.
    fn isolation(probe: &io::Result<Probe>) -> Finding {
        let result = match probe {
            Ok(probe) if probe.leaks.is_empty() => {
                Ok("a reader has no files, no network, no other programs, no environment".to_owned())
            }
            Ok(probe) => Err(format!(
                "a reader is not kept from: {}; a Linux kernel of 5.13 or later with Landlock and seccomp does that",
                probe.leaks.join(", ")
            )),
            Err(error) => Err(error.to_string()),
        };
        Finding { what: "isolation", result }
    }
}
