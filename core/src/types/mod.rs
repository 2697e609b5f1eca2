//! The types of actions' fields: exact money, dates in the service's own formats, open sets of texts.
//!
//! Dates and times are made from those of [`jiff`] 0.2 and give them back, amounts from decimals of [`rust_decimal`] 1.
//! Both crates are re-exported here, in the versions that this one uses, without their default features: so `jiff`'s errors
//! are no `std::error::Error`, unless your program depends on `jiff` with its feature `std`.
//!
//! ```
//! use tc3_core::{types::{jiff::civil::date, rust_decimal::Decimal}, CompactDate, Yuan};
//!
//! assert_eq!(CompactDate::try_from(date(2024, 2, 29))?.to_string(), "20240229");
//! assert_eq!(Yuan::new(Decimal::new(-4895, 2)), "-48.95".parse()?);
//! # Ok::<(), tc3_core::Invalid>(())
//! ```

mod beijing;
mod dates;
mod decimal;
mod digits;
mod fen_sum;
pub mod lenient;
mod money;
mod number;
mod open;
mod strict;
mod sum;
mod unix_time;

pub use beijing::{BeijingSecond, BeijingTime};
pub use dates::{BillDate, CompactDate, Month};
pub use fen_sum::FenSum;
pub use money::{Fen, Percent, Yuan};
pub use number::Number;
pub(crate) use open::open_set;
pub use strict::Strict;
pub use unix_time::UnixTime;
pub use {jiff, rust_decimal};
