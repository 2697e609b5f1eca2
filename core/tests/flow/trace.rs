//! What flows tell through `tracing`.

use std::time::Duration;

use serde_json::json;
use tc3_core::{
    Attempt, Call, Chain, Credential, Error, Failure, Flow, Invalid, Outcome, Pages, Session,
    Settings, Step, Untyped,
    credential::Source,
    emulator::Emulator,
    flow::{DriverStep, Retry},
    pagination::{Prefetch, Turn},
};
use tracing::Level;

use super::{
    answer,
    credentials::{january, machine, near, role, set},
    done, page, read, refusal,
    retry::unknown,
    seconds, sent, with, write,
};
use crate::{
    common::{Client, credential},
    recording::{Recording, Told},
};

fn wait<F: Flow>(flow: &mut F, client: &mut Client) -> Duration {
    match flow.step(&mut client.session, client.now) {
        Step::Wait(delay) => delay,
        Step::Send(_) | Step::Done(_) => panic!("no wait"),
    }
}

/// Why a call waits after an answer.
fn why_after(outcome: Outcome) -> String {
    let recording = Recording::new();
    let mut client = Client::new();
    client.now.entropy = 1;
    let mut call = Call::new(&read());
    sent(&mut call, &mut client);
    call.handle(outcome);
    assert!(recording.of("tc3::wait").is_empty());
    let delay = wait(&mut call, &mut client);
    let told = recording.one_of("tc3::wait");
    client.pass(delay);
    sent(&mut call, &mut client);
    assert!(recording.of("tc3::wait").is_empty(), "it waits no more");
    told.get("why").unwrap().into()
}

#[test]
fn a_wait_says_what_it_is_for() {
    let throttled = || refusal("RequestLimitExceeded");
    for (outcome, why) in [
        (unknown(), "backoff"),
        (refusal("InternalError"), "backoff"),
        (
            with(refusal("InternalError"), "retry-after", "0"),
            "backoff",
        ),
        (
            with(refusal("InternalError"), "retry-after", "3"),
            "retry_after",
        ),
        (throttled(), "throttled"),
        (with(throttled(), "retry-after", "3"), "throttled"),
        (page(429, ""), "throttled"),
    ] {
        let shown = format!("{outcome:?}");
        assert_eq!(why_after(outcome), why, "{shown}");
    }
}

#[test]
fn calls_in_line_wait_for_the_rate_and_those_beside_a_throttled_one_for_its_rest() {
    let recording = Recording::new();
    let mut client = Client::new();
    let settings = Settings::default().with_rate("cvm", "DescribeZones", 1);
    client.session = client.session.with_settings(settings);
    let (mut first, mut second) = (Call::new(&read()), Call::new(&read()));
    sent(&mut first, &mut client);
    wait(&mut second, &mut client);
    assert_eq!(recording.one_of("tc3::wait").get("why"), Some("rate"));
    first.handle(with(refusal("RequestLimitExceeded"), "retry-after", "9"));
    wait(&mut first, &mut client);
    client.pass(seconds(2));
    recording.take();
    assert_eq!(wait(&mut second, &mut client), seconds(7));
    let told = recording.one_of("tc3::wait");
    assert_eq!(told.get("why"), Some("throttled"));
    // It had no answer of its own.
    assert_eq!(told.get("outcome"), None);
}

#[test]
fn a_call_waits_for_credentials_that_another_one_looks_for() {
    let recording = Recording::new();
    let mut client = near(Source::cvm_role(), Settings::default());
    let (mut first, mut second) = (Call::new(&january()), Call::new(&january()));
    let mut search = super::search(&mut first, &mut client);
    let DriverStep::Send(attempt) = search.step(&mut client.session, client.now) else {
        panic!("no send");
    };
    assert!(attempt.for_credentials && attempt.action().is_none());
    // The one that searches doesn't wait.
    assert!(recording.of("tc3::wait").is_empty());
    wait(&mut second, &mut client);
    assert_eq!(
        recording.one_of("tc3::wait").get("why"),
        Some("credentials")
    );
    // Nobody is there: it may be otherwise soon.
    search.handle(page(503, ""));
    let step = search.step(&mut client.session, client.now);
    assert!(matches!(step, DriverStep::Done(())));
    let told = recording.take();
    let [attempt, missing] = &told[..] else {
        panic!("{told:#?}");
    };
    let fields = ["for_credentials", "status", "outcome"].map(|field| attempt.get(field));
    assert_eq!(fields, [Some("true"), Some("503"), None]);
    assert_eq!(missing.get("message"), Some("credentials not found"));
    let error = missing.get("error").unwrap();
    assert!(error.starts_with("no credentials: CVM role: "), "{error}");
    wait(&mut first, &mut client);
    assert_eq!(
        recording.one_of("tc3::wait").get("why"),
        Some("no_credentials")
    );
}

