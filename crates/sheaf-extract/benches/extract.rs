//! What a document costs: reading it, extraction after reading, over the sample documents; and tracing a language model's
//! answer to a long document.
//!
//! `cargo bench -p sheaf-extract`: the throughput is documents a second, so the time of one is its inverse.

use std::fs;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Map, Value, json};
use sheaf_extract::llm::{Ask, Question, Scope};
use sheaf_extract::{Limits, extract, extract_and_ask, read};
use sheaf_types::{BoundingBox, Document, FieldResult, MediaType, Page, TemplateSpec, TextSource, Word};

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

/// 20 pages of 48 lines of ten words, some of them dates and amounts.
fn long_document() -> Document {
    let word = |page: usize, line: usize, at: usize| {
        let n = page * 480 + line * 10 + at;
        let text = match n % 10 {
            3 => format!("{}.{:02}", n, n % 100),
            7 => format!("2024-{:02}-{:02}", n % 12 + 1, n % 28 + 1),
            _ => format!("word{}", n * 7 % 4_001),
        };
        let (x0, y0) = (0.05 + 0.09 * at as f32, 0.02 + 0.02 * line as f32);
        Word {
            text,
            bbox: BoundingBox { x0, y0, x1: x0 + 0.08, y1: y0 + 0.015 },
            confidence: 0.95,
            font_size: 10.0,
            bold: false,
            turn: 0,
            source: TextSource::Tesseract,
        }
    };
    let page = |page: usize| Page {
        number: page as u32 + 1,
        width: 595.0,
        height: 842.0,
        words: (0..48).flat_map(|line| (0..10).map(move |at| word(page, line, at))).collect(),
        rules: Vec::new(),
        cells: Vec::new(),
        warnings: Vec::new(),
    };
    Document { pages: (0..20).map(page).collect() }
}

/// 50 answers: right ones cited rightly, wrongly and not at all, with letters misread, and some that stand nowhere.
fn answers() -> (TemplateSpec, Value) {
    let mut fields = Vec::new();
    let mut answer = Map::new();
    for at in 0..50usize {
        let n = at * 190 + 10;
        let (kind, said) = match at % 5 {
            0 => ("currency", format!("{}.{:02}", n + 3, (n + 3) % 100)),
            1 => ("date", format!("2024-{:02}-{:02}", (n + 7) % 12 + 1, (n + 7) % 28 + 1)),
            2 => ("text", format!("word{} word{}", n * 7 % 4_001, (n + 1) * 7 % 4_001)),
            3 => ("text", format!("wrod{} word{}", n * 7 % 4_001, (n + 1) * 7 % 4_001)),
            _ => ("text", format!("nowhere in the document {n}")),
        };
        let name = format!("field_{at}");
        fields.push(json!({"name": name, "type": kind}));
        answer.insert(name, json!({"value": said, "lines": [n / 10 + 1 + at % 3 * 40]}));
    }
    let template = json!({"name": "long", "fields": fields});
    (
        TemplateSpec::from_json(&template).unwrap_or_else(|_| TemplateSpec::starter_invoice()),
        Value::Object(answer),
    )
}

fn grounding(criterion: &mut Criterion) {
    let document = long_document();
    let (template, answer) = answers();
    let ask = Ask { scope: Scope::All, budget: 1_000_000 };
    let (own, question): (Vec<FieldResult>, Option<Question>) =
        extract_and_ask(&document, &template, None, Some(&ask));
    let Some(question) = question else { return };
    criterion.bench_function("ground 50 answers in 20 pages", |bencher| {
        bencher.iter(|| question.join(&template, own.clone(), black_box(&answer)).len());
    });
}

criterion_group!(benches, documents, grounding);
criterion_main!(benches);
