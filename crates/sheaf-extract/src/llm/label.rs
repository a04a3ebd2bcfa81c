//! Whether a value stands where a label of its field says that it would.

use sheaf_types::{BoundingBox, FieldKind, FieldResult, FieldSpec};

use super::index::Index;

/// How far under a label its value may stand, in heights of the label.
const BELOW: f32 = 1.5;
/// How much boxes may reach into each other, as a share of the page.
const SLACK: f32 = 0.005;

impl Index<'_> {
    /// Whether a label of the field stands before the value or above it; of a table, the heads of half of its columns.
    pub(super) fn is_labelled(&self, field: &FieldSpec, found: &FieldResult) -> bool {
        let (Some(page), Some(bbox)) = (found.page, found.bbox) else { return false };
        let leads = |name: &str, labels: &[String]| {
            let name = name.replace('_', " ");
            let mut labels = labels.iter().map(String::as_str).chain([name.as_str()]);
            labels.any(|label| self.boxes(label, page).any(|label| leads_to(label, bbox)))
        };
        if field.kind != FieldKind::Table {
            return leads(&field.name, &field.anchors);
        }
        let heads = field.columns.iter().filter(|column| leads(&column.name, &column.anchors)).count();
        heads * 2 >= field.columns.len()
    }

    /// The boxes of a text on a page.
    fn boxes(&self, text: &str, page: u32) -> impl Iterator<Item = BoundingBox> {
        let lines = &self.transcript.lines;
        self.on_page(text, page).into_iter().filter_map(|place| {
            let words = place.spans.iter().flat_map(|span| lines[span.line].words_in(&span.range));
            words.map(|word| word.bbox).reduce(BoundingBox::union)
        })
    }
}

/// Whether a label stands before a value, on its line, or right above it.
fn leads_to(label: BoundingBox, value: BoundingBox) -> bool {
    let middle = f32::midpoint(label.y0, label.y1);
    let is_before = label.x1 <= value.x0 + SLACK && (value.y0..value.y1).contains(&middle);
    let gap = value.y0 - label.y1;
    let is_above =
        (-SLACK..=BELOW * label.height()).contains(&gap) && label.x0 < value.x1 && value.x0 < label.x1;
    is_before || is_above
}