#[test]
fn a_search_that_was_taken_over_tells_nothing() {
    let recording = Recording::new();
    let mut client = near(Source::cvm_role(), Settings::default());
    let mut stuck = Call::new(&january());
    let mut search = super::search(&mut stuck, &mut client);
    let step = search.step(&mut client.session, client.now);
    assert!(matches!(step, DriverStep::Send(_)));
    client.pass(seconds(62));
    client.call(&mut machine(), &january()).unwrap();
    search.handle(Err(Failure::unknown("timed out")));
    recording.take();
    let step = search.step(&mut client.session, client.now);
    assert!(matches!(step, DriverStep::Done(())));
    assert!(recording.of("tc3::credentials").is_empty());
}

/// What is told of an answer.
fn meaning(told: &Told) -> [Option<&str>; 4] {
    ["outcome", "request_id", "code", "error"].map(|field| told.get(field))
}

#[test]
fn an_answer_is_told_of_until_the_next_one() {
    let recording = Recording::new();
    let mut client = Client::new();
    let mut call = Call::new(&read());
    assert_eq!(sent(&mut call, &mut client).number, 1);

    call.handle(refusal("RequestLimitExceeded.Uin"));
    let delay = wait(&mut call, &mut client);
    let told = recording.take();
    let [span, signed, attempt, wait_told] = &told[..] else {
        panic!("{told:#?}");
    };
    let names = ["service", "action"].map(|field| span.get(field));
    assert_eq!(names, [Some("cvm"), Some("DescribeZones")]);
    assert_eq!(signed.get("secret_id"), Some("AKIDEXAMPLE"));
    let mut throttled = [
        Some("throttled"),
        Some("5e1f"),
        Some("RequestLimitExceeded.Uin"),
        Some("the service refused: RequestLimitExceeded.Uin: no (RequestId 5e1f)"),
    ];
    assert_eq!(
        (attempt.get("attempt"), meaning(attempt)),
        (Some("1"), throttled)
    );
    // The error was told of.
    throttled[3] = None;
    assert_eq!(
        (wait_told.get("next_attempt"), meaning(wait_told)),
        (Some("2"), throttled)
    );
    client.pass(delay);
    assert_eq!(sent(&mut call, &mut client).number, 2);

    call.handle(Err(Failure::not_sent("connection refused")));
    let delay = wait(&mut call, &mut client);
    let attempt = recording.one_of("tc3::attempt");
    let failed = [
        Some("not_sent"),
        None,
        None,
        Some("no answer from the service: the request was not sent: connection refused"),
    ];
    assert_eq!(
        (attempt.get("attempt"), meaning(&attempt)),
        (Some("2"), failed)
    );
    client.pass(delay);
    assert_eq!(sent(&mut call, &mut client).number, 3);
    call.handle(answer(json!({})));
    done(&mut call, &mut client).unwrap();
    let told = recording.take();
    let ok = [Some("ok"), Some("5e1f"), None, None];
    assert_eq!((told[0].get("attempt"), meaning(&told[0])), (Some("3"), ok));
    assert_eq!(
        (told[1].get("message"), meaning(&told[1])),
        (Some("call done"), ok)
    );
}

#[test]
fn an_attempt_takes_as_long_as_the_time_between_its_steps() {
    let recording = Recording::new();
    let mut client = Client::new();
    let mut call = Call::new(&read());
    sent(&mut call, &mut client);
    client.pass(seconds(2));
    call.handle(refusal("InternalError"));
    let delay = wait(&mut call, &mut client);
    let attempt = recording.one_of("tc3::attempt");
    assert_eq!(attempt.get("latency_ms"), Some("2000"));
    client.pass(delay);
    sent(&mut call, &mut client);
    call.handle(answer(json!({})));
    client.pass(seconds(3));
    done(&mut call, &mut client).unwrap();
    let told = recording.take();
    assert_eq!(told[0].get("latency_ms"), Some("3000"));
    let all = (seconds(5) + delay).as_millis().to_string();
    assert_eq!(told[1].get("latency_ms"), Some(&*all));
}

