//! Random histories of two accounts and three workers, each step compared with a model of a few lines.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sheaf_store::{Claim, LEASE_MS, MOST_ATTEMPTS, Outcome};
use sheaf_types::{BatchId, ErrorCode, ExtractionId, Status, TemplateId, Tier, UserId};

use crate::fixture::{Fixture, done, failed, finished};

#[derive(Debug, Clone)]
enum Step {
    Batch {
        account: usize,
        n: usize,
    },
    Single {
        account: usize,
    },
    Claim {
        worker: usize,
        n: u32,
    },
    /// Ends one of the claims ever made, perhaps as another worker or long after, and claims in the same transaction.
    Finish {
        worker: usize,
        which: usize,
        end: End,
        then_claim: u32,
    },
    Heartbeat {
        worker: usize,
    },
    Cancel {
        which: usize,
    },
    Retry {
        which: usize,
    },
    Wait {
        ms: i64,
    },
}

#[derive(Debug, Clone, Copy)]
enum End {
    Completed,
    NeedsReview,
    Corrupt,
    Timeout,
    Released,
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![
        Just(End::Completed),
        Just(End::NeedsReview),
        Just(End::Corrupt),
        Just(End::Timeout),
        Just(End::Released)
    ];
    prop_oneof![
        2 => (0..2usize, 1..4usize).prop_map(|(account, n)| Step::Batch { account, n }),
        1 => (0..2usize).prop_map(|account| Step::Single { account }),
        4 => (0..3usize, 0..4u32).prop_map(|(worker, n)| Step::Claim { worker, n }),
        6 => (0..3usize, any::<usize>(), end, 0..2u32)
            .prop_map(|(worker, which, end, then_claim)| Step::Finish { worker, which, end, then_claim }),
        1 => (0..3usize).prop_map(|worker| Step::Heartbeat { worker }),
        1 => any::<usize>().prop_map(|which| Step::Cancel { which }),
        2 => any::<usize>().prop_map(|which| Step::Retry { which }),
        3 => prop_oneof![Just(1), Just(2_000), Just(4_000), Just(LEASE_MS - 1), Just(LEASE_MS + 1)]
            .prop_map(|ms| Step::Wait { ms }),
    ]
}

/// What the store should have of one extraction.
#[derive(Debug)]
struct Job {
    id: ExtractionId,
    account: usize,
    /// Place in the list of batches.
    batch: Option<usize>,
    status: Status,
    attempt: u32,
    attempts_before: u32,
    worker: usize,
    lease_until: i64,
    not_before: i64,
}

struct ModelBatch {
    account: usize,
    id: BatchId,
    cancelled: bool,
}

#[derive(Default)]
struct Model {
    now: i64,
    jobs: Vec<Job>,
    batches: Vec<ModelBatch>,
    claims: Vec<Claim>,
}

impl Model {
    fn end(&mut self, job: usize, end: End) {
        let job = &mut self.jobs[job];
        job.status = match end {
            End::Completed => Status::Completed,
            End::NeedsReview => Status::NeedsReview,
            End::Timeout if job.attempt - job.attempts_before < MOST_ATTEMPTS => {
                job.not_before = self.now + 1_000 * 2i64.pow(job.attempt - job.attempts_before);
                Status::Pending
            }
            End::Corrupt | End::Timeout => Status::Failed,
            End::Released => {
                job.attempt -= 1;
                job.not_before = 0;
                Status::Pending
            }
        };
        if job.status == Status::Pending && job.batch.is_some_and(|batch| self.batches[batch].cancelled) {
            job.status = Status::Cancelled;
        }
    }

    /// Whether there was anything to cancel.
    fn cancel(&mut self, batch: usize) -> bool {
        let mut jobs = self.jobs.iter_mut().filter(|job| job.batch == Some(batch));
        if jobs.all(|job| job.status.is_terminal()) {
            return false;
        }
        self.batches[batch].cancelled = true;
        for job in self.jobs.iter_mut().filter(|job| job.batch == Some(batch)) {
            if job.status == Status::Pending {
                job.status = Status::Cancelled;
            }
        }
        true
    }

    /// Whether there was anything to retry.
    fn retry(&mut self, batch: usize) -> bool {
        let mut any = false;
        for job in
            self.jobs.iter_mut().filter(|job| job.batch == Some(batch) && !self.batches[batch].cancelled)
        {
            if job.status == Status::Failed {
                (job.status, job.attempts_before, job.not_before) = (Status::Pending, job.attempt, 0);
                any = true;
            }
        }
        any
    }

    fn finish(&mut self, worker: usize, claim: &Claim, end: End) {
        let held = |job: &Job| {
            (job.id, job.attempt, job.worker, job.status)
                == (claim.extraction_id, claim.attempt, worker, Status::Running)
        };
        if let Some(job) = self.jobs.iter().position(held) {
            self.end(job, end);
        }
    }

