use core::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use jiff::{Span, civil::Date};

use super::{
    BeijingSecond,
    digits::{NO_SUCH_DAY, as_text, civil, date, day, first_day, fits},
};
use crate::{Invalid, UnixTime};

/// A calendar month, written `yyyy-MM`.
///
/// ```
/// use tc3_core::Month;
///
/// let month = Month::new(2024, 2)?;
/// assert_eq!(month.to_string(), "2024-02");
/// assert_eq!("2024-02".parse(), Ok(month));
/// assert!(Month::new(2024, 13).is_err());
/// // The vendor's page has a month as its first second. It is written as it was read, and is the same month.
/// let long: Month = "2022-11-01 00:00:00".parse()?;
/// assert_eq!(long, Month::new(2022, 11)?);
/// assert_eq!(long.to_string(), "2022-11-01 00:00:00");
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
///
/// The last thirteen months up to a given day, as a range of months and as one of seconds:
///
/// ```
/// use tc3_core::{
///     Month,
///     billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
///     types::jiff::civil::date,
/// };
///
/// let day = date(2026, 11, 27);
/// let last = Month::new(day.year(), day.month())?; // of a time: Month::of(now)?
/// let first = last.minus(12)?;
/// let summaries = DescribeAllocationSummaryByBusiness::new(first).through(last)?;
/// // The last one may not be computed before its month is over: `Remedy::Later`.
/// assert_eq!((summaries.len(), first.to_string().as_str()), (13, "2025-11"));
///
/// let bills =
///     DescribeBillList::new(first.first_second(), day.at(23, 59, 59, 0).try_into()?);
/// assert_eq!(bills.start_time.to_string(), "2025-11-01 00:00:00");
/// assert_eq!(bills.end_time.to_string(), "2026-11-27 23:59:59");
/// assert_eq!(last.last_second().to_string(), "2026-11-30 23:59:59");
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Month {
    first: Date,
    /// How it is written, which makes it no other month.
    long: bool,
}

impl PartialEq for Month {
    fn eq(&self, other: &Self) -> bool {
        self.first == other.first
    }
}

impl Eq for Month {}

impl PartialOrd for Month {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Month {
    fn cmp(&self, other: &Self) -> Ordering {
        self.first.cmp(&other.first)
    }
}

impl Hash for Month {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.first.hash(state);
    }
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

    /// The month in Beijing at this time.
    ///
    /// ```
    /// use tc3_core::{Month, UnixTime};
    ///
    /// let new_year = UnixTime::new(1_704_038_400); // 2023-12-31 16:00:00 UTC
    /// assert_eq!(Month::of(new_year)?, Month::new(2024, 1)?);
    /// # Ok::<(), tc3_core::Invalid>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Invalid`] for a time outside the years 1 to 9999.
    pub fn of(time: UnixTime) -> Result<Self, Invalid> {
        let today = BeijingSecond::from_unix(time)?.datetime();
        Self::new(today.year(), today.month())
    }

    /// The month so many months later.
    ///
    /// # Errors
    ///
    /// [`Invalid`] outside the years 1 to 9999.
    pub fn plus(self, months: i32) -> Result<Self, Invalid> {
        let span = Span::new().try_months(months);
        let first = span.and_then(|span| self.first.checked_add(span)).ok();
        first
            .filter(|first| first.year() >= 1)
            .map(|first| Self { first, ..self })
            .ok_or(NO_SUCH_MONTH)
    }

    /// The month so many months earlier.
    ///
    /// # Errors
    ///
    /// [`Invalid`] outside the years 1 to 9999.
    pub fn minus(self, months: i32) -> Result<Self, Invalid> {
        self.plus(months.saturating_neg())
    }

    /// Returns the months from this one to `last`, both included.
    ///
    /// ```
    /// use tc3_core::Month;
    ///
    /// let months = Month::new(2023, 11)?.through(Month::new(2024, 2)?)?;
    /// let months: Vec<_> = months.map(|month| month.to_string()).collect();
    /// assert_eq!(months, ["2023-11", "2023-12", "2024-01", "2024-02"]);
    /// # Ok::<(), tc3_core::Invalid>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Invalid`] when `last` is before this month.
    pub fn through(self, last: Self) -> Result<impl Iterator<Item = Self>, Invalid> {
        if self > last {
            return Err(Invalid::new("Month", "must not be after the last month"));
        }
        let months = core::iter::successors(Some(self), |month| month.plus(1).ok());
        Ok(months.take_while(move |month| *month <= last))
    }

