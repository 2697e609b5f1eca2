//! What the program is asked for.

use std::{path::PathBuf, str::FromStr};

use bills::{
    account,
    emulate::{self, Emulated, Emulation},
};
use clap::ValueEnum;
use tc3_async::Month;
use tc3_example_support::{FAULT_HELP, last_month};
use tc3_sql::{Result, WIDTH, tables::Accounts};

/// Asks a query of many accounts' bills, in one process, and writes its rows to stdout
///
/// Tables: bill_list (amounts in fen), bill_detail, allocation_summary_by_business (in yuan) and usage_detail, each with
/// the columns account and month (yyyy-MM); and Parquet files, as FROM 'FILE.parquet'. EXPLAIN shows which lists a query
/// asks for; the last line on stderr says how many requests it has sent. Nothing is kept between queries.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// The query: SELECT, EXPLAIN, DESCRIBE or SHOW
    pub(crate) statement: String,
    /// The accounts: a TOML file with [[account]], profile = "NAME"
    #[arg(long, value_name = "FILE", conflicts_with = "emulate")]
    accounts: Option<PathBuf>,
    /// The first month [default: the 12th from the last one; emulated accounts: 2024-01]
    #[arg(long, value_name = "yyyy-MM")]
    from: Option<Month>,
    /// The last month [default: the last one that has ended; emulated accounts: 2025-12]
    #[arg(long, value_name = "yyyy-MM")]
    to: Option<Month>,
    /// Write the rows to this Parquet file, as a whole; an existing one is replaced
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// How to write the rows to stdout
    #[arg(long, value_enum, default_value_t, conflicts_with = "output")]
    pub(crate) format: Format,
    /// A Parquet file as a table, also in place of one of the service's; may be repeated
    #[arg(long = "parquet", value_name = "TABLE=FILE")]
    pub(crate) files: Vec<File>,
    /// How many pages of a list are fetched at once
    #[arg(long, value_name = "N", default_value_t = WIDTH, value_parser = positive)]
    width: usize,
    /// Requests a second of each of an account's lists, which emulated accounts accept too [default: what the service
    /// allows]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Ask so many accounts that are emulated in this process, in place of real ones
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    emulate: Option<u32>,
    /// Number of records of each emulated account
    #[arg(long, value_name = "N", default_value_t = 1_000, requires = "emulate")]
    records: u64,
    /// A fault of an emulated account, e.g. account001:throttle@5; may be repeated
    #[arg(
        long = "fault",
        value_name = "NAME:FAULT@WHEN",
        requires = "emulate",
        long_help = FAULT_HELP
    )]
    faults: Vec<String>,
}

/// How rows are written to stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people to read; all rows are kept in memory first
    #[default]
    Table,
    /// Comma-separated values with a header line
    Csv,
    /// One JSON object a line; amounts are texts, since many read numbers as floats
    Jsonl,
}

/// A file as a table.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) table: String,
    pub(crate) path: String,
}

impl FromStr for File {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((table, path)) if !table.is_empty() && !path.is_empty() => Ok(Self {
                table: table.into(),
                path: path.into(),
            }),
            _ => Err("must be written TABLE=FILE"),
        }
    }
}

fn positive(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "must be at least 1".into())
}

impl Arguments {
    /// The accounts that are asked, and the emulators that play them, if there are any.
    pub(crate) async fn accounts(&self) -> Result<Option<(Accounts, Option<Emulated>)>> {
        let (clients, emulated) = if let Some(path) = &self.accounts {
            let accounts = account::read(path)?;
            let clients = accounts.into_iter().map(|mut account| {
                account.rate = self.rate.or(account.rate);
                let client = account.client()?.build();
                Ok((account, client))
            });
            (clients.collect::<Result<Vec<_>>>()?, None)
        } else if let Some(accounts) = self.emulate {
            let emulated = emulate::start(&Emulation {
                accounts,
                records: self.records,
                rate: self.rate,
                faults: self.faults.clone(),
            })
            .await?;
            let clients = emulated.accounts.iter().map(|(account, credential)| {
                let client = account.client()?.credentials(credential.clone()).build();
                Ok((account.clone(), client))
            });
            (clients.collect::<Result<Vec<_>>>()?, Some(emulated))
        } else {
            return Ok(None);
        };
        let (first, last) = self.months()?;
        let accounts = Accounts::new(clients, first, last, self.width)?;
        Ok(Some((accounts, emulated)))
    }

    fn months(&self) -> Result<(Month, Month)> {
        let ended = last_month()?;
        let current = ended.plus(1)?;
        for (name, month) in [("from", self.from), ("to", self.to)] {
            if let Some(month) = month.filter(|month| *month > current) {
                return Err(format!(
                    "--{name} {month} must not be after {current}, the current month"
                )
                .into());
            }
        }
        let (mut first, mut last) = (ended.minus(11)?, ended);
        if self.emulate.is_some() {
            (first, last) = (Month::new(2024, 1)?, Month::new(2025, 12)?.min(ended));
        }
        let last = self
            .to
            .unwrap_or_else(|| self.from.map_or(last, |from| last.max(from)));
        let first = self.from.unwrap_or_else(|| first.min(last));
        Ok((first, last))
    }
}
