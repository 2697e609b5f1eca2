use alloc::{boxed::Box, string::String, vec, vec::Vec};

use crate::{AssumeRole, Credential, Endpoint};

/// Where credentials are looked for, in order; the first source that has some is the one.
///
/// By default these are the places where people keep them:
///
/// | source | where |
/// | --- | --- |
/// | [`environment`](Source::environment) | `TENCENTCLOUD_SECRET_ID`, `TENCENTCLOUD_SECRET_KEY`, `TENCENTCLOUD_TOKEN`; `TENCENTCLOUD_ROLE_ARN` |
/// | [`profile`](Source::profile) | `$TENCENTCLOUD_CREDENTIALS_FILE`, else `~/.tencentcloud/credentials`, else `/etc/tencentcloud/credentials` |
/// | [`tccli`](Source::tccli) | `~/.tccli/<profile>.credential` |
/// | [`tke`](Source::tke) | a Kubernetes service account's token, for a role |
/// | [`cvm_role`](Source::cvm_role) | the virtual machine's role |
///
/// - A source that has nothing is skipped. One that has something wrong, half of a pair or a file without the
///   profile for example, ends the search: the next source could be somebody else.
/// - A usual file that can't be read counts as not there, whatever the file system says: a home that is no folder
///   or belongs to somebody else is normal in containers. A file or tccli profile that somebody named must be there.
/// - A role that the environment or a file names is taken, with the keys beside it; if it can't be taken, that is an
///   error. The keys beside it never sign a call themselves. The session's name is `tc3-rust` unless one is named.
/// - What expires is fetched anew from the same source, by one call while the others go on with what they have:
///   5 minutes before it expires, or when a quarter of its life is left if that is less. What fails is tried
///   again after a while, and is an error only for calls that have nothing valid left.
/// - What the service refuses as if it had been replaced ([`Retry`](crate::Retry) has the codes) is looked for anew
///   in the same source, once a call and once for all calls that were refused together. A call that finds other
///   keys there is sent again, also if it writes: a refused request had no effect.
/// - A region, where the settings name none, is that of `TENCENTCLOUD_REGION` or else of tccli's configuration,
///   if these sources are in the chain. If it is wrong or can't be read, there is no region and no error.
///   [`Report::passed_over`](crate::Report::passed_over) says so, and a warning of the clients.
///
/// ```
/// use tc3_core::{AssumeRole, Chain, Credential, Source};
///
/// let all = Chain::default();
/// assert_eq!(all.sources().len(), 5);
/// let local = Chain::default().without_tke().without_cvm_role();
/// let names: Vec<String> = local.sources().iter().map(Source::to_string).collect();
/// assert_eq!(names, ["environment", "profile file", "tccli"]);
/// // A role, taken with what a profile holds.
/// let auditor = AssumeRole::new("qcs::cam::uin/100000000001:roleName/auditor", "monthly-report");
/// let role = Chain::from(Source::role(auditor, Source::named_profile("billing")));
/// assert_eq!(role.sources()[0].to_string(), "role qcs::cam::uin/100000000001:roleName/auditor");
/// // A credential at hand is a chain as well.
/// let fixed = Chain::from(Credential::new("AKIDEXAMPLE", "not-a-real-key")?);
/// assert_eq!(fixed.sources()[0].to_string(), "given credential");
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Debug)]
pub struct Chain {
    sources: Vec<Source>,
}

impl Default for Chain {
    /// Environment, profile file, tccli, TKE and CVM role.
    fn default() -> Self {
        Self {
            sources: vec![
                Source::environment(),
                Source::profile(),
                Source::tccli(),
                Source::tke(),
                Source::cvm_role(),
            ],
        }
    }
}

impl Chain {
    /// These sources, in this order.
    pub fn of(sources: impl IntoIterator<Item = Source>) -> Self {
        let sources = sources.into_iter().collect();
        Self { sources }
    }

    /// The sources, in order.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Without environment variables, the region's included.
    #[must_use = "the chain is returned, not changed"]
    pub fn without_environment(self) -> Self {
        self.without(|kind| matches!(kind, Kind::Environment))
    }

    /// Without profile files.
    #[must_use = "the chain is returned, not changed"]
    pub fn without_profile(self) -> Self {
        self.without(|kind| matches!(kind, Kind::Profile { .. }))
    }

    /// Without tccli's files, the region's included.
    #[must_use = "the chain is returned, not changed"]
    pub fn without_tccli(self) -> Self {
        self.without(|kind| matches!(kind, Kind::Tccli(_)))
    }

    /// Without the service account's role.
    #[must_use = "the chain is returned, not changed"]
    pub fn without_tke(self) -> Self {
        self.without(|kind| matches!(kind, Kind::Tke))
    }

    /// Without the virtual machine's role.
    #[must_use = "the chain is returned, not changed"]
    pub fn without_cvm_role(self) -> Self {
        self.without(|kind| matches!(kind, Kind::CvmRole { .. }))
    }

    fn without(mut self, kind: impl Fn(&Kind) -> bool) -> Self {
        self.sources.retain(|Source(of)| !kind(of));
        self
    }

