//! `sheaf eval`: documents whose values are known through a template, and how well that goes. Without a store: nothing
//! is kept and nothing is charged.

mod judge;
mod report;
mod truth;

use std::io::Cursor;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use image::ImageReader;
use indexmap::IndexMap;
use sheaf_types::{BoundingBox, FieldKind, FieldResult, FieldValue, MediaType, TemplateSpec};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::judge::{Verdict, judge, judge_table};
use self::report::{Given, Judged, JudgedDocument, Report};
use self::truth::{Case, Truth};
use super::progress::Progress;
use crate::config::{ReaderArgs, WorkerArgs};
use crate::print;
use crate::reader::{ReaderProcess, Reply};

/// Boxes that overlap this much (intersection over union) are the same place.
const SAME_PLACE: f32 = 0.5;
/// Exit code where at least one document failed.
const SOME_FAILED: u8 = 2;

#[derive(Debug, Args)]
pub(super) struct EvalArgs {
    /// The template, a JSON file; or a folder with the templates that the truth names
    #[arg(long, value_name = "FILE")]
    template: PathBuf,
    /// What is true: one JSON object a line with "file", "fields", and more (see the README)
    #[arg(long, value_name = "FILE")]
    truth: PathBuf,
    /// Write the report as JSON, too
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Documents with wrong values that are named, the worst first
    #[arg(long, value_name = "N", default_value_t = 5)]
    worst: usize,
    #[command(flatten)]
    workers: WorkerArgs,
    #[command(flatten)]
    reader: ReaderArgs,
}

impl EvalArgs {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let truth = Arc::new(Truth::read(&self.truth, &self.template)?);
        note_unasked(&truth);
        let documents = self.judge_all(&truth).await?;
        let report = Report::new(&documents, self.worst);
        report.lines().iter().for_each(print::out);
        if let Some(path) = &self.out {
            std::fs::write(path, serde_json::to_string_pretty(&report)? + "\n")
                .with_context(|| format!("cannot write {}", path.display()))?;
            print::note(format!("wrote {}", path.display()));
        }
        let failed = documents.iter().any(|document| document.failure.is_some());
        Ok(if failed { ExitCode::from(SOME_FAILED) } else { ExitCode::SUCCESS })
    }

    /// Runs all documents through their templates, several at a time; judged in the truth's order.
    async fn judge_all(&self, truth: &Arc<Truth>) -> Result<Vec<JudgedDocument>> {
        let started = Instant::now();
        let total = truth.cases.len();
        let next = Arc::new(AtomicUsize::new(0));
        let (finished, mut results) = mpsc::unbounded_channel();
        let mut slots = JoinSet::new();
        for _ in 0..self.workers.count().clamp(1, total) {
            let (truth, next, finished) = (Arc::clone(truth), Arc::clone(&next), finished.clone());
            let mut reader = ReaderProcess::new(self.reader.command()?);
            slots.spawn(async move {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = truth.cases.get(index) else { break };
                    let judged = judge_case(&mut reader, case, &truth.templates[case.template]).await;
                    if finished.send((index, judged)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(finished);
        let progress = Progress::start("evaluating", total as u64);
        let mut judged: Vec<Option<JudgedDocument>> = vec![None; total];
        let mut done = 0;
        while let Some((index, document)) = results.recv().await {
            judged[index] = Some(document?);
            done += 1;
            progress.set(done, "");
        }
        progress.finish();
        while let Some(slot) = slots.join_next().await {
            slot?;
        }
        let judged: Vec<JudgedDocument> = judged.into_iter().flatten().collect();
        let failed = judged.iter().filter(|document| document.failure.is_some()).count();
        print::note(format!(
            "{total} {} in {:.1} s, {failed} failed",
            if total == 1 { "document" } else { "documents" },
            started.elapsed().as_secs_f64()
        ));
        Ok(judged)
    }
}

/// Says which values of the truth no template asks for: they do not count.
fn note_unasked(truth: &Truth) {
    let mut unasked: IndexMap<&str, usize> = IndexMap::new();
    for case in &truth.cases {
        let template = &truth.templates[case.template];
        for name in case.fields.keys().chain(case.tables.keys()) {
            if template.fields.iter().all(|field| field.name != *name) {
                *unasked.entry(name).or_default() += 1;
            }
        }
    }
    for (name, count) in unasked {
        print::note(format!("left out {name}, which {count} documents have and their template does not"));
    }
}

async fn judge_case(
    reader: &mut ReaderProcess,
    case: &Case,
    template: &TemplateSpec,
) -> Result<JudgedDocument> {
    let file =
        tokio::fs::read(&case.path).await.with_context(|| format!("cannot read {}", case.path.display()))?;
    let media_type = MediaType::sniff(&file).unwrap_or(MediaType::Other);
    let (fields, failure) = match reader.extract(media_type, &file, template).await {
        Reply::Done(reading) => (reading.fields, None),
        Reply::Failed { detail, .. } => (Vec::new(), Some(detail)),
    };
    let pixels = pixels(&file);
    let result = |name: &str| fields.iter().find(|field| field.name == name);
    let asked = |name: &str| template.fields.iter().find(|field| field.name == name);
    let values = case.fields.iter().filter_map(|(name, acceptable)| {
        let spec = asked(name)?;
        let given = result(name).and_then(|field| given(field, spec.kind, acceptable, case, pixels));
        Some(Judged { field: name.clone(), truth: acceptable[0].clone(), given })
    });
    let tables = case.tables.iter().filter_map(|(name, rows)| {
        let kinds = asked(name)?.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
        let given = match result(name).and_then(|field| field.value.as_ref()) {
            Some(FieldValue::Rows(rows)) => rows.as_slice(),
            _ => &[],
        };
        Some(judge_table(&kinds, rows, given))
    });
    Ok(JudgedDocument {
        name: case.name.clone(),
        values: values.collect(),
        tables: tables.collect(),
        failure,
    })
}

fn given(
    field: &FieldResult,
    kind: FieldKind,
    acceptable: &[String],
    case: &Case,
    pixels: Option<(f32, f32)>,
) -> Option<Given> {
    let Some(FieldValue::Scalar(value)) = &field.value else { return None };
    let verdict = judge(kind, value, acceptable);
    let places = case.places(&field.name, pixels);
    let is_there = |&(page, place): &(u32, BoundingBox)| {
        field.page == Some(page) && field.bbox.is_some_and(|bbox| bbox.iou(place) >= SAME_PLACE)
    };
    let known = verdict == Verdict::Right && !places.is_empty();
    Some(Given {
        value: value.clone(),
        verdict,
        confidence: field.confidence,
        needs_review: field.needs_review,
        placed: known.then(|| places.iter().any(is_there)),
    })
}

/// Width and height of a file that is an image.
fn pixels(file: &[u8]) -> Option<(f32, f32)> {
    let reader = ImageReader::new(Cursor::new(file)).with_guessed_format().ok()?;
    let (width, height) = reader.into_dimensions().ok()?;
    Some((width as f32, height as f32))
}
