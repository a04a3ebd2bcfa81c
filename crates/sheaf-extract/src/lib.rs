//! From bytes and a template to fields with provenance.

pub mod confidence;
mod extract;
mod ground;
mod lexicon;
mod locate;
pub mod ocr;
pub mod parse;
pub mod read;

pub use extract::{explain, extract};
pub use read::{Limits, ReadError, read, read_with_ocr, render_page};
