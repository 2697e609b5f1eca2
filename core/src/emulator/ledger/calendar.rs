use core::ops::Range;

use jiff::{
    Span,
    civil::{Date, date},
};

use crate::types::BillDate;

/// Beijing's offset from UTC in seconds.
const AHEAD: i64 = 8 * 3_600;
/// A day in seconds.
pub(crate) const DAY: i64 = 86_400;

/// The months of a ledger, numbered from 0. The last one may end before its last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calendar {
    last: Date,
}

impl Default for Calendar {
    /// The years 2024 and 2025.
    fn default() -> Self {
        Self {
            last: date(2025, 12, 31),
        }
    }
}

impl Calendar {
    /// The number of months.
    pub(crate) const MONTHS: i64 = 24;

    /// The calendar that ends with a day, or with the last day of a month.
    pub(crate) fn until(end: BillDate) -> Self {
        let last_of_month = end.first_day().last_of_month();
        Self {
            last: if end.contains(last_of_month) {
                last_of_month
            } else {
                end.first_day()
            },
        }
    }

    /// The number of the month of a day, which is negative for a day before the calendar.
    pub(crate) fn month_of(self, day: Date) -> i64 {
        let months = |day: Date| {
            let years = i64::from(day.year()).saturating_mul(12);
            years.saturating_add(day.month().into())
        };
        months(day)
            .saturating_sub(months(self.last))
            .saturating_add(Self::MONTHS - 1)
    }

    /// The months that have records.
    pub(crate) fn contains(month: i64) -> bool {
        (0..Self::MONTHS).contains(&month)
    }

    /// The first day of a month of the calendar.
    pub(crate) fn first_day(self, month: i64) -> Date {
        let back = (Self::MONTHS - 1).saturating_sub(month);
        let back = Span::new().try_months(back).unwrap_or_default();
        let last = self.last.first_of_month();
        last.checked_sub(back).unwrap_or(last)
    }

    /// How many days of a month have records.
    pub(crate) fn days(self, month: i64) -> i8 {
        if month < Self::MONTHS - 1 {
            self.first_day(month).days_in_month()
        } else {
            self.last.day()
        }
    }

    /// The part of a month's cost that has come up until the calendar ends.
    pub(crate) fn billed(self, month: i64, cost: i64) -> i64 {
        if month < Self::MONTHS - 1 {
            return cost;
        }
        let cost = cost.saturating_mul(self.last.day().into());
        let part = cost.checked_div(self.last.days_in_month().into());
        part.unwrap_or_default()
    }

    /// The seconds of a month.
    pub(crate) fn seconds(self, month: i64) -> Range<i64> {
        let start = midnight(self.first_day(month));
        start..start.saturating_add(i64::from(self.days(month)).saturating_mul(DAY))
    }

    /// The milliseconds of several months.
    pub(crate) fn milliseconds(self, months: Range<i64>) -> Range<i64> {
        let last = self.seconds(months.end.saturating_sub(1));
        let start = self.seconds(months.start).start;
        start.saturating_mul(1_000)..last.end.saturating_mul(1_000)
    }
}

/// The beginning of a day in Beijing.
pub(crate) fn midnight(day: Date) -> i64 {
    let since_epoch = day.duration_since(date(1970, 1, 1));
    since_epoch.as_secs().saturating_sub(AHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_ends_with_its_last_day() {
        let until = |text: &str| Calendar::until(text.parse().unwrap());
        assert_eq!(until("2025-12"), Calendar::default());
        assert_eq!(until("2025-12-31"), Calendar::default());
        let calendar = until("2026-11-27");
        assert_eq!(calendar.first_day(0), date(2024, 12, 1));
        assert_eq!(calendar.month_of(date(2026, 11, 1)), 23);
        assert_eq!(calendar.month_of(date(2024, 11, 30)), -1);
        assert_eq!((calendar.days(22), calendar.days(23)), (31, 27));
        let end = midnight(date(2026, 11, 28));
        assert_eq!(calendar.seconds(23), midnight(date(2026, 11, 1))..end);
        let start = midnight(date(2024, 12, 1));
        assert_eq!(calendar.milliseconds(0..24), start * 1_000..end * 1_000);
    }

    #[test]
    fn the_first_and_the_last_day_of_all_are_ends_too() {
        for text in ["0001-01-01", "9999-12-31"] {
            let calendar = Calendar::until(text.parse().unwrap());
            assert_eq!(calendar.month_of(calendar.first_day(0)), 0);
            assert!(!calendar.milliseconds(0..24).is_empty());
        }
    }
}
