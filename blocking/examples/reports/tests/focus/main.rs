//! Bill lines as rows of FOCUS.

use rust_decimal::Decimal;
use serde_json::Value as Object;
use tc3_core::{Month, types::jiff::Timestamp};
use tc3_example_reports::focus::{
    Account, COLUMNS, Commitments, Line, Mapping, Row, Value, Version, check,
};

mod documented;
mod kinds;
mod properties;
mod spread;

/// A column's value, as a file has it.
fn value(row: &Row, name: &str) -> String {
    let column = COLUMNS.iter().find(|it| it.name == name).expect(name);
    match (column.get)(row) {
        Value::Null => String::new(),
        Value::Text(text) | Value::Json(text) => text.into(),
        Value::Decimal(number) => number.normalize().to_string(),
        Value::Time(time) => Timestamp::try_from(time).unwrap().to_string(),
    }
}

/// Columns of a row, joined by blanks.
fn values(row: &Row, names: &[&str]) -> String {
    let values = names.iter().map(|name| value(row, name));
    values.collect::<Vec<_>>().join(" ")
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn line(month: &str, detail: &Object) -> Line {
    Line::from_json(0, month.parse().unwrap(), &detail.to_string()).unwrap()
}

/// The mapping that has seen all lines once.
fn mapping(first: &str, last: &str, lines: &[Line]) -> Mapping {
    let mut commitments = Commitments::default();
    lines.iter().for_each(|line| commitments.add(line));
    let account = Account {
        uin: Some("909619400".into()),
        name: None,
    };
    Mapping::new(vec![account], month(first)..=month(last), commitments)
}

/// The rows of lines, and of the ends of their months, each of which is checked.
fn rows(first: &str, last: &str, lines: &[Line]) -> Vec<Row> {
    let mut mapping = mapping(first, last, lines);
    let mut rows = Vec::new();
    for line in lines {
        rows.extend(mapping.rows(line).unwrap());
    }
    let mut next = month(first);
    while next <= month(last) {
        rows.extend(mapping.end_of_month(0, next));
        next = next.plus(1).unwrap();
    }
    for row in &rows {
        check(row).unwrap();
    }
    rows
}

fn sum(rows: &[Row], of: fn(&Row) -> Decimal) -> String {
    let sum: Decimal = rows.iter().map(of).sum();
    sum.normalize().to_string()
}

fn billed(row: &Row) -> Decimal {
    row.billed_cost
}

fn effective(row: &Row) -> Decimal {
    row.effective_cost
}

#[test]
fn versions_have_43_and_57_columns() {
    let own = |version| {
        let columns = COLUMNS.iter().filter(|it| it.is_in(version));
        columns.filter(|it| !it.name.starts_with("x_")).count()
    };
    assert_eq!((own(Version::V1_0), own(Version::V1_2)), (43, 57));
}
