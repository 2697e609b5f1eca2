//! Accounts on emulators in memory, which note what they are asked.

use std::sync::{Arc, Mutex};

use bills::account::Account;
use datafusion::{
    arrow::{array::RecordBatch, util::pretty::pretty_format_batches},
    error::Result,
    prelude::SessionContext,
};
use serde_json::Value;
use tc3_async::{
    Attempt, Client, Credential,
    emulator::{Emulator, Fault, When},
};
use tc3_sql::{CountRequests, tables::Accounts};
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

/// The secrets of all accounts begin with this.
pub(crate) const SECRET: &str = "marked-secret";

/// A request: the account, the action and its input.
pub(crate) type Asked = (String, String, Value);

/// Accounts, and what their emulators were asked.
pub(crate) struct Service {
    pub(crate) accounts: Vec<(Account, Client)>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Service {
    /// Accounts `a1`, `a2`, … with so many records each.
    pub(crate) fn new(count: u64, records: u64) -> Self {
        Self::with(count, |emulator| emulator.with_records(records))
    }

    /// Accounts whose first one has a fault.
    pub(crate) fn with_fault(count: u64, records: u64, when: When, fault: Fault) -> Self {
        let first = std::cell::Cell::new(true);
        Self::with(count, |emulator| {
            let emulator = emulator.with_records(records);
            if first.replace(false) {
                emulator.with_fault(when, fault.clone())
            } else {
                emulator
            }
        })
    }

    pub(crate) fn with(count: u64, settle: impl Fn(Emulator) -> Emulator) -> Self {
        // The first test of the process installs it.
        let counter = tracing_subscriber::registry().with(CountRequests);
        let _ = counter.try_init();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let account = |number: u64| {
            let name = format!("a{number}");
            let credential = Credential::new(
                format!("{SECRET}-id-{number}"),
                format!("{SECRET}-key-{number}"),
            )
            .unwrap()
            .with_token(format!("{SECRET}-token-{number}"))
            .unwrap();
            let emulator = settle(Emulator::new(credential.clone()).with_seed(number));
            let (emulator, asked, whose) = (Mutex::new(emulator), Arc::clone(&asked), name.clone());
            let send = move |attempt: Attempt| {
                let action = attempt.request.headers()["x-tc-action"].to_str().unwrap();
                let body = serde_json::from_slice(attempt.request.body()).unwrap();
                let noted = (whose.clone(), action.to_owned(), body);
                asked.lock().unwrap().push(noted);
                std::future::ready(emulator.lock().unwrap().send(&attempt))
            };
            // The emulators have no limits here.
            let rate = None::<u32>;
            let settings = tc3_async::Settings::default()
                .with_rate_of::<tc3_async::billing::DescribeBillList>(rate)
                .with_rate_of::<tc3_async::billing::DescribeAllocationSummaryByBusiness>(rate)
                .with_rate_of::<tc3_async::essbasic::ChannelDescribeBillUsageDetail>(rate)
                .with_rate_of::<tc3_services::billing::DescribeBillDetail>(rate);
            let client = Client::builder()
                .settings(settings)
                .credentials(credential)
                .transport(send);
            let account = Account {
                name,
                endpoint: None,
                app_id: Some(Emulator::APP_ID.into()),
                rate: None,
            };
            (account, client)
        };
        Self {
            accounts: (1..=count).map(account).collect(),
            asked,
        }
    }

    /// The ready tables of these months.
    pub(crate) fn accounts(&self, first: &str, last: &str) -> Accounts {
        let [first, last] = [first, last].map(|month| month.parse().unwrap());
        Accounts::new(self.accounts.clone(), first, last, 2).unwrap()
    }

    /// A session with the ready tables of these months.
    pub(crate) fn session(&self, first: &str, last: &str) -> SessionContext {
        let session = SessionContext::new();
        self.accounts(first, last).register(&session).unwrap();
        session
    }

    /// The requests since this was last called.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

pub(crate) async fn query(session: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>> {
    session.sql(sql).await?.collect().await
}

/// The rows as a table.
pub(crate) async fn table(session: &SessionContext, sql: &str) -> String {
    let batches = query(session, sql).await.unwrap();
    pretty_format_batches(&batches).unwrap().to_string()
}

/// The only value of a result, as a text.
pub(crate) async fn value(session: &SessionContext, sql: &str) -> String {
    let table = table(session, sql).await;
    let row = table.lines().nth(3).unwrap();
    row.trim_matches(['|', ' ']).to_owned()
}
