use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::{error, fmt};

use super::{Unreadable, with_causes};
use crate::{Error, Refusal, Remedy};

/// Why there are no credentials: what was tried, and why each failed.
///
/// ```
/// use core::time::Duration;
/// use tc3_core::{Call, Chain, Flow, Now, Session, Source, Step, UnixTime, Untyped, credential::SearchStep};
///
/// let mut session = Session::new(Chain::of([Source::environment(), Source::tccli_profile("dev")]));
/// let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
/// let mut call = Call::new(&Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({})));
/// let error = loop {
///     match call.step(&mut session, now) {
///         Step::Wait(_) => {
///             let mut search = session.search(now).unwrap();
///             while let SearchStep::Read(_) = search.step(&mut session, now) {
///                 search.found(Ok(None)); // nothing is there
///             }
///         }
///         Step::Done(result) => break result.unwrap_err(),
///         Step::Send(_) => panic!("nothing can be signed"),
///     }
/// };
/// assert_eq!(
///     error.to_string(),
///     "no credentials: environment: neither TENCENTCLOUD_SECRET_ID nor TENCENTCLOUD_SECRET_KEY is set; \
///      tccli: ~/.tccli/dev.credential is not there",
/// );
/// ```
#[derive(Clone, Debug)]
pub struct NoCredentials {
    tried: Arc<[Tried]>,
    passing: bool,
}

/// A source that had no credentials.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tried {
    /// The source, as [`Source`](super::Source) displays itself.
    pub source: String,
    /// What is missing or wrong: the file, line, key or variable and the rule, never a value.
    pub reason: String,
    /// What a request for them came to, if there was one.
    pub cause: Option<Arc<Error>>,
}

impl Tried {
    pub(super) const fn new(source: String, reason: String) -> Self {
        Self {
            source,
            reason,
            cause: None,
        }
    }
}

impl NoCredentials {
    /// `passing` when it may be otherwise soon.
    pub(crate) fn new(tried: Vec<Tried>, passing: bool) -> Self {
        Self {
            tried: tried.into(),
            passing,
        }
    }

    /// All sources have the same reason.
    pub(crate) fn of_all(reason: &str, passing: bool) -> Self {
        let tried = Tried::new("all".into(), reason.into());
        Self::new([tried].into(), passing)
    }

    /// The search has taken too long.
    pub(super) fn late() -> Self {
        Self::of_all("the time is up", true)
    }

    /// Nobody has looked for any.
    pub(crate) fn unsought() -> Self {
        Self::new(Vec::new(), false)
    }

    /// What was tried, in order.
    pub fn tried(&self) -> &[Tried] {
        &self.tried
    }

    /// Whether it may be otherwise soon: a service has trouble, say.
    pub(crate) const fn is_passing(&self) -> bool {
        self.passing
    }

    /// The error of the last request for them, if that is why.
    fn cause(&self) -> Option<&Arc<Error>> {
        self.tried.last()?.cause.as_ref()
    }

    /// What to do: as the last request for them says, if it may be otherwise soon.
    pub(crate) fn remedy(&self) -> Remedy {
        match self.cause().map(|cause| cause.remedy()) {
            _ if !self.passing => Remedy::Mend,
            Some(Remedy::Later) => Remedy::Later,
            _ => Remedy::Resume,
        }
    }

    /// The `RequestId` of the last request for them, if that is why.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.cause()?.request_id()
    }

    /// The refusal of the last request for them, if that is why.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        self.cause()?.refusal()
    }
}

impl fmt::Display for NoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no credentials")?;
        if self.tried.is_empty() {
            f.write_str(": nothing was tried")?;
        }
        for (place, Tried { source, reason, .. }) in self.tried.iter().enumerate() {
            let before = if place == 0 { ": " } else { "; " };
            write!(f, "{before}{source}: {reason}")?;
        }
        Ok(())
    }
}

impl error::Error for NoCredentials {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.cause().map(|cause| &**cause as _)
    }
}

/// Why a source has no credentials.
pub(super) struct Fault {
    pub(super) sort: Sort,
    pub(super) reason: String,
    /// What a request for them came to, if there was one.
    pub(super) cause: Option<Arc<Error>>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sort {
    /// There is nothing, so the next source is tried.
    Absent,
    /// There is something, and it is wrong.
    Wrong,
    /// There may be something soon.
    Passing,
}

impl Sort {
    pub(super) const fn passing_if(passing: bool) -> Self {
        if passing { Self::Passing } else { Self::Wrong }
    }
}

impl From<Unreadable> for Fault {
    fn from(unreadable: Unreadable) -> Self {
        Self::new(Sort::Wrong, unreadable.to_string())
    }
}

impl Fault {
    pub(super) fn new(sort: Sort, reason: impl Into<String>) -> Self {
        Self {
            sort,
            reason: reason.into(),
            cause: None,
        }
    }

    /// A role can't be taken, since the request for it has failed.
    pub(super) fn of_request(error: Error) -> Self {
        Self {
            sort: Sort::passing_if(error.is_transient()),
            reason: with_causes(&error),
            cause: Some(Arc::new(error)),
        }
    }

    /// A role can't be taken, since there are no credentials to take it with.
    pub(super) fn of_base(missing: &NoCredentials) -> Self {
        Self {
            sort: Sort::passing_if(missing.passing),
            reason: missing.to_string(),
            cause: missing.cause().cloned(),
        }
    }

    /// The same where somebody has named the identity, at `place`: nobody else may sign then.
    pub(super) fn at(self, place: Option<&str>) -> Self {
        match place {
            None => self,
            Some(place) => Self {
                sort: Sort::passing_if(self.sort == Sort::Passing),
                reason: format!("{place}: {}", self.reason),
                cause: self.cause,
            },
        }
    }
}
