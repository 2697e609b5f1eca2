use std::{error::Error as _, time::Duration};

use tc3_core::{Error, emulator::Emulator, session::Endpoint};
use tc3_test_peer::{KEY, Peer, Refusing, TOKEN, answer, credential, january};

use super::{builder, client, settings, with};
use crate::driver::{Client, wait};

const PASSWORD: &str = "not-a-real-password";

#[test]
fn an_endpoint_that_would_leak_or_lie_is_refused() {
    for url in [
        "http://example.com",
        "http://10.0.0.1:8080",
        "http://127.0.0.1.example.com",
        "https://user@example.com",
        "https://user:password@example.com",
        "https://example.com/path",
        "https://example.com?query",
        "example.com",
    ] {
        let refused = url.parse::<Endpoint>().map_err(|invalid| invalid.field());
        assert_eq!(refused, Err("endpoint"), "{url}");
    }
}

#[test]
fn a_setting_that_can_never_be_right_sends_nothing() {
    let peer = Peer::emulating(Emulator::new(credential()));
    let timeless = with(settings(peer.endpoint()).with_attempt_timeout(Duration::ZERO));
    let result = wait(timeless.build().call(&january()));
    assert!(matches!(result, Err(Error::Input(_))), "{result:?}");

    let pageless = builder(peer.endpoint()).page_size(0).build();
    let result = wait(pageless.items(january()).next()).unwrap();
    assert!(matches!(result, Err(Error::Input(_))), "{result:?}");

    let overdue = with(settings(peer.endpoint()).with_deadline(Duration::ZERO)).build();
    let result = wait(overdue.call(&january()));
    assert!(
        matches!(result, Err(Error::Deadline { source: None, .. })),
        "{result:?}"
    );

    let wrong = january().with_limit(0);
    let result = wait(client(peer.endpoint()).call(&wrong));
    assert!(matches!(result, Err(Error::Input(_))), "{result:?}");
    assert_eq!(peer.accepted(), 0);
}

#[track_caller]
fn assert_discreet(text: &str) {
    for secret in [KEY, TOKEN, PASSWORD, "bm90LWEtcmVhb", "Signature="] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let peer = Peer::answering(answer("502 Bad Gateway", "no tunnel"));
    let proxy = format!("http://user:{PASSWORD}@{}", peer.address());
    let builder = Client::builder()
        .credentials(credential().with_token(TOKEN).unwrap())
        .proxy(&proxy)
        .unwrap();
    assert_discreet(&format!("{builder:?} {builder:#?}"));
    let client = builder.build();
    assert_discreet(&format!("{client:?} {client:#?}"));
    let error = wait(client.call(&january())).unwrap_err();
    assert_discreet(&format!("{client:?} {client:#?} {error:?}"));
    assert_discreet(&format!("{:?}", client.items(january())));
}

#[test]
fn an_error_names_its_causes() {
    let nobody = Refusing::new();
    let error = wait(client(nobody.endpoint()).call(&january())).unwrap_err();
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    assert_eq!(
        texts[..2],
        ["no answer from the service", "the request was not sent"]
    );
    let last = texts.last().unwrap().to_lowercase();
    assert!(last.contains("connection refused"), "{texts:?}");
    let count = texts.len();
    texts.dedup();
    assert_eq!(texts.len(), count, "{texts:?}");
}
