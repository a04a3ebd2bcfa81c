//! A client that does not give up: what is not answered is sent again.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use ureq::http::Response;
use ureq::{Agent, Body};

pub(super) const KEY: &str = "sheaf_live_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
/// Longer than the lease of a request whose server was killed, several times.
const PATIENCE: Duration = Duration::from_secs(400);
const BOUNDARY: &str = "a-boundary-that-no-file-holds";

pub(super) struct Client {
    base: String,
    agent: Agent,
    resent: AtomicUsize,
}

impl Client {
    pub(super) fn new(base: String) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            // A connection to a server that was killed is of no use.
            .max_idle_connections(0);
        Self { base, agent: config.build().new_agent(), resent: AtomicUsize::new(0) }
    }

    /// Requests that were sent once more.
    pub(super) fn resent(&self) -> usize {
        self.resent.load(Relaxed)
    }

    pub(super) fn get_text(&self, path: &str) -> Result<String> {
        let (status, body) = self.send(|| {
            self.agent.get(format!("{}{path}", self.base)).header("Authorization", bearer()).call()
        })?;
        ensure!(status == 200, "{path} was answered with {status}: {body}");
        Ok(body)
    }

    pub(super) fn get_json(&self, path: &str) -> Result<Value> {
        Ok(serde_json::from_str(&self.get_text(path)?)?)
    }

    pub(super) fn post_json(&self, path: &str, body: &Value) -> Result<(u16, Value)> {
        let body = body.to_string();
        let (status, answer) = self.send(|| {
            let request = self.agent.post(format!("{}{path}", self.base)).header("Authorization", bearer());
            request.header("Content-Type", "application/json").send(body.as_bytes())
        })?;
        Ok((status, serde_json::from_str(&answer)?))
    }

    /// Sends texts and files as a form, under a key that makes it safe to send again.
    pub(super) fn post_files(
        &self,
        path: &str,
        key: &str,
        texts: &[(&str, &str)],
        files: &[(String, Vec<u8>)],
    ) -> Result<(u16, String)> {
        let mut body = Vec::new();
        let mut part = |name: &str, filename: Option<&str>, content: &[u8]| {
            let filename = filename.map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
            let head =
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{filename}\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        };
        for (name, text) in texts {
            part(name, None, text.as_bytes());
        }
        for (name, content) in files {
            part("files", Some(name), content);
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.send(|| {
            self.agent
                .post(format!("{}{path}", self.base))
                .header("Authorization", bearer())
                .header("Idempotency-Key", key)
                .header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"))
                .send(body.as_slice())
        })
    }

    /// Sends until there is an answer that is one. A server that is killed breaks connections off; the one after it is not
    /// there yet, or says that the request under this key is still running.
    fn send(&self, request: impl Fn() -> Result<Response<Body>, ureq::Error>) -> Result<(u16, String)> {
        let started = Instant::now();
        loop {
            let answer = request().context("no answer").and_then(|mut answer| {
                Ok((
                    answer.status().as_u16(),
                    answer.body_mut().with_config().limit(1 << 30).read_to_string()?,
                ))
            });
            match answer {
                Ok((503 | 409, _)) | Err(_) if started.elapsed() < PATIENCE => {
                    self.resent.fetch_add(1, Relaxed);
                    thread::sleep(Duration::from_millis(200));
                }
                Ok(answer) => return Ok(answer),
                Err(error) => bail!("{error:#}"),
            }
        }
    }
}

fn bearer() -> String {
    format!("Bearer {KEY}")
}
