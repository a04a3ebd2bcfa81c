//! A document as runs of text, lines, shapes and pictures at places on pages, which remembers where the values stand.

use crate::font::Face;

/// Red, green, blue.
pub(crate) type Color = [u8; 3];

pub(crate) const BLACK: Color = [0, 0, 0];
pub(crate) const WHITE: Color = [255, 255, 255];

/// How text looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) face: Face,
    /// In points.
    pub(crate) size: f32,
    pub(crate) color: Color,
}

impl Style {
    pub(crate) fn bold(self) -> Self {
        Self { face: self.face.bold(), ..self }
    }

    pub(crate) fn size(self, size: f32) -> Self {
        Self { size, ..self }
    }

    pub(crate) fn color(self, color: Color) -> Self {
        Self { color, ..self }
    }

    pub(crate) fn width(self, text: &str) -> f32 {
        self.face.width(text, self.size)
    }

    pub(crate) fn span(self, text: impl Into<String>) -> Span {
        Span { text: text.into(), style: self, marks: Vec::new() }
    }

    pub(crate) fn marked(self, text: impl Into<String>, mark: Mark) -> Span {
        Span { text: text.into(), style: self, marks: vec![mark] }
    }
}

/// What a run of text is the value of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Field(&'static str),
    /// The next line of a field that takes more than one.
    Continued(&'static str),
    /// Row, counted from 0, and column of the line items.
    Cell(usize, &'static str),
}

/// A run of text in one style.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) style: Style,
    /// What it is the value of.
    pub(crate) marks: Vec<Mark>,
}

/// Width of a line of spans in points.
pub(crate) fn width(spans: &[Span]) -> f32 {
    spans.iter().map(|span| span.style.width(&span.text)).sum()
}

/// Which part of a line of text stands at the given x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Centre,
    Right,
}

/// Something drawn. Points from the displayed page's upper left corner; y of a text is its baseline.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    Text {
        x: f32,
        y: f32,
        style: Style,
        text: String,
    },
    Line {
        from: (f32, f32),
        to: (f32, f32),
        width: f32,
        color: Color,
    },
    Shape {
        points: Vec<(f32, f32)>,
        color: Color,
    },
    /// Grey samples, 8 bits each, over the whole page.
    Picture {
        width: u32,
        height: u32,
        samples: Vec<u8>,
    },
}

/// Where a value stands: page counted from 0, box in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    pub(crate) page: usize,
    pub(crate) bbox: [f32; 4],
}

/// How the pages are cut and turned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paper {
    /// Of the displayed page, in points.
    pub(crate) width: f32,
    pub(crate) height: f32,
    /// Clockwise turn that a viewer gives the page: 0, 90, 180 or 270.
    pub(crate) rotate: i32,
    /// What the media box has beyond the crop box on each side, in points.
    pub(crate) bleed: f32,
}

impl Paper {
    pub(crate) const A4: Self = Self { width: 595.0, height: 842.0, rotate: 0, bleed: 0.0 };
    pub(crate) const LETTER: Self = Self { width: 612.0, height: 792.0, rotate: 0, bleed: 0.0 };
}

/// The document being drawn.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub(crate) paper: Paper,
    pub(crate) pages: Vec<Vec<Item>>,
    pub(crate) marks: Vec<(Mark, Place)>,
    /// The page that is drawn on.
    pub(crate) page: usize,
}

impl Sheet {
    pub(crate) fn new(paper: Paper) -> Self {
        Self { paper, pages: vec![Vec::new()], marks: Vec::new(), page: 0 }
    }

    pub(crate) fn add_page(&mut self) {
        self.pages.push(Vec::new());
        self.page = self.pages.len() - 1;
    }

    /// Writes a line of text with its baseline at `y`.
    pub(crate) fn put(&mut self, x: f32, y: f32, align: Align, spans: &[Span]) {
        let mut x = match align {
            Align::Left => x,
            Align::Centre => x - width(spans) / 2.0,
            Align::Right => x - width(spans),
        };
        for Span { text, style, marks } in spans {
            let advance = style.width(text);
            // A blank before or after a value is no part of it.
            let lead = style.width(&text[..text.len() - text.trim_start().len()]);
            let shown = style.width(text.trim());
            for &mark in marks {
                let top = y - style.face.ascent() * style.size;
                let bottom = y + style.face.descent() * style.size;
                self.mark(mark, [x + lead, top, x + lead + shown, bottom]);
            }
            if !text.trim().is_empty() {
                let text = text.clone();
                self.pages[self.page].push(Item::Text { x, y, style: *style, text });
            }
            x += advance;
        }
    }

    /// Remembers where a value stands; lines of one value on one page become one box.
    fn mark(&mut self, mark: Mark, bbox: [f32; 4]) {
        let page = self.page;
        let (mark, joins) = match mark {
            Mark::Field(_) => (mark, false),
            Mark::Continued(name) => (Mark::Field(name), true),
            Mark::Cell(..) => (mark, true),
        };
        let last = self.marks.iter_mut().rev().find(|(other, _)| *other == mark).map(|(_, place)| place);
        match last {
            Some(place) if joins && place.page == page => {
                let [x0, y0, x1, y1] = place.bbox;
                place.bbox = [x0.min(bbox[0]), y0.min(bbox[1]), x1.max(bbox[2]), y1.max(bbox[3])];
            }
            _ => self.marks.push((mark, Place { page, bbox })),
        }
    }

    pub(crate) fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, color: Color) {
        self.pages[self.page].push(Item::Line { from, to, width, color });
    }

    pub(crate) fn shape(&mut self, points: Vec<(f32, f32)>, color: Color) {
        self.pages[self.page].push(Item::Shape { points, color });
    }

    /// A filled rectangle.
    pub(crate) fn fill(&mut self, [x0, y0, x1, y1]: [f32; 4], color: Color) {
        self.shape(vec![(x0, y0), (x1, y0), (x1, y1), (x0, y1)], color);
    }

    /// The outline of a rectangle.
    pub(crate) fn frame(&mut self, [x0, y0, x1, y1]: [f32; 4], width: f32, color: Color) {
        for (from, to) in
            [((x0, y0), (x1, y0)), ((x0, y1), (x1, y1)), ((x0, y0), (x0, y1)), ((x1, y0), (x1, y1))]
        {
            self.line(from, to, width, color);
        }
    }
}

/// The text in lines no wider than `width`, broken at blanks; a longer word stands alone.
pub(crate) fn wrap(text: &str, style: Style, width: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if style.width(&format!("{line} {word}")) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
