use tc3_core::{Credential, Error, emulator::Emulator};
use tc3_test_peer::{ANSWER, KEY, Peer, answer, answer_of, assert_unknown, credential, january};

use super::{client, settings, with};
use crate::driver::wait;

#[test]
fn several_calls_use_one_connection() {
    let peer = Peer::emulating(Emulator::new(credential()));
    let client = client(peer.endpoint());
    for _ in 0..5 {
        wait(client.call(&january())).unwrap();
        wait(client.clone().call(&january())).unwrap();
    }
    assert_eq!((peer.received().len(), peer.accepted()), (10, 1));
}

#[test]
fn a_name_is_connected_to_where_somebody_listens() {
    // On most machines it stands for an address of IPv6, too.
    let peer = Peer::emulating(Emulator::new(credential()));
    let endpoint = format!("http://localhost:{}", peer.address().port());
    let client = client(endpoint.parse().unwrap());
    wait(client.call(&january())).unwrap();
    wait(client.call(&january())).unwrap();
    assert_eq!(peer.accepted(), 1);
}

#[test]
fn a_refusal_leaves_the_connection_usable() {
    let peer = Peer::emulating(Emulator::new(credential()));
    let client = client(peer.endpoint());
    client.set_credential(Credential::new("AKIDSTRANGER", KEY).unwrap());
    for _ in 0..2 {
        let result = wait(client.call(&january()));
        assert!(matches!(result, Err(Error::Service(_))), "{result:?}");
    }
    client.set_credential(credential());
    wait(client.call(&january())).unwrap();
    assert_eq!(peer.accepted(), 1);
}

#[test]
fn a_connection_with_an_unread_answer_is_not_used_again() {
    let peer = Peer::new(|mut connection| {
        let length = if connection.number == 0 {
            8_000_000
        } else {
            100
        };
        while connection.request().is_some() {
            connection.send(answer("200 OK", answer_of(length)));
        }
    });
    let client = with(settings(peer.endpoint()).with_max_body(100_000)).build();
    let result = wait(client.call(&january()));
    assert!(matches!(result, Err(Error::TooLarge { .. })), "{result:?}");
    wait(client.call(&january())).unwrap();
    assert_eq!((peer.received().len(), peer.accepted()), (2, 2));
}

#[test]
fn a_failed_call_leaves_the_client_usable() {
    let peer = Peer::new(|mut connection| {
        connection.request();
        if connection.number > 0 {
            connection.send(answer("200 OK", ANSWER));
        }
    });
    let client = client(peer.endpoint());
    assert_unknown(wait(client.call(&january())));
    wait(client.call(&january())).unwrap();
}

#[test]
fn a_request_without_an_answer_is_sent_once() {
    let peer = Peer::new(|mut connection| {
        connection.request();
        if connection.number == 0 {
            connection.send(answer("200 OK", ANSWER));
            connection.request();
        }
    });
    let client = client(peer.endpoint());
    wait(client.call(&january())).unwrap();
    assert_unknown(wait(client.call(&january())));
    assert_eq!((peer.received().len(), peer.accepted()), (2, 1));
}

#[test]
fn an_answer_that_nobody_asked_for_is_not_taken_for_one() {
    let peer = Peer::new(|mut connection| {
        let unasked = answer("408 Request Timeout", "idle for too long");
        while connection.request().is_some() {
            connection.send([answer("200 OK", ANSWER), unasked.clone()].concat());
        }
    });
    let client = client(peer.endpoint());
    for _ in 0..3 {
        wait(client.call(&january())).unwrap();
    }
    assert_eq!(peer.accepted(), 3);
}
