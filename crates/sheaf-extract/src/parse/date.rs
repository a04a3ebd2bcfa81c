//! Dates: numeric in US, European and ISO order, and with the month's name in seven languages.
//!
//! A text is cut into pieces (runs of digits, runs of letters, other characters); a date is a short sequence of them.
//! [`find`] looks for dates in running text, [`read`] takes a whole text. A numeric date stays open
//! ([`RawDate::Numeric`]) until [`RawDate::resolve`] settles it with the document's order of day and month.

use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::fold::fold;
use super::locale::DateOrder;

/// Two-digit years below this are of this century (05/06/20), others of the last (05/06/85).
const PIVOT: u32 = 70;
/// How many years a date of two digits may lie behind the latest year that its document names in full: 2/9/31 on a form of 1968 is
/// of 1931.
const AHEAD: u32 = 30;
/// Years that a business document may name.
const YEARS: Range<u32> = 1900..2100;

/// Month names: folded name to (month, languages that use it).
static MONTHS: LazyLock<FxHashMap<&'static str, (u8, Vec<&'static str>)>> = LazyLock::new(|| {
    let mut map: FxHashMap<&'static str, (u8, Vec<&'static str>)> = FxHashMap::default();
    for line in include_str!("../../data/months.txt").lines().filter(|line| !line.starts_with('#')) {
        let Some((language, months)) = line.split_once(' ') else { continue };
        for (month, names) in (1u8..).zip(months.split('|')) {
            for name in names.split_whitespace() {
                map.entry(name).or_insert_with(|| (month, Vec::new())).1.push(language);
            }
        }
    }
    map
});

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Day {
    /// Four digits.
    pub year: u32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Day {
    fn new(year: u32, month: u32, day: u32) -> Option<Self> {
        let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
        let longest = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let valid = YEARS.contains(&year) && (1..=longest).contains(&day);
        valid.then_some(Self { year, month: month as u8, day: day as u8 })
    }
}

/// A date as printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawDate {
    /// Year, month and day are known.
    Known(Day),
    /// Two numbers of which either may be the month, and the year.
    Numeric {
        /// The first number.
        first: u32,
        /// The second.
        second: u32,
        /// Four digits.
        year: u32,
    },
}

impl RawDate {
    /// The day, with the order of day and month given for those that leave it open, and whether it was sure without.
    #[must_use]
    pub fn resolve(self, order: DateOrder) -> Option<(Day, bool)> {
        match self {
            Self::Known(day) => Some((day, true)),
            Self::Numeric { first, second, year } => {
                let day_first = Day::new(year, second, first);
                let month_first = Day::new(year, first, second);
                let (preferred, other) = match order {
                    DateOrder::DayFirst => (day_first, month_first),
                    DateOrder::MonthFirst => (month_first, day_first),
                };
                let certain = day_first == month_first || preferred.is_none() || other.is_none();
                preferred.or(other).map(|day| (day, certain))
            }
        }
    }

    /// Its year.
    #[must_use]
    pub fn year(self) -> u32 {
        match self {
            Self::Known(day) => day.year,
            Self::Numeric { year, .. } => year,
        }
    }

    /// The same in the century before, where `source` has two digits of the year and `latest`, the latest year that the document
    /// names in full, is long before it.
    #[must_use]
    pub fn of_century(self, source: &str, latest: Option<u32>) -> Self {
        if names_century(source) || latest.is_none_or(|latest| self.year() <= latest + AHEAD) {
            return self;
        }
        match self {
            Self::Known(day) => Self::Known(Day { year: day.year - 100, ..day }),
            Self::Numeric { first, second, year } => Self::Numeric { first, second, year: year - 100 },
        }
    }

    /// The order that this date proves; `None` where both readings are days, or the month has a name.
    #[must_use]
    pub fn proves(self) -> Option<DateOrder> {
        let Self::Numeric { first, second, .. } = self else { return None };
        match (first > 12, second > 12) {
            (true, false) => Some(DateOrder::DayFirst),
            (false, true) => Some(DateOrder::MonthFirst),
            _ => None,
        }
    }
}

/// A date found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// What stands there.
    pub date: RawDate,
    /// Whether the month has a name, which leaves no doubt that this is a date.
    pub named: bool,
}

/// Reads the whole of `text` as a date; a weekday before it, a time after it, and marks around it may stand.
#[must_use]
pub fn read(text: &str) -> Option<RawDate> {
    let found = find(text);
    let [only] = found.as_slice() else { return None };
    let rest = |part: &str| part.chars().filter(|c| c.is_alphanumeric()).count();
    (rest(&text[..only.range.start]) == 0 && rest(&text[only.range.end..]) == 0).then_some(only.date)
}

