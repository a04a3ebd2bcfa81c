//! Table fields. Nothing finds them yet: the field is answered with null and a reason.

use sheaf_types::{FieldResult, ReviewReason};

use super::Pool;
use super::field::Field;
use crate::ground;

/// The rows of a table field.
pub(crate) fn extract(_pool: &Pool<'_>, field: &Field<'_>) -> FieldResult {
    FieldResult {
        needs_review: true,
        review_reason: Some(ReviewReason::Missing),
        ..ground::nothing(field.spec)
    }
}
