//! `sql`: a query over the bills of many accounts, asked from the service while it runs.

mod arguments;
mod output;
mod query;

use std::process::ExitCode;

use clap::Parser;
use tc3_example_support::{finish, say};
use tc3_sql::CountRequests;
use tokio::runtime::Runtime;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    // An error ends the query, and stands there once.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("off"));
    tracing_subscriber::registry()
        .with(CountRequests)
        .with(log.with_filter(filter))
        .init();
    finish(run(arguments))
}

fn run(arguments: Arguments) -> tc3_example_support::Result<()> {
    let runtime = Runtime::new()?;
    let done = runtime.block_on(query::run(arguments))?;
    // Requests that nobody waits for any more are abandoned, and counted, by then.
    drop(runtime);
    say(done.summary());
    Ok(())
}
