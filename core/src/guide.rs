//! How-tos for programs that use core alone. This module has no items.
//!
//! `tc3-blocking` and `tc3-async` are clients over core; their pages describe what is specific to them, and how to
//! configure several clients. They re-export this crate, so what is said here about actions, credentials, errors and the
//! emulator applies to them too.
//!
//! # A client of one's own
//!
//! A program with an HTTP client of its own drives a [`Flow`](crate::Flow) with it. This function is a whole client, for
//! calls and for the pages of a walk; `send` is the HTTP client. Each step needs the current time:
//!
//! ```
//! use std::time::{Duration, Instant, SystemTime};
//! use tc3_core::{Attempt, Flow, Now, Outcome, Session, Step, UnixTime};
//!
//! fn drive<F: Flow>(
//!     flow: &mut F,
//!     session: &mut Session,
//!     mut send: impl FnMut(Attempt) -> Outcome,
//! ) -> F::Output {
//!     let start = Instant::now(); // where several flows share a session: one start for all
//!     loop {
//!         let unix =
//!             SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
//!         let entropy = unix.subsec_nanos().into(); // for jitter alone
//!         let now =
//!             Now::new(UnixTime::new(unix.as_secs() as i64), start.elapsed(), entropy);
//!         match flow.step(session, now) {
//!             Step::Send(attempt) => flow.handle(send(attempt)),
//!             Step::Wait(delay) => std::thread::sleep(delay),
//!             Step::Done(output) => return output,
//!         }
//!     }
//! }
//! # use tc3_core::{Call, Credential, Error, Failure, Settings, Untyped, flow::Retry};
//! # let mut session = Session::new(Credential::new("AKIDEXAMPLE", "not-a-real-key")?)
//! #     .with_settings(Settings::default().with_retry(Retry::NEVER));
//! # let zones = Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({}));
//! # let send = |_| Err(Failure::not_sent("no network"));
//! # let error = drive(&mut Call::new(&zones), &mut session, send).unwrap_err();
//! # assert!(matches!(error, Error::Transport(Failure::NotSent(_))));
//! # Ok::<(), Error>(())
//! ```
//!
//! `send` gets an [`Attempt`](crate::Attempt) and does five things:
//!
//! 1. It sends `attempt.request` unchanged, since it is signed: the URI is absolute, and `Host` is among the headers.
//!    The client adds the headers of the connection, such as `Content-Length`. If it always writes `Host` itself, remove
//!    `Host` first: the service refuses a request that has it twice with `AuthFailure.InvalidAuthorization`. It follows
//!    no redirect, and connects through [`attempt.proxy`](crate::Attempt::proxy) if there is one.
//! 2. It keeps to `attempt.timeout`, from the connection to the body's last byte, and reads at most
//!    `attempt.max_body + 1` bytes of the body.
//! 3. It returns every answer as `Ok`, a 502 too: core reads the status. If the client turns statuses into errors,
//!    switch that off.
//! 4. It returns [`Failure::not_sent`](crate::Failure::not_sent) only if the request surely never reached the service:
//!    no address, no connection, no TLS session. If in doubt, and for every timeout after that, it returns
//!    [`Failure::unknown`](crate::Failure::unknown), so that no write is done twice. If it knows that TLS or a proxy
//!    refused, it adds [`with_obstacle`](crate::Failure::with_obstacle), which avoids useless retries.
//! 5. It keeps secrets out of logs. `Authorization` and `X-TC-Token` are marked sensitive; if
//!    [`confidential`](crate::Attempt::confidential) is true, the bodies of the request and of the answer are secret too.
//!
//! An answer is an `http::Response<bytes::Bytes>` of the crates `http` 1 and `bytes` 1. Core reads its headers
//! `Retry-After`, `Date` and `Content-Encoding`; every request accepts only the coding `identity`. A client with types
//! of its own builds one by `http::Response::builder().status(status).header(name, value).body(body.into())`.
//!
//! Async, it is the same loop with two `.await`s. Only the step locks the session, so calls can share it:
//!
//! ```
//! use std::{future::Future, sync::Mutex, time::Duration};
//! use tc3_core::{Attempt, Flow, Now, Outcome, Session, Step};
//!
//! async fn drive<F: Flow, S: Future<Output = Outcome>, W: Future<Output = ()>>(
//!     flow: &mut F,
//!     session: &Mutex<Session>,
//!     now: impl Fn() -> Now,
//!     send: impl Fn(Attempt) -> S,
//!     sleep: impl Fn(Duration) -> W,
//! ) -> F::Output {
//!     loop {
//!         let step = flow.step(&mut session.lock().unwrap(), now());
//!         match step {
//!             Step::Send(attempt) => flow.handle(send(attempt).await),
//!             Step::Wait(delay) => sleep(delay).await,
//!             Step::Done(output) => return output,
//!         }
//!     }
//! }
//! # use std::{
//! #     future::ready,
//! #     pin::pin,
//! #     task::{Context, Poll, Waker},
//! # };
//! # use tc3_core::{Call, Credential, UnixTime, Untyped};
//! # let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! # let session = Mutex::new(Session::new(credential));
//! # let zones = Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({}));
//! # let now = || Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
//! # let send = |_| {
//! #     ready(Ok(http::Response::new(
//! #         br#"{"Response":{"TotalCount":7,"RequestId":"r"}}"#.as_slice().into(),
//! #     )))
//! # };
//! # let mut call = Call::new(&zones);
//! # let driven = pin!(drive(&mut call, &session, now, send, |_| ready(())));
//! # let Poll::Ready(reply) = driven.poll(&mut Context::from_waker(Waker::noop())) else {
//! #     panic!("it waits")
//! # };
//! # assert_eq!(reply?.output.json("TotalCount"), Some("7"));
//! # Ok::<(), tc3_core::Error>(())
//! ```
//!
//! `core/examples/stacks` in the repository has both loops over reqwest, tower, attohttpc and a bare socket.
//!
//! # An action of one's own
//!
//! An action is a struct with the input, another with the output, and an `impl` of [`Action`](crate::Action). An `impl`
//! of [`Paginate`](crate::Paginate) lets walks page through its list. Field names are those of the vendor's page:
//! `PascalCase` turns `instance_id` into `InstanceId`, and `CPU` needs a `rename`.
//!
//! The crate `tc3-codegen` writes all of that from the vendor's description of a service, and `tc3-services` has what it
//! wrote for `billing` and `essbasic`.
//!
//! ```
//! use serde_json::json;
//! use tc3_core::{Action, Fen, Untyped, wire::response};
//!
//! #[derive(serde::Serialize)]
//! struct DescribeAccountBalance {}
//!
//! #[derive(serde::Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct AccountBalance {
//!     balance: Fen,
//! }
//!
//! impl Action for DescribeAccountBalance {
//!     const SERVICE: &'static str = "billing";
//!     const VERSION: &'static str = "2018-07-09";
//!     const NAME: &'static str = "DescribeAccountBalance";
//!     const REPEATABLE: bool = true; // it only reads; false is the default
//!     type Output = AccountBalance;
//! }
//!
//! let answer = r#"{"Response": {"Balance": 4200, "RequestId": "5e1f"}}"#;
//! let answer = http::Response::new(answer.into());
//! let reply = response::read::<DescribeAccountBalance>(&answer)?;
//! assert_eq!(reply.output.balance, Fen::new(4_200));
//!
//! // Without types: names and JSON in, each field as JSON out. It is called like any action.
//! let untyped = Untyped::new("billing", "2018-07-09", "DescribeAccountBalance", json!({}));
//! let untyped = untyped.repeatable(); // it only reads
//! let reply = response::read::<Untyped>(&answer)?;
//! assert_eq!(reply.output.read::<Fen>("Balance")?, Fen::new(4_200));
//! # assert!(untyped.check().is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## Walk over its pages
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use tc3_core::{
//!     Action, Invalid, Paginate,
//!     pagination::{PageInfo, Paging, Slot, Start},
//!     types::lenient,
//! };
//!
//! /// Virtual machines, page by page.
//! #[derive(Clone, Debug, Default, Serialize, Deserialize)]
//! #[serde(rename_all = "PascalCase", deny_unknown_fields)]
//! struct DescribeInstances {
//!     offset: u64,
//!     limit: u32,
//!     #[serde(default, skip_serializing_if = "Vec::is_empty")]
//!     instance_ids: Vec<String>,
//! }
//!
//! #[derive(Debug, Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct Instances {
//!     #[serde(deserialize_with = "lenient::required")] // a number, or a text with one
//!     total_count: u64,
//!     #[serde(deserialize_with = "lenient::objects")] // null is no records
//!     instance_set: Vec<Instance>,
//! }
//!
//! #[derive(Debug, Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct Instance {
//!     instance_id: String,
//!     #[serde(rename = "CPU", default, deserialize_with = "lenient::optional")]
//!     cpu: Option<u32>,
//!     // For people to read: it may be cut anywhere.
//!     #[serde(default, deserialize_with = "lenient::optional_text")]
//!     instance_name: Option<String>,
//! }
//!
//! impl Action for DescribeInstances {
//!     const SERVICE: &'static str = "cvm";
//!     const VERSION: &'static str = "2017-03-12";
//!     const NAME: &'static str = "DescribeInstances";
//!     const REPEATABLE: bool = true; // it only reads; false is the default
//!     const RATE: u32 = 40; // calls a second, as the vendor's page says
//!     type Output = Instances;
//!
//!     fn check(&self) -> Result<(), Invalid> {
//!         match self.instance_ids.len() {
//!             0..=100 => Ok(()),
//!             // Nothing is sent then.
//!             _ => Err(Invalid::new("InstanceIds", "must be at most 100")),
//!         }
//!     }
//! }
//!
//! impl Paginate for DescribeInstances {
//!     type Item = Instance;
//!     const PAGING: Paging = Paging::ItemOffset; // Offset counts records
//!     const PAGE_SIZE: u32 = 20;
//!     const MAX_PAGE_SIZE: u32 = 100;
//!
//!     fn start(&self) -> Start {
//!         // The first record and the page size, if set.
//!         // Without this method a walk begins at the first record.
//!         Start::new(self.offset, Some(self.limit).filter(|limit| *limit > 0))
//!     }
//!
//!     fn turn_to(&mut self, slot: &Slot) {
//!         (self.offset, self.limit) = (slot.offset, slot.limit);
//!     }
//!
//!     fn page_info(output: &Instances) -> PageInfo {
//!         PageInfo::new(output.instance_set.len()).with_total(output.total_count)
//!     }
//!
//!     fn into_items(output: Instances) -> Vec<Instance> {
//!         output.instance_set
//!     }
//! }
//! # // 45 machines, of which a page has as many as were asked for.
//! # use tc3_core::{Credential, Flow, Now, Pages, Session, Step, UnixTime};
//! # let mut session = Session::new(Credential::new("AKIDEXAMPLE", "not-a-real-key")?);
//! # let mut pages = Pages::new(DescribeInstances::default());
//! # let mut found = Vec::new();
//! # loop {
//! #     match pages.step(
//! #         &mut session,
//! #         Now::new(UnixTime::new(1_760_000_000), std::time::Duration::ZERO, 0),
//! #     ) {
//! #         Step::Send(attempt) => {
//! #             let asked: DescribeInstances =
//! #                 serde_json::from_slice(attempt.request.body())?;
//! #             let page = asked.offset..(asked.offset + u64::from(asked.limit)).min(45);
//! #             let one =
//! #                 |n| serde_json::json!({"InstanceId": format!("ins-{n}"), "CPU": "4"});
//! #             let set: Vec<_> = page.map(one).collect();
//! #             let answer = serde_json::json!({"Response": {
//! #                 "TotalCount": 45, "InstanceSet": set, "RequestId": "r"
//! #             }});
//! #             pages.handle(Ok(http::Response::new(answer.to_string().into())));
//! #         }
//! #         Step::Done(Some(page)) => {
//! #             found.extend(DescribeInstances::into_items(page?.output))
//! #         }
//! #         Step::Done(None) => break,
//! #         Step::Wait(_) => panic!("there is nothing to wait for"),
//! #     }
//! # }
//! # assert_eq!(found.len(), 45);
//! # assert_eq!((found[44].instance_id.as_str(), found[44].cpu), ("ins-44", Some(4)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! If pages follow by a token, the walk ends with the page that has none:
//!
//! ```
//! # use serde::{Deserialize, Serialize};
//! # use tc3_core::{pagination::{PageInfo, Paging, Slot}, Action, Paginate};
//! #[derive(Clone, Default, Serialize, Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct ListJobs {
//!     max_results: u32,
//!     #[serde(skip_serializing_if = "Option::is_none")]
//!     next_token: Option<String>,
//! }
//!
//! #[derive(Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct Jobs {
//!     jobs: Vec<serde_json::Value>,
//!     next_token: Option<String>, // none, null or empty on the last page
//! }
//!
//! impl Paginate for ListJobs {
//!     type Item = serde_json::Value;
//!     const PAGING: Paging = Paging::Token;
//!     const PAGE_SIZE: u32 = 50;
//!
//!     fn turn_to(&mut self, slot: &Slot) {
//!         (self.max_results, self.next_token) = (slot.limit, slot.token.clone());
//!     }
//!
//!     fn page_info(output: &Jobs) -> PageInfo {
//!         PageInfo::new(output.jobs.len()).with_token(output.next_token.clone())
//!     }
//!
//!     fn into_items(output: Jobs) -> Vec<serde_json::Value> {
//!         output.jobs
//!     }
//! }
//! # impl Action for ListJobs {
//! #     const SERVICE: &'static str = "batch";
//! #     const VERSION: &'static str = "2017-03-12";
//! #     const NAME: &'static str = "ListJobs";
//! #     type Output = Jobs;
//! # }
//! # let mut second = ListJobs::default();
//! # let mut slot = Slot::new(0, 50);
//! # slot.token = Some("next".into());
//! # second.turn_to(&slot);
//! # assert_eq!(serde_json::to_string(&second)?, r#"{"MaxResults":50,"NextToken":"next"}"#);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! Read amounts as [`Yuan`](crate::Yuan) or [`Fen`](crate::Fen), and optional ones with
//! [`lenient::optional`](crate::types::lenient::optional), which reads an empty text as `None`. Put them directly into the
//! struct. Within `#[serde(flatten)]`, or a tagged or untagged enum, serde turns numbers into floats first; an amount with
//! a fraction is then an error unless it came as a text. A `serde_json::Value` rounds it silently.
//!
//! [`Paginate`](crate::Paginate) has a table of all dialects.
//!
//! # Keys, profiles, roles
//!
//! A [`Session`](crate::Session), like a client, is made from a [`Credential`](crate::Credential) or from sources of one:
//!
//! ```
//! use tc3_core::{
//!     Chain, Credential, Session, UnixTime, credential::Source, sts::AssumeRole,
//! };
//!
//! // A key pair; a temporary one has a token, and may say when it expires.
//! let pair = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! let temporary = pair
//!     .clone()
//!     .with_token("not-a-real-token")?
//!     .with_expiry(UnixTime::new(1_760_000_000));
//! // A profile, from the text of a credentials file.
//! let file = "[billing]\nsecret_id = AKIDEXAMPLE\nsecret_key = not-a-real-key\n";
//! let profile = Credential::from_profile(file, "billing")?;
//! assert_eq!((temporary.secret_id(), profile.token()), ("AKIDEXAMPLE", None));
//!
//! // A role, assumed with that pair at the first call, and again before its keys expire.
//! let auditor =
//!     AssumeRole::new("qcs::cam::uin/100000000001:roleName/auditor", "monthly-report");
//! let session = Session::new(Source::role(auditor, pair));
//! assert!(session.credential().is_none()); // not yet
//!
//! // The usual sources but the last, the machine's CVM role.
//! let session = Session::new(Chain::default().without_cvm_role());
//! // A profile of the credentials file, or else the machine's role.
//! let mut session =
//!     Session::new(Chain::of([Source::named_profile("billing"), Source::cvm_role()]));
//! # assert!(session.credential().is_none());
//! // A credential that the program sets replaces the sources.
//! session.set_credential(temporary);
//! assert!(session.credential().is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The credentials file is `~/.tencentcloud/credentials`, or the path in `TENCENTCLOUD_CREDENTIALS_FILE`. It has one line
//! each for `[billing]`, `secret_id = …`, `secret_key = …` and, for temporary keys, `token = …`.
//!
//! A session that was made from sources has to search for credentials, and core reads no file and no environment. A
//! [`Driver`](crate::flow::Driver) around the flow asks for what the search needs as well, so one loop drives both:
//!
//! ```
//! use std::{fs, io, time::Duration};
//! use tc3_core::{
//!     Attempt, Flow, Now, Outcome, Session,
//!     credential::{Looked, Lookup},
//!     flow::{Driver, DriverStep},
//! };
//!
//! fn drive<F: Flow>(
//!     flow: &mut F,
//!     session: &mut Session,
//!     now: impl Fn() -> Now,
//!     mut send: impl FnMut(Attempt) -> Outcome,
//! ) -> F::Output {
//!     let mut driver = Driver::new(flow);
//!     loop {
//!         match driver.step(session, now()) {
//!             DriverStep::Read(lookup) => driver.found(read(lookup)),
//!             DriverStep::Send(attempt) => driver.handle(send(attempt)),
//!             DriverStep::Wait(delay) => std::thread::sleep(delay),
//!             DriverStep::Done(output) => return output,
//!         }
//!     }
//! }
//!
//! /// The bytes, `None` if there is no such variable or file, or why it can't be read.
//! fn read(lookup: Lookup) -> Looked {
//!     let path = match lookup {
//!         Lookup::Variable(name) => {
//!             return Ok(std::env::var_os(name).map(|value| value.into_encoded_bytes()));
//!         }
//!         Lookup::File(path) => path.into(),
//!         Lookup::HomeFile(path) => match std::env::home_dir() {
//!             Some(home) => home.join(path),
//!             None => return Ok(None),
//!         },
//!     };
//!     match fs::read(path) {
//!         Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
//!         read => Ok(Some(read?)),
//!     }
//! }
//! # use tc3_core::{Call, UnixTime, Untyped, credential::Source};
//! # let mut session = Session::new(Source::profile_in("/nowhere/at/all", "default"));
//! # let zones = Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({}));
//! # let now = || Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
//! # let error =
//! #     drive(&mut Call::new(&zones), &mut session, now, |_| panic!("nothing is signed"))
//! #         .unwrap_err();
//! # assert_eq!(
//! #     error.to_string(),
//! #     "no credentials: profile file: /nowhere/at/all is not there"
//! # );
//! ```
//!
//! [`Chain`](crate::Chain) lists the sources and their order.
//!
//! If a file or the environment names a role (`role_arn`, `role-arn`, `TENCENTCLOUD_ROLE_ARN`), the search assumes it: a
//! chain signs as that role or not at all. Functions that only read a text into a [`Credential`](crate::Credential)
//! can't assume a role, and refuse such a text. If keys are replaced at their source while the program runs, they are
//! read again when the service refuses the old ones; a program that set its keys replaces them by
//! [`Session::set_credential`](crate::Session::set_credential). A value in quotes, or with a placeholder that was not
//! filled in, is refused before anything is signed with it.
//!
//! ## Whose key is this?
//!
//! The first call to make with a new key is [`GetCallerIdentity`](crate::sts::GetCallerIdentity). Any key may make it. It
//! tells the account whose bills the key reads, and whether the key is a user's or a role's. A client sends it by
//! `client.call(&GetCallerIdentity::new())`; here the service is the emulator:
//!
#![cfg_attr(feature = "emulator", doc = "```")]
#![cfg_attr(not(feature = "emulator"), doc = "```ignore")]
//! use tc3_core::{
//!     emulator::Emulator, sts::{CallerType, GetCallerIdentity}, wire::{request, response},
//!     Credential, Region, Session, Settings, UnixTime,
//! };
//!
//! let key = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! let mut service = Emulator::new(key.clone());
//! let settings = Settings::default().with_region(Region::new("ap-guangzhou")?); // any
//! let mut session = Session::new(key).with_settings(settings);
//!
//! let now = UnixTime::new(1_760_000_000);
//! let signed = request::sign(&GetCallerIdentity::new(), &mut session, now)?;
//! let caller = response::read::<GetCallerIdentity>(&service.handle(now, &signed))?.output;
//! assert_eq!(caller.account_id, "100000000001");
//! assert_eq!(caller.r#type, CallerType::CAM_USER); // a role's would be CAM_ROLE
//! assert_eq!(caller.arn, "qcs::cam:100000000001:uin/200000000001");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Store and read back
//!
//! Serde writes and reads inputs, records, outputs, [`Reply`](crate::Reply)s and [`Walk`](crate::Walk)s under the API's
//! field names, and amounts digit for digit:
//!
//! ```
//! use tc3_core::{
//!     Action,
//!     billing::{BillTransactionInfo, DescribeBillList, PayType},
//! };
//!
//! let start = "2024-01-01 00:00:00".parse()?;
//! let asked = DescribeBillList::new(start, "2024-01-31 23:59:59".parse()?)
//!     .with_pay_types([PayType::DEDUCT]);
//! let stored = serde_json::to_string(&asked)?;
//! assert_eq!(serde_json::from_str::<DescribeBillList>(&stored)?, asked);
//!
//! let record = r#"{"ActionType": "deduct", "Amount": -45,
//!     "BillId": "1", "OperationTime": "2024-01-01 00:00:00.250"}"#;
//! let record: BillTransactionInfo = serde_json::from_str(record)?;
//! assert_eq!(serde_json::to_value(&record)?["OperationTime"], "2024-01-01 00:00:00.250");
//!
//! // A stored input is checked like a new one: types, rules and unknown fields.
//! let wrong = stored.replace("2024-01-31", "2024-01-32");
//! assert!(serde_json::from_str::<DescribeBillList>(&wrong).is_err());
//! let wrong: DescribeBillList =
//!     serde_json::from_str(&stored.replace("2024-01-31", "2023-12-31"))?;
//! let invalid = wrong.check().unwrap_err();
//! assert_eq!(invalid.to_string(), "EndTime must not be before StartTime");
//! let wrong = stored.replace("PayType", "PayTypes");
//! let error = serde_json::from_str::<DescribeBillList>(&wrong).unwrap_err();
//! assert!(error.to_string().starts_with("unknown field `PayTypes`"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - Unknown fields are ignored in outputs, which may gain fields, and are errors in inputs.
//! - A `Limit` that was not set is written as the number that is sent. What is read back equals what was written.
//! - Any self-describing format with named fields works, such as CBOR.
//! - [`AssumeRoleWithWebIdentity`](crate::sts::AssumeRoleWithWebIdentity) contains a token and
//!   [`AssumedRole`](crate::sts::AssumedRole) keys. They are stored too.
//!
//! # Test offline
//!
//! The `Emulator` is the service in memory: it verifies signatures with the key that it is given, applies the service's
//! rules, and plays scripted faults. It is behind the feature `emulator` of `tc3-core`; both clients have a feature of the
//! same name that enables it. The test sets the time, so no test waits:
//!
#![cfg_attr(feature = "emulator", doc = "```")]
#![cfg_attr(not(feature = "emulator"), doc = "```ignore")]
//! use std::time::Duration;
//! use tc3_core::{
//!     Call, Credential, Error, Flow, Now, Session, Step, UnixTime,
//!     billing::DescribeBillList,
//!     emulator::{Emulator, Fault, When},
//! };
//!
//! /// Returns the number of transactions in January, and how long the call took.
//! fn january(
//!     service: &mut Emulator,
//!     credential: Credential,
//! ) -> Result<(Option<u64>, Duration), Error> {
//!     let action = DescribeBillList::new(
//!         "2024-01-01 00:00:00".parse()?,
//!         "2024-01-31 23:59:59".parse()?,
//!     );
//!     let (mut call, mut session, mut tick) =
//!         (Call::new(&action), Session::new(credential), Duration::ZERO);
//!     loop {
//!         let now = UnixTime::new(1_760_000_000 + tick.as_secs() as i64);
//!         match call.step(&mut session, Now::new(now, tick, 7)) {
//!             Step::Send(attempt) => {
//!                 let exchange = service.exchange(now, &attempt.request);
//!                 tick += exchange.delay;
//!                 call.handle(exchange.outcome);
//!             }
//!             Step::Wait(delay) => tick += delay,
//!             Step::Done(reply) => return reply.map(|reply| (reply.output.total, tick)),
//!         }
//!     }
//! }
//!
//! let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! let service = || Emulator::new(credential.clone()); // 1,000 transactions in two years
//! assert_eq!(january(&mut service(), credential.clone())?, (Some(42), Duration::ZERO));
//!
//! // The first request is refused for a second, the second answer is lost, and the third
//! // takes two seconds.
//! let mut faulty = service()
//!     .with_fault(When::At(1), Fault::Throttle { retry_after: Some(1) })
//!     .with_fault(When::At(2), Fault::Lost)
//!     .with_fault(When::At(3), "slow=2000".parse()?);
//! let (total, took) = january(&mut faulty, credential.clone())?;
//! assert_eq!((total, faulty.requests()), (Some(42), 3));
//! assert!(took >= Duration::from_secs(3));
//!
//! // The emulator can apply the service's frequency limits.
//! let mut limited = service().with_frequency_limits();
//! for _ in 0..20 {
//!     january(&mut limited, credential.clone())?;
//! }
//! // The 21st in this second is refused at first.
//! let (_, took) = january(&mut limited, credential.clone())?;
//! assert!(took >= Duration::from_secs(1));
//!
//! // A wrong key is refused.
//! let wrong = Credential::new("AKIDEXAMPLE", "another-key")?;
//! assert!(january(&mut service(), wrong).unwrap_err().is_denied());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `Emulator::with_until` moves the records to the years that end with a given day, and `with_account` adds accounts.
//! `describe` adds all actions of a service by the vendor's description of it, lists with pages included, and
//! `with_action` an action of your own, by a closure that returns JSON. Programs that don't take a transport can use the
//! emulator over a socket: `cargo run -p tc3-async --features emulator --example emulator`, or the module `serve` of
//! `tc3-async`, with its feature `emulator`.
//!
//! # Why a call failed
//!
//! The variant of an [`Error`](crate::Error) says what happened. If a call gave up or met its deadline,
//! [`cause`](crate::Error::cause) returns the error of the last attempt. [`remedy`](crate::Error::remedy) says what to do
//! now; [`Error`](crate::Error) has the whole table. Most programs need only this:
//!
//! ```
//! use tc3_core::{Error, Remedy, error::Kind};
//!
//! /// Returns a text for the operator, and what the job does next.
//! fn explain(error: &Error) -> (String, Remedy) {
//!     let advice = match error.cause() {
//!         Error::Service(refusal) => match refusal.kind() {
//!             Kind::Denied => {
//!                 format!("look at the key and its policy: {}", refusal.message())
//!             }
//!             Kind::NotReady => "the month's summary is not computed yet".into(),
//!             _ => format!("refused with {}", refusal.code()), // the vendor's code
//!         },
//!         Error::Input(invalid) => {
//!             format!("the field {} {}", invalid.field(), invalid.rule())
//!         }
//!         Error::Decode { path, .. } => format!("the answer has something else at {path}"),
//!         // Each source, and why it has none.
//!         Error::Credentials(missing) => missing.to_string(),
//!         Error::Incomplete { delivered, total, .. } => {
//!             format!("{delivered} of {total} came")
//!         }
//!         other => other.to_string(),
//!     };
//!     let next = match error.remedy() {
//!         Remedy::Resume => "go on from what is stored",
//!         Remedy::Later => "go on from what is stored, in an hour",
//!         Remedy::StartOver => "walk again",
//!         _ => "call somebody", // `is_transient` is false only here
//!     };
//!     // The ticket has what the vendor's support asks for: action, host, time, request id.
//!     (format!("{advice}: {next} ({})", error.ticket()), error.remedy())
//! }
//! # let refused = tc3_core::error::Refusal::new(
//! #     "UnauthorizedOperation.CamNoAuth",
//! #     "no permission",
//! #     Some("5e1f".into()),
//! # );
//! # let (text, remedy) = explain(&Error::Service(refused));
//! # assert_eq!(
//! #     text,
//! #     "look at the key and its policy: no permission: call somebody \
//! #      (RequestId 5e1f, UnauthorizedOperation.CamNoAuth)"
//! # );
//! # assert_eq!(remedy, Remedy::Mend);
//! # let (text, remedy) =
//! #     explain(&Error::from(tc3_core::Failure::unknown("connection reset")));
//! # assert_eq!(text, "no answer from the service: go on from what is stored (no_answer)");
//! # assert_eq!(remedy, Remedy::Resume);
//! # let not_ready = tc3_core::error::Refusal::new(
//! #     "FailedOperation.SummaryDataNotReady",
//! #     "not yet",
//! #     Some("5e20".into()),
//! # );
//! # let (text, remedy) = explain(&Error::Service(not_ready));
//! # assert_eq!(
//! #     text,
//! #     "the month's summary is not computed yet: go on from what is stored, in an hour \
//! #      (RequestId 5e20, FailedOperation.SummaryDataNotReady)"
//! # );
//! # assert_eq!(remedy, Remedy::Later);
//! # let (text, remedy) =
//! #     explain(&Error::Input(tc3_core::Invalid::new("Limit", "must be at least 1")));
//! # assert_eq!(text, "the field Limit must be at least 1: call somebody (invalid)");
//! # assert_eq!(remedy, Remedy::Mend);
//! ```
//!
//! - [`remedy`](crate::Error::remedy): resume, wait, start over, or have a person fix something. The call itself has
//!   already retried as [`Retry`](crate::flow::Retry) says. [`is_transient`](crate::Error::is_transient): no person is
//!   needed.
//! - [`may_have_taken_effect`](crate::Error::may_have_taken_effect): check before you repeat a write.
//! - [`is_throttled`](crate::Error::is_throttled), [`is_denied`](crate::Error::is_denied): the two most common refusals.
//! - [`refusal`](crate::Error::refusal): the service's code and message, at any depth.
//! - [`ticket`](crate::Error::ticket): one line for a ticket to the vendor's support.
//! - `source()`: the HTTP client's error, down to the operating system's. `Display` doesn't repeat it, so print the
//!   whole chain. No error text contains a key.