/// Whether the text of a date has its year in full.
pub(crate) fn names_century(source: &str) -> bool {
    source.split(|c: char| !c.is_ascii_digit()).any(|digits| matches!(digits.len(), 4 | 8))
}

/// The dates of `text` from left to right, none overlapping another.
#[must_use]
pub fn find(text: &str) -> Vec<Found> {
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return Vec::new();
    }
    let pieces = Piece::cut(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        match pattern_at(&pieces, at, text) {
            Some((used, end, date, named)) => {
                found.push(Found { range: pieces[at].range.start..end, date, named });
                at += used;
            }
            None => at += 1,
        }
    }
    found
}

/// The languages whose months have this folded name.
#[must_use]
pub fn month_languages(folded: &str) -> &'static [&'static str] {
    MONTHS.get(folded).map_or(&[], |(_, languages)| languages)
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Number(u32),
    Month(u8),
    /// `st`, `nd`, `er`, `º` after a day.
    Ordinal,
    /// `of`, `de`, `day`: joins day, month and year.
    Joint,
    Word,
    Mark(char),
}

#[derive(Debug)]
struct Piece {
    kind: Kind,
    range: Range<usize>,
    /// Whether a blank stands before it.
    spaced: bool,
}

impl Piece {
    fn digits(&self) -> usize {
        self.range.len()
    }

    fn cut(text: &str) -> Vec<Self> {
        let mut pieces = Vec::new();
        let mut spaced = true;
        let mut chars = text.char_indices().peekable();
        while let Some((start, c)) = chars.next() {
            if c.is_whitespace() {
                spaced = true;
                continue;
            }
            let mut end = start + c.len_utf8();
            let mut extend = |same: fn(char) -> bool| {
                while let Some(&(at, next)) = chars.peek() {
                    if !same(next) {
                        break;
                    }
                    end = at + next.len_utf8();
                    chars.next();
                }
                end
            };
            let kind = if c.is_ascii_digit() {
                let end = extend(|c| c.is_ascii_digit());
                // A run too long for a number of a date still ends the pattern.
                Kind::Number(text[start..end].parse().unwrap_or(u32::MAX))
            } else if c.is_alphabetic() {
                let end = extend(char::is_alphabetic);
                word_kind(&fold(&text[start..end]))
            } else {
                Kind::Mark(if matches!(c, '–' | '—' | '−' | '‐' | '‑') { '-' } else { c })
            };
            pieces.push(Self { kind, range: start..end, spaced });
            spaced = false;
        }
        pieces
    }
}

fn word_kind(word: &str) -> Kind {
    if let Some((month, _)) = MONTHS.get(word) {
        return Kind::Month(*month);
    }
    match word {
        "st" | "nd" | "rd" | "th" | "er" | "ere" | "e" | "o" | "º" | "ª" => Kind::Ordinal,
        "of" | "de" | "del" | "day" | "di" => Kind::Joint,
        _ => Kind::Word,
    }
}

/// A date whose first piece is `at`: pieces used, byte where it ends, the date, whether its month has a name.
fn pattern_at(pieces: &[Piece], at: usize, text: &str) -> Option<(usize, usize, RawDate, bool)> {
    if !starts_freely(pieces, at, text) {
        return None;
    }
    let cursor = Cursor { pieces, at, text };
    cursor
        .named_day_first()
        .or_else(|| cursor.named_month_first())
        .or_else(|| cursor.named_year_first())
        .map(|(used, end, date)| (used, end, date, true))
        .or_else(|| cursor.numeric().map(|(used, end, date)| (used, end, date, false)))
}

/// Whether the piece before does not belong to the same run of characters (`1.2.03.2014`, `A03/04/20`).
fn starts_freely(pieces: &[Piece], at: usize, text: &str) -> bool {
    if pieces[at].spaced || at == 0 {
        return true;
    }
    let before = &pieces[at - 1];
    match before.kind {
        Kind::Number(_) | Kind::Word | Kind::Month(_) | Kind::Ordinal | Kind::Joint => false,
        // A separator with a digit right before it continues a longer number, unless it parts two dates that are written
        // with another one (02/21/20-02/25/20).
        Kind::Mark(mark @ ('.' | '/' | '-' | ',')) => {
            let separator = pieces.get(at + 1).map(|p| &p.kind).filter(|_| pieces[at].digits() < 3);
            let parts = matches!(mark, '-' | '/') && separator.is_some_and(|s| *s != Kind::Mark(mark));
            // A month by its name starts another one (Mar02/20-Mar08/20).
            let parts = parts || mark == '-' && matches!(pieces[at].kind, Kind::Month(_));
            before.spaced || parts || !text[..before.range.start].ends_with(|c: char| c.is_ascii_digit())
        }
        Kind::Mark(_) => true,
    }
}

