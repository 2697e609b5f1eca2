use rust_decimal::Decimal;
use tc3_core::UnixTime;

use super::Row;

/// A version of FOCUS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// FOCUS 1.0: 43 columns.
    V1_0,
    /// FOCUS 1.2: 57 columns.
    V1_2,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A text.
    Text,
    /// A number with so many decimals at most.
    Decimal(u32),
    /// A second, UTC.
    Time,
    /// A flat JSON object.
    Json,
}

/// A column of the table of rows.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Type,
    /// The first version that has it. Columns whose names start with `x_` go with every version.
    pub since: Version,
    /// Whether it may be null.
    pub nullable: bool,
    /// Its value in a row.
    pub get: fn(&Row) -> Value<'_>,
}

impl Column {
    /// Whether this version has the column.
    pub fn is_in(&self, version: Version) -> bool {
        self.since <= version
    }
}

/// The value of a column in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// A text.
    Text(&'a str),
    /// A number.
    Decimal(Decimal),
    /// A second.
    Time(UnixTime),
    /// A flat JSON object.
    Json(&'a str),
}

/// A text that is a flat JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(pub String);

/// A type of the fields of a row.
pub(super) trait Cell: Sized {
    const NULLABLE: bool = false;

    /// What a new row has.
    fn empty() -> Self;

    fn value(&self) -> Value<'_>;
}

impl Cell for String {
    fn empty() -> Self {
        Self::new()
    }

    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Cell for &'static str {
    fn empty() -> Self {
        ""
    }

    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Cell for Decimal {
    fn empty() -> Self {
        Self::ZERO
    }

    fn value(&self) -> Value<'_> {
        Value::Decimal(*self)
    }
}

impl Cell for UnixTime {
    fn empty() -> Self {
        Self::new(0)
    }

    fn value(&self) -> Value<'_> {
        Value::Time(*self)
    }
}

impl Cell for Json {
    fn empty() -> Self {
        Self("{}".into())
    }

    fn value(&self) -> Value<'_> {
        Value::Json(&self.0)
    }
}

impl<T: Cell> Cell for Option<T> {
    const NULLABLE: bool = true;

    fn empty() -> Self {
        None
    }

    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, Cell::value)
    }
}
