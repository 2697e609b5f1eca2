//! See `tc3_benches::sign`.
#![allow(missing_docs, reason = "criterion's macros make items without them")]

mod common;

use criterion::{Criterion, criterion_group, criterion_main};

fn sign(c: &mut Criterion) {
    common::bench(c, "sign", tc3_benches::sign::stages());
}

criterion_group!(benches, sign);
criterion_main!(benches);
