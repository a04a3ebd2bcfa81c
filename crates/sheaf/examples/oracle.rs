//! How much of a perfect model's answer survives grounding, and what it gains over the Standard tier:
//! `oracle SETDIR OUT.json [--all] [--wrong 0.1]`.
//!
//! A scripted server on this machine answers each question from the truth of its document (`SETDIR/truth.jsonl`, as
//! `sheaf eval` has it), over HTTP and in the `openai` wire format, without a citation: so nothing but the document's
//! words can place a value. What of an answer comes back is counted by field: `grounded` stands somewhere on the page,
//! `right` is what the truth says. With `--all` every field is asked for, else those that the rules leave open. The results
//! go to OUT.json in the shape of the JSON export, and those of the Standard tier to OUT.standard.json.
//!
//! With `--wrong SHARE` the model is wrong that often, half of the time with another value of the same document and half of
//! the time with that of another document, and cites the lines of whatever it says: so it shows how far the confidence of
//! what comes out can be trusted. "alone" are the model's own values, whatever the rules found.
//!
//! With `SHEAF_READ=folder`, what was read is kept there, as `predict` does, so that the next run begins with it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use clap::Parser;
use serde_json::{Map, Value, json};
use sheaf::llm::{Asked, Llm, LlmArgs};
use sheaf_extract::llm::Question;
use sheaf_extract::ocr::{Engines, OcrConfig};
use sheaf_extract::{Limits, ReadError, extract_and_ask, read_with_ocr};
use sheaf_types::{
    BoundingBox, Document, FieldKind, FieldResult, FieldSpec, FieldValue, MediaType, Method, ReviewReason,
    TemplateSpec,
};
use tokio::net::TcpListener;
use tokio::sync::watch;

#[derive(Parser)]
struct Args {
    set: PathBuf,
    out: PathBuf,
    /// Ask for every field
    #[arg(long)]
    all: bool,
    /// Share of the answers that are wrong, 0 to 1
    #[arg(long, default_value_t = 0.0)]
    wrong: f64,
    /// Folder of the PP-OCR models
    #[arg(long, env = "SHEAF_MODELS")]
    models: Option<PathBuf>,
}

#[derive(Parser)]
struct LlmOptions {
    #[command(flatten)]
    llm: LlmArgs,
}

/// Results that came about in the same way.
#[derive(Default)]
struct Trust {
    values: usize,
    right: usize,
    confidence: f64,
    accepted: usize,
    accepted_right: usize,
}

/// Of the values that the model named.
#[derive(Default)]
struct Count {
    named: usize,
    grounded: usize,
    right: usize,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    // The answer to whatever is asked next: one document is asked about at a time.
    let (answer, answers) = watch::channel(Value::Null);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/v1", listener.local_addr()?);
    let router = Router::new().route("/v1/chat/completions", post(complete)).with_state(answers);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let scope = if args.all { "all" } else { "open" };
    let options = [
        "oracle",
        "--llm-provider",
        "openai",
        "--llm-model",
        "truth",
        "--llm-base-url",
        &url,
        "--llm-scope",
        scope,
        "--llm-context-tokens",
        "1000000",
    ];
    let config = LlmOptions::parse_from(options).llm.config()?.ok_or("no language model is configured")?;
    let llm = Llm::new(config)?;

