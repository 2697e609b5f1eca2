//! The vendor's documented answers.

use std::{fs, path::Path};

use tc3_core::{Action, Error, wire::response};

/// A documented answer.
pub(crate) fn text(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    fs::read_to_string(folder.join(format!("{name}.json"))).unwrap()
}

/// An answer as its type.
pub(crate) fn read<A: Action>(body: String) -> Result<A::Output, Error> {
    response::read::<A>(&http::Response::new(body.into())).map(|reply| reply.output)
}