    /// The one credential that there is to it, if nothing has to be looked for.
    pub(crate) fn fixed(&self) -> Option<&Credential> {
        match self.sources.as_slice() {
            [Source(Kind::Fixed(credential))] => Some(credential),
            _ => None,
        }
    }

    /// The first that `find` finds in a source or in what a source is over.
    pub(super) fn find<T>(&self, find: &dyn Fn(&Kind) -> Option<T>) -> Option<T> {
        self.sources.iter().find_map(|Source(kind)| match kind {
            Kind::Role(_, over) => over.find(find),
            kind => find(kind),
        })
    }
}

impl From<Credential> for Chain {
    fn from(credential: Credential) -> Self {
        Self::of([credential.into()])
    }
}

impl From<Source> for Chain {
    fn from(source: Source) -> Self {
        Self::of([source])
    }
}

/// A place where credentials may be.
#[derive(Clone, Debug)]
pub struct Source(pub(super) Kind);

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Fixed(Credential),
    Environment,
    Profile {
        /// In the place of the usual ones.
        file: Option<String>,
        profile: String,
    },
    /// A profile in the place of that of `TCCLI_PROFILE`.
    Tccli(Option<String>),
    Tke,
    CvmRole {
        metadata: Endpoint,
        /// In the place of the one that the machine has.
        role: Option<String>,
    },
    Role(Box<AssumeRole>, Chain),
}

/// The one address that answers in plain http although it isn't loopback: within the cloud
/// it is link-local, so that what is said there never leaves the machine's host.
pub(super) const METADATA: &str = "http://metadata.tencentyun.com";

impl Source {
    /// The profile that is read where nobody says otherwise.
    const DEFAULT: &'static str = "default";

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
        Self(Kind::Environment)
    }

    /// The profile `default` of the file that `TENCENTCLOUD_CREDENTIALS_FILE` names, else of
    /// `~/.tencentcloud/credentials`, else of `/etc/tencentcloud/credentials`, as [`Credential::from_profile`]
    /// reads it. A `role_arn` in it, with or without a `role_session_name`, is a role that is taken with its keys.
    pub fn profile() -> Self {
        Self::named_profile(Self::DEFAULT)
    }

    /// Another profile of the same file.
    pub fn named_profile(profile: impl Into<String>) -> Self {
        Self(Kind::Profile {
            file: None,
            profile: profile.into(),
        })
    }

    /// A profile of a file of one's own, which must be there.
    pub fn profile_in(file: impl Into<String>, profile: impl Into<String>) -> Self {
        Self(Kind::Profile {
            file: Some(file.into()),
            profile: profile.into(),
        })
    }

    /// What the vendor's command line tool, tccli, has for the profile that `TCCLI_PROFILE` names, else for
    /// `default`, as [`Credential::from_tccli`] reads it. A `role-arn` in it, with or without a `role-session-name`,
    /// is a role that is taken with its keys; a `type` of `cvm-role` stands for the role of the virtual machine, as
    /// [`cvm_role`](Self::cvm_role) has it.
    pub const fn tccli() -> Self {
        Self(Kind::Tccli(None))
    }

    /// What tccli has for another profile, which must be there.
    pub fn tccli_profile(profile: impl Into<String>) -> Self {
        Self(Kind::Tccli(Some(profile.into())))
    }

    /// The role of a Kubernetes service account (TKE): `TKE_PROVIDER_ID`, `TKE_ROLE_ARN`, `TKE_REGION` and the
    /// token in the file that `TKE_WEB_IDENTITY_TOKEN_FILE` names, all of them read each time, are given to
    /// [`AssumeRoleWithWebIdentity`](crate::AssumeRoleWithWebIdentity).
    pub const fn tke() -> Self {
        Self(Kind::Tke)
    }

    /// The role of the virtual machine (CVM), as its metadata endpoint tells it.
    ///
    /// That endpoint is plain http by nature, at a link-local address; no proxy is used for it, and it is
    /// given no more than 2 seconds.
    pub fn cvm_role() -> Self {
        Self(Kind::CvmRole {
            metadata: Endpoint::plain(METADATA),
            role: None,
        })
    }

    /// The same of another metadata endpoint, for tests say, or of a role whose name is known beforehand.
    pub fn cvm_role_at(metadata: Endpoint, role: impl Into<Option<String>>) -> Self {
        let role = role.into();
        Self(Kind::CvmRole { metadata, role })
    }

    /// A role, taken by [`AssumeRole`] with credentials from elsewhere. The request goes to the endpoint of the
    /// settings, with their region or else that of Guangzhou.
    pub fn role(action: AssumeRole, over: impl Into<Chain>) -> Self {
        Self(Kind::Role(Box::new(action), over.into()))
    }
}

impl From<Credential> for Source {
    fn from(credential: Credential) -> Self {
        Self(Kind::Fixed(credential))
    }
}

impl core::fmt::Display for Source {
    /// What an error calls it.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match &self.0 {
            Kind::Fixed(_) => "given credential",
            Kind::Environment => "environment",
            Kind::Profile { .. } => "profile file",
            Kind::Tccli(_) => "tccli",
            Kind::Tke => "TKE",
            Kind::CvmRole { .. } => "CVM role",
            Kind::Role(action, _) => return write!(f, "role {}", action.role_arn),
        })
    }
}
