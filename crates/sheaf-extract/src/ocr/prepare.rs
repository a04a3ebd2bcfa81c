//! Makes a scan easier to read: even background, level lines, letters of a good size, soft edges.
//!
//! The steps, their order and their settings are those that raised the share of words read on degraded pages;
//! binarisation and stretching of contrast did not.

use hayro_font::kurbo::{Affine, Point};
use image::GrayImage;
use image::imageops::{FilterType, resize};

/// Shorter side of a prepared sheet in pixels: 300 an inch on A4.
const SHEET_SIDE: f64 = 2_480.0;
/// Most by which an image is enlarged.
const MOST_ENLARGED: f64 = 4.0;
/// Longest side of a prepared image, in pixels.
const LONGEST_SIDE: f64 = 6_000.0;
/// Side of the tiles in which the background is measured, in pixels, and as a share of the image's width.
const TILE: u32 = 32;
const TILES_ACROSS: u32 = 48;
/// Share of a tile's pixels that are darker than its background.
const BACKGROUND: f64 = 0.7;
/// Darker backgrounds are dark on purpose (white letters on a bar) and keep their contrast.
const DARKEST_PAPER: u8 = 96;
/// Standard deviation of the blur, in pixels.
const BLUR: f64 = 1.5;
/// Largest skew that is looked for, and the steps, in degrees.
const MOST_SKEW: f64 = 6.0;
const COARSE: f64 = 0.5;
const FINE: f64 = 0.1;
/// Width to which an image is reduced before its skew is measured, in pixels.
const SKEW_WIDTH: u32 = 1_200;
/// Step of brightness at the lower edge of a letter.
const EDGE: u8 = 40;

/// An image made ready.
pub(super) struct Prepared {
    pub(super) image: GrayImage,
    /// From its pixels to those of the image it was made from.
    pub(super) to_source: Affine,
}

/// Makes a page ready to be read.
pub(super) fn sheet(source: &GrayImage) -> Prepared {
    let flat = flatten(source);
    let skew = skew(&flat);
    let (width, height) = (f64::from(flat.width()), f64::from(flat.height()));
    let scale = (SHEET_SIDE / width.min(height)).min(MOST_ENLARGED).min(LONGEST_SIDE / width.max(height));
    let mut prepared = level(&flat, skew, scale);
    blur(&mut prepared.image);
    prepared
}

/// Divides the background out, so that shadows and paper become white.
pub(super) fn flatten(image: &GrayImage) -> GrayImage {
    let tile = TILE.max(image.width() / TILES_ACROSS);
    let (columns, rows) = (image.width().div_ceil(tile), image.height().div_ceil(tile));
    let background = median(&backgrounds(image, tile, columns, rows)).into_raw();
    let (columns, rows) = (columns as usize, rows as usize);
    let mut flat = GrayImage::new(image.width(), image.height());
    let at = |pixel: usize, count: usize| {
        // Between the middles of two neighbouring tiles.
        let place = (pixel as f32 + 0.5) / tile as f32 - 0.5;
        let first = place.max(0.0) as usize;
        (first.min(count - 1), (first + 1).min(count - 1), (place - first as f32).clamp(0.0, 1.0))
    };
    let across: Vec<_> = (0..image.width() as usize).map(|x| at(x, columns)).collect();
    let width = image.width() as usize;
    for (y, (from, to)) in image.chunks_exact(width).zip(flat.chunks_exact_mut(width)).enumerate() {
        let (upper, lower, down) = at(y, rows);
        let between: Vec<f32> = (0..columns)
            .map(|x| {
                let [a, b] = [upper, lower].map(|row| f32::from(background[row * columns + x]));
                a + (b - a) * down
            })
            .collect();
        for ((pixel, out), &(left, right, along)) in from.iter().zip(to).zip(&across) {
            let paper = between[left] + (between[right] - between[left]) * along;
            *out = (f32::from(*pixel) * 255.0 / paper).min(255.0) as u8;
        }
    }
    flat
}

