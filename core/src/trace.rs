//! Spans and events of calls and walks for [`tracing`](https://docs.rs/tracing), with the feature `tracing`: each
//! attempt, each wait and its reason, and the result of each call. They contain no secret; a service's message is shown
//! unchanged.
//!
//! Both clients enable the feature. A program sees the events once it has a subscriber, e.g. by
//! `tracing_subscriber::fmt().with_writer(std::io::stderr).init()`. Failed calls have the level warn, everything else
//! has debug, which `.with_max_level(tracing::Level::DEBUG)` shows. HTTP libraries have logs of their own: at the level
//! trace, ureq logs every byte that it sends, signatures and tokens included. Filter it by `ureq=info,ureq_proto=info`.
//!
//! # Spans and events
//!
//! Targets, names and fields are part of the interface: within a version, some may be added, none is removed or changes
//! its meaning.
//!
//! | target | level | what | fields |
//! | --- | --- | --- | --- |
//! | `tc3::call` | debug | span `tc3.call`: a call, until its result | `service`, `action`; `region` once it is sent; `attempts`, `request_id`, `outcome` at its end |
//! | `tc3::call` | debug | event `call done` | `service`, `action`, `region`, `attempts`, `latency_ms`, `outcome`, `request_id` |
//! | `tc3::call` | debug | event `call abandoned`, when it was dropped | `attempts`, `latency_ms`, `outcome` |
//! | `tc3::call` | warn | event `call failed` | those of `call done`, `code`, `error` |
//! | `tc3::attempt` | debug | event `attempt`, when it ends | `attempt`, `action`, `region`, `host`, `for_credentials`, `bytes_sent`, `status`, `bytes_received`, `latency_ms`, `outcome`, `request_id`, `code`, `error` |
//! | `tc3::wait` | debug | event `wait`, when it begins | `wait_ms`, `why`, `for_credentials`, `next_attempt` unless it is for credentials; of the last attempt: `outcome`, `request_id`, `code` |
//! | `tc3::credentials` | trace | event `look`: a variable or file | `lookup`, `found` |
//! | `tc3::credentials` | debug | event `credentials found` | `source` |
//! | `tc3::credentials` | warn | event `passed over`, when credentials are found: a default file that can't be read, an invalid region | `source`, `error` |
//! | `tc3::credentials` | warn | event `credentials not found`; the current ones may still be valid | `error` |
//! | `tc3::walk` | debug | span `tc3.walk`: a walk, around its calls | `service`, `action`; `pages`, `delivered`, `outcome` at its end |
//! | `tc3::walk` | debug | event `page`, when it is delivered | `page`: its number in this walk, from 1; `delivered`, `total`: numbers of records; `request_id` |
//! | `tc3::walk` | debug | event `walk done`; `walk abandoned` when it was dropped | `pages`, `delivered`, `outcome` |
//! | `tc3::walk` | warn | event `walk failed` | the same, `service`, `action`, `total`, `request_id`, `code`, `error` |
//!
//! - A call ends with exactly one event of `tc3::call`, a walk with exactly one of `tc3::walk`. A call that ends a walk
//!   writes both.
//! - `attempt` counts from 1, so attempts above 1 are retries. Requests for credentials (a role, a machine's metadata
//!   endpoint) count separately and have `for_credentials`.
//! - Bytes are those of bodies. Milliseconds are rounded down.
//! - `outcome` is `ok`, `abandoned` or one of [`Error::name`](crate::Error::name).
//! - `why` is `rate`: the action's rate is used up for this second; `throttled`: the service has throttled the action,
//!   so all its calls rest; `backoff`: the delay before another attempt; `retry_after`: the same, as long as the
//!   answer's `Retry-After` says; `credentials`: another call is searching for them; `no_credentials`: the last search
//!   found none, and it is too early for the next one.
//! - Fields without a value are left out.
//! - Time is that of each step's [`Now`](crate::Now). Events are written within the step, while a driver with a shared
//!   session holds its lock. So a subscriber must not make calls of the same client.
//!
//! # Logs and support tickets
//!
//! The line of a failed call:
//!
#![cfg_attr(feature = "tracing", doc = "```")]
#![cfg_attr(not(feature = "tracing"), doc = "```ignore")]
//! use core::time::Duration;
//! use std::{io, sync::{Arc, Mutex}};
//! use tc3_core::{billing::DescribeBillList, Call, Credential, Flow, Now, Session, Step, UnixTime};
//!
//! # #[derive(Clone, Default)]
//! # struct Log(Arc<Mutex<Vec<u8>>>);
//! # impl io::Write for Log {
//! #     fn write(&mut self, text: &[u8]) -> io::Result<usize> { self.0.lock().unwrap().write(text) }
//! #     fn flush(&mut self) -> io::Result<()> { Ok(()) }
//! # }
//! # let log = Log::default();
//! # let file = log.clone();
//! tracing_subscriber::fmt().with_ansi(false).with_writer(move || file.clone()).init();
//!
//! let mut session = Session::new(Credential::new("AKIDEXAMPLE", "not-a-real-key")?);
//! let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
//! let january = DescribeBillList::new("2024-01-01 00:00:00".parse()?, "2024-01-31 23:59:59".parse()?);
//! let mut call = Call::new(&january);
//! let Step::Send(_) = call.step(&mut session, now) else { panic!() };
//! let answer = br#"{"Response": {"Error": {"Code": "UnauthorizedOperation.CamNoAuth", "Message": "not allowed"}, "RequestId": "5e1f"}}"#;
//! call.handle(Ok(http::Response::new(answer.as_slice().into())));
//! let Step::Done(Err(_)) = call.step(&mut session, now) else { panic!() };
//!
//! # let line = String::from_utf8(log.0.lock().unwrap().clone())?;
//! let (time, rest) = line.trim().split_once("Z ").unwrap();
//! assert_eq!(time.len(), "2024-02-01T08:00:00.000000".len()); // in UTC
//! let (before, after) = rest.split_once(" latency_ms=").unwrap();
//! assert_eq!(
//!     before.trim(),
//!     r#"WARN tc3::call: call failed service="billing" action="DescribeBillList" attempts=1"#,
//! );
//! let (_, after) = after.split_once(' ').unwrap();
//! assert_eq!(
//!     after,
//!     "outcome=\"denied\" request_id=\"5e1f\" code=\"UnauthorizedOperation.CamNoAuth\" \
//!      error=the service refused: UnauthorizedOperation.CamNoAuth: not allowed (RequestId 5e1f)",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A ticket for the vendor's support needs the `request_id`, the time of the line and the `action`; the `region` and
//! the `code` help. Leave out keys, signatures and bodies. Without a request id, the service has not answered, and the
//! `error` tells the reason: then give the `host` and the causes in `tc3::attempt` (level debug) to whoever runs the
//! network.
//!
//! # Metrics
//!
//! Counters of calls, retries, throttles and waits come from the same events, for any metrics library:
//!
#![cfg_attr(feature = "tracing", doc = "```")]
#![cfg_attr(not(feature = "tracing"), doc = "```ignore")]
//! use std::sync::{Arc, atomic::{AtomicU64, Ordering::Relaxed}};
//! use tracing::{Event, Subscriber, field::{Field, Visit}};
//! use tracing_subscriber::{Layer, layer::{Context, SubscriberExt}};
//! # use core::time::Duration;
//! # use tc3_core::{Call, Credential, Flow, Now, Session, Step, UnixTime, Untyped};
//!
//! #[derive(Default)]
//! struct Metrics { calls: AtomicU64, failures: AtomicU64, retries: AtomicU64, throttles: AtomicU64, wait_ms: AtomicU64 }
//!
//! struct Count(Arc<Metrics>);
//!
//! impl<S: Subscriber> Layer<S> for Count {
//!     fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
//!         let target = event.metadata().target();
//!         if target == "tc3::call" {
//!             self.0.calls.fetch_add(1, Relaxed);
//!         }
//!         event.record(&mut One { metrics: &self.0, target });
//!     }
//! }
//!
//! struct One<'a> { metrics: &'a Metrics, target: &'a str }
//!
//! impl Visit for One<'_> {
//!     fn record_u64(&mut self, field: &Field, value: u64) {
//!         match (self.target, field.name()) {
//!             ("tc3::attempt", "attempt") if value > 1 => self.metrics.retries.fetch_add(1, Relaxed),
//!             ("tc3::wait", "wait_ms") => self.metrics.wait_ms.fetch_add(value, Relaxed),
//!             _ => 0,
//!         };
//!     }
//!
//!     fn record_str(&mut self, field: &Field, value: &str) {
//!         match (self.target, field.name(), value) {
//!             ("tc3::attempt", "outcome", "throttled") => self.metrics.throttles.fetch_add(1, Relaxed),
//!             ("tc3::call", "outcome", outcome) if outcome != "ok" => self.metrics.failures.fetch_add(1, Relaxed),
//!             _ => 0,
//!         };
//!     }
//!
//!     fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
//! }
//!
//! let metrics = Arc::new(Metrics::default());
//! let subscriber = tracing_subscriber::registry().with(Count(Arc::clone(&metrics)));
//! # let _until_the_end = tracing::subscriber::set_default(subscriber);
//! # #[cfg(any())]
//! tracing::subscriber::set_global_default(subscriber)?;
//!
//! // The first answer is a throttle, the second one is not.
//! # let answers = [
//! #     r#"{"Response": {"Error": {"Code": "RequestLimitExceeded", "Message": "slow down"}, "RequestId": "1"}}"#,
//! #     r#"{"Response": {"RequestId": "2"}}"#,
//! # ];
//! # let mut answers = answers.iter().map(|answer| Ok(http::Response::new(answer.as_bytes().into())));
//! # let mut session = Session::new(Credential::new("AKIDEXAMPLE", "not-a-real-key")?);
//! # let mut now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
//! let mut call = Call::new(&Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({})));
//! # loop {
//! #     match call.step(&mut session, now) {
//! #         Step::Send(_) => call.handle(answers.next().unwrap()),
//! #         Step::Wait(delay) => now.tick += delay,
//! #         Step::Done(result) => break drop(result?),
//! #     }
//! # }
//! let counted = |counter: &AtomicU64| counter.load(Relaxed);
//! assert_eq!((counted(&metrics.calls), counted(&metrics.failures)), (1, 0));
//! assert_eq!((counted(&metrics.retries), counted(&metrics.throttles)), (1, 1));
//! assert_eq!(counted(&metrics.wait_ms), 1_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(not(feature = "tracing"))]
pub(crate) use off::{Call, Scope, Walk};
#[cfg(feature = "tracing")]
pub(crate) use on::{Call, Scope, Walk};

