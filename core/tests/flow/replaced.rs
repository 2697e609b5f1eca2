//! Credentials that are replaced while a program runs.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use tc3_core::{
    Action, Attempt, Call, Chain, Credential, Error, Flow, Outcome, Session, Settings, Step,
    UnixTime,
    credential::Source,
    emulator::{Emulator, Fault, When},
    flow::Retry,
};

use super::{
    answer,
    credentials::{january, near, role, set, signer, zones},
    world::World,
};
use crate::common::{Client, START};

const CODES: [&str; 4] = [
    "AuthFailure.TokenFailure",
    "AuthFailure.SecretIdNotFound",
    "AuthFailure.InvalidSecretId",
    "AuthFailure.SignatureFailure",
];
const PROFILE: &str = "~/.tencentcloud/credentials";
const LOGIN: &str = "~/.tccli/default.credential";

fn pair(id: &str) -> Credential {
    Credential::new(id, "not-a-real-key").unwrap()
}

fn profile(id: &str) -> String {
    format!("[default]\nsecret_id = {id}\nsecret_key = not-a-real-key\n")
}

fn login(id: &str) -> String {
    format!(r#"{{"secretId": "{id}", "secretKey": "not-a-real-key"}}"#)
}

fn refusal(code: &str) -> Outcome {
    answer(json!({"Error": {"Code": code, "Message": "no"}}))
}

fn client(id: &str) -> Client {
    let mut client = near(Source::profile(), Settings::default());
    set(&mut client, &[(PROFILE, &profile(id))]);
    client
}

/// Drives a call and tells who signed each of its attempts.
fn signers<A: Action>(
    client: &mut Client,
    action: &A,
    mut serve: impl FnMut(UnixTime, &Attempt) -> Outcome,
) -> (Vec<String>, Result<(), Error>) {
    let mut ids = Vec::new();
    let result = client.drive(&mut Call::new(action), |now, attempt| {
        ids.push(if attempt.direct {
            "metadata".into()
        } else {
            signer(&attempt).0
        });
        serve(now, &attempt)
    });
    (ids, result.map(drop))
}

#[test]
fn what_was_replaced_at_its_source_is_found_and_the_call_is_sent_again() {
    for (chain, place, text) in [
        (Chain::default(), PROFILE, profile as fn(&str) -> String),
        (Chain::default(), LOGIN, login),
        (
            Source::profile_in("/my/file", "default").into(),
            "/my/file",
            profile,
        ),
    ] {
        let mut service = Emulator::new(pair("AKIDOLD"));
        let mut client = near(chain, Settings::default());
        set(&mut client, &[(place, &text("AKIDOLD"))]);
        client.call(&mut service, &january()).unwrap();
        service.set_credential(pair("AKIDNEW"));
        set(&mut client, &[(place, &text("AKIDNEW"))]);
        for expected in [&["AKIDOLD", "AKIDNEW"][..], &["AKIDNEW"]] {
            let serve = |now, attempt: &Attempt| Ok(service.handle(now, &attempt.request));
            let (ids, result) = signers(&mut client, &january(), serve);
            result.unwrap();
            assert_eq!(ids, expected, "{place}");
        }
        assert_eq!(client.now.tick, Duration::ZERO, "nobody waits");
    }
    // The machine's role, and one that is taken.
    let over = Source::role(role(), Source::profile());
    for (source, between) in [(Source::cvm_role(), "metadata"), (over, "AKIDBASE")] {
        let service = Emulator::new(pair("AKIDBASE"));
        let mut service = service.with_machine_role("billing-reader");
        let mut client = near(source, Settings::default());
        set(&mut client, &[(PROFILE, &profile("AKIDBASE"))]);
        client.call(&mut service, &january()).unwrap();
        let old = client.session.credential().unwrap().secret_id().to_string();
        service.set_credential(pair("AKIDBASE"));
        let serve = |now, attempt: &Attempt| Ok(service.handle(now, &attempt.request));
        let (ids, result) = signers(&mut client, &january(), serve);
        result.unwrap();
        let new = client.session.credential().unwrap().secret_id();
        assert!(new.starts_with("AKIDTEMPORARY") && new != old);
        assert_eq!(
            (
                ids[0].as_str(),
                ids[1].as_str(),
                ids.last().unwrap().as_str()
            ),
            (&*old, between, new)
        );
    }
}

#[test]
fn each_code_of_a_replaced_credential_makes_for_one_look_and_no_other_code_does() {
    let others = [
        "AuthFailure.MFAFailure",
        "AuthFailure.UnauthorizedOperation",
        "AuthFailure.InvalidAuthorization",
        "AuthFailure",
        "AuthFailure.TokenFailures",
        "UnauthorizedOperation.TokenFailure",
        "InvalidParameter",
    ];
    for code in CODES.into_iter().chain(others) {
        let mut client = client("AKIDOLD");
        let (ids, result) = signers(&mut client, &zones(), |_, _| refusal(code));
        // The same came back, and is not retried.
        assert_eq!(ids, ["AKIDOLD"], "{code}");
        assert_eq!(result.unwrap_err().refusal().unwrap().code(), code);
        let looks = client.looked.iter().filter(|name| *name == PROFILE).count();
        assert_eq!(looks, if CODES.contains(&code) { 2 } else { 1 }, "{code}");

        let mut client = self::client("AKIDOLD");
        first(&mut client);
        set(&mut client, &[(PROFILE, &profile("AKIDNEW"))]);
        let (ids, result) = signers(&mut client, &zones(), |_, attempt| {
            match &*signer(attempt).0 {
                "AKIDOLD" => refusal(code),
                _ => answer(json!({})),
            }
        });
        let again = CODES.contains(&code);
        assert_eq!(result.is_ok(), again, "{code}");
        assert_eq!(ids.len(), if again { 2 } else { 1 }, "{code}");
    }
}

/// One call that goes well.
fn first(client: &mut Client) {
    signers(client, &zones(), |_, _| answer(json!({})))
        .1
        .unwrap();
}

#[test]
fn a_write_that_was_refused_is_sent_again_as_well() {
    let mut client = client("AKIDOLD");
    first(&mut client);
    set(&mut client, &[(PROFILE, &profile("AKIDNEW"))]);
    let (ids, result) = signers(&mut client, &super::write(), |_, attempt| {
        match &*signer(attempt).0 {
            "AKIDOLD" => refusal("AuthFailure.SecretIdNotFound"),
            _ => answer(json!({})),
        }
    });
    result.unwrap();
    assert_eq!(ids, ["AKIDOLD", "AKIDNEW"]);
}

#[test]
fn a_call_looks_once_however_often_it_is_refused() {
    let mut client = client("AKID0");
    let mut count = 0;
    let mut call = Call::new(&zones());
    let mut ids = Vec::new();
    let error = loop {
        match call.step(&mut client.session, client.now) {
            Step::Send(attempt) => {
                ids.push(signer(&attempt).0);
                call.handle(refusal("AuthFailure.TokenFailure"));
            }
            // Another one each time.
            Step::Wait(delay) => {
                count += 1;
                set(&mut client, &[(PROFILE, &profile(&format!("AKID{count}")))]);
                client.wait(delay, &mut |_, attempt| panic!("{attempt:?}"));
            }
            Step::Done(result) => break result.unwrap_err(),
        }
    };
    assert_eq!(ids.len(), 2);
    assert!(
        matches!(error, Error::Service(_)) && error.attempts() == 2,
        "{error:?}"
    );
    // The next call looks before it sends: what was refused last is not tried again.
    set(&mut client, &[(PROFILE, &profile("AKIDGOOD"))]);
    let (next, result) = signers(&mut client, &zones(), |_, _| answer(json!({})));
    result.unwrap();
    assert_eq!(next, ["AKIDGOOD"]);
}

#[test]
fn the_same_credential_is_refused_once_a_call_and_looked_for_anew_by_the_next() {
    let mut service = Emulator::new(pair("AKIDOTHER"));
    let mut client = client("AKIDOLD");
    for calls in 1..=3 {
        let error = client.call(&mut service, &january()).unwrap_err();
        assert_eq!(error.refusal().unwrap().code(), CODES[1]);
        assert_eq!(service.requests(), calls);
    }
    set(&mut client, &[(PROFILE, &profile("AKIDOTHER"))]);
    client.call(&mut service, &january()).unwrap();
}

#[test]
fn a_source_that_is_gone_or_broken_leaves_the_refusal_as_the_error() {
    for text in [None, Some("broken"), Some("[dev]\n")] {
        let mut client = client("AKIDOLD");
        first(&mut client);
        client.machine.remove(PROFILE);
        if let Some(text) = text {
            set(&mut client, &[(PROFILE, text)]);
        }
        for _ in 0..3 {
            let (ids, result) = signers(&mut client, &zones(), |_, _| refusal(CODES[0]));
            assert_eq!(ids, ["AKIDOLD"]);
            assert_eq!(result.unwrap_err().refusal().unwrap().code(), CODES[0]);
        }
        // Looks that fail rest, so that not every call makes one.
        let looks = client.looked.iter().filter(|name| *name == PROFILE).count();
        assert_eq!(looks, 2);
        set(&mut client, &[(PROFILE, &profile("AKIDNEW"))]);
        client.pass(Duration::from_secs(61));
        let (ids, result) = signers(&mut client, &zones(), |_, _| answer(json!({})));
        result.unwrap();
        assert_eq!(ids, ["AKIDNEW"]);
    }
}

#[test]
fn a_call_that_may_be_sent_once_only_leaves_the_look_to_the_next() {
    let settings = Settings::default().with_retry(Retry::NEVER);
    let mut client = near(Source::profile(), settings);
    set(&mut client, &[(PROFILE, &profile("AKIDOLD"))]);
    first(&mut client);
    set(&mut client, &[(PROFILE, &profile("AKIDNEW"))]);
    let (ids, result) = signers(&mut client, &zones(), |_, _| refusal(CODES[0]));
    assert_eq!((ids, result.is_err()), (vec!["AKIDOLD".into()], true));
    let (ids, result) = signers(&mut client, &zones(), |_, _| answer(json!({})));
    assert_eq!((ids, result.is_ok()), (vec!["AKIDNEW".into()], true));
}

#[test]
fn a_credential_that_was_given_is_not_looked_for_when_it_is_refused() {
    let mut client = Client::with_session(Session::new(pair("AKIDGIVEN")));
    let (ids, result) = signers(&mut client, &zones(), |_, _| refusal(CODES[0]));
    assert!(matches!(result, Err(Error::Service(_))));
    assert_eq!((ids.len(), client.looked.len()), (1, 0));
    // Nor one that was given in the place of what a chain had; a call that was refused before takes it.
    let mut client = self::client("AKIDOLD");
    first(&mut client);
    let mut call = Call::new(&zones());
    super::sent(&mut call, &mut client);
    client.session.set_credential(pair("AKIDGIVEN"));
    call.handle(refusal(CODES[0]));
    let Step::Send(attempt) = call.step(&mut client.session, client.now) else {
        panic!("no send");
    };
    assert_eq!(signer(&attempt).0, "AKIDGIVEN");
}

/// Sixteen calls that are out at once when the credentials are replaced, and how many of them ended well.
fn storm(
    service: &mut Emulator,
    client: Client,
) -> (World<Call<tc3_core::billing::DescribeBillList>>, usize) {
    let mut world = World::new(client);
    world.latencies = vec![(40, 60), (50, 20), (10, 900)];
    for _ in 0..16 {
        world.begin(Call::new(&january()), Duration::ZERO);
    }
    let mut serve = |at: Duration, attempt: &Attempt| {
        let seconds = i64::try_from(at.as_secs()).unwrap();
        let now = UnixTime::new(START.seconds() + seconds);
        Ok(service.handle(now, &attempt.request))
    };
    let mut well = 0;
    while let Some((_, result)) = world.next(&mut serve) {
        well += usize::from(result.is_ok());
    }
    (world, well)
}

#[test]
fn calls_that_were_refused_together_share_one_look() {
    let service = Emulator::new(pair("AKIDBASE"));
    let mut service = service.with_machine_role("billing-reader");
    let mut client = near(Source::cvm_role(), Settings::default());
    client.call(&mut service, &january()).unwrap();
    service.set_credential(pair("AKIDBASE"));
    let (world, well) = storm(&mut service, client);
    assert_eq!(well, 16);
    let direct = world
        .sends
        .iter()
        .filter(|sent| sent.attempt.direct)
        .count();
    assert_eq!(direct, 2);
    assert!(world.sends.len() <= 2 + 2 * 16, "{}", world.sends.len());
    for flow in 0..16 {
        let own = world
            .sends
            .iter()
            .filter(|sent| sent.flow == flow && !sent.attempt.direct);
        assert!((1..=2).contains(&own.count()));
    }
}

#[test]
fn a_look_that_finds_the_same_is_shared_by_those_refused_before_it() {
    let mut service = Emulator::new(pair("AKIDOTHER"));
    let client = client("AKIDOLD");
    let (world, well) = storm(&mut service, client);
    assert_eq!((well, world.sends.len()), (0, 16));
    let looks = world.client.looked.iter().filter(|name| *name == PROFILE);
    // At the beginning, and once for all of them.
    assert_eq!(looks.count(), 2);
}

#[test]
fn a_refusal_that_a_fault_plays_is_looked_into_as_well() {
    for code in CODES {
        let service = Emulator::new(pair("AKIDBASE")).with_machine_role("billing-reader");
        // The role's name, its keys, and the call.
        let mut service = service.with_fault(When::At(3), Fault::Refuse(code.into()));
        let mut client = near(Source::cvm_role(), Settings::default());
        client.call(&mut service, &january()).unwrap();
        assert_eq!(service.requests(), 6);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whoever_replaces_what_first_a_call_fails_only_while_the_two_differ(
        steps in prop::collection::vec((0..3_u8, 0..3_u64), 1..40),
    ) {
        let mut service = Emulator::new(pair("AKID0"));
        let mut client = client("AKID0");
        let (mut there, mut known) = (0, 0);
        for (step, id) in steps {
            match step {
                0 => {
                    known = id;
                    service.set_credential(pair(&format!("AKID{id}")));
                }
                1 => {
                    there = id;
                    set(&mut client, &[(PROFILE, &profile(&format!("AKID{id}")))]);
                }
                _ => {}
            }
            let before = (service.requests(), client.looked.len());
            let result = client.call(&mut service, &january());
            let (sent, looked) = (service.requests() - before.0, client.looked.len() - before.1);
            prop_assert!(sent <= 2);
            // The variable that names the file, and the file.
            prop_assert!(looked <= 2 * 2, "{:?}", client.looked);
            prop_assert!(result.is_ok() || there != known);
            if let Err(error) = result {
                prop_assert_eq!(error.refusal().unwrap().code(), "AuthFailure.SecretIdNotFound");
            }
        }
    }
}
