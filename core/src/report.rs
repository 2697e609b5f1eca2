//! What a flow tells of itself while it is driven, and what the IO crates write down of it.
//!
//! A driver that keeps a log asks [`Flow::report`](crate::Flow::report) after each step and each answer. It costs
//! nothing to be asked: all of it is borrowed. No value in it is a secret, though a service's message is shown as
//! it came.
//!
//! ```
//! use core::time::Duration;
//! use tc3_core::{Call, Credential, Flow, Now, Session, Step, UnixTime, Untyped, report::Why};
//!
//! let mut session = Session::new(Credential::new("AKIDEXAMPLE", "not-a-real-key")?);
//! let now = Now::new(UnixTime::new(1_551_113_065), Duration::ZERO, 0);
//! let mut call = Call::new(&Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({})));
//! let Step::Send(attempt) = call.step(&mut session, now) else { panic!() };
//! assert_eq!((attempt.number, attempt.action()), (1, Some("DescribeZones")));
//!
//! let refusal = br#"{"Response": {"Error": {"Code": "RequestLimitExceeded", "Message": "slow down"}, "RequestId": "5e1f"}}"#;
//! call.handle(Ok(http::Response::new(refusal.as_slice().into())));
//! let last = call.report().and_then(|report| report.last).unwrap();
//! assert_eq!((last.outcome, last.request_id), ("throttled", Some("5e1f")));
//!
//! let Step::Wait(_) = call.step(&mut session, now) else { panic!() };
//! assert_eq!(call.report().and_then(|report| report.why), Some(Why::Throttled));
//! # Ok::<(), tc3_core::Invalid>(())
//! ```
//!
//! # Spans and events
//!
//! `tc3-blocking` and `tc3-async` tell the same through `tracing`, under these targets, names and fields. They are
//! a part of the interface: more may come, none goes or changes its meaning within a version.
//!
//! | target | level | what | fields |
//! | --- | --- | --- | --- |
//! | `tc3::call` | debug | span `tc3.call`: a call, from its first step to its result | `service`, `action`; `region` once it is sent; `attempts`, `request_id`, `outcome` at its end |
//! | `tc3::call` | debug | event `call done` | `service`, `action`, `region`, `attempts`, `latency_ms`, `outcome`, `request_id` |
//! | `tc3::call` | debug | event `call abandoned`, when it was dropped | `attempts`, `latency_ms`, `outcome` |
//! | `tc3::call` | warn | event `call failed` | those of `call done`, `code`, `error` |
//! | `tc3::attempt` | debug | event `attempt`, when its answer is there | `attempt`, `action`, `region`, `host`, `for_credentials`, `bytes_sent`, `status`, `bytes_received`, `latency_ms`, `outcome`, `request_id`, `code`, `error` |
//! | `tc3::wait` | debug | event `wait`, when it begins | `wait_ms`, `why`, `for_credentials`, `next_attempt` unless it is for these, and of the last attempt `outcome`, `request_id`, `code` |
//! | `tc3::credentials` | trace | event `look`: a variable or file | `lookup`, `found` |
//! | `tc3::credentials` | debug | event `credentials found` | `source` |
//! | `tc3::credentials` | warn | event `passed over`, when credentials are found: a file at a usual place that can't be read, a region that can't be one | `source`, `error` |
//! | `tc3::credentials` | warn | event `credentials not found`; those that there are may still be good | `error` |
//! | `tc3::walk` | debug | span `tc3.walk`: a walk, around its calls | `service`, `action`; `pages`, `delivered`, `outcome` at its end |
//! | `tc3::walk` | debug | event `page`, when it is delivered | `page`, counted by this walk from 1; `delivered`, `total`: records; `request_id` |
//! | `tc3::walk` | debug | event `walk done`; `walk abandoned` when it was dropped | `pages`, `delivered`, `outcome` |
//! | `tc3::walk` | warn | event `walk failed` | the same, `service`, `action`, `total`, `request_id`, `code`, `error` |
//!
//! - A call ends with exactly one event of `tc3::call`, a walk with one of `tc3::walk`. A call that ends a walk is
//!   told of by both.
//! - `attempt` counts from 1, so those above 1 are retries. A role is taken by a call with a count of its own;
//!   `for_credentials` tells its attempts, and those to a machine's metadata endpoint, from the call's.
//! - Bytes are those of bodies. Milliseconds are whole ones.
//! - `why` has the words of [`Why`], `outcome` is `ok`, `abandoned` or one of [`Error::name`].
//! - A field that has nothing to say is left out.

