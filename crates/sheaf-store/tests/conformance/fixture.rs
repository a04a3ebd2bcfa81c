//! A fresh store for each test, and what tests fill it with.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use sheaf_store::{Clock, Finished, NewBatch, NewDocument, Outcome, PageRequest, Store, StoreConfig};
use sheaf_types::{
    Batch, DocumentId, Engine, ErrorCode, Extraction, ExtractionError, FieldKind, FieldResult, MediaType,
    Plan, TemplateId, TemplateSpec, Tier, UserId,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;

use crate::postgres;

/// 2026-05-15T12:00:00Z.
pub(crate) const NOON_IN_MAY: i64 = 1_778_846_400_000;
pub(crate) const WORKER: &str = "worker-1";

/// A store of its own for a test.
pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) config: StoreConfig,
    pub(crate) folder: TempDir,
    now: Arc<AtomicI64>,
}

impl Fixture {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig::in_folder(&folder.path().join("data"), plans());
        Self::open(config, folder).await
    }

    /// `None` where there is no server.
    pub(crate) async fn postgres() -> Option<Self> {
        let server = postgres::server()?;
        let name = format!("sheaf_test_{}", uuid::Uuid::now_v7().simple());
        let mut admin = server.connect().await.unwrap();
        sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig {
            database_url: server.clone().database(&name).to_url_lossy().to_string(),
            ..StoreConfig::in_folder(folder.path(), plans())
        };
        Some(Self::open(config, folder).await)
    }

    async fn open(config: StoreConfig, folder: TempDir) -> Self {
        let now = Arc::new(AtomicI64::new(NOON_IN_MAY));
        let store = Store::open_with_clock(&config, Clock::Manual(now.clone())).await.unwrap();
        Self { store, config, folder, now }
    }

    /// Another handle, as another process would have it.
    pub(crate) async fn reopen(&self) -> Store {
        Store::open_with_clock(&self.config, Clock::Manual(self.now.clone())).await.unwrap()
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }

    /// A new account with a template.
    pub(crate) async fn user(&self, plan: &str) -> (UserId, TemplateId) {
        let email = format!("{}@example.com", uuid::Uuid::now_v7());
        let user = self.store.create_user(&email, plan, false).await.unwrap().id;
        (user, self.store.create_template(user, &spec("Invoice")).await.unwrap().id)
    }

    /// Documents on one blob.
    pub(crate) async fn documents(&self, user: UserId, n: usize) -> Vec<DocumentId> {
        let document = |i| NewDocument {
            filename: format!("{i}.pdf"),
            media_type: MediaType::Pdf,
            bytes: Bytes::from_static(b"%PDF-1.7 the same"),
        };
        let added = self.store.add_documents(user, (0..n).map(document).collect()).await.unwrap();
        added.into_iter().map(|document| document.id).collect()
    }

    /// A batch of new documents.
    pub(crate) async fn batch(&self, (user, template): (UserId, TemplateId), n: usize) -> Batch {
        let documents = self.documents(user, n).await;
        self.store.create_batch(user, &new_batch(template, &documents)).await.unwrap()
    }

    pub(crate) async fn extractions(&self, user: UserId, batch: &Batch) -> Vec<Extraction> {
        let page = PageRequest { limit: 500, cursor: None };
        self.store.batch_extractions(user, batch.id, None, page).await.unwrap().data
    }

    pub(crate) async fn used(&self, user: UserId) -> u64 {
        self.store.usage(user).await.unwrap().used
    }

    /// Claims one document after the other and finishes each, until nothing is there.
    pub(crate) async fn drain(&self) -> usize {
        let mut n = 0;
        loop {
            let claims = self.store.claim(WORKER, 10).await.unwrap();
            if claims.is_empty() {
                return n;
            }
            n += claims.len();
            let finished: Vec<Finished> = claims.iter().map(|claim| finished(claim, done(false))).collect();
            assert_eq!(self.store.finish(WORKER, &finished).await.unwrap(), claims.len() as u64);
        }
    }
}

pub(crate) fn plans() -> Vec<Plan> {
    [("ten", Some(10)), ("none", Some(0)), ("unlimited", None)]
        .map(|(name, limit)| Plan { name: name.into(), limit })
        .into()
}

pub(crate) fn spec(name: &str) -> TemplateSpec {
    TemplateSpec { name: name.into(), ..TemplateSpec::starter_invoice() }
}

pub(crate) fn new_batch(template: TemplateId, documents: &[DocumentId]) -> NewBatch {
    NewBatch {
        name: "May".into(),
        template_id: template,
        tier: Tier::Standard,
        metadata: None,
        documents: documents.iter().map(|&document| (document, None)).collect(),
    }
}

pub(crate) fn finished(claim: &sheaf_store::Claim, outcome: Outcome) -> Finished {
    Finished { extraction_id: claim.extraction_id, attempt: claim.attempt, outcome }
}

pub(crate) fn engine() -> Engine {
    Engine { sheaf: "0.1.0".into(), text: Some("pdf".into()), ocr: None, llm: None }
}

pub(crate) fn field(needs_review: bool) -> FieldResult {
    FieldResult { needs_review, ..FieldResult::empty("total", FieldKind::Currency) }
}

pub(crate) fn done(needs_review: bool) -> Outcome {
    Outcome::Done { pages: 2, engine: engine(), warnings: Vec::new(), fields: vec![field(needs_review)] }
}

/// A failure; whether it is retryable follows from the code.
pub(crate) fn failed(code: ErrorCode) -> Outcome {
    Outcome::Failed { error: ExtractionError::new(code, "it did not work"), pages: None }
}

/// Makes a test of each of these functions on each database.
macro_rules! on_both_databases {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::fixture::Fixture::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(fixture) = $crate::fixture::Fixture::postgres().await {
                    super::$name(fixture).await;
                }
            })*
        }
    };
}
pub(crate) use on_both_databases;
