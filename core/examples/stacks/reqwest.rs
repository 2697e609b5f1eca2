//! Core under reqwest: async.

use std::{mem, process::ExitCode};

use bytes::BytesMut;
use reqwest::{Client, redirect::Policy};
use tc3_core::{Attempt, Failure, Flow, Outcome, Step};
use tc3_example_stacks::{now, run};
use tokio::{runtime::Builder, time::sleep};

fn main() -> ExitCode {
    run(|mut walk, mut session, bills| {
        let client = Client::builder().redirect(Policy::none()).build()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            loop {
                match walk.step(&mut session, now()) {
                    Step::Send(attempt) => walk.handle(send(&client, attempt).await),
                    Step::Wait(delay) => sleep(delay).await,
                    Step::Done(Some(page)) => bills.add(&page?)?,
                    Step::Done(None) => return Ok(()),
                }
            }
        })
    })
}

async fn send(client: &Client, attempt: Attempt) -> Outcome {
    let mut request = reqwest::Request::try_from(attempt.request).map_err(Failure::not_sent)?;
    *request.timeout_mut() = Some(attempt.timeout);
    let mut response = client.execute(request).await.map_err(failure)?;
    let mut body = BytesMut::new();
    while body.len() <= attempt.max_body
        && let Some(chunk) = response.chunk().await.map_err(failure)?
    {
        body.extend_from_slice(&chunk);
    }
    let mut answer = http::Response::new(body.freeze());
    *answer.status_mut() = response.status();
    *answer.headers_mut() = mem::take(response.headers_mut());
    Ok(answer)
}

fn failure(error: reqwest::Error) -> Failure {
    if error.is_connect() {
        Failure::not_sent(error)
    } else {
        Failure::unknown(error)
    }
}
