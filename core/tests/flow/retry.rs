use std::{error::Error as _, time::Duration};

use serde_json::json;
use tc3_core::{
    Attempt, Call, Error, Failure, Flow, Outcome, Reply, Retry, Settings, Step, UnixTime, Untyped,
    tc3,
};

use super::{
    answer, done, page, read, refusal, seconds, sent, with,
    world::{Sent, World},
    write,
};
use crate::common::{Client, START, credential};

type Result = std::result::Result<Reply<tc3_core::Fields>, Error>;

/// What a call came to, and what it sent; the service is told how often it was asked before.
fn drive(
    settings: Settings,
    action: &Untyped,
    mut service: impl FnMut(usize) -> Outcome,
) -> (Result, Vec<Sent>) {
    let mut world = World::new(Client::with_settings(settings));
    world.begin(Call::new(action), Duration::ZERO);
    let mut asked = 0..;
    let mut serve = |_: Duration, _: &Attempt| service(asked.next().unwrap());
    let (_, result) = world.next(&mut serve).unwrap();
    assert!(world.next(&mut serve).is_none());
    (result, world.sends)
}

fn sent_in_all(action: &Untyped, outcome: impl Fn() -> Outcome) -> usize {
    let (result, sends) = drive(Settings::default(), action, |_| outcome());
    let error = result.unwrap_err();
    assert_eq!(error.attempts() as usize, sends.len(), "{error}");
    assert_eq!(
        matches!(error, Error::GaveUp { .. }),
        sends.len() > 1,
        "{error}"
    );
    sends.len()
}

fn unknown() -> Outcome {
    Err(Failure::unknown("connection reset"))
}

fn not_sent() -> Outcome {
    Err(Failure::not_sent("connection refused"))
}

#[test]
fn what_a_refusal_of_each_code_leads_to() {
    const ALWAYS: [usize; 2] = [6, 6];
    const READS: [usize; 2] = [6, 1];
    const NEVER: [usize; 2] = [1, 1];
    for (code, expected) in [
        ("RequestLimitExceeded", ALWAYS),
        ("RequestLimitExceeded.UinLimitExceeded", ALWAYS),
        ("RequestLimitExceeded.IPLimitExceeded", ALWAYS),
        ("RequestLimitExceeded.GlobalRegionUinLimitExceeded", ALWAYS),
        ("InternalError", READS),
        ("InternalError.GatewayError", READS),
        ("InternalError.DbReadFailed", READS),
        ("InternalError.DependsApi", READS),
        ("ServiceUnavailable", READS),
        ("ResourceUnavailable", READS),
        ("LimitExceeded", NEVER),
        ("LimitExceeded.Zone", NEVER),
        ("RequestSizeLimitExceeded", NEVER),
        ("FailedOperation", NEVER),
        ("FailedOperation.SummaryDataNotReady", NEVER),
        ("AuthFailure", NEVER),
        ("AuthFailure.SignatureFailure", NEVER),
        ("AuthFailure.TokenFailure", NEVER),
        // There is no date to set the clock by.
        ("AuthFailure.SignatureExpire", NEVER),
        ("UnauthorizedOperation", NEVER),
        ("UnauthorizedOperation.CamNoAuth", NEVER),
        ("InvalidParameter", NEVER),
        ("InvalidParameter.Limit", NEVER),
        ("InvalidParameterValue.InvalidTime", NEVER),
        ("MissingParameter", NEVER),
        ("UnknownParameter", NEVER),
        ("InvalidAction", NEVER),
        ("NoSuchVersion", NEVER),
        ("UnsupportedOperation", NEVER),
        ("ResourceNotFound", NEVER),
        ("ResourceNotFound.NotExistApplication", NEVER),
        ("InternalErrors", NEVER),
        ("SomethingNew.InternalError", NEVER),
    ] {
        let sent = [read(), write()].map(|action| sent_in_all(&action, || refusal(code)));
        assert_eq!(sent, expected, "{code}");
    }
}

