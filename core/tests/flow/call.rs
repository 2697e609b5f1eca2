use std::{error::Error as _, time::Duration};

use serde_json::{Value, json};
use tc3_core::{
    Action, Call, Error, Failure, Flow, Month, Settings, Step, Untyped,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    emulator::Emulator,
    essbasic::{Agent, ChannelDescribeBillUsageDetail},
};

use super::{answer, credentials::zones, done, input, page, refusal, sent};
use crate::common::{Client, START, credential};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An action that is not repeated, whatever becomes of its first send.
fn start_zone() -> Untyped {
    Untyped::new("cvm", "2017-03-12", "StartZone", json!({"Zone": "a"}))
}

fn january() -> DescribeBillList {
    let start = "2024-01-01 00:00:00".parse().unwrap();
    DescribeBillList::new(start, "2024-01-31 23:59:59".parse().unwrap())
}

fn settings(deadline: Duration, attempt_timeout: Duration) -> Settings {
    Settings::default()
        .with_deadline(deadline)
        .with_attempt_timeout(attempt_timeout)
}

#[test]
fn a_call_is_sent_answered_and_done() {
    let mut client = Client::new();
    let mut service = Emulator::new(credential());
    let mut call = Call::new(&january());
    let attempt = sent(&mut call, &mut client);
    assert_eq!(attempt.request.headers()["x-tc-action"], "DescribeBillList");
    assert_eq!((attempt.timeout, attempt.max_body), (seconds(30), 32 << 20));
    assert_eq!(input(&attempt)["Limit"], 100);
    call.handle(Ok(service.handle(START, &attempt.request)));
    let reply = done(&mut call, &mut client).unwrap();
    assert_eq!(reply.output.total, Some(42));
    assert_eq!(reply.output.transaction_list.len(), 42);
    assert_eq!(reply.request_id.len(), 36);
}

#[test]
fn a_request_bears_the_time_of_its_step() {
    let mut client = Client::new();
    let mut call = Call::new(&start_zone());
    client.pass(seconds(86_400));
    let attempt = sent(&mut call, &mut client);
    let headers = attempt.request.headers();
    assert_eq!(headers["x-tc-timestamp"], "1760086400");
    let authorization = headers["authorization"].to_str().unwrap();
    assert!(
        authorization.contains("/2025-10-10/cvm/"),
        "{authorization}"
    );
}

#[test]
fn a_refusal_is_the_result() {
    let mut client = Client::new();
    let mut call = Call::new(&start_zone());
    let result = client.drive(&mut call, |_, _| refusal("UnsupportedOperation"));
    let error = result.unwrap_err();
    assert_eq!(error.refusal().unwrap().code(), "UnsupportedOperation");
    assert_eq!(error.request_id(), Some("5e1f"));
}

#[test]
fn an_attempt_never_outlasts_the_deadline() {
    for (deadline, attempt_timeout, timeout) in [
        (60, 30, 30),
        (30, 60, 30),
        (30, 30, 30),
        (1, u64::MAX, 1),
        (u64::MAX, 7, 7),
    ] {
        let settings = settings(seconds(deadline), seconds(attempt_timeout));
        let mut client = Client::with_settings(settings);
        client.pass(seconds(1_000));
        let attempt = sent(&mut Call::new(&start_zone()), &mut client);
        assert_eq!(attempt.timeout, seconds(timeout));
    }
}

#[test]
fn a_failure_is_the_deadlines_from_just_before_it_on() {
    for (passed, late) in [(0, false), (9_989, false), (9_990, true), (60_000, true)] {
        let mut client = Client::with_settings(settings(seconds(10), seconds(30)));
        client.pass(seconds(500));
        let mut call = Call::new(&start_zone());
        let attempt = sent(&mut call, &mut client);
        assert_eq!(attempt.timeout, seconds(10));
        client.pass(Duration::from_millis(passed));
        call.handle(Err(Failure::unknown("connection reset")));
        let error = done(&mut call, &mut client).unwrap_err();
        match &error {
            Error::Deadline { after, .. } => assert_eq!((late, *after), (true, seconds(10))),
            Error::Transport(_) => assert!(!late, "{passed}"),
            other => panic!("{other}"),
        }
        let transport = error.source().unwrap();
        let failure = if late {
            transport.source().unwrap()
        } else {
            transport
        };
        let text = "no answer came back; the request may have taken effect";
        assert_eq!(failure.to_string(), text);
        assert_eq!(failure.source().unwrap().to_string(), "connection reset");
    }
}

