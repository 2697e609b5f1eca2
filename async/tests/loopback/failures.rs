use std::thread;

use tc3_core::Error;

use crate::{
    builder, client,
    common::{
        ANSWER, PATIENCE, Peer, Refusing, SHORT, answer, assert_late, assert_not_sent,
        assert_unknown, january,
    },
    noted,
};

#[tokio::test]
async fn a_refused_port_means_not_sent() {
    let nobody = Refusing::new();
    assert_not_sent(client(nobody.endpoint()).call(&january()).await);
}

#[tokio::test]
async fn a_name_that_is_not_found_means_not_sent() {
    let client = builder("https://service.invalid".parse().unwrap())
        .connect_timeout(SHORT)
        .attempt_timeout(PATIENCE / 4)
        .build();
    assert_not_sent(client.call(&january()).await);
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_may_have_taken_effect() {
    let peer = Peer::closing_after("");
    assert_unknown(client(peer.endpoint()).call(&january()).await);
    assert_eq!(peer.received().len(), 1);
}

#[tokio::test]
async fn a_connection_closed_at_once_is_a_transport_error() {
    let peer = Peer::new(drop);
    let error = client(peer.endpoint()).call(&january()).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
}

#[tokio::test]
async fn a_stall_ends_with_the_attempt() {
    let peer = Peer::stalling_after("");
    let client = builder(peer.endpoint()).attempt_timeout(SHORT).build();
    assert_unknown(client.call(&january()).await);
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
    let client = builder(peer.endpoint()).attempt_timeout(2 * SHORT).build();
    client.call(&january()).await.unwrap();
    client.call(&january()).await.unwrap();
    assert_unknown(client.call(&january()).await);
    assert_eq!((peer.received().len(), peer.accepted()), (3, 1));
}

#[tokio::test]
async fn a_stall_ends_at_the_deadline() {
    let peer = Peer::stalling_after("");
    let client = builder(peer.endpoint()).deadline(SHORT).build();
    assert_late(client.call(&january()).await);
}

#[tokio::test]
async fn a_stall_within_the_head_ends_at_the_deadline() {
    let peer = Peer::stalling_after("HTTP/1.1 200 OK\r\nContent-");
    let client = builder(peer.endpoint()).deadline(SHORT).build();
    assert_late(client.call(&january()).await);
}

#[tokio::test]
async fn a_stall_within_the_body_ends_at_the_deadline() {
    let whole = answer("200 OK", ANSWER);
    let peer = Peer::stalling_after(&whole[..whole.len() - 1]);
    let client = builder(peer.endpoint()).deadline(SHORT).build();
    assert_late(client.call(&january()).await);
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
async fn an_endless_head_is_given_up() {
    let peer = Peer::new(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\n");
        while connection.send("X-Padding: as much of it as there is room for\r\n") {}
        connection.note("the client has gone");
    });
    assert_unknown(client(peer.endpoint()).call(&january()).await);
    assert_eq!(noted(&peer).await, "the client has gone");
}

#[tokio::test]
async fn interim_answers_are_no_answer() {
    let peer = Peer::stalling_after("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100));
    let client = builder(peer.endpoint()).deadline(SHORT).build();
    assert_late(client.call(&january()).await);
}

#[tokio::test]
async fn a_handshake_that_is_cut_means_not_sent() {
    let peer = Peer::new(drop);
    assert_not_sent(client(peer.https_endpoint()).call(&january()).await);
}

#[tokio::test]
async fn a_handshake_with_something_else_means_not_sent() {
    let peer = Peer::new(|mut connection| {
        connection.send(answer("400 Bad Request", "this is plain http"));
        connection.rest();
    });
    assert_not_sent(client(peer.https_endpoint()).call(&january()).await);
}

#[tokio::test]
async fn a_handshake_that_stalls_ends_with_the_connect_timeout() {
    let peer = Peer::new(|mut connection| drop(connection.rest()));
    let client = builder(peer.https_endpoint())
        .connect_timeout(SHORT)
        .attempt_timeout(PATIENCE / 4)
        .build();
    assert_not_sent(client.call(&january()).await);
}
