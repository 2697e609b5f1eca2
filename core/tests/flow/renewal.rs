//! Credentials that expire, and roles.

use std::{collections::BTreeSet, time::Duration};

use http::StatusCode;
use tc3_core::{
    Attempt, Call, Error, Failure, Flow, Outcome, Pages, Session, Settings, Step, UnixTime,
    credential::Source,
    emulator::{Emulator, Fault, When},
    flow::{DriverStep, Retry},
    session::Wire,
    sts::AssumeRole,
};

use super::{
    credentials::{METADATA, january, machine, near, role, set, signer},
    world::World,
};
use crate::common::{Client, START, credential};

const TWO_HOURS: Duration = Duration::from_secs(7_200);

#[test]
fn a_machines_role_signs_until_it_expires_and_is_renewed_before() {
    let mut service = machine();
    let mut client = near(Source::cvm_role(), Settings::default());
    let mut ids = Vec::new();
    for _ in 0..10 {
        client.call(&mut service, &january()).unwrap();
        ids.push(client.session.credential().unwrap().secret_id().to_string());
        client.pass(TWO_HOURS / 4);
    }
    // Every two hours less five minutes, as calls come by.
    ids.dedup();
    assert_eq!(ids.len(), 3);
    // Two requests of the endpoint for each, and the calls themselves.
    assert_eq!(service.requests(), 2 * 3 + 10);
    let expired = client.session.credential().unwrap().clone();
    client.pass(TWO_HOURS);
    let refused = Client::with_session(Session::new(expired));
    let mut refused = Client {
        now: client.now,
        ..refused
    };
    let error = refused.call(&mut service, &january()).unwrap_err();
    assert_eq!(error.refusal().unwrap().code(), "AuthFailure.TokenFailure");
}

#[test]
fn a_role_is_taken_with_what_another_source_has() {
    let mut service = Emulator::new(credential());
    let profile = "[billing]\nsecret_id = AKIDEXAMPLE\nsecret_key = not-a-real-key\n";
    let source = Source::role(
        role().with_duration_seconds(600),
        Source::named_profile("billing"),
    );
    // The call itself may go by GET.
    let mut client = near(source, Settings::default().with_wire(Wire::Get));
    set(&mut client, &[("~/.tencentcloud/credentials", profile)]);
    let mut attempts = Vec::new();
    client
        .drive(&mut Call::new(&january()), |now, attempt| {
            attempts.push(attempt.clone());
            Ok(service.handle(now, &attempt.request))
        })
        .unwrap();
    let [assume, call] = &attempts[..] else {
        panic!("{attempts:?}");
    };
    assert_eq!(signer(assume), ("AKIDEXAMPLE".into(), None));
    assert_eq!(assume.request.method(), "POST");
    assert_eq!(assume.request.headers()["x-tc-region"], "ap-guangzhou");
    let (id, token) = signer(call);
    assert!(id.starts_with("AKIDTEMPORARY") && token.is_some());
    assert!(!call.request.headers().contains_key("x-tc-region"));
    let expiry = client.session.credential().unwrap().expires_at();
    assert_eq!(expiry, Some(UnixTime::new(START.seconds() + 600)));
}

#[test]
fn a_service_account_reads_its_token_anew_each_time() {
    let mut service = Emulator::new(credential());
    let mut client = near(Source::tke(), Settings::default());
    let all = [
        ("TKE_REGION", "ap-guangzhou"),
        ("TKE_PROVIDER_ID", "provider"),
        ("TKE_WEB_IDENTITY_TOKEN_FILE", "/token"),
        ("TKE_ROLE_ARN", Emulator::ROLE_ARN),
        ("/token", "an-old-fake-token\n"),
    ];
    set(&mut client, &all);
    let error = client.call(&mut service, &january()).unwrap_err();
    let code = "InvalidParameter.WebIdentityTokenError";
    assert_eq!(error.refusal().unwrap().code(), code);
    assert!(!format!("{error} {error:?}").contains("an-old-fake-token"));

    client.pass(Duration::from_secs(10));
    let token = format!("{}\n", Emulator::WEB_IDENTITY_TOKEN);
    set(&mut client, &[("/token", &token)]);
    let mut sent = Vec::new();
    client
        .drive(&mut Call::new(&january()), |now, attempt| {
            sent.push(attempt.clone());
            Ok(service.handle(now, &attempt.request))
        })
        .unwrap();
    let headers = sent[0].request.headers();
    assert_eq!(headers["authorization"], "SKIP");
    assert_eq!(headers["x-tc-region"], "ap-guangzhou");
    assert!(!format!("{sent:?}").contains(Emulator::WEB_IDENTITY_TOKEN));
    assert_eq!(sent.len(), 2);
}

