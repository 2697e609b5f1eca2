//! An action to a signed `http::Request`: the way out, pure.

use alloc::{
    borrow::Cow,
    string::{String, ToString},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header,
    uri::{self, Authority, PathAndQuery, Scheme},
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    Action, Error, Invalid, Session, Target, UnixTime,
    credential::NoCredentials,
    session::Wire,
    tc3::{CanonicalRequest, Payload, UNSIGNED_PAYLOAD},
    wire::query,
};

/// The largest body of a POST, in bytes.
pub const MAX_POST: usize = 10 << 20;
/// The largest query of a GET, in bytes.
pub const MAX_GET: usize = 32 << 10;

pub(crate) const ACTION: HeaderName = HeaderName::from_static("x-tc-action");
const VERSION: HeaderName = HeaderName::from_static("x-tc-version");
const TIMESTAMP: HeaderName = HeaderName::from_static("x-tc-timestamp");
const REQUEST_CLIENT: HeaderName = HeaderName::from_static("x-tc-requestclient");
pub(crate) const REGION: HeaderName = HeaderName::from_static("x-tc-region");
const LANGUAGE: HeaderName = HeaderName::from_static("x-tc-language");
const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-tc-content-sha256");
const TOKEN: HeaderName = HeaderName::from_static("x-tc-token");
/// How many headers a request has at most, and room for those that an HTTP stack adds.
const HEADERS: usize = 16;

/// Without it, anything may answer in a content coding.
pub(crate) const NO_CODING: HeaderValue = HeaderValue::from_static("identity");

const CLIENT: &str = concat!("tc3-rust/", env!("CARGO_PKG_VERSION"));

/// All that becomes a header was checked before; this is in case that a check was forgotten.
const UNPRINTABLE: Invalid = Invalid::new("header", "holds what can't be sent in a header");

const NO_HOST: Invalid = Invalid::new("endpoint", "does not make a host with this service");

const TOO_LARGE: Invalid = Invalid::new("input", "is larger than the service takes");

/// Returns the signed request for `action`, to be sent at `time`.
///
/// It is absolute (`https://host/`) and holds all headers but those of the connection; `Authorization`
/// and `X-TC-Token` are marked sensitive.
///
/// ```
/// use tc3_core::{wire::request, Credential, Session, UnixTime, Untyped};
///
/// let mut session = Session::new(Credential::new("AKIDEXAMPLE", "not-a-real-key")?);
/// let action = Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({}));
/// let request = request::sign(&action, &mut session, UnixTime::new(1_551_113_065))?;
/// assert_eq!(request.uri(), "https://cvm.tencentcloudapi.com/");
/// assert_eq!(request.headers()["x-tc-action"], "DescribeZones");
/// assert_eq!(request.headers()["x-tc-timestamp"], "1551113065");
/// assert_eq!(&request.body()[..], b"{}");
/// assert!(!format!("{request:?}").contains("Signature="));
/// # Ok::<(), tc3_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Credentials`] when the session has found none yet; [`Error::Input`] when the action's [`check`](Action::check) or its names fail, when it needs a region and the settings name none, or when the input is
/// too large; [`Error::Encode`] when it can't be written as JSON.
pub fn sign<A: Action>(
    action: &A,
    session: &mut Session,
    time: UnixTime,
) -> Result<Request<Bytes>, Error> {
    Prepared::new(action)?.sign(session, 0, time)
}

/// An action that is checked and written down, ready to be signed as often as it takes.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    target: Target,
    json: Bytes,
    /// The SHA-256 of it, so that no attempt hashes a large input while it holds the session.
    hash: [u8; 32],
}

impl Prepared {
    pub(crate) fn new<A: Action>(action: &A) -> Result<Self, Error> {
        let target = action.target();
        target.check()?;
        action.check()?;
        let json = serde_json::to_vec(action).map_err(|source| Error::Encode {
            action: target.action.to_string(),
            source,
        })?;
        if json.first() != Some(&b'{') {
            return Err(Invalid::new("input", "must be a JSON object").into());
        }
        Ok(Self {
            target,
            hash: Sha256::digest(&json).into(),
            json: json.into(),
        })
    }

