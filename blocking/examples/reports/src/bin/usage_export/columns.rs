//! Rows as a Parquet file: texts, integers and instants, each of which may be null.

use std::{fs::File, sync::Arc};

use parquet::{
    basic::Compression,
    data_type::{ByteArray, ByteArrayType, DataType, Int64Type},
    file::{
        properties::WriterProperties,
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::parser::parse_message_type,
};
use tc3_blocking::UnixTime;
use tc3_example_support::Result;

use crate::usage::Usage;

/// How many rows a row group has, and are in memory at once.
const GROUP: usize = 65_536;

/// What a column holds, and where a row has it.
enum Values {
    Text(fn(&Usage) -> Option<&str>),
    Integer(fn(&Usage) -> Option<i64>),
    Instant(fn(&Usage) -> Option<UnixTime>),
}
use Values::{Instant, Integer, Text};

const COLUMNS: [(&str, Values); 12] = [
    (
        "ProxyOrganizationOpenId",
        Text(|row| row.proxy_organization_open_id.as_deref()),
    ),
    ("FlowId", Text(|row| row.flow_id.as_deref())),
    ("OperatorName", Text(|row| row.operator_name.as_deref())),
    (
        "CreateOrganizationName",
        Text(|row| row.create_organization_name.as_deref()),
    ),
    ("FlowName", Text(|row| row.flow_name.as_deref())),
    (
        "FlowStatus",
        Text(|row| Some(row.flow_status.as_ref()?.as_str())),
    ),
    (
        "QuotaType",
        Text(|row| Some(row.quota_type.as_ref()?.as_str())),
    ),
    ("UseCount", Integer(|row| row.use_count)),
    ("CostTime", Instant(|row| row.cost_time)),
    ("QuotaName", Text(|row| row.quota_name.as_deref())),
    ("CostType", Integer(|row| Some(row.cost_type?.get()))),
    ("Remark", Text(|row| row.remark.as_deref())),
];

/// Writes rows as a Parquet file, which is the same, byte for byte, for the same rows.
pub(crate) fn write(mut rows: impl Iterator<Item = Result<Usage>>, file: &mut File) -> Result<()> {
    let columns = COLUMNS.iter().map(|(name, values)| match values {
        Text(_) => format!("optional byte_array {name} (STRING);"),
        Integer(_) => format!("optional int64 {name} (INTEGER(64, true));"),
        Instant(_) => format!("optional int64 {name} (TIMESTAMP(MILLIS, true));"),
    });
    let schema = format!("message usage {{ {} }}", columns.collect::<String>());
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
    let mut parquet = SerializedFileWriter::new(
        file,
        Arc::new(parse_message_type(&schema)?),
        Arc::new(properties.build()),
    )?;
    loop {
        let group: Vec<Usage> = rows.by_ref().take(GROUP).collect::<Result<_>>()?;
        if group.is_empty() {
            break;
        }
        let mut writer = parquet.next_row_group()?;
        for (_, values) in &COLUMNS {
            let column = writer.next_column()?.ok_or("the schema lacks a column")?;
            match values {
                Text(of) => put::<ByteArrayType>(
                    column,
                    group.iter().map(|row| of(row).map(ByteArray::from)),
                ),
                Integer(of) => put::<Int64Type>(column, group.iter().map(of)),
                Instant(of) => {
                    let millis = group.iter().map(|row| {
                        let seconds = of(row).map(UnixTime::seconds);
                        let millis = seconds.map(|seconds| seconds.checked_mul(1_000));
                        millis
                            .map(|millis| millis.ok_or("a time is beyond all time"))
                            .transpose()
                    });
                    let millis = millis.collect::<std::result::Result<Vec<_>, _>>()?;
                    put::<Int64Type>(column, millis.into_iter())
                }
            }?;
        }
        writer.close()?;
    }
    parquet.close()?;
    Ok(())
}

/// Writes a column of a row group: a level of 1 for each value that there is, 0 for null.
fn put<T: DataType>(
    mut column: SerializedColumnWriter<'_>,
    values: impl Iterator<Item = Option<T::T>>,
) -> Result<()> {
    let (mut present, mut levels) = (Vec::new(), Vec::new());
    for value in values {
        levels.push(value.is_some().into());
        present.extend(value);
    }
    column
        .typed::<T>()
        .write_batch(&present, Some(&levels), None)?;
    Ok(column.close()?)
}
