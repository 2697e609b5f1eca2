//! Reading dates and times of fixed shape.

use jiff::civil::{Date, DateTime, Time};

use crate::Invalid;

pub(super) const NO_SUCH_DAY: Invalid = Invalid::new(
    "date",
    "is not a day of the calendar in the years 1 to 9999",
);

pub(super) const NO_SUCH_TIME: Invalid = Invalid::new("time", "is not a time of the day");

pub(super) fn date(year: i16, month: i8, day: i8) -> Option<Date> {
    Date::new(year, month, day).ok().filter(|_| year >= 1)
}

/// The numbers of a text of fixed shape. What the shape does not name is a year's first instant.
#[derive(Clone, Copy)]
pub(super) struct Digits {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
}

impl Digits {
    /// Reads `yyyy`.
    fn year(text: &[u8]) -> Option<Self> {
        let [y1, y2, y3, y4] = text else { return None };
        let (century, year) = (i16::from(two(y1, y2)?), i16::from(two(y3, y4)?));
        Some(Self {
            year: century.wrapping_mul(100).wrapping_add(year),
            month: 1,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
        })
    }

    /// Reads `yyyy-MM`.
    pub(super) fn month(text: &[u8]) -> Option<Self> {
        let [year @ .., b'-', m1, m2] = text else {
            return None;
        };
        Some(Self {
            month: two(m1, m2)?,
            ..Self::year(year)?
        })
    }

    /// Reads `yyyy-MM-dd`.
    pub(super) fn day(text: &[u8]) -> Option<Self> {
        let [month @ .., b'-', d1, d2] = text else {
            return None;
        };
        Some(Self {
            day: two(d1, d2)?,
            ..Self::month(month)?
        })
    }

    /// Reads `yyyyMMdd`.
    pub(super) fn compact_day(text: &[u8]) -> Option<Self> {
        let [year @ .., m1, m2, d1, d2] = text else {
            return None;
        };
        Some(Self {
            month: two(m1, m2)?,
            day: two(d1, d2)?,
            ..Self::year(year)?
        })
    }

    /// Reads `yyyy-MM-dd HH:mm:ss`.
    pub(super) fn second(text: &[u8]) -> Option<Self> {
        let [day @ .., b' ', h1, h2, b':', m1, m2, b':', s1, s2] = text else {
            return None;
        };
        Some(Self {
            hour: two(h1, h2)?,
            minute: two(m1, m2)?,
            second: two(s1, s2)?,
            ..Self::day(day)?
        })
    }

    pub(super) fn date(self) -> Option<Date> {
        date(self.year, self.month, self.day)
    }

    pub(super) fn datetime(self, nanoseconds: i32) -> Result<DateTime, Invalid> {
        let time = Time::new(self.hour, self.minute, self.second, nanoseconds);
        let date = self.date().ok_or(NO_SUCH_DAY)?;
        Ok(date.to_datetime(time.map_err(|_| NO_SUCH_TIME)?))
    }
}

/// The number that two digits stand for.
fn two(tens: &u8, ones: &u8) -> Option<i8> {
    let value = |digit: u8| (digit & 0x0f).cast_signed();
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| value(*tens).wrapping_mul(10).wrapping_add(value(*ones)))
}

/// Writes and reads a type as its text.
macro_rules! as_text {
    ($($name:ident),*) => { $(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        $crate::lenient::read_as_scalars!($name);

        impl $crate::lenient::FromScalar for $name {
            const EXPECTED: &'static str = "a date or time as text";
            const BLANKS: bool = true;

            fn from_text(text: &str) -> Result<Self, $crate::Invalid> {
                text.parse()
            }
        }
    )* };
}

pub(super) use as_text;
