use core::{fmt, str::FromStr};

use jiff::{
    civil::{Date, DateTime, Time, datetime},
    tz::{Offset, offset},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Invalid, UnixTime};

/// Beijing's clocks are eight hours ahead of UTC, all year round.
const BEIJING: Offset = offset(8);

/// A calendar month, written `yyyy-MM`.
///
/// ```
/// use tc3_core::Month;
///
/// let month = Month::new(2024, 2)?;
/// assert_eq!(month.to_string(), "2024-02");
/// assert_eq!("2024-02".parse(), Ok(month));
/// assert!(Month::new(2024, 13).is_err());
/// // The vendor's own example names a month by its first instant; that form is kept.
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
            .ok_or(Invalid::new(
                "Month",
                "must be a month from 1 to 12 of a year from 1 to 9999",
            ))
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

impl FromStr for Month {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let short = text.strip_suffix("-01 00:00:00").unwrap_or(text);
        let first = Digits::read(short, "YYYY-MM").and_then(|digits| digits.date());
        first
            .map(|first| Self {
                first,
                long: short.len() != text.len(),
            })
            .ok_or(Invalid::new("Month", "must be a month written yyyy-MM"))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.month())?;
        f.write_str(if self.long { "-01 00:00:00" } else { "" })
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
    /// The given day.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for a day that is not in the calendar, or a year outside 1 to 9999.
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
        Digits::read(text, "YYYYMMDD")
            .and_then(|digits| digits.date())
            .map(Self)
            .ok_or(Invalid::new("date", "must be a day written yyyyMMdd"))
    }
}

impl fmt::Display for CompactDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.0;
        write!(f, "{:04}{:02}{:02}", day.year(), day.month(), day.day())
    }
}

/// The day of a bill, written `yyyy-MM-dd`, or its month, written `yyyy-MM`.
///
/// ```
/// use tc3_core::BillDate;
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
    /// [`Invalid`] for a day that is not in the calendar, or a year outside 1 to 9999.
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

    /// Whether it is a whole month.
    pub const fn is_month(self) -> bool {
        self.month
    }

    /// The day, or a month's first day.
    pub const fn first_day(self) -> Date {
        self.day
    }
}

impl FromStr for BillDate {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let month = text.len() == "YYYY-MM".len();
        let pattern = if month { "YYYY-MM" } else { "YYYY-MM-DD" };
        Digits::read(text, pattern)
            .and_then(|digits| digits.date())
            .map(|day| Self { day, month })
            .ok_or(Invalid::new(
                "BillDate",
                "must be a day written yyyy-MM-dd or a month written yyyy-MM",
            ))
    }
}

impl fmt::Display for BillDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.day.year(), self.day.month())?;
        if !self.month {
            write!(f, "-{:02}", self.day.day())?;
        }
        Ok(())
    }
}

/// A whole second on Beijing's clocks (UTC+8), written `yyyy-MM-dd HH:mm:ss`.
///
/// ```
/// use tc3_core::{BeijingSecond, UnixTime};
///
/// let start = BeijingSecond::new(2024, 1, 1, 0, 0, 0)?;
/// assert_eq!(start.to_string(), "2024-01-01 00:00:00");
/// assert_eq!("2024-01-01 00:00:00".parse(), Ok(start));
/// assert_eq!(start.to_unix(), UnixTime::new(1_704_038_400)); // 2023-12-31 16:00:00 UTC
/// assert_eq!(BeijingSecond::from_unix(UnixTime::new(1_704_038_400))?, start);
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BeijingSecond(DateTime);

impl BeijingSecond {
    /// The given second of the given day.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for a day that is not in the calendar, a time that is not on the clock, or a year
    /// outside 1 to 9999.
    pub fn new(
        year: i16,
        month: i8,
        day: i8,
        hour: i8,
        minute: i8,
        second: i8,
    ) -> Result<Self, Invalid> {
        let time = Time::new(hour, minute, second, 0)
            .map_err(|_| Invalid::new("time", "is not a time of the day"))?;
        date(year, month, day)
            .map(|day| Self(day.to_datetime(time)))
            .ok_or(NO_SUCH_DAY)
    }

