//! The output, and the files beside it.

use std::{
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
};

use tc3_example_reports::focus::Version;
use tc3_example_support::{Result, are_apart};

use crate::{asked::FocusExport, table::Table};

/// Where rows go.
#[derive(Debug)]
pub(crate) struct Output {
    path: PathBuf,
    is_parquet: bool,
    /// What is not finished yet.
    part: PathBuf,
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
        let output = Self {
            path: path.clone(),
            is_parquet,
            part: beside(path, ".part"),
            spool: beside(path, ".lines.gz"),
        };
        let folder = output.folder();
        if !folder.is_dir() {
            let folder = folder.display();
            return Err(format!("there is no folder {folder} for --output: create it").into());
        }
        if let Some(checkpoint) = &arguments.checkpoint {
            for file in [&output.path, &output.part, &output.spool] {
                are_apart(checkpoint, file)?;
            }
        }
        Ok(output)
    }

    /// Whether the output can be written without replacing another one.
    ///
    /// `ours` says that this export has written it already.
    pub(crate) fn check_free(&self, ours: bool) -> Result<()> {
        if self.path.exists() && !ours {
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
        let folder = self.path.parent();
        let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
        folder.unwrap_or(Path::new("."))
    }

    /// Begins the table, under another name than its own.
    pub(crate) fn create(&self, version: Version) -> Result<Table> {
        let file = File::create(&self.part)
            .map_err(|error| format!("{}: {error}", self.part.display()))?;
        if self.is_parquet {
            Table::parquet(file, version)
        } else {
            Table::csv(file, version)
        }
    }

    /// Gives the finished table its name.
    pub(crate) fn publish(&self) -> Result<PathBuf> {
        fs::rename(&self.part, &self.path)?;
        Ok(self.path.clone())
    }

    /// Gives the finished table a name that says that its sums are not the service's.
    pub(crate) fn set_aside(&self) -> Result<PathBuf> {
        let aside = beside(&self.path, ".differs");
        fs::rename(&self.part, &aside)?;
        Ok(aside)
    }

    /// Drops what isn't finished.
    pub(crate) fn drop_part(&self) {
        let _ = fs::remove_file(&self.part);
    }

    pub(crate) fn remove_spool(&self) {
        let _ = fs::remove_file(&self.spool);
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}
