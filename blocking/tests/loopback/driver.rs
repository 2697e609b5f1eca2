//! What the tests of both clients need of this one.

use std::{sync::Barrier, thread};

pub(crate) use tc3_blocking::{Builder, Client, Items};
use tc3_core::{emulator::Emulator, session::Endpoint};
use tc3_test_peer::{Peer, january};

/// Returns what a call gave.
pub(crate) fn wait<T>(given: T) -> T {
    given
}

/// Waits for a script of the peer to note something.
pub(crate) fn noted(peer: &Peer) -> &'static str {
    peer.noted()
}

/// Serves the emulator until the end of the process.
pub(crate) fn serve(emulator: Emulator) -> Endpoint {
    Peer::emulating(emulator).endpoint()
}

/// Makes so many calls at once.
pub(crate) fn call_at_once(client: &Client, count: usize) {
    let barrier = Barrier::new(count);
    thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| {
                barrier.wait();
                client.call(&january()).unwrap();
            });
        }
    });
}