fn backgrounds(image: &GrayImage, tile: u32, columns: u32, rows: u32) -> GrayImage {
    GrayImage::from_fn(columns, rows, |column, row| {
        let (x0, y0) = (column * tile, row * tile);
        let (x1, y1) = ((x0 + tile).min(image.width()), (y0 + tile).min(image.height()));
        let mut counts = [0_u32; 256];
        for y in y0..y1 {
            let start = (y * image.width()) as usize;
            for &pixel in &image.as_raw()[start + x0 as usize..start + x1 as usize] {
                counts[usize::from(pixel)] += 1;
            }
        }
        let mut left = (f64::from((x1 - x0) * (y1 - y0)) * BACKGROUND) as u32;
        let level = counts.iter().position(|&count| {
            let found = count > left;
            left = left.saturating_sub(count);
            found
        });
        image::Luma([(level.unwrap_or(255) as u8).max(DARKEST_PAPER)])
    })
}

/// Of each pixel and its neighbours: a tile that a letter fills takes the background from around it.
fn median(image: &GrayImage) -> GrayImage {
    let (width, height) = (i64::from(image.width()), i64::from(image.height()));
    GrayImage::from_fn(image.width(), image.height(), |x, y| {
        let mut around = [0; 9];
        for (i, level) in around.iter_mut().enumerate() {
            let dx = (i % 3) as i64 - 1;
            let dy = (i / 3) as i64 - 1;
            let x = (i64::from(x) + dx).clamp(0, width - 1) as u32;
            let y = (i64::from(y) + dy).clamp(0, height - 1) as u32;
            *level = image.get_pixel(x, y).0[0];
        }
        around.sort_unstable();
        image::Luma([around[4]])
    })
}

/// By how many degrees clockwise the lines of text are turned, by the projection of the lower edges of letters:
/// they fall on fewest rows where the lines run along them.
pub(super) fn skew(image: &GrayImage) -> f64 {
    let factor = image.width().div_ceil(SKEW_WIDTH).max(1);
    let small = shrink(image, factor);
    let width = small.width() as usize;
    let raw = small.as_raw();
    let mut edges: Vec<(f64, f64)> = Vec::new();
    for (i, pixel) in raw.iter().enumerate().take(raw.len().saturating_sub(width)) {
        if raw[i + width].saturating_sub(*pixel) > EDGE {
            edges.push(((i % width) as f64, (i / width) as f64));
        }
    }
    if edges.len() < 100 {
        return 0.0;
    }
    let reach = width as f64 * MOST_SKEW.to_radians().tan();
    let mut rows = vec![0_u32; (f64::from(small.height()) + 2.0 * reach) as usize + 3];
    let mut sharpness = |degrees: f64| {
        let slope = degrees.to_radians().tan();
        rows.fill(0);
        for &(x, y) in &edges {
            rows[(y - x * slope + reach + 1.0).max(0.0) as usize] += 1;
        }
        rows.iter().map(|&count| f64::from(count) * f64::from(count)).sum::<f64>()
    };
    let mut best = (sharpness(0.0), 0.0);
    let mut search = |from: f64, to: f64, step: f64| {
        let count = ((to - from) / step).round() as i32;
        for i in 0..=count {
            let degrees = from + f64::from(i) * step;
            let score = sharpness(degrees.clamp(-MOST_SKEW, MOST_SKEW));
            // Level is right until another angle is clearly better.
            if score > best.0 * 1.001 {
                best = (score, degrees);
            }
        }
        best.1
    };
    let near = search(-MOST_SKEW, MOST_SKEW, COARSE);
    search(near - COARSE, near + COARSE, FINE).clamp(-MOST_SKEW, MOST_SKEW)
}

