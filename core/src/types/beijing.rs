use core::{fmt, str::FromStr};

use jiff::civil::{self, DateTime, Time};

use super::digits::{NO_SUCH_DAY, as_text, civil, date, day, fits, number};
use crate::{Invalid, UnixTime};

/// Beijing's offset from UTC in seconds, all year round.
const AHEAD: i64 = 8 * 3_600;

/// The format of a second.
const SHAPE: &str = "yyyy-MM-dd HH:mm:ss";

const NO_SUCH_TIME: Invalid = Invalid::new("time", "is not a time of the day");
const TOO_FAR: Invalid = Invalid::new("time", "lies outside the years 1 to 9999");
const NO_SECOND: Invalid = Invalid::new("time", "is not a whole second of the years 1 to 9999");

/// A Beijing time (UTC+8) in whole seconds, written `yyyy-MM-dd HH:mm:ss`.
///
/// ```
/// use tc3_core::{types::BeijingSecond, UnixTime};
///
/// let start = BeijingSecond::new(2024, 1, 1, 0, 0, 0)?;
/// assert_eq!(start.to_string(), "2024-01-01 00:00:00");
/// assert_eq!("2024-01-01 00:00:00".parse(), Ok(start));
/// assert_eq!(start.to_unix(), UnixTime::new(1_704_038_400)); // 2023-12-31 16:00:00 UTC
/// assert_eq!(BeijingSecond::from_unix(UnixTime::new(1_704_038_400))?, start);
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
///
/// From and to a day and a time of the crate `jiff`:
///
/// ```
/// use tc3_core::types::{jiff::civil::{date, DateTime}, BeijingSecond};
///
/// let day = date(2026, 11, 27);
/// let end = BeijingSecond::try_from(day.at(23, 59, 59, 0))?;
/// assert_eq!(end.to_string(), "2026-11-27 23:59:59");
/// assert_eq!(DateTime::from(end).date(), day);
/// assert!(BeijingSecond::try_from(day.at(23, 59, 59, 1)).is_err()); // not a whole second
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BeijingSecond(pub(super) DateTime);

impl BeijingSecond {
    /// This second of this day.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for a day or a time that doesn't exist, or a year outside 1 to 9999.
    pub fn new(
        year: i16,
        month: i8,
        day: i8,
        hour: i8,
        minute: i8,
        second: i8,
    ) -> Result<Self, Invalid> {
        let time = Time::new(hour, minute, second, 0).map_err(|_| NO_SUCH_TIME)?;
        date(year, month, day)
            .map(|day| Self(day.to_datetime(time)))
            .ok_or(NO_SUCH_DAY)
    }

    /// The Beijing time at this Unix time.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for a time outside the years 1 to 9999.
    pub fn from_unix(time: UnixTime) -> Result<Self, Invalid> {
        time.shown(AHEAD).map_err(|_| TOO_FAR)?.try_into()
    }

    /// The Unix time.
    pub fn to_unix(self) -> UnixTime {
        to_unix(self.0)
    }

    /// The day and the time in Beijing.
    pub const fn datetime(self) -> DateTime {
        self.0
    }
}

impl FromStr for BeijingSecond {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if !fits(text, SHAPE) {
            return Err(Invalid::new(
                "time",
                "must be a Beijing time written yyyy-MM-dd HH:mm:ss",
            ));
        }
        datetime(text, 0).map(Self)
    }
}

impl fmt::Display for BeijingSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%d %H:%M:%S"))
    }
}

/// A Beijing time (UTC+8) with a fraction of a second, written `yyyy-MM-dd HH:mm:ss.SSS`.
///
/// It is read with zero to nine decimals, and written with three, six or nine, so that no digit is lost.
///
/// ```
/// use tc3_core::BeijingTime;
///
/// let time: BeijingTime = "2020-07-08 15:52:30.941".parse()?;
/// assert_eq!(time.to_string(), "2020-07-08 15:52:30.941");
/// assert_eq!(time.to_unix().seconds(), 1_594_194_750);
/// assert_eq!(time.datetime().millisecond(), 941);
/// assert_eq!(BeijingTime::try_from(time.datetime())?, time);
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BeijingTime(DateTime);

impl BeijingTime {
    /// The time without the fraction of a second.
    pub fn second(self) -> BeijingSecond {
        BeijingSecond(self.0.with().subsec_nanosecond(0).build().unwrap_or(self.0))
    }

    /// The Unix time, without the fraction of a second.
    pub fn to_unix(self) -> UnixTime {
        to_unix(self.second().0)
    }

    /// The day and the time in Beijing, with the fraction of a second.
    pub const fn datetime(self) -> DateTime {
        self.0
    }
}