    fn claim(&mut self, worker: usize, n: u32, claims: Vec<Claim>) -> Result<(), TestCaseError> {
        for job in 0..self.jobs.len() {
            if self.jobs[job].status == Status::Running && self.jobs[job].lease_until < self.now {
                self.end(job, End::Timeout);
            }
        }
        let ready = |job: &Job| job.status == Status::Pending && job.not_before <= self.now;
        let expected = self.jobs.iter().filter(|job| ready(job)).count().min(n as usize);
        prop_assert_eq!(claims.len(), expected);
        for claim in &claims {
            let job = self.jobs.iter_mut().find(|job| job.id == claim.extraction_id);
            let job = job.expect("a claim is of an extraction that was made");
            prop_assert!(job.status == Status::Pending && job.not_before <= self.now, "{:?}", job);
            prop_assert_eq!(claim.attempt, job.attempt + 1);
            job.status = Status::Running;
            job.attempt += 1;
            job.worker = worker;
            job.lease_until = self.now + LEASE_MS;
        }
        self.claims.extend(claims);
        Ok(())
    }
}

async fn replay(t: &Fixture, steps: &[Step]) -> Result<(), TestCaseError> {
    let accounts: [(UserId, TemplateId); 2] = [t.user("unlimited").await, t.user("unlimited").await];
    let mut model = Model::default();
    for step in steps {
        match step {
            &Step::Batch { account, n } => {
                let batch = t.batch(accounts[account], n).await;
                model.batches.push(ModelBatch { account, id: batch.id, cancelled: false });
                let place = model.batches.len() - 1;
                for extraction in t.extractions(accounts[account].0, &batch).await {
                    model.jobs.push(new_job(extraction.id, account, Some(place)));
                }
            }
            &Step::Single { account } => {
                let (user, template) = accounts[account];
                let document = t.documents(user, 1).await[0];
                let id = t.store.create_extraction(user, document, template, Tier::Standard).await.unwrap();
                model.jobs.push(new_job(id, account, None));
            }
            &Step::Claim { worker, n } => {
                let claims = t.store.claim(&worker.to_string(), n).await.unwrap();
                model.claim(worker, n, claims)?;
            }
            Step::Finish { .. } if model.claims.is_empty() => {}
            &Step::Finish { worker, which, end, then_claim } => {
                let claim = model.claims[which % model.claims.len()].clone();
                let outcome = match end {
                    End::Completed => done(false),
                    End::NeedsReview => done(true),
                    End::Corrupt => failed(ErrorCode::Corrupt),
                    End::Timeout => failed(ErrorCode::Timeout),
                    End::Released => Outcome::Released,
                };
                let ends = [finished(&claim, outcome)];
                model.finish(worker, &claim, end);
                let claims = t.store.finish_and_claim(&worker.to_string(), &ends, then_claim).await.unwrap();
                model.claim(worker, then_claim, claims)?;
            }
            &Step::Heartbeat { worker } => {
                let held = |job: &&mut Job| job.worker == worker && job.status == Status::Running;
                let (mut claims, mut cancelled) = (Vec::new(), Vec::new());
                for job in model.jobs.iter_mut().filter(held) {
                    claims.push((job.id, job.attempt));
                    if job.batch.is_some_and(|batch| model.batches[batch].cancelled) {
                        cancelled.push(job.id);
                    } else {
                        job.lease_until = model.now + LEASE_MS;
                    }
                }
                cancelled.sort_unstable();
                prop_assert_eq!(t.store.heartbeat(&worker.to_string(), &claims).await.unwrap(), cancelled);
            }
            Step::Cancel { .. } | Step::Retry { .. } if model.batches.is_empty() => {}
            Step::Cancel { which } => {
                let place = which % model.batches.len();
                let (account, id) = (model.batches[place].account, model.batches[place].id);
                let answer = t.store.cancel_batch(accounts[account].0, id).await;
                prop_assert_eq!(answer.is_ok(), model.cancel(place), "{:?}", answer);
            }
            Step::Retry { which } => {
                let place = which % model.batches.len();
                let (account, id) = (model.batches[place].account, model.batches[place].id);
                let answer = t.store.retry_batch(accounts[account].0, id).await;
                prop_assert_eq!(answer.is_ok(), model.retry(place), "{:?}", answer);
            }
            &Step::Wait { ms } => {
                t.advance(ms);
                model.now += ms;
            }
        }
        compare(t, &accounts, &model).await?;
    }
    clear(t, &accounts, &model).await
}

/// Ends what a history leaves open, so that another one can follow on the same store.
async fn clear(
    t: &Fixture,
    accounts: &[(UserId, TemplateId); 2],
    model: &Model,
) -> Result<(), TestCaseError> {
    for batch in &model.batches {
        // One that has ended says so.
        let _ = t.store.cancel_batch(accounts[batch.account].0, batch.id).await;
    }
    // A claim, and the wait after it was lost, for each attempt.
    for _ in 0..=2 * MOST_ATTEMPTS {
        t.advance(LEASE_MS + 1);
        t.store.claim("nobody", 100).await.unwrap();
    }
    t.advance(LEASE_MS + 1);
    prop_assert_eq!(t.store.claim("nobody", 100).await.unwrap(), []);
    let depth = t.store.queue_depth().await.unwrap();
    prop_assert_eq!((depth.pending, depth.running), (0, 0), "nothing is lost");
    Ok(())
}

