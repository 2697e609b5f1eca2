use alloc::{boxed::Box, format, string::String, vec, vec::Vec};

use super::{
    Chain, Tried, Unreadable, environment,
    errors::Sort,
    lookup::{Candidate, Variables},
    metadata::METADATA,
    profile, tccli, tke,
};
use crate::{Credential, UnixTime, session::Endpoint, sts::AssumeRole};

/// A place where credentials may be.
#[derive(Clone, Debug)]
pub struct Source(pub(super) SourceKind);

#[derive(Clone, Debug)]
pub(super) enum SourceKind {
    Fixed(Credential),
    Environment,
    Profile {
        /// In the place of the usual ones.
        file: Option<String>,
        profile: String,
    },
    /// A profile in the place of that of the environment.
    Tccli(Option<String>),
    Tke,
    CvmRole {
        metadata: Endpoint,
        /// In the place of the one that the machine has.
        role: Option<String>,
    },
    Role(Box<AssumeRole>, Chain),
}

impl Source {
    /// Environment variables, as [`Credential::from_environment`] reads them, and the role that they name:
    ///
    /// | variable | meaning |
    /// | --- | --- |
    /// | `TENCENTCLOUD_ROLE_ARN`, `TENCENTCLOUD_ASSUME_ROLE_ARN` | a role to take with the pair |
    /// | `TENCENTCLOUD_ROLE_SESSION_NAME`, `TENCENTCLOUD_ASSUME_ROLE_SESSION_NAME` | the session's name; `tc3-rust` by default |
    /// | `TENCENTCLOUD_ASSUME_ROLE_SESSION_DURATION`, `…_EXTERNAL_ID`, `…_SOURCE_IDENTITY` | as [`AssumeRole`] has them |
    /// | `TENCENTCLOUD_CAM_ROLE_NAME` | the role of this name of the virtual machine, whatever keys are set |
    ///
    /// Two names of one setting must not differ. What else Terraform reads, `TENCENTCLOUD_ASSUME_ROLE_POLICY`,
    /// `…_SERIAL_NUMBER`, `…_TOKEN_CODE`, `…_SAML_ASSERTION`, `…_PRINCIPAL_ARN`, `…_WEB_IDENTITY_TOKEN`,
    /// `…_WEB_IDENTITY_TOKEN_FILE` and `…_PROVIDER_ID`, is refused. A role without the pair is an error, and so is a
    /// session's name without a role.
    pub const fn environment() -> Self {
        Self(SourceKind::Environment)
    }

    /// The profile `default` of the file that `TENCENTCLOUD_CREDENTIALS_FILE` names, else of
    /// `~/.tencentcloud/credentials`, else of `/etc/tencentcloud/credentials`, as [`Credential::from_profile`]
    /// reads it. A `role_arn` in it, with or without a `role_session_name`, is a role that is taken with its keys.
    pub fn profile() -> Self {
        Self::named_profile("default")
    }

    /// Another profile of the same file.
    pub fn named_profile(profile: impl Into<String>) -> Self {
        Self(SourceKind::Profile {
            file: None,
            profile: profile.into(),
        })
    }

    /// A profile of a file of one's own, which must be there.
    pub fn profile_in(file: impl Into<String>, profile: impl Into<String>) -> Self {
        Self(SourceKind::Profile {
            file: Some(file.into()),
            profile: profile.into(),
        })
    }

    /// What the vendor's command line tool, tccli, has for the profile that `TCCLI_PROFILE` or, as for Terraform,
    /// `TENCENTCLOUD_PROFILE` names, else for `default`, as [`Credential::from_tccli`] reads it, in `~/.tccli` or
    /// the folder of `TENCENTCLOUD_SHARED_CREDENTIALS_DIR`. A `role-arn` in it, with or without a `role-session-name`,
    /// is a role that is taken with its keys; a `type` of `cvm-role` stands for the role of the virtual machine, as
    /// [`cvm_role`](Self::cvm_role) has it.
    pub const fn tccli() -> Self {
        Self(SourceKind::Tccli(None))
    }

    /// What tccli has for another profile, which must be there.
    pub fn tccli_profile(profile: impl Into<String>) -> Self {
        Self(SourceKind::Tccli(Some(profile.into())))
    }

    /// The role of a Kubernetes service account (TKE): `TKE_PROVIDER_ID`, `TKE_ROLE_ARN`, `TKE_REGION` and the
    /// token in the file that `TKE_WEB_IDENTITY_TOKEN_FILE` names, all of them read each time, are given to
    /// [`AssumeRoleWithWebIdentity`](crate::sts::AssumeRoleWithWebIdentity).
    pub const fn tke() -> Self {
        Self(SourceKind::Tke)
    }

    /// The role of the virtual machine (CVM), as its metadata endpoint tells it.
    ///
    /// That endpoint is plain http by nature, at a link-local address; no proxy is used for it, and it is
    /// given no more than 2 seconds.
    pub fn cvm_role() -> Self {
        Self(SourceKind::CvmRole {
            metadata: Endpoint::plain(METADATA),
            role: None,
        })
    }

    /// The same of another metadata endpoint, for tests say, or of a role whose name is known beforehand.
    pub fn cvm_role_at(metadata: Endpoint, role: impl Into<Option<String>>) -> Self {
        let role = role.into();
        Self(SourceKind::CvmRole { metadata, role })
    }

