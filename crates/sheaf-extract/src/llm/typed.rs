//! Dates, numbers and amounts that were shown, found by what they mean: however the model writes them.

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::transcript::{DateSpot, NumberSpot, Transcript};
use crate::locate::candidate::numbers_of;
use crate::locate::layout::Span;
use crate::parse::date::{self, Day};
use crate::parse::locale::{DateOrder, DecimalMark, Locale};
use crate::parse::number;

/// The dates and numbers of the lines.
pub(super) struct Typed<'t> {
    dates: &'t [DateSpot],
    numbers: HashMap<Decimal, Vec<&'t NumberSpot>>,
}

/// A date that was shown, as what was asked for.
pub(super) struct DateAt<'t> {
    pub(super) spans: &'t [Span],
    /// `YYYY-MM-DD`.
    pub(super) value: String,
    /// Whether it can be read in one way only, or the document settles how.
    pub(super) is_certain: bool,
}

impl<'t> Typed<'t> {
    pub(super) fn new(transcript: &'t Transcript) -> Self {
        let mut numbers: HashMap<Decimal, Vec<&NumberSpot>> = HashMap::new();
        for number in &transcript.numbers {
            if let Ok(value) = number.value.parse::<Decimal>() {
                numbers.entry(value.normalize()).or_default().push(number);
            }
        }
        Self { dates: &transcript.dates, numbers }
    }

    /// Where one of these numbers stands, in reading order.
    pub(super) fn numbers(&self, wanted: &[Decimal]) -> impl Iterator<Item = &'t NumberSpot> {
        wanted.iter().filter_map(|value| self.numbers.get(&value.normalize())).flatten().copied()
    }

    /// Where one of these days stands.
    pub(super) fn dates(&self, wanted: &[Day], locale: &Locale) -> Vec<DateAt<'t>> {
        let mut found = Vec::new();
        for DateSpot { spans, date } in self.dates {
            let Some((day, is_certain)) = date.resolve(locale.order) else { continue };
            let is_certain = is_certain || locale.order_settled;
            // Where nothing on the document says which of day and month comes first, the model may.
            let other = || date.resolve(other(locale.order)).filter(|_| !is_certain).map(|(day, _)| day);
            let meant = Some(day).filter(|day| wanted.contains(day));
            if let Some(day) = meant.or_else(|| other().filter(|day| wanted.contains(day))) {
                found.push(DateAt { spans, value: day.to_string(), is_certain });
            }
        }
        found
    }
}

/// The numbers that an answer may mean: both readings of `1.234`.
pub(super) fn meant_numbers(text: &str) -> Vec<Decimal> {
    let mut meant: Vec<Decimal> = Vec::new();
    let mut add = |value: &str| {
        if let Ok(value) = value.parse::<Decimal>()
            && !meant.contains(&value)
        {
            meant.push(value);
        }
    };
    for mark in [DecimalMark::Point, DecimalMark::Comma] {
        if let Some(number) = number::read(text, mark) {
            add(&number.value);
        } else if let [(_, number)] = numbers_of(text, mark).as_slice() {
            // "USD 12.50 per unit"
            add(&number.value);
        }
    }
    meant
}

/// The days that an answer may mean: both readings of `05/06/2020`.
pub(super) fn meant_days(text: &str) -> Vec<Day> {
    let found = date::find(text);
    let [only] = found.as_slice() else { return Vec::new() };
    let mut days: Vec<Day> = [DateOrder::DayFirst, DateOrder::MonthFirst]
        .into_iter()
        .filter_map(|order| only.date.resolve(order))
        .map(|(day, _)| day)
        .collect();
    days.dedup();
    days
}

fn other(order: DateOrder) -> DateOrder {
    match order {
        DateOrder::DayFirst => DateOrder::MonthFirst,
        DateOrder::MonthFirst => DateOrder::DayFirst,
    }
}
