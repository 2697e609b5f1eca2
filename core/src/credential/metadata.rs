use alloc::{format, string::String};
use core::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};

use super::{
    Credential, Unreadable,
    errors::{Sort, Tried},
    parts::{EXPIRY, Parts, text},
    role::Fetch,
    source::{Identity, Source},
    with_causes,
};
use crate::{
    Attempt, Failure, Now, Outcome, Session, Step,
    session::Endpoint,
    trace::{self, Scope},
    wire::request::NO_CODING,
};

/// The metadata path of the role's name and, with the name appended, of its credentials.
pub(crate) const ROLES: &str = "/latest/meta-data/cam/security-credentials/";
/// The place that errors name for it.
const NAME: &str = "the role's name";
const NO_ROLE: &str = "the machine has no role";
/// The timeout of a request to the metadata endpoint, which is either close or missing.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The largest response of the metadata endpoint that is read, in bytes.
const MAX_BODY: usize = 64 << 10;

/// Fetches a virtual machine's role in one or two requests: for its name, unless that is known, and for its keys.
pub(super) struct MachineRole {
    metadata: Endpoint,
    name: Option<String>,
    /// What no response means: an endpoint that has responded before should do so again.
    silence: Sort,
    /// The outcome of the last request, if one was sent.
    outcome: Option<Outcome>,
}

impl MachineRole {
    /// Fetches the role of this name, or the machine's own role.
    pub(super) fn new(metadata: &Endpoint, name: Option<String>) -> Result<Self, Unreadable> {
        Ok(Self {
            metadata: metadata.clone(),
            name: name.map(|name| role_name(&name, NAME)).transpose()?,
            silence: Sort::Absent,
            outcome: None,
        })
    }

    fn url(&self) -> String {
        let name = self.name.as_deref().unwrap_or_default();
        format!("{}{ROLES}{name}", self.metadata.url("metadata"))
    }

    fn attempt(&self, left: Duration, scope: Scope) -> Result<Attempt, http::Error> {
        let request = Request::get(self.url())
            .header(header::HOST, self.metadata.authority("metadata"))
            .header(header::ACCEPT_ENCODING, NO_CODING);
        Ok(Attempt {
            request: request.body(Bytes::new())?,
            timeout: TIMEOUT.min(left),
            max_body: MAX_BODY,
            proxy: None,
            direct: true,
            confidential: true,
            number: 1,
            for_credentials: true,
            scope,
        })
    }

    /// Reads the outcome of a request. Returns the keys, or `None` when the next request is due.
    fn take(&mut self, outcome: Outcome) -> Result<Option<Credential>, Tried> {
        let url = self.url();
        let answer = outcome.map_err(|failure| {
            let reason = format!("{url} doesn't answer: {}", with_causes(&failure));
            Tried::new(self.silence, reason)
        })?;
        match (answer.status(), &self.name) {
            (StatusCode::OK, None) => {
                self.name = Some(metadata_role(answer.body()).map_err(|it| it.within(&url))?);
                self.silence = Sort::Passing;
                Ok(None)
            }
            (StatusCode::OK, Some(_)) => {
                let keys = Credential::from_metadata(answer.body());
                Ok(Some(keys.map_err(|it| it.within(&url))?))
            }
            (StatusCode::NOT_FOUND, None) => Err(Tried::new(Sort::Absent, NO_ROLE)),
            (StatusCode::NOT_FOUND, Some(name)) => {
                Err(Tried::new(Sort::Wrong, format!("{NO_ROLE} {name}")))
            }
            (status, _) => {
                let passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
                let reason = format!("{url} answers with status {}", status.as_u16());
                Err(Tried::new(Sort::passing_if(passing), reason))
            }
        }
    }
}