/// Turns an image back by its skew and scales it; what lay outside is white.
pub(super) fn level(image: &GrayImage, skew: f64, scale: f64) -> Prepared {
    let mut to_source = Affine::IDENTITY;
    let mut scale = scale;
    let mut reduced = None;
    if scale < 0.75 {
        // A single sample a pixel would leave out thin strokes: reduce by averages first.
        let size = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
        let small = resize(image, size(image.width()), size(image.height()), FilterType::Triangle);
        to_source = Affine::scale_non_uniform(
            f64::from(image.width()) / f64::from(small.width()),
            f64::from(image.height()) / f64::from(small.height()),
        );
        reduced = Some(small);
        scale = 1.0;
    }
    let image = reduced.as_ref().unwrap_or(image);
    let (width, height) = (f64::from(image.width()), f64::from(image.height()));
    let (sin, cos) = skew.to_radians().sin_cos();
    let out_width = ((width * cos + height * sin.abs()) * scale).round().max(1.0);
    let out_height = ((height * cos + width * sin.abs()) * scale).round().max(1.0);
    let to_image = Affine::translate((width / 2.0, height / 2.0))
        * Affine::rotate(skew.to_radians())
        * Affine::scale(1.0 / scale)
        * Affine::translate((-out_width / 2.0, -out_height / 2.0));
    let leveled = if skew == 0.0 && scale == 1.0 {
        image.clone()
    } else {
        warp(image, to_image, out_width as u32, out_height as u32)
    };
    Prepared { image: leveled, to_source: to_source * to_image }
}

/// Samples an image between its pixels; `to_image` leads from the result's pixels to the image's.
pub(super) fn warp(image: &GrayImage, to_image: Affine, width: u32, height: u32) -> GrayImage {
    let (columns, rows) = (i64::from(image.width()), i64::from(image.height()));
    let raw = image.as_raw();
    let pixel = |x: i64, y: i64| {
        if (0..columns).contains(&x) && (0..rows).contains(&y) {
            i64::from(raw[(y * columns + x) as usize])
        } else {
            255
        }
    };
    let [a, b, ..] = to_image.as_coeffs();
    // Fixed-point numbers of 16 fractional bits: the same result on every machine, and fast.
    let fixed = |v: f64| (v * 65_536.0).round() as i64;
    let step = (fixed(a), fixed(b));
    let mut out = GrayImage::new(width, height);
    for (row, line) in out.chunks_exact_mut(width as usize).enumerate() {
        let start = to_image * Point::new(0.5, row as f64 + 0.5);
        let (mut x, mut y) = (fixed(start.x - 0.5), fixed(start.y - 0.5));
        for value in line {
            let (left, top) = (x >> 16, y >> 16);
            let (along, down) = ((x >> 8) & 255, (y >> 8) & 255);
            let upper = pixel(left, top) * (256 - along) + pixel(left + 1, top) * along;
            let lower = pixel(left, top + 1) * (256 - along) + pixel(left + 1, top + 1) * along;
            *value = ((upper * (256 - down) + lower * down + 32_768) >> 16) as u8;
            x += step.0;
            y += step.1;
        }
    }
    out
}

/// Reduces an image by a whole factor, each pixel the mean of a square.
fn shrink(image: &GrayImage, factor: u32) -> GrayImage {
    if factor == 1 {
        return image.clone();
    }
    let raw = image.as_raw();
    let width = image.width() as usize;
    let factor_size = factor as usize;
    GrayImage::from_fn((image.width() / factor).max(1), (image.height() / factor).max(1), |x, y| {
        let mut sum = 0_u32;
        for row in 0..factor_size {
            let start = (y as usize * factor_size + row) * width + x as usize * factor_size;
            sum += raw[start.min(raw.len())..(start + factor_size).min(raw.len())]
                .iter()
                .map(|&v| u32::from(v))
                .sum::<u32>();
        }
        image::Luma([(sum / (factor * factor)) as u8])
    })
}

