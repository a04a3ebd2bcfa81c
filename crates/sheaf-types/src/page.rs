//! A document as it was read: pages of words with boxes.

use serde::{Deserialize, Serialize};

/// A rectangle as fractions of the displayed page, origin top left, `x0 <= x1`, `y0 <= y1`.
///
/// In JSON it is `[x0, y0, x1, y1]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f32; 4]", into = "[f32; 4]")]
pub struct BoundingBox {
    /// Left edge, 0 to 1.
    pub x0: f32,
    /// Upper edge, 0 to 1.
    pub y0: f32,
    /// Right edge, 0 to 1.
    pub x1: f32,
    /// Lower edge, 0 to 1.
    pub y1: f32,
}

impl BoundingBox {
    /// The smallest box that covers both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        }
    }

    /// Whether `other` lies inside, give or take `slack` (a fraction of the page).
    #[must_use]
    pub fn contains(self, other: Self, slack: f32) -> bool {
        self.x0 <= other.x0 + slack
            && self.y0 <= other.y0 + slack
            && self.x1 >= other.x1 - slack
            && self.y1 >= other.y1 - slack
    }

    /// Whether the middle of `other` is inside.
    #[must_use]
    pub fn holds_middle_of(self, other: Self) -> bool {
        (self.x0..=self.x1).contains(&f32::midpoint(other.x0, other.x1))
            && (self.y0..=self.y1).contains(&f32::midpoint(other.y0, other.y1))
    }

    /// Intersection over union, 0 to 1; 0 where either box is empty.
    #[must_use]
    pub fn iou(self, other: Self) -> f32 {
        let width = (self.x1.min(other.x1) - self.x0.max(other.x0)).max(0.0);
        let height = (self.y1.min(other.y1) - self.y0.max(other.y0)).max(0.0);
        let intersection = width * height;
        let union = self.area() + other.area() - intersection;
        if union > 0.0 { intersection / union } else { 0.0 }
    }

    /// Width, as a fraction of the page's.
    #[must_use]
    pub fn width(self) -> f32 {
        self.x1 - self.x0
    }

    /// Height, as a fraction of the page's.
    #[must_use]
    pub fn height(self) -> f32 {
        self.y1 - self.y0
    }

    fn area(self) -> f32 {
        self.width() * self.height()
    }
}

impl From<[f32; 4]> for BoundingBox {
    fn from([x0, y0, x1, y1]: [f32; 4]) -> Self {
        Self { x0, y0, x1, y1 }
    }
}

impl From<BoundingBox> for [f32; 4] {
    fn from(b: BoundingBox) -> Self {
        // Five decimals: a hundredth of a millimetre on A4, and the same digits on every machine.
        [b.x0, b.y0, b.x1, b.y1].map(|v| (v * 1e5).round() / 1e5)
    }
}

/// What produced a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextSource {
    /// Drawn as text in a PDF.
    Text,
    /// A form field's value.
    Form,
    /// Recognised on an image by Tesseract.
    Tesseract,
    /// Recognised on an image by the PP-OCR models.
    Paddle,
}

impl TextSource {
    /// Whether the word was recognised on an image, so that its characters are a judgement, not a statement.
    #[must_use]
    pub fn is_ocr(self) -> bool {
        matches!(self, Self::Tesseract | Self::Paddle)
    }
}

/// A run of characters without a blank, where it stands on the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// The characters as printed; what could not be decoded is U+FFFD.
    pub text: String,
    /// Where the word stands.
    pub bbox: BoundingBox,
    /// 0 to 1: 1 for text that the document states, less for guesses.
    pub confidence: f32,
    /// Height of the font in points, as displayed.
    pub font_size: f32,
    /// Whether the font says it is bold.
    pub bold: bool,
    /// Reading direction in quarter turns clockwise from upright, 0 to 3.
    pub turn: u8,
    /// What produced the word.
    pub source: TextSource,
}

/// A straight horizontal or vertical line drawn on the page (borders of tables, underlines);
/// one of the box's sides is thin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Where it stands.
    pub bbox: BoundingBox,
}

/// Why a page holds fewer words than a reader of it would expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PageWarning {
    /// The page shows an image and no text: it is a scan and needs OCR.
    Scanned,
    /// There is nothing on the page.
    Blank,
    /// Most characters have no Unicode value.
    Undecodable,
    /// The page's content is damaged; what could be read is there.
    Damaged,
    /// A limit was reached; the rest of the page was not read.
    Truncated,
    /// The page was recognised, but so badly that its words are doubtful.
    Illegible,
}

/// A page as displayed: after rotation and cropping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Counted from 1.
    pub number: u32,
    /// Width in points.
    pub width: f32,
    /// Height in points.
    pub height: f32,
    /// In reading order: lines from top to bottom, words from left to right.
    pub words: Vec<Word>,
    /// Lines drawn on the page.
    pub rules: Vec<Rule>,
    /// Named parts of the page, from top to bottom by their upper edges; a part within another stands after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<Cell>,
    /// Why words may be missing.
    pub warnings: Vec<PageWarning>,
}

impl Page {
    /// The name of the innermost cell in which a box begins.
    #[must_use]
    pub fn cell_at(&self, bbox: BoundingBox) -> Option<&str> {
        let (x, y) = (bbox.x0 + bbox.width() * 0.01, bbox.y0 + bbox.height() * 0.01);
        let begun = self.cells.partition_point(|cell| cell.bbox.y0 <= y);
        let holds = |b: BoundingBox| b.x0 <= x && x <= b.x1 && b.y0 <= y && y <= b.y1;
        self.cells[..begun].iter().rev().find(|cell| holds(cell.bbox)).map(|cell| &*cell.name)
    }
}

/// A part of a page that has a name of its own: a cell of a spreadsheet, a paragraph or table cell of a text document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// `Sheet1!B7`, `paragraph 12`, `table 1 B2`.
    pub name: String,
    /// Where it stands.
    pub bbox: BoundingBox,
}

/// Everything that was read from a file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// In order; never empty after a successful read.
    pub pages: Vec<Page>,
}

impl Document {
    /// Whether no page has a word.
    #[must_use]
    pub fn is_textless(&self) -> bool {
        self.pages.iter().all(|page| page.words.is_empty())
    }
}
