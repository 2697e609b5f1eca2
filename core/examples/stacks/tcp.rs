//! Core over a bare `TcpStream`, with httparse and nothing else: a connection for each request, plain http.

use std::{
    io::{Read, Write},
    net::{TcpStream, ToSocketAddrs},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Response, Uri, uri::PathAndQuery};
use tc3_core::{Attempt, Failure, Flow, Outcome, Step, error::BoxError};
use tc3_example_stacks::{now, run};

/// How long a head may be.
const MAX_HEAD: usize = 64 << 10;

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
    let deadline = Instant::now() + attempt.timeout;
    let stream = connect(attempt.request.uri(), deadline).map_err(Failure::not_sent)?;
    exchange(stream, attempt, deadline).map_err(Failure::unknown)
}

fn connect(uri: &Uri, deadline: Instant) -> Result<TcpStream, BoxError> {
    let host = uri.host().ok_or("a request has a host")?;
    let mut addresses = (host, uri.port_u16().unwrap_or(80)).to_socket_addrs()?;
    let address = addresses.next().ok_or("the name stands for no address")?;
    Ok(TcpStream::connect_timeout(&address, left(deadline)?)?)
}

/// By HTTP/1.0: the answer comes in one piece, and the connection ends with it.
fn exchange(
    mut stream: TcpStream,
    attempt: Attempt,
    deadline: Instant,
) -> Result<Response<Bytes>, BoxError> {
    let (parts, body) = attempt.request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let mut bytes = format!("{} {path} HTTP/1.0\r\n", parts.method).into_bytes();
    for (name, value) in &parts.headers {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    write!(bytes, "content-length: {}\r\n\r\n", body.len())?;
    bytes.extend(body);
    stream.set_write_timeout(Some(left(deadline)?))?;
    stream.write_all(&bytes)?;

    let (mut bytes, mut chunk) = (Vec::new(), [0; 8192]);
    while bytes.len() <= MAX_HEAD + attempt.max_body {
        stream.set_read_timeout(Some(left(deadline)?))?;
        match stream.read(&mut chunk)? {
            0 => break,
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(&bytes)? else {
        return Err("the answer ends within its head".into());
    };
    let mut answer = Response::builder().status(head.code.unwrap_or_default());
    for header in head.headers.iter() {
        answer = answer.header(header.name, header.value);
    }
    Ok(answer.body(Bytes::copy_from_slice(&bytes[length..]))?)
}

fn left(deadline: Instant) -> Result<Duration, BoxError> {
    let left = deadline.checked_duration_since(Instant::now());
    // A socket takes no timeout of zero.
    left.filter(|left| !left.is_zero())
        .ok_or_else(|| "the attempt's time is up".into())
}
