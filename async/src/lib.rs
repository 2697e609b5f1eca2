//! Tencent Cloud's API 3.0 over hyper and tokio: async calls, and walks as streams.
//!
//! [`tc3_core`] decides what to send and how long to wait; this crate sends and waits.
//! It needs a tokio runtime with time and IO, such as that of `#[tokio::main]`. Connections belong to the runtime that
//! opened them. Dropping a future or a stream stops its work at once.
//!
//! ```no_run
//! use tc3_async::{billing::{DescribeBillList, PayType}, Client, Credential};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let credential = Credential::new(std::env::var("TENCENTCLOUD_SECRET_ID")?, std::env::var("TENCENTCLOUD_SECRET_KEY")?)?;
//! let client = Client::new(credential);
//!
//! let january = DescribeBillList::new("2024-01-01 00:00:00".parse()?, "2024-01-31 23:59:59".parse()?);
//! let mut transactions = client.items(january.with_pay_types([PayType::DEDUCT]));
//! while let Some(transaction) = transactions.next().await {
//!     let transaction = transaction?;
//!     println!("{} {} yuan", transaction.operation_time, transaction.amount.to_yuan());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! How do I …
//!
//! - [page through everything](#page-through-everything)
//! - [resume an export](#resume-an-export)
//! - [use temporary keys, a profile, a role](#credentials)
//! - [call an action that isn't here](#an-action-of-your-own)
//! - [test offline](#test-offline)
//! - [send by another HTTP client](#another-http-client)
//! - [find out why a call failed](#why-a-call-failed), from [a log](#logs-and-metrics) too
//!
//! In the examples `send` is the service's [emulator](#test-offline). To call the real service, write `.build()` instead of
//! `.transport(send)`.
//!
//! # Page through everything
//!
//! [`items`](Client::items) returns records, [`pages`](Client::pages) whole replies with the sums and the request id,
//! [`call`](Client::call) one page. A range may have any length; a walk splits it into windows that the service accepts:
//!
//! ```
//! use futures_util::TryStreamExt;
//! use tc3_async::{
//!     billing::{DescribeAllocationSummaryByBusiness, DescribeBillList}, Client, Credential, Fen, Month, Walk,
//!     Yuan,
//! };
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! # let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! # let service = std::sync::Mutex::new(tc3_core::emulator::Emulator::new(credential.clone()));
//! # let send = move |attempt: tc3_core::Attempt| std::future::ready(service.lock().unwrap().send(&attempt));
//! let client = Client::builder().credentials(credential).transport(send);
//! let years = DescribeBillList::new("2024-01-01 00:00:00".parse()?, "2025-12-31 23:59:59".parse()?);
//! let transactions: Vec<_> = client.items(years).try_collect().await?; // all, or an error
//! let sum = Fen::checked_sum(transactions.iter().map(|transaction| transaction.amount));
//! assert_eq!((transactions.len(), sum.map(|sum| sum.to_yuan().to_string())), (1_000, Some("-313824.73".into())));
//!
//! // A list for each month, one after the other; up to four pages at once.
//! let spring = DescribeAllocationSummaryByBusiness::new(Month::new(2024, 3)?).through(Month::new(2024, 5)?)?;
//! let costs = client.pages(Walk::over(spring)).width(4).items().map_ok(|row| row.real_total_cost);
//! let costs: Vec<Yuan> = costs.try_collect().await?;
//! assert_eq!(costs.len(), 3_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Resume an export
//!
//! A [`Walk`] is the position of a walk. Store it with each page, and give it to [`pages`](Client::pages) to go on, also
//! in another process or on another machine. [`pagination::walk`] explains how schedulers and several workers use it:
//!
//! ```
//! use tc3_async::{billing::DescribeBillList, Client, Credential, Walk};
//!
//! /// Goes on from the stored walk, and stops after `most` pages, as if killed. Returns the number of records.
//! async fn export(client: &Client, stored: &mut String, most: usize) -> Result<usize, Box<dyn std::error::Error>> {
//!     let walk: Walk<DescribeBillList> = serde_json::from_str(stored)?;
//!     let (mut pages, mut count) = (client.pages(walk), 0);
//!     for _ in 0..most {
//!         let Some(page) = pages.next().await else { break };
//!         count += page?.output.transaction_list.len(); // write the records down, then:
//!         *stored = serde_json::to_string(pages.walk())?;
//!     }
//!     Ok(count)
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! # let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! # let service = std::sync::Mutex::new(tc3_core::emulator::Emulator::new(credential.clone()));
//! # let send = move |attempt: tc3_core::Attempt| std::future::ready(service.lock().unwrap().send(&attempt));
//! let client = Client::builder().credentials(credential).page_size(50).transport(send);
//! let half_year = DescribeBillList::new("2024-01-01 00:00:00".parse()?, "2024-06-30 23:59:59".parse()?);
//! let mut stored = serde_json::to_string(&Walk::from(half_year))?;
//! assert_eq!(export(&client, &mut stored, 2).await?, 100);
//! assert_eq!(export(&client, &mut stored, 99).await?, 149); // the others, each once
//! assert_eq!(export(&client, &mut stored, 99).await?, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Credentials
//!
//! [`Client::from_env`] searches the usual sources: environment, profile file, tccli, TKE, the machine's CVM role.
//! [`Client::new`] and [`Builder::credentials`] take a [`Credential`], a [`Source`](credential::Source) such as
//! `Source::named_profile("billing")`, or a [`Chain`] of several; [the guide](tc3_core::guide#keys-profiles-roles)
//! shows each of them. Credentials that expire are renewed by one call while the others go on.
//! [`set_credential`](Client::set_credential) replaces the credential in all clones of a client. Nothing is read before
//! the first call. If no source has credentials, the error names each of them.
//!
//! # An action of your own
//!
//! [`call`](Client::call) takes any [`Action`]: a struct with the input, another with the output, and the facts of the
//! vendor's page. If it implements [`Paginate`], [`items`](Client::items) and [`pages`](Client::pages) walk over it.
//! [The guide](tc3_core::guide#an-action-of-ones-own) shows both, and [`Untyped`], a call without types.
//!
//! # Logs and metrics
//!
//! Calls and walks report each attempt, each wait and its reason, and each result through
//! [`tracing`](https://docs.rs/tracing), never a secret. [`trace`](core::trace) documents all names and fields,
//! [the line](core::trace#logs-and-a-ticket-for-support) that the vendor's support asks for, and
//! [counters](core::trace#metrics) of calls, retries and waits.
//!
//! # Test offline
//!
//! A transport answers attempts, so the service's emulator (feature `emulator`) can be one, without a socket:
//!
#![cfg_attr(feature = "emulator", doc = "```")]
#![cfg_attr(not(feature = "emulator"), doc = "```ignore")]
//! use std::sync::Mutex;
//! use futures_util::TryStreamExt;
//! use tc3_async::{
//!     billing::DescribeAllocationSummaryByBusiness, emulator::{Emulator, Fault, When}, Attempt, Client, Credential, Month,
//! };
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! let service = Emulator::new(credential.clone()).with_records(25).with_fault(When::At(2), Fault::Lost);
//! let service = Mutex::new(service);
//! let send = move |attempt: Attempt| std::future::ready(service.lock().unwrap().send(&attempt));
//! let client = Client::builder().credentials(credential).page_size(10).transport(send);
//!
//! let month = DescribeAllocationSummaryByBusiness::new(Month::new(2024, 2)?);
//! let pages: Vec<_> = client.pages(month.clone()).try_collect().await?; // one request was retried
//! assert_eq!(pages.len(), 3);
//! let records: Vec<_> = client.items(month.clone()).try_collect().await?;
//! assert_eq!(records.len(), 25);
//! // The emulator verifies signatures.
//! client.set_credential(Credential::new("AKIDEXAMPLE", "another-key")?);
//! assert!(client.call(&month).await.unwrap_err().is_denied());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Waits take real time, unless the test calls
//! `tokio::time::pause`; [the guide](tc3_core::guide#test-offline) shows tests without a clock, and the frequency limits.
//! Over a socket, the module `serve` and `cargo run -p tc3-async --features emulator --example emulator` serve the
//! emulator; `Client::builder().endpoint("http://127.0.0.1:8080".parse()?)` calls it.
//!
//! # Another HTTP client
//!
//! [`Builder::transport`] takes a closure or an `impl` of [`Transport`].
//! [The guide](tc3_core::guide#a-client-of-ones-own) says what it has to do, and shows a run loop without this crate. It
//! has TLS and the connect timeout of its own.
//!
//! # Why a call failed
//!
//! The variant of an [`Error`] says what happened, [`cause`](Error::cause) returns the error of the last attempt, and
//! [`remedy`](Error::remedy) says what to do. [The guide](tc3_core::guide#why-a-call-failed) explains the variants and the
//! predicates. `source()` leads down to the operating system's error, which `Display` doesn't repeat: print the whole
//! chain.
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | `emulator` | the module [`emulator`](tc3_core::emulator), an emulator of the service for tests, and `serve`, which serves it on a socket |

mod client;
mod connect;
mod credentials;
#[cfg(feature = "emulator")]
pub mod serve;
mod stream;
mod transport;

pub use client::{Builder, Client};
pub use stream::{Items, Pages};
#[cfg(feature = "emulator")]
pub use tc3_core::emulator;
pub use tc3_core::{
    self as core, Action, Attempt, BeijingTime, Chain, CompactDate, Credential, Error, Fen,
    Invalid, Month, Outcome, Paginate, Region, Remedy, Reply, Settings, UnixTime, Untyped, Walk,
    Yuan, billing, credential, essbasic, pagination, sts,
};
pub use transport::Transport;