    /// What Beijing's clocks show at the given time.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for a time outside the years 1 to 9999.
    pub fn from_unix(time: UnixTime) -> Result<Self, Invalid> {
        let shown = BEIJING.to_datetime(time.timestamp()?);
        if shown.year() < 1 {
            return Err(Invalid::new("time", "lies outside the years 1 to 9999"));
        }
        Ok(Self(shown))
    }

    /// The time at which Beijing's clocks show this.
    pub fn to_unix(self) -> UnixTime {
        to_unix(self.0)
    }

    /// The day and time as Beijing's clocks show them.
    pub const fn datetime(self) -> DateTime {
        self.0
    }
}

impl FromStr for BeijingSecond {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Digits::read(text, "YYYY-MM-DD hh:mm:ss")
            .and_then(|digits| digits.datetime(0))
            .map(Self)
            .ok_or(Invalid::new(
                "time",
                "must be a Beijing time written yyyy-MM-dd HH:mm:ss",
            ))
    }
}

impl fmt::Display for BeijingSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_second(self.0, f)
    }
}

/// An instant on Beijing's clocks (UTC+8), written `yyyy-MM-dd HH:mm:ss.SSS`.
///
/// Read with up to nine decimals or none; written with three, or with as many as it takes to lose nothing.
///
/// ```
/// use tc3_core::BeijingTime;
///
/// let time: BeijingTime = "2020-07-08 15:52:30.941".parse()?;
/// assert_eq!(time.to_string(), "2020-07-08 15:52:30.941");
/// assert_eq!(time.to_unix().seconds(), 1_594_194_750);
/// assert_eq!(time.datetime().millisecond(), 941);
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BeijingTime(DateTime);

impl BeijingTime {
    /// The whole second in which this lies.
    pub fn second(self) -> BeijingSecond {
        BeijingSecond(self.0.with().subsec_nanosecond(0).build().unwrap_or(self.0))
    }

    /// The time, without its fraction of a second.
    pub fn to_unix(self) -> UnixTime {
        to_unix(self.second().0)
    }

    /// The day and time as Beijing's clocks show them, with the fraction of a second.
    pub const fn datetime(self) -> DateTime {
        self.0
    }
}

impl FromStr for BeijingTime {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (second, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = Digits::read(second, "YYYY-MM-DD hh:mm:ss");
        digits
            .zip(nanoseconds(fraction))
            .and_then(|(digits, nanoseconds)| digits.datetime(nanoseconds))
            .map(Self)
            .ok_or(Invalid::new(
                "time",
                "must be a Beijing time written yyyy-MM-dd HH:mm:ss.SSS",
            ))
    }
}

impl fmt::Display for BeijingTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_second(self.0, f)?;
        let nanoseconds = self.0.subsec_nanosecond();
        match (nanoseconds % 1_000_000, nanoseconds % 1_000) {
            (0, _) => write!(f, ".{:03}", nanoseconds / 1_000_000),
            (_, 0) => write!(f, ".{:06}", nanoseconds / 1_000),
            _ => write!(f, ".{nanoseconds:09}"),
        }
    }
}

const NO_SUCH_DAY: Invalid = Invalid::new(
    "date",
    "is not a day of the calendar in the years 1 to 9999",
);

fn date(year: i16, month: i8, day: i8) -> Option<Date> {
    Date::new(year, month, day).ok().filter(|_| year >= 1)
}

fn to_unix(shown: DateTime) -> UnixTime {
    let since_epoch = shown.duration_since(datetime(1970, 1, 1, 0, 0, 0, 0));
    UnixTime::new(
        since_epoch
            .as_secs()
            .saturating_sub(BEIJING.seconds().into()),
    )
}

