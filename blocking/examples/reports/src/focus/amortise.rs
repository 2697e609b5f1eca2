//! Shares of an amount by seconds, which add up to it to the last digit.

use rust_decimal::Decimal;
use tc3_core::{Invalid, Month};

use super::charge::Period;

/// The share of `total` up to `seconds` of `of`, rounded to this many decimals.
///
/// The last one is the total itself. `None` if the amount has more digits than can be multiplied.
fn up_to(total: Decimal, seconds: i64, of: i64, decimals: u32) -> Option<Decimal> {
    if seconds >= of {
        return Some(total);
    }
    let mut exact = total;
    exact.rescale(decimals);
    let exact = match exact.scale() == decimals {
        true => exact.mantissa(),
        false => return None,
    };
    let (seconds, of) = (i128::from(seconds), i128::from(of));
    let doubled = exact.abs().checked_mul(seconds)?.checked_mul(2)?;
    let share = doubled.checked_add(of)?.checked_div(of.checked_mul(2)?)?;
    Decimal::try_from_i128_with_scale(share * exact.signum(), decimals).ok()
}

/// The part of `total` that falls on `part` of `whole`, as a difference of rounded shares.
pub(super) fn share(total: Decimal, part: Period, whole: Period, decimals: u32) -> Option<Decimal> {
    let until = |end| up_to(total, end, whole.seconds(), decimals);
    let start = until(part.start.seconds_since(whole.start))?;
    let end = until(part.end.seconds_since(whole.start))?;
    Some((end - start).normalize())
}

/// The parts of a period by billing months.
///
/// What lies before the month of the bill belongs to this month, since no bill before it knows of it.
pub(super) fn parts(period: Period, bill: Month) -> Result<Vec<(Month, Period)>, Invalid> {
    let first = Month::of(period.start)?;
    let mut month = match first.first_day() < bill.first_day() {
        true => bill,
        false => first,
    };
    let mut parts = Vec::new();
    let mut start = period.start;
    loop {
        let end = Period::month(month).end.min(period.end);
        parts.push((month, Period { start, end }));
        if end >= period.end {
            return Ok(parts);
        }
        start = end;
        month = month.plus(1)?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tc3_core::UnixTime;

    use super::*;

    fn period(start: i64, end: i64) -> Period {
        Period {
            start: UnixTime::new(start),
            end: UnixTime::new(end),
        }
    }

    proptest! {
        #[test]
        fn shares_add_up_to_the_amount_and_have_its_sign(
            units in -99_999_999_999_999_999_999_i128..99_999_999_999_999_999_999,
            decimals in select_decimals(),
            start in 0_i64..4_000_000_000,
            length in 1_i64..400_000_000,
            cuts in prop::collection::btree_set(0_i64..400_000_000, 0..40),
        ) {
            let total = Decimal::from_i128_with_scale(units, decimals);
            let whole = period(start, start + length);
            let cuts = cuts.into_iter().filter(|cut| *cut > 0 && *cut < length);
            let ends: Vec<i64> = cuts.chain([length]).collect();
            let starts = [0].into_iter().chain(ends.iter().copied());
            let mut sum = Decimal::ZERO;
            for (from, to) in starts.zip(&ends) {
                let share = share(total, period(start + from, start + to), whole, decimals);
                let share = share.unwrap();
                prop_assert!(share.is_zero() || share.is_sign_negative() == (units < 0));
                sum += share;
            }
            prop_assert_eq!(sum, total);
        }

        #[test]
        fn parts_of_a_period_follow_each_other_by_months(
            start in 1_500_000_000_i64..2_000_000_000,
            length in 1_i64..200_000_000,
            bill in 0..40,
        ) {
            let whole = period(start, start + length);
            let bill = Month::new(2017, 1).unwrap().plus(bill * 6).unwrap();
            let parts = parts(whole, bill).unwrap();
            prop_assert_eq!(parts[0].1.start, whole.start);
            prop_assert_eq!(parts[parts.len() - 1].1.end, whole.end);
            for pair in parts.windows(2) {
                prop_assert_eq!(pair[0].1.end, pair[1].1.start);
                prop_assert_eq!(pair[0].0.plus(1).unwrap(), pair[1].0);
                prop_assert_eq!(pair[1].1.start, Period::month(pair[1].0).start);
            }
            prop_assert!(parts[0].0.first_day() >= bill.first_day());
        }
    }

    fn select_decimals() -> impl Strategy<Value = u32> {
        prop_oneof![Just(8), Just(16)]
    }

    #[test]
    fn an_amount_with_more_digits_than_can_be_shared_has_no_shares() {
        let part = period(0, 1);
        assert_eq!(share(Decimal::MAX, part, period(0, 3), 8), None);
    }
}
