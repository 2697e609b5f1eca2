use std::{
    env,
    ffi::OsString,
    fs::File,
    io::{ErrorKind, Read},
    path::PathBuf,
};

use tc3_core::credential::{Looked, Lookup};

/// What the machine has.
pub(crate) fn look(lookup: &Lookup) -> Looked {
    let path = match lookup {
        Lookup::Variable(name) => return Ok(variable(name)),
        Lookup::File(path) => PathBuf::from(path),
        // A home without a full path would be below whatever folder the program was started in.
        Lookup::HomeFile(path) => match env::home_dir().filter(|home| home.is_absolute()) {
            Some(home) => home.join(path),
            None => return Ok(None),
        },
    };
    let file = match File::open(path).map_err(|error| (error.kind(), error)) {
        Ok(file) => file,
        // A home may be no folder.
        Err((ErrorKind::NotFound | ErrorKind::NotADirectory, _)) => return Ok(None),
        Err((_, error)) => return Err(error.into()),
    };
    let bound = u64::try_from(Lookup::MAX_SIZE)?.saturating_add(1);
    // Room for all of it: what grows would leave copies of keys behind.
    let room = file.metadata()?.len().saturating_add(1).min(bound);
    let mut bytes = Vec::with_capacity(usize::try_from(room)?);
    file.take(bound).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// A variable of the environment.
pub(crate) fn variable(name: &str) -> Option<Vec<u8>> {
    env::var_os(name).map(OsString::into_encoded_bytes)
}
