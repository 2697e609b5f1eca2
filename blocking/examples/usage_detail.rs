//! Lists what the sub-customers of an e-signature app consumed.
//!
//! ```sh
//! cargo run -p tc3-blocking --example usage_detail -- --help
//! ```

use std::process::ExitCode;

use tc3_blocking::Client;
use tc3_example_cli::{Output, Parser, Result, UsageDetail, finish};

fn run(arguments: UsageDetail) -> Result<()> {
    let service = arguments.service.clone().connect()?;
    let client = Client::builder(service.credential.clone())
        .endpoint(service.endpoint.clone())
        .region(service.region.clone())
        .language(service.language.clone())
        .build();

    let mut output = Output::new(arguments.format)?;
    let mut records = client.items(arguments.action(&service)?);
    while let Some(record) = records.next() {
        output.write(&record?, records.pages().walk().total())?;
    }
    output.finish()
}

fn main() -> ExitCode {
    finish(run(UsageDetail::parse()))
}
