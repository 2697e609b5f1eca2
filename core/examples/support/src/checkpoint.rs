//! Where an export stands, in a file that holds a whole checkpoint at any moment.

use std::{
    ffi::OsString,
    fmt::Display,
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use tc3_core::{Paginate, Walk};

use crate::Result;

const VERSION: u64 = 1;

/// A walk, and how much of the output belongs to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkpoint<A> {
    version: u64,
    action: String,
    /// What decides what the output is to be, as it was given: no default that depends on the day.
    arguments: Map<String, Value>,
    /// How long the output is.
    pub(crate) bytes: u64,
    /// How many records that is.
    pub(crate) records: u64,
    /// Whether these are all.
    pub(crate) complete: bool,
    /// What comes next.
    pub(crate) walk: Walk<A>,
}

impl<A: Paginate + DeserializeOwned> Checkpoint<A> {
    /// Nothing is written yet.
    pub(crate) fn new(walk: Walk<A>, arguments: Map<String, Value>) -> Self {
        Self {
            version: VERSION,
            action: A::NAME.into(),
            arguments,
            bytes: 0,
            records: 0,
            complete: false,
            walk,
        }
    }

    /// The checkpoint in a file, and the output, cut to what belongs to it. `None` when there is no such file.
    ///
    /// Changes nothing when the file is no checkpoint of these arguments, or the output lacks what it speaks of.
    pub(crate) fn resume(
        path: &Path,
        output: &Path,
        arguments: &Map<String, Value>,
    ) -> Result<Option<(Self, File)>> {
        are_apart(path, output)?;
        let text = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| named(path, error))?,
        };
        let checkpoint = Self::parse(&text).and_then(|checkpoint| {
            checkpoint.check(arguments)?;
            let file = checkpoint.open(output)?;
            Ok((checkpoint, file))
        });
        match checkpoint {
            Ok(checkpoint) => Ok(Some(checkpoint)),
            Err(error) => {
                Err(format!("can't continue from the checkpoint {}", named(path, error)).into())
            }
        }
    }

    fn parse(text: &[u8]) -> Result<Self> {
        let unreadable = |error| format!("it can't be read: {error}");
        let value: Value = serde_json::from_slice(text).map_err(unreadable)?;
        // Those of other versions and actions have other fields.
        let (version, action) = (value["version"].as_u64(), value["action"].as_str());
        if let Some(version) = version.filter(|version| *version != VERSION) {
            return Err(format!("it is of version {version}, not {VERSION}").into());
        }
        if let Some(action) = action.filter(|action| *action != A::NAME) {
            return Err(format!("it is of {action:?}, not of {:?}", A::NAME).into());
        }
        Ok(serde_json::from_value(value).map_err(unreadable)?)
    }

    fn check(&self, arguments: &Map<String, Value>) -> Result<()> {
        for (name, value) in arguments {
            let before = self.arguments.get(name).unwrap_or(&Value::Null);
            if before != value {
                return Err(format!("its --{name} is {before}, not {value}").into());
            }
        }
        if self.arguments.len() != arguments.len() {
            return Err("it has other arguments".into());
        }
        Ok(())
    }

    /// Opens the output and cuts off what was written after the checkpoint.
    fn open(&self, output: &Path) -> Result<File> {
        let failed = |error| named(output, error);
        let mut file = File::options().write(true).open(output).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        if length < self.bytes {
            let short = format!("it has {length} bytes, not {}", self.bytes);
            return Err(named(output, short).into());
        }
        if !self.complete {
            file.set_len(self.bytes).map_err(failed)?;
            file.seek(SeekFrom::Start(self.bytes)).map_err(failed)?;
        }
        Ok(file)
    }

    /// Replaces the file: whenever this process dies, it holds the checkpoint before or this one.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec(self)?;
        replace(path, |file| Ok(file.write_all(&text)?))
    }
}

/// Replaces a file as a whole: whenever this process dies, it is as before or as `write` writes it.
pub fn replace(path: &Path, write: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let beside = beside(path);
    let written = || {
        let mut file = File::create(&beside)?;
        write(&mut file)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        Result::Ok(())
    };
    written().map_err(|error| named(path, error))?;
    sync_folder(path);
    Ok(())
}

/// Whether a checkpoint and an output can be written beside each other.
pub fn are_apart(checkpoint: &Path, output: &Path) -> Result<()> {
    let output = place(output)?;
    if place(checkpoint)? == output || place(&beside(checkpoint))? == output {
        return Err("--checkpoint needs a file of its own beside --output".into());
    }
    Ok(())
}

/// Writes the folder of a file to disk, so that the file's name survives a crash of the system. Not every system can do it,
/// so errors are ignored.
pub(crate) fn sync_folder(path: &Path) {
    let _ = File::open(folder(path)).and_then(|folder| folder.sync_all());
}

/// What is wrong with a file.
pub(crate) fn named(path: &Path, wrong: impl Display) -> String {
    format!("{}: {wrong}", path.display())
}

/// The file that becomes the next checkpoint.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".tmp");
    name.into()
}

fn folder(path: &Path) -> &Path {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Where a path leads, to a file or to where one will be.
fn place(path: &Path) -> Result<PathBuf> {
    let place = path.canonicalize().or_else(|_| {
        let name = path.file_name().unwrap_or_default();
        Ok(folder(path).canonicalize()?.join(name))
    });
    Ok(place.map_err(|error: io::Error| named(path, error))?)
}
