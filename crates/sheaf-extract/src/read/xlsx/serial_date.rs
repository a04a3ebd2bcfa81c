//! Dates as spreadsheets store them: days since an epoch, the time of day as a fraction.

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// Days from 1 January 1970 back to the day before serial number 1 of the calendar that starts in 1900.
const EPOCH_1900: i64 = -25_568;
/// The same for serial number 0 of the calendar that starts in 1904.
const EPOCH_1904: i64 = -24_107;
/// 31 December 9999, the last day that spreadsheets know.
const LAST_SERIAL: f64 = 2_958_466.0;

/// A moment of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Days since 1 January 1970.
    days: i64,
    pub(super) year: i64,
    pub(super) month: u32,
    pub(super) day: u32,
    pub(super) hour: u32,
    pub(super) minute: u32,
    pub(super) second: u32,
}

impl Moment {
    /// The moment with a serial number; `None` outside the years that spreadsheets know.
    pub(super) fn from_serial(serial: f64, since_1904: bool) -> Option<Self> {
        if !(0.0..LAST_SERIAL).contains(&serial) {
            return None;
        }
        let seconds = (serial * 86_400.0).round() as i64;
        let whole = seconds.div_euclid(86_400);
        let days = if since_1904 {
            EPOCH_1904 + whole
        } else {
            // The calendar has a 29 February 1900 (number 60) that there never was.
            EPOCH_1900 + whole - i64::from(whole >= 60)
        };
        let second_of_day = seconds.rem_euclid(86_400) as u32;
        let (year, month, day) = civil(days);
        Some(Self {
            days,
            year,
            month,
            day,
            hour: second_of_day / 3600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
        })
    }

    pub(super) fn weekday(&self) -> &'static str {
        // 1 January 1970 was a Thursday.
        WEEKDAYS[(self.days + 3).rem_euclid(7) as usize]
    }

    pub(super) fn iso_day(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// Year, month and day of a number of days since 1 January 1970 (H. Hinnant, "chrono-compatible low-level date
/// algorithms": years begin in March, eras have 400 years).
fn civil(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_days_of_the_calendar() {
        for (serial, since_1904, expected) in [
            (1.0, false, "1900-01-01"),
            (59.0, false, "1900-02-28"),
            (61.0, false, "1900-03-01"),
            (43_164.0, false, "2018-03-05"),
            (45_351.0, false, "2024-02-29"),
            (2_958_465.0, false, "9999-12-31"),
            (0.0, true, "1904-01-01"),
            (41_702.0, true, "2018-03-05"),
        ] {
            let moment = Moment::from_serial(serial, since_1904).unwrap();
            assert_eq!(moment.iso_day(), expected, "{serial}");
        }
        assert_eq!(Moment::from_serial(43_164.0, false).unwrap().weekday(), "Monday");
    }

    #[test]
    fn the_fraction_is_the_time_of_day() {
        let moment = Moment::from_serial(43_164.999_988_425_93, false).unwrap();
        assert_eq!((moment.day, moment.hour, moment.minute, moment.second), (5, 23, 59, 59));
        assert_eq!(Moment::from_serial(43_164.999_999_9, false).unwrap().day, 6);
    }
}