#[cfg(feature = "tracing")]
mod on {
    use alloc::string::{String, ToString};
    use core::{fmt::Display, mem, time::Duration};

    use tracing::field::{DisplayValue, Empty, display};
    use tracing::{Level, Span, debug, debug_span, enabled, trace, warn};

    use crate::{
        Attempt, Error, Outcome, Paginate, Reply, Target,
        credential::{Looked, Lookup, NoCredentials, Tried},
        error::Refusal,
    };

    /// The span of events.
    pub(crate) type Scope = Span;

    /// The request id of a reply, or the error.
    type ReplyId<'a> = Result<&'a str, &'a Error>;

    /// The span and the events of a call, or the events of a search for credentials.
    #[derive(Debug)]
    pub(crate) struct Call {
        pub(crate) scope: Scope,
        for_credentials: bool,
        /// Time from the first step to the last one.
        elapsed: Duration,
        attempts: u32,
        region: Option<String>,
        /// The attempt in flight, and when it was sent.
        sent: Option<(Attempt, Duration)>,
        /// Status and size of its answer.
        answer: Option<(u16, usize)>,
        ended: bool,
    }

    impl Call {
        pub(crate) fn new(target: &Target) -> Self {
            let span = debug_span!(
                target: "tc3::call", "tc3.call",
                service = &*target.service, action = &*target.action, region = Empty,
                attempts = Empty, request_id = Empty, outcome = Empty,
            );
            Self::within(span, false)
        }

