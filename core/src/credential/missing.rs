use alloc::{string::String, sync::Arc, vec::Vec};
use core::{error, fmt};

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

impl NoCredentials {
    /// `passing` when it may be otherwise soon.
    pub(crate) fn new(tried: Vec<Tried>, passing: bool) -> Self {
        Self {
            tried: tried.into(),
            passing,
        }
    }

    /// Another call looks for them, and has not come to an end.
    pub(crate) fn awaited() -> Self {
        Self::of_all("another call still looks for them", true)
    }

    /// A search is due, and the driver has not asked for it.
    pub(crate) fn unasked() -> Self {
        let reason = "nobody looks for them: the driver must ask Session::search before it waits";
        Self::of_all(reason, false)
    }

    /// The search has taken too long.
    pub(crate) fn late() -> Self {
        Self::of_all("the time is up", true)
    }

    /// Nobody has looked for any.
    pub(crate) fn unsought() -> Self {
        Self::new(Vec::new(), false)
    }

    /// What was found had no life left, each time.
    pub(crate) fn expired_at_once() -> Self {
        Self::of_all("what was found expired at once", false)
    }

    fn of_all(reason: &str, passing: bool) -> Self {
        let tried = Tried {
            source: "all".into(),
            reason: reason.into(),
            cause: None,
        };
        Self::new([tried].into(), passing)
    }

    /// What was tried, in order.
    pub fn tried(&self) -> &[Tried] {
        &self.tried
    }

    /// Whether it may be otherwise soon: a service has trouble, say.
    pub(crate) const fn is_passing(&self) -> bool {
        self.passing
    }

    /// What to do: as the last request for them says, if it may be otherwise soon.
    pub(crate) fn remedy(&self) -> Remedy {
        let cause = self.tried.last().and_then(|tried| tried.cause.as_ref());
        match cause.map(|cause| cause.remedy()) {
            _ if !self.passing => Remedy::Mend,
            Some(Remedy::Later) => Remedy::Later,
            _ => Remedy::Resume,
        }
    }

    /// The `RequestId` of the last request for them, if that is why.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.tried.last()?.cause.as_ref()?.request_id()
    }

    /// The refusal of the last request for them, if that is why.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        self.tried.last()?.cause.as_ref()?.refusal()
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
        let cause = self.tried.last()?.cause.as_deref();
        cause.map(|cause| cause as &(dyn error::Error + 'static))
    }
}
