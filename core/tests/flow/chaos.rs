//! What holds whatever comes back, in whatever order the steps are made.

use std::time::Duration;

use proptest::{prelude::*, sample::Index, test_runner::TestCaseResult};
use serde_json::{Value, json};
use tc3_core::{
    Action, Attempt, Call, Failure, Flow, Month, Outcome, Pages, Paginate, Settings, Step, Walk,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    essbasic::{Agent, ChannelDescribeBillUsageDetail},
    pagination::{Prefetch, Turn},
    session::{Endpoint, Wire},
};

use super::{
    bills::range,
    table::{Rows, each_dialect},
    time::{Madness, endure, madness},
};
use crate::common::Client;

/// What comes back for a request.
#[derive(Clone, Debug)]
pub(super) enum Came {
    NotSent,
    Unknown,
    Answer {
        status: u16,
        headers: Vec<(&'static str, Vec<u8>)>,
        body: Vec<u8>,
    },
}

impl Came {
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::NotSent => Err(Failure::not_sent("connection refused")),
            Self::Unknown => Err(Failure::unknown("connection reset")),
            Self::Answer {
                status,
                headers,
                body,
            } => {
                let mut response = http::Response::builder().status(*status);
                for (name, value) in headers {
                    response = response.header(*name, &value[..]);
                }
                Ok(response.body(body.clone().into()).unwrap())
            }
        }
    }
}

fn code() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "RequestLimitExceeded",
        "AuthFailure.SignatureExpire",
        "InternalError",
        "FailedOperation",
    ];
    prop_oneof![4 => prop::sample::select(KNOWN).prop_map(String::from), 1 => "\\PC{0,9}"]
}

/// A page of any of the lists, right or wrong.
fn fields() -> impl Strategy<Value = Value> {
    let total = || {
        prop_oneof![
            3 => (0..20_u64).prop_map(Value::from),
            1 => any::<i64>().prop_map(Value::from),
            1 => any::<u64>().prop_map(Value::from),
        ]
    };
    let row = || {
        json!({"ActionType": "a", "Amount": 1, "BillId": "1", "OperationTime": "2024-07-01 00:00:00.000",
        "RealTotalCost": "1.00", "BusinessCode": "p"})
    };
    let token = prop_oneof![Just(Value::Null), "[ab]?".prop_map(Value::from)];
    prop_oneof![
        4 => (total(), prop::collection::vec(0..9_u64, 0..5), token)
            .prop_map(|(total, rows, token)| json!({"Total": total, "Rows": rows, "Token": token})),
        2 => (total(), 0..5_usize).prop_map(move |(total, many)| {
            let rows = vec![row(); many];
            json!({"Total": total, "TransactionList": rows, "Details": rows})
        }),
        1 => (total(), 0..5_usize)
            .prop_map(move |(total, many)| json!({"RecordNum": total, "Detail": vec![row(); many]})),
        2 => code().prop_map(|code| json!({"Error": {"Code": code, "Message": "no"}})),
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => fields().prop_map(|mut fields| {
            fields["RequestId"] = json!("5e1f");
            json!({"Response": fields}).to_string().into_bytes()
        }),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => "[\\[{\"Response:}\\],0-9]{0,30}".prop_map(String::into_bytes),
    ]
}

fn header_value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (0..9_u64).prop_map(|seconds| seconds.to_string().into_bytes()),
        any::<u64>().prop_map(|seconds| seconds.to_string().into_bytes()),
        "(Mon|Thu), [0-3][0-9] (Jan|Oct) [0-9]{4} [0-2][0-9]:[0-5][0-9]:[0-6][0-9] (GMT|[+-][0-9]{4})"
            .prop_map(String::into_bytes),
        "[\t -~]{0,12}".prop_map(String::into_bytes),
        prop::collection::vec(0x80..=u8::MAX, 0..4),
    ]
}

pub(super) fn came() -> impl Strategy<Value = Came> {
    let status = prop_oneof![4 => Just(200), 1 => 100..1_000_u16];
    let header = (
        prop::sample::select(&["date", "retry-after"][..]),
        header_value(),
    );
    let headers = prop::collection::vec(header, 0..4);
    prop_oneof![
        1 => Just(Came::NotSent),
        1 => Just(Came::Unknown),
        8 => (status, headers, body())
            .prop_map(|(status, headers, body)| Came::Answer { status, headers, body }),
    ]
}

#[derive(Clone, Debug)]
struct Chaos {
    madness: Madness,
    came: Vec<Came>,
    wire: Wire,
    page_size: Option<u32>,
    max_body: Option<usize>,
    failover: usize,
    width: usize,
    picks: Vec<Index>,
}

prop_compose! {
    fn chaos()(
        madness in madness(),
        came in prop::collection::vec(came(), 1..20),
        wire in prop::sample::select(&[Wire::Post, Wire::PostUnsigned, Wire::Get][..]),
        page_size in prop::option::of(0..5_u32),
        max_body in prop::option::weighted(0.1, 0..100_usize),
        failover in 0..3_usize,
        width in 0..5_usize,
        picks in prop::collection::vec(any::<Index>(), 1..9),
    ) -> Chaos {
        Chaos { madness, came, wire, page_size, max_body, failover, width, picks }
    }
}

impl Chaos {
    fn settings(&self) -> Settings {
        let mut settings = self.madness.settings().with_wire(self.wire);
        settings = settings.with_failover(vec![Endpoint::INTERNATIONAL; self.failover]);
        if let Some(records) = self.page_size {
            settings = settings.with_page_size(records);
        }
        match self.max_body {
            Some(bytes) => settings.with_max_body(bytes),
            None => settings,
        }
    }