#[test]
fn the_end_is_told_of_once() {
    let recording = Recording::new();
    let mut client = Client::new();
    let mut call = Call::new(&read());
    sent(&mut call, &mut client);
    call.handle(answer(json!({})));
    done(&mut call, &mut client).unwrap();
    recording.one_of("tc3::call");
    done(&mut call, &mut client).unwrap_err();
    drop(call);
    assert!(recording.take().is_empty());
}

#[test]
fn a_call_that_failed_has_the_word_of_its_last_attempt() {
    let recording = Recording::new();
    let settings = Settings::default().with_retry(Retry::default().with_attempts(2));
    let mut client = Client::with_settings(settings);
    let mut outcomes = [refusal("InternalError"), unknown()].into_iter();
    let output = client.drive(&mut Call::new(&read()), |_, _| outcomes.next().unwrap());
    output.unwrap_err();
    let error = "gave up after 2 attempts: no answer from the service: \
         no answer came back; the request may have taken effect: connection reset";
    let expected = [Some("no_answer"), Some("5e1f"), None, Some(error)];
    let told = recording.one_of("tc3::call");
    assert_eq!(
        (told.get("message"), meaning(&told)),
        (Some("call failed"), expected)
    );
}

#[test]
fn an_input_that_is_wrong_is_told_of_by_its_names() {
    let recording = Recording::new();
    let mut client = Client::new();
    let wrong = Untyped::new("cvm", "2017-03-12", "Describe Zones", json!({}));
    done(&mut Call::new(&wrong), &mut client).unwrap_err();
    let told = recording.one_of("tc3::call");
    let fields = ["service", "action", "outcome"].map(|field| told.get(field));
    assert_eq!(
        fields,
        [Some("cvm"), Some("Describe Zones"), Some("invalid")]
    );
}

/// What looks for credentials came to, and for each attempt its number, its action, its region and whether it is
/// for credentials.
type Driven = (
    Vec<String>,
    Vec<(u32, Option<String>, Option<String>, bool)>,
);

fn drive(client: &mut Client, service: &mut Emulator) -> Driven {
    let recording = Recording::new();
    let mut attempts = Vec::new();
    let _ = client.drive(&mut Call::new(&january()), |now, attempt: Attempt| {
        attempts.push((
            attempt.number,
            attempt.action().map(Into::into),
            attempt.region().map(Into::into),
            attempt.for_credentials,
        ));
        Ok(service.handle(now, &attempt.request))
    });
    let told = recording.of("tc3::credentials");
    let looks = told
        .iter()
        .filter_map(|it| it.get("source").or(it.get("error")));
    (looks.map(Into::into).collect(), attempts)
}

#[test]
fn a_search_for_credentials_tells_what_it_came_to() {
    let mut client = near(Source::environment(), Settings::default());
    let names = ["TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"];
    let (looks, attempts) = drive(&mut client, &mut machine());
    let none = "no credentials: environment: neither TENCENTCLOUD_SECRET_ID nor TENCENTCLOUD_SECRET_KEY is set";
    assert_eq!((looks, attempts), (vec![none.to_string()], vec![]));

    let mut client = near(Source::environment(), Settings::default());
    set(
        &mut client,
        &[(names[0], "AKIDEXAMPLE"), (names[1], "not-a-real-key")],
    );
    let call = (1, Some("DescribeBillList".to_string()), None, false);
    let (looks, attempts) = drive(&mut client, &mut machine());
    assert_eq!(
        (looks, attempts),
        (vec!["environment".to_string()], vec![call.clone()])
    );
    // It has them.
    assert_eq!(drive(&mut client, &mut machine()), (vec![], vec![call]));
}