    let models =
        args.models.or_else(|| std::env::home_dir().map(|home| home.join(".local/share/sheaf/models")));
    let engines = Engines::load(&OcrConfig { models, ..OcrConfig::default() });

    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let (mut standard, mut premium) = (Vec::new(), Vec::new());
    let mut trust: BTreeMap<&str, Trust> = BTreeMap::new();
    let truths = fs::read_to_string(args.set.join("truth.jsonl"))?;
    let truths: Vec<Value> = truths
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    for (at, truth) in truths.iter().enumerate() {
        let file = truth["file"].as_str().ok_or("a document without a file")?;
        let template = template(&args.set, &truth["template"])?;
        let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or(file);
        let entry = |fields: &[FieldResult]| json!({"filename": name, "id": truth["id"], "status": "completed", "fields": fields});
        let Ok(document) = read(&args.set, file, &engines) else {
            for results in [&mut standard, &mut premium] {
                results.push(json!({"filename": name, "id": truth["id"], "status": "failed", "fields": []}));
            }
            continue;
        };
        let (own, question) = extract_and_ask(&document, &template, None, Some(&llm.how_to_ask()));
        standard.push(entry(&own));
        let mut fields = own.clone();
        if let Some(question) = question {
            let mut said = honest(&template, truth);
            if args.wrong > 0.0 {
                let elsewhere = &truths[(at + 7) % truths.len()];
                mislead(&mut said, &template, args.wrong, (&truth["id"], elsewhere), &question)?;
            }
            answer.send_replace(said);
            let (asked, _) = llm.ask(&question.prompt(&template), &[]).await;
            let Asked::Answered(text) = asked else { return Err(format!("{name}: {asked:?}").into()) };
            let given: Value = serde_json::from_str(&text)?;
            // Grounding alone, without what the rules found.
            let nothing = own.iter().map(|own| FieldResult::empty(own.name.as_str(), own.kind)).collect();
            let grounded = question.join(&template, nothing, &given);
            for result in grounded.iter().filter(|result| question.fields.contains(&result.name)) {
                let count = counts.entry(result.name.clone()).or_default();
                tally(count, result, &given, truth);
            }
            fields = question.join(&template, own.clone(), &given);
            for ((own, found), joined) in own.iter().zip(&grounded).zip(&fields) {
                if question.fields.contains(&joined.name) {
                    weigh(&mut trust, (own, found, joined), &given, truth);
                }
            }
        }
        premium.push(entry(&fields));
    }
    let mut all = Count::default();
    for (name, count) in &counts {
        println!(
            "{name:<24} {:>5} named {:>5} grounded {:>5} right",
            count.named, count.grounded, count.right
        );
        all.named += count.named;
        all.grounded += count.grounded;
        all.right += count.right;
    }
    let percent = |n: usize| 100.0 * n as f64 / all.named.max(1) as f64;
    println!(
        "{:<24} {:>5} named {:>5.1} % grounded {:>5.1} % right",
        "all",
        all.named,
        percent(all.grounded),
        percent(all.right)
    );
    for (name, trust) in &trust {
        let percent = |n: usize, of: usize| 100.0 * n as f64 / of.max(1) as f64;
        println!(
            "{name:<24} {:>5} values {:>5.1} % right {:.3} confidence; {:>5} accepted {:>5.1} % right",
            trust.values,
            percent(trust.right, trust.values),
            trust.confidence / trust.values.max(1) as f64,
            trust.accepted,
            percent(trust.accepted_right, trust.accepted)
        );
    }
    fs::write(&args.out, serde_json::to_string_pretty(&premium)?)?;
    fs::write(args.out.with_extension("standard.json"), serde_json::to_string_pretty(&standard)?)?;
    Ok(())
}

