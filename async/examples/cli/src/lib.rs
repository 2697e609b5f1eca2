//! What the examples of both IO crates share: arguments, formats, progress, the emulator in process.
#![allow(
    clippy::missing_errors_doc,
    reason = "whatever goes wrong goes to the user as it is"
)]

mod arguments;
mod output;
mod service;
mod table;

use std::{error::Error, process::ExitCode};

pub use arguments::{AllocationSummary, BillList, UsageDetail};
pub use clap::Parser;
pub use output::{Format, Output, Progress};
pub use service::{EXAMPLE_SECRET_ID, EXAMPLE_SECRET_KEY, Service, ServiceArguments, serve};
pub use table::Row;

/// What an example's work comes to.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Turns what an example came to into an exit status, with the error and all its causes on stderr.
#[expect(clippy::print_stderr, reason = "diagnostics go to stderr")]
pub fn finish(result: Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    // A reader that has had enough, such as `head`, is no failure.
    let io = error.downcast_ref::<std::io::Error>();
    if io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    eprint!("error: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        eprint!(": {inner}");
        cause = inner.source();
    }
    eprintln!();
    ExitCode::FAILURE
}

/// The README's programs, compiled and run with the doc tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../README.md")]
struct Readme;
