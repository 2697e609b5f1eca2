use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use tc3_core::{
    Attempt, Call, Error, Flow, Outcome, Step, UnixTime, Untyped, billing::DescribeBillList,
    emulator::Emulator,
};

use super::{answer, page, read, refusal, seconds, with, write};
use crate::common::{Client, START, credential};

const HOUR: i64 = 3_600;
const YEAR: i64 = 365 * 24 * HOUR;

/// A machine whose clock is so many seconds ahead, and the service, whose clock is right.
struct Machine {
    client: Client,
    ahead: i64,
    service: Emulator,
    /// The refusals' codes, in order.
    refused: Vec<String>,
    sends: usize,
}

impl Machine {
    fn new(ahead: i64) -> Self {
        Self {
            client: Client::new(),
            ahead,
            service: Emulator::new(credential()).with_records(100),
            refused: Vec::new(),
            sends: 0,
        }
    }

    fn time(&self) -> UnixTime {
        let passed = i64::try_from(self.client.now.tick.as_secs()).unwrap();
        UnixTime::new(START.seconds() + passed)
    }

    fn drive<F: Flow>(
        &mut self,
        flow: &mut F,
        mut change: impl FnMut(Outcome) -> Outcome,
    ) -> F::Output {
        loop {
            let time = self.time();
            self.client.now.unix = UnixTime::new(time.seconds() + self.ahead);
            match flow.step(&mut self.client.session, self.client.now) {
                Step::Send(attempt) => {
                    self.sends += 1;
                    let response = self.service.handle(time, &attempt.request);
                    self.refused.extend(code(&response));
                    flow.handle(change(Ok(response)));
                }
                Step::Wait(delay) => self.client.pass(delay),
                Step::Done(output) => return output,
            }
        }
    }

    fn call(&mut self) -> Result<u64, Error> {
        let reply = self.drive(&mut Call::new(&january()), |outcome| outcome);
        reply.map(|reply| reply.output.total.unwrap())
    }
}

fn january() -> DescribeBillList {
    let start = "2024-01-01 00:00:00".parse().unwrap();
    DescribeBillList::new(start, "2024-01-31 23:59:59".parse().unwrap())
}

fn code(response: &http::Response<bytes::Bytes>) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    let code = json["Response"]["Error"]["Code"].as_str();
    code.map(Into::into)
}

const EXPIRED: &str = "AuthFailure.SignatureExpire";

#[test]
fn a_wrong_clock_costs_one_refusal_and_no_later_call_any() {
    for ahead in [HOUR, -HOUR, YEAR, -YEAR, 301, -301] {
        let mut machine = Machine::new(ahead);
        assert_eq!(machine.call().unwrap(), 4, "{ahead}");
        assert_eq!((machine.sends, machine.refused.len()), (2, 1), "{ahead}");
        assert_eq!(machine.refused, [EXPIRED]);
        // The retry waits for nothing.
        assert_eq!(machine.client.now.tick, Duration::ZERO);
        assert_eq!(machine.client.session.clock_offset(), -ahead);
        for later in 1..=30 {
            machine.client.pass(seconds(86_400));
            assert!(machine.call().is_ok(), "{ahead} {later}");
        }
        assert_eq!((machine.sends, machine.refused.len()), (32, 1), "{ahead}");
    }
}

#[test]
fn a_clock_within_the_services_bounds_is_left_alone() {
    for ahead in [0, 300, -300] {
        let mut machine = Machine::new(ahead);
        assert!(machine.call().is_ok(), "{ahead}");
        assert_eq!(
            (machine.sends, machine.client.session.clock_offset()),
            (1, 0)
        );
    }
}

#[test]
fn a_clock_that_is_set_right_later_costs_one_more_refusal() {
    let mut machine = Machine::new(-YEAR);
    for (ahead, refusals) in [
        (-YEAR, 1),
        (0, 2),
        (0, 2),
        (HOUR, 3),
        (HOUR + 200, 3),
        (0, 4),
    ] {
        machine.ahead = ahead;
        assert!(machine.call().is_ok(), "{ahead}");
        assert_eq!(machine.refused.len(), refusals, "{ahead}");
    }
    assert_eq!(machine.client.session.clock_offset(), 0);
}

#[test]
fn a_walk_is_corrected_once() {
    let mut machine = Machine::new(HOUR);
    let mut pages = tc3_core::Pages::new(january().with_limit(1));
    let mut records = 0;
    while let Some(page) = machine.drive(&mut pages, |outcome| outcome) {
        records += page.unwrap().output.transaction_list.len();
    }
    // Four pages of one record each, and one request to see that there are no more.
    assert_eq!((records, machine.sends, machine.refused.len()), (4, 6, 1));
}

