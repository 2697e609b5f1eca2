use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;

use tc3_core::credential::{Looked, Lookup};

/// Reads an environment variable or a file.
pub(crate) fn look(lookup: &Lookup) -> Looked {
    let path = match lookup {
        Lookup::Variable(name) => return Ok(variable(name)),
        Lookup::File(path) => PathBuf::from(path),
        Lookup::HomeFile(path) => match home() {
            Some(home) => home.join(path),
            None => return Ok(None),
        },
    };
    let bytes = File::open(path).and_then(|file| {
        // A buffer that grows would leave copies of keys in memory.
        let mut bytes = Vec::with_capacity(Lookup::MAX_SIZE + 1);
        file.take(Lookup::MAX_SIZE as u64 + 1)
            .read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    });
    // The home may be no directory.
    let is_missing = |kind| matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory);
    match bytes {
        Err(error) if is_missing(error.kind()) => Ok(None),
        read => Ok(read?),
    }
}

/// The home, unless it is relative, and so depends on the folder in which the program was started. For an empty one the
/// system's own would stand in, which may be somebody else's.
fn home() -> Option<PathBuf> {
    let is_empty = env::var_os("HOME").is_some_and(|home| home.is_empty());
    let home = env::home_dir().filter(|home| home.is_absolute());
    home.filter(|_| !is_empty)
}

/// Reads an environment variable.
pub(crate) fn variable(name: &str) -> Option<Vec<u8>> {
    env::var_os(name).map(OsString::into_encoded_bytes)
}
