use std::{
    io::{self, BufWriter, IsTerminal, Stdout, Write},
    marker::PhantomData,
};

use indicatif::{ProgressBar, ProgressStyle};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Result, Row, say, table};

/// How records are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns to look at; a part of the fields
    #[default]
    Table,
    /// Comma-separated values with a heading; all fields
    Csv,
    /// A JSON object a line; all fields
    Jsonl,
}

/// Writes records to stdout as they come, with a progress bar on stderr when that is a terminal.
#[derive(Debug)]
pub struct Output<R> {
    to: To,
    bar: ProgressBar,
    /// Whether stdout is a terminal, on which records and the bar take turns on the last line.
    on_terminal: bool,
    /// Whether the heading is written, which waits for the first answer.
    begun: bool,
    records: PhantomData<R>,
}

#[derive(Debug)]
enum To {
    Table(BufWriter<Stdout>),
    Csv(Box<csv::Writer<Stdout>>),
    Jsonl(BufWriter<Stdout>),
}

impl<R: Row + Serialize + DeserializeOwned> Output<R> {
    /// Writes in this format.
    pub fn new(format: Format) -> Result<Self> {
        let bar = ProgressBar::no_length();
        bar.set_style(ProgressStyle::with_template(
            "{wide_bar} {pos}/{len} records, {per_sec}, {eta} left",
        )?);
        let out = io::stdout();
        Ok(Self {
            bar,
            on_terminal: out.is_terminal(),
            to: match format {
                Format::Table => To::Table(BufWriter::new(out)),
                Format::Csv => To::Csv(Box::new(csv_writer(out))),
                Format::Jsonl => To::Jsonl(BufWriter::new(out)),
            },
            begun: false,
            records: PhantomData,
        })
    }

    /// Writes a record, one of `total` if that is known.
    pub fn write(&mut self, record: &R, total: Option<u64>) -> Result<()> {
        self.begin()?;
        match &mut self.to {
            To::Table(out) => table::line(out, &R::COLUMNS, &record.cells())?,
            To::Csv(csv) => csv.serialize(record).map_err(io_error)?,
            To::Jsonl(out) => writeln!(out, "{}", serde_json::to_string(record)?)?,
        }
        if let Some(total) = total {
            self.bar.set_length(total);
        }
        self.bar.inc(1);
        if self.on_terminal {
            self.bar.suspend(|| self.to.flush())?;
        }
        Ok(())
    }

    /// Writes what is still held back, and says how many records there were.
    pub fn finish(mut self) -> Result<()> {
        self.bar.finish_and_clear();
        self.begin()?;
        self.to.flush()?;
        say(format_args!("{} records", self.bar.position()));
        Ok(())
    }

    fn begin(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        match &mut self.to {
            To::Table(out) => table::heading(out, &R::COLUMNS)?,
            To::Csv(csv) => {
                let mut least = csv::Writer::from_writer(Vec::new());
                least.serialize(serde_json::from_str::<R>(R::LEAST)?)?;
                let least = least.into_inner()?;
                let heading = csv::Reader::from_reader(&*least).headers()?.clone();
                csv.write_record(&heading).map_err(io_error)?;
            }
            To::Jsonl(_) => {}
        }
        Ok(())
    }
}

impl To {
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Table(out) | Self::Jsonl(out) => out.flush(),
            Self::Csv(csv) => csv.flush(),
        }
    }
}

/// A writer of records alone, since an empty list has a heading as well.
fn csv_writer(out: Stdout) -> csv::Writer<Stdout> {
    csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(out)
}

/// The IO error within, so that a closed pipe is known as one.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("csv: {other:?}")),
    }
}
