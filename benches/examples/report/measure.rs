use std::{collections::HashMap, time::Duration};

use tc3_benches::{Contender, Role, Stage};

/// How long one turn lasts, where a single run doesn't last longer.
const TURN: Duration = Duration::from_micros(500);
/// How many turns each has at least.
const TURNS: u32 = 5;

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

/// Lets all contenders take turns, by a clock.
pub(crate) fn measure(mut stage: Stage, each: Duration, clock: impl Fn() -> Duration) -> Measured {
    let count = u32::try_from(stage.contenders.len()).unwrap_or(1);
    let runs: Vec<u32> = stage
        .contenders
        .iter_mut()
        .map(|contender| runs_in_a_turn(contender, &clock))
        .collect();
    let mut best = vec![f64::INFINITY; stage.contenders.len()];
    let start = clock();
    for turn in 0.. {
        if turn >= TURNS && clock() - start >= each * count {
            break;
        }
        for ((contender, &runs), best) in stage.contenders.iter_mut().zip(&runs).zip(&mut best) {
            let took = turn_of(contender, runs, &clock);
            *best = best.min(took.as_secs_f64() * 1e9 / f64::from(runs));
        }
    }
    let times = stage.contenders.iter().zip(best);
    Measured {
        times: times
            .map(|(contender, ns)| Time {
                name: contender.name,
                role: contender.role,
                ns,
                allocations: None,
            })
            .collect(),
        stage: stage.name,
    }
}

fn runs_in_a_turn(contender: &mut Contender, clock: &impl Fn() -> Duration) -> u32 {
    let mut runs = 1;
    loop {
        if turn_of(contender, runs, clock) >= TURN / 2 || runs >= 1 << 20 {
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
