//! Lists what the sub-customers of an e-signature app consumed.
//!
//! ```sh
//! cargo run -p tc3-blocking --example usage_detail -- --help
//! ```

use std::process::ExitCode;

use tc3_blocking::{Action, Client, Settings, essbasic::ChannelDescribeBillUsageDetail};
use tc3_example_support::{Parser, Result, UsageDetail, finish};

fn run(arguments: UsageDetail) -> Result<()> {
    let service = arguments.service.clone().connect()?;
    let client = Client::builder()
        .credentials(service.credential.clone())
        .settings(
            Settings::default()
                .with_endpoint(service.endpoint.clone())
                .with_region(service.region.clone())
                .with_language(service.language.clone())
                .with_rate(
                    ChannelDescribeBillUsageDetail::SERVICE,
                    ChannelDescribeBillUsageDetail::NAME,
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
    finish(run(UsageDetail::parse()))
}
