//! From bytes and a template to fields with provenance.
#![forbid(unsafe_code)]

pub mod locate;
pub mod parse;
pub mod read;

pub use read::{Limits, ReadError, read};
