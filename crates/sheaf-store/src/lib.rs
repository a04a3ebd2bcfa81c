//! Placeholder root; filled in by its modules.
#![forbid(unsafe_code)]