#[test]
fn a_failed_renewal_is_nobodys_error_while_the_old_ones_are_good() {
    let mut service = machine();
    let mut client = near(Source::cvm_role(), Settings::default());
    client.call(&mut service, &january()).unwrap();
    let first = client.session.credential().unwrap().clone();
    client.pass(TWO_HOURS - Duration::from_secs(300));
    // The endpoint is gone for four minutes, then back.
    let (mut tries, begun) = (Vec::new(), client.now.tick);
    while client.session.credential().unwrap().secret_id() == first.secret_id() {
        let tick = client.now.tick;
        let gone = tick - begun < Duration::from_secs(240);
        client
            .drive(&mut Call::new(&january()), |now, attempt| {
                if attempt.direct {
                    tries.push(tick - begun);
                    if gone {
                        return Err(Failure::unknown("timed out"));
                    }
                }
                Ok(service.handle(now, &attempt.request))
            })
            .unwrap();
        client.pass(Duration::from_millis(500));
        assert!(client.now.tick - begun < Duration::from_secs(300));
    }
    // With backoff: less and less often, but never less than once in a minute or so.
    assert!((5..60).contains(&tries.len()), "{tries:?}");
    let gaps: Vec<Duration> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let gaps = &gaps[..gaps.len() - 1];
    assert!(
        gaps.iter().all(|gap| *gap >= Duration::from_secs(1)),
        "{gaps:?}"
    );
    assert!(
        gaps.iter().all(|gap| *gap <= Duration::from_secs(62)),
        "{gaps:?}"
    );
}

#[test]
fn a_failed_renewal_is_an_error_once_the_old_ones_have_expired() {
    let mut service = machine();
    let settings = Settings::default().with_retry(Retry::default().with_attempts(3));
    let mut client = near(Source::cvm_role(), settings);
    client.call(&mut service, &january()).unwrap();
    client.pass(TWO_HOURS);
    let mut tries = 0;
    let error = client
        .drive(&mut Call::new(&january()), |_, attempt| {
            assert!(attempt.direct, "nothing is signed with what has expired");
            tries += 1;
            let mut page = http::Response::default();
            *page.status_mut() = StatusCode::BAD_GATEWAY;
            Ok(page)
        })
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("no credentials: CVM role: {METADATA} answers with status 502"),
    );
    assert_eq!(tries, 3);
    // At once for others, until it is tried again; then all is well.
    let mut other = Call::new(&january());
    let Step::Wait(rest) = other.step(&mut client.session, client.now) else {
        panic!("no wait");
    };
    assert!(client.session.search(client.now).is_none());
    client.pass(rest);
    client.call(&mut service, &january()).unwrap();
}

#[test]
fn a_machines_endpoint_that_is_in_trouble_is_asked_again_and_one_that_refuses_is_not() {
    for (status, tries) in [
        (StatusCode::TOO_MANY_REQUESTS, 3),
        (StatusCode::SERVICE_UNAVAILABLE, 3),
        (StatusCode::FORBIDDEN, 1),
    ] {
        let settings = Settings::default().with_retry(Retry::default().with_attempts(3));
        let mut client = near(Source::cvm_role(), settings);
        let mut tried = 0;
        let error = client.drive(&mut Call::new(&january()), |_, attempt| {
            assert!(attempt.direct, "{attempt:?}");
            tried += 1;
            super::page(status.as_u16(), "")
        });
        assert!(matches!(error, Err(Error::Credentials(_))), "{error:?}");
        assert_eq!(tried, tries, "{status}");
    }
}

