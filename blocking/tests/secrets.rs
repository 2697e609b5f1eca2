//! No text that this crate makes and nothing that it logs at any level shows a key, a token or what is derived from
//! them. Nor does what ureq logs at debug and above, or rustls at any level.

#[path = "../../core/tests/secrets/clients.rs"]
mod clients;
#[allow(dead_code, unused_imports, reason = "other tests need more of it")]
#[path = "loopback/driver.rs"]
mod driver;
#[path = "../../core/tests/secrets/logs.rs"]
mod logs;
#[path = "../../core/tests/secrets/marks.rs"]
mod marks;

use tc3_blocking::{Client, Transport};
use tc3_core::{Attempt, Outcome};

use marks::Texts;

fn panicking(_: Attempt) -> Outcome {
    panic!("a transport that panics");
}

#[test]
fn nothing_shows_a_secret() {
    let mut texts = Texts::default();
    let logged = clients::look(&mut texts, panicking as fn(Attempt) -> Outcome);
    for told in ["DEBUG ureq::", "TRACE rustls::"] {
        assert!(logged.iter().any(|line| line.contains(told)), "{told}");
    }
    // A trait, and what a client alone makes and keeps to itself.
    texts.assert_complete(&[include_str!("../src/lib.rs")], &["Transport"]);
}
