//! The scripted server, and documents to ask it about.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::common::sheaf;

pub(crate) const KEY: &str = "sk-test-key-0123456789";

/// A wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Openai,
    Anthropic,
}

/// What the server does with a question.
pub(crate) enum Reply {
    /// Answers with this text.
    Text(String),
    Refuse,
    /// Says that the answer did not fit.
    CutOff(String),
    Status(ResponseTemplate),
    /// Answers nothing for a long time.
    Hang,
}

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) prompt: String,
    pub(crate) key: Option<String>,
    pub(crate) body: Value,
}

pub(crate) struct Scripted {
    wire: Wire,
    server: MockServer,
    seen: Arc<Mutex<Vec<Seen>>>,
    runtime: Runtime,
}

struct Script<F> {
    wire: Wire,
    seen: Arc<Mutex<Vec<Seen>>>,
    answer: F,
}

impl<F: Fn(&str) -> Reply + Send + Sync> Respond for Script<F> {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let (prompt, key) = match self.wire {
            Wire::Openai => {
                assert_eq!(request.url.path(), "/v1/chat/completions");
                (
                    text_of(&body["messages"][1]["content"]),
                    header("authorization").map(|key| key.replace("Bearer ", "")),
                )
            }
            Wire::Anthropic => {
                assert_eq!(request.url.path(), "/v1/messages");
                assert!(header("anthropic-version").is_some());
                (text_of(&body["messages"][0]["content"]), header("x-api-key"))
            }
        };
        let reply = (self.answer)(&prompt);
        self.seen.lock().unwrap().push(Seen { prompt, key, body });
        match reply {
            Reply::Text(text) => {
                ResponseTemplate::new(200).set_body_json(self.wire.answer(&text, false, false))
            }
            Reply::Refuse => ResponseTemplate::new(200).set_body_json(self.wire.answer("", true, false)),
            Reply::CutOff(text) => {
                ResponseTemplate::new(200).set_body_json(self.wire.answer(&text, false, true))
            }
            Reply::Status(template) => template,
            Reply::Hang => ResponseTemplate::new(200).set_delay(Duration::from_secs(600)),
        }
    }
}

impl Wire {
    fn answer(self, text: &str, refused: bool, cut_off: bool) -> Value {
        match self {
            Self::Openai => json!({
                "model": "test-model",
                "choices": [{
                    "message": {"role": "assistant", "content": text, "refusal": refused.then_some("I cannot")},
                    "finish_reason": if cut_off { "length" } else { "stop" }}],
                "usage": {"prompt_tokens": 120, "completion_tokens": 7}}),
            Self::Anthropic => {
                let content = match serde_json::from_str::<Value>(text) {
                    Ok(input) => json!([{"type": "tool_use", "id": "t", "name": "fields", "input": input}]),
                    Err(_) => json!([{"type": "text", "text": text}]),
                };
                let stop = if refused {
                    "refusal"
                } else if cut_off {
                    "max_tokens"
                } else {
                    "tool_use"
                };
                json!({"model": "test-model", "content": content, "stop_reason": stop,
                    "usage": {"input_tokens": 120, "output_tokens": 7}})
            }
        }
    }
}

impl Scripted {
    pub(crate) fn start(wire: Wire, answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let runtime = Runtime::new().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let server = runtime.block_on(MockServer::start());
        let scripted = Self { wire, server, seen, runtime };
        scripted.answer_with(answer);
        scripted
    }

    /// Changes what the server does.
    pub(crate) fn answer_with(&self, answer: impl Fn(&str) -> Reply + Send + Sync + 'static) {
        let script = Script { wire: self.wire, seen: Arc::clone(&self.seen), answer };
        self.runtime.block_on(async {
            self.server.reset().await;
            Mock::given(any()).respond_with(script).mount(&self.server).await;
        });
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/v1", self.server.uri())
    }

    /// What makes sheaf ask this server.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        environment(self.wire, &self.url())
    }
}

pub(crate) fn environment(wire: Wire, url: &str) -> Vec<(String, String)> {
    let provider = match wire {
        Wire::Openai => "openai",
        Wire::Anthropic => "anthropic",
    };
    [
        ("SHEAF_LLM_PROVIDER", provider),
        ("SHEAF_LLM_BASE_URL", url),
        ("SHEAF_LLM_MODEL", "test-model"),
        ("SHEAF_LLM_API_KEY", KEY),
        ("SHEAF_LLM_PATIENCE", "0"),
        ("NO_PROXY", "127.0.0.1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The honest answer of a model that gives this JSON.
pub(crate) fn says(answer: &Value) -> Reply {
    Reply::Text(answer.to_string())
}

/// An error with a body that says something.
pub(crate) fn error(status: u16, said: &str) -> Reply {
    Reply::Status(ResponseTemplate::new(status).set_body_json(json!({"error": {"message": said}})))
}

fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        parts => parts
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

/// A PDF of one page with these lines.
pub(crate) fn document(lines: &[&str]) -> Vec<u8> {
    let mut content = String::from("BT /F 12 Tf 16 TL 40 760 Td");
    for line in lines {
        content.push_str(&format!(" ({}) Tj T*", line.replace(['(', ')', '\\'], "")));
    }
    content.push_str(" ET");
    format!(
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
         3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj\n\
         4 0 obj<</Length {}>>stream\n{content}\nendstream endobj\n\
         5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF",
        content.len()
    )
    .into_bytes()
}

/// What `sheaf batch --use-llm` did.
pub(crate) struct Run {
    /// The JSON export.
    pub(crate) results: Value,
    pub(crate) stderr: String,
}

/// Runs documents through a template, in the Premium tier.
pub(crate) fn run(server: &Scripted, template: &Value, documents: &[Vec<u8>]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), &server.environment(), template, documents)
}

/// The same, on the store in a folder.
pub(crate) fn run_in(
    folder: &Path,
    environment: &[(String, String)],
    template: &Value,
    documents: &[Vec<u8>],
) -> Run {
    let files = folder.join("files");
    std::fs::create_dir_all(&files).unwrap();
    for (number, document) in documents.iter().enumerate() {
        std::fs::write(files.join(format!("{number}.pdf")), document).unwrap();
    }
    let (template_file, out) = (folder.join("template.json"), folder.join("out.json"));
    std::fs::write(&template_file, template.to_string()).unwrap();
    let mut command: Command = sheaf();
    command.args(["batch", "--use-llm", "--template"]).arg(&template_file).arg("--out").arg(&out);
    command.arg("--data").arg(folder.join("data")).arg(&files);
    command.envs(environment.iter().map(|(name, value)| (name, value))).env("RUST_LOG", "trace");
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let results = std::fs::read(&out).unwrap_or_else(|error| panic!("{error}: {stderr}"));
    Run { results: serde_json::from_slice(&results).unwrap(), stderr }
}
