//! The graphics and text state, as far as it moves or hides text.

use std::rc::Rc;

use hayro_font::kurbo::{Affine, Point, Rect};

use super::content::Glyph;
use super::font::{Code, Face};

#[derive(Clone)]
pub(super) struct State<'a> {
    pub(super) ctm: Affine,
    /// What clips leave of the page, as an upright rectangle.
    pub(super) clip: Rect,
    pub(super) line_width: f64,
    pub(super) face: Option<Rc<Face<'a>>>,
    pub(super) font_size: f64,
    pub(super) char_spacing: f64,
    pub(super) word_spacing: f64,
    /// Horizontal, 1 for none.
    pub(super) scaling: f64,
    pub(super) leading: f64,
    pub(super) rise: f64,
    pub(super) rendering_mode: i64,
    pub(super) text_matrix: Affine,
    pub(super) line_matrix: Affine,
}

impl<'a> State<'a> {
    pub(super) fn new(ctm: Affine) -> Self {
        Self {
            ctm,
            clip: Rect::new(-1e9, -1e9, 1e9, 1e9),
            line_width: 1.0,
            face: None,
            font_size: 1.0,
            char_spacing: 0.0,
            word_spacing: 0.0,
            scaling: 1.0,
            leading: 0.0,
            rise: 0.0,
            rendering_mode: 0,
            text_matrix: Affine::IDENTITY,
            line_matrix: Affine::IDENTITY,
        }
    }

    pub(super) fn set_text_matrix(&mut self, matrix: Affine) {
        self.text_matrix = matrix;
        self.line_matrix = matrix;
    }

    pub(super) fn next_line(&mut self, x: f64, y: f64) {
        self.set_text_matrix(self.line_matrix * Affine::translate((x, y)));
    }

    pub(super) fn advance(&mut self, x: f64, y: f64) {
        self.text_matrix *= Affine::translate((x, y));
    }

    /// Moves by a number of a `TJ` array: thousandths of the em, against the writing direction.
    pub(super) fn adjust(&mut self, thousandths: f64) {
        let distance = -thousandths / 1000.0 * self.font_size;
        if self.face.as_ref().is_none_or(|face| face.is_horizontal()) {
            self.advance(distance * self.scaling, 0.0);
        } else {
            self.advance(0.0, distance);
        }
    }

    /// The character that the pen draws now; `advance` as the font gives it, `show` counts operators.
    pub(super) fn glyph(&self, face: &Face<'a>, code: Code, advance: (f64, f64), show: usize) -> Glyph {
        let size = self.font_size;
        let em =
            self.ctm * self.text_matrix * Affine::new([size * self.scaling, 0.0, 0.0, size, 0.0, self.rise]);
        let vector = |x: f64, y: f64| em * Point::new(x, y) - em * Point::ORIGIN;
        let up = vector(0.0, 1.0);
        let unit = (self.ctm * self.text_matrix * Point::new(self.scaling, 0.0)
            - self.ctm * self.text_matrix * Point::ORIGIN)
            .hypot();
        let (advance, ascent, descent) = if face.is_horizontal() {
            (vector(advance.0, 0.0), up * face.ascent, up * face.descent)
        } else {
            // The glyph hangs below the pen, centred on it.
            (vector(0.0, advance.1), vector(0.5, 0.0), vector(-0.5, 0.0))
        };
        Glyph {
            code,
            origin: em * Point::ORIGIN,
            advance,
            ascent,
            descent,
            size: up.hypot() * face.em,
            show,
            stretch: vector(1.0, 0.0).hypot() / up.hypot(),
            spacing: self.char_spacing * unit,
            bold: face.bold || self.rendering_mode == 2,
            invisible: self.rendering_mode == 3,
        }
    }
}
