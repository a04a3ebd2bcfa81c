//! sheaf: run many documents through one template and keep the source of every value.
//!
//! The program around the pure core (`sheaf-extract`) and the store (`sheaf-store`): command line, HTTP API, dashboard, workers
//! and exports. No SQL and no parsing of documents here.

#![forbid(unsafe_code)]

pub mod api;
pub mod cli;
pub mod config;
pub mod dashboard;
pub mod export;
pub mod housekeeping;
pub mod llm;
pub mod metrics;
pub mod print;
pub mod reader;
pub mod runner;
mod session;
pub mod webhook;
