//! The PP-OCR models: stub.
use super::Reading;
use image::RgbImage;
use sheaf_types::TextSource;
use std::path::Path;
pub(super) const NAME: &str = "pp-ocrv4";
pub(super) struct Paddle;
impl Paddle {
    pub(super) fn load(_: &Path) -> Option<Self> {
        None
    }
    pub(super) fn read(&self, _: &RgbImage) -> Reading {
        Reading::new(Vec::new(), TextSource::Paddle)
    }
}