#[test]
fn what_is_sent_for_credentials_is_told_from_the_call() {
    let chain = Chain::of([Source::role(role(), credential())]);
    let mut client = near(chain, Settings::default());
    let (looks, attempts) = drive(&mut client, &mut Emulator::new(credential()));
    assert_eq!(looks, [format!("role {}", Emulator::ROLE_ARN)]);
    let assume = Some("AssumeRole".to_string());
    let region = Some("ap-guangzhou".to_string());
    let call = Some("DescribeBillList".to_string());
    assert_eq!(
        attempts,
        [(1, assume, region, true), (1, call, None, false)]
    );
}

#[test]
fn the_region_of_a_role_is_not_the_calls() {
    let recording = Recording::new();
    let mut service = Emulator::new(credential());
    let mut client = near(Source::role(role(), credential()), Settings::default());
    client.call(&mut service, &january()).unwrap();
    let told = recording.take();
    let regions = |target| {
        let told = told.iter().filter(|it| it.target == target);
        told.filter_map(|it| it.get("region")).collect::<Vec<_>>()
    };
    assert_eq!(regions("tc3::attempt"), ["ap-guangzhou"]);
    assert!(regions("tc3::call").is_empty() && regions("a span").is_empty());
}

#[test]
fn the_attempts_for_a_role_have_answers_and_waits_of_their_own() {
    let recording = Recording::new();
    let mut client = near(Source::role(role(), credential()), Settings::default());
    let mut call = Call::new(&january());
    let mut search = super::search(&mut call, &mut client);
    let DriverStep::Send(attempt) = search.step(&mut client.session, client.now) else {
        panic!("no send");
    };
    assert!(attempt.for_credentials);
    search.handle(refusal("RequestLimitExceeded"));
    recording.take();
    let step = search.step(&mut client.session, client.now);
    assert!(matches!(step, DriverStep::Wait(_)));
    let told = recording.take();
    let [attempt, wait] = &told[..] else {
        panic!("{told:#?}");
    };
    let fields = [
        "action",
        "attempt",
        "for_credentials",
        "outcome",
        "request_id",
    ];
    let expected = ["AssumeRole", "1", "true", "throttled", "5e1f"].map(Some);
    assert_eq!(fields.map(|field| attempt.get(field)), expected);
    let fields = ["why", "for_credentials", "next_attempt", "outcome"];
    let expected = [Some("throttled"), Some("true"), None, Some("throttled")];
    assert_eq!(fields.map(|field| wait.get(field)), expected);
    // The request for a role has no end of its own, and the call itself was not sent.
    drop(search);
    assert!(recording.take().is_empty());
    drop(call);
    let told = recording.one_of("tc3::call");
    let fields = ["message", "attempts"].map(|field| told.get(field));
    assert_eq!(fields, [Some("call abandoned"), Some("0")]);
}

#[test]
fn a_walk_is_told_of_page_by_page_and_at_its_end() {
    let recording = Recording::new();
    let mut service = Emulator::new(credential());
    let mut client = Client::with_session(Session::new(credential()));
    let mut pages = Pages::new(january().with_limit(30));
    let span = recording.one_of("a span");
    assert_eq!(span.get("action"), Some("DescribeBillList"));
    let mut count = 0;
    while let Some(page) = client.drive(&mut pages, |now, attempt| {
        Ok(service.handle(now, &attempt.request))
    }) {
        count += 1;
        let id = page.unwrap().request_id;
        let told = recording.take();
        let by = |message| {
            told.iter()
                .find(|it| it.get("message") == Some(message))
                .unwrap()
        };
        assert_eq!(by("attempt").get("action"), Some("DescribeBillList"));
        assert_eq!(meaning(by("call done"))[..2], [Some("ok"), Some(&*id)]);
        let page = by("page");
        assert_eq!(page.get("page"), Some(&*count.to_string()));
        assert_eq!(page.get("delivered"), Some(&*pages.delivered().to_string()));
        assert_eq!(page.get("request_id"), Some(&*id));
    }
    let told = recording.one_of("tc3::walk");
    let fields = ["message", "pages", "outcome"].map(|field| told.get(field));
    assert_eq!(
        fields,
        [Some("walk done"), Some(&*count.to_string()), Some("ok")]
    );
    assert!(done(&mut pages, &mut client).is_none());
    drop(pages);
    assert!(recording.take().is_empty());
}

