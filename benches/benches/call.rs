//! See `tc3_benches::call`.
#![allow(missing_docs, reason = "criterion's macros make items without them")]

mod common;

use criterion::{Criterion, criterion_group, criterion_main};

fn call(c: &mut Criterion) {
    common::bench(c, "call", tc3_benches::call::stages());
}

criterion_group!(benches, call);
criterion_main!(benches);
