//! Records as rows: any record that serde can write, by a list of columns.

use std::fmt;

use serde::{
    Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use tc3_async::{BeijingTime, UnixTime, core::types::BeijingSecond};

use crate::Result;

/// What a field of the service holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// An amount or a quantity, which never passes through a float.
    Numeric,
    /// A whole number.
    Integer,
    /// A list or an object, as JSON.
    Json,
    /// A Beijing time. It has a second column `…_text` with the service's own text.
    BeijingTime,
    /// Seconds since 1970. It has a second column `…_text` with the number itself.
    UnixTime,
}

impl Kind {
    /// Whether there is a column `…_text` beside it.
    pub const fn is_time(self) -> bool {
        matches!(self, Self::BeijingTime | Self::UnixTime)
    }

    /// The time that a value says, or `None` if this is no kind of time or the service wrote something else, such as
    /// only zeros.
    pub fn time(self, text: &str) -> Option<BeijingTime> {
        match self {
            Self::BeijingTime => text.parse().ok(),
            Self::UnixTime => {
                let seconds = UnixTime::new(text.parse().ok()?);
                BeijingTime::try_from(BeijingSecond::from_unix(seconds).ok()?.datetime()).ok()
            }
            _ => None,
        }
    }
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

    /// The name of the second column, with the service's own text, that a time has.
    pub fn text_name(&self) -> Option<String> {
        self.kind.is_time().then(|| format!("{}_text", self.name))
    }

    /// What it holds.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The field's text: numbers as they are written, JSON as it is, `None` if it is absent or null.
    fn text(&self, value: Option<&RawValue>) -> Result<Option<String>> {
        let raw = value.map(RawValue::get).filter(|raw| *raw != "null");
        Ok(match raw {
            Some(raw) if raw.starts_with('"') && self.kind != Kind::Json => {
                Some(serde_json::from_str(raw)?)
            }
            raw => raw.map(str::to_owned),
        })
    }
}

/// A record's values, one a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The record's place in its page, from 0.
    pub line: i32,
    /// Where a record is several rows, such as a bill's line with its components: the row's place in it, from 0.
    pub part: i32,
    /// The fields' texts.
    pub values: Vec<Option<String>>,
}

impl Row {
    /// The record at this place of its page, as one row.
    ///
    /// # Errors
    ///
    /// What serde says of the record.
    pub fn new(columns: &[Column], line: i32, record: &impl Serialize) -> Result<Self> {
        let json = serde_json::to_string(record)?;
        Self::from_fields(columns, line, 0, fields(columns, &json)?)
    }

    /// The record at this place of its page, as a row for each of its parts; without parts it is one row.
    ///
    /// # Errors
    ///
    /// What serde says of the record or a part.
    pub fn of_parts<P: Serialize>(
        columns: &[Column],
        line: i32,
        record: &impl Serialize,
        parts: &[P],
    ) -> Result<Vec<Self>> {
        if parts.is_empty() {
            return Ok(vec![Self::new(columns, line, record)?]);
        }
        let json = serde_json::to_string(record)?;
        let record = fields(columns, &json)?;
        let with_part = |(number, part): (i32, &P)| {
            let json = serde_json::to_string(part)?;
            let part = fields(columns, &json)?;
            let both = record
                .iter()
                .zip(part)
                .map(|(record, part)| record.or(part));
            Self::from_fields(columns, line, number, both)
        };
        (0..).zip(parts).map(with_part).collect()
    }

    fn from_fields<'a>(
        columns: &[Column],
        line: i32,
        part: i32,
        fields: impl IntoIterator<Item = Option<&'a RawValue>>,
    ) -> Result<Self> {
        let texts = columns.iter().zip(fields).map(|(it, field)| it.text(field));
        Ok(Self {
            line,
            part,
            values: texts.collect::<Result<_>>()?,
        })
    }
}

/// The values of an object, one a column. No two columns have the same field.
fn fields<'de>(columns: &[Column], json: &'de str) -> Result<Vec<Option<&'de RawValue>>> {
    let mut json = serde_json::Deserializer::from_str(json);
    Ok(json.deserialize_map(Fields(columns))?)
}

struct Fields<'a>(&'a [Column]);

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut object: M) -> Result<Self::Value, M::Error> {
        let mut values = vec![None; self.0.len()];
        while let Some((field, value)) = object.next_entry::<&str, &RawValue>()? {
            let mut columns = values.iter_mut().zip(self.0);
            if let Some((place, _)) = columns.find(|(_, column)| column.field == field) {
                *place = Some(value);
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::{Value, json};

    use super::*;

    fn value(kind: Kind, record: &Value) -> Option<String> {
        let columns = [Column::new("Field", "field", kind)];
        Row::new(&columns, 0, record).unwrap().values.remove(0)
    }

    fn some(text: &str) -> Option<String> {
        Some(text.into())
    }

    #[test]
    fn an_amount_keeps_each_digit() {
        let amount = json!({"Field": "123456789012345678.123456789"});
        assert_eq!(
            value(Kind::Numeric, &amount),
            some("123456789012345678.123456789")
        );
        let number: Box<RawValue> = serde_json::from_str("0.10000000000000000001").unwrap();
        let columns = [Column::new("Field", "field", Kind::Numeric)];
        let row = Row::new(&columns, 0, &HashMap::from([("Field", number)])).unwrap();
        assert_eq!(row.values, [some("0.10000000000000000001")]);
    }

    #[test]
    fn a_time_that_is_none_is_only_a_text() {
        let time = |kind: Kind, text| kind.time(text).map(|it| it.to_string());
        assert_eq!(
            time(Kind::BeijingTime, "2024-01-31 23:59:59.5"),
            some("2024-01-31 23:59:59.500")
        );
        assert_eq!(time(Kind::BeijingTime, "0000-00-00 00:00:00"), None);
        assert_eq!(
            time(Kind::UnixTime, "1704067200"),
            some("2024-01-01 08:00:00.000")
        );
        assert_eq!(time(Kind::Text, "2024-01-31 23:59:59"), None);
    }

    #[test]
    fn absent_null_and_empty_differ_only_where_the_service_wrote_a_text() {
        assert_eq!(value(Kind::Text, &json!({})), None);
        assert_eq!(value(Kind::Text, &json!({"Field": null})), None);
        assert_eq!(value(Kind::Text, &json!({"Field": ""})), some(""));
        assert_eq!(
            value(Kind::Json, &json!({"Field": ["a"]})),
            some(r#"["a"]"#)
        );
    }

    #[test]
    fn a_record_is_a_row_for_each_of_its_parts_and_one_without_any() {
        let columns = [
            Column::new("Id", "id", Kind::Text),
            Column::new("Cost", "cost", Kind::Numeric),
        ];
        let rows = |parts: &[Value]| {
            let rows = Row::of_parts(&columns, 7, &json!({"Id": "a"}), parts).unwrap();
            let values = rows.into_iter().map(|row| (row.line, row.part, row.values));
            values.collect::<Vec<_>>()
        };
        assert_eq!(
            rows(&[json!({"Cost": "1"}), json!({"Cost": "2"})]),
            [
                (7, 0, vec![some("a"), some("1")]),
                (7, 1, vec![some("a"), some("2")])
            ]
        );
        assert_eq!(rows(&[]), [(7, 0, vec![some("a"), None])]);
    }
}
