//! A page's content: the drawing operators, followed as far as text, lines and images need it.
//!
//! Colours, patterns, shadings and the pixels of images are never looked at.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Instant;

use hayro_font::kurbo::{Affine, Point, Rect, Vec2};
use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_syntax::object::dict::keys;
use hayro_syntax::object::{Array, Dict, Name, Number, Object, Stream, String as PdfString};
use hayro_syntax::page::Resources;

use super::Limits;
use super::font::{Code, Face, Fonts};
use super::layers::Layers;
use super::marked::Marks;
use super::path::Path;
use super::stream::{Flaw, decode};
use super::unicode::text_string;

/// Content nested deeper (forms in forms) is left out.
const MAX_DEPTH: u32 = 30;
/// Saved graphics states; further ones are not saved.
const MAX_STATES: usize = 1_000;
/// Images of a page whose places are kept apart.
const MAX_IMAGES: usize = 1_000;
/// Operators between two looks at the clock.
const CLOCK_INTERVAL: usize = 4_096;

/// A character as drawn, in the coordinates of the displayed page: points, origin top left.
#[derive(Debug, Clone)]
pub(super) struct Glyph {
    pub(super) code: Code,
    /// Where the pen stood, on the baseline.
    pub(super) origin: Point,
    /// How far the pen moved for the character itself, without letter or word spacing.
    pub(super) advance: Vec2,
    /// From the baseline to the top of the font.
    pub(super) ascent: Vec2,
    /// From the baseline to the bottom of the font.
    pub(super) descent: Vec2,
    /// Height of the em.
    pub(super) size: f64,
    /// Letter spacing that follows by the text state.
    pub(super) spacing: f64,
    /// Width against height, 1 for text that is not stretched.
    pub(super) stretch: f64,
    /// The show operator that drew it, counted from the page's first.
    pub(super) show: usize,
    pub(super) bold: bool,
    /// Drawn without ink (rendering mode 3).
    pub(super) invisible: bool,
}

/// What a page's content drew.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    pub(super) glyphs: Vec<Glyph>,
    /// Horizontal and vertical lines.
    pub(super) rules: Vec<Rect>,
    /// Where images stand.
    pub(super) images: Vec<Rect>,
    /// Painted paths that are no rules.
    pub(super) shapes: usize,
    /// Some content could not be decoded.
    pub(super) damaged: bool,
    /// A limit ended the reading early.
    pub(super) truncated: bool,
    /// The time is over.
    pub(super) timed_out: bool,
}

impl Drawing {
    fn add_image(&mut self, place: Rect) {
        if self.images.len() < MAX_IMAGES {
            self.images.push(place);
        } else if let Some(last) = self.images.last_mut() {
            // Pages made of thousands of strips: the rest is known as one.
            *last = last.union(place);
        }
    }
}

/// What stays the same while a document is read.
pub(super) struct Environment<'a> {
    pub(super) fonts: Fonts<'a>,
    pub(super) layers: Layers,
    pub(super) limits: Limits,
    pub(super) deadline: Instant,
}

/// Follows content streams and collects what they draw.
pub(super) struct Interpreter<'a, 'e> {
    env: &'e Environment<'a>,
    pub(super) drawing: Drawing,
    marks: Marks,
    operators: usize,
    shows: usize,
    depth: u32,
}

impl<'a, 'e> Interpreter<'a, 'e> {
    pub(super) fn new(env: &'e Environment<'a>) -> Self {
        Self { env, drawing: Drawing::default(), marks: Marks::default(), operators: 0, shows: 0, depth: 0 }
    }

    /// Draws a content stream; `transform` leads from its coordinates to the displayed page.
    pub(super) fn draw(&mut self, content: &[u8], resources: &Resources<'a>, transform: Affine) {
        self.interpret(content, resources, State::new(transform));
    }

    /// Draws a form XObject, or an annotation's appearance.
    pub(super) fn draw_form(&mut self, form: &Stream<'a>, resources: &Resources<'a>, transform: Affine) {
        self.form(form, resources, State::new(transform));
    }

