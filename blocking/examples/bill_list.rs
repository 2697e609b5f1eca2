//! Lists what was paid into and out of the account: the main job.
//!
//! ```sh
//! cargo run -p tc3-blocking --example bill_list -- --help
//! ```

use std::process::ExitCode;

use tc3_blocking::Client;
use tc3_example_support::{BillList, Parser, Result, finish};

fn run(arguments: BillList) -> Result<()> {
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
    finish(run(BillList::parse()))
}
