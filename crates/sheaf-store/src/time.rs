//! The one place that knows the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::error::{Result, StoreError};

/// Where the store takes the time from, in milliseconds since 1970, UTC.
///
/// Leases are compared between machines that share a database: their clocks must agree to within seconds.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// Stands still until somebody moves it: for tests.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    pub(crate) fn now(&self) -> i64 {
        match self {
            Self::System => Timestamp::now().as_millisecond(),
            Self::Manual(now) => now.load(Ordering::Relaxed),
        }
    }
}

/// `2026-05-01T12:00:00.123Z`.
pub(crate) fn rfc3339(ms: i64) -> String {
    format!("{:.3}", timestamp(ms))
}

/// `2026-05-01 12:00:00 UTC`, for people.
pub(crate) fn spoken(ms: i64) -> String {
    timestamp(ms).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn timestamp(ms: i64) -> Timestamp {
    // Out of the years that RFC 3339 can name: only a row that sheaf did not write.
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A calendar month in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Month {
    /// Its first instant.
    pub(crate) start: i64,
    /// The first instant after it.
    pub(crate) end: i64,
}

impl Month {
    pub(crate) fn of(ms: i64) -> Result<Self> {
        let month = || -> Result<Self, jiff::Error> {
            let now = Timestamp::from_millisecond(ms)?.to_zoned_datetime(TimeZone::UTC);
            let start = now.first_of_month()?.start_of_day()?;
            let end = start.checked_add(1.month())?;
            Ok(Self { start: start.timestamp().as_millisecond(), end: end.timestamp().as_millisecond() })
        };
        month().map_err(|_| {
            StoreError::Internal("the machine's clock is outside the years sheaf can count".into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_a_calendar_month_in_utc() {
        for (at, start, end) in [
            ("2026-05-17T12:34:56.789Z", "2026-05-01T00:00:00.000Z", "2026-06-01T00:00:00.000Z"),
            ("2026-05-01T00:00:00.000Z", "2026-05-01T00:00:00.000Z", "2026-06-01T00:00:00.000Z"),
            ("2026-12-31T23:59:59.999Z", "2026-12-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"),
            ("2028-02-29T00:00:00.000Z", "2028-02-01T00:00:00.000Z", "2028-03-01T00:00:00.000Z"),
        ] {
            let ms = at.parse::<Timestamp>().unwrap().as_millisecond();
            let month = Month::of(ms).unwrap();
            assert_eq!(rfc3339(ms), at);
            assert_eq!((rfc3339(month.start), rfc3339(month.end)), (start.into(), end.into()), "{at}");
        }
    }
}
