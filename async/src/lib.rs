//! An async client of Tencent Cloud's API 3.0 over hyper and tokio, made for reading bills.
//!
//! It signs requests, keeps the service's frequency limits, and retries what is safe to retry. It walks over lists of
//! any length: every record once, with exact amounts, or an error that says what is missing.
//!
//! ```no_run
//! use tc3_async::{
//!     Client,
//!     billing::{DescribeBillList, PayType},
//! };
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::from_env(); // TENCENTCLOUD_SECRET_ID and _KEY, a profile, a role, …
//! let january = DescribeBillList::new(
//!     "2024-01-01 00:00:00".parse()?,
//!     "2024-01-31 23:59:59".parse()?, // Beijing time, both ends included
//! );
//! let mut transactions = client.items(january.with_pay_types([PayType::DEDUCT]));
//! while let Some(transaction) = transactions.next().await {
//!     let transaction = transaction?;
//!     println!("{} {} yuan", transaction.operation_time, transaction.amount.to_yuan());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! ```toml
//! [dependencies]
//! tc3-async = "0.1"
//! tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
//! ```
//!
#![doc = concat!("Rust ", env!("CARGO_PKG_RUST_VERSION"), " or later.")]
//!
//! How do I …
//!
//! - [page through everything](#page-through-everything)
//! - [resume an export](#resume-an-export)
//! - [use temporary keys, a profile, a role](#credentials)
//! - [set a proxy, certificate authorities, timeouts, limits](#configure), for several accounts too
//! - [call an action that isn't here](#an-action-of-your-own)
//! - [test offline](#test-offline)
//! - [send by another HTTP client](#another-http-client)
//! - [find out why a call failed](#why-a-call-failed), from [a log](#logs-and-metrics) too
//!
//! The client needs a tokio runtime with time and IO, such as that of `#[tokio::main]`. Connections belong to the
//! runtime that opened them. Dropping a future or a stream stops its work at once. [`tc3_core`] makes the decisions,
//! such as what to send and how long to wait; this crate sends and waits. All of core is [`tc3_async::core`](core).
//!
//! # Page through everything
//!
//! [`items`](Client::items) returns records, [`pages`](Client::pages) whole replies with the sums and the request id,
//! [`call`](Client::call) one page. A range may have any length; a walk splits it into windows that the service
//! accepts. Here and below, `send` is the service's [emulator](#test-offline); for the real service, write `.build()`
//! in place of `.transport(send)`. [`TryStreamExt`](https://docs.rs/futures-util) is optional: the streams have `next`
//! themselves:
//!
//! ```
//! use futures_util::TryStreamExt;
//! use tc3_async::{
//!     Client, Credential, Fen, Month, Walk, Yuan,
//!     billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
//! };
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! # let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! # let service = tc3_core::emulator::Emulator::new(credential.clone());
//! # let service = std::sync::Mutex::new(service);
//! # let send = move |attempt: tc3_core::Attempt| {
//! #     std::future::ready(service.lock().unwrap().send(&attempt))
//! # };
//! let client = Client::builder().credentials(credential).transport(send);
//! let years = DescribeBillList::new(
//!     "2024-01-01 00:00:00".parse()?,
//!     "2025-12-31 23:59:59".parse()?,
//! );
//! let transactions: Vec<_> = client.items(years).try_collect().await?; // all, or an error
//! assert_eq!(transactions.len(), 1_000);
//! let sum = Fen::checked_sum(transactions.iter().map(|transaction| transaction.amount));
//! assert_eq!(sum.unwrap().to_yuan().to_string(), "-313824.73");
//!
//! // A list for each month, one after the other; up to four pages at once.
//! let march = DescribeAllocationSummaryByBusiness::new(Month::new(2024, 3)?);
//! let spring = Walk::over(march.through(Month::new(2024, 5)?)?);
//! let rows = client.pages(spring).width(4).items();
//! let costs: Vec<Yuan> = rows.map_ok(|row| row.real_total_cost).try_collect().await?;
//! assert_eq!(costs.len(), 3_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Resume an export
//!
//! A [`Walk`] is the position of a walk. Store it with each page, and give it to [`pages`](Client::pages) to go on,
//! also in another process or on another machine. [`pagination::walk`] explains how schedulers and several workers use
//! it, and [`Walk::progress`] tells the share that is done:
//!
//! ```
//! use tc3_async::{Client, Credential, Walk, billing::DescribeBillList};
//!
//! /// Goes on from the stored walk, and stops after `most` pages, as if killed.
//! /// Returns the number of records.
//! async fn export(
//!     client: &Client,
//!     stored: &mut String,
//!     most: usize,
//! ) -> Result<usize, Box<dyn std::error::Error>> {
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
//! # let service = tc3_core::emulator::Emulator::new(credential.clone());
//! # let service = std::sync::Mutex::new(service);
//! # let send = move |attempt: tc3_core::Attempt| {
//! #     std::future::ready(service.lock().unwrap().send(&attempt))
//! # };
//! let client = Client::builder().credentials(credential).page_size(50).transport(send);
//! let half_year = DescribeBillList::new(
//!     "2024-01-01 00:00:00".parse()?,
//!     "2024-06-30 23:59:59".parse()?,
//! );
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
//! shows each of them. Credentials that expire are renewed by one call while the others go on. Poll a call until it ends,
//! or drop it: while one that searches for credentials is kept without being polled, calls that need them wait, for a
//! minute at most.
//! [`set_credential`](Client::set_credential) replaces the credential in all clones of a client. Nothing is read before
//! the first call. If no source has credentials, the error names each of them.
//!
//! # Configure
//!
//! [`Settings`] are plain values, which one function can make for all clients, blocking and async. [`Builder`] has the
//! most common ones as methods, and what only a client has: credentials and certificate authorities.
//! [`trust_also`](Builder::trust_also) adds authorities to Mozilla's roots, [`trust_only`](Builder::trust_only)
//! replaces these.
//!
//! ```
//! use std::time::Duration;
//! use tc3_async::{
//!     Client, Invalid, Settings, billing::DescribeBillList,
//!     core::{flow::Retry, session::Endpoint},
//!     credential::Source,
//! };
//!
//! /// The settings of all accounts.
//! fn settings() -> Result<Settings, Invalid> {
//!     Settings::default()
//!         // Or `INTERNATIONAL`, or `"https://gateway.example".parse()?`.
//!         .with_endpoint(Endpoint::PUBLIC)
//!         .with_deadline(Duration::from_secs(120)) // for a call, with waits and retries
//!         .with_attempt_timeout(Duration::from_secs(20)) // for one request
//!         .with_connect_timeout(Duration::from_secs(5)) // of these 20 seconds
//!         .with_retry(Retry::default().with_attempts(4))
//!         .with_rate_of::<DescribeBillList>(10) // a second, half of what is allowed
//!         .with_page_size(100)
//!         .with_proxy("http://user:password@proxy.example:3128")
//! }
//!
//! /// A client for one account.
//! fn client(account: &str) -> Result<Client, Box<dyn std::error::Error>> {
//!     let client = Client::builder()
//!         .credentials(Source::named_profile(account))
//!         .settings(settings()?) // first: it replaces all settings
//!         // .trust_also(std::fs::read("company-ca.pem")?)?, or `trust_only`
//!         .build();
//!     Ok(client)
//! }
//!
//! let (sales, research) = (client("sales")?, client("research")?);
//! assert_eq!(settings()?.deadline(), Duration::from_secs(120));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Make one client an account, and clone it wherever it is needed: clones share the credentials, the frequency limits
//! and the connections. The service's limits count for each account, so two clients of one account, or two programs,
//! would exceed them together. Proxies come from the environment by default; [`Builder::proxy`] has the rules.
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
//! [the line](core::trace#logs-and-support-tickets) that the vendor's support asks for, and
//! [counters](core::trace#metrics) of calls, retries and waits.
//!
//! # Test offline
//!
//! A transport answers attempts, so the service's emulator can be one, without a socket. It is behind the feature
//! `emulator` of this crate:
//!
//! ```toml
//! [dev-dependencies]
//! tc3-async = { version = "0.1", features = ["emulator"] }
//! ```
//!
//! A program that holds a [`Client`] doesn't notice what is behind it:
//!
//! ```
//! use std::sync::Mutex;
//! use futures_util::TryStreamExt;
//! use tc3_async::{
//!     Attempt, Client, Credential, Error, Month, Yuan,
//!     billing::DescribeAllocationSummaryByBusiness,
//!     core::emulator::{Emulator, Fault, When},
//! };
//!
//! /// A part of your program.
//! struct Costs {
//!     client: Client,
//! }
//!
//! impl Costs {
//!     async fn of(&self, month: Month) -> Result<Vec<Yuan>, Error> {
//!         let list = DescribeAllocationSummaryByBusiness::new(month);
//!         let rows = self.client.items(list);
//!         rows.map_ok(|row| row.real_total_cost).try_collect().await
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! // 25 records a month; the second answer is lost, so that request is retried.
//! let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! let service = Emulator::new(credential.clone())
//!     .with_records(25)
//!     .with_fault(When::At(2), Fault::Lost);
//! let service = Mutex::new(service);
//! let send = move |attempt: Attempt| {
//!     let outcome = service.lock().unwrap().send(&attempt);
//!     async { outcome }
//! };
//! let client = Client::builder().credentials(credential).page_size(10).transport(send);
//!
//! let costs = Costs { client };
//! assert_eq!(costs.of(Month::new(2024, 2)?).await?.len(), 25);
//! // The emulator verifies signatures.
//! let wrong = Credential::new("AKIDEXAMPLE", "another-key")?;
//! costs.client.set_credential(wrong);
//! assert!(costs.of(Month::new(2024, 2)?).await.unwrap_err().is_denied());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Waits take real time, unless the test calls `tokio::time::pause` (tokio's feature `test-util`);
//! [the guide](tc3_core::guide#test-offline) shows tests without a clock, and the frequency limits. The emulator can
//! also have several accounts (`with_account`), records up to a given day (`with_until`), and actions of your own
//! (`with_action`).
//!
//! Over a socket, the module `serve` and `cargo run -p tc3-async --features emulator --example emulator` serve the
//! emulator; `Client::builder().endpoint("http://127.0.0.1:8080".parse()?)` calls it.
//!
//! # Another HTTP client
//!
//! [`Builder::transport`] takes a closure or an `impl` of [`Transport`].
//! [The guide](tc3_core::guide#a-client-of-ones-own) says what it has to do, and shows a run loop without this crate.
//! Such a transport has its own TLS and connect timeout.
//!
//! # Why a call failed
//!
//! The variant of an [`Error`] says what happened, [`cause`](Error::cause) returns the error of the last attempt,
//! [`remedy`](Error::remedy) says what to do, and [`ticket`](Error::ticket) is the line that the vendor's support needs.
//! [The guide](tc3_core::guide#why-a-call-failed) explains the variants and the predicates. `source()` leads down to
//! the operating system's error, which `Display` doesn't repeat: print the whole chain.
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | adds |
//! | --- | --- |
//! | `emulator` | [`emulator`](tc3_core::emulator), the service in memory, for tests: the same feature of `tc3-core`; and `serve`, which serves it on a socket |
#![cfg_attr(docsrs, feature(doc_cfg))]

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
