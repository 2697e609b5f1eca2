//! Bills of many accounts into PostgreSQL, by many workers. The README says how it works.

use std::error::Error;

pub mod accounts;
pub mod data_set;
pub mod database;
pub mod emulate;
pub mod enqueue;
pub mod fence;
pub mod lease;
pub mod rows;
pub mod status;
pub mod sync;
pub mod verify;
pub mod window;
pub mod worker;

/// What a step comes to.
pub type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;
