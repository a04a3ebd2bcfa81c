//! How strings part into codes, and how far each code advances.

use hayro_cmap::{CMap, CMapName, WritingMode};
use hayro_syntax::object::dict::keys;
use hayro_syntax::object::{Array, Dict, Name, Object};
use rustc_hash::FxHashMap;

use super::stream::{MAX_CODES, decode};

/// No collection of characters has more.
const MAX_CID: f64 = 65_535.0;

/// Widths of a font as its dictionary states them; in ems where not said otherwise.
pub(super) enum Metrics {
    /// Codes of one byte.
    Simple { first: u32, widths: Vec<f64>, missing: f64 },
    /// Codes that a CMap parts and numbers.
    Composite(Box<Composite>),
    /// The dictionary states no widths: one of the standard fonts, or one with a matrix of its own (Type 3).
    Unstated,
}

impl Metrics {
    pub(super) fn new(
        font: &Dict<'_>,
        descendant: Option<&Dict<'_>>,
        descriptor: &Dict<'_>,
        max: usize,
    ) -> Self {
        if let Some(descendant) = descendant {
            return Self::Composite(Box::new(Composite::new(font, descendant, max)));
        }
        let is_type_3 = font.get::<Name<'_>>(keys::SUBTYPE).is_some_and(|name| name.as_ref() == keys::TYPE3);
        let first = font.get::<u32>(keys::FIRST_CHAR).filter(|first| *first < 256);
        match (first, font.get::<Array<'_>>(keys::WIDTHS)) {
            (Some(first), Some(widths)) if !is_type_3 => Self::Simple {
                first,
                widths: widths.iter::<f64>().take(256).map(|width| width / 1000.0).collect(),
                missing: descriptor.get::<f64>(keys::MISSING_WIDTH).unwrap_or(0.0) / 1000.0,
            },
            _ => Self::Unstated,
        }
    }

    pub(super) fn is_horizontal(&self) -> bool {
        !matches!(self, Self::Composite(composite) if composite.is_vertical)
    }

    /// The next code and its length in bytes, at least one.
    pub(super) fn read_code(&self, bytes: &[u8], offset: usize) -> (u32, usize) {
        match self {
            Self::Composite(composite) => composite.read_code(&bytes[offset..]),
            _ => (u32::from(bytes[offset]), 1),
        }
    }

    /// The character that a code of a composite font stands for.
    pub(super) fn cid(&self, code: u32, length: usize) -> Option<u32> {
        match self {
            Self::Composite(composite) => composite.cid(code, length),
            _ => None,
        }
    }

    /// To the right, or up for vertical writing; `None` where the dictionary does not say.
    pub(super) fn advance(&self, code: u32, length: usize) -> Option<(f64, f64)> {
        match self {
            Self::Simple { first, widths, missing } => {
                let index = code.checked_sub(*first).map(|index| index as usize);
                Some((index.and_then(|index| widths.get(index)).copied().unwrap_or(*missing), 0.0))
            }
            Self::Composite(composite) => Some(composite.advance(code, length)),
            Self::Unstated => None,
        }
    }
}

/// A Type 0 font.
pub(super) struct Composite {
    /// `None` for two-byte codes that are the CIDs.
    encoding: Option<CMap>,
    is_vertical: bool,
    widths: FxHashMap<u32, f64>,
    default: f64,
    heights: FxHashMap<u32, f64>,
    default_height: f64,
}

impl Composite {
    fn new(font: &Dict<'_>, descendant: &Dict<'_>, max: usize) -> Self {
        let (encoding, is_vertical) = encoding(font, max);
        let widths = |key, metrics| {
            descendant.get::<Array<'_>>(key).map(|array| ranges(&array, metrics)).unwrap_or_default()
        };
        Self {
            encoding,
            is_vertical,
            widths: widths(keys::W, 1),
            default: descendant.get::<f64>(keys::DW).unwrap_or(1000.0) / 1000.0,
            heights: if is_vertical { widths(keys::W2, 3) } else { FxHashMap::default() },
            default_height: descendant.get::<[f64; 2]>(keys::DW2).map_or(-1000.0, |[_, height]| height)
                / 1000.0,
        }
    }

