//! From bytes and a template to fields with provenance.

pub mod ablation;
pub mod confidence;
pub mod embedded;
mod extract;
pub mod find;
pub mod grid;
mod ground;
#[cfg(test)]
mod invariant;
pub mod lesson;
pub mod lexicon;
pub mod llm;
mod locate;
pub mod ocr;
pub mod parse;
pub mod propose;
pub mod read;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod traps;
mod xml;

pub use extract::{Observation, explain, extract, extract_and_ask, extract_with, observe};
pub use read::{Limits, ReadError, draw_page, read, read_with_ocr};
