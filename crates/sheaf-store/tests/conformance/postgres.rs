//! A PostgreSQL server to test on.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::sync::OnceLock;

use sqlx::postgres::PgConnectOptions;

/// The server that is shared by all tests of this process; `None`, loudly, where there is none.
pub(crate) fn server() -> Option<&'static PgConnectOptions> {
    static SERVER: OnceLock<Option<PgConnectOptions>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match std::env::var("SHEAF_TEST_POSTGRES") {
        Ok(url) => Some(PgConnectOptions::from_str(&url).expect("SHEAF_TEST_POSTGRES is a postgres:// url")),
        Err(_) => match programs() {
            Some(programs) => {
                let folder = start(&programs, &[], &[]);
                let options = PgConnectOptions::new_without_pgpass().socket(folder);
                Some(options.username("sheaf").database("postgres"))
            }
            None => {
                // Past the test harness, which shows nothing that a passing test prints.
                let message = "SKIPPED all tests on PostgreSQL: set SHEAF_TEST_POSTGRES to a postgres:// url, or \
                               install PostgreSQL";
                writeln!(std::io::stderr(), "\n{message}\n").expect("stderr is open");
                None
            }
        },
    });
    server.as_ref()
}

/// The folder with `initdb` and `postgres`, the newest where there are several.
pub(crate) fn programs() -> Option<PathBuf> {
    let of_pg_config = || {
        let output = Command::new("pg_config").arg("--bindir").output().ok()?;
        Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
    };
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    found.sort();
    found.extend(of_pg_config());
    found.into_iter().rfind(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

/// Starts a server on a socket in a temporary folder, and answers which. It lives as long as the pipe to its shell, so until this process
/// ends, however it ends; then the shell stops it and removes the folder.
pub(crate) fn start(programs: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> PathBuf {
    const SCRIPT: &str = include_str!("../../../../scripts/throwaway-postgres");
    // PostgreSQL refuses to run as root, and its package brings an account.
    let mut shell = if is_root() {
        let mut shell = Command::new("setpriv");
        shell.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
        shell
    } else {
        Command::new("sh")
    };
    shell.args(["-c", SCRIPT, "sh"]).arg(programs).args(arguments).envs(environment.iter().copied());
    shell.current_dir("/");
    let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell starts");
    let mut folder = String::new();
    BufReader::new(shell.stdout.take().expect("stdout is piped"))
        .read_line(&mut folder)
        .expect("stdout is text");
    assert!(!folder.is_empty(), "PostgreSQL in {} does not start", programs.display());
    // The pipe closes when the process ends.
    std::mem::forget(shell);
    folder.trim().into()
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout == b"0\n")
}
