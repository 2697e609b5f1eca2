//! Lists what the sub-customers of an e-signature app consumed.
//!
//! ```sh
//! cargo run -p tc3-async --example usage_detail -- --help
//! ```

use std::process::ExitCode;

use tc3_async::{Action, Client, Settings, essbasic::ChannelDescribeBillUsageDetail};
use tc3_example_support::{Parser, Result, UsageDetail, finish};

async fn run(arguments: UsageDetail) -> Result<()> {
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
    while let Some(page) = pages.next().await {
        export.write(page?.output, pages.walk())?;
    }
    export.finish(pages.walk())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    finish(run(UsageDetail::parse()).await)
}
