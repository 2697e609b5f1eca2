use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tc3_core::{
    Action, Error, Failure, Paginate, UnixTime,
    billing::DescribeBillList,
    emulator::{Emulator, Exchange, Fault, Scripted, When},
    wire::{request, response},
};

use super::{allocations, bills, usage};
use crate::common::{Client, START, credential};

pub(crate) fn service() -> Emulator {
    Emulator::new(credential()).with_records(300)
}

/// The service with a script in its text form.
pub(crate) fn scripted(script: &[&str]) -> Emulator {
    script.iter().fold(service(), |service, text| {
        let Scripted { when, fault, .. } = text.parse().unwrap();
        service.with_fault(when, fault)
    })
}

pub(crate) fn action() -> DescribeBillList {
    bills("2024-01-01 00:00:00", "2024-01-31 23:59:59")
}

pub(crate) fn signed<A: Action>(action: &A) -> Request<Bytes> {
    request::sign(action, &mut Client::new().session, START).unwrap()
}

fn exchange(service: &mut Emulator) -> Exchange {
    service.exchange(START, &signed(&action()))
}

fn answer(service: &mut Emulator) -> Response<Bytes> {
    exchange(service).outcome.unwrap()
}

/// What a response is: the code of a refusal, the status of a page, or "" for an answer.
pub(crate) fn kind<A: Action>(response: &Response<Bytes>) -> String {
    match response::read::<A>(response) {
        Ok(_) => String::new(),
        Err(Error::NotAnAnswer { status, .. }) => status.to_string(),
        Err(error) => error.refusal().unwrap().code().into(),
    }
}

/// What the next requests come to.
pub(crate) fn kinds<const N: usize>(service: &mut Emulator) -> [String; N] {
    [(); N].map(|()| kind::<DescribeBillList>(&answer(service)))
}

/// The first answer when nothing goes wrong.
fn right_body() -> Bytes {
    answer(&mut service()).into_body()
}

fn total(answer: &Response<Bytes>) -> u64 {
    let reply = response::read::<DescribeBillList>(answer).unwrap();
    reply.output.total.unwrap()
}

#[test]
fn without_a_script_an_exchange_is_the_answer_at_once() {
    let mut service = service();
    let exchange = exchange(&mut service);
    assert_eq!(exchange.delay, Duration::ZERO);
    assert_eq!(exchange.outcome.unwrap().into_body(), right_body());
    assert_eq!(service.requests(), 1);
}

#[test]
fn a_throttled_request_may_be_told_when_to_come_again() {
    let mut service = scripted(&["throttle@1", "throttle=2@2"]);
    for retry_after in [None, Some("2")] {
        let answer = answer(&mut service);
        assert_eq!(answer.status(), 200);
        let header = answer.headers().get("retry-after");
        assert_eq!(header.map(|value| value.to_str().unwrap()), retry_after);
        assert!(answer.headers().contains_key("date"));
        let error = response::read::<DescribeBillList>(&answer).unwrap_err();
        assert_eq!(error.refusal().unwrap().code(), "RequestLimitExceeded");
        assert!(error.request_id().is_some_and(|id| id.len() == 36));
    }
    assert_eq!(kinds(&mut service), [""]);
}

#[test]
fn any_code_can_be_refused_with() {
    let mut service = scripted(&["refuse=InternalError.GatewayError@1"])
        .with_fault(When::At(2), Fault::Refuse("A.B".into()));
    let expected = ["InternalError.GatewayError", "A.B", ""];
    assert_eq!(kinds(&mut service), expected);
}

#[test]
fn a_gateways_page_is_no_answer() {
    let mut service = scripted(&["status=502@1", "status=503:1@2"]);
    let page = answer(&mut service);
    assert_eq!(page.body(), "<html>502 Bad Gateway</html>");
    assert_eq!(page.headers().get("retry-after"), None);
    let page = answer(&mut service);
    assert_eq!(page.status(), 503);
    assert_eq!(page.headers()["retry-after"], "1");
    assert_eq!(kinds(&mut service), [""]);
}

