//! The document's locale: which mark is decimal, and whether day or month comes first.
//!
//! Every number and date of the document votes; what they leave open is settled by the template's `locale`, then by the
//! language of the document. What even that leaves open is marked as such and lowers confidence.

use serde::{Deserialize, Serialize};

use super::{date, number};

/// The mark before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// `1,234.50`
    Point,
    /// `1.234,50`
    Comma,
}

impl DecimalMark {
    /// The mark itself.
    #[must_use]
    pub fn character(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }
}

/// Which of day and month comes first in a numeric date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// 31/12/2020
    DayFirst,
    /// 12/31/2020
    MonthFirst,
}

/// How the document writes numbers and dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locale {
    /// The mark before the decimals.
    pub decimal: DecimalMark,
    /// Which of day and month comes first.
    pub order: DateOrder,
    /// Whether the document or the template settles the order of day and month.
    pub order_settled: bool,
    /// Whether the document or the template settles the decimal mark.
    pub decimal_settled: bool,
    /// The latest year that the document's dates name in full.
    pub latest_year: Option<u32>,
}

impl Default for Locale {
    fn default() -> Self {
        Self {
            decimal: DecimalMark::Point,
            order: DateOrder::DayFirst,
            order_settled: false,
            decimal_settled: false,
            latest_year: None,
        }
    }
}

/// Countries that write the month first.
const MONTH_FIRST: [&str; 4] = ["US", "PH", "FM", "PR"];
/// Languages that write a decimal point; the others of Europe write a comma.
const POINT_LANGUAGES: [&str; 8] = ["en", "zh", "ja", "ko", "th", "he", "ms", "hi"];
/// Countries with a decimal point in spite of their language.
const POINT_COUNTRIES: [&str; 12] = ["CH", "LI", "MX", "US", "GB", "IE", "MY", "PR", "GT", "DO", "HN", "PA"];

/// Votes on the locale, counted over a whole document.
#[derive(Debug, Default, Clone, Copy)]
pub struct Votes {
    point: u32,
    comma: u32,
    day_first: u32,
    month_first: u32,
    american: u32,
    dollars: u32,
    latest_year: Option<u32>,
}

impl Votes {
    /// Counts one word of the document as a number.
    pub fn count_number(&mut self, word: &str) {
        if !word.bytes().any(|b| matches!(b, b'.' | b',')) {
            return;
        }
        let text = word.trim_matches(|c: char| !c.is_ascii_digit());
        if text.len() < 4 || text.bytes().filter(u8::is_ascii_digit).count() > 12 {
            return;
        }
        let mut marks = text.char_indices().filter(|(_, c)| matches!(c, '.' | ','));
        let (Some((at, mark)), more) = (marks.next_back(), marks.next()) else { return };
        let decimals = text.len() - at - 1;
        // Both readings must agree, and only two decimals count: 1.5 may be a chapter, 1.234 a thousand.
        if decimals != 2 || !text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',')) {
            return;
        }
        if !number::is_number(text) {
            return;
        }
        // A grouped number leaves no doubt at all.
        let weight = if more.is_some_and(|(_, other)| other != mark) { 3 } else { 1 };
        match mark {
            '.' => self.point += weight,
            _ => self.comma += weight,
        }
    }

    /// Counts one date of the document, printed as `source`.
    pub fn count_date(&mut self, date: date::RawDate, source: &str) {
        if date::names_century(source) {
            self.latest_year = self.latest_year.max(Some(date.year()));
        }
        match date.proves() {
            Some(DateOrder::DayFirst) => self.day_first += 1,
            Some(DateOrder::MonthFirst) => self.month_first += 1,
            None => {}
        }
    }

    /// Counts signs of the United States: addresses with a state and a ZIP code, and amounts in dollars.
    pub fn count_american(&mut self, addresses: u32, dollars: u32) {
        self.american += addresses;
        self.dollars += dollars;
    }

    /// The locale: by the votes, then the template's `locale`, then the document's `language`.
    #[must_use]
    pub fn decide(self, template: Option<&str>, language: Option<&str>) -> Locale {
        let by_template = template.map(of_tag);
        let by_language = language.map(of_tag);
        let fallback = by_template.or(by_language).unwrap_or_default();
        let decimal = match self.point.cmp(&self.comma) {
            std::cmp::Ordering::Greater => Some(DecimalMark::Point),
            std::cmp::Ordering::Less => Some(DecimalMark::Comma),
            std::cmp::Ordering::Equal => None,
        };
        let order = match self.day_first.cmp(&self.month_first) {
            std::cmp::Ordering::Greater => Some(DateOrder::DayFirst),
            std::cmp::Ordering::Less => Some(DateOrder::MonthFirst),
            std::cmp::Ordering::Equal => None,
        };
        // All languages here but English agree on the order of day and month; in English the country decides.
        let language_settles = language.is_some_and(|l| !l.starts_with("en"));
        // Against a template's country it takes an address and dollars, and then nothing is settled.
        let english = !language_settles;
        let american = english
            && match template {
                None => self.american + self.dollars > 0,
                Some(_) => self.american.min(self.dollars) > 0,
            };
        let order = order.or(american.then_some(DateOrder::MonthFirst));
        let language_settles = template.is_none() && (language_settles || self.american > 0);
        let template_settles =
            by_template.is_some_and(|locale| !american || locale.order == DateOrder::MonthFirst);
        Locale {
            decimal: decimal.unwrap_or(fallback.decimal),
            order: order.unwrap_or(fallback.order),
            order_settled: self.day_first != self.month_first || template_settles || language_settles,
            decimal_settled: decimal.is_some() || by_template.is_some(),
            latest_year: self.latest_year,
        }
    }
}