#[test]
fn an_answer_after_the_deadline_is_still_the_answer() {
    let mut client = Client::with_settings(settings(seconds(10), seconds(10)));
    let mut call = Call::new(&start_zone());
    sent(&mut call, &mut client);
    client.pass(seconds(11));
    call.handle(answer(json!({"Started": true})));
    let reply = done(&mut call, &mut client).unwrap();
    assert_eq!(reply.output.to_value(), json!({"Started": true}));
}

#[test]
fn a_refusal_after_the_deadline_is_still_the_refusal() {
    let mut client = Client::with_settings(settings(seconds(10), seconds(10)));
    let mut call = Call::new(&start_zone());
    sent(&mut call, &mut client);
    client.pass(seconds(11));
    call.handle(refusal("UnsupportedOperation"));
    let error = done(&mut call, &mut client).unwrap_err();
    assert_eq!(error.refusal().unwrap().code(), "UnsupportedOperation");
}

#[test]
fn without_any_time_nothing_is_sent() {
    let mut client = Client::with_settings(settings(Duration::ZERO, seconds(30)));
    let mut call = Call::new(&start_zone());
    let error = done(&mut call, &mut client).unwrap_err();
    let Error::Deadline { after, source, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*after, Duration::ZERO);
    assert!(source.is_none() && error.source().is_none());
    assert!(matches!(done(&mut call, &mut client), Err(Error::Ended)));
}

#[test]
fn an_attempt_timeout_of_0_is_refused() {
    let mut client = Client::with_settings(settings(seconds(30), Duration::ZERO));
    let error = done(&mut Call::new(&start_zone()), &mut client).unwrap_err();
    assert!(matches!(error, Error::Input(invalid) if invalid.field() == "attempt_timeout"));
}

#[test]
fn a_step_while_a_send_is_out_abandons_it() {
    for (passed, late) in [(0, false), (9, false), (10, true)] {
        let mut client = Client::with_settings(settings(seconds(10), seconds(10)));
        let mut call = Call::new(&start_zone());
        sent(&mut call, &mut client);
        client.pass(seconds(passed));
        let error = done(&mut call, &mut client).unwrap_err();
        match &error {
            Error::Transport(Failure::Unknown(lost)) if !late => {
                assert_eq!(lost.cause().to_string(), "the attempt was abandoned");
            }
            Error::Deadline {
                source: Some(cause),
                ..
            } if late => assert!(matches!(**cause, Error::Transport(Failure::Unknown(_)))),
            other => panic!("{other:?}"),
        }
        call.handle(answer(json!({})));
        assert!(matches!(done(&mut call, &mut client), Err(Error::Ended)));
    }
}

#[test]
fn an_outcome_is_ignored_when_nothing_is_out() {
    let mut client = Client::new();
    let mut call = Call::new(&start_zone());
    call.handle(answer(json!({"Answer": "before the first step"})));
    sent(&mut call, &mut client);
    call.handle(answer(json!({"Answer": "awaited"})));
    call.handle(answer(json!({"Answer": "the second"})));
    call.handle(Err(Failure::not_sent("the third")));
    let reply = done(&mut call, &mut client).unwrap();
    assert_eq!(reply.output.to_value(), json!({"Answer": "awaited"}));
    call.handle(answer(json!({"Answer": "after the end"})));
    assert!(matches!(done(&mut call, &mut client), Err(Error::Ended)));
}

#[test]
fn after_its_end_a_call_has_ended_forever() {
    let mut client = Client::new();
    for outcome in [
        answer(json!({})),
        refusal("A.B"),
        Err(Failure::unknown("x")),
    ] {
        let mut call = Call::new(&start_zone());
        sent(&mut call, &mut client);
        let good = outcome.is_ok();
        call.handle(outcome);
        let _: Result<_, Error> = done(&mut call, &mut client);
        for _ in 0..3 {
            let after = done(&mut call, &mut client);
            assert!(matches!(after, Err(Error::Ended)), "{good}");
            client.pass(seconds(100));
        }
    }
}

/// The field that a call's first step refuses.
fn refused(action: &impl Action) -> &'static str {
    let mut client = Client::new();
    let mut call = Call::new(action);
    let field = match call.step(&mut client.session, client.now) {
        Step::Done(Err(Error::Input(invalid))) => invalid.field(),
        _ => panic!("{}", action.target().action),
    };
    assert!(matches!(done(&mut call, &mut client), Err(Error::Ended)));
    field
}

