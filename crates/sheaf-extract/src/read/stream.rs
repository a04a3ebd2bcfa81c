//! Streams, decoded only where the result has a sane size.
//!
//! A few kilobytes can be made to unfold to gigabytes. What is opened here, or handed to a font parser that opens it
//! itself, is measured first.

use std::borrow::Cow;

use flate2::{Decompress, FlushDecompress, Status};
use hayro_syntax::Filter;
use hayro_syntax::object::dict::keys;
use hayro_syntax::object::{Array, Dict, Object, Stream};

/// Deflate's highest ratio (<https://zlib.net/zlib_tech.html>).
const DEFLATE_RATIO: usize = 1032;
/// Least room made for unfolded data, in bytes.
const MIN_STEP: usize = 4_096;
/// Rows of a predictor, in bytes; it allocates one whatever the data.
const MAX_PREDICTOR_ROW: f64 = 16e6;
/// Codes that a font may state widths for: two bytes in practice.
pub(super) const MAX_CODES: usize = 1 << 16;

/// The decoded bytes of a stream.
pub(crate) struct Decoded<'a> {
    pub(crate) data: Cow<'a, [u8]>,
    /// The end was reached; if not, this is what stands before the damage.
    pub(crate) is_whole: bool,
}

/// Why a stream has no content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    Damaged,
    TooLarge,
}

/// Decodes a stream to at most `max` bytes.
pub(crate) fn decode<'a>(stream: &Stream<'a>, max: usize) -> Result<Decoded<'a>, Flaw> {
    if let [Filter::FlateDecode] = stream.filters()[..]
        && !has_parameters(stream.dict())
        && let Some((data, is_whole)) = inflate(&stream.raw_data(), max)
    {
        return if data.len() > max {
            Err(Flaw::TooLarge)
        } else {
            Ok(Decoded { data: data.into(), is_whole })
        };
    }
    if !is_sane(stream, max) {
        return Err(Flaw::TooLarge);
    }
    let data = stream.decoded_data().map_err(|_| Flaw::Damaged)?;
    if data.len() > max { Err(Flaw::TooLarge) } else { Ok(Decoded { data, is_whole: true }) }
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
    const RANGE: i64 = MAX_CODES as i64;
    for item in widths.iter::<Object<'_>>() {
        match item {
            Object::Number(number) => numbers.push(number.as_i64()),
            _ => numbers.clear(),
        }
        if numbers.len() == range {
            total += (numbers[1].saturating_sub(numbers[0])).clamp(0, RANGE + 1);
            numbers.clear();
        }
        if total > 16 * RANGE {
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
            raw.len().saturating_mul(DEFLATE_RATIO) <= max
                || inflate(&raw, max).is_none_or(|(data, _)| data.len() <= max)
        }
        [_] => true,
        // Nobody compresses twice but to hide something.
        _ => raw.len().saturating_mul(DEFLATE_RATIO).saturating_mul(DEFLATE_RATIO) <= max,
    }
}

/// Unfolds a zlib stream until it ends, breaks, or passes `max`; the second part says whether it ended. The checksum
/// is not looked at, since viewers do not either. `None` where there is no zlib header.
fn inflate(raw: &[u8], max: usize) -> Option<(Vec<u8>, bool)> {
    let [method, flags, body @ ..] = raw else { return None };
    let is_zlib =
        method & 0x0F == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31) && flags & 0x20 == 0;
    if !is_zlib {
        return None;
    }
    let mut decompress = Decompress::new(false);
    let mut data = Vec::with_capacity(raw.len().saturating_mul(4).clamp(MIN_STEP, max.max(MIN_STEP)));
    while data.len() <= max {
        let (read, written) = (decompress.total_in() as usize, data.len());
        if data.capacity() == written {
            data.reserve(written.max(MIN_STEP));
        }
        match decompress.decompress_vec(body.get(read..)?, &mut data, FlushDecompress::None) {
            Ok(Status::StreamEnd) => return Some((data, true)),
            Ok(_) if decompress.total_in() as usize > read || data.len() > written => {}
            Ok(_) | Err(_) => return Some((data, false)),
        }
    }
    Some((data, false))
}

fn has_parameters(dict: &Dict<'_>) -> bool {
    dict.contains_key(keys::DECODE_PARMS) || dict.contains_key(keys::DP)
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

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::Compression;
    use flate2::read::ZlibEncoder;

    use super::*;

    fn deflated(data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        ZlibEncoder::new(data, Compression::default()).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn a_stream_is_unfolded_as_far_as_it_is_whole_and_allowed() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(u32::to_be_bytes).collect();
        let whole = deflated(&text);
        assert_eq!(inflate(&whole, 1 << 20), Some((text.clone(), true)));
        let without_checksum = &whole[..whole.len() - 4];
        assert_eq!(inflate(without_checksum, 1 << 20), Some((text.clone(), true)));
        let (part, is_whole) = inflate(&whole[..whole.len() / 2], 1 << 20).unwrap();
        assert!(!is_whole && !part.is_empty() && text.starts_with(&part));
        let (bounded, is_whole) = inflate(&whole, 10_000).unwrap();
        assert!(!is_whole && (10_001..80_000).contains(&bounded.len()));
        assert_eq!(inflate(b"no zlib", 100), None);
    }
}
