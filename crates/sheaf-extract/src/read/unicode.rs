//! What a character code says where the font does not state it.

use rustc_hash::FxHashMap as HashMap;
use std::cell::OnceCell;

use hayro_cmap::{BfString, CMap, CMapName, CidFamily};
use hayro_font::{Font, FontGlyph, GlyphId};
use hayro_syntax::object::dict::keys;
use hayro_syntax::object::{Dict, Name, Object, Stream, String as PdfString};
use skrifa::{FontRef, MetadataProvider};

use super::font::Code;

/// The ways back from a code to Unicode, tried where a font has no `ToUnicode` entry for it.
pub(super) struct Fallbacks {
    /// From codes to CIDs, and from CIDs to Unicode, for the character collections of Adobe.
    collection: Option<(CMap, CMap)>,
    symbols: Option<SymbolFont>,
    has_to_unicode: bool,
    /// The codes are the glyphs of a font that is not there.
    is_bare: bool,
    /// A TrueType font that names no encoding.
    is_unencoded: bool,
    /// From the glyphs of the embedded font back to the characters of its own cmap table.
    by_glyph: OnceCell<HashMap<u32, char>>,
}

impl Fallbacks {
    /// `composite` is the descendant of a Type 0 font.
    pub(super) fn new(font: &Dict<'_>, composite: Option<&Dict<'_>>) -> Self {
        let name = font.get::<Name<'_>>(keys::BASE_FONT);
        Self {
            collection: composite.and_then(|descendant| collection(font, descendant)),
            symbols: name.and_then(|name| SymbolFont::from_name(name.as_str())),
            has_to_unicode: font.contains_key(keys::TO_UNICODE),
            is_unencoded: is(font, keys::SUBTYPE, b"TrueType") && !font.contains_key(keys::ENCODING),
            is_bare: composite.is_some_and(|descendant| is_bare(font, descendant)),
            by_glyph: OnceCell::new(),
        }
    }

    /// The meaning of a code of `length` bytes; `stated` is what the font says.
    pub(super) fn decode(
        &self,
        font: &Font<'_>,
        code: u32,
        length: u8,
        stated: Option<String>,
    ) -> Option<Code> {
        let stated = stated.filter(|text| !text.contains(is_meaningless));
        if let Some(symbol) = self.symbol(code, stated.as_deref()) {
            return Some(Code::new(symbol.to_string()));
        }
        stated
            .filter(|text| !text.chars().all(is_private))
            .or_else(|| self.by_collection(code, length))
            .or_else(|| self.by_glyph(font, code).map(String::from))
            .map(Code::new)
            .or_else(|| self.by_habit(code).map(Code::guess))
    }

    fn by_habit(&self, code: u32) -> Option<char> {
        if self.is_bare {
            // TrueType fonts hold the characters of ASCII in order, from the blank as their fourth glyph.
            char::from_u32(code + 29).filter(|c| (' '..='~').contains(c))
        } else if self.is_unencoded {
            // Viewers take Windows' code page 1252 then; here its part without gaps and the bullet.
            char::from_u32(if code == 0x95 { 0x2022 } else { code })
                .filter(|c| matches!(c, ' '..='~' | '\u{A0}'..='\u{FF}' | '•'))
        } else {
            None
        }
    }

    fn symbol(&self, code: u32, stated: Option<&str>) -> Option<char> {
        let font = self.symbols?;
        match stated.and_then(|text| text.chars().next()) {
            Some(c) if is_private(c) => font.character(u32::from(c) & 0xFF),
            Some(_) if self.has_to_unicode => None,
            _ => font.character(code),
        }
    }

    fn by_collection(&self, code: u32, length: u8) -> Option<String> {
        let (encoding, unicode) = self.collection.as_ref()?;
        match unicode.lookup_bf_string(encoding.lookup_cid_code(code, length)?)? {
            BfString::Char(c) => Some(c.to_string()),
            BfString::String(text) => Some(text),
        }
    }

    fn by_glyph(&self, font: &Font<'_>, code: u32) -> Option<char> {
        let glyph = font.map_code(code);
        if glyph == GlyphId::NOTDEF {
            return None;
        }
        self.by_glyph.get_or_init(|| reverse_cmap(font, glyph, code)).get(&glyph.to_u32()).copied()
    }
}

/// A text string outside of content: UTF-16, UTF-8, or PDFDocEncoding (ISO 32000-2, 7.9.2.2).
pub(super) fn text_string(bytes: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes.iter().map(|byte| pdf_doc_character(*byte)).collect(),
    }
}

