//! Sums of money are exact, whatever the numbers of decimals, and `None` only where they can't be held.

use std::cmp::Ordering;

use proptest::prelude::*;
use rust_decimal::Decimal;
use tc3_core::{Fen, Yuan};

use super::cases;

const LARGEST: u128 = u128::MAX >> 32;

/// A number digit by digit, the last one of 10^-28 first, as one learns it at school.
fn places(text: &str) -> Vec<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (whole, decimals) = text
        .trim_start_matches('-')
        .split_once('.')
        .unwrap_or((text.trim_start_matches('-'), ""));
    let digits = format!("{whole:0>34}{decimals:0<28}");
    digits
        .bytes()
        .rev()
        .map(|digit| sign * i64::from(digit - b'0'))
        .collect()
}

/// The digits of a number whose places may be of any size, and what is left above the last place: -1 of a negative one.
fn carry(places: &[i64]) -> (Vec<i64>, i64) {
    let mut carried = 0;
    let digits = places.iter().map(|place| {
        let place = place + carried;
        carried = place.div_euclid(10);
        place.rem_euclid(10)
    });
    (digits.collect(), carried)
}

/// The sign and the digits, without zeros at the front and at the end, and how many decimals that needs.
fn added(texts: &[String]) -> (bool, u128, usize, bool) {
    let mut sum = vec![0; 62];
    for text in texts {
        for (place, digit) in places(text).into_iter().enumerate() {
            sum[place] += digit;
        }
    }
    let (mut digits, mut carried) = carry(&sum);
    let negative = carried < 0;
    if negative {
        sum.iter_mut().for_each(|digit| *digit = -*digit);
        (digits, carried) = carry(&sum);
    }
    let zeros = digits
        .iter()
        .take(28)
        .take_while(|digit| **digit == 0)
        .count();
    let mut number = 0_u128;
    let mut held = carried == 0;
    for digit in digits[zeros..].iter().rev() {
        let next = number
            .checked_mul(10)
            .and_then(|number| number.checked_add(digit.unsigned_abs().into()));
        held &= next.is_some_and(|next| next <= LARGEST);
        number = next.unwrap_or_default();
    }
    (negative && number != 0, number, 28 - zeros, held)
}

fn amount() -> impl Strategy<Value = Decimal> {
    let digits = prop_oneof![
        2 => Just(0_u128),
        3 => 0..1_000_u128,
        3 => any::<u64>().prop_map(u128::from),
        2 => (0..29_u32).prop_map(|power| 10_u128.pow(power)),
        3 => 0..=LARGEST,
        1 => (0..9_u128).prop_map(|less| LARGEST - less),
    ];
    (digits, 0..=28_u32, any::<bool>()).prop_map(|(digits, scale, negative)| {
        let mut amount = Decimal::from_i128_with_scale(digits as i128, scale);
        amount.set_sign_negative(negative);
        amount
    })
}

fn check(sum: Option<Yuan>, summands: &[Decimal]) -> Result<(), TestCaseError> {
    let texts: Vec<_> = summands.iter().map(Decimal::to_string).collect();
    let (negative, number, decimals, held) = added(&texts);
    prop_assert_eq!(sum.is_some(), held, "{:?}", texts);
    let Some(sum) = sum.map(Yuan::get) else {
        return Ok(());
    };
    let short = sum.normalize();
    prop_assert_eq!(
        (short.mantissa().unsigned_abs(), short.scale() as usize),
        match number {
            0 => (0, 0),
            number => (number, decimals),
        },
        "{:?} = {}",
        texts,
        sum
    );
    prop_assert_eq!(sum.is_sign_negative(), negative);
    // All decimals that fit.
    let most = summands
        .iter()
        .map(Decimal::scale)
        .max()
        .unwrap_or_default();
    prop_assert!(sum.scale() <= most);
    let one_more = sum.mantissa().unsigned_abs() * 10;
    prop_assert!(
        sum.scale() == most || one_more > LARGEST,
        "{:?} = {}",
        texts,
        sum
    );
    Ok(())
}