    /// The month's first day.
    pub const fn first_day(self) -> Date {
        self.first
    }

    /// The month's first second.
    pub const fn first_second(self) -> BeijingSecond {
        BeijingSecond(self.first.at(0, 0, 0, 0))
    }

    /// The month's last second.
    pub fn last_second(self) -> BeijingSecond {
        BeijingSecond(self.first.last_of_month().at(23, 59, 59, 0))
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
/// use tc3_core::{types::jiff::civil, CompactDate};
///
/// let day = CompactDate::new(2023, 9, 30)?;
/// assert_eq!(day.to_string(), "20230930");
/// assert_eq!("20230930".parse(), Ok(day));
/// assert!(CompactDate::new(2023, 9, 31).is_err());
/// assert_eq!(CompactDate::try_from(civil::date(2023, 9, 30))?, day);
/// assert_eq!(civil::Date::from(day).to_string(), "2023-09-30");
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
        let day = Date::strptime("%Y%m%d", text).map_err(|_| NO_SUCH_DAY)?;
        day.try_into()
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
civil!(CompactDate: Date, NO_SUCH_DAY, |day| day.year() >= 1);

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeSet, HashSet},
        format,
    };

    use jiff::civil::date;

    use super::*;

    #[test]
    fn months_are_counted_in_both_directions_within_the_calendar() {
        let month = |text: &str| text.parse::<Month>().unwrap();
        for (start, months, end) in [
            ("2024-01", 0, "2024-01"),
            ("2024-01", 13, "2025-02"),
            ("2025-12", 1, "2026-01"),
            ("0001-01", 119_987, "9999-12"),
        ] {
            assert_eq!(month(start).plus(months), Ok(month(end)));
            assert_eq!(month(end).minus(months), Ok(month(start)));
        }
        for months in [1, i32::MAX] {
            assert_eq!(month("9999-12").plus(months), Err(NO_SUCH_MONTH));
            assert_eq!(month("0001-01").minus(months), Err(NO_SUCH_MONTH));
        }
        assert!(month("2024-01").minus(i32::MIN).is_err());
    }

    #[test]
    fn a_month_is_the_same_in_both_forms() {
        for (short, next) in [("2022-11", "2022-12"), ("2022-12", "2023-01")] {
            let long = format!("{short}-01 00:00:00");
            let [short, long, next]: [Month; 3] =
                [short, &long, next].map(|text| text.parse().unwrap());
            assert_eq!(short, long);
            assert_eq!(BTreeSet::from([long, short]).len(), 1);
            assert_eq!(HashSet::from([long, short]).len(), 1);
            assert!(long < next);
            for (first, last) in [(short, long), (long, short)] {
                assert_eq!(first.through(last).unwrap().count(), 1);
            }
        }
    }

    #[test]
    fn a_month_is_beijings_from_its_first_second_to_its_last() {
        for (text, first, last) in [
            ("2024-02", "2024-02-01 00:00:00", "2024-02-29 23:59:59"),
            ("9999-12", "9999-12-01 00:00:00", "9999-12-31 23:59:59"),
        ] {
            let month: Month = text.parse().unwrap();
            assert_eq!(Ok(month.first_second()), first.parse());
            assert_eq!(Ok(month.last_second()), last.parse());
            let (first, last) = (
                month.first_second().to_unix(),
                month.last_second().to_unix(),
            );
            assert_eq!((Month::of(first), Month::of(last)), (Ok(month), Ok(month)));
            assert_ne!(Month::of(first.plus(-1)), Ok(month));
            assert_ne!(Month::of(last.plus(1)), Ok(month));
        }
    }

    #[test]
    fn a_day_of_the_calendar_is_a_day_from_the_year_1_on() {
        for day in [date(1, 1, 1), date(2024, 2, 29), date(9999, 12, 31)] {
            assert_eq!(CompactDate::try_from(day).map(Date::from), Ok(day));
        }
        assert_eq!(CompactDate::try_from(date(0, 12, 31)), Err(NO_SUCH_DAY));
    }

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
