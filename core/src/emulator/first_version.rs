//! The signature of version 1, which older programs use: it is one of the request's parameters, in a query or a form.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, Request};
use sha1::Sha1;
use sha2::Sha256;

use super::{
    Emulator, Refused, refuse,
    verification::{
        FORM, Input, VerifiedRequest, host_and_port, is_vendors, media_type, text, vendors_service,
    },
};
use crate::{UnixTime, tc3, wire::request};

/// The largest form of a POST, in bytes.
const MAX_FORM: usize = 1 << 20;

/// All parameters of a request with a version 1 signature.
pub(super) struct Parameters<'r>(Vec<(Cow<'r, str>, Cow<'r, str>)>);

impl<'r> Parameters<'r> {
    /// `None` for a request with an `Authorization` header or without an `Action` parameter.
    pub(super) fn of(request: &'r Request<Bytes>) -> Option<Self> {
        if request.headers().contains_key("authorization") {
            return None;
        }
        let written = match *request.method() {
            Method::GET => request.uri().query().unwrap_or_default().as_bytes(),
            Method::POST if media_type(request) == Some(FORM) => request.body(),
            _ => return None,
        };
        let parameters = Self(form_urlencoded::parse(written).collect());
        parameters.get("Action").is_some().then_some(parameters)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| &**value)
    }

    /// Removes and returns a required parameter.
    fn take(&mut self, name: &str) -> Option<Cow<'r, str>> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    fn required(&mut self, name: &str) -> Result<Cow<'r, str>, Refused> {
        self.take(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                Refused::new(
                    "MissingParameter",
                    format!("the parameter {name} is missing"),
                )
            })
    }

    /// The signed text: names and values without percent-encoding, sorted by name.
    fn signed(&self) -> String {
        let mut pairs: Vec<_> = self.0.iter().collect();
        pairs.sort_by_key(|(name, _)| name);
        let pairs: Vec<String> = (pairs.into_iter())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    }
}

impl Emulator {
    /// Verifies a request with a version 1 signature.
    pub(super) fn first_version<'r>(
        &self,
        now: UnixTime,
        request: &'r Request<Bytes>,
        mut parameters: Parameters<'r>,
    ) -> Result<VerifiedRequest<'r>, Refused> {
        let (size, most) = match request.uri().query() {
            Some(query) if *request.method() == Method::GET => (query.len(), request::MAX_GET),
            _ => (request.body().len(), MAX_FORM),
        };
        if size > most {
            return refuse("RequestSizeLimitExceeded", "the request is too large");
        }
        let signature = parameters.required("Signature")?;
        let signed = parameters.signed();
        let action = parameters.required("Action")?;
        let version = parameters.required("Version")?;
        let secret_id = parameters.required("SecretId")?;
        let timestamp = parameters.required("Timestamp")?;
        parameters.required("Nonce")?;
        let [method, token, region, ..] = [
            "SignatureMethod",
            "Token",
            "Region",
            "Language",
            "RequestClient",
        ]
        .map(|name| parameters.take(name));
        let is_signature = match method.as_deref() {
            None | Some("HmacSHA1") => is_mac::<Hmac<Sha1>>,
            Some("HmacSHA256") => is_mac::<Hmac<Sha256>>,
            Some(_) => {
                return refuse(
                    "InvalidParameter",
                    "SignatureMethod must be HmacSHA1 or HmacSHA256",
                );
            }
        };
        let time = timestamp.parse().ok();
        let Some(time) = time.filter(|time: &i64| *time >= 0 && time.to_string() == timestamp)
        else {
            return refuse("InvalidParameter", "Timestamp is not a number of seconds");
        };
        let skew = now.seconds_since(UnixTime::new(time)).unsigned_abs();
        if skew > tc3::MAX_CLOCK_SKEW.unsigned_abs() {
            return refuse(
                "AuthFailure.SignatureExpire",
                format!(
                    "Timestamp is more than {} s from the server's time",
                    tc3::MAX_CLOCK_SKEW
                ),
            );
        }
        let Some((_, credential)) = self.known(&secret_id) else {
            return refuse("AuthFailure.SecretIdNotFound", "the SecretId is unknown");
        };
        let host = text(request.headers(), "host").unwrap_or_default();
        let (bare, _) = host_and_port(host);
        let given = BASE64_STANDARD.decode(&*signature).unwrap_or_default();
        let fits = |host: &str| {
            let text = format!("{}{host}/?{signed}", request.method());
            is_signature(credential.secret_key().as_bytes(), &text, &given)
        };
        if !fits(host) && (is_vendors(host) || !fits(bare)) {
            return refuse(
                "AuthFailure.SignatureFailure",
                "the signature does not fit the request",
            );
        }
        self.check_token(now, &secret_id, token.as_deref())?;
        // The service is not signed: a host of the vendor names it, and any other host has all services.
        Ok(VerifiedRequest {
            service: vendors_service(host),
            secret_id: Some(secret_id.into()),
            action,
            version,
            region,
            input: Input::Pairs(parameters.0),
        })
    }
}

/// Whether `given` is the code of a text, compared in constant time.
fn is_mac<M: Mac + KeyInit>(key: &[u8], text: &str, given: &[u8]) -> bool {
    <M as KeyInit>::new_from_slice(key)
        .is_ok_and(|mac| mac.chain_update(text).verify_slice(given).is_ok())
}
