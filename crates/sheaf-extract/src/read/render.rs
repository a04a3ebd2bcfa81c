//! Pages of a PDF as pixels.

use hayro::hayro_interpret::InterpreterSettings;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use hayro_syntax::page::Page;
use image::RgbImage;

use super::ReadError;

/// Longest side of a rendered page, in pixels.
const LONGEST_SIDE: f32 = 8_000.0;

/// Draws a page of a PDF, counted from 1, `width` pixels wide (fewer where the page would become too long).
///
/// # Errors
/// [`ReadError`] where the file has no such page.
pub fn render_page(bytes: &[u8], page: u32, width: u32) -> Result<RgbImage, ReadError> {
    super::apart(|| {
        let pdf = super::open(bytes)?;
        let page = (page as usize).checked_sub(1).and_then(|index| pdf.pages().get(index));
        Ok(draw(page.ok_or(ReadError::NoSuchPage)?, width))
    })
}

/// Draws a page `width` pixels wide.
pub(super) fn draw<'a>(page: &'a Page<'a>, width: u32) -> RgbImage {
    let (page_width, page_height) = page.render_dimensions();
    let scale = (width as f32 / page_width).min(LONGEST_SIDE / page_width.max(page_height)).max(1e-3);
    // The renderer cuts fractions of pixels off; one more shows the whole page.
    let whole = |points: f32| (points * scale).ceil().max(1.0) / points;
    let settings = RenderSettings { force_image_interpolation: true, ..RenderSettings::default() };
    let pixmap = render(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &settings,
        &PixmapSettings {
            x_scale: whole(page_width) * (1.0 + f32::EPSILON),
            y_scale: whole(page_height) * (1.0 + f32::EPSILON),
            bg_color: WHITE,
        },
    );
    let (width, height) = (u32::from(pixmap.width()), u32::from(pixmap.height()));
    let mut image = RgbImage::new(width, height);
    // The page is opaque: its background is white.
    for (pixel, drawn) in image.pixels_mut().zip(pixmap.data()) {
        pixel.0 = [drawn.r, drawn.g, drawn.b];
    }
    image
}
