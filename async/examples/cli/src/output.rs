use std::{
    io::{self, BufWriter, IsTerminal, Write},
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
    format: Format,
    out: BufWriter<io::Stdout>,
    bar: ProgressBar,
    /// Whether the heading is written, which waits for the first answer.
    begun: bool,
    records: PhantomData<R>,
}

impl<R: Row + Serialize + DeserializeOwned> Output<R> {
    /// Writes in this format.
    pub fn new(format: Format) -> Result<Self> {
        let bar = ProgressBar::no_length();
        bar.set_style(ProgressStyle::with_template(
            "{wide_bar} {pos}/{len} records, {per_sec}, {eta} left",
        )?);
        Ok(Self {
            format,
            out: BufWriter::new(io::stdout()),
            bar,
            begun: false,
            records: PhantomData,
        })
    }

    /// Writes a record, one of `total` if that is known.
    pub fn write(&mut self, record: &R, total: Option<u64>) -> Result<()> {
        self.begin()?;
        match self.format {
            Format::Table => table::line(&mut self.out, &R::COLUMNS, &record.cells())?,
            Format::Csv => self.out.write_all(&csv_lines(record, false)?)?,
            Format::Jsonl => writeln!(self.out, "{}", serde_json::to_string(record)?)?,
        }
        if let Some(total) = total {
            self.bar.set_length(total);
        }
        self.bar.inc(1);
        // On a terminal, records and the bar take turns on the last line.
        if io::stdout().is_terminal() {
            self.bar.suspend(|| self.out.flush())?;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        match self.format {
            Format::Table => table::heading(&mut self.out, &R::COLUMNS)?,
            Format::Csv => {
                let lines = csv_lines::<R>(&serde_json::from_str(R::LEAST)?, true)?;
                let heading = lines.split_inclusive(|b| *b == b'\n').next();
                self.out.write_all(heading.unwrap_or_default())?;
            }
            Format::Jsonl => {}
        }
        Ok(())
    }

    /// Writes what is still held back, and says how many records there were.
    pub fn finish(mut self) -> Result<()> {
        self.bar.finish_and_clear();
        self.begin()?;
        self.out.flush()?;
        say(format_args!("{} records", self.bar.position()));
        Ok(())
    }
}

/// A record as a line of CSV, after the heading if that is wanted.
fn csv_lines<R: Serialize>(record: &R, heading: bool) -> Result<Vec<u8>> {
    let mut csv = csv::WriterBuilder::new()
        .has_headers(heading)
        .from_writer(Vec::new());
    csv.serialize(record)?;
    Ok(csv.into_inner()?)
}
