//! A table's columns in Arrow's types, and rows of texts as record batches.

use std::sync::Arc;

use bills::column::{Column, Kind, Row};
use datafusion::arrow::{
    array::{
        ArrayRef, Decimal128Array, Int32Array, Int64Array, RecordBatch, RecordBatchOptions,
        StringArray, TimestampMicrosecondArray,
    },
    datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
};
use tc3_async::{BeijingTime, Yuan};

use crate::Result;

/// How many digits a [`Kind::Numeric`] has at most: those of a `Decimal128`.
pub const PRECISION: u8 = 38;
/// How many of them are decimals. The service writes 8 at most.
pub const SCALE: i8 = 12;
/// The time zone of times. A text that is compared with a time is read as a time of this zone.
pub const TIME_ZONE: &str = "+08:00";

/// The columns of a table.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    /// Those that are the same in all rows of a list.
    pub(crate) constants: Vec<String>,
    pub(crate) fields: Vec<Column>,
    /// Where the values of each column come from.
    sources: Vec<Source>,
    schema: SchemaRef,
}

/// Where the values of a column come from.
#[derive(Clone, Copy, Debug)]
enum Source {
    Constant(usize),
    Part,
    Field(usize),
    /// The text of a time.
    Text(usize),
}

impl Columns {
    pub(crate) fn new(constants: &[&str], has_parts: bool, fields: &[Column]) -> Self {
        let text = |name: &str| Field::new(name, DataType::Utf8, false);
        let mut columns: Vec<_> = constants
            .iter()
            .enumerate()
            .map(|(number, name)| (Source::Constant(number), text(name)))
            .collect();
        if has_parts {
            columns.push((Source::Part, Field::new("part", DataType::Int32, false)));
        }
        for (number, column) in fields.iter().enumerate() {
            let (name, kind) = (column.name(), column.kind());
            columns.push((
                Source::Field(number),
                Field::new(name, data_type(kind), true),
            ));
            if let Some(text) = column.text_name() {
                let text = Field::new(text, DataType::Utf8, true);
                columns.push((Source::Text(number), text));
            }
        }
        let (sources, fields_of_schema): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        Self {
            constants: constants.iter().map(|name| (*name).to_owned()).collect(),
            fields: fields.to_vec(),
            sources,
            schema: Arc::new(Schema::new(fields_of_schema)),
        }
    }

    pub(crate) const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The rows of a list, with these columns of the schema.
    ///
    /// # Errors
    ///
    /// A value that its column can't hold, by the column's name.
    pub(crate) fn batch(
        &self,
        projection: &[usize],
        constants: &[String],
        rows: &[Row],
    ) -> Result<RecordBatch> {
        let schema = Arc::new(self.schema.project(projection)?);
        let arrays = projection
            .iter()
            .filter_map(|column| self.sources.get(*column))
            .map(|source| self.array(*source, constants, rows))
            .collect::<Result<_>>()?;
        let count = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(RecordBatch::try_new_with_options(schema, arrays, &count)?)
    }

    fn array(&self, source: Source, constants: &[String], rows: &[Row]) -> Result<ArrayRef> {
        let (number, as_text) = match source {
            Source::Constant(number) => {
                let constant = constants.get(number).map_or("", String::as_str);
                let all = rows.iter().map(|_| constant);
                return Ok(Arc::new(StringArray::from_iter_values(all)));
            }
            Source::Part => {
                let parts = rows.iter().map(|row| row.part);
                return Ok(Arc::new(Int32Array::from_iter_values(parts)));
            }
            Source::Field(number) => (number, false),
            Source::Text(number) => (number, true),
        };
        let column = self.fields.get(number).ok_or("there is no such column")?;
        let texts = rows
            .iter()
            .map(|row| row.values.get(number).and_then(Option::as_deref));
        let kind = if as_text { Kind::Text } else { column.kind() };
        Ok(match kind {
            Kind::Text | Kind::Json => Arc::new(texts.collect::<StringArray>()),
            Kind::BeijingTime | Kind::UnixTime => {
                let times = texts.map(|text| Some(microseconds(kind.time(text?)?)));
                let times: TimestampMicrosecondArray = times.collect();
                Arc::new(times.with_timezone(TIME_ZONE))
            }
            Kind::Integer => {
                let read = |text: &str| text.parse().ok();
                let rule = "must be a whole number of 64 bits";
                let values = checked(column.name(), texts, rule, read)?;
                Arc::new(Int64Array::from(values))
            }
            Kind::Numeric => {
                let rule = "must be a number of at most 12 decimals and 28 digits";
                let values = checked(column.name(), texts, rule, units)?;
                let array = Decimal128Array::from(values);
                Arc::new(array.with_precision_and_scale(PRECISION, SCALE)?)
            }
        })
    }
}

