use std::{error::Error as _, time::Duration};

use serde_json::json;
use tc3_core::{Attempt, Call, Error, Failure, Flow, Outcome, Settings, Step, flow::Retry};

use super::{
    answer, page, read, refusal,
    retry::{drive, unknown},
    seconds, sent, with,
    world::World,
    write,
};
use crate::common::Client;

#[test]
fn a_wait_is_anything_up_to_a_bound_that_doubles() {
    let mut waits: [Vec<Duration>; 5] = Default::default();
    for entropy in 0..400 {
        let mut client = Client::new();
        client.now.entropy = entropy * 10;
        let mut call = Call::new(&read());
        for waits in &mut waits {
            sent(&mut call, &mut client);
            call.handle(unknown());
            match call.step(&mut client.session, client.now) {
                Step::Wait(delay) => {
                    waits.push(delay);
                    client.pass(delay);
                }
                Step::Send(_) | Step::Done(_) => panic!("no wait at all"),
            }
        }
    }
    for (longest, mut waits) in [250, 500, 1_000, 2_000, 4_000].into_iter().zip(waits) {
        let longest = Duration::from_millis(longest);
        waits.sort();
        assert!(waits[399] <= longest, "{longest:?}");
        // A tenth of the waits in a tenth of the range, more or less.
        for tenth in 1..10 {
            let up_to = longest * tenth / 10;
            let share = waits.partition_point(|wait| *wait <= up_to) as u32;
            assert!(
                share.abs_diff(40 * tenth) < 32,
                "{longest:?} {tenth}: {share}"
            );
        }
    }
}

#[test]
fn a_wait_is_capped_and_no_policy_overflows() {
    let retry = Retry::default().with_base(seconds(3)).with_cap(seconds(10));
    let most = |failures| {
        (0..1_000)
            .map(|entropy| retry.delay(failures, entropy))
            .max()
    };
    for (failures, longest) in [(0, 3), (1, 3), (2, 6), (3, 10), (40, 10), (u32::MAX, 10)] {
        let most = most(failures).unwrap();
        assert!(most <= seconds(longest) && most > seconds(longest) * 9 / 10);
    }
    let endless = Retry::default()
        .with_base(Duration::MAX)
        .with_cap(Duration::MAX);
    for entropy in [0, 1, u64::MAX] {
        assert!(endless.delay(u32::MAX, entropy) < Duration::from_nanos(u64::MAX));
        assert_eq!(Retry::NEVER.delay(3, entropy), Duration::ZERO);
    }
}

/// How long a call waits after a refusal that asks for a wait.
fn wait_after(outcome: Outcome) -> Duration {
    let mut outcomes = [outcome, answer(json!({}))].into_iter();
    let (result, sends) = drive(Settings::default(), &read(), |_| outcomes.next().unwrap());
    assert_eq!((result.is_ok(), sends.len()), (true, 2));
    sends[1].at - sends[0].at
}

#[test]
fn a_wait_is_at_least_what_retry_after_asks_for() {
    let busy = |retry_after| with(page(503, ""), "retry-after", retry_after);
    let soon = Duration::from_millis(250);
    assert_eq!(wait_after(busy("20")), seconds(20));
    assert_eq!(wait_after(busy(" 3 ")), seconds(3));
    assert!(wait_after(busy("0")) <= soon);
    // 17 seconds after the own time, or after the service's if it says so.
    assert_eq!(
        wait_after(busy("Thu, 09 Oct 2025 08:53:37 GMT")),
        seconds(17)
    );
    let dated = with(
        busy("Thu, 09 Oct 2025 08:53:37 GMT"),
        "date",
        "Thu, 09 Oct 2025 08:53:31 GMT",
    );
    assert_eq!(wait_after(dated), seconds(6));
    let refused = with(refusal("InternalError"), "retry-after", "4");
    assert_eq!(wait_after(refused), seconds(4));
}

