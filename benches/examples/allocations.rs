//! How many allocations each stage costs, and how many bytes they ask for, each a mean over many runs.
//!
//! ```sh
//! cargo run --release -p tc3-benches --example allocations -- [--json]
//! ```
//!
//! It is a program of its own because counting costs time, which would be in all the other figures. What
//! grows counts as often as it is moved. With `--json` there is an object a line.

use std::alloc::System;

use alloc_tracker::{Allocator, Session};
use tc3_benches::{Contender, loopback};

#[global_allocator]
static ALLOCATOR: Allocator<System> = Allocator::system();

/// Allocations and bytes of one run, in this thread: none of the stages has others.
fn measure(contender: &mut Contender) -> (u64, u64) {
    // Keys are derived, connections made and buffers grown before anything counts.
    (0..2).for_each(|_| (contender.work)());
    let session = Session::new();
    let operation = session.operation(contender.name);
    let runs = 4;
    {
        let _span = operation.measure_thread().iterations(runs);
        (0..runs).for_each(|_| (contender.work)());
    }
    let report = session.to_report();
    let (_, counted) = report.operations().next().expect("there is one");
    (counted.mean_allocations(), counted.mean_bytes())
}

#[expect(clippy::print_stdout, reason = "it is what the program is for")]
fn main() {
    loopback::serve_if_asked();
    let json = std::env::args().any(|argument| argument == "--json");
    let server = loopback::Server::start().expect("the server starts");
    let over_loopback = loopback::stages(&server);
    for mut stage in tc3_benches::stages().into_iter().chain(over_loopback) {
        for contender in &mut stage.contenders {
            let (allocations, bytes) = measure(contender);
            let (stage, name) = (&stage.name, contender.name);
            if json {
                let line = serde_json::json!({
                    "stage": stage, "contender": name, "allocations": allocations, "bytes": bytes,
                });
                println!("{line}");
            } else {
                println!("{stage:<28} {name:<30} {allocations:>8} {bytes:>10} B");
            }
        }
    }
}
