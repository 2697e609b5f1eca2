//! The run loop: what core asks of its driver, and what each order of calls means.
//!
//! A [`Flow`] is a call or a walk as a value. Its driver does what [`step`](Flow::step) says and tells
//! [`handle`](Flow::handle) what came of a send, until there is a result:
//!
//! ```
//! use tc3_core::{Call, Credential, Flow, Failure, Now, Session, Step, Untyped};
//!
//! # fn send(_: tc3_core::Attempt) -> tc3_core::Outcome { Err(Failure::not_sent("no network here")) }
//! # fn sleep(_: core::time::Duration) {}
//! # fn now() -> Now { Now::new(tc3_core::UnixTime::new(1_551_113_065), core::time::Duration::ZERO, 0) }
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
//! Every order of calls has a meaning, and none panics:
//!
//! - `step` before a wait is over: a wait for what is left of it.
//! - `step` while a send is out: that attempt was abandoned, and nobody knows whether it took effect.
//! - `handle` with no send out: ignored.
//! - `step` after the end: the end again; a [`Call`] says [`Error::Ended`](crate::Error::Ended),
//!   [`Pages`](crate::Pages) say `None`.
//!
//! A session that was made of a [`Chain`](crate::Chain) has to look for its credentials. There, a [`Driver`] around the
//! flow says in one loop what to read, to send and to wait for; it asks [`Session::search`] before each wait.
//!
//! Only `step` sees time and what calls share, and it is short, so a lock around it is held for about a
//! microsecond. `handle` decodes, without the lock.

mod call;
pub(crate) mod clock;
mod driver;
pub(crate) mod rate_limit;
pub(crate) mod retry;

use core::{fmt, time::Duration};

pub use call::Call;
pub(crate) use call::Hints;
pub use driver::{Driver, DriverStep};
pub use retry::Retry;

use bytes::Bytes;
use http::HeaderName;

use crate::{Failure, Session, UnixTime, proxy::ProxyUrl, trace, wire::request};

/// A call or a walk, driven from outside. Sealed: core's own flows alone implement it.
pub trait Flow: sealed::Sealed {
    /// The flow's result.
    type Output;

    /// Returns what is to be done next.
    fn step(&mut self, session: &mut Session, now: Now) -> Step<Self::Output>;

    /// Takes what came of the send that the last [`Step::Send`] asked for.
    fn handle(&mut self, outcome: Outcome);
}

pub(crate) mod sealed {
    /// Keeps [`Flow`](super::Flow) open to growth.
    pub trait Sealed {}
}

/// What is to be done next.
#[must_use = "a step says what is to be done, and nothing happens unless it is"]
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a step lives for a moment on the stack; a box would cost each call an allocation"
)]
pub enum Step<T> {
    /// Send this, then call [`Flow::handle`].
    Send(Attempt),
    /// Wait this long, then call [`Flow::step`] again.
    Wait(Duration),
    /// The flow has ended with this result.
    Done(T),
}

/// A request to be sent once, and its bounds.
#[derive(Clone)]
#[non_exhaustive]
pub struct Attempt {
    /// The signed request: absolute URI, all headers but those of the connection.
    pub request: http::Request<Bytes>,
    /// How long it may take from now on until the whole answer is there; never zero, at most a day.
    pub timeout: Duration,
    /// The largest body to take, in bytes. Read at most one byte more: core sees by it that there is more.
    pub max_body: usize,
    /// The proxy to send it through, by a tunnel (`CONNECT`); `None` is a direct connection.
    pub proxy: Option<ProxyUrl>,
    /// Whether it must be sent from this machine itself: its metadata endpoint answers nobody else. It has no proxy.
    pub direct: bool,
    /// Whether its body, or that of its answer, has a key or a token in it, so that neither is to be logged.
    pub confidential: bool,
    /// How many times this request was sent, this time included.
    pub number: u32,
    /// Whether it asks for credentials to make the call with.
    pub for_credentials: bool,
    #[cfg_attr(
        not(feature = "tracing"),
        expect(dead_code, reason = "nothing is told")
    )]
    pub(crate) scope: trace::Scope,
}

impl fmt::Debug for Attempt {
    /// Not the body, which may hold a token.
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
    /// The longest [`timeout`](Self::timeout) there is, so that adding it to a clock can't overflow.
    pub const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

    /// The action that is asked for; `None` of the metadata endpoint.
    pub fn action(&self) -> Option<&str> {
        self.header(request::ACTION)
    }

    /// The region that is named, if one is.
    pub fn region(&self) -> Option<&str> {
        self.header(request::REGION)
    }

    /// The span of the call, for a transport to enter while it sends: what an HTTP library tells belongs there.
    #[cfg(feature = "tracing")]
    pub const fn span(&self) -> &tracing::Span {
        &self.scope
    }

    fn header(&self, name: HeaderName) -> Option<&str> {
        let value = self.request.headers().get(name);
        value.and_then(|value| value.to_str().ok())
    }
}

/// What came of a send: the answer, whatever its status and body, or how it failed.
pub type Outcome = Result<http::Response<Bytes>, Failure>;

/// All of the outside world that core ever sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Now {
    /// The wall clock, for signing.
    pub unix: UnixTime,
    /// A clock that never goes back, from any beginning, for waits and deadlines.
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
