use std::io::{self, BufWriter, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{
    Result, Row,
    table::{self, Column},
};

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

/// Writes records to stdout as they come.
#[derive(Debug)]
pub struct Output {
    to: To,
    columns: Option<Vec<Column>>,
}

#[derive(Debug)]
enum To {
    Table(BufWriter<io::Stdout>),
    Csv(Box<csv::Writer<io::Stdout>>),
    Jsonl(BufWriter<io::Stdout>),
}

impl Output {
    /// Writes in this format.
    pub fn new(format: Format) -> Self {
        let to = match format {
            Format::Table => To::Table(BufWriter::new(io::stdout())),
            Format::Csv => To::Csv(Box::new(csv::Writer::from_writer(io::stdout()))),
            Format::Jsonl => To::Jsonl(BufWriter::new(io::stdout())),
        };
        Self { to, columns: None }
    }

    /// Writes a record.
    pub fn write<R: Row + Serialize>(&mut self, record: &R) -> Result<()> {
        match &mut self.to {
            To::Table(out) => {
                if self.columns.is_none() {
                    table::heading(out, &R::COLUMNS)?;
                    self.columns = Some(R::COLUMNS.to_vec());
                }
                table::line(out, &R::COLUMNS, &record.cells())?;
            }
            To::Csv(csv) => csv.serialize(record).map_err(unwrap_csv)?,
            To::Jsonl(out) => {
                let line = serde_json::to_string(record)?;
                writeln!(out, "{line}")?;
            }
        }
        Ok(())
    }

    /// Writes what is still held back.
    pub fn finish(self) -> Result<()> {
        match self.to {
            To::Table(mut out) | To::Jsonl(mut out) => out.flush()?,
            To::Csv(mut csv) => csv.flush()?,
        }
        Ok(())
    }
}

/// The IO error within, so that a closed pipe is known as one.
fn unwrap_csv(error: csv::Error) -> Box<dyn std::error::Error + Send + Sync> {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => format!("csv: {other:?}").into(),
    }
}

/// A progress bar on stderr, when that is a terminal and stdout another place.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Default for Progress {
    fn default() -> Self {
        // It would be drawn between records that are written to the same terminal.
        let bar = if io::stdout().is_terminal() {
            ProgressBar::hidden()
        } else {
            ProgressBar::no_length()
        };
        if let Ok(style) =
            ProgressStyle::with_template("{wide_bar} {pos}/{len} records, {per_sec}, {eta} left")
        {
            bar.set_style(style);
        }
        Self { bar }
    }
}

impl Progress {
    /// One more record has come, of `total` if that is known.
    pub fn advance(&self, total: Option<u64>) {
        if let Some(total) = total {
            self.bar.set_length(total);
        }
        self.bar.inc(1);
    }

    /// Takes the bar away and says how many records there were.
    #[expect(clippy::print_stderr, reason = "diagnostics go to stderr")]
    pub fn finish(self) {
        self.bar.finish_and_clear();
        eprintln!("{} records", self.bar.position());
    }
}
