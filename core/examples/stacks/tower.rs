//! Core under any `tower::Service` from requests to answers: here hyper-util's client, with tower's timeout
//! and its limit of how many requests are out at once around it.

use std::{process::ExitCode, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, Error, connect::HttpConnector},
    rt::TokioExecutor,
};
use tc3_core::{Attempt, Failure, Flow, Outcome, Step, error::BoxError};
use tc3_example_stacks::{now, run};
use tokio::{
    runtime::Builder,
    time::{sleep, timeout},
};
use tower::{Service, ServiceBuilder, ServiceExt};

/// How long an answer may be: what core's settings say unless told otherwise.
const MAX_BODY: usize = 32 << 20;

fn main() -> ExitCode {
    run(|mut walk, mut session, bills| {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let mut service = ServiceBuilder::new()
            .concurrency_limit(8)
            .timeout(Duration::from_secs(10))
            .service_fn(|request| answer(&client, request));
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            loop {
                match walk.step(&mut session, now()) {
                    Step::Send(attempt) => walk.handle(send(&mut service, attempt).await),
                    Step::Wait(delay) => sleep(delay).await,
                    Step::Done(Some(page)) => bills.add(&page?)?,
                    Step::Done(None) => return Ok(()),
                }
            }
        })
    })
}

/// Asks the service, whichever it is. What it reads of an answer is bounded by itself.
async fn send<S>(service: &mut S, attempt: Attempt) -> Outcome
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error = BoxError>,
{
    let answer = async { service.ready().await?.call(attempt.request).await };
    match timeout(attempt.timeout, answer).await {
        Ok(answer) => answer.map_err(failure),
        Err(late) => Err(Failure::unknown(late)),
    }
}

fn failure(error: BoxError) -> Failure {
    match error.downcast_ref::<Error>() {
        Some(client) if client.is_connect() => Failure::not_sent(error),
        _ => Failure::unknown(error),
    }
}

/// The service at the bottom of the stack: an answer with all of its body.
async fn answer(
    client: &Client<HttpConnector, Full<Bytes>>,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, BoxError> {
    let (parts, body) = client.request(request.map(Full::new)).await?.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await?;
    Ok(Response::from_parts(parts, body.to_bytes()))
}