/// The type of a column.
fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text | Kind::Json => DataType::Utf8,
        Kind::Numeric => DataType::Decimal128(PRECISION, SCALE),
        Kind::Integer => DataType::Int64,
        Kind::BeijingTime | Kind::UnixTime => time_type(),
    }
}

pub(crate) fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(TIME_ZONE.into()))
}

fn checked<'a, T>(
    name: &str,
    texts: impl Iterator<Item = Option<&'a str>>,
    rule: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<Option<T>>> {
    let value = |text: &str| read(text).ok_or_else(|| format!("{name} {rule}, not {text:?}"));
    Ok(texts
        .map(|text| text.map(value).transpose())
        .collect::<Result<_, _>>()?)
}

/// A number in units of the last decimal, if it has no further ones.
fn units(text: &str) -> Option<i128> {
    // The core reads a number digit by digit, whatever it is of.
    let number = text.parse::<Yuan>().ok()?.get().normalize();
    let missing = u32::try_from(SCALE).ok()?.checked_sub(number.scale())?;
    number
        .mantissa()
        .checked_mul(10_i128.checked_pow(missing)?)
        .filter(|units| units.unsigned_abs() < 10_u128.pow(PRECISION.into()))
}

/// Microseconds since 1970; what is below them is cut off.
pub(crate) fn microseconds(time: BeijingTime) -> i64 {
    let below = i64::from(time.datetime().subsec_nanosecond()) / 1_000;
    time.to_unix().seconds() * 1_000_000 + below
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Array, cast::AsArray, types::Decimal128Type};

    use super::*;

    const COLUMNS: &[Column] = &[
        Column::new("Amount", "amount", Kind::Numeric),
        Column::new("Count", "count", Kind::Integer),
        Column::new("Time", "time", Kind::BeijingTime),
    ];

    fn batch(amount: &str, count: &str, time: &str) -> Result<RecordBatch> {
        let columns = Columns::new(&["account"], false, COLUMNS);
        let values = [amount, count, time].map(|text| Some(text.to_owned()));
        let row = Row {
            line: 0,
            part: 0,
            values: values.into(),
        };
        columns.batch(&[0, 1, 2, 3, 4], &["a".into()], &[row])
    }

    #[test]
    fn an_amount_keeps_each_digit() {
        for (text, units) in [
            ("-0.01", -10_000_000_000),
            (
                "1234567890123456.123456789012",
                1_234_567_890_123_456_123_456_789_012,
            ),
            ("1.50000000000000000", 1_500_000_000_000),
            ("1e-12", 1),
        ] {
            let batch = batch(text, "0", "").unwrap();
            let amounts = batch.column(1).as_primitive::<Decimal128Type>();
            assert_eq!(amounts.value(0), units, "{text}");
        }
    }

    #[test]
    fn a_value_that_does_not_fit_is_an_error_with_field_and_value() {
        let error = |amount, count| batch(amount, count, "").unwrap_err().to_string();
        assert_eq!(
            error("0.0000000000001", "0"),
            "amount must be a number of at most 12 decimals and 28 digits, not \"0.0000000000001\""
        );
        assert!(error("100000000000000000000000000", "0").starts_with("amount must"));
        assert!(error("-", "0").starts_with("amount must"));
        assert!(error("0", "9223372036854775808").starts_with("count must be a whole number"));
        assert!(error("0", "1.5").starts_with("count must be a whole number"));
    }

    #[test]
    fn a_text_that_is_no_time_is_only_a_text() {
        let batch = batch("0", "0", "0000-00-00 00:00:00").unwrap();
        assert!(batch.column(3).is_null(0));
        assert_eq!(
            batch.column(4).as_string::<i32>().value(0),
            "0000-00-00 00:00:00"
        );
        let time = "1970-01-01 08:00:01.0000019".parse().unwrap();
        assert_eq!(microseconds(time), 1_000_001);
    }
}
