//! Core under attohttpc: blocking, small.

use std::{io::Read, process::ExitCode, thread};

use attohttpc::{ErrorKind, RequestBuilder};
use tc3_core::{Attempt, Failure, Flow, Outcome, Step};
use tc3_example_stacks::{now, run};

fn main() -> ExitCode {
    run(|mut walk, mut session, bills| {
        loop {
            match walk.step(&mut session, now()) {
                Step::Send(attempt) => walk.handle(send(attempt)),
                Step::Wait(delay) => thread::sleep(delay),
                Step::Done(Some(page)) => bills.add(&page?)?,
                Step::Done(None) => return Ok(()),
            }
        }
    })
}

fn send(attempt: Attempt) -> Outcome {
    let (parts, body) = attempt.request.into_parts();
    let mut request = RequestBuilder::try_new(parts.method, parts.uri.to_string())
        .map_err(Failure::not_sent)?
        .timeout(attempt.timeout)
        .follow_redirects(false);
    for (name, value) in &parts.headers {
        request = request.header(name, value);
    }
    let (status, headers, reader) = request.bytes(body).send().map_err(failure)?.split();
    let mut bytes = Vec::new();
    let bound = u64::try_from(attempt.max_body).unwrap_or(u64::MAX);
    let mut reader = reader.take(bound.saturating_add(1));
    reader.read_to_end(&mut bytes).map_err(Failure::unknown)?;
    let mut answer = http::Response::new(bytes.into());
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

fn failure(error: attohttpc::Error) -> Failure {
    match error.kind() {
        ErrorKind::ConnectError { .. } | ErrorKind::ConnectNotSupported => Failure::not_sent(error),
        _ => Failure::unknown(error),
    }
}