impl FromStr for BeijingTime {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let read = || {
            let (second, fraction) = text.split_at_checked(SHAPE.len())?;
            nanoseconds(fraction).filter(|_| fits(second, SHAPE))
        };
        let nanoseconds = read().ok_or(Invalid::new(
            "time",
            "must be a Beijing time written yyyy-MM-dd HH:mm:ss.SSS",
        ))?;
        datetime(text, nanoseconds).map(Self)
    }
}

impl fmt::Display for BeijingTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.second())?;
        let nanoseconds = self.0.subsec_nanosecond();
        match (nanoseconds % 1_000_000, nanoseconds % 1_000) {
            (0, _) => write!(f, ".{:03}", nanoseconds / 1_000_000),
            (_, 0) => write!(f, ".{:06}", nanoseconds / 1_000),
            _ => write!(f, ".{nanoseconds:09}"),
        }
    }
}

fn to_unix(shown: DateTime) -> UnixTime {
    let since_epoch = shown.duration_since(civil::datetime(1970, 1, 1, 0, 0, 0, 0));
    UnixTime::new(since_epoch.as_secs().saturating_sub(AHEAD))
}

/// Parses the second at the start of a text, of the format [`SHAPE`].
fn datetime(text: &str, nanoseconds: i32) -> Result<DateTime, Invalid> {
    let time = || {
        let (hour, minute) = (number(text, 11..13)?, number(text, 14..16)?);
        Time::new(hour, minute, number(text, 17..19)?, nanoseconds).ok()
    };
    let day = day(text).ok_or(NO_SUCH_DAY)?;
    Ok(day.to_datetime(time().ok_or(NO_SUCH_TIME)?))
}

/// Parses the decimal point and the decimals of a second as nanoseconds.
fn nanoseconds(fraction: &str) -> Option<i32> {
    if fraction.is_empty() {
        return Some(0);
    }
    let decimals = fraction.strip_prefix('.')?;
    let missing = 9_usize.checked_sub(decimals.len())?;
    let power = 10_i32.checked_pow(missing.try_into().ok()?)?;
    let are_digits = decimals.bytes().all(|byte| byte.is_ascii_digit());
    let value: i32 = decimals.parse().ok().filter(|_| are_digits)?;
    value.checked_mul(power)
}

as_text!(BeijingSecond, BeijingTime);
civil!(
    BeijingSecond: DateTime, NO_SECOND, |time| time.year() >= 1 && time.subsec_nanosecond() == 0;
    BeijingTime: DateTime, TOO_FAR, |time| time.year() >= 1
);

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;

    #[test]
    fn only_the_services_own_forms_are_times() {
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
    fn every_character_of_a_time_counts() {
        let text = "2024-02-28 13:14:15.678";
        assert!(text.parse::<BeijingTime>().is_ok());
        for (place, original) in text.char_indices() {
            // The neighbours of the digits, a letter, and a character whose low bits are a digit's.
            for other in ['/', ':', 'x', 'ı'].into_iter().filter(|c| *c != original) {
                let mut wrong = String::from(text);
                wrong.replace_range(place..=place, other.encode_utf8(&mut [0; 4]));
                assert!(wrong.parse::<BeijingTime>().is_err(), "{wrong}");
            }
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
    fn a_time_of_a_calendar_is_one_in_beijing_if_nothing_is_lost() {
        let second = civil::datetime(2024, 2, 29, 23, 59, 59, 0);
        let fraction = civil::datetime(2024, 2, 29, 23, 59, 59, 1);
        assert_eq!(
            BeijingSecond::try_from(second).map(DateTime::from),
            Ok(second)
        );
        assert_eq!(BeijingSecond::try_from(fraction), Err(NO_SECOND));
        for time in [second, fraction] {
            assert_eq!(BeijingTime::try_from(time).map(DateTime::from), Ok(time));
        }
        let early = civil::datetime(0, 12, 31, 23, 59, 59, 0);
        assert!(BeijingSecond::try_from(early).is_err());
        assert!(BeijingTime::try_from(early).is_err());
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
        assert_eq!(BeijingSecond::from_unix(latest.to_unix()), Ok(latest));
        let after = UnixTime::new(latest.to_unix().seconds() + 1);
        assert!(BeijingSecond::from_unix(after).is_err());
        assert!(BeijingSecond::from_unix(UnixTime::new(i64::MIN)).is_err());
        let early: BeijingTime = "0001-01-01 00:00:00.250".parse().unwrap();
        assert_eq!(early.to_unix(), early.second().to_unix());
    }
}
