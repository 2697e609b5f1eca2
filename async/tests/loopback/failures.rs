use std::thread;

use tc3_core::{Error, Failure, Obstacle, Remedy};

use crate::{
    builder,
    common::{
        ANSWER, PATIENCE, Peer, SHORT, answer, assert_late, assert_not_sent, assert_unknown,
        january,
    },
    settings, with,
};

#[tokio::test]
async fn a_name_that_is_not_found_means_not_sent_and_may_be_found_later() {
    let client = builder("https://service.invalid".parse().unwrap())
        .without_proxy()
        .build();
    let error = client.call(&january()).await.unwrap_err();
    let Error::Transport(Failure::NotSent(not_sent)) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(not_sent.obstacle(), Obstacle::NameLookup);
    assert_eq!(error.remedy(), Remedy::Resume);
}

#[tokio::test]
async fn each_call_over_a_connection_has_its_own_time() {
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
    client.call(&january()).await.unwrap();
    client.call(&january()).await.unwrap();
    assert_unknown(client.call(&january()).await);
    assert_eq!((peer.received().len(), peer.accepted()), (3, 1));
}

#[tokio::test]
async fn a_body_that_trickles_on_ends_at_the_deadline() {
    let peer = Peer::new(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while connection.send("1\r\n \r\n") {}
    });
    let client = builder(peer.endpoint()).deadline(SHORT).build();
    assert_late(client.call(&january()).await);
}

#[tokio::test]
async fn a_handshake_that_stalls_ends_with_the_connect_timeout() {
    let peer = Peer::new(|mut connection| drop(connection.rest()));
    let client = with(settings(peer.https_endpoint()).with_attempt_timeout(PATIENCE / 4))
        .connect_timeout(SHORT)
        .build();
    assert_not_sent(client.call(&january()).await);
}
