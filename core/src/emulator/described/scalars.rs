//! Texts and numbers that look like a documented example.

use alloc::{
    format,
    string::{String, ToString},
};

use serde_json::{Number, Value};
use tc3_description::{Format, Member, Type};

use super::super::ledger::Random;

/// The longest example that is repeated, in bytes.
const MAX_EXAMPLE: usize = 64;

/// Stand for a text without an example.
const WORDS: [&str; 8] = [
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor",
];

/// Written in place of an example.
const NO_EXAMPLES: [&str; 6] = ["-", "null", "none", "n/a", "undefined", "无"];

pub(super) fn text(format: Format, example: Option<&str>, random: &mut Random) -> String {
    let example = example.map(str::trim).filter(|it| is_telling(it));
    let default = match (format, example) {
        (Format::DateTime, _) => "2025-01-01 12:30:00",
        (Format::DateTimeIso, _) => "2025-01-01T12:30:00+08:00",
        (Format::Date, _) => "2025-01-01",
        (_, Some(example)) => {
            let date = dated(example, random);
            let number = || is_number(example).then(|| redrawn(example, random));
            return date.or_else(number).unwrap_or_else(|| example.into());
        }
        (_, None) => return word(random).into(),
    };
    let date = example.and_then(|example| dated(example, random));
    date.or_else(|| dated(default, random))
        .unwrap_or_else(|| default.into())
}

pub(super) fn integer(signed: bool, example: Option<&str>, random: &mut Random) -> Value {
    let example = example.map_or("", str::trim);
    let drawn = redrawn(example, random);
    let parse = |text: &str| match signed {
        true => text.parse::<i64>().map(Value::from).ok(),
        false => text.parse::<u64>().map(Value::from).ok(),
    };
    let value = parse(&drawn).or_else(|| parse(example));
    value.unwrap_or_else(|| random.below(100).into())
}

pub(super) fn float(example: Option<&str>, random: &mut Random) -> Value {
    let example = example.map_or("", str::trim);
    let drawn = Some(redrawn(example, random)).filter(|_| is_number(example));
    let number = drawn.and_then(|drawn| drawn.parse::<Number>().ok());
    number.map_or_else(|| random.below(100).into(), Value::Number)
}

/// Whether a text is neither a number nor a date.
pub(super) fn is_word(text: &str) -> bool {
    !is_number(text) && dated(text, &mut Random::new(0, "", 0)).is_none()
}

/// A text of the same form that no other number gives.
pub(super) fn numbered(text: &str, number: u64) -> String {
    match text.split_once('.') {
        Some((_, decimals)) if is_number(text) => format!("{number}.{decimals}"),
        None if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() => {
            // The first digit is that of the example, so it is the same in each record.
            let first = text.chars().take(1).collect::<String>();
            format!(
                "{first}{number:0>width$}",
                width = text.len().saturating_sub(1)
            )
        }
        _ => format!("{text}-{number}"),
    }
}

/// A number of records, or a token, in a member of that type.
pub(super) fn count(ty: &Type, number: u64) -> Value {
    match ty {
        Type::Text(_) => number.to_string().into(),
        _ => number.into(),
    }
}

/// True or false in a member of that type.
pub(super) fn flag(ty: &Type, flag: bool) -> Value {
    match ty {
        Type::Text(_) => flag.to_string().into(),
        Type::Integer { .. } => u8::from(flag).into(),
        _ => flag.into(),
    }
}

/// Whether an example says more than that there is none.
pub(super) fn is_telling(example: &str) -> bool {
    let is_none = |none: &&str| example.eq_ignore_ascii_case(none);
    !example.is_empty() && example.len() <= MAX_EXAMPLE && !NO_EXAMPLES.iter().any(is_none)
}

/// No value: the member is absent if it may be, or null, or empty.
pub(super) fn nothing(member: &Member) -> Option<Value> {
    match &member.ty {
        _ if member.returned != Some(true) => None,
        _ if member.nullable => Some(Value::Null),
        Type::Text(_) => Some("".into()),
        _ => Some(0.into()),
    }
}

fn word(random: &mut Random) -> &'static str {
    let at = usize::try_from(random.below(8)).unwrap_or_default();
    WORDS.get(at).copied().unwrap_or("word")
}

/// Whether a text is a decimal number.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, decimals]
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// A number with as many digits, and the same first one: a single digit is mostly one of a few documented values.
fn redrawn(number: &str, random: &mut Random) -> String {
    let mut first = true;
    let redraw = |c: char| match c.is_ascii_digit() && !core::mem::take(&mut first) {
        true => char::from_digit(u32::try_from(random.below(10)).unwrap_or_default(), 10),
        false => Some(c),
    };
    number.chars().filter_map(redraw).collect()
}