#[test]
fn a_call_waits_for_credentials_no_longer_than_its_deadline() {
    let settings = Settings::default().with_deadline(Duration::from_millis(800));
    let mut client = near(Source::cvm_role(), settings);
    let begun = client.now.tick;
    let error = client
        .drive(&mut Call::new(&january()), |_, attempt| {
            assert!(attempt.timeout <= Duration::from_millis(800));
            let mut page = http::Response::default();
            *page.status_mut() = StatusCode::BAD_GATEWAY;
            Ok(page)
        })
        .unwrap_err();
    let Error::Deadline { source, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(matches!(source.as_deref(), Some(Error::Credentials(_))));
    assert!(client.now.tick - begun <= Duration::from_millis(800));
}

/// The service behind a network on which requests take a while.
fn serve(service: &mut Emulator) -> impl FnMut(Duration, &Attempt) -> Outcome {
    |at, attempt| {
        let seconds = i64::try_from(at.as_secs()).unwrap();
        let now = UnixTime::new(START.seconds() + seconds);
        Ok(service.handle(now, &attempt.request))
    }
}

#[test]
fn one_call_looks_and_the_others_wait_for_it() {
    let mut service = machine();
    let mut world = World::new(near(Source::cvm_role(), Settings::default()));
    world.latencies = vec![(40, 60)];
    for _ in 0..16 {
        world.begin(Call::new(&january()), Duration::ZERO);
    }
    let mut serve = serve(&mut service);
    let mut done = 0;
    while let Some((_, result)) = world.next(&mut serve) {
        result.unwrap();
        done += 1;
    }
    assert_eq!(done, 16);
    let direct: Vec<usize> = world
        .sends
        .iter()
        .filter(|sent| sent.attempt.direct)
        .map(|sent| sent.flow)
        .collect();
    assert_eq!(direct, [0, 0]);
    assert_eq!(world.sends.len(), 2 + 16);
}

#[test]
fn one_call_renews_while_the_others_go_on() {
    let mut service = machine();
    let mut client = near(Source::cvm_role(), Settings::default());
    client.call(&mut service, &january()).unwrap();
    let old = client.session.credential().unwrap().clone();
    client.pass(TWO_HOURS - Duration::from_secs(300));
    let begun = client.now.tick;
    let mut world = World::new(client);
    world.latencies = vec![(400, 600)];
    for _ in 0..16 {
        world.begin(Call::new(&january()), Duration::ZERO);
    }
    let mut serve = serve(&mut service);
    while let Some((_, result)) = world.next(&mut serve) {
        result.unwrap();
    }
    let of = |flow: usize| {
        let sent = world.sends.iter().filter(move |sent| sent.flow == flow);
        sent.collect::<Vec<_>>()
    };
    assert_eq!(of(0).iter().filter(|sent| sent.attempt.direct).count(), 2);
    for flow in 1..16 {
        let [sent] = of(flow)[..] else {
            panic!("{:?}", of(flow));
        };
        assert_eq!(sent.at, begun);
        let (id, token) = signer(&sent.attempt);
        assert_eq!((&*id, token.as_deref()), (old.secret_id(), old.token()));
    }
}

#[test]
fn id_key_and_token_change_as_one() {
    let mut service = machine().with_longest_role(60);
    let mut world = World::new(near(Source::cvm_role(), Settings::default()));
    world.latencies = vec![(1, 2), (700, 900), (20, 5)];
    // Each is verified with its own key and token, and refused when they are not of one credential.
    for call in 0..400 {
        world.begin(Call::new(&january()), Duration::from_millis(call * 777));
    }
    let mut serve = serve(&mut service);
    let (mut done, mut pairs) = (0, BTreeSet::new());
    while let Some((_, result)) = world.next(&mut serve) {
        result.unwrap();
        done += 1;
    }
    for sent in world.sends.iter().filter(|sent| !sent.attempt.direct) {
        pairs.insert(signer(&sent.attempt));
    }
    assert_eq!(done, 400);
    let ids: BTreeSet<_> = pairs.iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), pairs.len(), "an id has one token");
    // Five minutes of credentials that live for one.
    assert!((6..=10).contains(&ids.len()), "{}", ids.len());
}

