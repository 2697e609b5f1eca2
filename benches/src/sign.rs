//! The `Authorization` header of a body that stands ready: three signed headers, `POST /`.

use std::hint::black_box;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, block_api::compress256};
use tc3_core::{
    UnixTime,
    tc3::{CanonicalRequest, Payload, Signer},
};

#[cfg(feature = "peers")]
use crate::peers;
use crate::{Role, SECRET_ID, SECRET_KEY, Stage, TIME, credential, request::DescribeBillDetail};

/// The headers that are signed.
pub const HEADERS: [(&str, &str); 3] = [
    ("content-type", "application/json"),
    ("host", "billing.tencentcloudapi.com"),
    ("x-tc-action", "DescribeBillDetail"),
];
/// The same as they stand in the canonical request.
pub const CANONICAL_HEADERS: &str = "content-type:application/json\nhost:billing.tencentcloudapi.com\nx-tc-action:describebilldetail\n";
/// Their names.
pub const SIGNED_HEADERS: &str = "content-type;host;x-tc-action";

/// The body that is signed, of any length.
pub fn body(len: usize) -> String {
    let body = DescribeBillDetail::new().json();
    if len == body.len() {
        body
    } else {
        "x".repeat(len)
    }
}

/// Every length of body, with the day's key cached and with a day whose key has to be derived.
pub fn stages() -> Vec<Stage> {
    let lengths = [0, 203, 4 << 10, 1 << 20];
    let stages = lengths.map(|len| [cached(len), first(len)]);
    stages.into_iter().flatten().collect()
}

/// With the day's key cached.
pub fn cached(len: usize) -> Stage {
    let (ours, plain) = (body(len), body(len));
    let mut signer = Signer::new(credential());
    authorization(&mut signer, ours.as_bytes());
    let key = plain_key();
    let stage = Stage::new(format!("sign_cached_{len}"), len, move || {
        authorization(&mut signer, black_box(ours.as_bytes()))
    })
    .with("floor", Role::Floor, compressions(floor(len)))
    .with("sha2 and hmac", Role::Reference, move || {
        plain_authorization(&key, black_box(plain.as_bytes()))
    });
    #[cfg(feature = "peers")]
    let stage = stage
        .with("tencentcloud-sign-sdk", Role::Peer, peers::sign_sdk(len))
        .with("aws-sigv4", Role::Peer, peers::sigv4(len));
    stage
}

/// With a key that has to be derived, as for the first call of a day: each call is on another one, and by the
/// time that a day comes again its key is forgotten.
pub fn first(len: usize) -> Stage {
    let (ours, plain) = (body(len), body(len));
    let mut signer = Signer::new(credential());
    let mut days = (0..100)
        .cycle()
        .map(|day| UnixTime::new(TIME.seconds() + day * 86_400));
    let stage = Stage::new(format!("sign_first_{len}"), len, move || {
        let day = days.next().expect("days go on");
        authorization_at(&mut signer, black_box(ours.as_bytes()), day)
    })
    .with("floor", Role::Floor, compressions(floor(len)))
    .with("sha2 and hmac", Role::Reference, move || {
        plain_authorization(&plain_key(), black_box(plain.as_bytes()))
    });
    #[cfg(feature = "peers")]
    let stage = stage
        .with("tencentcloud-sign-sdk", Role::Peer, peers::sign_sdk(len))
        .with("aws-sigv4", Role::Peer, peers::sigv4(len));
    stage
}

/// The header, as this project makes it.
pub fn authorization(signer: &mut Signer, body: &[u8]) -> String {
    authorization_at(signer, body, TIME)
}

fn authorization_at(signer: &mut Signer, body: &[u8], time: UnixTime) -> String {
    let request = CanonicalRequest::new("POST", "/", "", HEADERS, Payload::Signed(body));
    signer
        .sign(&request, "billing", time)
        .expect("the time is a date")
}

/// Hashes so many blocks and nothing else.
pub fn compressions(count: usize) -> impl FnMut() -> [u32; 8] {
    let blocks = vec![[0_u8; 64]; count];
    move || {
        let mut state = [0_u32; 8];
        compress256(&mut state, black_box(&blocks));
        state
    }
}

/// Blocks of 64 bytes that hashing a message takes, padding included.
const fn blocks(len: usize) -> usize {
    (len + 9).div_ceil(64)
}

/// The compressions of one signature: the body's, the canonical request's, and those of an HMAC over the
/// string to sign with the key's two blocks absorbed before. Whoever keeps the hash of what comes before the
/// payload in the canonical request needs two fewer, so a signature can take less than this.
pub const fn floor(body: usize) -> usize {
    let request = "POST\n/\n\n\n\n".len() + CANONICAL_HEADERS.len() + SIGNED_HEADERS.len() + 64;
    let string_to_sign = "TC3-HMAC-SHA256\n1551113065\n2019-02-25/billing/tc3_request\n".len() + 64;
    // The inner hash goes on from one absorbed block; the outer one is one block more.
    let (inner, outer) = (blocks(64 + string_to_sign) - 1, 1);
    blocks(body) + blocks(request) + inner + outer
}

fn plain_key() -> Hmac<Sha256> {
    let step = |key: &[u8], message: &str| plain_mac(key).chain_update(message).finalize();
    let date = step(format!("TC3{SECRET_KEY}").as_bytes(), "2019-02-25");
    let service = step(&date.into_bytes(), "billing");
    plain_mac(&step(&service.into_bytes(), "tc3_request").into_bytes())
}

fn plain_mac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// The header as anybody would write it down with `format!`.
fn plain_authorization(key: &Hmac<Sha256>, body: &[u8]) -> String {
    let canonical = format!(
        "POST\n/\n\n{CANONICAL_HEADERS}\n{SIGNED_HEADERS}\n{}",
        hex(&Sha256::digest(body))
    );
    let scope = "2019-02-25/billing/tc3_request";
    let hash = hex(&Sha256::digest(canonical));
    let string_to_sign = format!("TC3-HMAC-SHA256\n{TIME}\n{scope}\n{hash}");
    let signature = hex(&key
        .clone()
        .chain_update(string_to_sign)
        .finalize()
        .into_bytes());
    format!(
        "TC3-HMAC-SHA256 Credential={SECRET_ID}/{scope}, SignedHeaders={SIGNED_HEADERS}, Signature={signature}"
    )
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sign_the_same() {
        for len in [0, 203, 4096] {
            let body = body(len);
            let ours = authorization(&mut Signer::new(credential()), body.as_bytes());
            assert_eq!(plain_authorization(&plain_key(), body.as_bytes()), ours);
            #[cfg(feature = "peers")]
            assert_eq!(peers::sign_sdk(len)(), ours);
        }
    }

    #[test]
    fn a_signature_of_203_bytes_is_12_compressions() {
        assert_eq!(floor(203), 12);
        let request = CanonicalRequest::new("POST", "/", "", HEADERS, Payload::Signed(b""));
        let text = request.to_string();
        let canonical = text.strip_suffix(&hex(&Sha256::digest(b"")));
        assert_eq!(
            canonical,
            Some(format!("POST\n/\n\n{CANONICAL_HEADERS}\n{SIGNED_HEADERS}\n").as_str())
        );
    }
}
