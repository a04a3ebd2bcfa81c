//! One page: its geometry, its content, its words in order, and what is wrong with it.

use hayro_font::kurbo::{Affine, Rect};
use hayro_syntax::object::dict::keys;
use hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use hayro_syntax::page::{Page as Source, Resources, Rotation};
use sheaf_types::{BoundingBox, Page, PageWarning, Rule, Word};

use super::content::{Drawing, Environment, Interpreter};
use super::words::{self, Fragment};
use super::{form, order, overprint};

/// Share of characters without Unicode above which a page counts as undecodable.
const UNDECODABLE: f64 = 0.3;
/// Words that a stamp on a scan may have.
const STAMP_WORDS: usize = 15;
/// Share of a page that the images of a scan cover.
const SCAN_COVER: f64 = 0.7;
/// Least side of a box, in points.
const MIN_SIDE: f64 = 0.2;
/// Annotations of a page that are drawn.
const MAX_ANNOTATIONS: usize = 10_000;
const HIDDEN: u32 = 1 << 1;
const NO_VIEW: u32 = 1 << 5;

/// Pictures on a page.
#[derive(Default)]
pub(super) struct Pictures {
    /// Where they stand.
    pub(super) places: Vec<BoundingBox>,
    /// Whether the page's text is without ink: what somebody's recognition left there.
    pub(super) have_layer: bool,
}

/// Reads a page and its pictures; `None` where the time is over.
pub(super) fn read<'a>(source: &Source<'a>, number: u32, env: &Environment<'a>) -> Option<(Page, Pictures)> {
    let (width, height) = source.render_dimensions();
    let (width, height) = (f64::from(width), f64::from(height));
    let display = Affine::new(source.initial_transform(true).as_coeffs());
    let mut interpreter = Interpreter::new(env);
    if interpreter.is_late() {
        return None;
    }
    draw_content(source, display, env.limits.max_stream_bytes, &mut interpreter);
    draw_annotations(source, display, &mut interpreter);
    let mut drawing = interpreter.drawing;
    if drawing.timed_out {
        return None;
    }
    let sheet = Rect::new(0.0, 0.0, width, height);
    keep_shown(&mut drawing, sheet);
    overprint::remove(&mut drawing.glyphs);
    let invisible = drawing.glyphs.iter().filter(|glyph| glyph.invisible).count();
    let have_layer = invisible * 2 > drawing.glyphs.len();
    let mut words = words::words(&drawing.glyphs);
    words.extend(form::words(source, display, form_turn(source), &words));
    let words = order::sort(words);

    let unit =
        source.raw().get::<f64>(keys::USER_UNIT).filter(|unit| *unit > 0.0 && *unit < 1e4).unwrap_or(1.0);
    let page = Page {
        number,
        width: (width * unit) as f32,
        height: (height * unit) as f32,
        warnings: warnings(&drawing, &words, sheet),
        words: words.into_iter().map(|word| self::word(word, sheet, unit)).collect(),
        rules: drawing
            .rules
            .iter()
            .filter(|rule| rule.overlaps(sheet))
            .map(|rule| Rule { bbox: bounding_box(*rule, sheet) })
            .collect(),
        cells: Vec::new(),
    };
    let places = drawing.images.iter().map(|image| bounding_box(*image, sheet)).collect();
    Some((page, Pictures { places, have_layer }))
}

/// Quarter turns of a field's text: it stands upright on the page before the page is turned.
fn form_turn(source: &Source<'_>) -> u8 {
    match source.rotation() {
        Rotation::None => 0,
        Rotation::Horizontal => 1,
        Rotation::Flipped => 2,
        Rotation::FlippedHorizontal => 3,
    }
}

fn draw_content<'a>(source: &Source<'a>, display: Affine, max: usize, interpreter: &mut Interpreter<'a, '_>) {
    let contents = match source.raw().get::<Object<'_>>(keys::CONTENTS) {
        Some(Object::Stream(stream)) => vec![Object::Stream(stream)],
        Some(Object::Array(parts)) => parts.iter::<Object<'_>>().collect(),
        _ => Vec::new(),
    };
    let mut content = Vec::new();
    for part in contents {
        if content.len() > max {
            interpreter.drawing.truncated = true;
            break;
        }
        match part.into_stream() {
            Some(stream) => content.extend_from_slice(&interpreter.decode(&stream).unwrap_or_default()),
            None => interpreter.drawing.damaged = true,
        }
        content.push(b'\n');
    }
    interpreter.draw(&content, source.resources(), display);
}

