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
    /// `query` is what stands behind the `?`, as it is sent. All of `headers` (a slice, a reference to an
    /// array, or a `Vec`) are signed, in any order; names and values are trimmed and made lower-case here.
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
        Head::new(self).signed_headers().into()
    }

    /// The SHA-256 of the canonical request.
    pub fn hash(&self) -> [u8; 32] {
        self.hash_after(&Head::new(self))
    }

    /// The hash, given its head.
    pub(super) fn hash_after(&self, head: &Head) -> [u8; 32] {
        let hash = head.hash.clone();
        hash.chain_update(self.payload.hash().0).finalize().into()
    }

    /// Whether its head is not worth keeping, as the next query is another one.
    pub(super) const fn has_query(&self) -> bool {
        !self.query.is_empty()
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
    /// What it was made from, as it was given; no text has the byte that ends each.
    given: Vec<u8>,
    text: String,
    signed_headers: String,
    hash: Sha256,
}

impl Head {
    /// Ends each text of `given`.
    const END: u8 = 0xff;

    pub(super) fn new(request: &CanonicalRequest<'_>) -> Self {
        let mut given = Vec::with_capacity(192);
        let mut give = |text: &str| {
            given.extend_from_slice(text.as_bytes());
            given.push(Self::END);
        };
        for part in [request.method, request.path, request.query] {
            give(part);
        }
        for (name, value) in &*request.headers {
            give(name);
            give(value);
        }
        let mut headers = Cow::Borrowed(&*request.headers);
        if !in_order(&headers) {
            let headers = headers.to_mut();
            headers.sort_by_cached_key(|(name, value)| (lower(name), lower(value)));
        }
        let mut text = String::with_capacity(256);
        for part in [request.method, request.path, request.query] {
            text.push_str(part);
            text.push('\n');
        }
        let mut names = String::with_capacity(64);
        for (place, (name, value)) in headers.iter().enumerate() {
            if place > 0 {
                names.push(';');
            }
            let start = names.len();
            push_lower(name, &mut names);
            text.push_str(names.get(start..).unwrap_or_default());
            text.push(':');
            push_lower(value, &mut text);
            text.push('\n');
        }
        for part in ["\n", &names, "\n"] {
            text.push_str(part);
        }
        Self {
            given,
            signed_headers: names,
            hash: Sha256::new_with_prefix(&text),
            text,
        }
    }

    /// Whether it is that of a request.
    pub(super) fn is_of(&self, request: &CanonicalRequest<'_>) -> bool {
        let mut rest = &*self.given;
        let mut gave = |text: &str| match rest.split_at_checked(text.len()) {
            Some((given, [Self::END, others @ ..])) => {
                rest = others;
                given == text.as_bytes()
            }
            _ => false,
        };
        gave(request.method)
            && gave(request.path)
            && gave(request.query)
            && (request.headers.iter()).all(|(name, value)| gave(name) && gave(value))
            && rest.is_empty()
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
            Self::Hashed(hash) => hash,
            Self::Unsigned => Sha256::digest(UNSIGNED_PAYLOAD).into(),
        })
    }
}

/// Whether headers need not be sorted, as most don't.
fn in_order(headers: &[Header<'_>]) -> bool {
    let canonical = |name: &str| {
        name.bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    headers.is_sorted_by(|(a, _), (b, _)| a < b) && headers.iter().all(|(name, _)| canonical(name))
}

fn lower(part: &str) -> String {
    let mut text = String::new();
    push_lower(part, &mut text);
    text
}

/// Appends a name or value in canonical form.
fn push_lower(part: &str, text: &mut String) {
    let part = part.trim();
    if part.is_ascii() {
        let start = text.len();
        text.push_str(part);
        if let Some(pushed) = text.get_mut(start..) {
            pushed.make_ascii_lowercase();
        }
    } else {
        text.push_str(&part.to_lowercase());
    }
}
