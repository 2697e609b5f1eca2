//! Lists what each product cost each cost-allocation unit in a month.
//!
//! ```sh
//! cargo run -p tc3-blocking --example allocation_summary -- --help
//! ```

use std::process::ExitCode;

use tc3_blocking::Client;
use tc3_example_support::{AllocationSummary, Parser, Result, finish};

fn run(arguments: AllocationSummary) -> Result<()> {
    let service = arguments.service.clone().connect()?;
    let client = Client::builder()
        .credentials(service.credential.clone())
        .settings(service.settings(&arguments.pace))
        .build();

    let mut export = arguments.export(&service)?;
    let mut pages = client.pages(export.walk()).width(arguments.pace.width);
    while let Some(page) = pages.next() {
        export.write(page?.output, pages.walk())?;
    }
    export.finish(pages.walk())
}

fn main() -> ExitCode {
    finish(run(AllocationSummary::parse()))
}
