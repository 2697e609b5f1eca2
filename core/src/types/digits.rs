//! Parsing dates and times of a fixed format.

use core::{ops::Range, str::FromStr};

use jiff::civil::Date;

use crate::Invalid;

pub(super) const NO_SUCH_DAY: Invalid = Invalid::new(
    "date",
    "is not a day of the calendar in the years 1 to 9999",
);

pub(super) fn date(year: i16, month: i8, day: i8) -> Option<Date> {
    Date::new(year, month, day).ok().filter(|_| year >= 1)
}

/// Whether a text has a digit for each letter of a format such as `yyyy-MM-dd HH:mm:ss`, and its other characters.
pub(super) fn fits(text: &str, format: &str) -> bool {
    let fits = |(byte, letter): (u8, u8)| match letter.is_ascii_alphabetic() {
        true => byte.is_ascii_digit(),
        false => byte == letter,
    };
    text.len() == format.len() && text.bytes().zip(format.bytes()).all(fits)
}

/// The number at these places of a text.
pub(super) fn number<T: FromStr>(text: &str, places: Range<usize>) -> Option<T> {
    text.get(places)?.parse().ok()
}

/// The day at the start of a text that [`fits`] `yyyy-MM-dd`.
pub(super) fn day(text: &str) -> Option<Date> {
    date(
        number(text, 0..4)?,
        number(text, 5..7)?,
        number(text, 8..10)?,
    )
}

/// The first day of a month that [`fits`] `yyyy-MM`.
pub(super) fn first_day(text: &str) -> Option<Date> {
    date(number(text, 0..4)?, number(text, 5..7)?, 1)
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

/// Converts newtypes of `jiff`'s civil types from and to these, if they hold no more than the newtype does.
macro_rules! civil {
    ($($name:ident: $civil:ty, $invalid:expr, |$value:ident| $fits:expr);*) => { $(
        impl From<$name> for $civil {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl TryFrom<$civil> for $name {
            type Error = $crate::Invalid;

            fn try_from($value: $civil) -> Result<Self, $crate::Invalid> {
                if $fits { Ok(Self($value)) } else { Err($invalid) }
            }
        }
    )* };
}

pub(super) use as_text;
pub(super) use civil;