#[test]
fn a_walk_that_its_driver_gives_up_is_told_of_as_failed() {
    let recording = Recording::new();
    let mut planner = Prefetch::new(january());
    planner.fail(Error::Shutdown).unwrap_err();
    let client = Client::new();
    assert!(matches!(planner.turn(client.session.settings()), Turn::End));
    drop(planner);
    let told = recording.one_of("tc3::walk");
    let fields = ["message", "pages", "outcome"].map(|field| told.get(field));
    assert_eq!(fields, [Some("walk failed"), Some("0"), Some("shutdown")]);
}

#[test]
fn a_call_that_ends_a_walk_is_warned_of_once() {
    let recording = Recording::new();
    let mut client = Client::new();
    let mut pages = Pages::new(january());
    let page = client.drive(&mut pages, |_, _| refusal("UnauthorizedOperation"));
    let error = page.unwrap().unwrap_err();
    let told = recording.take();
    let failed = told.iter().filter(|it| it.target.starts_with("tc3::"));
    let failed: Vec<_> = failed
        .filter_map(|it| Some((it.level?, it.get("message")?)))
        .collect();
    let expected = [
        (Level::DEBUG, "attempt"),
        (Level::DEBUG, "call failed"),
        (Level::WARN, "walk failed"),
    ];
    assert_eq!(failed, expected);
    let walk = told.iter().find(|it| it.target == "tc3::walk").unwrap();
    assert_eq!(walk.get("code"), Some("UnauthorizedOperation"));
    // A call of its own is warned of.
    let mut call = Call::new(&january());
    let result = client.drive(&mut call, |_, _| refusal("UnauthorizedOperation"));
    assert_eq!(result.unwrap_err().ticket(), error.ticket());
    assert_eq!(recording.one_of("tc3::call").level, Some(Level::WARN));
}

#[test]
fn a_call_tells_whose_key_signed_it_and_that_of_a_role_once_it_has_one() {
    let recording = Recording::new();
    let mut service = Emulator::new(credential());
    let mut client = near(Source::role(role(), credential()), Settings::default());
    client.call(&mut service, &january()).unwrap();
    let role = client.session.credential().unwrap().secret_id().to_string();
    assert_ne!(role, "AKIDEXAMPLE");
    let ids = |told: &[Told]| {
        let ids = told.iter().filter_map(|it| it.get("secret_id"));
        ids.map(Into::into).collect::<Vec<String>>()
    };
    // In the span and at the end.
    assert_eq!(ids(&recording.take()), [role.clone(), role]);

    // Another credential takes its place before the second attempt.
    let mut client = Client::new();
    let mut call = Call::new(&read());
    sent(&mut call, &mut client);
    let other = Credential::new("AKIDOTHER", "not-a-real-key").unwrap();
    client.session.set_credential(other);
    call.handle(refusal("RequestLimitExceeded"));
    let delay = wait(&mut call, &mut client);
    client.pass(delay);
    sent(&mut call, &mut client);
    let expected = ["AKIDEXAMPLE", "AKIDOTHER"].map(String::from);
    assert_eq!(ids(&recording.take()), expected);
}

#[test]
fn what_makes_an_action_rest_and_nothing_else_is_called_a_throttle() {
    let codes = [
        "RequestLimitExceeded",
        "RequestLimitExceeded.UinLimitExceeded",
        "LimitExceeded",
        "InternalError",
        "AuthFailure.SignatureExpire",
        "FailedOperation",
    ];
    let refusals = codes.map(|code| Box::new(move || refusal(code)) as Box<dyn Fn() -> Outcome>);
    let pages = [200, 403, 429, 503].map(|status| {
        let page: Box<dyn Fn() -> Outcome> = Box::new(move || page(status, ""));
        page
    });
    let recording = Recording::new();
    for outcome in refusals.into_iter().chain(pages) {
        let mut client = Client::new();
        let mut call = Call::new(&write());
        sent(&mut call, &mut client);
        call.handle(outcome());
        let _ = call.step(&mut client.session, client.now);
        let told = recording.one_of("tc3::attempt");
        let word = told.get("outcome").unwrap();
        // Another call of the same action has to wait, or need not.
        let mut other = Call::new(&write());
        let rests = matches!(other.step(&mut client.session, client.now), Step::Wait(_));
        assert_eq!(word == "throttled", rests, "{word}");
    }
}

