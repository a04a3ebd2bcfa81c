//! Number formats: from a stored number and a format code to the text that a spreadsheet shows (ISO/IEC 29500-1,
//! 18.8.30 and 18.8.31).
//!
//! Two things differ from what the screen shows, both so that the text has one meaning whatever the reader's country:
//! a day written with digits only is in ISO order unless its year stands first already, and a single group of
//! thousands without decimals has no mark (`1234`, not `1,234`).

use rust_decimal::{Decimal, RoundingStrategy};

use super::serial_date::Moment;

/// Decimals that the general format shows at most.
const GENERAL_DECIMALS: u32 = 10;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A format code, ready to be used.
#[derive(Debug, Clone, Default)]
pub(super) struct NumberFormat {
    /// For positive numbers, negative ones, and zero; or with conditions of their own.
    sections: Vec<Section>,
}

#[derive(Debug, Clone, Default)]
struct Section {
    tokens: Vec<Token>,
    /// `[>=1000]`: the operator and the operand.
    condition: Option<(String, f64)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Literal(String),
    /// `0`, `#` or `?`.
    Digit(char),
    Point,
    Comma,
    Percent,
    /// `E+` or `E-`.
    Exponent,
    /// A run of `y`, `m`, `d`, `h` or `s`, or of `e` and `b`, which are years.
    Date(char, usize),
    /// `[h]`: hours (minutes, seconds) that do not start again after a day.
    Elapsed(char),
    AmPm,
    General,
    /// A mark of fractions, which are shown as decimals.
    Slash,
}

impl NumberFormat {
    /// The format with a code.
    pub(super) fn parse(code: &str) -> Self {
        let mut sections = vec![Section::default()];
        let mut rest = code.chars().peekable();
        while let Some(c) = rest.next() {
            let Some(section) = sections.last_mut() else { break };
            let tokens = &mut section.tokens;
            match c {
                ';' => sections.push(Section::default()),
                '"' => tokens.push(Token::Literal(rest.by_ref().take_while(|&c| c != '"').collect())),
                '\\' | '!' => tokens.extend(rest.next().map(|c| Token::Literal(c.into()))),
                '_' | '*' => {
                    // Space as wide as a character, or filled with it.
                    rest.next();
                    tokens.push(Token::Literal(" ".into()));
                }
                '[' => {
                    let bracket: String = rest.by_ref().take_while(|&c| c != ']').collect();
                    section.bracket(&bracket);
                }
                '0' | '#' | '?' => tokens.push(Token::Digit(c)),
                '.' => tokens.push(Token::Point),
                ',' => tokens.push(Token::Comma),
                '%' => tokens.push(Token::Percent),
                '/' => tokens.push(Token::Slash),
                'E' | 'e' if matches!(rest.peek(), Some('+' | '-')) => {
                    rest.next();
                    tokens.push(Token::Exponent);
                }
                'G' | 'g' if rest.clone().take(6).collect::<String>().eq_ignore_ascii_case("eneral") => {
                    rest.by_ref().take(6).for_each(drop);
                    tokens.push(Token::General);
                }
                'A' | 'a' if matches!(rest.peek(), Some('M' | 'm' | '/')) => {
                    while rest.next_if(|c| matches!(c, 'A' | 'a' | 'M' | 'm' | 'P' | 'p' | '/')).is_some() {}
                    tokens.push(Token::AmPm);
                }
                'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' | 'e' | 'b' | 'B' => {
                    let letter = c.to_ascii_lowercase();
                    let mut count = 1;
                    while rest.next_if(|c| c.to_ascii_lowercase() == letter).is_some() {
                        count += 1;
                    }
                    tokens.push(Token::Date(if matches!(letter, 'e' | 'b') { 'y' } else { letter }, count));
                }
                '@' => {}
                c => tokens.push(Token::Literal(c.into())),
            }
        }
        Self { sections }
    }

