//! A proxy that opens tunnels, and looks at what goes through them.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use crate::{Peer, Received};

const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

/// A proxy until the end of the process.
#[derive(Clone, Debug)]
pub struct Proxy {
    peer: Peer,
    passed: Arc<Mutex<Vec<u8>>>,
}

impl Proxy {
    /// Its tunnels all lead to `target`, whatever host it is asked for.
    pub fn to(target: SocketAddr) -> Self {
        let passed = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&passed);
        let peer = Peer::new(move |mut connection| {
            if connection.request().is_none() {
                return;
            }
            let there = TcpStream::connect(target).unwrap();
            connection.send(ESTABLISHED);
            let (client, service) = (connection.tcp(), there.try_clone().unwrap());
            let back = thread::spawn(move || pass(&service, &client, |_| {}));
            pass(&connection.tcp(), &there, |bytes| {
                seen.lock().unwrap().extend_from_slice(bytes);
            });
            back.join().unwrap();
        });
        Self { peer, passed }
    }

    /// Its address, with a user and a password.
    pub fn url(&self) -> String {
        format!(
            "http://us%65r:not-a-real-p%40ssword@{}",
            self.peer.address()
        )
    }

    /// The header that these come to.
    pub const AUTHORIZATION: &str = "Basic dXNlcjpub3QtYS1yZWFsLXBAc3N3b3Jk";

    /// What it was asked for.
    pub fn received(&self) -> Vec<Received> {
        self.peer.received()
    }

    /// All that it has seen of what clients sent through it.
    pub fn passed(&self) -> Vec<u8> {
        self.passed.lock().unwrap().clone()
    }
}

/// Passes bytes on until there are no more.
fn pass(mut from: &TcpStream, mut to: &TcpStream, mut look: impl FnMut(&[u8])) {
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        look(&bytes[..length]);
        if to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    // Whoever has gone needs no telling.
    let _ = to.shutdown(Shutdown::Write);
}
