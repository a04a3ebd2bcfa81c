//! From a document and a field to scored candidates.

pub(crate) mod candidate;
pub(crate) mod field;
pub(crate) mod labels;
pub(crate) mod layout;
#[cfg(test)]
pub(crate) mod sample;
