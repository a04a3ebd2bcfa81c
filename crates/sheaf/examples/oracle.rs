//! How much of a perfect model's answer survives grounding, and what it gains over the Standard tier:
//! `oracle SETDIR OUT.json [--all]`, with `sheaf` built beside it.
//!
//! A scripted server on this machine answers each question from the truth of its document (`SETDIR/truth.jsonl`, as
//! `sheaf eval` has it), over HTTP and in the `openai` wire format, without a citation: so nothing but the document's
//! words can place a value. What of an answer comes back is counted by field: `grounded` stands somewhere on the page,
//! `right` is what the truth says. With `--all` every field is asked for, else those that the rules leave open. The results
//! go to OUT.json in the shape of the JSON export, and those of the Standard tier to OUT.standard.json.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use clap::Parser;
use serde_json::{Map, Value, json};
use sheaf::llm::{Asked, Llm, LlmArgs};
use sheaf::reader::{OcrConfig, ReaderCommand, ReaderLimits, ReaderProcess, Reply};
use sheaf_types::{FieldKind, FieldResult, FieldValue, MediaType, Method, TemplateSpec};
use tokio::net::TcpListener;
use tokio::sync::watch;

#[derive(Parser)]
struct Args {
    set: PathBuf,
    out: PathBuf,
    /// Ask for every field
    #[arg(long)]
    all: bool,
    /// Folder of the PP-OCR models
    #[arg(long, env = "SHEAF_MODELS")]
    models: Option<PathBuf>,
}

#[derive(Parser)]
struct LlmOptions {
    #[command(flatten)]
    llm: LlmArgs,
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

    let program = std::env::current_exe()?;
    let program = program.parent().and_then(Path::parent).ok_or("no folder of programs")?.join("sheaf");
    let models =
        args.models.or_else(|| std::env::home_dir().map(|home| home.join(".local/share/sheaf/models")));
    let ocr = OcrConfig { models, ..OcrConfig::default() };
    let mut reader = ReaderProcess::new(ReaderCommand::new(program, ReaderLimits::default(), ocr));

    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let (mut standard, mut premium) = (Vec::new(), Vec::new());
    for line in
        fs::read_to_string(args.set.join("truth.jsonl"))?.lines().filter(|line| !line.trim().is_empty())
    {
        let truth: Value = serde_json::from_str(line)?;
        let file = truth["file"].as_str().ok_or("a document without a file")?;
        let template = template(&args.set, &truth["template"])?;
        let bytes = fs::read(args.set.join(file))?;
        let media_type = MediaType::sniff(&bytes).unwrap_or(MediaType::Other);
        let reply = reader.extract_and_ask(media_type, &bytes, &template, Some(llm.how_to_ask())).await;
        let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or(file);
        let entry = |fields: &[FieldResult]| json!({"filename": name, "id": truth["id"], "status": "completed", "fields": fields});
        let Reply::Done(mut reading) = reply else {
            for results in [&mut standard, &mut premium] {
                results.push(json!({"filename": name, "id": truth["id"], "status": "failed", "fields": []}));
            }
            continue;
        };
        standard.push(entry(&reading.fields));
        if let Some(question) = reading.question.take() {
            answer.send_replace(honest(&template, &truth));
            let (asked, _) = llm.ask(&question.prompt(&template), &[]).await;
            let Asked::Answered(text) = asked else { return Err(format!("{name}: {asked:?}").into()) };
            let given: Value = serde_json::from_str(&text)?;
            // Grounding alone, without what the rules found.
            let nothing =
                reading.fields.iter().map(|own| FieldResult::empty(own.name.as_str(), own.kind)).collect();
            let grounded = question.join(&template, nothing, &given);
            for result in grounded.iter().filter(|result| question.fields.contains(&result.name)) {
                let count = counts.entry(result.name.clone()).or_default();
                tally(count, result, &given, &truth);
            }
            reading.fields = question.join(&template, std::mem::take(&mut reading.fields), &given);
        }
        premium.push(entry(&reading.fields));
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
                let value = match &truth["fields"][&field.name] {
                    Value::Array(acceptable) => acceptable.first().cloned().unwrap_or_default(),
                    one => one.clone(),
                };
                json!({"value": value, "lines": []})
            }
        };
        answer.insert(field.name.clone(), said);
    }
    Value::Object(answer)
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
