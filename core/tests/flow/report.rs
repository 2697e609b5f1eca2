//! What flows tell of themselves.

use std::time::Duration;

use serde_json::json;
use tc3_core::{
    Attempt, Call, Chain, Emulator, Error, Failure, Flow, Invalid, Outcome, Pages, Report, Retry,
    Session, Settings, Source, Step, Untyped, Why, credential::SearchStep,
};

use super::{
    answer,
    credentials::{january, machine, near, role, set},
    done, page, read, refusal,
    retry::unknown,
    seconds, sent, with, write,
};
use crate::common::{Client, credential};

fn wait<F: Flow>(flow: &mut F, client: &mut Client) -> Duration {
    match flow.step(&mut client.session, client.now) {
        Step::Wait(delay) => delay,
        Step::Send(_) | Step::Done(_) => panic!("no wait"),
    }
}

fn why<F: Flow>(flow: &F) -> Option<Why> {
    flow.report().and_then(|report| report.why)
}

/// Why a call waits after an answer.
fn why_after(outcome: Outcome) -> Option<Why> {
    let mut client = Client::new();
    client.now.entropy = 1;
    let mut call = Call::new(&read());
    sent(&mut call, &mut client);
    call.handle(outcome);
    assert_eq!(why(&call), None);
    let delay = wait(&mut call, &mut client);
    let why = why(&call);
    client.pass(delay);
    sent(&mut call, &mut client);
    assert_eq!(self::why(&call), None, "it waits no more");
    why
}

#[test]
fn a_wait_says_what_it_is_for() {
    let throttled = || refusal("RequestLimitExceeded");
    for (outcome, why) in [
        (unknown(), Why::Backoff),
        (refusal("InternalError"), Why::Backoff),
        (
            with(refusal("InternalError"), "retry-after", "0"),
            Why::Backoff,
        ),
        (
            with(refusal("InternalError"), "retry-after", "3"),
            Why::RetryAfter,
        ),
        (throttled(), Why::Throttled),
        (with(throttled(), "retry-after", "3"), Why::Throttled),
        (page(429, ""), Why::Throttled),
    ] {
        let shown = format!("{outcome:?}");
        assert_eq!(why_after(outcome), Some(why), "{shown}");
    }
}

#[test]
fn calls_in_line_wait_for_the_rate_and_those_beside_a_throttled_one_for_its_rest() {
    let mut client = Client::new();
    let settings = Settings::default().with_rate("cvm", "DescribeZones", 1);
    client.session = client.session.with_settings(settings);
    let (mut first, mut second) = (Call::new(&read()), Call::new(&read()));
    sent(&mut first, &mut client);
    wait(&mut second, &mut client);
    assert_eq!(why(&second), Some(Why::Rate));
    first.handle(with(refusal("RequestLimitExceeded"), "retry-after", "9"));
    wait(&mut first, &mut client);
    client.pass(seconds(2));
    assert_eq!(wait(&mut second, &mut client), seconds(7));
    assert_eq!(why(&second), Some(Why::Throttled));
    // It had no answer of its own.
    assert!(second.report().unwrap().last.is_none());
}

#[test]
fn a_call_waits_for_credentials_that_another_one_looks_for() {
    let mut client = near(Source::cvm_role(), Settings::default());
    let (mut first, mut second) = (Call::new(&january()), Call::new(&january()));
    let mut search = super::search(&mut first, &mut client);
    let SearchStep::Send(attempt) = search.step(&mut client.session, client.now) else {
        panic!("no send");
    };
    assert!(attempt.for_credentials && attempt.action().is_none());
    wait(&mut second, &mut client);
    assert_eq!(why(&second), Some(Why::Credentials));
    // Nobody is there: it may be otherwise soon.
    search.handle(page(503, ""));
    assert!(search.report().last.is_none());
    let step = search.step(&mut client.session, client.now);
    assert!(matches!(step, SearchStep::Done));
    wait(&mut first, &mut client);
    assert_eq!(why(&first), Some(Why::NoCredentials));
    let missing = search.report().credentials.unwrap().unwrap_err();
    assert_eq!(missing.tried()[0].source, "CVM role");
}

