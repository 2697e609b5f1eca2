//! Tests of a client over real sockets, all of them on loopback, which both IO crates run.
//!
//! Each crate has a `driver` of its own: its `Client`, how to `wait` for what a call gives, and how to `serve` the
//! emulator.

mod answers;
mod cases;
mod connections;
mod credentials;
mod emulator;
mod failures;
mod faults;
mod parallel;
mod proxy;
mod proxy_variables;
mod settings;
mod setup;
mod wire;

use std::iter;

use tc3_core::{Paginate, Settings, flow::Retry, session::Endpoint};
use tc3_test_peer::{PATIENCE, credential};

use crate::driver::{Builder, Client, Items, wait};

/// Nothing is sent twice.
pub(crate) fn settings(endpoint: Endpoint) -> Settings {
    Settings::default()
        .with_endpoint(endpoint)
        .with_deadline(PATIENCE)
        .with_retry(Retry::NEVER)
}

pub(crate) fn with(settings: Settings) -> Builder {
    Client::builder()
        .credentials(credential())
        .settings(settings)
}

pub(crate) fn builder(endpoint: Endpoint) -> Builder {
    with(settings(endpoint))
}

pub(crate) fn client(endpoint: Endpoint) -> Client {
    builder(endpoint).build()
}

/// All records of a walk.
fn all<A: Paginate<Output: Send> + 'static>(mut items: Items<A>) -> Vec<A::Item> {
    iter::from_fn(|| wait(items.next()))
        .map(Result::unwrap)
        .collect()
}
