//! Lists what was paid into and out of the account: the main job.
//!
//! ```sh
//! cargo run -p tc3-async --example bill_list -- --help
//! ```

use std::process::ExitCode;

use tc3_async::Client;
use tc3_example_cli::{BillList, Output, Parser, Result, finish};

async fn run(arguments: BillList) -> Result<()> {
    let service = arguments.service.clone().connect()?;
    let client = Client::builder(service.credential.clone())
        .endpoint(service.endpoint.clone())
        .region(service.region.clone())
        .language(service.language.clone())
        .build();

    let mut output = Output::new(arguments.format)?;
    let mut records = client.items(arguments.action(&service)?);
    while let Some(record) = records.next().await {
        output.write(&record?, records.pages().walk().total())?;
    }
    output.finish()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    finish(run(BillList::parse()).await)
}