    /// Decodes a stream; what is wrong with it goes to the page's warnings.
    pub(super) fn decode(&mut self, stream: &Stream<'a>) -> Option<Cow<'a, [u8]>> {
        match decode(stream, self.env.limits.max_stream_bytes) {
            Ok(content) => Some(content),
            Err(Flaw::Damaged) => {
                self.drawing.damaged = true;
                None
            }
            Err(Flaw::TooLarge) => {
                self.drawing.truncated = true;
                None
            }
        }
    }

    /// Whether no more time is left; what takes long asks before it begins.
    pub(super) fn is_late(&mut self) -> bool {
        self.drawing.timed_out |= Instant::now() >= self.env.deadline;
        self.drawing.timed_out
    }

    fn is_over(&mut self) -> bool {
        self.operators += 1;
        if self.operators > self.env.limits.max_operators_per_page
            || self.drawing.glyphs.len() >= self.env.limits.max_glyphs_per_page
        {
            self.drawing.truncated = true;
        }
        if self.operators.is_multiple_of(CLOCK_INTERVAL) {
            self.is_late();
        }
        self.drawing.truncated || self.drawing.timed_out
    }

    fn interpret(&mut self, content: &[u8], resources: &Resources<'a>, mut state: State<'a>) {
        let mut saved: Vec<State<'a>> = Vec::new();
        let mut path = Path::default();
        let marks = self.marks.depth();
        let mut ops = TypedIter::new(content);
        while let Some(op) = ops.next() {
            if self.is_over() {
                break;
            }
            match op {
                Op::SaveState(_) if saved.len() < MAX_STATES => saved.push(state.clone()),
                Op::RestoreState(_) => {
                    if let Some(previous) = saved.pop() {
                        state = previous;
                    }
                }
                Op::Transform(m) => state.ctm *= affine([m.0, m.1, m.2, m.3, m.4, m.5]),
                Op::LineWidth(width) => state.line_width = width.0.as_f64(),
                Op::SetGraphicsState(name) => {
                    if let Some(dict) = resources.get_ext_g_state(name.0) {
                        self.apply_graphics_state(&dict, &mut state);
                    }
                }

                Op::MoveTo(p) => path.move_to(state.ctm * point(p.0, p.1)),
                Op::LineTo(p) => path.line_to(state.ctm * point(p.0, p.1)),
                Op::CubicTo(p) => path.curve_to(state.ctm * point(p.4, p.5)),
                Op::CubicStartTo(p) => path.curve_to(state.ctm * point(p.2, p.3)),
                Op::CubicEndTo(p) => path.curve_to(state.ctm * point(p.2, p.3)),
                Op::ClosePath(_) => path.close(),
                Op::RectPath(r) => {
                    let [x, y, w, h] = [r.0, r.1, r.2, r.3].map(|n| n.as_f64());
                    path.rectangle(
                        [(x, y), (x + w, y), (x + w, y + h), (x, y + h)].map(|p| state.ctm * Point::from(p)),
                    );
                }
                Op::FillPathNonZero(_) | Op::FillPathNonZeroCompatibility(_) | Op::FillPathEvenOdd(_) => {
                    self.paint(&mut path, &mut state, true, false);
                }
                Op::StrokePath(_) => self.paint(&mut path, &mut state, false, true),
                Op::CloseAndStrokePath(_) => {
                    path.close();
                    self.paint(&mut path, &mut state, false, true);
                }
                Op::FillAndStrokeNonZero(_) | Op::FillAndStrokeEvenOdd(_) => {
                    self.paint(&mut path, &mut state, true, true);
                }
                Op::CloseFillAndStrokeNonZero(_) | Op::CloseFillAndStrokeEvenOdd(_) => {
                    path.close();
                    self.paint(&mut path, &mut state, true, true);
                }
                Op::EndPath(_) => self.paint(&mut path, &mut state, false, false),
                Op::ClipNonZero(_) | Op::ClipEvenOdd(_) => path.clips = true,

                Op::BeginText(_) => state.set_text_matrix(Affine::IDENTITY),
                Op::TextFont(f) => {
                    state.font_size = f.1.as_f64();
                    state.face = resources.get_font(f.0).and_then(|dict| self.env.fonts.face(&dict));
                }
                Op::CharacterSpacing(n) => state.char_spacing = n.0.as_f64(),
                Op::WordSpacing(n) => state.word_spacing = n.0.as_f64(),
                Op::HorizontalScaling(n) => state.scaling = n.0.as_f64() / 100.0,
                Op::TextLeading(n) => state.leading = n.0.as_f64(),
                Op::TextRise(n) => state.rise = n.0.as_f64(),
                Op::TextRenderingMode(n) => state.rendering_mode = n.0.as_i64(),
                Op::NextLine(n) => state.next_line(n.0.as_f64(), n.1.as_f64()),
                Op::NextLineAndSetLeading(n) => {
                    state.leading = -n.1.as_f64();
                    state.next_line(n.0.as_f64(), n.1.as_f64());
                }
                Op::SetTextMatrix(m) => state.set_text_matrix(affine([m.0, m.1, m.2, m.3, m.4, m.5])),
                Op::NextLineUsingLeading(_) => state.next_line(0.0, -state.leading),
                Op::ShowText(text) => self.show_single(&mut state, text.0),
                Op::ShowTexts(parts) => self.show_adjusted(&mut state, parts.0),
                Op::NextLineAndShowText(text) => {
                    state.next_line(0.0, -state.leading);
                    self.show_single(&mut state, text.0);
                }
                Op::ShowTextWithParameters(text) => {
                    state.word_spacing = text.0.as_f64();
                    state.char_spacing = text.1.as_f64();
                    state.next_line(0.0, -state.leading);
                    self.show_single(&mut state, text.2);
                }

                Op::XObject(name) => {
                    if let Some(object) = resources.get_x_object(name.0) {
                        self.x_object(&object, resources, &state);
                    }
                }
                Op::InlineImage(_) => self.image(&state),
                Op::BeginMarkedContent(_) => self.marks.begin(true, None, 0),
                Op::BeginMarkedContentWithProperties(mark) => {
                    self.begin_marked_content(mark.0, mark.1, resources);
                }
                Op::EndMarkedContent(_) if self.marks.depth() > marks => {
                    self.marks.end(&mut self.drawing.glyphs);
                }
                _ => {}
            }
        }
        while self.marks.depth() > marks {
            self.marks.end(&mut self.drawing.glyphs);
        }
    }

    fn begin_marked_content(&mut self, tag: &Name<'_>, properties: &Object<'_>, resources: &Resources<'a>) {
        let (visible, actual_text) = match properties {
            Object::Name(name) => (
                tag.as_ref() != b"OC" || self.env.layers.is_entry_visible(&resources.properties, name),
                resources.properties.get::<Dict<'_>>(name).and_then(|dict| actual_text(&dict)),
            ),
            Object::Dict(dict) => (true, actual_text(dict)),
            _ => (true, None),
        };
        self.marks.begin(visible, actual_text, self.drawing.glyphs.len());
    }

    fn apply_graphics_state(&self, dict: &Dict<'a>, state: &mut State<'a>) {
        if let Some(width) = dict.get::<f64>(b"LW") {
            state.line_width = width;
        }
        if let Some(font) = dict.get::<Array<'_>>(keys::FONT) {
            let mut parts = font.iter::<Object<'_>>();
            if let (Some(dict), Some(size)) =
                (parts.next().and_then(Object::into_dict), parts.next().and_then(Object::into_number))
            {
                state.face = self.env.fonts.face(&dict);
                state.font_size = size.as_f64();
            }
        }
    }

