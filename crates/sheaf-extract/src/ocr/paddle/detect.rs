//! Where lines of text are: differentiable binarisation (Liao et al. 2020), as PP-OCR uses it.
//!
//! The model gives each pixel's probability to be in the core of a line. Connected cores are wrapped in their smallest
//! rectangle, which is then grown to the line.

use hayro_font::kurbo::{Point, Rect, Vec2};
use image::RgbImage;
use image::imageops::{FilterType, resize};
use rten_imageproc::{RetrievalMode, find_contours};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

/// Sides of the image that the model sees, in pixels: the shorter is enlarged to the first, and both are multiples of the
/// second.
const LEAST_SIDE: f64 = 736.0;
const MULTIPLE: f64 = 32.0;
/// Longer side in which a page is looked at, in pixels.
const LONGEST_SIDE: f64 = 1_440.0;
/// Least height of a core, and of a line, in the model's pixels.
const LEAST_CORE: f64 = 3.0;
const LEAST_LINE: f64 = 5.0;
/// Lines of a page that are read.
const MOST_LINES: usize = 1_000;
/// Height against width from which a line runs down the page.
const VERTICAL: f64 = 1.5;

/// Height against width up to which it may be a single letter or digit.
const SLIM: f64 = 3.0;

/// How lines are told from what a model says; published with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thresholds {
    /// Probability of a pixel of a core.
    pub(super) core: f32,
    /// Mean probability of a line's core.
    pub(super) line: f32,
    /// How far a core is grown: its area over its perimeter, times this.
    pub(super) growth: f64,
}

/// A line of text, perhaps slanting.
#[derive(Debug, Clone)]
pub(super) struct Line {
    center: Point,
    /// Unit vector of the reading direction.
    along: Vec2,
    /// In pixels of the page.
    pub(super) width: f64,
    pub(super) height: f64,
    /// Quarter turns clockwise of the reading direction.
    pub(super) turn: u8,
}

/// The lines on a page; `model` gives the shape and the values of the map of probabilities.
pub(super) fn lines(
    page: &RgbImage,
    thresholds: Thresholds,
    model: impl FnOnce(NdTensor<f32, 4>) -> Option<(Vec<usize>, Vec<f32>)>,
) -> Vec<Line> {
    let (page_width, page_height) = (f64::from(page.width()), f64::from(page.height()));
    if page_width < 1.0 || page_height < 1.0 {
        return Vec::new();
    }
    let scale =
        (LEAST_SIDE / page_width.min(page_height)).max(1.0).min(LONGEST_SIDE / page_width.max(page_height));
    let side = |length: f64| ((length * scale / MULTIPLE).round().max(1.0) * MULTIPLE) as u32;
    let (columns, rows) = (side(page_width), side(page_height));
    let small = resize(page, columns, rows, FilterType::Triangle);
    let pixels: Vec<[f32; 3]> = small.pixels().map(|pixel| pixel.0.map(f32::from)).collect();
    let (width, height) = (columns as usize, rows as usize);
    let Some((_, map)) = model(super::input(&pixels, width, height)) else { return Vec::new() };
    if map.len() != width * height {
        return Vec::new();
    }
    let cores = cores(&map, width, height, thresholds.core);
    let to_page = (page_width / f64::from(columns), page_height / f64::from(rows));
    let contours = find_contours(cores.view(), RetrievalMode::External);
    let mut lines = Vec::new();
    for contour in contours.iter().take(MOST_LINES) {
        let points = contour.iter().map(|point| Point::new(point.x.into(), point.y.into())).collect();
        let Some(mut line) = smallest_rectangle(points) else { continue };
        if line.width.min(line.height) < LEAST_CORE || line.score(&map, width, height) < thresholds.line {
            continue;
        }
        let growth = thresholds.growth * line.width * line.height / (line.width + line.height);
        line.width += growth;
        line.height += growth;
        if line.width.min(line.height) >= LEAST_LINE {
            lines.push(line.scaled(to_page));
        }
    }
    lines
}

/// The smallest rectangle around some points, which lies along a side of their hull; `None` for fewer than two.
fn smallest_rectangle(points: Vec<Point>) -> Option<Line> {
    let hull = convex_hull(points);
    let sides = (0..hull.len()).map(|i| hull[(i + 1) % hull.len()] - hull[i]);
    let rectangles = sides.filter(|side| side.hypot() > 0.0).map(|side| {
        let along = side.normalize();
        let across = Vec2::new(-along.y, along.x);
        let extent = |axis: Vec2| {
            let places = hull.iter().map(|point| point.to_vec2().dot(axis));
            places.fold((f64::MAX, f64::MIN), |(least, most), place| (least.min(place), most.max(place)))
        };
        let ((x0, x1), (y0, y1)) = (extent(along), extent(across));
        let center = along * f64::midpoint(x0, x1) + across * f64::midpoint(y0, y1);
        Line::new(center.to_point(), -across, x1 - x0, y1 - y0)
    });
    rectangles.min_by(|a, b| (a.width * a.height).total_cmp(&(b.width * b.height)))
}

