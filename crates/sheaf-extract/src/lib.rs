//! From bytes and a template to fields with provenance.
#![forbid(unsafe_code)]

mod confidence;
pub mod embedded;
mod extract;
mod ground;
#[cfg(test)]
mod invariant;
mod lexicon;
mod locate;
pub mod parse;
pub mod read;
#[cfg(test)]
mod scenarios;
mod xml;

pub use extract::{explain, extract, extract_with};
pub use read::{Limits, ReadError, read};
