//! sheaf: many documents through one template, results as CSV or JSON, every value traceable to its place.

pub mod api;
pub mod export;