proptest! {
    #![proptest_config(cases(2048))]

    #[test]
    fn a_sum_is_exact_or_cannot_be_held(a in amount(), b in amount()) {
        check(Yuan::new(a).checked_add(Yuan::new(b)), &[a, b])?;
        check(Yuan::new(a).checked_sub(Yuan::new(b)), &[a, -b])?;
    }

    #[test]
    fn a_sum_of_many_is_that_in_any_order(amounts in prop::collection::vec(amount(), 0..9), turned in 0..9_usize) {
        let sum = Yuan::checked_sum(amounts.iter().copied().map(Yuan::new));
        check(sum, &amounts)?;
        let turned = amounts.iter().cycle().skip(turned).take(amounts.len());
        prop_assert_eq!(Yuan::checked_sum(turned.copied().map(Yuan::new)), sum);
    }

    #[test]
    fn fen_are_summed_as_integers_are(amounts in prop::collection::vec(any::<i64>(), 0..6)) {
        let sum: i128 = amounts.iter().copied().map(i128::from).sum();
        let expected = i64::try_from(sum).ok().map(Fen::new);
        prop_assert_eq!(Fen::checked_sum(amounts.into_iter().map(Fen::new)), expected);
    }

    #[test]
    fn yuan_are_fen_where_nothing_is_lost(amount in amount()) {
        let (_, number, decimals, _) = added(&[amount.to_string()]);
        let fen = u32::try_from(2 - decimals as i32).ok()
            .and_then(|places| number.checked_mul(10_u128.pow(places)))
            .and_then(|fen| i128::try_from(fen).ok())
            .map(|fen| if amount.is_sign_negative() { -fen } else { fen })
            .and_then(|fen| i64::try_from(fen).ok());
        prop_assert_eq!(Yuan::new(amount).to_fen(), fen.map(Fen::new));
    }

    #[test]
    fn amounts_are_compared_by_what_they_are_worth(a in amount(), b in amount()) {
        let (a, b) = (Yuan::new(a), Yuan::new(b));
        let (negative, number, ..) = added(&[a.to_string(), (-b.get()).to_string()]);
        let expected = match (negative, number) {
            (_, 0) => Ordering::Equal,
            (true, _) => Ordering::Less,
            (false, _) => Ordering::Greater,
        };
        // What differs by more than can be held has digits that are no number here.
        if let Some(difference) = a.checked_sub(b) {
            prop_assert_eq!(a.cmp(&b), expected);
            prop_assert_eq!(difference == Yuan::ZERO, a == b);
        }
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
    }
}

fn yuan(text: &str) -> Yuan {
    text.parse().unwrap()
}

#[test]
fn a_zero_of_any_scale_changes_nothing_but_the_decimals() {
    for (a, b, sum) in [
        ("0.00000000", "1.5", "1.50000000"),
        ("1.5", "0.00000000", "1.50000000"),
        ("-0.00", "1.5", "1.50"),
        ("0", "-0.00000000", "0.00000000"),
        ("-0.00", "-0.0", "0.00"),
        (
            "0.0000000000000000000000000000",
            "79228162514264337593543950335",
            "79228162514264337593543950335",
        ),
        (
            "0.0000000000000000000000000000",
            "7922816251426433759354395033.5",
            "7922816251426433759354395033.5",
        ),
        (
            "0.00",
            "7922816251426433759354395033.5",
            "7922816251426433759354395033.5",
        ),
    ] {
        assert_eq!(
            yuan(a).checked_add(yuan(b)).unwrap().to_string(),
            sum,
            "{a} + {b}"
        );
    }
    let difference = yuan("1.5").checked_sub(yuan("0.00")).unwrap();
    assert_eq!(difference.to_string(), "1.50");
    let zero = yuan("1.50000000").checked_sub(yuan("1.5")).unwrap();
    assert_eq!(zero.to_string(), "0.00000000");
    assert_eq!(
        zero.checked_add(yuan("2.25")).unwrap().to_string(),
        "2.25000000"
    );
    let bill = Fen::new(1_250).to_yuan().checked_add(yuan("0.00000000"));
    assert_eq!(bill.unwrap().to_string(), "12.50000000");
}

#[test]
fn digits_at_the_end_that_are_zeros_need_not_be_held() {
    let largest = "79228162514264337593543950335";
    for (a, b, sum) in [
        // The sum has a digit more than fits, and ends with a zero.
        (
            "7922816251426433759354395033.5",
            "0.5",
            "7922816251426433759354395034",
        ),
        (largest, "-0.0000000000000000000000000000", largest),
    ] {
        assert_eq!(yuan(a).checked_add(yuan(b)).unwrap().to_string(), sum);
    }
    for (a, b) in [
        (largest, "1"),
        (largest, "0.5"),
        (largest, "0.0000000000000000000000000001"),
    ] {
        assert_eq!(yuan(a).checked_add(yuan(b)), None);
    }
    // What lies between may be larger.
    assert_eq!(
        Yuan::checked_sum([yuan(largest), yuan("1"), yuan("-1.0")]),
        Some(yuan(largest))
    );
    let most = Fen::new(i64::MAX);
    assert_eq!(
        Fen::checked_sum([most, Fen::new(1), Fen::new(-1)]),
        Some(most)
    );
}

#[test]
fn a_fraction_of_a_fen_is_no_fen_however_small() {
    // A product of 28 digits would be rounded to a whole one.
    assert_eq!(yuan("1.0099999999999999999999999999").to_fen(), None);
    assert_eq!(
        yuan("1.0100000000000000000000000000").to_fen(),
        Some(Fen::new(101))
    );
}
