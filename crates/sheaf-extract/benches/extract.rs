//! What a document costs: reading it, and extraction after reading, over the sample documents.
//!
//! `cargo bench -p sheaf-extract`: the throughput is documents a second, so the time of one is its inverse.

use std::fs;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sheaf_extract::{Limits, extract, read};
use sheaf_types::{Document, MediaType, TemplateSpec};

fn documents(criterion: &mut Criterion) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/documents");
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let files: Vec<Vec<u8>> = entries.filter_map(|entry| fs::read(entry.path()).ok()).collect();
    let read_one = |bytes: &Vec<u8>| read(bytes, MediaType::Pdf, &Limits::default()).ok();
    // The broken one and the scan are left out: there is nothing to extract.
    let files: Vec<Vec<u8>> =
        files.into_iter().filter(|bytes| read_one(bytes).is_some_and(|d| !d.is_textless())).collect();
    let documents: Vec<Document> = files.iter().filter_map(read_one).collect();
    let template = TemplateSpec::starter_invoice();

    let mut group = criterion.benchmark_group("document");
    group.throughput(Throughput::Elements(documents.len() as u64));
    group.bench_function("read", |bencher| {
        bencher.iter(|| files.iter().filter_map(read_one).map(|d| d.pages.len()).sum::<usize>());
    });
    group.bench_function("extract", |bencher| {
        bencher.iter(|| documents.iter().map(|d| extract(black_box(d), &template).len()).sum::<usize>());
    });
    group.finish();
}

criterion_group!(benches, documents);
criterion_main!(benches);
