//! Verification of requests with version 3 signatures.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use serde_json::{Map, Value};

use super::{Emulator, Refused, parameters, parameters::Fields, refuse, signature};
use crate::{Target, UnixTime, tc3, wire::request};

/// The content type of forms, and of GET.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// A verified request.
pub(super) struct VerifiedRequest<'r> {
    /// The service that it is signed for; `None` if only the action tells.
    pub(super) service: Option<String>,
    /// The id of the key that signed it; `None` if it is not signed.
    pub(super) secret_id: Option<String>,
    pub(super) action: Cow<'r, str>,
    pub(super) version: Cow<'r, str>,
    pub(super) region: Option<Cow<'r, str>>,
    pub(super) input: Input<'r>,
}

/// The action's parameters before they are checked.
pub(super) enum Input<'r> {
    Json(&'r [u8]),
    Pairs(Vec<(Cow<'r, str>, Cow<'r, str>)>),
}

impl Input<'_> {
    /// The parameters, checked for names and types.
    pub(super) fn read(self, fields: Fields<'_>) -> Result<Map<String, Value>, Refused> {
        match self {
            Self::Json(body) => parameters::from_json(body, fields),
            Self::Pairs(pairs) => parameters::from_pairs(pairs, fields),
        }
    }

    /// The parameters as they come.
    pub(super) fn unchecked(self) -> Result<Map<String, Value>, Refused> {
        match self {
            Self::Json(body) => parameters::object(body),
            Self::Pairs(pairs) => parameters::nested(pairs).map(parameters::with_lists),
        }
    }
}

impl VerifiedRequest<'_> {
    /// Refuses an unknown region, or a missing one if the action requires it.
    pub(super) fn check_region(&self, target: &Target) -> Result<(), Refused> {
        match &self.region {
            None if target.regional => {
                refuse("MissingParameter", "the request does not name a region")
            }
            Some(region) if !REGIONS.contains(&&**region) => {
                refuse("InvalidParameterValue", "the region does not exist")
            }
            _ => Ok(()),
        }
    }
}

/// The regions in the vendor's SDKs and pages.
const REGIONS: [&str; 30] = [
    "ap-bangkok",
    "ap-beijing",
    "ap-beijing-fsi",
    "ap-changsha-ec",
    "ap-chengdu",
    "ap-chongqing",
    "ap-fuzhou-ec",
    "ap-guangzhou",
    "ap-guangzhou-open",
    "ap-hangzhou-ec",
    "ap-hongkong",
    "ap-jakarta",
    "ap-jinan-ec",
    "ap-mumbai",
    "ap-nanjing",
    "ap-seoul",
    "ap-shanghai",
    "ap-shanghai-fsi",
    "ap-shenzhen",
    "ap-shenzhen-fsi",
    "ap-singapore",
    "ap-taipei",
    "ap-tokyo",
    "ap-wuhan-ec",
    "eu-frankfurt",
    "eu-moscow",
    "na-ashburn",
    "na-siliconvalley",
    "na-toronto",
    "sa-saopaulo",
];

impl From<tc3::Rejection> for Refused {
    fn from(rejection: tc3::Rejection) -> Self {
        Self::new(rejection.code(), rejection.to_string())
    }
}

