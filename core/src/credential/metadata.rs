use alloc::{format, string::String};
use core::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Credential, Unreadable,
    fault::{Fault, Sort, absent, wrong, wrong_at},
    unreadable::{Places, field, number, object, required, text},
};
use crate::{Attempt, Endpoint, request::NO_CODING, trace::Scope};

/// The one address that answers in plain http although it isn't loopback: within the cloud
/// it is link-local, so that what is said there never leaves the machine's host.
pub(super) const METADATA: &str = "http://metadata.tencentyun.com";
/// Where the metadata endpoint tells the role's name and, with it appended, the role's credentials.
pub(crate) const ROLES: &str = "/latest/meta-data/cam/security-credentials/";
/// How long a request to the metadata endpoint may take: it is next door, or not there at all.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The largest answer of the metadata endpoint that is read.
pub(super) const MAX_ANSWER: usize = 64 << 10;

/// The role of a virtual machine, asked for in one or two requests: its name unless it is known, and its keys.
pub(super) struct MachineRole {
    /// The address that tells the name.
    roles: String,
    name: Option<String>,
}

impl MachineRole {
    pub(super) fn new(metadata: &Endpoint, name: Option<&str>) -> Result<Self, Fault> {
        let name = name.map(metadata_role).transpose();
        let name = name.map_err(|unreadable| wrong(format!("{unreadable}")))?;
        let roles = format!("{}{ROLES}", metadata.url("metadata"));
        Ok(Self { roles, name })
    }

    /// The role of this machine. Its name was read before, if it is known.
    pub(super) fn usual(name: Option<String>) -> Self {
        let roles = format!("{METADATA}{ROLES}");
        Self { roles, name }
    }

    fn url(&self) -> String {
        let name = self.name.as_deref().unwrap_or_default();
        format!("{}{name}", self.roles)
    }

    /// What is to be sent next.
    pub(super) fn attempt(&self, left: Duration, scope: Scope) -> Result<Attempt, http::Error> {
        Ok(Attempt {
            request: self.request()?,
            timeout: TIMEOUT.min(left),
            max_body: MAX_ANSWER,
            direct: true,
            confidential: true,
            number: 1,
            for_credentials: true,
            scope,
        })
    }

    fn request(&self) -> Result<Request<Bytes>, http::Error> {
        let mut request = Request::builder()
            .method(Method::GET)
            .uri(self.url())
            .header(header::ACCEPT_ENCODING, NO_CODING);
        if let Some(authority) = request.uri_ref().and_then(|uri| uri.authority()) {
            let host = HeaderValue::from_str(authority.as_str())?;
            request = request.header(header::HOST, host);
        }
        request.body(Bytes::new())
    }

