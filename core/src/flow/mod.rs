//! The run loop: what core asks of its driver, and what each order of calls means.
//!
//! A [`Flow`] is a call or a walk as a value. Its driver does what [`step`](Flow::step) says, and passes the outcome of
//! each send to [`handle`](Flow::handle), until there is a result:
//!
//! ```text
//!                      ┌───────────────────────────────────────────────┐
//!                      ▼                                               │
//!           step(&mut session, now)                                    │
//!                      │                                               │
//!     ┌────────────────┼─────────────────────┐                         │
//!     ▼                ▼                     ▼                         │
//! Done(result)     Wait(delay)         Send(attempt)                   │
//!     │                │                     │                         │
//!     ▼                ▼                     ▼                         │
//!   return        sleep(delay)     outcome = send(attempt)             │
//!                      │                     │                         │
//!                      │                     ▼                         │
//!                      │              handle(outcome)                  │
//!                      │                     │                         │
//!                      └─────────────────────┴─────────────────────────┘
//! ```
//!
//! ```
//! use tc3_core::{Call, Credential, Failure, Flow, Now, Session, Step, Untyped};
//!
//! # fn send(_: tc3_core::Attempt) -> tc3_core::Outcome {
//! #     Err(Failure::not_sent("no network here"))
//! # }
//! # let tick = core::cell::Cell::new(core::time::Duration::ZERO);
//! # let sleep = |delay| tick.set(tick.get() + delay);
//! # let now = || Now::new(tc3_core::UnixTime::new(1_551_113_065), tick.get(), 0);
//! let mut session = Session::new(Credential::new("AKIDEXAMPLE", "not-a-real-key")?);
//! let action = Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({}));
//! let mut flow = Call::new(&action);
//! let result = loop {
//!     match flow.step(&mut session, now()) {
//!         Step::Send(attempt) => flow.handle(send(attempt)),
//!         Step::Wait(delay) => sleep(delay),
//!         Step::Done(result) => break result,
//!     }
//! };
//! assert_eq!(result.unwrap_err().to_string(), "gave up after 6 attempts");
//! # Ok::<(), tc3_core::Invalid>(())
//! ```
//!
//! # The states of a call
//!
//! ```text
//!        Call::new(&action)
//!                │
//!                ├─ invalid input ──▶ Refused ── step ─────────────────▶ Done(Err) ──┐
//!                ▼                                                                   │
//!    ┌────────▶ Ready ◀──┐                                                           │
//!    │           ├───────┘ step: Wait, for the rate limit, a backoff or credentials  │
//!    │           │                                                                   │
//!    │           ├─ step: the deadline is too near ────────────────────▶ Done(Err) ──┤
//!    │           │                                                                   │
//!    │           ▼ step: Send(attempt)                                               ▼
//!    │          Sent                                                               Ended
//!    │           │                                                                   ▲
//!    │           ▼ handle(outcome)                                                   │
//!    │       Answered                                                                │
//!    │           │                                                                   │
//!    │           ├─ step: a reply, or an error to give up on ──────▶ Done(result) ───┘
//!    │           │
//!    └───────────┴─ step: an error to retry after
//!
//!  A step in the state Sent abandons the attempt:
//!  the same as handle(Err(Failure::Unknown)) before it.
//! ```
//!
//! A walk makes one such call a page. [`Pages`](crate::Pages) return [`Step::Done`] for each page, and are driven on.
//!
//! # Any order of calls
//!
//! Every order of calls has a meaning, and none panics:
//!
//! - `step` before a wait is over: waits for the rest of it.
//! - `step` before the outcome of a send: abandons the attempt; it is unknown whether that took effect.
//! - `handle` without a send: ignored.
//! - `step` after the end: a [`Call`] returns [`Error::Ended`](crate::Error::Ended), [`Pages`](crate::Pages) return
//!   `None`.
//!
//! A session made from a [`Chain`](crate::Chain) has to search for its credentials. A [`Driver`] around the flow drives
//! the search and the flow in one loop. Before each wait it calls [`Session::search`]; if that returns a search, it steps
//! the search instead of waiting.
//!
//! Only `step` needs the session. It takes about a microsecond, and so does a lock around it. `handle` decodes the
//! answer, without the lock.

mod call;
pub(crate) mod clock;
mod driver;
mod hints;
pub(crate) mod rate_limit;
pub(crate) mod retry;

use core::{fmt, time::Duration};

pub use call::Call;
pub use driver::{Driver, DriverStep};
pub(crate) use hints::Hints;
pub use retry::Retry;

