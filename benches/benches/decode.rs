//! See `tc3_benches::decode`.
#![allow(missing_docs, reason = "criterion's macros make items without them")]

mod common;

use criterion::{Criterion, criterion_group, criterion_main};

fn decode(c: &mut Criterion) {
    common::bench(c, "decode", tc3_benches::decode::stages());
}

criterion_group!(benches, decode);
criterion_main!(benches);
