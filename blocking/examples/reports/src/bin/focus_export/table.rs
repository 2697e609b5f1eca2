//! Rows as a Parquet or a CSV file.

use std::{fs::File, io::BufWriter, sync::Arc};

use parquet::{
    basic::Compression,
    data_type::{ByteArray, ByteArrayType, DataType, FixedLenByteArrayType, Int64Type},
    file::{
        properties::WriterProperties,
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::parser::parse_message_type,
};
use rust_decimal::Decimal;
use tc3_blocking::{UnixTime, core::types::jiff::Timestamp};
use tc3_example_reports::focus::{COLUMNS, Column, Row, Type, Value, Version};
use tc3_example_support::Result;

/// How many rows a row group has, and are in memory at once.
const GROUP: usize = 10_000;

/// How many digits a decimal column has: as many as Parquet's readers take.
const DIGITS: u32 = 38;

/// A file that rows are written to.
pub(crate) enum Table {
    Parquet(Parquet),
    Csv(Csv),
}

impl Table {
    pub(crate) fn parquet(file: File, version: Version) -> Result<Self> {
        let columns = columns(version);
        let fields = columns.iter().map(|column| {
            let presence = if column.nullable {
                "optional"
            } else {
                "required"
            };
            let name = column.name;
            match column.kind {
                Type::Text => format!("{presence} byte_array {name} (STRING);"),
                Type::Json => format!("{presence} byte_array {name} (STRING);"),
                Type::Time => format!("{presence} int64 {name} (TIMESTAMP(MILLIS, true));"),
                Type::Decimal(scale) => format!(
                    "{presence} fixed_len_byte_array(16) {name} (DECIMAL({DIGITS}, {scale}));"
                ),
            }
        });
        let schema = format!(
            "message cost_and_usage {{ {} }}",
            fields.collect::<String>()
        );
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
        let writer = SerializedFileWriter::new(
            file,
            Arc::new(parse_message_type(&schema)?),
            Arc::new(properties.build()),
        )?;
        Ok(Self::Parquet(Parquet {
            writer,
            columns,
            group: Vec::new(),
            rows: 0,
        }))
    }

    pub(crate) fn csv(file: File, version: Version) -> Result<Self> {
        let columns = columns(version);
        let mut writer = csv::Writer::from_writer(BufWriter::new(file));
        writer.write_record(columns.iter().map(|column| column.name))?;
        Ok(Self::Csv(Csv { writer, columns }))
    }

    pub(crate) fn push(&mut self, row: &Row) -> Result<()> {
        match self {
            Self::Parquet(parquet) => parquet.push(row),
            Self::Csv(csv) => csv.push(row),
        }
    }

    /// Writes what is left. When this returns, all is on disk.
    pub(crate) fn finish(self) -> Result<()> {
        let file = match self {
            Self::Parquet(mut parquet) => {
                parquet.write_group()?;
                parquet.writer.into_inner()?
            }
            Self::Csv(csv) => {
                let buffer = csv
                    .writer
                    .into_inner()
                    .map_err(|error| error.into_error())?;
                buffer.into_inner().map_err(|error| error.into_error())?
            }
        };
        Ok(file.sync_all()?)
    }
}

fn columns(version: Version) -> Vec<&'static Column> {
    let columns = COLUMNS.iter();
    columns.filter(|column| column.is_in(version)).collect()
}

/// A Parquet file, a group of rows at a time. It is the same, byte for byte, for the same rows.
pub(crate) struct Parquet {
    writer: SerializedFileWriter<File>,
    columns: Vec<&'static Column>,
    /// The columns of the group, which take half of the memory that its rows would.
    group: Vec<Cells>,
    rows: usize,
}

/// A column of a row group.
#[derive(Default)]
struct Cells {
    /// 1 for each value that there is, 0 for null.
    levels: Vec<i16>,
    /// All texts, one after the other.
    texts: Vec<u8>,
    /// Where each text ends.
    ends: Vec<usize>,
    decimals: Vec<[u8; 16]>,
    times: Vec<i64>,
}

impl Parquet {
    fn push(&mut self, row: &Row) -> Result<()> {
        self.group.resize_with(self.columns.len(), Cells::default);
        for (column, cells) in self.columns.iter().zip(&mut self.group) {
            let pushed = cells.push(column, (column.get)(row));
            pushed.map_err(|error| format!("{}: {error}", column.name))?;
        }
        self.rows += 1;
        if self.rows == GROUP {
            self.write_group()?;
        }
        Ok(())
    }

