//! Everything that the benches measure, in short: one table, and the same as JSON, an object a stage.
//!
//! ```sh
//! cargo run --release -p tc3-benches --example report -- [--all] [--compile] [--vendor]
//! ```
//!
//! - With `--features peers` the peers run as well; without, `best_peer` is null.
//! - `--all` shows everybody who does a stage, not the best alone.
//! - `--vendor` measures a walk beside the vendor's Python SDK instead, where that is installed.
//! - `--compile` also measures builds from nothing, which take longer than all the rest.
//!
//! All who do a stage take turns, in rounds over all stages, so that what else runs on the machine meets all
//! alike. Of each the fastest turn counts, and over loopback the one in the middle. Loopback stages are in CPU
//! time of this process, user and system; the server is another process. Allocations are counted by the
//! example `allocations`, which is built when it is needed.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a report is printed"
)]

mod cargo;
mod machine;
mod measure;
mod table;
mod vendor;

use std::time::{Duration, Instant};

use measure::{Counts, Measured, Measuring};
use tc3_benches::{Stage, clock, loopback};

/// How long each contender of a stage is measured in a round.
const EACH: Duration = Duration::from_millis(30);
/// System calls vary more.
const EACH_OVER_LOOPBACK: Duration = Duration::from_millis(120);
/// How many rounds there are, so that no stage meets a noisy moment alone.
const ROUNDS: usize = 4;

fn main() {
    loopback::serve_if_asked();
    machine::walk_if_asked();
    vendor::serve_if_asked();
    let asked = |word: &str| std::env::args().any(|argument| argument == word);
    if asked("--vendor") {
        println!("{}", vendor::walks());
        return;
    }
    let start = Instant::now();
    let allocations = cargo::allocations();
    println!("{}", machine::describe());

    let mut results = measure(tc3_benches::stages(), EACH, Counts::Fastest, || {
        start.elapsed()
    });
    let server = loopback::Server::start().expect("the server starts");
    results.extend(measure(
        loopback::stages(&server),
        EACH_OVER_LOOPBACK,
        Counts::Middle,
        clock::cpu,
    ));
    drop(server);
    for result in &mut results {
        result.count(&allocations);
    }

    println!("{}", table::table(&results, asked("--all")));
    println!("{}", machine::walks());
    println!("{}", cargo::compile(asked("--compile")));
    println!("measured in {:.0} s", start.elapsed().as_secs_f64());
    for result in &results {
        println!("{}", table::json(result));
    }
}

fn measure(
    stages: Vec<Stage>,
    each: Duration,
    counts: Counts,
    clock: impl Fn() -> Duration + Copy,
) -> Vec<Measured> {
    let mut measuring: Vec<_> = stages
        .into_iter()
        .map(|stage| Measuring::new(stage, counts, clock))
        .collect();
    for _ in 0..ROUNDS {
        for stage in &mut measuring {
            stage.go_on(each, clock);
        }
    }
    let ended = measuring.into_iter().map(Measuring::end);
    ended.collect()
}
