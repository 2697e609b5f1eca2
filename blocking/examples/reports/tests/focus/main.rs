//! Bill lines as rows of FOCUS.

use rust_decimal::Decimal;
use serde_json::{Value as Object, json};
use tc3_core::{Month, types::jiff::Timestamp};
use tc3_example_reports::focus::{
    Account, COLUMNS, Commitments, Line, Mapping, Row, Value, Version, check,
};

mod commitments;
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

/// An hour's use with what the component says besides.
fn usage(component: Object) -> Object {
    let mut all = json!({
        "ItemCode": "sv_cvm_sa2", "ComponentCode": "v_cvm_compute", "PriceUnit": "元/个/小时",
        "UsedAmount": "1", "UsedAmountUnit": "个", "TimeSpan": "1", "TimeUnitName": "小时",
    });
    all.as_object_mut()
        .unwrap()
        .extend(component.as_object().unwrap().clone());
    json!({
        "Id": "17", "PayerUin": "100", "OwnerUin": "200", "ResourceId": "ins-1",
        "BusinessCode": "p_cvm", "ProductCode": "sp_cvm_sa2", "RegionId": "8",
        "ActionType": "postpay_deduct_h", "FeeBeginTime": "2024-02-01 10:00:00",
        "FeeEndTime": "2024-02-01 10:59:59", "ComponentSet": [all],
    })
}

/// The same line with another value.
fn with(mut line: Object, field: &str, value: &str) -> Object {
    line[field] = value.into();
    line
}

fn february(lines: &[Object]) -> Vec<Row> {
    let lines: Vec<Line> = lines.iter().map(|it| line("2024-02", it)).collect();
    rows("2024-02", "2024-02", &lines)
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
