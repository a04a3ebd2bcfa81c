//! Fonts as a reader needs them: what a code says, how far it advances, how tall it stands.
//!
//! The font programs embedded in a file are large, and text can mostly be had without: the dictionary states widths
//! and Unicode values. A program is opened only for a code that the dictionary says nothing about.

use std::cell::{OnceCell, RefCell};
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use hayro_font::{CMapResolverFn, Font, FontCache, FontQuery, FontResolverFn, StandardFont, UNITS_PER_EM};
use hayro_syntax::object::dict::keys;
use hayro_syntax::object::{Array, Dict, Name};
use rustc_hash::FxHashMap;

use super::metrics::Metrics;
use super::stream::is_sane_font;
use super::unicode::{Unicode, printable};

/// What stands for a character that has no Unicode value.
pub(super) const UNDECODABLE: &str = "\u{FFFD}";
/// Advance where nothing states one, in ems.
const DEFAULT_ADVANCE: f64 = 0.5;

/// Where a font's dictionary stands in memory, and its length: the bytes stay there as long as the document lives.
type FaceKey = (usize, usize);

/// The fonts of a document, each read once.
pub(super) struct Fonts<'a> {
    loader: Rc<Loader<'a>>,
    faces: RefCell<FxHashMap<FaceKey, Rc<Face<'a>>>>,
    substitute: OnceCell<Rc<Face<'a>>>,
}

impl<'a> Fonts<'a> {
    pub(super) fn new(max_stream_bytes: usize) -> Self {
        Self {
            loader: Rc::new(Loader::new(max_stream_bytes)),
            faces: RefCell::default(),
            substitute: OnceCell::new(),
        }
    }

    /// The font that a dictionary describes.
    pub(super) fn face(&self, dict: &Dict<'a>) -> Rc<Face<'a>> {
        let key = (dict.data().as_ptr() as usize, dict.data().len());
        if let Some(face) = self.faces.borrow().get(&key) {
            return face.clone();
        }
        let face = Rc::new(Face::new(dict, self.loader.clone()));
        self.faces.borrow_mut().insert(key, face.clone());
        face
    }

    /// What viewers use where a page names no font.
    pub(super) fn substitute(&self) -> Rc<Face<'a>> {
        let face = || {
            let face = Face::new(&Dict::empty(), self.loader.clone());
            let program = self.loader.cache.standard_font(StandardFont::Helvetica, &self.loader.resolve_font);
            Rc::new(Face { is_substitute: true, program: OnceCell::from(program), ..face })
        };
        self.substitute.get_or_init(face).clone()
    }
}

/// Opens font programs.
struct Loader<'a> {
    cache: FontCache<'a>,
    resolve_font: FontResolverFn,
    resolve_cmap: CMapResolverFn,
    max_stream_bytes: usize,
}

impl<'a> Loader<'a> {
    fn new(max_stream_bytes: usize) -> Self {
        Self {
            cache: FontCache::new(),
            resolve_font: Arc::new(|query| {
                Some(match query {
                    FontQuery::Standard(font) => font.get_font_data(),
                    FontQuery::Fallback(query) => query.pick_standard_font().get_font_data(),
                })
            }),
            resolve_cmap: Arc::new(hayro_cmap::load_embedded),
            max_stream_bytes,
        }
    }

    fn load(&self, dict: &Dict<'a>) -> Option<Font<'a>> {
        if is_sane_font(dict, self.max_stream_bytes) {
            self.cache.font(dict, &self.resolve_font, &self.resolve_cmap)
        } else {
            None
        }
    }
}

/// What one character code means.
#[derive(Debug, Clone)]
pub(super) struct Code {
    /// The characters that leave ink; [`UNDECODABLE`] where there is no Unicode value, a blank for blanks, empty where
    /// nothing is drawn.
    pub(super) text: Rc<str>,
    /// 1 where the document states the text, less for a guess, 0 where there is none.
    pub(super) confidence: f32,
}

impl Code {
    pub(super) fn new(text: &str) -> Self {
        let printable = printable(text);
        if printable.is_empty() && text.contains(char::is_whitespace) {
            return Self { text: " ".into(), confidence: 1.0 };
        }
        Self { text: printable.into(), confidence: 1.0 }
    }

    /// Text that the document does not state.
    pub(super) fn guess(c: char) -> Self {
        Self { confidence: 0.5, ..Self::new(c.encode_utf8(&mut [0; 4])) }
    }

    pub(super) fn undecodable() -> Self {
        Self { text: UNDECODABLE.into(), confidence: 0.0 }
    }

