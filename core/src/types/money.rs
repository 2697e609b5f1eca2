use alloc::string::String;
use core::{fmt, iter::Sum};

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use super::{
    decimal::{TOO_LONG, exact, whole},
    lenient::{self, FromScalar},
    sum::exact_sum,
};
use crate::Invalid;

/// An exact amount in yuan, with the decimals that the service wrote.
///
/// Texts and numbers are parsed digit by digit, never through a float. The number of decimals is kept, so
/// `"-48.95000000"` is written as it was read. In JSON an amount is written as a text.
///
/// # Numbers that serde turns into floats
///
/// In some places serde turns a JSON number with a fraction into a float before this type sees it, and digits may be
/// lost:
///
/// - within `#[serde(flatten)]` and tagged or untagged enums, in formats with floats, and in CSV, whose readers guess
///   types, such a number is an error. Read a `String` there and parse it.
/// - a `serde_json::Value` has rounded it already, and `serde_json::from_value` returns the rounded amount without an
///   error. Read amounts from the JSON itself.
///
/// Amounts that are texts in JSON, as the service writes them, are exact everywhere, and so are all amounts with the
/// feature `arbitrary_precision` of `serde_json`.
///
/// ```
/// use tc3_core::{Fen, Yuan};
///
/// let cost: Yuan = "-48.95000000".parse()?;
/// assert_eq!(cost.to_string(), "-48.95000000");
/// assert_eq!(cost, "-48.95".parse()?);
/// assert_eq!(cost.to_fen(), Some(Fen::new(-4895)));
/// assert_eq!("0.00000001".parse::<Yuan>()?.to_fen(), None);
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Yuan(Decimal);

/// An exact amount in fen, a hundredth of a yuan. In JSON it is an integer.
///
/// A number that serde has turned into a float, e.g. `9667.0` within `#[serde(flatten)]`, is an error, or may have been
/// rounded in a `serde_json::Value`: see [`Yuan`].
///
/// ```
/// use tc3_core::Fen;
///
/// let amount: Fen = serde_json::from_str("-45")?;
/// assert_eq!(amount, Fen::new(-45));
/// assert_eq!(amount.to_yuan().to_string(), "-0.45");
/// // The service writes some amounts of fen as floats. A fraction is an error.
/// assert_eq!(serde_json::from_str::<Fen>("2.247483647E9")?, Fen::new(2_247_483_647));
/// assert!(serde_json::from_str::<Fen>("9667.5").is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Fen(i64);

impl Yuan {
    /// 0 yuan.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// This number of yuan.
    pub const fn new(yuan: Decimal) -> Self {
        Self(yuan)
    }

    /// `units` times 10<sup>-`scale`</sup> yuan. With a scale of 2 units are fen; vouchers are counted in units with a
    /// scale of 8.
    ///
    /// ```
    /// use tc3_core::Yuan;
    ///
    /// let nominal_value: i64 = 4_895_000_000;
    /// assert_eq!(Yuan::from_units(nominal_value, 8)?.to_string(), "48.95000000");
    /// assert_eq!(Yuan::from_units(-4895, 2)?, "-48.95".parse()?);
    /// assert!(Yuan::from_units(1, 29).is_err());
    /// # Ok::<(), tc3_core::Invalid>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Invalid`] if a decimal can't hold so many units or decimals.
    pub fn from_units(units: impl Into<i128>, scale: u32) -> Result<Self, Invalid> {
        let yuan = Decimal::try_from_i128_with_scale(units.into(), scale);
        yuan.map(Self).map_err(|_| TOO_LONG)
    }

    /// The number of yuan.
    pub const fn get(self) -> Decimal {
        self.0
    }

    /// The amount in fen, or `None` if it has a fraction of a fen or exceeds an `i64`.
    pub fn to_fen(self) -> Option<Fen> {
        self.0.checked_mul(Decimal::ONE_HUNDRED)?.try_into().ok()
    }

    /// The exact sum, or `None` if it has more digits than a decimal holds.
    ///
    /// It has as many decimals as the summand with more of them, or as many as fit. A sum of zero has no sign.
    ///
    /// ```
    /// use tc3_core::Yuan;
    ///
    /// let (nothing, cost): (Yuan, Yuan) = ("0.00000000".parse()?, "1.5".parse()?);
    /// assert_eq!(nothing.checked_add(cost).unwrap().to_string(), "1.50000000");
    /// # Ok::<(), tc3_core::Invalid>(())
    /// ```
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::checked_sum([self, other])
    }

    /// The exact difference, or `None` if it has more digits than a decimal holds.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let mut negated = other.0;
        negated.set_sign_negative(!negated.is_sign_negative());
        Self::checked_sum([self, Self(negated)])
    }

    /// The exact sum of all amounts, or `None` if it has more digits than a decimal holds. Intermediate sums may have
    /// more. An iterator's `sum` returns the same:
    ///
    /// ```
    /// use tc3_core::Yuan;
    ///
    /// let costs = ["0.10".parse::<Yuan>()?, "-48.95".parse()?];
    /// let sum: Option<Yuan> = costs.into_iter().sum();
    /// assert_eq!(sum, Yuan::checked_sum(costs));
    /// assert_eq!(sum, Some("-48.85".parse()?));
    /// # Ok::<(), tc3_core::Invalid>(())
    /// ```
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        exact_sum(amounts.into_iter().map(Self::get)).map(Self)
    }
}