#[test]
fn without_a_usable_date_the_refusal_is_the_result() {
    for date in [None, Some(""), Some("yesterday"), Some("1760000000")] {
        let mut machine = Machine::new(HOUR);
        let undated = |outcome: Outcome| {
            outcome.map(|mut response| {
                response.headers_mut().remove("date");
                if let Some(date) = date {
                    response.headers_mut().insert("date", date.parse().unwrap());
                }
                response
            })
        };
        let error = machine
            .drive(&mut Call::new(&january()), undated)
            .unwrap_err();
        assert!(matches!(&error, Error::Service(refusal) if refusal.code() == EXPIRED));
        assert_eq!(
            (machine.sends, machine.client.session.clock_offset()),
            (1, 0)
        );
    }
}

/// Drives a call against outcomes in their order.
fn play(action: &Untyped, outcomes: Vec<Outcome>) -> (Result<(), Error>, usize) {
    let mut client = Client::new();
    let many = outcomes.len();
    let mut outcomes = outcomes.into_iter();
    let send = |_, _: Attempt| outcomes.next().expect("one send more than outcomes");
    let result = client.drive(&mut Call::new(action), send).map(drop);
    (result, many - outcomes.len())
}

fn expired(date: &str) -> Outcome {
    with(refusal(EXPIRED), "date", date)
}

#[test]
fn a_call_corrects_the_clock_once_whatever_comes_in_between() {
    let (noon, one) = (
        "Thu, 09 Oct 2025 12:00:00 GMT",
        "Thu, 09 Oct 2025 13:00:00 GMT",
    );
    for action in [read(), write()] {
        let (result, sends) = play(&action, vec![expired(noon), answer(json!({}))]);
        assert_eq!((result.is_ok(), sends), (true, 2));

        let (result, sends) = play(&action, vec![expired(noon), expired(one)]);
        let error = result.unwrap_err();
        assert_eq!((error.refusal().unwrap().code(), sends), (EXPIRED, 2));
        assert!(matches!(error, Error::Service(_)) && error.attempts() == 2);

        let throttled = || page(429, "");
        let outcomes = vec![throttled(), expired(noon), throttled(), expired(one)];
        let (result, sends) = play(&action, outcomes);
        let error = result.unwrap_err();
        assert_eq!((error.refusal().unwrap().code(), sends), (EXPIRED, 4));
    }
}

#[test]
fn a_date_on_any_other_answer_leaves_the_clock_alone() {
    let dated = |outcome| with(outcome, "date", "Thu, 09 Oct 2025 12:00:00 GMT");
    for outcome in [
        answer(json!({})),
        refusal("AuthFailure.SignatureFailure"),
        refusal("UnsupportedOperation"),
        page(404, ""),
    ] {
        let mut client = Client::new();
        let mut outcome = Some(dated(outcome));
        let send = |_, _: Attempt| outcome.take().unwrap();
        let _: Result<_, Error> = client.drive(&mut Call::new(&write()), send);
        assert_eq!(client.session.clock_offset(), 0);
    }
}

#[test]
fn calls_that_were_out_together_each_correct_the_clock_once() {
    let mut machine = Machine::new(HOUR);
    machine.client.now.unix = UnixTime::new(START.seconds() + HOUR);
    let mut calls: Vec<_> = (0..5).map(|_| Call::new(&january())).collect();
    let mut attempts = Vec::new();
    for call in &mut calls {
        match call.step(&mut machine.client.session, machine.client.now) {
            Step::Send(attempt) => attempts.push(attempt),
            Step::Wait(_) | Step::Done(_) => panic!("no send"),
        }
    }
    for (call, attempt) in calls.iter_mut().zip(attempts) {
        call.handle(Ok(machine.service.handle(START, &attempt.request)));
    }
    for call in &mut calls {
        assert!(machine.drive(call, |outcome| outcome).is_ok());
    }
    assert_eq!((machine.sends, machine.refused.len()), (5, 0));
}

/// An HTTP date of some day, at noon.
fn noon(year: i16, month: i8, day: i8) -> String {
    let date = jiff::civil::date(year, month, day);
    format!(
        "{}, {} 12:00:00 GMT",
        weekday(date),
        date.strftime("%d %b %Y")
    )
}

#[test]
fn a_correction_that_did_not_help_is_undone() {
    for (ahead, offset) in [(0, 0), (HOUR, -HOUR)] {
        for (year, again) in [(2035, 2035), (2018, 2018), (2098, 2098), (2025, 2035)] {
            let mut machine = Machine::new(ahead);
            machine.call().unwrap();
            assert_eq!(machine.client.session.clock_offset(), offset);
            let sends = machine.sends;
            let mut years = [year, again].into_iter();
            let error = machine
                .drive(&mut Call::new(&january()), |_| {
                    expired(&noon(years.next().unwrap(), 6, 1))
                })
                .unwrap_err();
            assert_eq!((error.attempts(), machine.sends), (2, sends + 2), "{year}");
            assert_eq!(machine.client.session.clock_offset(), offset, "{year}");
            assert_eq!(machine.call().unwrap(), 4, "{year}");
            assert_eq!(machine.sends, sends + 3, "{year}");
        }
    }
}

