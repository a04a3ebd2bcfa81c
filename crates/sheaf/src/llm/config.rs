//! Which language model, and how much of it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use reqwest::Url;
use sheaf_extract::llm::Scope;

use super::Llm;

/// The language model of the Premium tier; without these there is none.
#[derive(Debug, Clone, Args)]
pub struct LlmArgs {
    /// Wire format of the language model's server: openai (and whatever speaks like it) or anthropic [default: no language model]
    #[arg(long, env = "SHEAF_LLM_PROVIDER", value_name = "FORMAT", value_enum)]
    pub llm_provider: Option<Provider>,
    /// Address of the server [default: that of the provider]
    #[arg(long, env = "SHEAF_LLM_BASE_URL", value_name = "URL")]
    pub llm_base_url: Option<String>,
    /// Name of the model
    #[arg(long, env = "SHEAF_LLM_MODEL", value_name = "NAME")]
    pub llm_model: Option<String>,
    /// The server's API key; better given as SHEAF_LLM_API_KEY, as others can see a program's options
    #[arg(long, env = "SHEAF_LLM_API_KEY", value_name = "KEY", hide_env_values = true)]
    pub llm_api_key: Option<Secret>,
    /// Fields that are asked for: open (no value, or one that needs review) or all
    #[arg(long, env = "SHEAF_LLM_SCOPE", value_name = "SCOPE", value_enum, default_value = "open")]
    pub llm_scope: ScopeName,
    /// Seconds for one answer
    #[arg(long, env = "SHEAF_LLM_TIMEOUT", value_name = "SECONDS", default_value_t = 120)]
    pub llm_timeout: u64,
    /// Questions that are asked at a time
    #[arg(long, env = "SHEAF_LLM_CONCURRENCY", value_name = "N", default_value_t = 4)]
    pub llm_concurrency: usize,
    /// Tokens a minute, by estimate [default: no limit]
    #[arg(long, env = "SHEAF_LLM_TOKENS_PER_MINUTE", value_name = "N")]
    pub llm_tokens_per_minute: Option<u64>,
    /// Tokens of one document that are sent, by estimate; of longer ones the pages that matter
    #[arg(long, env = "SHEAF_LLM_CONTEXT_TOKENS", value_name = "N", default_value_t = 24_000)]
    pub llm_context_tokens: usize,
    /// Seconds that documents wait for a server which does not answer, before they fail
    #[arg(long, env = "SHEAF_LLM_PATIENCE", value_name = "SECONDS", default_value_t = 300)]
    pub llm_patience: u64,
    /// The model takes pictures: pages that are hard to read are sent as such
    #[arg(long, env = "SHEAF_LLM_VISION")]
    pub llm_vision: bool,
}

/// A wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Provider {
    /// Chat completions: `OpenAI`, Azure, Gemini, `OpenRouter`, Ollama, vLLM, llama.cpp.
    Openai,
    /// Anthropic's messages.
    Anthropic,
}

/// [`Scope`] as an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScopeName {
    /// Fields without a value, or with one that needs review.
    Open,
    /// Every field.
    All,
}

/// What is not shown: neither by a log nor by an error.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// A language model and the conduct towards it.
#[derive(Debug, Clone)]
pub struct LlmConfig {
    /// Wire format of the server.
    pub provider: Provider,
    /// Its address; paths are put under it.
    pub base_url: Url,
    /// Name of the model.
    pub model: String,
    /// Of the server.
    pub api_key: Option<Secret>,
    /// Fields that are asked for.
    pub scope: Scope,
    /// For one answer.
    pub timeout: Duration,
    /// Questions at a time.
    pub concurrency: usize,
    /// By estimate.
    pub tokens_per_minute: Option<u64>,
    /// Of one document, by estimate.
    pub context_tokens: usize,
    /// How long documents wait for a server that does not answer.
    pub patience: Duration,
    /// Whether the model takes pictures.
    pub vision: bool,
}

