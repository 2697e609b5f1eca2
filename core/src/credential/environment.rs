use alloc::string::String;

use super::{Credential, Lookup, Unreadable, lookup::Reads, parts::Parts, source::Identity};

const SECRET_ID: &str = "TENCENTCLOUD_SECRET_ID";
const SECRET_KEY: &str = "TENCENTCLOUD_SECRET_KEY";
const MACHINE_ROLE: &str = "TENCENTCLOUD_CAM_ROLE_NAME";

/// The parts of an identity, and the variables that tccli and Terraform have for each.
const ROLE: [(&str, &[&str]); 5] = [
    ("RoleArn", &ROLE_ARNS),
    ("RoleSessionName", &SESSION_NAMES),
    ("DurationSeconds", &[DURATION]),
    ("ExternalId", &[EXTERNAL_ID]),
    ("SourceIdentity", &[SOURCE_IDENTITY]),
];
const KEYS: [(&str, &[&str]); 3] = [
    ("SecretId", &[SECRET_ID]),
    ("SecretKey", &[SECRET_KEY]),
    ("Token", &TOKENS),
];
const TOKENS: [&str; 3] = [
    "TENCENTCLOUD_TOKEN",
    "TENCENTCLOUD_SESSION_TOKEN",
    "TENCENTCLOUD_SECURITY_TOKEN",
];
const ROLE_ARNS: [&str; 2] = ["TENCENTCLOUD_ROLE_ARN", "TENCENTCLOUD_ASSUME_ROLE_ARN"];
const SESSION_NAMES: [&str; 2] = [
    "TENCENTCLOUD_ROLE_SESSION_NAME",
    "TENCENTCLOUD_ASSUME_ROLE_SESSION_NAME",
];
const DURATION: &str = "TENCENTCLOUD_ASSUME_ROLE_SESSION_DURATION";
const EXTERNAL_ID: &str = "TENCENTCLOUD_ASSUME_ROLE_EXTERNAL_ID";
const SOURCE_IDENTITY: &str = "TENCENTCLOUD_ASSUME_ROLE_SOURCE_IDENTITY";
/// Other role variables of Terraform. Ignoring one would assume another role, or the role with other rights.
const UNSUPPORTED: [&str; 8] = [
    "TENCENTCLOUD_ASSUME_ROLE_POLICY",
    "TENCENTCLOUD_ASSUME_ROLE_SERIAL_NUMBER",
    "TENCENTCLOUD_ASSUME_ROLE_TOKEN_CODE",
    "TENCENTCLOUD_ASSUME_ROLE_SAML_ASSERTION",
    "TENCENTCLOUD_ASSUME_ROLE_PRINCIPAL_ARN",
    "TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN",
    "TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN_FILE",
    "TENCENTCLOUD_ASSUME_ROLE_PROVIDER_ID",
];

/// The reason when none of them is set.
pub(super) const NOTHING: &str =
    "neither TENCENTCLOUD_SECRET_ID nor TENCENTCLOUD_SECRET_KEY is set";

impl Credential {
    /// Reads environment variables: `TENCENTCLOUD_SECRET_ID`, `TENCENTCLOUD_SECRET_KEY` and, for a temporary
    /// credential, `TENCENTCLOUD_TOKEN`, `TENCENTCLOUD_SESSION_TOKEN` or `TENCENTCLOUD_SECURITY_TOKEN`.
    ///
    /// `variable` returns the value of a variable. An empty value counts as not set. Returns `None` if no variable is
    /// set.
    ///
    /// ```
    /// use tc3_core::Credential;
    ///
    /// let read = |set: &'static [(&str, &str)]| {
    ///     Credential::from_environment(|name| {
    ///         set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
    ///     })
    /// };
    /// assert!(read(&[])?.is_none());
    /// let pair = read(&[
    ///     ("TENCENTCLOUD_SECRET_ID", "AKIDEXAMPLE"),
    ///     ("TENCENTCLOUD_SECRET_KEY", "not-a-real-key"),
    /// ])?;
    /// assert_eq!(pair.unwrap().secret_id(), "AKIDEXAMPLE");
    /// let half = read(&[("TENCENTCLOUD_SECRET_ID", "AKIDEXAMPLE")]);
    /// assert_eq!(half.unwrap_err().to_string(), "TENCENTCLOUD_SECRET_KEY is missing");
    /// # Ok::<(), tc3_core::credential::Unreadable>(())
    /// ```
    ///
    /// Other variables, such as `TENCENTCLOUD_ROLE_ARN`, name a role;
    /// [`Source::environment`](crate::credential::Source::environment) lists them. Each is an error here, since only a
    /// [`Chain`](crate::Chain) can assume a role.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] when the id, the key or the token is set without the others it needs, when a value is malformed
    /// (in quotes, for example), when two variables for the token differ, and when a role is named.
    pub fn from_environment(
        mut variable: impl FnMut(&str) -> Option<String>,
    ) -> Result<Option<Self>, Unreadable> {
        let mut reads = Reads::default();
        loop {
            let identity = Identity::from_environment(&mut reads);
            let Some(Lookup::Variable(name)) = reads.missing.take() else {
                return identity?.map(Identity::keys).transpose();
            };
            let value = variable(name).map(String::into_bytes);
            reads.insert(Lookup::Variable(name), Ok(value));
        }
    }
}