fn new_job(id: ExtractionId, account: usize, batch: Option<usize>) -> Job {
    Job {
        id,
        account,
        batch,
        status: Status::Pending,
        attempt: 0,
        attempts_before: 0,
        worker: 0,
        lease_until: 0,
        not_before: 0,
    }
}

async fn compare(
    t: &Fixture,
    accounts: &[(UserId, TemplateId); 2],
    model: &Model,
) -> Result<(), TestCaseError> {
    for job in &model.jobs {
        let extraction = t.store.extraction(accounts[job.account].0, job.id).await.unwrap();
        let attempts = job.attempt - job.attempts_before;
        prop_assert_eq!((extraction.status, extraction.attempts), (job.status, attempts), "{:?}", job);
        prop_assert_eq!(extraction.finished_at.is_some(), job.status.is_terminal());
        prop_assert_eq!(extraction.error.is_some(), job.status == Status::Failed);
    }
    for (account, (user, _)) in accounts.iter().enumerate() {
        let jobs = model.jobs.iter().filter(|job| job.account == account);
        let paid = jobs.filter(|job| !matches!(job.status, Status::Failed | Status::Cancelled)).count();
        prop_assert_eq!(t.used(*user).await, paid as u64, "what failed or was cancelled is refunded, once");
    }
    for made in &model.batches {
        let batch = t.store.batch(accounts[made.account].0, made.id).await.unwrap();
        prop_assert_eq!(batch.finished_at.is_some(), batch.counts.finished() == batch.counts.total);
        prop_assert_eq!(batch.finished_at.is_some(), batch.status.is_terminal());
    }
    Ok(())
}

/// Runs random histories, each on a store of its own; a failing one is made as short as it gets.
fn check(cases: u32, open: impl AsyncFn() -> Option<Fixture>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let histories = prop::collection::vec(step(), 1..40);
    let result = TestRunner::new(config).run(&histories, |steps| {
        runtime.block_on(async {
            match open().await {
                Some(fixture) => replay(&fixture, &steps).await,
                None => Ok(()),
            }
        })
    });
    result.unwrap();
}

#[test]
fn any_history_on_sqlite_is_as_the_model_says() {
    check(40, async || Some(Fixture::sqlite().await));
}

#[test]
fn any_history_on_postgres_is_as_the_model_says() {
    check(15, Fixture::postgres);
}

/// Whatever can happen to one document: two workers claim it, end it in every way, late or in time, hear nothing from it,
/// and its owner cancels and retries.
fn alphabet() -> [Step; 12] {
    let finish = |worker, which, end| Step::Finish { worker, which, end, then_claim: 0 };
    [
        Step::Claim { worker: 0, n: 1 },
        Step::Claim { worker: 1, n: 1 },
        finish(0, 0, End::Completed),
        finish(0, 0, End::NeedsReview),
        finish(0, 0, End::Corrupt),
        finish(0, 0, End::Timeout),
        finish(0, 0, End::Released),
        finish(1, 1, End::Completed),
        Step::Heartbeat { worker: 0 },
        Step::Cancel { which: 0 },
        Step::Retry { which: 0 },
        Step::Wait { ms: LEASE_MS + 1 },
    ]
}

/// Every history of `length` steps after a batch of one document was made and claimed.
async fn check_all(t: &Fixture, length: u32) {
    let alphabet = alphabet();
    let mut histories = 0;
    for number in 0..alphabet.len().pow(length) {
        let mut steps = vec![Step::Batch { account: 0, n: 1 }, Step::Claim { worker: 0, n: 1 }];
        let mut rest = number;
        for _ in 0..length {
            steps.push(alphabet[rest % alphabet.len()].clone());
            rest /= alphabet.len();
        }
        if let Err(error) = replay(t, &steps).await {
            panic!("{error}\nafter {steps:#?}");
        }
        histories += 1;
    }
    println!("{histories} histories");
}

#[tokio::test]
async fn every_short_history_on_sqlite_is_as_the_model_says() {
    check_all(&Fixture::sqlite().await, 2).await;
}

#[tokio::test]
#[ignore = "takes a quarter of an hour: cargo test -p sheaf-store --test conformance -- --ignored"]
async fn every_longer_history_on_sqlite_is_as_the_model_says() {
    check_all(&Fixture::sqlite().await, 4).await;
}

#[test]
fn what_is_handed_back_of_a_cancelled_batch_takes_no_claims_place() {
    let steps = [
        Step::Batch { account: 0, n: 1 },
        Step::Claim { worker: 0, n: 1 },
        Step::Cancel { which: 0 },
        Step::Batch { account: 0, n: 1 },
        Step::Finish { worker: 0, which: 0, end: End::Released, then_claim: 1 },
    ];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        replay(&Fixture::sqlite().await, &steps).await.unwrap();
        if let Some(fixture) = Fixture::postgres().await {
            replay(&fixture, &steps).await.unwrap();
        }
    });
}
