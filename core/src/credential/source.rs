use alloc::{boxed::Box, format, string::String};

use super::{Chain, Tried, Unreadable, environment, errors::Sort, lookup::Reads, profile, tccli};
use crate::{Credential, UnixTime, session::Endpoint, sts::AssumeRole};

/// A source of credentials in a [`Chain`].
#[derive(Clone, Debug)]
pub struct Source(pub(super) SourceKind);

#[derive(Clone, Debug)]
pub(super) enum SourceKind {
    Fixed(Credential),
    Environment,
    /// A file that replaces the default paths, and the profile.
    Profile(Option<String>, String),
    /// A profile that replaces the environment's.
    Tccli(Option<String>),
    Tke,
    /// The metadata endpoint and the role's name; `None` asks the endpoint for it.
    CvmRole(Endpoint, Option<String>),
    Role(Box<AssumeRole>, Chain),
}

impl Source {
    /// Environment variables: the keys, as [`Credential::from_environment`] reads them, and a role.
    ///
    /// | variable | meaning |
    /// | --- | --- |
    /// | `TENCENTCLOUD_ROLE_ARN`, `TENCENTCLOUD_ASSUME_ROLE_ARN` | a role to assume with the keys |
    /// | `TENCENTCLOUD_ROLE_SESSION_NAME`, `TENCENTCLOUD_ASSUME_ROLE_SESSION_NAME` | the session name; `tc3-rust` by default |
    /// | `TENCENTCLOUD_ASSUME_ROLE_SESSION_DURATION`, `…_EXTERNAL_ID`, `…_SOURCE_IDENTITY` | the fields of [`AssumeRole`] |
    /// | `TENCENTCLOUD_CAM_ROLE_NAME` | the name of the virtual machine's role, which is used whatever keys are set |
    ///
    /// Two variables for the same setting must have the same value. A role without the keys is an error, and so is a
    /// session name without a role. The other variables that Terraform reads for a role are not supported, and each is
    /// an error: `TENCENTCLOUD_ASSUME_ROLE_POLICY`, `…_SERIAL_NUMBER`, `…_TOKEN_CODE`, `…_SAML_ASSERTION`,
    /// `…_PRINCIPAL_ARN`, `…_WEB_IDENTITY_TOKEN`, `…_WEB_IDENTITY_TOKEN_FILE` and `…_PROVIDER_ID`.
    pub const fn environment() -> Self {
        Self(SourceKind::Environment)
    }

    /// The profile `default` of the credentials file, as [`Credential::from_profile`] reads it.
    ///
    /// The file is the one that `TENCENTCLOUD_CREDENTIALS_FILE` names, else `~/.tencentcloud/credentials`, else
    /// `/etc/tencentcloud/credentials`. If the profile has a `role_arn`, with or without a `role_session_name`, that
    /// role is assumed with the profile's keys.
    pub fn profile() -> Self {
        Self::named_profile("default")
    }

    /// The profile of this name in the same file.
    pub fn named_profile(profile: impl Into<String>) -> Self {
        Self(SourceKind::Profile(None, profile.into()))
    }

    /// A profile of this file, which must exist.
    pub fn profile_in(file: impl Into<String>, profile: impl Into<String>) -> Self {
        Self(SourceKind::Profile(Some(file.into()), profile.into()))
    }

    /// The file that the vendor's command line tool, tccli, keeps for a profile, as [`Credential::from_tccli`] reads
    /// it.
    ///
    /// The profile is the one that `TCCLI_PROFILE` or, as for Terraform, `TENCENTCLOUD_PROFILE` names, else `default`.
    /// The file is in the folder that `TENCENTCLOUD_SHARED_CREDENTIALS_DIR` names, else in `~/.tccli`. If it has a
    /// `role-arn`, with or without a `role-session-name`, that role is assumed with its keys. If its `type` is
    /// `cvm-role`, the virtual machine's role is used, as by [`cvm_role`](Self::cvm_role).
    pub const fn tccli() -> Self {
        Self(SourceKind::Tccli(None))
    }

    /// The file that tccli keeps for this profile. It must exist.
    pub fn tccli_profile(profile: impl Into<String>) -> Self {
        Self(SourceKind::Tccli(Some(profile.into())))
    }

    /// The role of a Kubernetes service account (TKE), assumed by
    /// [`AssumeRoleWithWebIdentity`](crate::sts::AssumeRoleWithWebIdentity).
    ///
    /// Each renewal reads `TKE_PROVIDER_ID`, `TKE_ROLE_ARN`, `TKE_REGION` and the token in the file that
    /// `TKE_WEB_IDENTITY_TOKEN_FILE` names.
    pub const fn tke() -> Self {
        Self(SourceKind::Tke)
    }

