//! What the requests of one action to one host have in common.

use alloc::{borrow::Cow, format, string::String};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header, uri::PathAndQuery};

use crate::{Endpoint, Invalid, Language, Region, Target, Wire, tc3::UNSIGNED_PAYLOAD};

pub(crate) const ACTION: HeaderName = HeaderName::from_static("x-tc-action");
const VERSION: HeaderName = HeaderName::from_static("x-tc-version");
pub(crate) const TIMESTAMP: HeaderName = HeaderName::from_static("x-tc-timestamp");
const REQUEST_CLIENT: HeaderName = HeaderName::from_static("x-tc-requestclient");
pub(crate) const REGION: HeaderName = HeaderName::from_static("x-tc-region");
const LANGUAGE: HeaderName = HeaderName::from_static("x-tc-language");
const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-tc-content-sha256");
pub(crate) const TOKEN: HeaderName = HeaderName::from_static("x-tc-token");
/// Keeps a place for what HTTP stacks add: a copy of a map has no other room, and would move as a whole.
const SPARE: HeaderName = header::CONTENT_LENGTH;
/// How many headers a request has at most, that one included.
const HEADERS: usize = 13;

/// Without it, anything may answer in a content coding.
pub(crate) const NO_CODING: HeaderValue = HeaderValue::from_static("identity");

const CLIENT: &str = concat!("tc3-rust/", env!("CARGO_PKG_VERSION"));

/// What a head is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    pub(crate) target: &'a Target,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) wire: Wire,
    pub(crate) region: Option<&'a Region>,
    pub(crate) language: Option<&'a Language>,
    pub(crate) token: bool,
}

impl About<'_> {
    pub(crate) const fn content_type(&self) -> &'static str {
        match self.wire {
            Wire::Post | Wire::PostUnsigned => "application/json",
            Wire::Get => "application/x-www-form-urlencoded",
        }
    }
}

/// The address and headers of requests, with nothing yet where each has its own: signature, time and token.
///
/// A copy of it takes a fraction of what it takes to put the headers together, and no more memory than they need.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    target: Target,
    endpoint: Endpoint,
    wire: Wire,
    region: Option<Region>,
    language: Option<Language>,
    token: bool,
    /// The `Host` header's text.
    pub(crate) authority: String,
    root: Uri,
    headers: HeaderMap,
}

impl Head {
    pub(crate) fn new(about: &About<'_>) -> Result<Self, Invalid> {
        const WRONG: Invalid = Invalid::new("endpoint", "does not make a host with this service");
        const LATER: HeaderValue = HeaderValue::from_static("");
        let About {
            target,
            endpoint,
            wire,
            region,
            language,
            token,
        } = *about;
        let authority = endpoint.authority(&target.service);
        let root = Uri::builder()
            .scheme(endpoint.scheme())
            .authority(&*authority)
            .path_and_query("/");

        let mut headers = HeaderMap::with_capacity(HEADERS);
        let host = HeaderValue::from_str(&authority).map_err(|_| WRONG)?;
        headers.insert(header::HOST, host);
        let content_type = HeaderValue::from_static(about.content_type());
        headers.insert(header::CONTENT_TYPE, content_type);
        headers.insert(header::ACCEPT_ENCODING, NO_CODING);
        let unsigned = HeaderValue::from_static("SKIP");
        headers.insert(
            header::AUTHORIZATION,
            if target.signed { LATER } else { unsigned },
        );
        headers.insert(ACTION, name(&target.action)?);
        headers.insert(VERSION, name(&target.version)?);
        headers.insert(TIMESTAMP, LATER);
        headers.insert(REQUEST_CLIENT, HeaderValue::from_static(CLIENT));
        if let Some(region) = region {
            headers.insert(REGION, text(region.as_str())?);
        }
        if let Some(language) = language {
            headers.insert(LANGUAGE, text(language.as_str())?);
        }
        if wire == Wire::PostUnsigned {
            headers.insert(CONTENT_SHA256, HeaderValue::from_static(UNSIGNED_PAYLOAD));
        }
        if token {
            headers.insert(TOKEN, LATER);
        }
        headers.insert(SPARE, LATER);
        Ok(Self {
            target: target.clone(),
            endpoint: endpoint.clone(),
            wire,
            region: region.cloned(),
            language: language.cloned(),
            token,
            root: root.build().map_err(|_| WRONG)?,
            authority,
            headers,
        })
    }

    pub(crate) fn is_of(&self, about: &About<'_>) -> bool {
        self.target == *about.target
            && self.endpoint == *about.endpoint
            && self.wire == about.wire
            && self.region.as_ref() == about.region
            && self.language.as_ref() == about.language
            && self.token == about.token
    }

    /// The headers, for a request to complete.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        headers.remove(SPARE);
        headers
    }

    /// Where a request with that query goes.
    pub(crate) fn uri(&self, query: &str) -> Result<Uri, Invalid> {
        if query.is_empty() {
            return Ok(self.root.clone());
        }
        let path_and_query = PathAndQuery::try_from(format!("/?{query}"));
        let mut parts = self.root.clone().into_parts();
        parts.path_and_query = path_and_query.ok();
        Uri::from_parts(parts)
            .map_err(|_| Invalid::new("input", "does not make a query of the endpoint's"))
    }
}

/// The header of a name, which costs no copy where it is known when the program is compiled.
#[expect(clippy::ptr_arg, reason = "only a Cow tells what is static")]
fn name(name: &Cow<'static, str>) -> Result<HeaderValue, Invalid> {
    match name {
        Cow::Borrowed(name) => value(Bytes::from_static(name.as_bytes())),
        Cow::Owned(name) => text(name),
    }
}

pub(crate) fn text(text: &str) -> Result<HeaderValue, Invalid> {
    value(Bytes::copy_from_slice(text.as_bytes()))
}

/// All that becomes a header was checked before; this is in case that a check was forgotten.
pub(crate) fn value(bytes: Bytes) -> Result<HeaderValue, Invalid> {
    let wrong = Invalid::new("header", "holds what can't be sent in a header");
    HeaderValue::from_maybe_shared(bytes).map_err(|_| wrong)
}