        /// A search for credentials or one of its requests, in the span of the call.
        pub(crate) const fn for_credentials(scope: Scope) -> Self {
            Self::within(scope, true)
        }

        const fn within(scope: Scope, for_credentials: bool) -> Self {
            Self {
                scope,
                for_credentials,
                elapsed: Duration::ZERO,
                attempts: 0,
                region: None,
                sent: None,
                answer: None,
                ended: for_credentials,
            }
        }

        /// A step begins.
        pub(crate) const fn step(&mut self, elapsed: Duration) {
            self.elapsed = elapsed;
        }

        pub(crate) fn send(&mut self, attempt: &Attempt) {
            self.attempts = attempt.number;
            if let (None, Some(region)) = (&self.region, attempt.region())
                && !self.for_credentials
                && enabled!(target: "tc3::call", Level::WARN)
            {
                self.scope.record("region", region);
                self.region = Some(region.into());
            }
            let is_enabled = enabled!(target: "tc3::attempt", Level::DEBUG);
            self.sent = is_enabled.then(|| (attempt.clone(), self.elapsed));
            self.answer = None;
        }

        pub(crate) fn answer(&mut self, outcome: &Outcome) {
            let answer = outcome.as_ref().ok();
            self.answer = answer.map(|it| (it.status().as_u16(), it.body().len()));
        }

