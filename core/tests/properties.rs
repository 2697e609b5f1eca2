//! What holds for arbitrary input.

#[cfg(feature = "emulator")]
#[path = "properties/forgeries.rs"]
mod forgeries;
#[path = "properties/naive.rs"]
mod naive;
#[path = "properties/outputs.rs"]
mod outputs;
#[path = "properties/proxies.rs"]
mod proxies;
#[path = "properties/queries.rs"]
mod queries;
#[path = "properties/signing.rs"]
mod signing;
#[path = "properties/stored.rs"]
mod stored;
#[path = "properties/sums.rs"]
mod sums;
#[path = "properties/values.rs"]
mod values;

use proptest::prelude::ProptestConfig;

/// So many cases; what fails is printed, and not kept in a file.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
