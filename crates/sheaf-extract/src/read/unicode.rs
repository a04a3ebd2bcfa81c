//! What a character code says.

use std::cell::OnceCell;

use hayro_cmap::{BfString, CMap, CidFamily};
use hayro_font::{Font, FontGlyph, GlyphId};
use hayro_syntax::object::dict::keys;
use hayro_syntax::object::{Dict, Name, Stream, String as PdfString};
use rustc_hash::FxHashMap;
use skrifa::{FontRef, MetadataProvider};
use unicode_normalization::UnicodeNormalization;

use super::font::Code;
use super::stream::decode;

/// The ways from a font's codes to Unicode, in the order tried.
pub(super) struct Unicode {
    to_unicode: Option<CMap>,
    symbols: Option<SymbolFont>,
    is_composite: bool,
    /// Codes are those of Windows' code page 1252.
    is_win_ansi: bool,
    /// From CIDs to Unicode, for the character collections of Adobe.
    collection: OnceCell<Option<CMap>>,
    family: Option<CidFamily>,
    /// From the glyphs of the embedded font back to the characters of its own cmap table.
    by_glyph: OnceCell<FxHashMap<u32, char>>,
    /// The codes are the glyphs of a font that is not there.
    is_bare: bool,
    /// A TrueType font that names no encoding.
    is_unencoded: bool,
}

impl Unicode {
    /// `descendant` is that of a composite font.
    pub(super) fn new(font: &Dict<'_>, descendant: Option<&Dict<'_>>, max_stream_bytes: usize) -> Self {
        let name = font.get::<Name<'_>>(keys::BASE_FONT);
        let to_unicode = font.get::<Stream<'_>>(keys::TO_UNICODE).and_then(|stream| {
            CMap::parse(&decode(&stream, max_stream_bytes).ok()?.data, hayro_cmap::load_embedded)
        });
        Self {
            to_unicode,
            symbols: name.and_then(|name| SymbolFont::from_name(name.as_str())),
            is_composite: descendant.is_some(),
            is_win_ansi: is(font, keys::ENCODING, b"WinAnsiEncoding"),
            collection: OnceCell::new(),
            family: descendant.and_then(family),
            by_glyph: OnceCell::new(),
            is_bare: descendant.is_some_and(|descendant| is_bare(font, descendant)),
            is_unencoded: is(font, keys::SUBTYPE, b"TrueType") && !font.contains_key(keys::ENCODING),
        }
    }

    /// The meaning of a code. `program` opens the font itself, which costs more than all else.
    pub(super) fn decode<'f, 'a: 'f>(
        &self,
        code: u32,
        cid: Option<u32>,
        program: impl Fn() -> Option<&'f Font<'a>>,
    ) -> Code {
        let stated = self.stated(code);
        if let Some(symbol) = self.symbol(code, stated.as_deref()) {
            return Code::new(symbol.encode_utf8(&mut [0; 4]));
        }
        let text = stated
            .filter(|text| !text.chars().all(is_private))
            .or_else(|| self.by_code_page(code).map(String::from))
            .or_else(|| if self.is_composite { None } else { by_name(program()?, code) })
            .or_else(|| self.by_collection(cid?))
            .or_else(|| self.by_glyph(program()?, code).map(String::from));
        match text {
            Some(text) => Code::new(&text),
            // Control codes of simple fonts draw nothing.
            None if !self.is_composite && code < 0x20 => Code::new(""),
            None => self.by_habit(code).map_or_else(Code::undecodable, Code::guess),
        }
    }

    fn stated(&self, code: u32) -> Option<String> {
        self.to_unicode.as_ref()?.lookup_bf_string(code).and_then(meaningful)
    }

    fn symbol(&self, code: u32, stated: Option<&str>) -> Option<char> {
        let font = self.symbols?;
        match stated.and_then(|text| text.chars().next()) {
            Some(c) if is_private(c) => font.character(u32::from(c) & 0xFF),
            Some(_) => None,
            None => font.character(code),
        }
    }

    fn by_code_page(&self, code: u32) -> Option<char> {
        let byte = u8::try_from(code).ok().filter(|_| self.is_win_ansi && self.symbols.is_none())?;
        code_page_1252(byte)
    }

    fn by_collection(&self, cid: u32) -> Option<String> {
        let name = self.family.as_ref()?.ucs2_cmap()?;
        let load = || CMap::parse(hayro_cmap::load_embedded(name)?, hayro_cmap::load_embedded);
        self.collection.get_or_init(load).as_ref()?.lookup_bf_string(cid).and_then(meaningful)
    }

    fn by_glyph(&self, font: &Font<'_>, code: u32) -> Option<char> {
        let glyph = font.map_code(code);
        if glyph == GlyphId::NOTDEF {
            return None;
        }
        self.by_glyph.get_or_init(|| reverse_cmap(font, glyph, code)).get(&glyph.to_u32()).copied()
    }

    fn by_habit(&self, code: u32) -> Option<char> {
        if self.is_bare {
            // TrueType fonts hold the characters of ASCII in order, from the blank as their fourth glyph.
            char::from_u32(code + 29).filter(|c| (' '..='~').contains(c))
        } else if self.is_unencoded {
            // What viewers assume then.
            code_page_1252(u8::try_from(code).ok()?)
        } else {
            None
        }
    }
}