use alloc::borrow::Cow;
use core::fmt::{self, Write as _};

use crate::{Error, NoCredentials, Tried};

/// What there is to tell of a flow, or of a search for credentials, at this moment.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report<'a> {
    /// The service, e.g. `billing`.
    pub service: Cow<'a, str>,
    /// The action, e.g. `DescribeBillList`.
    pub action: Cow<'a, str>,
    /// How many times the call was sent.
    pub attempts: u32,
    /// What the last answer meant: after [`handle`](crate::Flow::handle) that one, after a
    /// [`step`](crate::Flow::step) the one that failed before.
    pub last: Option<Verdict<'a>>,
    /// Why to wait, if that is what the last step said.
    pub why: Option<Why>,
    /// Whether this is of a search for credentials.
    pub for_credentials: bool,
    /// What the search came to, if it has ended: the source that had them, or why there are none.
    pub credentials: Option<Result<&'a str, &'a NoCredentials>>,
    /// What a search that has found credentials could not use on its way, and why: a file at a usual place that can't
    /// be read, or, as source `region`, what is wrong where a region would be.
    pub passed_over: &'a [Tried],
}

/// What an attempt, a call or a page came to.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Verdict<'a> {
    /// `ok`, or [`Error::name`].
    pub outcome: &'static str,
    /// The `RequestId` of the last answer that had one.
    pub request_id: Option<&'a str>,
    /// The service's error code.
    pub code: Option<&'a str>,
    /// What is wrong.
    pub error: Option<&'a Error>,
}

impl<'a> Verdict<'a> {
    /// What a result comes to, whose good end is a request id.
    pub fn of(result: Result<&'a str, &'a Error>) -> Self {
        match result {
            Ok(request_id) => Self {
                outcome: "ok",
                request_id: Some(request_id),
                code: None,
                error: None,
            },
            Err(error) => Self {
                outcome: error.name(),
                request_id: error.request_id(),
                code: error.refusal().map(crate::Refusal::code),
                error: Some(error),
            },
        }
    }
}

impl fmt::Display for Verdict<'_> {
    /// `ok`, or what is wrong and its causes, one after the other, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(error) = self.error else {
            return f.write_str(self.outcome);
        };
        let mut line = Line(f);
        write!(line, "{error}")?;
        let mut last: &(dyn core::error::Error + 'static) = error;
        // Why there are no credentials is said with all its causes.
        while !matches!(last.downcast_ref(), Some(Error::Credentials(_)))
            && let Some(cause) = last.source()
        {
            write!(line, ": {cause}")?;
            last = cause;
        }
        Ok(())
    }
}

/// Shows something on one line, whatever it has from elsewhere.
#[doc(hidden)]
#[derive(Debug)]
pub struct OneLine<T>(pub T);

impl<T: fmt::Display> fmt::Display for OneLine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Line(f), "{}", self.0)
    }
}

/// Writes what would end a line, or do something to a terminal, in other characters.
struct Line<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for Line<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| match c {
            '\u{2028}' | '\u{2029}' => write!(self.0, "{}", c.escape_unicode()),
            c if c.is_control() => write!(self.0, "{}", c.escape_debug()),
            c => self.0.write_char(c),
        })
    }
}

/// Why a flow says to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Why {
    /// As many as the action's rate allows were sent in the last second.
    Rate,
    /// The service has refused a request because too many came: all calls of the action rest.
    Throttled,
    /// The last attempt failed, and another one is made after a while.
    Backoff,
    /// The same, for as long as the answer's `Retry-After` says.
    RetryAfter,
    /// A search for credentials is due or under way.
    Credentials,
    /// The last search for credentials has found none, and it is too early for the next one.
    NoCredentials,
}

impl Why {
    /// The same as one word, for logs and counters.
    ///
    /// ```
    /// assert_eq!(tc3_core::report::Why::RetryAfter.as_str(), "retry_after");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Throttled => "throttled",
            Self::Backoff => "backoff",
            Self::RetryAfter => "retry_after",
            Self::Credentials => "credentials",
            Self::NoCredentials => "no_credentials",
        }
    }
}
