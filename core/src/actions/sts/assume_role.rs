use alloc::{string::String, vec::Vec};
use core::fmt;

use super::{AssumedRole, SERVICE, VERSION, check};
use crate::{Action, Invalid};

input! {
    /// Returns temporary credentials for a role.
    ///
    /// ```
    /// use tc3_core::sts::AssumeRole;
    ///
    /// let action =
    ///     AssumeRole::new("qcs::cam::uin/100000000001:roleName/auditor", "monthly-report")
    ///         .with_duration_seconds(3_600);
    /// let input = serde_json::to_value(&action)?;
    /// assert_eq!(input["RoleArn"], "qcs::cam::uin/100000000001:roleName/auditor");
    /// assert_eq!(input["RoleSessionName"], "monthly-report");
    /// assert_eq!(input["DurationSeconds"], 3_600);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// Parameters that break the rules at their fields are refused before anything is sent, and so are an empty
    /// `RoleArn` and a `DurationSeconds` of 0. The action may be retried: another pair of temporary keys does no harm.
    ///
    /// It has no MFA code, which is valid only once, while a role is assumed repeatedly. Send a request with a code by
    /// [`Untyped`](crate::Untyped), with [`confidential`](crate::Untyped::confidential).
    ///
    /// Source: the vendor's description of `AssumeRole`, STS 2018-08-13.
    #[derive(Clone, PartialEq, Eq)]
    pub struct AssumeRole {
        /// The role, e.g. `qcs::cam::uin/100000000001:roleName/auditor`.
        pub role_arn: String,
        /// A name of your choice for the session, which the audit log shows: 2 to 128 letters, digits and `+=,.@_-`.
        pub role_session_name: String,
        /// The lifetime of the credentials; 7,200 by default, at most [`MAX_SECONDS`](Self::MAX_SECONDS).
        pub duration_seconds: Option<u32> = "Option::is_none",
        /// A policy that restricts what the role allows, percent-encoded as the service requires it.
        pub policy: Option<String> = "Option::is_none",
        /// The external id that the role's owner requires of other accounts: 2 to 128 letters, digits and `+=,.@:/_-`.
        pub external_id: Option<String> = "Option::is_none",
        /// Tags of the session, which policies can check: at most 50, each key once.
        pub tags: Vec<Tag> = "Vec::is_empty",
        /// The caller's UIN, which the audit log shows.
        pub source_identity: Option<String> = "Option::is_none",
    }
}

impl AssumeRole {
    /// The documented maximum lifetime of the credentials. The service enforces it, not this crate.
    pub const MAX_SECONDS: u32 = 43_200;
    /// The maximum number of tags.
    pub const MAX_TAGS: usize = 50;

    /// Assumes a role, with a session name of your choice.
    pub fn new(role_arn: impl Into<String>, role_session_name: impl Into<String>) -> Self {
        Self {
            role_arn: role_arn.into(),
            role_session_name: role_session_name.into(),
            duration_seconds: None,
            policy: None,
            external_id: None,
            tags: Vec::new(),
            source_identity: None,
        }
    }

    /// Sets the lifetime of the credentials, at least 1 second.
    pub fn with_duration_seconds(mut self, seconds: u32) -> Self {
        self.duration_seconds = Some(seconds);
        self
    }

    /// Restricts the role to what this policy allows too. The policy is a JSON text, which is percent-encoded here.
    ///
    /// ```
    /// use tc3_core::sts::AssumeRole;
    ///
    /// let action = AssumeRole::new("qcs::cam::uin/1:roleName/a", "report")
    ///     .with_policy(r#"{"version": "2.0+"}"#);
    /// assert_eq!(action.policy.as_deref(), Some("%7B%22version%22%3A%20%222.0%2B%22%7D"));
    /// ```
    pub fn with_policy(mut self, policy: &str) -> Self {
        let encoded: String = form_urlencoded::byte_serialize(policy.as_bytes()).collect();
        // Forms encode a space as a plus sign, and a plus sign as %2B.
        self.policy = Some(encoded.replace('+', "%20"));
        self
    }

    /// Sets the external id that the role's owner requires of other accounts.
    pub fn with_external_id(mut self, external_id: impl Into<String>) -> Self {
        self.external_id = Some(external_id.into());
        self
    }

    /// Adds a tag.
    pub fn with_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push(Tag::new(key, value));
        self
    }

    /// Sets the caller's UIN, which the audit log shows.
    pub fn with_source_identity(mut self, uin: impl Into<String>) -> Self {
        self.source_identity = Some(uin.into());
        self
    }
}

