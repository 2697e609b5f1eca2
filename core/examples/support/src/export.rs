use std::{
    fs::File,
    io::{self, Write},
    marker::PhantomData,
    path::{Path, PathBuf},
};

use indicatif::ProgressBar;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use tc3_core::{Paginate, Walk};

use crate::{
    Format, Result, Row,
    checkpoint::{Checkpoint, named, sync_folder},
    progress::bar,
    say,
};

/// Where records go, and in which form.
#[derive(Clone, Debug, Serialize, clap::Args)]
pub struct OutputArguments {
    /// How to write the records
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The file to write the records to; an existing one is replaced [default: stdout]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Store the progress in this file after each page
    ///
    /// The same command, run again after an interruption, then continues, and the output is complete, without
    /// duplicates. --width, --rate and the key pair may change, but not the account. Delete the file to start over.
    /// Two processes must not write to the same files at once; this is not checked.
    #[serde(skip)]
    #[arg(long, value_name = "FILE", requires = "output")]
    checkpoint: Option<PathBuf>,
}

impl OutputArguments {
    /// To a file, with a checkpoint or without.
    pub const fn to_file(format: Format, output: PathBuf, checkpoint: Option<PathBuf>) -> Self {
        Self {
            format,
            output: Some(output),
            checkpoint,
        }
    }
}

/// Writes the records of a walk, or rows made of them, as its pages come, with a progress bar on stderr when that is a terminal.
///
/// With a checkpoint, a page's records are on disk before the checkpoint says so, and the checkpoint is
/// replaced as a whole. Whatever was written after it is cut off when the export is continued, so that each
/// record is there once, whenever the process died.
#[derive(Debug)]
pub struct Export<A: Paginate, R = <A as Paginate>::Item> {
    format: Format,
    at: Checkpoint<A>,
    checkpoint: Option<PathBuf>,
    /// The output; `None` is stdout.
    output: Option<PathBuf>,
    /// Made with the first records, so that what can't be asked for leaves an older one as it is.
    file: Option<File>,
    bar: ProgressBar,
    rows: PhantomData<R>,
}

impl<A, R> Export<A, R>
where
    A: Paginate + Clone + DeserializeOwned,
    R: Row + Serialize + DeserializeOwned,
{
    /// Continues from the checkpoint, if there is one and it is of these arguments; else begins with `walk`.
    pub fn begin(
        to: OutputArguments,
        arguments: Map<String, Value>,
        walk: impl FnOnce() -> Result<Walk<A>>,
    ) -> Result<Self> {
        let bar = bar()?;
        let OutputArguments {
            format,
            output,
            checkpoint,
        } = to;
        let stored = match (&checkpoint, &output) {
            (Some(path), Some(output)) => Checkpoint::resume(path, output, &arguments)?,
            _ => None,
        };
        let (at, file) = match stored {
            Some((at, file)) => {
                bar.set_position(at.records);
                bar.reset_eta();
                (at, Some(file))
            }
            None => (Checkpoint::new(walk()?, arguments), None),
        };
        Ok(Self {
            format,
            at,
            checkpoint,
            output,
            file,
            bar,
            rows: PhantomData,
        })
    }

    /// What is to be walked over.
    pub fn walk(&self) -> Walk<A> {
        self.at.walk.clone()
    }

    /// Writes the rows of a page's records, and then the walk, which stands after them, to the checkpoint.
    pub fn write_rows(&mut self, rows: &[R], walk: &Walk<A>) -> Result<()> {
        if let Some(total) = walk.total() {
            self.bar.set_length(total);
        }
        // An empty page may come before an error. Its walk isn't stored, so a resumed export asks for it again.
        if rows.is_empty() {
            return Ok(());
        }
        self.put(rows)?;
        self.commit(walk)
    }

    /// Says how many records there are, now that all are written.
    pub fn finish(mut self, walk: &Walk<A>) -> Result<()> {
        let already = std::mem::replace(&mut self.at.complete, true);
        if !already {
            self.put(&[])?;
            self.commit(walk)?;
        }
        self.bar.finish_and_clear();
        let complete = if already { ", complete already" } else { "" };
        say(format_args!("{} records{complete}", self.at.records));
        Ok(())
    }

    /// Writes records, and what stands above the first ones.
    fn put(&mut self, records: &[R]) -> Result<()> {
        let mut text = match self.at.bytes {
            0 => self.format.heading::<R>()?,
            _ => Vec::new(),
        };
        text.extend(self.format.lines(records)?);
        match &self.output {
            Some(path) => {
                let file = match &mut self.file {
                    Some(file) => file,
                    none => none.insert(create(path)?),
                };
                file.write_all(&text).map_err(|error| named(path, error))?;
            }
            // On a terminal, records and the bar take turns on the last line.
            None => self.bar.suspend(|| {
                let mut out = io::stdout();
                out.write_all(&text).and_then(|()| out.flush())
            })?,
        }
        self.at.bytes += text.len() as u64;
        self.at.records += records.len() as u64;
        self.bar.set_position(self.at.records);
        Ok(())
    }

    /// What is written so far belongs to this walk: first it is on disk, then the checkpoint says so.
    fn commit(&mut self, walk: &Walk<A>) -> Result<()> {
        if let (Some(file), Some(checkpoint)) = (&self.file, &self.checkpoint) {
            self.at.walk = walk.clone();
            file.sync_data()?;
            self.at.write(checkpoint)?;
        }
        Ok(())
    }
}

impl<A> Export<A>
where
    A: Paginate<Item: Row + Serialize + DeserializeOwned> + Clone + DeserializeOwned,
{
    /// Writes the records of a page, after which the walk stands here.
    pub fn write(&mut self, page: A::Output, walk: &Walk<A>) -> Result<()> {
        self.write_rows(&A::into_items(page), walk)
    }
}

fn create(path: &Path) -> Result<File> {
    let file = File::create(path).map_err(|error| named(path, error))?;
    sync_folder(path);
    Ok(file)
}
