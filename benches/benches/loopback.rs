//! See `tc3_benches::loopback`. What is shown is CPU time, not the time that passes.
#![allow(missing_docs, reason = "criterion's macros make items without them")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use tc3_benches::{clock, loopback};

fn loopback(c: &mut Criterion) {
    let server = loopback::Server::start().expect("the server starts");
    let mut group = c.benchmark_group("loopback");
    for stage in loopback::stages(&server) {
        group.throughput(Throughput::Elements(stage.records.max(1)));
        for mut contender in stage.contenders {
            let id = BenchmarkId::new(contender.name, &stage.name);
            group.bench_function(id, |b| {
                b.iter_custom(|iterations| {
                    let start = clock::cpu();
                    (0..iterations).for_each(|_| (contender.work)());
                    clock::cpu() - start
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, loopback);

fn main() {
    loopback::serve_if_asked();
    benches();
    Criterion::default().configure_from_args().final_summary();
}