#[test]
fn an_impossible_status_is_502() {
    for status in [0, 99, 101, 600, u16::MAX] {
        let fault = Fault::Status {
            status,
            retry_after: None,
        };
        let mut service = service().with_fault(When::At(1), fault);
        assert_eq!(kinds(&mut service), ["502"], "{status}");
    }
}

#[test]
fn a_cut_answer_is_half_of_it() {
    let cut = answer(&mut scripted(&["cut@1"]));
    let right = right_body();
    assert_eq!(cut.status(), 200);
    assert_eq!(cut.body(), &right[..right.len() / 2]);
    let error = response::read::<DescribeBillList>(&cut).unwrap_err();
    let expected = matches!(error, Error::NotAnAnswer { status: 200, .. });
    assert!(expected, "{error}");
}

#[test]
fn what_did_not_arrive_took_no_effect() {
    let script = ["not-reached@1..30", "tail=1@1..30"];
    let mut service = scripted(&script).with_frequency_limits();
    for _ in 0..30 {
        let failure = exchange(&mut service).outcome.unwrap_err();
        assert!(matches!(failure, Failure::NotSent(_)), "{failure}");
    }
    assert_eq!(service.requests(), 30);
    assert_eq!(answer(&mut service).into_body(), right_body());
}

#[test]
fn a_lost_answer_took_effect() {
    let script = ["lost@1..20", "tail=1@1"];
    let mut service = scripted(&script).with_frequency_limits();
    for _ in 0..20 {
        let failure = exchange(&mut service).outcome.unwrap_err();
        assert!(matches!(failure, Failure::Unknown(_)), "{failure}");
    }
    // All 20 counted, and the first one's record is there.
    assert_eq!(kinds(&mut service), ["RequestLimitExceeded"]);
    let next_second = UnixTime::new(START.seconds() + 1);
    let answer = service.handle(next_second, &signed(&action()));
    assert_eq!(total(&answer), 14);
}

#[test]
fn where_there_is_no_answer_a_gateway_times_out() {
    let mut service = scripted(&["not-reached@1", "lost@2"]);
    for _ in 0..2 {
        let page = service.handle(START, &signed(&action()));
        assert_eq!(page.status(), 504);
        assert_eq!(kind::<DescribeBillList>(&page), "504");
    }
    let answer = service.handle(START, &signed(&action()));
    assert_eq!(total(&answer), 13);
}

#[test]
fn a_slow_answer_is_the_answer() {
    let mut service = scripted(&["slow=200@1", "slow=50@1..2"]);
    let slow = exchange(&mut service);
    assert_eq!(slow.delay, Duration::from_millis(250));
    assert_eq!(slow.outcome.unwrap().into_body(), right_body());
    assert_eq!(exchange(&mut service).delay, Duration::from_millis(50));
    assert_eq!(exchange(&mut service).delay, Duration::ZERO);
}

/// The records of the next answer, and the total that it reports.
pub(crate) fn ask<A: Paginate>(service: &mut Emulator, action: &A) -> (Vec<A::Item>, Option<u64>) {
    let output = Client::new().call(service, action).unwrap();
    let total = A::page_info(&output).total;
    (A::into_items(output), total)
}

/// Whether the third page is the first one, for two requests with that script.
fn third_is_first<A: Paginate>(first: A, third: A) -> [bool; 2]
where
    A::Item: PartialEq,
{
    let right = ask(&mut service(), &first);
    let mut service = scripted(&["ignore-offset@2"]);
    [(); 2].map(|()| ask(&mut service, &third) == right)
}

#[test]
fn an_ignored_offset_gives_the_first_page() {
    let bills = action().with_limit(3);
    let third = bills.clone().with_offset(6);
    assert_eq!(third_is_first(bills, third), [false, true]);
    let summary = allocations(2024, 2).with_limit(3);
    let third = summary.clone().with_offset(6);
    assert_eq!(third_is_first(summary, third), [false, true]);
    let usage = usage("20240101", "20240131").with_limit(3);
    let third = usage.clone().with_offset(2);
    assert_eq!(third_is_first(usage, third), [false, true]);
}

