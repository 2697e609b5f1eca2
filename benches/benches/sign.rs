//! What a signature costs: with the day's key cached, for the first call of a day, and the floor under
//! both, which is the compressions of SHA-256 that the algorithm itself asks for.
#![allow(missing_docs, reason = "criterion's macros make items without them")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sha2::block_api::compress256;
use tc3_core::{
    Credential, UnixTime,
    tc3::{CanonicalRequest, Payload, Signer},
};

const HEADERS: [(&str, &str); 3] = [
    ("content-type", "application/json"),
    ("host", "billing.tencentcloudapi.com"),
    ("x-tc-action", "DescribeBillDetail"),
];
const TIME: UnixTime = UnixTime::new(1_551_113_065);

fn authorization(signer: &mut Signer, body: &[u8]) -> String {
    let request = CanonicalRequest::new("POST", "/", "", HEADERS, Payload::Signed(body));
    signer
        .sign(&request, "billing", TIME)
        .expect("the time is a date")
}

/// Blocks of 64 bytes that hashing a message takes, padding included.
const fn blocks(len: usize) -> usize {
    (len + 9).div_ceil(64)
}

/// The compressions of one signature: the body's, the canonical request's, and those of an HMAC over the
/// string to sign with the key's two blocks absorbed before.
fn floor(body: usize) -> usize {
    let request = CanonicalRequest::new("POST", "/", "", HEADERS, Payload::Unsigned);
    let string_to_sign = "TC3-HMAC-SHA256\n1551113065\n2019-02-25/billing/tc3_request\n".len() + 64;
    // The inner hash goes on from one absorbed block; the outer one is one block more.
    let (inner, outer) = (blocks(64 + string_to_sign) - 1, 1);
    blocks(body) + blocks(request.as_str().len()) + inner + outer
}

fn sign(c: &mut Criterion) {
    let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key-of-32-characters!")
        .expect("a well-formed key pair");
    let mut group = c.benchmark_group("sign");
    for (name, len) in [("0B", 0), ("203B", 203), ("4KB", 4 << 10), ("1MB", 1 << 20)] {
        let body = vec![b'x'; len];
        group.throughput(Throughput::Bytes(len as u64));

        let mut cached = Signer::new(credential.clone());
        authorization(&mut cached, &body);
        group.bench_function(format!("cached/{name}"), |b| {
            b.iter(|| authorization(&mut cached, black_box(&body)));
        });
        group.bench_function(format!("first_of_a_day/{name}"), |b| {
            b.iter(|| authorization(&mut Signer::new(credential.clone()), black_box(&body)));
        });
        let blocks = vec![[0_u8; 64]; floor(len)];
        group.bench_function(format!("floor/{name}"), |b| {
            b.iter(|| {
                let mut state = [0_u32; 8];
                compress256(&mut state, black_box(&blocks));
                state
            });
        });
    }
    group.finish();
}

criterion_group!(benches, sign);
criterion_main!(benches);