    /// Takes the answer, or why there is none. Returns the keys, or `None` where the next request is due. A machine
    /// that is `known` to have a role is expected to answer.
    pub(super) fn take(
        &mut self,
        answer: Result<Response<Bytes>, String>,
        known: bool,
    ) -> Result<Option<Credential>, Fault> {
        let url = self.url();
        let answer = answer.map_err(|cause| {
            let sort = if known { Sort::Passing } else { Sort::Absent };
            Fault::new(sort, format!("{url} doesn't answer: {cause}"))
        })?;
        match (answer.status(), &self.name) {
            (StatusCode::OK, None) => {
                let name = metadata_role(answer.body()).map_err(wrong_at(&url))?;
                self.name = Some(name);
                Ok(None)
            }
            (StatusCode::OK, Some(_)) => {
                let keys = Credential::from_metadata(answer.body());
                keys.map(Some).map_err(wrong_at(&url))
            }
            (StatusCode::NOT_FOUND, None) => Err(absent("the machine has no role")),
            (StatusCode::NOT_FOUND, Some(name)) => {
                Err(wrong(format!("the machine has no role {name}")))
            }
            (status, _) => {
                let passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
                let sort = if passing { Sort::Passing } else { Sort::Wrong };
                let status = status.as_u16();
                Err(Fault::new(
                    sort,
                    format!("{url} answers with status {status}"),
                ))
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    tmp_secret_id: Option<&'a RawValue>,
    tmp_secret_key: Option<&'a RawValue>,
    token: Option<&'a RawValue>,
    expired_time: Option<&'a RawValue>,
}

impl Credential {
    /// Reads what a virtual machine's metadata endpoint answers for its role: JSON with `TmpSecretId`,
    /// `TmpSecretKey`, `Token`, `ExpiredTime` in Unix seconds, and `Code`, which is `Success`.
    ///
    /// ```
    /// use tc3_core::{Credential, UnixTime};
    ///
    /// let answer = r#"{"TmpSecretId": "AKIDEXAMPLE", "TmpSecretKey": "not-a-real-key", "Token": "not-a-real-token",
    ///                  "ExpiredTime": 1760000000, "Expiration": "2025-10-09T08:53:20Z", "Code": "Success"}"#;
    /// let credential = Credential::from_metadata(answer)?;
    /// assert_eq!(credential.expires_at(), Some(UnixTime::new(1_760_000_000)));
    /// let failed = Credential::from_metadata(r#"{"Code": "Failed"}"#).unwrap_err();
    /// assert_eq!(failed.to_string(), "Code must be Success");
    /// # Ok::<(), tc3_core::Unreadable>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unreadable`] with the line or field when it isn't such JSON, when one of the fields is missing or
    /// there twice, and when a value can't be right.
    pub fn from_metadata(answer: impl AsRef<[u8]>) -> Result<Self, Unreadable> {
        let answer: Answer<'_> = object(text(answer.as_ref())?)?;
        let code = required(field(answer.code, "Code")?, "Code")?;
        if *code != "Success" {
            return Err(Unreadable::new("Code", "must be Success"));
        }
        let places = Places {
            secret_id: "TmpSecretId",
            secret_key: "TmpSecretKey",
            token: "Token",
        };
        let id = field(answer.tmp_secret_id, places.secret_id)?;
        let id = required(id, places.secret_id)?;
        let key = field(answer.tmp_secret_key, places.secret_key)?;
        let key = required(key, places.secret_key)?;
        let token = field(answer.token, places.token)?.filter(|token| !token.is_empty());
        let token = required(token, places.token)?;
        let expiry = required(number(answer.expired_time, "ExpiredTime")?, "ExpiredTime")?;
        let credential = places.credential(&id, &key, Some(&token))?;
        Ok(credential.with_expiry(expiry))
    }
}

/// Reads the name of a virtual machine's role, by which its credential is asked for: one line of
/// letters, digits and `+=,.@_-`, at most 128 of them, as roles are named.
///
/// ```
/// use tc3_core::credential::metadata_role;
///
/// assert_eq!(metadata_role("billing-reader\n")?, "billing-reader");
/// assert!(metadata_role("<html>a proxy's page</html>").is_err());
/// # Ok::<(), tc3_core::Unreadable>(())
/// ```
///
/// # Errors
///
/// [`Unreadable`] for anything else.
pub fn metadata_role(answer: impl AsRef<[u8]>) -> Result<String, Unreadable> {
    let name = text(answer.as_ref())?.trim();
    let named = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b);
    // It becomes a part of a path, in which dots alone lead elsewhere.
    let path = name.bytes().all(|b| b == b'.');
    if path || name.len() > 128 || !name.bytes().all(named) {
        return Err(Unreadable::new(
            "the role's name",
            "must be letters, digits and +=,.@_-, at most 128",
        ));
    }
    Ok(name.into())
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::UnixTime;

    const PARTS: [(&str, &str); 5] = [
        ("Code", "\"Success\""),
        ("TmpSecretId", "\"AKIDEXAMPLE\""),
        ("TmpSecretKey", "\"fake-key\""),
        ("Token", "\"fake-token\""),
        ("ExpiredTime", "1760000000"),
    ];

    /// An answer with one field in another form, or without it.
    fn answer(other: &str, form: Option<&str>) -> String {
        let parts = PARTS.iter().filter_map(|&(name, own)| {
            let value = if name == other { form? } else { own };
            Some(format!("\"{name}\":{value},"))
        });
        format!("{{{}\"New\":1}}", parts.collect::<String>())
    }

    #[test]
    fn id_key_token_and_expiry_come_together() {
        for form in ["1760000000", "\"1760000000\"", "1760000000.0"] {
            let credential = Credential::from_metadata(answer("ExpiredTime", Some(form))).unwrap();
            assert_eq!(credential.secret_id(), "AKIDEXAMPLE");
            assert_eq!(credential.secret_key(), "fake-key");
            assert_eq!(credential.token(), Some("fake-token"));
            assert_eq!(credential.expires_at(), Some(UnixTime::new(1_760_000_000)));
        }
    }

    #[test]
    fn each_field_must_be_there_and_right() {
        for (name, _) in PARTS {
            for form in [
                None,
                Some("null"),
                Some("\"\""),
                Some("\"fake it\""),
                Some("\"'fake'\""),
                Some("\"${fake}\""),
                Some("[1]"),
            ] {
                let wrong = Credential::from_metadata(answer(name, form)).unwrap_err();
                assert_eq!(wrong.place(), name, "{form:?}");
                assert!(!format!("{wrong} {wrong:?}").contains("fake"));
            }
        }
        for text in [
            "",
            "<html>",
            "[]",
            "null",
            "\u{feff}",
            "{\"Code\":\"Success\"} x",
        ] {
            assert_eq!(
                Credential::from_metadata(text).unwrap_err().place(),
                "line 1"
            );
        }
    }

    #[test]
    fn a_role_is_one_name() {
        let long = "a".repeat(128);
        for name in ["a", "Billing+reader=1,2.3@x_y-z", "..a", &long] {
            assert_eq!(metadata_role(format!(" {name}\r\n")).as_deref(), Ok(name));
        }
        let longer = "a".repeat(129);
        for name in [
            "", "\n", ".", "..", "a/b", "a b", "a\nb", "a?b", "日本", "%2e", &longer,
        ] {
            assert!(metadata_role(name).is_err(), "{name}");
        }
    }
}
