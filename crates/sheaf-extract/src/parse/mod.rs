//! From verbatim text to typed values.
//!
//! Everything here is a pure function of the text and of the document's [`Locale`]: which mark is decimal, and whether
//! day or month comes first. The same functions that find candidates on a page read the source of a result again, so
//! that "the value is the parse of its source" is one rule and not two. A field that asks for a span of time has it in figures
//! (`duration`), and one that asks for a place has its name (`country`).

pub(crate) mod country;
pub mod currency;
pub mod date;
pub(crate) mod duration;
pub mod enumeration;
pub mod fold;
pub(crate) mod form;
pub mod locale;
pub mod number;

use sheaf_types::FieldKind;

pub use locale::{DateOrder, DecimalMark, Locale};

/// What a text means as a value of some kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The canonical form: verbatim text, a decimal, `YYYY-MM-DD`, or one of the enum's values.
    pub value: String,
    /// ISO 4217 code, where a sign or a code stands with an amount.
    pub currency: Option<&'static str>,
    /// Whether the text can be read in one way only.
    pub certain: bool,
}

/// Reads the whole of `source` as a value; `None` where it is none of that kind.
#[must_use]
pub fn value(kind: FieldKind, source: &str, locale: &Locale, enum_values: &[String]) -> Option<Parsed> {
    match kind {
        FieldKind::Text => (!source.trim().is_empty()).then(|| Parsed {
            value: source.to_owned(),
            currency: None,
            certain: true,
        }),
        FieldKind::Number | FieldKind::Currency => {
            let number = number::read(source, locale.decimal)?;
            if kind == FieldKind::Currency && number.percent {
                return None;
            }
            Some(Parsed { value: number.value, currency: number.currency, certain: number.certain })
        }
        FieldKind::Date => {
            let date = date::read(source)?;
            let (day, certain) = date.of_century(source, locale.latest_year).resolve(locale.order)?;
            Some(Parsed { value: day.to_string(), currency: None, certain })
        }
        FieldKind::Enum => enumeration::read(source, enum_values).map(|value| Parsed {
            value: value.to_owned(),
            currency: None,
            certain: true,
        }),
        FieldKind::Table => None,
    }
}
