//! The run: what is sent, what is killed, what must hold afterwards.

mod client;
mod documents;
mod processes;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use client::Client;
use processes::{Instance, Postgres};

/// Pause between two kills, in milliseconds.
const PAUSE_MS: std::ops::Range<u64> = 100..1_200;

/// Where rows are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    /// Whether it can be had on this machine.
    pub(crate) fn is_there(self) -> bool {
        self == Self::Sqlite || processes::postgres_programs().is_some()
    }
}

/// What is done.
pub(crate) struct Chaos {
    pub(crate) sheaf: PathBuf,
    pub(crate) seed: u64,
    pub(crate) kills: usize,
    /// Of each batch; there are as many batches as it takes to have work until the last kill.
    pub(crate) documents: usize,
    pub(crate) database: Database,
    pub(crate) progress: bool,
}

/// What happened, where everything held.
pub(crate) struct Report {
    documents: usize,
    kills: [usize; 2],
    resent: usize,
    interrupted: u64,
    retried: u64,
    seconds: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { documents, kills: [servers, workers], resent, interrupted, retried, seconds } = self;
        write!(
            f,
            "{documents} documents, {} kills ({servers} of servers, {workers} of workers) in {seconds} s: every document \
             has one result, usage and exports are those of a run without kills. {resent} requests were sent again, \
             {interrupted} documents were interrupted, {retried} were out of attempts and retried.",
            servers + workers
        )
    }
}

/// What a run leaves behind.
#[derive(PartialEq)]
struct Remains {
    used: u64,
    /// By the name of the batch, without ids and times.
    exports: BTreeMap<String, [String; 2]>,
}

impl Chaos {
    /// Runs the batches without and with kills, and compares.
    ///
    /// # Errors
    /// Where something did not hold, or could not be run at all.
    pub(crate) fn run(&self) -> Result<Report> {
        let postgres = match self.database {
            Database::Sqlite => None,
            Database::Postgres => Some(Postgres::start()?),
        };
        let started = Instant::now();
        let instance = Mutex::new(Instance::start(&self.sheaf, postgres.as_ref(), "chaos")?);
        let client = lock(&instance).client();
        let template = create_template(&client)?;
        let kills = [const { AtomicUsize::new(0) }; 2];
        let stop = AtomicBool::new(false);
        let batches = thread::scope(|scope| {
            let killing = scope.spawn(|| {
                let killed = self.kill(&instance, &kills, &stop);
                stop.store(true, Relaxed);
                killed
            });
            let created = self.create_until(&client, &template, &stop);
            stop.store(true, Relaxed);
            killing.join().map_err(|_| anyhow::anyhow!("the killer panicked"))??;
            created
        })?;

        self.wait_for_all(&client, batches)?;
        let (interrupted, retried) = self.retry_crashed(&client, batches)?;
        let ids = self.wait_for_all(&client, batches)?;
        let found = self.remains(&client, &ids)?;
        drop(instance);

        let quiet = Instance::start(&self.sheaf, postgres.as_ref(), "quiet")?;
        let quiet_client = quiet.client();
        let template = create_template(&quiet_client)?;
        for batch in 0..batches {
            self.create_batch(&quiet_client, &template, batch)?;
        }
        let ids = self.wait_for_all(&quiet_client, batches)?;
        let expected = self.remains(&quiet_client, &ids)?;

        ensure!(found.used == expected.used, "usage is {} and should be {}", found.used, expected.used);
        for (name, export) in &expected.exports {
            ensure!(found.exports.get(name) == Some(export), "the exports of {name} differ");
        }
        ensure!(found == expected, "there are other batches than were made");
        Ok(Report {
            documents: batches * self.documents,
            kills: [kills[0].load(Relaxed), kills[1].load(Relaxed)],
            resent: client.resent(),
            interrupted,
            retried,
            seconds: started.elapsed().as_secs(),
        })
    }