fn draw_annotations<'a>(source: &Source<'a>, display: Affine, interpreter: &mut Interpreter<'a, '_>) {
    let Some(annotations) = source.raw().get::<Array<'_>>(keys::ANNOTS) else { return };
    for annotation in annotations.iter::<Dict<'_>>().take(MAX_ANNOTATIONS) {
        if interpreter.is_late() {
            return;
        }
        let flags = annotation.get::<u32>(keys::F).unwrap_or(0);
        if flags & (HIDDEN | NO_VIEW) != 0 {
            continue;
        }
        if let Some(appearance) = appearance(&annotation)
            && let Some(transform) = appearance_transform(&annotation, appearance.dict())
        {
            interpreter.draw_form(&appearance, &Resources::new(Dict::empty()), display * transform);
        }
    }
}

fn appearance<'a>(annotation: &Dict<'a>) -> Option<Stream<'a>> {
    match annotation.get::<Dict<'_>>(keys::AP)?.get::<Object<'_>>(keys::N)? {
        Object::Stream(stream) => Some(stream),
        Object::Dict(states) => states.get::<Stream<'_>>(annotation.get::<Name<'_>>(keys::AS)?),
        _ => None,
    }
}

/// Maps an appearance's box to the annotation's rectangle (ISO 32000-1, 12.5.5).
fn appearance_transform(annotation: &Dict<'_>, form: &Dict<'_>) -> Option<Affine> {
    let [x0, y0, x1, y1] = annotation.get::<[f64; 4]>(keys::RECT)?;
    let rect = Rect::new(x0, y0, x1, y1).abs();
    // Viewers take a missing box for one at the origin, as large as the rectangle.
    let [x0, y0, x1, y1] =
        form.get::<[f64; 4]>(keys::BBOX).unwrap_or([0.0, 0.0, rect.width(), rect.height()]);
    let matrix = Affine::new(form.get::<[f64; 6]>(keys::MATRIX).unwrap_or([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]));
    let bbox = matrix.transform_rect_bbox(Rect::new(x0, y0, x1, y1).abs());
    if bbox.area() == 0.0 {
        return None;
    }
    let (sx, sy) = (rect.width() / bbox.width(), rect.height() / bbox.height());
    Some(Affine::new([sx, 0.0, 0.0, sy, rect.x0 - sx * bbox.x0, rect.y0 - sy * bbox.y0]))
}

/// Leaves out what does not show: off the page, or without ink where no image stands for it.
fn keep_shown(drawing: &mut Drawing, sheet: Rect) {
    let images = &drawing.images;
    drawing.glyphs.retain(|glyph| {
        let middle = glyph.origin + glyph.advance * 0.5 + (glyph.ascent + glyph.descent) * 0.5;
        sheet.contains(middle) && (!glyph.invisible || images.iter().any(|image| image.contains(middle)))
    });
    drawing.images.retain(|image| image.intersect(sheet).area() > 0.0);
}

fn warnings(drawing: &Drawing, words: &[Fragment], sheet: Rect) -> Vec<PageWarning> {
    let mut warnings = Vec::new();
    if drawing.damaged {
        warnings.push(PageWarning::Damaged);
    }
    if drawing.truncated {
        warnings.push(PageWarning::Truncated);
    }
    let is_drawn_on = !drawing.images.is_empty() || drawing.shapes > 0;
    if words.is_empty() && !is_drawn_on {
        warnings.push(PageWarning::Blank);
    } else if words.is_empty() || is_stamped_scan(drawing, words, sheet) {
        warnings.push(PageWarning::Scanned);
    } else if words::undecodable_share(words) > UNDECODABLE {
        warnings.push(PageWarning::Undecodable);
    }
    warnings
}

/// Whether images fill the page and its few words are no more than a stamp or a page number.
fn is_stamped_scan(drawing: &Drawing, words: &[Fragment], sheet: Rect) -> bool {
    let covered: f64 = drawing.images.iter().map(|image| image.intersect(sheet).area()).sum();
    words.len() <= STAMP_WORDS && covered >= SCAN_COVER * sheet.area()
}

pub(super) fn word(word: Fragment, sheet: Rect, unit: f64) -> Word {
    Word {
        bbox: bounding_box(word.bounds, sheet),
        text: word.text,
        confidence: word.confidence,
        font_size: (word.size * unit) as f32,
        bold: word.bold,
        turn: word.turn,
        source: word.source,
    }
}

pub(super) fn bounding_box(rect: Rect, sheet: Rect) -> BoundingBox {
    let x = |x: f64| (x / sheet.width()).clamp(0.0, 1.0) as f32;
    let y = |y: f64| (y / sheet.height()).clamp(0.0, 1.0) as f32;
    // A box without an area could not be shown, nor hit.
    let rect = rect.inflate(grow(rect.width()), grow(rect.height()));
    BoundingBox { x0: x(rect.x0), y0: y(rect.y0), x1: x(rect.x1), y1: y(rect.y1) }
}

/// What a side lacks to its least length, for each end.
fn grow(length: f64) -> f64 {
    (0.5 * (MIN_SIDE - length)).max(0.0)
}
