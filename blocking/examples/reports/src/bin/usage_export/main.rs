//! Exports what the sub-customers of an e-signature app consumed, to CSV or Parquet.
//!
//! ```sh
//! cargo run -p tc3-example-reports --bin usage_export -- --help
//! ```

mod columns;
mod usage;

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde::Serialize;
use tc3_blocking::{
    Client, Walk,
    essbasic::{Agent, ChannelDescribeBillUsageDetail, QuotaType},
};
use tc3_example_support::{
    DayArguments, Export, Format, OutputArguments, PaceArguments, Parser, Result, Service,
    ServiceArguments, are_apart, finish, given, replace,
};

use usage::{Usage, read};

/// Exports what the sub-customers of an e-signature app consumed (essbasic ChannelDescribeBillUsageDetail), a row a record.
///
/// The range may have any length; it is requested month by month. At the end the output is read back, and a summary
/// of it is printed to stdout as a JSON object.
///
/// Without a key pair, on the command line or in the environment, it starts the service's emulator in this process
/// and calls that.
#[derive(Debug, Parser, Serialize)]
#[serde(rename_all = "kebab-case")]
struct UsageExport {
    #[serde(skip)]
    #[command(flatten)]
    service: ServiceArguments,
    #[serde(flatten)]
    #[command(flatten)]
    days: DayArguments,
    /// Only this sub-customer (Agent.ProxyOrganizationOpenId); may be repeated
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    proxy_organization_open_id: Vec<String>,
    /// Only this package, e.g. CloudEnterprise
    #[arg(long, value_name = "TYPE")]
    quota_type: Option<String>,
    /// Records per page [default: 50]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: Option<u32>,
    #[serde(skip)]
    #[command(flatten)]
    pace: PaceArguments<ChannelDescribeBillUsageDetail>,
    /// The file to write the rows to, FILE.csv or FILE.parquet; an existing one is replaced
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Store the progress in this file after each page
    ///
    /// The same command, run again after an interruption, then continues, and the output is complete, without
    /// duplicates. --width, --rate and the key pair may change, but not the account. Rows for Parquet are collected
    /// in FILE.parquet.rows, beside the output, and stay there. Delete both files to start over.
    #[serde(skip)]
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

impl UsageExport {
    /// One list after the other, of each sub-customer or of all together.
    fn walk(&self, service: &Service) -> Result<Walk<ChannelDescribeBillUsageDetail>> {
        let (start, end) = self.days.range(service)?;
        let list = |agent: Agent| {
            let mut list = ChannelDescribeBillUsageDetail::new(agent, start, end);
            list.quota_type = self.quota_type.clone().map(QuotaType::new);
            list.limit = self.limit;
            list
        };
        let agent = Agent::new(self.days.app_id(service)?);
        let ids = &self.proxy_organization_open_id;
        if ids.is_empty() {
            return Ok(list(agent).into());
        }
        if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
            return Err("--proxy-organization-open-id names a sub-customer twice".into());
        }
        let agents = ids
            .iter()
            .map(|id| agent.clone().with_proxy_organization_open_id(id));
        Ok(Walk::over(agents.map(list)))
    }

    /// The rows' file and its format, and whether it becomes a Parquet file.
    fn rows(&self) -> Result<(PathBuf, Format, bool)> {
        match self.output.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => Ok((self.output.clone(), Format::Csv, false)),
            // Its directory stands at its end, so rows can't be added to a Parquet file.
            Some("parquet") => {
                let mut rows = OsString::from(&self.output);
                rows.push(".rows");
                Ok((rows.into(), Format::Jsonl, true))
            }
            _ => Err("--output must end in .csv or .parquet".into()),
        }
    }
}

fn run(arguments: UsageExport) -> Result<()> {
    let (rows, format, parquet) = arguments.rows()?;
    if let Some(checkpoint) = &arguments.checkpoint {
        are_apart(checkpoint, &arguments.output)?;
    }
    let service = arguments.service.clone().connect()?;
    let client = Client::builder()
        .credentials(service.credential.clone())
        .settings(service.settings(&arguments.pace))
        .build();

    let to = OutputArguments::to_file(format, rows.clone(), arguments.checkpoint.clone());
    let given = given(&arguments, &service)?;
    let mut export: Export<_, Usage> = Export::begin(to, given, || arguments.walk(&service))?;
    let mut pages = client.pages(export.walk()).width(arguments.pace.width);
    while let Some(page) = pages.next() {
        let details = page?.output.details.unwrap_or_default();
        let list = pages.walk().list();
        let organization = list.and_then(|list| list.agent.proxy_organization_open_id.as_ref());
        let row = |detail| Usage::new(organization.cloned(), detail);
        export.write_rows(
            &details.into_iter().map(row).collect::<Vec<_>>(),
            pages.walk(),
        )?;
    }
    export.finish(pages.walk())?;

    if parquet {
        replace(&arguments.output, |file| {
            columns::write(read(&rows, format)?, file)
        })?;
    }
    report(&arguments.output, &rows, format)?;
    if parquet && arguments.checkpoint.is_none() {
        fs::remove_file(&rows)?;
    }
    Ok(())
}

/// Tells what was written, so that whoever reads it elsewhere can compare.
fn report(output: &Path, rows: &Path, format: Format) -> Result<()> {
    let (mut records, mut uses) = (0_u64, 0_i64);
    for row in read(rows, format)? {
        records += 1;
        let count = row?.use_count.unwrap_or_default();
        uses = uses
            .checked_add(count)
            .ok_or("the sum of uses exceeds 64 bits")?;
    }
    let bytes = File::open(output)?.metadata()?.len();
    let told = serde_json::json!({"records": records, "use_count": uses, "bytes": bytes});
    writeln!(io::stdout(), "{told}")?;
    Ok(())
}

fn main() -> ExitCode {
    finish(run(UsageExport::parse()))
}
