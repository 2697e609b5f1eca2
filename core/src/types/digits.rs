//! Parsing dates and times of a fixed format.

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

/// The numbers in a text of a fixed format.
#[derive(Default)]
pub(super) struct Digits {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
}

impl Digits {
    /// Parses a text of a format such as `yyyy-MM-dd HH:mm:ss`, which has a letter for each digit.
    #[inline]
    pub(super) fn read(text: &str, format: &str) -> Option<Self> {
        let mut read = Self::default();
        for (byte, letter) in text.bytes().zip(format.bytes()) {
            let digit = || byte.is_ascii_digit().then_some((byte & 0x0f).cast_signed());
            let number = match letter {
                b'y' => {
                    read.year = read.year.wrapping_mul(10).wrapping_add(digit()?.into());
                    continue;
                }
                b'M' => &mut read.month,
                b'd' => &mut read.day,
                b'H' => &mut read.hour,
                b'm' => &mut read.minute,
                b's' => &mut read.second,
                _ if byte == letter => continue,
                _ => return None,
            };
            *number = number.wrapping_mul(10).wrapping_add(digit()?);
        }
        (text.len() == format.len()).then_some(read)
    }

    /// Parses a month written `yyyy-MM`, as its first day.
    pub(super) fn month(text: &str) -> Option<Self> {
        Self::read(text, "yyyy-MM").map(|month| Self { day: 1, ..month })
    }

    pub(super) fn date(&self) -> Option<Date> {
        date(self.year, self.month, self.day)
    }

    pub(super) fn datetime(&self, nanoseconds: i32) -> Result<DateTime, Invalid> {
        let time = Time::new(self.hour, self.minute, self.second, nanoseconds);
        let date = self.date().ok_or(NO_SUCH_DAY)?;
        Ok(date.to_datetime(time.map_err(|_| NO_SUCH_TIME)?))
    }
}

/// Implements serde's traits for types that are written as text.
macro_rules! as_text {
    ($($name:ident),*) => {
        $crate::types::lenient::read_by_parsing!("a date or time as text", false: $($name),*);
        $(
            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }
        )*
    };
}

pub(super) use as_text;
