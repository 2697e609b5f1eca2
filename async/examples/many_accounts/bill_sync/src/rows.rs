//! Rows into their table.

use bills::{
    column::{Column, Kind, Row},
    data_set::DataSet,
};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::Result;

/// Whose rows they are, and which page of which walk.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The account's name.
    pub account: &'a str,
    /// The month's first day, `yyyy-MM-dd`.
    pub month: &'a str,
    /// The walk's number.
    pub walk: i64,
    /// The page's number, from 0.
    pub page: i32,
}

/// The columns of the records' fields in the database, with their types.
pub fn stored<D: DataSet>() -> impl Iterator<Item = (String, &'static str)> {
    D::COLUMNS.iter().flat_map(|column| {
        let time = column.kind().is_time();
        let text = time.then(|| (format!("{}_text", column.name()), "text"));
        [(column.name().to_owned(), sql_type(column.kind()))]
            .into_iter()
            .chain(text)
    })
}

const fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Numeric => "numeric",
        Kind::Integer => "bigint",
        Kind::Json => "jsonb",
        Kind::BeijingTime | Kind::UnixTime => "timestamptz",
    }
}

/// Writes a page's rows to a table of the data set's shape with one statement. The values are texts that PostgreSQL
/// casts.
///
/// # Errors
///
/// What PostgreSQL says.
pub async fn insert<D: DataSet>(
    connection: &mut PgConnection,
    into: &str,
    origin: Origin<'_>,
    rows: Vec<Row>,
) -> Result<()> {
    let (mut names, mut selected, mut arrays) = (String::new(), String::new(), String::new());
    for (number, (name, sql_type)) in (7..).zip(stored::<D>()) {
        names += &format!(", {name}");
        selected += &format!(", {name}::{sql_type}");
        arrays += &format!(", ${number}::text[]");
    }
    let sql = format!(
        "insert into {into} (account, month, walk, page, line, part{names})
         select $1, $2::date, $3, $4, line, part{selected}
         from unnest($5::int[], $6::int[]{arrays}) as given (line, part{names})"
    );
    let lines: Vec<i32> = rows.iter().map(|row| row.line).collect();
    let parts: Vec<i32> = rows.iter().map(|row| row.part).collect();
    // Only names of our own columns are in the text.
    let mut query = sqlx::query(AssertSqlSafe(sql))
        .bind(origin.account)
        .bind(origin.month)
        .bind(origin.walk)
        .bind(origin.page)
        .bind(lines)
        .bind(parts);
    for values in by_column(D::COLUMNS, rows) {
        query = query.bind(values);
    }
    query.execute(connection).await?;
    Ok(())
}

/// The values for each of the columns that [`stored`] names.
fn by_column(columns: &[Column], rows: Vec<Row>) -> Vec<Vec<Option<String>>> {
    let mut stored = Vec::new();
    let mut rows: Vec<_> = rows.into_iter().map(|row| row.values.into_iter()).collect();
    for column in columns {
        let values: Vec<Option<String>> = rows.iter_mut().map(|it| it.next().flatten()).collect();
        if column.kind().is_time() {
            let time = |text: &Option<String>| {
                let time = column.kind().time(text.as_deref()?)?;
                Some(format!("{time}+08"))
            };
            stored.push(values.iter().map(time).collect());
        }
        stored.push(values);
    }
    stored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_own_text_beside_it() {
        let columns = [
            Column::new("A", "a", Kind::BeijingTime),
            Column::new("B", "b", Kind::Text),
        ];
        let row = |time: Option<&str>| Row {
            line: 0,
            part: 0,
            values: vec![time.map(str::to_owned), Some("b".into())],
        };
        let rows = vec![
            row(Some("2024-01-31 23:59:59.5")),
            row(Some("0000-00-00 00:00:00")),
            row(None),
        ];
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            by_column(&columns, rows),
            [
                vec![text("2024-01-31 23:59:59.500+08"), None, None],
                vec![
                    text("2024-01-31 23:59:59.5"),
                    text("0000-00-00 00:00:00"),
                    None
                ],
                vec![text("b"), text("b"), text("b")],
            ]
        );
    }
}