#[test]
fn a_retry_after_that_makes_no_sense_is_ignored() {
    for nonsense in [
        "",
        "soon",
        "-5",
        "1.5",
        "20 s",
        "99999999999999999999",
        "Thu, 09 Oct 2025 08:53:10 GMT", // has passed
        "Wed, 09 Oct 2025 08:53:50 GMT", // was no Wednesday
        "Thu, 32 Oct 2025 08:53:50 GMT",
    ] {
        let waited = wait_after(with(page(503, ""), "retry-after", nonsense));
        assert!(waited <= Duration::from_millis(250), "{nonsense}");
    }
    let opaque = page(503, "").map(|mut response| {
        let value = http::HeaderValue::from_bytes(b"\xff20").unwrap();
        response.headers_mut().insert("retry-after", value);
        response
    });
    assert!(wait_after(opaque) <= Duration::from_millis(250));
}

#[test]
fn a_wait_beyond_the_deadline_ends_the_call_at_once() {
    for (asked, sent) in [("9", 2), ("10", 1), ("11", 1), ("18446744073709551615", 1)] {
        let settings = Settings::default().with_deadline(seconds(10));
        let mut world = World::new(Client::with_settings(settings));
        world.client.pass(seconds(1_000));
        world.begin(Call::new(&write()), Duration::ZERO);
        let throttled =
            |_: Duration, _: &Attempt| with(refusal("RequestLimitExceeded"), "retry-after", asked);
        let (_, result) = world.next(&mut { throttled }).unwrap();
        let error = result.unwrap_err();
        assert_eq!(world.sends.len(), sent, "{asked}");
        let waited = if sent == 2 { 9 } else { 0 };
        assert_eq!(world.now(), seconds(1_000 + waited));
        let Error::Deadline {
            after,
            attempts,
            source: Some(source),
            ..
        } = &error
        else {
            panic!("{error}")
        };
        assert_eq!((*after, *attempts as usize), (seconds(10), sent));
        assert_eq!(error.request_id(), Some("5e1f"));
        assert!(matches!(**source, Error::Service(_)));
        assert!(error.is_throttled());
        assert!(
            error
                .source()
                .unwrap()
                .to_string()
                .contains("RequestLimitExceeded")
        );
    }
}

#[test]
fn waiting_and_sending_together_end_with_the_deadline() {
    let settings = Settings::default()
        .with_deadline(seconds(10))
        .with_attempt_timeout(seconds(3))
        .with_retry(Retry::default().with_attempts(100).with_base(seconds(2)));
    let mut world = World::new(Client::with_settings(settings));
    world.latencies = vec![(100_000, 0)];
    world.begin(Call::new(&read()), Duration::ZERO);
    let (_, result) = world.next(&mut |_, _| panic!("arrives too late")).unwrap();
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Deadline { .. }), "{error}");
    assert!(matches!(
        error.cause(),
        Error::Transport(Failure::Unknown(_))
    ));
    assert_eq!(error.attempts() as usize, world.sends.len());
    assert!(world.sends.len() >= 3);
    assert!(world.now() <= seconds(10));
    for sent in &world.sends {
        assert!(sent.at < seconds(10));
        assert_eq!(sent.attempt.timeout, seconds(3).min(seconds(10) - sent.at));
    }
}

#[test]
fn an_absurd_retry_after_ends_the_call_and_not_the_session() {
    let mut client = Client::new();
    let mut call = Call::new(&read());
    sent(&mut call, &mut client);
    let absurd = u64::MAX.to_string();
    call.handle(with(
        refusal("RequestLimitExceeded"),
        "retry-after",
        &absurd,
    ));
    let step = call.step(&mut client.session, client.now);
    assert!(matches!(step, Step::Done(Err(Error::Deadline { .. }))));
    client.pass(seconds(3_599));
    let step = Call::new(&read()).step(&mut client.session, client.now);
    assert!(matches!(step, Step::Wait(delay) if delay == seconds(1)));
    client.pass(seconds(1));
    sent(&mut Call::new(&read()), &mut client);
}

#[test]
fn a_step_before_a_wait_is_over_waits_for_the_rest() {
    let mut client = Client::new();
    let mut call = Call::new(&read());
    sent(&mut call, &mut client);
    call.handle(with(page(503, ""), "retry-after", "20"));
    for passed in 0..20 {
        for _ in 0..3 {
            let step = call.step(&mut client.session, client.now);
            assert!(matches!(step, Step::Wait(delay) if delay == seconds(20 - passed)));
        }
        client.pass(seconds(1));
    }
    sent(&mut call, &mut client);
}