impl LlmArgs {
    /// The model that is configured; `None` where none is.
    ///
    /// # Errors
    /// Where half of it is missing, or the key would cross the internet unencrypted.
    pub fn config(&self) -> Result<Option<LlmConfig>> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let (base_url, model) = (given(&self.llm_base_url), given(&self.llm_model));
        let Some(provider) = self.llm_provider else {
            if model.is_some() || base_url.is_some() {
                bail!(
                    "SHEAF_LLM_PROVIDER is missing: give openai or anthropic, or leave all of SHEAF_LLM_… out"
                );
            }
            return Ok(None);
        };
        let model = model.context("SHEAF_LLM_MODEL is missing: give the name of the model to ask")?;
        let api_key = self.llm_api_key.clone().filter(|key| !key.0.is_empty());
        let default = base_url.is_none();
        let base_url = base_url.unwrap_or_else(|| provider.base_url().to_owned());
        // What the parser says could quote a password.
        let base_url = Url::parse(&base_url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
            .context("SHEAF_LLM_BASE_URL is no http:// or https:// URL")?;
        if !base_url.username().is_empty() || base_url.password().is_some() {
            bail!("SHEAF_LLM_BASE_URL holds a password: give it as SHEAF_LLM_API_KEY");
        }
        if default && api_key.is_none() {
            bail!("SHEAF_LLM_API_KEY is missing: give the key of the server");
        }
        if base_url.scheme() == "http" && api_key.is_some() && !is_near(&base_url) {
            bail!(
                "SHEAF_LLM_BASE_URL is http://, which would show SHEAF_LLM_API_KEY to everybody on the way: use https://"
            );
        }
        Ok(Some(LlmConfig {
            provider,
            base_url,
            model,
            api_key,
            scope: match self.llm_scope {
                ScopeName::Open => Scope::Open,
                ScopeName::All => Scope::All,
            },
            timeout: Duration::from_secs(self.llm_timeout.max(1)),
            concurrency: self.llm_concurrency.max(1),
            tokens_per_minute: self.llm_tokens_per_minute.filter(|&tokens| tokens > 0),
            context_tokens: self.llm_context_tokens.max(500),
            patience: Duration::from_secs(self.llm_patience),
            vision: self.llm_vision,
        }))
    }
}

impl LlmArgs {
    /// A client for the model, if it is `wanted`.
    ///
    /// # Errors
    /// As [`LlmArgs::config`], and where it is wanted and none is configured.
    pub fn wanted(&self, wanted: bool) -> Result<Option<Arc<Llm>>> {
        if !wanted {
            return Ok(None);
        }
        let config = self.config()?.context(
            "no language model is configured: set SHEAF_LLM_PROVIDER and SHEAF_LLM_MODEL, or leave --use-llm out",
        )?;
        Ok(Some(Arc::new(Llm::new(config)?)))
    }
}

impl Provider {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
        }
    }

    fn base_url(self) -> &'static str {
        match self {
            Self::Openai => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com/v1",
        }
    }
}

impl Secret {
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Whether a server is on this machine or in a private network: a name without a dot is one of a container network.
fn is_near(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local(),
        Err(_) => !host.contains('.') || host == "host.docker.internal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Options {
        #[command(flatten)]
        llm: LlmArgs,
    }

    fn config(options: &[&str]) -> Result<Option<LlmConfig>> {
        Options::parse_from(["sheaf"].iter().chain(options)).llm.config()
    }

    #[test]
    fn half_a_configuration_is_none_and_says_what_is_missing() {
        assert!(config(&[]).unwrap().is_none());
        for (options, missing) in [
            (&["--llm-model", "m"][..], "SHEAF_LLM_PROVIDER"),
            (&["--llm-provider", "openai"], "SHEAF_LLM_MODEL"),
            (&["--llm-provider", "anthropic", "--llm-model", "m"], "SHEAF_LLM_API_KEY"),
            (
                &["--llm-provider", "openai", "--llm-model", "m", "--llm-base-url", "ftp://a"],
                "SHEAF_LLM_BASE_URL",
            ),
        ] {
            let error = config(options).unwrap_err().to_string();
            assert!(error.contains(missing), "{error}");
        }
    }

    #[test]
    fn a_key_crosses_the_internet_encrypted_only() {
        let with = |url: &str, key: &str| {
            config(&[
                "--llm-provider",
                "openai",
                "--llm-model",
                "m",
                "--llm-base-url",
                url,
                "--llm-api-key",
                key,
            ])
        };
        for near in [
            "http://127.0.0.1:11434/v1",
            "http://ollama:11434/v1",
            "http://192.168.1.7/v1",
            "http://[::1]/v1",
        ] {
            assert!(with(near, "k").is_ok(), "{near}");
        }
        assert!(with("https://api.example.org/v1", "k").is_ok());
        assert!(with("http://api.example.org/v1", "k").is_err());
        assert!(with("http://api.example.org/v1", "").is_ok(), "there is no key to show");
        assert!(
            with("https://me:secret@api.example.org/v1", "k").unwrap_err().to_string().contains("API_KEY")
        );
    }

    #[test]
    fn a_key_is_never_shown() {
        let config =
            config(&["--llm-provider", "anthropic", "--llm-model", "m", "--llm-api-key", "sk-very-secret"]);
        assert!(!format!("{:?}", config.unwrap()).contains("very"));
    }
}
