//! Tencent Cloud's API 3.0 over ureq: blocking calls, and walks as iterators.
//!
//! [`tc3_core`] decides everything; this crate sends what it says and sleeps as long as it says.
//!
//! ```no_run
//! use tc3_blocking::{Client, Credential, DescribeBillList, PayType};
//!
//! let credential = Credential::new(std::env::var("TENCENTCLOUD_SECRET_ID")?, std::env::var("TENCENTCLOUD_SECRET_KEY")?)?;
//! let client = Client::new(credential);
//!
//! let january = DescribeBillList::new("2024-01-01 00:00:00".parse()?, "2024-01-31 23:59:59".parse()?);
//! for transaction in client.items(january.with_pay_types([PayType::DEDUCT])) {
//!     let transaction = transaction?;
//!     println!("{} {} yuan", transaction.operation_time, transaction.amount.to_yuan());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Credentials
//!
//! [`Client::from_env`] looks where people keep them, in the places of [`Chain::default`]; what expires is renewed
//! by one call while the others go on:
//!
//! ```no_run
//! use tc3_blocking::{AssumeRole, Chain, Client, Source};
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
//! use tc3_blocking::{Client, Credential, DescribeAllocationSummaryByBusiness, Month};
//! use tc3_core::{Attempt, Emulator, UnixTime};
//!
//! let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! let service = Mutex::new(Emulator::new(credential.clone()).with_records(25));
//! let client = Client::builder().credentials(credential).page_size(10).transport(move |attempt: Attempt| {
//!     let signed_at = attempt.request.headers()["x-tc-timestamp"].to_str().unwrap().parse().unwrap();
//!     Ok(service.lock().unwrap().handle(UnixTime::new(signed_at), &attempt.request))
//! });
//!
//! let month = DescribeAllocationSummaryByBusiness::new(Month::new(2024, 2)?);
//! let pages = client.pages(month.clone()).collect::<Result<Vec<_>, _>>()?;
//! assert_eq!(pages.len(), 3);
//! assert_eq!(client.items(month).count(), 25);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
mod connect;
mod covered;
mod credentials;
mod hidden;
mod pages;
mod transport;

pub use client::{Builder, Client};
pub use pages::{Items, Pages};
pub use tc3_core::{self, *};
pub use transport::{Transport, Ureq};
