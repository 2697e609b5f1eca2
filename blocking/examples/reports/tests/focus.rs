//! Bill lines as rows of FOCUS.

use rust_decimal::Decimal;
use serde_json::Value as Object;
use tc3_core::Month;
use tc3_example_reports::focus::{
    Account, COLUMNS, Commitments, Line, Mapping, Row, Type, Value, Version, check,
};

/// A column's value, as a file has it.
fn value(row: &Row, name: &str) -> String {
    let column = COLUMNS.iter().find(|it| it.name == name).unwrap();
    match (column.get)(row) {
        Value::Null => String::new(),
        Value::Text(text) | Value::Json(text) => text.into(),
        Value::Decimal(number) => number.normalize().to_string(),
        Value::Time(time) => tc3_core::types::jiff::Timestamp::try_from(time)
            .unwrap()
            .to_string(),
    }
}

fn account() -> Account {
    Account {
        uin: Some("909619400".into()),
        name: None,
    }
}

fn line(month: &str, detail: Object) -> Line {
    let month: Month = month.parse().unwrap();
    Line::from_json(0, month, &detail.to_string()).unwrap()
}

/// The rows of lines, and of the ends of their months, each of which is checked.
fn rows(first: &str, last: &str, lines: &[Line]) -> Vec<Row> {
    let mut commitments = Commitments::default();
    lines.iter().for_each(|line| commitments.add(line));
    let months = first.parse().unwrap()..=last.parse().unwrap();
    let mut mapping = Mapping::new(vec![account()], months, commitments);
    let mut rows = Vec::new();
    for line in lines {
        rows.extend(mapping.rows(line).unwrap());
    }
    let mut month: Month = first.parse().unwrap();
    while month <= last.parse().unwrap() {
        rows.extend(mapping.end_of_month(0, month));
        month = month.plus(1).unwrap();
    }
    for row in &rows {
        check(row).unwrap();
    }
    rows
}

fn sum(rows: &[Row], of: fn(&Row) -> Decimal) -> String {
    rows.iter().map(of).sum::<Decimal>().normalize().to_string()
}

#[test]
fn versions_have_43_and_57_columns() {
    let own = |version| {
        let columns = COLUMNS.iter().filter(|it| it.is_in(version));
        columns.filter(|it| !it.name.starts_with("x_")).count()
    };
    assert_eq!((own(Version::V1_0), own(Version::V1_2)), (43, 57));
    assert!(COLUMNS.iter().all(|it| it.kind != Type::Decimal(40)));
}

/// A line of the vendor's documented answers.
fn documented(name: &str) -> Object {
    let lines: Object = serde_json::from_str(include_str!("documented_lines.json")).unwrap();
    lines[name].clone()
}

#[test]
fn usage_is_a_row() {
    let rows = rows("2023-08", "2023-08", &[line("2023-08", documented("nat"))]);
    assert_eq!(rows.len(), 1);
    let expected = [
        ("AvailabilityZone", ""),
        ("BilledCost", "0.3402025"),
        ("BillingAccountId", "uin:909619400"),
        ("BillingAccountName", "uin 909619400"),
        ("BillingCurrency", "CNY"),
        ("BillingPeriodEnd", "2023-08-31T16:00:00Z"),
        ("BillingPeriodStart", "2023-07-31T16:00:00Z"),
        ("ChargeCategory", "Usage"),
        ("ChargeClass", ""),
        ("ChargeFrequency", "Usage-Based"),
        ("ChargePeriodEnd", "2023-08-16T13:00:00Z"),
        ("ChargePeriodStart", "2023-08-16T12:00:00Z"),
        ("ConsumedQuantity", "100"),
        ("ConsumedUnit", "Unit-Hours"),
        ("ContractedUnitPrice", "0.003402025"),
        ("ListCost", "0.5"),
        ("ListUnitPrice", "0.005"),
        ("PricingUnit", "Unit-Hours"),
        ("RegionId", "ap-shanghai"),
        ("ResourceType", "NAT Gateway"),
        ("ServiceSubcategory", "Network Connectivity"),
        ("SkuMeter", "Instance"),
        ("SubAccountId", "uin:700000686592"),
        ("Tags", r#"{"jemmahuang":"jemmahuang"}"#),
        ("x_RowKind", "charge"),
    ];
    for (name, expected) in expected {
        assert_eq!(value(&rows[0], name), expected, "{name}");
    }
    assert_eq!(sum(&rows, |row| row.billed_cost), "0.3402025");
}