/// The totals that are reported, each with all records as they are.
fn totals<A: Paginate>(action: &A) -> Vec<Option<u64>>
where
    A::Item: PartialEq,
{
    let right = ask(&mut service(), action).0;
    let mut service = scripted(&["total=+5@2", "total=-3@3..4", "total=-1@4", "total=-1000@5"]);
    let mut ask = || {
        let (records, total) = ask(&mut service, action);
        assert!(records == right, "{}", A::NAME);
        total
    };
    (0..5).map(|_| ask()).collect()
}

#[test]
fn a_total_is_off_and_the_records_are_not() {
    let around = |right: u64| [right, right + 5, right - 3, right - 4, 0].map(Some);
    assert_eq!(totals(&action()), around(13));
    assert_eq!(totals(&allocations(2024, 2)), around(300));
    assert_eq!(totals(&usage("20240101", "20240131")), around(300));
    // Where there is no bill, no total is reported either.
    assert_eq!(totals(&allocations(2023, 12)), [None; 5]);
}

#[test]
fn a_clock_that_is_off_refuses_and_dates_from_then_on() {
    let mut service = scripted(&["clock=-3600@2", "clock=300@4"]);
    let expected = [
        "",
        "AuthFailure.SignatureExpire",
        "AuthFailure.SignatureExpire",
    ];
    assert_eq!(kinds(&mut service), expected);
    // 300 seconds ahead is still taken.
    let date = answer(&mut service).headers()["date"].clone();
    assert_eq!(date, "Thu, 09 Oct 2025 08:58:20 GMT");
    assert_eq!(kinds(&mut service), [""]);
    let right = answer(&mut self::service()).headers()["date"].clone();
    assert_eq!(right, "Thu, 09 Oct 2025 08:53:20 GMT");
}

#[test]
fn a_clock_is_off_even_for_what_did_not_arrive() {
    let mut service = scripted(&["not-reached@1", "clock=301@1"]);
    assert!(exchange(&mut service).outcome.is_err());
    assert_eq!(kinds(&mut service), ["AuthFailure.SignatureExpire"]);
}

#[test]
fn requests_are_hit_by_their_number() {
    for (when, expected) in [
        (When::At(3), vec![3]),
        (When::From(8), vec![8, 9, 10]),
        (When::Within(2, 4), vec![2, 3, 4]),
        (When::Within(4, 2), vec![]),
        (When::Every(3), vec![3, 6, 9]),
        (When::Every(1), (1..=10).collect()),
        (When::Every(0), vec![]),
        (When::At(0), vec![]),
    ] {
        let mut service = service().with_fault(when, Fault::Slow(Duration::from_secs(1)));
        let delayed = |number: &u64| {
            let exchange = exchange(&mut service);
            assert_eq!(when.hits(*number), !exchange.delay.is_zero());
            when.hits(*number)
        };
        let hit: Vec<u64> = (1..=10).filter(delayed).collect();
        assert_eq!(hit, expected, "{when}");
    }
}

