//! Accounts, and the lists of their bills with a column for each field of a record: what `bill_sync` and `sql` share.

use std::error::Error;

pub mod account;
pub mod column;
pub mod data_set;
pub mod emulate;

/// What a step comes to.
pub type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;