#[derive(Clone, Copy)]
struct Cursor<'p> {
    pieces: &'p [Piece],
    at: usize,
    text: &'p str,
}

type Pattern = (usize, usize, RawDate);

impl<'p> Cursor<'p> {
    fn piece(&self, offset: usize) -> Option<&'p Piece> {
        self.pieces.get(self.at + offset)
    }

    fn number(&self, offset: usize, digits: Range<usize>) -> Option<u32> {
        let piece = self.piece(offset)?;
        match piece.kind {
            Kind::Number(n) if digits.contains(&piece.digits()) => Some(n),
            _ => None,
        }
    }

    fn month(&self, offset: usize) -> Option<u32> {
        match self.piece(offset)?.kind {
            Kind::Month(month) => Some(u32::from(month)),
            _ => None,
        }
    }

    fn mark(&self, offset: usize) -> Option<char> {
        match self.piece(offset)?.kind {
            Kind::Mark(c) => Some(c),
            _ => None,
        }
    }

    /// The first offset from `offset` on that no joining piece (mark, ordinal, `of`) stands at; at most four.
    fn skip_joints(&self, offset: usize) -> usize {
        // A comma that recognition read as a semicolon: "Oct. 27; 1989".
        let is_comma = |o: usize| self.mark(o) == Some(';') && self.number(o + 1, 4..5).is_some();
        (offset..offset + 4)
            .find(|&o| {
                !is_comma(o)
                    && !self.piece(o).is_some_and(|p| {
                        matches!(
                            p.kind,
                            Kind::Ordinal | Kind::Joint | Kind::Mark('.' | ',' | '-' | '/' | '\'')
                        )
                    })
            })
            .unwrap_or(offset + 4)
    }

    /// A year at `offset`: four digits, or two where `short` allows; bytes where it ends.
    ///
    /// Recognised text glues a time to the year (`20198:01`): four digits count where they start a year. A form prints the
    /// century, and the rest is filled in (`20 04`).
    fn year(&self, offset: usize, short: bool) -> Option<(u32, usize)> {
        let piece = self.piece(offset)?;
        let Kind::Number(n) = piece.kind else { return None };
        let end = piece.range.end;
        match piece.digits() {
            4 => YEARS.contains(&n).then_some((n, end)),
            2 if short && self.is_century(offset) => {
                let rest = self.number(offset + 1, 2..3)?;
                Some((100 * n + rest, self.piece(offset + 1)?.range.end))
            }
            2 if short => Some((if n < PIVOT { 2000 + n } else { 1900 + n }, end)),
            5 | 6 => {
                let start = piece.range.start;
                let glued = self.piece(offset + 1).is_some_and(|p| p.kind == Kind::Mark(':') && !p.spaced);
                let year: u32 = self.text[start..start + 4].parse().ok()?;
                (glued && YEARS.contains(&year)).then_some((year, start + 4))
            }
            _ => None,
        }
    }

    /// Whether the two digits at `offset` are the start of a year that a form leaves to be filled in: "October 19, 20 04",
    /// "October, 20__".
    fn is_century(&self, offset: usize) -> bool {
        let starts = self.number(offset, 2..3).is_some_and(|n| matches!(n, 19 | 20));
        let before = offset.checked_sub(1).and_then(|before| self.piece(before));
        let is_parted = before.is_some_and(|p| matches!(p.kind, Kind::Joint | Kind::Mark(',')));
        let is_rest = self.number(offset + 1, 2..3).is_some()
            && !matches!(self.mark(offset + 2), Some(':' | '/' | '.' | '-' | '%'));
        starts && is_parted && (is_rest || self.mark(offset + 1) == Some('_'))
    }

    /// Whether a piece that ends a date is followed by something that makes it part of a longer number or word.
    fn ends_freely(&self, offset: usize, end: usize) -> bool {
        let Some(next) = self.piece(offset + 1) else { return true };
        if next.spaced || end < self.pieces[self.at + offset].range.end {
            return true;
        }
        match next.kind {
            Kind::Mark(mark @ ('.' | '/' | '-' | ',')) => {
                let after = self.piece(offset + 2);
                let own = offset.checked_sub(1).and_then(|before| self.mark(before));
                let parts = matches!(mark, '-' | '/') && own.is_some_and(|own| own != mark);
                parts || !after.is_some_and(|p| !p.spaced && matches!(p.kind, Kind::Number(_)))
            }
            Kind::Mark(_) => true,
            // An ISO time follows its date with a T.
            Kind::Word => self.text[next.range.clone()].eq_ignore_ascii_case("t"),
            _ => false,
        }
    }

    /// `5 March 2018`, `5. März 2018`, `5th day of March, 2018`, `05-Mar-18`, `13Feb20`.
    fn named_day_first(&self) -> Option<Pattern> {
        let day = self.number(0, 1..3)?;
        let month_at = self.skip_joints(1);
        let month = self.month(month_at)?;
        let year_at = self.skip_joints(month_at + 1);
        let joined = year_at > month_at + 1 || !self.piece(year_at)?.spaced;
        let (year, end) = self.year(year_at, joined)?;
        self.ends_freely(year_at, end).then_some(())?;
        Some((year_at + 1, end, RawDate::Known(Day::new(year, month, day)?)))
    }

    /// `March 5, 2018`, `Mar-05-18`, `Feb13/20`; as a clock stamps it, `JUN 14 9 52 AM '68`.
    fn named_month_first(&self) -> Option<Pattern> {
        let month = self.month(0)?;
        let day_at = self.skip_joints(1);
        let day = self.number(day_at, 1..3)?;
        let year_at = self.stamped_year(day_at + 1).unwrap_or_else(|| self.skip_joints(day_at + 1));
        let (year, end) = self.year(year_at, year_at > day_at + 1)?;
        self.ends_freely(year_at, end).then_some(())?;
        Some((year_at + 1, end, RawDate::Known(Day::new(year, month, day)?)))
    }

    /// Where the year stands behind a time of day and an apostrophe.
    fn stamped_year(&self, hour: usize) -> Option<usize> {
        self.number(hour, 1..3)?;
        let minute = hour + 1 + usize::from(matches!(self.mark(hour + 1), Some(':' | '.')));
        self.number(minute, 2..3)?;
        let half = self.piece(minute + 1)?;
        let is_half = matches!(&*fold(&self.text[half.range.clone()]), "am" | "pm");
        let is_year = matches!(self.mark(minute + 2), Some('\'' | '’'));
        (is_half && is_year).then_some(minute + 3)
    }

    /// `2018-Mar-05`.
    fn named_year_first(&self) -> Option<Pattern> {
        let year = self.number(0, 4..5)?;
        let month_at = self.skip_joints(1);
        let month = self.month(month_at)?;
        let day_at = self.skip_joints(month_at + 1);
        let day = self.number(day_at, 1..3)?;
        let end = self.piece(day_at)?.range.end;
        self.ends_freely(day_at, end).then_some(())?;
        Some((day_at + 1, end, RawDate::Known(Day::new(year, month, day)?)))
    }

    fn numeric(&self) -> Option<Pattern> {
        if let Some(compact) = self.number(0, 8..9) {
            let end = self.piece(0)?.range.end;
            self.ends_freely(0, end).then_some(())?;
            let day = Day::new(compact / 10_000, compact / 100 % 100, compact % 100)?;
            return (1990..2050).contains(&day.year).then_some((1, end, RawDate::Known(day)));
        }
        let separator = self.mark(1)?;
        if !matches!(separator, '.' | '/' | '-') || self.mark(3) != Some(separator) {
            return None;
        }
        // 12 - 3 - 2020 is written with blanks by some; 1. 3 - 4 is not a date.
        let spaced = |offset| self.piece(offset).is_some_and(|p| p.spaced);
        if spaced(1) != spaced(3) && separator == '-' {
            return None;
        }
        if let Some(year) = self.number(0, 4..5) {
            let (month, day) = (self.number(2, 1..3)?, self.number(4, 1..3)?);
            let end = self.piece(4)?.range.end;
            self.ends_freely(4, end).then_some(())?;
            return Some((5, end, RawDate::Known(Day::new(year, month, day)?)));
        }
        let (first, second) = (self.number(0, 1..3)?, self.number(2, 1..3)?);
        let (year, end) = self.year(4, true)?;
        self.ends_freely(4, end).then_some(())?;
        let date = RawDate::Numeric { first, second, year };
        date.resolve(DateOrder::DayFirst)?;
        Some((5, end, date))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(text: &str, order: DateOrder) -> Option<String> {
        read(text)?.resolve(order).map(|(day, _)| day.to_string())
    }

    #[test]
    fn dates_with_a_named_month_or_iso_order_have_one_reading() {
        for (text, expected) in [
            ("2018-03-05", "2018-03-05"),
            ("2018/03/05", "2018-03-05"),
            ("20180305", "2018-03-05"),
            ("5 March 2018", "2018-03-05"),
            ("5. März 2018", "2018-03-05"),
            ("March 5, 2018", "2018-03-05"),
            ("Jan 1, 2022", "2022-01-01"),
            ("the 5th day of March, 2018", ""),
            ("5th day of March, 2018", "2018-03-05"),
            ("19th day of October , 20 04", "2004-10-19"),
            ("October 19, 20 04", "2004-10-19"),
            ("October 19, 20__", ""),
            ("02 Juillet 2015", "2015-07-02"),
            ("1er août 2015", "2015-08-01"),
            ("29 maart 2014", "2014-03-29"),
            ("5 de marzo de 2018", "2018-03-05"),
            ("5 marzo 2018", "2018-03-05"),
            ("5 de março de 2018", "2018-03-05"),
            ("Feb13/20", "2020-02-13"),
            ("13-Feb-20", "2020-02-13"),
            ("13FEB2020", "2020-02-13"),
            ("2018-Mar-05", "2018-03-05"),
            ("31/12/2017", "2017-12-31"),
            ("12/31/17", "2017-12-31"),
            ("31.12.85", "1985-12-31"),
            ("JUN 14 9 52 AM '78", "1978-06-14"),
            ("Oct. 27; 1989", "1989-10-27"),
            ("(31.12.2017)", "2017-12-31"),
            ("March 2020", ""),
            ("31.02.2020", ""),
            ("00.123.456.7-2018-1", ""),
            ("RE-20190610/507", ""),
            ("1.2.12.5", ""),
            ("12.50", ""),
            ("01.01.2010 bis 31.12.2010", ""),
            ("", ""),
        ] {
            for order in [DateOrder::DayFirst, DateOrder::MonthFirst] {
                assert_eq!(iso(text, order).unwrap_or_default(), expected, "{text}");
            }
        }
    }

    #[test]
    fn an_ambiguous_date_follows_the_order_given_and_says_so() {
        assert_eq!(iso("05/06/20", DateOrder::DayFirst).unwrap(), "2020-06-05");
        assert_eq!(iso("05/06/20", DateOrder::MonthFirst).unwrap(), "2020-05-06");
        let date = read("05/06/20").unwrap();
        assert!(!date.resolve(DateOrder::DayFirst).unwrap().1);
        assert_eq!(date.proves(), None);
        assert_eq!(read("31/12/20").unwrap().proves(), Some(DateOrder::DayFirst));
        assert_eq!(read("12/31/20").unwrap().proves(), Some(DateOrder::MonthFirst));
    }

    #[test]
    fn two_digits_of_a_year_are_of_the_documents_century() {
        let year = |text: &str, latest| read(text).unwrap().of_century(text, latest).year();
        assert_eq!(year("2/9/31", Some(1968)), 1931);
        assert_eq!(year("JUN 14 9 52 AM '68", Some(1968)), 1968);
        assert_eq!(year("2/9/31", Some(2019)), 2031);
        assert_eq!(year("2/9/01", Some(1998)), 2001);
        assert_eq!(year("2/9/2031", Some(1968)), 2031);
        assert_eq!(year("2/9/31", None), 2031);
    }

    #[test]
    fn dates_are_found_in_running_text() {
        let found = |text: &str| -> Vec<String> {
            find(text).into_iter().map(|f| text[f.range].to_owned()).collect()
        };
        assert_eq!(found("Nr. 471102 vom 05.03.2018, fällig 04.04.2018."), ["05.03.2018", "04.04.2018"]);
        assert_eq!(found("03/09/20 - 03/17/20"), ["03/09/20", "03/17/20"]);
        assert_eq!(found("02/21/20-02/25/20"), ["02/21/20", "02/25/20"]);
        assert_eq!(found("Feb13/20 - Feb14/20"), ["Feb13/20", "Feb14/20"]);
        assert_eq!(found("Feb13/20-Feb14/20"), ["Feb13/20", "Feb14/20"]);
        assert_eq!(found("09/01/20198:01:11 PM"), ["09/01/2019"]);
        assert_eq!(found("as of June 11, 2012, by"), ["June 11, 2012"]);
        assert_eq!(found("Tel 01.02.03.04.05"), Vec::<String>::new());
        assert_eq!(found("2019-06-10T12:00"), ["2019-06-10"]);
    }
}
