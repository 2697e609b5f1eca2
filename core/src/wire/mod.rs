//! Requests and answers as they go over the wire.

mod envelope;
mod mend;
pub mod pem;
pub(crate) mod query;
pub mod request;
pub mod response;

pub use response::Reply;
