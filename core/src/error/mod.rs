//! What can go wrong, in one enum.

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

/// A value that can never be right: which field, and the rule it breaks.
///
/// Never holds the value itself, since that may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {rule}")]
pub struct Invalid {
    field: &'static str,
    rule: &'static str,
}

impl Invalid {
    /// `field`, by the API's own name, breaks `rule`, e.g. `"must be at least 1"`.
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

/// Why a call or a walk did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input or a setting can never be right. Nothing was sent.
    #[error(transparent)]
    Input(#[from] Invalid),

    /// The input could not be written as JSON. Nothing was sent.
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

    /// What came back is not an answer of the API: a gateway's page, an empty or truncated body,
    /// JSON of another shape.
    #[error("not an API answer (HTTP status {status}): {reason}; it begins with {beginning:?}")]
    #[non_exhaustive]
    NotAnAnswer {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it.
        reason: String,
        /// The first characters of the body; none of one that is
        /// [confidential](crate::Action::CONFIDENTIAL).
        beginning: String,
    },

    /// What came back with status 200 is in a content coding, such as gzip, though every request says that it
    /// takes none.
    #[error("the answer is in the content coding {coding:?}, which was not asked for")]
    #[non_exhaustive]
    ContentCoding {
        /// The answer's `Content-Encoding`.
        coding: String,
    },

    /// The answer is the API's but does not fit the action's output.
    #[error("the answer does not fit at {path} (RequestId {})", request_id.as_deref().unwrap_or("none"))]
    #[non_exhaustive]
    Decode {
        /// Where in the JSON, e.g. `Response.TransactionList[3].Amount`.
        path: String,
        /// The `RequestId` of the answer, if it has one.
        request_id: Option<String>,
        /// The deserializer's error; of what is confidential it says no more than that.
        source: serde_json::Error,
    },

    /// The answer's body is larger than [`Settings::max_body`](crate::Settings::max_body).
    #[error("the answer is larger than {limit} bytes")]
    #[non_exhaustive]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },

    /// There are no credentials to sign with, or none that are still valid.
    #[error(transparent)]
    Credentials(#[from] NoCredentials),

    /// No answer came.
    #[error("no answer from the service")]
    Transport(#[source] Failure),

    /// The deadline has passed, or leaves no time for what would have to be waited for.
    #[error("no good answer within the deadline of {after:?} ({attempts} sent)")]
    #[non_exhaustive]
    Deadline {
        /// The deadline, counted from the call's first step.
        after: Duration,
        /// How many times the call was sent.
        attempts: u32,
        /// The last `RequestId` that any answer of this call had.
        request_id: Option<String>,
        /// What the last attempt came to, if one came to an end; else what the call waited for, as far as that is
        /// known: the throttle that its action rests for, or why there were no credentials yet.
        source: Option<Box<Self>>,
    },

    /// The call was sent more than once, and its last attempt failed as well.
    #[error("gave up after {attempts} attempts")]
    #[non_exhaustive]
    GaveUp {
        /// How many times the call was sent.
        attempts: u32,
        /// The last `RequestId` that any answer of this call had.
        request_id: Option<String>,
        /// What the last attempt came to.
        source: Box<Self>,
    },

    /// A list has ended and the service said there is more than it gave.
    /// All that came was delivered before this error.
    #[error(
        "incomplete: {delivered} of {total} records came{}{}",
        of(window.as_ref()), short(*short_page)
    )]
    #[non_exhaustive]
    Incomplete {
        /// Which window of the walk, as [`Paginate::window`](crate::Paginate::window) says.
        window: Option<String>,
        /// How many records the window's pages held.
        delivered: u64,
        /// How many there should have been: the last total reported, less those before the first page.
        total: u64,
        /// The first page before the end that was shorter than asked for: how many records it held, and how many
        /// were asked for. The service may give no more at once: begin anew with pages of at most so many.
        short_page: Option<(u64, u32)>,
    },

    /// The service gave a page a second time where another one was asked for, or a page names itself
    /// as the next one. All that came before was delivered.
    ///
    /// Pages are told apart by their records' [`identity`](crate::Paginate::identity), or else by their JSON. A page
    /// of records that are all equal counts as another one, unless the service ignores the offset.
    #[error("the service gave the same page again, after {delivered} records{}", of(window.as_ref()))]
    #[non_exhaustive]
    Repeated {
        /// Which window of the walk.
        window: Option<String>,
        /// How many records of the window were delivered.
        delivered: u64,
    },

    /// Records came or went in front of the walk's place while it was under way, so that the next page
    /// would hold records a second time, or leave some out. All that came before was delivered.
    ///
    /// It is seen by a total that changed and a page that is no longer what it was: as many records that
    /// come as go at once are not noticed.
    #[error(
        "the list changed in front of the walk, after {delivered} of now {total} records{}",
        of(window.as_ref())
    )]
    #[non_exhaustive]
    Shifted {
        /// Which window of the walk.
        window: Option<String>,
        /// How many records of the window were delivered.
        delivered: u64,
        /// How many there are by the page that was not delivered.
        total: u64,
    },

    /// A list has more pages than [`Settings::max_pages`](crate::Settings::max_pages).
    #[error("more than {limit} pages{}", of(window.as_ref()))]
    #[non_exhaustive]
    TooManyPages {
        /// Which window of the walk.
        window: Option<String>,
        /// The bound.
        limit: u32,
    },

    /// The call was driven on after its end.
    #[error("the call has already ended")]
    Ended,

    /// The runtime that drove the walk has shut down. A walk that was stored goes on in the next run of the program.
    #[error("the runtime that drove the walk has shut down")]
    Shutdown,
}

