//! Plans and what a month has used of them.

use serde::{Deserialize, Serialize};

/// How many documents a month an account may extract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Plan {
    /// Its name, as configured (`free`, `pro`, …).
    pub name: String,
    /// Documents a UTC calendar month; `None` is without limit.
    pub limit: Option<u64>,
}

/// The plans that exist unless the operator configures others.
#[must_use]
pub fn default_plans() -> Vec<Plan> {
    [
        ("free", Some(500)),
        ("pro", Some(5_000)),
        ("business", Some(25_000)),
        ("enterprise", Some(200_000)),
        ("unlimited", None),
    ]
    .map(|(name, limit)| Plan { name: name.to_owned(), limit })
    .into()
}

/// A span of time, both ends RFC 3339 in UTC; the end is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Period {
    /// First instant.
    pub start: String,
    /// First instant after it.
    pub end: String,
}

/// What an account has used of its plan this month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    /// Name of the plan.
    pub plan: String,
    /// The UTC calendar month.
    pub period: Period,
    /// Documents allowed in it; `None` is without limit.
    pub limit: Option<u64>,
    /// Documents debited in it.
    pub used: u64,
    /// Documents left; `None` is without limit.
    pub remaining: Option<u64>,
}