        /// The attempt in flight has ended; `None` for one to the metadata endpoint, which has no reply.
        pub(crate) fn attempt(&mut self, result: Option<ReplyId<'_>>) {
            let Some((sent, since)) = self.sent.take() else {
                return;
            };
            let _in = self.scope.enter();
            debug!(
                target: "tc3::attempt",
                attempt = sent.number, action = sent.action(), region = sent.region(),
                host = sent.request.uri().host(), for_credentials = self.for_credentials,
                bytes_sent = sent.request.body().len(),
                status = self.answer.map(|(status, _)| status),
                bytes_received = self.answer.map(|(_, size)| size),
                latency_ms = millis(self.elapsed.saturating_sub(since)),
                outcome = result.map(outcome), request_id = result.and_then(request_id),
                code = result.and_then(code), error = result.and_then(error),
                "attempt",
            );
        }

        /// A wait begins.
        pub(crate) fn wait(&self, delay: Duration, why: &str, failed: Option<&Error>) {
            let next = (!self.for_credentials).then(|| self.attempts.saturating_add(1));
            let failed = failed.map(Err);
            let _in = self.scope.enter();
            debug!(
                target: "tc3::wait",
                wait_ms = millis(delay), why, for_credentials = self.for_credentials,
                next_attempt = next, outcome = failed.map(outcome),
                request_id = failed.and_then(request_id), code = failed.and_then(code),
                "wait",
            );
        }

        pub(crate) fn done(&mut self, target: &Target, result: ReplyId<'_>) {
            if mem::replace(&mut self.ended, true) {
                return;
            }
            macro_rules! write_event {
                ($level:ident, $message:literal) => {
                    $level!(
                        target: "tc3::call",
                        service = &*target.service, action = &*target.action,
                        region = self.region.as_deref(), attempts = self.attempts,
                        latency_ms = millis(self.elapsed), outcome = outcome(result),
                        request_id = request_id(result), code = code(result), error = error(result),
                        $message,
                    )
                };
            }
            self.scope.in_scope(|| match result {
                Ok(_) => write_event!(debug, "call done"),
                Err(_) => write_event!(warn, "call failed"),
            });
            self.record(outcome(result), request_id(result));
        }

        fn record(&self, outcome: &str, request_id: Option<&str>) {
            self.scope.record("attempts", self.attempts);
            self.scope.record("request_id", request_id);
            self.scope.record("outcome", outcome);
        }

        pub(crate) fn look(&self, lookup: &Lookup, looked: &Looked) {
            let (_in, found) = (self.scope.enter(), matches!(looked, Ok(Some(_))));
            trace!(target: "tc3::credentials", ?lookup, found, "look");
        }

        /// The search has ended, with the source of the credentials or without any.
        pub(crate) fn searched(&self, result: Result<&str, &NoCredentials>, passed_over: &[Tried]) {
            let _in = self.scope.enter();
            for Tried { source, reason, .. } in passed_over.iter().filter(|_| result.is_ok()) {
                let (source, error) = (&**source, one_line(reason));
                warn!(target: "tc3::credentials", source, %error, "passed over");
            }
            match result.map_err(one_line) {
                Ok(source) => debug!(target: "tc3::credentials", source, "credentials found"),
                Err(error) => warn!(target: "tc3::credentials", %error, "credentials not found"),
            }
        }
    }

    impl Drop for Call {
        fn drop(&mut self) {
            if !self.ended {
                let (_in, latency_ms) = (self.scope.enter(), millis(self.elapsed));
                let (attempts, outcome) = (self.attempts, "abandoned");
                debug!(target: "tc3::call", attempts, latency_ms, outcome, "call abandoned");
                self.record(outcome, None);
            }
        }
    }

    /// The span and the events of a walk.
    #[derive(Debug)]
    pub(crate) struct Walk {
        pub(crate) scope: Scope,
        pages: u64,
        delivered: u64,
        ended: bool,
    }

    impl Walk {
        pub(crate) fn new<A: Paginate>(walk: &crate::Walk<A>) -> Self {
            let target = walk.list().map(|list| list.target());
            let target = target.as_ref();
            Self {
                scope: debug_span!(
                    target: "tc3::walk", "tc3.walk",
                    service = target.map(|it| &*it.service), action = target.map(|it| &*it.action),
                    pages = Empty, delivered = Empty, outcome = Empty,
                ),
                pages: 0,
                delivered: walk.delivered(),
                ended: false,
            }
        }

