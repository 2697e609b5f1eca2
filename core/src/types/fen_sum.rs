use alloc::string::String;
use core::fmt;

use rust_decimal::Decimal;
use serde::Serialize;

use super::{Fen, decimal::exact, lenient};
use crate::Invalid;

/// A sum in fen that the service computes as a float: normally whole fen, else the digits that it wrote.
///
/// A sum of floats may end in a fraction of a fen that nobody paid, as in `-4512345.000000001`. It is neither rounded
/// nor an error: a wrong sum must not make the page's correct records unreadable.
///
/// ```
/// use tc3_core::{types::FenSum, Fen};
///
/// let sum: FenSum = serde_json::from_str("2.247483647E9")?;
/// assert_eq!(sum, FenSum::Whole(Fen::new(2_247_483_647)));
/// let sum: FenSum = serde_json::from_str("-4512345.000000001")?;
/// assert_eq!((sum.to_fen(), sum.to_string().as_str()), (None, "-4512345.000000001"));
/// assert_eq!(sum.to_decimal().unwrap().round().to_string(), "-4512345");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// In JSON, whole fen are an integer, and anything else is a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum FenSum {
    /// So many fen.
    Whole(Fen),
    /// What the service wrote instead, such as a fraction of a fen or more fen than an `i64` holds.
    Other(String),
}

impl FenSum {
    /// The sum, or `None` if it is not a whole number of fen in an `i64`.
    pub const fn to_fen(&self) -> Option<Fen> {
        match self {
            Self::Whole(fen) => Some(*fen),
            Self::Other(_) => None,
        }
    }

    /// The sum in fen with its fraction, or `None` if it is not a number or has more digits than a decimal holds.
    pub fn to_decimal(&self) -> Option<Decimal> {
        match self {
            Self::Whole(fen) => Some(fen.get().into()),
            Self::Other(text) => exact(text).ok(),
        }
    }
}

impl From<Fen> for FenSum {
    fn from(fen: Fen) -> Self {
        Self::Whole(fen)
    }
}

impl fmt::Display for FenSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(fen) => fen.fmt(f),
            Self::Other(text) => f.pad(text),
        }
    }
}

lenient::read_as_scalars!(FenSum);

impl lenient::FromScalar for FenSum {
    const EXPECTED: &'static str = Fen::EXPECTED;
    const DIGITS: bool = true;

    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text.parse() {
            Err(_) if !lenient::is_blank(text) => Ok(Self::Other(text.into())),
            fen => fen.map(Self::Whole),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_text_but_a_blank_one_is_a_sum(text in r#"[ \\"\t0-9a.-]{0,6}"#) {
            let json = serde_json::to_string(&text).unwrap();
            match serde_json::from_str(&json) {
                Ok(FenSum::Whole(fen)) => prop_assert_eq!(text.parse(), Ok(fen)),
                Ok(FenSum::Other(kept)) => prop_assert_eq!(kept, text),
                Err(_) => prop_assert!(lenient::is_blank(&text)),
            }
        }
    }

    #[test]
    fn a_text_is_read_after_its_escapes() {
        let sum: FenSum = serde_json::from_str(r#""1\u0030""#).unwrap();
        assert_eq!(sum, FenSum::Whole(Fen::new(10)));
    }
}
