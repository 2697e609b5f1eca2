//! What the examples share: arguments, formats, exports, the emulator in process.
#![allow(
    clippy::missing_errors_doc,
    reason = "whatever goes wrong goes to the user as it is"
)]

mod arguments;
mod checkpoint;
mod export;
mod format;
mod parallel;
mod progress;
mod serve;
mod service;
mod table;

use std::{
    error::Error,
    fmt,
    io::{self, Write},
    process::ExitCode,
};

pub use arguments::{
    AllocationSummary, BillList, DayArguments, PaceArguments, TimeArguments, UsageDetail, given,
    last_month,
};
pub use checkpoint::{are_apart, replace};
pub use clap::Parser;
pub use export::{Export, OutputArguments};
pub use format::Format;
pub use parallel::{Parallel, Timed};
pub use progress::Progress;
pub use service::{
    EXAMPLE_SECRET_ID, EXAMPLE_SECRET_KEY, FAULT_HELP, Service, ServiceArguments, with_faults,
};
pub use table::{Column, Row, heading, line};

/// What an example's work comes to.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Turns what an example came to into an exit status, with the error and all its causes on stderr.
pub fn finish(result: Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    // A reader that has had enough, such as `head`, is no failure.
    let io = error.downcast_ref::<io::Error>();
    if io.is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    say(format_args!("error: {}", with_causes(&*error)));
    ExitCode::FAILURE
}

/// An error and all its causes in one line.
pub fn with_causes(error: &dyn Error) -> String {
    let mut causes = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        causes = format!("{causes}: {inner}");
        cause = inner.source();
    }
    causes
}

/// Writes a line to stderr, unless nobody reads it.
pub fn say(line: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The README's programs, compiled and run with the doc tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../../../README.zh-CN.md")]
struct ReadmeInChinese;
