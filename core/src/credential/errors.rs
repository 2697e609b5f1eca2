use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::{error, fmt};

use super::with_causes;
use crate::{Error, Remedy};

/// Why a credential can't be read from a text: the place, and the rule that is broken there.
///
/// It holds nothing of the text itself, which may be a secret.
///
/// ```
/// use tc3_core::Credential;
///
/// let file = "[default]\nsecret_id = \nsecret_key = not-a-real-key\n";
/// let wrong = Credential::from_profile(file, "default").unwrap_err();
/// assert_eq!((wrong.place(), wrong.rule()), ("secret_id (line 2)", "must not be empty"));
/// assert_eq!(wrong.to_string(), "secret_id (line 2) must not be empty");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} {rule}")]
pub struct Unreadable {
    place: String,
    rule: Cow<'static, str>,
}

impl Unreadable {
    pub(super) fn new(place: impl Into<String>, rule: impl Into<Cow<'static, str>>) -> Self {
        let (place, rule) = (place.into(), rule.into());
        Self { place, rule }
    }

    /// Adds the path or address of the text to the place.
    pub(super) fn within(self, file: &str) -> Self {
        let place = format!("{file}: {}", self.place);
        Self { place, ..self }
    }

    /// The line, section, key or variable.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The rule that is broken there.
    pub fn rule(&self) -> &str {
        &self.rule
    }
}

/// Why there are no credentials: the sources that were tried, and why each failed.
///
/// ```
/// use core::time::Duration;
/// use tc3_core::{
///     Call, Chain, Flow, Now, Session, Step, UnixTime, Untyped,
///     credential::Source, flow::DriverStep,
/// };
///
/// let mut session =
///     Session::new(Chain::of([Source::environment(), Source::tccli_profile("dev")]));
/// let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
/// let mut call =
///     Call::new(&Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({})));
/// let error = loop {
///     match call.step(&mut session, now) {
///         Step::Wait(_) => {
///             let mut search = session.search(now).unwrap();
///             while let DriverStep::Read(_) = search.step(&mut session, now) {
///                 search.found(Ok(None)); // nothing is there
///             }
///         }
///         Step::Done(result) => break result.unwrap_err(),
///         Step::Send(_) => panic!("nothing can be signed"),
///     }
/// };
/// assert_eq!(
///     error.to_string(),
///     "no credentials: environment: neither TENCENTCLOUD_SECRET_ID nor \
///      TENCENTCLOUD_SECRET_KEY is set; tccli: ~/.tccli/dev.credential is not there",
/// );
/// ```
#[derive(Clone, Debug)]
pub struct NoCredentials(Arc<[Tried]>);

/// A source that had no credentials.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tried {
    /// The source, as [`Source`](super::Source) displays itself.
    pub source: String,
    /// What is missing or wrong: the file, line, key or variable and the rule, never a value.
    pub reason: String,
    /// The error of the request for credentials, if one was sent.
    pub cause: Option<Arc<Error>>,
    pub(super) sort: Sort,
}

/// What a failed source means for the search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sort {
    /// The source is empty, so the next one is tried.
    Absent,
    /// The source is malformed or was refused.
    Wrong,
    /// The failure is transient.
    Passing,
}

impl Sort {
    pub(super) const fn passing_if(passing: bool) -> Self {
        if passing { Self::Passing } else { Self::Wrong }
    }
}

impl Tried {
    /// [`with_source`](Self::with_source) adds the source.
    pub(crate) fn new(sort: Sort, reason: impl Into<String>) -> Self {
        Self {
            source: String::new(),
            reason: reason.into(),
            cause: None,
            sort,
        }
    }

    pub(super) fn late() -> Self {
        Self::new(Sort::Passing, "the search timed out")
    }

    pub(super) fn with_source(self, source: impl ToString) -> Self {
        let source = source.to_string();
        Self { source, ..self }
    }

    /// A role can't be assumed, since the request failed.
    pub(super) fn of_request(error: Error) -> Self {
        let sort = Sort::passing_if(error.is_transient());
        let reason = with_causes(&error);
        Self {
            cause: Some(Arc::new(error)),
            ..Self::new(sort, reason)
        }
    }

    /// A role can't be assumed, since its base chain has no credentials.
    pub(super) fn of_base(missing: &NoCredentials) -> Self {
        let sort = Sort::passing_if(missing.is_passing());
        Self {
            cause: missing.cause().cloned(),
            ..Self::new(sort, missing.to_string())
        }
    }

    /// The same for a role that is named at `place`. It never counts as absent, since nobody else may sign.
    pub(super) fn at(self, place: Option<&str>) -> Self {
        let Some(place) = place else { return self };
        Self {
            sort: Sort::passing_if(self.sort == Sort::Passing),
            reason: format!("{place}: {}", self.reason),
            ..self
        }
    }
}

impl From<Unreadable> for Tried {
    fn from(unreadable: Unreadable) -> Self {
        Self::new(Sort::Wrong, unreadable.to_string())
    }
}

impl NoCredentials {
    pub(crate) fn new(tried: Vec<Tried>) -> Self {
        Self(tried.into())
    }

    /// One reason for all sources.
    pub(super) fn of_all(sort: Sort, reason: &str) -> Self {
        Self::new([Tried::new(sort, reason).with_source("all")].into())
    }

    /// The sources that were tried, in order.
    pub fn tried(&self) -> &[Tried] {
        &self.0
    }

    /// Whether the failure is transient.
    pub(crate) fn is_passing(&self) -> bool {
        self.0.last().is_some_and(|it| it.sort == Sort::Passing)
    }

    /// The error of the last request for credentials, if that is the reason.
    pub(crate) fn cause(&self) -> Option<&Arc<Error>> {
        self.0.last()?.cause.as_ref()
    }

    /// What to do about it.
    pub(crate) fn remedy(&self) -> Remedy {
        match self.cause().map(|cause| cause.remedy()) {
            _ if !self.is_passing() => Remedy::Mend,
            Some(Remedy::Later) => Remedy::Later,
            _ => Remedy::Resume,
        }
    }
}

impl fmt::Display for NoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = |it: &Tried| format!("{}: {}", it.source, it.reason);
        let reasons: Vec<_> = self.0.iter().map(reason).collect();
        match &*reasons {
            [] => f.write_str("no credentials: nothing was tried"),
            _ => write!(f, "no credentials: {}", reasons.join("; ")),
        }
    }
}

impl error::Error for NoCredentials {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.cause().map(|cause| &**cause as _)
    }
}