#[test]
fn a_search_that_is_dropped_is_another_calls_to_do() {
    let mut service = machine();
    let mut client = near(Source::cvm_role(), Settings::default());
    let mut search = super::search(&mut Call::new(&january()), &mut client);
    let step = search.step(&mut client.session, client.now);
    assert!(matches!(step, DriverStep::Send(attempt) if attempt.direct));
    let mut second = Call::new(&january());
    let waiting = second.step(&mut client.session, client.now);
    assert!(matches!(waiting, Step::Wait(_)));
    assert!(client.session.search(client.now).is_none());
    drop(search);
    let send = |now, attempt: Attempt| Ok(service.handle(now, &attempt.request));
    client.drive(&mut second, send).unwrap();
}

#[test]
fn a_search_that_nobody_drives_on_is_taken_over() {
    let mut service = machine();
    let mut client = near(Source::cvm_role(), Settings::default());
    let mut stuck = Call::new(&january());
    let mut search = super::search(&mut stuck, &mut client);
    let step = search.step(&mut client.session, client.now);
    assert!(matches!(step, DriverStep::Send(_)));
    // A second after the deadline of the call that began it.
    let mut second = Call::new(&january());
    for (passed, is_taken_over) in [(60_999, false), (1, true)] {
        client.pass(Duration::from_millis(passed));
        let step = second.step(&mut client.session, client.now);
        assert!(matches!(step, Step::Wait(_)));
        let other = client.session.search(client.now);
        assert_eq!(other.is_some(), is_taken_over);
    }
    client.call(&mut service, &january()).unwrap();
    // What comes of it in the end changes nothing.
    let good = client.session.credential().unwrap().clone();
    search.handle(Err(Failure::unknown("timed out")));
    let step = search.step(&mut client.session, client.now);
    assert!(matches!(step, DriverStep::Done(())));
    let step = stuck.step(&mut client.session, client.now);
    assert!(matches!(step, Step::Done(Err(Error::Deadline { .. }))));
    let now = client.session.credential().unwrap();
    assert_eq!(now.secret_id(), good.secret_id());
}

#[test]
fn a_clock_that_jumps_costs_a_look_and_no_call() {
    let mut service = machine();
    let mut client = near(Source::cvm_role(), Settings::default());
    let hour = 3_600;
    let mut ahead = 0;
    let mut ids = Vec::new();
    for jump in [0, 10 * hour, -10 * hour, -20 * hour, 20 * hour, 0] {
        ahead += jump;
        for _ in 0..3 {
            client.pass(Duration::from_secs(60));
            let real = client.now.unix;
            client.now.unix = UnixTime::new(real.seconds() + ahead);
            client
                .drive(&mut Call::new(&january()), |_, attempt| {
                    Ok(service.handle(real, &attempt.request))
                })
                .unwrap();
            ids.push(client.session.credential().unwrap().secret_id().to_string());
        }
    }
    ids.dedup();
    // A jump ahead looks like an expiry; going back is seen by the other clock, in time.
    assert!((2..=4).contains(&ids.len()), "{ids:?}");
}

#[test]
fn a_clock_that_is_set_back_keeps_nothing_alive() {
    let mut service = machine();
    let mut client = near(Source::cvm_role(), Settings::default());
    client.call(&mut service, &january()).unwrap();
    let first = client.session.credential().unwrap().clone();
    // It is set back as far as the keys live, so that it never shows their end.
    client.pass(TWO_HOURS);
    let real = client.now.unix;
    client.now.unix = START;
    client
        .drive(&mut Call::new(&january()), |_, attempt| {
            Ok(service.handle(real, &attempt.request))
        })
        .unwrap();
    let renewed = client.session.credential().unwrap();
    assert_ne!(renewed.secret_id(), first.secret_id());
}

#[test]
fn a_machine_that_has_slept_uses_nothing_expired() {
    let mut service = machine();
    let mut client = near(Source::cvm_role(), Settings::default());
    client.call(&mut service, &january()).unwrap();
    let first = client.session.credential().unwrap().clone();
    // The clock for waits stood still meanwhile.
    client.now.unix = UnixTime::new(START.seconds() + 7_200);
    let real = client.now.unix;
    client
        .drive(&mut Call::new(&january()), |_, attempt| {
            Ok(service.handle(real, &attempt.request))
        })
        .unwrap();
    let renewed = client.session.credential().unwrap();
    assert_ne!(renewed.secret_id(), first.secret_id());
}

