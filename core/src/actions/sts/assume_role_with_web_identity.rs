use alloc::string::String;

use serde::{Deserialize, Deserializer, de::Error as _};
use zeroize::Zeroizing;

use super::{AssumedRole, SERVICE, Secret, VERSION, check};
use crate::{Action, Invalid};

input! {
    /// Returns temporary credentials for a role, in exchange for a token of an identity provider (OIDC). The request is
    /// not signed, so it needs no credentials.
    ///
    /// ```
    /// use tc3_core::sts::AssumeRoleWithWebIdentity;
    ///
    /// let action = AssumeRoleWithWebIdentity::new(
    ///     "provider",
    ///     "not-a-real-web-identity",
    ///     "qcs::cam::uin/1:roleName/auditor",
    ///     "monthly-report",
    /// );
    /// assert!(format!("{action:?}").contains(r#"web_identity_token: "…""#));
    /// let input = serde_json::to_value(&action)?;
    /// assert_eq!(input["WebIdentityToken"], "not-a-real-web-identity");
    /// assert_eq!(input["RoleArn"], "qcs::cam::uin/1:roleName/auditor");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// The JSON holds the token, which is a secret, as the request does. An error in deserializing it shows names of fields,
    /// but no value.
    ///
    /// An empty `ProviderId`, `WebIdentityToken` or `RoleArn`, a malformed `RoleSessionName` and a `DurationSeconds` of
    /// 0 are refused before anything is sent. The action may be retried.
    ///
    /// Source: the vendor's description of `AssumeRoleWithWebIdentity`, STS 2018-08-13.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct AssumeRoleWithWebIdentity {
        /// The identity provider's name.
        pub provider_id: String,
        web_identity_token: Secret,
        /// The role, e.g. `qcs::cam::uin/100000000001:roleName/auditor`.
        pub role_arn: String,
        /// A name of your choice for the session, which the audit log shows: 2 to 128 letters, digits and `+=,.@_-`.
        pub role_session_name: String,
        /// The lifetime of the credentials; 7,200 by default, at most [`MAX_SECONDS`](super::AssumeRole::MAX_SECONDS).
        #[serde(deserialize_with = "seconds")]
        pub duration_seconds: Option<u32> = "Option::is_none",
    }
}

/// Reads a number of seconds. The deserializer's own error would show a misplaced text, which may be the token.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    Option::deserialize(deserializer).map_err(|_| {
        let invalid = Invalid::new("DurationSeconds", "must be a number of seconds");
        D::Error::custom(invalid)
    })
}

impl AssumeRoleWithWebIdentity {
    /// Assumes a role with a token of the provider, with a session name of your choice.
    pub fn new(
        provider_id: impl Into<String>,
        web_identity_token: impl Into<String>,
        role_arn: impl Into<String>,
        role_session_name: impl Into<String>,
    ) -> Self {
        Self {
            provider_id: provider_id.into(),
            web_identity_token: Secret(Zeroizing::new(web_identity_token.into())),
            role_arn: role_arn.into(),
            role_session_name: role_session_name.into(),
            duration_seconds: None,
        }
    }

    /// Sets the lifetime of the credentials, at least 1 second.
    pub fn with_duration_seconds(mut self, seconds: u32) -> Self {
        self.duration_seconds = Some(seconds);
        self
    }

    /// The token of the provider, which is a secret.
    pub fn web_identity_token(&self) -> &str {
        &self.web_identity_token.0
    }
}

impl Action for AssumeRoleWithWebIdentity {
    const SERVICE: &'static str = SERVICE;
    const VERSION: &'static str = VERSION;
    const NAME: &'static str = "AssumeRoleWithWebIdentity";
    const REPEATABLE: bool = true;
    const REGIONAL: bool = true;
    const CONFIDENTIAL: bool = true;
    const SIGNED: bool = false;
    type Output = AssumedRole;

    fn check(&self) -> Result<(), Invalid> {
        if self.provider_id.is_empty() {
            return Err(Invalid::new("ProviderId", "must not be empty"));
        }
        if self.web_identity_token.0.is_empty() {
            return Err(Invalid::new("WebIdentityToken", "must not be empty"));
        }
        check(
            &self.role_arn,
            &self.role_session_name,
            self.duration_seconds,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_that_can_never_be_right_is_refused() {
        for (provider, token, role, name, refused) in [
            ("p", "t", "r", "ab", None),
            ("", "t", "r", "ab", Some("ProviderId")),
            ("p", "", "r", "ab", Some("WebIdentityToken")),
            ("p", "t", "", "ab", Some("RoleArn")),
            ("p", "t", "r", "a", Some("RoleSessionName")),
        ] {
            let action = AssumeRoleWithWebIdentity::new(provider, token, role, name);
            assert_eq!(action.check().err().map(|it| it.field()), refused);
            let never = action.with_duration_seconds(0);
            assert!(never.check().is_err());
        }
    }
}
