//! Errors: everything that can go wrong, in one enum.

mod failure;
mod refusal;
mod remedy;

use alloc::{boxed::Box, format, string::String};
use core::time::Duration;

use serde::de::Error as _;

use crate::credential::NoCredentials;

pub use failure::{BoxError, Failure, NotSent, Obstacle};
pub use refusal::{Kind, Refusal};
pub use remedy::Remedy;

/// An invalid value: the field's name, and the rule that it breaks.
///
/// Never contains the value itself, which may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {rule}")]
pub struct Invalid {
    field: &'static str,
    rule: &'static str,
}

impl Invalid {
    /// `field`, by its name in the API, breaks `rule`, e.g. `"must be at least 1"`.
    ///
    /// ```
    /// assert_eq!(
    ///     tc3_core::Invalid::new("Limit", "must be at least 1").to_string(),
    ///     "Limit must be at least 1",
    /// );
    /// ```
    pub const fn new(field: &'static str, rule: &'static str) -> Self {
        Self { field, rule }
    }

    /// The name of the field or setting.
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// The rule that it breaks.
    pub const fn rule(&self) -> &'static str {
        self.rule
    }
}

/// Why a call or a walk failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input or a setting is invalid. Nothing was sent.
    #[error(transparent)]
    Input(#[from] Invalid),

    /// The input can't be written as JSON. Nothing was sent.
    #[error("the input of {action} cannot be written as JSON")]
    #[non_exhaustive]
    Encode {
        /// The action's name.
        action: String,
        /// The serializer's error.
        source: serde_json::Error,
    },

    /// The service understood the request and refused it.
    #[error("the service refused: {0}")]
    Service(Refusal),

    /// The answer is not one of the API's: a gateway's page, an empty or truncated body, JSON of another shape.
    #[error("not an API answer (HTTP status {status}): {reason}; it begins with {beginning:?}")]
    #[non_exhaustive]
    NotAnAnswer {
        /// The HTTP status.
        status: u16,
        /// What is wrong with the answer.
        reason: String,
        /// The first characters of the body; empty if the action is [confidential](crate::Action::CONFIDENTIAL).
        beginning: String,
    },

    /// The answer with status 200 has a content coding, such as gzip, though every request says that none is accepted.
    #[error("the answer has the content coding {coding:?}, though the request accepts none")]
    #[non_exhaustive]
    ContentCoding {
        /// The answer's `Content-Encoding`.
        coding: String,
    },

    /// The answer is one of the API's but does not fit the action's output type.
    #[error("the answer does not fit at {path} (RequestId {})", request_id.as_deref().unwrap_or("none"))]
    #[non_exhaustive]
    Decode {
        /// The place in the JSON, e.g. `Response.TransactionList[3].Amount`.
        path: String,
        /// The `RequestId` of the answer, if it has one.
        request_id: Option<String>,
        /// The deserializer's error, without details if the action is confidential.
        source: serde_json::Error,
    },

    /// The answer's body is larger than [`Settings::max_body`](crate::Settings::max_body).
    #[error("the answer is larger than {limit} bytes")]
    #[non_exhaustive]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },

    /// There are no credentials to sign with, or they have expired.
    #[error(transparent)]
    Credentials(#[from] NoCredentials),

    /// There is no answer: the request was not sent, or the answer did not arrive.
    #[error("no answer from the service")]
    Transport(#[source] Failure),

    /// The deadline has passed, or comes before the end of a wait that the call needs.
    #[error("no good answer within the deadline of {after:?} ({attempts} sent)")]
    #[non_exhaustive]
    Deadline {
        /// The deadline, counted from the call's first step.
        after: Duration,
        /// How many times the call was sent.
        attempts: u32,
        /// The last `RequestId` of this call's answers.
        request_id: Option<String>,
        /// The last attempt's error, if an attempt has ended. Else why the call had to wait, if known: the throttle
        /// after which its action rests, or why there were no credentials yet.
        source: Option<Box<Self>>,
    },

    /// The call was sent more than once, and its last attempt failed too.
    #[error("gave up after {attempts} attempts")]
    #[non_exhaustive]
    GaveUp {
        /// How many times the call was sent.
        attempts: u32,
        /// The last `RequestId` of this call's answers.
        request_id: Option<String>,
        /// The last attempt's error.
        source: Box<Self>,
    },

    /// The list ended with fewer records than the service reported. All of them were delivered before this error.
    #[error(
        "incomplete: {delivered} of {total} records came{}{}",
        of(window.as_ref()), short(*short_page)
    )]
    #[non_exhaustive]
    Incomplete {
        /// The window of the walk, as [`Paginate::window`](crate::Paginate::window) names it.
        window: Option<String>,
        /// Number of records that the window's pages held.
        delivered: u64,
        /// Number of records expected: the last plausible total, without the records before the first page.
        total: u64,
        /// The first short page before the end: how many records it held, and how many were requested. The service may
        /// give no more at once, so start over with pages of that size.
        short_page: Option<(u64, u32)>,
    },

    /// The service gave the same page for two different requests, or a page names itself as the next one. All earlier
    /// pages were delivered.
    ///
    /// Pages are compared by their records' JSON. A page whose records are all equal counts as another page, unless the
    /// service ignores the offset.
    #[error("the service gave the same page again, after {delivered} records{}", of(window.as_ref()))]
    #[non_exhaustive]
    Repeated {
        /// The window of the walk.
        window: Option<String>,
        /// Number of records of the window that were delivered.
        delivered: u64,
    },

    /// Records were inserted or deleted in front of the walk's position during the walk, so the next page would repeat
    /// records or skip some. All earlier pages were delivered.
    ///
    /// It is detected by a changed total and a changed page. Equal numbers of inserts and deletes go undetected.
    #[error(
        "the list changed in front of the walk, after {delivered} of now {total} records{}",
        of(window.as_ref())
    )]
    #[non_exhaustive]
    Shifted {
        /// The window of the walk.
        window: Option<String>,
        /// Number of records of the window that were delivered.
        delivered: u64,
        /// The total that the undelivered page reports.
        total: u64,
    },

    /// A list has more pages than [`Settings::with_max_pages`](crate::Settings::with_max_pages).
    #[error("more than {limit} pages{}", of(window.as_ref()))]
    #[non_exhaustive]
    TooManyPages {
        /// The window of the walk.
        window: Option<String>,
        /// The limit.
        limit: u32,
    },

    /// The call was driven after its end.
    #[error("the call has already ended")]
    Ended,

    /// The runtime that drove the walk has shut down. A stored walk can go on in the program's next run.
    #[error("the runtime that drove the walk has shut down")]
    Shutdown,
}

