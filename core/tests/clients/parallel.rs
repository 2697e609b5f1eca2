//! Several pages at once, and what the emulator's faults come to over a real socket.

use std::time::Duration;

use tc3_core::{
    Settings,
    emulator::{Emulator, Fault, When},
    flow::Retry,
};
use tc3_test_peer::{Peer, Refusing, SHORT, credential, faulty, january, list};

use super::{all, client};
use crate::driver::{Client, wait};

#[test]
fn a_walk_survives_what_goes_wrong_on_the_way() {
    let unharmed = Peer::emulating(Emulator::new(credential()));
    let expected = all(client(unharmed.endpoint()).items(january()));
    for width in [1, 4] {
        let peer = Peer::emulating(faulty());
        let client = Client::builder()
            .credentials(credential())
            .settings(
                Settings::default()
                    .with_endpoint(peer.endpoint())
                    .with_retry(Retry::default().with_base(Duration::from_millis(1))),
            )
            .build();
        let walked = all(client.pages(list()).width(width).items());
        assert_eq!(walked, expected, "{width}");
    }
}

#[test]
fn an_endpoint_that_refuses_connections_is_left_for_another() {
    let (nobody, peer) = (
        Refusing::new(),
        Peer::emulating(Emulator::new(credential())),
    );
    let client = Client::builder()
        .credentials(credential())
        .settings(
            Settings::default()
                .with_endpoint(nobody.endpoint())
                .with_failover([peer.endpoint()]),
        )
        .build();
    assert_eq!(
        wait(client.call(&january())).unwrap().output.total,
        Some(42)
    );
}

#[test]
fn an_endpoint_that_never_comes_to_a_session_is_left_for_another() {
    let (silent, peer) = (
        Peer::stalling_after(""),
        Peer::emulating(Emulator::new(credential())),
    );
    let client = Client::builder()
        .credentials(credential())
        .settings(
            Settings::default()
                .with_endpoint(silent.https_endpoint())
                .with_failover([peer.endpoint()])
                .with_attempt_timeout(SHORT),
        )
        .build();
    assert_eq!(
        wait(client.call(&january())).unwrap().output.total,
        Some(42)
    );
}

#[test]
fn connections_are_used_again_by_a_wide_walk() {
    let peer = Peer::emulating(Emulator::new(credential()));
    let client = Client::builder()
        .credentials(credential())
        .settings(
            Settings::default()
                .with_endpoint(peer.endpoint())
                .with_rate("billing", "DescribeBillList", None),
        )
        .build();
    let pages = client.pages(january().with_limit(1)).width(8);
    assert_eq!(all(pages.items()).len(), 42);
    assert!(peer.accepted() <= 8, "{}", peer.accepted());
}

#[test]
fn a_clock_that_is_wrong_is_corrected() {
    for offset in [-3_600, 3_600] {
        let emulator = Emulator::new(credential()).with_fault(When::From(1), Fault::Clock(offset));
        let peer = Peer::emulating(emulator);
        let client = Client::builder()
            .credentials(credential())
            .endpoint(peer.endpoint())
            .build();
        assert_eq!(
            wait(client.call(&january())).unwrap().output.total,
            Some(42)
        );
    }
}
