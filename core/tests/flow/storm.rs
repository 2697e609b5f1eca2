//! What holds whatever the service and the network do.

use std::{collections::BTreeMap, time::Duration};

use proptest::{prelude::*, test_runner::TestCaseResult};
use serde_json::json;
use tc3_core::{
    Attempt, Call, Error, Failure, Flow, Outcome, Settings, Untyped, flow::Retry,
    pagination::Prefetch,
};

use super::{
    answer, input, page, refusal, seconds,
    table::{ITEM_OFFSET, PAGE_INDEX, PAGE_NUMBER, Rows, Table},
    with,
    world::{World, most_in_a_second},
};
use crate::common::Client;

/// What becomes of one request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    None,
    Throttled(Option<u8>),
    Gateway(u16),
    Server,
    /// Of an answer, so many bytes arrive.
    Cut(usize),
    NotSent,
    /// The service takes it, and its answer is lost.
    Lost,
}

pub(super) fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        6 => Just(Fault::None),
        2 => prop::option::of(0..9_u8).prop_map(Fault::Throttled),
        1 => prop::sample::select(vec![429, 500, 502, 503, 504, 408]).prop_map(Fault::Gateway),
        1 => Just(Fault::Server),
        1 => (0..40_usize).prop_map(Fault::Cut),
        1 => Just(Fault::NotSent),
        1 => Just(Fault::Lost),
    ]
}

impl Fault {
    /// Whether the request surely had no effect.
    fn is_sure(self) -> bool {
        matches!(
            self,
            Self::Throttled(_) | Self::NotSent | Self::Gateway(429)
        )
    }

    pub(super) fn strike(self, serve: impl FnOnce() -> Outcome) -> Outcome {
        match self {
            Self::None => serve(),
            Self::Throttled(None) => refusal("RequestLimitExceeded"),
            Self::Throttled(Some(seconds)) => {
                let seconds = seconds.to_string();
                with(refusal("RequestLimitExceeded"), "retry-after", &seconds)
            }
            Self::Gateway(status) => page(status, "<html>"),
            Self::Server => refusal("InternalError.DbReadFailed"),
            Self::Cut(len) => serve().map(|response| {
                let len = len.min(response.body().len().saturating_sub(1));
                response.map(|body| body.slice(..len))
            }),
            Self::NotSent => Err(Failure::not_sent("connection refused")),
            Self::Lost => {
                let _: Outcome = serve();
                Err(Failure::unknown("connection reset"))
            }
        }
    }
}

fn latencies() -> impl Strategy<Value = Vec<(u64, u64)>> {
    let way = || prop_oneof![4 => 0..200_u64, 1 => 0..4_000_u64];
    prop::collection::vec((way(), way()), 1..9)
}

/// How a list changes; each of its changes is of one kind, so that none makes up for another.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    Grow,
    Shrink,
    Insert,
    Remove,
    /// The service gives the first page whatever the offset.
    Ignore,
    /// The total is larger than the list, now by one and now by two.
    Noise,
}

#[derive(Clone, Debug)]
struct Storm {
    kind: usize,
    parts: Vec<u64>,
    limit: u32,
    width: usize,
    rate: Option<u32>,
    latencies: Vec<(u64, u64)>,
    faults: Vec<Fault>,
    change: Change,
    /// After how many answers each change comes, in which part and where.
    changes: Vec<(usize, prop::sample::Index, prop::sample::Index)>,
    attempts: u32,
    /// Where the entropy begins.
    entropy: u64,
}

prop_compose! {
    fn storm()(
        kind in 0..7_usize,
        parts in prop::collection::vec(0..30_u64, 1..4),
        limit in 1..6_u32,
        width in 1..7_usize,
        rate in prop::option::of(2..40_u32),
        latencies in latencies(),
        faults in prop_oneof![
            Just(Vec::new()),
            prop::collection::vec(fault(), 0..60),
        ],
        change in prop::sample::select(vec![
            Change::Grow, Change::Shrink, Change::Insert, Change::Remove, Change::Ignore, Change::Noise,
        ]),
        changes in prop::collection::vec((0..40_usize, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..5),
        attempts in 1..8_u32,
        entropy in any::<u32>(),
    ) -> Storm {
        let by_offset = matches!(kind, ITEM_OFFSET | PAGE_INDEX | PAGE_NUMBER);
        let change = if by_offset { change } else { Change::Grow };
        Storm { kind, parts, limit, width, rate, latencies, faults, change, changes, attempts, entropy: entropy.into() }
    }
}

/// The service of a storm.
struct Service<'s> {
    storm: &'s Storm,
    table: Table,
    answers: usize,
    new_rows: u64,
    ignored: bool,
    noise: u64,
}

