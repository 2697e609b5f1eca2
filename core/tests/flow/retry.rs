use std::{error::Error as _, time::Duration};

use serde_json::json;
use tc3_core::{
    Attempt, Call, Error, Failure, Flow, Outcome, Reply, Settings, Step, UnixTime, Untyped,
    error::Obstacle, flow::Retry, tc3,
};

use super::{
    answer, done, page, read, refusal, seconds, sent, with,
    world::{Sent, World},
    write,
};
use crate::common::{Client, START, credential};

pub(super) type Result = std::result::Result<Reply<tc3_core::untyped::Fields>, Error>;

/// What a call came to, and what it sent; the service is told how often it was asked before.
pub(super) fn drive(
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

pub(super) fn unknown() -> Outcome {
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
        ("IpNotInWhitelist", NEVER),
        ("OperationDenied.NoIdentityVerify", NEVER),
        ("ResourceInUse", NEVER),
        ("ResponseSizeLimitExceeded", NEVER),
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
fn what_tls_or_a_proxy_refuses_is_sent_once_and_a_busy_proxy_is_asked_again() {
    for (obstacle, expected) in [
        (Obstacle::NameLookup, 6),
        (Obstacle::Connection, 6),
        (Obstacle::Tls, 1),
        (Obstacle::proxy(403), 1),
        (Obstacle::proxy(405), 1),
        (Obstacle::proxy(407), 1),
        (Obstacle::proxy(502), 6),
    ] {
        let outcome = || Err(Failure::not_sent("").with_obstacle(obstacle));
        let sent = [read(), write()].map(|action| sent_in_all(&action, outcome));
        assert_eq!(sent, [expected; 2], "{obstacle:?}");
        // No other endpoint is more trustworthy.
        let other = Settings::default().with_failover(["https://other.example".parse().unwrap()]);
        let (_, sends) = drive(other, &read(), |_| outcome());
        assert_eq!(sends.len(), expected, "{obstacle:?}");
    }
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
                _ => panic!("retried"),
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
    assert!(error.is_denied() && error.attempts() == 2);
    let text = "the service refused: AuthFailure.TokenFailure: no (RequestId 5e1f)";
    assert_eq!(error.to_string(), text);
}
