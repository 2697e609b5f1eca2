//! Times a walk that fetches several pages at once against the service's frequency limit.
//!
//! ```sh
//! cargo run -p tc3-async --example parallel -- --help
//! ```

use std::process::ExitCode;

use tc3_async::Client;
use tc3_example_support::{Parallel, Parser, Result, finish};

async fn run(arguments: Parallel) -> Result<()> {
    let timed = arguments.start()?;
    let client = Client::builder()
        .credentials(timed.credential.clone())
        .endpoint(timed.endpoint.clone())
        .build();

    let mut pages = client.pages(timed.action.clone()).width(arguments.width);
    let mut count = 0;
    while let Some(page) = pages.next().await {
        page?;
        count += 1;
    }
    timed.finish(count, pages.walk().delivered())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    finish(run(Parallel::parse()).await)
}
