use std::{
    env,
    ffi::OsString,
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use tc3_core::credential::{Looked, Lookup};

/// What the machine has.
pub(crate) fn look(lookup: &Lookup) -> Looked {
    match lookup {
        Lookup::Variable(name) => Ok(variable(name)),
        Lookup::File(path) => read(Path::new(path)),
        Lookup::HomeFile(path) => match home() {
            Some(home) => read(&home.join(path)),
            None => Ok(None),
        },
    }
}

/// A variable of the environment.
pub(crate) fn variable(name: &str) -> Option<Vec<u8>> {
    env::var_os(name).map(OsString::into_encoded_bytes)
}

/// The user's home. One without a full path would be below whatever folder the program was started in.
fn home() -> Option<PathBuf> {
    env::home_dir().filter(|home| home.is_absolute())
}

/// Whether this says that there is no file, a home that is no folder included.
const fn is_absent(error: ErrorKind) -> bool {
    matches!(error, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn read(path: &Path) -> Looked {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_absent(error.kind()) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let bound = u64::try_from(Lookup::MAX_SIZE).unwrap_or(u64::MAX);
    // Room for all of it: what grows would leave copies of keys behind.
    let room = file.metadata()?.len().min(bound).saturating_add(1);
    let mut bytes = Vec::with_capacity(usize::try_from(room)?);
    file.take(bound.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
