//! The types of actions' fields: exact money, dates in the service's own formats, open sets of texts.

mod beijing;
mod dates;
mod decimal;
mod digits;
mod fen_sum;
pub mod lenient;
mod money;
mod open;
mod sum;
mod unix_time;

pub use beijing::{BeijingSecond, BeijingTime};
pub use dates::{BillDate, CompactDate, Month};
pub use fen_sum::FenSum;
pub use money::{Fen, Percent, Yuan};
pub(crate) use open::open_set;
pub use unix_time::UnixTime;
