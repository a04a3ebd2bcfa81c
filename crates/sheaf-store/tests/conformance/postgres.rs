//! A PostgreSQL server to test on.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::sync::OnceLock;

use sqlx::postgres::PgConnectOptions;

/// The server that is shared by all tests of this process; `None` where there is none.
pub(crate) fn server() -> Option<&'static PgConnectOptions> {
    static SERVER: OnceLock<Option<PgConnectOptions>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match std::env::var("SHEAF_TEST_POSTGRES") {
        Ok(url) => Some(PgConnectOptions::from_str(&url).expect("SHEAF_TEST_POSTGRES is a postgres:// url")),
        Err(_) => programs().map(|programs| start(&programs)),
    });
    server.as_ref()
}

/// The folder with `initdb` and `postgres`, the newest where there are several.
fn programs() -> Option<PathBuf> {
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

/// Starts a server on a socket in a temporary folder. It lives as long as the pipe to its shell, so until this process
/// ends, however it ends; then the shell stops it and removes the folder.
fn start(programs: &Path) -> PgConnectOptions {
    const SCRIPT: &str = r#"
        set -e
        dir=$(mktemp -d /tmp/sheaf-postgres-XXXXXX)
        trap 'rm -rf "$dir"' EXIT
        "$1/initdb" --pgdata="$dir/data" --auth=trust --username=sheaf --encoding=UTF8 --locale=C --no-sync >/dev/null
        "$1/postgres" -D "$dir/data" -c listen_addresses= -c unix_socket_directories="$dir" -c max_connections=400 \
            -c fsync=off >"$dir/log" 2>&1 &
        server=$!
        trap 'kill -QUIT $server; wait $server; rm -rf "$dir"' EXIT
        until "$1/pg_isready" --quiet --host="$dir"; do kill -0 $server; sleep 0.1; done
        echo "$dir"
        cat >/dev/null
    "#;
    // PostgreSQL refuses to run as root, and its package brings an account.
    let mut shell = if is_root() {
        let mut shell = Command::new("setpriv");
        shell.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
        shell
    } else {
        Command::new("sh")
    };
    shell.args(["-c", SCRIPT, "sh"]).arg(programs).current_dir("/");
    let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell starts");
    let mut folder = String::new();
    BufReader::new(shell.stdout.take().expect("stdout is piped"))
        .read_line(&mut folder)
        .expect("stdout is text");
    assert!(!folder.is_empty(), "PostgreSQL in {} does not start", programs.display());
    // The pipe closes when the process ends.
    std::mem::forget(shell);
    PgConnectOptions::new_without_pgpass().socket(folder.trim()).username("sheaf").database("postgres")
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout == b"0\n")
}
