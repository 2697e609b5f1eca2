use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt::Write as _;

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

/// The canonical request: the first stage of a signature.
///
/// ```
/// use tc3_core::tc3::{CanonicalRequest, Payload};
///
/// let headers = [("Host", "cvm.tencentcloudapi.com"), ("Content-Type", " application/JSON ")];
/// let request = CanonicalRequest::new("GET", "/", "Limit=1", headers, Payload::Signed(b""));
/// assert_eq!(
///     request.as_str(),
///     "GET\n/\nLimit=1\ncontent-type:application/json\nhost:cvm.tencentcloudapi.com\n\ncontent-type;host\n\
///      e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalRequest {
    text: String,
    signed_headers: String,
}

impl CanonicalRequest {
    /// Canonicalises a request.
    ///
    /// `query` is what stands behind the `?`, as it is sent. All of `headers` are signed, in any order;
    /// names and values are trimmed and made lower-case here.
    pub fn new<'a>(
        method: &str,
        path: &str,
        query: &str,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        payload: Payload<'_>,
    ) -> Self {
        let mut headers: Vec<_> = headers
            .into_iter()
            .map(|(name, value)| (lower(name), lower(value)))
            .collect();
        headers.sort();
        let mut signed_headers = String::with_capacity(64);
        for (name, _) in &headers {
            if !signed_headers.is_empty() {
                signed_headers.push(';');
            }
            signed_headers.push_str(name);
        }

        let mut text = String::with_capacity(256);
        for part in [method, path, query] {
            text.push_str(part);
            text.push('\n');
        }
        for (name, value) in &headers {
            text.push_str(name);
            text.push(':');
            text.push_str(value);
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&signed_headers);
        text.push('\n');
        let body = match payload {
            Payload::Signed(body) => body,
            Payload::Unsigned => UNSIGNED_PAYLOAD.as_bytes(),
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "{}", Hex(&Sha256::digest(body)));
        Self {
            text,
            signed_headers,
        }
    }

    /// The canonical request itself.
    pub fn as_str(&self) -> &str {
        &self.text
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
