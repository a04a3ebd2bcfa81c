//! Paths, as far as they draw horizontal and vertical lines.

use hayro_font::kurbo::{Point, Rect};

/// A filled rectangle is a line up to this thickness, in points.
const MAX_THICKNESS: f64 = 3.0;
/// Shorter lines (dots, parts of letters) are no rules, in points.
const MIN_LENGTH: f64 = 4.0;
/// Points kept of one path; what comes after is not looked at.
const MAX_POINTS: usize = 100_000;
/// How far a line's ends may be off the axis, in points.
const SLACK: f64 = 0.5;

/// The current path, in coordinates of the displayed page.
#[derive(Debug, Default)]
pub(super) struct Path {
    subpaths: Vec<Subpath>,
    points: usize,
    /// The path becomes a clip when it is next painted.
    pub(super) clips: bool,
}

#[derive(Debug)]
struct Subpath {
    points: Vec<Point>,
    curved: bool,
    closed: bool,
}

impl Path {
    pub(super) fn move_to(&mut self, point: Point) {
        if self.points < MAX_POINTS {
            self.points += 1;
            self.subpaths.push(Subpath { points: vec![point], curved: false, closed: false });
        }
    }

    pub(super) fn line_to(&mut self, point: Point) {
        self.extend(point, false);
    }

    pub(super) fn curve_to(&mut self, point: Point) {
        self.extend(point, true);
    }

    fn extend(&mut self, point: Point, curved: bool) {
        if self.points >= MAX_POINTS {
            return;
        }
        self.points += 1;
        match self.subpaths.last_mut() {
            // After a close, drawing goes on from where the subpath began.
            Some(Subpath { points, closed: true, .. }) => {
                let start = points[0];
                self.subpaths.push(Subpath { points: vec![start, point], curved, closed: false });
            }
            Some(subpath) => {
                subpath.points.push(point);
                subpath.curved |= curved;
            }
            None => self.move_to(point),
        }
    }

    pub(super) fn close(&mut self) {
        if let Some(subpath) = self.subpaths.last_mut() {
            subpath.closed = true;
        }
    }

    pub(super) fn rectangle(&mut self, corners: [Point; 4]) {
        if self.points < MAX_POINTS {
            self.points += 4;
            self.subpaths.push(Subpath { points: corners.to_vec(), curved: false, closed: true });
        }
    }

    pub(super) fn clear(&mut self) {
        self.subpaths.clear();
        self.points = 0;
        self.clips = false;
    }

    pub(super) fn bounds(&self) -> Option<Rect> {
        self.subpaths.iter().filter_map(Subpath::bounds).reduce(|a, b| a.union(b))
    }

    /// The lines that painting draws; `stroke` is the pen's width.
    pub(super) fn rules(&self, fill: bool, stroke: Option<f64>) -> Vec<Rect> {
        let mut rules = Vec::new();
        for subpath in self.subpaths.iter().filter(|subpath| !subpath.curved) {
            if let Some(width) = stroke {
                rules.extend(subpath.segments().filter_map(|(a, b)| stroked(a, b, width)));
            } else if fill {
                rules.extend(subpath.bounds().filter(|_| subpath.is_rectangle()).filter(|r| is_line(*r)));
            }
        }
        rules
    }
}

impl Subpath {
    fn bounds(&self) -> Option<Rect> {
        let first = *self.points.first()?;
        Some(self.points.iter().fold(Rect::from_points(first, first), |bounds, p| bounds.union_pt(*p)))
    }

    fn segments(&self) -> impl Iterator<Item = (Point, Point)> {
        let closing = match self.points[..] {
            [first, .., last] if self.closed => Some((last, first)),
            _ => None,
        };
        self.points.windows(2).map(|pair| (pair[0], pair[1])).chain(closing)
    }

    /// Whether every side is horizontal or vertical and there are few of them.
    fn is_rectangle(&self) -> bool {
        (2..=5).contains(&self.points.len())
            && self.segments().all(|(a, b)| (a.x - b.x).abs() < SLACK || (a.y - b.y).abs() < SLACK)
    }
}

fn is_line(rect: Rect) -> bool {
    let (short, long) = (rect.width().min(rect.height()), rect.width().max(rect.height()));
    short <= MAX_THICKNESS && long >= MIN_LENGTH && long >= 3.0 * short
}

fn stroked(a: Point, b: Point, width: f64) -> Option<Rect> {
    let line = Rect::from_points(a, b);
    let half = width / 2.0;
    let rect = if line.height() < SLACK && line.width() >= MIN_LENGTH {
        line.inflate(0.0, half)
    } else if line.width() < SLACK && line.height() >= MIN_LENGTH {
        line.inflate(half, 0.0)
    } else {
        return None;
    };
    is_line(rect).then_some(rect)
}
