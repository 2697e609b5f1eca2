//! Bills of many accounts into PostgreSQL, by many workers. The README says how it works.

pub mod accounts;
pub mod data_set;
pub mod database;
pub mod enqueue;
pub mod fence;
pub mod lease;
pub mod rows;
pub mod status;
pub mod stop;
pub mod sync;
pub mod verify;
pub mod window;
pub mod worker;
pub mod workers;

pub use bills::Result;
