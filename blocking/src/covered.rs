//! Bodies that ureq never sees, since it logs each of their bytes at the level trace.
//!
//! Dashes stand in for them: below ureq, those of a request give way to what is to be sent, and those of an answer
//! take the place of what came, which is kept for whoever asked.

use std::{
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use memchr::{memchr, memmem};
use tc3_core::{Attempt, Failure};
use ureq::{
    Error,
    unversioned::transport::{
        Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    },
};
use zeroize::Zeroizing;

const DASH: u8 = b'-';
/// The end of a head.
const END: &[u8] = b"\r\n\r\n";
/// As many as ureq takes.
const MAX_HEADERS: usize = 128;

/// The bodies of one exchange, and what makes a connection for it alone.
#[derive(Clone)]
pub(crate) struct Covered {
    bodies: Arc<Mutex<Bodies>>,
    /// Whether it goes through a proxy.
    proxied: bool,
}

#[derive(Default)]
struct Bodies {
    request: Zeroizing<Vec<u8>>,
    answer: Zeroizing<Vec<u8>>,
}

impl Covered {
    /// Takes the body of a request away.
    pub(crate) fn take(attempt: &mut Attempt, proxied: bool) -> Self {
        let dashes = vec![DASH; attempt.request.body().len()];
        let body = mem::replace(attempt.request.body_mut(), dashes.into());
        let bodies = Bodies {
            request: Zeroizing::new(body.to_vec()),
            answer: Zeroizing::default(),
        };
        Self {
            bodies: Arc::new(Mutex::new(bodies)),
            proxied,
        }
    }

    /// What the answer was of which ureq has read so much.
    pub(crate) fn answer(&self, read: usize) -> Result<Vec<u8>, Failure> {
        let answer = mem::take(&mut self.bodies().answer);
        let answer = answer.get(..read).map(<[u8]>::to_vec);
        answer.ok_or_else(|| Failure::unknown("the answer's body could not be told from its frame"))
    }

    fn bodies(&self) -> MutexGuard<'_, Bodies> {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Covered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Covered")
    }
}

impl<T: Transport> Connector<T> for Covered {
    type Out = Either<T, Cover<T>>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<T>,
    ) -> Result<Option<Self::Out>, Error> {
        let config = details.config;
        // The way to a proxy is made by the same connectors, told of none: the bodies are not for it.
        if config.proxy().is_some() != self.proxied {
            return Ok(chained.map(Either::A));
        }
        let (input, output) = (config.input_buffer_size(), config.output_buffer_size());
        let cover = |inner| Cover {
            inner,
            buffers: LazyBuffers::new(input, output),
            covered: self.clone(),
            sent: None,
            came: Came::Head(Vec::new()),
        };
        Ok(chained.map(cover).map(Either::B))
    }
}

/// A connection with bodies of its own.
pub(crate) struct Cover<T> {
    inner: T,
    /// What ureq writes and reads.
    buffers: LazyBuffers,
    covered: Covered,
    /// How much of the request's body was sent; `None` before its head was.
    sent: Option<usize>,
    came: Came,
}

impl<T: Transport> Cover<T> {
    /// Sends what ureq has written, or what dashes stand for.
    fn pass(inner: &mut T, mut bytes: &[u8], timeout: NextTimeout) -> Result<(), Error> {
        while !bytes.is_empty() {
            let output = inner.buffers().output();
            let (now, later) = bytes.split_at(bytes.len().min(output.len()));
            output[..now.len()].copy_from_slice(now);
            inner.transmit_output(now.len(), timeout)?;
            bytes = later;
        }
        Ok(())
    }
}

impl<T: Transport> Transport for Cover<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let mut dashes = &self.buffers.output()[..amount];
        if self.sent.is_none() {
            let end = memmem::find(dashes, END).map(|at| at + END.len());
            let (head, body) = dashes.split_at(end.unwrap_or(amount));
            Self::pass(&mut self.inner, head, timeout)?;
            self.sent = end.map(|_| 0);
            dashes = body;
        }
        let Some(sent) = &mut self.sent else {
            return Ok(());
        };
        let start = *sent;
        *sent += dashes.len();
        // As much as ureq was told there is.
        let bodies = self.covered.bodies();
        let body = bodies.request.get(start..*sent).unwrap_or_default();
        Self::pass(&mut self.inner, body, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        // What there was no room for comes first.
        let more = !self.inner.buffers().input().is_empty() || self.inner.await_input(timeout)?;
        let inner = self.inner.buffers();
        let (input, room) = (inner.input(), self.buffers.input_append_buf());
        let many = input.len().min(room.len());
        room[..many].copy_from_slice(&input[..many]);
        inner.input_consume(many);
        self.came
            .cover(&mut room[..many], &mut self.covered.bodies().answer);
        self.buffers.input_appended(many);
        Ok(more && many > 0)
    }

    fn is_open(&mut self) -> bool {
        // It is for one exchange.
        false
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

impl<T> fmt::Debug for Cover<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cover")
    }
}

