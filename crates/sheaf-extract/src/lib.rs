//! From bytes and a template to fields with provenance.
#![forbid(unsafe_code)]

pub mod confidence;
mod extract;
mod ground;
mod lexicon;
mod locate;
pub mod parse;
pub mod read;

pub use extract::{explain, extract};
pub use read::{Limits, ReadError, read};
