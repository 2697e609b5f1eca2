//! What a look for credentials makes of clocks that are wrong, and leaves of those that others have set.

use std::time::Duration;

use tc3_core::{
    Attempt, Call, Chain, Flow, Outcome, Settings, Step, UnixTime, credential::Source,
    emulator::Emulator, flow::DriverStep,
};

use super::{
    credentials::{january, near, role, signer},
    refusal, with,
};
use crate::common::{Client, START, credential};

const HOUR: i64 = 3_600;

/// What the service, whose clock is right, makes of a request.
fn serve(service: &mut Emulator, client: &Client, attempt: &Attempt) -> Outcome {
    Ok(service.handle(right(client), &attempt.request))
}

fn right(client: &Client) -> UnixTime {
    let passed = i64::try_from(client.now.tick.as_secs()).unwrap();
    UnixTime::new(START.seconds() + passed)
}

#[test]
fn a_clock_that_is_set_for_a_role_is_set_for_what_it_signs() {
    for ahead in [-HOUR, HOUR] {
        let mut service = Emulator::new(credential());
        let source = Source::role(role().with_duration_seconds(600), credential());
        let mut client = near(source, Settings::default());
        let mut sent = Vec::new();
        for _ in 0..2 {
            client.now.unix = UnixTime::new(client.now.unix.seconds() + ahead);
            let mut call = Call::new(&january());
            loop {
                match call.step(&mut client.session, client.now) {
                    Step::Send(attempt) => {
                        sent.push(signer(&attempt).1.is_some());
                        call.handle(serve(&mut service, &client, &attempt));
                    }
                    Step::Wait(delay) => {
                        let time = right(&client);
                        client.wait(delay, &mut |_, attempt| {
                            sent.push(signer(&attempt).1.is_some());
                            Ok(service.handle(time, &attempt.request))
                        });
                    }
                    Step::Done(result) => break drop(result.unwrap()),
                }
            }
            assert_eq!(client.session.clock_offset(), -ahead);
            client.pass(Duration::from_secs(500));
        }
        // The role is refused for its time once, then taken; renewed, it is signed by the right clock at once.
        assert_eq!(sent, [false, false, true, false, true], "{ahead}");
    }
}

#[test]
fn a_clock_that_another_call_has_set_meanwhile_stays() {
    let mut service = Emulator::new(credential());
    let source = Source::role(role().with_duration_seconds(600), credential());
    let mut client = near(source, Settings::default());
    client.call(&mut service, &january()).unwrap();
    client.pass(Duration::from_secs(500));

    let mut renews = Call::new(&january());
    let mut search = super::search(&mut renews, &mut client);
    let DriverStep::Send(assume) = search.step(&mut client.session, client.now) else {
        panic!("no send");
    };
    assert_eq!(signer(&assume).1, None);
    let answer = serve(&mut service, &client, &assume);

    // The machine's clock is set back, and somebody else notices first.
    client.now.unix = UnixTime::new(client.now.unix.seconds() - HOUR);
    let mut other = Call::new(&january());
    while let Step::Send(attempt) = other.step(&mut client.session, client.now) {
        other.handle(serve(&mut service, &client, &attempt));
    }
    assert_eq!(client.session.clock_offset(), HOUR);

    search.handle(answer);
    let step = search.step(&mut client.session, client.now);
    assert!(matches!(step, DriverStep::Done(())));
    let Step::Send(call) = renews.step(&mut client.session, client.now) else {
        panic!("no send");
    };
    assert_eq!(client.session.clock_offset(), HOUR);
    renews.handle(serve(&mut service, &client, &call));
    let Step::Done(result) = renews.step(&mut client.session, client.now) else {
        panic!("refused");
    };
    result.unwrap();
}

#[test]
fn at_the_end_of_a_clock_a_look_ends_too() {
    let temporary = credential().with_expiry(UnixTime::new(START.seconds() + 100));
    let chain = Chain::of([temporary.into(), credential().into()]);
    let mut client = near(chain, Settings::default());
    let mut call = Call::new(&january());
    let mut search = super::search(&mut call, &mut client);
    let mut nothing = |_, attempt| panic!("{attempt:?}");
    client.search(&mut search, &mut nothing);
    super::sent(&mut call, &mut client);
    // The answer corrects the clock, so that the credential is good; but no moment is later than now.
    client.now.unix = UnixTime::new(i64::MAX);
    let date = "Thu, 09 Oct 2025 08:53:20 GMT";
    call.handle(with(refusal("AuthFailure.SignatureExpire"), "date", date));
    let error = client.drive(&mut call, nothing).unwrap_err();
    let reason = "no credentials: all: the credentials that were found expired at once";
    assert_eq!(error.to_string(), reason);
}