    fn write_group(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut writer = self.writer.next_row_group()?;
        for (column, cells) in self.columns.iter().zip(&mut self.group) {
            let to = writer.next_column()?.ok_or("the schema lacks a column")?;
            let written = cells.write(to, column);
            written.map_err(|error| format!("{}: {error}", column.name))?;
        }
        writer.close()?;
        self.rows = 0;
        Ok(())
    }
}

impl Cells {
    fn push(&mut self, column: &Column, value: Value<'_>) -> Result<()> {
        match (value, column.kind) {
            (Value::Null, _) if !column.nullable => return Err("it must not be null".into()),
            (Value::Null, _) => {}
            (Value::Text(text), Type::Text) | (Value::Json(text), Type::Json) => {
                self.texts.extend(text.bytes());
                self.ends.push(self.texts.len());
            }
            (Value::Time(time), Type::Time) => {
                let millis = time.seconds().checked_mul(1_000);
                self.times.push(millis.ok_or("a time is beyond all time")?);
            }
            (Value::Decimal(number), Type::Decimal(scale)) => {
                let units = units(number, scale).ok_or_else(|| {
                    format!("{number} does not fit {DIGITS} digits of which {scale} are decimals")
                })?;
                self.decimals.push(units.to_be_bytes());
            }
            (other, kind) => return Err(format!("{other:?} is not of type {kind:?}").into()),
        }
        self.levels.push((value != Value::Null).into());
        Ok(())
    }

    /// Writes the column, which is then empty.
    fn write(&mut self, to: SerializedColumnWriter<'_>, column: &Column) -> Result<()> {
        let levels = std::mem::take(&mut self.levels);
        let levels = column.nullable.then_some(&*levels);
        match column.kind {
            Type::Text | Type::Json => {
                let texts = ByteArray::from(std::mem::take(&mut self.texts));
                let mut start = 0;
                let slices = self.ends.drain(..).map(|end| {
                    let text = texts.slice(start, end - start);
                    start = end;
                    text
                });
                put::<ByteArrayType>(to, &slices.collect::<Vec<_>>(), levels)
            }
            Type::Time => put::<Int64Type>(to, &std::mem::take(&mut self.times), levels),
            Type::Decimal(_) => {
                let decimals = self.decimals.drain(..).map(|it| it.to_vec().into());
                put::<FixedLenByteArrayType>(to, &decimals.collect::<Vec<_>>(), levels)
            }
        }
    }
}

fn put<T: DataType>(
    mut to: SerializedColumnWriter<'_>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<()> {
    to.typed::<T>().write_batch(values, levels, None)?;
    Ok(to.close()?)
}

/// The number in units of its last decimal. `None` where it would have to be rounded, or has too many digits.
fn units(number: Decimal, scale: u32) -> Option<i128> {
    let number = number.normalize();
    let further = scale.checked_sub(number.scale())?;
    let units = number
        .mantissa()
        .checked_mul(10_i128.checked_pow(further)?)?;
    (units.unsigned_abs() < 10_u128.pow(DIGITS)).then_some(units)
}

/// A CSV file.
pub(crate) struct Csv {
    writer: csv::Writer<BufWriter<File>>,
    columns: Vec<&'static Column>,
}

impl Csv {
    fn push(&mut self, row: &Row) -> Result<()> {
        for column in &self.columns {
            let cell =
                cell((column.get)(row)).map_err(|error| format!("{}: {error}", column.name))?;
            self.writer.write_field(cell)?;
        }
        Ok(self.writer.write_record(None::<&[u8]>)?)
    }
}