#[test]
fn an_answer_is_told_of_until_the_next_one() {
    let mut client = Client::new();
    let mut call = Call::new(&read());
    let told = |call: &Call<Untyped>| {
        let report: Report<'_> = call.report().unwrap();
        assert_eq!(
            (&*report.service, &*report.action),
            ("cvm", "DescribeZones")
        );
        let last = report.last.map(|last| {
            let texts = (last.request_id.map(Into::into), last.code.map(Into::into));
            (last.outcome, texts, last.to_string())
        });
        (report.attempts, last)
    };
    assert_eq!(told(&call), (0, None));
    assert_eq!(sent(&mut call, &mut client).number, 1);
    assert_eq!(told(&call), (1, None));

    call.handle(refusal("RequestLimitExceeded.Uin"));
    let throttled = (
        "throttled",
        (
            Some("5e1f".to_string()),
            Some("RequestLimitExceeded.Uin".to_string()),
        ),
        "the service refused: RequestLimitExceeded.Uin: no (RequestId 5e1f)".to_string(),
    );
    assert_eq!(told(&call), (1, Some(throttled.clone())));
    let delay = wait(&mut call, &mut client);
    assert_eq!(told(&call), (1, Some(throttled.clone())));
    client.pass(delay);
    assert_eq!(sent(&mut call, &mut client).number, 2);
    assert_eq!(told(&call), (2, Some(throttled)));

    call.handle(Err(Failure::not_sent("connection refused")));
    let failed = (
        "not_sent",
        (None, None),
        "no answer from the service: the request was not sent: connection refused".to_string(),
    );
    assert_eq!(told(&call), (2, Some(failed)));
    let delay = wait(&mut call, &mut client);
    client.pass(delay);
    assert_eq!(sent(&mut call, &mut client).number, 3);
    call.handle(answer(json!({})));
    let ok = ("ok", (Some("5e1f".to_string()), None), "ok".to_string());
    assert_eq!(told(&call), (3, Some(ok)));

    let output = done(&mut call, &mut client);
    let verdict = Call::<Untyped>::verdict(&output).unwrap();
    assert_eq!((verdict.outcome, verdict.request_id), ("ok", Some("5e1f")));
}

#[test]
fn a_call_that_failed_has_the_word_of_its_last_attempt() {
    let settings = Settings::default().with_retry(Retry::default().with_attempts(2));
    let mut client = Client::with_settings(settings);
    let mut outcomes = [refusal("InternalError"), unknown()].into_iter();
    let output = client.drive(&mut Call::new(&read()), |_, _| outcomes.next().unwrap());
    let verdict = Call::<Untyped>::verdict(&output).unwrap();
    assert_eq!(
        (verdict.outcome, verdict.request_id, verdict.code),
        ("no_answer", Some("5e1f"), None)
    );
    assert_eq!(
        verdict.to_string(),
        "gave up after 2 attempts: no answer from the service: \
         no answer came back; the request may have taken effect: connection reset"
    );
}

#[test]
fn an_input_that_is_wrong_is_told_of_by_its_names() {
    let mut client = Client::new();
    let wrong = Untyped::new("cvm", "2017-03-12", "Describe Zones", json!({}));
    let mut call = Call::new(&wrong);
    let output = done(&mut call, &mut client);
    let report = call.report().unwrap();
    assert_eq!(
        (&*report.service, &*report.action),
        ("cvm", "Describe Zones")
    );
    assert_eq!(
        Call::<Untyped>::verdict(&output).unwrap().outcome,
        "invalid"
    );
}

/// What looks for credentials came to, and for each attempt its number, its action, its region and whether it is
/// for credentials.
type Told = (
    Vec<String>,
    Vec<(u32, Option<String>, Option<String>, bool)>,
);