#[test]
fn a_clock_that_is_wrong_from_the_start_is_no_matter() {
    for ahead in [-100_000_i64, 100_000] {
        for source in [Source::cvm_role(), Source::role(role(), credential())] {
            let mut service = machine();
            let mut client = near(source, Settings::default());
            client.now.unix = UnixTime::new(START.seconds() + ahead);
            for _ in 0..3 {
                client
                    .drive(&mut Call::new(&january()), |_, attempt| {
                        Ok(service.handle(START, &attempt.request))
                    })
                    .unwrap();
            }
            // The credentials once, and the correction of the clock.
            assert!(service.requests() <= 2 + 1 + 3, "{}", service.requests());
        }
    }
}

#[test]
fn a_services_trouble_with_a_role_is_waited_out() {
    let mut service = Emulator::new(credential())
        .with_fault(When::At(1), Fault::Refuse("InternalError.DbError".into()))
        .with_fault(When::At(2), Fault::Throttle { retry_after: None })
        .with_fault(When::At(3), Fault::Cut);
    let mut client = near(Source::role(role(), credential()), Settings::default());
    client.call(&mut service, &january()).unwrap();
    assert_eq!(service.requests(), 3 + 1 + 1);

    // A refusal for good is told at once, and what it was.
    let mut service = Emulator::new(credential());
    let stranger = AssumeRole::new("qcs::cam::uin/1:roleName/stranger", "report");
    let mut client = near(Source::role(stranger, credential()), Settings::default());
    let error = client.call(&mut service, &january()).unwrap_err();
    assert_eq!(
        error.refusal().unwrap().code(),
        "ResourceNotFound.RoleNotFound"
    );
    assert_eq!(service.requests(), 1);
}

#[test]
fn a_walk_looks_for_credentials_as_a_call_does() {
    let mut service = Emulator::new(credential());
    let pair = [
        ("TENCENTCLOUD_SECRET_ID", "AKIDEXAMPLE"),
        ("TENCENTCLOUD_SECRET_KEY", "not-a-real-key"),
    ];
    let mut client = near(Source::environment(), Settings::default());
    set(&mut client, &pair);
    let mut pages = Pages::new(january());
    let page = client.drive(&mut pages, |now, attempt| {
        Ok(service.handle(now, &attempt.request))
    });
    let records = page.unwrap().unwrap().output.transaction_list.len();
    assert!(records > 0 && client.looked.iter().any(|name| name == pair[1].0));
}

#[test]
fn a_driver_that_never_searches_is_told_at_the_deadline() {
    let mut client = near(Source::environment(), Settings::default());
    let mut call = Call::new(&january());
    let error = loop {
        match call.step(&mut client.session, client.now) {
            Step::Send(attempt) => panic!("{attempt:?}"),
            Step::Wait(delay) => client.pass(delay),
            Step::Done(result) => break result.unwrap_err(),
        }
    };
    assert!(matches!(error, Error::Deadline { .. }));
    let reason = "no credentials: all: no search was started: \
                  the driver must call Session::search before it waits";
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(cause.to_string(), reason);
    assert_eq!(client.now.tick, Duration::from_secs(60));
}

#[test]
fn a_driver_that_stops_searching_goes_on_with_what_is_still_good() {
    let mut service = machine();
    let mut client = near(Source::cvm_role(), Settings::default());
    client.call(&mut service, &january()).unwrap();
    client.pass(TWO_HOURS - Duration::from_secs(300));
    for _ in 0..10 {
        let mut call = Call::new(&january());
        let mut waits = 0;
        loop {
            match call.step(&mut client.session, client.now) {
                Step::Send(attempt) => {
                    call.handle(Ok(service.handle(client.now.unix, &attempt.request)));
                }
                Step::Wait(delay) => {
                    waits += 1;
                    client.pass(delay);
                }
                Step::Done(result) => break drop(result.unwrap()),
            }
        }
        assert!(waits <= 1);
    }
}