/// PDFDocEncoding (ISO 32000-2, annex D.2).
fn pdf_doc_character(byte: u8) -> char {
    const FROM_0X18: [char; 8] = ['˘', 'ˇ', 'ˆ', '˙', '˝', '˛', '˚', '˜'];
    const FROM_0X80: [char; 33] = [
        '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™', 'ﬁ',
        'ﬂ', 'Ł', 'Œ', 'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', '\u{FFFD}', '€',
    ];
    match byte {
        0x18..=0x1F => FROM_0X18[usize::from(byte - 0x18)],
        0x80..=0xA0 => FROM_0X80[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The encoding of a Type 0 font and the Unicode values of its character collection.
fn collection(font: &Dict<'_>, descendant: &Dict<'_>) -> Option<(CMap, CMap)> {
    let info = descendant.get::<Dict<'_>>(keys::CIDSYSTEMINFO)?;
    let registry = info.get::<PdfString<'_>>(keys::REGISTRY)?;
    let ordering = info.get::<PdfString<'_>>(keys::ORDERING)?;
    let unicode = CidFamily::from_registry_ordering(registry.as_bytes(), ordering.as_bytes()).ucs2_cmap()?;
    let encoding = match font.get::<Object<'_>>(keys::ENCODING)? {
        Object::Name(name) => match CMapName::from_bytes(name.as_ref()) {
            CMapName::IdentityH => CMap::identity_h(),
            CMapName::IdentityV => CMap::identity_v(),
            name => load(name)?,
        },
        Object::Stream(stream) => CMap::parse(&stream.decoded_data().ok()?, hayro_cmap::load_embedded)?,
        _ => return None,
    };
    Some((encoding, load(unicode)?))
}

fn is_bare(font: &Dict<'_>, descendant: &Dict<'_>) -> bool {
    let descriptor = descendant.get::<Dict<'_>>(keys::FONT_DESC).unwrap_or_default();
    let embedded =
        [keys::FONT_FILE, keys::FONT_FILE2, keys::FONT_FILE3].iter().any(|key| descriptor.contains_key(key));
    let is = |dict: &Dict<'_>, key, value: &[u8]| {
        dict.get::<Name<'_>>(key).is_some_and(|name| name.as_ref() == value)
    };
    !embedded
        && is(font, keys::ENCODING, b"Identity-H")
        && is(descendant, keys::SUBTYPE, b"CIDFontType2")
        && descendant.get::<Stream<'_>>(keys::CID_TO_GID_MAP).is_none()
}

fn is(dict: &Dict<'_>, key: &[u8], value: &[u8]) -> bool {
    dict.get::<Name<'_>>(key).is_some_and(|name| name.as_ref() == value)
}

fn load(name: CMapName<'_>) -> Option<CMap> {
    CMap::parse(hayro_cmap::load_embedded(name)?, hayro_cmap::load_embedded)
}

fn reverse_cmap(font: &Font<'_>, glyph: GlyphId, code: u32) -> HashMap<u32, char> {
    let mut characters = HashMap::default();
    let FontGlyph::Outline(outline) = font.glyph(glyph, code) else { return characters };
    let Some(data) = outline.font_data() else { return characters };
    let Ok(program) = FontRef::new((*data.data).as_ref()) else { return characters };
    for (value, glyph) in program.charmap().mappings() {
        if let Some(c) = char::from_u32(value).filter(|c| !is_private(*c) && !is_meaningless(*c)) {
            // Of several characters with one glyph the lowest is the plain one (blank, hyphen).
            characters
                .entry(glyph.to_u32())
                .and_modify(|known: &mut char| *known = c.min(*known))
                .or_insert(c);
        }
    }
    characters
}

/// Values that broken `ToUnicode` tables hold for "nothing".
fn is_meaningless(c: char) -> bool {
    matches!(c, '\0' | '\u{FFFD}' | '\u{FFFE}' | '\u{FFFF}')
}

fn is_private(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}')
}

/// Fonts of signs whose codes have a meaning of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SymbolFont {
    Symbol,
    Wingdings,
}

impl SymbolFont {
    fn from_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        // Wingdings 2 and 3 are other fonts with other signs.
        if name.contains("wingdings") && !name.contains(['2', '3']) {
            Some(Self::Wingdings)
        } else if name.contains("symbol") {
            Some(Self::Symbol)
        } else {
            None
        }
    }

    /// Letters and digits of Symbol; the signs that business documents use: bullets, arrows, ticks and boxes.
    fn character(self, code: u32) -> Option<char> {
        const GREEK: &str = "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼";
        Some(match (self, code) {
            (Self::Symbol, 0x2D) => '-',
            (Self::Symbol, 0x20 | 0x21 | 0x23 | 0x25 | 0x26 | 0x28 | 0x29 | 0x2B..=0x3F) => {
                char::from_u32(code)?
            }
            (Self::Symbol, 0x41..=0x7E) => GREEK.chars().nth(code as usize - 0x41)?,
            (Self::Symbol, 0xB7) => '•',
            (Self::Wingdings, 0x6C) => '●',
            (Self::Wingdings, 0x6E) => '■',
            (Self::Wingdings, 0x6F | 0xA8) => '☐',
            (Self::Wingdings, 0x71 | 0x72) => '❑',
            (Self::Wingdings, 0x76) => '❖',
            (Self::Wingdings, 0x9F) => '•',
            (Self::Wingdings, 0xA7) => '▪',
            (Self::Wingdings, 0xD8) => '➢',
            (Self::Wingdings, 0xE0) => '→',
            (Self::Wingdings, 0xFB) => '✗',
            (Self::Wingdings, 0xFC) => '✓',
            (Self::Wingdings, 0xFD) => '☒',
            (Self::Wingdings, 0xFE) => '☑',
            _ => return None,
        })
    }
}
