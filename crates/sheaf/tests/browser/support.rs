//! A browser, and a server for it to look at.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::error::WebDriverErrorInner;
use thirtyfour::prelude::*;
use thirtyfour::{BrowserLogEntry, ChromiumLikeCapabilities, LoggingPrefsLogLevel, TypingData};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::common::{Server, demo, sheaf};

/// Browsers at a time: each takes a core.
static TURNS: Semaphore = Semaphore::const_new(2);
/// Longest wait for something to show up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server, a browser that is signed in to it, and where both keep their things.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) browser: WebDriver,
    pub(crate) data: TempDir,
    /// Errors in the console that a test has caused on purpose.
    pub(crate) expected_errors: Vec<&'static str>,
    axe: String,
    _driver: Driver,
    _turn: SemaphorePermit<'static>,
}

impl Stage {
    /// `None`, loudly, where there is no browser.
    pub(crate) async fn set(options: &[&str]) -> Option<Self> {
        let share = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
        let share = share.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share")));
        let axe = share.and_then(|share| fs::read_to_string(share.join("sheaf/axe.min.js")).ok());
        let turn = TURNS.acquire().await.unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Driver);
        let (Some(axe), Ok(driver)) = (axe, driver) else {
            // Past the test harness, which shows nothing that a passing test prints.
            let message = "SKIPPED the tests in a browser: run scripts/setup test, which installs chromium, chromium-driver and axe";
            std::io::stderr().write_all(format!("\n{message}\n\n").as_bytes()).unwrap();
            return None;
        };
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(data.path(), options);
        let mut wants = DesiredCapabilities::chrome();
        wants.set_headless().unwrap();
        // Root, as in a container, has no other way.
        wants.set_no_sandbox().unwrap();
        wants.set_disable_dev_shm_usage().unwrap();
        wants.add_arg("--force-device-scale-factor=1").unwrap();
        wants.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
        // The client of WebDriver wants to know, though it speaks plain HTTP.
        sheaf_store::use_ring();
        let address = format!("http://127.0.0.1:{port}");
        let started = Instant::now();
        let browser = loop {
            match WebDriver::new(&address, wants.clone()).await {
                Ok(browser) => break browser,
                Err(error) => assert!(started.elapsed() < PATIENCE, "the browser does not start: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let stage =
            Self { server, browser, data, expected_errors: Vec::new(), axe, _driver: driver, _turn: turn };
        stage.size(1600, 1000, false).await;
        Some(stage)
    }

    /// A server with a browser that is signed in to it.
    pub(crate) async fn signed_in(options: &[&str]) -> Option<Self> {
        let stage = Self::set(options).await?;
        stage.open(&stage.sign_in_link()).await;
        Some(stage)
    }

    /// The path of a new one-time link.
    pub(crate) fn sign_in_link(&self) -> String {
        let output = sheaf()
            .args(["user", "link", "admin@localhost", "--data"])
            .arg(self.data.path())
            .output()
            .unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let at = said.find("/dashboard/sign-in?token=").unwrap_or_else(|| panic!("{said}"));
        said[at..].split_whitespace().next().unwrap().to_owned()
    }

    pub(crate) async fn open(&self, path: &str) {
        self.browser.goto(self.server.url(path)).await.unwrap();
    }

    /// The path that the browser is at.
    pub(crate) async fn path(&self) -> String {
        let url = self.browser.current_url().await.unwrap();
        url.as_str().strip_prefix(&self.server.url("")).unwrap().to_owned()
    }

    /// Waits until the browser is at a path.
    pub(crate) async fn arrive(&self, path: &str) {
        let started = Instant::now();
        while self.path().await != path {
            assert!(started.elapsed() < PATIENCE, "is at {} instead of {path}", self.path().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The first element that a selector finds, waited for.
    pub(crate) async fn find(&self, css: &str) -> WebElement {
        let started = Instant::now();
        loop {
            if let Ok(found) = self.browser.find(By::Css(css)).await {
                return found;
            }
            if started.elapsed() > PATIENCE {
                let (path, source) = (self.path().await, self.browser.source().await.unwrap());
                panic!("{path} has no {css}: {source}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn has(&self, css: &str) -> bool {
        self.browser.find(By::Css(css)).await.is_ok()
    }

    /// Clicks on an element. The page may put another in its place before it is clicked on.
    pub(crate) async fn click(&self, css: &str) {
        let started = Instant::now();
        while let Err(error) = self.find(css).await.click().await {
            let is_replaced = matches!(error.as_inner(), WebDriverErrorInner::StaleElementReference(_));
            assert!(is_replaced && started.elapsed() < PATIENCE, "{css} cannot be clicked on: {error}");
        }
    }

    /// Types into the element that has the focus.
    pub(crate) async fn press(&self, keys: impl Into<TypingData>) {
        self.browser.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// Waits until a script's value is true.
    pub(crate) async fn until(&self, condition: &str) {
        let started = Instant::now();
        while self.run(&format!("return Boolean({condition})")).await != json!(true) {
            assert!(started.elapsed() < PATIENCE, "{} never was: {condition}", self.path().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What a script returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.browser.execute(script, Vec::new()).await.unwrap().json().clone()
    }

    /// What is to be seen of an element. The page may put another in its place while it is read.
    pub(crate) async fn text(&self, css: &str) -> String {
        let started = Instant::now();
        loop {
            match self.find(css).await.text().await {
                Ok(text) => return text,
                Err(error) => assert!(started.elapsed() < PATIENCE, "{css} cannot be read: {error}"),
            }
        }
    }

    pub(crate) async fn size(&self, width: u32, height: u32, dark: bool) {
        let cdp = self.browser.cdp();
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        cdp.send_raw("Emulation.setDeviceMetricsOverride", metrics).await.unwrap();
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        cdp.send_raw("Emulation.setEmulatedMedia", media).await.unwrap();
    }

    /// Looks at the page as it is: takes its pictures, asks axe, and reads the console.
    pub(crate) async fn look(&self, name: &str) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
        fs::create_dir_all(&folder).unwrap();
        self.until("[...document.images].every((image) => image.complete || image.getBoundingClientRect().top > innerHeight)")
            .await;
        for (width, height) in [(1600, 1000), (360, 740), (2560, 1440)] {
            for dark in [false, true] {
                self.size(width, height, dark).await;
                // Transitions of colours end first.
                tokio::time::sleep(Duration::from_millis(150)).await;
                let scheme = if dark { "dark" } else { "light" };
                let picture = folder.join(format!("{name}-{width}-{scheme}.png"));
                self.browser.screenshot(&picture).await.unwrap();
                let wide = format!(
                    "return document.documentElement.scrollWidth <= {width} ? [] : [...document.body.querySelectorAll('*')]
                         .filter((one) => one.getBoundingClientRect().right > {width} + 1)
                         .map((one) => one.outerHTML.slice(0, 200)).slice(-3)"
                );
                assert_eq!(self.run(&wide).await, json!([]), "{name} is wider than {width} pixels");
                self.check_accessibility(&format!("{name}, {width} pixels, {scheme}")).await;
            }
        }
        self.size(1600, 1000, false).await;
        self.check_console(name).await;
        // The page as it is served: what scripts add to it comes from what the person chose.
        let length = self.run("return performance.getEntriesByType('navigation')[0].decodedBodySize").await;
        assert!(length.as_u64().unwrap() < 100_000, "{name} has {length} bytes");
    }

    async fn check_accessibility(&self, name: &str) {
        self.run(&self.axe).await;
        let script = "const done = arguments[arguments.length - 1];
            axe.run().then(({ violations }) => done(violations
                .filter(({ impact }) => impact === 'serious' || impact === 'critical')
                .map(({ id, nodes }) => `${id}: ${nodes[0].html} ${nodes[0].failureSummary}`)));";
        let found = self.browser.execute_async(script, Vec::new()).await.unwrap().json().clone();
        assert_eq!(found, json!([]), "{name}");
    }

    pub(crate) async fn check_console(&self, name: &str) {
        let is_bad = |entry: &BrowserLogEntry| {
            entry.level == "SEVERE" && !self.expected_errors.iter().any(|known| entry.message.contains(known))
        };
        let bad: Vec<_> = self.browser.browser_log().await.unwrap().into_iter().filter(is_bad).collect();
        assert!(bad.is_empty(), "{name}: {bad:?}");
    }

    /// Makes the starter template and gives its id.
    pub(crate) fn template(&self) -> String {
        let (status, template) = self.server.post_json("/v1/templates/starter-invoice", &json!({}));
        assert_eq!(status, 201, "{template}");
        template["id"].as_str().unwrap().to_owned()
    }

    /// A finished batch of sample documents, whose names begin so.
    pub(crate) fn batch(&self, names: &[&str]) -> String {
        let files: Vec<_> = samples(names)
            .iter()
            .map(|path| {
                ("files", path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap())
            })
            .collect();
        let files: Vec<_> =
            files.iter().map(|(part, name, bytes)| (*part, name.as_str(), bytes.clone())).collect();
        let texts = [("template_id", &*self.template()), ("name", "May invoices")];
        let (status, batch) = self.server.post_form("/v1/batches", &texts, &files);
        assert_eq!(status, 202, "{batch}");
        let id = batch["id"].as_str().unwrap().to_owned();
        self.server.wait_for(&id);
        id
    }

    pub(crate) async fn end(self) {
        self.check_console("at the end").await;
        self.browser.clone().quit().await.unwrap();
    }
}

/// A driver, which ends its browsers when it is asked to end.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.0.wait();
    }
}

/// The sample documents whose names begin so.
pub(crate) fn samples(names: &[&str]) -> Vec<PathBuf> {
    let folder = demo().join("documents").canonicalize().unwrap();
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let begins = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        names.iter().any(|begin| name.starts_with(begin))
    };
    let mut found: Vec<PathBuf> = all.filter(begins).collect();
    found.sort();
    assert_eq!(found.len(), names.len());
    found
}