fn write_second(shown: DateTime, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (day, time) = (shown.date(), shown.time());
    write!(
        f,
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        day.year(),
        day.month(),
        day.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// The nanoseconds that the decimals after a second's point stand for.
fn nanoseconds(decimals: &str) -> Option<i32> {
    let valid = (1..=9).contains(&decimals.len()) && decimals.bytes().all(|b| b.is_ascii_digit());
    valid
        .then(|| decimals.bytes().chain(core::iter::repeat(b'0')).take(9))
        .map(|digits| {
            digits.fold(0_i32, |value, digit| {
                value.wrapping_mul(10).wrapping_add(i32::from(digit & 0x0f))
            })
        })
}

/// The numbers of a text of fixed shape.
#[derive(Clone, Copy)]
struct Digits {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
}

impl Digits {
    /// Reads `text`, in which each letter of `pattern` (`YMDhms`) stands for a digit of that number and
    /// anything else for itself. What the pattern does not name is a month's first instant.
    fn read(text: &str, pattern: &str) -> Option<Self> {
        let mut numbers = [0_i16; 6];
        if text.len() != pattern.len() {
            return None;
        }
        for (byte, shape) in text.bytes().zip(pattern.bytes()) {
            match b"YMDhms".iter().position(|letter| *letter == shape) {
                Some(which) if byte.is_ascii_digit() => {
                    let number = numbers.get_mut(which)?;
                    // At most four digits, so an i16 holds them.
                    *number = number.wrapping_mul(10).wrapping_add(i16::from(byte & 0x0f));
                }
                None if byte == shape => {}
                _ => return None,
            }
        }
        let [year, month, day, hour, minute, second] = numbers;
        let day = if pattern.contains('D') { day } else { 1 };
        Some(Self {
            year,
            month: month.try_into().ok()?,
            day: day.try_into().ok()?,
            hour: hour.try_into().ok()?,
            minute: minute.try_into().ok()?,
            second: second.try_into().ok()?,
        })
    }

    fn date(self) -> Option<Date> {
        date(self.year, self.month, self.day)
    }

    fn datetime(self, nanoseconds: i32) -> Option<DateTime> {
        let time = Time::new(self.hour, self.minute, self.second, nanoseconds).ok()?;
        Some(self.date()?.to_datetime(time))
    }
}

macro_rules! as_text {
    ($($name:ident),*) => { $(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a date or time as text")
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }

                    fn visit_u64<E: de::Error>(self, number: u64) -> Result<$name, E> {
                        self.visit_str(&alloc::string::ToString::to_string(&number))
                    }
                }

                deserializer.deserialize_any(Text)
            }
        }
    )* };
}
as_text!(Month, CompactDate, BillDate, BeijingSecond, BeijingTime);

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

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
        for text in [
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01 24:00:00",
            "2024-01-01 00:00:60",
            "2024-01-01 00:00:00.000",
        ] {
            assert!(text.parse::<BeijingSecond>().is_err(), "{text}");
        }
        for text in [
            "2024-01-01 00:00:00.",
            "2024-01-01 00:00:00.1234567890",
            "2024-01-01 00:00:00.-1",
        ] {
            assert!(text.parse::<BeijingTime>().is_err(), "{text}");
        }
    }

    #[test]
    fn no_fraction_of_a_second_is_lost() {
        for (text, printed) in [
            ("2024-02-29 23:59:59.999", "2024-02-29 23:59:59.999"),
            ("2024-02-29 23:59:59", "2024-02-29 23:59:59.000"),
            ("2024-02-29 23:59:59.5", "2024-02-29 23:59:59.500"),
            ("2024-02-29 23:59:59.0001", "2024-02-29 23:59:59.000100"),
            (
                "2024-02-29 23:59:59.000000001",
                "2024-02-29 23:59:59.000000001",
            ),
        ] {
            let time: BeijingTime = text.parse().unwrap();
            assert_eq!(time.to_string(), printed);
            assert_eq!(printed.parse(), Ok(time));
        }
    }

    #[test]
    fn beijing_is_eight_hours_ahead() {
        let time = BeijingSecond::from_unix(UnixTime::new(0)).unwrap();
        assert_eq!(time.to_string(), "1970-01-01 08:00:00");
        assert_eq!(time.to_unix(), UnixTime::new(0));
        let late: BeijingSecond = "9999-12-30 23:59:59".parse().unwrap();
        assert_eq!(BeijingSecond::from_unix(late.to_unix()), Ok(late));
        let latest: BeijingSecond = "9999-12-31 23:59:59".parse().unwrap();
        assert_eq!(latest.to_unix().seconds_since(late.to_unix()), 86_400);
        assert!(BeijingSecond::from_unix(UnixTime::new(i64::MIN)).is_err());
        let early: BeijingTime = "0001-01-01 00:00:00.250".parse().unwrap();
        assert_eq!(early.to_unix(), early.second().to_unix());
    }
}
