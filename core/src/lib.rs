//! Tencent Cloud's API 3.0 as a protocol without IO: signed requests, exact answers, complete walks over lists.
//!
//! One invariant: **this crate decides everything and does nothing**. It has no sockets, files, clock, random numbers,
//! environment or threads. It computes what to send, how to sign it, what the answer means and what comes next; a
//! driver does the IO. `tc3-blocking` (ureq) and `tc3-async` (hyper) are two drivers, for most programs the crates to
//! use. Your own HTTP stack can be another:
//!
//! ```
//! use tc3_core::{
//!     Attempt, Call, Credential, Error, Flow, Now, Outcome, Session, Step,
//!     billing::DescribeBillList,
//! };
//! # use core::time::Duration;
//! # use tc3_core::UnixTime;
//!
//! /// Returns the number of transactions; `send` is your HTTP client.
//! fn count(
//!     list: &DescribeBillList,
//!     credential: Credential,
//!     mut send: impl FnMut(Attempt) -> Outcome,
//!     now: impl Fn() -> Now,
//! ) -> Result<Option<u64>, Error> {
//!     let mut session = Session::new(credential);
//!     let mut call = Call::new(list);
//!     loop {
//!         match call.step(&mut session, now()) {
//!             Step::Send(attempt) => call.handle(send(attempt)),
//!             Step::Wait(delay) => std::thread::sleep(delay),
//!             Step::Done(reply) => return Ok(reply?.output.total),
//!         }
//!     }
//! }
//! # let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! # let january = DescribeBillList::new(
//! #     "2024-01-01 00:00:00".parse()?,
//! #     "2024-01-31 23:59:59".parse()?,
//! # );
//! # let answer = br#"{"Response": {"TransactionList": [], "Total": 0, "RequestId": "1"}}"#;
//! # let send = |_| Ok(http::Response::new(answer.as_slice().into()));
//! # let now = || Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
//! # assert_eq!(count(&january, credential, send, now)?, Some(0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ```toml
//! [dependencies]
//! tc3-core = "0.1"
//! ```
//!
#![doc = concat!("Rust ", env!("CARGO_PKG_RUST_VERSION"), " or later; `no_std` with `alloc`.")]
//!
//! # The run loop
//!
//! 1. Make a [`Session`], which holds the state that calls share, and a flow: a [`Call`] of an [`Action`], or [`Pages`]
//!    to walk a list.
//! 2. Call [`Flow::step`] with the session and the time.
//! 3. On [`Step::Send`], send the request, and call [`Flow::handle`] with the answer or a [`Failure`]. On
//!    [`Step::Wait`], wait. On [`Step::Done`], take the result.
//! 4. Go to 2.
//!
//! [`flow`] has a diagram of the loop and of a call's states. [The guide](guide#a-client-of-ones-own) has the whole
//! driver, blocking and async, and what your HTTP client has to do.
//!
//! # How do I …
//!
//! … walk over all pages, resume an export, use temporary keys, or fetch several pages at once with a client? The front
//! pages of `tc3-blocking` and `tc3-async` begin with that. With core alone:
//!
//! - [send by my own HTTP client](guide#a-client-of-ones-own), blocking or async
//! - [add my own action](guide#an-action-of-ones-own), and walk over its pages
//! - [resume an export](pagination::walk)
//! - [use temporary keys, a profile, a role](guide#keys-profiles-roles)
//! - [set endpoint, proxy, timeouts, limits](Settings)
//! - [store requests and answers](guide#store-and-read-back)
//! - [test offline](guide#test-offline)
//! - [find out why a call failed](guide#why-a-call-failed), from [a log](trace) too
//!
//! # Below the run loop
//!
//! Each half can be used alone: [`request::sign`](wire::request::sign) turns an action into a signed `http::Request`,
//! [`response::read`](wire::response::read) turns an answer into a [`Reply`] or an [`Error`], and [`tc3`] has every
//! stage of the signature, including the server's side with the feature `emulator`.
//!
//! # Above it
//!
//! A [`Prefetch`](pagination::Prefetch) fetches several pages of a walk at once and delivers them in order. A [`Walk`]
//! is the part of it that can be stored and continued elsewhere; see [`walk`](pagination::walk).
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | adds |
//! | --- | --- |
//! | `emulator` | `emulator`, the service in memory, for tests; in [`tc3`], the verification of signatures |
//! | `tracing` | spans and events of calls and walks: see [`trace`]. Both clients enable it |
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unwrap_used
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod action;
mod actions;
pub mod credential;
#[cfg(feature = "emulator")]
pub mod emulator;
pub mod error;
pub mod flow;
pub mod guide;
pub mod pagination;
pub mod proxy;
pub mod session;
pub mod tc3;
pub mod trace;
pub mod types;
pub mod untyped;
pub mod wire;

pub use action::{Action, Target};
pub use actions::{billing, essbasic, sts};
pub use credential::{Chain, Credential};
pub use error::{Error, Failure, Invalid, Remedy};
pub use flow::{Attempt, Call, Flow, Now, Outcome, Step};
pub use pagination::{Pages, Paginate, Walk};
pub use session::{Region, Session, Settings};
pub use types::{BeijingTime, CompactDate, Fen, Month, UnixTime, Yuan};
pub use untyped::Untyped;
pub use wire::Reply;