        /// A page was delivered, or the error that ends the walk.
        pub(crate) fn page<A: Paginate>(
            &mut self,
            walk: &crate::Walk<A>,
            page: &Result<Reply<A::Output>, Error>,
        ) {
            self.delivered = walk.delivered();
            let (delivered, total) = (self.delivered, walk.total());
            let result = page.as_ref().map(|reply| &*reply.request_id);
            let request_id = request_id(result);
            if result.is_ok() {
                self.pages = self.pages.saturating_add(1);
                let (_in, page) = (self.scope.enter(), self.pages);
                debug!(target: "tc3::walk", page, delivered, total, request_id, "page");
                return;
            }
            let target = walk.list().map(|list| list.target());
            let target = target.as_ref();
            self.scope.in_scope(|| {
                warn!(
                    target: "tc3::walk",
                    service = target.map(|it| &*it.service), action = target.map(|it| &*it.action),
                    pages = self.pages, delivered, total, outcome = outcome(result), request_id,
                    code = code(result), error = error(result),
                    "walk failed",
                );
            });
            self.record(outcome(result));
        }

        /// The walk is complete.
        pub(crate) fn done(&mut self) {
            self.end("ok", "walk done");
        }

        fn end(&mut self, outcome: &str, message: &str) {
            let (pages, delivered) = (self.pages, self.delivered);
            self.scope
                .in_scope(|| debug!(target: "tc3::walk", pages, delivered, outcome, "{message}"));
            self.record(outcome);
        }

        fn record(&mut self, outcome: &str) {
            self.ended = true;
            self.scope.record("pages", self.pages);
            self.scope.record("delivered", self.delivered);
            self.scope.record("outcome", outcome);
        }
    }

    impl Drop for Walk {
        fn drop(&mut self) {
            if !self.ended {
                self.end("abandoned", "walk abandoned");
            }
        }
    }

    fn outcome(result: ReplyId<'_>) -> &'static str {
        result.map_or_else(Error::name, |_| "ok")
    }

    fn request_id(result: ReplyId<'_>) -> Option<&str> {
        result.map_or_else(Error::request_id, Some)
    }

    fn code(result: ReplyId<'_>) -> Option<&str> {
        result.err()?.refusal().map(Refusal::code)
    }

    /// The error and its causes in one line.
    fn error(result: ReplyId<'_>) -> Option<DisplayValue<String>> {
        let mut last: &(dyn core::error::Error + 'static) = result.err()?;
        let mut text = last.to_string();
        // `Credentials` displays its causes itself.
        while !matches!(last.downcast_ref(), Some(Error::Credentials(_)))
            && let Some(cause) = last.source()
        {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            last = cause;
        }
        Some(display(one_line(text)))
    }

    /// Escapes line ends and control characters.
    fn one_line(text: impl Display) -> String {
        let escape = |c: char| match c {
            '\u{2028}' | '\u{2029}' => c.escape_unicode().to_string(),
            c if c.is_control() => c.escape_debug().to_string(),
            c => c.into(),
        };
        text.to_string().chars().map(escape).collect()
    }

    fn millis(duration: Duration) -> u64 {
        u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Does nothing, without `tracing`.
#[cfg(not(feature = "tracing"))]
mod off {
    use core::time::Duration;

    use crate::{
        Attempt, Error, Outcome, Target,
        credential::{Looked, Lookup, NoCredentials, Tried},
    };

    #[derive(Clone, Debug)]
    pub(crate) struct Scope;

    impl Scope {
        pub(crate) fn in_scope<T>(&self, f: impl FnOnce() -> T) -> T {
            f()
        }
    }

    #[derive(Debug)]
    pub(crate) struct Call {
        pub(crate) scope: Scope,
    }

    impl Call {
        pub(crate) const fn new(_: &Target) -> Self {
            Self { scope: Scope }
        }

        pub(crate) const fn for_credentials(scope: Scope) -> Self {
            Self { scope }
        }

        pub(crate) const fn step(&mut self, _: Duration) {}
        pub(crate) const fn send(&mut self, _: &Attempt) {}
        pub(crate) const fn answer(&mut self, _: &Outcome) {}
        pub(crate) const fn attempt(&mut self, _: Option<Result<&str, &Error>>) {}
        pub(crate) const fn wait(&self, _: Duration, _: &str, _: Option<&Error>) {}
        pub(crate) const fn done(&mut self, _: &Target, _: Result<&str, &Error>) {}
        pub(crate) const fn look(&self, _: &Lookup, _: &Looked) {}
        pub(crate) const fn searched(&self, _: Result<&str, &NoCredentials>, _: &[Tried]) {}
    }

    #[derive(Debug)]
    pub(crate) struct Walk {
        pub(crate) scope: Scope,
    }

    impl Walk {
        pub(crate) const fn new<A>(_: &crate::Walk<A>) -> Self {
            Self { scope: Scope }
        }

        pub(crate) const fn page<A, T>(&mut self, _: &crate::Walk<A>, _: &Result<T, Error>) {}
        pub(crate) const fn done(&mut self) {}
    }
}
