//! Tencent Cloud's API 3.0 over hyper and tokio: async calls, and walks as streams.
//!
//! [`tc3_core`] decides everything; this crate sends what it says and sleeps as long as it says.
//! Dropping a future or a stream stops its work at once.
//!
//! ```no_run
//! use tc3_async::{Client, Credential, DescribeBillList, PayType};
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
//! # Credentials
//!
//! [`Client::from_env`] looks where people keep them, in the places of [`Chain::default`]; what expires is renewed
//! by one call while the others go on:
//!
//! ```no_run
//! use tc3_async::{AssumeRole, Chain, Client, Source};
//!
//! // Environment, profile file, tccli, TKE, CVM role.
//! let client = Client::from_env();
//! // Some of these, in the same order.
//! let client = Client::builder().credentials(Chain::default().without_cvm_role()).build();
//! // A role, taken with what a profile holds.
//! let auditor = AssumeRole::new("qcs::cam::uin/100000000001:roleName/auditor", "monthly-report");
//! let client = Client::new(Source::role(auditor, Source::named_profile("billing")));
//! ```
//!
//! # Test offline
//!
//! A transport is anything that answers an attempt, so the service's emulator can be plugged in
//! without a socket (feature `emulator` of `tc3-core`):
//!
//! ```
//! use std::sync::Mutex;
//! use futures_util::TryStreamExt;
//! use tc3_async::{Client, Credential, DescribeAllocationSummaryByBusiness, Month};
//! use tc3_core::{Attempt, Emulator, UnixTime};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! let service = Mutex::new(Emulator::new(credential.clone()).with_records(25));
//! let client = Client::builder().credentials(credential).page_size(10).transport(move |attempt: Attempt| {
//!     let signed_at = attempt.request.headers()["x-tc-timestamp"].to_str().unwrap().parse().unwrap();
//!     std::future::ready(Ok(service.lock().unwrap().handle(UnixTime::new(signed_at), &attempt.request)))
//! });
//!
//! let month = DescribeAllocationSummaryByBusiness::new(Month::new(2024, 2)?);
//! let pages: Vec<_> = client.pages(month.clone()).try_collect().await?;
//! assert_eq!(pages.len(), 3);
//! let records: Vec<_> = client.items(month).try_collect().await?;
//! assert_eq!(records.len(), 25);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod connection;
mod credentials;
#[cfg(feature = "emulator")]
pub mod serve;
mod stream;
mod transport;

pub use client::{Builder, Client};
pub use stream::{Items, Pages};
pub use tc3_core::{self, *};
pub use transport::{Hyper, Transport};