/// A value as CSV has it.
///
/// Readers guess a column's type. So a whole number has a decimal, and a text of digits, which would lose digits as a
/// number, begins with `id:`.
fn cell(value: Value<'_>) -> Result<String> {
    Ok(match value {
        Value::Null => String::new(),
        Value::Text(text) if is_number(text) => format!("id:{text}"),
        Value::Text(text) | Value::Json(text) => text.into(),
        Value::Time(time) => utc(time)?,
        Value::Decimal(number) => {
            let mut text = number.normalize().to_string();
            if !text.contains('.') {
                text.push_str(".0");
            }
            text
        }
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A time as ISO 8601, UTC.
fn utc(time: UnixTime) -> Result<String> {
    Ok(Timestamp::try_from(time)?.to_string())
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use tc3_blocking::Month;
    use tc3_example_reports::focus::{Commitments, Line, Mapping};

    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// A row of a line that has what a row needs.
    fn row() -> Row {
        let january = Month::new(2024, 1).unwrap();
        let line = r#"{"PayerUin": "100000000001", "BusinessCode": "p_cvm", "PayMode": "postPay",
            "ActionType": "postpay_deduct_h", "FeeBeginTime": "2024-01-02 03:00:00",
            "FeeEndTime": "2024-01-02 03:59:59", "ComponentSet": [{"ItemCode": "sv_cvm",
            "SinglePrice": "0.5", "PriceUnit": "元/小时", "UsedAmount": "1", "TimeSpan": "1",
            "Cost": "0.5", "RealCost": "0.5", "CashPayAmount": "0.5"}]}"#;
        let line = Line::from_json(0, january, line).unwrap();
        let months = january..=january;
        let mut mapping = Mapping::new(Vec::new(), months, Commitments::default());
        mapping.rows(&line).unwrap().remove(0)
    }

    #[test]
    fn a_number_is_written_as_it_is_or_not_at_all() {
        for (text, scale, expected) in [
            ("0", 8, Some(0)),
            ("-80.89", 8, Some(-8_089_000_000)),
            ("0.34020250", 8, Some(34_020_250)),
            // Zeros at its end are no digits.
            ("1.500000000", 8, Some(150_000_000)),
            ("0.000000001", 8, None),
            ("7", 0, Some(7)),
            (
                "99999999999999",
                24,
                Some(99_999_999_999_999 * 10_i128.pow(24)),
            ),
            ("100000000000000", 24, None),
        ] {
            assert_eq!(units(number(text), scale), expected, "{text}");
        }
        let count = COLUMNS.iter().find(|it| it.name == "x_Component").unwrap();
        let pushed = Cells::default().push(count, Value::Decimal(number("0.1")));
        let error = pushed.unwrap_err().to_string();
        assert!(error.contains("0.1 does not fit"), "{error}");
    }

    #[test]
    fn a_csv_cell_is_taken_for_no_other_type() {
        let cell = |value| cell(value).unwrap();
        assert_eq!(cell(Value::Decimal(number("100"))), "100.0");
        assert_eq!(cell(Value::Decimal(number("100.500"))), "100.5");
        assert_eq!(cell(Value::Decimal(number("-0"))), "0.0");
        assert_eq!(
            cell(Value::Time(UnixTime::new(1_706_716_800))),
            "2024-01-31T16:00:00Z"
        );
        assert_eq!(cell(Value::Json("{\"a\":\"b\"}")), "{\"a\":\"b\"}");
        assert_eq!(
            cell(Value::Text("20240101400100000000000")),
            "id:20240101400100000000000"
        );
        assert_eq!(cell(Value::Text("ins-1")), "ins-1");
        assert_eq!(cell(Value::Text("")), "");
        assert_eq!(cell(Value::Null), "");
    }

    #[test]
    fn a_table_has_the_columns_of_its_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        for (version, count) in [(Version::V1_0, 43), (Version::V1_2, 57)] {
            let mut table = Table::csv(File::create(&path).unwrap(), version).unwrap();
            table.push(&row()).unwrap();
            table.finish().unwrap();
            let mut rows = csv::Reader::from_path(&path).unwrap();
            let names = rows.headers().unwrap().clone();
            assert_eq!(
                names.iter().filter(|name| !name.starts_with("x_")).count(),
                count
            );
            assert_eq!(rows.records().count(), 1);
        }
    }

    #[test]
    fn a_parquet_file_has_groups_of_bounded_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.parquet");
        let mut table = Table::parquet(File::create(&path).unwrap(), Version::V1_0).unwrap();
        let row = row();
        for _ in 0..=GROUP {
            table.push(&row).unwrap();
        }
        table.finish().unwrap();
        let read = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        let groups = read.metadata().row_groups().iter();
        let lengths: Vec<_> = groups.map(|group| group.num_rows()).collect();
        assert_eq!(lengths, [10_000, 1]);
    }
}
