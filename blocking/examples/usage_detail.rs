//! Lists what the sub-customers of an e-signature app consumed.
//!
//! ```sh
//! cargo run -p tc3-blocking --example usage_detail -- --help
//! ```

use std::process::ExitCode;

use tc3_blocking::Client;
use tc3_example_support::{Parser, Result, UsageDetail, finish};

fn run(arguments: UsageDetail) -> Result<()> {
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
    finish(run(UsageDetail::parse()))
}
