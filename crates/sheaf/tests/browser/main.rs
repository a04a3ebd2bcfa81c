//! The dashboard as a person meets it: the real binary, real documents, a real browser.
//!
//! Chromium, driven over WebDriver by chromium-driver (`scripts/setup test` installs both). Every page that a test shows is
//! looked at by axe, its console must be free of errors, and pictures of it go to `target/tmp/screenshots`: wide and
//! narrow, light and dark.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops where it is")]

#[expect(dead_code, reason = "other tests use more of it")]
#[path = "../common/mod.rs"]
mod common;

mod batches;
#[path = "../common/note.rs"]
mod note;
mod premium;
mod review;
mod sign_in;
mod support;
mod templates;
