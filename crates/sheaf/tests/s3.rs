//! Blobs in S3: the real binary against a real server that speaks its protocol (moto, from PyPI).
//!
//! The server is the one that `SHEAF_TEST_S3` names (`http://host:port`, any keys), else a throwaway one where
//! `moto_server` is installed (`scripts/setup test` does that), else none, and the run says so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[expect(dead_code, reason = "servers that are stopped are tested elsewhere")]
mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use common::{Server, demo};
use serde_json::Value;
use tempfile::TempDir;

/// A server and a bucket on it.
struct S3 {
    endpoint: String,
    bucket: String,
    child: Option<Child>,
}

impl S3 {
    /// `None`, loudly, where there is no server.
    fn start(bucket: &str) -> Option<Self> {
        let (endpoint, child) = match std::env::var("SHEAF_TEST_S3") {
            Ok(endpoint) => (endpoint, None),
            Err(_) => match spawn() {
                Some((endpoint, child)) => (endpoint, Some(child)),
                None => {
                    // Past the test harness, which shows nothing that a passing test prints.
                    let message = "SKIPPED the tests on S3: run scripts/setup test, or set SHEAF_TEST_S3 to http://host:port";
                    std::io::stderr().write_all(format!("\n{message}\n\n").as_bytes()).unwrap();
                    return None;
                }
            },
        };
        let s3 = Self { endpoint, bucket: bucket.to_owned(), child };
        let made = ureq::put(format!("{}/{bucket}", s3.endpoint)).send_empty().unwrap();
        assert_eq!(made.status().as_u16(), 200);
        Some(s3)
    }

    fn environment(&self) -> Vec<(String, String)> {
        let pairs = [
            ("SHEAF_BLOBS_URL", format!("s3://{}/some/prefix", self.bucket)),
            ("AWS_ENDPOINT", self.endpoint.clone()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// The names of all objects.
    fn objects(&self) -> Vec<String> {
        let list = format!("{}/{}?list-type=2", self.endpoint, self.bucket);
        let text = ureq::get(list).call().unwrap().body_mut().read_to_string().unwrap();
        text.split("<Key>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts a server on a free port; it says which.
fn spawn() -> Option<(String, Child)> {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let data = data.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share")));
    let installed = data.map(|data| data.join("sheaf/moto/bin/moto_server"));
    let program = installed.filter(|path| path.exists()).unwrap_or_else(|| "moto_server".into());
    let mut child = Command::new(program)
        .args(["--host", "127.0.0.1", "--port", "0"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    loop {
        let mut line = String::new();
        if stderr.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        if let Some((_, endpoint)) = line.trim().split_once("Running on ") {
            // What it says from now on is taken and thrown away, so that it never waits for a reader.
            std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
            return Some((endpoint.to_owned(), child));
        }
    }
}

#[test]
fn blobs_live_in_s3_and_nowhere_else() {
    let Some(s3) = S3::start("sheaf-blobs") else { return };
    let folder = TempDir::new().unwrap();
    let environment = s3.environment();
    let server = Server::start_with(folder.path(), &[], &environment);
    let template: Value = serde_json::from_slice(&fs::read(demo().join("invoice.json")).unwrap()).unwrap();
    let (_, template) = server.post_json("/v1/templates", &template);
    let template = template["id"].as_str().unwrap();

    let pdf = fs::read(demo().join("documents/02-design-studio.pdf")).unwrap();
    // Larger than a chunk of anything on the way, and not the first bytes again and again.
    let mut large = pdf.clone();
    large.extend((0..9_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8));
    let files =
        [("files", "a.pdf", pdf.clone()), ("files", "again.pdf", pdf), ("files", "large.pdf", large.clone())];
    let (status, batch) = server.post_form("/v1/batches", &[("template_id", template)], &files);
    assert_eq!(status, 202, "{batch}");
    let id = batch["id"].as_str().unwrap();
    let batch = server.wait_for(id);
    assert_eq!(batch["counts"]["failed"], 0, "{batch}");
    let rows = server.get_json(&format!("/v1/batches/{id}/extractions"))["data"].clone();
    let documents: Vec<&str> =
        rows.as_array().unwrap().iter().map(|row| row["document_id"].as_str().unwrap()).collect();

    let objects = s3.objects();
    assert!(objects.iter().all(|key| key.starts_with("some/prefix/")), "{objects:?}");
    assert_eq!(objects.len(), 3, "two blobs and the marker: {objects:?}");
    assert!(!folder.path().join("blobs").exists());
    let (status, bytes) = server.get_bytes(&format!("/v1/documents/{}/file", documents[2]));
    assert_eq!((status, bytes == large), (200, true));

    let (status, _) = server.delete(&format!("/v1/batches/{id}"));
    assert_eq!(status, 204);
    assert_eq!(server.delete(&format!("/v1/documents/{}", documents[0])).0, 204);
    assert_eq!(s3.objects().len(), 3, "another document has the same bytes");
    assert_eq!(server.delete(&format!("/v1/documents/{}", documents[1])).0, 204);
    assert_eq!(server.delete(&format!("/v1/documents/{}", documents[2])).0, 204);
    assert_eq!(s3.objects(), ["some/prefix/sheaf-blobs"]);
}

#[test]
fn without_its_bucket_a_server_says_so_and_takes_nothing_in() {
    let Some(s3) = S3::start("sheaf-gone") else { return };
    let folder = TempDir::new().unwrap();
    let server = Server::start_with(folder.path(), &[], &s3.environment());
    assert_eq!(server.get("/readyz").0, 200);
    drop(s3);
    assert_eq!(server.get("/readyz").0, 503);
    let pdf = fs::read(demo().join("documents/02-design-studio.pdf")).unwrap();
    let (status, problem) = server.post_form("/v1/documents", &[], &[("file", "a.pdf", pdf)]);
    assert_eq!((status, &problem["code"]), (503, &Value::from("unavailable")), "{problem}");
    assert_eq!(server.get_json("/v1/documents")["data"], Value::Array(Vec::new()));
}
