use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
};

use super::{NoCredentials, Unreadable};
use crate::Error;

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

pub(super) fn absent(reason: impl Into<String>) -> Fault {
    Fault::new(Sort::Absent, reason)
}

pub(super) fn wrong(reason: impl Into<String>) -> Fault {
    Fault::new(Sort::Wrong, reason)
}

/// Says that something is wrong about a file or an answer.
pub(super) fn wrong_at(place: &str) -> impl FnOnce(Unreadable) -> Fault {
    move |unreadable| wrong(format!("{place}: {unreadable}"))
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
            sort: Self::passing(error.is_transient()),
            reason: super::with_causes(&error),
            cause: Some(Arc::new(error)),
        }
    }

    /// A role can't be taken, since there are no credentials to take it with.
    pub(super) fn of_base(missing: &NoCredentials) -> Self {
        Self {
            sort: Self::passing(missing.is_passing()),
            reason: missing.to_string(),
            cause: missing.tried().last().and_then(|it| it.cause.clone()),
        }
    }

    /// The same where somebody has named the identity, at `place`: nobody else may sign then.
    pub(super) fn of(self, place: Option<String>) -> Self {
        match place {
            None => self,
            Some(place) => Self {
                sort: Self::passing(self.sort == Sort::Passing),
                reason: format!("{place}: {}", self.reason),
                cause: self.cause,
            },
        }
    }

    const fn passing(passing: bool) -> Sort {
        if passing { Sort::Passing } else { Sort::Wrong }
    }
}
