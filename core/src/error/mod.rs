//! Errors: everything that can go wrong, in one enum.

mod failure;
mod refusal;
mod remedy;

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
};
use core::{fmt, time::Duration};

use http::uri::Authority;
use jiff::Timestamp;
use serde::de::Error as _;

use crate::{Target, UnixTime, credential::NoCredentials};

pub use failure::{BoxError, Failure, Lost, NotSent, Obstacle};
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

/// The call or walk that an error ended.
#[derive(Clone, PartialEq, Eq)]
pub struct Context {
    pub(crate) target: Target,
    /// Host and time of the last attempt.
    pub(crate) sent: Option<(Authority, UnixTime)>,
    pub(crate) attempts: u32,
    /// The last one of its answers.
    pub(crate) request_id: Option<String>,
}

impl Context {
    pub(crate) const fn new(target: Target) -> Self {
        Self {
            target,
            sent: None,
            attempts: 0,
            request_id: None,
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({self}{} attempts)", self.attempts)
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = &self.target;
        write!(
            f,
            "{} {} {}, ",
            target.service, target.version, target.action
        )?;
        let Some((host, time)) = &self.sent else {
            return Ok(());
        };
        let time = Timestamp::from_second(time.seconds()).unwrap_or_default();
        write!(f, "{host}, {time}, ")
    }
}

/// Matches each error that has a place for its context.
macro_rules! with_context {
    ($context:ident) => {
        Self::Service(Refusal { $context, .. })
            | Self::NotAnAnswer { $context, .. }
            | Self::ContentCoding { $context, .. }
            | Self::Decode { $context, .. }
            | Self::TooLarge { $context, .. }
            | Self::Transport(Failure::NotSent(NotSent { $context, .. }))
            | Self::Transport(Failure::Unknown(Lost { $context, .. }))
            | Self::Deadline { $context, .. }
            | Self::GaveUp { $context, .. }
            | Self::Incomplete { $context, .. }
            | Self::Repeated { $context, .. }
            | Self::Shifted { $context, .. }
            | Self::TooManyPages { $context, .. }
    };
}

/// Why a call or a walk failed.
///
/// # What happened, and what to do
///
/// [`remedy`](Self::remedy) returns the last column. A call has made all attempts of its
/// [`Retry`](crate::flow::Retry) policy by then; [`cause`](Self::cause) is the last one's error.
///
/// | variant | what happened | what to do |
/// | --- | --- | --- |
/// | [`Transport`](Self::Transport), [`Deadline`](Self::Deadline) | the network or the service was down or too slow, or there is no such host: if that stays so, look at the endpoint | [`Resume`](Remedy::Resume) |
/// | [`Service`](Self::Service) of [`Kind::Server`], [`NotAnAnswer`](Self::NotAnAnswer) with status 200, 408 or 5xx | the service or a gateway had an internal error | `Resume` |
/// | `Service` of [`Kind::Throttled`], `NotAnAnswer` with status 429 | too many requests | [`Later`](Remedy::Later) |
/// | `Service` of [`Kind::NotReady`] | the data is not computed yet | `Later` |
/// | [`Incomplete`](Self::Incomplete), [`Repeated`](Self::Repeated), [`Shifted`](Self::Shifted) | the list changed during the walk, or the service left records out, repeated a page, or reported a wrong total | [`StartOver`](Remedy::StartOver). If it happens again: a smaller page size, if the error suggests one; else the service has a fault |
/// | `Transport` of a [final obstacle](Obstacle::is_final) | a certificate, TLS or a proxy refused | [`Mend`](Remedy::Mend) |
/// | `Service` of any other kind | the service refused the request, the credentials or the clock | `Mend` |
/// | `NotAnAnswer` with any other status, [`ContentCoding`](Self::ContentCoding), [`Decode`](Self::Decode) | the endpoint is not the API's, or this version can't read the answer | `Mend` |
/// | [`Input`](Self::Input), [`Encode`](Self::Encode), [`TooLarge`](Self::TooLarge), [`TooManyPages`](Self::TooManyPages) | an input or a setting is wrong | `Mend` |
/// | [`Ended`](Self::Ended), [`Shutdown`](Self::Shutdown) | the program used the call after its end, or shut down | `Mend` |
/// | [`Credentials`](Self::Credentials) | no credentials were found | `Resume` or `Later`, as for the error of a request for credentials, if it is transient; else `Mend` |
/// | [`GaveUp`](Self::GaveUp), `Deadline` with a cause | an attempt failed with the [`cause`](Self::cause) | as for the cause |
///
/// ```
/// use tc3_core::{Error, Failure, Remedy};
///
/// let lost = Error::from(Failure::unknown("connection reset"));
/// assert!(matches!(lost.cause(), Error::Transport(_)));
/// assert_eq!((lost.remedy(), lost.may_have_taken_effect()), (Remedy::Resume, true));
/// ```
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
        /// Of which call, for [`ticket`](Self::ticket).
        context: Option<Box<Context>>,
    },

    /// The answer with status 200 has a content coding, such as gzip, though every request says that none is accepted.
    #[error("the answer has the content coding {coding:?}, though the request accepts none")]
    #[non_exhaustive]
    ContentCoding {
        /// The answer's `Content-Encoding`.
        coding: String,
        /// Of which call, for [`ticket`](Self::ticket).
        context: Option<Box<Context>>,
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
        /// Of which call, for [`ticket`](Self::ticket).
        context: Option<Box<Context>>,
    },

    /// The answer's body is larger than [`Settings::max_body`](crate::Settings::max_body).
    #[error("the answer is larger than {limit} bytes")]
    #[non_exhaustive]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
        /// Of which call, for [`ticket`](Self::ticket).
        context: Option<Box<Context>>,
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
        /// The last attempt's error, if an attempt has ended. Else why the call had to wait, if known: the throttle
        /// after which its action rests, or why there were no credentials yet.
        source: Option<Box<Self>>,
        /// Of which call, for [`ticket`](Self::ticket).
        context: Option<Box<Context>>,
    },

    /// The call was sent as often as [`Retry`](crate::flow::Retry) allows, and its last attempt failed too. An error
    /// after which no attempt can help ends the call as it is.
    #[error("gave up after {attempts} attempts")]
    #[non_exhaustive]
    GaveUp {
        /// How many times the call was sent.
        attempts: u32,
        /// The last attempt's error.
        source: Box<Self>,
        /// Of which call, for [`ticket`](Self::ticket).
        context: Option<Box<Context>>,
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
        /// Of which call, for [`ticket`](Self::ticket).
        context: Option<Box<Context>>,
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
        /// Of which call, for [`ticket`](Self::ticket).
        context: Option<Box<Context>>,
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
        /// Of which call, for [`ticket`](Self::ticket).
        context: Option<Box<Context>>,
    },

    /// A list has more pages than [`Settings::with_max_pages`](crate::Settings::with_max_pages).
    #[error("more than {limit} pages{}", of(window.as_ref()))]
    #[non_exhaustive]
    TooManyPages {
        /// The window of the walk.
        window: Option<String>,
        /// The limit.
        limit: u32,
        /// Of which call, for [`ticket`](Self::ticket).
        context: Option<Box<Context>>,
    },

    /// The call was driven after its end, or a walk after a panic of its transport.
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
    pub fn attempts(&self) -> u32 {
        self.context().map_or(0, |context| context.attempts)
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
        let own = match self {
            Self::Service(refusal) => refusal.request_id(),
            Self::Decode { request_id, .. } => request_id.as_deref(),
            Self::Credentials(missing) => return missing.cause()?.request_id(),
            _ => None,
        };
        own.or_else(|| self.context()?.request_id.as_deref())
    }

    /// What a ticket to the vendor's support needs, in one line: service, version and name of the action, the host and
    /// the time of the last attempt (in UTC, by the service's clock), the last `RequestId`, and the service's error code
    /// or else the error's [`name`](Self::name).
    ///
    /// What is not known is left out: an input that is invalid was never sent. A walk's own error has the last answer's
    /// host, time and id. There is no input and no secret in it.
    ///
    /// ```
    /// use core::time::Duration;
    /// use tc3_core::{Call, Credential, Flow, Now, Session, Step, UnixTime, Untyped};
    ///
    /// let mut session = Session::new(Credential::new("AKIDEXAMPLE", "not-a-real-key")?);
    /// let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
    /// let zones = Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({}));
    /// let mut call = Call::new(&zones);
    /// let Step::Send(_) = call.step(&mut session, now) else { panic!() };
    /// let answer = br#"{"Response": {"RequestId": "5e1f",
    ///     "Error": {"Code": "UnauthorizedOperation", "Message": "no"}}}"#;
    /// call.handle(Ok(http::Response::new(answer.as_slice().into())));
    /// let Step::Done(Err(error)) = call.step(&mut session, now) else { panic!() };
    /// assert_eq!(
    ///     error.ticket(),
    ///     "cvm 2017-03-12 DescribeZones, cvm.tencentcloudapi.com, 2025-10-09T08:53:20Z, \
    ///      RequestId 5e1f, UnauthorizedOperation",
    /// );
    /// # Ok::<(), tc3_core::Invalid>(())
    /// ```
    pub fn ticket(&self) -> String {
        let context = self.context();
        let id = self.request_id().map(|id| format!("RequestId {id}, "));
        let code = self.refusal().map_or(self.name(), Refusal::code);
        let context = context.map_or_else(String::new, Context::to_string);
        let ticket = format!("{context}{}{code}", id.unwrap_or_default());
        ticket.replace(char::is_control, " ")
    }

    fn context(&self) -> Option<&Context> {
        match self {
            with_context!(context) => context.as_deref(),
            Self::Credentials(missing) => missing.cause()?.context(),
            _ => None,
        }
    }

    /// Adds the call or walk that ends with this error, unless it is known.
    pub(crate) fn within(mut self, new: Context) -> Self {
        if let with_context!(context) = &mut self {
            context.get_or_insert_with(|| Box::new(new));
        }
        self
    }

    /// Names the content coding of the answer instead of showing its unreadable body.
    pub(crate) fn in_coding(mut self, coding: String) -> Self {
        let context = None;
        match &mut self {
            Self::NotAnAnswer { status: 200, .. } => {
                return Self::ContentCoding { coding, context };
            }
            Self::NotAnAnswer {
                reason, beginning, ..
            } => {
                *reason = format!("{reason}, and the body has the content coding {coding}");
                beginning.clear();
            }
            _ => {}
        }
        self
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
                ..
            } => Some(Self::NotAnAnswer {
                context: None,
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
