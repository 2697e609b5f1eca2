//! No text that this crate makes, and nothing that it or hyper, rustls and what else is below logs at any level,
//! shows a key, a token or what is derived from them.
#![cfg(feature = "emulator")]

#[path = "../../core/tests/secrets/clients.rs"]
mod clients;
#[allow(dead_code, unused_imports, reason = "other tests need more of it")]
#[path = "loopback/driver.rs"]
mod driver;
#[path = "../../core/tests/secrets/logs.rs"]
mod logs;
#[path = "../../core/tests/secrets/marks.rs"]
mod marks;

use std::future::Ready;

use tc3_async::{Client, Transport, serve::Server};
use tc3_core::{Attempt, Outcome, emulator::Emulator};

use driver::wait;
use marks::{Texts, credential};

fn panicking(_: Attempt) -> Ready<Outcome> {
    panic!("a transport that panics");
}

#[test]
fn nothing_shows_a_secret() {
    let mut texts = Texts::default();
    let server = wait(Server::bind("127.0.0.1:0", Emulator::new(credential()))).unwrap();
    texts.debug("Server", &server);
    texts.debug("Monitor", &server.monitor());
    let logged = clients::look(&mut texts, panicking as fn(Attempt) -> Ready<Outcome>);
    assert!(logged.iter().any(|line| line.contains("hyper_util")));
    let sources = [
        include_str!("../src/lib.rs"),
        include_str!("../src/serve.rs"),
    ];
    // A trait, and what a client alone makes and keeps to itself.
    texts.assert_complete(&sources, &["Transport"]);
}
