//! See `tc3_benches::walk`. The million records take seconds an iteration, so there are ten of them.
#![allow(missing_docs, reason = "criterion's macros make items without them")]

mod common;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use tc3_benches::walk;

fn recorded(c: &mut Criterion) {
    common::bench(c, "walk", vec![walk::recorded_stage()]);
}

fn million(c: &mut Criterion) {
    let mut group = c.benchmark_group("walk");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    let stage = walk::emulator_stage(walk::RECORDS);
    group.throughput(Throughput::Elements(stage.records));
    for mut contender in stage.contenders {
        let id = format!("{}/{}", contender.name, stage.name);
        group.bench_function(id, |b| b.iter(&mut contender.work));
    }
    group.finish();
}

criterion_group!(benches, recorded, million);
criterion_main!(benches);