    /// What comes back, one after the other, over and over.
    fn serve(&self) -> impl FnMut(&Attempt) -> Outcome {
        let mut came = self.came.iter().cycle();
        move |_| came.next().unwrap().outcome()
    }

    fn call<A: Action>(&self, action: &A) -> TestCaseResult {
        let mut client = Client::with_settings(self.settings());
        let mut call = Call::new(action);
        let result = endure(&self.madness, &mut client, &mut call, self.serve());
        prop_assert!(result.is_some(), "a call without end: {}", A::NAME);
        Ok(())
    }

    fn pages<A: Paginate>(&self, walk: impl Into<Walk<A>>) -> TestCaseResult {
        let mut client = Client::with_settings(self.settings());
        let mut pages = Pages::new(walk);
        let mut serve = self.serve();
        for _ in 0..100 {
            match endure(&self.madness, &mut client, &mut pages, &mut serve) {
                None => return Err(TestCaseError::fail("a page without end")),
                Some(None) => return Ok(()),
                Some(Some(_)) => {}
            }
        }
        Err(TestCaseError::fail("a walk without end"))
    }

    /// As [`pages`](Self::pages), with several fetches at once, of which any may come back first.
    fn plan<A: Paginate>(&self, walk: impl Into<Walk<A>>) -> TestCaseResult {
        let mut client = Client::with_settings(self.settings());
        let mut planner = Prefetch::new(walk).with_width(self.width);
        let (mut out, mut failed) = (Vec::new(), false);
        let (mut serve, mut picks) = (self.serve(), self.picks.iter().cycle());
        for _ in 0..1_000 {
            match planner.turn(client.session.settings()) {
                Turn::Fetch(fetch) => {
                    prop_assert!(!failed, "a fetch after an error");
                    prop_assert!(!planner.is_ended());
                    out.push(fetch);
                    prop_assert!(out.len() <= self.width);
                }
                Turn::Page(page) => {
                    prop_assert!(!failed, "a page after an error");
                    failed = page.is_err();
                    prop_assert_eq!(planner.is_ended(), failed);
                }
                Turn::Wait => {
                    prop_assert!(!out.is_empty(), "a wait for nothing");
                    let mut fetch = out.swap_remove(picks.next().unwrap().index(out.len()));
                    let fetched = endure(&self.madness, &mut client, &mut fetch, &mut serve);
                    prop_assert!(fetched.is_some(), "a fetch without end");
                    fetched.into_iter().for_each(|it| planner.take(it));
                }
                Turn::End => {
                    prop_assert!(planner.is_ended());
                    return Ok(());
                }
            }
        }
        Err(TestCaseError::fail("a walk without end"))
    }

    fn walk<A: Paginate + Clone>(&self, walk: impl Into<Walk<A>>) -> TestCaseResult {
        let walk = walk.into();
        self.pages(walk.clone())?;
        self.plan(walk)
    }
}

fn usage() -> ChannelDescribeBillUsageDetail {
    let (start, end) = ("20240115".parse().unwrap(), "20240302".parse().unwrap());
    ChannelDescribeBillUsageDetail::new(Agent::new("app"), start, end)
}

pub(super) fn bills() -> DescribeBillList {
    range("2024-01-01 00:00:00", "2025-02-01 00:00:00").with_limit(3)
}

fn months() -> Walk<DescribeAllocationSummaryByBusiness> {
    let january = DescribeAllocationSummaryByBusiness::new(Month::new(2024, 1).unwrap());
    Walk::over(january.through(Month::new(2024, 2).unwrap()).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_back_every_call_ends(chaos in chaos()) {
        chaos.call(&super::read())?;
        chaos.call(&super::write())?;
        chaos.call(&bills())?;
        chaos.call(&usage())?;
        chaos.call(&DescribeAllocationSummaryByBusiness::current_month())?;
    }

    #[test]
    fn whatever_comes_back_every_walk_ends(chaos in chaos()) {
        fn run<const KIND: usize>(chaos: &Chaos, result: &mut TestCaseResult) {
            let rows = Rows::<KIND>::new(2, 2);
            *result = std::mem::replace(result, Ok(())).and_then(|()| chaos.walk(rows));
        }
        let mut result = Ok(());
        each_dialect!(run(&chaos, &mut result));
        result?;
        chaos.walk(bills())?;
        chaos.walk(usage())?;
        chaos.walk(months())?;
    }

    #[test]
    fn a_call_that_has_waited_goes_on(chaos in chaos()) {
        let mut client = Client::with_settings(chaos.settings());
        let mut serve = chaos.serve();
        for _ in 0..3 {
            let (began, mut call) = (client.now.tick, Call::new(&super::read()));
            let (mut sends, mut waited) = (0, false);
            loop {
                let passed = client.now.tick - began;
                prop_assert!(passed <= Duration::from_millis(chaos.madness.deadline));
                match call.step(&mut client.session, client.now) {
                    Step::Send(attempt) => {
                        call.handle(serve(&attempt));
                        (sends, waited) = (sends + 1, false);
                    }
                    Step::Wait(delay) => {
                        prop_assert!(!waited, "another wait, of {delay:?}");
                        client.pass(delay);
                        waited = true;
                    }
                    Step::Done(_) => break,
                }
            }
            prop_assert!(sends <= chaos.madness.attempts.max(1));
        }
    }
}
