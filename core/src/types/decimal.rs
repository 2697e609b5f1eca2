//! Decimal numbers, parsed digit by digit.

use rust_decimal::Decimal;

use crate::Invalid;

pub(super) const TOO_LONG: Invalid =
    Invalid::new(FIELD, "needs more than the 28 digits that are held exactly");
const FIELD: &str = "amount";

/// Parses a JSON number, or an error if digits would be lost.
pub(super) fn exact(text: &str) -> Result<Decimal, Invalid> {
    short(text).map_or_else(|| long(text), Ok)
}

/// The decimal as an integer, if it has no fraction.
pub(super) fn whole(number: Decimal) -> Option<i128> {
    let shortest = match number.scale() {
        0 => number,
        _ => number.normalize(),
    };
    (shortest.scale() == 0).then(|| shortest.mantissa())
}

/// What [`long`] returns for the text that nearly every amount is: no exponent, and few digits. `None`
/// for any other, whether it is a number or not.
fn short(text: &str) -> Option<Decimal> {
    /// Of so many digits, a `u64` holds any.
    const LENGTH: usize = 19;

    let unsigned = text.strip_prefix('-').unwrap_or(text).as_bytes();
    if unsigned.len() > LENGTH {
        return None;
    }
    let (whole, rest) = digits(0, unsigned);
    let decimals = match rest {
        [] => rest,
        [b'.', decimals @ ..] if !decimals.is_empty() => decimals,
        _ => return None,
    };
    if rest.len() == unsigned.len() {
        return None;
    }
    let (value, rest) = eight_digits(whole, decimals).unwrap_or((whole, decimals));
    let (value, []) = digits(value, rest) else {
        return None;
    };
    let mut value = Decimal::from(value);
    value.set_scale(decimals.len().try_into().ok()?).ok()?;
    value.set_sign_negative(unsigned.len() != text.len());
    Some(value)
}

/// Reads decimal digits on from `value`; returns the number and what follows it.
fn digits(mut value: u64, mut text: &[u8]) -> (u64, &[u8]) {
    while let [digit @ b'0'..=b'9', rest @ ..] = text {
        value = value.wrapping_mul(10).wrapping_add((digit & 0x0f).into());
        text = rest;
    }
    (value, text)
}

/// As [`digits`], but eight in one go, or `None` where there are fewer: the service writes amounts of yuan
/// with so many decimals.
fn eight_digits(value: u64, text: &[u8]) -> Option<(u64, &[u8])> {
    const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);
    const TEN_TO_TOP: u64 = u64::from_le_bytes([0x80 - 10; 8]);
    const TOP: u64 = u64::from_le_bytes([0x80; 8]);

    let (eight, rest) = text.split_first_chunk()?;
    let ones = u64::from_le_bytes(*eight) ^ ZEROS;
    // A byte that was no digit is above 9 now: its top bit is set, or the sum sets it.
    if (ones | ones.wrapping_add(TEN_TO_TOP)) & TOP != 0 {
        return None;
    }
    // Neighbours become one number, of 2 digits, then 4, then 8. The first digit is in the lowest byte.
    let pairs = ones.wrapping_mul(10).wrapping_add(ones >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    let number = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    Some((value.wrapping_mul(100_000_000).wrapping_add(number), rest))
}

#[cold]
#[inline(never)]
fn long(text: &str) -> Result<Decimal, Invalid> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (
            number,
            exponent
                .parse::<i32>()
                .map_err(|_| Invalid::new(FIELD, "has an exponent that is not an integer"))?,
        ),
        None => (text, 0),
    };
    let digits = number.strip_prefix('-').unwrap_or(number);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(decimals) {
        return Err(Invalid::new(FIELD, "is not a decimal number"));
    }
    let mut value = Decimal::from_str_exact(number).map_err(|_| TOO_LONG)?;
    let scale = i64::from(value.scale()).saturating_sub(exponent.into());
    if let Ok(scale) = u32::try_from(scale) {
        value.set_scale(scale).map_err(|_| TOO_LONG)?;
    } else {
        value.set_scale(0).map_err(|_| TOO_LONG)?;
        for _ in scale..0 {
            value = value.checked_mul(Decimal::TEN).ok_or(TOO_LONG)?;
            if value.is_zero() {
                break;
            }
        }
    }
    // The parser drops the sign of a zero, and so does the product.
    value.set_sign_negative(number.starts_with('-'));
    Ok(value)
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String};

    use proptest::prelude::*;

    use super::*;

    /// The 96 bits of a decimal's digits, all set.
    const LARGEST: u128 = u128::MAX >> 32;

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            "-?[0-9]{0,12}(\\.[0-9]{0,10})?",
            "-?0{0,4}[0-9]{16,30}",
            "-?[0-9]{1,4}\\.[0-9]{14,30}",
            "-?[0-9]{1,9}(\\.[0-9]{1,9})?[eE][-+]?[0-9]{1,2}",
            "[-+]?[0-9]{1,2}\\.[ -~]{7,9}",
            "[0-9]{1,2}\\.[0-9]{0,7}\\PC[0-9]{0,7}",
            "[-+._eE0-9]{0,12}",
            "\\PC{0,12}",
            (-9_i128..9, 0..29_usize).prop_map(|(over, decimals)| {
                let mut digits = format!("{}", LARGEST.wrapping_add_signed(over));
                digits.insert(digits.len() - decimals, '.');
                digits
            }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn the_short_way_comes_to_what_the_long_way_comes_to(text in texts()) {
            if let Some(value) = short(&text) {
                // All of it, the sign of a zero and the number of decimals as well.
                prop_assert_eq!(Ok(value.serialize()), long(&text).map(|value| value.serialize()));
            }
        }
    }

    #[test]
    fn an_ordinary_amount_goes_the_short_way() {
        for text in [
            "0",
            "-0",
            "0.00000000",
            "-0.00000000",
            "00012.5",
            "-48.95000000",
            "1234567890.12345678",
            "9999999999999999999",
            "-999999999.999999999",
        ] {
            let value = short(text).unwrap();
            assert_eq!(
                Ok(value.serialize()),
                long(text).map(|value| value.serialize())
            );
        }
        for text in [
            "",
            "-",
            ".",
            "-.",
            ".5",
            "5.",
            "+5",
            "1e5",
            "1.2.3",
            "--1",
            "1.0000000x",
        ] {
            assert_eq!(short(text), None, "{text}");
        }
    }
}