async fn complete(State(answers): State<watch::Receiver<Value>>) -> Json<Value> {
    let text = answers.borrow().to_string();
    Json(json!({
        "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0}}))
}

/// What a model says that knows the truth: its first acceptable value, and the rows of its tables.
fn honest(template: &TemplateSpec, truth: &Value) -> Value {
    let mut answer = Map::new();
    for field in &template.fields {
        let said = match field.kind {
            FieldKind::Table => match truth["tables"][&field.name].as_array() {
                Some(rows) => {
                    json!({"rows": rows.iter().map(|row| json!({"cells": row, "lines": []})).collect::<Vec<_>>()})
                }
                None => Value::Null,
            },
            _ => {
                json!({"value": first(&truth["fields"][&field.name]), "lines": []})
            }
        };
        answer.insert(field.name.clone(), said);
    }
    Value::Object(answer)
}

/// Makes a share of the answers wrong, always the same ones, and lets all of them cite.
fn mislead(
    answer: &mut Value,
    template: &TemplateSpec,
    share: f64,
    (id, elsewhere): (&Value, &Value),
    question: &Question,
) -> Result<(), Box<dyn Error>> {
    let transcript = &serde_json::to_value(question)?["transcript"];
    for field in template.fields.iter().filter(|field| field.kind != FieldKind::Table) {
        let mut hasher = DefaultHasher::new();
        (id.as_str(), &field.name).hash(&mut hasher);
        let dice = hasher.finish();
        let said = &mut answer[&field.name]["value"];
        if (dice % 1_000) as f64 >= share * 1_000.0 {
            // An honest one.
        } else if dice & (1 << 40) == 0 {
            *said = first(&elsewhere["fields"][&field.name]);
        } else {
            let others = others(field, transcript);
            if let Some(other) = others.get((dice >> 20) as usize % others.len().max(1)) {
                *said = json!(other);
            }
        }
    }
    let nothing: Vec<FieldResult> =
        template.fields.iter().map(|field| FieldResult::empty(field.name.as_str(), field.kind)).collect();
    for found in question.join(template, nothing, answer) {
        let (Some(page), Some(bbox)) = (found.page, found.bbox) else { continue };
        let stands = |line: &Value| {
            line["page"] == json!(page)
                && line["words"].as_array().into_iter().flatten().any(|word| {
                    let word = serde_json::from_value::<BoundingBox>(word["bbox"].clone());
                    word.is_ok_and(|word| word.iou(bbox) > 0.0)
                })
        };
        let lines = transcript["lines"].as_array().into_iter().flatten().zip(1..);
        let lines: Vec<i32> = lines.filter(|(line, _)| stands(line)).map(|(_, number)| number).collect();
        answer[&found.name]["lines"] = json!(lines);
    }
    Ok(())
}

/// What a document shows beside a field's value that could be taken for it.
fn others(field: &FieldSpec, transcript: &Value) -> Vec<String> {
    let text = |span: &Value| -> Option<String> {
        let line = transcript["lines"][span["line"].as_u64()? as usize]["text"].as_str()?;
        let range = span["range"]["start"].as_u64()? as usize..span["range"]["end"].as_u64()? as usize;
        Some(line.get(range)?.to_owned())
    };
    let all = |name: &str| transcript[name].as_array().cloned().unwrap_or_default();
    match field.kind {
        FieldKind::Number | FieldKind::Currency => {
            all("numbers").iter().filter_map(|number| text(&number["span"])).collect()
        }
        FieldKind::Date => all("dates").iter().filter_map(|date| text(&date["spans"][0])).collect(),
        FieldKind::Enum => field.enum_values.clone(),
        FieldKind::Text | FieldKind::Table => all("lines")
            .iter()
            .filter_map(|line| line["text"].as_str())
            .flat_map(|line| line.split('\t').map(str::to_owned))
            .collect(),
    }
}

/// The first acceptable value.
fn first(value: &Value) -> Value {
    match value {
        Value::Array(acceptable) => acceptable.first().cloned().unwrap_or_default(),
        one => one.clone(),
    }
}

/// Counts a result by how it came about, if it is a value.
fn weigh(
    trust: &mut BTreeMap<&str, Trust>,
    (own, found, joined): (&FieldResult, &FieldResult, &FieldResult),
    given: &Value,
    truth: &Value,
) {
    let way = match (&own.value, &found.value) {
        (Some(_), Some(_)) if joined.review_reason == Some(ReviewReason::Inconsistent) => "contradicted",
        (Some(_), Some(_)) => "agreed",
        (None, _) => "the model only",
        (_, None) if given[&joined.name]["value"].is_null() => "denied",
        (_, None) => "stands nowhere",
    };
    for (way, result) in [(way, joined), ("joined", joined), ("alone", found), ("the rules", own)] {
        let Some(FieldValue::Scalar(value)) = &result.value else { continue };
        let right = match &truth["fields"][&result.name] {
            Value::Array(acceptable) => acceptable.iter().any(|one| same(one, value)),
            one => same(one, value),
        };
        let trust = trust.entry(way).or_default();
        trust.values += 1;
        trust.right += usize::from(right);
        trust.confidence += f64::from(result.confidence);
        trust.accepted += usize::from(!result.needs_review);
        trust.accepted_right += usize::from(right && !result.needs_review);
    }
}

/// A document of the set, from the folder of those that were read before if it is there.
fn read(set: &Path, file: &str, engines: &Engines) -> Result<Document, ReadError> {
    let folder = std::env::var_os("SHEAF_READ").map(PathBuf::from);
    let kept = folder.map(|folder| folder.join(format!("{}.json", file.replace('/', "_"))));
    let before = kept.as_ref().and_then(|path| serde_json::from_slice(&fs::read(path).ok()?).ok());
    if let Some(document) = before {
        return Ok(document);
    }
    let bytes = fs::read(set.join(file)).unwrap_or_default();
    let media_type = MediaType::sniff(&bytes).unwrap_or(MediaType::Other);
    // Figures must not depend on how busy the machine is.
    let patient = Duration::from_secs(600);
    let limits = Limits { max_duration: patient, max_page_duration: patient, ..Limits::default() };
    let document = read_with_ocr(&bytes, media_type, engines, &limits)?;
    if let Some(path) = kept
        && let Err(error) = fs::write(&path, serde_json::to_vec(&document).unwrap_or_default())
    {
        eprintln!("{}: {error}", path.display());
    }
    Ok(document)
}

fn tally(count: &mut Count, result: &FieldResult, given: &Value, truth: &Value) {
    let by_model = result.method == Some(Method::Llm);
    match (&given[&result.name], &result.value) {
        (said, Some(FieldValue::Rows(rows))) => {
            let named = said["rows"].as_array().into_iter().flatten();
            count.named += named.filter_map(Value::as_object).map(|row| cells(&row["cells"])).sum::<usize>();
            let found = rows.iter().flat_map(|row| row.values().flatten()).count();
            count.grounded += found;
            let stated = truth["tables"][&result.name].as_array();
            count.right += rows
                .iter()
                .flat_map(|row| row.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))))
                .filter(|(name, value)| stated.into_iter().flatten().any(|row| same(&row[*name], value)))
                .count();
        }
        (said, _) if result.kind == FieldKind::Table => {
            let named = said["rows"].as_array().into_iter().flatten();
            count.named += named.filter_map(Value::as_object).map(|row| cells(&row["cells"])).sum::<usize>();
        }
        (said, _) if said["value"].is_null() => {}
        (said, value) => {
            count.named += 1;
            count.grounded += usize::from(by_model);
            let Some(FieldValue::Scalar(value)) = value else { return };
            count.right += usize::from(same(&said["value"], value));
        }
    }
}

fn cells(row: &Value) -> usize {
    row.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()).count()
}

/// As numbers if both are, else without case, blanks and punctuation.
fn same(truth: &Value, value: &str) -> bool {
    let text = match truth {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if let (Ok(a), Ok(b)) = (text.parse::<rust_decimal::Decimal>(), value.parse::<rust_decimal::Decimal>()) {
        return a == b;
    }
    let tight = sheaf_extract::parse::fold::tight;
    tight(&text) == tight(value)
}

fn template(set: &Path, named: &Value) -> Result<TemplateSpec, Box<dyn Error>> {
    let json = match named {
        Value::String(name) => {
            let folder = if set.join("templates").is_dir() { "templates" } else { "../templates" };
            serde_json::from_str(&fs::read_to_string(set.join(folder).join(format!("{name}.json")))?)?
        }
        inline => inline.clone(),
    };
    TemplateSpec::from_json(&json).map_err(|faults| format!("{faults:?}").into())
}
