use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use sha2::{Digest, Sha256};

use super::Hex;

/// The value of `X-TC-Content-SHA256` that leaves the body out of the signature.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// What of the body goes into the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// The whole body; empty for GET.
    Signed(&'a [u8]),
    /// Nothing: the words [`UNSIGNED_PAYLOAD`] stand in, and the request says so in `X-TC-Content-SHA256`.
    Unsigned,
}

/// The canonical request: the first stage of a signature. Its text is what `Display` writes.
///
/// ```
/// use tc3_core::tc3::{CanonicalRequest, Payload};
///
/// let headers = [("Host", "cvm.tencentcloudapi.com"), ("Content-Type", " application/JSON ")];
/// let request = CanonicalRequest::new("GET", "/", "Limit=1", &headers, Payload::Signed(b""));
/// assert_eq!(request.signed_headers(), "content-type;host");
/// assert_eq!(
///     request.to_string(),
///     "GET\n/\nLimit=1\ncontent-type:application/json\nhost:cvm.tencentcloudapi.com\n\ncontent-type;host\n\
///      e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
/// );
/// ```
#[derive(Clone)]
pub struct CanonicalRequest<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: Cow<'a, [Header<'a>]>,
    payload: Payload<'a>,
}

type Header<'a> = (&'a str, &'a str);

impl<'a> CanonicalRequest<'a> {
    /// Canonicalises a request.
    ///
    /// `query` is what stands behind the `?`, as it is sent. All of `headers` (an array, a slice or a `Vec`)
    /// are signed, in any order; names and values are trimmed and made lower-case here.
    pub fn new(
        method: &'a str,
        path: &'a str,
        query: &'a str,
        headers: impl Into<Cow<'a, [Header<'a>]>>,
        payload: Payload<'a>,
    ) -> Self {
        Self {
            method,
            path,
            query,
            headers: headers.into(),
            payload,
        }
    }

    /// The signed headers' names: lower-case, sorted, joined with `;`.
    pub fn signed_headers(&self) -> String {
        Head::new(self).signed_headers
    }

    /// The SHA-256 of the canonical request.
    pub fn hash(&self) -> [u8; 32] {
        self.hash_after(&Head::new(self))
    }

    /// The hash, given its head.
    pub(super) fn hash_after(&self, head: &Head) -> [u8; 32] {
        let hash = head.hash.clone();
        hash.chain_update(self.payload.hash().as_str())
            .finalize()
            .into()
    }

    /// Whether it is of a request whose head is its own.
    pub(super) const fn has_query(&self) -> bool {
        !self.query.is_empty()
    }

    /// The headers in canonical form.
    fn canonical_headers(&self) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
        let headers = self.headers.iter();
        let mut headers: Vec<_> = headers
            .map(|(name, value)| (lower(name), lower(value)))
            .collect();
        headers.sort();
        headers
    }
}

impl fmt::Display for CanonicalRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Head::new(self).text)?;
        f.write_str(self.payload.hash().as_str())
    }
}

impl fmt::Debug for CanonicalRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CanonicalRequest")
            .field(&self.to_string())
            .finish()
    }
}

/// All of a canonical request that comes before the payload's hash: the same for all requests of one action
/// to one host, so it is hashed once for all of them.
#[derive(Clone)]
pub(super) struct Head {
    method: String,
    path: String,
    query: String,
    /// As they were given.
    headers: Vec<(String, String)>,
    text: String,
    signed_headers: String,
    hash: Sha256,
}

impl Head {
    pub(super) fn new(request: &CanonicalRequest<'_>) -> Self {
        let headers = request.canonical_headers();
        let mut signed_headers = String::with_capacity(64);
        for (name, _) in &headers {
            if !signed_headers.is_empty() {
                signed_headers.push(';');
            }
            signed_headers.push_str(name);
        }
        let mut text = String::with_capacity(256);
        for part in [request.method, request.path, request.query] {
            text.push_str(part);
            text.push('\n');
        }
        for (name, value) in &headers {
            for part in [name, ":", value, "\n"] {
                text.push_str(part);
            }
        }
        for part in ["\n", &signed_headers, "\n"] {
            text.push_str(part);
        }
        let owned = |(name, value): &Header<'_>| ((*name).into(), (*value).into());
        Self {
            method: request.method.into(),
            path: request.path.into(),
            query: request.query.into(),
            headers: request.headers.iter().map(owned).collect(),
            hash: Sha256::new_with_prefix(&text),
            text,
            signed_headers,
        }
    }

    /// Whether it is that of a request.
    pub(super) fn is_of(&self, request: &CanonicalRequest<'_>) -> bool {
        let headers = self.headers.iter().map(|(name, value)| (&**name, &**value));
        self.method == request.method
            && self.path == request.path
            && self.query == request.query
            && headers.eq(request.headers.iter().copied())
    }

    /// The signed headers' names: lower-case, sorted, joined with `;`.
    pub(super) fn signed_headers(&self) -> &str {
        &self.signed_headers
    }
}

impl Payload<'_> {
    fn hash(self) -> Hex {
        Hex::new(&match self {
            Self::Signed(body) => Sha256::digest(body).into(),
            Self::Unsigned => Sha256::digest(UNSIGNED_PAYLOAD).into(),
        })
    }
}

fn lower(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text
        .bytes()
        .any(|b| b.is_ascii_uppercase() || !b.is_ascii())
    {
        Cow::Owned(text.to_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}
