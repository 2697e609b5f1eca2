//! The bodies of the fuzz targets: what must hold for any input at all. Each panics when it does not.

mod answers;
mod chance;
mod credentials;
mod flows;
mod message;
mod service;
mod signatures;
mod texts;

pub use answers::{decode, decode_as, decode_role};
pub use credentials::credentials;
pub use flows::{flow, walk};
pub use message::{credential, request};
pub use service::emulator;
pub use signatures::verify;
pub use texts::texts;
