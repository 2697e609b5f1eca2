use tc3_core::Error;

use crate::{
    builder, client,
    common::{ANSWER, Peer, answer, answer_of, assert_not_an_answer, assert_unknown, january},
    noted,
};

const PAGE: &str = "<html><body>Bad Gateway</body></html>";

#[tokio::test]
async fn an_answer_is_read_whatever_its_framing() {
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
        let reply = client(peer.endpoint()).call(&january()).await;
        assert_eq!(reply.unwrap().request_id, "5e1f", "{bytes}");
    }
}

#[tokio::test]
async fn a_gateways_page_is_not_an_answer() {
    for (status, number) in [("200 OK", 200), ("502 Bad Gateway", 502)] {
        let peer = Peer::answering(answer(status, PAGE));
        let result = client(peer.endpoint()).call(&january()).await;
        let (_, beginning) = assert_not_an_answer(result, number);
        assert!(beginning.starts_with("<html>"), "{beginning}");
    }
}

#[tokio::test]
async fn an_answer_of_the_api_with_another_status_is_not_an_answer() {
    for (status, number) in [
        ("201 Created", 201),
        ("404 Not Found", 404),
        ("500 Internal Server Error", 500),
    ] {
        let peer = Peer::answering(answer(status, ANSWER));
        assert_not_an_answer(client(peer.endpoint()).call(&january()).await, number);
    }
}

#[tokio::test]
async fn an_empty_body_is_not_an_answer() {
    for body in ["", " \r\n"] {
        let peer = Peer::answering(answer("200 OK", body));
        let (reason, _) = assert_not_an_answer(client(peer.endpoint()).call(&january()).await, 200);
        assert_eq!(reason, "the body is empty");
    }
}

#[tokio::test]
async fn truncated_json_is_not_an_answer() {
    let peer = Peer::answering(answer("200 OK", &ANSWER[..ANSWER.len() - 2]));
    assert_not_an_answer(client(peer.endpoint()).call(&january()).await, 200);
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_not_an_answer() {
    let bytes = ANSWER.replace("5e1f", "5e1?").into_bytes();
    let bytes: Vec<u8> = bytes
        .into_iter()
        .map(|byte| if byte == b'?' { 0xff } else { byte })
        .collect();
    let peer = Peer::answering(answer("200 OK", bytes));
    assert_not_an_answer(client(peer.endpoint()).call(&january()).await, 200);
}

#[tokio::test]
async fn an_answer_cut_short_of_its_length_may_have_taken_effect() {
    let whole = answer("200 OK", ANSWER);
    let peer = Peer::closing_after(&whole[..whole.len() - 1]);
    assert_unknown(client(peer.endpoint()).call(&january()).await);
}

#[tokio::test]
async fn a_chunked_answer_without_its_end_may_have_taken_effect() {
    let cut = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{ANSWER}\r\n",
        ANSWER.len(),
    );
    let peer = Peer::closing_after(cut);
    assert_unknown(client(peer.endpoint()).call(&january()).await);
}

#[tokio::test]
async fn an_answer_that_is_not_http_may_have_taken_effect() {
    let peer = Peer::closing_after("SSH-2.0-OpenSSH_9.6\r\n");
    assert_unknown(client(peer.endpoint()).call(&january()).await);
}

#[tokio::test]
async fn a_body_as_large_as_the_bound_is_read_and_no_larger_one() {
    let limit = 100_000;
    let fits = Peer::answering(answer("200 OK", answer_of(limit)));
    let bounded = builder(fits.endpoint()).max_body(limit).build();
    assert!(bounded.call(&january()).await.is_ok());

    let exceeds = Peer::answering(answer("200 OK", answer_of(limit + 1)));
    let bounded = builder(exceeds.endpoint()).max_body(limit).build();
    let result = bounded.call(&january()).await;
    assert!(
        matches!(result, Err(Error::TooLarge { limit: 100_000, .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_body_of_eleven_mebibytes_is_read_by_default() {
    let peer = Peer::answering(answer("200 OK", answer_of(11 << 20)));
    assert!(client(peer.endpoint()).call(&january()).await.is_ok());
}

#[tokio::test]
async fn an_endless_body_is_given_up_at_the_bound() {
    let peer = Peer::new(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let chunk = format!("1000\r\n{:4096}\r\n", "");
        while connection.send(&chunk) {}
        connection.note("the client has gone");
    });
    let client = builder(peer.endpoint()).max_body(100_000).build();
    let result = client.call(&january()).await;
    assert!(
        matches!(result, Err(Error::TooLarge { limit: 100_000, .. })),
        "{result:?}"
    );
    assert_eq!(noted(&peer).await, "the client has gone");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for (status, number) in [
        ("301 Moved Permanently", 301),
        ("302 Found", 302),
        ("303 See Other", 303),
        ("307 Temporary Redirect", 307),
        ("308 Permanent Redirect", 308),
    ] {
        let elsewhere = Peer::answering(answer("200 OK", ANSWER));
        let location = format!("{status}\r\nLocation: http://{}/", elsewhere.address());
        let peer = Peer::answering(answer(&location, "moved"));
        let (_, beginning) =
            assert_not_an_answer(client(peer.endpoint()).call(&january()).await, number);
        assert_eq!(beginning, "moved");
        assert_eq!((peer.received().len(), elsewhere.accepted()), (1, 0));
    }
}
