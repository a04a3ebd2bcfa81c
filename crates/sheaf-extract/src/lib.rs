//! From bytes and a template to fields with provenance.

mod confidence;
pub mod embedded;
mod extract;
mod ground;
#[cfg(test)]
mod invariant;
mod lexicon;
mod locate;
pub mod ocr;
pub mod parse;
pub mod read;
#[cfg(test)]
mod scenarios;
mod xml;

pub use extract::{explain, extract, extract_with};
pub use read::{Limits, ReadError, draw_page, read, read_with_ocr};