/// The same text with another month and day; `None` for what does not begin with a date, such as `2024-02-29`,
/// `2024-02`, `2024/02/29 12:30` or `20240229`.
fn dated(text: &str, random: &mut Random) -> Option<String> {
    let within = |digits: &str, first: u32, last: u32| {
        let number = digits.parse::<u32>().ok();
        digits.bytes().all(|b| b.is_ascii_digit())
            && number.is_some_and(|it| (first..=last).contains(&it))
    };
    let year = text.get(..4).filter(|year| within(year, 1970, 2099))?;
    let separator = match text.get(4..5)? {
        separator @ ("-" | "/") => separator,
        _ => "",
    };
    let rest = text.get(4..)?.strip_prefix(separator)?;
    let rest = rest
        .get(..2)
        .filter(|it| within(it, 1, 12))
        .and(rest.get(2..))?;
    let month = random.below(12).saturating_add(1);
    let day = rest
        .strip_prefix(separator)
        .and_then(|rest| Some((rest.get(..2)?, rest.get(2..)?)))
        .filter(|(day, _)| within(day, 1, 31));
    let continues = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    match day {
        Some((_, rest)) if !continues(rest) => {
            let day = random.below(28).saturating_add(1);
            Some(format!(
                "{year}{separator}{month:02}{separator}{day:02}{rest}"
            ))
        }
        // Six digits alone are rather a number.
        _ if separator.is_empty() || !rest.is_empty() => None,
        _ => Some(format!("{year}{separator}{month:02}")),
    }
}

#[cfg(test)]
mod tests {
    use alloc::{borrow::ToOwned, vec::Vec};

    use super::*;

    fn drawn(example: &str) -> Vec<String> {
        let draw = |seed| text(Format::Plain, Some(example), &mut Random::new(seed, "", 0));
        (0..50).map(draw).collect()
    }

    /// Each digit as `0`.
    fn form(text: &str) -> String {
        text.chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect()
    }

    #[test]
    fn a_date_stays_a_date() {
        for example in [
            "2024-02-29",
            "2024-02-29 12:30:00",
            "2024-02-29T12:30:00+08:00",
            "2024-02",
            "2024/02/29 12:30",
            "20240229",
        ] {
            let dates = drawn(example);
            assert!(dates.iter().any(|date| date != example));
            for date in dates {
                assert_eq!(form(&date), form(example));
                assert_eq!(date.get(..4), Some("2024"));
                let digits: String = date.chars().filter(char::is_ascii_digit).collect();
                let month: u8 = digits.get(4..6).unwrap().parse().unwrap();
                assert!((1..=12).contains(&month), "{date}");
                if let Some(day) = digits.get(6..8) {
                    assert!((1..=28).contains(&day.parse().unwrap()), "{date}");
                }
            }
        }
    }

    #[test]
    fn a_number_keeps_its_form_and_its_first_digit() {
        for example in ["0.00", "-12.50", "980930", "3", "202401", "2024-13"] {
            for number in drawn(example) {
                assert_eq!(form(&number), form(example));
                let first = |text: &str| text.chars().find(char::is_ascii_digit);
                assert_eq!(first(&number), first(example));
            }
        }
        assert!(drawn("0.00").iter().any(|it| it != "0.00"));
    }

    #[test]
    fn other_examples_are_repeated_and_a_word_is_in_place_of_none() {
        for example in [
            "RUNNING",
            "ins-8j3k",
            "ap-guangzhou-3",
            "10.0.0.1",
            "1234-5678",
        ] {
            assert!(drawn(example).iter().all(|it| it == example));
        }
        let long = "x".repeat(65);
        for example in ["", " ", "-", "无", "NULL", "None", &long] {
            assert!(drawn(example).iter().all(|it| WORDS.contains(&it.as_str())));
        }
    }

    #[test]
    fn numbers_fit_their_type_whatever_the_example() {
        let all = [
            "",
            "x",
            "-5",
            "18446744073709551615",
            "1e400",
            "1.5",
            "99999999999999999999",
        ];
        for example in all {
            for seed in 0..20 {
                let mut random = Random::new(seed, "", 0);
                assert!(integer(false, Some(example), &mut random).is_u64());
                assert!(integer(true, Some(example), &mut random).as_i64().is_some());
                assert!(float(Some(example), &mut random).is_number());
            }
        }
    }

    #[test]
    fn numbered_texts_differ_and_keep_their_form() {
        for (text, number, expected) in [
            ("ins-8j3k", 17, "ins-8j3k-17"),
            ("100000000001", 17, "100000000017"),
            ("7", 17, "717"),
            ("12.50", 17, "17.50"),
            ("", 17, "-17"),
            ("10.0.0.1", 17, "10.0.0.1-17"),
        ] {
            assert_eq!(numbered(text, number), expected.to_owned());
        }
    }
}
