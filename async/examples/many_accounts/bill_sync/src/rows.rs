//! Rows into their table.

use std::iter;

use bills::{
    column::{Column, Row},
    data_set::DataSet,
};
use sqlx::PgConnection;
use tc3_async::Paginate;

use crate::Result;

/// A page's records.
pub type Page<D> = Vec<<<D as DataSet>::Action as Paginate>::Item>;

/// The columns of the records' fields in the database.
pub fn stored<D: DataSet>() -> impl Iterator<Item = String> {
    D::COLUMNS
        .iter()
        .flat_map(|column| iter::once(column.name().to_owned()).chain(column.text_name()))
}

/// How many bytes are sent at once: each connection keeps a buffer for the largest message that it has sent.
const PART: usize = 64 * 1024;

/// Writes pages of a walk to a table of the data set's shape by `COPY`, and returns the number of rows. The values are texts,
/// which PostgreSQL parses by the columns' types.
///
/// # Errors
///
/// What PostgreSQL says.
pub async fn insert<D: DataSet>(
    connection: &mut PgConnection,
    into: &str,
    walk: i64,
    first_page: i32,
    pages: Vec<Page<D>>,
) -> Result<u64> {
    let names: Vec<String> = stored::<D>().collect();
    let names = names.join(", ");
    let sql = format!("copy {into} (walk, page, line, part, {names}) from stdin");
    let mut copy = connection.copy_in_raw(&sql).await?;
    for (page, records) in (first_page..).zip(pages) {
        let mut lines = String::new();
        for row in D::rows(&records)? {
            push_line(&mut lines, D::COLUMNS, walk, page, &row);
        }
        for part in lines.as_bytes().chunks(PART) {
            copy.send(part).await?;
        }
    }
    Ok(copy.finish().await?)
}

/// Appends a row in the text format of `COPY`, with the values of the columns that [`stored`] names.
fn push_line(lines: &mut String, columns: &[Column], walk: i64, page: i32, row: &Row) {
    let Row { line, part, values } = row;
    lines.push_str(&format!("{walk}\t{page}\t{line}\t{part}"));
    for (column, value) in columns.iter().zip(values) {
        let value = value.as_deref();
        if column.kind().is_time() {
            let time = value.and_then(|text| column.kind().time(text));
            lines.push('\t');
            push_text(lines, time.map(|time| format!("{time}+08")).as_deref());
        }
        lines.push('\t');
        push_text(lines, value);
    }
    lines.push('\n');
}

fn push_text(lines: &mut String, text: Option<&str>) {
    let Some(text) = text else {
        return lines.push_str("\\N");
    };
    for character in text.chars() {
        match character {
            '\\' => lines.push_str("\\\\"),
            '\t' => lines.push_str("\\t"),
            '\n' => lines.push_str("\\n"),
            '\r' => lines.push_str("\\r"),
            _ => lines.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use bills::column::Kind;

    use super::*;

    fn line(columns: &[Column], values: &[Option<&str>]) -> String {
        let row = Row {
            line: 1,
            part: 2,
            values: values.iter().map(|it| it.map(str::to_owned)).collect(),
        };
        let mut lines = String::new();
        push_line(&mut lines, columns, 7, 0, &row);
        let values = lines.strip_prefix("7\t0\t1\t2\t").unwrap();
        values.to_owned()
    }

    #[test]
    fn a_time_has_its_own_text_beside_it() {
        let columns = [
            Column::new("A", "a", Kind::BeijingTime),
            Column::new("B", "b", Kind::Text),
        ];
        for (time, expected) in [
            (
                Some("2024-01-31 23:59:59.5"),
                "2024-01-31 23:59:59.500+08\t2024-01-31 23:59:59.5\tb\n",
            ),
            (Some("0000-00-00 00:00:00"), "\\N\t0000-00-00 00:00:00\tb\n"),
            (None, "\\N\t\\N\tb\n"),
        ] {
            assert_eq!(line(&columns, &[time, Some("b")]), expected);
        }
    }

    #[test]
    fn no_text_ends_its_field_or_is_taken_for_null() {
        let columns = [Column::new("A", "a", Kind::Text)];
        let written = |text| line(&columns, &[Some(text)]);
        assert_eq!(written(""), "\n");
        assert_eq!(written("\\N"), "\\\\N\n");
        assert_eq!(written("\\."), "\\\\.\n");
        assert_eq!(written("a\tb\r\nc"), "a\\tb\\r\\nc\n");
    }
}
