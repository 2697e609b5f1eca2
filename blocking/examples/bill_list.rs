//! Lists what was paid into and out of the account: the main job.
//!
//! ```sh
//! cargo run -p tc3-blocking --example bill_list -- --help
//! ```

use std::process::ExitCode;

use tc3_blocking::{Action, Client, Settings, billing::DescribeBillList};
use tc3_example_support::{BillList, Parser, Result, finish};

fn run(arguments: BillList) -> Result<()> {
    let service = arguments.service.clone().connect()?;
    let client = Client::builder()
        .credentials(service.credential.clone())
        .settings(
            Settings::default()
                .with_endpoint(service.endpoint.clone())
                .with_region(service.region.clone())
                .with_language(service.language.clone())
                .with_rate(
                    DescribeBillList::SERVICE,
                    DescribeBillList::NAME,
                    arguments.pace.rate,
                ),
        )
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
