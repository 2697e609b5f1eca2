use serde::{Serialize, de::DeserializeOwned};

use crate::{Result, Row, table};

/// How records are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Columns for people to read; some of the fields
    #[default]
    Table,
    /// Comma-separated values with a header line; all fields
    Csv,
    /// One JSON object a line; all fields
    Jsonl,
}

impl Format {
    /// The lines above the records, also where there are none.
    pub(crate) fn heading<R: Row + Serialize + DeserializeOwned>(self) -> Result<Vec<u8>> {
        let mut heading = Vec::new();
        match self {
            Self::Table => table::heading(&mut heading, &R::COLUMNS)?,
            Self::Csv => {
                let mut least = csv::Writer::from_writer(Vec::new());
                least.serialize(serde_json::from_str::<R>(R::LEAST)?)?;
                let least = least.into_inner()?;
                let mut csv = csv::Writer::from_writer(&mut heading);
                csv.write_record(csv::Reader::from_reader(&*least).headers()?)?;
                csv.flush()?;
            }
            Self::Jsonl => {}
        }
        Ok(heading)
    }

    /// Records, below the heading.
    pub(crate) fn lines<R: Row + Serialize>(self, records: &[R]) -> Result<Vec<u8>> {
        let mut lines = Vec::new();
        match self {
            Self::Table => {
                for record in records {
                    table::line(&mut lines, &R::COLUMNS, &record.cells())?;
                }
            }
            Self::Csv => {
                let mut csv = csv::WriterBuilder::new()
                    .has_headers(false)
                    .from_writer(&mut lines);
                for record in records {
                    csv.serialize(record)?;
                }
                csv.flush()?;
            }
            Self::Jsonl => {
                for record in records {
                    serde_json::to_writer(&mut lines, record)?;
                    lines.push(b'\n');
                }
            }
        }
        Ok(lines)
    }
}