    pub(super) fn is_blank(&self) -> bool {
        &*self.text == " "
    }

    pub(super) fn is_undecodable(&self) -> bool {
        &*self.text == UNDECODABLE
    }
}

/// A font with its metrics, in units of the em.
pub(super) struct Face<'a> {
    dict: Dict<'a>,
    loader: Rc<Loader<'a>>,
    program: OnceCell<Option<Font<'a>>>,
    metrics: Metrics,
    unicode: Unicode,
    /// Above the baseline.
    pub(super) ascent: f64,
    /// Below the baseline; not positive.
    pub(super) descent: f64,
    /// Height of the em in the font's own units: 1, but for fonts that are drawn to another scale.
    pub(super) em: f64,
    pub(super) bold: bool,
    /// Stands for a font that is not there: only what is ASCII can be trusted.
    is_substitute: bool,
    codes: RefCell<FxHashMap<u32, Code>>,
}

impl<'a> Face<'a> {
    fn new(dict: &Dict<'a>, loader: Rc<Loader<'a>>) -> Self {
        let descendant =
            dict.get::<Array<'_>>(keys::DESCENDANT_FONTS).and_then(|fonts| fonts.iter::<Dict<'_>>().next());
        let descriptor =
            descendant.as_ref().unwrap_or(dict).get::<Dict<'_>>(keys::FONT_DESC).unwrap_or_default();
        let name = dict.get::<Name<'_>>(keys::BASE_FONT);
        let (ascent, descent) = vertical_metrics(&descriptor, descendant.is_some());
        let em = type_3_em(dict).unwrap_or(1.0);
        Self {
            program: OnceCell::new(),
            metrics: Metrics::new(dict, descendant.as_ref(), &descriptor, loader.max_stream_bytes),
            unicode: Unicode::new(dict, descendant.as_ref(), loader.max_stream_bytes),
            dict: dict.clone(),
            loader,
            ascent: ascent * em,
            descent: descent * em,
            em,
            bold: is_bold(name.as_ref().map_or("", |name| name.as_str()), &descriptor),
            is_substitute: false,
            codes: RefCell::default(),
        }
    }

    pub(super) fn is_horizontal(&self) -> bool {
        self.metrics.is_horizontal()
    }

    /// The next code of a shown string and its length in bytes, at least one.
    pub(super) fn read_code(&self, bytes: &[u8], offset: usize) -> (u32, usize) {
        self.metrics.read_code(bytes, offset)
    }

    /// How far a code moves along the line, in ems: to the right, or up for vertical writing.
    pub(super) fn advance(&self, code: u32, length: usize) -> (f64, f64) {
        let by_program = || {
            let advance = self.program()?.code_advance(code);
            Some((advance.x / f64::from(UNITS_PER_EM), advance.y / f64::from(UNITS_PER_EM)))
        };
        self.metrics.advance(code, length).or_else(by_program).unwrap_or((DEFAULT_ADVANCE, 0.0))
    }

    pub(super) fn decode(&self, code: u32, length: usize) -> Code {
        self.codes.borrow_mut().entry(code).or_insert_with(|| self.decode_uncached(code, length)).clone()
    }

    fn decode_uncached(&self, code: u32, length: usize) -> Code {
        if self.is_substitute && !(0x20..0x7F).contains(&code) {
            return Code::undecodable();
        }
        self.unicode.decode(code, self.metrics.cid(code, length), || self.program())
    }

    fn program(&self) -> Option<&Font<'a>> {
        self.program.get_or_init(|| self.loader.load(&self.dict)).as_ref()
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

/// A Type 3 font may be drawn to any scale: its box tells, where it is far from the usual.
fn type_3_em(dict: &Dict<'_>) -> Option<f64> {
    let [_, bottom, _, top] = dict.get::<[f64; 4]>(keys::FONT_BBOX)?;
    let [_, _, _, scale, _, _] = dict.get::<[f64; 6]>(keys::FONT_MATRIX)?;
    let height = ((top - bottom) * scale).abs();
    (height > 0.0 && height < 1e6 && !(0.3..3.0).contains(&height)).then_some(height)
}

fn is_bold(name: &str, descriptor: &Dict<'_>) -> bool {
    let name = name.to_ascii_lowercase();
    ["bold", "black", "heavy"].iter().any(|weight| name.contains(weight))
        || descriptor.get::<f32>(keys::FONT_WEIGHT).is_some_and(|weight| weight >= 600.0)
        || descriptor
            .get::<Name<'_>>(keys::FONT_NAME)
            .is_some_and(|name| name.deref().to_ascii_lowercase().windows(4).any(|w| w == b"bold"))
}
