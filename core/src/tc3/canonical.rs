use alloc::{format, string::String, vec::Vec};
use core::fmt;

use sha2::{Digest, Sha256};

use super::hex;

/// The value of `X-TC-Content-SHA256` that leaves the body out of the signature.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// What of the body goes into the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// The whole body; empty for GET.
    Signed(&'a [u8]),
    /// The body that has this SHA-256.
    Hashed([u8; 32]),
    /// Nothing: the words [`UNSIGNED_PAYLOAD`] stand in, and the request says so in `X-TC-Content-SHA256`.
    Unsigned,
}

/// The canonical request: the first stage of a signature. Its text is what `Display` writes.
///
/// ```
/// use tc3_core::tc3::{CanonicalRequest, Payload};
///
/// let headers =
///     [("Host", "cvm.tencentcloudapi.com"), ("Content-Type", " application/JSON ")];
/// let request = CanonicalRequest::new("GET", "/", "Limit=1", headers, Payload::Signed(b""));
/// assert_eq!(request.signed_headers(), "content-type;host");
/// assert_eq!(
///     request.to_string(),
///     "GET\n/\nLimit=1\n\
///      content-type:application/json\nhost:cvm.tencentcloudapi.com\n\ncontent-type;host\n\
///      e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalRequest(String);

type Header<'a> = (&'a str, &'a str);

impl CanonicalRequest {
    /// Canonicalises a request.
    ///
    /// `query` is what stands behind the `?`, as it is sent. All of `headers` are signed, in any order; names and
    /// values are trimmed and made lower-case here.
    pub fn new<'a>(
        method: &str,
        path: &str,
        query: &str,
        headers: impl AsRef<[Header<'a>]>,
        payload: Payload<'_>,
    ) -> Self {
        let lower = |(name, value): &Header<'_>| (lower(name), lower(value));
        let mut headers: Vec<_> = headers.as_ref().iter().map(lower).collect();
        headers.sort();
        let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let line = |(name, value): &(String, String)| format!("{name}:{value}\n");
        let lines: String = headers.iter().map(line).collect();
        let (names, hash) = (names.join(";"), payload.hash());
        Self([method, path, query, &lines, &names, &hash].join("\n"))
    }

    /// The signed headers' names: lower-case, sorted, joined with `;`.
    pub fn signed_headers(&self) -> &str {
        self.0.rsplit('\n').nth(1).unwrap_or_default()
    }

    /// The SHA-256 of the canonical request.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}

impl fmt::Display for CanonicalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Payload<'_> {
    fn hash(self) -> String {
        hex(&match self {
            Self::Signed(body) => Sha256::digest(body).into(),
            Self::Hashed(hash) => hash,
            Self::Unsigned => Sha256::digest(UNSIGNED_PAYLOAD).into(),
        })
    }
}

/// A name or value in canonical form.
fn lower(part: &str) -> String {
    part.trim().to_lowercase()
}
