//! The ways of storing an image that scanners, cameras and fax machines use, as ImageMagick writes them: one picture of
//! three bars, 160 by 100 pixels.

use image::RgbImage;
use sheaf_extract::{Limits, ReadError, draw_page, read};
use sheaf_types::MediaType;

const WIDTH: u32 = 160;
const HEIGHT: u32 = 100;

fn draw(bytes: &[u8], media_type: MediaType, page: u32) -> Result<RgbImage, ReadError> {
    draw_page(bytes, media_type, page, WIDTH, &Limits::default())
}

/// Whether a point is ink on the picture as it was drawn.
fn is_bar(x: u32, y: u32) -> bool {
    let bars = [(16..56, 20..80), (70..141, 20..30), (70..101, 60..80)];
    bars.iter().any(|(across, down)| across.contains(&x) && down.contains(&y))
}

/// Checks a page against the picture, moved by `place`; the edges may be soft.
fn check(name: &str, page: &RgbImage, place: impl Fn(u32, u32) -> (u32, u32)) {
    assert_eq!(page.dimensions(), (WIDTH, HEIGHT), "{name}");
    let wrong = page.enumerate_pixels().filter(|(x, y, pixel)| {
        let (x, y) = place(*x, *y);
        (pixel.0.iter().all(|&channel| channel < 110)) != is_bar(x, y)
    });
    let wrong = wrong.count();
    assert!(wrong < 100, "{name}: {wrong} pixels differ");
}

#[test]
fn each_way_of_storing_an_image_shows_the_same_picture() {
    for (name, media_type, bytes) in [
        ("fax group 4", MediaType::Tiff, &include_bytes!("fixtures/images/g4.tif")[..]),
        ("tiles", MediaType::Tiff, include_bytes!("fixtures/images/tiled.tif")),
        ("several pages", MediaType::Tiff, include_bytes!("fixtures/images/pages.tif")),
        ("progressive", MediaType::Jpeg, include_bytes!("fixtures/images/progressive.jpg")),
        ("four inks", MediaType::Jpeg, include_bytes!("fixtures/images/cmyk.jpg")),
        ("lossy", MediaType::Webp, include_bytes!("fixtures/images/lossy.webp")),
    ] {
        let page = draw(bytes, media_type, 1).unwrap_or_else(|error| panic!("{name}: {error}"));
        check(name, &page, |x, y| (x, y));
    }
}

#[test]
fn each_page_of_a_tiff_is_its_own() {
    let bytes = include_bytes!("fixtures/images/pages.tif");
    assert_eq!(read(bytes, MediaType::Tiff, &Limits::default()).unwrap().pages.len(), 3);
    check("second", &draw(bytes, MediaType::Tiff, 2).unwrap(), |x, y| (WIDTH - 1 - x, y));
    check("third", &draw(bytes, MediaType::Tiff, 3).unwrap(), |x, y| (x, HEIGHT - 1 - y));
    assert_eq!(draw(bytes, MediaType::Tiff, 4), Err(ReadError::NoSuchPage));
}
