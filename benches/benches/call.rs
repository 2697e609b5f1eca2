//! See `tc3_benches::call`.
#![allow(missing_docs, reason = "criterion's macros make items without them")]

mod common;

use criterion::{Criterion, criterion_group, criterion_main};

fn call(c: &mut Criterion) {
    common::bench(c, "call", vec![tc3_benches::call::stage()]);
}

criterion_group!(benches, call);
criterion_main!(benches);