impl Error {
    /// What the last attempt came to: below [`GaveUp`](Self::GaveUp) and [`Deadline`](Self::Deadline), this very
    /// error otherwise.
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

    /// The service's refusal, if that is the [`cause`](Self::cause), or why there are no credentials.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self.cause() {
            Self::Service(refusal) => Some(refusal),
            Self::Credentials(missing) => missing.refusal(),
            _ => None,
        }
    }

    /// The last `RequestId` that an answer had, which the vendor's support asks for.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Service(refusal) => refusal.request_id(),
            Self::Decode { request_id, .. }
            | Self::GaveUp { request_id, .. }
            | Self::Deadline { request_id, .. } => request_id.as_deref(),
            Self::Credentials(missing) => missing.request_id(),
            _ => None,
        }
    }

    /// The same of an answer whose body is in a content coding: what can't be read of it need not be shown.
    pub(crate) fn in_coding(self, coding: String) -> Self {
        match self {
            Self::NotAnAnswer { status: 200, .. } => Self::ContentCoding { coding },
            Self::NotAnAnswer { status, reason, .. } => Self::NotAnAnswer {
                status,
                reason: format!("{reason}, and the body is in the content coding {coding}"),
                beginning: String::new(),
            },
            error => error,
        }
    }

    /// The same without what the answer's body said.
    pub(crate) fn without_body(mut self) -> Self {
        match &mut self {
            Self::NotAnAnswer { beginning, .. } => beginning.clear(),
            Self::Decode { source, .. } => {
                *source = serde_json::Error::custom("what is there is confidential");
            }
            _ => {}
        }
        self
    }

    /// A copy of it, where it is one that lets an action rest.
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

    /// What went wrong, as one word for logs and counters; of a call that gave up, what its last attempt came to.
    ///
    /// A refusal has the word of its [`Kind`], and HTTP 429 that of a throttle.
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

    /// Whether the service refused because too many requests came.
    pub fn is_throttled(&self) -> bool {
        self.kind() == Some(Kind::Throttled)
    }

    /// Whether the service refused the credentials or what they are allowed to do.
    pub fn is_denied(&self) -> bool {
        self.kind() == Some(Kind::Denied)
    }

    fn kind(&self) -> Option<Kind> {
        self.refusal().map(Refusal::kind)
    }
}

impl From<Failure> for Error {
    /// [`Error::Input`] where an [`Invalid`] is the cause, [`Error::Transport`] otherwise.
    fn from(failure: Failure) -> Self {
        if let Failure::NotSent(cause) = &failure
            && let Some(invalid) = cause.cause().downcast_ref::<Invalid>()
        {
            return Self::Input(*invalid);
        }
        Self::Transport(failure)
    }
}

/// Says that pages were shorter than asked for.
fn short(page: Option<(u64, u32)>) -> String {
    page.map_or_else(String::new, |(held, asked)| {
        format!(
            "; a page held {held} where {asked} were asked for: ask for pages of at most {held}"
        )
    })
}

/// Names a window at the end of a sentence.
fn of(window: Option<&String>) -> String {
    window.map_or_else(String::new, |window| format!(" ({window})"))
}
