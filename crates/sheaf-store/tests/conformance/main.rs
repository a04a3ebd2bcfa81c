//! What the store promises, checked on both databases.
//!
//! SQLite always; PostgreSQL on the server that `SHEAF_TEST_POSTGRES` names, else on a throwaway one where PostgreSQL is
//! installed, else not at all, and then each test says so.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test cannot do without is a failed test"
)]

mod account;
mod batch;
mod document;
mod fixture;
mod interleaving;
mod open;
mod postgres;
mod queue;
mod quota;
mod template;
