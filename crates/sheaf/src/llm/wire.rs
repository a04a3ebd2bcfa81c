//! The two wire formats: requests as JSON, and what answers to them mean.
//!
//! `openai` is chat completions with a JSON schema for the answer, as OpenAI, Azure, Gemini, OpenRouter, Ollama, vLLM and
//! llama.cpp have it. `anthropic` is messages with a tool that takes the answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use serde_json::{Value, json};
use sheaf_extract::llm::Prompt;

use super::client::{Exchange, Image};
use super::config::Provider;

/// The tool, and the schema, by which a model hands in its answer.
const NAME: &str = "fields";
/// Of Anthropic's format.
pub(super) const ANTHROPIC_VERSION: &str = "2023-06-01";

/// Where requests go: under the base URL, whose query (Azure's `api-version`) stays.
pub(super) fn url(provider: Provider, base: &Url) -> Url {
    let path = match provider {
        Provider::Openai => "chat/completions",
        Provider::Anthropic => "messages",
    };
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

/// A request. Without `schema` the shape of the answer stands in the prompt alone, for servers that know no schemas.
pub(super) fn request(
    provider: Provider,
    base: &Url,
    model: &str,
    (prompt, images): (&Prompt, &[Image]),
    most_tokens: u32,
    schema: bool,
) -> Value {
    match provider {
        Provider::Openai => openai(base, model, prompt, images, most_tokens, schema),
        Provider::Anthropic => anthropic(model, prompt, images, most_tokens),
    }
}

/// What a successful answer says; `None` where it is none of this format.
pub(super) fn read(provider: Provider, answer: &Value) -> Option<Exchange> {
    match provider {
        Provider::Openai => read_openai(answer),
        Provider::Anthropic => read_anthropic(answer),
    }
}

fn openai(
    base: &Url,
    model: &str,
    prompt: &Prompt,
    images: &[Image],
    most_tokens: u32,
    schema: bool,
) -> Value {
    let content = if images.is_empty() {
        json!(prompt.user)
    } else {
        let pictures = images.iter().map(|image| {
            let url = format!("data:image/png;base64,{}", STANDARD.encode(&image.png));
            json!({"type": "image_url", "image_url": {"url": url}})
        });
        pictures.chain([json!({"type": "text", "text": prompt.user})]).collect()
    };
    let mut body = json!({
        "model": model,
        "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": content}],
    });
    // OpenAI's newer models know only this name, other servers only the older one; and they take no temperature.
    if is_openai(base) {
        body["max_completion_tokens"] = json!(most_tokens);
    } else {
        body["max_tokens"] = json!(most_tokens);
        body["temperature"] = json!(0);
    }
    if schema {
        let schema = json!({"name": NAME, "strict": true, "schema": prompt.schema});
        body["response_format"] = json!({"type": "json_schema", "json_schema": schema});
    }
    body
}

fn is_openai(base: &Url) -> bool {
    let host = base.host_str().unwrap_or_default();
    host == "api.openai.com" || is_azure(base)
}

/// Whether the server takes its key as Azure does.
pub(super) fn is_azure(base: &Url) -> bool {
    base.host_str().is_some_and(|host| host.ends_with(".azure.com"))
}

fn read_openai(answer: &Value) -> Option<Exchange> {
    let choice = answer.get("choices")?.get(0)?;
    let message = choice.get("message")?;
    let finish = choice.get("finish_reason").and_then(Value::as_str).unwrap_or_default();
    let text = match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        _ => String::new(),
    };
    let refused =
        message.get("refusal").is_some_and(|refusal| !refusal.is_null()) || finish == "content_filter";
    Some(Exchange {
        text,
        refused,
        cut_off: finish == "length",
        input_tokens: count(answer, "prompt_tokens"),
        output_tokens: count(answer, "completion_tokens"),
    })
}

