//! What a document costs: reading it, extraction after reading; and tracing a language model's answer to a long document.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on panics")]

mod documents;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use documents::{cases, words};
use serde_json::{Map, Value, json};
use sheaf_extract::llm::{Ask, Scope};
use sheaf_extract::{Limits, extract, extract_and_ask, read};
use sheaf_types::{MediaType, TemplateSpec};

fn cost(criterion: &mut Criterion) {
    for case in cases() {
        let mut group = criterion.benchmark_group(case.name);
        if let Some(file) = &case.file {
            group.bench_function("read", |bencher| {
                bencher.iter(|| read(black_box(file), MediaType::Pdf, &Limits::default()));
            });
        }
        group.bench_function("extract", |bencher| {
            bencher.iter(|| extract(black_box(&case.document), &case.template));
        });
        group.finish();
    }
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
    (TemplateSpec::from_json(&template).unwrap(), Value::Object(answer))
}

fn grounding(criterion: &mut Criterion) {
    let document = words();
    let (template, answer) = answers();
    let ask = Ask { scope: Scope::All, budget: 1_000_000 };
    let (own, question) = extract_and_ask(&document, &template, None, Some(&ask));
    let question = question.unwrap();
    criterion.bench_function("ground 50 answers in 20 pages", |bencher| {
        bencher.iter(|| question.join(&template, own.clone(), black_box(&answer)).len());
    });
}

criterion_group!(benches, cost, grounding);
criterion_main!(benches);