#[test]
fn what_no_answer_of_the_api_leads_to() {
    const ANSWER: &str = r#"{"Response": {"RequestId": "5e1f"}}"#;
    for (status, body, expected) in [
        (200, "", [6, 1]),
        (200, "<html>", [6, 1]),
        (200, r#"{"Response": {"RequestId": "5e"#, [6, 1]),
        (200, "null", [6, 1]),
        (408, "", [6, 1]),
        (500, "", [6, 1]),
        (500, ANSWER, [6, 1]),
        (502, "<html>", [6, 1]),
        (503, "", [6, 1]),
        (504, "", [6, 1]),
        (599, "", [6, 1]),
        (429, "", [6, 6]),
        (429, "<html>", [6, 6]),
        (201, ANSWER, [1, 1]),
        (204, "", [1, 1]),
        (302, "", [1, 1]),
        (400, ANSWER, [1, 1]),
        (401, "", [1, 1]),
        (403, "", [1, 1]),
        (404, "", [1, 1]),
        (413, "", [1, 1]),
        (600, "", [1, 1]),
        // An answer, but one that doesn't fit: it would not fit the next time either.
        (200, r#"{"Response": {}}"#, [1, 1]),
        (200, r#"{"Response": {"RequestId": 5.5}}"#, [1, 1]),
    ] {
        let sent = [read(), write()].map(|action| sent_in_all(&action, || page(status, body)));
        assert_eq!(sent, expected, "{status} {body}");
    }
}

#[test]
fn a_send_that_found_no_connection_is_repeated_and_one_without_an_answer_only_for_a_read() {
    assert_eq!(sent_in_all(&read(), not_sent), 6);
    assert_eq!(sent_in_all(&write(), not_sent), 6);
    assert_eq!(sent_in_all(&read(), unknown), 6);
    assert_eq!(sent_in_all(&write(), unknown), 1);
}

#[test]
fn unknown_outcome_is_not_repeated_for_a_write_whatever_came_before() {
    for before in [1, 2, 3] {
        for unsure in [
            unknown as fn() -> Outcome,
            || page(502, "<html>"),
            || page(200, ""),
            || refusal("InternalError"),
        ] {
            let (result, sends) = drive(Settings::default(), &write(), |asked| match asked {
                asked if asked < before => [
                    not_sent as fn() -> Outcome,
                    || refusal("RequestLimitExceeded"),
                    || page(429, ""),
                ][asked](),
                asked if asked == before => unsure(),
                _ => panic!("sent again"),
            });
            assert_eq!((result.is_err(), sends.len()), (true, before + 1));
        }
    }
}

#[test]
fn an_abandoned_read_is_sent_again_and_an_abandoned_write_is_not() {
    let mut client = Client::new();
    let mut call = Call::new(&read());
    for attempt in 1..6 {
        sent(&mut call, &mut client);
        let Step::Wait(delay) = call.step(&mut client.session, client.now) else {
            panic!("{attempt}")
        };
        client.pass(delay);
    }
    let attempt = sent(&mut call, &mut client);
    assert_eq!(attempt.timeout, seconds(30));
    call.handle(answer(json!({"Zones": 3})));
    assert!(done(&mut call, &mut client).is_ok());

    let mut call = Call::new(&write());
    sent(&mut call, &mut client);
    let error = done(&mut call, &mut client).unwrap_err();
    assert!(matches!(error, Error::Transport(Failure::Unknown(_))));
}

#[test]
fn each_attempt_is_signed_anew_at_its_own_time() {
    let (result, sends) = drive(Settings::default(), &write(), |asked| match asked {
        5 => answer(json!({})),
        _ => with(refusal("RequestLimitExceeded"), "retry-after", "7"),
    });
    assert_eq!((result.is_ok(), sends.len()), (true, 6));
    let signature = |sent: &Sent| sent.attempt.request.headers()["authorization"].clone();
    for (place, sent) in sends.iter().enumerate() {
        let passed = i64::try_from(sent.at.as_secs()).unwrap();
        let now = UnixTime::new(START.seconds() + passed);
        let headers = sent.attempt.request.headers();
        assert_eq!(headers["x-tc-timestamp"], now.to_string().as_str());
        let known = credential();
        assert!(tc3::verify(&sent.attempt.request, now, |_| Some(&known)).is_ok());
        assert!(
            sends[..place]
                .iter()
                .all(|earlier| signature(earlier) != signature(sent))
        );
        assert_eq!(sent.attempt.request.body(), sends[0].attempt.request.body());
    }
}

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

#[test]
fn a_call_is_sent_as_often_as_the_policy_says_and_at_least_once() {
    for (attempts, expected) in [(0, 1), (1, 1), (2, 2), (9, 9)] {
        let retry = Retry::default().with_attempts(attempts);
        let settings = Settings::default().with_retry(retry);
        let (result, sends) = drive(settings, &read(), |_| not_sent());
        assert_eq!(sends.len(), expected);
        assert_eq!(result.unwrap_err().attempts() as usize, expected);
    }
    let never = Settings::default().with_retry(Retry::NEVER);
    for outcome in [
        not_sent,
        unknown,
        || refusal("RequestLimitExceeded"),
        || page(503, ""),
    ] {
        let (result, sends) = drive(never.clone(), &read(), |_| outcome());
        assert_eq!(sends.len(), 1);
        assert!(!matches!(result, Ok(_) | Err(Error::GaveUp { .. })));
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
            request_id,
            source: Some(source),
            ..
        } = &error
        else {
            panic!("{error}")
        };
        assert_eq!((*after, *attempts as usize), (seconds(10), sent));
        assert_eq!(request_id.as_deref(), Some("5e1f"));
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
fn the_error_keeps_the_last_cause_and_the_last_request_id() {
    let (result, _) = drive(Settings::default(), &read(), |asked| match asked {
        0..4 => refusal("InternalError"),
        4 => page(502, "<html>"),
        _ => unknown(),
    });
    let error = result.unwrap_err();
    assert!(
        matches!(error, Error::GaveUp { attempts: 6, .. }),
        "{error}"
    );
    assert!(matches!(
        error.cause(),
        Error::Transport(Failure::Unknown(_))
    ));
    assert_eq!((error.refusal(), error.attempts()), (None, 6));
    assert_eq!(error.request_id(), Some("5e1f"));
    let source = error.source().unwrap();
    assert_eq!(source.to_string(), "no answer from the service");
    let innermost = source.source().unwrap().source().unwrap();
    assert_eq!(innermost.to_string(), "connection reset");

    let (result, _) = drive(Settings::default(), &read(), |asked| match asked {
        0..5 => unknown(),
        _ => refusal("ServiceUnavailable"),
    });
    let error = result.unwrap_err();
    assert_eq!(error.refusal().unwrap().code(), "ServiceUnavailable");
    assert_eq!(error.request_id(), Some("5e1f"));

    let (result, _) = drive(Settings::default(), &read(), |_| not_sent());
    let error = result.unwrap_err();
    assert!(matches!(
        error.cause(),
        Error::Transport(Failure::NotSent(_))
    ));
    assert_eq!((error.request_id(), error.attempts()), (None, 6));

    // A refusal that is never repeated, after others that were.
    let (result, _) = drive(Settings::default(), &write(), |asked| match asked {
        0 => refusal("RequestLimitExceeded"),
        _ => refusal("AuthFailure.TokenFailure"),
    });
    let error = result.unwrap_err();
    assert!(matches!(error, Error::GaveUp { attempts: 2, .. }) && error.is_denied());
}
