//! Places that can't be looked at, or hold what is of no use.

use std::time::Duration;

use proptest::{prelude::*, sample::subsequence};
use tc3_core::{
    Call, Chain, Error, Failure, Flow, Region, Session, Step,
    credential::{Lookup, Source},
    flow::DriverStep,
};

use super::credentials::{METADATA, PAIR, first_send, january, machine, near, set, signer, zones};
use crate::{common::Client, recording::Recording};

/// What a file system has to say.
const ERRORS: [&str; 8] = [
    "Permission denied (os error 13)",
    "Not a directory (os error 20)",
    "Is a directory (os error 21)",
    "File name too long (os error 36)",
    "Too many levels of symbolic links (os error 40)",
    "Stale file handle (os error 116)",
    "Input/output error (os error 5)",
    "No such device (os error 19)",
];
const HOME: &str = "~/.tencentcloud/credentials";
const ETC: &str = "/etc/tencentcloud/credentials";
const TCCLI: &str = "~/.tccli/default.credential";
const CONFIGURE: &str = "~/.tccli/default.configure";

/// What the search of a client's first call says, if it needs one.
fn passed_over(client: &mut Client) -> Vec<(String, String)> {
    let Step::Wait(_) = Call::new(&zones()).step(&mut client.session, client.now) else {
        return Vec::new();
    };
    let mut search = client.session.search(client.now).unwrap();
    let recording = Recording::new();
    client.search(&mut search, &mut |_, attempt| panic!("{attempt:?}"));
    let mut told = recording.of("tc3::credentials");
    told.retain(|it| it.get("message") == Some("passed over"));
    let passed = told
        .iter()
        .map(|it| (it.get("source"), it.get("error")))
        .map(|(source, reason)| (source.unwrap().into(), reason.unwrap().into()));
    passed.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_usual_place_that_cannot_be_read_is_as_good_as_empty(
        places in subsequence(vec![HOME, ETC, TCCLI, CONFIGURE], 1..=4),
        errors in prop::collection::vec(prop::sample::select(&ERRORS[..]), 4),
    ) {
        let unreadable: Vec<_> = places.into_iter().zip(errors).collect();
        let mut client = near(Chain::default(), tc3_core::Settings::default());
        for (place, error) in &unreadable {
            client.unreadable.insert((*place).into(), (*error).into());
        }
        let mut service = machine();
        client.call(&mut service, &january()).unwrap();
        let id = client.session.credential().unwrap().secret_id();
        prop_assert!(id.starts_with("AKIDTEMPORARY"));

        // Where there is no role either, all of it is said.
        let mut client = Client::with_session(Session::new(Chain::default()));
        for (place, error) in &unreadable {
            client.unreadable.insert((*place).into(), (*error).into());
        }
        let error = client
            .drive(&mut Call::new(&zones()), |_, _| Err(Failure::not_sent("no such host")))
            .unwrap_err();
        let Error::Credentials(missing) = error else { panic!("{error:?}") };
        prop_assert_eq!(missing.tried().len(), 5);
        for (place, error) in unreadable.iter().filter(|(place, _)| *place != CONFIGURE) {
            let reason = format!("{place} can't be read: {error}");
            prop_assert!(missing.to_string().contains(&reason), "{}", missing);
        }
    }

    #[test]
    fn a_place_that_somebody_named_must_be_readable(error in prop::sample::select(&ERRORS[..])) {
        let file = ("TENCENTCLOUD_CREDENTIALS_FILE", "/my/file");
        let profile = ("TCCLI_PROFILE", "dev");
        for (chain, named, place) in [
            (Chain::default(), Some(file), "/my/file"),
            (Chain::default(), Some(profile), "~/.tccli/dev.credential"),
            (Source::profile_in("/my/file", "default").into(), None, "/my/file"),
            (Source::profile_in("~/file", "default").into(), None, "~/file"),
            (Source::tccli_profile("default").into(), None, TCCLI),
        ] {
            let chain = Chain::of(chain.sources().iter().cloned().chain([Source::cvm_role()]));
            let mut client = Client::with_session(Session::new(chain));
            set(&mut client, named.as_slice());
            client.unreadable.insert(place.into(), error.into());
            let refused = first_send(&mut client).unwrap_err().to_string();
            prop_assert!(refused.ends_with(&format!("{place} can't be read: {error}")), "{}", refused);
        }
    }
}

