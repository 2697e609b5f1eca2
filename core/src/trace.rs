//! Spans and events of calls and walks for [`tracing`](https://docs.rs/tracing), with the feature `tracing`: each
//! attempt, each wait and its reason, and the result of each call. They contain no secret; a service's message is shown
//! unchanged.
//!
//! Both clients enable the feature. A program sees the events once it has a subscriber, e.g. by
//! `tracing_subscriber::fmt().with_writer(std::io::stderr).init()`. Failed calls and walks have the level warn, each
//! failure once, and everything else has debug, which `.with_max_level(tracing::Level::DEBUG)` shows. HTTP libraries have
//! logs of their own: at the level trace, ureq logs every byte that it sends, signatures and tokens included. Filter it
//! by `ureq=info,ureq_proto=info`.
//!
//! # Spans and events
//!
//! Targets, names and fields are part of the interface: within a version, some may be added, none is removed or changes
//! its meaning.
//!
//! | target | level | what | fields |
//! | --- | --- | --- | --- |
//! | `tc3::call` | debug | span `tc3.call`: a call, until its result | `service`, `action`; `region`, `secret_id` once it is sent; `attempts`, `request_id`, `outcome` at its end |
//! | `tc3::call` | debug | event `call done` | `service`, `action`, `region`, `secret_id`, `attempts`, `latency_ms`, `outcome`, `request_id` |
//! | `tc3::call` | debug | event `call abandoned`, when it was dropped | `attempts`, `latency_ms`, `outcome` |
//! | `tc3::call` | warn; debug in a walk | event `call failed` | those of `call done`, `code`, `error` |
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
//!   writes both, but at the level warn only `walk failed`, which has the call's `error`.
//! - `secret_id` is the id of the key that signed the last attempt, a temporary key's too. It tells accounts apart, and
//!   is no secret.
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
//! The line of a failed call, after its time, which comes first (one line, broken here):
//!
#![cfg_attr(feature = "tracing", doc = "```")]
#![cfg_attr(not(feature = "tracing"), doc = "```ignore")]
//! # use core::time::Duration;
//! # use std::{
//! #     io,
//! #     sync::{Arc, Mutex},
//! # };
//! # use tc3_core::{
//! #     Call, Credential, Flow, Now, Session, Step, UnixTime, billing::DescribeBillList,
//! # };
//! # #[derive(Clone, Default)]
//! # struct Log(Arc<Mutex<Vec<u8>>>);
//! # impl io::Write for Log {
//! #     fn write(&mut self, text: &[u8]) -> io::Result<usize> {
//! #         self.0.lock().unwrap().write(text)
//! #     }
//! #     fn flush(&mut self) -> io::Result<()> {
//! #         Ok(())
//! #     }
//! # }
//! # let log = Log::default();
//! # let file = log.clone();
//! # let output = move || file.clone();
//! # tracing_subscriber::fmt().with_writer(output).with_ansi(false).without_time().init();
//! # let mut session = Session::new(Credential::new("AKIDEXAMPLE", "not-a-real-key")?);
//! # let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
//! # let start = "2024-01-01 00:00:00".parse()?;
//! # let january = DescribeBillList::new(start, "2024-01-31 23:59:59".parse()?);
//! # let mut call = Call::new(&january);
//! # let Step::Send(_) = call.step(&mut session, now) else { panic!() };
//! # let answer = br#"{"Response": {
//! #     "Error": {"Code": "UnauthorizedOperation.CamNoAuth", "Message": "not allowed"},
//! #     "RequestId": "5e1f"
//! # }}"#;
//! # call.handle(Ok(http::Response::new(answer.as_slice().into())));
//! # let Step::Done(Err(_)) = call.step(&mut session, now) else { panic!() };
//! # let shown = r#"
//! WARN tc3::call: call failed service="billing" action="DescribeBillList"
//!   secret_id="AKIDEXAMPLE" attempts=1 latency_ms=0 outcome="denied" request_id="5e1f"
//!   code="UnauthorizedOperation.CamNoAuth"
//!   error=the service refused: UnauthorizedOperation.CamNoAuth: not allowed (RequestId 5e1f)
//! # "#;
//! # let written = String::from_utf8(log.0.lock().unwrap().clone())?;
//! # assert_eq!(written.lines().count(), 1);
//! # assert!(written.split_whitespace().eq(shown.split_whitespace()), "{written}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A ticket for the vendor's support needs the `request_id`, the time of the line and the `action`; the `region` and
//! the `code` help. [`Error::ticket`](crate::Error::ticket) has all but the region in one line. Leave out keys,
//! signatures and bodies. Without a request id, the service has not answered, and the `error` tells the reason: then give
//! the `host` and the causes in `tc3::attempt` (level debug) to whoever runs the network.
//!
//! # Metrics
//!
//! Counters of calls, retries, throttles and waits come from the same events, for any metrics library:
//!
#![cfg_attr(feature = "tracing", doc = "```")]
#![cfg_attr(not(feature = "tracing"), doc = "```ignore")]
//! use std::sync::{
//!     Arc,
//!     atomic::{AtomicU64, Ordering::Relaxed},
//! };
//! use tracing::{
//!     Event, Subscriber,
//!     field::{Field, Visit},
//! };
//! use tracing_subscriber::{
//!     Layer,
//!     layer::{Context, SubscriberExt},
//! };
//! #
//! # use core::time::Duration;
//! # use tc3_core::{Call, Credential, Flow, Now, Session, Step, UnixTime, Untyped};
//!
//! #[derive(Default)]
//! struct Metrics {
//!     calls: AtomicU64,
//!     failures: AtomicU64,
//!     retries: AtomicU64,
//!     throttles: AtomicU64,
//!     wait_ms: AtomicU64,
//! }
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
//! struct One<'a> {
//!     metrics: &'a Metrics,
//!     target: &'a str,
//! }
//!
//! impl Visit for One<'_> {
//!     fn record_u64(&mut self, field: &Field, value: u64) {
//!         match (self.target, field.name()) {
//!             ("tc3::attempt", "attempt") if value > 1 => {
//!                 self.metrics.retries.fetch_add(1, Relaxed)
//!             }
//!             ("tc3::wait", "wait_ms") => self.metrics.wait_ms.fetch_add(value, Relaxed),
//!             _ => 0,
//!         };
//!     }
//!
//!     fn record_str(&mut self, field: &Field, value: &str) {
//!         match (self.target, field.name(), value) {
//!             ("tc3::attempt", "outcome", "throttled") => {
//!                 self.metrics.throttles.fetch_add(1, Relaxed)
//!             }
//!             ("tc3::call", "outcome", outcome) if outcome != "ok" => {
//!                 self.metrics.failures.fetch_add(1, Relaxed)
//!             }
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
//! #     r#"{"Response": {
//! #         "Error": {"Code": "RequestLimitExceeded", "Message": "slow down"},
//! #         "RequestId": "1"
//! #     }}"#,
//! #     r#"{"Response": {"RequestId": "2"}}"#,
//! # ];
//! # let mut answers =
//! #     answers.iter().map(|answer| Ok(http::Response::new(answer.as_bytes().into())));
//! # let mut session = Session::new(Credential::new("AKIDEXAMPLE", "not-a-real-key")?);
//! # let mut now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
//! let mut call =
//!     Call::new(&Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({})));
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
mod disabled;
#[cfg(feature = "tracing")]
mod enabled;

#[cfg(not(feature = "tracing"))]
pub(crate) use disabled::{Call, Scope, Walk};
#[cfg(feature = "tracing")]
pub(crate) use enabled::{Call, Scope, Walk};