    /// The format of one of the numbers that stand for a code everywhere.
    pub(super) fn built_in(id: u32) -> Self {
        Self::parse(match id {
            1 => "0",
            2 => "0.00",
            3 => "#,##0",
            4 => "#,##0.00",
            5 | 6 => "\"$\"#,##0;(\"$\"#,##0)",
            7 | 8 => "\"$\"#,##0.00;(\"$\"#,##0.00)",
            9 => "0%",
            10 => "0.00%",
            11 => "0.00E+00",
            12 | 13 => "# ?/?",
            // The order of a short date is the reader's own; so are the East Asian ones.
            14 | 27..=31 | 36 | 50..=54 | 57 | 58 => "yyyy-mm-dd",
            15 => "d-mmm-yy",
            16 => "d-mmm",
            17 => "mmm-yy",
            18 => "h:mm AM/PM",
            19 => "h:mm:ss AM/PM",
            20 | 32 | 34 | 55 => "h:mm",
            21 | 33 | 35 | 56 => "h:mm:ss",
            22 => "yyyy-mm-dd h:mm",
            37 | 38 => "#,##0;(#,##0)",
            39 | 40 => "#,##0.00;(#,##0.00)",
            41 | 42 => "#,##0;(#,##0);\"-\"",
            43 | 44 => "#,##0.00;(#,##0.00);\"-\"",
            45 => "mm:ss",
            46 => "[h]:mm:ss",
            47 => "mm:ss.0",
            48 => "##0.0E+0",
            _ => "General",
        })
    }

    /// The text of a number; `since_1904` names the calendar of its dates. Empty where the format hides it.
    pub(super) fn show(&self, number: f64, since_1904: bool) -> String {
        let (section, is_negative) = self.section(number);
        let Some(section) = section else { return general(number) };
        let text = if section.is_date() {
            match Moment::from_serial(number, since_1904) {
                Some(moment) => section.date(&moment, number),
                None => general(number),
            }
        } else if section.tokens.is_empty() {
            // A format without sections shows everything, an empty section nothing.
            if self.sections.len() == 1 { general(number) } else { String::new() }
        } else {
            let sign = if is_negative { "-" } else { "" };
            format!("{sign}{}", section.number(number.abs()))
        };
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The section for a number, and whether the sign is to be shown with it.
    fn section(&self, number: f64) -> (Option<&Section>, bool) {
        if self.sections.iter().any(|section| section.condition.is_some()) {
            let fits = |section: &&Section| section.condition.as_ref().is_none_or(|c| holds(number, c));
            return (self.sections.iter().find(fits).or(self.sections.last()), number < 0.0);
        }
        match self.sections.as_slice() {
            [_, negative, ..] if number < 0.0 => (Some(negative), false),
            [_, _, zero, ..] if number == 0.0 => (Some(zero), false),
            sections => (sections.first(), number < 0.0),
        }
    }
}

impl Section {
    /// A colour, a condition, a currency with its country, or time that does not start again.
    fn bracket(&mut self, text: &str) {
        if let Some(currency) = text.strip_prefix('$') {
            let sign = currency.split_once('-').map_or(currency, |(sign, _)| sign);
            self.tokens.push(Token::Literal(sign.to_owned()));
        } else if text.starts_with(['<', '>', '=']) {
            let operand = text.trim_start_matches(['<', '>', '=']);
            if let Ok(number) = operand.trim().parse() {
                self.condition = Some((text[..text.len() - operand.len()].to_owned(), number));
            }
        } else if let Some(letter) = text.chars().next().map(|c| c.to_ascii_lowercase())
            && matches!(letter, 'h' | 'm' | 's')
            && text.chars().all(|c| c.to_ascii_lowercase() == letter)
        {
            self.tokens.push(Token::Elapsed(letter));
        }
    }

    fn is_date(&self) -> bool {
        self.tokens.iter().any(|token| matches!(token, Token::Date(..) | Token::Elapsed(_) | Token::AmPm))
    }

    fn date(&self, moment: &Moment, serial: f64) -> String {
        let half_day = self.tokens.contains(&Token::AmPm);
        let mut text = String::new();
        let mut iso_is_due = self.is_ambiguous_day();
        for (at, token) in self.tokens.iter().enumerate() {
            match token {
                Token::Date(letter @ ('y' | 'm' | 'd'), count) if *letter != 'm' || !self.is_minute(at) => {
                    if self.is_ambiguous_day() {
                        if std::mem::take(&mut iso_is_due) {
                            text.push_str(&moment.iso_day());
                        }
                        continue;
                    }
                    text.push_str(&calendar(moment, *letter, *count));
                }
                Token::Date(letter, count) => {
                    let value = match letter {
                        'h' if half_day => (moment.hour + 11) % 12 + 1,
                        'h' => moment.hour,
                        'm' => moment.minute,
                        _ => moment.second,
                    };
                    text.push_str(&if *count > 1 { format!("{value:02}") } else { value.to_string() });
                }
                Token::Elapsed(letter) => {
                    let unit = match letter {
                        'h' => 24.0,
                        'm' => 1_440.0,
                        _ => 86_400.0,
                    };
                    // Half a second, so that 2:00 is not 1:59:59.999….
                    text.push_str(&((serial * unit + unit / 172_800.0).floor().abs() as u64).to_string());
                }
                Token::AmPm => text.push_str(if moment.hour < 12 { "AM" } else { "PM" }),
                // Marks between parts of the day go with them.
                Token::Literal(_) | Token::Slash | Token::Comma | Token::Point
                    if self.is_ambiguous_day() && self.is_within_day(at) => {}
                Token::Literal(literal) => text.push_str(literal),
                Token::Slash => text.push('/'),
                Token::Comma => text.push(','),
                Token::Point if !matches!(self.tokens.get(at + 1), Some(Token::Digit(_))) => text.push('.'),
                _ => {}
            }
        }
        text
    }

