//! The short form of `examples/chaos`: some kills on each database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "../examples/chaos/harness/mod.rs"]
mod harness;

use std::io::Write;

use harness::{Chaos, Database};

fn some_kills(database: Database) {
    let sheaf = env!("CARGO_BIN_EXE_sheaf").into();
    let chaos = Chaos { sheaf, seed: 7, kills: 8, documents: 60, database, progress: false };
    println!("{}", chaos.run().unwrap());
}

#[test]
fn nothing_is_lost_or_repeated_on_sqlite() {
    some_kills(Database::Sqlite);
}

#[test]
fn nothing_is_lost_or_repeated_on_postgres() {
    if !Database::Postgres.is_there() {
        // Past the test harness, which shows nothing that a passing test prints.
        let message = "\nSKIPPED kills on PostgreSQL: run scripts/setup test\n\n";
        std::io::stderr().write_all(message.as_bytes()).unwrap();
        return;
    }
    some_kills(Database::Postgres);
}