impl Emulator {
    /// Verifies a request that is signed by `TC3-HMAC-SHA256`, or says that it is not signed.
    pub(super) fn third_version<'r>(
        &self,
        now: UnixTime,
        request: &'r Request<Bytes>,
    ) -> Result<VerifiedRequest<'r>, Refused> {
        let headers = request.headers();
        let query = request.uri().query().unwrap_or_default();
        let (form, size, most) = match *request.method() {
            Method::POST => ("application/json", request.body().len(), request::MAX_POST),
            Method::GET => (FORM, query.len(), request::MAX_GET),
            _ => return refuse("UnsupportedProtocol", "only GET and POST are supported"),
        };
        if size > most {
            return refuse("RequestSizeLimitExceeded", "the request is too large");
        }
        let action = common(headers, "X-TC-Action")?;
        let version = common(headers, "X-TC-Version")?;
        let (service, secret_id) = if text(headers, "authorization") == Some("SKIP") {
            // The time of a signed request is checked with its signature.
            signature::request_time(headers, now)?;
            let host = text(headers, "host").unwrap_or_default();
            (vendors_service(host), None)
        } else {
            let (service, secret_id) = self.authenticate(now, request)?;
            (service, Some(secret_id))
        };
        if media_type(request) != Some(form) {
            return refuse("InvalidParameter", format!("Content-Type must be {form}"));
        }
        let region = headers.get("x-tc-region");
        Ok(VerifiedRequest {
            service,
            secret_id,
            action: action.into(),
            version: version.into(),
            region: region.map(|region| region.to_str().unwrap_or_default().into()),
            input: if *request.method() == Method::GET {
                Input::Pairs(form_urlencoded::parse(query.as_bytes()).collect())
            } else {
                Input::Json(request.body())
            },
        })
    }

    /// Returns the service that the request is signed for, or `None` if only the action tells; and the key's
    /// id.
    ///
    /// For the vendor's hosts (`*.tencentcloudapi.com`) the signature must fit the `Host` header, and the service must
    /// be the host's first label. Some of the vendor's SDKs always sign the host without its port, and always use the
    /// first label as the service, which is wrong for other hosts. There
    ///
    /// - a signature over the host without its port is accepted as well;
    /// - a signature for the first label (`127` of `127.0.0.1`) is accepted for the service that has this version and
    ///   this action.
    fn authenticate(
        &self,
        now: UnixTime,
        request: &Request<Bytes>,
    ) -> Result<(Option<String>, String), Refused> {
        let headers = request.headers();
        let host = text(headers, "host").unwrap_or_default();
        let (bare, port) = host_and_port(host);
        let verify =
            |request: &Request<Bytes>| tc3::verify(request, now, |id| Some(self.known(id)?.1));
        let verified = match verify(request) {
            Err(tc3::Rejection::WrongSignature) if port.is_some() && !is_vendors(host) => {
                let mut portless = request.clone();
                if let Ok(bare) = HeaderValue::from_str(bare) {
                    portless.headers_mut().insert(header::HOST, bare);
                }
                verify(&portless)
            }
            verified => verified,
        };
        let verified = verified?;
        if headers.get_all("x-tc-token").iter().count() > 1 {
            return refuse("AuthFailure.TokenFailure", "there is more than one token");
        }
        let token = text(headers, "x-tc-token");
        let (service, secret_id) = (verified.service, verified.secret_id);
        self.check_token(now, &secret_id, token)?;
        // Some clients include the port in the label of `localhost:8080`.
        let is_label = [host, bare]
            .map(first_label)
            .iter()
            .any(|label| label.is_some_and(|label| label.eq_ignore_ascii_case(&service)));
        match (is_vendors(host), is_label) {
            (true, false) => refuse(
                "AuthFailure.SignatureFailure",
                "the request is signed for another service",
            ),
            (false, true) => Ok((None, secret_id)),
            _ => Ok((Some(service), secret_id)),
        }
    }

    /// Refuses a token that has expired or doesn't belong to the key.
    pub(super) fn check_token(
        &self,
        now: UnixTime,
        secret_id: &str,
        token: Option<&str>,
    ) -> Result<(), Refused> {
        let Some((_, known)) = self.known(secret_id) else {
            return refuse("AuthFailure.SecretIdNotFound", "the SecretId is unknown");
        };
        if let Some(expiry) = known.expires_at()
            && now >= expiry
        {
            return refuse("AuthFailure.TokenFailure", "the token has expired");
        }
        if token != known.token() {
            return refuse(
                "AuthFailure.TokenFailure",
                "the token is not that of the key",
            );
        }
        Ok(())
    }
}

/// Whether a host is one of the vendor's, for which its rules apply strictly.
pub(super) fn is_vendors(host: &str) -> bool {
    let (host, _) = host_and_port(host);
    let host = host.to_ascii_lowercase();
    host.trim_end_matches('.').ends_with(".tencentcloudapi.com")
}

/// The service in the name of a host of the vendor; `None` for other hosts.
pub(super) fn vendors_service(host: &str) -> Option<String> {
    let service = first_label(host).filter(|_| is_vendors(host))?;
    Some(service.to_ascii_lowercase())
}

/// The host of a `Host` header, and its port if it names one.
pub(super) fn host_and_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        // The colons of an IPv6 address stand inside brackets.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (host, None),
    }
}

/// The first label of a host.
fn first_label(host: &str) -> Option<&str> {
    host.split('.').next()
}

/// The content type of a request, without the charset.
pub(super) fn media_type(request: &Request<Bytes>) -> Option<&str> {
    text(request.headers(), "content-type")?
        .split(';')
        .next()
        .map(str::trim)
}

pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A header that every request must have.
fn common<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, Refused> {
    if headers.get_all(name).iter().count() > 1 {
        return refuse(
            "InvalidParameter",
            format!("the header {name} is given twice"),
        );
    }
    text(headers, name)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Refused::new("MissingParameter", format!("the header {name} is missing")))
}
