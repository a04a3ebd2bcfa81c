//! `sheaf batch`: files through a template on the embedded store, and the results into files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use sheaf_store::{NewBatch, NewDocument, PageRequest, Store};
use sheaf_types::{
    Batch, BatchId, Counts, DocumentId, Extraction, FieldValue, MediaType, Status, TemplateId, TemplateSpec,
    Tier, UserId, safe_filename,
};
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use super::serve::{FIRST_PLAN, FIRST_USER};
use super::{stop_signal, template_file};
use crate::config::{ReaderArgs, StoreArgs, WorkerArgs};
use crate::export::{CsvOptions, Exporter, Format};
use crate::llm::{Llm, LlmArgs};
use crate::print;
use crate::reader::ReaderCommand;
use crate::runner::Runner;

/// Exit code where the batch ended and at least one document failed.
pub(super) const SOME_FAILED: u8 = 2;
/// How often the batch is looked at.
const POLL: Duration = Duration::from_millis(100);
/// Files stored in one transaction, and their bytes together at most.
const GROUP_FILES: usize = 64;
const GROUP_BYTES: usize = 64 << 20;
/// Failed documents named one by one; the export has them all.
const FAILURES_SHOWN: usize = 10;
/// Extractions fetched from the store at a time.
const EXPORT_PAGE: u32 = 200;
/// Longest value shown in the table on the terminal, in characters.
const LONGEST_SHOWN: usize = 44;

#[derive(Debug, Args)]
pub(super) struct BatchArgs {
    /// Files to extract; a folder stands for the files in it
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// The template, a JSON file
    #[arg(long, value_name = "FILE")]
    template: PathBuf,
    /// Where the results go, as .csv, .json, .jsonl or .xlsx; may be given several times
    #[arg(long, required = true, value_name = "FILE")]
    out: Vec<PathBuf>,
    /// Name of the batch
    #[arg(long, default_value = "Command line")]
    name: String,
    /// Print every value with its confidence and page
    #[arg(long)]
    show: bool,
    /// Ask the language model for what the rules are not sure of (the Premium tier)
    #[arg(long)]
    use_llm: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    workers: WorkerArgs,
    #[command(flatten)]
    reader: ReaderArgs,
    #[command(flatten)]
    llm: LlmArgs,
}

impl BatchArgs {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let template = template_file::read(&self.template)?;
        let outputs: Vec<(Format, &Path)> =
            self.out.iter().map(|path| Ok((format_of(path)?, path.as_path()))).collect::<Result<_>>()?;
        let files = list_files(&self.files)?;
        let llm = self.llm.wanted(self.use_llm)?;
        let reader = self.reader.command()?;

        let store = self.store.open().await?;
        let user = local_user(&store).await?;
        let template_id = put_template(&store, user, &template).await?;
        let (documents, left_out) = self.add_documents(&store, user, &files).await?;
        if documents.is_empty() {
            bail!("there is nothing to extract");
        }
        let batch = NewBatch {
            name: self.name.clone(),
            template_id,
            tier: if self.use_llm { Tier::Premium } else { Tier::Standard },
            metadata: None,
            documents: documents.into_iter().map(|id| (id, None)).collect(),
        };
        let batch = store.create_batch(user, &batch).await?;

