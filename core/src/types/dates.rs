use core::{fmt, str::FromStr};

use jiff::civil::Date;

use super::digits::{NO_SUCH_DAY, as_text, date, day, first_day, fits, number};
use crate::Invalid;

/// A calendar month, written `yyyy-MM`.
///
/// ```
/// use tc3_core::Month;
///
/// let month = Month::new(2024, 2)?;
/// assert_eq!(month.to_string(), "2024-02");
/// assert_eq!("2024-02".parse(), Ok(month));
/// assert!(Month::new(2024, 13).is_err());
/// // The vendor's page has a month as its first second. It is written as it was read.
/// let long: Month = "2022-11-01 00:00:00".parse()?;
/// assert_eq!((long.year(), long.month()), (2022, 11));
/// assert_eq!(long.to_string(), "2022-11-01 00:00:00");
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    first: Date,
    long: bool,
}

impl Month {
    /// The month `month`, 1 to 12, of the year `year`.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for a year outside 1 to 9999 or a month outside 1 to 12.
    pub fn new(year: i16, month: i8) -> Result<Self, Invalid> {
        date(year, month, 1)
            .map(|first| Self { first, long: false })
            .ok_or(NO_SUCH_MONTH)
    }

    /// The month after this one; `None` after the year 9999.
    pub(crate) fn next(self) -> Option<Self> {
        let first = self.first.last_of_month().tomorrow().ok()?;
        Some(Self { first, ..self })
    }

    /// The month's first day.
    pub const fn first_day(self) -> Date {
        self.first
    }

    /// The year.
    pub fn year(self) -> i16 {
        self.first.year()
    }

    /// The month of the year, 1 to 12.
    pub fn month(self) -> i8 {
        self.first.month()
    }
}

const NO_SUCH_MONTH: Invalid = Invalid::new(
    "Month",
    "must be a month from 1 to 12 of a year from 1 to 9999",
);

impl FromStr for Month {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let short = text.strip_suffix("-01 00:00:00").unwrap_or(text);
        if !fits(short, "yyyy-MM") {
            return Err(Invalid::new("Month", "must be a month written yyyy-MM"));
        }
        Ok(Self {
            first: first_day(short).ok_or(NO_SUCH_MONTH)?,
            long: short.len() != text.len(),
        })
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = if self.long {
            "%Y-%m-01 00:00:00"
        } else {
            "%Y-%m"
        };
        write!(f, "{}", self.first.strftime(form))
    }
}

/// A calendar day, written `yyyyMMdd`.
///
/// ```
/// use tc3_core::CompactDate;
///
/// let day = CompactDate::new(2023, 9, 30)?;
/// assert_eq!(day.to_string(), "20230930");
/// assert_eq!("20230930".parse(), Ok(day));
/// assert!(CompactDate::new(2023, 9, 31).is_err());
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CompactDate(Date);

impl CompactDate {
    /// This day.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for a day that doesn't exist, or a year outside 1 to 9999.
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, Invalid> {
        date(year, month, day).map(Self).ok_or(NO_SUCH_DAY)
    }

    /// The last day of its month.
    pub(crate) fn last_of_month(self) -> Self {
        Self(self.0.last_of_month())
    }

    /// The day after it; `None` after the year 9999.
    pub(crate) fn tomorrow(self) -> Option<Self> {
        self.0.tomorrow().ok().map(Self)
    }

    /// The day as a civil date.
    pub const fn date(self) -> Date {
        self.0
    }
}

impl FromStr for CompactDate {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if !fits(text, "yyyyMMdd") {
            return Err(Invalid::new("date", "must be a day written yyyyMMdd"));
        }
        let read = || {
            date(
                number(text, 0..4)?,
                number(text, 4..6)?,
                number(text, 6..8)?,
            )
        };
        read().map(Self).ok_or(NO_SUCH_DAY)
    }
}

impl fmt::Display for CompactDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y%m%d"))
    }
}

/// The day of a bill, written `yyyy-MM-dd`, or its month, written `yyyy-MM`, in Beijing time.
///
/// ```
/// use tc3_core::types::BillDate;
///
/// let day = BillDate::day(2024, 2, 1)?;
/// assert_eq!(day.to_string(), "2024-02-01");
/// assert_eq!("2022-10".parse(), Ok(BillDate::month(2022, 10)?));
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillDate {
    day: Date,
    month: bool,
}

impl BillDate {
    /// A day.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for a day that doesn't exist, or a year outside 1 to 9999.
    pub fn day(year: i16, month: i8, day: i8) -> Result<Self, Invalid> {
        date(year, month, day)
            .map(|day| Self { day, month: false })
            .ok_or(NO_SUCH_DAY)
    }

    /// A whole month.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for a month outside 1 to 12, or a year outside 1 to 9999.
    pub fn month(year: i16, month: i8) -> Result<Self, Invalid> {
        Self::day(year, month, 1).map(|first| Self {
            month: true,
            ..first
        })
    }

    /// Whether `day` is this day or in this month.
    pub fn contains(self, day: Date) -> bool {
        self.day == day || self.month && self.day == day.first_of_month()
    }

    /// The day, or the month's first day.
    pub const fn first_day(self) -> Date {
        self.day
    }
}

impl FromStr for BillDate {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let month = fits(text, "yyyy-MM");
        let day = match month {
            true => first_day(text),
            false if fits(text, "yyyy-MM-dd") => day(text),
            false => {
                return Err(Invalid::new(
                    "BillDate",
                    "must be a day written yyyy-MM-dd or a month written yyyy-MM",
                ));
            }
        };
        let day = day.ok_or(NO_SUCH_DAY)?;
        Ok(Self { day, month })
    }
}

impl fmt::Display for BillDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = if self.month { "%Y-%m" } else { "%Y-%m-%d" };
        write!(f, "{}", self.day.strftime(form))
    }
}

as_text!(Month, CompactDate, BillDate);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_services_own_forms_are_dates() {
        for text in [
            "",
            "2024-1",
            "2024-00",
            "2024-13",
            "0000-01",
            "+024-01",
            "2024-02-01",
            "２０２４-02",
        ] {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
        for text in [
            "2024011",
            "20240230",
            "2024-01-01",
            " 20240101",
            "20240101 ",
        ] {
            assert!(text.parse::<CompactDate>().is_err(), "{text}");
        }
        for text in ["2024-02-30", "2024-02-", "2024-02-01 00:00:00", "20240201"] {
            assert!(text.parse::<BillDate>().is_err(), "{text}");
        }
    }
}
