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
