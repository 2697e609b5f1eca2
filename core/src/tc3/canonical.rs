use alloc::{borrow::Cow, string::String};
use core::fmt;

use sha2::{Digest, Sha256};

use super::Hex;

/// The value of `X-TC-Content-SHA256` that leaves the body out of the signature.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// How the body enters the signature.
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
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalRequest {
    text: String,
    signed_headers: String,
}

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
        let mut headers = Cow::Borrowed(headers.as_ref());
        let in_order = in_order(&headers);
        if !in_order {
            let headers = headers.to_mut();
            headers.sort_by_cached_key(|(name, value)| (lower(name), lower(value)));
        }
        let mut text = String::with_capacity(384);
        for part in [method, path, query] {
            text.push_str(part);
            text.push('\n');
        }
        let mut names = String::with_capacity(64);
        for (place, (name, value)) in headers.iter().enumerate() {
            if place > 0 {
                names.push(';');
            }
            if in_order {
                names.push_str(name);
                text.push_str(name);
            } else {
                push_lower(name, &mut names);
                push_lower(name, &mut text);
            }
            text.push(':');
            push_lower(value, &mut text);
            text.push('\n');
        }
        for part in ["\n", &names, "\n", payload.hash().as_str()] {
            text.push_str(part);
        }
        Self {
            text,
            signed_headers: names,
        }
    }

    /// The signed headers' names: lower-case, sorted, joined with `;`.
    pub fn signed_headers(&self) -> &str {
        &self.signed_headers
    }

    /// The SHA-256 of the canonical request.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.text).into()
    }
}

impl fmt::Display for CanonicalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for CanonicalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CanonicalRequest").field(&self.text).finish()
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
