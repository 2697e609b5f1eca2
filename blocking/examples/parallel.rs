//! Times a walk that fetches several pages at once against the service's frequency limit.
//!
//! ```sh
//! cargo run -p tc3-blocking --example parallel -- --help
//! ```

use std::process::ExitCode;

use tc3_blocking::Client;
use tc3_example_support::{Parallel, Parser, Result, finish};

fn run(arguments: Parallel) -> Result<()> {
    let timed = arguments.start()?;
    let client = Client::builder()
        .credentials(timed.credential.clone())
        .endpoint(timed.endpoint.clone())
        .build();

    let mut pages = client.pages(timed.action.clone()).width(arguments.width);
    let mut count = 0;
    for page in pages.by_ref() {
        page?;
        count += 1;
    }
    timed.finish(count, pages.walk().delivered())
}

fn main() -> ExitCode {
    finish(run(Parallel::parse()))
}
