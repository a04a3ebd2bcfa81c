//! Tracing values to the page.
//!
//! A value leaves the engine only with its verbatim source, its page and the box of its words, and only if reading that
//! source again gives the value.

use sheaf_types::{BoundingBox, Document, FieldResult, FieldSpec, ReviewReason};

use crate::locate::field::Field;
use crate::locate::layout::{Layout, Span};
use crate::parse::Locale;

/// A value's place on the document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grounded {
    pub(crate) source: String,
    pub(crate) page: u32,
    pub(crate) bbox: BoundingBox,
}

/// Where `value` stands, if the words of `spans` say it.
pub(crate) fn ground(
    layout: &Layout<'_>,
    locale: &Locale,
    field: &Field<'_>,
    spans: &[Span],
    value: &str,
) -> Option<Grounded> {
    let source = layout.source(spans);
    if field.read(&source, locale)?.value != value {
        return None;
    }
    let page = layout.lines[spans.first()?.line].page;
    if spans.iter().any(|span| layout.lines[span.line].page != page) {
        return None;
    }
    Some(Grounded { source, page: layout.page_number(page), bbox: layout.bbox(spans)? })
}

/// Names the cells in which a result's values begin, on pages that have named cells.
pub(crate) fn name_cells(document: &Document, result: &mut FieldResult) {
    let name = |page: u32, bbox: BoundingBox| {
        let page = document.pages.iter().find(|p| p.number == page).filter(|p| !p.cells.is_empty())?;
        page.cell_at(bbox).map(str::to_owned)
    };
    result.cell = result.page.zip(result.bbox).and_then(|(page, bbox)| name(page, bbox));
    for cell in result.cells.iter_mut().flatten().flat_map(|row| row.values_mut()) {
        let place = &mut cell.provenance;
        place.cell = name(place.page, place.bbox);
    }
}

/// The answer for a field without a value.
pub(crate) fn nothing(field: &FieldSpec) -> FieldResult {
    FieldResult::empty(field.name.as_str(), field.kind)
}

/// The answer for a field whose value could not be traced.
pub(crate) fn ungrounded(field: &FieldSpec) -> FieldResult {
    FieldResult { needs_review: true, review_reason: Some(ReviewReason::Ungrounded), ..nothing(field) }
}