    fn paint(&mut self, path: &mut Path, state: &mut State<'a>, fill: bool, stroke: bool) {
        if (fill || stroke) && self.marks.is_visible() {
            let rules = &mut self.drawing.rules;
            let room = self.env.limits.max_rules_per_page.saturating_sub(rules.len());
            let before = rules.len();
            let width = state.line_width * state.ctm.determinant().abs().sqrt();
            let found = path.rules(fill, stroke.then_some(width));
            rules.extend(
                found
                    .into_iter()
                    .map(|rule| rule.intersect(state.clip))
                    .filter(|r| r.width() > 0.0 || r.height() > 0.0)
                    .take(room),
            );
            if rules.len() == before {
                self.drawing.shapes += 1;
            }
        }
        if path.clips
            && let Some(bounds) = path.bounds()
        {
            state.clip = state.clip.intersect(bounds);
        }
        path.clear();
    }

    fn x_object(&mut self, object: &Stream<'a>, resources: &Resources<'a>, state: &State<'a>) {
        let dict = object.dict();
        if !self.marks.is_visible() || !self.env.layers.is_entry_visible(dict, keys::OC) {
            return;
        }
        match dict.get::<Name<'_>>(keys::SUBTYPE).as_deref() {
            Some(keys::FORM) => self.form(object, resources, state.clone()),
            Some(keys::IMAGE) => self.image(state),
            _ => {}
        }
    }

    fn form(&mut self, form: &Stream<'a>, resources: &Resources<'a>, mut state: State<'a>) {
        if self.depth >= MAX_DEPTH {
            self.drawing.truncated = true;
            return;
        }
        if self.is_late() {
            return;
        }
        let dict = form.dict();
        let Some(content) = self.decode(form) else { return };
        if let Some(matrix) = dict.get::<[f64; 6]>(keys::MATRIX) {
            state.ctm *= Affine::new(matrix);
        }
        if let Some([x0, y0, x1, y1]) = dict.get::<[f64; 4]>(keys::BBOX) {
            state.clip = state.clip.intersect(state.ctm.transform_rect_bbox(Rect::new(x0, y0, x1, y1).abs()));
        }
        let own = dict.get::<Dict<'_>>(keys::RESOURCES).map(Resources::new);
        self.depth += 1;
        self.interpret(&content, own.as_ref().unwrap_or(resources), state);
        self.depth -= 1;
    }

    fn image(&mut self, state: &State<'a>) {
        if self.marks.is_visible() {
            let place = state.ctm.transform_rect_bbox(Rect::new(0.0, 0.0, 1.0, 1.0)).intersect(state.clip);
            if place.area() > 0.0 {
                self.drawing.add_image(place);
            }
        }
    }

    fn show_single(&mut self, state: &mut State<'a>, text: &PdfString<'_>) {
        self.shows += 1;
        self.show(state, text);
    }

    fn show_adjusted(&mut self, state: &mut State<'a>, parts: &Array<'_>) {
        self.shows += 1;
        for part in parts.iter::<Object<'_>>() {
            match part {
                Object::Number(number) => state.adjust(number.as_f64()),
                Object::String(text) => self.show(state, &text),
                _ => {}
            }
        }
    }

    fn show(&mut self, state: &mut State<'a>, text: &PdfString<'_>) {
        if state.face.is_none() {
            state.face = self.env.fonts.substitute();
        }
        let Some(face) = state.face.clone() else { return };
        let bytes = text.as_bytes();
        let mut offset = 0;
        while offset < bytes.len() && self.drawing.glyphs.len() < self.env.limits.max_glyphs_per_page {
            let (code, length) = face.read_code(bytes, offset);
            let is_space_byte = length == 1 && bytes[offset] == b' ';
            offset += length;
            let (dx, dy) = face.advance(code);
            if self.marks.is_visible() {
                let code = face.decode(code, length);
                self.drawing.glyphs.push(Glyph { show: self.shows, ..state.glyph(&face, code, dx, dy) });
            }
            let spacing = state.char_spacing + if is_space_byte { state.word_spacing } else { 0.0 };
            if face.is_horizontal() {
                state.advance((dx * state.font_size + spacing) * state.scaling, 0.0);
            } else {
                state.advance(0.0, dy * state.font_size + spacing);
            }
        }
    }
}