/// Hides the external id, which is a shared secret of the role's owner and the caller.
impl fmt::Debug for AssumeRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssumeRole")
            .field("role_arn", &self.role_arn)
            .field("role_session_name", &self.role_session_name)
            .field("duration_seconds", &self.duration_seconds)
            .field("policy", &self.policy)
            .field("external_id", &self.external_id.as_ref().map(|_| "…"))
            .field("tags", &self.tags)
            .field("source_identity", &self.source_identity)
            .finish()
    }
}

impl Action for AssumeRole {
    const SERVICE: &'static str = SERVICE;
    const VERSION: &'static str = VERSION;
    const NAME: &'static str = "AssumeRole";
    const REPEATABLE: bool = true;
    const REGIONAL: bool = true;
    const CONFIDENTIAL: bool = true;
    const RATE: u32 = 600;
    type Output = AssumedRole;

    fn check(&self) -> Result<(), Invalid> {
        check(
            &self.role_arn,
            &self.role_session_name,
            self.duration_seconds,
        )?;
        if self
            .external_id
            .as_deref()
            .is_some_and(|id| !is_external_id(id))
        {
            return Err(Invalid::new(
                "ExternalId",
                "must be 2 to 128 letters, digits and +=,.@:/_-",
            ));
        }
        let mut keys: Vec<&str> = self.tags.iter().map(|tag| tag.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        if keys.len() < self.tags.len() || keys.len() > Self::MAX_TAGS {
            return Err(Invalid::new("Tags", "must be at most 50, each key once"));
        }
        self.tags.iter().try_for_each(Tag::check)
    }
}

fn is_external_id(id: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@:/_-".contains(&b);
    (2..=128).contains(&id.len()) && id.bytes().all(allowed)
}

input! {
    /// A tag of a session, which policies can check.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Tag {
        /// The key, 1 to 128 characters; upper and lower case differ.
        pub key: String,
        /// The value, at most 256 characters; upper and lower case differ.
        pub value: String,
    }
}

impl Tag {
    /// A tag.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(1..=128).contains(&self.key.chars().count()) {
            return Err(Invalid::new(
                "Tags",
                "must have keys of 1 to 128 characters",
            ));
        }
        if self.value.chars().count() > 256 {
            return Err(Invalid::new(
                "Tags",
                "must have values of at most 256 characters",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_that_can_never_be_right_is_refused() {
        let field = |action: AssumeRole| action.check().err().map(|invalid| invalid.field());
        let longest = "a".repeat(128);
        for name in ["ab", "A+b=c,d.e@f_g-9", &longest] {
            assert_eq!(field(AssumeRole::new("qcs", name)), None, "{name}");
        }
        let longer = "a".repeat(129);
        for name in ["", "a", "a b", "a/b", "日本", &longer] {
            let refused = field(AssumeRole::new("qcs", name));
            assert_eq!(refused, Some("RoleSessionName"), "{name}");
        }
        assert_eq!(field(AssumeRole::new("", "ab")), Some("RoleArn"));
        let never = AssumeRole::new("qcs", "ab").with_duration_seconds(0);
        assert_eq!(field(never), Some("DurationSeconds"));

        for (id, right) in [("ab", true), ("a:/b", true), ("a", false), ("a b", false)] {
            let action = AssumeRole::new("qcs", "ab").with_external_id(id);
            assert_eq!(field(action).is_none(), right, "{id}");
        }
        let tagged = |key: &str, value: &str| AssumeRole::new("qcs", "ab").with_tag(key, value);
        let longest = tagged(&"钥".repeat(128), &"值".repeat(256));
        assert_eq!(field(longest), None);
        for wrong in [
            tagged("", ""),
            tagged(&"k".repeat(129), ""),
            tagged("k", &"v".repeat(257)),
            tagged("k", "1").with_tag("k", "2"),
            (0..=50).fold(tagged("k", ""), |action, at| {
                action.with_tag(alloc::format!("k{at}"), "")
            }),
        ] {
            assert_eq!(field(wrong), Some("Tags"));
        }
    }

    #[test]
    fn all_that_is_set_is_sent() {
        let action = AssumeRole::new("qcs", "ab")
            .with_duration_seconds(60)
            .with_policy("{}")
            .with_external_id("theirs")
            .with_tag("team", "账单")
            .with_source_identity("100000000002");
        let expected = serde_json::json!({
            "RoleArn": "qcs", "RoleSessionName": "ab", "DurationSeconds": 60, "Policy": "%7B%7D",
            "ExternalId": "theirs", "Tags": [{"Key": "team", "Value": "账单"}],
            "SourceIdentity": "100000000002",
        });
        assert_eq!(serde_json::to_value(action).unwrap(), expected);
    }
}
