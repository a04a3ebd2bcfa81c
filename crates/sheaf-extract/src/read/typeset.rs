//! Setting text on a page, for documents that say what stands on it but not where.
//!
//! The widths of characters are those of a common sans-serif face. They need not be exact: what is set keeps the order,
//! the columns and the gaps that a reader of the original sees, which is what labels and tables are found by.

use hayro_font::kurbo::{Rect, Vec2};
use sheaf_types::{Cell, Page, PageWarning, Rule};

use super::words::Fragment;
use super::{Limits, order, page};

/// Distance of two baselines, in font sizes.
pub(super) const LINE_HEIGHT: f64 = 1.22;
/// A blank's width, in ems.
const BLANK: f64 = 0.278;
/// Adding boldness makes a character wider by this factor.
const BOLD: f64 = 1.07;
/// Smallest side of a page, in points, so that fractions of it are finite.
const SMALLEST_PAGE: f64 = 1.0;

/// How a piece of text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Face {
    /// Points.
    pub(super) size: f64,
    pub(super) bold: bool,
}

impl Face {
    /// The width of a text without blanks at its ends, in points.
    pub(super) fn width(self, text: &str) -> f64 {
        let ems: f64 = text.chars().map(width).sum();
        ems * self.size * if self.bold { BOLD } else { 1.0 }
    }

    pub(super) fn blank(self) -> f64 {
        BLANK * self.size
    }

    pub(super) fn line_height(self) -> f64 {
        LINE_HEIGHT * self.size
    }
}

/// Width of a character in ems: Helvetica's for Latin, by class for the rest.
fn width(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '\'' => 0.222,
        ' ' | '.' | ',' | ':' | ';' | '/' | '\\' | '!' | 'I' | 'f' | 't' | '[' | ']' | '|' => 0.278,
        '(' | ')' | '-' | 'r' | '`' | '"' | '{' | '}' => 0.333,
        'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' | 'J' => 0.5,
        '+' | '<' | '=' | '>' | '~' => 0.584,
        'F' | 'T' | 'Z' => 0.611,
        'A' | 'B' | 'E' | 'K' | 'P' | 'S' | 'V' | 'X' | 'Y' | '&' => 0.667,
        'w' | 'C' | 'D' | 'H' | 'N' | 'R' | 'U' => 0.722,
        'G' | 'O' | 'Q' => 0.778,
        'm' | 'M' => 0.833,
        '%' => 0.889,
        'W' => 0.944,
        '@' => 1.015,
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' => 0.0,
        // Ideographs, kana and Hangul are square.
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{ff00}'..='\u{ff60}' => 1.0,
        '\u{20000}'..='\u{3fffd}' => 1.0,
        _ => 0.556,
    }
}

/// A page, or a part of one, that is being set; points, origin top left.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    words: Vec<Fragment>,
    rules: Vec<Rect>,
    cells: Vec<(String, Rect)>,
    warnings: Vec<PageWarning>,
}

impl Canvas {
    /// Sets words on one line from `x` on, the line's upper edge at `y`; returns where it ends.
    pub(super) fn line<'w>(
        &mut self,
        words: impl IntoIterator<Item = (&'w str, Face)>,
        x: f64,
        y: f64,
        height: f64,
    ) -> f64 {
        let first = self.words.len();
        let mut at = x;
        let mut end = x;
        for (word, face) in words {
            end = at + face.width(word);
            // The lower fifth of the line is for what hangs below the baseline.
            let bottom = y + height * 0.9;
            let bounds = Rect::new(at, bottom - face.size, end, bottom);
            self.words.push(Fragment::typeset(word.to_owned(), bounds, face.size, face.bold));
            at = end + face.blank();
        }
        let line = &mut self.words[first..];
        if order::reads_from_the_right(line) {
            for word in line {
                (word.bounds.x0, word.bounds.x1) = (x + end - word.bounds.x1, x + end - word.bounds.x0);
            }
        }
        end
    }

    /// Leaves the parts of the page without names, where the whole is to have one.
    pub(super) fn forget_names(&mut self) {
        self.cells.clear();
    }

