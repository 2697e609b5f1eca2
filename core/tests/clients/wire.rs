use std::collections::HashSet;

use tc3_core::{
    Region, Settings,
    billing::SubPayType,
    emulator::Emulator,
    session::{Language, Wire},
    tc3,
};
use tc3_test_peer::{ANSWER, PATIENCE, Peer, Received, TOKEN, answer, credential, january, now};

use super::client;
use crate::driver::{Client, noted, wait};

const POSTS: [Wire; 2] = [Wire::Post, Wire::PostUnsigned];
const ALL: [Wire; 3] = [Wire::Post, Wire::PostUnsigned, Wire::Get];

/// The one request of a call, and the peer that got it.
fn sent(wire: Wire) -> (Received, Peer) {
    let peer = Peer::new(|mut connection| {
        connection.request();
        connection.send(answer("200 OK\r\nConnection: close", ANSWER));
        let rest = connection.rest();
        connection.note(if rest.is_empty() {
            "nothing more"
        } else {
            "more"
        });
    });
    let credential = credential().with_token(TOKEN).unwrap();
    let client = Client::builder()
        .credentials(credential)
        .settings(
            Settings::default()
                .with_endpoint(peer.endpoint())
                .with_deadline(PATIENCE)
                .with_region(Region::new("ap-guangzhou").unwrap())
                .with_language(Language::EN_US)
                .with_wire(wire),
        )
        .build();
    wait(client.call(&january())).unwrap();
    let request = peer.received().remove(0);
    (request, peer)
}

#[test]
fn a_post_is_one_request_line_and_a_body_of_its_length() {
    for wire in POSTS {
        let (request, peer) = sent(wire);
        assert_eq!(request.line, "POST / HTTP/1.1");
        let length = request.body.len().to_string();
        assert_eq!(request.values("content-length"), [length]);
        assert!(request.values("transfer-encoding").is_empty());
        assert!(request.values("expect").is_empty());
        assert!(request.body.starts_with(b"{"));
        assert!(request.body.ends_with(b"}"));
        assert_eq!(wait(noted(&peer)), "nothing more");
    }
}

#[test]
fn a_get_has_its_input_in_the_query_and_no_body() {
    let (request, peer) = sent(Wire::Get);
    let query = request.line.strip_prefix("GET /?").unwrap();
    let mut pairs: Vec<_> = query
        .strip_suffix(" HTTP/1.1")
        .unwrap()
        .split('&')
        .collect();
    pairs.sort_unstable();
    assert_eq!(
        pairs,
        [
            "EndTime=2024-01-31+23%3A59%3A59",
            "Limit=100",
            "Offset=0",
            "StartTime=2024-01-01+00%3A00%3A00",
        ],
    );
    assert!(
        request
            .values("content-length")
            .iter()
            .all(|&length| length == "0")
    );
    assert!(request.values("transfer-encoding").is_empty());
    assert!(request.body.is_empty());
    assert_eq!(wait(noted(&peer)), "nothing more");
}

#[test]
fn a_header_of_the_protocol_is_sent_once() {
    for wire in ALL {
        let (request, peer) = sent(wire);
        let content_type = match wire {
            Wire::Get => "application/x-www-form-urlencoded",
            _ => "application/json",
        };
        for (name, value) in [
            ("host", peer.address().to_string().as_str()),
            ("content-type", content_type),
            ("x-tc-action", "DescribeBillList"),
            ("x-tc-version", "2018-07-09"),
            ("x-tc-region", "ap-guangzhou"),
            ("x-tc-language", "en-US"),
            ("accept-encoding", "identity"),
            ("x-tc-token", TOKEN),
        ] {
            assert_eq!(request.values(name), [value], "{name}");
        }
        assert_eq!(request.values("authorization").len(), 1);
        assert_eq!(request.values("x-tc-timestamp").len(), 1);
    }
}

#[test]
fn no_header_is_sent_but_those_of_the_protocol_and_the_connection() {
    for wire in ALL {
        let (request, _peer) = sent(wire);
        let strange: Vec<_> = request
            .headers
            .iter()
            .filter(|(name, value)| {
                let known = ["host", "content-type", "content-length", "authorization"];
                let harmless = ["user-agent", "accept", "accept-encoding", "connection"];
                value.is_empty()
                    || !(name.starts_with("x-tc-")
                        || known.contains(&name.as_str())
                        || harmless.contains(&name.as_str()))
            })
            .collect();
        assert!(strange.is_empty(), "{strange:?}");
    }
}

#[test]
fn the_signature_fits_what_is_on_the_wire() {
    let credential = credential();
    for wire in ALL {
        let (request, _peer) = sent(wire);
        let verified = tc3::verify(&request.to_http(), now(), |_| Some(&credential));
        assert_eq!(verified.unwrap().service, "billing");

        let mut altered = request;
        if wire == Wire::Get {
            altered.line = altered.line.replace("Limit=100", "Limit=10");
        } else {
            altered.body.push(b' ');
        }
        let altered = tc3::verify(&altered.to_http(), now(), |_| Some(&credential));
        assert_eq!(altered.is_ok(), wire == Wire::PostUnsigned);
    }
}

#[test]
fn every_request_is_signed_for_its_own_body() {
    let peer = Peer::emulating(Emulator::new(credential()));
    let client = client(peer.endpoint());
    for limit in [1, 10, 100] {
        wait(client.call(&january().with_limit(limit))).unwrap();
    }
    let requests = peer.received();
    let signatures = requests
        .iter()
        .map(|request| request.values("authorization"));
    assert_eq!(signatures.collect::<HashSet<_>>().len(), 3);
}

#[test]
fn a_body_larger_than_any_buffer_arrives_whole() {
    let peer = Peer::answering(answer("200 OK", ANSWER));
    let types = (0..80_000).map(|_| SubPayType::new("not-a-type"));
    let large = january().with_sub_pay_types(types);
    wait(client(peer.endpoint()).call(&large)).unwrap();
    let request = peer.received().remove(0);
    assert!(request.body.len() > 1_000_000);
    let credential = credential();
    tc3::verify(&request.to_http(), now(), |_| Some(&credential)).unwrap();
}
