//! What is signed is what the vendor's page says.

use proptest::prelude::*;
use tc3_core::{
    Credential, Region, Session, Settings, UnixTime, Untyped,
    session::{Endpoint, Language, Wire},
    tc3::{Scope, Signer, SigningKey, authorization, string_to_sign},
    wire::request,
};

use super::{
    cases,
    naive::{alike, parts, sha256},
};

/// The years 0 to 9999.
const TIMES: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;
const DAY: i64 = 86_400;

/// Any time, and many close to a midnight.
fn times() -> impl Strategy<Value = i64> {
    let days = TIMES.start() / DAY + 1..=TIMES.end() / DAY;
    prop_oneof![
        TIMES,
        (days, -2..2_i64).prop_map(|(day, second)| day * DAY + second)
    ]
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn a_canonical_request_is_as_it_is_described(parts in prop_oneof![parts(), alike()]) {
        let canonical = parts.canonical();
        prop_assert_eq!(canonical.to_string(), parts.text());
        prop_assert_eq!(canonical.signed_headers(), parts.signed_headers());
        prop_assert_eq!(canonical.hash(), sha256(parts.text().as_bytes()));
    }

    #[test]
    fn a_signature_is_as_it_is_described(
        parts in prop_oneof![parts(), alike()],
        id in "[!#&*+.0-:?-Z^_a-z|~-]{1,40}",
        // Shorter than a block of the hash, as long, and longer.
        key in prop_oneof!["[!#&*-;=?-Z^_a-z|~]{1,200}", "[!#&*-;=?-Z^_a-z|~]{59,63}"],
        service in prop_oneof!["[a-z]{2,12}", "\\PC{0,8}"],
        time in times(),
    ) {
        let mut signer = Signer::new(Credential::new(&*id, &*key).unwrap());
        let signed = signer.sign(&parts.canonical(), &service, UnixTime::new(time)).unwrap();
        let expected = parts.authorization(&id, &key, &service, time);
        prop_assert_eq!(signed, expected.clone());

        // Stage by stage.
        let time = UnixTime::new(time);
        let scope = Scope::new(time, &service).unwrap();
        let to_sign = string_to_sign(time, &scope, &parts.canonical().hash());
        let derived = SigningKey::derive(&key, &scope);
        let signature = derived.sign(&to_sign);
        #[cfg(feature = "emulator")]
        {
            prop_assert!(derived.verifies(&to_sign, &signature));
            let other = to_sign + " ";
            prop_assert!(!derived.verifies(&other, &signature));
        }
        let header = authorization(&id, &scope, &parts.signed_headers(), &signature);
        prop_assert_eq!(header, expected);
    }

    #[test]
    fn what_a_signer_has_signed_before_makes_no_difference(
        requests in prop::collection::vec((alike(), 0_i64..3, "a|b|ab"), 1..60),
    ) {
        let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap();
        let mut signer = Signer::new(credential.clone());
        for (parts, day, service) in requests {
            let time = UnixTime::new(day * DAY);
            let signed = signer.sign(&parts.canonical(), &service, time);
            let fresh = Signer::new(credential.clone()).sign(&parts.canonical(), &service, time);
            prop_assert_eq!(signed, fresh);
        }
    }

    #[test]
    fn what_a_session_has_signed_before_makes_no_difference(
        requests in prop::collection::vec((settings(), "cvm|sts", "A|B", "2017-03-12|2018-03-12", any::<bool>()), 1..40),
    ) {
        let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap();
        let mut session = Session::new(credential.clone());
        for (place, (settings, service, action, version, token)) in requests.into_iter().enumerate() {
            let input = serde_json::json!({"Place": place});
            let action = Untyped::new(service, version, action, input);
            let credential = match token {
                true => credential.clone().with_token(format!("not-a-real-token-{place}")).unwrap(),
                false => credential.clone(),
            };
            session.set_credential(credential.clone());
            session = session.with_settings(settings.clone());
            let time = UnixTime::new(1_551_113_065 + place as i64);
            let request = request::sign(&action, &mut session, time).unwrap();
            let mut fresh = Session::new(credential).with_settings(settings);
            let expected = request::sign(&action, &mut fresh, time).unwrap();
            prop_assert_eq!(request.method(), expected.method());
            prop_assert_eq!(request.uri(), expected.uri());
            let headers = |request: &http::Request<_>| -> Vec<_> {
                let headers = request.headers().iter();
                headers.map(|(name, value)| (name.clone(), value.clone(), value.is_sensitive())).collect()
            };
            prop_assert_eq!(headers(&request), headers(&expected));
            prop_assert_eq!(request.body(), expected.body());
        }
    }
}

/// What makes a difference to requests.
fn settings() -> impl Strategy<Value = Settings> {
    let endpoints = prop_oneof![
        Just(Endpoint::PUBLIC),
        Just(Endpoint::INTERNAL),
        Just("https://example.com".parse().unwrap()),
    ];
    let wires = prop_oneof![Just(Wire::Post), Just(Wire::PostUnsigned), Just(Wire::Get)];
    let regions = prop::option::of(prop_oneof![Just("ap-guangzhou"), Just("eu-frankfurt")]);
    let languages = prop::option::of(prop_oneof![Just("zh-CN"), Just("en-US")]);
    (endpoints, wires, regions, languages).prop_map(|(endpoint, wire, region, language)| {
        Settings::default()
            .with_endpoint(endpoint)
            .with_wire(wire)
            .with_region(region.map(|it| Region::new(it).unwrap()))
            .with_language(language.map(|it| Language::new(it).unwrap()))
    })
}

#[test]
fn a_time_outside_the_years_0_to_9999_is_not_signed() {
    for (time, signed) in [
        (*TIMES.start(), true),
        (*TIMES.start() - 1, false),
        (*TIMES.end(), true),
        (*TIMES.end() + 1, false),
        (i64::MIN, false),
        (i64::MAX, false),
    ] {
        let scope = Scope::new(UnixTime::new(time), "cvm");
        assert_eq!(scope.is_ok(), signed, "{time}");
    }
}
