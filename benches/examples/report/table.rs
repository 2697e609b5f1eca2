use std::fmt::Write;

use serde_json::json;
use tc3_benches::Role;

use crate::measure::{Measured, Time};

/// The table; with `all` there is a line for each contender.
pub(crate) fn table(results: &[Measured], all: bool) -> String {
    let mut table = format!(
        "| {:<28} | {:>10} | {:>7} | {:>34} | {:>11} |\n",
        "stage", "time", "× floor", "best peer", "allocations"
    );
    let _ = writeln!(
        table,
        "| {:-<28} | {:->9}: | {:->6}: | {:->33}: | {:->10}: |",
        "", "", "", "", ""
    );
    for result in results {
        let ours = result.ours();
        let peer = result.best(Role::Peer).map_or_else(String::new, |peer| {
            format!("{} {:.2} ×", peer.name, peer.ns / ours.ns)
        });
        line(&mut table, &result.stage, ours, result, &peer);
        if all {
            for other in result.times.iter().filter(|time| time.role != Role::Ours) {
                line(&mut table, &format!("  {}", other.name), other, result, "");
            }
        }
    }
    table
}

fn line(table: &mut String, name: &str, time: &Time, result: &Measured, peer: &str) {
    let floor = result.best(Role::Floor);
    let ratio = floor.map_or_else(String::new, |floor| format!("{:.2}", time.ns / floor.ns));
    let allocations = time.allocations.map_or_else(String::new, |n| n.to_string());
    let shown = shown(time.ns);
    // Writing to a String cannot fail.
    let _ = writeln!(
        table,
        "| {name:<28} | {shown:>10} | {ratio:>7} | {peer:>34} | {allocations:>11} |"
    );
}

fn shown(ns: f64) -> String {
    match ns {
        ..10_000.0 => format!("{ns:.0} ns"),
        ..10_000_000.0 => format!("{:.1} µs", ns / 1e3),
        _ => format!("{:.1} ms", ns / 1e6),
    }
}

/// The object of a stage.
pub(crate) fn json(result: &Measured) -> String {
    let tenth = |time: &Time| (time.ns * 10.0).round() / 10.0;
    let ours = result.ours();
    let floor = result.best(Role::Floor);
    let peer = result.best(Role::Peer);
    // Written by hand, for the order of the fields.
    format!(
        r#"{{"stage": {}, "ns": {}, "floor_ns": {}, "best_peer": {}, "best_peer_ns": {}, "allocations": {}}}"#,
        json!(result.stage),
        json!(tenth(ours)),
        json!(floor.map(tenth)),
        json!(peer.map(|peer| peer.name)),
        json!(peer.map(tenth)),
        json!(ours.allocations),
    )
}
