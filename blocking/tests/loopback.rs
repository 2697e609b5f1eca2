//! The client over real sockets, all of them on loopback.

#[path = "loopback/answers.rs"]
mod answers;
#[path = "loopback/cancel.rs"]
mod cancel;
#[path = "loopback/connections.rs"]
mod connections;
#[path = "loopback/credentials.rs"]
mod credentials;
#[path = "loopback/emulator.rs"]
mod emulator;
#[path = "loopback/failures.rs"]
mod failures;
#[path = "loopback/faults.rs"]
mod faults;
#[path = "loopback/parallel.rs"]
mod parallel;
#[path = "loopback/proxy.rs"]
mod proxy;
#[path = "loopback/settings.rs"]
mod settings;
#[path = "loopback/wire.rs"]
mod wire;

use tc3_blocking::{Builder, Client, Endpoint, Retry, Settings};
use tc3_test_peer as common;

use common::{PATIENCE, credential};

/// Nothing is sent twice.
fn settings(endpoint: Endpoint) -> Settings {
    Settings::default()
        .with_endpoint(endpoint)
        .with_deadline(PATIENCE)
        .with_retry(Retry::NEVER)
}

fn with(settings: Settings) -> Builder {
    Client::builder()
        .credentials(credential())
        .settings(settings)
}

fn builder(endpoint: Endpoint) -> Builder {
    with(settings(endpoint))
}

fn client(endpoint: Endpoint) -> Client {
    builder(endpoint).build()
}
