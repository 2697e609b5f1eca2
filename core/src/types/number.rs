use alloc::string::{String, ToString};
use core::{fmt, str::FromStr};

use rust_decimal::Decimal;
use serde::{Serialize, Serializer, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{decimal::exact, lenient};
use crate::Invalid;

/// A number that may have a fraction, with the digits that were written.
///
/// The vendor describes amounts, shares and measured values as floats. A float would round some of them, so a
/// `Number` keeps the digits; its methods convert them.
///
/// ```
/// use tc3_core::types::Number;
///
/// let number: Number = serde_json::from_str("200000.10")?;
/// assert_eq!(number.to_string(), "200000.10");
/// assert_eq!(number.to_decimal().unwrap().to_string(), "200000.10");
/// assert_eq!(number.to_f64(), 200000.1);
/// assert_eq!(serde_json::to_string(&number)?, "200000.10");
/// // Made of a text, an integer or a float.
/// assert_eq!("0.5".parse(), Number::try_from(0.5));
/// assert_eq!(Number::from(3).as_str(), "3");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Two numbers are equal if they have the same digits: `1.0` is not equal to `1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number(String);

impl Number {
    const INVALID: Invalid = Invalid::new("number", "is not a decimal number");

    /// The number as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The float that is nearest; infinite beyond the range of an `f64`.
    pub fn to_f64(&self) -> f64 {
        // What is written as JSON's numbers are can be read as a float.
        self.0.parse().unwrap_or(f64::NAN)
    }

    /// The exact decimal, or `None` if it needs more than the 28 digits that a decimal holds.
    pub fn to_decimal(&self) -> Option<Decimal> {
        exact(&self.0).ok()
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Reads a number as JSON writes it.
///
/// # Errors
///
/// [`Invalid`] for any other text.
impl FromStr for Number {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let is_digit = |it: Option<&u8>| it.is_some_and(u8::is_ascii_digit);
        let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
        if !is_digit(digits.first()) || !is_digit(digits.last()) {
            return Err(Self::INVALID);
        }
        match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Ok(Self(text.into())),
            Err(_) => Err(Self::INVALID),
        }
    }
}

macro_rules! from_exact {
    ($($type:ty),*) => { $(
        impl From<$type> for Number {
            fn from(number: $type) -> Self {
                Self(number.to_string())
            }
        }
    )* };
}
from_exact!(i32, u32, i64, u64, Decimal);

/// The shortest digits that give the float back.
///
/// # Errors
///
/// [`Invalid`] for what is not finite.
impl TryFrom<f64> for Number {
    type Error = Invalid;

    fn try_from(number: f64) -> Result<Self, Invalid> {
        number.to_string().parse()
    }
}

impl Serialize for Number {
    /// As a number; in binary formats, as a text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: Result<&RawValue, _> = serde_json::from_str(&self.0);
        match raw {
            Ok(raw) if serializer.is_human_readable() => raw.serialize(serializer),
            _ => self.0.serialize(serializer),
        }
    }
}

lenient::read_by_parsing!("a number", true: Number);

#[cfg(test)]
mod tests {
    use alloc::{format, vec::Vec};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_json_writes_is_a_number() {
        for text in ["0", "-0", "1.50", "1e5", "-2.5E-10", "1e400", "00000"] {
            let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
            assert_eq!(text.parse::<Number>().is_ok(), is_json, "{text}");
        }
        for text in [
            "", "-", "+1", " 1", "1 ", ".5", "5.", "0x10", "NaN", "inf", "1\n", "[1]", "1,2",
        ] {
            text.parse::<Number>().unwrap_err();
        }
        Number::try_from(f64::NAN).unwrap_err();
        Number::try_from(f64::INFINITY).unwrap_err();
    }

    #[test]
    fn a_number_is_read_as_number_or_text_and_absent_when_blank() {
        #[derive(serde::Deserialize)]
        struct Row {
            #[serde(default, deserialize_with = "lenient::optional")]
            share: Option<Number>,
        }

        let share = |json: &str| {
            let row: Result<Row, _> = serde_json::from_str(&format!(r#"{{"share": {json}}}"#));
            row.map(|row| row.share.map(|it| it.0))
        };
        for json in ["1.50", r#""1.50""#] {
            assert_eq!(share(json).unwrap().as_deref(), Some("1.50"), "{json}");
        }
        for json in ["null", r#""""#, r#""-""#] {
            assert_eq!(share(json).unwrap(), None, "{json}");
        }
        for json in ["true", r#""half""#, "[1]", "{}"] {
            share(json).unwrap_err();
        }
    }

    #[test]
    fn in_a_binary_format_it_comes_back_as_well() {
        let numbers = ["1.50".parse::<Number>().unwrap(), Number::from(7)];
        let mut bytes = Vec::new();
        ciborium::into_writer(&numbers, &mut bytes).unwrap();
        assert_eq!(
            ciborium::from_reader::<[Number; 2], _>(&*bytes).unwrap(),
            numbers
        );
    }

    proptest! {
        #[test]
        fn every_digit_survives(text in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?([eE][-+]?[0-9]{1,3})?") {
            let number: Number = text.parse()?;
            let json = serde_json::to_string(&number)?;
            prop_assert_eq!(&json, &text);
            prop_assert_eq!(serde_json::from_str::<Number>(&json)?, number);
        }

        #[test]
        fn a_float_comes_back(float in any::<f64>().prop_filter("finite", |it| it.is_finite())) {
            prop_assert_eq!(Number::try_from(float)?.to_f64(), float);
        }
    }
}
