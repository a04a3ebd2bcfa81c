//! What the value itself says about a candidate: does it look like what the field asks for?
//!
//! Small amounts on top of the labels' evidence, enough to choose between equally labelled candidates, and what is left
//! to choose by where no label is known.

use super::candidate::{Candidate, Typed};
use super::field::{End, Field};
use crate::lexicon::{LEXICON, Shape};
use crate::parse::fold::fold;

/// What it is worth for a total to be the sum of its column.
const SUM: f32 = 0.1;

/// Whether a candidate can be a value of the field at all.
pub(crate) fn possible(field: &Field<'_>, candidate: &Candidate) -> bool {
    match &candidate.typed {
        Typed::Number(number) => !(number.percent && field.shape == Shape::Amount && is_money(field)),
        _ => true,
    }
}

fn is_money(field: &Field<'_>) -> bool {
    field.spec.kind == sheaf_types::FieldKind::Currency
}

/// How well the value fits the field: added to the labels' score.
pub(crate) fn fit(field: &Field<'_>, candidate: &Candidate, source: &str) -> f32 {
    match &candidate.typed {
        Typed::Date(_, end) => match (field.end, end) {
            (Some(wanted), Some(is)) if wanted == *is => 0.12,
            (Some(_), Some(_)) => -0.9,
            (Some(_), None) => -0.06,
            // One day of a range is seldom the date of the document.
            (None, Some(End::First | End::Last)) => -0.12,
            (None, None) => 0.0,
        },
        Typed::Number(number) if is_money(field) => {
            let whole = number.decimals == 0;
            let cents = if number.decimals == 2 { 0.04 } else { 0.0 };
            let currency = if number.currency.is_some() { 0.04 } else { 0.0 };
            let plain = if whole && number.currency.is_none() && !number.grouped { -0.12 } else { 0.0 };
            let long = if number.value.len() > 12 { -0.3 } else { 0.0 };
            let sum = if candidate.is_sum { SUM } else { 0.0 };
            cents + currency + plain + long + sum
        }
        Typed::Text if matches!(field.shape, Shape::Name | Shape::Person) => name_fit(source),
        Typed::Number(_) | Typed::Text => 0.0,
        Typed::Code => code_fit(source),
    }
}

/// Names have letters, mostly capitals at the start of their words, and are no sentences.
fn name_fit(source: &str) -> f32 {
    let letters = source.chars().filter(|c| c.is_alphabetic()).count();
    let digits = source.bytes().filter(u8::is_ascii_digit).count();
    let words = source.split_whitespace().count();
    let capital =
        source.trim_start_matches(|c: char| !c.is_alphanumeric()).starts_with(|c: char| !c.is_lowercase());
    let mut fit = 0.0;
    if letters < 2 || digits > letters {
        fit -= 0.4;
    }
    if !capital {
        fit -= 0.35;
    }
    // "Code" under "Advertiser" is the rest of a label.
    if words == 1 && LEXICON.is_label_word(&fold(source)) {
        fit -= 0.3;
    }
    if words > 8 {
        fit -= 0.08 * (words - 8).min(8) as f32;
    }
    if source.contains(['@', '$', '€']) || source.contains("://") {
        fit -= 0.4;
    }
    fit
}

fn code_fit(source: &str) -> f32 {
    let digits = source.bytes().filter(u8::is_ascii_digit).count();
    let length = source.chars().count();
    let mut fit = 0.0;
    if digits < 2 {
        fit -= 0.25;
    }
    if length < 4 {
        fit -= 0.12;
    }
    // An amount, a share, a range of days.
    if crate::parse::number::read(source, crate::parse::DecimalMark::Point)
        .is_some_and(|n| n.decimals == 2 || n.currency.is_some())
    {
        fit -= 0.3;
    }
    if source.ends_with(')') && digits > 2 {
        fit += 0.03;
    }
    if source.starts_with(['+', '(']) || source.contains(['$', '£']) || source.ends_with("km") {
        fit -= 0.3;
    }
    let year = digits == 4 && length == 4 && (source.starts_with("19") || source.starts_with("20"));
    if year {
        fit -= 0.1;
    }
    let letters = source.chars().filter(|c| c.is_alphabetic()).count();
    // "2nd", "10kg" and words with a digit are seldom numbers of documents.
    if letters > 0 && digits <= 2 && !source.contains(['-', '/', '_']) {
        fit -= 0.1;
    }
    fit
}
