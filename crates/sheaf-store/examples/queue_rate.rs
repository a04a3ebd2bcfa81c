//! How fast the store queues, hands out and keeps work, durably.
//!
//! ```text
//! cargo run --release -p sheaf-store --example queue_rate -- [DATABASE_URL [BATCHES]]
//! ```
//!
//! Makes `BATCHES` batches of 10,000 documents (1), then runs 10,000 of them with groups of four a transaction, as a busy
//! worker on four slots does, and reads what a client polls. SQLite in a temporary folder unless a URL says otherwise.

use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use sheaf_store::{Finished, NewBatch, NewDocument, Outcome, PageRequest, Store, StoreConfig};
use sheaf_types::{DocumentId, Engine, FieldKind, FieldResult, FieldValue, MediaType, TemplateSpec, Tier};

const A_BATCH: usize = 10_000;
const A_GROUP: u32 = 4;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = tempfile::tempdir_in(".").context("the current folder takes a temporary one")?;
    let mut config = StoreConfig::in_folder(folder.path(), sheaf_types::default_plans());
    if let Some(url) = arguments.next().filter(|url| !url.is_empty()) {
        config.database_url = url;
    }
    let batches: usize = arguments.next().map_or(Ok(1), |n| n.parse())?;

    let store = Store::open(&config).await?;
    let name = format!("{}@localhost", std::process::id());
    let user = store.create_user(&name, "unlimited", false).await?.id;
    let template = store.create_template(user, &TemplateSpec::starter_invoice()).await?;

    let document = |i| NewDocument {
        filename: format!("{i}.pdf"),
        media_type: MediaType::Pdf,
        bytes: Bytes::from_static(b"%PDF-1.7"),
    };
    let start = Instant::now();
    let documents = store.add_documents(user, (0..A_BATCH).map(document).collect()).await?;
    report("rows of 10,000 documents on one blob", start.elapsed());
    let documents: Vec<(DocumentId, Option<String>)> = documents.iter().map(|d| (d.id, None)).collect();

    let mut slowest = Duration::ZERO;
    let mut last = None;
    for _ in 0..batches {
        let new = NewBatch {
            name: "rate".into(),
            template_id: template.id,
            tier: Tier::Standard,
            metadata: None,
            documents: documents.clone(),
        };
        let start = Instant::now();
        last = Some(store.create_batch(user, &new).await?.id);
        slowest = slowest.max(start.elapsed());
    }
    report("create_batch of 10,000, the slowest", slowest);

    let start = Instant::now();
    let mut ended = 0;
    let mut claims = store.claim("rate", A_GROUP).await?;
    while ended < A_BATCH && !claims.is_empty() {
        let finished: Vec<Finished> = claims
            .iter()
            .map(|claim| Finished {
                extraction_id: claim.extraction_id,
                attempt: claim.attempt,
                outcome: outcome(),
            })
            .collect();
        ended += finished.len();
        claims = store.finish_and_claim("rate", &finished, A_GROUP).await?;
    }
    let elapsed = start.elapsed();
    report("10,000 claims and finishes in groups of 4", elapsed);
    println!("{:>12.0} documents a second", ended as f64 / elapsed.as_secs_f64());

    let last = last.context("at least one batch")?;
    let start = Instant::now();
    store.batch(user, last).await?;
    report("batch", start.elapsed());
    let start = Instant::now();
    store.list_batches(user, None, PageRequest::default()).await?;
    report("list_batches, 50 of them", start.elapsed());
    let start = Instant::now();
    store.queue_depth().await?;
    report("queue_depth", start.elapsed());
    let first = store.list_batches(user, None, PageRequest { limit: 500, cursor: None }).await?;
    let first = first.data.last().context("at least one batch")?.id;
    let start = Instant::now();
    let mut after = None;
    while let Some((position, _)) = store.export_page(user, first, after, 500).await?.last() {
        after = Some(*position);
    }
    report("export of 10,000", start.elapsed());
    store.close().await;
    Ok(())
}

/// As large as the starter template's result without a table.
fn outcome() -> Outcome {
    let field = |name: &str| FieldResult {
        value: Some(FieldValue::Scalar("2026-000123".into())),
        source: Some("2026-000123".into()),
        page: Some(1),
        bbox: Some([0.1, 0.2, 0.3, 0.4].into()),
        confidence: 0.97,
        ..FieldResult::empty(name, FieldKind::Text)
    };
    let names = ["invoice_number", "invoice_date", "due_date", "seller_name", "total"];
    Outcome::Done {
        pages: 1,
        engine: Engine { sheaf: "0.1.0".into(), text: Some("pdf".into()), ocr: None, llm: None },
        warnings: Vec::new(),
        fields: names.map(field).into(),
    }
}

fn report(what: &str, elapsed: Duration) {
    println!("{:>9.1} ms {what}", elapsed.as_secs_f64() * 1_000.0);
}