/// The corners of the hull of some points, in order (Andrew's monotone chain).
fn convex_hull(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    points.dedup();
    let half = |points: &mut dyn Iterator<Item = Point>| {
        let mut chain: Vec<Point> = Vec::new();
        for point in points {
            while let [.., a, b] = chain[..]
                && (b - a).cross(point - a) <= 0.0
            {
                chain.pop();
            }
            chain.push(point);
        }
        // The last corner is the other half's first.
        chain.pop();
        chain
    };
    let mut hull = half(&mut points.iter().copied());
    hull.extend(half(&mut points.iter().rev().copied()));
    hull
}

/// Pixels of cores, each spread to its right and lower neighbours, which joins broken ones.
fn cores(map: &[f32], width: usize, height: usize, core: f32) -> NdTensor<bool, 2> {
    let is_core = |x: usize, y: usize| map[y * width + x] > core;
    let spread = |i: usize| {
        let (x, y) = (i % width, i / width);
        let (left, above) = (x.saturating_sub(1), y.saturating_sub(1));
        is_core(x, y) || is_core(left, y) || is_core(x, above) || is_core(left, above)
    };
    NdTensor::from_data([height, width], (0..width * height).map(spread).collect::<Vec<_>>())
}

impl Line {
    /// From a rectangle around it, whose sides may be in any order.
    fn new(center: Point, up: Vec2, width: f64, height: f64) -> Self {
        let up = if up.hypot() > 0.0 { up.normalize() } else { Vec2::new(0.0, -1.0) };
        let across = Vec2::new(-up.y, up.x);
        // The side that lies flatter is the lower one of the rectangle.
        let (right, width, height) =
            if across.x.abs() >= up.x.abs() { (across, width, height) } else { (up, height, width) };
        let right = if right.x < 0.0 { -right } else { right };
        if height < VERTICAL * width {
            Self { center, along: right, width, height, turn: 0 }
        } else {
            Self { center, along: Vec2::new(-right.y, right.x), width: height, height: width, turn: 1 }
        }
    }

    /// The same line read in the other direction.
    pub(super) fn flipped(&self) -> Self {
        Self { along: -self.along, turn: (self.turn + 2) % 4, ..self.clone() }
    }

    /// A line that runs down the page, but not far: as the one upright letter or digit that it may be.
    pub(super) fn as_one_letter(&self) -> Option<Self> {
        (!self.turn.is_multiple_of(2) && self.width < SLIM * self.height).then(|| Self {
            along: Vec2::new(self.along.y, -self.along.x),
            width: self.height,
            height: self.width,
            turn: self.turn - 1,
            ..self.clone()
        })
    }

    /// Unit vector from the top of the letters to their foot.
    fn down(&self) -> Vec2 {
        Vec2::new(-self.along.y, self.along.x)
    }

    fn scaled(mut self, (x, y): (f64, f64)) -> Self {
        let scale = |v: Vec2| Vec2::new(v.x * x, v.y * y);
        let (along, down) = (scale(self.along * self.width), scale(self.down() * self.height));
        self.center = Point::new(self.center.x * x, self.center.y * y);
        self.width = along.hypot();
        self.height = down.hypot();
        self.along = along.normalize();
        self
    }

    /// Mean probability inside.
    fn score(&self, map: &[f32], width: usize, height: usize) -> f32 {
        let bounds = self.bounds(0.0, 1.0);
        let clamp = |v: f64, most: usize| v.clamp(0.0, most as f64 - 1.0) as usize;
        let (mut sum, mut count) = (0.0, 0.0);
        for y in clamp(bounds.y0, height)..=clamp(bounds.y1.ceil(), height) {
            for x in clamp(bounds.x0, width)..=clamp(bounds.x1.ceil(), width) {
                let offset = Point::new(x as f64, y as f64) - self.center;
                if offset.dot(self.along).abs() <= self.width / 2.0
                    && offset.dot(self.down()).abs() <= self.height / 2.0
                {
                    sum += map[y * width + x];
                    count += 1.0;
                }
            }
        }
        if count > 0.0 { sum / count } else { 0.0 }
    }

