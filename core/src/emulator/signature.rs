//! The server's side of a signature; public as [`tc3::verify`](crate::tc3::verify).

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::str;

use hmac::Mac;
use http::{HeaderMap, Request};

use crate::{
    Credential, UnixTime,
    tc3::{
        ALGORITHM, CanonicalRequest, Payload, Scope, Signature, SigningKey, TERMINATOR,
        UNSIGNED_PAYLOAD, string_to_sign,
    },
};

/// How many seconds a request's time may differ from the server's.
pub const MAX_CLOCK_SKEW: i64 = 300;

/// What a valid signature vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// Who signed.
    pub secret_id: String,
    /// The service that the signature is good for.
    pub service: String,
    /// When it was signed.
    pub time: UnixTime,
}

/// Why a signature is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The `Authorization` header is missing or not of the form that TC3 gives it.
    #[error("the Authorization header {0}")]
    Malformed(&'static str),
    /// `X-TC-Timestamp` is missing.
    #[error("X-TC-Timestamp is missing")]
    NoTimestamp,
    /// `X-TC-Timestamp` is not a number of seconds.
    #[error("X-TC-Timestamp is not a number of seconds")]
    InvalidTimestamp,
    /// The request's time differs by more than [`MAX_CLOCK_SKEW`].
    #[error("X-TC-Timestamp is more than {MAX_CLOCK_SKEW} s from the server's time")]
    Expired,
    /// The scope's date is not the timestamp's UTC date.
    #[error("the date in the scope is not the UTC date of X-TC-Timestamp")]
    WrongDate,
    /// Nobody has that secret id.
    #[error("the SecretId is unknown")]
    UnknownSecretId,
    /// The signature is not that of this request.
    #[error("the signature does not fit the request")]
    WrongSignature,
}

impl Rejection {
    /// The service's error code for it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed(_) => "AuthFailure.InvalidAuthorization",
            Self::NoTimestamp => "MissingParameter",
            Self::InvalidTimestamp => "InvalidParameter",
            Self::Expired => "AuthFailure.SignatureExpire",
            Self::UnknownSecretId => "AuthFailure.SecretIdNotFound",
            Self::WrongDate | Self::WrongSignature => "AuthFailure.SignatureFailure",
        }
    }
}

/// Checks a request's signature as the service does, at the server's time `now`.
///
/// `credential` finds the credential of a secret id. Any set of signed headers is accepted that
/// holds `content-type` and `host`. The token of a temporary credential is not looked at.
///
/// ```
/// use tc3_core::{tc3, wire::request, Credential, Session, UnixTime, Untyped};
///
/// let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
/// let mut session = Session::new(credential.clone());
/// let action = Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({}));
/// let request = request::sign(&action, &mut session, UnixTime::new(1_551_113_065))?;
///
/// let find = |id: &str| (id == "AKIDEXAMPLE").then_some(&credential);
/// let verified = tc3::verify(&request, UnixTime::new(1_551_113_365), find)?;
/// assert_eq!(verified.service, "cvm");
/// let late = tc3::verify(&request, UnixTime::new(1_551_113_366), find);
/// assert_eq!(late, Err(tc3::Rejection::Expired));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A [`Rejection`], the first that is found.
pub fn verify<'c>(
    request: &Request<impl AsRef<[u8]>>,
    now: UnixTime,
    credential: impl FnOnce(&str) -> Option<&'c Credential>,
) -> Result<Verified, Rejection> {
    let headers = request.headers();
    let authorization = single(headers, "authorization")
        .ok_or(Rejection::Malformed("is missing or not a single text"))
        .and_then(Authorization::parse)?;
    let time = request_time(headers, now)?;
    let scope = Scope::new(time, authorization.service).map_err(|_| Rejection::InvalidTimestamp)?;
    if scope.date() != authorization.date {
        return Err(Rejection::WrongDate);
    }
    let credential = credential(authorization.secret_id).ok_or(Rejection::UnknownSecretId)?;

    let signed = authorization
        .signed_headers
        .split(';')
        .map(|name| single(headers, name).map(|value| (name, value)))
        .collect::<Option<Vec<_>>>()
        .ok_or(Rejection::Malformed(
            "names a header that the request does not have once, as text",
        ))?;
    let payload = if single(headers, "x-tc-content-sha256") == Some(UNSIGNED_PAYLOAD) {
        Payload::Unsigned
    } else {
        Payload::Signed(request.body().as_ref())
    };
    let canonical = CanonicalRequest::new(
        request.method().as_str(),
        request.uri().path(),
        request.uri().query().unwrap_or_default(),
        signed,
        payload,
    );
    let text = string_to_sign(time, &scope, &canonical.hash());
    let key = SigningKey::derive(credential.secret_key(), &scope);
    if !key.verifies(&text, &authorization.signature) {
        return Err(Rejection::WrongSignature);
    }
    Ok(Verified {
        secret_id: authorization.secret_id.into(),
        service: authorization.service.into(),
        time,
    })
}

