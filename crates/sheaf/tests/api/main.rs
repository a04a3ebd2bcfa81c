//! The HTTP contract and the dashboard's pages, on a real store, with workers whose findings are scripted.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops where it is")]

mod admission;
mod batches;
mod contract;
mod documents;
mod events;
mod exports;
mod extractions;
mod idempotency;
mod keys;
mod lessons;
mod lifecycle;
#[path = "../common/note.rs"]
mod note;
mod pages;
mod review;
mod sessions;
mod support;
mod templates;
mod uploads;
mod webhooks;
