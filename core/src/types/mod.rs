//! The values that actions are made of: exact money, dates in the service's own forms, open sets of texts.

mod dates;
pub mod lenient;
mod money;
mod open;
mod unix_time;

pub use dates::{BeijingSecond, BeijingTime, BillDate, CompactDate, Month};
pub use money::{Fen, Percent, Yuan};
pub(crate) use open::open_set;
pub use unix_time::UnixTime;