#[test]
fn what_was_passed_over_is_told_once_and_why() {
    let denied = "Permission denied (os error 13)";
    for (things, unreadable, told) in [
        (&PAIR[..], &[][..], &[][..]),
        (&PAIR, &[HOME, TCCLI], &[]),
        (
            &[(TCCLI, r#"{"secretId": "AKIDTCCLI", "secretKey": "k"}"#)],
            &[HOME, ETC],
            &[(
                "profile file",
                "~/.tencentcloud/credentials can't be read: Permission denied (os error 13), \
                 /etc/tencentcloud/credentials can't be read: Permission denied (os error 13)",
            )],
        ),
        (
            &[(ETC, "[default]\nsecret_id = AKIDETC\nsecret_key = k\n")],
            &[HOME, CONFIGURE],
            &[
                (
                    "profile file",
                    "~/.tencentcloud/credentials can't be read: Permission denied (os error 13)",
                ),
                (
                    "region",
                    "~/.tccli/default.configure can't be read: Permission denied (os error 13)",
                ),
            ],
        ),
    ] {
        let mut client = Client::with_session(Session::new(Chain::default()));
        set(&mut client, things);
        for place in unreadable {
            client.unreadable.insert((*place).into(), denied.into());
        }
        let expected: Vec<_> = told
            .iter()
            .map(|(source, reason)| ((*source).into(), (*reason).into()))
            .collect();
        assert_eq!(passed_over(&mut client), expected);
        // Looked for once, told once.
        assert_eq!(passed_over(&mut client), []);
    }
}

#[test]
fn a_region_that_is_wrong_is_no_region_and_no_error() {
    let too_large = "#".repeat(Lookup::MAX_SIZE + 1);
    for (name, value, reason) in [
        (
            "TENCENTCLOUD_REGION",
            "ap guangzhou",
            "TENCENTCLOUD_REGION must be letters, digits and hyphens",
        ),
        (
            "TENCENTCLOUD_REGION",
            "\"ap-guangzhou\"",
            "TENCENTCLOUD_REGION must not contain quotes or be in quotes",
        ),
        (
            CONFIGURE,
            "",
            "~/.tccli/default.configure: line 1 is not JSON",
        ),
        (
            CONFIGURE,
            "broken",
            "~/.tccli/default.configure: line 1 is not JSON",
        ),
        (
            CONFIGURE,
            r#"{"_sys_param": {"region": "ap guangzhou"}}"#,
            "~/.tccli/default.configure: _sys_param.region must be letters, digits and hyphens",
        ),
        (
            CONFIGURE,
            r#"{"_sys_param": 1}"#,
            "~/.tccli/default.configure: _sys_param must be an object with one region",
        ),
        (
            CONFIGURE,
            too_large.as_str(),
            "~/.tccli/default.configure is too large",
        ),
        (
            "TCCLI_PROFILE",
            "../x",
            "the profile's name must not be empty or a path",
        ),
        (
            "TCCLI_PROFILE",
            "'x'",
            "TCCLI_PROFILE must not contain quotes or be in quotes",
        ),
    ] {
        let of = || {
            let mut client = Client::with_session(Session::new(Chain::default()));
            set(&mut client, &PAIR);
            set(&mut client, &[(name, value)]);
            client
        };
        let mut client = of();
        let attempt = first_send(&mut client).unwrap();
        assert_eq!(
            (signer(&attempt).0.as_str(), attempt.region()),
            ("AKIDENVIRONMENT", None)
        );
        assert_eq!(client.session.settings().region(), None);
        let told = [("region".to_string(), reason.to_string())];
        assert_eq!(passed_over(&mut of()), told);
        // One that is set is never looked for.
        let region = Region::new("ap-shanghai").unwrap();
        let mut client = of();
        let settings = tc3_core::Settings::default().with_region(region);
        client.session = client.session.with_settings(settings);
        assert_eq!(passed_over(&mut client), []);
    }
}

#[test]
fn a_profile_may_have_a_quote_in_its_name() {
    for name in ["o'", "'o", "o'o"] {
        let mut client = Client::with_session(Session::new(Chain::default()));
        let configure = format!("~/.tccli/{name}.configure");
        let region = r#"{"_sys_param": {"region": "ap-beijing"}}"#;
        set(&mut client, &PAIR);
        set(
            &mut client,
            &[("TCCLI_PROFILE", name), (&configure, region)],
        );
        assert_eq!(
            first_send(&mut client).unwrap().region(),
            Some("ap-beijing")
        );
    }
}

#[test]
fn another_profiles_configuration_that_is_not_there_is_no_region() {
    let mut client = Client::with_session(Session::new(Source::tccli_profile("dev")));
    let login = r#"{"secretId": "AKIDDEV", "secretKey": "k"}"#;
    set(&mut client, &[("~/.tccli/dev.credential", login)]);
    let configure = "~/.tccli/dev.configure";
    client.unreadable.insert(configure.into(), ERRORS[0].into());
    let told = format!("{configure} can't be read: {}", ERRORS[0]);
    assert_eq!(passed_over(&mut client), [("region".into(), told)]);
}

#[test]
fn what_is_there_and_wrong_still_ends_the_search() {
    for (place, text) in [(HOME, "[dev]\n"), (ETC, ""), (TCCLI, "{}")] {
        let mut client = Client::with_session(Session::new(Chain::default()));
        set(&mut client, &[(place, text)]);
        let error = first_send(&mut client).unwrap_err();
        assert!(error.to_string().contains(place), "{error}");
        assert!(!client.looked.iter().any(|name| name == METADATA));
    }
}

#[test]
fn a_region_that_there_is_no_time_to_read_costs_no_credentials() {
    let mut client = Client::new();
    client.session = Session::new(Source::tccli());
    let mut call = Call::new(&super::read());
    let step = call.step(&mut client.session, client.now);
    assert!(matches!(step, Step::Wait(_)));
    let mut search = client.session.search(client.now).unwrap();
    loop {
        match search.step(&mut client.session, client.now) {
            DriverStep::Read(Lookup::Variable(_)) => search.found(Ok(None)),
            DriverStep::Read(file) => {
                // No time is left for the region's file.
                assert!(!format!("{file:?}").contains("configure"));
                client.pass(Duration::from_secs(3_600));
                let keys = r#"{"secretId": "AKIDEXAMPLE", "secretKey": "not-a-real-key"}"#;
                search.found(Ok(Some(keys.into())));
            }
            DriverStep::Done(()) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(client.session.credential().is_some());
}