impl Service<'_> {
    fn serve<const KIND: usize>(&mut self, attempt: &Attempt) -> Outcome {
        let mut input = input(attempt);
        if self.ignored {
            input["Offset"] = json!(u8::from(KIND == PAGE_NUMBER));
        }
        let mut page = self.table.page::<KIND>(&input);
        if self.noise > 0 {
            let total = page["Total"].as_u64().unwrap();
            page["Total"] = json!(total + 1 + (self.noise + self.answers as u64) % 2);
        }
        let storm = self.storm;
        self.answers += 1;
        for (after, part, at) in &storm.changes {
            if *after == self.answers {
                let part = part.index(self.table.parts.len());
                self.change(storm.change, part, at);
            }
        }
        answer(page)
    }

    fn change(&mut self, change: Change, part: usize, at: &prop::sample::Index) {
        let rows = &mut self.table.parts[part];
        self.new_rows += 1;
        let row = 100_000 + self.new_rows;
        match change {
            Change::Grow => rows.push(row),
            Change::Shrink => drop(rows.pop()),
            Change::Insert => rows.insert(at.index(rows.len() + 1), row),
            Change::Remove if rows.is_empty() => {}
            Change::Remove => {
                rows.remove(at.index(rows.len()));
            }
            Change::Ignore => self.ignored = true,
            Change::Noise => self.noise += 1,
        }
    }
}

fn weather<const KIND: usize>(storm: &Storm) -> TestCaseResult {
    let settings = Settings::default()
        .with_rate("cvm", "DescribeRows", storm.rate)
        .with_attempt_timeout(seconds(5))
        .with_deadline(seconds(40))
        .with_retry(Retry::default().with_attempts(storm.attempts));
    let mut client = Client::with_settings(settings);
    client.now.entropy = storm.entropy;
    let mut world = World::new(client);
    world.latencies.clone_from(&storm.latencies);
    let table = Table::new(&storm.parts);
    let before = table.clone();
    let mut service = Service {
        storm,
        table,
        answers: 0,
        new_rows: 0,
        ignored: false,
        noise: 0,
    };
    let mut faults = storm.faults.iter();
    let rows = Rows::<KIND>::new(storm.limit, storm.parts.len());
    let mut planner = Prefetch::new(rows).with_width(storm.width);
    let walked = world.walk(&mut planner, |_, attempt| {
        let fault = faults.next().copied().unwrap_or(Fault::None);
        fault.strike(|| service.serve::<KIND>(attempt))
    });

    let records = walked.pages.concat();
    let mut once = records.clone();
    once.sort_unstable();
    once.dedup();
    prop_assert_eq!(once.len(), records.len(), "twice: {:?}", records);
    let after = &service.table;
    let stayed = before
        .all()
        .into_iter()
        .filter(|row| after.all().contains(row));
    let came = records.iter().filter(|row| **row < 100_000);
    match &walked.error {
        None => {
            let came = came.filter(|row| after.all().contains(row));
            prop_assert_eq!(
                came.copied().collect::<Vec<_>>(),
                stayed.collect::<Vec<_>>()
            );
        }
        // What came is in order and without a gap.
        Some(_) if !matches!(storm.change, Change::Remove | Change::Shrink) => {
            prop_assert!(before.all().starts_with(&came.copied().collect::<Vec<_>>()));
        }
        Some(_) => {}
    }
    let faults = storm
        .faults
        .iter()
        .any(|fault| !matches!(fault, Fault::None));
    let slow = storm
        .latencies
        .iter()
        .any(|(there, back)| there + back >= 5_000);
    let explained = match &walked.error {
        None => true,
        Some(Error::Shifted { .. }) => {
            matches!(
                storm.change,
                Change::Insert | Change::Remove | Change::Shrink
            )
        }
        Some(Error::Repeated { .. }) => service.ignored,
        Some(Error::Incomplete { .. }) => service.noise > 0,
        Some(_) => faults || slow,
    };
    prop_assert!(explained, "{:?}", walked.error);
    prop_assert!(walked.most_out <= storm.width);
    let per_page = (2 + storm.width) * (walked.pages.len() + storm.parts.len() + storm.width + 1);
    prop_assert!(world.begun.len() <= per_page, "{} flows", world.begun.len());
    let rate = storm.rate.map_or(usize::MAX, |rate| rate as usize);
    bounded(&world, storm.attempts, rate)
}

