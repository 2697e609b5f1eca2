use alloc::{vec, vec::Vec};

use super::source::{Source, SourceKind};
use crate::Credential;

/// Where credentials are looked for, in order; the first source that has some is the one.
///
/// By default these are the places where people keep them:
///
/// | source | where |
/// | --- | --- |
/// | [`environment`](Source::environment) | `TENCENTCLOUD_SECRET_ID`, `TENCENTCLOUD_SECRET_KEY`, `TENCENTCLOUD_TOKEN`; `TENCENTCLOUD_ROLE_ARN` |
/// | [`profile`](Source::profile) | `$TENCENTCLOUD_CREDENTIALS_FILE`, else `~/.tencentcloud/credentials`, else `/etc/tencentcloud/credentials` |
/// | [`tccli`](Source::tccli) | `~/.tccli/<profile>.credential`, the profile by `TCCLI_PROFILE` or `TENCENTCLOUD_PROFILE` |
/// | [`tke`](Source::tke) | a Kubernetes service account's token, for a role |
/// | [`cvm_role`](Source::cvm_role) | the virtual machine's role |
///
/// - A source that has nothing is skipped. One that has something wrong, half of a pair or a file without the
///   profile for example, ends the search: the next source could be somebody else.
/// - A usual file that can't be read counts as not there, whatever the file system says: a home that is no folder
///   or belongs to somebody else is normal in containers. A file or tccli profile that somebody named must be there.
/// - A role that the environment or a file names is taken, with the keys beside it; if it can't be taken, that is an
///   error. The keys beside it never sign a call themselves. The session's name is `tc3-rust` unless one is named.
/// - What expires is fetched anew from the same source, for one call while the others go on with what they have:
///   5 minutes before it expires, or when a quarter of its life is left if that is less. What fails is tried
///   again after a while, and is an error only for calls that have nothing valid left.
/// - What the service refuses as if it had been replaced ([`Retry`](crate::flow::Retry) has the codes) is looked for anew
///   in the same source, once a call and once for all calls that were refused together. A call that finds other
///   keys there is sent again, also if it writes: a refused request had no effect.
/// - A region, where the settings name none, is that of `TENCENTCLOUD_REGION` or else of tccli's configuration,
///   if these sources are in the chain. If it is wrong or can't be read, there is no region and no error,
///   but [a warning](crate::trace).
///
/// ```
/// use tc3_core::{credential::Source, sts::AssumeRole, Chain, Credential};
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
        self.without(|place| matches!(place, SourceKind::Environment))
    }

    /// Without profile files.
    #[must_use = "the chain is returned, not changed"]
    pub fn without_profile(self) -> Self {
        self.without(|place| matches!(place, SourceKind::Profile { .. }))
    }

    /// Without tccli's files, the region's included.
    #[must_use = "the chain is returned, not changed"]
    pub fn without_tccli(self) -> Self {
        self.without(|place| matches!(place, SourceKind::Tccli(_)))
    }

    /// Without the service account's role.
    #[must_use = "the chain is returned, not changed"]
    pub fn without_tke(self) -> Self {
        self.without(|place| matches!(place, SourceKind::Tke))
    }

    /// Without the virtual machine's role.
    #[must_use = "the chain is returned, not changed"]
    pub fn without_cvm_role(self) -> Self {
        self.without(|place| matches!(place, SourceKind::CvmRole { .. }))
    }

    fn without(mut self, is_it: impl Fn(&SourceKind) -> bool) -> Self {
        self.sources.retain(|Source(of)| !is_it(of));
        self
    }

    /// The one credential that there is to it, if nothing has to be looked for.
    pub(crate) fn fixed(&self) -> Option<&Credential> {
        match self.sources.as_slice() {
            [Source(SourceKind::Fixed(credential))] => Some(credential),
            _ => None,
        }
    }

    /// All places where credentials may be, those of the roles' own chains included, in order.
    pub(super) fn places(&self) -> Vec<&Source> {
        let places = self.sources.iter().flat_map(|source| match &source.0 {
            SourceKind::Role(_, over) => over.places(),
            _ => vec![source],
        });
        places.collect()
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