impl Fen {
    /// 0 fen.
    pub const ZERO: Self = Self(0);

    /// This number of fen.
    pub const fn new(fen: i64) -> Self {
        Self(fen)
    }

    /// The number of fen.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The amount in yuan, with two decimals.
    pub fn to_yuan(self) -> Yuan {
        Yuan(Decimal::new(self.0, 2))
    }

    /// The sum, or `None` if it exceeds an `i64`.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` if it exceeds an `i64`.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The sum of all amounts, or `None` if it exceeds an `i64`. Intermediate sums may exceed it. An iterator's `sum`
    /// returns the same:
    ///
    /// ```
    /// use tc3_core::Fen;
    ///
    /// let amounts = [Fen::new(100), Fen::new(-45)];
    /// assert_eq!(amounts.into_iter().sum::<Option<Fen>>(), Some(Fen::new(55)));
    /// assert_eq!(Fen::checked_sum(amounts), Some(Fen::new(55)));
    /// ```
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut amounts = amounts.into_iter().map(|amount| i128::from(amount.0));
        let sum = amounts.try_fold(0_i128, i128::checked_add)?;
        sum.try_into().ok().map(Self)
    }
}

/// [`Yuan::checked_sum`].
impl Sum<Yuan> for Option<Yuan> {
    fn sum<I: Iterator<Item = Yuan>>(amounts: I) -> Self {
        Yuan::checked_sum(amounts)
    }
}

/// [`Fen::checked_sum`].
impl Sum<Fen> for Option<Fen> {
    fn sum<I: Iterator<Item = Fen>>(amounts: I) -> Self {
        Fen::checked_sum(amounts)
    }
}

impl TryFrom<Decimal> for Fen {
    type Error = Invalid;

    fn try_from(fen: Decimal) -> Result<Self, Invalid> {
        const FIELD: &str = "amount in fen";
        let whole = whole(fen).ok_or(Invalid::new(FIELD, "has a fraction of a fen"))?;
        let fen = whole.try_into();
        fen.map(Self)
            .map_err(|_| Invalid::new(FIELD, "exceeds 64 bits"))
    }
}

impl core::str::FromStr for Yuan {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        exact(text).map(Self)
    }
}

impl core::str::FromStr for Fen {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        exact(text).and_then(Self::try_from)
    }
}

impl fmt::Display for Yuan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Yuan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

lenient::read_by_parsing!("an amount as a decimal text or number", true: Yuan, Fen);

/// A percentage as the service writes it, e.g. `"-7.18"` for -7.18 %.
///
/// It is kept as text, since the service also writes signs for a percentage without a value. An empty text and dashes are
/// none: [`lenient::optional`](super::lenient::optional) reads them as `None`.
///
/// ```
/// use tc3_core::types::Percent;
///
/// let ratio: Percent = serde_json::from_str(r#""-7.18""#)?;
/// assert_eq!(ratio.as_str(), "-7.18");
/// assert_eq!(ratio.to_decimal().unwrap().to_string(), "-7.18");
/// assert_eq!(Percent::new("∞").to_decimal(), None);
/// assert!(serde_json::from_str::<Percent>(r#""-""#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Percent(String);