    fn read_code(&self, bytes: &[u8]) -> (u32, usize) {
        let Some(encoding) = &self.encoding else {
            return match bytes {
                [high, low, ..] => (u32::from_be_bytes([0, 0, *high, *low]), 2),
                _ => (0, 1),
            };
        };
        let mut code = 0;
        for (index, byte) in bytes.iter().take(4).enumerate() {
            code = (code << 8) | u32::from(*byte);
            if encoding.lookup_cid_code(code, index as u8 + 1).is_some() {
                return (code, index + 1);
            }
        }
        (0, 1)
    }

    fn cid(&self, code: u32, length: usize) -> Option<u32> {
        match &self.encoding {
            Some(encoding) => encoding.lookup_cid_code(code, u8::try_from(length).ok()?),
            None => Some(code),
        }
    }

    fn advance(&self, code: u32, length: usize) -> (f64, f64) {
        let cid = self.cid(code, length).unwrap_or(0);
        if self.is_vertical {
            (0.0, self.heights.get(&cid).copied().unwrap_or(self.default_height))
        } else {
            (self.widths.get(&cid).copied().unwrap_or(self.default), 0.0)
        }
    }
}

/// The encoding, `None` for the identity, and whether it writes downwards. What is not known is read as the identity,
/// as most are.
fn encoding(font: &Dict<'_>, max: usize) -> (Option<CMap>, bool) {
    let cmap = match font.get::<Object<'_>>(keys::ENCODING) {
        Some(Object::Name(name)) => match CMapName::from_bytes(name.as_ref()) {
            CMapName::IdentityH => None,
            CMapName::IdentityV => return (None, true),
            name => {
                hayro_cmap::load_embedded(name).and_then(|data| CMap::parse(data, hayro_cmap::load_embedded))
            }
        },
        Some(Object::Stream(stream)) => {
            decode(&stream, max).ok().and_then(|stream| CMap::parse(&stream.data, hayro_cmap::load_embedded))
        }
        _ => None,
    };
    let is_vertical =
        cmap.as_ref().is_some_and(|cmap| cmap.metadata().writing_mode == Some(WritingMode::Vertical));
    (cmap, is_vertical)
}

/// Metrics come as `first [m …]` or as `first last m`, where `m` stands for `count` numbers; the first of them counts.
fn ranges(array: &Array<'_>, count: usize) -> FxHashMap<u32, f64> {
    let mut metrics = FxHashMap::default();
    let mut numbers: Vec<f64> = Vec::with_capacity(count + 2);
    let mut room = MAX_CODES;
    for item in array.iter::<Object<'_>>() {
        match item {
            Object::Number(number) => numbers.push(number.as_f64()),
            Object::Array(list) => {
                if let Some(first) = numbers.last().filter(|first| **first <= MAX_CID) {
                    let values: Vec<f64> = list.iter::<f64>().take(count * room).collect();
                    let values = values.chunks(count).map(|metric| metric[0] / 1000.0);
                    room -= values.len();
                    metrics.extend((*first as u32..).zip(values));
                }
                numbers.clear();
            }
            _ => numbers.clear(),
        }
        if numbers.len() == count + 2 && numbers[0] <= MAX_CID {
            let (first, last, metric) = (numbers[0] as u32, numbers[1] as u32, numbers[2] / 1000.0);
            let length = (u64::from(last) + 1).saturating_sub(u64::from(first)).min(room as u64) as usize;
            room -= length;
            metrics.extend((first..).take(length).map(|code| (code, metric)));
        }
        if numbers.len() == count + 2 {
            numbers.clear();
        }
        if room == 0 {
            break;
        }
    }
    metrics
}