use bytes::Bytes;
use http::HeaderName;

use crate::{Failure, Session, UnixTime, proxy::ProxyUrl, trace, wire::request};

/// A call or a walk, driven from outside. Sealed: only core implements it.
pub trait Flow: sealed::Sealed {
    /// The flow's result.
    type Output;

    /// Returns what to do next.
    fn step(&mut self, session: &mut Session, now: Now) -> Step<Self::Output>;

    /// Takes the outcome of the send that the last [`Step::Send`] asked for.
    fn handle(&mut self, outcome: Outcome);
}

pub(crate) mod sealed {
    /// Only core implements [`Flow`](super::Flow), so methods can be added to it.
    pub trait Sealed {}
}

/// What to do next.
#[must_use = "nothing happens unless the driver does what the step says"]
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a step lives for a moment on the stack; a box would cost each call an allocation"
)]
pub enum Step<T> {
    /// Send this request, then call [`Flow::handle`].
    Send(Attempt),
    /// Wait this long, then call [`Flow::step`] again.
    Wait(Duration),
    /// The flow has ended with this result.
    Done(T),
}

/// A request to send once, and its limits.
#[derive(Clone)]
#[non_exhaustive]
pub struct Attempt {
    /// The signed request: an absolute URI, and all headers but those of the connection.
    pub request: http::Request<Bytes>,
    /// The time limit from now until the whole answer is there; never zero, at most a day.
    pub timeout: Duration,
    /// The largest accepted body, in bytes. Read one byte more at most, which tells core that the body is too large.
    pub max_body: usize,
    /// The proxy to send it through, by a tunnel (`CONNECT`); `None` is a direct connection.
    pub proxy: Option<ProxyUrl>,
    /// Whether it is for this machine's metadata endpoint, which answers only this machine: it has no proxy, and must not
    /// go through a tunnel of any other kind.
    pub direct: bool,
    /// Whether its body, or the answer's, contains a key or a token, so that neither may be logged.
    pub confidential: bool,
    /// The number of this attempt, from 1.
    pub number: u32,
    /// Whether it requests credentials for the call, instead of making the call.
    pub for_credentials: bool,
    #[cfg_attr(
        not(feature = "tracing"),
        expect(dead_code, reason = "nothing is told")
    )]
    pub(crate) scope: trace::Scope,
}

impl fmt::Debug for Attempt {
    /// Leaves out the body, which may contain a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("method", self.request.method())
            .field("uri", self.request.uri())
            .field("headers", self.request.headers())
            .field("body", &format_args!("{} bytes", self.request.body().len()))
            .field("timeout", &self.timeout)
            .field("max_body", &self.max_body)
            .field("proxy", &self.proxy)
            .field("direct", &self.direct)
            .field("confidential", &self.confidential)
            .field("number", &self.number)
            .field("for_credentials", &self.for_credentials)
            .finish()
    }
}

impl Attempt {
    /// The longest [`timeout`](Self::timeout). Adding it to a clock can't overflow.
    pub const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

    /// The requested action; `None` for the metadata endpoint.
    pub fn action(&self) -> Option<&str> {
        self.header(request::ACTION)
    }

    /// The requested region, if the request names one.
    pub fn region(&self) -> Option<&str> {
        self.header(request::REGION)
    }

    /// The span of the call. A transport enters it while it sends, so that events of its HTTP library belong to the
    /// call.
    #[cfg(feature = "tracing")]
    pub const fn span(&self) -> &tracing::Span {
        &self.scope
    }

    fn header(&self, name: HeaderName) -> Option<&str> {
        let value = self.request.headers().get(name);
        value.and_then(|value| value.to_str().ok())
    }
}

/// The outcome of a send: the answer, whatever its status and body, or the failure.
pub type Outcome = Result<http::Response<Bytes>, Failure>;

/// The time and some randomness: all that core sees of the outside world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Now {
    /// The wall clock, for signing.
    pub unix: UnixTime,
    /// A clock that never goes back, with any origin, for waits and deadlines. If it stands still for 1,000 steps of a
    /// call, the call ends as if its deadline had passed.
    pub tick: Duration,
    /// 64 bits that differ from step to step, for jitter. They need not be secret.
    pub entropy: u64,
}

impl Now {
    /// The given moment.
    pub const fn new(unix: UnixTime, tick: Duration, entropy: u64) -> Self {
        Self {
            unix,
            tick,
            entropy,
        }
    }
}
