//! One exchange with the server: a request, an answer within a time and a length, or why there is none.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url, redirect};
use serde_json::Value;
use sheaf_extract::llm::Prompt;

use super::config::{LlmConfig, Provider};
use super::wire;

/// How long a server may take to be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer that is taken in, in bytes.
const LONGEST_ANSWER: usize = 8 << 20;
/// Longest pause that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// Anthropic's status for a server that is overloaded.
const OVERLOADED: u16 = 529;

/// A picture of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Counted from 1.
    pub page: u32,
    /// As PNG.
    pub png: Vec<u8>,
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exchange {
    /// What should be JSON.
    pub(super) text: String,
    pub(super) refused: bool,
    /// Whether it ended for its length.
    pub(super) cut_off: bool,
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
}

/// Why there is no answer. No error quotes what the server said: that could be the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    /// The server is busy, for as long as it says.
    #[error("the language model's server is busy")]
    Busy(Option<Duration>),
    /// The server did not answer, or not in its format: another try may do better.
    #[error("{0}")]
    Failed(String),
    /// The server does not take such requests: another try will not do better.
    #[error("{0}")]
    Rejected(String),
    /// The server does not take this very question; others it may.
    #[error("{0}")]
    Unfit(String),
}

pub(super) struct Client {
    http: reqwest::Client,
    provider: Provider,
    base_url: Url,
    url: Url,
    model: String,
    headers: HeaderMap,
    timeout: Duration,
    /// Whether the server takes schemas; once it has refused one it is not sent another.
    takes_schemas: AtomicBool,
}

impl Client {
    pub(super) fn new(config: &LlmConfig) -> Result<Self> {
        sheaf_store::use_ring();
        let http = reqwest::Client::builder()
            .user_agent(concat!("sheaf/", env!("CARGO_PKG_VERSION")))
            // A redirect would take the document, and perhaps the key, to somebody else.
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(config.timeout)
            .build()
            .context("no language model can be reached from this machine")?;
        Ok(Self {
            http,
            provider: config.provider,
            base_url: config.base_url.clone(),
            url: wire::url(config.provider, &config.base_url),
            model: config.model.clone(),
            headers: headers(config)?,
            timeout: config.timeout,
            takes_schemas: AtomicBool::new(true),
        })
    }

    /// The body of a request.
    pub(super) fn body(&self, prompt: &Prompt, images: &[super::Image], most_tokens: u32) -> Vec<u8> {
        let schema = self.takes_schemas.load(Ordering::Relaxed);
        wire::request(self.provider, &self.base_url, &self.model, (prompt, images), most_tokens, schema)
            .to_string()
            .into_bytes()
    }

    /// Sends a body and reads the answer.
    pub(super) async fn send(&self, body: Vec<u8>) -> Result<Exchange, CallError> {
        let sent = self.http.post(self.url.clone()).headers(self.headers.clone()).body(body).send().await;
        let response = sent.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if !status.is_success() {
            return Err(self.refusal(status, response).await);
        }
        let bytes = self.read(response).await?;
        let answer = serde_json::from_slice::<Value>(&bytes).ok();
        answer.and_then(|answer| wire::read(self.provider, &answer)).ok_or_else(|| {
            CallError::Failed(
                "the language model's server answers in another format: check SHEAF_LLM_PROVIDER and \
                 SHEAF_LLM_BASE_URL"
                    .to_owned(),
            )
        })
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, CallError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if bytes.len() + chunk.len() > LONGEST_ANSWER {
                return Err(CallError::Failed("the language model's answer is too long".to_owned()));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    async fn refusal(&self, status: StatusCode, response: Response) -> CallError {
        let pause = retry_after(response.headers());
        match status.as_u16() {
            429 | OVERLOADED => CallError::Busy(pause),
            503 if pause.is_some() => CallError::Busy(pause),
            401 | 403 => CallError::Rejected(format!(
                "the language model's server refuses the key ({status}): check SHEAF_LLM_API_KEY"
            )),
            404 => CallError::Rejected(format!(
                "the language model's server knows no such address or model ({status}): check SHEAF_LLM_BASE_URL \
                 and SHEAF_LLM_MODEL"
            )),
            300..400 => CallError::Rejected(format!(
                "the language model's server answers with a redirect ({status}), which is not followed: give the \
                 address it leads to as SHEAF_LLM_BASE_URL"
            )),
            400 | 422 => {
                let said = self.read(response).await.unwrap_or_default();
                let about_schema = [&b"response_format"[..], b"json_schema"]
                    .iter()
                    .any(|name| said.windows(name.len()).any(|window| window == *name));
                if about_schema && self.takes_schemas.swap(false, Ordering::Relaxed) {
                    return CallError::Failed("the language model's server takes no JSON schemas".to_owned());
                }
                CallError::Unfit(format!(
                    "the language model's server does not take the request ({status}): check SHEAF_LLM_MODEL, and \
                     SHEAF_LLM_CONTEXT_TOKENS if the model is a small one"
                ))
            }
            413 => CallError::Unfit(format!(
                "the question is too long for the language model's server ({status}): lower SHEAF_LLM_CONTEXT_TOKENS"
            )),
            _ => CallError::Failed(format!("the language model's server fails ({status})")),
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> CallError {
        let seconds = self.timeout.as_secs();
        CallError::Failed(if error.is_connect() {
            "the language model's server cannot be reached: check SHEAF_LLM_BASE_URL and that it runs"
                .to_owned()
        } else if error.is_timeout() {
            format!("the language model did not answer within {seconds} seconds (SHEAF_LLM_TIMEOUT)")
        } else {
            "the connection to the language model's server broke off".to_owned()
        })
    }
}

fn headers(config: &LlmConfig) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if config.provider == Provider::Anthropic {
        headers.insert("anthropic-version", HeaderValue::from_static(wire::ANTHROPIC_VERSION));
    }
    let Some(key) = &config.api_key else { return Ok(headers) };
    let mut set = |name: HeaderName, value: String| -> Result<()> {
        // The error would not quote it; neither does a log.
        let mut value =
            HeaderValue::from_str(&value).ok().context("SHEAF_LLM_API_KEY holds characters no key has")?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    };
    match config.provider {
        Provider::Anthropic => set(HeaderName::from_static("x-api-key"), key.reveal().to_owned())?,
        Provider::Openai if wire::is_azure(&config.base_url) => {
            set(HeaderName::from_static("api-key"), key.reveal().to_owned())?;
        }
        Provider::Openai => set(AUTHORIZATION, format!("Bearer {}", key.reveal()))?,
    }
    Ok(headers)
}

/// The pause that a server asks for, in seconds or until a time.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Duration::from_secs_f64(seconds.min(1e6)),
        Ok(_) => return None,
        Err(_) => {
            let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            let left = until.as_millisecond() - jiff::Timestamp::now().as_millisecond();
            Duration::from_millis(u64::try_from(left).unwrap_or(0))
        }
    };
    Some(pause.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_ask_for_a_pause_in_seconds_or_until_a_time() {
        let of = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
            retry_after(&headers)
        };
        assert_eq!(of("7"), Some(Duration::from_secs(7)));
        assert_eq!(of("0.5"), Some(Duration::from_millis(500)));
        assert_eq!(of("99999999"), Some(LONGEST_PAUSE));
        assert_eq!(of("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(of("Mon, 21 Oct 2165 07:28:00 GMT"), Some(LONGEST_PAUSE));
        for nonsense in ["", "-1", "soon", "NaN", "inf"] {
            assert_eq!(of(nonsense), None, "{nonsense}");
        }
    }
}