fn anthropic(model: &str, prompt: &Prompt, images: &[Image], most_tokens: u32) -> Value {
    let pictures = images.iter().map(|image| {
        json!({"type": "image", "source": {
            "type": "base64", "media_type": "image/png", "data": STANDARD.encode(&image.png)}})
    });
    let content: Value = pictures.chain([json!({"type": "text", "text": prompt.user})]).collect();
    json!({
        "model": model,
        "max_tokens": most_tokens,
        "system": prompt.system,
        "messages": [{"role": "user", "content": content}],
        "tools": [{"name": NAME, "description": "Takes the values.", "input_schema": prompt.schema}],
        "tool_choice": {"type": "tool", "name": NAME},
    })
}

fn read_anthropic(answer: &Value) -> Option<Exchange> {
    let content = answer.get("content")?.as_array()?;
    let stop = answer.get("stop_reason").and_then(Value::as_str).unwrap_or_default();
    let kind = |part: &Value, kind: &str| part.get("type").and_then(Value::as_str) == Some(kind);
    let tool = content.iter().find(|part| kind(part, "tool_use")).and_then(|part| part.get("input"));
    let text = match tool {
        Some(input) => input.to_string(),
        None => content
            .iter()
            .filter(|part| kind(part, "text"))
            .filter_map(|part| part.get("text")?.as_str())
            .collect(),
    };
    Some(Exchange {
        text,
        refused: stop == "refusal",
        cut_off: stop == "max_tokens",
        input_tokens: count(answer, "input_tokens"),
        output_tokens: count(answer, "output_tokens"),
    })
}

fn count(answer: &Value, name: &str) -> u64 {
    answer.get("usage").and_then(|usage| usage.get(name)).and_then(Value::as_u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_go_under_the_base_url_and_keep_its_query() {
        for (provider, base, expected) in [
            (Provider::Openai, "http://localhost:11434/v1/", "http://localhost:11434/v1/chat/completions"),
            (
                Provider::Openai,
                "https://x.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
                "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
            ),
            (Provider::Anthropic, "https://api.anthropic.com/v1", "https://api.anthropic.com/v1/messages"),
        ] {
            assert_eq!(url(provider, &Url::parse(base).unwrap()).as_str(), expected);
        }
    }

    #[test]
    fn pictures_go_before_the_text_in_both_formats() {
        let prompt = Prompt { system: "s".into(), user: "u".into(), schema: json!({"type": "object"}) };
        let images = [Image { page: 2, png: vec![1, 2, 3] }];
        let base = Url::parse("http://localhost/v1").unwrap();
        let body = request(Provider::Openai, &base, "m", (&prompt, &images), 10, true);
        let content = &body["messages"][1]["content"];
        assert_eq!(content[0]["image_url"]["url"], "data:image/png;base64,AQID");
        assert_eq!(content[1]["text"], "u");
        let body = request(Provider::Anthropic, &base, "m", (&prompt, &images), 10, true);
        let content = &body["messages"][0]["content"];
        assert_eq!(content[0]["source"]["data"], "AQID");
        assert_eq!((&content[1]["text"], &body["tool_choice"]["name"]), (&json!("u"), &json!(NAME)));
    }

    #[test]
    fn refusals_and_cut_off_answers_are_told_apart() {
        let openai = |message: Value, finish: &str| {
            read(Provider::Openai, &json!({"choices": [{"message": message, "finish_reason": finish}]}))
                .unwrap()
        };
        let answer = openai(json!({"content": "{}", "refusal": null}), "stop");
        assert_eq!((answer.refused, answer.cut_off, answer.text.as_str()), (false, false, "{}"));
        assert!(openai(json!({"content": null, "refusal": "no"}), "stop").refused);
        assert!(openai(json!({"content": ""}), "content_filter").refused);
        assert!(openai(json!({"content": "{\"a\""}), "length").cut_off);
        let anthropic = |stop: &str| {
            let answer = json!({"content": [{"type": "tool_use", "input": {"a": 1}}], "stop_reason": stop,
                "usage": {"input_tokens": 7, "output_tokens": 3}});
            read(Provider::Anthropic, &answer).unwrap()
        };
        assert!(anthropic("refusal").refused);
        assert!(anthropic("max_tokens").cut_off);
        let answer = anthropic("tool_use");
        assert_eq!((answer.text.as_str(), answer.input_tokens, answer.output_tokens), ("{\"a\":1}", 7, 3));
        assert!(read(Provider::Anthropic, &json!({"error": {}})).is_none());
    }
}
