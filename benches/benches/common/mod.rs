//! A group of stages in criterion: the stage is the parameter, who does it the function.

use criterion::{BenchmarkId, Criterion, Throughput};
use tc3_benches::Stage;

pub(crate) fn bench(c: &mut Criterion, name: &str, stages: Vec<Stage>) {
    let mut group = c.benchmark_group(name);
    for stage in stages {
        group.throughput(if stage.bytes > 0 {
            Throughput::Bytes(stage.bytes)
        } else {
            Throughput::Elements(stage.records)
        });
        for mut contender in stage.contenders {
            let id = BenchmarkId::new(contender.name, &stage.name);
            group.bench_function(id, |b| b.iter(&mut contender.work));
        }
    }
    group.finish();
}