/// The time in a request's headers, which must be close to the server's time `now`.
pub(crate) fn request_time(headers: &HeaderMap, now: UnixTime) -> Result<UnixTime, Rejection> {
    let time = match headers.get("x-tc-timestamp") {
        None => return Err(Rejection::NoTimestamp),
        Some(_) => single(headers, "x-tc-timestamp")
            .and_then(|text| {
                text.parse()
                    .ok()
                    .filter(|time: &i64| time.to_string() == text)
            })
            .filter(|time| *time >= 0)
            .map(UnixTime::new)
            .ok_or(Rejection::InvalidTimestamp)?,
    };
    if now.seconds_since(time).unsigned_abs() > MAX_CLOCK_SKEW.unsigned_abs() {
        return Err(Rejection::Expired);
    }
    Ok(time)
}

/// The value of a header that stands there exactly once and is text.
fn single<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    str::from_utf8(value.as_bytes()).ok()
}

/// The parts of an `Authorization` header.
struct Authorization<'a> {
    secret_id: &'a str,
    date: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: Signature,
}

impl<'a> Authorization<'a> {
    fn parse(text: &'a str) -> Result<Self, Rejection> {
        let rest = text
            .strip_prefix(ALGORITHM)
            .and_then(|rest| rest.strip_prefix(' '))
            .ok_or(Rejection::Malformed("does not begin with TC3-HMAC-SHA256"))?;
        let parts: Vec<&str> = rest.split(", ").collect();
        let values = |parts: &[&'a str]| match parts {
            [credential, signed_headers, signature] => Some((
                credential.strip_prefix("Credential=")?,
                signed_headers.strip_prefix("SignedHeaders=")?,
                signature.strip_prefix("Signature=")?,
            )),
            _ => None,
        };
        let (credential, signed_headers, signature) = values(&parts).ok_or(
            Rejection::Malformed("is not Credential=…, SignedHeaders=…, Signature=…"),
        )?;
        let scope: Vec<&str> = credential.split('/').collect();
        let [secret_id, date, service, TERMINATOR] = *scope else {
            return Err(Rejection::Malformed(
                "has a Credential that is not id/date/service/tc3_request",
            ));
        };
        let names: Vec<&str> = signed_headers.split(';').collect();
        if !names.is_sorted_by(|a, b| a < b)
            || signed_headers.bytes().any(|b| b.is_ascii_uppercase())
        {
            return Err(Rejection::Malformed(
                "has SignedHeaders that are not lower-case, sorted and distinct",
            ));
        }
        if !["content-type", "host"]
            .iter()
            .all(|name| names.contains(name))
        {
            return Err(Rejection::Malformed(
                "has SignedHeaders without content-type and host",
            ));
        }
        let signature = Signature::from_hex(signature).ok_or(Rejection::Malformed(
            "has a Signature that is not 64 lower-case hexadecimal digits",
        ))?;
        Ok(Self {
            secret_id,
            date,
            service,
            signed_headers,
            signature,
        })
    }
}