    /// Whether an `m` means minutes: after hours or before seconds.
    fn is_minute(&self, at: usize) -> bool {
        let unit = |token: &&Token| matches!(token, Token::Date(..) | Token::Elapsed(_));
        let before = self.tokens[..at].iter().rfind(unit);
        let after = self.tokens[at + 1..].iter().find(unit);
        matches!(before, Some(Token::Date('h', _) | Token::Elapsed('h')))
            || matches!(after, Some(Token::Date('s', _)))
    }

    /// Whether the day is written in digits so that day and month could be taken for each other.
    fn is_ambiguous_day(&self) -> bool {
        let letters = self.tokens.iter().enumerate().filter_map(|(at, token)| match token {
            Token::Date(letter @ ('y' | 'm' | 'd'), count) if *letter != 'm' || !self.is_minute(at) => {
                Some((*letter, *count))
            }
            _ => None,
        });
        let order: Vec<(char, usize)> = letters.collect();
        let has = |wanted: char| order.iter().any(|&(letter, count)| letter == wanted && count <= 2);
        let year_leads = order.first().is_some_and(|&(letter, count)| letter == 'y' && count > 2);
        let is_whole = order.iter().any(|&(letter, _)| letter == 'y') && has('d') && has('m');
        is_whole && !year_leads
    }

    /// Whether a token stands between two parts of the day.
    fn is_within_day(&self, at: usize) -> bool {
        let part = |(at, token): (usize, &Token)| {
            matches!(token, Token::Date('y' | 'd', _))
                || matches!(token, Token::Date('m', _)) && !self.is_minute(at)
        };
        let mut parts = self.tokens.iter().enumerate();
        let first = parts.position(part);
        let last = self.tokens.iter().enumerate().rposition(part);
        first.is_some_and(|first| first < at) && last.is_some_and(|last| at < last)
    }

    /// A number that is not negative.
    fn number(&self, number: f64) -> String {
        if self.tokens.contains(&Token::Slash) {
            return general(number);
        }
        let is_digit = |token: &Token| matches!(token, Token::Digit(_));
        let Some(last_digit) = self.tokens.iter().rposition(is_digit) else {
            return self.tokens.iter().map(|token| self.mark(token, number)).collect();
        };
        let exponent = self.tokens.iter().position(|token| *token == Token::Exponent);
        let mantissa = &self.tokens[..exponent.unwrap_or(self.tokens.len())];
        let point = mantissa.iter().position(|token| *token == Token::Point).unwrap_or(mantissa.len());
        let decimals = mantissa[point..].iter().filter(|token| is_digit(token)).count();
        if exponent.is_some() {
            return scientific(number, decimals);
        }
        let percents = self.tokens.iter().filter(|token| **token == Token::Percent).count();
        let first_digit = self.tokens.iter().position(is_digit).unwrap_or(0);
        let is_group = |(at, token): (usize, &Token)| {
            *token == Token::Comma && first_digit < at && at < last_digit.min(point)
        };
        let groups = self.tokens.iter().enumerate().any(is_group);
        let thousands =
            self.tokens[last_digit + 1..].iter().take_while(|token| **token == Token::Comma).count()
                + mantissa[..point].iter().rev().take_while(|token| **token == Token::Comma).count()
                    * usize::from(point < last_digit);
        let scaled = number * 100_f64.powi(percents as i32) / 1000_f64.powi(thousands as i32);

        let plain = rounded(scaled, decimals);
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let whole = whole.trim_start_matches('0');
        let groups = groups && (decimals > 0 || whole.len() > 6);
        let mut text = self.whole(&self.tokens[..point], whole, groups, number);
        text.push_str(&self.fraction(&self.tokens[point..], fraction, number));
        text
    }