#[test]
fn shares_lie_side_by_side_and_are_drawn_by_the_seed() {
    let requests = 10_000;
    // Not for the API, so that it is answered at once.
    let request = Request::get("/other").body(Bytes::new()).unwrap();
    let hit = |seed, texts: &[&str]| {
        let mut service = scripted(texts).with_seed(seed);
        let outcomes: Vec<(bool, bool)> = (0..requests)
            .map(|_| {
                let exchange = service.exchange(START, &request);
                (!exchange.delay.is_zero(), exchange.outcome.is_err())
            })
            .collect();
        assert_eq!(service.requests(), requests);
        (outcomes, service.faults())
    };
    let script = ["slow=1@4%", "lost@1.5%"];
    let (outcomes, faults) = hit(7, &script);
    let slow = outcomes.iter().filter(|(slow, _)| *slow).count();
    let lost = outcomes.iter().filter(|(_, lost)| *lost).count();
    // Four standard deviations either way.
    assert!((321..480).contains(&slow), "{slow}");
    assert!((101..199).contains(&lost), "{lost}");
    assert!(!outcomes.contains(&(true, true)));
    assert_eq!(faults, (slow + lost) as u64);

    assert_eq!(hit(7, &script).0, outcomes);
    assert_ne!(hit(8, &script).0, outcomes);
    // All requests are a share as well, after which nothing is left.
    let (outcomes, faults) = hit(7, &["slow=1@60%", "lost@40%", "lost@100%"]);
    assert!(outcomes.iter().all(|(slow, lost)| slow != lost));
    assert_eq!(faults, requests);
}

#[test]
fn all_that_can_be_combined_applies_at_once() {
    let mut service = scripted(&[
        "slow=10@1",
        "cut@1",
        "throttle=7@1",
        "tail=1@1",
        "clock=60@1",
    ]);
    let exchange = exchange(&mut service);
    assert_eq!(exchange.delay, Duration::from_millis(10));
    let refused = exchange.outcome.unwrap();
    assert_eq!(refused.headers()["retry-after"], "7");
    assert_eq!(refused.headers()["date"], "Thu, 09 Oct 2025 08:54:20 GMT");
    let beginning = String::from_utf8(refused.body().to_vec()).unwrap();
    assert!(
        beginning.starts_with(r#"{"Response":{"Error":{"Code":"#),
        "{beginning}"
    );
    assert_eq!(kind::<DescribeBillList>(&refused), "200");
    assert_eq!(total(&answer(&mut service)), 14);
}

#[test]
fn of_several_answers_the_first_scripted_wins() {
    let mut service = scripted(&[
        "status=502@2..",
        "throttle@1..2",
        "lost@1..3",
        "not-reached@4",
    ]);
    assert_eq!(
        kinds(&mut service),
        ["RequestLimitExceeded", "502", "502", "502"]
    );
    let mut service = scripted(&["clock=301@1", "clock=0@1"]);
    assert_eq!(kinds(&mut service), ["AuthFailure.SignatureExpire"]);
}

#[test]
fn a_request_elsewhere_is_counted_and_can_go_wrong() {
    let mut elsewhere = signed(&action());
    *elsewhere.uri_mut() = "/other".parse().unwrap();
    let mut service = scripted(&["throttle@2"]);
    assert_eq!(service.handle(START, &elsewhere).status(), 404);
    assert_eq!(kinds(&mut service), ["RequestLimitExceeded", ""]);
}

#[test]
fn every_option_is_kept_by_every_other() {
    type Option = fn(Emulator) -> Emulator;
    let options: [Option; 5] = [
        |service| service.with_records(900),
        |service| service.with_seed(7),
        |service| service.with_fault(When::At(2), Fault::Cut),
        |service| service.with_frequency_limits(),
        |service| service.with_exact_end_time(),
    ];
    let described = |order: &[usize]| {
        let new = Emulator::new(credential());
        let service = order.iter().fold(new, |service, at| options[*at](service));
        format!("{service:?}")
    };
    let expected = described(&[0, 1, 2, 3, 4]);
    for order in [
        [4, 3, 2, 1, 0],
        [2, 0, 4, 1, 3],
        [3, 4, 1, 0, 2],
        [1, 2, 3, 4, 0],
    ] {
        assert_eq!(described(&order), expected, "{order:?}");
    }
}

#[test]
fn a_started_script_goes_on_with_another_ledger() {
    let mut service = scripted(&["throttle@2", "tail=1@1"]);
    let before = total(&answer(&mut service));
    let mut service = service.with_seed(7).with_records(300);
    assert_eq!(service.requests(), 1);
    assert_eq!(kinds(&mut service), ["RequestLimitExceeded"]);
    assert_eq!(total(&answer(&mut service)), before);
}
