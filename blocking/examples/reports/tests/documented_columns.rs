//! FOCUS.md has the columns that are written, in order, each with its version and type.

use tc3_example_reports::focus::{COLUMNS, Type, Version};

#[test]
fn every_column_is_documented_as_it_is_written() {
    let page = include_str!("../FOCUS.md");
    let (_, table) = page.split_once("\n## Columns\n").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let documented: Vec<Vec<_>> = rows
        .map(|row| row.split(" | ").take(3).map(str::to_owned).collect())
        .take(COLUMNS.len())
        .collect();
    let written: Vec<Vec<_>> = COLUMNS
        .iter()
        .map(|column| {
            let since = match column.since {
                Version::V1_0 => "1.0",
                Version::V1_2 => "1.2",
            };
            let kind = match column.kind {
                Type::Text => "text".into(),
                Type::Decimal(decimals) => format!("decimal {decimals}"),
                Type::Time => "time".into(),
                Type::Json => "JSON".into(),
            };
            vec![format!("| `{}`", column.name), since.into(), kind]
        })
        .collect();
    assert_eq!(documented, written);
}
