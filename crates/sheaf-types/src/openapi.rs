//! Schemas that the derive cannot see, because these types write themselves in JSON their own way.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::page::BoundingBox;

impl PartialSchema for BoundingBox {
    fn schema() -> RefOr<Schema> {
        let edge = ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0)).maximum(Some(1));
        ArrayBuilder::new()
            .items(edge)
            .min_items(Some(4))
            .max_items(Some(4))
            .description(Some(
                "`[x0, y0, x1, y1]` as fractions of the displayed page, origin top left, `x0 <= x1`, `y0 <= y1`.",
            ))
            .into()
    }
}

impl ToSchema for BoundingBox {
    fn name() -> Cow<'static, str> {
        "BoundingBox".into()
    }
}

/// One label, or a list of them.
pub(crate) fn one_or_many() -> Schema {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    OneOfBuilder::new()
        .item(text())
        .item(ArrayBuilder::new().items(text()))
        .description(Some("A label or several."))
        .into()
}