    /// A role, taken by [`AssumeRole`] with credentials from elsewhere. The request goes to the endpoint of the
    /// settings, with their region or else that of Guangzhou.
    pub fn role(action: AssumeRole, over: impl Into<Chain>) -> Self {
        Self(SourceKind::Role(Box::new(action), over.into()))
    }
}

impl From<Credential> for Source {
    fn from(credential: Credential) -> Self {
        Self(SourceKind::Fixed(credential))
    }
}

impl core::fmt::Display for Source {
    /// What an error calls it.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match &self.0 {
            SourceKind::Fixed(_) => "given credential",
            SourceKind::Environment => "environment",
            SourceKind::Profile { .. } => "profile file",
            SourceKind::Tccli(_) => "tccli",
            SourceKind::Tke => "TKE",
            SourceKind::CvmRole { .. } => "CVM role",
            SourceKind::Role(action, _) => return write!(f, "role {}", action.role_arn),
        })
    }
}

/// Who is to sign, as a text says: the owner of keys, or somebody's role.
pub(super) struct Identity {
    /// Where its credentials are.
    pub(super) source: Source,
    /// The place that names a role, if one does: nobody else may sign then.
    pub(super) place: Option<String>,
}

impl Identity {
    /// The keys, for a reader that can take no role.
    pub(super) fn keys(self) -> Result<Credential, Unreadable> {
        if let SourceKind::Fixed(keys) = self.source.0 {
            return Ok(keys);
        }
        let rule = "names a role, which is taken only where a Chain looks for the credential";
        Err(Unreadable::new(self.place.unwrap_or_default(), rule))
    }

    /// When its keys expire, or those with which its role is taken.
    pub(super) fn expires_at(&self) -> Option<UnixTime> {
        match &self.source.0 {
            SourceKind::Fixed(keys) => keys.expires_at(),
            SourceKind::Role(_, over) => over.fixed()?.expires_at(),
            _ => None,
        }
    }

    /// The same with the file that holds it.
    pub(super) fn within(self, file: &str) -> Self {
        let place = self.place.map(|place| format!("{file}: {place}"));
        Self { place, ..self }
    }
}

impl Source {
    /// The environment variables that it depends on.
    pub(super) fn variables(&self) -> Vec<&'static str> {
        match &self.0 {
            SourceKind::Environment => environment::names().collect(),
            SourceKind::Profile { file: None, .. } => vec![profile::FILE],
            SourceKind::Tccli(_) => tccli::VARIABLES.into(),
            SourceKind::Tke => tke::NAMES.into(),
            SourceKind::Fixed(_)
            | SourceKind::Profile { .. }
            | SourceKind::CvmRole { .. }
            | SourceKind::Role(..) => {
                vec![]
            }
        }
    }

    /// The files that it may be in. The first one that is there counts.
    pub(super) fn files(&self, variables: &Variables) -> Result<Vec<Candidate>, Tried> {
        let candidate = |path: &str, named| Candidate {
            path: path.into(),
            named,
        };
        Ok(match &self.0 {
            SourceKind::Profile {
                file: Some(path), ..
            } => vec![candidate(path, true)],
            SourceKind::Profile { .. } => match variables.get(profile::FILE)? {
                Some(path) => vec![candidate(path, true)],
                None => profile::USUAL.map(|path| candidate(path, false)).into(),
            },
            SourceKind::Tccli(profile) => {
                vec![tccli::file(profile.as_deref(), variables, "credential")?]
            }
            SourceKind::Tke => vec![candidate(&tke::token_file(variables)?, true)],
            SourceKind::Fixed(_)
            | SourceKind::Environment
            | SourceKind::CvmRole { .. }
            | SourceKind::Role(..) => {
                vec![]
            }
        })
    }

    /// Who signs, by the variables and the file that is there. Only a source that is a text names another one.
    pub(super) fn read(
        &self,
        variables: &Variables,
        file: Option<(&str, &[u8])>,
        now: UnixTime,
    ) -> Result<Identity, Tried> {
        let absent = |reason| Err(Tried::new(Sort::Absent, reason));
        match (&self.0, file) {
            (SourceKind::Environment, _) => {
                let identity = Identity::from_environment(variables)?;
                identity.map_or_else(|| absent(environment::nothing()), Ok)
            }
            (SourceKind::Profile { profile, .. }, Some((path, file))) => {
                within(path, Identity::from_profile(file, profile))
            }
            (SourceKind::Profile { .. }, None) => absent(profile::nowhere()),
            (SourceKind::Tccli(_), Some((path, file))) => {
                let identity = within(path, Identity::from_tccli(file))?;
                match identity.expires_at().filter(|time| *time <= now) {
                    Some(time) => {
                        let reason = format!("{path}: expired at Unix second {time}; log in again");
                        Err(Tried::new(Sort::Wrong, reason))
                    }
                    None => Ok(identity),
                }
            }
            (SourceKind::Tccli(profile), None) => {
                let file = tccli::file(profile.as_deref(), variables, "credential")?;
                absent(format!("{} is not there", file.path))
            }
            (
                SourceKind::Fixed(_)
                | SourceKind::Tke
                | SourceKind::CvmRole { .. }
                | SourceKind::Role(..),
                _,
            ) => {
                let (source, place) = (self.clone(), None);
                Ok(Identity { source, place })
            }
        }
    }
}

/// Says of an identity, or of what is wrong with it, which file that is in.
fn within(path: &str, read: Result<Identity, Unreadable>) -> Result<Identity, Tried> {
    match read {
        Ok(identity) => Ok(identity.within(path)),
        Err(unreadable) => Err(unreadable.within(path).into()),
    }
}
