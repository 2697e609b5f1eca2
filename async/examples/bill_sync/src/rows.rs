//! Records as rows: any record that serde can write, by a list of columns.

use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::{AssertSqlSafe, PgConnection};
use std::collections::HashMap;
use tc3_async::{BeijingTime, UnixTime, core::types::BeijingSecond};

use crate::Result;

/// What a field of the service holds, and so the type of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// An amount or a quantity, which never passes through a float.
    Numeric,
    /// A whole number.
    Integer,
    /// A list or an object, as `jsonb`.
    Json,
    /// A Beijing time: a `timestamptz` if it is one, and the service's own text in a column `…_text`.
    BeijingTime,
    /// Seconds since 1970: a `timestamptz`, and the number itself in a column `…_text`.
    UnixTime,
}

/// A field of a record, and its column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    field: &'static str,
    name: &'static str,
    kind: Kind,
}

impl Column {
    /// A column for the field that the service calls `field`.
    pub const fn new(field: &'static str, name: &'static str, kind: Kind) -> Self {
        Self { field, name, kind }
    }

    /// The field's name in JSON.
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// The column's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The columns in the database, with their types.
    fn stored(&self) -> impl Iterator<Item = (String, &'static str)> + use<> {
        let sql_type = match self.kind {
            Kind::Text => "text",
            Kind::Numeric => "numeric",
            Kind::Integer => "bigint",
            Kind::Json => "jsonb",
            Kind::BeijingTime | Kind::UnixTime => "timestamptz",
        };
        let text = matches!(self.kind, Kind::BeijingTime | Kind::UnixTime);
        let text = text.then(|| (format!("{}_text", self.name), "text"));
        [(self.name.to_owned(), sql_type)].into_iter().chain(text)
    }

    /// The values for [`stored`](Self::stored), as texts that PostgreSQL casts.
    fn values(&self, value: Option<&RawValue>) -> Result<Vec<Option<String>>> {
        let raw = value.map(RawValue::get).filter(|raw| *raw != "null");
        let text = match raw {
            // Numbers stay as they are written.
            Some(raw) if raw.starts_with('"') && self.kind != Kind::Json => {
                Some(serde_json::from_str(raw)?)
            }
            raw => raw.map(str::to_owned),
        };
        let time = match self.kind {
            Kind::BeijingTime => text.as_deref().and_then(from_beijing),
            Kind::UnixTime => text.as_deref().and_then(from_unix),
            _ => return Ok(vec![text]),
        };
        Ok(vec![time, text])
    }
}

/// A Beijing time as PostgreSQL reads it, or `None` if the service wrote something else, such as only zeros.
fn from_beijing(text: &str) -> Option<String> {
    let time: BeijingTime = text.parse().ok()?;
    Some(format!("{time}+08"))
}

fn from_unix(text: &str) -> Option<String> {
    let time = BeijingSecond::from_unix(UnixTime::new(text.parse().ok()?)).ok()?;
    Some(format!("{time}+08"))
}

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

/// Rows for one table, column by column.
#[derive(Debug)]
pub struct Batch {
    table: &'static str,
    columns: Vec<(String, &'static str)>,
    lines: Vec<i32>,
    parts: Option<Vec<i32>>,
    values: Vec<Vec<Option<String>>>,
}

impl Batch {
    /// A row for each record of a page.
    ///
    /// # Errors
    ///
    /// What serde says of a record.
    pub fn new<T: Serialize>(
        table: &'static str,
        columns: &[Column],
        records: &[T],
    ) -> Result<Self> {
        let mut batch = Self::empty(table, columns);
        for (line, record) in (0..).zip(records) {
            batch.push(columns, line, record)?;
        }
        Ok(batch)
    }

    /// A row for each part of each record: the table has a column `part` too.
    ///
    /// # Errors
    ///
    /// What serde says of a part.
    pub fn of_parts<T, P: Serialize>(
        table: &'static str,
        columns: &[Column],
        records: &[T],
        parts: impl Fn(&T) -> &[P],
    ) -> Result<Self> {
        let mut batch = Self::empty(table, columns);
        let mut numbers = Vec::new();
        for (line, record) in (0..).zip(records) {
            for (number, part) in (0..).zip(parts(record)) {
                batch.push(columns, line, part)?;
                numbers.push(number);
            }
        }
        batch.parts = Some(numbers);
        Ok(batch)
    }

    fn empty(table: &'static str, columns: &[Column]) -> Self {
        let columns: Vec<_> = columns.iter().flat_map(Column::stored).collect();
        Self {
            table,
            values: vec![Vec::new(); columns.len()],
            columns,
            lines: Vec::new(),
            parts: None,
        }
    }