#[test]
fn a_wrong_input_is_the_first_steps_result() {
    let named = |service: &'static str, version: &'static str, action: &'static str| {
        Untyped::new(service, version, action, json!({}))
    };
    assert_eq!(refused(&named("Billing", "2018-07-09", "A")), "service");
    assert_eq!(refused(&named("evil.com/", "2018-07-09", "A")), "service");
    assert_eq!(refused(&named("billing", "2018-7-9", "A")), "version");
    assert_eq!(
        refused(&named("billing", "2018-07-09", "A\r\nB: c")),
        "action"
    );
    assert_eq!(refused(&named("billing", "2018-07-09", "")), "action");
    let list = Untyped::new("billing", "2018-07-09", "A", json!([]));
    assert_eq!(refused(&list), "input");
    let large = json!({"A": "x".repeat(tc3_core::wire::request::MAX_POST)});
    let large = Untyped::new("billing", "2018-07-09", "A", large);
    assert_eq!(refused(&large), "input");

    assert_eq!(refused(&january().with_limit(0)), "Limit");
    let reversed = DescribeBillList::new(january().end_time, january().start_time);
    assert_eq!(refused(&reversed), "EndTime");
    let summary = DescribeAllocationSummaryByBusiness::new(Month::new(2024, 2).unwrap());
    assert_eq!(refused(&summary.with_limit(0)), "Limit");
    let usage = |app: &str, start: &str, end: &str| {
        let (start, end) = (start.parse().unwrap(), end.parse().unwrap());
        ChannelDescribeBillUsageDetail::new(Agent::new(app), start, end)
    };
    assert_eq!(refused(&usage("", "20240101", "20240131")), "Agent.AppId");
    assert_eq!(refused(&usage("app", "20240102", "20240101")), "EndTime");
    assert_eq!(
        refused(&usage("app", "20240101", "20240101").with_limit(0)),
        "Limit"
    );
}

#[test]
fn an_input_that_has_no_json_is_the_first_steps_result() {
    #[derive(serde::Serialize)]
    struct Keyed {
        list: std::collections::BTreeMap<(u8, u8), u8>,
    }
    impl Action for Keyed {
        const SERVICE: &'static str = "cvm";
        const VERSION: &'static str = "2017-03-12";
        const NAME: &'static str = "Keyed";
        type Output = Value;
    }
    let action = Keyed {
        list: [((1, 2), 3)].into(),
    };
    let error = done(&mut Call::new(&action), &mut Client::new()).unwrap_err();
    assert!(matches!(&error, Error::Encode { action, .. } if action == "Keyed"));
    assert!(error.source().is_some());
}

#[test]
fn a_body_may_be_as_large_as_max_body_and_no_larger() {
    let body = answer(json!({"Zone": "a"})).unwrap().into_body();
    for (limit, fits) in [(body.len(), true), (body.len() - 1, false), (0, false)] {
        let mut client = Client::with_settings(Settings::default().with_max_body(limit));
        let mut call = Call::new(&start_zone());
        assert_eq!(sent(&mut call, &mut client).max_body, limit);
        call.handle(Ok(http::Response::new(body.clone())));
        match done(&mut call, &mut client) {
            Ok(reply) => assert_eq!((fits, reply.output.json("Zone")), (true, Some("\"a\""))),
            Err(Error::TooLarge { limit: shown, .. }) => assert_eq!((fits, shown), (false, limit)),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_page_that_is_too_large_is_retried_by_its_status() {
    let settings = Settings::default().with_max_body(10);
    for status in [429, 502, 503] {
        let mut client = Client::with_settings(settings.clone());
        let mut sent = 0;
        let error = client
            .drive(&mut Call::new(&zones()), |_, _| {
                sent += 1;
                page(status, "<html>a page of more than 10 bytes</html>")
            })
            .unwrap_err();
        assert_eq!(sent, 6, "{status}");
        assert!(
            matches!(error.cause(), Error::NotAnAnswer { status: shown, .. } if *shown == status)
        );
    }
}

#[test]
fn what_is_no_answer_is_reported_as_such() {
    for (status, body) in [
        (502, "<html>"),
        (200, ""),
        (200, "{\"Response\":{}"),
        (404, "{}"),
    ] {
        let mut response = http::Response::new(body.into());
        *response.status_mut() = status.try_into().unwrap();
        let mut client = Client::new();
        let mut call = Call::new(&start_zone());
        sent(&mut call, &mut client);
        call.handle(Ok(response));
        let error = done(&mut call, &mut client).unwrap_err();
        assert!(
            matches!(&error, Error::NotAnAnswer { status: shown, beginning, .. }
                if *shown == status && beginning == body),
            "{error}"
        );
    }
}
