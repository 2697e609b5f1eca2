//! What is to be exported: the arguments, and what they may be.

use std::{collections::BTreeSet, path::PathBuf};

use clap::{ValueEnum, builder::NonEmptyStringValueParser, value_parser};
use serde::Serialize;
use tc3_blocking::{Action, Client, Month};
use tc3_example_reports::focus;
use tc3_example_support::{Parser, Result, Service, ServiceArguments, last_month};
use tc3_services::billing::DescribeBillDetail;

use crate::fetch::{Account, List, Part};

/// How many months back the service has lines of.
const MONTHS: i32 = 18;

/// The emulator's bills are those of the years 2024 and 2025.
const EMULATED: (i16, i8) = (2025, 12);

/// Exports every line of bills (billing DescribeBillDetail) as rows of FOCUS, the FinOps Foundation's format.
///
/// At the end the rows' sums are compared with the service's own summaries, by product and by pay mode; if any differ,
/// the rows are in OUTPUT.differs, and the exit status is 1.
///
/// Without an account and without a key pair, on the command line or in the environment, it starts the service's
/// emulator in this process and calls that.
#[derive(Debug, Parser, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct FocusExport {
    #[serde(skip)]
    #[command(flatten)]
    service: ServiceArguments,
    /// The first month, yyyy-MM
    #[arg(long, value_name = "MONTH")]
    pub(crate) from: Month,
    /// The last month, included
    #[arg(long, value_name = "MONTH")]
    pub(crate) to: Month,
    /// An account: a profile of the credentials file; may be repeated
    ///
    /// The file is the one that TENCENTCLOUD_CREDENTIALS_FILE names, else ~/.tencentcloud/credentials, else
    /// /etc/tencentcloud/credentials. Where there is no such file, no endpoint and no key pair, each name is an account
    /// of the emulator, with bills of its own.
    #[arg(long = "account", value_name = "PROFILE", value_parser = NonEmptyStringValueParser::new())]
    #[serde(rename = "account")]
    accounts: Vec<String>,
    /// The file to write the rows to, FILE.parquet or FILE.csv; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// The version of FOCUS
    #[arg(long, value_name = "VERSION", default_value = "1.2")]
    pub(crate) focus: Version,
    /// Store the progress in this file after each page
    ///
    /// The same command, run again after an interruption, then continues, and the output is the same as without one.
    /// Lines are collected in OUTPUT.lines.gz. Both files are removed at the end. --rate and the key pair may change,
    /// but not the account.
    #[serde(skip)]
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Also read what was paid in advance from this month on, for its shares in the exported months
    #[arg(long, value_name = "MONTH")]
    subscriptions_from: Option<Month>,
    /// Lines per page, at most 300
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = value_parser!(u32).range(1..=300))]
    pub(crate) limit: u32,
    /// Maximum number of requests a second to each account
    #[serde(skip)]
    #[arg(long, value_name = "N", default_value_t = DescribeBillDetail::RATE)]
    rate: u32,
}

/// A version of FOCUS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
pub(crate) enum Version {
    /// With service subcategories, SKU meters and units of commitments
    #[value(name = "1.2")]
    #[serde(rename = "1.2")]
    V1_2,
    /// For older tools
    #[value(name = "1.0")]
    #[serde(rename = "1.0")]
    V1_0,
}

impl From<Version> for focus::Version {
    fn from(version: Version) -> Self {
        match version {
            Version::V1_2 => Self::V1_2,
            Version::V1_0 => Self::V1_0,
        }
    }
}

impl FocusExport {
    /// Whose bills are exported, and the service, as the first of them calls it.
    pub(crate) fn accounts(&self) -> Result<(Vec<Account>, Service)> {
        if self.accounts.iter().collect::<BTreeSet<_>>().len() < self.accounts.len() {
            return Err("--account names an account twice".into());
        }
        let services = if self.accounts.is_empty() {
            vec![self.service.clone().connect()?]
        } else {
            self.service.clone().connect_each(&self.accounts)?
        };
        let names = self.accounts.iter().cloned().map(Some).chain([None]);
        let accounts = services.iter().zip(names).map(|(service, name)| Account {
            name,
            client: Client::builder()
                .credentials(service.credential.clone())
                .settings(service.settings_at::<DescribeBillDetail>(self.rate))
                .build(),
        });
        let accounts = accounts.collect();
        let service = services.into_iter().next();
        Ok((accounts, service.ok_or("there is no account")?))
    }

    /// Every month of every account, in the order in which they are fetched.
    pub(crate) fn lists(&self, accounts: usize, service: &Service) -> Result<Vec<List>> {
        self.check(service)?;
        let mut lists = Vec::new();
        for account in 0..accounts {
            let first = self.subscriptions_from.unwrap_or(self.from);
            for month in first.through(self.to)? {
                let parts: &[Part] = match month < self.from {
                    true => &[Part::Subscriptions, Part::ReservedInstances],
                    false => &[Part::All],
                };
                lists.extend(parts.iter().map(|part| List {
                    account,
                    month,
                    part: *part,
                }));
            }
        }
        Ok(lists)
    }

    /// What a reader of the output should know of the months that were asked for, in words.
    pub(crate) fn remarks(&self, service: &Service) -> Result<Vec<String>> {
        if service.emulated.is_some() {
            return Ok(vec![
                "These are bills of the emulator: nobody has to pay them.".into(),
            ]);
        }
        let is_running = self.to == current_month()?;
        let running = is_running.then(|| {
            let rows = "the rows are of its lines until now, and what commitments have left may be used yet";
            format!("{} is not over: {rows}", self.to)
        });
        Ok(running.into_iter().collect())
    }

    fn check(&self, service: &Service) -> Result<()> {
        let (from, to) = (self.from, self.to);
        if from > to {
            return Err(format!("--from {from} is after --to {to}: swap them").into());
        }
        let emulated = service.emulated.is_some();
        let this = if emulated {
            Month::new(EMULATED.0, EMULATED.1)?
        } else {
            current_month()?
        };
        if to > this {
            let advice = format!("name {this} or a month before it");
            return Err(format!("--to {to} has no bill yet: {advice}").into());
        }
        let earliest = self.subscriptions_from.unwrap_or(from);
        if earliest >= from && self.subscriptions_from.is_some() {
            let rule = "--subscriptions-from must be before --from";
            return Err(format!("{rule}, but is {earliest}").into());
        }
        if earliest < to.minus(MONTHS)? {
            return Err(format!(
                "{earliest} to {to} is more than the {MONTHS} months that the service has lines of: export them in parts"
            )
            .into());
        }
        // What another endpoint has is its own matter.
        let public = service
            .endpoint
            .url("billing")
            .contains("tencentcloudapi.com");
        let oldest = this.minus(MONTHS)?;
        if public && !emulated && earliest < oldest {
            let argument = if earliest < from {
                "subscriptions-from"
            } else {
                "from"
            };
            return Err(format!(
                "--{argument} {earliest} is too old: the service has the lines of {MONTHS} months, \
                 from {oldest} on; the console has older bills as files"
            )
            .into());
        }
        Ok(())
    }
}

/// The current month, Beijing time.
fn current_month() -> Result<Month> {
    Ok(last_month()?.plus(1)?)
}