        let Some(batch) = self.work(&store, (user, batch.id), reader, llm).await? else {
            print::note(
                "stopped; what was not finished goes on with the next sheaf serve on this data folder",
            );
            return Ok(ExitCode::FAILURE);
        };
        for (format, path) in outputs {
            write_results(&store, user, batch.id, format, path)
                .await
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        if self.show {
            show_values(&store, user, batch.id).await?;
        }
        show_failures(&store, user, &batch).await?;
        for path in &self.out {
            print::note(format!("wrote {}", path.display()));
        }
        store.close().await;
        let all_well = batch.counts.failed == 0 && left_out == 0;
        Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(SOME_FAILED) })
    }

    /// Takes the files into the store; answers the documents in the files' order, and how many were left out.
    async fn add_documents(
        &self,
        store: &Store,
        user: UserId,
        files: &[PathBuf],
    ) -> Result<(Vec<DocumentId>, usize)> {
        let most = self.reader.limits().file_bytes;
        let progress = Progress::start("storing", files.len() as u64);
        let mut ids = Vec::with_capacity(files.len());
        let mut left_out = 0;
        let mut group = Vec::new();
        let mut group_bytes = 0;
        for (i, path) in files.iter().enumerate() {
            let size =
                std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
            if size > most {
                left_out += 1;
                progress.note(format!("left out {}: larger than {} MB", path.display(), most / 1_000_000));
                continue;
            }
            let name = path.clone();
            let bytes = spawn_blocking(move || std::fs::read(name))
                .await?
                .with_context(|| format!("cannot read {}", path.display()))?;
            group_bytes += bytes.len();
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            group.push(NewDocument {
                filename: safe_filename(&name),
                media_type: MediaType::sniff(&bytes).unwrap_or(MediaType::Other),
                bytes: bytes.into(),
            });
            if group.len() >= GROUP_FILES || group_bytes >= GROUP_BYTES || i + 1 == files.len() {
                ids.extend(add(store, user, &mut group).await?);
                group_bytes = 0;
                progress.set(ids.len() as u64, "");
            }
        }
        ids.extend(add(store, user, &mut group).await?);
        progress.finish();
        Ok((ids, left_out))
    }

    /// Runs workers until the batch is terminal; `None` where somebody stopped it.
    async fn work(
        &self,
        store: &Store,
        (user, id): (UserId, BatchId),
        reader: ReaderCommand,
        llm: Option<Arc<Llm>>,
    ) -> Result<Option<Batch>> {
        let started = Instant::now();
        let shutdown = CancellationToken::new();
        let runner =
            Runner::new(store.clone(), reader, self.workers.count().max(1), Arc::default()).with_llm(llm);
        let working = tokio::spawn(runner.run(shutdown.clone()));
        let mut finished = store.finished();
        let mut batch = store.batch(user, id).await?;
        let progress = Progress::start("extracting", batch.counts.total);
        let stop = stop_signal();
        tokio::pin!(stop);
        let ended = loop {
            progress.set(batch.counts.finished(), &describe(&batch.counts));
            if batch.status.is_terminal() {
                break true;
            }
            finished.mark_unchanged();
            tokio::select! {
                _ = async { sleep(POLL).await; finished.changed().await } => {}
                () = sleep(POLL * 10) => {}
                () = &mut stop => break false,
            }
            batch = store.batch(user, id).await?;
        };
        let elapsed = started.elapsed();
        shutdown.cancel();
        working.await?;
        progress.finish();
        if !ended {
            return Ok(None);
        }
        let total = batch.counts.total;
        print::note(format!(
            "{total} {} in {:.1} s ({:.0}/s): {}",
            if total == 1 { "document" } else { "documents" },
            elapsed.as_secs_f64(),
            total as f64 / elapsed.as_secs_f64().max(0.001),
            describe(&batch.counts)
        ));
        Ok(Some(batch))
    }
}

async fn add(store: &Store, user: UserId, group: &mut Vec<NewDocument>) -> Result<Vec<DocumentId>> {
    if group.is_empty() {
        return Ok(Vec::new());
    }
    let added = store.add_documents(user, std::mem::take(group)).await?;
    Ok(added.into_iter().map(|document| document.id).collect())
}

/// The files named, and those in the folders named (not in folders inside them), in order.
pub(super) fn list_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let about = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
        if !about.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if !hidden && std::fs::metadata(entry.path())?.is_file() {
                inside.push(entry.path());
            }
        }
        inside.sort();
        files.append(&mut inside);
    }
    Ok(files)
}

/// The account the command line works for: the store's first one.
async fn local_user(store: &Store) -> Result<UserId> {
    if store.user_count().await? == 0 {
        store.create_user(FIRST_USER, FIRST_PLAN, true).await?;
    }
    Ok(store.user_by_email(FIRST_USER).await?.id)
}

/// The stored template of that name, brought to what the file says.
async fn put_template(store: &Store, user: UserId, spec: &TemplateSpec) -> Result<TemplateId> {
    let mut request = PageRequest { limit: 500, cursor: None };
    loop {
        let page = store.list_templates(user, request.clone()).await?;
        if let Some(template) = page.data.into_iter().find(|template| template.spec.name == spec.name) {
            if template.spec != *spec {
                store.update_template(user, template.id, spec, None).await?;
            }
            return Ok(template.id);
        }
        request.cursor = page.next_cursor;
        if request.cursor.is_none() {
            return Ok(store.create_template(user, spec).await?.id);
        }
    }
}

