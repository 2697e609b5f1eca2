//! Tencent Cloud's API 3.0 as a protocol you can hold: signed requests, exact answers, complete walks.
//!
//! One invariant: **this crate decides everything and does nothing**. It has no sockets, files, clock, random numbers,
//! environment or threads. It computes what to send, how to sign it, what the answer means and what comes next; a
//! driver does the IO. `tc3-blocking` (ureq) and `tc3-async` (hyper) are two drivers, and your own HTTP stack can be
//! another.
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
//! [`flow`] has a diagram of the loop and of a call's states. Here the service is the `Emulator` of the feature
//! `emulator`, so the loop needs no network:
//!
#![cfg_attr(feature = "emulator", doc = "```")]
#![cfg_attr(not(feature = "emulator"), doc = "```ignore")]
//! use core::time::Duration;
//! use tc3_core::{
//!     billing::DescribeBillList, emulator::Emulator, Call, Credential, Flow, Now, Session, Step, UnixTime,
//! };
//!
//! let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! let mut service = Emulator::new(credential.clone());
//! let mut session = Session::new(credential);
//!
//! let action = DescribeBillList::new("2024-01-01 00:00:00".parse()?, "2024-01-31 23:59:59".parse()?);
//! let mut call = Call::new(&action);
//! let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
//! let reply = loop {
//!     match call.step(&mut session, now) {
//!         Step::Send(attempt) => call.handle(Ok(service.handle(now.unix, &attempt.request))),
//!         Step::Wait(_) => {} // time is what we say it is
//!         Step::Done(result) => break result?,
//!     }
//! };
//! assert_eq!(Some(reply.output.transaction_list.len() as u64), reply.output.total);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
