//! The signature once more, as the vendor's page describes it, step by step, on nothing but SHA-256.

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tc3_core::tc3::{CanonicalRequest, Payload};

/// A request to be signed; `None` is a body that stays out of the signature.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

impl Parts {
    /// The same for what is tested.
    pub(crate) fn canonical(&self) -> CanonicalRequest {
        let headers = self.headers.iter();
        let headers: Vec<_> = headers.map(|(name, value)| (&**name, &**value)).collect();
        let payload = match &self.body {
            Some(body) => Payload::Signed(body),
            None => Payload::Unsigned,
        };
        CanonicalRequest::new(&self.method, &self.path, &self.query, headers, payload)
    }

    /// The headers as they are signed, sorted.
    fn signed(&self) -> Vec<(String, String)> {
        let lower = |text: &str| text.trim().to_lowercase();
        let mut headers: Vec<_> = (self.headers.iter())
            .map(|(name, value)| (lower(name), lower(value)))
            .collect();
        headers.sort();
        headers
    }

    pub(crate) fn signed_headers(&self) -> String {
        let names: Vec<_> = self.signed().into_iter().map(|(name, _)| name).collect();
        names.join(";")
    }

    pub(crate) fn text(&self) -> String {
        let Self {
            method,
            path,
            query,
            ..
        } = self;
        let lines: String = (self.signed().iter())
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let names = self.signed_headers();
        let hash = hex(&sha256(self.body.as_deref().unwrap_or(b"UNSIGNED-PAYLOAD")));
        format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{hash}")
    }

    /// The `Authorization` header.
    pub(crate) fn authorization(&self, id: &str, key: &str, service: &str, time: i64) -> String {
        let date = date(time);
        let scope = format!("{date}/{service}/tc3_request");
        let hash = hex(&sha256(self.text().as_bytes()));
        let to_sign = format!("TC3-HMAC-SHA256\n{time}\n{scope}\n{hash}");
        let by_date = hmac(format!("TC3{key}").as_bytes(), &date);
        let by_service = hmac(&by_date, service);
        let signing = hmac(&by_service, "tc3_request");
        format!(
            "TC3-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={}, Signature={}",
            self.signed_headers(),
            hex(&hmac(&signing, &to_sign))
        )
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// RFC 2104, with SHA-256's blocks of 64 bytes.
fn hmac(key: &[u8], message: &str) -> [u8; 32] {
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&sha256(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = [&block.map(|byte| byte ^ 0x36), message.as_bytes()].concat();
    let outer = [&block.map(|byte| byte ^ 0x5c)[..], &sha256(&inner)].concat();
    sha256(&outer)
}

/// The UTC date, counted year by year and month by month.
fn date(time: i64) -> String {
    let is_leap = |year| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_of = |year| if is_leap(year) { 366 } else { 365 };
    let (mut year, mut day) = (1970, time.div_euclid(86_400));
    while day < 0 {
        year -= 1;
        day += days_of(year);
    }
    while day >= days_of(year) {
        day -= days_of(year);
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", day + 1)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ \tA-Za-z0-9-]{0,12}",
        "[a-z-]{1,6}",
        "\\PC{0,6}",
        any::<String>()
    ]
}

prop_compose! {
    /// Any request, whether it can be sent or not.
    pub(crate) fn parts()(
        (method, path, query) in (text(), text(), text()),
        headers in prop::collection::vec((text(), text()), 0..6),
        body in prop::option::weighted(0.9, prop::collection::vec(any::<u8>(), 0..200)),
    ) -> Parts {
        Parts { method, path, query, headers, body }
    }
}

prop_compose! {
    /// A request of so few different texts that many are almost alike.
    pub(crate) fn alike()(
        method in "POST|GET|PUT|PO",
        path in "/|/a|/b|ST/",
        query in "|a=b",
        headers in prop::collection::vec((" ?[Hh]ost|a|b|A|É|ab", "B ?|b|a|É|ba|"), 0..4),
        body in prop::option::weighted(0.9, prop::collection::vec(any::<u8>(), 0..2)),
    ) -> Parts {
        Parts { method, path, query, headers, body }
    }
}
