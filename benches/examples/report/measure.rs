use std::{collections::HashMap, time::Duration};

use tc3_benches::{Contender, Role, Stage};

/// How many turns each has at least.
const TURNS: u32 = 2;

/// The allocations of a run, by stage and contender.
pub(crate) type Allocations = HashMap<(String, String), u64>;

/// A stage and what each of its contenders took.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) stage: String,
    pub(crate) times: Vec<Time>,
}

/// What a contender took for one run.
#[derive(Debug)]
pub(crate) struct Time {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) ns: f64,
    pub(crate) allocations: Option<u64>,
}

impl Measured {
    /// What this project took.
    pub(crate) fn ours(&self) -> &Time {
        self.best(Role::Ours).expect("every stage is ours")
    }

    /// The fastest of those in a role.
    pub(crate) fn best(&self, role: Role) -> Option<&Time> {
        let of_role = self.times.iter().filter(|time| time.role == role);
        of_role.min_by(|a, b| a.ns.total_cmp(&b.ns))
    }

    /// Takes over the allocations that were counted.
    pub(crate) fn count(&mut self, allocations: &Allocations) {
        for time in &mut self.times {
            let key = (self.stage.clone(), time.name.to_string());
            time.allocations = allocations.get(&key).copied();
        }
    }
}

/// Which of many turns counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counts {
    /// The fastest: what disturbs a computation only ever adds.
    Fastest,
    /// The one in the middle: with two processes there is luck as well.
    Middle,
}

impl Counts {
    /// How long one turn lasts, where a single run doesn't last longer: long enough for whoever's turn it is
    /// to have settled, and over loopback the server and the system too.
    const fn turn(self) -> Duration {
        match self {
            Self::Fastest => Duration::from_micros(500),
            Self::Middle => Duration::from_millis(4),
        }
    }
}

/// A stage that is being measured: all who do it take turns.
pub(crate) struct Measuring {
    stage: Stage,
    counts: Counts,
    /// How many runs a turn of each contender has.
    runs: Vec<u32>,
    /// What one run of each contender took in each turn, in ns.
    turns: Vec<Vec<f64>>,
}

impl Measuring {
    pub(crate) fn new(mut stage: Stage, counts: Counts, clock: impl Fn() -> Duration) -> Self {
        let contenders = stage.contenders.iter_mut();
        let runs = contenders.map(|contender| runs_in_a_turn(contender, counts.turn(), &clock));
        let runs: Vec<u32> = runs.collect();
        Self {
            turns: vec![Vec::new(); runs.len()],
            runs,
            stage,
            counts,
        }
    }

    /// Measures each contender for so long, by a clock.
    pub(crate) fn go_on(&mut self, each: Duration, clock: impl Fn() -> Duration) {
        let enough = each.as_secs_f64() * self.runs.len() as f64;
        let start = clock();
        for turn in 0.. {
            if turn >= TURNS && (clock() - start).as_secs_f64() >= enough {
                break;
            }
            let contenders = self.stage.contenders.iter_mut();
            for ((contender, &runs), turns) in contenders.zip(&self.runs).zip(&mut self.turns) {
                let took = turn_of(contender, runs, &clock);
                turns.push(took.as_secs_f64() * 1e9 / f64::from(runs));
            }
        }
    }

    pub(crate) fn end(self) -> Measured {
        let turns = self.turns.into_iter().map(|mut turns| {
            turns.sort_by(f64::total_cmp);
            match self.counts {
                Counts::Fastest => turns[0],
                Counts::Middle => turns[turns.len() / 2],
            }
        });
        let times = self.stage.contenders.iter().zip(turns);
        Measured {
            times: times
                .map(|(contender, ns)| Time {
                    name: contender.name,
                    role: contender.role,
                    ns,
                    allocations: None,
                })
                .collect(),
            stage: self.stage.name,
        }
    }
}

fn runs_in_a_turn(contender: &mut Contender, turn: Duration, clock: &impl Fn() -> Duration) -> u32 {
    let mut runs = 1;
    loop {
        if turn_of(contender, runs, clock) >= turn / 2 || runs >= 1 << 20 {
            return runs;
        }
        runs *= 2;
    }
}

fn turn_of(contender: &mut Contender, runs: u32, clock: &impl Fn() -> Duration) -> Duration {
    let start = clock();
    (0..runs).for_each(|_| (contender.work)());
    clock() - start
}
