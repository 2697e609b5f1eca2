use tc3_core::{Error, Failure, Obstacle, Remedy};

use crate::{
    builder,
    common::{PATIENCE, Peer, SHORT, assert_late, assert_not_sent, january},
    settings, with,
};

#[test]
fn a_name_that_is_not_found_means_not_sent_and_may_be_found_later() {
    let client = builder("https://service.invalid".parse().unwrap())
        .without_proxy()
        .build();
    let error = client.call(&january()).unwrap_err();
    let Error::Transport(Failure::NotSent(not_sent)) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(not_sent.obstacle(), Obstacle::NameLookup);
    assert_eq!(error.remedy(), Remedy::Resume);
}

#[test]
fn a_body_that_trickles_on_ends_at_the_deadline() {
    let peer = Peer::new(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while connection.send("1\r\n \r\n") {}
    });
    let client = builder(peer.endpoint()).deadline(SHORT).build();
    assert_late(client.call(&january()));
}

#[test]
fn a_handshake_that_stalls_ends_with_the_connect_timeout() {
    let peer = Peer::new(|mut connection| drop(connection.rest()));
    let client = with(settings(peer.https_endpoint()).with_attempt_timeout(PATIENCE / 4))
        .connect_timeout(SHORT)
        .build();
    assert_not_sent(client.call(&january()));
}