    /// The digits before the point, set into their places from the right; the leftmost place takes what is left.
    fn whole(&self, tokens: &[Token], digits: &str, groups: bool, number: f64) -> String {
        let first = tokens.iter().position(|token| matches!(token, Token::Digit(_)));
        let mut rest: Vec<char> = digits.chars().collect();
        let mut placed = 0;
        let mut reversed: Vec<String> = Vec::new();
        let mut place = |digit: char, reversed: &mut Vec<String>| {
            if groups && placed > 0 && placed % 3 == 0 {
                reversed.push(",".to_owned());
            }
            placed += 1;
            reversed.push(digit.to_string());
        };
        for (at, token) in tokens.iter().enumerate().rev() {
            match token {
                Token::Digit(kind) => {
                    match rest.pop() {
                        Some(digit) => place(digit, &mut reversed),
                        None if *kind == '0' => place('0', &mut reversed),
                        None => {}
                    }
                    while Some(at) == first
                        && let Some(digit) = rest.pop()
                    {
                        place(digit, &mut reversed);
                    }
                }
                token => reversed.push(self.mark(token, number)),
            }
        }
        // Without a place before the point the digits stand all the same: `.00` shows 1.50.
        while let Some(digit) = rest.pop() {
            place(digit, &mut reversed);
        }
        reversed.into_iter().rev().collect()
    }

    /// The point and the digits after it; optional zeros at the end are left out.
    fn fraction(&self, tokens: &[Token], digits: &str, number: f64) -> String {
        let needed = tokens.iter().filter(|token| matches!(token, Token::Digit(_))).enumerate();
        let needed = needed
            .filter(|(_, token)| **token == Token::Digit('0'))
            .map(|(at, _)| at + 1)
            .last()
            .unwrap_or(0);
        let shown = needed.max(digits.trim_end_matches('0').len());
        let mut digits = digits.chars().take(shown);
        let mut text = String::new();
        for token in tokens {
            match token {
                Token::Point if shown > 0 => text.push('.'),
                Token::Digit(_) => text.extend(digits.next()),
                token => text.push_str(&self.mark(token, number)),
            }
        }
        text
    }

