use alloc::string::String;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::Secret;
use crate::{Credential, Invalid, UnixTime, types::lenient};

/// The output of [`AssumeRole`](super::AssumeRole) and
/// [`AssumeRoleWithWebIdentity`](super::AssumeRoleWithWebIdentity): temporary credentials.
///
/// ```
/// use tc3_core::{sts::AssumeRole, wire::response, Credential, UnixTime};
///
/// let answer = br#"{"Response": {
///     "Credentials": {
///         "TmpSecretId": "AKIDEXAMPLE", "TmpSecretKey": "not-a-real-key",
///         "Token": "not-a-real-token"
///     },
///     "ExpiredTime": 1760000000, "RequestId": "5e1f"
/// }}"#;
/// let answer = http::Response::new(answer.as_slice().into());
/// let role = response::read::<AssumeRole>(&answer)?.output;
/// assert!(!format!("{role:?}").contains("not-a-real"));
///
/// let credential = Credential::try_from(role)?;
/// assert_eq!(credential.token(), Some("not-a-real-token"));
/// assert_eq!(credential.expires_at(), Some(UnixTime::new(1_760_000_000)));
/// # Ok::<(), tc3_core::Error>(())
/// ```
///
/// Serializing it **writes the keys**, as the service does: a stored one gives access to the account until the keys
/// expire, and the text that serde wrote is not wiped from memory. `Debug` shows no key, so print that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AssumedRole {
    /// The keys and their token.
    pub credentials: TemporaryCredentials,
    /// When the keys expire.
    pub expired_time: UnixTime,
    /// The same time as a text (ISO 8601, UTC).
    pub expiration: Option<String>,
}

impl<'de> Deserialize<'de> for AssumedRole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Parts {
            credentials: TemporaryCredentials,
            #[serde(deserialize_with = "lenient::required")]
            expired_time: UnixTime,
            #[serde(default, deserialize_with = "lenient::optional")]
            expiration: Option<String>,
        }

        lenient::Object::<Parts>::deserialize(deserializer).map(|lenient::Object(parts)| Self {
            credentials: parts.credentials,
            expired_time: parts.expired_time,
            expiration: parts.expiration,
        })
    }
}

impl TryFrom<AssumedRole> for Credential {
    type Error = Invalid;

    /// The credential that signs as the role.
    fn try_from(role: AssumedRole) -> Result<Self, Invalid> {
        let keys = &role.credentials;
        let credential = Self::new(keys.tmp_secret_id(), keys.tmp_secret_key())?;
        let credential = credential.with_token(keys.token())?;
        Ok(credential.with_expiry(role.expired_time))
    }
}

/// A temporary key pair and its token. The key and the token are wiped from memory when dropped, and no `Debug`
/// shows them; what serde writes holds them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TemporaryCredentials {
    tmp_secret_id: String,
    tmp_secret_key: Secret,
    token: Secret,
}

impl TemporaryCredentials {
    /// The id of the temporary key, which is no secret.
    pub fn tmp_secret_id(&self) -> &str {
        &self.tmp_secret_id
    }

    /// The temporary key.
    pub fn tmp_secret_key(&self) -> &str {
        &self.tmp_secret_key.0
    }

    /// The token, without which the keys are not valid.
    pub fn token(&self) -> &str {
        &self.token.0
    }
}

impl<'de> Deserialize<'de> for TemporaryCredentials {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Parts {
            tmp_secret_id: String,
            tmp_secret_key: Secret,
            token: Secret,
        }

        // The deserializer's own error may show a misplaced key.
        let lenient::Object(parts) = lenient::Object::<Parts>::deserialize(deserializer)
            .map_err(|_| D::Error::custom("no TmpSecretId, TmpSecretKey and Token as texts"))?;
        Ok(Self {
            tmp_secret_id: parts.tmp_secret_id,
            tmp_secret_key: parts.tmp_secret_key,
            token: parts.token,
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;
    use crate::{Error, sts::AssumeRole, wire::response};

    fn read(output: &str) -> Result<AssumedRole, Error> {
        let body = format!(r#"{{"Response":{{{output},"RequestId":"r"}}}}"#);
        let answer = http::Response::new(body.into());
        response::read::<AssumeRole>(&answer).map(|reply| reply.output)
    }

    #[test]
    fn what_does_not_fit_shows_no_key() {
        for credentials in [
            "\"fake-key\"",
            "[\"fake-key\",\"fake-key\",\"fake-key\"]",
            "{\"TmpSecretId\":\"fake-id\",\"TmpSecretKey\":\"fake-key\"}",
            "{\"TmpSecretId\":\"fake-id\",\"TmpSecretKey\":[\"fake-key\"],\"Token\":\"fake-token\"}",
            "null",
        ] {
            let error = read(&format!(
                "\"Credentials\":{credentials},\"ExpiredTime\":1760000000"
            ));
            let Err(Error::Decode { path, source, .. }) = error else {
                panic!("{error:?}");
            };
            assert!(path.starts_with("Response.Credentials"), "{path}");
            assert!(!source.to_string().contains("fake"), "{source}");
        }
    }

    #[test]
    fn an_answer_that_is_cut_short_shows_no_key() {
        let whole = r#"{"Response":{"Credentials":{"TmpSecretId":"fake-id","TmpSecretKey":"fake-key","Token":"fake-token"}}"#;
        for end in 0..whole.len() {
            let answer = http::Response::new(whole[..end].to_string().into());
            let error = response::read::<AssumeRole>(&answer).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(
                !shown.contains("fake-k") && !shown.contains("fake-t"),
                "{shown}"
            );
        }
    }
}