/// What a language tag (`de-CH`, `en_US`) says.
fn of_tag(tag: &str) -> Locale {
    let mut parts = tag.split(['-', '_']);
    let language = parts.next().unwrap_or_default().to_ascii_lowercase();
    let country = parts.next_back().map(str::to_ascii_uppercase);
    let country = country.as_deref();
    let point = country.is_some_and(|c| POINT_COUNTRIES.contains(&c))
        || POINT_LANGUAGES.contains(&language.as_str()) && country != Some("ZA");
    let month_first = country.is_some_and(|c| MONTH_FIRST.contains(&c));
    Locale {
        decimal: if point { DecimalMark::Point } else { DecimalMark::Comma },
        order: if month_first { DateOrder::MonthFirst } else { DateOrder::DayFirst },
        order_settled: true,
        decimal_settled: true,
        latest_year: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes(numbers: &[&str], dates: &[&str]) -> Votes {
        let mut votes = Votes::default();
        numbers.iter().for_each(|n| votes.count_number(n));
        dates
            .iter()
            .filter_map(|d| Some((date::read(d)?, d)))
            .for_each(|(date, d)| votes.count_date(date, d));
        votes
    }

    #[test]
    fn the_documents_own_numbers_and_dates_decide() {
        let locale = votes(&["1.234,50", "12,00"], &["31.12.2020"]).decide(Some("en-US"), None);
        assert_eq!((locale.decimal, locale.order), (DecimalMark::Comma, DateOrder::DayFirst));
        let locale = votes(&["$1,234.50"], &["12/31/2020", "01/02/2020"]).decide(Some("de-DE"), None);
        assert_eq!((locale.decimal, locale.order), (DecimalMark::Point, DateOrder::MonthFirst));
    }

    #[test]
    fn the_template_settles_what_the_document_leaves_open_and_then_the_language() {
        let open = votes(&["1.234"], &["05/06/2020"]);
        let locale = open.decide(Some("en-US"), Some("de"));
        assert_eq!((locale.decimal, locale.order), (DecimalMark::Point, DateOrder::MonthFirst));
        assert!(locale.order_settled);
        let locale = open.decide(None, Some("de"));
        assert_eq!((locale.decimal, locale.order), (DecimalMark::Comma, DateOrder::DayFirst));
        assert!(!open.decide(None, Some("en")).order_settled);
        let mut american = open;
        american.count_american(1, 0);
        let locale = american.decide(None, Some("en"));
        assert_eq!((locale.order, locale.order_settled), (DateOrder::MonthFirst, true));
        american.count_american(0, 1);
        let locale = american.decide(Some("en-MY"), Some("en"));
        assert_eq!((locale.order, locale.order_settled), (DateOrder::MonthFirst, false));
        assert_eq!(open.decide(Some("de-CH"), None).decimal, DecimalMark::Point);
    }
}
