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
        which: prop::sample::Index,
        end: End,
        then_claim: u32,
    },
    Heartbeat {
        worker: usize,
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
        6 => (0..3usize, any::<prop::sample::Index>(), end, 0..2u32)
            .prop_map(|(worker, which, end, then_claim)| Step::Finish { worker, which, end, then_claim }),
        1 => (0..3usize).prop_map(|worker| Step::Heartbeat { worker }),
        3 => prop_oneof![Just(1), Just(2_000), Just(4_000), Just(LEASE_MS - 1), Just(LEASE_MS + 1)]
            .prop_map(|ms| Step::Wait { ms }),
    ]
}

/// What the store should have of one extraction.
#[derive(Debug)]
struct Job {
    id: ExtractionId,
    account: usize,
    status: Status,
    attempt: u32,
    worker: usize,
    lease_until: i64,
    not_before: i64,
}

#[derive(Default)]
struct Model {
    now: i64,
    jobs: Vec<Job>,
    batches: Vec<(usize, BatchId)>,
    claims: Vec<Claim>,
}

impl Model {
    fn end(&mut self, job: usize, end: End) {
        let job = &mut self.jobs[job];
        job.status = match end {
            End::Completed => Status::Completed,
            End::NeedsReview => Status::NeedsReview,
            End::Timeout if job.attempt < MOST_ATTEMPTS => {
                job.not_before = self.now + 1_000 * 2i64.pow(job.attempt);
                Status::Pending
            }
            End::Corrupt | End::Timeout => Status::Failed,
            End::Released => {
                job.attempt -= 1;
                job.not_before = 0;
                Status::Pending
            }
        };
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
                model.batches.push((account, batch.id));
                for extraction in t.extractions(accounts[account].0, &batch).await {
                    model.jobs.push(new_job(extraction.id, account));
                }
            }
            &Step::Single { account } => {
                let (user, template) = accounts[account];
                let document = t.documents(user, 1).await[0];
                let id = t.store.create_extraction(user, document, template, Tier::Standard).await.unwrap();
                model.jobs.push(new_job(id, account));
            }
            &Step::Claim { worker, n } => {
                let claims = t.store.claim(&worker.to_string(), n).await.unwrap();
                model.claim(worker, n, claims)?;
            }
            Step::Finish { .. } if model.claims.is_empty() => {}
            &Step::Finish { worker, which, end, then_claim } => {
                let claim = which.get(&model.claims).clone();
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
                let mut claims = Vec::new();
                for job in model.jobs.iter_mut().filter(held) {
                    claims.push((job.id, job.attempt));
                    job.lease_until = model.now + LEASE_MS;
                }
                prop_assert_eq!(t.store.heartbeat(&worker.to_string(), &claims).await.unwrap(), []);
            }
            &Step::Wait { ms } => {
                t.advance(ms);
                model.now += ms;
            }
        }
        compare(t, &accounts, &model).await?;
    }
    Ok(())
}

fn new_job(id: ExtractionId, account: usize) -> Job {
    Job { id, account, status: Status::Pending, attempt: 0, worker: 0, lease_until: 0, not_before: 0 }
}

async fn compare(
    t: &Fixture,
    accounts: &[(UserId, TemplateId); 2],
    model: &Model,
) -> Result<(), TestCaseError> {
    for job in &model.jobs {
        let extraction = t.store.extraction(accounts[job.account].0, job.id).await.unwrap();
        prop_assert_eq!((extraction.status, extraction.attempts), (job.status, job.attempt), "{:?}", job);
        prop_assert_eq!(extraction.finished_at.is_some(), job.status.is_terminal());
        prop_assert_eq!(extraction.error.is_some(), job.status == Status::Failed);
    }
    for (account, (user, _)) in accounts.iter().enumerate() {
        let jobs = model.jobs.iter().filter(|job| job.account == account);
        let paid = jobs.filter(|job| job.status != Status::Failed).count();
        prop_assert_eq!(t.used(*user).await, paid as u64, "every failure is refunded, once");
    }
    for &(account, id) in &model.batches {
        let batch = t.store.batch(accounts[account].0, id).await.unwrap();
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