    /// What stands for a token that is no digit.
    fn mark(&self, token: &Token, number: f64) -> String {
        match token {
            Token::Literal(literal) => literal.clone(),
            Token::Percent => "%".to_owned(),
            Token::General => general(number),
            _ => String::new(),
        }
    }
}

fn holds(number: f64, (operator, operand): &(String, f64)) -> bool {
    match operator.as_str() {
        "<" => number < *operand,
        "<=" => number <= *operand,
        ">" => number > *operand,
        ">=" => number >= *operand,
        "=" => number == *operand,
        "<>" => number != *operand,
        _ => true,
    }
}

fn calendar(moment: &Moment, letter: char, count: usize) -> String {
    let month = MONTHS[moment.month as usize - 1];
    match (letter, count) {
        ('y', 1 | 2) => format!("{:02}", moment.year % 100),
        ('y', _) => moment.year.to_string(),
        ('m', 1) => moment.month.to_string(),
        ('m', 2) => format!("{:02}", moment.month),
        ('m', 3) => month[..3].to_owned(),
        ('m', 5) => month[..1].to_owned(),
        ('m', _) => month.to_owned(),
        (_, 1) => moment.day.to_string(),
        (_, 2) => format!("{:02}", moment.day),
        (_, 3) => moment.weekday()[..3].to_owned(),
        _ => moment.weekday().to_owned(),
    }
}

/// A number without a format: as many digits as it has.
pub(super) fn general(number: f64) -> String {
    match decimal(number) {
        Some(decimal) if decimal.is_zero() && number != 0.0 => format!("{number:E}"),
        Some(decimal) => {
            let rounded =
                decimal.round_dp_with_strategy(GENERAL_DECIMALS, RoundingStrategy::MidpointAwayFromZero);
            if rounded.is_zero() && number != 0.0 {
                format!("{number:E}")
            } else {
                rounded.normalize().to_string()
            }
        }
        None => format!("{number:E}"),
    }
}

/// A number with this many decimals, halves rounded away from zero.
fn rounded(number: f64, decimals: usize) -> String {
    let decimals = decimals.min(28);
    match decimal(number) {
        Some(decimal) => {
            let mut decimal =
                decimal.round_dp_with_strategy(decimals as u32, RoundingStrategy::MidpointAwayFromZero);
            decimal.rescale(decimals as u32);
            decimal.to_string()
        }
        None => format!("{number:.decimals$}"),
    }
}

/// The number that a spreadsheet calculates with: fifteen digits.
fn decimal(number: f64) -> Option<Decimal> {
    Decimal::from_scientific(&format!("{number:.14e}")).ok()
}

fn scientific(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$E}");
    match text.split_once("E-") {
        Some((mantissa, exponent)) => format!("{mantissa}E-{exponent:0>2}"),
        None => text
            .split_once('E')
            .map_or(text.clone(), |(mantissa, exponent)| format!("{mantissa}E+{exponent:0>2}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_by_their_format() {
        for (code, number, expected) in [
            ("General", 1234.56, "1234.56"),
            ("General", 0.1 + 0.2, "0.3"),
            ("General", -5.0, "-5"),
            ("General", 123_456_789_012.0, "123456789012"),
            ("General", 1e-12, "1E-12"),
            ("0", 2.5, "3"),
            ("0.00", 1.005, "1.01"),
            ("0.00", -1.0, "-1.00"),
            ("000000", 42.0, "000042"),
            ("#,##0.00", 1_234_567.891, "1,234,567.89"),
            ("#,##0.00", 0.5, "0.50"),
            ("#,##0", 1234.0, "1234"),
            ("#,##0", 1_234_567.0, "1,234,567"),
            ("#.##", 1.5, "1.5"),
            ("0.0#", 2.0, "2.0"),
            ("0%", 0.19, "19%"),
            ("0.0 %", 0.075, "7.5 %"),
            ("#,##0.00\\ \"€\"", 1234.5, "1,234.50 €"),
            ("[$€-407] #,##0.00", 12.0, "€ 12.00"),
            ("\"$\"#,##0.00_);(\"$\"#,##0.00)", -12.5, "($12.50)"),
            ("_(\"$\"* #,##0.00_);_(\"$\"* (#,##0.00);_(\"$\"* \"-\"??_);_(@_)", 1999.0, "$ 1,999.00"),
            ("_(\"$\"* #,##0.00_);_(\"$\"* (#,##0.00);_(\"$\"* \"-\"??_);_(@_)", 0.0, "$ -"),
            ("#,##0.00;[Red]-#,##0.00", -3.0, "-3.00"),
            ("0.0,,\"M\"", 12_300_000.0, "12.3M"),
            ("[>=1000]0.0,\"k\";0", 1500.0, "1.5k"),
            ("[>=1000]0.0,\"k\";0", 15.0, "15"),
            ("000-00-0000", 123_456_789.0, "123-45-6789"),
            ("\"No. \"0", 7.0, "No. 7"),
            ("0.00E+00", 12345.0, "1.23E+04"),
            ("# ?/?", 0.5, "0.5"),
            (";;;", 5.0, ""),
            ("", 5.0, "5"),
        ] {
            assert_eq!(NumberFormat::parse(code).show(number, false), expected, "{code} {number}");
        }
    }

    #[test]
    fn dates_are_shown_by_their_format_unless_their_order_were_in_doubt() {
        // 5 March 2018, 14:30.
        let serial = 43_164.604_166_666_664;
        for (code, expected) in [
            ("yyyy-mm-dd", "2018-03-05"),
            ("dd.mm.yyyy", "2018-03-05"),
            ("d mmmm yyyy", "5 March 2018"),
            ("mmm d, yyyy", "Mar 5, 2018"),
            ("[$-409]dddd, mmmm d, yyyy;@", "Monday, March 5, 2018"),
            ("d-mmm-yy", "5-Mar-18"),
            ("m/d/yy", "2018-03-05"),
            ("dd/mm/yyyy", "2018-03-05"),
            ("dd/mm/yyyy hh:mm", "2018-03-05 14:30"),
            ("h:mm AM/PM", "2:30 PM"),
            ("hh:mm:ss", "14:30:00"),
            ("mm/yyyy", "03/2018"),
        ] {
            assert_eq!(NumberFormat::parse(code).show(serial, false), expected, "{code}");
        }
        assert_eq!(NumberFormat::built_in(14).show(serial, false), "2018-03-05");
        assert_eq!(NumberFormat::parse("[h]:mm").show(1.25, false), "30:00");
    }

    #[test]
    fn a_date_that_is_none_is_shown_as_a_number() {
        assert_eq!(NumberFormat::built_in(14).show(-1.0, false), "-1");
        assert_eq!(NumberFormat::built_in(14).show(1e12, false), "1000000000000");
    }

    proptest::proptest! {
        #[test]
        fn no_code_and_no_number_panic(code in ".{0,24}", number in proptest::num::f64::ANY) {
            NumberFormat::parse(&code).show(number, false);
        }

        #[test]
        fn no_likely_code_panics(code in "[0#?.,%/E+;\\[\\]hmsdyAPM$ \"_*@G-]{0,16}", number in proptest::num::f64::ANY) {
            NumberFormat::parse(&code).show(number, true);
        }
    }
}