    /// The request to the session's endpoint of that place.
    pub(crate) fn sign(
        &self,
        session: &mut Session,
        endpoint: usize,
        time: UnixTime,
    ) -> Result<Request<Bytes>, Error> {
        let (settings, mut signer) = (&session.settings, session.refresh.signer.as_mut());
        let target = &self.target;
        if target.regional && settings.region().is_none() {
            let rule = "must be set, since this action needs one, e.g. ap-guangzhou";
            return Err(Invalid::new("region", rule).into());
        }
        let wire = match settings.wire {
            // Proxies and servers log URLs: no secret goes there, nor what vouches for an action that isn't signed.
            Wire::Get if target.confidential || !target.signed => Wire::Post,
            wire => wire,
        };
        let (method, query, body) = match wire {
            Wire::Post | Wire::PostUnsigned if self.json.len() > MAX_POST => {
                return Err(TOO_LARGE.into());
            }
            Wire::Post | Wire::PostUnsigned => (Method::POST, String::new(), self.json.clone()),
            Wire::Get => (Method::GET, self.query()?, Bytes::new()),
        };
        let content_type = match wire {
            Wire::Post | Wire::PostUnsigned => "application/json",
            Wire::Get => "application/x-www-form-urlencoded",
        };
        let endpoint = settings.endpoint_at(endpoint);
        let host = Bytes::from(endpoint.authority(&target.service));
        let mut address = uri::Parts::default();
        address.scheme = Scheme::try_from(endpoint.scheme).ok();
        address.authority = Authority::from_maybe_shared(host.clone()).ok();
        address.path_and_query = match &*query {
            "" => Some(PathAndQuery::from_static("/")),
            query => PathAndQuery::try_from(["/?", query].concat()).ok(),
        };
        let uri = Uri::from_parts(address).map_err(|_| NO_HOST)?;

        let mut headers = HeaderMap::with_capacity(HEADERS);
        let host = HeaderValue::from_maybe_shared(host).map_err(|_| NO_HOST)?;
        headers.insert(header::HOST, host);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::ACCEPT_ENCODING, NO_CODING);
        headers.insert(ACTION, name(target.action.clone())?);
        headers.insert(VERSION, name(target.version.clone())?);
        headers.insert(TIMESTAMP, text(itoa::Buffer::new().format(time.seconds()))?);
        headers.insert(REQUEST_CLIENT, HeaderValue::from_static(CLIENT));
        if let Some(region) = settings.region() {
            headers.insert(REGION, text(region.as_str())?);
        }
        if let Some(language) = &settings.language {
            headers.insert(LANGUAGE, text(language.as_str())?);
        }
        if wire == Wire::PostUnsigned {
            headers.insert(CONTENT_SHA256, HeaderValue::from_static(UNSIGNED_PAYLOAD));
        }
        if target.signed {
            let Some(signer) = signer.as_mut() else {
                return Err(NoCredentials::new([].into()).into());
            };
            let payload = match wire {
                Wire::PostUnsigned => Payload::Unsigned,
                Wire::Post => Payload::Hashed(self.hash),
                Wire::Get => Payload::Signed(&body),
            };
            let signed = [
                ("content-type", content_type),
                ("host", uri.authority().map_or("", Authority::as_str)),
                ("x-tc-action", &target.action),
            ];
            let canonical = CanonicalRequest::new(method.as_str(), "/", &query, signed, payload);
            let authorization = signer.sign(&canonical, &target.service, time)?;
            headers.insert(header::AUTHORIZATION, sensitive(authorization.into())?);
            if let Some(token) = signer.credential().token() {
                // The header's own copy is wiped with the last one who holds it.
                let token = Zeroizing::new(token.as_bytes().to_vec());
                headers.insert(TOKEN, sensitive(Bytes::from_owner(token))?);
            }
        } else {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static("SKIP"));
        }

        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// The input as a query: nested names joined with dots, places of a list counted from 0.
    fn query(&self) -> Result<String, Error> {
        // Signs and nulls aside, a query is longer than its JSON; what is far too long is not taken apart.
        if self.json.len() > MAX_GET.saturating_mul(4) {
            return Err(TOO_LARGE.into());
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        let flattened = query::each(&self.json, &mut |name, value| {
            query.append_pair(name, value);
        });
        flattened.map_err(|source| Error::Encode {
            action: self.target.action.to_string(),
            source,
        })?;
        let query = query.finish();
        if query.len() > MAX_GET {
            return Err(TOO_LARGE.into());
        }
        Ok(query)
    }
}