fn drive(client: &mut Client, service: &mut Emulator) -> Told {
    let (mut looks, mut attempts) = (Vec::new(), Vec::new());
    let mut call = Call::new(&january());
    loop {
        let mut send = |now, attempt: Attempt| {
            attempts.push((
                attempt.number,
                attempt.action().map(Into::into),
                attempt.region().map(Into::into),
                attempt.for_credentials,
            ));
            Ok(service.handle(now, &attempt.request))
        };
        match call.step(&mut client.session, client.now) {
            Step::Send(attempt) => call.handle(send(client.now.unix, attempt)),
            Step::Wait(_) => {
                let mut search = client.session.search(client.now).unwrap();
                assert!(search.report().credentials.is_none());
                client.search(&mut search, &mut send);
                looks.extend(search.report().credentials.map(|looked| match looked {
                    Ok(source) => source.to_string(),
                    Err(missing) => missing.to_string(),
                }));
            }
            Step::Done(_) => return (looks, attempts),
        }
    }
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
fn the_attempts_for_a_role_have_answers_and_waits_of_their_own() {
    let mut client = near(Source::role(role(), credential()), Settings::default());
    let mut call = Call::new(&january());
    let mut search = super::search(&mut call, &mut client);
    let SearchStep::Send(attempt) = search.step(&mut client.session, client.now) else {
        panic!("no send");
    };
    assert!(attempt.for_credentials);
    search.handle(refusal("RequestLimitExceeded"));
    let report = search.report();
    let last = report.last.unwrap();
    assert_eq!((last.outcome, last.request_id), ("throttled", Some("5e1f")));
    assert_eq!((&*report.action, report.attempts), ("AssumeRole", 1));
    let step = search.step(&mut client.session, client.now);
    assert!(matches!(step, SearchStep::Wait(_)));
    assert_eq!(search.report().why, Some(Why::Throttled));
    // The call itself was not sent.
    let report = call.report().unwrap();
    assert_eq!((&*report.action, report.attempts), ("DescribeBillList", 0));
    assert_eq!(why(&call), Some(Why::Credentials));
}

#[test]
fn a_walk_is_told_of_by_the_call_under_way_and_by_its_list_between() {
    let mut service = Emulator::new(credential());
    let mut client = Client::with_session(Session::new(credential()));
    let mut pages = Pages::new(january().with_limit(30));
    let action = |pages: &Pages<_>| Flow::report(pages).map(|it| it.action.into_owned());
    let attempts = |pages: &Pages<_>| Flow::report(pages).unwrap().attempts;
    let name = Some("DescribeBillList".to_string());
    assert_eq!((action(&pages), attempts(&pages)), (name.clone(), 0));
    let attempt = sent(&mut pages, &mut client);
    assert_eq!((action(&pages), attempts(&pages)), (name.clone(), 1));
    pages.handle(Ok(service.handle(client.now.unix, &attempt.request)));
    let output = done(&mut pages, &mut client);
    let verdict = Pages::<tc3_core::DescribeBillList>::verdict(&output).unwrap();
    assert_eq!(verdict.outcome, "ok");
    let request_id = verdict.request_id.unwrap();
    assert_eq!(
        request_id,
        output.as_ref().unwrap().as_ref().unwrap().request_id
    );
    assert_eq!((action(&pages), attempts(&pages)), (name, 0));
    while let Some(page) = client.drive(&mut pages, |now, attempt| {
        Ok(service.handle(now, &attempt.request))
    }) {
        page.unwrap();
    }
    assert_eq!(action(&pages), None);
    let end = done(&mut pages, &mut client);
    assert!(Pages::<tc3_core::DescribeBillList>::verdict(&end).is_none());
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
    for outcome in refusals.into_iter().chain(pages) {
        let mut client = Client::new();
        let mut call = Call::new(&write());
        sent(&mut call, &mut client);
        call.handle(outcome());
        let word = call.report().unwrap().last.unwrap().outcome;
        let _ = call.step(&mut client.session, client.now);
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
    let settings = Settings::default().with_retry(Retry::NEVER);
    let mut client = Client::with_settings(settings);
    let mut call = Call::new(action);
    sent(&mut call, &mut client);
    call.handle(outcome);
    let last = call.report().and_then(|report| report.last).unwrap();
    let during = last.to_string();
    let output = done(&mut call, &mut client);
    let verdict = Call::<Untyped>::verdict(&output).unwrap();
    let text = verdict.to_string();
    (during, text, output.unwrap_err())
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
    let mut service = Emulator::new(credential());
    let stranger = tc3_core::AssumeRole::new("qcs::cam::uin/1:roleName/stranger", "report");
    let mut client = near(Source::role(stranger, credential()), Settings::default());
    let mut call = Call::new(&january());
    let output = client.drive(&mut call, |now, attempt| {
        Ok(service.handle(now, &attempt.request))
    });
    let verdict = Call::<tc3_core::DescribeBillList>::verdict(&output).unwrap();
    let id = verdict.request_id.unwrap();
    assert_eq!(verdict.code, Some("ResourceNotFound.RoleNotFound"));
    let text = verdict.to_string();
    assert_eq!(text.matches(id).count(), 1, "{text}");
    assert_eq!(output.as_ref().unwrap_err().request_id(), Some(id));
}

#[test]
fn a_page_fetched_beside_others_has_the_verdict_of_its_call() {
    let mut service = Emulator::new(credential());
    let mut client = Client::new();
    let mut planner = tc3_core::Planner::new(january()).with_width(2);
    let tc3_core::Turn::Fetch(mut fetch) = planner.turn(client.session.settings()) else {
        panic!("nothing to fetch");
    };
    let fetched = client.drive(&mut fetch, |now, attempt| {
        Ok(service.handle(now, &attempt.request))
    });
    let verdict = tc3_core::Fetch::verdict(&fetched).unwrap();
    assert_eq!(verdict.outcome, "ok");
    assert!(verdict.request_id.is_some_and(|id| !id.is_empty()));
}
