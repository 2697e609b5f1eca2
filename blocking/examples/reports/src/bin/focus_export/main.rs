//! Exports bills as FOCUS, to Parquet or CSV.
//!
//! ```sh
//! cargo run -p tc3-example-reports --bin focus_export -- --help
//! ```

mod asked;
mod checkpoint;
mod fetch;
mod lines;
mod map;
mod output;
mod report;
#[cfg(test)]
mod round_trip;
mod spool;
mod sums;
mod table;

use std::{
    fs,
    io::{self, Write},
    process::ExitCode,
};

use tc3_blocking::Action;
use tc3_example_support::{Parser, Result, Service, finish, given};
use tc3_services::billing::DescribeBillDetail;

use asked::FocusExport;
use checkpoint::{Checkpoint, refused};
use fetch::{Account, Fetching, List};
use output::Output;
use spool::Spool;

fn run(arguments: FocusExport) -> Result<()> {
    let mut output = Output::new(&arguments)?;
    let (accounts, service) = arguments.accounts()?;
    let lists = arguments.lists(accounts.len(), &service)?;
    let mut fetching = begin(&arguments, &service, &accounts, &lists, &output)?;
    fetching.run(&accounts, &lists, arguments.limit)?;
    let kept = fetching.checkpoint.is_some();
    let summaries = report::summaries(&accounts, &lists, Some(kept))?;

    let currency = currency(&service);
    let spool = &fetching.spool;
    let written = map::write(&arguments, currency, &accounts, &lists, spool, &output)?;
    let (compared, differences) = report::compare(&written, &accounts, &summaries)?;
    let is_right = differences.is_empty() && written.broken_rows == 0;
    let path = if is_right {
        output.check_free(fetching.at.written)?;
        // Whatever happens from here on, the output is known to be this export's.
        fetching.at.written = true;
        fetching.commit()?;
        output.publish()?
    } else {
        output.set_aside()?
    };
    if let Some(checkpoint) = &fetching.checkpoint {
        fs::remove_file(checkpoint)?;
        output.remove_spool();
    }

    let mut remarks = report::without_lines(&written, &accounts, &lists)?;
    remarks.extend(arguments.remarks(&service)?);
    let printed = report::print(&written, &remarks);
    let rows = format!("{} rows of {} bill lines", written.rows, fetching.at.lines);
    let path = path.display();
    if is_right {
        printed?;
        let sums = format!("All {compared} sums are the service's own");
        writeln!(io::stdout(), "{sums}. {rows} are in {path}.")?;
        return Ok(());
    }
    report::say_wrong(&differences, &written.broken);
    let (differ, broken) = (differences.len(), written.broken_rows);
    Err(format!(
        "{differ} of {compared} sums differ from the service's, and {broken} rows break a rule of \
         FOCUS: {rows} are in {path}, and the same command fetches the bill anew"
    )
    .into())
}

/// Continues from the checkpoint, if there is one and it is this export's.
fn begin(
    arguments: &FocusExport,
    service: &Service,
    accounts: &[Account],
    lists: &[List],
    output: &Output,
) -> Result<Fetching> {
    let given = given(arguments, service)?;
    let checkpoint = arguments.checkpoint.clone();
    let stored = match &checkpoint {
        Some(path) => Checkpoint::read(path, &given)?,
        None => None,
    };
    let is_written = stored.as_ref().is_some_and(|stored| stored.written);
    output.check_free(is_written)?;
    if stored.is_none() {
        // What isn't ready is better known before hours of fetching than after.
        report::summaries(accounts, lists, None)?;
    }
    let (at, spool) = match (stored, &checkpoint) {
        (Some(at), Some(path)) => {
            let spool = Spool::open(output.spool(), at.bytes).map_err(|error| {
                let spool = output.spool().display();
                refused(path, &format!("{spool}: {error}"))
            })?;
            (at, spool)
        }
        (_, Some(_)) => (Checkpoint::new(given), Spool::create(output.spool())?),
        (_, None) => (Checkpoint::new(given), Spool::unnamed(output.folder())?),
    };
    Ok(Fetching {
        at,
        spool,
        checkpoint,
    })
}

/// The currency of bills that don't say it: only those of the international site do.
fn currency(service: &Service) -> &'static str {
    let url = service.endpoint.url(DescribeBillDetail::SERVICE);
    if url.contains(".intl.") { "USD" } else { "CNY" }
}

fn main() -> ExitCode {
    finish(run(FocusExport::parse()))
}
