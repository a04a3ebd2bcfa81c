//! Streams, decoded only where the result has a sane size.
//!
//! A few kilobytes can be made to unfold to gigabytes. What is opened here, or handed to a font parser that opens it
//! itself, is measured first.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::ZlibDecoder;
use hayro_syntax::Filter;
use hayro_syntax::object::dict::keys;
use hayro_syntax::object::{Array, Dict, Object, Stream};

/// Deflate's highest ratio (<https://zlib.net/zlib_tech.html>).
const DEFLATE_RATIO: usize = 1032;
/// Rows of a predictor, in bytes; it allocates one whatever the data.
const MAX_PREDICTOR_ROW: f64 = 16e6;
/// Codes that widths are stated for, all ranges of a font together.
const MAX_CODES: i64 = 1 << 20;

/// Why a stream has no content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    Damaged,
    TooLarge,
}

/// The decoded bytes, at most `max` of them.
pub(super) fn decode<'a>(stream: &Stream<'a>, max: usize) -> Result<Cow<'a, [u8]>, Flaw> {
    if !is_sane(stream, max) {
        return Err(Flaw::TooLarge);
    }
    let data = stream.decoded_data().map_err(|_| Flaw::Damaged)?;
    if data.len() > max { Err(Flaw::TooLarge) } else { Ok(data) }
}

/// Whether a font can be handed to the font parser.
pub(super) fn is_sane_font(font: &Dict<'_>, max: usize) -> bool {
    let is_sane_stream =
        |dict: &Dict<'_>, key: &[u8]| dict.get::<Stream<'_>>(key).is_none_or(|s| is_sane(&s, max));
    let descendant =
        font.get::<Array<'_>>(keys::DESCENDANT_FONTS).and_then(|fonts| fonts.iter::<Dict<'_>>().next());
    let holder = descendant.as_ref().unwrap_or(font);
    let descriptor = holder.get::<Dict<'_>>(keys::FONT_DESC).unwrap_or_default();
    font.get::<f64>(keys::FIRST_CHAR).is_none_or(|first| first <= 255.0)
        && [keys::TO_UNICODE, keys::ENCODING].iter().all(|key| is_sane_stream(font, key))
        && is_sane_stream(holder, keys::CID_TO_GID_MAP)
        && [keys::FONT_FILE, keys::FONT_FILE2, keys::FONT_FILE3]
            .iter()
            .all(|key| is_sane_stream(&descriptor, key))
        && [(keys::W, 3), (keys::W2, 5)]
            .iter()
            .all(|(key, range)| holder.get::<Array<'_>>(key).is_none_or(|w| has_sane_ranges(&w, *range)))
}

/// Widths come as `first [w …]` or as `first last` and the metrics of the range, `range` numbers in all.
fn has_sane_ranges(widths: &Array<'_>, range: usize) -> bool {
    let mut numbers: Vec<i64> = Vec::with_capacity(range);
    let mut total = 0;
    for item in widths.iter::<Object<'_>>() {
        match item {
            Object::Number(number) => numbers.push(number.as_i64()),
            _ => numbers.clear(),
        }
        if numbers.len() == range {
            total += (numbers[1].saturating_sub(numbers[0])).clamp(0, MAX_CODES + 1);
            numbers.clear();
        }
        if total > MAX_CODES {
            return false;
        }
    }
    true
}

fn is_sane(stream: &Stream<'_>, max: usize) -> bool {
    if !has_sane_parameters(stream.dict()) {
        return false;
    }
    let filters = stream.filters();
    let unfolding: Vec<Filter> = filters
        .iter()
        .copied()
        .filter(|f| matches!(f, Filter::FlateDecode | Filter::LzwDecode | Filter::RunLengthDecode))
        .collect();
    let raw = stream.raw_data();
    match unfolding[..] {
        [] => true,
        [Filter::FlateDecode] if filters.len() == 1 => {
            raw.len().saturating_mul(DEFLATE_RATIO) <= max || unfolded(&raw, max) <= max
        }
        [_] => true,
        // Nobody compresses twice but to hide something.
        _ => raw.len().saturating_mul(DEFLATE_RATIO).saturating_mul(DEFLATE_RATIO) <= max,
    }
}

/// Bytes that a deflated stream unfolds to, up to where it breaks or `max` is passed.
fn unfolded(raw: &[u8], max: usize) -> usize {
    let mut decoder = ZlibDecoder::new(raw);
    let mut buffer = vec![0; 1 << 16];
    let mut total = 0;
    while total <= max {
        match decoder.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(n) => total += n,
        }
    }
    total
}

fn has_sane_parameters(dict: &Dict<'_>) -> bool {
    let is_sane = |parameters: Dict<'_>| {
        let [columns, colors, bits] = [keys::COLUMNS, keys::COLORS, keys::BITS_PER_COMPONENT]
            .map(|key| parameters.get::<f64>(key).unwrap_or(8.0).abs());
        columns * colors * bits / 8.0 <= MAX_PREDICTOR_ROW
    };
    [keys::DECODE_PARMS, keys::DP].iter().all(|key| match dict.get::<Object<'_>>(key) {
        Some(Object::Dict(parameters)) => is_sane(parameters),
        Some(Object::Array(list)) => list.iter::<Object<'_>>().filter_map(Object::into_dict).all(is_sane),
        _ => true,
    })
}