    /// Draws a straight line.
    pub(super) fn rule(&mut self, rule: Rect) {
        self.rules.push(rule);
    }

    /// Notes why something may be missing.
    pub(super) fn warn(&mut self, warning: PageWarning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Names a part of the page.
    pub(super) fn cell(&mut self, name: String, bounds: Rect) {
        self.cells.push((name, bounds));
    }

    /// Puts another canvas onto this one.
    pub(super) fn append(&mut self, other: Self, by: Vec2) {
        self.words.extend(other.words.into_iter().map(|mut word| {
            word.bounds = word.bounds + by;
            word
        }));
        self.rules.extend(other.rules.into_iter().map(|rule| rule + by));
        self.cells.extend(other.cells.into_iter().map(|(name, bounds)| (name, bounds + by)));
        other.warnings.into_iter().for_each(|warning| self.warn(warning));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Number of words.
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// The lower right corner of everything set.
    pub(super) fn extent(&self) -> (f64, f64) {
        let words = self.words.iter().map(|word| word.bounds);
        words.chain(self.rules.iter().copied()).fold((0.0, 0.0), |(x, y), b| (b.x1.max(x), b.y1.max(y)))
    }

    /// The finished page, `width` by `height` points.
    pub(super) fn page(mut self, number: u32, width: f64, height: f64, limits: &Limits) -> Page {
        let sheet = Rect::new(0.0, 0.0, width.max(SMALLEST_PAGE), height.max(SMALLEST_PAGE));
        if self.words.is_empty() {
            self.warn(PageWarning::Blank);
        }
        self.cells.sort_by(|(_, a), (_, b)| a.y0.total_cmp(&b.y0));
        Page {
            number,
            width: sheet.width() as f32,
            height: sheet.height() as f32,
            words: order::sort(self.words).into_iter().map(|word| page::word(word, sheet, 1.0)).collect(),
            rules: joined(self.rules)
                .into_iter()
                .take(limits.max_rules_per_page)
                .map(|rule| Rule { bbox: page::bounding_box(rule, sheet) })
                .collect(),
            cells: self
                .cells
                .into_iter()
                .map(|(name, bounds)| Cell { name, bbox: page::bounding_box(bounds, sheet) })
                .collect(),
            warnings: self.warnings,
        }
    }
}

/// Words broken into lines no wider than `width`; a word that is wider has a line of its own.
pub(super) fn wrap<'w>(
    words: impl IntoIterator<Item = (&'w str, Face)>,
    width: f64,
) -> Vec<Vec<(&'w str, Face)>> {
    let mut lines = Vec::new();
    let mut line: Vec<(&str, Face)> = Vec::new();
    let mut end = 0.0;
    for (word, face) in words {
        let own = face.width(word);
        if !line.is_empty() && end + own > width {
            lines.push(std::mem::take(&mut line));
            end = 0.0;
        }
        end += own + face.blank();
        line.push((word, face));
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Lines that touch end to end made one; those of cells side by side are drawn piece by piece, and twice.
fn joined(mut rules: Vec<Rect>) -> Vec<Rect> {
    let is_upright = |rule: &Rect| rule.width() < rule.height();
    // Across and along the line.
    let key = |r: &Rect| if is_upright(r) { (r.x0, r.y0) } else { (r.y0, r.x0) };
    rules.sort_by(|a, b| {
        let ((across_a, along_a), (across_b, along_b)) = (key(a), key(b));
        is_upright(a)
            .cmp(&is_upright(b))
            .then(across_a.total_cmp(&across_b))
            .then(along_a.total_cmp(&along_b))
    });
    let mut joined: Vec<Rect> = Vec::new();
    for rule in rules {
        let touches = |last: &Rect| {
            is_upright(last) == is_upright(&rule)
                && (key(last).0 - key(&rule).0).abs() < 0.1
                && rule.x0 <= last.x1 + 0.1
                && rule.y0 <= last.y1 + 0.1
        };
        match joined.last_mut().filter(|last| touches(last)) {
            Some(last) => *last = last.union(rule),
            None => joined.push(rule),
        }
    }
    joined
}
