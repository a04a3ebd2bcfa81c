//! Breaking paragraphs into lines.

use super::content::{Paragraph, Token};
use super::properties::Align;
use crate::read::typeset::{Canvas, Face};

/// Distance of tab stops that nobody set, in points.
const TAB: f64 = 36.0;
/// Narrowest column that text is broken for, in points.
pub(super) const NARROWEST: f64 = 36.0;
pub(super) const DEFAULT_FACE: Face = Face { size: 10.0, bold: false };

/// Why a line starts on a new page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    None,
    Page,
    Rendered,
}

/// A line of a paragraph, in segments that tabs part; places from the paragraph's margin.
pub(super) struct Line<'p> {
    segments: Vec<Segment<'p>>,
    pub(super) height: f64,
    pub(super) break_before: Break,
}

#[derive(Default)]
struct Segment<'p> {
    x: f64,
    words: Vec<(&'p str, Face)>,
    width: f64,
}

impl Line<'_> {
    pub(super) fn set(&self, canvas: &mut Canvas, x: f64, y: f64) {
        for segment in &self.segments {
            canvas.line(segment.words.iter().copied(), x + segment.x, y, self.height);
        }
    }
}

/// The lines of a paragraph between margins `width` apart; never none.
pub(super) fn lines<'p>(paragraph: &'p Paragraph, width: f64) -> Vec<Line<'p>> {
    let properties = &paragraph.properties;
    let left = properties.left.unwrap_or(0.0).clamp(0.0, (width - NARROWEST).max(0.0));
    let mut setter = Setter {
        lines: Vec::new(),
        segments: Vec::new(),
        segment: Segment {
            x: (left + properties.first.unwrap_or(0.0)).clamp(0.0, width),
            ..Segment::default()
        },
        stop: Align::Left,
        left,
        width,
        align: properties.align.unwrap_or(Align::Left),
        empty: paragraph.face.unwrap_or(DEFAULT_FACE),
        break_before: Break::None,
    };
    for token in &paragraph.tokens {
        match token {
            Token::Word(word, face) if !word.is_empty() => setter.word(word, *face),
            Token::Word(..) => {}
            Token::Tab => setter.tab(&properties.tabs),
            Token::Line => setter.finish_line(),
            Token::Page | Token::RenderedPage => {
                if setter.has_content() {
                    setter.finish_line();
                }
                // A break that the author set was also the last program's.
                if setter.break_before != Break::Page {
                    setter.break_before = if *token == Token::Page { Break::Page } else { Break::Rendered };
                }
            }
        }
    }
    if setter.has_content() || setter.lines.is_empty() || setter.break_before == Break::Page {
        setter.finish_line();
    }
    setter.lines
}

/// Breaks a paragraph into lines.
struct Setter<'p> {
    lines: Vec<Line<'p>>,
    segments: Vec<Segment<'p>>,
    /// The segment that words are added to.
    segment: Segment<'p>,
    /// How it stands at its tab stop, which is its `x` until it is finished.
    stop: Align,
    left: f64,
    width: f64,
    align: Align,
    /// The face of a line without words.
    empty: Face,
    break_before: Break,
}

impl<'p> Setter<'p> {
    fn has_content(&self) -> bool {
        !self.segments.is_empty() || !self.segment.words.is_empty()
    }

    fn word(&mut self, word: &'p str, face: Face) {
        let own = face.width(word);
        let blank = if self.segment.words.is_empty() { 0.0 } else { face.blank() };
        let end = self.segment.x + self.segment.width + blank + own;
        if self.stop == Align::Left && end > self.width && self.has_content() {
            self.finish_line();
            self.segment.width = own;
        } else {
            self.segment.width += blank + own;
        }
        self.segment.words.push((word, face));
    }

    fn tab(&mut self, stops: &[(f64, Align)]) {
        self.finish_segment();
        let pen = self.segments.last().map_or(self.segment.x, |last| last.x + last.width);
        let set = stops.iter().copied().find(|&(at, _)| at > pen + 1.0 && at <= self.width + 1.0);
        let hanging = (pen + 1.0 < self.left).then_some((self.left, Align::Left));
        let (x, stop) = match (set, hanging) {
            (Some(set), Some(hanging)) if hanging.0 < set.0 => hanging,
            (Some(set), _) => set,
            (None, Some(hanging)) => hanging,
            (None, None) => (((pen + 1.0) / TAB).ceil() * TAB, Align::Left),
        };
        if x > self.width && stop == Align::Left {
            self.finish_line();
        } else {
            self.segment.x = x;
            self.stop = stop;
        }
    }

    /// Puts a segment where its stop says, after the one before it.
    fn finish_segment(&mut self) {
        let mut segment = std::mem::take(&mut self.segment);
        let end = self.segments.last().map_or(0.0, |last| last.x + last.width);
        let shift = match std::mem::replace(&mut self.stop, Align::Left) {
            Align::Left => 0.0,
            Align::Centre => segment.width / 2.0,
            Align::Right => segment.width,
        };
        segment.x = (segment.x - shift).max(end.min(segment.x));
        // A tab without words before it moves the pen all the same.
        self.segment.x = segment.x;
        if !segment.words.is_empty() {
            self.segments.push(segment);
        }
    }

    fn finish_line(&mut self) {
        self.finish_segment();
        let mut segments = std::mem::take(&mut self.segments);
        if let [only] = segments.as_mut_slice() {
            let free = (self.width - only.x - only.width).max(0.0);
            only.x += match self.align {
                Align::Left => 0.0,
                Align::Centre => free / 2.0,
                Align::Right => free,
            };
        }
        let faces = segments.iter().flat_map(|segment| segment.words.iter().map(|(_, face)| *face));
        let height = faces.map(Face::line_height).reduce(f64::max).unwrap_or(self.empty.line_height());
        let break_before = std::mem::replace(&mut self.break_before, Break::None);
        self.lines.push(Line { segments, height, break_before });
        self.segment = Segment { x: self.left, ..Segment::default() };
    }
}
