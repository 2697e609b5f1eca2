//! See `tc3_benches::request`.
#![allow(missing_docs, reason = "criterion's macros make items without them")]

mod common;

use criterion::{Criterion, criterion_group, criterion_main};

fn request(c: &mut Criterion) {
    common::bench(c, "request", vec![tc3_benches::request::stage()]);
}

criterion_group!(benches, request);
criterion_main!(benches);