impl Fetch for MachineRole {
    fn step(
        &mut self,
        session: &mut Session,
        _: Now,
        left: Duration,
        trace: &mut trace::Call,
    ) -> Step<Result<Credential, Tried>> {
        trace.attempt(None);
        if session.credential().is_some() {
            self.silence = Sort::Passing;
        }
        if let Some(outcome) = self.outcome.take()
            && let Some(result) = self.take(outcome).transpose()
        {
            return Step::Done(result);
        }
        if left.is_zero() {
            return Step::Done(Err(Tried::late()));
        }
        self.outcome = Some(Err(Failure::unknown("the attempt was abandoned")));
        let attempt = self.attempt(left, trace.scope.clone());
        match attempt.inspect(|attempt| trace.send(attempt, None)) {
            Ok(attempt) => Step::Send(attempt),
            Err(error) => Step::Done(Err(Tried::new(Sort::Wrong, with_causes(&error)))),
        }
    }

    fn handle(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }
}

/// The parts of an identity, and their names in the endpoint's response.
const PARTS: [(&str, &str); 5] = [
    ("Code", "Code"),
    ("SecretId", "TmpSecretId"),
    ("SecretKey", "TmpSecretKey"),
    ("Token", "Token"),
    (EXPIRY, "ExpiredTime"),
];

impl Identity {
    /// The virtual machine's role, with this name if there is one, as named at a place.
    pub(super) fn machine(name: Option<&str>, place: &str) -> Result<Self, Unreadable> {
        let name = name.map(|name| role_name(name, place)).transpose()?;
        Ok(Self {
            source: Source::cvm_role_at(Endpoint::METADATA, name),
            place: Some(place.into()),
        })
    }
}

impl Credential {
    /// Reads the metadata endpoint's response for a virtual machine's role: JSON with `TmpSecretId`, `TmpSecretKey`,
    /// `Token`, `ExpiredTime` in Unix seconds, and `Code`, which is `Success`.
    ///
    /// ```
    /// use tc3_core::{Credential, UnixTime};
    ///
    /// let answer = r#"{
    ///     "TmpSecretId": "AKIDEXAMPLE", "TmpSecretKey": "not-a-real-key",
    ///     "Token": "not-a-real-token", "ExpiredTime": 1760000000,
    ///     "Expiration": "2025-10-09T08:53:20Z", "Code": "Success"
    /// }"#;
    /// let credential = Credential::from_metadata(answer)?;
    /// assert_eq!(credential.expires_at(), Some(UnixTime::new(1_760_000_000)));
    /// let failed = Credential::from_metadata(r#"{"Code": "Failed"}"#).unwrap_err();
    /// assert_eq!(failed.to_string(), "Code must be Success");
    /// # Ok::<(), tc3_core::credential::Unreadable>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unreadable`] with the line or field when the text isn't such JSON, when a field is missing or occurs twice,
    /// and when a value is malformed.
    pub fn from_metadata(answer: impl AsRef<[u8]>) -> Result<Self, Unreadable> {
        let parts = Parts::from_json(text(answer.as_ref())?, PARTS)?;
        if parts.required("Code")? != "Success" {
            return Err(parts.wrong("Code", "must be Success"));
        }
        parts.required("Token")?;
        parts.required(EXPIRY)?;
        parts.keys()
    }
}

/// Reads the metadata endpoint's response for the name of a virtual machine's role: one line of at most 128 letters,
/// digits and `+=,.@_-`.
///
/// ```
/// use tc3_core::credential::metadata_role;
///
/// assert_eq!(metadata_role("billing-reader\n")?, "billing-reader");
/// assert!(metadata_role("<html>a proxy's page</html>").is_err());
/// # Ok::<(), tc3_core::credential::Unreadable>(())
/// ```
///
/// # Errors
///
/// [`Unreadable`] for anything else.
pub fn metadata_role(answer: impl AsRef<[u8]>) -> Result<String, Unreadable> {
    role_name(text(answer.as_ref())?.trim(), NAME)
}

/// Checks the name of a role at a place.
fn role_name(name: &str, place: &str) -> Result<String, Unreadable> {
    let named = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b);
    // The name becomes a path segment, where dots alone would lead elsewhere.
    let path = name.bytes().all(|b| b == b'.');
    if path || name.len() > 128 || !name.bytes().all(named) {
        let rule = "must be letters, digits and +=,.@_-, at most 128";
        return Err(Unreadable::new(place, rule));
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
