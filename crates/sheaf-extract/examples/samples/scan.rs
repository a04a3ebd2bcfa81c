//! A document as a scanner would have made it: pictures of its pages, a little askew and not quite clean.

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};

use crate::pdf::{Writing, write};
use crate::random::Random;
use crate::sheet::{Item, Paper, Place, Sheet};

/// How good the scanner is and how carefully it is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quality {
    pub(crate) dpi: f32,
    /// Clockwise, in degrees.
    pub(crate) skew: f32,
    /// Share of pixels that are wrong.
    pub(crate) noise: f64,
    /// Darkness from which on a pixel is black, 0 to 255; `None` keeps 16 shades of grey.
    pub(crate) threshold: Option<u8>,
}

impl Quality {
    /// A usual office device.
    pub(crate) const OFFICE: Self = Self { dpi: 120.0, skew: 0.4, noise: 0.0001, threshold: Some(190) };

    pub(crate) fn drawn(random: &mut Random) -> Self {
        Self {
            dpi: *random.pick(&[100.0, 150.0, 200.0]),
            skew: random.between(-15, 15) as f32 / 10.0,
            noise: *random.pick(&[0.0, 0.0005, 0.003]),
            threshold: *random.pick(&[None, Some(110), Some(140), Some(180)]),
        }
    }
}

/// The sheet's pages as pictures; the places of the values turn with them.
pub(crate) fn scan(sheet: &Sheet, quality: Quality, random: &mut Random) -> Sheet {
    let paper = Paper { rotate: 0, bleed: 0.0, ..sheet.paper };
    let clean = write(&Sheet { paper, ..sheet.clone() }, "", Writing::Lines);
    let Ok(pdf) = Pdf::new(clean) else { unreachable!("the PDF was just written") };
    let scale = quality.dpi / 72.0;
    let settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let cache = RenderCache::new();
    let mut pages = Vec::new();
    for page in pdf.pages().iter() {
        let (interpreter, renderer) = (InterpreterSettings::default(), RenderSettings::default());
        let pixmap = render(page, &cache, &interpreter, &renderer, &settings);
        let (width, height) = (usize::from(pixmap.width()), usize::from(pixmap.height()));
        let grey: Vec<u8> = pixmap
            .data_as_u8_slice()
            .chunks_exact(4)
            .map(|p| ((u32::from(p[0]) * 299 + u32::from(p[1]) * 587 + u32::from(p[2]) * 114) / 1000) as u8)
            .collect();
        let samples = degrade(&grey, width, height, quality, random);
        pages.push(vec![Item::Picture { width: width as u32, height: height as u32, samples }]);
    }
    let middle = (paper.width / 2.0, paper.height / 2.0);
    let turned = |&(mark, place): &(_, Place)| {
        (mark, Place { bbox: turn_box(place.bbox, quality.skew, middle), ..place })
    };
    Sheet { paper, pages, marks: sheet.marks.iter().map(turned).collect(), page: 0 }
}

/// Turns the picture about its middle, adds wrong pixels, and reduces the shades.
fn degrade(grey: &[u8], width: usize, height: usize, quality: Quality, random: &mut Random) -> Vec<u8> {
    let (middle_x, middle_y) = (width as f32 / 2.0, height as f32 / 2.0);
    let mut samples = Vec::with_capacity(grey.len());
    let at = |x: i64, y: i64| {
        let inside = (0..width as i64).contains(&x) && (0..height as i64).contains(&y);
        if inside { f32::from(grey[y as usize * width + x as usize]) } else { 255.0 }
    };
    for y in 0..height {
        for x in 0..width {
            // Where the pixel comes from, between four pixels.
            let (from_x, from_y) =
                turn((x as f32 + 0.5, y as f32 + 0.5), -quality.skew, (middle_x, middle_y));
            let (from_x, from_y) = (from_x - 0.5, from_y - 0.5);
            let (left, top) = (from_x.floor(), from_y.floor());
            let (right_share, lower_share) = (from_x - left, from_y - top);
            let (i, k) = (left as i64, top as i64);
            let upper = at(i, k) * (1.0 - right_share) + at(i + 1, k) * right_share;
            let lower = at(i, k + 1) * (1.0 - right_share) + at(i + 1, k + 1) * right_share;
            let mut value = (upper * (1.0 - lower_share) + lower * lower_share) as u8;
            if quality.noise > 0.0 && random.chance(quality.noise) {
                value = 255 - value;
            }
            samples.push(match quality.threshold {
                Some(threshold) if value < threshold => 0,
                Some(_) => 255,
                None => (value >> 4) * 17,
            });
        }
    }
    samples
}

/// A point turned clockwise about another.
fn turn((x, y): (f32, f32), degrees: f32, (middle_x, middle_y): (f32, f32)) -> (f32, f32) {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (dx, dy) = (x - middle_x, y - middle_y);
    (middle_x + dx * cos - dy * sin, middle_y + dx * sin + dy * cos)
}

/// The upright box round a turned one.
fn turn_box([x0, y0, x1, y1]: [f32; 4], degrees: f32, middle: (f32, f32)) -> [f32; 4] {
    let corners = [(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|corner| turn(corner, degrees, middle));
    let fold = |pick: fn(&(f32, f32)) -> f32, best: fn(f32, f32) -> f32| {
        corners.iter().map(pick).reduce(best).unwrap_or_default()
    };
    [fold(|c| c.0, f32::min), fold(|c| c.1, f32::min), fold(|c| c.0, f32::max), fold(|c| c.1, f32::max)]
}