/// The graphics and text state, as far as it moves or hides text.
#[derive(Clone)]
struct State<'a> {
    ctm: Affine,
    /// What clips leave of the page, as an upright rectangle.
    clip: Rect,
    line_width: f64,
    face: Option<Rc<Face<'a>>>,
    font_size: f64,
    char_spacing: f64,
    word_spacing: f64,
    /// Horizontal, 1 for none.
    scaling: f64,
    leading: f64,
    rise: f64,
    rendering_mode: i64,
    text_matrix: Affine,
    line_matrix: Affine,
}

impl<'a> State<'a> {
    fn new(ctm: Affine) -> Self {
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

    fn set_text_matrix(&mut self, matrix: Affine) {
        self.text_matrix = matrix;
        self.line_matrix = matrix;
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.set_text_matrix(self.line_matrix * Affine::translate((x, y)));
    }

    fn advance(&mut self, x: f64, y: f64) {
        self.text_matrix *= Affine::translate((x, y));
    }

    /// Moves by a number of a `TJ` array: thousandths of the em, against the writing direction.
    fn adjust(&mut self, thousandths: f64) {
        let distance = -thousandths / 1000.0 * self.font_size;
        if self.face.as_ref().is_none_or(|face| face.is_horizontal()) {
            self.advance(distance * self.scaling, 0.0);
        } else {
            self.advance(0.0, distance);
        }
    }

    fn glyph(&self, face: &Face<'a>, code: Code, dx: f64, dy: f64) -> Glyph {
        let size = self.font_size;
        let em =
            self.ctm * self.text_matrix * Affine::new([size * self.scaling, 0.0, 0.0, size, 0.0, self.rise]);
        let vector = |x: f64, y: f64| em * Point::new(x, y) - em * Point::ORIGIN;
        let up = vector(0.0, 1.0);
        let unit = (self.ctm * self.text_matrix * Point::new(self.scaling, 0.0)
            - self.ctm * self.text_matrix * Point::ORIGIN)
            .hypot();
        let (advance, ascent, descent) = if face.is_horizontal() {
            (vector(dx, 0.0), up * face.ascent, up * face.descent)
        } else {
            // The glyph hangs below the pen, centred on it.
            (vector(0.0, dy), vector(0.5, 0.0), vector(-0.5, 0.0))
        };
        Glyph {
            code,
            origin: em * Point::ORIGIN,
            advance,
            ascent,
            descent,
            size: up.hypot(),
            show: 0,
            stretch: vector(1.0, 0.0).hypot() / up.hypot(),
            spacing: self.char_spacing * unit,
            bold: face.bold || self.rendering_mode == 2,
            invisible: self.rendering_mode == 3,
        }
    }
}

fn actual_text(properties: &Dict<'_>) -> Option<String> {
    Some(text_string(properties.get::<PdfString<'_>>(b"ActualText")?.as_bytes()))
}

fn point(x: Number, y: Number) -> Point {
    Point::new(x.as_f64(), y.as_f64())
}

fn affine(numbers: [Number; 6]) -> Affine {
    Affine::new(numbers.map(|n| n.as_f64()))
}