/// The format that a file's name asks for.
fn format_of(path: &Path) -> Result<Format> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    extension.as_deref().and_then(Format::from_name).with_context(|| {
        format!(
            "{} has none of the extensions .csv, .json, .jsonl and .xlsx; they choose the format",
            path.display()
        )
    })
}

/// Writes a batch's results; the file appears whole or not at all.
async fn write_results(
    store: &Store,
    user: UserId,
    batch: BatchId,
    format: Format,
    path: &Path,
) -> Result<()> {
    let template = store.batch_template(user, batch).await?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder)?;
    let mut writer = BufWriter::new(file);
    let mut exporter = Exporter::new(format, &template, &CsvOptions::default())?;
    let mut bytes = Vec::new();
    exporter.begin(&mut bytes);
    for_each(store, user, batch, |extraction| {
        exporter.row(&extraction, &mut bytes)?;
        writer.write_all(&bytes)?;
        bytes.clear();
        Ok(())
    })
    .await?;
    exporter.end(&mut bytes)?;
    writer.write_all(&bytes)?;
    let file = writer.into_inner()?;
    make_readable(file.as_file())?;
    file.persist(path)?;
    Ok(())
}

/// A temporary file is its owner's alone; a result is like any other file a program writes.
fn make_readable(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

/// Calls `each` with every extraction of a batch, in upload order.
async fn for_each(
    store: &Store,
    user: UserId,
    batch: BatchId,
    mut each: impl FnMut(Extraction) -> Result<()>,
) -> Result<()> {
    let mut after = None;
    loop {
        let page = store.export_page(user, batch, after, EXPORT_PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(*last);
        for (_, extraction) in page {
            each(extraction)?;
        }
    }
}

async fn show_values(store: &Store, user: UserId, batch: BatchId) -> Result<()> {
    let mut rows = vec![["DOCUMENT", "FIELD", "VALUE", "CONFIDENCE", "PAGE", ""].map(str::to_owned).to_vec()];
    for_each(store, user, batch, |extraction| {
        let name = print::shorten(&extraction.filename, LONGEST_SHOWN);
        if let Some(error) = &extraction.error {
            rows.push(vec![name, "-".into(), format!("failed: {}", error.code.as_str())]);
            return Ok(());
        }
        for field in extraction.fields.iter().flatten() {
            let value = match &field.value {
                None => "-".to_owned(),
                Some(FieldValue::Scalar(text)) => {
                    let currency = field.currency.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
                    format!("{}{currency}", print::shorten(text, LONGEST_SHOWN))
                }
                Some(FieldValue::Rows(rows)) => format!("{} rows", rows.len()),
            };
            let confidence =
                field.value.as_ref().map_or_else(String::new, |_| format!("{:.2}", field.confidence));
            let page = field.page.map_or_else(String::new, |page| page.to_string());
            let review = if field.needs_review { "needs review" } else { "" };
            rows.push(vec![name.clone(), field.name.clone(), value, confidence, page, review.to_owned()]);
        }
        Ok(())
    })
    .await?;
    print::columns(&rows).iter().for_each(print::out);
    Ok(())
}

async fn show_failures(store: &Store, user: UserId, batch: &Batch) -> Result<()> {
    let request = PageRequest { limit: FAILURES_SHOWN as u32, cursor: None };
    let failed = store.batch_extractions(user, batch.id, Some(Status::Failed), request).await?;
    for extraction in &failed.data {
        if let Some(error) = &extraction.error {
            print::note(format!(
                "failed {}: {} ({})",
                extraction.filename,
                error.detail,
                error.code.as_str()
            ));
        }
    }
    let rest = (batch.counts.failed as usize).saturating_sub(failed.data.len());
    if rest > 0 {
        print::note(format!("and {rest} more; the results name them all"));
    }
    Ok(())
}

fn describe(counts: &Counts) -> String {
    format!(
        "{} completed, {} {} review, {} failed",
        counts.completed,
        counts.needs_review,
        if counts.needs_review == 1 { "needs" } else { "need" },
        counts.failed
    )
}
