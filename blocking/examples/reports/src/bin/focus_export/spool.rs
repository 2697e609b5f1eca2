//! Bill lines on disk, as they came: compressed JSON, a line each, every page a gzip member of its own.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::Path,
};

use flate2::{Compression, bufread::MultiGzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use tc3_blocking::Month;
use tc3_example_reports::focus::Line;
use tc3_example_support::Result;

/// A bill line, and which list it came from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Spooled {
    /// The number of the account, in the order of the arguments.
    pub(crate) account: usize,
    pub(crate) month: Month,
    /// As the service gave it.
    line: Box<RawValue>,
}

impl Spooled {
    pub(crate) fn new(account: usize, month: Month, line: &Value) -> Result<Self> {
        Ok(Self {
            account,
            month,
            line: serde_json::value::to_raw_value(line)?,
        })
    }

    /// The line with the types of its fields.
    pub(crate) fn read(&self) -> Result<Line> {
        let line = Line::from_json(self.account, self.month, self.line.get());
        Ok(line.map_err(|error| format!("{}: {error}", self.month))?)
    }
}

/// A file of bill lines.
#[derive(Debug)]
pub(crate) struct Spool {
    file: File,
    bytes: u64,
}

impl Spool {
    /// An empty one without a name: it is gone with this process.
    pub(crate) fn unnamed(folder: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(folder)?;
        Ok(Self { file, bytes: 0 })
    }

    /// An empty one of this name.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(true);
        let file = options.open(path)?;
        Ok(Self { file, bytes: 0 })
    }

    /// An existing one, cut to so many bytes.
    pub(crate) fn open(path: &Path, bytes: u64) -> Result<Self> {
        let file = File::options().read(true).write(true).open(path)?;
        let length = file.metadata()?.len();
        if length < bytes {
            return Err(format!("it has {length} bytes, not {bytes}").into());
        }
        let mut spool = Self { file, bytes };
        spool.cut(bytes)?;
        Ok(spool)
    }

    /// How long it is.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Drops what comes after so many bytes, which is where a page ended.
    pub(crate) fn cut(&mut self, bytes: u64) -> Result<()> {
        self.file.set_len(bytes)?;
        self.bytes = bytes;
        Ok(())
    }

    /// Adds a page. When this returns, it is on disk.
    pub(crate) fn append(
        &mut self,
        lines: impl IntoIterator<Item = Result<Spooled>>,
    ) -> Result<()> {
        self.file.seek(SeekFrom::Start(self.bytes))?;
        let mut page = GzEncoder::new(BufWriter::new(&self.file), Compression::fast());
        for line in lines {
            serde_json::to_writer(&mut page, &line?)?;
            page.write_all(b"\n")?;
        }
        page.finish()?.flush()?;
        self.bytes = self.file.stream_position()?;
        self.file.sync_data()?;
        Ok(())
    }

    /// All lines, in the order in which they came.
    pub(crate) fn lines(&self) -> Result<impl Iterator<Item = Result<Spooled>>> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))?;
        let pages = BufReader::new(file.take(self.bytes));
        let lines = BufReader::new(MultiGzDecoder::new(pages)).lines();
        // Not even one member is no gzip file.
        let lines = lines.take(if self.bytes == 0 { 0 } else { usize::MAX });
        let read =
            |line: io::Result<String>| -> Result<Spooled> { Ok(serde_json::from_str(&line?)?) };
        let damaged = "OUTPUT.lines.gz is damaged: delete the checkpoint to start over";
        Ok(lines.map(move |line| read(line).map_err(|error| format!("{damaged}: {error}").into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str) -> Result<Spooled> {
        let line = serde_json::json!({"Id": id, "ComponentSet": [{"TaxAmount": "0.10"}]});
        Spooled::new(1, Month::new(2024, 2)?, &line)
    }

    fn ids(spool: &Spool) -> Vec<String> {
        let lines = spool.lines().unwrap();
        let read = lines.map(|line| line.unwrap().read().unwrap());
        read.map(|line| line.detail.id.unwrap()).collect()
    }

    #[test]
    fn lines_come_back_in_order_until_they_are_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        let mut spool = Spool::create(&path).unwrap();
        assert!(ids(&spool).is_empty());
        spool.append([line("a"), line("b")]).unwrap();
        let first = spool.bytes();
        spool.append([line("c")]).unwrap();
        assert_eq!(ids(&spool), ["a", "b", "c"]);
        let first_line = spool.lines().unwrap().next().unwrap().unwrap();
        assert_eq!(first_line.account, 1);
        assert_eq!(first_line.month, Month::new(2024, 2).unwrap());
        // Fields of one site alone stay.
        let tax = first_line.read().unwrap().taxes.remove(0).tax_amount;
        assert_eq!(tax.unwrap().to_string(), "0.10");

        // What was written after the first page is not part of it.
        let mut spool = Spool::open(&path, first).unwrap();
        assert_eq!(ids(&spool), ["a", "b"]);
        spool.append([line("d")]).unwrap();
        assert_eq!(ids(&spool), ["a", "b", "d"]);
        spool.cut(first).unwrap();
        assert_eq!(ids(&spool), ["a", "b"]);
    }

    #[test]
    fn a_file_that_lacks_what_was_written_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        let mut spool = Spool::create(&path).unwrap();
        spool.append([line("a")]).unwrap();
        let bytes = spool.bytes();
        let error = Spool::open(&path, bytes + 1).unwrap_err().to_string();
        assert_eq!(error, format!("it has {bytes} bytes, not {}", bytes + 1));
    }

    #[test]
    fn a_file_with_another_byte_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        let mut spool = Spool::create(&path).unwrap();
        spool.append([line("a")]).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let read: Result<Vec<_>> = spool.lines().unwrap().collect();
        let error = read.unwrap_err().to_string();
        assert!(error.contains("delete the checkpoint"), "{error}");
    }

    #[test]
    fn an_unnamed_one_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::unnamed(folder.path()).unwrap();
        spool.append([line("a")]).unwrap();
        assert_eq!(ids(&spool), ["a"]);
        drop(spool);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
