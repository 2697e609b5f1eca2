//! Where the rows of a query go.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use datafusion::{
    arrow::{
        array::RecordBatch,
        compute::cast,
        csv::WriterBuilder as CsvBuilder,
        datatypes::{DataType, Field, Schema},
        json::LineDelimitedWriter,
        util::pretty::pretty_format_batches_with_schema,
    },
    execution::SendableRecordBatchStream,
    parquet::{
        arrow::ArrowWriter,
        basic::{Compression, ZstdLevel},
        file::properties::WriterProperties,
    },
};
use futures_util::TryStreamExt;
use tc3_sql::Result;

use crate::{arguments::Format, query::plain};

/// Writes a Parquet file beside the path, and renames it when it is complete. Returns the number of rows.
pub(crate) async fn to_file(path: &Path, mut stream: SendableRecordBatchStream) -> Result<usize> {
    let named = |error: &dyn std::fmt::Display| format!("--output {}: {error}", path.display());
    // Renaming would put the rows in place of a device or a link.
    if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(named(&"must be a file, or not be there yet").into());
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file has, less the umask.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    // It is removed if the query fails.
    let mut file = builder
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .map_err(|error| named(&error))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let mut writer = ArrowWriter::try_new(&mut file, stream.schema(), Some(properties))?;
    let mut rows = 0;
    while let Some(batch) = stream.try_next().await.map_err(plain)? {
        rows += batch.num_rows();
        writer.write(&batch).map_err(|error| named(&error))?;
    }
    writer.close().map_err(|error| named(&error))?;
    file.as_file().sync_all().map_err(|error| named(&error))?;
    file.persist(path).map_err(|error| named(&error))?;
    Ok(rows)
}

/// Writes the rows to stdout, as they come unless it is a table. Returns their number.
pub(crate) async fn to_stdout(
    format: Format,
    mut stream: SendableRecordBatchStream,
) -> Result<usize> {
    let mut out = io::stdout().lock();
    if format == Format::Table {
        let schema = stream.schema();
        let batches: Vec<_> = stream.try_collect().await.map_err(plain)?;
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        writeln!(
            out,
            "{}",
            pretty_format_batches_with_schema(schema, &batches)?
        )?;
        return Ok(rows);
    }
    if format == Format::Csv {
        // The header, also if there are no rows.
        out.write_all(&csv(&RecordBatch::new_empty(stream.schema()), true)?)?;
    }
    let mut rows = 0;
    while let Some(batch) = stream.try_next().await.map_err(plain)? {
        rows += batch.num_rows();
        // As a text first: that nobody reads stdout any more is then an error of its own.
        let text = match format {
            Format::Csv => csv(&batch, false)?,
            _ => json(&batch)?,
        };
        out.write_all(&text)?;
    }
    Ok(rows)
}

fn csv(batch: &RecordBatch, header: bool) -> Result<Vec<u8>> {
    let mut writer = CsvBuilder::new().with_header(header).build(Vec::new());
    writer.write(batch)?;
    Ok(writer.into_inner())
}

fn json(batch: &RecordBatch) -> Result<Vec<u8>> {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write(&with_amounts_as_texts(batch)?)?;
    writer.finish()?;
    Ok(writer.into_inner())
}

/// As JSON numbers, amounts would be read as floats.
fn with_amounts_as_texts(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, values)| {
        let values = match values.data_type() {
            DataType::Decimal128(..) | DataType::Decimal256(..) => cast(values, &DataType::Utf8)?,
            _ => Arc::clone(values),
        };
        let field = Field::new(field.name(), values.data_type().clone(), true);
        Ok((field, values))
    });
    let columns: Vec<_> = columns.collect::<Result<_>>()?;
    let (fields, values): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), values)?)
}
