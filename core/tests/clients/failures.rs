use std::thread;

use tc3_core::{Error, Failure, Remedy, error::Obstacle};
use tc3_test_peer::{
    ANSWER, PATIENCE, Peer, SHORT, answer, assert_late, assert_not_sent, assert_unknown, january,
};

use super::{settings, with};
use crate::driver::wait;

#[test]
fn a_name_that_is_not_found_means_not_sent_and_may_be_found_later() {
    let settings = settings("https://service.invalid".parse().unwrap());
    let client = with(settings.without_proxy()).build();
    let error = wait(client.call(&january())).unwrap_err();
    let Error::Transport(Failure::NotSent(not_sent)) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(not_sent.obstacle(), Obstacle::NameLookup);
    assert_eq!(error.remedy(), Remedy::Resume);
}

#[test]
fn each_call_over_a_connection_has_its_own_time() {
    // Two that take three fifths of their time each, and one that stalls.
    let peer = Peer::new(|mut connection| {
        for _ in 0..2 {
            connection.request();
            thread::sleep(2 * SHORT * 3 / 5);
            connection.send(answer("200 OK", ANSWER));
        }
        connection.request();
        connection.rest();
    });
    let client = with(settings(peer.endpoint()).with_attempt_timeout(2 * SHORT)).build();
    wait(client.call(&january())).unwrap();
    wait(client.call(&january())).unwrap();
    assert_unknown(wait(client.call(&january())));
    assert_eq!((peer.received().len(), peer.accepted()), (3, 1));
}

#[test]
fn a_body_that_trickles_on_ends_at_the_deadline() {
    let peer = Peer::new(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while connection.send("1\r\n \r\n") {}
    });
    let client = with(settings(peer.endpoint()).with_deadline(SHORT)).build();
    assert_late(wait(client.call(&january())));
}

#[test]
fn a_handshake_that_stalls_ends_with_the_connect_timeout() {
    let peer = Peer::new(|mut connection| drop(connection.rest()));
    let settings = settings(peer.https_endpoint())
        .with_attempt_timeout(PATIENCE / 4)
        .with_connect_timeout(SHORT);
    let client = with(settings).build();
    assert_not_sent(wait(client.call(&january())));
}
