//! The work that is measured, once for the benches, the report, the allocations and the instruction counts.
//!
//! A [`Stage`] is one piece of work and everybody who does it: this project, the floor under it (the
//! compressions that the algorithm asks for, bare `serde_json`, a bare HTTP client), plain code for
//! reference, and behind the feature `peers` the public functions of crates from crates.io. All of a stage
//! get the same bytes, so within one run their ratios hold on any machine.
#![expect(
    clippy::missing_panics_doc,
    reason = "what does not go as it should ends the measurement"
)]

pub mod call;
pub mod clock;
pub mod decode;
pub mod loopback;
#[cfg(feature = "peers")]
pub mod peers;
pub mod request;
pub mod sign;
mod stage;
pub mod walk;

pub use stage::{Contender, Role, Stage};
use tc3_core::{Credential, UnixTime};

/// When everything is signed.
pub const TIME: UnixTime = UnixTime::new(1_551_113_065);
/// The key pair that everything is signed with.
pub const SECRET_ID: &str = "AKIDEXAMPLE";
/// Of the length of a real one.
pub const SECRET_KEY: &str = "not-a-real-key-of-32-characters!";

/// The credential that everything is signed with.
pub fn credential() -> Credential {
    Credential::new(SECRET_ID, SECRET_KEY).expect("a well-formed key pair")
}

/// Every stage but those over loopback, which need a server.
pub fn stages() -> Vec<Stage> {
    let mut stages = sign::stages();
    stages.extend([request::stage(), call::stage()]);
    stages.extend(decode::stages());
    stages.push(walk::recorded_stage());
    stages
}
