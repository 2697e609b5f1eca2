//! The output, and the files beside it.

use std::{
    error::Error,
    ffi::OsString,
    fs::{self, File, TryLockError},
    io::{Seek, SeekFrom},
    path::{Path, PathBuf},
};

use tc3_example_reports::focus::Version;
use tc3_example_support::{Result, are_apart};

use crate::{asked::FocusExport, table::Table};

/// Where rows go. No other process writes there.
#[derive(Debug)]
pub(crate) struct Output {
    path: PathBuf,
    is_parquet: bool,
    /// What is not finished yet: removed in the end, unless it got another name.
    part: PathBuf,
    file: File,
    is_renamed: bool,
    spool: PathBuf,
}

impl Output {
    pub(crate) fn new(arguments: &FocusExport) -> Result<Self> {
        let path = &arguments.output;
        let ending = path.extension().and_then(|ending| ending.to_str());
        let is_parquet = match ending {
            Some("parquet") => true,
            Some("csv") => false,
            _ => return Err("--output must end in .parquet or .csv".into()),
        };
        let folder = folder(path);
        if !folder.is_dir() {
            let folder = folder.display();
            return Err(format!("there is no folder {folder} for --output: create it").into());
        }
        let (part, spool) = (beside(path, ".part"), beside(path, ".lines.gz"));
        if let Some(checkpoint) = &arguments.checkpoint {
            for file in [path, &part, &spool] {
                are_apart(checkpoint, file)?;
            }
        }
        Ok(Self {
            path: path.clone(),
            is_parquet,
            file: lock(&part)?,
            part,
            is_renamed: false,
            spool,
        })
    }

    /// Whether the output can be written without replacing another one.
    ///
    /// `ours` says that this export has written it already.
    pub(crate) fn check_free(&self, ours: bool) -> Result<()> {
        // Even a link to nothing is somebody's.
        if self.path.symlink_metadata().is_ok() && !ours {
            let path = self.path.display();
            let advice = "move it away, or name another file with --output";
            return Err(format!("{path} exists, and may be another export's: {advice}").into());
        }
        Ok(())
    }

    pub(crate) fn spool(&self) -> &Path {
        &self.spool
    }

    pub(crate) fn folder(&self) -> &Path {
        folder(&self.path)
    }

    /// Begins the table, under another name than its own.
    pub(crate) fn create(&self, version: Version) -> Result<Table> {
        let create = || {
            let mut file = self.file.try_clone()?;
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            if self.is_parquet {
                Table::parquet(file, version)
            } else {
                Table::csv(file, version)
            }
        };
        create().map_err(|error| self.unwritten(&error.to_string()))
    }

    /// Why rows can't be written.
    pub(crate) fn unwritten(&self, why: &str) -> Box<dyn Error + Send + Sync> {
        format!("{} can't be written: {why}", self.part.display()).into()
    }

    /// Gives the finished table its name.
    pub(crate) fn publish(&mut self) -> Result<PathBuf> {
        self.rename(self.path.clone())
    }

    /// Gives the finished table a name that says that its sums are not the service's.
    pub(crate) fn set_aside(&mut self) -> Result<PathBuf> {
        self.rename(beside(&self.path, ".differs"))
    }

    fn rename(&mut self, to: PathBuf) -> Result<PathBuf> {
        fs::rename(&self.part, &to).map_err(|error| self.unwritten(&error.to_string()))?;
        self.is_renamed = true;
        Ok(to)
    }

    pub(crate) fn remove_spool(&self) {
        let _ = fs::remove_file(&self.spool);
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.is_renamed {
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// Opens a file that no other process has opened so.
fn lock(path: &Path) -> Result<File> {
    let mut options = File::options();
    let file = options.write(true).create(true).truncate(false).open(path);
    let file = file.map_err(|error| format!("{}: {error}", path.display()))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            let advice = "wait for it, or name another file with --output";
            Err(format!("another process writes {}: {advice}", path.display()).into())
        }
        // There are systems that can't lock.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

fn folder(path: &Path) -> &Path {
    let folder = path.parent();
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use tc3_example_support::Parser;

    use super::*;

    fn output(path: &Path) -> Result<Output> {
        let path = path.to_str().unwrap();
        let arguments = ["focus_export", "--from=2024-01", "--to=2024-01", "--output"];
        let arguments = FocusExport::try_parse_from(arguments.into_iter().chain([path]));
        Output::new(&arguments.unwrap())
    }

    fn names(folder: &Path) -> Vec<OsString> {
        let mut names: Vec<_> = folder
            .read_dir()
            .unwrap()
            .map(|it| it.unwrap().file_name())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn two_processes_do_not_write_to_one_output() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("focus.csv");
        let first = output(&path).unwrap();
        let error = output(&path).unwrap_err().to_string();
        assert!(error.contains("another process writes"), "{error}");
        // The second one takes nothing away.
        assert_eq!(names(folder.path()), ["focus.csv.part"]);
        output(&folder.path().join("other.csv")).unwrap();
        drop(first);
        assert!(names(folder.path()).is_empty());
        output(&path).unwrap();
    }

    #[test]
    fn what_is_finished_gets_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("focus.csv");
        fs::write(
            folder.path().join("focus.csv.part"),
            "left by one that was killed",
        )
        .unwrap();
        let mut output = output(&path).unwrap();
        output.create(Version::V1_0).unwrap().finish().unwrap();
        output.publish().unwrap();
        drop(output);
        assert_eq!(names(folder.path()), ["focus.csv"]);
        let text = fs::read_to_string(path).unwrap();
        assert!(text.starts_with("AvailabilityZone,"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_is_not_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("focus.csv");
        std::os::unix::fs::symlink("nowhere", &path).unwrap();
        let output = output(&path).unwrap();
        let error = output.check_free(false).unwrap_err().to_string();
        assert!(error.contains("name another file with --output"), "{error}");
        output.check_free(true).unwrap();
    }
}