impl Error {
    /// The last attempt's error: the source of [`GaveUp`](Self::GaveUp) and [`Deadline`](Self::Deadline), or this error
    /// itself.
    pub fn cause(&self) -> &Self {
        match self {
            Self::GaveUp { source, .. }
            | Self::Deadline {
                source: Some(source),
                ..
            } => source.cause(),
            error => error,
        }
    }

    /// How many times the call was sent.
    pub const fn attempts(&self) -> u32 {
        match self {
            Self::GaveUp { attempts, .. } | Self::Deadline { attempts, .. } => *attempts,
            Self::Service(_)
            | Self::NotAnAnswer { .. }
            | Self::ContentCoding { .. }
            | Self::Decode { .. }
            | Self::TooLarge { .. }
            | Self::Transport(_) => 1,
            _ => 0,
        }
    }

    /// The service's refusal, if that is the [`cause`](Self::cause), or the refusal of a request for credentials.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self.cause() {
            Self::Service(refusal) => Some(refusal),
            Self::Credentials(missing) => missing.cause()?.refusal(),
            _ => None,
        }
    }

    /// The last `RequestId` of the call's answers, which the vendor's support asks for.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Service(refusal) => refusal.request_id(),
            Self::Decode { request_id, .. }
            | Self::GaveUp { request_id, .. }
            | Self::Deadline { request_id, .. } => request_id.as_deref(),
            Self::Credentials(missing) => missing.cause()?.request_id(),
            _ => None,
        }
    }

    /// Names the content coding of the answer instead of showing its unreadable body.
    pub(crate) fn in_coding(self, coding: String) -> Self {
        match self {
            Self::NotAnAnswer { status: 200, .. } => Self::ContentCoding { coding },
            Self::NotAnAnswer { status, reason, .. } => Self::NotAnAnswer {
                status,
                reason: format!("{reason}, and the body has the content coding {coding}"),
                beginning: String::new(),
            },
            error => error,
        }
    }

    /// Removes everything that quotes the answer's body.
    pub(crate) fn without_body(mut self) -> Self {
        match &mut self {
            Self::NotAnAnswer { beginning, .. } => beginning.clear(),
            Self::Decode { source, .. } => {
                *source = serde_json::Error::custom("the value is confidential");
            }
            _ => {}
        }
        self
    }

    /// A copy of an error after which the action rests.
    pub(crate) fn throttle(&self) -> Option<Self> {
        match self {
            Self::Service(refusal) => Some(Self::Service(refusal.clone())),
            Self::NotAnAnswer {
                status,
                reason,
                beginning,
            } => Some(Self::NotAnAnswer {
                status: *status,
                reason: reason.clone(),
                beginning: beginning.clone(),
            }),
            _ => None,
        }
    }

    /// A name for logs and counters. A call that gave up has the name of its last attempt's error.
    ///
    /// A refusal has the name of its [`Kind`], and HTTP 429 that of a throttle.
    ///
    /// ```
    /// use tc3_core::{Error, Failure};
    ///
    /// assert_eq!(Error::from(Failure::not_sent("no route")).name(), "not_sent");
    /// ```
    pub fn name(&self) -> &'static str {
        match self {
            Self::Input(_) | Self::Encode { .. } => "invalid",
            Self::Service(refusal) => refusal.kind().as_str(),
            Self::NotAnAnswer { status: 429, .. } => Kind::Throttled.as_str(),
            Self::NotAnAnswer { .. } | Self::ContentCoding { .. } => "not_an_answer",
            Self::Decode { .. } => "decode",
            Self::TooLarge { .. } => "too_large",
            Self::Credentials(_) => "no_credentials",
            Self::Transport(Failure::NotSent(_)) => "not_sent",
            Self::Transport(Failure::Unknown(_)) => "no_answer",
            Self::Deadline { .. } => "deadline",
            Self::GaveUp { source, .. } => source.name(),
            Self::Incomplete { .. } => "incomplete",
            Self::Repeated { .. } => "repeated",
            Self::Shifted { .. } => "shifted",
            Self::TooManyPages { .. } => "too_many_pages",
            Self::Ended => "ended",
            Self::Shutdown => "shutdown",
        }
    }

    /// Whether the service refused because of too many requests.
    pub fn is_throttled(&self) -> bool {
        self.kind() == Some(Kind::Throttled)
    }

    /// Whether the service refused the credentials or their permissions.
    pub fn is_denied(&self) -> bool {
        self.kind() == Some(Kind::Denied)
    }

    fn kind(&self) -> Option<Kind> {
        self.refusal().map(Refusal::kind)
    }
}

impl From<Failure> for Error {
    /// [`Error::Input`] if the cause is an [`Invalid`], else [`Error::Transport`].
    fn from(failure: Failure) -> Self {
        if let Failure::NotSent(cause) = &failure
            && let Some(invalid) = cause.cause().downcast_ref::<Invalid>()
        {
            return Self::Input(*invalid);
        }
        Self::Transport(failure)
    }
}

/// Reports a short page.
fn short(page: Option<(u64, u32)>) -> String {
    page.map_or_else(String::new, |(held, asked)| {
        format!(
            "; a page held {held} of {asked} records requested: start over with pages of at most {held}"
        )
    })
}

/// Names a window at the end of a sentence.
fn of(window: Option<&String>) -> String {
    window.map_or_else(String::new, |window| format!(" ({window})"))
}
