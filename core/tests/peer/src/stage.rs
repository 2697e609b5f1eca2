//! Where a call is when its time is up, or when it is dropped.

use std::sync::Mutex;

use tc3_core::emulator::Emulator;

use crate::{
    Peer, answer, answer_of, credential,
    tls::{self, Flaw},
};

/// What a server has done of an answer when nothing more comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is connected to, and has not begun with TLS.
    Handshake,
    /// It has read the request.
    Head,
    /// It has sent the beginning of a head.
    WithinHead,
    /// It has sent the half of a body.
    Body,
    /// It has sent the half of a chunk.
    Chunk,
}

impl Stage {
    /// Each, and whether over TLS.
    pub const ALL: [(Self, bool); 7] = [
        (Self::Handshake, true),
        (Self::Head, false),
        (Self::Head, true),
        (Self::WithinHead, false),
        (Self::Body, false),
        (Self::Body, true),
        (Self::Chunk, false),
    ];

    /// A service whose first connection comes no further than that, and which notes that it `stalls` and when the
    /// client is `gone`. Other connections are served.
    pub fn peer(self, secure: bool) -> Peer {
        let emulator = Mutex::new(Emulator::new(credential()));
        Peer::new(move |mut connection| {
            let stalls = connection.number == 0;
            if secure && !(stalls && self == Self::Handshake) {
                connection.secure(tls::server(Flaw::None));
            }
            if !stalls {
                return connection.emulate(&emulator);
            }
            let whole = answer("200 OK", answer_of(100_000));
            let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"Resp";
            let sent = match self {
                Self::Handshake | Self::Head => b"",
                Self::WithinHead => &whole[..20],
                Self::Body => &whole[..whole.len() / 2],
                Self::Chunk => chunked.as_bytes(),
            };
            match self {
                Self::Handshake => connection.wait(),
                _ => drop(connection.request()),
            }
            connection.send(sent);
            connection.note("stalls");
            connection.rest();
            connection.note("gone");
        })
    }
}
