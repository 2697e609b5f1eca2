//! What holds whatever the clock shows.

use std::time::Duration;

use proptest::{prelude::*, test_runner::TestCaseResult};
use serde_json::json;
use tc3_core::{
    Attempt, Call, Chain, Error, Failure, Flow, Now, Outcome, Pages, Session, Settings, Step,
    UnixTime,
    credential::Source,
    flow::{DriverStep, Retry},
};

use super::{
    answer,
    credentials::january,
    storm::{Fault, fault},
    table::{PAGE_INDEX, Rows, Table},
};
use crate::common::{Client, START, credential};

/// Time as no clock should show it.
#[derive(Clone, Debug)]
pub(super) struct Madness {
    ticks: Vec<Duration>,
    unix: Vec<i64>,
    /// Whether each step is preceded by an outcome, and which.
    outcomes: Vec<Option<Fault>>,
    rate: Option<u32>,
    pub(super) attempts: u32,
    pub(super) deadline: u64,
}

prop_compose! {
    pub(super) fn madness()(
        ticks in prop_oneof![
            any::<u32>().prop_map(|millis| vec![Duration::from_millis(millis.into())]),
            prop::collection::vec((0..20_000_u64).prop_map(Duration::from_millis), 1..9),
            prop::collection::vec(prop::sample::select(vec![
                Duration::ZERO, Duration::MAX, Duration::from_nanos(1), Duration::from_secs(1 << 40),
            ]), 1..9),
        ],
        unix in prop::collection::vec(prop_oneof![
            6 => Just(START.seconds()),
            1 => any::<i64>(),
            1 => prop::sample::select(vec![0, -1, i64::MIN, i64::MAX, 253_402_300_799]),
        ], 1..5),
        outcomes in prop::collection::vec(prop::option::of(fault()), 1..20),
        rate in prop::option::of(1..3_u32),
        attempts in 0..9_u32,
        deadline in prop_oneof![3 => 0..4_000_u64, 1 => Just(60_000)],
    ) -> Madness {
        Madness { ticks, unix, outcomes, rate, attempts, deadline }
    }
}

impl Madness {
    pub(super) fn settings(&self) -> Settings {
        Settings::default()
            .with_rate("cvm", "DescribeZones", self.rate)
            .with_rate("cvm", "DescribeRows", self.rate)
            .with_max_pages(12)
            .with_deadline(Duration::from_millis(self.deadline))
            .with_retry(Retry::default().with_attempts(self.attempts))
    }
}

/// Steps until there is a result; `None` when that takes forever.
pub(super) fn endure<F: Flow>(
    madness: &Madness,
    client: &mut Client,
    flow: &mut F,
    mut serve: impl FnMut(&Attempt) -> Outcome,
) -> Option<F::Output> {
    let mut out = None;
    let mut ticks = madness.ticks.iter().cycle();
    let mut unix = madness.unix.iter().cycle();
    let mut outcomes = madness.outcomes.iter().cycle();
    for entropy in 0..100_000 {
        if let Some(fault) = outcomes.next().unwrap() {
            // Nothing may be out, and something may have been abandoned.
            flow.handle(match out.take() {
                Some(attempt) => fault.strike(|| serve(&attempt)),
                None => fault.strike(|| answer(json!({}))),
            });
        }
        let unix = UnixTime::new(*unix.next().unwrap());
        let now = Now::new(unix, *ticks.next().unwrap(), entropy);
        match flow.step(&mut client.session, now) {
            Step::Send(attempt) => {
                assert!(attempt.timeout > Duration::ZERO);
                out = Some(attempt);
            }
            Step::Wait(delay) => assert!(delay > Duration::ZERO),
            Step::Done(output) => return Some(output),
        }
    }
    None
}

fn bedlam(madness: &Madness) -> TestCaseResult {
    let mut client = Client::with_settings(madness.settings());
    for _ in 0..4 {
        for action in [super::read(), super::write()] {
            let mut call = Call::new(&action);
            let result = endure(madness, &mut client, &mut call, |_| answer(json!({})));
            prop_assert!(result.is_some(), "a call without end");
            let again = endure(madness, &mut client, &mut call, |_| answer(json!({})));
            prop_assert!(matches!(again, Some(Err(Error::Ended))));
        }
    }
    let table = Table::new(&[9, 5]);
    let mut pages = Pages::new(Rows::<PAGE_INDEX>::new(2, 2));
    let mut records = Vec::new();
    for _ in 0..100 {
        let serve = |attempt: &Attempt| table.serve::<PAGE_INDEX>(attempt);
        match endure(madness, &mut client, &mut pages, serve) {
            None => return Err(TestCaseError::fail("a page without end")),
            Some(None) => return Ok(()),
            Some(Some(Ok(page))) => {
                records.extend(<Rows<PAGE_INDEX> as tc3_core::Paginate>::into_items(
                    page.output,
                ));
                prop_assert!(table.all().starts_with(&records));
            }
            Some(Some(Err(_))) => {}
        }
    }
    Err(TestCaseError::fail("a walk without end"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_clock_shows_nothing_panics_and_everything_ends(madness in madness()) {
        bedlam(&madness)?;
    }
}

#[test]
fn at_the_end_of_a_clock_a_look_for_credentials_ends_too() {
    let expiring = || credential().with_expiry(UnixTime::new(START.seconds() + 3_600));
    let chains = [
        Chain::of([]),
        Chain::of([Source::environment(), Source::cvm_role()]),
        Chain::of([expiring().into(), credential().into()]),
    ];
    for chain in chains {
        for unix in [START, UnixTime::new(i64::MAX)] {
            let mut session = Session::new(chain.clone());
            let now = Now::new(unix, Duration::MAX, 0);
            let mut call = Call::new(&january());
            let mut steps = 0;
            let result = loop {
                steps += 1;
                assert!(steps < 100, "it goes on and on");
                match call.step(&mut session, now) {
                    Step::Send(_) => call.handle(Err(Failure::not_sent("nobody is there"))),
                    Step::Wait(_) => {
                        let Some(mut search) = session.search(now) else {
                            continue;
                        };
                        loop {
                            match search.step(&mut session, now) {
                                DriverStep::Read(_) => search.found(Ok(None)),
                                DriverStep::Send(_) => {
                                    search.handle(Err(Failure::not_sent("nobody is there")));
                                }
                                DriverStep::Wait(_) => {}
                                DriverStep::Done(()) => break,
                            }
                        }
                    }
                    Step::Done(result) => break result,
                }
            };
            assert!(matches!(result, Err(Error::Credentials(_))), "{result:?}");
        }
    }
}
