//! An extraction as an object of a JSON or JSON lines file.

use serde::Serialize;
use sheaf_types::{DocumentId, Extraction, ExtractionError, FieldResult, Status};

#[derive(Serialize)]
struct Row<'a> {
    document_id: DocumentId,
    filename: &'a str,
    custom_id: Option<&'a str>,
    status: Status,
    error: Option<&'a ExtractionError>,
    pages: Option<u32>,
    template_version: u32,
    fields: &'a [FieldResult],
}

/// Writes the object on one line, without a line end.
pub(super) fn row(extraction: &Extraction, out: &mut Vec<u8>) {
    let row = Row {
        document_id: extraction.document_id,
        filename: &extraction.filename,
        custom_id: extraction.custom_id.as_deref(),
        status: extraction.status,
        error: extraction.error.as_ref(),
        pages: extraction.pages,
        template_version: extraction.template_version,
        fields: extraction.fields.as_deref().unwrap_or_default(),
    };
    #[expect(clippy::expect_used, reason = "writing to memory cannot fail and every map key is a string")]
    serde_json::to_writer(out, &row).expect("a row is valid JSON");
}