    /// Makes batch after batch, so that there is work all the time; answers how many.
    fn create_until(&self, client: &Client, template: &str, stop: &AtomicBool) -> Result<usize> {
        let mut batches = 0;
        while batches == 0 || !stop.load(Relaxed) {
            let path = format!("/v1/batches/{}", self.create_batch(client, template, batches)?);
            batches += 1;
            while !stop.load(Relaxed) && client.get_json(&path)?["percent"].as_u64() < Some(50) {
                thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(batches)
    }

    fn create_batch(&self, client: &Client, template: &str, batch: usize) -> Result<String> {
        let files: Vec<(String, Vec<u8>)> =
            (0..self.documents).map(|i| documents::document(self.seed, batch, i)).collect();
        let name = format!("batch {batch}");
        let texts = [("template_id", template), ("name", &name)];
        // The same key however often it is sent: one batch.
        let (status, body) = client.post_files("/v1/batches", &name, &texts, &files)?;
        ensure!(status == 202, "{name} was answered with {status}: {body}");
        let batch: Value = serde_json::from_str(&body)?;
        Ok(batch["id"].as_str().context("an id")?.to_owned())
    }

    fn kill(&self, instance: &Mutex<Instance>, kills: &[AtomicUsize; 2], stop: &AtomicBool) -> Result<()> {
        let mut random = StdRng::seed_from_u64(self.seed);
        let bar = self.bar(self.kills as u64, "kills");
        for _ in 0..self.kills {
            if stop.load(Relaxed) {
                break;
            }
            thread::sleep(Duration::from_millis(random.random_range(PAUSE_MS)));
            let mut instance = lock(instance);
            // A request whose server was killed waits a minute for its lease: killing servers only would test little else.
            let spare_server = random.random_range(0..4) > 0;
            let victim = random.random_range(usize::from(spare_server)..instance.processes());
            let is_worker = usize::from(instance.kill_and_restart(victim)?);
            kills[is_worker].fetch_add(1, Relaxed);
            bar.inc(1);
        }
        bar.finish();
        Ok(())
    }

    /// Waits until every batch is terminal; answers their ids by name.
    fn wait_for_all(&self, client: &Client, n: usize) -> Result<BTreeMap<String, String>> {
        let bar = self.bar((n * self.documents) as u64, "documents");
        loop {
            let list = client.get_json("/v1/batches?limit=500")?;
            let batches = list["data"].as_array().context("a list of batches")?;
            let text = |batch: &Value, member: &str| batch[member].as_str().unwrap_or_default().to_owned();
            let ids: BTreeMap<String, String> =
                batches.iter().map(|batch| (text(batch, "name"), text(batch, "id"))).collect();
            ensure!(batches.len() == ids.len(), "a batch was made twice: {batches:?}");
            let count = |member: &str| -> u64 {
                batches.iter().filter_map(|batch| batch["counts"][member].as_u64()).sum()
            };
            let open = count("pending") + count("running");
            bar.set_position(count("total") - open);
            if open == 0 && ids.len() == n {
                ensure!(count("total") == (n * self.documents) as u64, "documents are missing");
                ensure!(
                    batches.iter().all(|batch| batch["finished_at"].is_string()),
                    "a batch has nothing to do and has not ended"
                );
                bar.finish_and_clear();
                return Ok(ids);
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Retries what ran out of attempts because its workers were killed; answers how many documents were interrupted,
    /// and how many of them that were.
    fn retry_crashed(&self, client: &Client, batches: usize) -> Result<(u64, u64)> {
        let (mut interrupted, mut retried) = (0, 0);
        for id in self.wait_for_all(client, batches)?.values() {
            let extractions = client.get_json(&format!("/v1/batches/{id}/extractions?limit=500"))?;
            let extractions = extractions["data"].as_array().context("a list of extractions")?;
            interrupted += extractions.iter().filter(|one| one["attempts"].as_u64() > Some(1)).count() as u64;
            let crashed = extractions.iter().filter(|one| one["error"]["code"] == "crashed").count() as u64;
            if crashed > 0 {
                retried += crashed;
                let (status, body) = client.post_json(&format!("/v1/batches/{id}/retry"), &json!({}))?;
                ensure!(status == 200, "a retry was answered with {status}: {body}");
            }
        }
        Ok((interrupted, retried))
    }

    /// What the account has, and checks what must hold whatever happened.
    fn remains(&self, client: &Client, ids: &BTreeMap<String, String>) -> Result<Remains> {
        let mut exports = BTreeMap::new();
        let mut delivered = 0;
        for (name, id) in ids {
            let batch = client.get_json(&format!("/v1/batches/{id}"))?;
            let count = |member: &str| batch["counts"][member].as_u64().unwrap_or_default();
            delivered += count("completed") + count("needs_review");
            let jsonl = client.get_text(&format!("/v1/batches/{id}/export?format=jsonl"))?;
            let csv = client.get_text(&format!("/v1/batches/{id}/export?format=csv"))?;
            ensure!(jsonl.lines().count() == self.documents, "{name} has more or fewer rows than documents");
            exports.insert(name.clone(), [without_ids(&jsonl)?, without_columns(&csv)?]);
        }
        let used = client.get_json("/v1/usage")?["used"].as_u64().context("usage")?;
        ensure!(used == delivered, "{used} documents were charged and {delivered} delivered");
        Ok(Remains { used, exports })
    }

    fn bar(&self, length: u64, what: &'static str) -> ProgressBar {
        if !self.progress {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} {elapsed}");
        ProgressBar::new(length)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            .with_message(what)
    }
}

fn create_template(client: &Client) -> Result<String> {
    let (status, template) = client.post_json("/v1/templates", &documents::template())?;
    ensure!(status == 201, "the template was answered with {status}: {template}");
    Ok(template["id"].as_str().context("an id")?.to_owned())
}

/// The lines of an export without what differs between two runs of the same.
fn without_ids(jsonl: &str) -> Result<String> {
    let mut lines = Vec::new();
    for line in jsonl.lines() {
        let mut row: Value = serde_json::from_str(line)?;
        if let Some(row) = row.as_object_mut() {
            row.remove("document_id").context("a document_id")?;
        }
        lines.push(row.to_string());
    }
    Ok(lines.join("\n"))
}

fn without_columns(export: &str) -> Result<String> {
    let mut reader = csv::Reader::from_reader(export.as_bytes());
    let varies: Vec<bool> = reader
        .headers()?
        .iter()
        .map(|name| matches!(name, "document_id" | "created_at" | "finished_at"))
        .collect();
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record?;
        let kept = record.iter().zip(&varies).filter(|(_, varies)| !**varies).map(|(cell, _)| cell);
        lines.push(kept.collect::<Vec<_>>().join("\u{1f}"));
    }
    Ok(lines.join("\n"))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
