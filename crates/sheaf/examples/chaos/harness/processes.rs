//! The processes of an instance: servers and workers that are killed and started again.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::client::{Client, KEY};

/// Beside the server, which has workers itself. They share the store.
const WORKERS: usize = 2;

/// A server and workers on one store.
pub(super) struct Instance {
    sheaf: PathBuf,
    folder: TempDir,
    database_url: Option<String>,
    port: u16,
    /// The server first.
    processes: Vec<Child>,
}

impl Instance {
    pub(super) fn start(sheaf: &Path, postgres: Option<&Postgres>, name: &str) -> Result<Self> {
        // Free now, and then again after each kill: nobody else asks for it.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let database_url = postgres.map(|postgres| postgres.database(name)).transpose()?;
        let mut instance = Self {
            sheaf: sheaf.to_owned(),
            folder: tempfile::tempdir()?,
            database_url,
            port,
            processes: Vec::new(),
        };
        for i in 0..=WORKERS {
            let process = instance.spawn(i)?;
            instance.processes.push(process);
        }
        Ok(instance)
    }

    pub(super) fn client(&self) -> Client {
        Client::new(format!("http://127.0.0.1:{}", self.port))
    }

    pub(super) fn processes(&self) -> usize {
        self.processes.len()
    }

    /// Ends a process as a power cut does, and starts it again. Answers whether it was a worker.
    pub(super) fn kill_and_restart(&mut self, i: usize) -> Result<bool> {
        self.processes[i].kill()?;
        let status = self.processes[i].wait()?;
        ensure!(status.code().is_none(), "a process ended by itself before it was killed: {status}");
        self.processes[i] = self.spawn(i)?;
        Ok(i > 0)
    }

    fn spawn(&self, i: usize) -> Result<Child> {
        let log =
            File::options().create(true).append(true).open(self.folder.path().join(format!("{i}.log")))?;
        let mut command = Command::new(&self.sheaf);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        if i == 0 {
            command.args(["serve", "--listen", &format!("127.0.0.1:{}", self.port)]);
        } else {
            command.arg("worker");
        }
        command
            .env("SHEAF_DATA", self.folder.path())
            .env("SHEAF_WORKERS", "1")
            .env("SHEAF_BOOTSTRAP_KEY", KEY)
            .env("RUST_LOG", "warn")
            .envs(self.database_url.as_ref().map(|url| ("SHEAF_DATABASE_URL", url)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        command.spawn().with_context(|| format!("cannot start {}", self.sheaf.display()))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The folder of the newest PostgreSQL that is installed.
pub(super) fn postgres_programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists()).max()
}

/// A throwaway PostgreSQL server; ends with the pipe to its shell.
pub(super) struct Postgres {
    programs: PathBuf,
    folder: String,
    shell: Child,
}

impl Postgres {
    pub(super) fn start() -> Result<Self> {
        const SCRIPT: &str = include_str!("../../../../../scripts/throwaway-postgres");
        let programs = postgres_programs().context("PostgreSQL is not there")?;
        // PostgreSQL refuses to run as root, and its package brings an account.
        let mut shell = if rustix::process::getuid().is_root() {
            let mut shell = Command::new("setpriv");
            shell.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
            shell
        } else {
            Command::new("sh")
        };
        shell.args(["-c", SCRIPT, "sh"]).arg(&programs).current_dir("/");
        let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut folder = String::new();
        BufReader::new(shell.stdout.take().context("a pipe")?).read_line(&mut folder)?;
        ensure!(!folder.is_empty(), "PostgreSQL in {} does not start", programs.display());
        Ok(Self { programs, folder: folder.trim().to_owned(), shell })
    }

    /// The URL of a new database.
    fn database(&self, name: &str) -> Result<String> {
        let made = Command::new(self.programs.join("createdb"))
            .args(["--host", &self.folder, "--username", "sheaf", name])
            .status()?;
        ensure!(made.success(), "the database cannot be made");
        Ok(format!("postgres://sheaf@localhost/{name}?host={}", self.folder))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
