//! What the store promises, checked on both databases.
//!
//! SQLite always; PostgreSQL on the server that `SHEAF_TEST_POSTGRES` names, else on a throwaway one where PostgreSQL is
//! installed, else not at all, and the run says so. Each test has a database of its own; on a server that was named
//! they are called `sheaf_test_…` and stay there.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test cannot do without is a failed test"
)]

mod account;
mod batch;
mod document;
mod fixture;
mod hint;
mod idempotency;
mod intake;
mod interleaving;
mod lesson;
mod lifecycle;
mod llm;
mod open;
mod postgres;
mod queue;
mod quota;
mod retention;
mod review;
mod session;
mod template;
mod tls;
mod webhook;