#[test]
fn errors_that_no_service_makes_have_words_as_well() {
    let invalid = Error::from(Invalid::new("Limit", "must be at least 1"));
    assert_eq!(invalid.name(), "invalid");
    assert_eq!(Error::Ended.name(), "ended");
    assert_eq!(Error::from(Failure::unknown("reset")).name(), "no_answer");
    let mut client = Client::with_settings(Settings::default().with_deadline(Duration::ZERO));
    let error = done(&mut Call::new(&read()), &mut client).unwrap_err();
    assert_eq!(error.name(), "deadline");
}

/// What is told of an action's only answer: when it comes, and when the call ends.
fn told_of(action: &Untyped, outcome: Outcome) -> (String, String, Error) {
    let recording = Recording::new();
    let settings = Settings::default().with_retry(Retry::NEVER);
    let mut client = Client::with_settings(settings);
    let mut call = Call::new(action);
    sent(&mut call, &mut client);
    call.handle(outcome);
    let error = done(&mut call, &mut client).unwrap_err();
    let told = recording.take();
    let text = |target| {
        let told = told.iter().find(|it| it.target == target).unwrap();
        told.get("error").unwrap().to_string()
    };
    (text("tc3::attempt"), text("tc3::call"), error)
}

#[test]
fn what_is_wrong_is_one_line_whatever_the_service_writes() {
    let message = "two\nWARN forged\r\u{1b}[31m\u{85}\u{2028}end";
    let refused = answer(json!({"Error": {"Code": "A.B", "Message": message}}));
    let (during, text, error) = told_of(&read(), refused);
    assert_eq!(error.refusal().unwrap().message(), message);
    let shown = "the service refused: A.B: \
        two\\nWARN forged\\r\\u{1b}[31m\\u{85}\\u{2028}end (RequestId 5e1f)";
    assert_eq!((during.as_str(), text.as_str()), (shown, shown));
}

#[test]
fn an_answer_that_is_confidential_is_not_shown_where_it_is_wrong() {
    for body in [
        r#"{"Response": {"Plaintext": "MARKED"#,
        r#"{"Response": {"Plaintext": "MARKED", "RequestId": ["MARKED"]}}"#,
        r#"{"Response": {"Plaintext": 1, "RequestId": {"MARKED": 1}}}"#,
        r#"["MARKED"]"#,
        "MARKED",
    ] {
        let (during, text, error) = told_of(&read().confidential(), page(200, body));
        let shown = format!("{during} {text} {error} {error:?}");
        assert!(!shown.contains("MARKED"), "{shown}");
    }
    let (_, text, _) = told_of(&read(), page(200, "MARKED"));
    assert!(text.contains("MARKED"), "{text}");
}

#[test]
fn a_role_that_is_refused_has_its_request_id_and_its_cause_once() {
    let recording = Recording::new();
    let mut service = Emulator::new(credential());
    let stranger = tc3_core::sts::AssumeRole::new("qcs::cam::uin/1:roleName/stranger", "report");
    let mut client = near(Source::role(stranger, credential()), Settings::default());
    let mut call = Call::new(&january());
    let output = client.drive(&mut call, |now, attempt| {
        Ok(service.handle(now, &attempt.request))
    });
    let told = recording.one_of("tc3::call");
    let id = told.get("request_id").unwrap();
    assert_eq!(told.get("code"), Some("ResourceNotFound.RoleNotFound"));
    let text = told.get("error").unwrap();
    assert_eq!(text.matches(id).count(), 1, "{text}");
    assert_eq!(output.unwrap_err().request_id(), Some(id));
}

#[test]
fn a_page_fetched_beside_others_is_told_of_as_a_call() {
    let recording = Recording::new();
    let mut service = Emulator::new(credential());
    let mut client = Client::new();
    let mut planner = Prefetch::new(january()).with_width(2);
    let Turn::Fetch(mut fetch) = planner.turn(client.session.settings()) else {
        panic!("nothing to fetch");
    };
    let _fetched = client.drive(&mut fetch, |now, attempt| {
        Ok(service.handle(now, &attempt.request))
    });
    let told = recording.one_of("tc3::call");
    assert_eq!(told.get("outcome"), Some("ok"));
    assert!(told.get("request_id").is_some_and(|id| !id.is_empty()));
}