/// Gaussian blur: the recogniser was trained on soft letters, and noise goes.
fn blur(image: &mut GrayImage) {
    const RADIUS: usize = 4;
    let weights: [f64; RADIUS + 1] = std::array::from_fn(|i| (-((i * i) as f64) / (2.0 * BLUR * BLUR)).exp());
    let sum = weights[0] + 2.0 * weights[1..].iter().sum::<f64>();
    // Whole numbers that add up to 256, so that white stays white.
    let mut weights = weights.map(|w| (w / sum * 256.0).round() as u32);
    weights[0] = 256 - 2 * weights[1..].iter().sum::<u32>();
    let width = image.width() as usize;
    if width == 0 {
        return;
    }
    let mut padded = vec![0_u8; width + 2 * RADIUS];
    for line in image.chunks_exact_mut(width) {
        padded[..RADIUS].fill(line[0]);
        padded[RADIUS..RADIUS + width].copy_from_slice(line);
        padded[RADIUS + width..].fill(line[width - 1]);
        for (x, value) in line.iter_mut().enumerate() {
            let mut sum = u32::from(padded[x + RADIUS]) * weights[0];
            for (i, weight) in weights.iter().enumerate().skip(1) {
                sum += (u32::from(padded[x + RADIUS - i]) + u32::from(padded[x + RADIUS + i])) * weight;
            }
            *value = (sum >> 8) as u8;
        }
    }
    let source = image.as_raw().clone();
    let rows = source.len() / width;
    let mut sums = vec![0_u32; width];
    for (y, line) in image.chunks_exact_mut(width).enumerate() {
        let row = |offset: isize| {
            let row = y.saturating_add_signed(offset).min(rows - 1);
            &source[row * width..(row + 1) * width]
        };
        for (sum, &value) in sums.iter_mut().zip(row(0)) {
            *sum = u32::from(value) * weights[0];
        }
        for (i, &weight) in weights.iter().enumerate().skip(1) {
            let (above, below) = (row(-(i as isize)), row(i as isize));
            for ((sum, &a), &b) in sums.iter_mut().zip(above).zip(below) {
                *sum += (u32::from(a) + u32::from(b)) * weight;
            }
        }
        for (value, sum) in line.iter_mut().zip(&sums) {
            *value = (sum >> 8) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    /// Lines of dashes, slanting by so many degrees clockwise.
    fn lines(degrees: f64) -> GrayImage {
        let slope = degrees.to_radians().tan();
        GrayImage::from_fn(800, 1_000, |x, y| {
            let row = (f64::from(y) - f64::from(x) * slope).rem_euclid(40.0);
            Luma([if row < 8.0 && x % 11 < 8 && (100..700).contains(&x) { 20 } else { 240 }])
        })
    }

    #[test]
    fn skew_is_found_to_a_fifth_of_a_degree() {
        for degrees in [-5.0, -2.3, -0.5, 0.0, 0.7, 3.0, 5.4] {
            let found = skew(&lines(degrees));
            assert!((found - degrees).abs() <= 0.2, "{found} for {degrees}");
        }
        assert_eq!(skew(&GrayImage::from_pixel(300, 300, Luma([255]))), 0.0);
    }

    #[test]
    fn shadows_go_and_letters_stay() {
        let image = GrayImage::from_fn(640, 640, |x, y| {
            let paper = 110.0 + 140.0 * x as f32 / 640.0;
            let is_ink = x % 16 < 3 && y % 24 < 12;
            Luma([if is_ink { paper * 0.2 } else { paper } as u8])
        });
        let flat = flatten(&image);
        for (x, y) in [(8, 20), (320 + 8, 20), (630, 20)] {
            assert!(flat.get_pixel(x, y).0[0] > 235, "paper at {x}: {:?}", flat.get_pixel(x, y));
        }
        for x in [1, 321, 625] {
            assert!(flat.get_pixel(x, 5).0[0] < 80, "ink at {x}: {:?}", flat.get_pixel(x, 5));
        }
    }

    #[test]
    fn a_prepared_point_leads_back_to_its_source() {
        for (degrees, scale) in [(0.0, 1.0), (0.0, 0.4), (2.0, 2.5), (-3.0, 0.5)] {
            let mut image = GrayImage::from_pixel(400, 300, Luma([255]));
            // A spot left of and above the middle.
            (90..100).for_each(|x| (60..70).for_each(|y| image.put_pixel(x, y, Luma([0]))));
            let prepared = level(&image, degrees, scale);
            let ink = prepared.image.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] < 128);
            let (mut sum, mut count) = (hayro_font::kurbo::Vec2::ZERO, 0.0);
            for (x, y, _) in ink {
                sum += hayro_font::kurbo::Vec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5);
                count += 1.0;
            }
            let back = prepared.to_source * (sum / count).to_point();
            assert!((back - Point::new(95.0, 65.0)).hypot() < 1.0, "{back:?} at {degrees} and {scale}");
        }
    }
}
