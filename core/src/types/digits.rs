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

/// The numbers of a text of fixed shape.
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
    /// Reads `text`, in which each letter of `pattern` (`YMDhms`) stands for a digit of that number and
    /// anything else for itself. What the pattern does not name is a month's first instant.
    pub(super) fn read(text: &str, pattern: &str) -> Option<Self> {
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

    pub(super) fn date(self) -> Option<Date> {
        date(self.year, self.month, self.day)
    }

    pub(super) fn datetime(self, nanoseconds: i32) -> Result<DateTime, Invalid> {
        let time = Time::new(self.hour, self.minute, self.second, nanoseconds);
        let date = self.date().ok_or(NO_SUCH_DAY)?;
        Ok(date.to_datetime(time.map_err(|_| NO_SUCH_TIME)?))
    }
}

/// Writes and reads a type as its text.
macro_rules! as_text {
    ($($name:ident),*) => { $(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                        f.write_str("a date or time as text")
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }

                    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<$name, E> {
                        self.visit_str(&alloc::string::ToString::to_string(&number))
                    }
                }

                deserializer.deserialize_any(Text)
            }
        }
    )* };
}

pub(super) use as_text;
