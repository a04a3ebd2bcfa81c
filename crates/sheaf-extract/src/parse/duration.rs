//! Spans of time in running text: "two years", "(2) years", "a two-year term".
//!
//! Contracts spell the count out, and who asks for a span of time wants to compare it: "two years" means `2 years`.

use super::fold::fold;

/// What a span of time is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Days,
    Weeks,
    Months,
    Years,
}

/// The folded words of each unit.
const UNITS: [(Unit, &[&str]); 4] = [
    (Unit::Days, &["day", "days", "tag", "tage", "tagen"]),
    (Unit::Weeks, &["week", "weeks"]),
    (Unit::Months, &["month", "months", "monat", "monate", "monaten", "mois"]),
    (
        Unit::Years,
        &["year", "years", "jahr", "jahre", "jahren", "an", "ans", "annee", "annees", "anni", "anos"],
    ),
];

/// Counts in words, of which a line of `ONES` has the same.
const ONES: [&[&str]; 19] = [
    &["one", "ein", "eine", "einem", "einen", "un", "une", "uno"],
    &["two", "zwei", "deux", "due", "dos", "dois"],
    &["three", "drei", "trois", "tre", "tres"],
    &["four", "vier", "quatre", "quattro", "cuatro", "quatro"],
    &["five", "funf", "cinq", "cinque", "cinco"],
    &["six", "sechs", "sei", "seis"],
    &["seven", "sieben", "sept", "sette", "siete", "sete"],
    &["eight", "acht", "huit", "otto", "ocho", "oito"],
    &["nine", "neun", "neuf", "nove", "nueve"],
    &["ten", "zehn", "dix", "dieci", "diez", "dez"],
    &["eleven", "elf", "onze"],
    &["twelve", "zwolf", "douze"],
    &["thirteen"],
    &["fourteen"],
    &["fifteen"],
    &["sixteen"],
    &["seventeen"],
    &["eighteen", "achtzehn"],
    &["nineteen"],
];

/// Tens that stand alone or before one of the first nine.
const TENS: [(&str, u32); 8] = [
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
];

/// Which anniversary of a day ends a span of years, of which a line has the same.
const ORDINALS: [&[&str]; 10] = [
    &["first", "1st", "ersten", "premier", "primer", "primo", "eerste", "primeiro"],
    &["second", "2nd", "zweiten", "deuxieme", "segundo", "secondo", "tweede"],
    &["third", "3rd", "dritten", "troisieme", "tercer", "terzo", "derde", "terceiro"],
    &["fourth", "4th", "vierten", "quatrieme", "cuarto", "quarto", "vierde"],
    &["fifth", "5th", "funften", "cinquieme", "quinto", "vijfde"],
    &["sixth", "6th", "sechsten", "sixieme", "sexto", "sesto", "zesde"],
    &["seventh", "7th", "siebten", "septieme", "septimo", "settimo", "zevende", "setimo"],
    &["eighth", "8th", "achten", "huitieme", "octavo", "ottavo", "achtste", "oitavo"],
    &["ninth", "9th", "neunten", "neuvieme", "noveno", "nono", "negende"],
    &["tenth", "10th", "zehnten", "dixieme", "decimo", "tiende"],
];
/// Words for an anniversary, with the years that pass until the first and the second.
const ANNIVERSARIES: [(&str, [&str; 2]); 6] = [
    ("anniversary", ["year", "years"]),
    ("jahrestag", ["Jahr", "Jahre"]),
    ("anniversaire", ["an", "ans"]),
    ("aniversario", ["año", "años"]),
    ("anniversario", ["anno", "anni"]),
    ("verjaardag", ["jaar", "jaar"]),
];

/// The years that pass until an anniversary by its two folded words: "third anniversary".
pub(crate) fn until(ordinal: &str, anniversary: &str) -> Option<String> {
    let (_, years) = ANNIVERSARIES.iter().find(|(word, _)| *word == anniversary)?;
    let number = 1 + ORDINALS.iter().position(|words| words.contains(&ordinal))?;
    Some(format!("{number} {}", years[usize::from(number > 1)]))
}

/// The count that a folded word spells.
pub(crate) fn count(folded: &str) -> Option<u32> {
    let ones = (1..).zip(ONES).find(|(_, words)| words.contains(&folded)).map(|(number, _)| number);
    ones.or_else(|| tens(folded))
}

/// The count of a folded word for a multiple of ten.
pub(crate) fn tens(folded: &str) -> Option<u32> {
    TENS.iter().find(|(word, _)| *word == folded).map(|&(_, number)| number)
}

/// The unit that a folded word names.
pub(crate) fn unit(folded: &str) -> Option<Unit> {
    UNITS.iter().find(|(_, words)| words.contains(&folded)).map(|&(unit, _)| unit)
}

/// A span of time with its count in figures, if the whole text is one.
pub(crate) fn in_figures(text: &str) -> Option<String> {
    let apart = |c: char| c.is_whitespace() || matches!(c, '-' | '‑' | '–');
    let words: Vec<&str> =
        text.split(apart).map(|word| word.trim_matches(['(', ')'])).filter(|word| !word.is_empty()).collect();
    let (&last, counted) = words.split_last()?;
    if let [ordinal] = counted
        && let Some(years) = until(&fold(ordinal), &fold(last))
    {
        return Some(years);
    }
    unit(&fold(last))?;
    let folded: Vec<String> = counted.iter().map(|word| fold(word).into_owned()).collect();
    let number = match folded.as_slice() {
        [one] if one.len() <= 3 && one.bytes().all(|b| b.is_ascii_digit()) => one.parse().ok()?,
        [one] => count(one)?,
        [ten, one] => tens(ten)? + count(one).filter(|&one| one < 10)?,
        _ => return None,
    };
    // "A two-year term".
    let plural = if number > 1 && matches!(last, "day" | "week" | "month" | "year") { "s" } else { "" };
    Some(format!("{number} {last}{plural}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_of_time_is_told_in_figures() {
        for (text, told) in [
            ("two years", "2 years"),
            ("(2) years", "2 years"),
            ("18 months", "18 months"),
            ("eighteen months", "18 months"),
            ("Twenty-four months", "24 months"),
            ("twenty four (24) months", ""),
            ("two-year", "2 years"),
            ("one year", "1 year"),
            ("drei Jahre", "3 Jahre"),
            ("third anniversary", "3 years"),
            ("first anniversary", "1 year"),
            ("next anniversary", ""),
            ("years", ""),
            ("the year", ""),
            ("2 dozen", ""),
            ("2010 years", ""),
        ] {
            assert_eq!(in_figures(text).as_deref().unwrap_or_default(), told, "{text}");
        }
    }
}
