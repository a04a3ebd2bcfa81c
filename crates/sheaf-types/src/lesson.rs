//! Lessons: what corrections teach.

use serde::{Deserialize, Serialize};

use crate::id::{ExtractionId, LessonId, ReviewId, TemplateId};
use crate::page::BoundingBox;
use crate::template::FieldKind;

/// What a correction taught: on pages of this design, the field's value stands there.
///
/// It holds neither the value nor words of the document it was learned from, which may be deleted while the lesson stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lesson {
    /// The field's name.
    pub field: String,
    /// The field's type; where it changes, the lesson no longer holds.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// Where a person showed the value.
    pub bbox: BoundingBox,
    /// The page's words by which its design is known again, and by which the value's place is found on it.
    pub landmarks: Vec<Landmark>,
}

/// A lesson as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeptLesson {
    /// Its id.
    pub id: LessonId,
    /// The template that goes by it.
    pub template_id: TemplateId,
    /// The version with which the corrected document had been read.
    pub template_version: u32,
    /// The field's name.
    pub field: String,
    /// Where on its page the value was shown, as fractions of the displayed page.
    pub bbox: BoundingBox,
    /// The review item whose correction taught it.
    pub review_item_id: ReviewId,
    /// The extraction that was corrected; `None` once it is deleted.
    pub extraction_id: Option<ExtractionId>,
    /// The document's name; `None` once it is deleted.
    pub filename: Option<String>,
    /// RFC 3339, UTC.
    pub created_at: String,
}

/// A word that may be printed on every page of a design, and its place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "(u32, f32, f32)", into = "(u32, f32, f32)")]
pub struct Landmark {
    /// A hash of the word as it is compared.
    pub word: u32,
    /// Its left edge, as a fraction of the page's width.
    pub x: f32,
    /// Its middle, as a fraction of the page's height.
    pub y: f32,
}

impl From<(u32, f32, f32)> for Landmark {
    fn from((word, x, y): (u32, f32, f32)) -> Self {
        Self { word, x, y }
    }
}

impl From<Landmark> for (u32, f32, f32) {
    fn from(landmark: Landmark) -> Self {
        // As boxes are written.
        let round = |v: f32| (v * 1e5).round() / 1e5;
        (landmark.word, round(landmark.x), round(landmark.y))
    }
}
