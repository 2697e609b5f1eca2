//! Exact sums of decimals.

use rust_decimal::Decimal;

/// The most decimals that a [`Decimal`] has.
const DECIMALS: u32 = 28;
const UNITS_OF_ONE: i128 = 10_i128.pow(DECIMALS);

/// The exact sum with as many decimals as the summand with the most of them, or as many as fit; `None` if it doesn't
/// fit a decimal. A sum of zero has no sign.
///
/// `Decimal`'s own addition rounds what doesn't fit, and drops the decimals of a zero.
pub(super) fn exact_sum(amounts: impl IntoIterator<Item = Decimal>) -> Option<Decimal> {
    let mut sum = Sum::default();
    amounts.into_iter().try_for_each(|amount| sum.add(amount))?;
    sum.to_decimal()
}

/// A sum that is wider than a decimal, so the order of the summands doesn't matter.
#[derive(Default)]
struct Sum {
    whole: i128,
    /// The fraction, in units of the last decimal.
    units: i128,
    /// The most decimals of any summand.
    scale: u32,
}

impl Sum {
    fn add(&mut self, amount: Decimal) -> Option<()> {
        let (digits, scale) = (amount.mantissa(), amount.scale());
        let one = ten_to(scale)?;
        let units = digits
            .checked_rem(one)?
            .checked_mul(ten_to(DECIMALS.checked_sub(scale)?)?)?
            .checked_add(self.units)?;
        self.units = units.checked_rem(UNITS_OF_ONE)?;
        self.whole = self
            .whole
            .checked_add(digits.checked_div(one)?)?
            .checked_add(units.checked_div(UNITS_OF_ONE)?)?;
        self.scale = self.scale.max(scale);
        Some(())
    }

    fn to_decimal(&self) -> Option<Decimal> {
        for scale in (0..=self.scale).rev() {
            let unit = ten_to(DECIMALS.checked_sub(scale)?)?;
            if self.units.checked_rem(unit)? != 0 {
                return None;
            }
            let units = self.units.checked_div(unit)?;
            let digits = self
                .whole
                .checked_mul(ten_to(scale)?)
                .and_then(|whole| whole.checked_add(units));
            let sum = digits.and_then(|it| Decimal::try_from_i128_with_scale(it, scale).ok());
            if sum.is_some() {
                return sum;
            }
        }
        None
    }
}

fn ten_to(power: u32) -> Option<i128> {
    10_i128.checked_pow(power)
}
