//! Pages as pixels.

use hayro::hayro_interpret::InterpreterSettings;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use hayro_syntax::page::Page;
use image::RgbImage;
use image::imageops::{FilterType, resize};
use sheaf_types::MediaType;

use super::image::Pictures;
use super::{Limits, ReadError, sheet};

/// Longest side of a page that is drawn, in pixels, and the most that may be asked for.
const LONGEST_SIDE: f32 = 8_000.0;
const WIDEST: u32 = 4_000;

/// Draws a page, counted from 1, `width` pixels wide (fewer where the page would become too long), as it is
/// displayed. Pages of office documents show their words where reading places them.
///
/// # Errors
/// [`ReadError`] where the file has no such page or cannot be read.
pub fn draw_page(
    bytes: &[u8],
    media_type: MediaType,
    page: u32,
    width: u32,
    limits: &Limits,
) -> Result<RgbImage, ReadError> {
    if bytes.len() > limits.max_bytes {
        return Err(ReadError::TooLarge { limit: limits.max_bytes });
    }
    if MediaType::sniff(bytes) != Some(media_type) {
        return Err(ReadError::UnsupportedType);
    }
    let index = (page as usize).checked_sub(1).ok_or(ReadError::NoSuchPage)?;
    let width = width.clamp(1, WIDEST);
    super::with_stack(|| match media_type {
        MediaType::Pdf => draw_pdf(bytes, index, width),
        MediaType::Png | MediaType::Jpeg | MediaType::Tiff | MediaType::Webp => {
            let mut pictures = Pictures::new(bytes, media_type, limits)?;
            if index >= pictures.len() {
                return Err(ReadError::NoSuchPage);
            }
            Ok(fitted(&pictures.decode(index)?.pixels, width))
        }
        MediaType::Docx | MediaType::Xlsx => {
            let document = super::read(bytes, media_type, limits)?;
            let page = document.pages.get(index).ok_or(ReadError::NoSuchPage)?;
            draw_pdf(&sheet::pdf(page), 0, width)
        }
        MediaType::Other => Err(ReadError::UnsupportedType),
    })
    .unwrap_or(Err(ReadError::Crashed))
}

fn draw_pdf(bytes: &[u8], index: usize, width: u32) -> Result<RgbImage, ReadError> {
    let pdf = super::open(bytes)?;
    Ok(draw(pdf.pages().get(index).ok_or(ReadError::NoSuchPage)?, width))
}

/// A picture in another width, and a height that fits.
fn fitted(pixels: &RgbImage, width: u32) -> RgbImage {
    let (columns, rows) = (pixels.width().max(1) as f32, pixels.height().max(1) as f32);
    let scale = (width as f32 / columns).min(LONGEST_SIDE / rows);
    let side = |length: f32| ((length * scale).round() as u32).max(1);
    resize(pixels, side(columns), side(rows), FilterType::Triangle)
}

/// Draws a page `width` pixels wide.
pub(super) fn draw<'a>(page: &'a Page<'a>, width: u32) -> RgbImage {
    let (page_width, page_height) = page.render_dimensions();
    let scale = (width as f32 / page_width).min(LONGEST_SIDE / page_width.max(page_height)).max(1e-3);
    // The renderer cuts fractions of pixels off; one more shows the whole page. What rounding added is no fraction.
    let whole = |points: f32| (points * scale - 0.01).ceil().max(1.0) / points;
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