    fn push(&mut self, columns: &[Column], line: i32, record: &impl Serialize) -> Result<()> {
        let json = serde_json::to_string(record)?;
        let fields: HashMap<&str, &RawValue> = serde_json::from_str(&json)?;
        let mut stored = self.values.iter_mut();
        for column in columns {
            for value in column.values(fields.get(column.field).copied())? {
                if let Some(values) = stored.next() {
                    values.push(value);
                }
            }
        }
        self.lines.push(line);
        Ok(())
    }

    /// The table without `_rows`: the view of the rows that count.
    pub const fn table(&self) -> &'static str {
        self.table
    }

    /// The names of the columns that hold the records' fields.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// Writes the rows to a table of this shape with one statement.
    ///
    /// # Errors
    ///
    /// What PostgreSQL says.
    pub async fn insert(
        &self,
        connection: &mut PgConnection,
        into: &str,
        origin: Origin<'_>,
    ) -> Result<()> {
        let names = |extra: &str| {
            let columns = self
                .columns()
                .fold(String::new(), |all, it| all + ", " + it);
            format!("account, month, walk, page, line{extra}{columns}")
        };
        let (part, mut arrays) = match self.parts {
            Some(_) => (", part", "$5::int[], $6::int[]".to_owned()),
            None => ("", "$5::int[]".to_owned()),
        };
        let first = if self.parts.is_some() { 7 } else { 6 };
        let mut selected = format!("line{part}");
        for (number, (name, sql_type)) in (first..).zip(&self.columns) {
            arrays += &format!(", ${number}::text[]");
            selected += &format!(", {name}::{sql_type}");
        }
        let names = names(part);
        let unnested = self
            .columns()
            .fold(format!("line{part}"), |all, it| all + ", " + it);
        let sql = format!(
            "insert into {into} ({names}) select $1, $2::date, $3, $4, {selected} \
             from unnest({arrays}) as given ({unnested})"
        );
        // Only names of our own columns are in the text.
        let mut query = sqlx::query(AssertSqlSafe(sql))
            .bind(origin.account)
            .bind(origin.month)
            .bind(origin.walk)
            .bind(origin.page)
            .bind(&self.lines);
        if let Some(parts) = &self.parts {
            query = query.bind(parts);
        }
        for values in &self.values {
            query = query.bind(values);
        }
        query.execute(connection).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(kind: Kind, record: &serde_json::Value) -> Vec<Option<String>> {
        let columns = [Column::new("Field", "field", kind)];
        let batch = Batch::new("t", &columns, std::slice::from_ref(record)).unwrap();
        batch.values.into_iter().flatten().collect()
    }

    fn some(text: &str) -> Option<String> {
        Some(text.into())
    }

    #[test]
    fn an_amount_keeps_each_digit() {
        let amount = json!({"Field": "123456789012345678.123456789"});
        assert_eq!(
            values(Kind::Numeric, &amount),
            [some("123456789012345678.123456789")]
        );
        let number: Box<RawValue> = serde_json::from_str("0.10000000000000000001").unwrap();
        let columns = [Column::new("Field", "field", Kind::Numeric)];
        let batch = Batch::new("t", &columns, &[HashMap::from([("Field", number)])]).unwrap();
        assert_eq!(batch.values, [[some("0.10000000000000000001")]]);
    }

    #[test]
    fn a_time_has_its_own_text_beside_it() {
        let time = json!({"Field": "2024-01-31 23:59:59.5"});
        let expected = [
            some("2024-01-31 23:59:59.500+08"),
            some("2024-01-31 23:59:59.5"),
        ];
        assert_eq!(values(Kind::BeijingTime, &time), expected);
        let none = json!({"Field": "0000-00-00 00:00:00"});
        assert_eq!(
            values(Kind::BeijingTime, &none),
            [None, some("0000-00-00 00:00:00")]
        );
        let seconds = json!({"Field": 1_704_067_200});
        assert_eq!(
            values(Kind::UnixTime, &seconds),
            [some("2024-01-01 08:00:00+08"), some("1704067200")]
        );
    }

    #[test]
    fn absent_null_and_empty_differ_only_where_the_service_wrote_a_text() {
        assert_eq!(values(Kind::Text, &json!({})), [None]);
        assert_eq!(values(Kind::Text, &json!({"Field": null})), [None]);
        assert_eq!(values(Kind::Text, &json!({"Field": ""})), [some("")]);
        assert_eq!(
            values(Kind::Json, &json!({"Field": ["a"]})),
            [some(r#"["a"]"#)]
        );
    }
}
