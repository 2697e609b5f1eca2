//! A client in several threads.

use std::thread;

use tc3_core::emulator::Emulator;
use tc3_test_peer::{Peer, credential, january};

use crate::clients::client;

#[test]
fn a_client_is_shared_by_threads() {
    let peer = Peer::emulating(Emulator::new(credential()).with_records(730));
    let client = client(peer.endpoint());
    let alone = client.call(&january()).unwrap().output;
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let items = client.items(january().with_limit(10));
                let items: Vec<_> = items.map(Result::unwrap).collect();
                assert_eq!(items, alone.transaction_list);
            });
        }
    });
}
