use alloc::{vec, vec::Vec};

use super::source::{Source, SourceKind};
use crate::Credential;

/// An ordered list of credential sources. The first source that has credentials is used.
///
/// The default chain has these sources:
///
/// | source | what it reads |
/// | --- | --- |
/// | [`environment`](Source::environment) | `TENCENTCLOUD_SECRET_ID`, `TENCENTCLOUD_SECRET_KEY`, `TENCENTCLOUD_TOKEN`; `TENCENTCLOUD_ROLE_ARN` |
/// | [`profile`](Source::profile) | `$TENCENTCLOUD_CREDENTIALS_FILE`, else `~/.tencentcloud/credentials`, else `/etc/tencentcloud/credentials` |
/// | [`tccli`](Source::tccli) | `~/.tccli/<profile>.credential`; `TCCLI_PROFILE` or `TENCENTCLOUD_PROFILE` names the profile |
/// | [`tke`](Source::tke) | a Kubernetes service account's token, for a role |
/// | [`cvm_role`](Source::cvm_role) | the virtual machine's role |
///
/// - An empty source is skipped. A malformed one, such as half of a key pair or a file without the profile, stops the
///   search with an error, because the next source may belong to somebody else.
/// - A file at a default path that can't be read counts as missing, whatever the reason: in containers, the home
///   directory often doesn't exist or belongs to another user. A file or tccli profile that is named must exist.
/// - If the environment or a file names a role, the role is assumed with the keys beside it. If that fails, it is an
///   error: the keys themselves never sign a call. The session name is `tc3-rust` unless one is named.
/// - Credentials that expire are renewed from the same source, 5 minutes before they expire or when a quarter of their
///   lifetime is left, whichever is later. One call waits for the renewal while the others use the old credentials. A
///   failed renewal is retried after a pause. It is an error only for calls that have no valid credentials left.
/// - If the service refuses credentials as if they had been replaced ([`Retry`](crate::flow::Retry) lists the codes),
///   they are read again from the same source: once a call, and once for all calls that were refused together. A call
///   that finds other keys is retried, even if it writes: a refused request had no effect.
/// - If the settings name no region, it is that of `TENCENTCLOUD_REGION`, or else of tccli's configuration, as far as
///   these sources are in the chain. A region that is malformed or can't be read is ignored with
///   [a warning](crate::trace), not an error.
///
/// ```
/// use tc3_core::{Chain, Credential, credential::Source, sts::AssumeRole};
///
/// let all = Chain::default();
/// assert_eq!(all.sources().len(), 5);
/// let local = Chain::default().without_tke().without_cvm_role();
/// let names: Vec<String> = local.sources().iter().map(Source::to_string).collect();
/// assert_eq!(names, ["environment", "profile file", "tccli"]);
/// // A role that is assumed with the keys of a profile.
/// let auditor =
///     AssumeRole::new("qcs::cam::uin/100000000001:roleName/auditor", "monthly-report");
/// let role = Chain::from(Source::role(auditor, Source::named_profile("billing")));
/// assert_eq!(
///     role.sources()[0].to_string(),
///     "role qcs::cam::uin/100000000001:roleName/auditor"
/// );
/// // A fixed credential is a chain too.
/// let fixed = Chain::from(Credential::new("AKIDEXAMPLE", "not-a-real-key")?);
/// assert_eq!(fixed.sources()[0].to_string(), "given credential");
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a chain is returned, not changed"]
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
    /// A chain of these sources, in this order.
    pub fn of(sources: impl IntoIterator<Item = Source>) -> Self {
        let sources = sources.into_iter().collect();
        Self { sources }
    }

    /// The sources, in order.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Removes the environment variables, including the region's.
    pub fn without_environment(self) -> Self {
        self.without(|place| matches!(place, SourceKind::Environment))
    }

    /// Removes the profile file.
    pub fn without_profile(self) -> Self {
        self.without(|place| matches!(place, SourceKind::Profile(..)))
    }

    /// Removes tccli's files, including the region's.
    pub fn without_tccli(self) -> Self {
        self.without(|place| matches!(place, SourceKind::Tccli(_)))
    }

    /// Removes the Kubernetes service account's role.
    pub fn without_tke(self) -> Self {
        self.without(|place| matches!(place, SourceKind::Tke))
    }

    /// Removes the virtual machine's role.
    pub fn without_cvm_role(self) -> Self {
        self.without(|place| matches!(place, SourceKind::CvmRole(..)))
    }

    fn without(mut self, is_removed: impl Fn(&SourceKind) -> bool) -> Self {
        self.sources.retain(|Source(kind)| !is_removed(kind));
        self
    }

    /// The credential of a chain that needs no search.
    pub(crate) fn fixed(&self) -> Option<&Credential> {
        match self.sources.as_slice() {
            [Source(SourceKind::Fixed(credential))] => Some(credential),
            _ => None,
        }
    }

    /// All sources in order, where a role is replaced by the sources of its own chain.
    pub(super) fn base_kinds(&self) -> Vec<&SourceKind> {
        let kinds = self.sources.iter().flat_map(|Source(kind)| match kind {
            SourceKind::Role(_, base) => base.base_kinds(),
            _ => vec![kind],
        });
        kinds.collect()
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
