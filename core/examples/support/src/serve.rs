//! The emulator on a socket of this machine, with nothing but threads, so that each client's examples build without
//! the other client.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, Version, header::CONTENT_LENGTH};
use tc3_core::{UnixTime, emulator::Emulator};

use crate::{Result, arguments::now};

/// How long a head may be, in bytes.
const MAX_HEAD: u64 = 64 << 10;
/// How long a connection may be idle.
const IDLE: Duration = Duration::from_secs(60);

/// Serves the emulator on a free port of loopback, a thread a connection, until the process ends.
pub(crate) fn serve(emulator: Emulator) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let emulator = Arc::new(Mutex::new(emulator));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let emulator = Arc::clone(&emulator);
            // A connection that breaks is the client's matter.
            thread::spawn(move || answer(stream, &emulator));
        }
    });
    Ok(address)
}

/// Answers the requests of a connection, until the client closes it or the emulator leaves one without an answer.
fn answer(stream: TcpStream, emulator: &Mutex<Emulator>) -> Result<()> {
    // Answers are small and come at once; Nagle would only hold them back.
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(IDLE))?;
    let mut reader = BufReader::new(&stream);
    while let Some(request) = read(&mut reader)? {
        let exchange = {
            let mut emulator = emulator.lock().unwrap_or_else(PoisonError::into_inner);
            emulator.exchange(UnixTime::new(now()), &request)
        };
        thread::sleep(exchange.delay);
        let Ok(response) = exchange.outcome else {
            break;
        };
        write(&stream, &response)?;
        if request.version() == Version::HTTP_10 {
            break;
        }
    }
    Ok(())
}

/// The next request, or `None` when there are no more.
fn read(reader: &mut impl BufRead) -> Result<Option<Request<Bytes>>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let left = MAX_HEAD.saturating_sub(head.len() as u64);
        if reader.take(left).read_until(b'\n', &mut head)? == 0 {
            return Ok(None);
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    parsed.parse(&head)?;
    let mut request = Request::builder()
        .method(parsed.method.unwrap_or_default())
        .uri(parsed.path.unwrap_or_default())
        .version(match parsed.version {
            Some(0) => Version::HTTP_10,
            _ => Version::HTTP_11,
        });
    for header in parsed.headers.iter() {
        request = request.header(header.name, header.value);
    }
    let mut request = request.body(Bytes::new())?;
    if let Some(length) = request.headers().get(CONTENT_LENGTH) {
        let mut body = Vec::new();
        let length = length.to_str()?.parse()?;
        reader.take(length).read_to_end(&mut body)?;
        *request.body_mut() = body.into();
    }
    Ok(Some(request))
}

fn write(mut stream: &TcpStream, response: &Response<Bytes>) -> io::Result<()> {
    let (status, body) = (response.status(), response.body());
    let mut bytes = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in response.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    write!(bytes, "content-length: {}\r\n\r\n", body.len())?;
    bytes.extend_from_slice(body);
    stream.write_all(&bytes)
}