impl SigningKey {
    /// Whether `signature` is that of `string_to_sign`, in constant time.
    pub fn verifies(&self, string_to_sign: &str, signature: &Signature) -> bool {
        let mac = self.0.clone().chain_update(string_to_sign);
        mac.verify_slice(&signature.0).is_ok()
    }
}

impl Signature {
    /// Reads 64 lower-case hexadecimal digits; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digit = |b: u8| match b {
            b'0'..=b'9' | b'a'..=b'f' => char::from(b).to_digit(16),
            _ => None,
        };
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let [high, low] = *pair else { return None };
            *byte = u8::try_from((digit(high)? << 4) | digit(low)?).ok()?;
        }
        Some(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::tc3::Signer;

    const NOW: UnixTime = UnixTime::new(1_551_113_065);

    type Change<'a> = &'a dyn Fn(&mut Request<Vec<u8>>);

    fn credential() -> Credential {
        Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap()
    }

    fn signed(headers: &[(&str, &str)]) -> Request<Vec<u8>> {
        let body = b"{}".to_vec();
        let canonical = CanonicalRequest::new("POST", "/", "", headers, Payload::Signed(&body));
        let authorization = Signer::new(credential())
            .sign(&canonical, "cvm", NOW)
            .unwrap();
        let mut request = Request::post("https://cvm.tencentcloudapi.com/")
            .header("X-TC-Timestamp", NOW.seconds())
            .header("Authorization", authorization);
        for (name, value) in headers {
            if *name != "X-TC-Timestamp" {
                request = request.header(*name, *value);
            }
        }
        request.body(body).unwrap()
    }

    fn check(request: &Request<Vec<u8>>, now: UnixTime) -> Result<Verified, Rejection> {
        let known = credential();
        verify(request, now, |id| {
            (id == known.secret_id()).then_some(&known)
        })
    }

    const HEADERS: [(&str, &str); 2] = [
        ("Content-Type", "application/json"),
        ("Host", "cvm.tencentcloudapi.com"),
    ];

    #[test]
    fn any_set_with_content_type_and_host_is_accepted() {
        let mut more = HEADERS.to_vec();
        more.extend([
            ("X-TC-Timestamp", "1551113065"),
            ("X-TC-Region", " ap-Guangzhou "),
            ("A", ""),
        ]);
        for headers in [&HEADERS[..], &more] {
            assert_eq!(check(&signed(headers), NOW).unwrap().service, "cvm");
        }
        for headers in [&HEADERS[..1], &HEADERS[1..]] {
            assert!(matches!(
                check(&signed(headers), NOW),
                Err(Rejection::Malformed(_))
            ));
        }
    }

    #[test]
    fn three_hundred_seconds_either_way_are_accepted_and_no_more() {
        let request = signed(&HEADERS);
        for (skew, accepted) in [
            (300, true),
            (-300, true),
            (301, false),
            (-301, false),
            (i64::MIN / 2, false),
        ] {
            let verified = check(&request, UnixTime::new(NOW.seconds() + skew));
            assert_eq!(verified.is_ok(), accepted, "{skew}");
            assert!(accepted || verified == Err(Rejection::Expired));
        }
    }

    #[test]
    fn the_scope_must_have_the_timestamps_date() {
        let midnight = UnixTime::new(1_551_139_200);
        let mut request = signed(&HEADERS);
        // Within 300 s, but signed for the day before.
        request
            .headers_mut()
            .insert("x-tc-timestamp", midnight.seconds().into());
        assert_eq!(check(&request, midnight), Err(Rejection::WrongDate));
    }

    #[test]
    fn what_was_changed_is_rejected() {
        let original = signed(&HEADERS);
        let authorization = original.headers()["authorization"].to_str().unwrap();
        let change = |f: Change<'_>| {
            let mut request = original.clone();
            f(&mut request);
            check(&request, NOW)
        };
        let set = |request: &mut Request<Vec<u8>>, name, value: &str| {
            request.headers_mut().insert(name, value.parse().unwrap());
        };
        let later = (NOW.seconds() + 1).to_string();
        let changes: [Change<'_>; 6] = [
            &|request| *request.body_mut() = b"{ }".to_vec(),
            &|request| *request.method_mut() = http::Method::PUT,
            &|request| *request.uri_mut() = "/?a=b".parse().unwrap(),
            &|request| set(request, "content-type", "text/plain"),
            &|request| set(request, "x-tc-timestamp", &later),
            &|request| set(request, "x-tc-content-sha256", UNSIGNED_PAYLOAD),
        ];
        for it in changes {
            assert_eq!(change(it), Err(Rejection::WrongSignature));
        }
        for (from, to) in [
            ("AKIDEXAMPLE", "AKIDNOBODY"),
            ("/cvm/", "/cbs/"),
            ("TC3-HMAC-SHA256", "TC3-HMAC-SHA1"),
            ("Credential=", "credential="),
            ("tc3_request", "aws4_request"),
            (", Signature", ",Signature"),
            ("content-type;host", "host;content-type"),
            ("content-type;host", "content-type;content-type;host"),
            ("content-type;host", "content-type;host;x-absent"),
            ("content-type;host", "Content-Type;host"),
            ("2019-02-25", "2019-02-26"),
        ] {
            let forged = authorization.replacen(from, to, 1);
            assert_ne!(forged, authorization);
            let rejected = change(&|request| {
                request
                    .headers_mut()
                    .insert("authorization", forged.parse().unwrap());
            });
            assert!(rejected.is_err(), "{from} → {to}");
        }
        let doubled = change(&|request| {
            request
                .headers_mut()
                .append("host", "evil.example".parse().unwrap());
        });
        assert!(matches!(doubled, Err(Rejection::Malformed(_))));
        for (name, rejection) in [
            ("x-tc-timestamp", Rejection::NoTimestamp),
            (
                "authorization",
                Rejection::Malformed("is missing or not a single text"),
            ),
        ] {
            assert_eq!(
                change(&|request| {
                    request.headers_mut().remove(name);
                }),
                Err(rejection)
            );
        }
    }

    #[test]
    fn a_header_that_is_named_twice_is_rejected_though_the_signature_fits() {
        let mut request = signed(&[HEADERS[0], HEADERS[0], HEADERS[1]]);
        let value = HEADERS[0].1.parse().unwrap();
        request.headers_mut().insert("content-type", value);
        assert_eq!(
            check(&request, NOW),
            Err(Rejection::Malformed(
                "has SignedHeaders that are not lower-case, sorted and distinct"
            ))
        );
    }

    #[test]
    fn a_timestamp_is_digits() {
        for wrong in [
            "",
            "01551113065",
            "+1551113065",
            "-1",
            "1551113065.0",
            "99999999999999999999",
            "9999999999999999",
        ] {
            let mut request = signed(&HEADERS);
            request
                .headers_mut()
                .insert("x-tc-timestamp", wrong.parse().unwrap());
            let rejected = check(&request, NOW).unwrap_err();
            assert!(
                [Rejection::InvalidTimestamp, Rejection::Expired].contains(&rejected),
                "{wrong}: {rejected}"
            );
        }
    }

    #[test]
    fn a_signature_is_64_lower_case_digits() {
        let text = "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f";
        assert_eq!(Signature::from_hex(text).unwrap().to_string(), text);
        for wrong in [
            &text[1..],
            &text.to_uppercase(),
            &text.replace('1', "g"),
            &format!("{text}0"),
        ] {
            assert!(Signature::from_hex(wrong).is_none(), "{wrong}");
        }
    }
}
