use std::time::Duration;

use serde_json::json;
use tc3_core::{
    Call, Credential, Error, Flow, Month, Region, Session, Settings, Untyped,
    billing::DescribeAllocationSummaryByBusiness,
    emulator::Emulator,
    session::{Endpoint, Language},
};

use super::{answer, done, input, sent};
use crate::common::{Client, START, credential};

fn zone(name: &str) -> Untyped {
    Untyped::new("cvm", "2017-03-12", "StartZone", json!({"Zone": name}))
}

fn february() -> DescribeAllocationSummaryByBusiness {
    DescribeAllocationSummaryByBusiness::new(Month::new(2024, 2).unwrap()).with_limit(1)
}

fn code<T>(result: Result<T, Error>) -> Option<String> {
    let error = result.err()?;
    Some(error.refusal().unwrap().code().into())
}

#[test]
fn calls_of_one_session_may_be_out_together() {
    let mut client = Client::new();
    let (mut first, mut second) = (Call::new(&zone("a")), Call::new(&zone("b")));
    assert_eq!(input(&sent(&mut first, &mut client)), json!({"Zone": "a"}));
    assert_eq!(input(&sent(&mut second, &mut client)), json!({"Zone": "b"}));
    second.handle(answer(json!({"Of": "b"})));
    let of_b = done(&mut second, &mut client).unwrap();
    first.handle(answer(json!({"Of": "a"})));
    let of_a = done(&mut first, &mut client).unwrap();
    assert_eq!(
        (of_a.output.json("Of"), of_b.output.json("Of")),
        (Some(r#""a""#), Some(r#""b""#))
    );
}

#[test]
fn another_credential_signs_from_the_next_send_on() {
    let rotated = Credential::new("AKIDROTATED", "another-fake-key").unwrap();
    let rotated = rotated.with_token("not-a-real-token").unwrap();
    let mut old = Emulator::new(credential());
    let mut new = Emulator::new(rotated.clone());
    let mut client = Client::new();
    assert!(client.call(&mut old, &february()).is_ok());
    let refused = code(client.call(&mut new, &february()));
    assert_eq!(refused.as_deref(), Some("AuthFailure.SecretIdNotFound"));

    let mut waiting = Call::new(&february());
    client.session.set_credential(rotated);
    assert_eq!(
        client.session.credential().unwrap().secret_id(),
        "AKIDROTATED"
    );
    assert!(client.call(&mut new, &february()).is_ok());
    let refused = code(client.call(&mut old, &february()));
    assert_eq!(refused.as_deref(), Some("AuthFailure.SecretIdNotFound"));
    let attempt = sent(&mut waiting, &mut client);
    waiting.handle(Ok(new.handle(START, &attempt.request)));
    assert!(done(&mut waiting, &mut client).is_ok());
}

#[test]
fn the_signing_key_follows_the_utc_date() {
    let mut client = Client::new();
    let mut service = Emulator::new(credential());
    // From 08:53:20 UTC on, past two midnights and back to before them.
    for hours in [0, 15, 1, 23, 1, 24] {
        client.pass(Duration::from_secs(hours * 3_600));
        assert!(
            client.call(&mut service, &february()).is_ok(),
            "{:?}",
            client.now
        );
    }
    client.now.unix = START;
    assert!(client.call(&mut service, &february()).is_ok());
}

#[test]
fn a_request_says_what_the_settings_say() {
    let plain = sent(&mut Call::new(&zone("a")), &mut Client::new()).request;
    assert_eq!(plain.uri(), "https://cvm.tencentcloudapi.com/");
    for name in ["x-tc-region", "x-tc-language", "x-tc-token"] {
        assert!(!plain.headers().contains_key(name), "{name}");
    }

    let settings = Settings::default()
        .with_region(Region::new("ap-guangzhou").unwrap())
        .with_language(Language::EN_US)
        .with_endpoint("http://127.0.0.1:8080".parse::<Endpoint>().unwrap());
    let mut client = Client::with_settings(settings);
    let temporary = credential().with_token("not-a-real-token").unwrap();
    client.session.set_credential(temporary);
    let request = sent(&mut Call::new(&zone("a")), &mut client).request;
    assert_eq!(request.uri(), "http://127.0.0.1:8080/");
    let headers = request.headers();
    assert_eq!(headers["host"], "127.0.0.1:8080");
    assert_eq!(headers["x-tc-region"], "ap-guangzhou");
    assert_eq!(headers["x-tc-language"], "en-US");
    assert_eq!(headers["x-tc-token"], "not-a-real-token");
    assert!(headers["x-tc-token"].is_sensitive());
    assert!(headers["authorization"].is_sensitive());
}

#[test]
fn nothing_prints_a_key() {
    let temporary = credential().with_token("not-a-real-token").unwrap();
    let mut client = Client::new();
    client.session.set_credential(temporary);
    let mut call = Call::new(&zone("a"));
    let attempt = sent(&mut call, &mut client);
    let session: &Session = &client.session;
    let shown = format!("{session:?} {call:?} {attempt:?}");
    assert!(shown.contains("AKIDEXAMPLE"));
    for secret in ["not-a-real-key", "not-a-real-token", "Signature="] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}
