use tc3_core::Error;
use tc3_test_peer::{ANSWER, Peer, answer, answer_of, assert_not_an_answer, january};

use super::{client, settings, with};
use crate::driver::wait;

#[test]
fn an_answer_is_read_whatever_its_framing() {
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{ANSWER}\r\n0\r\n\r\n",
        ANSWER.len(),
    );
    let until_closed = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{ANSWER}");
    let after_interim = format!(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{ANSWER}",
        ANSWER.len(),
    );
    for bytes in [chunked, until_closed, after_interim] {
        let peer = Peer::closing_after(bytes.as_str());
        let reply = wait(client(peer.endpoint()).call(&january()));
        assert_eq!(reply.unwrap().request_id, "5e1f", "{bytes}");
    }
}

#[test]
fn an_answer_of_the_api_with_another_status_is_not_an_answer() {
    for (status, number) in [
        ("201 Created", 201),
        ("404 Not Found", 404),
        ("500 Internal Server Error", 500),
    ] {
        let peer = Peer::answering(answer(status, ANSWER));
        assert_not_an_answer(wait(client(peer.endpoint()).call(&january())), number);
    }
}

#[test]
fn text_that_is_not_utf_8_is_an_error() {
    let bytes = ANSWER.replace("5e1f", "5e1?").into_bytes();
    let bytes: Vec<u8> = bytes
        .into_iter()
        .map(|byte| if byte == b'?' { 0xff } else { byte })
        .collect();
    let peer = Peer::answering(answer("200 OK", bytes));
    let result = wait(client(peer.endpoint()).call(&january()));
    assert!(matches!(result, Err(Error::Decode { .. })), "{result:?}");
}

#[test]
fn a_body_as_large_as_the_bound_is_read_and_no_larger_one() {
    let limit = 100_000;
    let fits = Peer::answering(answer("200 OK", answer_of(limit)));
    let bounded = with(settings(fits.endpoint()).with_max_body(limit)).build();
    assert!(wait(bounded.call(&january())).is_ok());

    let exceeds = Peer::answering(answer("200 OK", answer_of(limit + 1)));
    let bounded = with(settings(exceeds.endpoint()).with_max_body(limit)).build();
    let result = wait(bounded.call(&january()));
    assert!(
        matches!(result, Err(Error::TooLarge { limit: 100_000, .. })),
        "{result:?}"
    );
}

#[test]
fn a_body_of_eleven_mebibytes_is_read_by_default() {
    let peer = Peer::answering(answer("200 OK", answer_of(11 << 20)));
    assert!(wait(client(peer.endpoint()).call(&january())).is_ok());
}
