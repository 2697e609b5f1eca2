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
mod spool;
mod sums;
mod table;

use std::{
    fs,
    io::{self, Write},
    process::ExitCode,
};

use tc3_example_support::{Parser, Result, finish, given};

use asked::FocusExport;
use checkpoint::{Checkpoint, refused};
use fetch::Fetching;
use output::Output;
use spool::Spool;

fn run(arguments: FocusExport) -> Result<()> {
    let output = Output::new(&arguments)?;
    let (accounts, service) = arguments.accounts()?;
    let lists = arguments.lists(accounts.len(), &service)?;
    let given = given(&arguments, &service)?;

    let checkpoint = arguments.checkpoint.clone();
    let stored = match &checkpoint {
        Some(path) => Checkpoint::read(path, &given)?,
        None => None,
    };
    let is_written = stored.as_ref().is_some_and(|stored| stored.written);
    output.check_free(is_written)?;
    if stored.is_none() {
        // What isn't ready is better known before hours of fetching than after.
        report::summaries(&accounts, &lists, None)?;
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
    let mut fetching = Fetching {
        at,
        spool,
        checkpoint,
    };
    fetching.run(&accounts, &lists, arguments.limit)?;
    let kept = fetching.checkpoint.is_some();
    let summaries = report::summaries(&accounts, &lists, Some(kept))?;

    let written = map::write(&arguments, &accounts, &lists, &fetching.spool, &output)
        .inspect_err(|_| output.drop_part())?;
    report::print(&written)?;
    let (compared, differences) = report::compare(&written, &accounts, &summaries)?;
    report::say_wrong(&differences, &written.broken);
    let right = differences.is_empty() && written.broken_rows == 0;
    let rows = format!("{} rows of {} bill lines", written.rows, fetching.at.lines);
    let result = if right {
        // Whatever happens from here on, the output is known to be this export's.
        fetching.at.written = true;
        fetching.commit()?;
        output.publish()?;
        let path = output.path().display();
        writeln!(
            io::stdout(),
            "All {compared} sums are the service's own. {rows} are in {path}."
        )?;
        Ok(())
    } else {
        let (differ, broken) = (differences.len(), written.broken_rows);
        let aside = output.set_aside()?;
        let aside = aside.display();
        Err(format!(
            "{differ} of {compared} sums differ from the service's, and {broken} rows break a rule \
             of FOCUS: {rows} are in {aside}, and the same command fetches the bill anew"
        )
        .into())
    };
    output.remove_spool();
    if let Some(checkpoint) = &fetching.checkpoint {
        fs::remove_file(checkpoint)?;
    }
    result
}

fn main() -> ExitCode {
    finish(run(FocusExport::parse()))
}