    /// The role of the virtual machine (CVM), read from its metadata endpoint.
    ///
    /// The endpoint is plain http at a link-local address. Requests to it use no proxy and time out after 2 seconds.
    pub fn cvm_role() -> Self {
        Self::cvm_role_at(Endpoint::METADATA, None)
    }

    /// The same with another metadata endpoint, e.g. for tests, or with a role whose name is known.
    pub fn cvm_role_at(metadata: Endpoint, role: impl Into<Option<String>>) -> Self {
        Self(SourceKind::CvmRole(metadata, role.into()))
    }

    /// A role that [`AssumeRole`] assumes with the credentials of `base`.
    ///
    /// The request goes to the endpoint of the settings, in their region, or in `ap-guangzhou` if they name none.
    pub fn role(action: AssumeRole, base: impl Into<Chain>) -> Self {
        Self(SourceKind::Role(Box::new(action), base.into()))
    }
}

impl From<Credential> for Source {
    fn from(credential: Credential) -> Self {
        Self(SourceKind::Fixed(credential))
    }
}

impl core::fmt::Display for Source {
    /// The name that errors have for the source.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match &self.0 {
            SourceKind::Fixed(_) => "given credential",
            SourceKind::Environment => "environment",
            SourceKind::Profile(..) => "profile file",
            SourceKind::Tccli(_) => "tccli",
            SourceKind::Tke => "TKE",
            SourceKind::CvmRole(..) => "CVM role",
            SourceKind::Role(action, _) => return write!(f, "role {}", action.role_arn),
        })
    }
}

/// The signer that a text names: the owner of the keys in it, or a role.
pub(super) struct Identity {
    pub(super) source: Source,
    /// Where the text names a role, if it does. Then only this role may sign.
    pub(super) place: Option<String>,
}

impl Identity {
    /// The keys, for a caller that can't assume a role.
    pub(super) fn keys(self) -> Result<Credential, Unreadable> {
        if let SourceKind::Fixed(keys) = self.source.0 {
            return Ok(keys);
        }
        let rule = "names a role, which only a Chain can assume";
        Err(Unreadable::new(self.place.unwrap_or_default(), rule))
    }

    /// When its keys expire, or those that assume its role.
    pub(super) fn expires_at(&self) -> Option<UnixTime> {
        match &self.source.0 {
            SourceKind::Fixed(keys) => keys.expires_at(),
            SourceKind::Role(_, base) => base.fixed()?.expires_at(),
            _ => None,
        }
    }
}

impl Source {
    /// Reads who signs. A source without a text names itself.
    pub(super) fn read(&self, reads: &mut Reads, now: UnixTime) -> Result<Identity, Tried> {
        let absent = |reason| Tried::new(Sort::Absent, reason);
        match &self.0 {
            SourceKind::Environment => {
                let identity = Identity::from_environment(reads)?;
                identity.ok_or_else(|| absent(environment::NOTHING.into()))
            }
            SourceKind::Profile(file, profile) => {
                let named = match file {
                    Some(path) => Some(path.clone().into()),
                    None => reads.variable(profile::FILE)?,
                };
                let (path, file) = match &named {
                    Some(path) => reads.first_file(&[path], true)?,
                    None => reads.first_file(&profile::USUAL, false)?,
                }
                .ok_or_else(|| absent(profile::NOWHERE.into()))?;
                within(path, Identity::from_profile(&file, profile))
            }
            SourceKind::Tccli(profile) => {
                let (path, is_named) = tccli::path(profile.as_deref(), reads, "credential")?;
                let file = reads.first_file(&[&path], is_named)?;
                let (path, file) = file.ok_or_else(|| absent(format!("{path} is not there")))?;
                let identity = within(path, Identity::from_tccli(&file))?;
                match identity.expires_at().filter(|time| *time <= now) {
                    Some(time) => {
                        let reason = format!("{path}: expired at Unix second {time}; log in again");
                        Err(Tried::new(Sort::Wrong, reason))
                    }
                    None => Ok(identity),
                }
            }
            _ => Ok(Identity {
                source: self.clone(),
                place: None,
            }),
        }
    }
}

/// Adds the file's path to the place of an identity or an error.
fn within(path: &str, read: Result<Identity, Unreadable>) -> Result<Identity, Tried> {
    let Identity { source, place } = read.map_err(|unreadable| unreadable.within(path))?;
    let place = place.map(|place| format!("{path}: {place}"));
    Ok(Identity { source, place })
}
