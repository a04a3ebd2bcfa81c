//! The extraction engine.
#![forbid(unsafe_code)]

pub mod parse;
