//! Finding values in a document.

pub mod table;