fn sensitive(text: Bytes) -> Result<HeaderValue, Invalid> {
    let mut value = HeaderValue::from_maybe_shared(text).map_err(|_| UNPRINTABLE)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Copies nothing of a name that is known at compile time.
fn name(name: Cow<'static, str>) -> Result<HeaderValue, Invalid> {
    let name = match name {
        Cow::Borrowed(name) => Bytes::from_static(name.as_bytes()),
        Cow::Owned(name) => name.into(),
    };
    HeaderValue::from_maybe_shared(name).map_err(|_| UNPRINTABLE)
}

fn text(text: &str) -> Result<HeaderValue, Invalid> {
    HeaderValue::from_str(text).map_err(|_| UNPRINTABLE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Credential, Settings, Untyped};

    const NOW: UnixTime = UnixTime::new(1_551_113_065);

    fn session(settings: Settings) -> Session {
        let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap();
        Session::new(credential.with_token("not-a-real-token").unwrap()).with_settings(settings)
    }

    fn action(input: serde_json::Value) -> Untyped {
        Untyped::new("cvm", "2017-03-12", "DescribeZones", input)
    }

    #[test]
    #[cfg(feature = "emulator")]
    fn every_form_of_request_is_verified() {
        for wire in [Wire::Post, Wire::PostUnsigned, Wire::Get] {
            let mut session = session(
                Settings::default()
                    .with_wire(wire)
                    .with_region(crate::Region::new("ap-Guangzhou").unwrap()),
            );
            let input = json!({"Name": "实例 1&2=3", "Deep": {"List": [1, {"A": true}, null]}});
            let request = sign(&action(input), &mut session, NOW).unwrap();
            let known = session.credential().unwrap();
            crate::tc3::verify(&request, NOW, |_| Some(known)).unwrap();
            assert!(request.headers()["x-tc-token"].is_sensitive());
            assert_eq!(request.headers()["x-tc-region"], "ap-Guangzhou");
            assert_eq!(request.body().is_empty(), wire == Wire::Get);
        }
    }

    #[test]
    fn a_query_is_flattened() {
        let mut session = session(Settings::default().with_wire(Wire::Get));
        let input =
            json!({"A": ["x", 2.5, [true]], "B": {"C": "y z", "N": null}, "E": [], "F": {}});
        let request = sign(&action(input), &mut session, NOW).unwrap();
        assert_eq!(
            request.uri().query(),
            Some("A.0=x&A.1=2.5&A.2.0=true&B.C=y+z")
        );
        let request = sign(&action(json!({})), &mut session, NOW).unwrap();
        assert_eq!(request.uri().query(), None);
    }

    #[test]
    fn what_is_confidential_is_never_in_an_address() {
        let confidential = || action(json!({"ExternalId": "not-a-real-id"})).confidential();
        for (wire, hash) in [
            (Wire::Post, None),
            (Wire::PostUnsigned, Some("UNSIGNED-PAYLOAD")),
            (Wire::Get, None),
        ] {
            let mut session = session(Settings::default().with_wire(wire));
            let request = sign(&confidential(), &mut session, NOW).unwrap();
            assert_eq!(
                (request.method(), request.uri().query()),
                (&Method::POST, None)
            );
            let sent = request.headers().get("x-tc-content-sha256");
            assert_eq!(sent.map(|it| it.to_str().unwrap()), hash);
        }
    }

    #[test]
    fn an_unsigned_action_says_so_and_carries_no_token() {
        #[derive(serde::Serialize)]
        struct Open {}
        impl Action for Open {
            const SERVICE: &'static str = "sts";
            const VERSION: &'static str = "2018-08-13";
            const NAME: &'static str = "AssumeRoleWithWebIdentity";
            const SIGNED: bool = false;
            type Output = serde_json::Value;
        }
        // Nor is what it says in the address, whatever the settings.
        for wire in [Wire::Post, Wire::PostUnsigned, Wire::Get] {
            let mut session = session(Settings::default().with_wire(wire));
            let request = sign(&Open {}, &mut session, NOW).unwrap();
            assert_eq!(request.headers()["authorization"], "SKIP");
            assert!(!request.headers().contains_key("x-tc-token"));
            assert_eq!(
                (request.method(), request.uri().query()),
                (&Method::POST, None)
            );
        }
    }

    #[test]
    fn an_input_beyond_the_services_size_is_refused() {
        let large = |len| action(json!({"A": "x".repeat(len)}));
        for (wire, limit) in [(Wire::Post, MAX_POST), (Wire::Get, MAX_GET)] {
            let mut session = session(Settings::default().with_wire(wire));
            // What stands around the text in a body, and in a query.
            let around = if wire == Wire::Get {
                "A="
            } else {
                r#"{"A":""}"#
            };
            let fits = limit - around.len();
            assert!(sign(&large(fits), &mut session, NOW).is_ok());
            let refused = sign(&large(fits + 1), &mut session, NOW);
            assert!(matches!(refused, Err(Error::Input(invalid)) if invalid.field() == "input"));
        }
    }

    #[test]
    fn a_query_is_made_of_four_times_its_size_at_most() {
        // Nulls are in the JSON alone.
        let nulls = alloc::vec![serde_json::Value::Null; 26_000];
        let with = |len| action(json!({"A": nulls, "B": "x".repeat(len)}));
        let around = json!({"A": nulls, "B": ""}).to_string().len();
        let mut session = session(Settings::default().with_wire(Wire::Get));
        let most = 4 * MAX_GET - around;
        assert!(sign(&with(most), &mut session, NOW).is_ok());
        for len in [most + 1, most + 2] {
            let refused = sign(&with(len), &mut session, NOW);
            assert!(matches!(refused, Err(Error::Input(invalid)) if invalid.field() == "input"));
        }
    }
}
