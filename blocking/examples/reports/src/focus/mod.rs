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
//! # Purchases
//!
//! A purchase has an `EffectiveCost` of 0. A subscription's cost is spread over `[FeeBeginTime, FeeEndTime)` by
//! seconds: a share is the difference of two shares up to a time, each rounded to 8 decimals, so that shares add up to
//! the purchase. What lies before the month of the bill is in this month, since no earlier bill knows of it. The period
//! of a refund has no length in the bill; it takes effect in one second.
//!
//! The fee of a commitment isn't spread over rows of its own: what it covers takes its parts, and the row of what is
//! unused has the rest, in each month. If an account has several commitments of a type in a month, the bill doesn't say
//! which one covers what; covered and unused rows then name all of them by one id.
//!
//! - What a savings plan covers costs `OriginalCostWithSP` times `SPDeductionRate`.
//! - What reserved instances cover costs the mean of the month's fees for an hour of an instance, for `RiTimeSpan` times
//!   `UsedAmount` hours.
//! - The list and contracted costs of what is unused are 0.
//! - If more was used than paid, there is no unused row but a note: the fees may be another account's.
//!
//! # What isn't known
//!
//! Where the vendor doesn't say something, the column is null, or has the value that its documentation says, and
//! [`Notes`] count it. An action type that isn't known makes an adjustment. Names and ids that aren't ASCII are in the
//! `x_` columns alone, since validators take no others. The tax of the international site is effective at once, also
//! that of a subscription.

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
pub use line::{Account, Error, Line, Tax, Unreadable};
pub use mapping::Mapping;
pub use notes::{Notes, Topic};
pub use row::{COLUMNS, Row};