impl Identity {
    /// Reads the signer, as [`Source::environment`] documents.
    pub(super) fn from_environment(reads: &mut Reads) -> Result<Option<Self>, Unreadable> {
        for name in UNSUPPORTED {
            if reads.variable(name)?.is_some() {
                let rule = "configures a role and is not supported; pass an AssumeRole to Source::role instead";
                return Err(Unreadable::new(name, rule));
            }
        }
        let mut parts = Parts::from_variables(ROLE, reads)?;
        if let Some(name) = reads.variable(MACHINE_ROLE)? {
            if parts.role()?.is_some() {
                let rule = "must not be set beside TENCENTCLOUD_CAM_ROLE_NAME";
                return Err(parts.wrong("RoleArn", rule));
            }
            return Self::machine(Some(&name), MACHINE_ROLE).map(Some);
        }
        parts.0.extend(Parts::from_variables(KEYS, reads)?.0);
        if parts.is_empty() {
            return Ok(None);
        }
        parts.identity().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString, vec, vec::Vec};

    use super::*;
    use crate::{credential::source::SourceKind, sts::AssumeRole};

    /// All variables that name a signer.
    fn names() -> impl Iterator<Item = &'static str> {
        let parts = KEYS.into_iter().chain(ROLE).flat_map(|(_, names)| names);
        parts.copied().chain([MACHINE_ROLE]).chain(UNSUPPORTED)
    }

    fn read(set: &[(&str, &str)]) -> Result<Option<Credential>, Unreadable> {
        Credential::from_environment(|name| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.to_string())
        })
    }

    const PAIR: [(&str, &str); 2] = [(SECRET_ID, "AKIDEXAMPLE"), (SECRET_KEY, "fake-key")];
    const ARN: &str = "qcs::cam::uin/1:roleName/a";

    fn with(set: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
        [&PAIR, set].concat()
    }

    fn place(set: &[(&str, &str)]) -> String {
        let wrong = read(set).unwrap_err();
        assert!(!format!("{wrong} {wrong:?}").contains("fake"), "{wrong}");
        wrong.place().into()
    }

    fn role(set: &[(&str, &str)]) -> AssumeRole {
        let mut reads = Reads::default();
        for name in names() {
            let found = set.iter().find(|(known, _)| *known == name);
            let value = found.map(|(_, value)| value.as_bytes().to_vec());
            reads.insert(Lookup::Variable(name), Ok(value));
        }
        let identity = Identity::from_environment(&mut reads).unwrap().unwrap();
        let SourceKind::Role(role, keys) = identity.source.0 else {
            panic!("no role");
        };
        assert_eq!(keys.fixed().unwrap().secret_id(), "AKIDEXAMPLE");
        *role
    }

    #[test]
    fn each_name_of_the_token_is_read_and_those_that_are_set_are_the_same() {
        let values = ["", "fake-token", "another-fake-token"];
        for (first, second, third) in (0..27).map(|at| (at / 9, at / 3 % 3, at % 3)) {
            let set: Vec<_> = TOKENS
                .into_iter()
                .zip([first, second, third].map(|at| values[at]))
                .collect();
            let mut given: Vec<_> = set.iter().filter(|(_, value)| !value.is_empty()).collect();
            given.dedup_by_key(|(_, value)| value);
            match given[..] {
                [] => assert_eq!(read(&with(&set)).unwrap().unwrap().token(), None),
                [(_, token)] => {
                    let credential = read(&with(&set)).unwrap().unwrap();
                    assert_eq!(credential.secret_id(), "AKIDEXAMPLE");
                    assert_eq!(credential.secret_key(), "fake-key");
                    assert_eq!(credential.token(), Some(*token));
                    assert_eq!(credential.expires_at(), None);
                }
                [_, (other, _), ..] => assert_eq!(place(&with(&set)), *other),
            }
        }
    }

    #[test]
    fn what_is_set_by_half_names_the_other_half() {
        for (set, missing) in [
            (&[(SECRET_ID, "AKIDEXAMPLE")][..], SECRET_KEY),
            (&[(SECRET_KEY, "fake-key")], SECRET_ID),
            (&[(SECRET_ID, ""), (SECRET_KEY, "fake-key")], SECRET_ID),
            (&[(TOKENS[0], "fake-token")], SECRET_ID),
            (&[(TOKENS[2], "fake-token")], SECRET_ID),
            (&[(ROLE_ARNS[0], ARN)], SECRET_ID),
            (
                &[(ROLE_ARNS[0], ARN), (SECRET_ID, "AKIDEXAMPLE")],
                SECRET_KEY,
            ),
            (&[(SESSION_NAMES[0], "report")], ROLE_ARNS[0]),
            (&with(&[(SESSION_NAMES[0], "report")]), ROLE_ARNS[0]),
            (&with(&[(SESSION_NAMES[1], "report")]), ROLE_ARNS[0]),
            (&with(&[(DURATION, "600")]), ROLE_ARNS[0]),
            (&with(&[(EXTERNAL_ID, "theirs")]), ROLE_ARNS[0]),
        ] {
            assert_eq!(place(set), missing, "{set:?}");
        }
        assert!(read(&[(SECRET_ID, ""), (TOKENS[0], "")]).unwrap().is_none());
        let empty: Vec<_> = names().map(|name| (name, "")).collect();
        assert!(read(&empty).unwrap().is_none());
    }

    #[test]
    fn a_value_that_cannot_be_right_is_named_by_its_variable() {
        for (name, wrong) in [
            (SECRET_ID, "AKID EXAMPLE"),
            (SECRET_ID, "\"AKIDEXAMPLE\""),
            (SECRET_ID, "'AKIDEXAMPLE'"),
            (SECRET_ID, "\""),
            (SECRET_ID, "${SECRET_ID}"),
            (SECRET_KEY, "fake-key\n"),
            (SECRET_KEY, "\"fake-key\""),
            (SECRET_KEY, "'fake-key"),
            (TOKENS[0], "\"fake-token\""),
            (TOKENS[1], "fake token"),
            (TOKENS[2], "$TOKEN"),
            (ROLE_ARNS[0], "\"qcs::cam::uin/1:roleName/a\""),
            (ROLE_ARNS[1], "<role>"),
            (SESSION_NAMES[0], "\"report\""),
            (SESSION_NAMES[1], "a"),
            (DURATION, "an hour"),
            (DURATION, "0"),
            (DURATION, "-1"),
            (EXTERNAL_ID, "a"),
            (MACHINE_ROLE, "\"a\""),
            (MACHINE_ROLE, "../a"),
        ] {
            let set = [(name, wrong), (ROLE_ARNS[0], ARN), PAIR[0], PAIR[1]];
            let set = if name == MACHINE_ROLE || name == ROLE_ARNS[1] {
                &set[..1]
            } else {
                &set[..]
            };
            assert_eq!(place(set), name, "{wrong}");
        }
        let quoted = read(&[(SECRET_ID, "\"AKIDEXAMPLE\""), PAIR[1]]).unwrap_err();
        assert_eq!(
            quoted.to_string(),
            "TENCENTCLOUD_SECRET_ID must not contain quotes or be in quotes"
        );
    }

    #[test]
    fn a_role_that_is_named_is_not_passed_over() {
        for (set, expected) in [
            (&[(ROLE_ARNS[0], ARN)][..], AssumeRole::new(ARN, "tc3-rust")),
            (
                &[(ROLE_ARNS[0], ARN), (SESSION_NAMES[0], "report")],
                AssumeRole::new(ARN, "report"),
            ),
            (
                &[(ROLE_ARNS[1], ARN), (SESSION_NAMES[1], "report")],
                AssumeRole::new(ARN, "report"),
            ),
            (
                &[
                    (ROLE_ARNS[0], ARN),
                    (ROLE_ARNS[1], ARN),
                    (SESSION_NAMES[1], "report"),
                    (DURATION, "600"),
                    (EXTERNAL_ID, "theirs"),
                    (SOURCE_IDENTITY, "100000000001"),
                ],
                AssumeRole::new(ARN, "report")
                    .with_duration_seconds(600)
                    .with_external_id("theirs")
                    .with_source_identity("100000000001"),
            ),
        ] {
            assert_eq!(role(&with(set)), expected);
            // Here there is nobody to take it.
            assert_eq!(place(&with(set)), set[0].0);
        }
        let other = "qcs::cam::uin/1:roleName/other";
        let two = with(&[(ROLE_ARNS[0], ARN), (ROLE_ARNS[1], other)]);
        assert_eq!(place(&two), ROLE_ARNS[1]);
        let two = with(&[
            (ROLE_ARNS[0], ARN),
            (SESSION_NAMES[0], "one"),
            (SESSION_NAMES[1], "two"),
        ]);
        assert_eq!(place(&two), SESSION_NAMES[1]);
        for name in UNSUPPORTED {
            assert_eq!(place(&[(name, "x")]), name);
            assert_eq!(place(&with(&[(name, "x"), (ROLE_ARNS[0], ARN)])), name);
        }
        // The machine's, whatever keys stand beside it.
        for set in [with(&[(MACHINE_ROLE, "a")]), vec![(MACHINE_ROLE, "a")]] {
            assert_eq!(place(&set), MACHINE_ROLE);
        }
        let both = [(MACHINE_ROLE, "a"), (ROLE_ARNS[0], ARN)];
        assert_eq!(place(&with(&both)), ROLE_ARNS[0]);
    }
}
