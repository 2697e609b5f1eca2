//! Amounts and dates come back as they were written.

use proptest::prelude::*;
use tc3_core::{
    BeijingTime, CompactDate, Fen, Month, UnixTime, Yuan,
    types::{BeijingSecond, BillDate, lenient},
};

use super::cases;

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn an_amount_is_printed_as_it_was_written(
        sign in "-?",
        whole in "0|[1-9][0-9]{0,15}",
        decimals in "(\\.[0-9]{1,12})?",
    ) {
        let text = format!("{sign}{whole}{decimals}");
        let amount: Yuan = text.parse().unwrap();
        prop_assert_eq!(amount.to_string(), text.clone());
        for json in [format!("\"{text}\""), text.clone()] {
            prop_assert_eq!(serde_json::from_str::<Yuan>(&json).unwrap().to_string(), text.clone());
        }
        prop_assert_eq!(serde_json::to_string(&amount).unwrap(), format!("\"{text}\""));
    }

    #[test]
    fn fen_and_yuan_convert_without_loss(fen in any::<i64>()) {
        let fen = Fen::new(fen);
        prop_assert_eq!(fen.to_yuan().to_fen(), Some(fen));
        prop_assert_eq!(serde_json::to_string(&fen).unwrap().parse(), Ok(fen));
    }

    #[test]
    fn an_integer_with_a_point_is_that_integer_or_an_error(
        number in any::<i64>(),
        digits in 0_u32..19,
        zeros in 0_usize..30,
    ) {
        let number = number % 10_i64.pow(digits);
        let json = format!("{number}.0{}", "0".repeat(zeros));
        let read = lenient::required::<_, i64>(&mut serde_json::Deserializer::from_str(&json));
        prop_assert!(read.is_err() || read.is_ok_and(|read| read == number), "{}", json);
        let as_text = format!("\"{json}\"");
        let read = lenient::required::<_, i64>(&mut serde_json::Deserializer::from_str(&as_text));
        prop_assert!(read.is_err() || read.is_ok_and(|read| read == number), "{}", as_text);
    }

    #[test]
    fn a_total_is_read_from_any_number_and_from_its_text_alike(
        number in "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,12})?([eE][-+]?[0-9]{1,3})?",
        count in any::<u64>(),
    ) {
        let total = |json: &str| {
            lenient::optional_total(&mut serde_json::Deserializer::from_str(json)).unwrap()
        };
        prop_assert_eq!(total(&number), total(&format!("\"{number}\"")));
        prop_assert_eq!(total(&count.to_string()), Some(count));
        prop_assert_eq!(total(&format!("{count}.0")), Some(count));
        if count > 0 {
            prop_assert_eq!(total(&format!("-{count}")), None);
        }
    }

    #[test]
    fn a_date_is_read_as_it_is_printed(time in -62_135_625_600..=253_402_271_999_i64, millis in 0..1_000) {
        let second = BeijingSecond::from_unix(UnixTime::new(time)).unwrap();
        prop_assert_eq!(second.to_unix(), UnixTime::new(time));
        prop_assert_eq!(second.to_string().parse(), Ok(second));

        let text = format!("{second}.{millis:03}");
        let exact: BeijingTime = text.parse().unwrap();
        prop_assert_eq!(exact.to_string(), text);
        prop_assert_eq!(exact.second(), second);

        let (year, month, day) = {
            let shown = second.datetime();
            (shown.year(), shown.month(), shown.day())
        };
        let month_of_year = Month::new(year, month).unwrap();
        prop_assert_eq!(month_of_year.to_string().parse(), Ok(month_of_year));
        let compact = CompactDate::new(year, month, day).unwrap();
        prop_assert_eq!(compact.to_string().parse(), Ok(compact));
        for bill in [BillDate::day(year, month, day).unwrap(), BillDate::month(year, month).unwrap()] {
            prop_assert_eq!(bill.to_string().parse(), Ok(bill));
        }
    }
}
