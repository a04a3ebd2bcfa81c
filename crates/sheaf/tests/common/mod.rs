//! A running `sheaf serve`, and a client for it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) const KEY: &str = "sheaf_live_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

/// The bundled sample documents and their template.
pub(crate) fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo")
}

pub(crate) fn sheaf() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    // Nothing of the machine's configuration reaches the test.
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

pub(crate) struct Server {
    child: Child,
    base: String,
    agent: ureq::Agent,
    /// Kept open: a server whose messages nobody takes would be stopped by the closed pipe.
    _stderr: BufReader<ChildStderr>,
}

impl Server {
    pub(crate) fn start(data: &Path, options: &[&str]) -> Self {
        Self::start_with(data, options, &[])
    }

    /// With more in the environment.
    pub(crate) fn start_with(data: &Path, options: &[&str], environment: &[(String, String)]) -> Self {
        Self::from(sheaf(), data, options, environment)
    }

    /// From a command that takes the place of `sheaf`.
    pub(crate) fn from(
        mut command: Command,
        data: &Path,
        options: &[&str],
        environment: &[(String, String)],
    ) -> Self {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(options)
            .env("SHEAF_BOOTSTRAP_KEY", KEY)
            .env("SHEAF_WORKERS", "2")
            .env("RUST_LOG", "warn")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let base = loop {
            let mut line = String::new();
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "the server ended: {said}");
            if let Some(address) = line.trim().strip_prefix("sheaf is ready on ") {
                break address.to_owned();
            }
            said.push_str(&line);
        };
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        Self { child, base, agent, _stderr: stderr }
    }

    /// The address of a page.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let mut response = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("Authorization", format!("Bearer {KEY}"))
            .call()
            .unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    pub(crate) fn get_bytes(&self, path: &str) -> (u16, Vec<u8>) {
        let request = self.agent.get(format!("{}{path}", self.base));
        let mut response = request.header("Authorization", format!("Bearer {KEY}")).call().unwrap();
        let body = response.body_mut().with_config().limit(100 << 20).read_to_vec().unwrap();
        (response.status().as_u16(), body)
    }

    pub(crate) fn delete(&self, path: &str) -> (u16, String) {
        let request = self.agent.delete(format!("{}{path}", self.base));
        let mut response = request.header("Authorization", format!("Bearer {KEY}")).call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    pub(crate) fn get_json(&self, path: &str) -> Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) fn post_json(&self, path: &str, body: &Value) -> (u16, Value) {
        self.post(path, "application/json", &serde_json::to_vec(body).unwrap())
    }

    /// Sends texts and files as a form.
    pub(crate) fn post_form(
        &self,
        path: &str,
        texts: &[(&str, &str)],
        files: &[(&str, &str, Vec<u8>)],
    ) -> (u16, Value) {
        const BOUNDARY: &str = "a-boundary-that-no-file-holds";
        let mut body = Vec::new();
        for (name, text) in texts {
            body.extend_from_slice(
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
                    .as_bytes(),
            );
        }
        for (name, filename, bytes) in files {
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{filename}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.post(path, &format!("multipart/form-data; boundary={BOUNDARY}"), &body)
    }

    fn post(&self, path: &str, content_type: &str, body: &[u8]) -> (u16, Value) {
        let mut response = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("Authorization", format!("Bearer {KEY}"))
            .header("Content-Type", content_type)
            .send(body)
            .unwrap();
        let status = response.status().as_u16();
        let body = response.body_mut().read_to_string().unwrap();
        (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    /// Polls a batch until it is terminal.
    pub(crate) fn wait_for(&self, batch: &str) -> Value {
        let started = Instant::now();
        loop {
            let batch = self.get_json(&format!("/v1/batches/{batch}"));
            if ["completed", "failed", "cancelled"].contains(&batch["status"].as_str().unwrap()) {
                return batch;
            }
            assert!(started.elapsed() < Duration::from_secs(120), "the batch does not end: {batch}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the server to stop as a service manager does, and waits for it.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }

    /// Ends the server as a power cut does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