fn family(descendant: &Dict<'_>) -> Option<CidFamily> {
    let info = descendant.get::<Dict<'_>>(keys::CIDSYSTEMINFO)?;
    let registry = info.get::<PdfString<'_>>(keys::REGISTRY)?;
    let ordering = info.get::<PdfString<'_>>(keys::ORDERING)?;
    Some(CidFamily::from_registry_ordering(registry.as_bytes(), ordering.as_bytes()))
}

fn is_bare(font: &Dict<'_>, descendant: &Dict<'_>) -> bool {
    let descriptor = descendant.get::<Dict<'_>>(keys::FONT_DESC).unwrap_or_default();
    let embedded = [keys::FONT_FILE, keys::FONT_FILE2, keys::FONT_FILE3];
    !embedded.iter().any(|key| descriptor.contains_key(key))
        && is(font, keys::ENCODING, b"Identity-H")
        && is(descendant, keys::SUBTYPE, b"CIDFontType2")
        && descendant.get::<Stream<'_>>(keys::CID_TO_GID_MAP).is_none()
}

fn is(dict: &Dict<'_>, key: &[u8], value: &[u8]) -> bool {
    dict.get::<Name<'_>>(key).is_some_and(|name| name.as_ref() == value)
}

/// By the name of the glyph.
fn by_name(font: &Font<'_>, code: u32) -> Option<String> {
    let unicode = match font.glyph(font.map_code(code), code) {
        FontGlyph::Outline(glyph) => glyph.as_unicode(),
        FontGlyph::Type3(glyph) => glyph.as_unicode(),
    };
    unicode.and_then(meaningful).filter(|text| !text.chars().all(is_private))
}

fn reverse_cmap(font: &Font<'_>, glyph: GlyphId, code: u32) -> FxHashMap<u32, char> {
    let mut characters = FxHashMap::default();
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

fn meaningful(text: BfString) -> Option<String> {
    let text = match text {
        BfString::Char(c) => c.to_string(),
        BfString::String(text) => text,
    };
    (!text.contains(is_meaningless)).then_some(text)
}

/// Values that broken tables hold for "nothing".
fn is_meaningless(c: char) -> bool {
    matches!(c, '\0' | '\u{FFFD}' | '\u{FFFE}' | '\u{FFFF}')
}

fn is_private(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}')
}

fn code_page_1252(byte: u8) -> Option<char> {
    const FROM_0X80: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’',
        '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match byte {
        0x20..=0x7E | 0xA0..=0xFF => Some(char::from(byte)),
        // Codes without a character show a bullet (ISO 32000-1, annex D.2, note 3).
        0x80..=0x9F => Some(FROM_0X80[usize::from(byte - 0x80)]).map(|c| if c == '\0' { '•' } else { c }),
        _ => None,
    }
}

/// The characters that leave ink: ligatures as letters, blanks and controls left out.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Latin and Arabic ligatures and presentation forms.
            '\u{FB00}'..='\u{FB06}'
            | '\u{FB13}'..='\u{FB17}'
            | '\u{FB50}'..='\u{FDFF}'
            | '\u{FE70}'..='\u{FEFC}' => {
                out.extend(std::iter::once(c).nfkc().filter(|c| !c.is_whitespace()));
            }
            // Where a soft hyphen is drawn, it shows.
            '\u{AD}' => out.push('-'),
            // Zero-width characters and marks of direction.
            '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' => {}
            c if c.is_control() || c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_ink_is_kept_and_ligatures_are_letters() {
        for (text, expected) in [
            ("\u{FB01}", "fi"),
            ("\u{FB03}", "ffi"),
            ("\u{FEFB}", "لا"),
            ("\u{AD}", "-"),
            ("²", "²"),
            ("\u{A0}\t\u{200B}", ""),
        ] {
            assert_eq!(printable(text), expected);
        }
    }

    #[test]
    fn signs_of_symbol_fonts_are_known_by_their_codes() {
        for (font, code, expected) in [
            ("ABCDEF+SymbolMT", 0xB7, Some('•')),
            ("Symbol", 0x61, Some('α')),
            ("Symbol", 0x35, Some('5')),
            ("Wingdings-Regular", 0xFE, Some('☑')),
            ("Wingdings2", 0xFE, None),
            ("Helvetica", 0xB7, None),
        ] {
            assert_eq!(SymbolFont::from_name(font).and_then(|font| font.character(code)), expected, "{font}");
        }
    }
}