/// Where in an answer the next byte is.
enum Came {
    /// In the head, after this.
    Head(Vec<u8>),
    /// In the body, to its end.
    Body,
    /// In the line before a chunk, after this.
    Size(Vec<u8>),
    /// In a chunk that has so many bytes left.
    Chunk(u64),
    /// After the last chunk.
    Trailers,
}

impl Came {
    /// Moves what is of the body.
    fn cover(&mut self, mut bytes: &mut [u8], kept: &mut Vec<u8>) {
        while !bytes.is_empty() {
            let (part, next) = self.next(bytes);
            let (now, later) = mem::take(&mut bytes).split_at_mut(part);
            if matches!(self, Self::Body | Self::Chunk(_)) {
                kept.extend_from_slice(now);
                now.fill(DASH);
            }
            *self = next;
            bytes = later;
        }
    }

    /// How many of these bytes are of the same kind, and what comes after them.
    fn next(&mut self, bytes: &[u8]) -> (usize, Self) {
        match self {
            Self::Head(before) => {
                let known = before.len();
                before.extend_from_slice(bytes);
                let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
                let mut response = httparse::Response::new(&mut headers);
                match response.parse(before) {
                    Ok(httparse::Status::Partial) => (bytes.len(), Self::Head(mem::take(before))),
                    Ok(httparse::Status::Complete(end)) => {
                        let next = Self::after(&response);
                        (end.saturating_sub(known), next)
                    }
                    // No HTTP: ureq says so.
                    Err(_) => (0, Self::Body),
                }
            }
            Self::Body => (bytes.len(), Self::Body),
            Self::Size(before) => {
                let Some(end) = memchr(b'\n', bytes) else {
                    before.extend_from_slice(bytes);
                    return (bytes.len(), Self::Size(mem::take(before)));
                };
                before.extend_from_slice(&bytes[..=end]);
                let next = match httparse::parse_chunk_size(before) {
                    // The end of the chunk before.
                    _ if **before == *b"\r\n" => Self::Size(Vec::new()),
                    Ok(httparse::Status::Complete((_, 0))) => Self::Trailers,
                    Ok(httparse::Status::Complete((_, many))) => Self::Chunk(many),
                    _ => Self::Body,
                };
                (end + 1, next)
            }
            Self::Chunk(left) => {
                let many = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                match left.saturating_sub(many as u64) {
                    0 => (many, Self::Size(Vec::new())),
                    left => (many, Self::Chunk(left)),
                }
            }
            Self::Trailers => (bytes.len(), Self::Trailers),
        }
    }

    /// What comes after this head.
    fn after(head: &httparse::Response<'_, '_>) -> Self {
        let chunked = head.headers.iter().any(|header| {
            let coding = header.value.to_ascii_lowercase();
            header.name.eq_ignore_ascii_case("transfer-encoding")
                && memmem::find(&coding, b"chunked").is_some()
        });
        match head.code {
            Some(100..200) => Self::Head(Vec::new()),
            _ if chunked && head.version == Some(1) => Self::Size(Vec::new()),
            _ => Self::Body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What ureq sees of an answer that comes in pieces of this size, and what is kept.
    fn seen(answer: &str, size: usize) -> (String, String) {
        let (mut came, mut kept, mut seen) = (Came::Head(Vec::new()), Vec::new(), Vec::new());
        for piece in answer.as_bytes().chunks(size) {
            let mut piece = piece.to_vec();
            came.cover(&mut piece, &mut kept);
            seen.extend(piece);
        }
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(seen), text(kept))
    }

    #[test]
    fn a_body_is_covered_and_kept_whatever_its_frame_and_its_pieces() {
        let cases = [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret",
                "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n------",
            ),
            (
                "HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n\r\nsecret",
                "HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n------",
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n4\r\nsecr\r\n02;x=1\r\net\r\n0\r\nA: b\r\n\r\n",
                "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n4\r\n----\r\n02;x=1\r\n--\r\n0\r\nA: b\r\n\r\n",
            ),
            (
                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsecret",
                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n------",
            ),
        ];
        for (answer, covered) in cases {
            for size in 1..=answer.len() {
                let (seen, kept) = seen(answer, size);
                assert_eq!(
                    (seen.as_str(), kept.as_str()),
                    (covered, "secret"),
                    "{size}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_http_is_covered_from_there_on() {
        let (seen, kept) = seen(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsecret\nsecret",
            1000,
        );
        assert!(seen.ends_with("\r\n\r\nsecret\n------"), "{seen}");
        assert_eq!(kept, "secret");
        let (seen, kept) = self::seen("SSH-2.0 secret", 1000);
        assert_eq!(
            (seen.as_str(), kept.as_str()),
            ("--------------", "SSH-2.0 secret")
        );
    }
}