impl Percent {
    /// The percentage with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as the service wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The exact number of percent, or `None` if the text is not a decimal number.
    pub fn to_decimal(&self) -> Option<Decimal> {
        exact(&self.0).ok()
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

lenient::read_as_scalars!(Percent);

impl FromScalar for Percent {
    const EXPECTED: &'static str = "a percentage as text or number";
    const DIGITS: bool = true;

    fn from_text(text: &str) -> Result<Self, Invalid> {
        match lenient::is_blank(text) {
            true => Err(Invalid::new("percentage", "must not be blank")),
            false => Ok(Self::new(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString, vec::Vec};

    use super::*;

    fn yuan(json: &str) -> Result<Yuan, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn every_digit_of_an_amount_survives() {
        for text in [
            "0.00000000",
            "-0.00000000",
            "-48.95000000",
            "0.1",
            "7922816251426433759354395033.5",
            "-0.0000000000000000000000000001",
            "123456789012345678.12345678",
        ] {
            let amount: Yuan = text.parse().unwrap();
            assert_eq!(amount.to_string(), text);
            assert_eq!(yuan(&format!("\"{text}\"")).unwrap(), amount, "as a text");
            assert_eq!(yuan(text).unwrap().to_string(), text, "as a number");
            assert_eq!(
                serde_json::to_string(&amount).unwrap(),
                format!("\"{text}\"")
            );
        }
    }

    #[test]
    fn an_exponent_leaves_the_sign_as_it_is() {
        for (text, printed) in [
            ("-0e5", "-0"),
            ("-0.00e1", "-0.0"),
            ("0e5", "0"),
            ("-12e2", "-1200"),
            ("-1.5e-3", "-0.0015"),
        ] {
            assert_eq!(text.parse::<Yuan>().unwrap().to_string(), printed);
        }
    }

    #[test]
    fn a_number_is_read_by_its_digits_from_every_json_source() {
        // 0.1 + 2^-60 and 0.1 are one f64.
        let text = "0.1000000000000000055511151231";
        assert_eq!(yuan(text).unwrap().to_string(), text);
        let read: Yuan = serde_json::from_reader(text.as_bytes()).unwrap();
        assert_eq!(read.to_string(), text);
        let value: Yuan = serde_json::from_value(serde_json::json!("-48.95000000")).unwrap();
        assert_eq!(value.to_string(), "-48.95000000");
        let escaped = yuan(r#""\u002d1.50""#).unwrap();
        assert_eq!(escaped.to_string(), "-1.50");
    }

    #[test]
    fn what_would_lose_digits_is_refused() {
        for json in [
            "\"\"",
            "\"-\"",
            "\".5\"",
            "\"5.\"",
            "\"+5\"",
            "\"1_000\"",
            "\"1,000\"",
            "\" 1\"",
            "\"0x1\"",
            "\"NaN\"",
            "\"1e\"",
            "\"1e+-1\"",
            "true",
            "null",
            "[1]",
            "{}",
            "1e29",
            "0.00000000000000000000000000001",
            "79228162514264337593543950336",
            "1e2147483647",
            "1e-2147483648",
        ] {
            assert!(yuan(json).is_err(), "{json}");
            assert!(serde_json::from_str::<Fen>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn fen_are_whole_however_they_are_written() {
        for (json, fen) in [
            ("9667", 9667),
            ("9667.0", 9667),
            ("\"-45\"", -45),
            ("2.247483647E9", 2_247_483_647),
            ("0e5", 0),
            ("9223372036854775807", i64::MAX),
        ] {
            let amount: Fen = serde_json::from_str(json).unwrap();
            assert_eq!(amount, Fen::new(fen));
        }
        for json in ["0.5", "9223372036854775808", "9667.01"] {
            assert!(serde_json::from_str::<Fen>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn units_are_yuan_by_their_scale() {
        for (units, scale, printed) in [
            (4_895_000_000_i128, 8, "48.95000000"),
            (-4_895, 2, "-48.95"),
            (1, 28, "0.0000000000000000000000000001"),
            (0, 0, "0"),
            ((1 << 96) - 1, 0, "79228162514264337593543950335"),
        ] {
            let yuan = Yuan::from_units(units, scale).unwrap();
            assert_eq!(yuan.to_string(), printed);
        }
        for (units, scale) in [(1, 29), (1, u32::MAX), (1 << 96, 0), (i128::MIN, 8)] {
            assert_eq!(Yuan::from_units(units, scale), Err(TOO_LONG));
        }
        assert_eq!(
            Yuan::from_units(i64::MAX, 2),
            Ok(Fen::new(i64::MAX).to_yuan())
        );
        assert_eq!(Yuan::from_units(7_u64, 0), Yuan::from_units(7_i32, 0));
    }

    #[test]
    fn an_iterators_sum_is_the_checked_one() {
        let (most, one) = (Fen::new(i64::MAX), Fen::new(1));
        let fen = |amounts: &[Fen]| amounts.iter().copied().sum::<Option<Fen>>();
        assert_eq!(fen(&[most, one, Fen::new(-1)]), Some(most));
        assert_eq!((fen(&[most, one]), fen(&[])), (None, Some(Fen::ZERO)));
        let large: Yuan = "79228162514264337593543950335".parse().unwrap();
        assert_eq!([large, large].into_iter().sum::<Option<Yuan>>(), None);
    }

    #[test]
    fn sums_are_exact_or_none() {
        let amounts: Vec<Yuan> = ["0.10", "0.2", "-0.30000000"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        assert_eq!(Yuan::checked_sum(amounts), Some(Yuan::ZERO));
        let large: Yuan = "79228162514264337593543950335".parse().unwrap();
        assert_eq!(large.checked_add("0.5".parse().unwrap()), None);
        assert_eq!(Fen::new(i64::MAX).checked_add(Fen::new(1)), None);
        assert_eq!(large.to_fen(), None);
    }
}
