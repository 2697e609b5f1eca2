//! How long a client's calls hold what they share, at most: prints one JSON line a case.
//!
//! `step` is what holds the session, which calls share behind a lock. `turn` is [`Prefetch::turn`], for which the
//! clients copy the settings and let go of the session; a program that drives [`Pages`](tc3_core::Pages) itself has
//! both in one step.
#![expect(clippy::print_stdout, reason = "it is what the program is for")]

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tc3_benches::{TIME, credential};
use tc3_core::{
    Attempt, Call, Failure, Flow, Now, Outcome, Session, Settings, Step, Untyped,
    billing::DescribeBillList,
    pagination::{Fetched, Prefetch, Turn},
};

fn main() {
    let settings = Settings::default().with_rate("billing", "DescribeBillList", None);
    let mut longest = Longest::new(settings);
    let input = json!({"Text": "x".repeat(8 << 20)});
    let action = Untyped::new("cvm", "2017-03-12", "DescribeZones", input).repeatable();
    let mut call = Call::new(&action);
    let lost = |_: &Attempt| Err(Failure::unknown("connection reset"));
    assert!(longest.drive(&mut call, &mut { lost }).is_err());
    longest.print("a call with 8 MiB of input, sent six times");

    for (name, records) in [
        (
            "a walk over 20,000 transactions, all in a second of their own",
            20_000,
        ),
        (
            "a walk over 80,000 transactions, all in the second that two windows share",
            80_000,
        ),
    ] {
        longest.walk(records, records == 80_000);
        longest.print(name);
    }
}

struct Longest {
    session: Session,
    tick: Duration,
    step: Duration,
    turn: Duration,
}

impl Longest {
    fn new(settings: Settings) -> Self {
        Self {
            session: Session::new(credential()).with_settings(settings),
            tick: Duration::ZERO,
            step: Duration::ZERO,
            turn: Duration::ZERO,
        }
    }

    fn print(&mut self, name: &str) {
        let us = |time: Duration| time.as_nanos() / 1_000;
        let (step, turn) = (us(self.step), us(self.turn));
        println!(
            "{}",
            json!({"case": name, "step_us": step as u64, "turn_us": turn as u64})
        );
        (self.step, self.turn) = (Duration::ZERO, Duration::ZERO);
    }

    fn drive<F: Flow>(
        &mut self,
        flow: &mut F,
        serve: &mut impl FnMut(&Attempt) -> Outcome,
    ) -> F::Output {
        loop {
            let now = Now::new(TIME, self.tick, 0);
            let begun = Instant::now();
            let step = flow.step(&mut self.session, now);
            self.step = self.step.max(begun.elapsed());
            match step {
                Step::Send(attempt) => flow.handle(serve(&attempt)),
                Step::Wait(delay) => self.tick += delay,
                Step::Done(output) => return output,
            }
        }
    }

    fn walk(&mut self, records: usize, seam: bool) {
        let range = ("2024-01-01 00:00:00", "2024-12-31 23:59:59");
        let (start, end) = (range.0.parse(), range.1.parse());
        let action = DescribeBillList::new(start.unwrap(), end.unwrap()).with_limit(1_000);
        let mut planner = Prefetch::new(action);
        let mut walked = 0;
        loop {
            let begun = Instant::now();
            let turn = planner.turn(self.session.settings());
            self.turn = self.turn.max(begun.elapsed());
            match turn {
                Turn::Fetch(mut fetch) => {
                    let fetched: Fetched<_> =
                        self.drive(&mut fetch, &mut |attempt| Ok(page(attempt, records, seam)));
                    planner.take(fetched);
                }
                Turn::Page(page) => walked += page.unwrap().output.transaction_list.len(),
                Turn::Wait => panic!("nothing is out"),
                Turn::End => break,
            }
        }
        assert_eq!(walked, records);
    }
}

/// A page of the transactions of one second: the one that both windows have, or one of the first.
fn page(attempt: &Attempt, records: usize, seam: bool) -> http::Response<bytes::Bytes> {
    let input: Value = serde_json::from_slice(attempt.request.body()).unwrap();
    let number = |name: &str| usize::try_from(input[name].as_u64().unwrap()).unwrap();
    let is_first = input["StartTime"] == "2024-01-01 00:00:00";
    let records = if seam || is_first { records } else { 0 };
    let time = if seam {
        "2024-07-01 00:00:00.000"
    } else {
        "2024-02-01 00:00:00.000"
    };
    let mut list = String::new();
    for row in (number("Offset")..records).take(number("Limit")) {
        let comma = if list.is_empty() { "" } else { "," };
        write!(
            list,
            r#"{comma}{{"ActionType":"deduct","Amount":-1,"BillId":"{row}","OperationTime":"{time}"}}"#
        )
        .unwrap();
    }
    let body = format!(
        r#"{{"Response":{{"TransactionList":[{list}],"Total":{records},"RequestId":"r"}}}}"#
    );
    http::Response::new(body.into())
}