/// What holds for anything that is sent.
fn bounded<F: Flow>(world: &World<F>, attempts: u32, rate: usize) -> TestCaseResult {
    let mut sends: BTreeMap<usize, u32> = BTreeMap::new();
    for sent in &world.sends {
        *sends.entry(sent.flow).or_default() += 1;
        let until = world.begun[sent.flow] + seconds(40);
        prop_assert!(sent.at < until, "sent at or after the deadline");
        prop_assert!(sent.attempt.timeout > Duration::ZERO);
        prop_assert!(sent.at + sent.attempt.timeout <= until);
        prop_assert!(sent.attempt.timeout <= seconds(5));
    }
    prop_assert!(sends.values().all(|sends| *sends <= attempts));
    prop_assert!(most_in_a_second(&world.times()) <= rate);
    // A flow waits for what another one sent, or for a throttle answer to one.
    let most = (world.begun.len() + 1) * (2 * world.sends.len() + 2);
    prop_assert!(world.waits <= most, "{} waits", world.waits);
    Ok(())
}

#[derive(Clone, Debug)]
struct Throng {
    /// Whether each call is a write, and when it begins.
    calls: Vec<(bool, u64)>,
    rate: u32,
    latencies: Vec<(u64, u64)>,
    faults: Vec<Fault>,
    attempts: u32,
    entropy: u64,
}

prop_compose! {
    fn throng()(
        calls in prop::collection::vec((any::<bool>(), 0..3_000_u64), 1..60),
        rate in 1..30_u32,
        latencies in latencies(),
        faults in prop::collection::vec(fault(), 0..150),
        attempts in 0..9_u32,
        entropy in any::<u32>(),
    ) -> Throng {
        Throng { calls, rate, latencies, faults, attempts, entropy: entropy.into() }
    }
}

fn crowd(throng: &Throng) -> TestCaseResult {
    let settings = Settings::default()
        .with_rate("cvm", "RunZones", throng.rate)
        .with_attempt_timeout(seconds(5))
        .with_deadline(seconds(40))
        .with_retry(Retry::default().with_attempts(throng.attempts));
    let mut client = Client::with_settings(settings);
    client.now.entropy = throng.entropy;
    let mut world = World::new(client);
    world.latencies.clone_from(&throng.latencies);
    for (place, (is_write, after)) in throng.calls.iter().enumerate() {
        let action = Untyped::new("cvm", "2017-03-12", "RunZones", json!({"Call": place}));
        let action = if *is_write {
            action
        } else {
            action.repeatable()
        };
        world.begin(Call::new(&action), Duration::from_millis(*after));
    }
    let mut faults = throng.faults.iter();
    let mut effects: BTreeMap<usize, usize> = BTreeMap::new();
    let mut served = |_, attempt: &Attempt| {
        let fault = faults.next().copied().unwrap_or(Fault::None);
        let call = input(attempt)["Call"].as_u64().unwrap();
        if !fault.is_sure() {
            *effects.entry(usize::try_from(call).unwrap()).or_default() += 1;
        }
        fault.strike(|| answer(json!({"Call": call})))
    };
    let mut results = BTreeMap::new();
    while let Some((call, result)) = world.next(&mut served) {
        results.insert(call, result);
    }
    prop_assert_eq!(results.len(), throng.calls.len());
    for (call, result) in &results {
        let (is_write, _) = throng.calls[*call];
        let took_effect = effects.get(call).copied().unwrap_or_default();
        prop_assert!(
            !is_write || took_effect <= 1,
            "a write took effect {} times",
            took_effect
        );
        let sends = world.sends.iter().filter(|sent| sent.flow == *call).count();
        match result {
            Ok(reply) => {
                let answered = reply.output.read::<usize>("Call").unwrap();
                prop_assert_eq!(answered, *call);
                prop_assert!(took_effect >= 1);
            }
            Err(error) => prop_assert_eq!(error.attempts() as usize, sends),
        }
    }
    bounded(&world, throng.attempts.max(1), throng.rate as usize)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_comes_once_or_there_is_an_error(storm in storm()) {
        match storm.kind {
            0 => weather::<0>(&storm)?,
            1 => weather::<1>(&storm)?,
            2 => weather::<2>(&storm)?,
            3 => weather::<3>(&storm)?,
            4 => weather::<4>(&storm)?,
            5 => weather::<5>(&storm)?,
            _ => weather::<6>(&storm)?,
        }
    }

    #[test]
    fn a_write_takes_effect_at_most_once_and_every_call_ends(throng in throng()) {
        crowd(&throng)?;
    }
}