#[test]
fn what_another_call_has_set_meanwhile_is_not_undone() {
    let mut machine = Machine::new(HOUR);
    let mut first = Call::new(&january());
    let wrong = noon(2035, 6, 1);
    let out = |machine: &mut Machine, call: &mut Call<_>| {
        machine.client.now.unix = UnixTime::new(machine.time().seconds() + HOUR);
        match call.step(&mut machine.client.session, machine.client.now) {
            Step::Send(_) => {}
            Step::Wait(_) | Step::Done(_) => panic!("no send"),
        }
    };
    out(&mut machine, &mut first);
    first.handle(expired(&wrong));
    out(&mut machine, &mut first);
    assert_eq!(machine.call().unwrap(), 4);
    first.handle(expired(&wrong));
    assert!(machine.drive(&mut first, |outcome| outcome).is_err());
    assert_eq!(machine.client.session.clock_offset(), -HOUR);
}

#[test]
fn a_date_that_can_not_be_true_sets_no_clock_and_breaks_no_later_call() {
    for date in [
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Fri, 01 Jan 2100 00:00:00 GMT",
        "Sun, 31 Dec 2017 23:59:59 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Wed, 31 Dec 1969 23:59:59 GMT",
        "Sat, 01 Jan 0000 00:00:00 GMT",
    ] {
        let mut machine = Machine::new(HOUR);
        let error = machine
            .drive(&mut Call::new(&january()), |outcome| {
                with(outcome, "date", date)
            })
            .unwrap_err();
        assert_eq!(error.refusal().unwrap().code(), EXPIRED, "{date}");
        assert_eq!(error.attempts(), 1, "{date}");
        assert_eq!(machine.client.session.clock_offset(), 0, "{date}");
        assert_eq!(machine.call().unwrap(), 4, "{date}");
    }
}

#[test]
fn a_clock_that_was_never_set_is_corrected_however_far_it_is_off() {
    for own in [UnixTime::new(0), UnixTime::new(4_000_000_000)] {
        let mut machine = Machine::new(own.seconds_since(START));
        assert_eq!(machine.call().unwrap(), 4);
        assert_eq!(
            machine.client.session.clock_offset(),
            START.seconds_since(own)
        );
    }
}

proptest! {
    /// Whatever dates come, a service whose clock is right is reached again.
    #[test]
    fn no_date_keeps_later_calls_from_being_signed(year in 0..=9_999_i16, day in 1..=28_i8) {
        let date = jiff::civil::date(year, 6, day);
        let text = format!("{}, {day:02} Jun {year:04} 12:00:00 GMT", weekday(date));
        let mut machine = Machine::new(HOUR);
        let _ = machine.drive(&mut Call::new(&january()), |outcome| with(outcome, "date", &text));
        for _ in 0..2 {
            prop_assert_eq!(machine.call().unwrap(), 4);
        }
    }

    /// Whatever dates calls are refused with that are out together, the next one is signed with what was right before.
    #[test]
    fn no_dates_change_a_clock_that_is_right(
        calls in prop::collection::vec([2_018..=2_099_i16, 2_018..=2_099_i16], 1..5),
        turns in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
    ) {
        let mut machine = Machine::new(0);
        machine.client.now.unix = START;
        let mut refused: Vec<_> = calls
            .iter()
            .map(|years| (Call::new(&january()), years.map(|year| noon(year, 6, 1)), 0, false))
            .collect();
        let all = (0..calls.len()).cycle().take(calls.len() * 3);
        for at in turns.iter().map(|turn| turn.index(calls.len())).chain(all) {
            let (call, dates, sent, done) = &mut refused[at];
            if *done {
                continue;
            }
            match call.step(&mut machine.client.session, machine.client.now) {
                Step::Send(_) => {
                    call.handle(expired(&dates[*sent]));
                    *sent += 1;
                }
                Step::Done(result) => {
                    prop_assert!(result.is_err());
                    *done = true;
                }
                Step::Wait(_) => panic!("nothing to wait for"),
            }
        }
        prop_assert!(refused.iter().all(|(.., done)| *done));
        prop_assert_eq!(machine.client.session.clock_offset(), 0);
        prop_assert_eq!(machine.call().unwrap(), 4);
        prop_assert_eq!(machine.sends, 1);
    }
}

fn weekday(date: jiff::civil::Date) -> &'static str {
    let place = date.weekday().to_monday_zero_offset();
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][usize::try_from(place).unwrap()]
}
