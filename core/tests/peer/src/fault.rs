//! How a service goes wrong on the wire, and a service that does.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use tc3_core::{emulator::Emulator, session::Endpoint};

use crate::{
    ANSWER, Connection, Peer, Refusing, answer, answer_of, credential,
    tls::{self, Flaw},
};

/// The bound of a body in these tests: larger than any page of the emulator's.
pub const MAX_BODY: usize = 100_000;
const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
const PAGE: &str = "<html><body>The gateway is sorry.</body></html>";
const HEAD: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const EARLY_HINTS: &str = "HTTP/1.1 103 Early Hints\r\nLink: </>; rel=preload\r\n\r\n";

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nobody listens.
    Refused,
    /// A connection is closed as soon as it is made.
    ClosedAtOnce,
    /// It is reset when a request has come, which nobody reads.
    Reset,
    /// It is closed when the request was read.
    ClosedBeforeHead,
    /// It is closed within the head of the answer.
    ClosedWithinHead,
    /// It is closed after the head.
    ClosedAfterHead,
    /// It is closed in the middle of a body that says how long it is.
    ClosedWithinBody,
    /// It is closed after half a chunk.
    ClosedWithinChunk,
    /// It is closed before the chunk that says that it was the last.
    ClosedBeforeLastChunk,
    /// Nothing comes.
    StalledBeforeHead,
    /// Nothing comes after the beginning of a head.
    StalledWithinHead,
    /// Nothing comes after the half of the body.
    StalledWithinBody,
    /// The head comes a byte a second.
    DrippedHead,
    /// The body comes a byte a second.
    DrippedBody,
    /// It isn't HTTP.
    Garbage,
    /// A page of HTML, with this status.
    Page(&'static str),
    /// The answer is packed by gzip, which nobody asked for.
    Packed,
    /// Status 200 without a body.
    Empty,
    /// A head without an end.
    EndlessHead,
    /// A body without an end.
    EndlessBody,
    /// A body one byte larger than the bound.
    Oversized,
    /// `Content-Length` says more than there is, and then the connection is closed.
    LengthTooLarge,
    /// `Content-Length` says less than there is.
    LengthTooSmall,
    /// There are two, which differ.
    LengthTwice,
    /// 100 Continue, which nobody asked for, comes before the answer.
    Continue,
    /// 103 Early Hints comes before the answer.
    EarlyHints,
    /// 103 comes again and again, and no answer.
    EarlyHintsForever,
    /// A redirect to another host, with this status.
    Redirect(&'static str),
    /// This status, and a second to wait.
    Busy(&'static str),
    /// The answer is as it should be; then the connection is closed, which was to be kept.
    ClosedWhileIdle,
    /// The same over TLS, which says so.
    ClosedWhileIdleByTls,
    /// The certificate of the server has a flaw.
    Certificate(Flaw),
    /// The port of TLS speaks plain HTTP.
    PlainText,
    /// The server answers the beginning of TLS with an alert of this number.
    Alert(u8),
    /// A connection is closed within the handshake of TLS.
    ClosedInHandshake,
    /// The handshake of TLS gets no answer.
    StalledInHandshake,
    /// TCP ends after the answer, and TLS did not say that it would.
    NoCloseNotify,
    /// The same where the end of the connection is the end of the body.
    NoCloseNotifyAtEnd,
}

impl Fault {
    /// Whether it is over TLS.
    pub fn is_secure(self) -> bool {
        matches!(
            self,
            Self::ClosedWhileIdleByTls
                | Self::Certificate(_)
                | Self::PlainText
                | Self::Alert(_)
                | Self::ClosedInHandshake
                | Self::StalledInHandshake
                | Self::NoCloseNotify
                | Self::NoCloseNotifyAtEnd
        )
    }

    /// Whether it hits a connection before there is a request.
    pub fn is_early(self) -> bool {
        self != Self::Certificate(Flaw::None)
            && matches!(
                self,
                Self::Refused
                    | Self::ClosedAtOnce
                    | Self::Reset
                    | Self::Certificate(_)
                    | Self::PlainText
                    | Self::Alert(_)
                    | Self::ClosedInHandshake
                    | Self::StalledInHandshake
            )
    }

    /// Goes wrong before there is a request.
    fn spoil(self, connection: &mut Connection) {
        match self {
            Self::Reset | Self::ClosedInHandshake => connection.wait(),
            Self::Certificate(flaw) => {
                connection.secure(tls::server(flaw));
                connection.request();
            }
            Self::PlainText => {
                connection.wait();
                connection.send(answer("400 Bad Request", "this is plain http"));
                connection.rest();
            }
            Self::Alert(number) => {
                connection.wait();
                connection.send([21, 3, 3, 0, 2, 2, number]);
                connection.hang_up();
                connection.rest();
            }
            Self::StalledInHandshake => drop(connection.rest()),
            _ => {}
        }
    }

    /// Goes wrong where `body` was the answer. Returns whether the connection is kept.
    fn play(self, connection: &mut Connection, body: &[u8], elsewhere: SocketAddr) -> bool {
        let whole = answer("200 OK", body);
        let half = &whole[..whole.len() - body.len() / 2];
        let chunk = [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n"].concat();
        let lengths = |lengths: &[usize]| {
            let mut head = HEAD.to_string();
            for length in lengths {
                head += &format!("Content-Length: {length}\r\n");
            }
            [head.as_bytes(), b"\r\n", body].concat()
        };
        let mut finish = |bytes: &[u8]| {
            connection.send(bytes);
        };
        match self {
            Self::ClosedBeforeHead => {}
            Self::ClosedWithinHead => finish(&whole[..HEAD.len() + 9]),
            Self::ClosedAfterHead => finish(&whole[..whole.len() - body.len()]),
            Self::ClosedWithinBody => finish(half),
            Self::ClosedWithinChunk => {
                finish(&[CHUNKED.as_bytes(), &chunk[..chunk.len() / 2]].concat());
            }
            Self::ClosedBeforeLastChunk => finish(&[CHUNKED.as_bytes(), &chunk].concat()),
            Self::Garbage => finish(b"SSH-2.0-OpenSSH_9.6\r\n"),
            Self::LengthTooLarge => finish(&lengths(&[body.len() + 10])),
            Self::ClosedWhileIdle | Self::NoCloseNotify => finish(&whole),
            Self::ClosedWhileIdleByTls => {
                connection.send(whole);
                connection.say_goodbye();
            }
            Self::NoCloseNotifyAtEnd => {
                finish(&[HEAD.as_bytes(), b"Connection: close\r\n\r\n", body].concat());
            }
            Self::StalledBeforeHead => drop(connection.rest()),
            Self::StalledWithinHead => stall(connection, &whole[..HEAD.len() + 9]),
            Self::StalledWithinBody => stall(connection, half),
            Self::DrippedHead => drip(connection, &whole),
            Self::DrippedBody => {
                let (head, body) = half.split_at(whole.len() - body.len());
                connection.send(head);
                drip(connection, body);
            }
            Self::EndlessHead => {
                connection.send(HEAD);
                while connection.send("X-Padding: as much of it as there is room for\r\n") {}
            }
            Self::EndlessBody => {
                connection.send(CHUNKED);
                let chunk = format!("1000\r\n{:4096}\r\n", "");
                while connection.send(&chunk) {}
            }
            Self::EarlyHintsForever => {
                let links = "Link: </styles.css>; rel=preload; as=style\r\n".repeat(10);
                let many = format!("HTTP/1.1 103 Early Hints\r\n{links}\r\n").repeat(100);
                while connection.send(&many) {}
            }
            Self::Page(status) => return connection.send(answer(status, PAGE)),
            Self::Packed => {
                let head = "200 OK\r\nContent-Encoding: gzip";
                return connection.send(answer(head, GZIP));
            }
            Self::Empty => return connection.send(answer("200 OK", "")),
            Self::Certificate(Flaw::None) => return connection.send(whole),
            Self::Oversized => {
                return connection.send(answer("200 OK", answer_of(MAX_BODY + 1)));
            }
            Self::LengthTooSmall => return connection.send(lengths(&[body.len() - 10])),
            Self::LengthTwice => {
                return connection.send(lengths(&[body.len(), body.len() - 10]));
            }
            Self::Continue => {
                return connection.send([b"HTTP/1.1 100 Continue\r\n\r\n", &whole[..]].concat());
            }
            Self::EarlyHints => {
                return connection.send([EARLY_HINTS.as_bytes(), &whole].concat());
            }
            Self::Redirect(status) => {
                let status = format!("{status}\r\nLocation: http://{elsewhere}/");
                return connection.send(answer(&status, "moved"));
            }
            Self::Busy(status) => {
                return connection.send(answer(&format!("{status}\r\nRetry-After: 1"), PAGE));
            }
            _ => unreachable!("{self:?} comes before the request"),
        }
        false
    }
}

fn stall(connection: &mut Connection, bytes: &[u8]) {
    connection.send(bytes);
    connection.rest();
}

fn drip(connection: &mut Connection, bytes: &[u8]) {
    for byte in bytes {
        if !connection.send([*byte]) {
            return;
        }
        thread::sleep(Duration::from_secs(1));
    }
}

/// The emulator, with a fault in every so many of its answers or, if that comes earlier, connections.
#[derive(Debug)]
pub struct Service {
    /// Who has the requests.
    pub peer: Peer,
    /// Another host, that nobody has to do with.
    pub elsewhere: Peer,
    endpoint: Endpoint,
    /// Keeps its port from being listened at.
    _refusing: Option<Refusing>,
}

impl Service {
    /// A service whose every `every`-th request or connection is hit, at least every one.
    pub fn new(fault: Fault, every: usize) -> Self {
        let elsewhere = Peer::answering(answer("200 OK", ANSWER));
        let (peer, refusing) = if fault != Fault::Refused {
            (faulty(fault, every, elsewhere.address()), None)
        } else if every == 1 {
            (
                faulty(fault, every, elsewhere.address()),
                Some(Refusing::new()),
            )
        } else {
            (absent(every), None)
        };
        let endpoint = match &refusing {
            Some(refusing) => refusing.endpoint(),
            None if fault.is_secure() => peer.https_endpoint(),
            None => peer.endpoint(),
        };
        Self {
            peer,
            elsewhere,
            endpoint,
            _refusing: refusing,
        }
    }

    /// Where it is.
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }
}

fn faulty(fault: Fault, every: usize, elsewhere: SocketAddr) -> Peer {
    let emulator = Mutex::new(Emulator::new(credential()));
    let requests = AtomicUsize::new(0);
    Peer::new(move |mut connection| {
        let is_hit = |number: usize| (number + 1).is_multiple_of(every);
        if fault.is_early() && is_hit(connection.number) {
            return fault.spoil(&mut connection);
        }
        if fault.is_secure() {
            connection.secure(tls::server(Flaw::None));
        }
        // Where connections are hit, each has one request.
        while let Some(body) = connection.emulated(&emulator) {
            let number = requests.fetch_add(1, Ordering::SeqCst);
            if fault.is_early() {
                connection.send(answer("200 OK\r\nConnection: close", body));
                break;
            }
            if !is_hit(number) {
                connection.send(answer("200 OK", body));
            } else if !fault.play(&mut connection, &body, elsewhere) {
                return connection.close("closed");
            }
        }
        connection.say_goodbye();
    })
}

/// Does not listen for a while after every so many requests but one.
fn absent(every: usize) -> Peer {
    let emulator = Mutex::new(Emulator::new(credential()));
    Peer::listening(move |mut listener, door| {
        let address = listener.local_addr().unwrap();
        loop {
            let mut last = None;
            for left in (1..every).rev() {
                let mut connection = door.accept(&listener);
                let body = connection.emulated(&emulator);
                if left > 1 {
                    connection.send(answer("200 OK\r\nConnection: close", body.unwrap()));
                } else {
                    last = body.map(|body| (connection, body));
                }
            }
            drop(listener);
            // This connection keeps the port from being anybody else's.
            let (mut connection, body) = last.unwrap();
            connection.send(answer("200 OK\r\nConnection: close", body));
            thread::sleep(Duration::from_millis(50));
            listener = TcpListener::bind(address).unwrap();
        }
    })
}
