//! Fonts as a reader needs them: what a code says, how far it advances, how tall it stands.

use rustc_hash::FxHashMap as HashMap;
use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use hayro_cmap::BfString;
use hayro_font::{
    CMapResolverFn, Font, FontCache, FontGlyph, FontQuery, FontResolverFn, StandardFont, UNITS_PER_EM,
};
use hayro_syntax::object::dict::keys;
use hayro_syntax::object::{Array, Dict, Name};

use super::stream::is_sane_font;
use super::unicode::Fallbacks;

/// What stands for a character that has no Unicode value.
pub(super) const UNDECODABLE: &str = "\u{FFFD}";

/// Where a font's dictionary stands in memory, and its length: the bytes stay there as long as the document lives.
type FaceKey = (usize, usize);

/// The fonts of a document, each loaded once.
pub(super) struct Fonts<'a> {
    cache: FontCache<'a>,
    resolve_font: FontResolverFn,
    resolve_cmap: CMapResolverFn,
    max_stream_bytes: usize,
    faces: RefCell<HashMap<FaceKey, Option<Rc<Face<'a>>>>>,
}

impl<'a> Fonts<'a> {
    pub(super) fn new(max_stream_bytes: usize) -> Self {
        Self {
            max_stream_bytes,
            cache: FontCache::new(),
            resolve_font: Arc::new(|query| {
                Some(match query {
                    FontQuery::Standard(font) => font.get_font_data(),
                    FontQuery::Fallback(query) => query.pick_standard_font().get_font_data(),
                })
            }),
            resolve_cmap: Arc::new(hayro_cmap::load_embedded),
            faces: RefCell::default(),
        }
    }

    /// The font that a dictionary describes; `None` where it is beyond use.
    pub(super) fn face(&self, dict: &Dict<'a>) -> Option<Rc<Face<'a>>> {
        let key = (dict.data().as_ptr() as usize, dict.data().len());
        if let Some(face) = self.faces.borrow().get(&key) {
            return face.clone();
        }
        let face = is_sane_font(dict, self.max_stream_bytes)
            .then(|| self.cache.font(dict, &self.resolve_font, &self.resolve_cmap))
            .flatten()
            .map(|font| Rc::new(Face::new(font, dict)));
        self.faces.borrow_mut().insert(key, face.clone());
        face
    }

    /// What viewers use where a page names no font, or one that is beyond use.
    pub(super) fn substitute(&self) -> Option<Rc<Face<'a>>> {
        let font = self.cache.standard_font(StandardFont::Helvetica, &self.resolve_font)?;
        Some(Rc::new(Face { is_substitute: true, ..Face::new(font, &Dict::empty()) }))
    }
}

/// What one character code means.
#[derive(Debug, Clone)]
pub(super) struct Code {
    /// The characters; [`UNDECODABLE`] where there is no Unicode value, empty where the code draws nothing.
    pub(super) text: Rc<str>,
    /// 1 where the document states the text, less for a guess, 0 where there is none.
    pub(super) confidence: f32,
}

impl Code {
    pub(super) fn new(text: impl Into<Rc<str>>) -> Self {
        Self { text: text.into(), confidence: 1.0 }
    }

    /// Text that the document does not state.
    pub(super) fn guess(c: char) -> Self {
        Self { text: c.to_string().into(), confidence: 0.5 }
    }

    fn undecodable() -> Self {
        Self { text: UNDECODABLE.into(), confidence: 0.0 }
    }
}

/// A font with its metrics, in units of the em.
pub(super) struct Face<'a> {
    font: Font<'a>,
    /// Above the baseline.
    pub(super) ascent: f64,
    /// Below the baseline; not positive.
    pub(super) descent: f64,
    pub(super) bold: bool,
    is_composite: bool,
    /// Stands for a font that could not be had: only what is ASCII can be trusted.
    is_substitute: bool,
    fallbacks: Fallbacks,
    codes: RefCell<HashMap<u32, Code>>,
}

impl<'a> Face<'a> {
    fn new(font: Font<'a>, dict: &Dict<'a>) -> Self {
        let descendant =
            dict.get::<Array<'_>>(keys::DESCENDANT_FONTS).and_then(|fonts| fonts.iter::<Dict<'_>>().next());
        let descriptor =
            descendant.as_ref().unwrap_or(dict).get::<Dict<'_>>(keys::FONT_DESC).unwrap_or_default();
        let name = dict.get::<Name<'_>>(keys::BASE_FONT);
        let (ascent, descent) = vertical_metrics(&descriptor, descendant.is_some());
        Self {
            font,
            ascent,
            descent,
            bold: is_bold(name.as_ref().map_or("", |name| name.as_str()), &descriptor),
            is_composite: descendant.is_some(),
            is_substitute: false,
            fallbacks: Fallbacks::new(dict, descendant.as_ref()),
            codes: RefCell::default(),
        }
    }

    pub(super) fn is_horizontal(&self) -> bool {
        self.font.is_horizontal()
    }

    /// The next code of a shown string and its length in bytes.
    pub(super) fn read_code(&self, bytes: &[u8], offset: usize) -> (u32, usize) {
        self.font.read_code(bytes, offset)
    }

    /// How far a code moves along the line, in ems: to the right, or up for vertical writing.
    pub(super) fn advance(&self, code: u32) -> (f64, f64) {
        let advance = self.font.code_advance(code);
        (advance.x / f64::from(UNITS_PER_EM), advance.y / f64::from(UNITS_PER_EM))
    }

    pub(super) fn decode(&self, code: u32, length: usize) -> Code {
        self.codes.borrow_mut().entry(code).or_insert_with(|| self.decode_uncached(code, length)).clone()
    }

    fn decode_uncached(&self, code: u32, length: usize) -> Code {
        if self.is_substitute && !(0x20..0x7F).contains(&code) {
            return Code::undecodable();
        }
        let stated = match self.font.glyph(self.font.map_code(code), code) {
            FontGlyph::Outline(glyph) => glyph.as_unicode(),
            FontGlyph::Type3(glyph) => glyph.as_unicode(),
        };
        let stated = stated.map(|text| match text {
            BfString::Char(c) => c.to_string(),
            BfString::String(text) => text,
        });
        let length = u8::try_from(length).unwrap_or(u8::MAX);
        match self.fallbacks.decode(&self.font, code, length, stated) {
            Some(code) => code,
            // Control codes of simple fonts draw nothing.
            None if !self.is_composite && code < 0x20 => Code::new(""),
            None => Code::undecodable(),
        }
    }
}

/// Ascent and descent from the descriptor, mended as poppler does: signs are often wrong, and zero means unknown.
fn vertical_metrics(descriptor: &Dict<'_>, composite: bool) -> (f64, f64) {
    let metric = |key| {
        let value = descriptor.get::<f64>(key)?.abs() / 1000.0;
        (value > 0.0 && value < 3.0).then_some(value)
    };
    let (ascent, descent) = if composite { (0.95, 0.35) } else { (0.75, 0.25) };
    (metric(keys::ASCENT).unwrap_or(ascent), -metric(keys::DESCENT).unwrap_or(descent))
}

fn is_bold(name: &str, descriptor: &Dict<'_>) -> bool {
    let name = name.to_ascii_lowercase();
    ["bold", "black", "heavy"].iter().any(|weight| name.contains(weight))
        || descriptor.get::<f32>(keys::FONT_WEIGHT).is_some_and(|weight| weight >= 600.0)
        || descriptor
            .get::<Name<'_>>(keys::FONT_NAME)
            .is_some_and(|name| name.deref().to_ascii_lowercase().windows(4).any(|w| w == b"bold"))
}
