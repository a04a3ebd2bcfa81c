//! The extraction engine.
#![forbid(unsafe_code)]

mod lexicon;
mod locate;
pub mod parse;
