//! What the tests of both clients need of this one.

use std::time::Duration;

use tc3_async::serve::{Monitor, Server};
pub(crate) use tc3_async::{Builder, Client, Items};
use tc3_core::{emulator::Emulator, session::Endpoint};
use tc3_test_peer::{Peer, january};
use tokio::{
    runtime::{self, Runtime},
    task::{JoinSet, spawn_blocking},
    time::sleep,
};

thread_local! {
    /// A runtime for each test, which stands still between calls.
    static RUNTIME: Runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
}

/// Returns what a call gives.
pub(crate) fn wait<T>(given: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let given = given.await;
            // Tasks of the runtime close connections that were given up, and keep the others.
            sleep(Duration::from_millis(1)).await;
            given
        })
    })
}

/// Waits for a script of the peer to note something.
pub(crate) async fn noted(peer: &Peer) -> &'static str {
    let peer = peer.clone();
    spawn_blocking(move || peer.noted()).await.unwrap()
}

/// Serves the emulator until the end of the runtime.
pub(crate) async fn served(emulator: Emulator) -> (Endpoint, Monitor) {
    let server = Server::bind("127.0.0.1:0", emulator).await.unwrap();
    let endpoint = format!("http://{}", server.local_addr()).parse().unwrap();
    let monitor = server.monitor();
    tokio::spawn(server.run());
    (endpoint, monitor)
}

/// Serves the emulator until the end of the test.
pub(crate) fn serve(emulator: Emulator) -> Endpoint {
    wait(served(emulator)).0
}

/// Makes so many calls at once.
pub(crate) fn call_at_once(client: &Client, count: usize) {
    let mut calls = JoinSet::new();
    wait(async {
        for _ in 0..count {
            let client = client.clone();
            calls.spawn(async move { client.call(&january()).await.map(drop) });
        }
        for result in calls.join_all().await {
            result.unwrap();
        }
    });
}
