//! From bytes and a template to fields with provenance.
#![forbid(unsafe_code)]

mod confidence;
mod extract;
mod ground;
mod lexicon;
mod locate;
pub mod parse;
pub mod read;
#[cfg(test)]
mod scenarios;

pub use extract::{explain, extract};
pub use read::{Limits, ReadError, read};
