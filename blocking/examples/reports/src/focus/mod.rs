//! Bill lines as rows of FOCUS, the FinOps Foundation's format for costs and usage.
//!
//! A [`Line`] of `DescribeBillDetail` goes in, [`Row`]s come out. All lines are read twice: first each goes through
//! [`Commitments::add`], then through [`Mapping::rows`]; after a month's lines, [`Mapping::end_of_month`] gives what
//! is left of its commitments. There is no IO here.
//!
//! # Which rows a component of a line becomes
//!
//! | `x_RowKind` | when | what it costs |
//! | --- | --- | --- |
//! | `charge` | always, unless commitments cover it all | `BilledCost` is `RealCost` |
//! | `covered` | a savings plan or reserved instances cover a part | `BilledCost` 0, `EffectiveCost` the part of the fee |
//! | `credit` | vouchers, gifted balance | negative: the amount paid with it |
//! | `tax` | the international site's tax | the tax |
//! | `amortised` | a subscription, for each month that it is for | `BilledCost` 0, `EffectiveCost` its share |
//! | `unused` | a commitment at the end of a month | `BilledCost` 0, `EffectiveCost` what is left of the fee |
//!
//! So the sum of `BilledCost` of a line is what was paid in cash and from split income, and over the whole time the
//! sum of `EffectiveCost` is the same.
//!
//! A purchase has an `EffectiveCost` of 0. A subscription's cost is spread over `[FeeBeginTime, FeeEndTime)` by
//! seconds, as is its refund, whose period the bill gives with one second. The fee of a commitment isn't spread over
//! rows of its own: covered usage takes its parts, and the unused row has the rest.

mod amortise;
mod charge;
mod check;
mod column;
mod commitments;
mod kinds;
mod leftover;
mod line;
mod mapping;
mod names;
mod notes;
mod price;
mod row;
mod tables;
mod unit;

pub use check::{Broken, check};
pub use column::{Column, Json, Type, Value, Version};
pub use commitments::Commitments;
pub use line::{Account, Error, Line, Tax};
pub use mapping::Mapping;
pub use notes::{Notes, Topic};
pub use row::{COLUMNS, Row};