    /// The box around the part of the line between two shares of its width.
    pub(super) fn bounds(&self, start: f64, end: f64) -> Rect {
        let corner = |x: f64, y: f64| {
            self.center + self.along * ((x - 0.5) * self.width) + self.down() * (y * self.height)
        };
        Rect::from_points(corner(start, -0.5), corner(end, 0.5))
            .union(Rect::from_points(corner(start, 0.5), corner(end, -0.5)))
    }

    /// The line's pixels, upright, `width` by `height`.
    pub(super) fn cut(&self, page: &RgbImage, width: usize, height: usize) -> Vec<[f32; 3]> {
        let (step_x, step_y) =
            (self.along * (self.width / width as f64), self.down() * (self.height / height as f64));
        let start = self.center - self.along * (self.width / 2.0) - self.down() * (self.height / 2.0);
        // Large letters are reduced by the mean of several samples.
        let samples = (self.height / height as f64).round().clamp(1.0, 8.0) as usize;
        let share = 1.0 / samples as f64;
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let mut sum = [0.0; 3];
                for i in 0..samples * samples {
                    let (dx, dy) = ((i % samples) as f64 + 0.5, (i / samples) as f64 + 0.5);
                    let at = start + step_x * (x as f64 + dx * share) + step_y * (y as f64 + dy * share);
                    let level = between(page, at.x - 0.5, at.y - 0.5);
                    sum = std::array::from_fn(|c| sum[c] + level[c]);
                }
                pixels.push(sum.map(|level| level / (samples * samples) as f32));
            }
        }
        pixels
    }
}

/// An image's colour between its pixels; beyond its border as at the border.
fn between(page: &RgbImage, x: f64, y: f64) -> [f32; 3] {
    let clamp = |v: f64, side: u32| (v.max(0.0) as u32).min(side.saturating_sub(1));
    let (left, top) = (x.floor(), y.floor());
    let (across, down) = ((x - left) as f32, (y - top) as f32);
    let level =
        |x: f64, y: f64| page.get_pixel(clamp(x, page.width()), clamp(y, page.height())).0.map(f32::from);
    let [a, b, c, d] =
        [level(left, top), level(left + 1.0, top), level(left, top + 1.0), level(left + 1.0, top + 1.0)];
    std::array::from_fn(|i| {
        let upper = a[i] + (b[i] - a[i]) * across;
        let lower = c[i] + (d[i] - c[i]) * across;
        upper + (lower - upper) * down
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_rectangle_lies_along_the_points() {
        // The outline of a long low box, each pixel a point, level and slanting.
        for degrees in [0.0_f64, 0.3, -2.0, 30.0] {
            let along = Vec2::from_angle(degrees.to_radians());
            let across = Vec2::new(-along.y, along.x);
            let place = |x: f64, y: f64| Point::new(337.0, 349.0) + along * x + across * y;
            let points = (-250..=250)
                .flat_map(|x| [-6.0, 6.0].map(|y| place(f64::from(x), y)))
                .chain((-6..=6).flat_map(|y| [-250.0, 250.0].map(|x| place(x, f64::from(y)))))
                .collect();
            let line = smallest_rectangle(points).unwrap();
            assert!((line.width - 500.0).abs() < 0.1 && (line.height - 12.0).abs() < 0.1, "{line:?}");
            assert!((line.center - Point::new(337.0, 349.0)).hypot() < 0.1, "{line:?}");
            assert!((line.along - along).hypot() < 0.01 && line.turn == 0, "{line:?}");
        }
    }

    #[test]
    fn what_is_slim_may_be_one_upright_letter_and_what_runs_down_the_page_is_not() {
        let line =
            |width: f64, height: f64| Line::new(Point::new(40.0, 60.0), Vec2::new(0.0, -1.0), width, height);
        let letter = line(8.0, 18.0).as_one_letter().unwrap();
        assert_eq!((letter.width, letter.height, letter.turn), (8.0, 18.0, 0));
        assert!((letter.along - Vec2::new(1.0, 0.0)).hypot() < 1e-9);
        let flipped = line(8.0, 18.0).flipped().as_one_letter().unwrap();
        assert_eq!(flipped.turn, 2);
        assert!((flipped.along - Vec2::new(-1.0, 0.0)).hypot() < 1e-9);
        assert!(line(8.0, 80.0).as_one_letter().is_none() && line(80.0, 8.0).as_one_letter().is_none());
    }

    #[test]
    fn too_few_points_are_no_rectangle() {
        assert!(smallest_rectangle(Vec::new()).is_none());
        assert!(smallest_rectangle(vec![Point::ORIGIN; 5]).is_none());
    }
}
