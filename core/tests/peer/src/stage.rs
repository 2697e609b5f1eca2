//! Where a call is when its time is up, or when it is dropped.

use std::{sync::Mutex, time::Instant};

use tc3_core::Emulator;

use crate::{
    Peer, SHORT, Setup, Subject, answer, answer_of, assert_late,
    checks::LENIENCE,
    credential, january,
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

/// The connection is closed with the call, and never used again; the next one is.
pub fn a_call_that_ends_at_its_deadline_leaves_the_client_usable<S: Subject>() {
    for (stage, secure) in Stage::ALL {
        let peer = stage.peer(secure);
        let endpoint = if secure {
            peer.https_endpoint()
        } else {
            peer.endpoint()
        };
        let client = S::new(&Setup {
            deadline: SHORT,
            ..Setup::to(endpoint)
        });
        let start = Instant::now();
        assert_late(client.call(&january()));
        assert!(start.elapsed() < SHORT + LENIENCE, "{stage:?}");
        assert_eq!(
            (peer.noted(), peer.noted()),
            ("stalls", "gone"),
            "{stage:?}"
        );
        assert_eq!(peer.accepted(), 1, "{stage:?}");
        for _ in 0..2 {
            let reply = client.call(&january()).unwrap();
            assert_eq!(reply.output.total, Some(42), "{stage:?}");
        }
        assert_eq!(peer.accepted(), 2, "{stage:?}");
    }
}
